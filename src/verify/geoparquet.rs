//! GeoParquet 1.1: its metadata, sound polygons within their boxes, and ids, numbers and statuses as in `release.parquet`.

use std::fs::File;
use std::path::Path;

use arrow_array::{Array, BinaryArray, Float64Array, Int64Array, RecordBatch, StringArray, StructArray};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use serde_json::Value;

use crate::verify::features::{Feature, Reading, check_files};
use crate::verify::published::SIZE;
use crate::verify::values::Shown;
use crate::verify::{Context, Findings, Problem, Verified, tiles};

pub(super) fn check(context: &Context<'_>) -> Verified {
    check_files(context, ("geoparquet", "parquet"), |layer, path, findings| check_layer(context, layer, path, findings))
}

fn check_layer(context: &Context<'_>, layer: usize, path: &Path, findings: &mut Findings) -> Result<u64, Problem> {
    let file = File::open(path).map_err(|_| Problem::FileMissing)?;
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(|_| Problem::GeoParquetForm)?;
    let metadata = builder.metadata().file_metadata().key_value_metadata();
    let geo = metadata.and_then(|all| all.iter().find(|entry| entry.key == "geo")).and_then(|entry| entry.value.as_deref());
    let geo: Value = geo.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    if !is_described(&geo) {
        findings.add("", Problem::GeoParquetForm);
    }
    let fields = &context.description.fields;
    for name in builder.schema().fields().iter().map(|field| field.name()) {
        let known = tiles::is_unit_attribute(name) || ["fid", "bbox", "geometry"].contains(&name.as_str());
        if !known && !fields.iter().any(|field| field.name == *name || field.status_name == *name) {
            findings.add(name.clone(), Problem::AttributeUnknown);
        }
    }
    let mut reading = Reading::of(context, layer);
    for batch in builder.build().map_err(|_| Problem::GeoParquetForm)? {
        take(context, &batch.map_err(|_| Problem::GeoParquetForm)?, (&mut reading, findings))?;
    }
    Ok(reading.end(findings))
}

/// Version, encoding, a reference system in PROJJSON and the covering, as GeoParquet 1.1 wants them.
fn is_described(geo: &Value) -> bool {
    let column = &geo["columns"]["geometry"];
    let covering = |side: &str| column["covering"]["bbox"][side] == serde_json::json!(["bbox", side]);
    geo["version"] == "1.1.0"
        && geo["primary_column"] == "geometry"
        && column["encoding"] == "WKB"
        && column["crs"]["id"]["code"] == "CRS84"
        && column["geometry_types"].as_array().is_some_and(|types| !types.is_empty())
        && ["xmin", "ymin", "xmax", "ymax"].into_iter().all(covering)
}

fn take(
    context: &Context<'_>,
    batch: &RecordBatch,
    (reading, findings): (&mut Reading<'_>, &mut Findings),
) -> Result<(), Problem> {
    let numbers = |name: &str| batch.column_by_name(name).and_then(|column| column.as_any().downcast_ref::<Int64Array>());
    let texts = |name: &str| batch.column_by_name(name).and_then(|column| column.as_any().downcast_ref::<StringArray>());
    let (fids, ids, sizes) = (numbers("fid"), texts("id"), numbers(SIZE));
    let columns: Vec<_> =
        context.description.fields.iter().map(|field| (numbers(&field.name), texts(&field.status_name))).collect();
    if fids.is_none() || ids.is_none() || columns.iter().any(|(number, status)| number.is_none() || status.is_none()) {
        return Err(Problem::AttributeMissing);
    }
    let shapes = batch.column_by_name("geometry").and_then(|column| column.as_any().downcast_ref::<BinaryArray>());
    let boxes = batch.column_by_name("bbox").and_then(|column| column.as_any().downcast_ref::<StructArray>());
    let sides: Vec<&Float64Array> = ["xmin", "ymin", "xmax", "ymax"]
        .into_iter()
        .filter_map(|side| boxes?.column_by_name(side)?.as_any().downcast_ref())
        .collect();
    let (Some(shapes), [west, south, east, north]) = (shapes, sides.as_slice()) else { return Err(Problem::AttributeMissing) };
    let number = |column: Option<&Int64Array>, row: usize| column.filter(|c| c.is_valid(row)).map(|c| c.value(row));
    let text = |column: Option<&StringArray>, row: usize| column.filter(|c| c.is_valid(row)).map(|c| c.value(row).to_owned());
    for row in 0..batch.num_rows() {
        let shown = |column| number(column, row).map_or(Shown::Nothing, Shown::Number);
        let feature = Feature {
            fid: number(fids, row),
            id: text(ids, row),
            size_m: number(sizes, row),
            numbers: columns.iter().map(|&(value, status)| (shown(value), text(status, row))).collect(),
        };
        let place = reading.take(&feature, findings);
        let told = [west, south, east, north].map(|side| side.value(row));
        if box_of(shapes.value(row)) != Some(told) {
            findings.add(place, Problem::GeoParquetGeometry);
        }
    }
    Ok(())
}

/// West, south, east, north of a polygon or multipolygon in WKB; nothing if a ring is open, too short, outside the world or runs the wrong way round.
fn box_of(wkb: &[u8]) -> Option<[f64; 4]> {
    let mut bytes = Bytes(wkb);
    let mut around = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    let polygons = match bytes.kind()? {
        3 => 1,
        6 => bytes.count()?,
        _ => return None,
    };
    for _ in 0..polygons {
        // A polygon alone has its kind read already.
        if wkb[1] == 6 && bytes.kind()? != 3 {
            return None;
        }
        for ring in 0..bytes.count()? {
            let points = bytes.ring()?;
            let (first, last) = (points.first()?, points.last()?);
            let cross =
                |p: &[[f64; 2]]| (p[0][0] - first[0]) * (p[1][1] - first[1]) - (p[1][0] - first[0]) * (p[0][1] - first[1]);
            let area: f64 = points.windows(2).map(cross).sum();
            let in_world = points.iter().all(|[lon, lat]| lon.abs() <= 180.0 && lat.abs() <= 90.0);
            if points.len() < 4 || first != last || !in_world || (ring == 0) != (area > 0.0) {
                return None;
            }
            for [lon, lat] in points {
                around = [around[0].min(lon), around[1].min(lat), around[2].max(lon), around[3].max(lat)];
            }
        }
    }
    bytes.0.is_empty().then_some(around)
}

/// Little-endian WKB from the front.
struct Bytes<'b>(&'b [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn kind(&mut self) -> Option<u32> {
        (self.take::<1>()? == [1]).then_some(())?;
        self.count()
    }

    fn count(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn ring(&mut self) -> Option<Vec<[f64; 2]>> {
        let count = self.count()?;
        let point = |_| Some([self.take().map(f64::from_le_bytes)?, self.take().map(f64::from_le_bytes)?]);
        (0..count).map(point).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::box_of;

    fn polygon(points: &[[f64; 2]]) -> Vec<u8> {
        let mut bytes = vec![1, 3, 0, 0, 0, 1, 0, 0, 0, points.len() as u8, 0, 0, 0];
        bytes.extend(points.iter().flatten().flat_map(|n| n.to_le_bytes()));
        bytes
    }

    #[test]
    fn rings_are_closed_and_run_the_right_way_round() {
        let sound = polygon(&[[9.0, 53.0], [9.1, 53.0], [9.1, 53.1], [9.0, 53.0]]);
        assert_eq!(box_of(&sound), Some([9.0, 53.0, 9.1, 53.1]));
        assert_eq!(box_of(&polygon(&[[9.0, 53.0], [9.1, 53.1], [9.1, 53.0], [9.0, 53.0]])), None);
        assert_eq!(box_of(&polygon(&[[9.0, 53.0], [9.1, 53.0], [9.1, 53.1], [9.0, 53.05]])), None);
        assert_eq!(box_of(&sound[..sound.len() - 1]), None);
        assert_eq!(box_of(&[sound.as_slice(), &[0]].concat()), None);
    }
}
