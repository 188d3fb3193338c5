//! GeoPackage (OGC 12-128r19): the layer that is named, or the only one.

use std::path::Path;

use geo::{Geometry, Polygon};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::error::AreaError;
use super::feature::{Attributes, Feature, Features, ring};
use super::wkb;

const LAYERS: &str = "select table_name, column_name, srs_id from gpkg_geometry_columns order by table_name";
const SYSTEM: &str = "select organization, organization_coordsys_id, definition from gpkg_spatial_ref_sys where srs_id = ?1";

/// Reads the features of a layer in the order of their rows. The file is opened read-only; nothing is written beside it.
pub(super) fn read(file: &Path, layer: Option<&str>) -> Result<Features, AreaError> {
    let malformed =
        |e: rusqlite::Error| AreaError::Malformed { file: file.to_owned(), format: "GeoPackage", reason: e.to_string() };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(file, flags).map_err(malformed)?;
    let layers: Vec<(String, String, i64)> = database
        .prepare(LAYERS)
        .and_then(|mut statement| statement.query_map([], |row| row.try_into())?.collect())
        .map_err(malformed)?;
    let chosen: Vec<&(String, String, i64)> =
        layers.iter().filter(|(name, ..)| layer.is_none_or(|layer| layer.eq_ignore_ascii_case(name))).collect();
    let [(table, geometry, srs)] = chosen[..] else {
        let found = layers.into_iter().map(|(name, ..)| name).collect();
        return Err(AreaError::Layer { file: file.to_owned(), found });
    };
    Ok(Features {
        features: features(&database, table, geometry).map_err(malformed)?,
        reference_system: reference_system(&database, *srs).map_err(malformed)?,
        degrees_by_default: false,
    })
}

fn features(database: &Connection, table: &str, geometry: &str) -> rusqlite::Result<Vec<Feature>> {
    let mut statement = database.prepare(&format!("select * from \"{}\"", table.replace('"', "\"\"")))?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([])?;
    let mut features = Vec::new();
    while let Some(row) = rows.next()? {
        let (mut attributes, mut shape) = (Attributes::new(), Vec::new());
        for (at, name) in names.iter().enumerate() {
            match row.get_ref(at)? {
                ValueRef::Blob(bytes) if name.eq_ignore_ascii_case(geometry) => shape = polygons(bytes),
                value => attributes.push((name.clone(), as_text(value))),
            }
        }
        features.push(Feature { attributes, polygons: shape });
    }
    Ok(features)
}

fn polygons(bytes: &[u8]) -> Vec<Polygon<f64>> {
    let polygons = match wkb::read(bytes) {
        Some(Geometry::Polygon(polygon)) => vec![polygon],
        Some(Geometry::MultiPolygon(polygons)) => polygons.0,
        _ => Vec::new(),
    };
    let closed = |line: &geo::LineString<f64>| ring(line.coords().map(|c| (c.x, c.y)).collect());
    let whole = |p: &Polygon<f64>| Some(Polygon::new(closed(p.exterior())?, p.interiors().iter().filter_map(closed).collect()));
    polygons.iter().filter_map(whole).collect()
}

/// Whole numbers without decimals, so that a numeric key is the same text in every format.
fn as_text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null | ValueRef::Blob(_) => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) if number.fract() == 0.0 && number.abs() < 1e15 => Some(format!("{number:.0}")),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
    }
}

/// The layer's system, by its code or its definition; `None` where the file says it is not known.
fn reference_system(database: &Connection, srs: i64) -> rusqlite::Result<Option<String>> {
    type Row = (String, i64, String);
    let row: Option<Row> = database.query_row(SYSTEM, [srs], |row| Row::try_from(row)).optional()?;
    Ok(match row {
        Some((authority, code, _)) if authority.eq_ignore_ascii_case("EPSG") && code > 0 => Some(format!("EPSG:{code}")),
        Some((_, _, definition)) if !definition.trim().eq_ignore_ascii_case("undefined") => Some(definition),
        _ => None,
    })
}
