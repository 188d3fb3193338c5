//! Old datums: by what a system is shifted to ETRS89, how good that is, and where grids for it are found.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::error::Language;
use crate::geodesy::datum_grid::DatumGrid;
use crate::geodesy::error::GeodesyError;
use crate::geodesy::system::ReferenceSystem;
use crate::say;

/// Names of the grid for all of Germany (BKG, AdV): DHDN to ETRS89.
const OF_DHDN: [&str; 3] = ["BETA2007.gsb", "beta2007.gsb", "de_adv_BETA2007.gsb"];

/// What the grid for all of Germany leaves (EPSG:15948).
const BETA2007_M: f64 = 0.9;
/// What a grid leaves of which nothing is known here.
const GRID_M: f64 = 1.0;

/// What parameters leave, by the code of the geographic system: EPSG's word for the transformation that PROJ's definition has, but for DHDN the largest
/// distance from BETA2007 anywhere in Germany (4.8 m; EPSG says 3 m for the west).
const BY_PARAMETERS_M: [(u32, f64); 9] = [
    (4314, 5.0),  // DHDN
    (4312, 1.5),  // MGI
    (4277, 3.0),  // OSGB36
    (4313, 1.0),  // Belge 1972
    (4289, 1.0),  // Amersfoort
    (4149, 1.5),  // CH1903
    (4230, 10.0), // ED50
    (4156, 6.0),  // S-JTSK
    (4284, 5.0),  // Pulkovo 1942
];
/// What parameters leave of which nothing is known here, seven or three of them.
const SEVEN_PARAMETERS_M: f64 = 5.0;
const THREE_PARAMETERS_M: f64 = 10.0;

/// How a system on an old datum gets to ETRS89.
#[derive(Clone, Debug, PartialEq)]
pub struct DatumShift {
    /// The system's label.
    pub system: String,
    /// The grid's file name; none for parameters.
    pub grid: Option<String>,
    /// How far positions may be from the truth, metres. With a grid: within it; beyond it parameters take over.
    pub accuracy_m: f64,
}

impl DatumShift {
    /// In words.
    pub fn explain(&self, language: Language) -> String {
        let (system, metres) = (&self.system, format!("{}", self.accuracy_m));
        let metres = if language == Language::German { metres.replace('.', ",") } else { metres };
        match &self.grid {
            Some(grid) => say!(
                language,
                "{system} is on an old datum, shifted to ETRS89 by {grid}: accurate to {metres} m",
                "{system} hat ein altes Datum, umgerechnet nach ETRS89 mit {grid}: genau auf {metres} m"
            ),
            None => say!(
                language,
                "{system} is on an old datum, shifted to ETRS89 by parameters: accurate to {metres} m; a grid (NTv2) does better",
                "{system} hat ein altes Datum, umgerechnet nach ETRS89 mit Parametern: genau auf {metres} m; mit Gitterdatei (NTv2) genauer"
            ),
        }
    }

    /// Refuses cells that are finer than what positions are good for.
    pub fn too_coarse(&self, finest_m: u32) -> Option<GeodesyError> {
        let smallest_m = self.smallest_cell_m();
        let coarse =
            || GeodesyError::CoarseDatum { system: self.system.clone(), accuracy_m: self.accuracy_m, finest_m, smallest_m };
        (finest_m < smallest_m).then(coarse)
    }

    /// The smallest cells, metres, that positions may enter: four times as large as what is uncertain.
    pub fn smallest_cell_m(&self) -> u32 {
        (4.0 * self.accuracy_m).ceil() as u32
    }
}

impl ReferenceSystem {
    /// How the system gets to ETRS89; none for ETRS89, WGS 84 and their like.
    pub fn datum_shift(&self) -> Option<DatumShift> {
        let datum = self.definition().datum.as_ref()?;
        let shift = |grid: Option<String>, accuracy_m: f64| DatumShift { system: self.label().to_owned(), grid, accuracy_m };
        if let Some(grid) = self.grid() {
            let known = OF_DHDN.iter().any(|name| name.eq_ignore_ascii_case(grid.name()));
            return Some(shift(Some(grid.name().to_owned()), if known { BETA2007_M } else { GRID_M }));
        }
        let of_code = |&(code, metres): &(u32, f64)| {
            let known = ReferenceSystem::from_epsg(code).ok()?;
            (known.definition().datum.is_some() && known.same_datum(self)).then_some(metres)
        };
        let unknown = if datum.has_seven_parameters { SEVEN_PARAMETERS_M } else { THREE_PARAMETERS_M };
        Some(shift(None, BY_PARAMETERS_M.iter().find_map(of_code).unwrap_or(unknown)))
    }

    /// Whether the system is on the German datum of the Gauss-Krüger zones.
    fn is_dhdn(&self) -> bool {
        ReferenceSystem::from_epsg(4314).is_ok_and(|dhdn| dhdn.same_datum(self))
    }
}

/// Grids that systems on old datums are shifted by: named ones, and the usual one where PROJ keeps its files. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct DatumGrids {
    named: Vec<Arc<DatumGrid>>,
    usual: Option<Arc<OnceLock<Option<Arc<DatumGrid>>>>>,
}

impl DatumGrids {
    /// No grid: parameters only.
    pub fn none() -> Self {
        Self::default()
    }

    /// BETA2007 if PROJ has it (`PROJ_DATA`, `PROJ_LIB`, the user's and the system's folders), for systems on DHDN.
    pub fn usual() -> Self {
        Self { named: Vec::new(), usual: Some(Arc::default()) }
    }

    /// A grid of the user's, for systems on its ellipsoid.
    ///
    /// # Errors
    /// If the file cannot be read or is no NTv2 grid.
    pub fn of_file(file: &Path) -> Result<Self, GeodesyError> {
        Ok(Self { named: vec![Arc::new(DatumGrid::read(file)?)], usual: None })
    }

    /// The system with the grid that fits it, if there is one.
    pub fn apply(&self, system: ReferenceSystem) -> ReferenceSystem {
        if system.definition().datum.is_none() {
            return system;
        }
        let axes = system.definition().base.ellipse_parameters();
        let named = self.named.iter().find(|grid| grid.fits(axes)).map(Arc::clone);
        let usual = || self.usual.as_ref().filter(|_| system.is_dhdn())?.get_or_init(found).clone();
        match named.or_else(usual) {
            Some(grid) => system.with_grid(grid),
            None => system,
        }
    }
}

/// BETA2007 in the first of PROJ's folders that has it. One that cannot be read is passed over.
fn found() -> Option<Arc<DatumGrid>> {
    let files = folders().into_iter().flat_map(|folder| OF_DHDN.map(|name| folder.join(name)));
    files.filter(|file| file.is_file()).find_map(|file| DatumGrid::read(&file).ok()).map(Arc::new)
}

/// Where PROJ looks for grids.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for name in ["PROJ_DATA", "PROJ_LIB"] {
        folders.extend(std::env::var_os(name).iter().flat_map(std::env::split_paths));
    }
    let below = |variable: &str, path: &str| std::env::var_os(variable).map(|base| Path::new(&base).join(path));
    folders.extend(below("XDG_DATA_HOME", "proj"));
    folders.extend(below("HOME", ".local/share/proj"));
    folders.extend(below("LOCALAPPDATA", "proj"));
    folders.extend(below("CONDA_PREFIX", "share/proj"));
    folders.extend(below("OSGEO4W_ROOT", "share/proj"));
    folders.extend(["/usr/local/share/proj", "/usr/share/proj", "/opt/homebrew/share/proj"].map(PathBuf::from));
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accuracy(text: &str) -> Option<f64> {
        ReferenceSystem::parse(text).unwrap().datum_shift().map(|shift| shift.accuracy_m)
    }

    #[test]
    fn modern_systems_need_no_shift() {
        assert_eq!(["EPSG:25832", "EPSG:4326", "EPSG:3035", "EPSG:3857", "EPSG:4647"].map(accuracy), [None; 5]);
    }

    #[test]
    fn old_systems_say_how_good_they_are() {
        assert_eq!(["EPSG:31466", "EPSG:31467", "EPSG:31468", "EPSG:31469", "EPSG:5520"].map(accuracy), [Some(5.0); 5]);
        assert_eq!(accuracy("EPSG:28992"), Some(1.0));
        assert_eq!(accuracy("+proj=longlat +ellps=intl +towgs84=1,2,3"), Some(10.0));
        assert_eq!(accuracy("+proj=longlat +ellps=krass +towgs84=24,-123,-94,0.02,-0.25,-0.13,1.1"), Some(5.0));
    }

    #[test]
    fn cells_are_four_times_as_large_as_what_is_uncertain() {
        let shift = ReferenceSystem::parse("EPSG:31467").unwrap().datum_shift().unwrap();
        assert_eq!(shift.smallest_cell_m(), 20);
    }
}
