//! GeoJSON (RFC 7946, and the `crs` member of its 2008 ancestor).

use std::path::Path;

use geo::Polygon;
use geojson::{GeoJson, GeometryValue, JsonObject, JsonValue, Position};

use super::error::AreaError;
use super::feature::{Attributes, Feature, Features, ring};

/// Reads the features of a document. A byte order mark is tolerated.
pub(super) fn read(file: &Path, text: &str) -> Result<Features, AreaError> {
    let malformed = |reason: String| AreaError::Malformed { file: file.to_owned(), format: "GeoJSON", reason };
    let document: GeoJson = text.trim_start_matches('\u{feff}').parse().map_err(|e: geojson::Error| malformed(e.to_string()))?;
    let (features, foreign) = match document {
        GeoJson::FeatureCollection(collection) => (collection.features, collection.foreign_members),
        GeoJson::Feature(feature) => {
            let foreign = feature.foreign_members.clone();
            (vec![feature], foreign)
        }
        GeoJson::Geometry(_) => {
            return Err(malformed("a bare geometry has no attributes, a FeatureCollection is expected".into()));
        }
    };
    let reference_system = foreign.as_ref().and_then(crs_name);
    let features = features
        .into_iter()
        .map(|feature| {
            let mut polygons = Vec::new();
            if let Some(geometry) = feature.geometry {
                collect(geometry.value, &mut polygons)
                    .ok_or_else(|| malformed("a position has fewer than two numbers".into()))?;
            }
            Ok(Feature { attributes: feature.properties.map(attributes).unwrap_or_default(), polygons })
        })
        .collect::<Result<_, AreaError>>()?;
    Ok(Features { features, reference_system, degrees_by_default: true })
}

fn crs_name(members: &JsonObject) -> Option<String> {
    let crs = members.get("crs")?;
    crs.as_str().or_else(|| crs.get("properties")?.get("name")?.as_str()).map(str::to_owned)
}

fn attributes(properties: JsonObject) -> Attributes {
    properties.into_iter().map(|(name, value)| (name, as_text(value))).collect()
}

/// Whole numbers without decimals, so that a numeric key is the same text in every format.
fn as_text(value: JsonValue) -> Option<String> {
    match value {
        JsonValue::Null => None,
        JsonValue::String(text) => Some(text),
        JsonValue::Number(number) => Some(match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => format!("{float:.0}"),
            _ => number.to_string(),
        }),
        other => Some(other.to_string()),
    }
}

/// Adds the polygons of a geometry; `None` for a position without two numbers.
fn collect(value: GeometryValue, into: &mut Vec<Polygon<f64>>) -> Option<()> {
    match value {
        GeometryValue::Polygon { coordinates } => into.extend(polygon(coordinates)?),
        GeometryValue::MultiPolygon { coordinates } => {
            for rings in coordinates {
                into.extend(polygon(rings)?);
            }
        }
        GeometryValue::GeometryCollection { geometries } => {
            for geometry in geometries {
                collect(geometry.value, into)?;
            }
        }
        _ => {}
    }
    Some(())
}

/// The first ring is the outer one, whatever its direction. Inner `None`: nothing is enclosed.
fn polygon(rings: Vec<Vec<Position>>) -> Option<Option<Polygon<f64>>> {
    let mut lines = Vec::with_capacity(rings.len());
    for positions in rings {
        let points = positions.iter().map(|p| Some((*p.as_slice().first()?, *p.as_slice().get(1)?)));
        lines.push(ring(points.collect::<Option<_>>()?));
    }
    let mut lines = lines.into_iter();
    let outer = lines.next().flatten();
    Some(outer.map(|outer| Polygon::new(outer, lines.flatten().collect())))
}
