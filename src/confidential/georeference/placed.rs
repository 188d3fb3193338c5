//! Georeferencing alone: records with addresses in, a table of rows, cells and grades out, for a place that may not see addresses to count it.
//!
//! The table is about single records and belongs to where records may be; but it holds no address and no coordinate, only the cell. Rows without a
//! cell are in it too, with the grade of what was found, so that whoever counts knows of them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use rustc_hash::FxHashMap;

use super::by_address::{AddressSource, AddressTally, Addresses};
use super::unmatched::{UnmatchedError, write_for_owner};
use crate::confidential::account::{Account, Rejects};
use crate::confidential::grade::Grade;
use crate::confidential::records::{Batch, Dialect, Kind, Request, TextValues, Values, Wanted, read, resolve};
use crate::confidential::rejected::CountError;
use crate::confidential::sieve::Sieve;
use crate::error::Error;
use crate::grid::{CellId, GridSize};
use crate::progress::{Progress, Stage};

/// What is georeferenced, and where to.
#[derive(Clone, Debug)]
pub struct GeoreferenceSpec {
    /// The records.
    pub file: PathBuf,
    /// How text files are written.
    pub dialect: Dialect,
    /// Addresses and the register.
    pub source: AddressSource,
    /// The side of the cells.
    pub size: GridSize,
    /// Columns that go along, no address among them.
    pub keep: Vec<String>,
    /// The Parquet file to write.
    pub output: PathBuf,
}

/// The rows of one batch.
struct Placed {
    first_row: u64,
    rows: Vec<u64>,
    cells: Vec<Option<CellId>>,
    grades: Vec<Option<Grade>>,
    kept: Vec<Vec<u32>>,
}

/// The different texts of a kept column.
#[derive(Default)]
struct Categories {
    numbers: FxHashMap<String, u32>,
}

const NO_TEXT: u32 = u32::MAX;

impl Categories {
    fn number(&mut self, text: Option<&str>) -> u32 {
        let Some(text) = text else { return NO_TEXT };
        match self.numbers.get(text) {
            Some(&number) => number,
            None => {
                let number = self.numbers.len() as u32;
                self.numbers.insert(text.to_owned(), number);
                number
            }
        }
    }
}

/// Reads, places, writes. Memory: about 30 bytes a row and 4 for each column kept.
pub(in crate::confidential) fn georeference(spec: &GeoreferenceSpec, progress: &dyn Progress) -> Result<Account, Error> {
    let addresses = Addresses::new(&spec.source, spec.size)?;
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut want = |name: &str| {
        let known = wanted.iter().position(|w| w.name == name);
        known.unwrap_or_else(|| {
            wanted.push(Wanted { name: name.to_owned(), kind: Kind::Text });
            wanted.len() - 1
        })
    };
    let columns = spec.source.columns.in_order().map(|column| column.map(&mut want));
    let keep: Vec<usize> = spec.keep.iter().map(|name| want(name)).collect();
    let files = [spec.file.clone()];
    let request = Request { files: &files, dialect: &spec.dialect, wanted: &wanted };
    resolve(&request)?;
    let categories: Vec<Mutex<Categories>> = keep.iter().map(|_| Mutex::default()).collect();
    let all: Mutex<(Vec<Placed>, Rejects, AddressTally)> = Mutex::default();
    progress.begin(Stage::Read, std::fs::metadata(&spec.file).map(|metadata| metadata.len()).ok());
    let read = read(&request, progress, &|batch| {
        let (mut rejects, mut tally) = (Rejects::default(), AddressTally::default());
        let texts = columns.map(|column| column.map(|at| text(&batch, at)));
        let mut sieve = Sieve::new(&batch, &mut rejects);
        let (places, grades) = addresses.place(texts, &mut sieve, &mut tally);
        let cells = places.cells.iter().zip(sieve.standing()).map(|(&cell, &stands)| stands.then_some(cell)).collect();
        let kept = keep.iter().zip(&categories).map(|(&at, categories)| {
            let (texts, mut categories) = (text(&batch, at), categories.lock().expect("nobody panics with the lock"));
            (0..batch.rows).map(|row| categories.number(texts.get(row))).collect()
        });
        let rows = (0..batch.rows).map(|row| batch.row(row)).collect();
        let placed = Placed { first_row: batch.first_row, rows, cells, grades, kept: kept.collect() };
        let mut all = all.lock().expect("nobody panics with the lock");
        all.0.push(placed);
        all.1.merge(rejects);
        all.2.add(tally);
        Ok(())
    });
    progress.end();
    let records_read = read?;
    let (mut placed, rejects, tally) = all.into_inner().expect("nobody panics with the lock");
    placed.sort_unstable_by_key(|part| part.first_row);
    if let Some(file) = &spec.source.unmatched {
        file.write(&files, tally.unmatched)?;
    }
    let records_placed = records_read - rejects.total();
    let account = Account {
        sources: files.to_vec(),
        records_read,
        records_placed,
        rejects,
        grades: tally.grades,
        register_rows: Some(addresses.register_rows()),
        datum_shift: addresses.datum_shift(),
        ..Account::default()
    };
    CountError::check(&account, 1.0)?;
    let categories: Vec<Categories> =
        categories.into_iter().map(|c| c.into_inner().expect("nobody panics with the lock")).collect();
    let unwritable = |source| UnmatchedError::Unwritable { file: spec.output.clone(), source };
    let bytes = table(spec, &placed, &categories).map_err(|error| unwritable(std::io::Error::other(error.to_string())))?;
    write_for_owner(&spec.output, &bytes).map_err(unwritable)?;
    Ok(account)
}

/// Rows written at a time.
const GROUP_ROWS: usize = 1 << 20;

fn table(spec: &GeoreferenceSpec, placed: &[Placed], categories: &[Categories]) -> Result<Vec<u8>, ParquetError> {
    let properties = WriterProperties::builder()
        .set_created_by(concat!("kleinraum version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    // Numbers were given in the order in which threads came by; texts are written in their own.
    let sorted: Vec<(Vec<&str>, Vec<u32>)> = categories.iter().map(in_order).collect();
    let names: Vec<&str> = ["row", "cell", "grade"].into_iter().chain(spec.keep.iter().map(String::as_str)).collect();
    let mut writer: Option<ArrowWriter<Vec<u8>>> = None;
    let mut rest = placed;
    while !rest.is_empty() {
        let mut rows = 0;
        let more = |part: &&Placed| {
            let wanted = rows < GROUP_ROWS;
            rows += part.rows.len();
            wanted
        };
        let parts = rest.iter().take_while(more).count();
        let (group, behind) = rest.split_at(parts);
        rest = behind;
        let arrays = arrays(group, &sorted)?;
        let batch = RecordBatch::try_from_iter_with_nullable(
            names.iter().zip(arrays).enumerate().map(|(at, (name, array))| (*name, array, at > 0)),
        )?;
        let writer = match &mut writer {
            Some(writer) => writer,
            none => none.insert(ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties.clone()))?),
        };
        writer.write(&batch)?;
        writer.flush()?;
    }
    writer.expect("there are rows").into_inner()
}

/// The texts in order, and the place of each number among them.
fn in_order(categories: &Categories) -> (Vec<&str>, Vec<u32>) {
    let mut texts: Vec<(&str, u32)> = categories.numbers.iter().map(|(text, &number)| (text.as_str(), number)).collect();
    texts.sort_unstable();
    let mut places = vec![0; texts.len()];
    for (place, (_, number)) in texts.iter().enumerate() {
        places[*number as usize] = place as u32;
    }
    (texts.into_iter().map(|(text, _)| text).collect(), places)
}

fn arrays(group: &[Placed], kept: &[(Vec<&str>, Vec<u32>)]) -> Result<Vec<ArrayRef>, ParquetError> {
    let rows: Int64Array = group.iter().flat_map(|part| &part.rows).map(|&row| row as i64).collect();
    let cells = group.iter().flat_map(|part| &part.cells);
    let mut different: Vec<CellId> = cells.clone().flatten().copied().collect();
    different.sort_unstable();
    different.dedup();
    let codes: StringArray = different.iter().map(|cell| Some(cell.code())).collect();
    let keys = cells.map(|cell| cell.map(|cell| different.binary_search(&cell).expect("all were collected") as i32));
    let cells = dictionary(keys.collect(), Arc::new(codes))?;
    let names: StringArray = Grade::ALL.iter().map(|grade| grade.name()).chain(["none"]).map(Some).collect();
    let grades = group.iter().flat_map(|part| &part.grades);
    let grades =
        dictionary(grades.map(|grade| Some(grade.map_or(Grade::ALL.len(), |g| g as usize) as i32)).collect(), Arc::new(names))?;
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(rows), cells, grades];
    for (column, (texts, places)) in kept.iter().enumerate() {
        let keys = group.iter().flat_map(|part| &part.kept[column]);
        let keys = keys.map(|&number| (number != NO_TEXT).then(|| places[number as usize] as i32)).collect();
        let texts: StringArray = texts.iter().map(|text| Some(*text)).collect();
        arrays.push(dictionary(keys, Arc::new(texts))?);
    }
    Ok(arrays)
}

fn dictionary(keys: arrow_array::Int32Array, values: ArrayRef) -> Result<ArrayRef, ParquetError> {
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, values)?))
}

fn text(batch: &Batch, column: usize) -> &TextValues {
    match &batch.columns[column] {
        Values::Text(texts) => texts,
        Values::Number(_) => unreachable!("asked for as text"),
    }
}
