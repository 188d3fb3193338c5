//! FlatGeobuf, one file a layer: for web pages that fetch what they show, and for QGIS. WGS 84, longitude first; features along a Hilbert curve with
//! an index. The crate keeps features in a temporary file until they are sorted; about 4 µs a feature, on one thread for each layer.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flatgeobuf::geozero::error::Result as GeozeroResult;
use flatgeobuf::geozero::{ColumnValue, GeomProcessor, PropertyProcessor};
use flatgeobuf::{ColumnType, FgbCrs, FgbWriter, FgbWriterOptions, GeometryType, GeozeroGeometry};
use geo::{Coord, MultiPolygon};
use rayon::prelude::*;

use crate::confidential::Release;
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
    let file = |layer: Layer<'_>| -> Result<PathBuf, Error> {
        let path = folder.join(format!("{}.fgb", layer.name));
        let outlines = outlines.of_layer(&layer)?;
        write_layer(release, options, (&layer, &outlines), &path).map_err(|e| match e {
            flatgeobuf::Error::IO(e) => ExportError::io(&path, &e),
            e => ExportError::Write { path: path.clone(), reason: e.to_string() },
        })?;
        progress.advance(layer.block.units.len() as u64);
        Ok(path)
    };
    layers(release).into_par_iter().with_max_len(1).map(file).collect()
}

fn write_layer(
    release: &Release,
    options: &ExportOptions,
    (layer, outlines): (&Layer<'_>, &LayerOutlines),
    path: &Path,
) -> Result<(), flatgeobuf::Error> {
    let kind = match outlines {
        LayerOutlines::Cells(_) => GeometryType::Polygon,
        LayerOutlines::Areas(_) => GeometryType::MultiPolygon,
    };
    let title = format!("{}: {}", options.title, layer.name);
    let description = format!("{}; {}", options.attribution, about::protection_line(release));
    let crs = FgbCrs { code: 4326, name: Some("WGS 84"), ..FgbCrs::default() };
    let written = FgbWriterOptions { crs, title: Some(&title), description: Some(&description), ..FgbWriterOptions::default() };
    let mut writer = FgbWriter::create_with_options(&layer.name, kind, written)?;
    writer.add_column("fid", ColumnType::Long, |_, column| column.nullable = false);
    for (name, alias) in about::aliases(layer, options.language) {
        let number = name == "size_m" || layer.fields.iter().any(|field| field.name == name);
        let kind = if number { ColumnType::Long } else { ColumnType::String };
        writer.add_column(&name, kind, |buffer, column| column.title = Some(buffer.create_string(&alias)));
    }
    // The library of geometries has errors of its own; here they come from writing alone.
    let failed = |e: flatgeobuf::geozero::error::GeozeroError| flatgeobuf::Error::IO(std::io::Error::other(e.to_string()));
    let mut ring = Vec::new();
    for (position, &unit) in layer.block.units.iter().enumerate() {
        let shape = match outlines {
            LayerOutlines::Cells(lattice) => {
                lattice.ring(position, &mut ring);
                Shape::Cell(&ring)
            }
            LayerOutlines::Areas(areas) => Shape::Area(&areas[position]),
        };
        let (id, label) = (layer.unit_id(unit), layer.unit_label(unit));
        let mut result = Ok(false);
        writer
            .add_feature_geom(shape, |feature| {
                let mut at = 0;
                let mut add = |value: Option<ColumnValue<'_>>| {
                    if let (Some(value), Ok(_)) = (value, &result) {
                        result = feature.property(at, "", &value);
                    }
                    at += 1;
                };
                add(Some(ColumnValue::Long(layer.feature_id(unit) as i64)));
                add(Some(ColumnValue::String(&id)));
                if matches!(outlines, LayerOutlines::Areas(_)) {
                    add(label.map(ColumnValue::String));
                }
                if layer.adaptive() {
                    add(layer.size_m(unit).map(|size_m| ColumnValue::Long(size_m.into())));
                }
                if let Some(date) = layer.date {
                    add(Some(ColumnValue::String(date)));
                }
                let numbers = layer.block.numbers(position);
                numbers.iter().for_each(|number| add(number.value().map(ColumnValue::Long)));
                numbers.iter().for_each(|number| add(Some(ColumnValue::String(number.status().name()))));
            })
            .map_err(failed)?;
        result.map_err(failed)?;
    }
    let mut out = BufWriter::with_capacity(1 << 18, File::create(path)?);
    writer.write(&mut out)?;
    Ok(out.flush()?)
}

/// The outline of a unit.
enum Shape<'s> {
    Cell(&'s [Coord<f64>]),
    Area(&'s MultiPolygon<f64>),
}

impl GeozeroGeometry for Shape<'_> {
    fn process_geom<P: GeomProcessor>(&self, processor: &mut P) -> GeozeroResult<()> {
        let ring = |processor: &mut P, points: &[Coord<f64>], at: usize| {
            processor.linestring_begin(false, points.len(), at)?;
            points.iter().enumerate().try_for_each(|(i, point)| processor.xy(point.x, point.y, i))?;
            processor.linestring_end(false, at)
        };
        match self {
            Self::Cell(points) => {
                processor.polygon_begin(true, 1, 0)?;
                ring(processor, points, 0)?;
                processor.polygon_end(true, 0)
            }
            Self::Area(area) => {
                processor.multipolygon_begin(area.0.len(), 0)?;
                for (p, polygon) in area.iter().enumerate() {
                    processor.polygon_begin(false, 1 + polygon.interiors().len(), p)?;
                    for (r, line) in std::iter::once(polygon.exterior()).chain(polygon.interiors()).enumerate() {
                        ring(processor, &line.0, r)?;
                    }
                    processor.polygon_end(false, p)?;
                }
                processor.multipolygon_end(0)
            }
        }
    }
}
