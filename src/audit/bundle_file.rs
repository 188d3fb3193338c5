//! Reads a bundle: `release.parquet`, what `run.json` tells beside it, and `incidence.parquet` (which cells lie in which areas).

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::audit::bundle::{Bare, Bundle, Date, NO_DATA, Published, Sums, WHOLE, WITHHELD};
use crate::audit::bundle_error::BundleError;
use crate::audit::statement::Place;
use crate::grid::{CellId, GridSize};

#[derive(Deserialize)]
struct RunJson {
    protection: Protection,
    records: Records,
    fields: Vec<DescribedField>,
    layers: Vec<DescribedLayer>,
}

#[derive(Deserialize)]
struct Protection {
    method: String,
    parameters: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Records {
    placed: Told,
    #[serde(default)]
    areas: BTreeMap<String, AreaRecords>,
}

#[derive(Deserialize)]
struct AreaRecords {
    outside: Told,
}

#[derive(Deserialize)]
struct Told {
    count: Option<i64>,
}

#[derive(Deserialize)]
struct DescribedField {
    table: String,
    group: String,
}

#[derive(Deserialize)]
struct DescribedLayer {
    level: String,
    #[serde(default)]
    date: Option<String>,
}

impl Bundle {
    /// Reads `run.json`, `release.parquet` and, where there are areas, `incidence.parquet`.
    pub(super) fn read(folder: &Path) -> Result<Self, BundleError> {
        let file = folder.join("run.json");
        let text = std::fs::read(&file).map_err(|e| BundleError::unreadable(&file, &e))?;
        let run: RunJson = serde_json::from_slice(&text).map_err(|e| BundleError::unreadable(&file, &e))?;
        let mut sizes: Vec<(String, GridSize)> = Vec::new();
        let mut systems: Vec<String> = Vec::new();
        let mut dates: Vec<Option<String>> = Vec::new();
        for layer in run.layers {
            match grid_size(&layer.level) {
                Some(size) if !sizes.iter().any(|s| s.1 == size) => sizes.push((layer.level, size)),
                None if !systems.contains(&layer.level) => systems.push(layer.level),
                _ => {}
            }
            if !dates.contains(&layer.date) {
                dates.push(layer.date);
            }
        }
        sizes.sort_by_key(|s| s.1);
        if sizes.is_empty() {
            sizes.push((WHOLE.to_owned(), whole().size()));
        }
        // Sums of measures are withheld where their counts are, which is looked at as they are read; what is attacked is the counts.
        let counts = run.fields.into_iter().filter(|field| !field.table.contains(':'));
        let date = |name| Date {
            name,
            grids: sizes.iter().map(|_| Published::default()).collect(),
            areas: systems.iter().map(|_| Published::default()).collect(),
            bounds: Vec::new(),
        };
        let mut bundle = Self {
            method: run.protection.method,
            parameters: run.protection.parameters,
            // A number of several dates together tells of none of them.
            placed: run.records.placed.count.filter(|_| dates.len() == 1),
            outside: run.records.areas.into_iter().map(|(name, told)| (name, told.outside.count)).collect(),
            columns: counts.map(|field| (field.table, field.group)).collect(),
            dates: dates.into_iter().map(date).collect(),
            sizes,
            systems,
            incidence: FxHashMap::default(),
            sums: Sums::default(),
        };
        if bundle.gridless() {
            // Bundles with changed numbers say nothing of it either, and are checked by what they show alone.
            let width = if ["suppress", "none"].contains(&bundle.method.as_str()) { bundle.columns.len() } else { 0 };
            for grid in bundle.dates.iter_mut().filter(|_| width > 0).map(|date| &mut date.grids[0]) {
                grid.units.push(whole());
                grid.numbers.resize(width, NO_DATA);
            }
        }
        bundle.read_release(&folder.join("release.parquet"))?;
        if !bundle.systems.is_empty() {
            bundle.read_incidence(&folder.join("incidence.parquet"))?;
        }
        Ok(bundle)
    }

    fn read_release(&mut self, file: &Path) -> Result<(), BundleError> {
        let text = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let names = ["date", "level", "id", "table", "group"];
        let mut fields: Vec<Field> = names.iter().map(|name| Field::new(*name, text(), *name == "date")).collect();
        fields.push(Field::new("value", DataType::Int64, true));
        fields.push(Field::new("status", text(), false));
        // Joined cells tell their side; their code does too.
        let joined = self.parameters.contains_key("merge_largest");
        fields.extend(joined.then(|| Field::new("size_m", DataType::Int64, true)));
        let mut filling = Filling::new(self);
        for batch in reader(file, Some(Schema::new(fields)))? {
            let batch = batch.map_err(|e| BundleError::unreadable(file, &e))?;
            filling.take(&batch).ok_or_else(|| BundleError::Unexpected { file: file.into() })?;
        }
        let missing = |numbers: &[i64]| numbers.contains(&ABSENT);
        let gap =
            self.dates.iter().any(|d| d.grids.iter().any(|p| missing(&p.numbers)) || d.areas.iter().any(|p| missing(&p.numbers)));
        if gap { Err(BundleError::Unexpected { file: file.into() }) } else { Ok(()) }
    }

    fn read_incidence(&mut self, file: &Path) -> Result<(), BundleError> {
        let mut known: FxHashMap<String, Arc<str>> = FxHashMap::default();
        for batch in reader(file, None)? {
            let batch = batch.map_err(|e| BundleError::unreadable(file, &e))?;
            let unexpected = || BundleError::Unexpected { file: file.into() };
            let cells = batch.column_by_name("cell").and_then(|c| c.as_primitive_opt::<Int64Type>());
            if cells.is_none() && !self.gridless() {
                return Err(unexpected());
            }
            let keys = self.systems.iter().map(|system| batch.column_by_name(system).and_then(|c| c.as_string_opt::<i32>()));
            let keys = keys.collect::<Option<Vec<_>>>().ok_or_else(unexpected)?;
            for row in 0..batch.num_rows() {
                let told = |cells: &Int64Array| u64::try_from(cells.value(row)).ok().and_then(CellId::from_u64);
                let cell = cells.map_or(Some(whole()), told).ok_or_else(unexpected)?;
                let mut key = |column: &&arrow_array::StringArray| {
                    (!column.is_null(row)).then(|| {
                        let text = column.value(row);
                        Arc::clone(known.entry(text.to_owned()).or_insert_with(|| text.into()))
                    })
                };
                self.incidence.entry(cell).or_default().push(keys.iter().map(&mut key).collect());
            }
        }
        Ok(())
    }
}

fn reader(file: &Path, schema: Option<Schema>) -> Result<ParquetRecordBatchReader, BundleError> {
    let opened = File::open(file).map_err(|e| BundleError::unreadable(file, &e))?;
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let options = match schema {
        Some(schema) => options.with_schema(Arc::new(schema)),
        None => options,
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(opened, options);
    let reader = builder.and_then(|builder| builder.with_batch_size(1 << 16).build());
    reader.map_err(|e| BundleError::unreadable(file, &e))
}

/// Stands for all records where there is no grid.
fn whole() -> CellId {
    let size = GridSize::new(GridSize::MAX_M).expect("the largest size is one");
    CellId::of_corner(size, 0, 0).expect("the grid begins with a cell")
}

/// `100m`, `1km`; `None` for the name of an area system.
fn grid_size(level: &str) -> Option<GridSize> {
    let metres = match level.strip_suffix("km") {
        Some(km) => km.parse::<u32>().ok()?.checked_mul(1000)?,
        None => level.strip_suffix('m')?.parse().ok()?,
    };
    GridSize::new(metres).ok().filter(|size| size.level_name() == level)
}

const ABSENT: i64 = i64::MIN;

/// Rows of the long form on their way to their places.
struct Filling<'b> {
    columns: FxHashMap<(String, String), usize>,
    bundle: &'b mut Bundle,
    /// Date, level and unit of the last row.
    at: Option<(usize, Level, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Grid(usize),
    Areas(usize),
}

impl<'b> Filling<'b> {
    fn new(bundle: &'b mut Bundle) -> Self {
        let columns = bundle.columns.iter().enumerate().map(|(at, column)| (column.clone(), at)).collect();
        Self { columns, bundle, at: None }
    }

    /// Takes in a batch; `None` where it is not what `run.json` describes.
    fn take(&mut self, batch: &RecordBatch) -> Option<()> {
        let dictionary = |at: usize| -> Option<(&[i32], Vec<&str>)> {
            let column = batch.column(at).as_dictionary_opt::<Int32Type>()?;
            let values = column.values().as_string_opt::<i32>()?;
            Some((column.keys().values().as_ref(), values.iter().map(|v| v.unwrap_or("")).collect()))
        };
        let is_null = batch.column(0);
        let (dates, date_names) = dictionary(0)?;
        let (levels, level_names) = dictionary(1)?;
        let (ids, id_names) = dictionary(2)?;
        let (tables, table_names) = dictionary(3)?;
        let (groups, group_names) = dictionary(4)?;
        let values = batch.column(5).as_primitive_opt::<Int64Type>()?;
        let (statuses, status_names) = dictionary(6)?;
        // Columns by their keys in this batch; sums of measures have none.
        let mut columns: FxHashMap<(i32, i32), Option<usize>> = FxHashMap::default();
        let mut last = (i32::MIN, i32::MIN, i32::MIN);
        for row in 0..batch.num_rows() {
            let date_key = if is_null.is_null(row) { -1 } else { dates[row] };
            let keys = (date_key, levels[row], ids[row]);
            if keys != last {
                let date = (date_key >= 0).then(|| date_names[date_key as usize]);
                self.unit(date, level_names[keys.1 as usize], id_names[keys.2 as usize])?;
                last = keys;
            }
            let column = *columns.entry((tables[row], groups[row])).or_insert_with(|| {
                let name = (table_names[tables[row] as usize].to_owned(), group_names[groups[row] as usize].to_owned());
                self.columns.get(&name).copied()
            });
            let Some(column) = column else {
                let table = table_names[tables[row] as usize].split(':').next().unwrap_or("").to_owned();
                let count = self.columns.get(&(table, group_names[groups[row] as usize].to_owned())).copied()?;
                self.sum(count, status_names[statuses[row] as usize] == "suppressed")?;
                continue;
            };
            let number = match status_names[statuses[row] as usize] {
                "suppressed" => WITHHELD,
                "none" => NO_DATA,
                _ if values.is_null(row) || values.value(row) < 0 => return None,
                _ => values.value(row),
            };
            let width = self.bundle.columns.len();
            let (date, level, _) = self.at.as_ref()?;
            let date = &mut self.bundle.dates[*date];
            let numbers = match level {
                Level::Grid(level) => &mut date.grids[*level].numbers,
                Level::Areas(system) => &mut date.areas[*system].numbers,
            };
            let first = numbers.len() - width;
            numbers[first + column] = number;
        }
        Some(())
    }

    /// Looks at a sum of a measure beside its count, which comes first.
    fn sum(&mut self, column: usize, withheld: bool) -> Option<()> {
        let width = self.bundle.columns.len();
        let (date, level, _) = self.at.as_ref()?;
        let of_date = &self.bundle.dates[*date];
        let (place, numbers) = match level {
            Level::Grid(level) => (Place::Grid(*level as u32), &of_date.grids[*level].numbers),
            Level::Areas(system) => (Place::Areas(*system as u32), &of_date.areas[*system].numbers),
        };
        let unit = numbers.len() / width - 1;
        let bare = match numbers[unit * width + column] {
            WITHHELD => Some(Bare::CountWithheld),
            1 => Some(Bare::One),
            2 => Some(Bare::Two),
            _ => None,
        };
        let sums = &mut self.bundle.sums;
        if withheld {
            sums.withheld += 1;
        } else {
            sums.shown += 1;
            sums.bare.extend(bare.map(|bare| (*date, place, (unit, column), bare)));
        }
        Some(())
    }

    /// Begins a unit, unless the last batch ended within it.
    fn unit(&mut self, date: Option<&str>, level: &str, id: &str) -> Option<()> {
        let date = self.bundle.dates.iter().position(|d| d.name.as_deref() == date)?;
        let level = match self.bundle.sizes.iter().position(|s| s.0 == level) {
            Some(at) => Level::Grid(at),
            None => Level::Areas(self.bundle.systems.iter().position(|s| s == level)?),
        };
        if self.at.as_ref().is_some_and(|at| at.0 == date && at.1 == level && at.2 == id) {
            return Some(());
        }
        let width = self.bundle.columns.len();
        let of_date = &mut self.bundle.dates[date];
        let numbers = match level {
            Level::Grid(at) => {
                of_date.grids[at].units.push(id.parse().ok()?);
                &mut of_date.grids[at].numbers
            }
            Level::Areas(system) => {
                of_date.areas[system].units.push(id.into());
                &mut of_date.areas[system].numbers
            }
        };
        numbers.resize(numbers.len() + width, ABSENT);
        self.at = Some((date, level, id.to_owned()));
        Some(())
    }
}
