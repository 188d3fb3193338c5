//! GeoJSON (RFC 7946), one file a layer, one feature a line.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use geo::{Coord, MultiPolygon};
use serde_json::json;

use crate::confidential::{Release, Status};
use crate::error::Error;
use crate::export::{ExportError, ExportOptions, about};
use crate::geodesy::ReferenceSystem;
use crate::layer::{Layer, LayerOutlines, Outlines, layers};
use crate::progress::Progress;

pub(super) fn write(
    release: &Release,
    options: &ExportOptions,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Vec<PathBuf>, Error> {
    fs::create_dir_all(folder).map_err(|e| ExportError::io(folder, &e))?;
    let outlines = Outlines::new(&ReferenceSystem::wgs84())?;
    let mut files = Vec::new();
    for layer in layers(release) {
        let path = folder.join(format!("{}.geojson", layer.name));
        let head = json!({
            "type": "FeatureCollection",
            "name": layer.name,
            "title": options.title,
            "attribution": options.attribution,
            "method": release.method,
            "parameters": about::parameters_json(release),
        });
        let outlines = outlines.of_layer(&layer)?;
        write_layer(&layer, &outlines, &head.to_string(), &path).map_err(|e| ExportError::io(&path, &e))?;
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

fn write_layer(layer: &Layer<'_>, outlines: &LayerOutlines, head: &str, path: &Path) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 18, File::create(path)?);
    out.write_all(head.strip_suffix('}').expect("the head is an object").as_bytes())?;
    out.write_all(b",\"features\":[\n")?;
    let key = |name: &String| format!(",{}:", json!(name));
    let fixed = Fixed {
        date: layer.date.map(|date| format!(",\"date\":{}", json!(date))).unwrap_or_default(),
        names: layer.fields.iter().map(|f| key(&f.name)).collect(),
        statuses: layer.fields.iter().map(|f| key(&f.status_name)).collect(),
    };
    let mut line = Vec::new();
    let mut ring = Vec::new();
    for position in 0..layer.block.units.len() {
        if position > 0 {
            line.extend_from_slice(b",\n");
        }
        feature(&mut line, layer, position, &fixed);
        match outlines {
            LayerOutlines::Cells(lattice) => {
                lattice.ring(position, &mut ring);
                line.extend_from_slice(b"{\"type\":\"Polygon\",\"coordinates\":[");
                coordinates(&mut line, &ring);
                line.push(b']');
            }
            LayerOutlines::Areas(areas) => multi_polygon(&mut line, &areas[position]),
        }
        line.extend_from_slice(b"}}");
        out.write_all(&line)?;
        line.clear();
    }
    out.write_all(b"\n]}\n")?;
    out.flush()
}

/// Everything of a feature up to its geometry's value.
fn feature(line: &mut Vec<u8>, layer: &Layer<'_>, position: usize, fixed: &Fixed) {
    let unit = layer.block.units[position];
    let mut digits = itoa::Buffer::new();
    line.extend_from_slice(b"{\"type\":\"Feature\",\"id\":");
    line.extend_from_slice(digits.format(layer.feature_id(unit)).as_bytes());
    line.extend_from_slice(b",\"properties\":{\"id\":");
    string(line, &layer.unit_id(unit));
    if let Some(label) = layer.unit_label(unit) {
        line.extend_from_slice(b",\"label\":");
        string(line, label);
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
    let rounded = (degrees * UNITS as f64).round() as i64;
    if rounded < 0 {
        line.push(b'-');
    }
    let magnitude = rounded.unsigned_abs();
    line.extend_from_slice(itoa::Buffer::new().format(magnitude / UNITS).as_bytes());
    let mut fraction = magnitude % UNITS;
    if fraction > 0 {
        let mut digits = [b'.', 0, 0, 0, 0, 0, 0, 0];
        for digit in digits[1..].iter_mut().rev() {
            *digit = b'0' + (fraction % 10) as u8;
            fraction /= 10;
        }
        let end = digits.iter().rposition(|&d| d != b'0').expect("a fraction has a digit");
        line.extend_from_slice(&digits[..=end]);
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
        let texts = [9.737_123_456_7, -0.5, 53.0, -0.000_000_01, 10.000_000_06].map(text);
        assert_eq!(texts, ["9.7371235", "-0.5", "53", "0", "10.0000001"]);
    }
}
