//! `incidence.parquet`: which areas each finest published cell lies in.
//!
//! A cell that no border crosses is located by its centre. In others, points of a regular grid and points on both sides of every stretch of
//! border say which pieces there are: each is the combination of areas, one of every system, at some point. Without a grid the file has no cells: it tells the
//! combinations of areas that records can lie in, by keys or by geometry.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use rayon::prelude::*;

use geo::BoundingRect;

use crate::area::{AreaIndex, AreaSystem};
use crate::confidential::{Level, Release, Unit};
use crate::error::Error;
use crate::export::ExportError;
use crate::grid::{CellId, GridSize};

/// Points on a side of the grid that a cut cell is looked at with.
const POINTS: u32 = 16;
/// How far from a border the points on its sides lie, metres: more than outlines of one border differ by.
const ASIDE_M: f64 = 0.05;

/// The areas of a piece, one for each system.
type Areas = Vec<Option<u32>>;

pub(super) fn write(release: &Release, placing: &Placing<'_>, path: &Path) -> Result<(), Error> {
    let by_cell = *placing == Placing::Cells;
    let finest = release.lattice.sizes.finest();
    let systems: Vec<AreaIndex> = release.lattice.systems.iter().map(|system| AreaIndex::new(system, finest)).collect();
    if !release.lattice.sizes.published() {
        let combinations = match placing {
            Placing::Keys(combinations) => combinations.to_vec(),
            _ => combinations(&systems, &release.lattice.systems, finest, by_cell),
        };
        let file = File::create(path).map_err(|e| ExportError::io(path, &e))?;
        return write_to(release, (&[], &[combinations]), file).map_err(|e| ExportError::parquet(path, &e).into());
    }
    let blocks = release.blocks.iter().filter(|block| block.level == Level::Grid(finest));
    let cell = |unit: &Unit| match unit {
        Unit::Cell(cell) => *cell,
        Unit::Area(_) => unreachable!("a grid level holds cells"),
    };
    let mut cells: Vec<CellId> = blocks.flat_map(|block| block.units.iter().map(cell)).collect();
    cells.sort_unstable();
    cells.dedup();
    // Where cells were joined, areas are still found by the cells of the finest size.
    let pieces_in = |&cell: &CellId| {
        let mut found: Vec<Areas> = cell.children(finest).flat_map(|cell| pieces(&systems, cell, by_cell)).collect();
        found.sort_unstable();
        found.dedup();
        found
    };
    let pieces: Vec<Vec<Areas>> = cells.par_iter().map(pieces_in).collect();
    let file = File::create(path).map_err(|e| ExportError::io(path, &e))?;
    write_to(release, (&cells, &pieces), file).map_err(|e| ExportError::parquet(path, &e).into())
}

/// What says where records lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placing<'p> {
    /// Coordinates: a record lies where its point does.
    Points,
    /// Cell codes: a record lies where its cell's centre does.
    Cells,
    /// Area keys: a record lies in one of these combinations, for each system the area's position.
    Keys(&'p [Vec<Option<u32>>]),
}

/// The combinations of areas that occur anywhere: in the cells of a box around all areas, and outside of all.
fn combinations(indexes: &[AreaIndex], systems: &[Arc<AreaSystem>], size: GridSize, by_cell: bool) -> Vec<Areas> {
    if let [only] = systems {
        return std::iter::once(None).chain((0..only.areas.len() as u32).map(Some)).map(|area| vec![area]).collect();
    }
    let outlines = systems.iter().flat_map(|system| &system.areas).filter_map(|area| area.outline_3035_m.bounding_rect());
    let [west, south, east, north] = outlines.fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |[w, s, e, n], r| {
        [w.min(r.min().x), s.min(r.min().y), e.max(r.max().x), n.max(r.max().y)]
    });
    let side = f64::from(size.metres());
    let steps = |from: f64, to: f64| (from / side).floor() as i64..=(to / side).floor() as i64;
    let columns = steps(west, east);
    let of_row = |row: i64| {
        let cells = columns.clone().filter_map(|column| {
            let corner = |index: i64| i32::try_from(index * i64::from(size.metres())).ok();
            CellId::of_corner(size, corner(column)?, corner(row)?)
        });
        let mut found: Vec<Areas> = cells.flat_map(|cell| pieces(indexes, cell, by_cell)).collect();
        found.sort_unstable();
        found.dedup();
        found
    };
    let mut found: Vec<Areas> = steps(south, north).into_par_iter().flat_map_iter(of_row).collect();
    found.push(vec![None; systems.len()]);
    found.par_sort_unstable();
    found.dedup();
    found
}

fn pieces(systems: &[AreaIndex], cell: CellId, by_cell: bool) -> Vec<Areas> {
    if by_cell {
        return vec![systems.iter().map(|system| system.locate_cell(cell).area).collect()];
    }
    let (west, south, side) = (f64::from(cell.easting_m()), f64::from(cell.northing_m()), f64::from(cell.size().metres()));
    let at = |x: f64, y: f64| -> Areas {
        // A hair inside: a point on a side belongs to another cell.
        let (x, y) = (x.clamp(west + 1e-3, west + side - 1e-3), y.clamp(south + 1e-3, south + side - 1e-3));
        systems.iter().map(|system| system.locate(cell, x, y).area).collect()
    };
    let borders: Vec<_> = systems.iter().flat_map(|system| system.borders_in(cell)).collect();
    if borders.is_empty() {
        return vec![at(west + side / 2.0, south + side / 2.0)];
    }
    let step = side / f64::from(POINTS);
    let places = (0..POINTS).map(|i| (f64::from(i) + 0.5) * step);
    let mut found: Vec<Areas> =
        places.clone().flat_map(|x| places.clone().map(move |y| (x, y))).map(|(x, y)| at(west + x, south + y)).collect();
    for [a, b] in borders {
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let length = dx.hypot(dy).max(1e-9);
        let (x, y) = ((a.x + b.x) / 2.0, (a.y + b.y) / 2.0);
        for aside in [ASIDE_M / length, -ASIDE_M / length] {
            found.push(at(x - dy * aside, y + dx * aside));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn write_to(release: &Release, (cells, pieces): (&[CellId], &[Vec<Areas>]), file: File) -> Result<(), ParquetError> {
    let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let (mut fields, mut columns): (Vec<Field>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
    if release.lattice.sizes.published() {
        let ids = cells.iter().zip(pieces).flat_map(|(cell, pieces)| pieces.iter().map(|_| cell.as_u64() as i64));
        fields.push(Field::new("cell", DataType::Int64, false));
        columns.push(Arc::new(Int64Array::from_iter_values(ids)));
    }
    for (at, system) in release.lattice.systems.iter().enumerate() {
        let keys: Int32Array = pieces.iter().flatten().map(|areas| areas[at].map(|area| area as i32)).collect();
        let names = StringArray::from_iter_values(system.areas.iter().map(|area| area.key.as_str()));
        columns.push(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(names))?));
        fields.push(Field::new(&system.name, text.clone(), true));
    }
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
    let properties = WriterProperties::builder()
        .set_created_by(concat!("kleinraum version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(file, batch.schema(), options)?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two areas that share a border at 10.005° E, crossing the grid askew.
    fn halves() -> AreaSystem {
        let square = |key: &str, west: f64, east: f64| {
            format!(
                r#"{{"type":"Feature","properties":{{"key":"{key}"}},"geometry":{{"type":"Polygon","coordinates":[[[{west},53.5],[{east},53.5],[{east},53.6],[{west},53.6],[{west},53.5]]]}}}}"#
            )
        };
        let text = format!(
            r#"{{"type":"FeatureCollection","features":[{},{}]}}"#,
            square("west", 9.9, 10.005),
            square("east", 10.005, 10.1)
        );
        AreaSystem::read_geojson_str("halves", None, "key", None, &text).unwrap()
    }

    #[test]
    fn a_cell_on_the_border_has_two_pieces_and_one_beside_it_has_one() {
        let system = Arc::new(halves());
        let size = GridSize::new(1000).unwrap();
        let index = [AreaIndex::new(&system, size)];
        let west = CellId::of_point(size, 4_321_500.0, 3_384_500.0).unwrap();
        let row: Vec<usize> = (-4..8)
            .map(|i| {
                pieces(&index, CellId::of_corner(size, west.easting_m() + i * 1000, west.northing_m()).unwrap(), false).len()
            })
            .collect();
        assert!(row.contains(&2) && row.contains(&1), "{row:?}");
        let none = AreaIndex::new(&system, GridSize::new(1000).unwrap());
        let all = combinations(&[none], &[Arc::clone(&system)], size, false);
        assert_eq!(all, [vec![None], vec![Some(0)], vec![Some(1)]]);
        // By cell, each lies in one place.
        assert_eq!(pieces(&index, west, true).len(), 1);
    }
}
