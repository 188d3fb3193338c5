//! GeoJSON (RFC 7946), one file a layer, one feature a line; also without anything around the features (newline-delimited GeoJSON).

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use geo::{Coord, MultiPolygon};
use serde_json::json;

use crate::confidential::{Release, Status, Unit};
use crate::error::Error;
use crate::export::rows::write_rows;
use crate::export::{ExportError, ExportOptions, about};
use crate::geodesy::ReferenceSystem;
use crate::layer::{Layer, LayerOutlines, Outlines, layers};
use crate::progress::Progress;

/// What is around the features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A feature collection that says what it is.
    Collection,
    /// Nothing: every line is a feature.
    Lines,
}

pub(super) fn write(
    release: &Release,
    options: &ExportOptions,
    folder: &Path,
    (form, progress): (Form, &dyn Progress),
) -> Result<Vec<PathBuf>, Error> {
    fs::create_dir_all(folder).map_err(|e| ExportError::io(folder, &e))?;
    let outlines = Outlines::new(&ReferenceSystem::wgs84())?;
    let mut files = Vec::new();
    for layer in layers(release) {
        let path = folder.join(format!("{}.{}", layer.name, if form == Form::Lines { "geojsonl" } else { "geojson" }));
        let head = json!({
            "type": "FeatureCollection",
            "name": layer.name,
            "title": options.title,
            "attribution": options.attribution,
            "method": release.method,
            "parameters": about::parameters_json(release),
        });
        let outlines = outlines.of_layer(&layer)?;
        let head = (form == Form::Collection).then(|| head.to_string());
        write_layer(&layer, &outlines, head.as_deref(), &path).map_err(|e| ExportError::io(&path, &e))?;
        progress.advance(layer.block.units.len() as u64);
        files.push(path);
    }
    Ok(files)
}

/// The parts of a feature that are the same in every feature of the layer, already escaped.
struct Fixed {
    date: String,
    /// For each field `,"name":`.
    names: Vec<String>,
    /// For each field `,"name_status":`.
    statuses: Vec<String>,
}

/// With a head, features are its `features`; without one they stand alone.
fn write_layer(layer: &Layer<'_>, outlines: &LayerOutlines, head: Option<&str>, path: &Path) -> io::Result<()> {
    let mut out = File::create(path)?;
    if let Some(head) = head {
        out.write_all(head.strip_suffix('}').expect("the head is an object").as_bytes())?;
        out.write_all(b",\"features\":[\n")?;
    }
    let between: &[u8] = if head.is_some() { b",\n" } else { b"\n" };
    let key = |name: &String| format!(",{}:", json!(name));
    let fixed = Fixed {
        date: layer.date.map(|date| format!(",\"date\":{}", json!(date))).unwrap_or_default(),
        names: layer.fields.iter().map(|f| key(&f.name)).collect(),
        statuses: layer.fields.iter().map(|f| key(&f.status_name)).collect(),
    };
    write_rows(&mut out, layer.block.units.len(), |positions: Range<usize>, text: &mut Vec<u8>| {
        let mut ring = Vec::new();
        for position in positions {
            if position > 0 {
                text.extend_from_slice(between);
            }
            feature(text, layer, position, &fixed);
            match outlines {
                LayerOutlines::Cells(lattice) => {
                    lattice.ring(position, &mut ring);
                    text.extend_from_slice(b"{\"type\":\"Polygon\",\"coordinates\":[");
                    coordinates(text, &ring);
                    text.push(b']');
                }
                LayerOutlines::Areas(areas) => multi_polygon(text, &areas[position]),
            }
            text.extend_from_slice(b"}}");
        }
    })?;
    out.write_all(if head.is_some() { b"\n]}\n" } else { b"\n" })
}

/// Everything of a feature up to its geometry's value.
fn feature(line: &mut Vec<u8>, layer: &Layer<'_>, position: usize, fixed: &Fixed) {
    let unit = layer.block.units[position];
    let mut digits = itoa::Buffer::new();
    line.extend_from_slice(b"{\"type\":\"Feature\",\"id\":");
    line.extend_from_slice(digits.format(layer.feature_id(unit)).as_bytes());
    line.extend_from_slice(b",\"properties\":{\"id\":");
    match unit {
        Unit::Cell(cell) => {
            line.push(b'"');
            cell.write_code(line);
            line.push(b'"');
        }
        Unit::Area(_) => string(line, &layer.unit_id(unit)),
    }
    if let Some(label) = layer.unit_label(unit) {
        line.extend_from_slice(b",\"label\":");
        string(line, label);
    }
    if let Some(size_m) = layer.size_m(unit) {
        line.extend_from_slice(b",\"size_m\":");
        line.extend_from_slice(digits.format(size_m).as_bytes());
    }
    line.extend_from_slice(fixed.date.as_bytes());
    for (field, number) in layer.block.numbers(position).iter().enumerate() {
        line.extend_from_slice(fixed.names[field].as_bytes());
        match number.value() {
            Some(value) => line.extend_from_slice(digits.format(value).as_bytes()),
            None => line.extend_from_slice(b"null"),
        }
        let status = number.status();
        if status != Status::Value {
            line.extend_from_slice(fixed.statuses[field].as_bytes());
            line.push(b'"');
            line.extend_from_slice(status.name().as_bytes());
            line.push(b'"');
        }
    }
    line.extend_from_slice(b"},\"geometry\":");
}

fn string(line: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(line, text).expect("memory takes any text");
}

fn multi_polygon(line: &mut Vec<u8>, area: &MultiPolygon<f64>) {
    line.extend_from_slice(b"{\"type\":\"MultiPolygon\",\"coordinates\":[");
    for (p, polygon) in area.iter().enumerate() {
        line.extend_from_slice(if p > 0 { b",[" } else { b"[" });
        for (r, ring) in std::iter::once(polygon.exterior()).chain(polygon.interiors()).enumerate() {
            if r > 0 {
                line.push(b',');
            }
            coordinates(line, &ring.0);
        }
        line.push(b']');
    }
    line.push(b']');
}

/// Degrees with seven decimals (1 cm), by integer arithmetic: `f64` formatting would take half the time of the whole file.
fn coordinates(line: &mut Vec<u8>, ring: &[Coord<f64>]) {
    line.push(b'[');
    for (i, point) in ring.iter().enumerate() {
        line.extend_from_slice(if i > 0 { b",[" } else { b"[" });
        degrees(line, point.x);
        line.push(b',');
        degrees(line, point.y);
        line.push(b']');
    }
    line.push(b']');
}

fn degrees(line: &mut Vec<u8>, degrees: f64) {
    const UNITS: u64 = 10_000_000;
    let units = degrees.abs() * UNITS as f64;
    // Half away from zero, as `f64::round`, which is a library call where the processor need not have an instruction for it.
    let magnitude = (units + 0.5) as u64;
    let magnitude = magnitude - u64::from(magnitude as f64 - units > 0.5);
    if degrees < 0.0 && magnitude > 0 {
        line.push(b'-');
    }
    let mut digits = itoa::Buffer::new();
    line.extend_from_slice(digits.format(magnitude / UNITS).as_bytes());
    let fraction = magnitude % UNITS;
    if fraction > 0 {
        // A one in front keeps the zeros behind the point; the point takes its place.
        let with_one = digits.format(UNITS + fraction).as_bytes();
        let end = with_one.iter().rposition(|&digit| digit != b'0').expect("a fraction has a digit");
        line.push(b'.');
        line.extend_from_slice(&with_one[1..=end]);
    }
}

#[cfg(test)]
mod tests {
    fn text(degrees: f64) -> String {
        let mut line = Vec::new();
        super::degrees(&mut line, degrees);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn degrees_have_at_most_seven_decimals() {
        let texts = [9.737_123_456_7, -0.5, 53.0, -0.000_000_01, 10.000_000_06, 0.012_34].map(text);
        assert_eq!(texts, ["9.7371235", "-0.5", "53", "0", "10.0000001", "0.01234"]);
    }

    proptest::proptest! {
        #[test]
        fn degrees_are_rounded_as_by_the_library(degrees in -180.0_f64..180.0) {
            let units = (degrees * 1e7).round() as i64;
            proptest::prop_assert_eq!(text(degrees).parse::<f64>().unwrap(), units as f64 / 1e7);
        }
    }
}
