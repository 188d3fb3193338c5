//! Why a boundary file cannot be used. Boundaries are public: keys and attribute names may be told.

use std::path::{Path, PathBuf};

use crate::error::{Failure, Kind, Language};
use crate::say;

/// A boundary file that cannot be used as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum AreaError {
    /// The file, or a part of it, could not be read.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The name ends in nothing that is known.
    UnknownFormat {
        /// The file.
        file: PathBuf,
    },
    /// The archive or GeoPackage holds no layer, several layers, or not the one that was named.
    Layer {
        /// The file.
        file: PathBuf,
        /// The layers it holds.
        found: Vec<String>,
    },
    /// The file is not what its name says.
    Malformed {
        /// The file.
        file: PathBuf,
        /// The format that was expected.
        format: &'static str,
        /// Where or why.
        reason: String,
    },
    /// A shapefile without its table of attributes.
    NoTable {
        /// The `.shp`.
        file: PathBuf,
    },
    /// A shapefile without `.prj` or a layer without a known system, and no reference system was given.
    NoReferenceSystem {
        /// The file.
        file: PathBuf,
    },
    /// Coordinates that cannot be degrees in a file that claims degrees, or claims nothing.
    NotDegrees {
        /// The file.
        file: PathBuf,
    },
    /// No feature has the attribute.
    NoAttribute {
        /// The file.
        file: PathBuf,
        /// The attribute that was asked for.
        attribute: String,
        /// The most similar attribute, if one is similar.
        nearest: Option<String>,
        /// All attributes.
        found: Vec<String>,
    },
    /// No feature passes the filter.
    NothingPasses {
        /// The file.
        file: PathBuf,
        /// The filter, as `attribute = value`.
        filter: String,
    },
    /// There are features, but no polygons with a key among them.
    NoPolygons {
        /// The file.
        file: PathBuf,
        /// Features that are points, lines, empty or without a key.
        others: u64,
    },
    /// Everything lies outside the European grid, or cannot be projected there.
    OutsideGrid {
        /// The file.
        file: PathBuf,
        /// The reference system it was read with.
        reference_system: String,
    },
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

impl Failure for AreaError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unreadable { .. } => Kind::InputOutput,
            Self::Malformed { .. }
            | Self::NoTable { .. }
            | Self::NotDegrees { .. }
            | Self::NoPolygons { .. }
            | Self::OutsideGrid { .. } => Kind::Check,
            Self::UnknownFormat { .. }
            | Self::Layer { .. }
            | Self::NoReferenceSystem { .. }
            | Self::NoAttribute { .. }
            | Self::NothingPasses { .. } => Kind::Usage,
        }
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::Unreadable { file, reason } => say!(
                language,
                "cannot read the boundary file {file}: {reason}",
                "die Grenzdatei {file} lässt sich nicht lesen: {reason}",
                file = name(file)
            ),
            Self::UnknownFormat { file } => say!(
                language,
                "unknown kind of boundary file {file}: expected .gpkg, .geojson, .json (also .gz), .shp, or .zip with one of these three inside",
                "unbekannte Art von Grenzdatei {file}: erwartet wird .gpkg, .geojson, .json (auch .gz), .shp oder .zip mit einer der drei letzten darin",
                file = name(file)
            ),
            Self::Layer { file, found } if found.is_empty() => {
                say!(language, "{file} holds no layer of boundaries", "{file} enthält keine Ebene mit Grenzen", file = name(file))
            }
            Self::Layer { file, found } => say!(
                language,
                "name one layer of {file} as {file}/NAME; it holds: {found}",
                "eine Ebene von {file} als {file}/NAME nennen; vorhanden: {found}",
                file = name(file),
                found = found.join(", ")
            ),
            Self::Malformed { file, format, reason } => say!(
                language,
                "{file} is no valid {format}: {reason}",
                "{file} ist kein gültiges {format}: {reason}",
                file = name(file)
            ),
            Self::NoTable { file } => say!(
                language,
                "{file} has no .dbf beside it: put the file with the attributes there",
                "neben {file} liegt keine .dbf: die Datei mit den Attributen dazulegen",
                file = name(file)
            ),
            Self::NoReferenceSystem { file } => say!(
                language,
                "{file} does not tell its reference system (a .shp has it in a .prj beside it): name it, for example crs = \"EPSG:25832\"",
                "{file} nennt sein Bezugssystem nicht (bei .shp steht es in einer .prj daneben): angeben, zum Beispiel crs = \"EPSG:25832\"",
                file = name(file)
            ),
            Self::NotDegrees { file } => say!(
                language,
                "the coordinates in {file} are not degrees: name the reference system, for example crs = \"EPSG:25832\"",
                "die Koordinaten in {file} sind keine Grad: das Bezugssystem nennen, zum Beispiel crs = \"EPSG:25832\"",
                file = name(file)
            ),
            Self::NoAttribute { file, attribute, nearest, found } => {
                let found = found.join(", ");
                match nearest {
                    Some(nearest) => say!(
                        language,
                        "{file} has no attribute {attribute}: did you mean {nearest}? it has: {found}",
                        "{file} hat kein Attribut {attribute}: ist {nearest} gemeint? vorhanden: {found}",
                        file = name(file)
                    ),
                    None => say!(
                        language,
                        "{file} has no attribute {attribute}; it has: {found}",
                        "{file} hat kein Attribut {attribute}; vorhanden: {found}",
                        file = name(file)
                    ),
                }
            }
            Self::NothingPasses { file, filter } => say!(
                language,
                "no feature of {file} passes the filter {filter}: check the values",
                "kein Objekt in {file} erfüllt den Filter {filter}: die Werte prüfen",
                file = name(file)
            ),
            Self::NoPolygons { file, others } => say!(
                language,
                "{file} holds no polygons with a key ({others} features are points, lines, empty or without a key)",
                "{file} enthält keine Flächen mit Schlüssel ({others} Objekte sind Punkte, Linien, leer oder ohne Schlüssel)",
                file = name(file)
            ),
            Self::OutsideGrid { file, reference_system } => say!(
                language,
                "all areas of {file}, read as {reference_system}, lie outside the European grid: check crs, and whether longitude \
                 comes first",
                "alle Flächen in {file}, gelesen als {reference_system}, liegen außerhalb des europäischen Gitters: crs prüfen, \
                 und ob die Länge zuerst steht",
                file = name(file)
            ),
        }
    }
}
