//! A reference system: what its text says, ready to be computed with.
//!
//! A definition is taken apart into the projection on its own ellipsoid and the datum shift to WGS 84. ETRS89, NAD83 and WGS 84 are one datum
//! here (null shift), so that nothing between them moves by the tenth of a millimetre in which their ellipsoids differ.

use std::fmt;
use std::sync::{Arc, OnceLock};

use proj4rs::Proj;

use crate::geodesy::area_of_use::{self, AreaOfUse};
use crate::geodesy::datum_grid::DatumGrid;
use crate::geodesy::error::GeodesyError;
use crate::geodesy::wkt;

/// Metres per degree of latitude, rounded: only used to tell an error in degrees as metres.
const METRES_PER_DEGREE: f64 = 111_320.0;

/// Codes that a definition without a code is compared with, so that `+proj=utm +zone=32 +ellps=GRS80` is EPSG:25832.
const RECOGNISED: [u32; 17] =
    [3035, 25831, 25832, 25833, 32631, 32632, 32633, 4647, 5649, 5650, 3857, 4258, 4326, 31466, 31467, 31468, 31469];

/// A coordinate reference system. Cheap to clone; `Debug` shows the label only.
#[derive(Clone)]
pub struct ReferenceSystem(Arc<Definition>, Option<Arc<DatumGrid>>);

/// A datum and its shift to WGS 84 by parameters.
#[derive(Clone)]
pub(super) struct Datum {
    /// Longitude and latitude from Greenwich, with the datum.
    pub(super) base: Proj,
    /// Seven rather than three.
    pub(super) has_seven_parameters: bool,
}

/// What is known of a system.
pub(super) struct Definition {
    label: String,
    epsg: Option<u32>,
    /// The projection on the system's own ellipsoid, without datum.
    pub(super) projected: Proj,
    /// Longitude and latitude from Greenwich on the same ellipsoid, without datum.
    pub(super) base: Proj,
    /// The same with its datum; `None` where the shift to WGS 84 is null or unknown.
    pub(super) datum: Option<Datum>,
    /// Two systems of the same frame need no datum shift between them.
    pub(super) frame: String,
    /// The definition without what does not change a coordinate.
    pub(super) kernel: String,
    geographic: bool,
    pub(super) area: OnceLock<Option<AreaOfUse>>,
}

impl fmt::Debug for ReferenceSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReferenceSystem({})", self.label())
    }
}

impl ReferenceSystem {
    /// Reads `EPSG:25832`, `25832`, `urn:ogc:def:crs:EPSG::25833`, `OGC:CRS84`, a PROJ string, or WKT (OGC 1 and 2, ESRI, so the
    /// text of a `.prj` file).
    pub fn parse(text: &str) -> Result<Self, GeodesyError> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.contains('[') || (text.contains('(') && text.contains('"')) {
            return wkt::parse(text);
        }
        if text.contains("+proj") || text.contains("+init") {
            return Self::from_proj(text);
        }
        let upper = text.to_ascii_uppercase();
        if upper == "WGS84" || upper.ends_with("CRS84") {
            let mut system = Self::from_epsg(4326)?;
            if let Some(definition) = Arc::get_mut(&mut system.0) {
                definition.label = "OGC:CRS84".to_owned();
            }
            return Ok(system);
        }
        // Of a compound system the horizontal part: `EPSG:25832+7837`, `urn:ogc:def:crs,crs:EPSG::25832,crs:EPSG::7837`.
        let upper = match upper.strip_prefix("URN:OGC:DEF:CRS,") {
            Some(parts) => parts.split(',').next().unwrap_or("").trim_start_matches("CRS:").to_owned(),
            None => upper.split('+').next().unwrap_or("").trim().to_owned(),
        };
        let (authority, code) = match upper.rfind([':', '/', '#']) {
            Some(at) => (&upper[..at], &upper[at + 1..]),
            None => ("EPSG", upper.as_str()),
        };
        if !authority.contains("EPSG") {
            return Err(GeodesyError::unreadable(text));
        }
        let code = code.trim();
        if code.is_empty() || !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(GeodesyError::unreadable(text));
        }
        Self::from_epsg(code.parse().map_err(|_| GeodesyError::unreadable(text))?)
    }

    /// The system of an EPSG code.
    pub fn from_epsg(code: u32) -> Result<Self, GeodesyError> {
        let known = u16::try_from(code).ok().and_then(crs_definitions::from_code);
        let definition = known.ok_or(GeodesyError::UnknownEpsg { code })?;
        if definition.proj4.trim().is_empty() {
            let method =
                definition.wkt.split("PROJECTION[\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("of a local grid");
            return Err(GeodesyError::UnsupportedProjection { system: format!("EPSG:{code}"), method: method.to_owned() });
        }
        Self::build(definition.proj4, format!("EPSG:{code}"), Some(code))
    }

    /// EPSG:3035, ETRS89-LAEA Europe: the system of the statistical grid.
    pub fn etrs89_laea() -> Self {
        Self::from_epsg(3035).expect("EPSG:3035 is in the table")
    }

    /// EPSG:4326 with x = longitude, y = latitude, degrees.
    pub fn wgs84() -> Self {
        Self::from_epsg(4326).expect("EPSG:4326 is in the table")
    }

    /// EPSG:3857, the system of web maps.
    pub fn web_mercator() -> Self {
        Self::from_epsg(3857).expect("EPSG:3857 is in the table")
    }

    fn from_proj(text: &str) -> Result<Self, GeodesyError> {
        let method = Tokens::of(text).get("proj").map(str::to_owned);
        if let (None, Some(init)) = (&method, Tokens::of(text).get("init")) {
            return Self::parse(init);
        }
        let label = format!("custom {}", method.as_deref().unwrap_or("system"));
        Self::build(text, label, None).map(Self::recognised)
    }

    /// A system of a PROJ string that something else was translated to.
    pub(super) fn from_translated(text: &str, label: String) -> Result<Self, GeodesyError> {
        Self::build(text, label, None).map(Self::recognised)
    }

    fn build(text: &str, label: String, epsg: Option<u32>) -> Result<Self, GeodesyError> {
        let tokens = Tokens::of(text);
        let method = tokens.get("proj").ok_or_else(|| GeodesyError::unreadable(text))?.to_ascii_lowercase();
        let geographic = matches!(method.as_str(), "longlat" | "latlong" | "lonlat" | "latlon");
        if matches!(method.as_str(), "geocent" | "cart" | "pipeline") {
            return Err(GeodesyError::UnsupportedProjection { system: label, method });
        }
        let failed = |error: proj4rs::errors::Error| match error {
            proj4rs::errors::Error::ProjectionNotFound => {
                GeodesyError::UnsupportedProjection { system: label.clone(), method: method.clone() }
            }
            proj4rs::errors::Error::InvalidDatum => {
                GeodesyError::UnknownDatum { system: label.clone(), datum: tokens.get("datum").unwrap_or("?").to_owned() }
            }
            other => GeodesyError::BadParameters { system: label.clone(), reason: other.to_string() },
        };
        let ellipsoid = tokens.ellipsoid();
        let base = Proj::from_proj_string(&format!("+proj=longlat {ellipsoid}")).map_err(failed)?;
        let shift = tokens.shift();
        let frame = shift.as_ref().map_or_else(String::new, |shift| format!("{ellipsoid} {shift}"));
        let datum = match &shift {
            Some(shift) => {
                let base = Proj::from_proj_string(&format!("+proj=longlat {ellipsoid} {shift}")).map_err(failed)?;
                let has_seven_parameters = !shift.starts_with("+towgs84=") || shift.matches(',').count() > 2;
                Some(Datum { base, has_seven_parameters })
            }
            None => None,
        };
        let (kernel, projected) = if geographic {
            let kernel = tokens.kernel("longlat", &ellipsoid);
            let projected = Proj::from_proj_string(&kernel).map_err(failed)?;
            (kernel, projected)
        } else {
            tokens.projected(&method, &ellipsoid).map_err(failed)?
        };
        if !projected.has_inverse() && !projected.has_forward() {
            return Err(GeodesyError::UnsupportedProjection { system: label, method });
        }
        let area = OnceLock::new();
        Ok(Self(Arc::new(Definition { label, epsg, projected, base, datum, frame, kernel, geographic, area }), None))
    }

    /// The same system with its EPSG code, where a listed system gives the same coordinates to a hundredth of a millimetre.
    fn recognised(self) -> Self {
        let same = |code: &u32| {
            let listed = Self::from_epsg(*code).ok()?;
            area_of_use::agree(&self, &listed).then_some(listed)
        };
        RECOGNISED.iter().find_map(same).unwrap_or(self)
    }

    /// The same system, shifted to ETRS89 by a grid where that reaches.
    pub(super) fn with_grid(self, grid: Arc<DatumGrid>) -> Self {
        Self(self.0, Some(grid))
    }

    /// The grid that the system is shifted by.
    pub(super) fn grid(&self) -> Option<&Arc<DatumGrid>> {
        self.1.as_ref()
    }

    /// Whether both are on one ellipsoid with one shift.
    pub(super) fn same_datum(&self, other: &Self) -> bool {
        self.0.frame == other.0.frame
    }

    /// `EPSG:25832`, or a short name of a custom system.
    pub fn label(&self) -> &str {
        &self.0.label
    }

    /// The EPSG code, if the system has one.
    pub fn epsg(&self) -> Option<u32> {
        self.0.epsg
    }

    /// Whether coordinates are longitude and latitude in degrees.
    pub fn is_geographic(&self) -> bool {
        self.0.geographic
    }

    /// Where the system is used: west, south, east, north in degrees; `None` for systems of which it is not known. Wider than the
    /// official extent where neighbours' data is commonly kept in the system too (all of Germany in one zone).
    pub fn area_of_use_deg(&self) -> Option<[f64; 4]> {
        area_of_use::degrees(self)
    }

    /// Metres per unit of the coordinates (degrees: of latitude, rounded).
    pub(super) fn metres_per_unit(&self) -> f64 {
        if self.0.geographic { METRES_PER_DEGREE } else { self.0.projected.to_meter() }
    }

    pub(super) fn definition(&self) -> &Definition {
        &self.0
    }
}

/// The `+name=value` pairs of a PROJ string.
struct Tokens<'a>(Vec<(&'a str, Option<&'a str>)>);

/// Pairs that say the ellipsoid.
const ELLIPSOID: [&str; 7] = ["ellps", "a", "b", "rf", "f", "R", "es"];

/// Pairs that the kernel leaves out: the datum (kept apart), heights, and words without meaning here.
const LEFT_OUT: [&str; 12] =
    ["proj", "datum", "towgs84", "nadgrids", "axis", "no_defs", "wktext", "type", "vunits", "vto_meter", "geoidgrids", "approx"];

impl<'a> Tokens<'a> {
    fn of(text: &'a str) -> Self {
        let words = text.split_whitespace().filter_map(|word| word.strip_prefix('+').or(Some(word)));
        Self(words.map(|word| word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)))).collect())
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(key, _)| *key == name).and_then(|(_, value)| *value)
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| *key == name)
    }

    /// The pairs of the ellipsoid, spelled one way; WGS 84 if there is none.
    fn ellipsoid(&self) -> String {
        let own: Vec<String> = ELLIPSOID.iter().filter_map(|&n| self.get(n).map(|v| format!("+{n}={v}"))).collect();
        match (own.is_empty(), self.get("datum")) {
            (false, _) => own.join(" "),
            (true, Some("NAD83")) => "+ellps=GRS80".to_owned(),
            (true, Some("WGS84") | None) => "+ellps=WGS84".to_owned(),
            // Both sides of the kernel then carry the same datum, which shifts nothing.
            (true, Some(datum)) => format!("+datum={datum}"),
        }
    }

    /// The pair that says the shift to WGS 84; `None` for the null shift and for an unknown datum.
    fn shift(&self) -> Option<String> {
        if let Some(grids) = self.get("nadgrids") {
            return (grids != "@null").then(|| format!("+nadgrids={grids}"));
        }
        if let Some(parameters) = self.get("towgs84") {
            let null = parameters.split(',').all(|p| p.trim().parse() == Ok(0.0));
            let modern = matches!(self.get("ellps"), Some("GRS80" | "WGS84")) || self.get("a") == Some("6378137");
            return (!(null && modern)).then(|| format!("+towgs84={parameters}"));
        }
        match self.get("datum") {
            None | Some("WGS84" | "NAD83") => None,
            Some(datum) => Some(format!("+datum={datum}")),
        }
    }

    fn kernel(&self, method: &str, ellipsoid: &str) -> String {
        let mut text = format!("+proj={method} {ellipsoid}");
        for (name, value) in self.0.iter().filter(|(name, _)| !LEFT_OUT.contains(name) && !ELLIPSOID.contains(name)) {
            text.push_str(" +");
            text.push_str(name);
            if let Some(value) = value {
                text.push('=');
                text.push_str(value);
            }
        }
        // A westing stays a westing (South African systems), but x stays the first and y the second coordinate.
        let axis = self.get("axis").unwrap_or("enu");
        if axis.contains('w') || axis.contains('s') {
            let (x, y) = (if axis.contains('w') { 'w' } else { 'e' }, if axis.contains('s') { 's' } else { 'n' });
            text.push_str(&format!(" +axis={x}{y}u"));
        }
        text
    }

    /// The projection. Transverse Mercator on an ellipsoid is Krüger's series to the sixth order (`etmerc`), as in PROJ since version 6; the
    /// library's `tmerc` is Snyder's shorter one, which is centimetres off a few degrees from the meridian.
    fn projected(&self, method: &str, ellipsoid: &str) -> Result<(String, Proj), proj4rs::errors::Error> {
        if method == "tmerc" && !self.has("approx") {
            let kernel = self.kernel("etmerc", ellipsoid);
            if let Ok(projected) = Proj::from_proj_string(&kernel) {
                return Ok((kernel, projected));
            }
        }
        let kernel = self.kernel(method, ellipsoid);
        let projected = Proj::from_proj_string(&kernel)?;
        Ok((kernel, projected))
    }
}
