//! Spreadsheets: XLSX, XLSM, XLSB, XLS and ODS. The sheet that the plan names, or the first with anything in it; its first row with content is the header.
//!
//! The sheet is in memory whole while it is read, as the formats have it: at most 1 048 576 rows.

use calamine::{Data, Range, Reader as _, open_workbook_auto};

use super::failure::RecordsError;
use super::rows::{Cell, Gather, sampled};
use super::source::Source;
use super::{Batch, Consume, Dialect, Errand, Wanted, positions};
use crate::error::Error;

/// Reads a sheet.
pub(super) fn read(errand: &Errand, consume: Consume) -> Result<u64, Error> {
    let sheet = Sheet::open(&errand.source, errand.request.dialect)?;
    let columns = positions(&errand.source.file, &sheet.header, errand.request.wanted)?;
    let mut gather = Gather::new(errand, sheet.first_row());
    let share = errand.source.bytes / sheet.range.height().max(1) as u64;
    for row in sheet.body() {
        errand.progress.advance(share);
        if row.iter().all(is_blank) {
            gather.skip();
            continue;
        }
        let cells: Vec<Cell> = columns.iter().map(|&column| row.get(column).map_or(Cell::Missing, cell)).collect();
        gather.push(cells.iter(), consume)?;
    }
    gather.finish(consume)
}

/// Checks the columns.
pub(super) fn resolve(source: &Source, dialect: &Dialect, wanted: &[Wanted]) -> Result<(), RecordsError> {
    positions(&source.file, &Sheet::open(source, dialect)?.header, wanted).map(drop)
}

/// The first rows as text.
pub(super) fn sample(source: &Source, dialect: &Dialect) -> Result<(Vec<String>, Batch), RecordsError> {
    let sheet = Sheet::open(source, dialect)?;
    let filled = sheet.body().filter(|row| !row.iter().all(is_blank));
    let batch = sampled(&sheet.header, filled.map(|row| row.iter().map(cell).collect()), sheet.first_row());
    Ok((sheet.header.clone(), batch))
}

struct Sheet {
    range: Range<Data>,
    /// Rows of the range up to the header and with it.
    before: usize,
    header: Vec<String>,
}

impl Sheet {
    fn open(source: &Source, dialect: &Dialect) -> Result<Self, RecordsError> {
        let file = || source.file.clone();
        let corrupt = |_| RecordsError::Corrupt { file: source.file.clone(), format: "spreadsheet" };
        let mut book = open_workbook_auto(&source.file).map_err(corrupt)?;
        let names = book.sheet_names();
        let mut range = Range::empty();
        match &dialect.layer {
            Some(name) if !names.contains(name) => {
                return Err(RecordsError::NoLayer { file: file(), layer: name.clone(), layers: names });
            }
            Some(name) => range = book.worksheet_range(name).map_err(corrupt)?,
            None => {
                for name in &names {
                    // A sheet of charts has no cells.
                    range = book.worksheet_range(name).unwrap_or_default();
                    if !range.is_empty() {
                        break;
                    }
                }
            }
        }
        let header_at =
            range.rows().position(|row| !row.iter().all(is_blank)).ok_or_else(|| RecordsError::Empty { file: file() })?;
        let name = |cell_of: &Data| match cell(cell_of) {
            Cell::Text(text) => text.trim().to_owned(),
            Cell::Number(number) => super::parquet::float_text(number),
            Cell::Whole(number) => number.to_string(),
            Cell::Missing => String::new(),
        };
        let mut header: Vec<String> = range.rows().nth(header_at).expect("it was found").iter().map(name).collect();
        while header.len() > 1 && header.last().is_some_and(String::is_empty) {
            header.pop();
        }
        Ok(Self { range, before: header_at + 1, header })
    }

    fn body(&self) -> impl Iterator<Item = &[Data]> {
        self.range.rows().skip(self.before)
    }

    /// As the sheet numbers it.
    fn first_row(&self) -> u64 {
        u64::from(self.range.start().map_or(0, |(row, _)| row)) + self.before as u64 + 1
    }
}

fn is_blank(cell_of: &Data) -> bool {
    match cell_of {
        Data::Empty => true,
        Data::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// A day without a time is written as a day; errors such as `#NV` are missing.
fn cell(cell_of: &Data) -> Cell {
    match cell_of {
        Data::Empty | Data::Error(_) => Cell::Missing,
        Data::String(text) => Cell::Text(text.clone()),
        Data::Int(number) => Cell::Whole(*number),
        Data::Float(number) => Cell::Number(*number),
        Data::Bool(value) => Cell::Text(if *value { "true" } else { "false" }.to_owned()),
        Data::DateTime(time) if !time.is_datetime() => Cell::Number(time.as_f64()),
        Data::DateTime(time) => {
            let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
            let date = format!("{year:04}-{month:02}-{day:02}");
            Cell::Text(match (hour, minute, second) {
                (0, 0, 0) => date,
                _ => format!("{date}T{hour:02}:{minute:02}:{second:02}"),
            })
        }
        Data::DateTimeIso(text) => Cell::Text(text.strip_suffix("T00:00:00").unwrap_or(text).to_owned()),
        Data::DurationIso(text) => Cell::Text(text.clone()),
    }
}
