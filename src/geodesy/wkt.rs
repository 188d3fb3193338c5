//! Reference systems from well-known text: OGC WKT 1, WKT 2 and ESRI's dialect, as `.prj` files have them.
//!
//! A text that carries an EPSG code is that system. Otherwise its projection, parameters, ellipsoid, datum and unit are translated to a PROJ
//! string; names are compared without case, spaces and underscores, which is all that the dialects differ in.

use crate::geodesy::error::GeodesyError;
use crate::geodesy::system::ReferenceSystem;
use crate::geodesy::wkt_tree::Node;

const PROJECTED: [&str; 4] = ["PROJCS", "PROJCRS", "PROJECTEDCRS", "BASEPROJCRS"];
const GEOGRAPHIC: [&str; 7] = ["GEOGCS", "GEOGCRS", "GEOGRAPHICCRS", "GEODCRS", "GEODETICCRS", "BASEGEOGCRS", "BASEGEODCRS"];
const WRAPPERS: [&str; 6] = ["COMPD_CS", "COMPOUNDCRS", "BOUNDCRS", "SOURCECRS", "FITTED_CS", "DERIVEDPROJCRS"];

/// A degree in radians: units within its rounding in files are degrees.
const DEGREE: f64 = std::f64::consts::PI / 180.0;

/// Reads the text.
pub(super) fn parse(text: &str) -> Result<ReferenceSystem, GeodesyError> {
    let tree = Node::read(text)?;
    let system = horizontal(&tree).ok_or(GeodesyError::BrokenWkt { keyword: tree.keyword.clone() })?;
    if let Some(known) = system.epsg().and_then(|code| ReferenceSystem::from_epsg(code).ok()) {
        return Ok(known);
    }
    let label = label(system);
    let translated = if PROJECTED.contains(&system.keyword.as_str()) {
        projected(system, &label)?
    } else {
        format!("+proj=longlat {}", frame(system, &label)?)
    };
    ReferenceSystem::from_translated(&translated, label)
}

/// The first horizontal system: of a compound one, its horizontal part.
fn horizontal(node: &Node) -> Option<&Node> {
    let keyword = node.keyword.as_str();
    if PROJECTED.contains(&keyword) || GEOGRAPHIC.contains(&keyword) {
        return Some(node);
    }
    if !WRAPPERS.contains(&keyword) {
        return None;
    }
    node.children(&PROJECTED).chain(node.children(&GEOGRAPHIC)).chain(node.children(&WRAPPERS)).find_map(horizontal)
}

fn label(system: &Node) -> String {
    let name: String = system.name().chars().filter(|c| !c.is_control()).take(60).collect();
    if name.is_empty() { "custom system".to_owned() } else { name }
}

/// A name in the form that all dialects share.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The pairs of ellipsoid, datum and prime meridian.
fn frame(system: &Node, label: &str) -> Result<String, GeodesyError> {
    let broken = |keyword: &str| GeodesyError::BrokenWkt { keyword: keyword.to_owned() };
    let unit = angular_unit(system);
    if GEOGRAPHIC.contains(&system.keyword.as_str()) && (unit - DEGREE).abs() > 1e-9 {
        return Err(GeodesyError::BadParameters { system: label.to_owned(), reason: "its unit is not the degree".to_owned() });
    }
    let datum = system.child(&["DATUM", "GEODETICDATUM", "TRF", "ENSEMBLE"]).ok_or_else(|| broken("DATUM"))?;
    let ellipsoid = datum.child(&["SPHEROID", "ELLIPSOID"]).ok_or_else(|| broken("SPHEROID"))?;
    let unit_m = ellipsoid.child(&["LENGTHUNIT", "UNIT"]).and_then(|unit| unit.number(0)).unwrap_or(1.0);
    let a = ellipsoid.number(0).ok_or_else(|| broken("SPHEROID"))? * unit_m;
    let rf = ellipsoid.number(1).ok_or_else(|| broken("SPHEROID"))?;
    let known = [(6_378_137.0, 298.257_222_101, "GRS80"), (6_378_137.0, 298.257_223_563, "WGS84")];
    let named = known.iter().find(|(known_a, known_rf, _)| a == *known_a && (rf - known_rf).abs() < 5e-10);
    let mut text = match named {
        Some((_, _, name)) => format!("+ellps={name}"),
        None if rf == 0.0 => format!("+a={a} +b={a}"),
        None => format!("+a={a} +rf={rf}"),
    };
    // A sphere in the place of the ellipsoid (web maps) has no shift of its own.
    if named.is_none() && !(rf == 0.0 && a == 6_378_137.0) {
        text.push_str(&shift(datum, label)?);
    }
    let meridian = system.child(&["PRIMEM", "PRIMEMERIDIAN"]);
    let degrees = meridian.and_then(|meridian| {
        let own = meridian.child(&["ANGLEUNIT", "UNIT"]).and_then(|unit| unit.number(0));
        Some(meridian.number(0)? * own.unwrap_or(unit) / DEGREE)
    });
    if let Some(degrees) = degrees.filter(|degrees| *degrees != 0.0) {
        text.push_str(&format!(" +pm={degrees}"));
    }
    Ok(text)
}

/// The shift of a datum on an old ellipsoid: as the text gives it, or as PROJ's list of datums has it.
fn shift(datum: &Node, label: &str) -> Result<String, GeodesyError> {
    if let Some(given) = datum.child(&["TOWGS84"]) {
        let parameters: Vec<String> = (0..7).map_while(|n| given.number(n)).map(|p| p.to_string()).collect();
        if matches!(parameters.len(), 3 | 7) {
            return Ok(format!(" +towgs84={}", parameters.join(",")));
        }
        return Err(GeodesyError::BrokenWkt { keyword: "TOWGS84".to_owned() });
    }
    let name = plain(datum.name());
    // The parameters are those of the definitions that EPSG codes have here, so that both ways give the same coordinates.
    let like_epsg = match name.strip_prefix('d').filter(|rest| rest.len() > 8).unwrap_or(&name) {
        "deutscheshauptdreiecksnetz" | "eutscheshauptdreiecksnetz" => 4314,
        "militargeographischeinstitut" | "militargeographischeinstitute" | "mgi" => 4312,
        "osgb1936" | "ordnancesurveyofgreatbritain1936" => 4277,
        "reseaunationalbelge1972" | "belge1972" => 4313,
        "amersfoort" => 4289,
        "ch1903" => 4149,
        "european1950" | "europeandatum1950" => 4230,
        "systemjednotnetrigonometrickesitekatastralni" | "sjtsk" => 4156,
        "pulkovo1942" => 4284,
        "northamerican1983" | "northamericandatum1983" => return Ok(String::new()),
        _ => return Err(GeodesyError::UnknownDatum { system: label.to_owned(), datum: datum.name().to_owned() }),
    };
    let unknown = || GeodesyError::UnknownDatum { system: label.to_owned(), datum: datum.name().to_owned() };
    let definition = crs_definitions::from_code(like_epsg).ok_or_else(unknown)?;
    let pair = definition.proj4.split_whitespace().find(|pair| pair.starts_with("+towgs84=") || pair.starts_with("+datum="));
    pair.map(|pair| format!(" {pair}")).ok_or_else(unknown)
}

/// Radians per angular unit of a geographic system; degrees if it does not say.
fn angular_unit(system: &Node) -> f64 {
    let own = system.child(&["UNIT", "ANGLEUNIT"]).or_else(|| system.child(&["AXIS"])?.child(&["ANGLEUNIT", "UNIT"]));
    own.and_then(|unit| unit.number(0)).unwrap_or(DEGREE)
}

fn projected(system: &Node, label: &str) -> Result<String, GeodesyError> {
    let broken = |keyword: &str| GeodesyError::BrokenWkt { keyword: keyword.to_owned() };
    let base = system.child(&GEOGRAPHIC).ok_or_else(|| broken("GEOGCS"))?;
    // WKT 2 keeps method and parameters in a node of their own.
    let holder = system.child(&["CONVERSION"]).unwrap_or(system);
    let method = holder.child(&["PROJECTION", "METHOD"]).ok_or_else(|| broken("PROJECTION"))?;
    let unit = system.child(&["UNIT", "LENGTHUNIT"]).or_else(|| system.child(&["AXIS"])?.child(&["LENGTHUNIT", "UNIT"]));
    let to_metre = unit.and_then(|unit| unit.number(0)).unwrap_or(1.0);
    let parameters = Parameters { holder, angle: angular_unit(base) / DEGREE, to_metre };
    let (proj, pairs) = translate(&plain(method.name()), &parameters)
        .ok_or_else(|| GeodesyError::UnsupportedProjection { system: label.to_owned(), method: method.name().to_owned() })?;
    let mut text = format!("+proj={proj}");
    for (name, value) in pairs {
        text.push_str(&format!(" +{name}={value}"));
    }
    let frame = frame(base, label)?;
    // Web Mercator takes the geodetic latitude for that of a sphere.
    let frame = if proj == "webmerc" { "+ellps=WGS84".to_owned() } else { frame };
    Ok(format!("{text} +to_meter={to_metre} {frame}"))
}

struct Parameters<'a> {
    holder: &'a Node,
    /// Degrees per angular unit where a parameter does not say its own.
    angle: f64,
    to_metre: f64,
}

impl Parameters<'_> {
    /// The parameter of the first of the names that is there, in degrees, metres or plain.
    fn find(&self, names: &[&str]) -> Option<(f64, Option<f64>)> {
        let mut all = self.holder.children(&["PARAMETER"]);
        let found = all.find(|parameter| names.contains(&plain(parameter.name()).as_str()))?;
        let unit = found.child(&["ANGLEUNIT", "LENGTHUNIT", "SCALEUNIT", "UNIT"]).and_then(|unit| unit.number(0));
        Some((found.number(0)?, unit))
    }

    fn degrees(&self, names: &[&str]) -> Option<f64> {
        self.find(names)
            .map(|(value, unit)| if let Some(unit) = unit { value * tidy(unit) } else { value * tidy(self.angle * DEGREE) })
    }

    fn metres(&self, names: &[&str]) -> f64 {
        self.find(names).map_or(0.0, |(value, unit)| value * unit.unwrap_or(self.to_metre))
    }

    fn scale(&self) -> f64 {
        const NAMES: [&str; 4] =
            ["scalefactor", "scalefactoratnaturalorigin", "scalefactoratprojectioncentre", "scalefactoroninitialline"];
        self.find(&NAMES).map_or(1.0, |(value, unit)| value * unit.unwrap_or(1.0))
    }
}

/// Degrees per unit, exactly one where the file writes a degree with fewer digits.
fn tidy(radians: f64) -> f64 {
    if (radians - DEGREE).abs() < 1e-9 { 1.0 } else { radians / DEGREE }
}

const CENTRAL_MERIDIAN: [&str; 6] = [
    "centralmeridian",
    "longitudeofnaturalorigin",
    "longitudeoffalseorigin",
    "longitudeofcenter",
    "longitudeofcentre",
    "longitudeoforigin",
];
const ORIGIN_LATITUDE: [&str; 5] =
    ["latitudeoforigin", "latitudeofnaturalorigin", "latitudeoffalseorigin", "latitudeofcenter", "latitudeofcentre"];
const FALSE_EASTING: [&str; 3] = ["falseeasting", "eastingatfalseorigin", "eastingatprojectioncentre"];
const FALSE_NORTHING: [&str; 3] = ["falsenorthing", "northingatfalseorigin", "northingatprojectioncentre"];
const FIRST_PARALLEL: [&str; 2] = ["standardparallel1", "latitudeof1ststandardparallel"];
const SECOND_PARALLEL: [&str; 2] = ["standardparallel2", "latitudeof2ndstandardparallel"];

/// The PROJ name and parameters of a method; `None` for methods that are not known here.
fn translate(method: &str, parameters: &Parameters<'_>) -> Option<(&'static str, Vec<(&'static str, f64)>)> {
    let lon_0 = ("lon_0", parameters.degrees(&CENTRAL_MERIDIAN).unwrap_or(0.0));
    let lat_0 = ("lat_0", parameters.degrees(&ORIGIN_LATITUDE).unwrap_or(0.0));
    let lat_1 = parameters.degrees(&FIRST_PARALLEL);
    let lat_2 = parameters.degrees(&SECOND_PARALLEL);
    let k_0 = ("k_0", parameters.scale());
    let (proj, mut pairs) = match method {
        "transversemercator" | "gausskruger" | "transversemercatorcomplex" | "gaussboaga" => ("tmerc", vec![lat_0, lon_0, k_0]),
        // ESRI calls both by one name and gives one or two parallels.
        "lambertconformalconic"
        | "lambertconformalconic1sp"
        | "lambertconicconformal1sp"
        | "lambertconformalconic2sp"
        | "lambertconicconformal2sp" => {
            let first = lat_1.unwrap_or(lat_0.1);
            ("lcc", vec![("lat_1", first), ("lat_2", lat_2.unwrap_or(first)), lat_0, lon_0, k_0])
        }
        "lambertazimuthalequalarea" => ("laea", vec![lat_0, lon_0]),
        "albers" | "albersequalarea" | "albersconicequalarea" => {
            ("aea", vec![("lat_1", lat_1?), ("lat_2", lat_2?), lat_0, lon_0])
        }
        "mercator" | "mercator1sp" | "mercator2sp" | "mercatorvarianta" | "mercatorvariantb" => match lat_1 {
            Some(parallel) => ("merc", vec![("lat_ts", parallel), lon_0]),
            None => ("merc", vec![lon_0, k_0]),
        },
        "mercatorauxiliarysphere" | "popularvisualisationpseudomercator" => ("webmerc", vec![lon_0]),
        "obliquestereographic" | "doublestereographic" => ("sterea", vec![lat_0, lon_0, k_0]),
        _ => return None,
    };
    pairs.push(("x_0", parameters.metres(&FALSE_EASTING)));
    pairs.push(("y_0", parameters.metres(&FALSE_NORTHING)));
    Some((proj, pairs))
}
