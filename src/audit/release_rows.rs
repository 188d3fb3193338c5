//! The rows of `release.parquet`, row group by row group: each becomes the numbers of its units by itself, so that they are read in parallel, and
//! is put behind those before it.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::audit::bundle::{Bare, Bundle, NO_DATA, Published, Sums, WITHHELD};
use crate::audit::bundle_error::BundleError;
use crate::audit::statement::Place;
use crate::grid::CellId;

/// A number that no row has told.
const ABSENT: i64 = i64::MIN;
/// Rows decoded at a time: their columns stay in a core's cache.
const BATCH_ROWS: usize = 1 << 14;

/// Row groups for each thread between two rests, when what they gave is put together.
const WAVE: usize = 3;

/// Reads all rows into the bundle, whose levels, dates and columns are known.
pub(super) fn read(bundle: &mut Bundle, file: &Path) -> Result<(), BundleError> {
    let unreadable = |e: &dyn std::fmt::Display| BundleError::unreadable(file, &std::io::Error::other(e.to_string()));
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true).with_schema(Arc::new(schema(bundle)));
    let opened = File::open(file).map_err(|e| BundleError::unreadable(file, &e))?;
    let metadata = ArrowReaderMetadata::load(&opened, options).map_err(|e| unreadable(&e))?;
    let groups: Vec<usize> = (0..metadata.metadata().num_row_groups()).collect();
    let mut last = None;
    // Some row groups at once: no more than these are in memory beside the numbers.
    for wave in groups.chunks(WAVE * rayon::current_num_threads()) {
        let known = &*bundle;
        let read_group = |&group: &usize| -> Result<RowGroup, BundleError> {
            let opened = File::open(file).map_err(|e| BundleError::unreadable(file, &e))?;
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(opened, metadata.clone());
            let reader = builder.with_row_groups(vec![group]).with_batch_size(BATCH_ROWS).build().map_err(|e| unreadable(&e))?;
            let mut rows = RowGroup::new(known);
            for batch in reader {
                let batch = batch.map_err(|e| unreadable(&e))?;
                rows.take(known, &batch).ok_or_else(|| BundleError::Unexpected { file: file.into() })?;
            }
            Ok(rows)
        };
        for rows in wave.par_iter().with_max_len(1).map(read_group).collect::<Vec<_>>() {
            rows?.append(bundle, &mut last);
        }
    }
    let missing = |numbers: &[i64]| numbers.par_iter().any(|&number| number == ABSENT);
    let gap =
        bundle.dates.iter().any(|d| d.grids.iter().any(|p| missing(&p.numbers)) || d.areas.iter().any(|p| missing(&p.numbers)));
    if gap { Err(BundleError::Unexpected { file: file.into() }) } else { Ok(()) }
}

/// The columns as they are read: texts as the dictionaries that the file keeps them in.
fn schema(bundle: &Bundle) -> Schema {
    let text = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    // A column of nothing but nulls has no dictionary, and is read sooner as plain texts.
    let date = if bundle.dates.iter().all(|date| date.name.is_none()) { DataType::Utf8 } else { text() };
    let mut fields = vec![Field::new("date", date, true)];
    fields.extend(["level", "id", "table", "group"].map(|name| Field::new(name, text(), false)));
    fields.push(Field::new("value", DataType::Int64, true));
    fields.push(Field::new("status", text(), false));
    // Joined cells tell their side; their code does too.
    let joined = bundle.parameters.contains_key("merge_largest");
    fields.extend(joined.then(|| Field::new("size_m", DataType::Int64, true)));
    Schema::new(fields)
}

/// A level of a date.
#[derive(Clone, Copy, PartialEq, Eq)]
struct At {
    date: usize,
    level: Level,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Grid(usize),
    Areas(usize),
}

#[derive(Clone, PartialEq, Eq)]
enum UnitName {
    Cell(CellId),
    Area(Arc<str>),
}

impl UnitName {
    fn cell(self) -> Option<CellId> {
        if let Self::Cell(cell) = self { Some(cell) } else { None }
    }

    fn area(self) -> Option<Arc<str>> {
        if let Self::Area(key) = self { Some(key) } else { None }
    }
}

/// Units that follow each other on one level, and one number for each unit and column.
struct Run {
    at: At,
    units: Vec<UnitName>,
    numbers: Vec<i64>,
    sums: Vec<SumRow>,
}

/// A sum of a measure: the unit's position in its run, the column of its count, and whether it is withheld.
struct SumRow {
    unit: usize,
    column: usize,
    withheld: bool,
}

/// What a row's table and group are.
#[derive(Clone, Copy)]
enum Column {
    Unasked,
    /// A count.
    Count(usize),
    /// A sum of a measure; the column of its count.
    Sum(usize),
}

/// A status by its position in a dictionary.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Withheld,
    NoData,
    Number,
}

/// The rows of one row group.
struct RowGroup {
    columns: FxHashMap<(String, String), usize>,
    runs: Vec<Run>,
}

/// A text column of a batch.
struct Texts<'b> {
    keys: &'b [i32],
    names: &'b StringArray,
}

impl<'b> Texts<'b> {
    fn of(batch: &'b RecordBatch, at: usize) -> Option<Self> {
        let column = batch.column(at).as_dictionary_opt::<Int32Type>()?;
        Some(Self { keys: column.keys().values(), names: column.values().as_string_opt::<i32>()? })
    }

    fn name(&self, key: i32) -> Option<&'b str> {
        let at = usize::try_from(key).ok()?;
        (at < self.names.len()).then(|| self.names.value(at))
    }
}

impl RowGroup {
    fn new(bundle: &Bundle) -> Self {
        Self { columns: bundle.columns.iter().cloned().zip(0..).collect(), runs: Vec::new() }
    }

    /// Takes in a batch; `None` where it is not what `run.json` describes.
    fn take(&mut self, bundle: &Bundle, batch: &RecordBatch) -> Option<()> {
        let dates = batch.column(0);
        // With a dictionary, or nothing but nulls.
        let dates = if dates.null_count() == dates.len() { None } else { Some((Texts::of(batch, 0)?, dates.nulls())) };
        let (levels, ids) = (Texts::of(batch, 1)?, Texts::of(batch, 2)?);
        let (tables, groups) = (Texts::of(batch, 3)?, Texts::of(batch, 4)?);
        let values = batch.column(5).as_primitive_opt::<Int64Type>()?;
        let nulls = values.nulls().filter(|nulls| nulls.null_count() > 0);
        let statuses = Texts::of(batch, 6)?;
        let told: Vec<Told> = statuses.names.iter().map(|name| Told::of(name.unwrap_or(""))).collect();
        let mut columns = vec![Column::Unasked; tables.names.len() * groups.names.len()];
        let date_of = |row: usize| match &dates {
            Some((dates, nulls)) if nulls.is_none_or(|nulls| nulls.is_valid(row)) => dates.keys[row],
            _ => -1,
        };
        let mut row = 0;
        while row < batch.num_rows() {
            let (date, level, id) = (date_of(row), levels.keys[row], ids.keys[row]);
            let name = dates.as_ref().filter(|_| date >= 0).and_then(|(dates, _)| dates.name(date));
            self.unit(bundle, name, (levels.name(level)?, ids.name(id)?))?;
            let same = |&next: &usize| ids.keys[next] == id && levels.keys[next] == level && date_of(next) == date;
            let end = row + (row..batch.num_rows()).take_while(same).count();
            let run = self.runs.last_mut()?;
            let (unit, first) = (run.units.len() - 1, run.numbers.len() - bundle.columns.len());
            let numbers = &mut run.numbers[first..];
            let of_rows = tables.keys[row..end].iter().zip(&groups.keys[row..end]).zip(&statuses.keys[row..end]);
            for (((&table, &group), &status), value) in of_rows.zip(&values.values()[row..end]) {
                let column = columns.get_mut(table as usize * groups.names.len() + group as usize)?;
                if let Column::Unasked = column {
                    *column = column_of(&self.columns, tables.name(table)?, groups.name(group)?)?;
                }
                let told = *told.get(status as usize)?;
                match (*column, told) {
                    (Column::Count(column), Told::Withheld) => numbers[column] = WITHHELD,
                    (Column::Count(column), Told::NoData) => numbers[column] = NO_DATA,
                    (Column::Count(column), Told::Number) if *value >= 0 => numbers[column] = *value,
                    (Column::Sum(column), _) => run.sums.push(SumRow { unit, column, withheld: told == Told::Withheld }),
                    _ => return None,
                }
            }
            row = end;
        }
        // A number without a value is none.
        let is_sum = |row: usize| {
            let column = columns[tables.keys[row] as usize * groups.names.len() + groups.keys[row] as usize];
            matches!(column, Column::Sum(_))
        };
        let lacks = |row: &usize| nulls.is_some_and(|nulls| nulls.is_null(*row));
        let mut lacking = (0..nulls.map_or(0, |nulls| nulls.len())).filter(lacks);
        lacking.all(|row| told[statuses.keys[row] as usize] != Told::Number || is_sum(row)).then_some(())
    }

    /// Begins a unit, unless the last batch ended within it.
    fn unit(&mut self, bundle: &Bundle, date: Option<&str>, (level, id): (&str, &str)) -> Option<()> {
        let date = bundle.dates.iter().position(|d| d.name.as_deref() == date)?;
        let (level, unit) = match bundle.sizes.iter().position(|s| s.0 == level) {
            Some(at) => (Level::Grid(at), UnitName::Cell(id.parse().ok()?)),
            None => (Level::Areas(bundle.systems.iter().position(|s| s == level)?), UnitName::Area(id.into())),
        };
        let at = At { date, level };
        let run = match self.runs.last_mut().filter(|run| run.at == at) {
            Some(run) if run.units.last() == Some(&unit) => return Some(()),
            Some(run) => run,
            None => {
                self.runs.push(Run { at, units: Vec::new(), numbers: Vec::new(), sums: Vec::new() });
                self.runs.last_mut()?
            }
        };
        run.units.push(unit);
        run.numbers.resize(run.numbers.len() + bundle.columns.len(), ABSENT);
        Some(())
    }

    /// Puts the rows behind those of the row groups before; `last` is the level and unit that these ended with.
    fn append(self, bundle: &mut Bundle, last: &mut Option<(At, UnitName)>) {
        let width = bundle.columns.len();
        for Run { at, units, numbers, sums } in self.runs {
            let Some(end) = units.last().cloned() else { continue };
            let goes_on = last.as_ref().is_some_and(|(place, unit)| *place == at && Some(unit) == units.first());
            *last = Some((at, end));
            let date = &mut bundle.dates[at.date];
            let (place, (first, kept)) = match at.level {
                Level::Grid(level) => {
                    let cells = units.into_iter().filter_map(UnitName::cell);
                    (Place::Grid(level as u32), extend(&mut date.grids[level], cells, goes_on, (&numbers, width)))
                }
                Level::Areas(system) => {
                    let keys = units.into_iter().filter_map(UnitName::area);
                    (Place::Areas(system as u32), extend(&mut date.areas[system], keys, goes_on, (&numbers, width)))
                }
            };
            sums.iter().for_each(|sum| look_at(sum, (at.date, place), (first, kept, width), &mut bundle.sums));
        }
    }
}

/// Appends units and their numbers, the first of which may go on with the last that is there; gives the position of the first, and all numbers.
fn extend<'p, U>(
    published: &'p mut Published<U>,
    units: impl Iterator<Item = U>,
    goes_on: bool,
    (numbers, width): (&[i64], usize),
) -> (usize, &'p [i64]) {
    let first = published.units.len() - usize::from(goes_on);
    published.units.extend(units.skip(usize::from(goes_on)));
    let (within, behind) = numbers.split_at(if goes_on { width } else { 0 });
    let told = published.numbers[first * width..].iter_mut().zip(within).filter(|(_, number)| **number != ABSENT);
    told.for_each(|(kept, &number)| *kept = number);
    published.numbers.par_extend(behind);
    (first, &published.numbers)
}

/// Looks at a sum of a measure beside its count.
fn look_at(sum: &SumRow, (date, place): (usize, Place), (first, numbers, width): (usize, &[i64], usize), sums: &mut Sums) {
    let (unit, column) = (first + sum.unit, sum.column);
    let bare = match numbers[unit * width + column] {
        WITHHELD => Some(Bare::CountWithheld),
        1 => Some(Bare::One),
        2 => Some(Bare::Two),
        _ => None,
    };
    if sum.withheld {
        sums.withheld += 1;
    } else {
        sums.shown += 1;
        sums.bare.extend(bare.map(|bare| (date, place, (unit, column), bare)));
    }
}

impl Told {
    fn of(status: &str) -> Self {
        match status {
            "suppressed" => Self::Withheld,
            "none" => Self::NoData,
            _ => Self::Number,
        }
    }
}

/// Sums of measures are `table:measure`.
fn column_of(columns: &FxHashMap<(String, String), usize>, table: &str, group: &str) -> Option<Column> {
    let count = |table: &str| columns.get(&(table.to_owned(), group.to_owned())).copied();
    match count(table) {
        Some(column) => Some(Column::Count(column)),
        None => count(table.split(':').next().unwrap_or("")).map(Column::Sum),
    }
}
