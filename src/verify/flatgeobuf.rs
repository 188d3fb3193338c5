//! FlatGeobuf: WGS 84 with an index, and ids, numbers and statuses as in `release.parquet`.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use flatgeobuf::geozero::error::Result as GeozeroResult;
use flatgeobuf::geozero::{ColumnValue, PropertyProcessor};
use flatgeobuf::{FallibleStreamingIterator, FeatureProperties, FgbReader};

use crate::verify::features::{Feature, Reading, check_files};
use crate::verify::published::SIZE;
use crate::verify::values::Shown;
use crate::verify::{Context, Findings, Problem, Verified, tiles};

pub(super) fn check(context: &Context<'_>) -> Verified {
    check_files(context, ("flatgeobuf", "fgb"), |layer, path, findings| check_layer(context, layer, path, findings))
}

/// What a column shows.
#[derive(Clone, Copy)]
enum Column {
    Fid,
    Id,
    Size,
    Number(usize),
    Status(usize),
    Other,
}

fn check_layer(context: &Context<'_>, layer: usize, path: &Path, findings: &mut Findings) -> Result<u64, Problem> {
    let file = File::open(path).map_err(|_| Problem::FileMissing)?;
    let reader = FgbReader::open(BufReader::new(file)).map_err(|_| Problem::FlatGeobufForm)?;
    let header = reader.header();
    // A layer without features needs no index.
    let indexed = header.index_node_size() > 0 || header.features_count() == 0;
    if !indexed || header.crs().map(|crs| crs.code()) != Some(4326) {
        findings.add("", Problem::FlatGeobufForm);
    }
    let fields = &context.description.fields;
    let mut columns = Vec::new();
    for name in header.columns().into_iter().flatten().map(|column| column.name()) {
        columns.push(match name {
            "fid" => Column::Fid,
            "id" => Column::Id,
            SIZE => Column::Size,
            name => {
                let number = fields.iter().position(|field| field.name == name).map(Column::Number);
                let status = fields.iter().position(|field| field.status_name == name).map(Column::Status);
                if number.or(status).is_none() && !tiles::is_unit_attribute(name) {
                    findings.add(name, Problem::AttributeUnknown);
                }
                number.or(status).unwrap_or(Column::Other)
            }
        });
    }
    let shown = columns.iter().filter(|column| matches!(column, Column::Number(_) | Column::Status(_))).count();
    if shown != 2 * fields.len() {
        return Err(Problem::AttributeMissing);
    }
    let mut reading = Reading::of(context, layer);
    let mut features = reader.select_all_seq().map_err(|_| Problem::FlatGeobufForm)?;
    while let Some(feature) = features.next().map_err(|_| Problem::FlatGeobufForm)? {
        let nothing = || (Shown::Nothing, None);
        let mut told = Told {
            columns: &columns,
            feature: Feature { numbers: fields.iter().map(|_| nothing()).collect(), ..Feature::default() },
        };
        feature.process_properties(&mut told).map_err(|_| Problem::FlatGeobufForm)?;
        let place = reading.take(&told.feature, findings);
        let points = feature.geometry().map(|geometry| points(&geometry)).unwrap_or_default();
        let in_world = points.chunks_exact(2).all(|p| p[0].abs() <= 180.0 && p[1].abs() <= 90.0);
        if points.len() < 8 || !in_world {
            findings.add(place, Problem::FlatGeobufForm);
        }
    }
    Ok(reading.end(findings))
}

/// All coordinates of a geometry and its parts.
fn points(geometry: &flatgeobuf::Geometry<'_>) -> Vec<f64> {
    let own = geometry.xy().into_iter().flatten();
    own.chain(geometry.parts().into_iter().flatten().flat_map(|part| points(&part))).collect()
}

/// Takes the attributes of a feature.
struct Told<'t> {
    columns: &'t [Column],
    feature: Feature,
}

impl PropertyProcessor for Told<'_> {
    fn property(&mut self, at: usize, _name: &str, value: &ColumnValue<'_>) -> GeozeroResult<bool> {
        let number = if let ColumnValue::Long(number) = value { Some(*number) } else { None };
        let text = if let ColumnValue::String(text) = value { Some((*text).to_owned()) } else { None };
        match self.columns.get(at) {
            Some(Column::Fid) => self.feature.fid = number,
            Some(Column::Id) => self.feature.id = text,
            Some(Column::Size) => self.feature.size_m = number,
            Some(&Column::Number(field)) => self.feature.numbers[field].0 = number.map_or(Shown::Other, Shown::Number),
            Some(&Column::Status(field)) => self.feature.numbers[field].1 = Some(text.unwrap_or_default()),
            Some(Column::Other) | None => {}
        }
        Ok(false)
    }
}
