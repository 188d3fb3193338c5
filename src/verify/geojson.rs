//! GeoJSON (RFC 7946): one file a layer; ids, numbers and statuses as in `release.parquet`, geometry as the standard wants it.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::verify::features::check_files;
use crate::verify::published::{PublishedLayer, SIZE};
use crate::verify::values::{Shown, compare};
use crate::verify::{Context, Findings, Problem, Verified, tiles};

pub(super) fn check(context: &Context<'_>) -> Verified {
    check_files(context, ("geojson", "geojson"), |layer, path, findings| check_layer(context, (layer, false), path, findings))
}

/// The same without anything around the features: one a line.
pub(super) fn check_lines(context: &Context<'_>) -> Verified {
    check_files(context, ("geojsonl", "geojsonl"), |layer, path, findings| check_layer(context, (layer, true), path, findings))
}

fn check_layer(
    context: &Context<'_>,
    (layer, lines): (usize, bool),
    path: &Path,
    findings: &mut Findings,
) -> Result<u64, Problem> {
    let published = &context.published.layers[layer];
    let file = File::open(path).map_err(|_| Problem::FileMissing)?;
    let mut seen = vec![false; published.len()];
    let mut number = 0_u64;
    let mut take = |feature: &Value| {
        number += 1;
        let place = || format!("feature {number}");
        match row_of(published, feature) {
            Err(problem) => findings.add(place(), problem),
            Ok(row) if std::mem::replace(&mut seen[row], true) => findings.add(place(), Problem::UnitTwice),
            Ok(row) => check_feature(context, (published, row), feature, findings),
        }
    };
    let file = BufReader::with_capacity(1 << 18, file);
    let read = match lines {
        true => file.lines().all(|line| {
            let feature = line.ok().filter(|l| !l.is_empty()).and_then(|l| serde_json::from_str::<Value>(&l).ok());
            feature.is_some_and(|feature| {
                take(&feature);
                feature["type"] == "Feature"
            })
        }),
        false => {
            let mut reader = serde_json::Deserializer::from_reader(file);
            Collection(&mut take).deserialize(&mut reader).is_ok_and(|whole| whole) && reader.end().is_ok()
        }
    };
    if !read {
        findings.add("", Problem::GeoJsonForm);
    }
    for row in (0..seen.len()).filter(|&row| !seen[row]) {
        findings.add(published.unit_id(row), Problem::UnitMissing);
    }
    Ok(number)
}

fn row_of(published: &PublishedLayer, feature: &Value) -> Result<usize, Problem> {
    let row = feature.get("id").and_then(Value::as_u64).and_then(|id| published.row(id)).ok_or(Problem::UnitUnknown)?;
    let id = feature.pointer("/properties/id").and_then(Value::as_str);
    if id == Some(published.unit_id(row).as_str()) { Ok(row) } else { Err(Problem::UnitIds) }
}

fn check_feature(context: &Context<'_>, (published, row): (&PublishedLayer, usize), feature: &Value, findings: &mut Findings) {
    let place = |field: &str| format!("{}, {field}", published.unit_id(row));
    let fields = &context.description.fields;
    let Some(properties) = feature.get("properties").and_then(Value::as_object) else {
        findings.add(published.unit_id(row), Problem::GeoJsonForm);
        return;
    };
    for (field, &told) in fields.iter().zip(published.numbers(row)) {
        let shown = match properties.get(&field.name) {
            None => {
                findings.add(place(&field.name), Problem::AttributeMissing);
                continue;
            }
            Some(Value::Null) => Shown::Nothing,
            Some(value) => value.as_i64().map_or(Shown::Other, Shown::Number),
        };
        let status = properties.get(&field.status_name).map(|s| s.as_str().unwrap_or_default());
        if let Some(problem) = compare(told, shown, status) {
            findings.add(place(&field.name), problem);
        }
    }
    if properties.get(SIZE).and_then(Value::as_i64) != published.size_m(row) {
        findings.add(published.unit_id(row), Problem::SizeWrong);
    }
    let shown = fields.iter().map(|f| 1 + usize::from(properties.contains_key(&f.status_name))).sum::<usize>();
    let others = properties.keys().filter(|name| tiles::is_unit_attribute(name)).count();
    if shown + others < properties.len() {
        findings.add(published.unit_id(row), Problem::AttributeUnknown);
    }
    if feature.get("geometry").is_none_or(|geometry| !is_sound_polygon(geometry)) {
        findings.add(published.unit_id(row), Problem::GeoJsonGeometry);
    }
}

fn is_sound_polygon(geometry: &Value) -> bool {
    let coordinates = geometry.get("coordinates").and_then(Value::as_array);
    let polygon = |rings: &Value| {
        let Some(rings) = rings.as_array().filter(|rings| !rings.is_empty()) else { return false };
        rings
            .iter()
            .enumerate()
            .all(|(i, ring)| signed_area(ring).is_some_and(|area| if i == 0 { area > 0.0 } else { area < 0.0 }))
    };
    match (geometry.get("type").and_then(Value::as_str), coordinates) {
        (Some("Polygon"), Some(_)) => polygon(&geometry["coordinates"]),
        (Some("MultiPolygon"), Some(polygons)) => !polygons.is_empty() && polygons.iter().all(polygon),
        _ => false,
    }
}

/// Positive counter-clockwise; `None` for a ring that is open, too short or outside the world.
fn signed_area(ring: &Value) -> Option<f64> {
    let point = |p: &Value| -> Option<(f64, f64)> {
        let (lon, lat) = (p.get(0)?.as_f64()?, p.get(1)?.as_f64()?);
        (lon.abs() <= 180.0 && lat.abs() <= 90.0).then_some((lon, lat))
    };
    let points = ring.as_array()?.iter().map(point).collect::<Option<Vec<_>>>()?;
    if points.len() < 4 || points.first() != points.last() {
        return None;
    }
    // Relative to the first point: small rings far from the origin would lose their area in rounding.
    let (lon, lat) = points[0];
    let cross = |pair: &[(f64, f64)]| (pair[0].0 - lon) * (pair[1].1 - lat) - (pair[1].0 - lon) * (pair[0].1 - lat);
    Some(points.windows(2).map(cross).sum::<f64>() / 2.0)
}

/// Reads a feature collection feature by feature; true if it says what it is and has its features.
struct Collection<'f, F>(&'f mut F);

impl<'de, F: FnMut(&Value)> DeserializeSeed<'de> for Collection<'_, F> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(&Value)> Visitor<'de> for Collection<'_, F> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a feature collection")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let (mut typed, mut listed) = (false, false);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "type" => typed = map.next_value::<Value>()? == "FeatureCollection",
                "features" => {
                    map.next_value_seed(Features(&mut *self.0))?;
                    listed = true;
                }
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(typed && listed)
    }
}

struct Features<'f, F>(&'f mut F);

impl<'de, F: FnMut(&Value)> DeserializeSeed<'de> for Features<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&Value)> Visitor<'de> for Features<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut features: A) -> Result<(), A::Error> {
        while let Some(feature) = features.next_element::<Value>()? {
            (self.0)(&feature);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::is_sound_polygon;
    use serde_json::json;

    #[test]
    fn rings_are_closed_and_run_the_right_way_round() {
        let polygon = |ring: serde_json::Value| is_sound_polygon(&json!({"type": "Polygon", "coordinates": [ring]}));
        assert!(polygon(json!([[9.0, 53.0], [9.1, 53.0], [9.1, 53.1], [9.0, 53.0]])));
        assert!(!polygon(json!([[9.0, 53.0], [9.1, 53.1], [9.1, 53.0], [9.0, 53.0]])));
        assert!(!polygon(json!([[9.0, 53.0], [9.1, 53.0], [9.1, 53.1], [9.0, 53.05]])));
        assert!(!polygon(json!([[9.0, 153.0], [9.1, 153.0], [9.1, 153.1], [9.0, 153.0]])));
        assert!(!is_sound_polygon(&json!({"type": "Point", "coordinates": [9.0, 53.0]})));
    }
}
