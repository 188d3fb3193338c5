//! `release.parquet`: its own rules, and its numbers in memory for all the other checks.

use std::fs::File;
use std::path::Path;

use arrow_array::{Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use rustc_hash::FxHashMap;

use crate::confidential::Status;
use crate::grid::{CellId, GridSize};
use crate::verify::description::{DescribedLayer, Description};
use crate::verify::{Findings, Problem, Verified};

const FILE: &str = "release.parquet";
/// Tells the side of a cell where cells of one level have several.
pub(super) const SIZE: &str = "size_m";
const COLUMNS: [&str; 7] = ["date", "level", "id", "table", "group", "value", "status"];

/// A published number with its status in eight bytes: numbers lie within ±2^61, reserved ones at the lower end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(i64);

impl Number {
    const ABSENT: Self = Self(i64::MIN);
    const SUPPRESSED: Self = Self(i64::MIN + 1);
    const NO_DATA: Self = Self(i64::MIN + 2);
    const UNCERTAIN_OFFSET: i64 = 1 << 62;
    const LIMIT: i64 = 1 << 61;

    /// `None` where number and status contradict each other.
    pub(super) fn new(value: Option<i64>, status: Status) -> Option<Self> {
        if value.is_some_and(|v| v.unsigned_abs() >= Self::LIMIT.unsigned_abs()) {
            return None;
        }
        match (value, status) {
            (None, Status::Suppressed) => Some(Self::SUPPRESSED),
            (None, Status::None) => Some(Self::NO_DATA),
            (Some(0), Status::Zero) => Some(Self(0)),
            (Some(v), Status::Value) if v != 0 => Some(Self(v)),
            (Some(v), Status::Uncertain) => Some(Self(v + Self::UNCERTAIN_OFFSET)),
            _ => None,
        }
    }

    /// `None` where `release.parquet` has no such row.
    pub(super) fn status(self) -> Option<Status> {
        match self {
            Self::ABSENT => None,
            Self::SUPPRESSED => Some(Status::Suppressed),
            Self::NO_DATA => Some(Status::None),
            Self(0) => Some(Status::Zero),
            Self(v) if v > Self::LIMIT => Some(Status::Uncertain),
            Self(_) => Some(Status::Value),
        }
    }

    pub(super) fn value(self) -> Option<i64> {
        match self.status()? {
            Status::Suppressed | Status::None => None,
            Status::Uncertain => Some(self.0 - Self::UNCERTAIN_OFFSET),
            Status::Value | Status::Zero => Some(self.0),
        }
    }
}

/// The numbers of all layers, in the order of the description.
#[derive(Debug, Default)]
pub(super) struct Published {
    pub(super) layers: Vec<PublishedLayer>,
}

/// One layer: its units in the file's order, and one number for each unit and field.
#[derive(Debug, Default)]
pub(super) struct PublishedLayer {
    /// The cells' side, the smallest where they have several; `None` for areas.
    pub(super) size: Option<GridSize>,
    /// The largest side that cells may have, where it is more than the smallest.
    pub(super) largest: Option<GridSize>,
    /// Feature ids, one for each unit.
    pub(super) feature_ids: Vec<u64>,
    keys: Vec<Box<str>>,
    rows: FxHashMap<u64, u32>,
    numbers: Vec<Number>,
    columns: usize,
}

impl PublishedLayer {
    fn of(described: &DescribedLayer, columns: usize, joined: Option<GridSize>) -> Self {
        let size = grid_size(&described.level);
        let largest = joined.filter(|&largest| size.is_some_and(|size| size < largest));
        Self { size, largest, columns, ..Self::default() }
    }

    /// The side that a format must tell of a cell, if cells have several.
    pub(super) fn size_m(&self, row: usize) -> Option<i64> {
        self.largest.and_then(|_| self.cell(row)).map(|cell| i64::from(cell.size().metres()))
    }

    /// Cells that lie in a larger cell of the same layer.
    fn overlapping(&self) -> impl Iterator<Item = usize> + '_ {
        let mut sizes: Vec<GridSize> = Vec::new();
        if self.largest.is_some() {
            sizes.extend((0..self.len()).filter_map(|row| self.cell(row)).map(|cell| cell.size()));
            sizes.sort_unstable();
            sizes.dedup();
        }
        let within = move |row: &usize| {
            let larger = |cell: CellId| sizes.iter().filter(move |&&size| size > cell.size()).map(move |&size| cell.parent(size));
            self.cell(*row).is_some_and(|cell| larger(cell).any(|larger| self.row(larger.as_u64()).is_some()))
        };
        (0..self.len()).filter(within)
    }

    pub(super) fn len(&self) -> usize {
        self.feature_ids.len()
    }

    /// The unit's position by its feature id.
    pub(super) fn row(&self, feature_id: u64) -> Option<usize> {
        self.rows.get(&feature_id).map(|&row| row as usize)
    }

    /// The unit's id as text: cell code or area key.
    pub(super) fn unit_id(&self, row: usize) -> String {
        match self.cell(row) {
            Some(cell) => cell.code(),
            None => self.keys[row].to_string(),
        }
    }

    /// The unit's cell, if the layer has cells.
    pub(super) fn cell(&self, row: usize) -> Option<CellId> {
        self.size.and_then(|_| CellId::from_u64(self.feature_ids[row]))
    }

    /// One number for each field.
    pub(super) fn numbers(&self, row: usize) -> &[Number] {
        &self.numbers[row * self.columns..(row + 1) * self.columns]
    }

    fn row_or_new(&mut self, level: &str, id: &str) -> Option<usize> {
        let feature_id = match self.size {
            Some(size) => {
                let fits = |cell: &CellId| {
                    cell.size() == size || self.largest.is_some_and(|l| cell.size() > size && joins(*cell, size, l))
                };
                id.parse::<CellId>().ok().filter(|cell| fits(cell) && cell.code() == id)?.as_u64()
            }
            None => crate::layer::area_feature_id(level, id),
        };
        if let Some(row) = self.row(feature_id) {
            return Some(row);
        }
        let row = self.len();
        self.rows.insert(feature_id, u32::try_from(row).ok()?);
        self.feature_ids.push(feature_id);
        if self.size.is_none() {
            self.keys.push(id.into());
        }
        self.numbers.resize((row + 1) * self.columns, Number::ABSENT);
        Some(row)
    }
}

/// Whether a cell's side is a multiple of the level's and divides the largest.
fn joins(cell: CellId, size: GridSize, largest: GridSize) -> bool {
    let side_m = cell.size().metres();
    side_m.is_multiple_of(size.metres()) && largest.metres().is_multiple_of(side_m)
}

/// `100m`, `1km`; `None` for the name of an area system.
pub(super) fn grid_size(level: &str) -> Option<GridSize> {
    let metres = match level.strip_suffix("km") {
        Some(km) => km.parse::<u32>().ok()?.checked_mul(1000)?,
        None => level.strip_suffix('m')?.parse().ok()?,
    };
    GridSize::new(metres).ok().filter(|size| size.level_name() == level)
}

/// Reads and checks the file. What cannot be read is told and left out.
pub(super) fn read(bundle: &Path, description: &Description) -> (Verified, Published) {
    let mut findings = Findings::of(FILE);
    let columns = description.fields.len();
    let joined = description.largest_joined();
    let layers = description.layers.iter().map(|layer| PublishedLayer::of(layer, columns, joined)).collect();
    let mut loading = Loading { description, columns: columns_by_name(description), published: Published { layers }, rows: 0 };
    if let Err(problem) = loading.read(&bundle.join(FILE), &mut findings) {
        findings.add("", problem);
    }
    for (layer, described) in loading.published.layers.iter().zip(&description.layers) {
        for row in layer.overlapping() {
            findings.add(format!("{}, {}", described.name, layer.unit_id(row)), Problem::CellsOverlap);
        }
        for row in 0..layer.len() {
            if layer.numbers(row).contains(&Number::ABSENT) {
                findings.add(format!("{}, {}", described.name, layer.unit_id(row)), Problem::ReleaseGap);
            }
        }
    }
    let checks = vec![("release", loading.rows)];
    (findings.into_part(checks), loading.published)
}

type ColumnsByName<'d> = FxHashMap<&'d str, FxHashMap<&'d str, usize>>;

fn columns_by_name(description: &Description) -> ColumnsByName<'_> {
    let mut columns = ColumnsByName::default();
    for (position, field) in description.fields.iter().enumerate() {
        columns.entry(&field.table).or_default().insert(&field.group, position);
    }
    columns
}

struct Loading<'d> {
    description: &'d Description,
    columns: ColumnsByName<'d>,
    published: Published,
    rows: u64,
}

impl Loading<'_> {
    fn read(&mut self, path: &Path, findings: &mut Findings) -> Result<(), Problem> {
        let file = File::open(path).map_err(|_| Problem::FileMissing)?;
        // The file's own types, not the hints that an Arrow writer leaves: text is text.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let builder =
            ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(|_| Problem::ReleaseUnreadable)?;
        let schema = builder.schema().clone();
        let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        let typed = schema.fields().iter().all(|f| match f.name().as_str() {
            "value" | SIZE => *f.data_type() == DataType::Int64,
            _ => *f.data_type() == DataType::Utf8,
        });
        let joined = self.description.largest_joined().map(|_| SIZE);
        if !names.iter().copied().eq(COLUMNS.into_iter().chain(joined)) || !typed {
            return Err(Problem::ReleaseSchema);
        }
        for batch in builder.with_batch_size(1 << 15).build().map_err(|_| Problem::ReleaseUnreadable)? {
            self.take(&batch.map_err(|_| Problem::ReleaseUnreadable)?, findings)?;
        }
        Ok(())
    }

    fn take(&mut self, batch: &RecordBatch, findings: &mut Findings) -> Result<(), Problem> {
        let text = |i: usize| batch.column(i).as_any().downcast_ref::<StringArray>().ok_or(Problem::ReleaseSchema);
        let (dates, levels, ids, tables, groups, statuses) = (text(0)?, text(1)?, text(2)?, text(3)?, text(4)?, text(6)?);
        let values = batch.column(5).as_any().downcast_ref::<Int64Array>().ok_or(Problem::ReleaseSchema)?;
        let sizes = batch.column_by_name(SIZE).and_then(|column| column.as_any().downcast_ref::<Int64Array>());
        let required = [levels, ids, tables, groups, statuses];
        // Rows come sorted, so that the layer and the unit of the row before are mostly those of this one.
        let mut layer_before: Option<(Option<&str>, &str, usize)> = None;
        let mut unit_before: Option<(usize, &str, usize)> = None;
        for i in 0..batch.num_rows() {
            self.rows += 1;
            let row_number = self.rows;
            let place = || format!("row {row_number}");
            if required.iter().any(|column| column.is_null(i)) {
                findings.add(place(), Problem::ReleaseNull);
                continue;
            }
            let date = dates.is_valid(i).then(|| dates.value(i));
            let level = levels.value(i);
            let layer = match layer_before {
                Some((d, l, position)) if d == date && l == level => Some(position),
                _ => self.description.layers.iter().position(|l| l.level == level && l.date.as_deref() == date),
            };
            let Some(layer) = layer else {
                findings.add(place(), Problem::ReleaseLayer);
                continue;
            };
            layer_before = Some((date, level, layer));
            let id = ids.value(i);
            let row = match unit_before {
                Some((l, before, row)) if l == layer && before == id => Some(row),
                _ => self.published.layers[layer].row_or_new(level, id),
            };
            let Some(row) = row else {
                findings.add(place(), Problem::ReleaseCell);
                continue;
            };
            unit_before = Some((layer, id, row));
            let side_m = self.published.layers[layer].cell(row).map(|cell| i64::from(cell.size().metres()));
            if sizes.is_some_and(|sizes| sizes.is_valid(i).then(|| sizes.value(i)) != side_m) {
                findings.add(place(), Problem::SizeWrong);
            }
            let Some(&column) = self.columns.get(tables.value(i)).and_then(|groups_of| groups_of.get(groups.value(i))) else {
                findings.add(place(), Problem::ReleaseColumn);
                continue;
            };
            let Some(status) = Status::ALL.into_iter().find(|s| s.name() == statuses.value(i)) else {
                findings.add(place(), Problem::ReleaseStatus);
                continue;
            };
            let number = Number::new(values.is_valid(i).then(|| values.value(i)), status);
            let slot = row * self.description.fields.len() + column;
            let slot = &mut self.published.layers[layer].numbers[slot];
            let twice = *slot != Number::ABSENT;
            match number {
                Some(number) => *slot = number,
                None => {
                    *slot = Number::NO_DATA;
                    findings.add(place(), Problem::ReleaseNumber);
                }
            }
            if twice {
                findings.add(place(), Problem::ReleaseTwice);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_statuses_agree() {
        for (value, status) in [
            (Some(7), Status::Value),
            (Some(-7), Status::Value),
            (Some(0), Status::Zero),
            (None, Status::Suppressed),
            (None, Status::None),
            (Some(0), Status::Uncertain),
            (Some(3), Status::Uncertain),
        ] {
            let number = Number::new(value, status).unwrap();
            assert_eq!((number.value(), number.status()), (value, Some(status)));
        }
        assert_eq!(Number::new(Some(0), Status::Value), None);
        assert_eq!(Number::new(Some(1), Status::Zero), None);
        assert_eq!(Number::new(Some(1), Status::Suppressed), None);
        assert_eq!(Number::new(None, Status::Value), None);
    }

    #[test]
    fn levels_of_cells_and_of_areas() {
        assert_eq!(grid_size("100m").map(GridSize::metres), Some(100));
        assert_eq!(grid_size("10km").map(GridSize::metres), Some(10_000));
        assert_eq!(grid_size("1000m"), None);
        assert_eq!(grid_size("gemeinde"), None);
    }
}
