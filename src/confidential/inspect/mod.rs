//! Looks at the beginning of a source and says what it is: format, encoding, columns, likely position; proposes a plan.
//!
//! Uses `records` and `grid`. What leaves is about columns, not about persons: types, coarse numbers of distinct values, rounded shares. A
//! category's label is shown only if it occurs often.

mod address;
mod column;
mod explain;
mod plan;
mod position;
mod words;

use std::path::{Path, PathBuf};

use crate::confidential::records::{Dialect, Format, Values, declared_system, sample};
use crate::error::Error;

pub use address::AddressFinding;
pub use column::{ColumnFinding, Distinct, Role, ValueType};
pub use position::{PositionFinding, SystemSource};

/// Likely reference systems of coordinates (first axis, second axis): EPSG codes, each with a confidence from 0 to 1, best first.
pub type GuessSystems<'a> = &'a dyn Fn(&[f64], &[f64]) -> Vec<(u32, f64)>;

/// What was recognised in a file. Holds no value of a record.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The file.
    pub file: PathBuf,
    /// Its layer or table, where one was named.
    pub layer: Option<String>,
    /// What a database was asked, where it was a query.
    pub query: Option<String>,
    /// `CSV`, `Parquet`, `GeoJSON`, …
    pub format: &'static str,
    /// The text's encoding, for CSV.
    pub encoding: Option<&'static str>,
    /// The sign between fields, for CSV.
    pub separator: Option<char>,
    /// The decimal sign, if the columns agree on one.
    pub decimal: Option<char>,
    /// The sign around texts, if there is any.
    pub quote: Option<char>,
    /// How many rows were looked at, rounded to two digits.
    pub rows_seen: usize,
    /// How many of them in a hundred could not be taken apart, rounded up.
    pub faulty_percent: u8,
    /// Whether the first row names the columns.
    pub has_header: bool,
    /// The columns in the order of the file.
    pub columns: Vec<ColumnFinding>,
    /// Where the records lie, if that was recognised.
    pub position: Option<PositionFinding>,
}

/// Recognises a file from its first megabyte (Parquet, GeoJSON: first 10 000 records).
///
/// # Errors
/// If the file cannot be read, has no records or is of a foreign type.
pub fn inspect(file: &Path, dialect: &Dialect, guess: GuessSystems) -> Result<Inspection, Error> {
    let sample = sample(file, dialect)?;
    let rows = sample.batch.rows;
    let mut columns = Vec::with_capacity(sample.header.len());
    for (position, values) in sample.batch.columns.iter().enumerate() {
        let Values::Text(texts) = values else { unreachable!("a sample holds texts") };
        let name = if sample.header_is_data { format!("column {}", position + 1) } else { sample.header[position].clone() };
        columns.push(ColumnFinding::of(name, texts, sample.numbers[position]));
    }
    let declared = declared_system(file, dialect, sample.geometry.as_deref())?;
    let position = position::find(&columns, &sample, declared.as_deref(), guess);
    let by_address = || AddressFinding::of(&columns).map(PositionFinding::Address);
    let by_key = || address::area_key(&columns).map(|column| PositionFinding::AreaKey { column });
    let position = position.or_else(by_address).or_else(by_key);
    if let Some(PositionFinding::Coordinates { x, y, .. }) = &position {
        columns.iter_mut().filter(|column| column.name == *x).for_each(|column| column.role = Some(Role::X));
        columns.iter_mut().filter(|column| column.name == *y).for_each(|column| column.role = Some(Role::Y));
    }
    let mixed = sample.numbers.iter().any(|form| form.certain && Some(char::from(form.decimal)) != sample.decimal);
    Ok(Inspection {
        file: file.to_owned(),
        layer: dialect.layer.clone(),
        query: dialect.query.clone(),
        format: match sample.format {
            Format::Csv => "CSV",
            Format::Parquet => "Parquet",
            Format::GeoJson => "GeoJSON",
            Format::Spreadsheet => "spreadsheet",
            Format::GeoPackage => "GeoPackage",
            Format::Sqlite => "SQLite",
            Format::Shapefile => "Shapefile",
            Format::FlatGeobuf => "FlatGeobuf",
            Format::PostGis => "PostgreSQL",
            #[cfg(feature = "gdal")]
            Format::Gdal => "GDAL",
        },
        encoding: sample.encoding,
        separator: sample.separator,
        decimal: sample.decimal.filter(|_| !mixed),
        quote: sample.quote,
        rows_seen: coarse(rows),
        faulty_percent: (100 * sample.batch.faulty.len()).div_ceil(rows) as u8,
        has_header: !sample.header_is_data,
        columns,
        position,
    })
}

/// Two significant digits.
fn coarse(rows: usize) -> usize {
    let unit = 10_usize.pow(rows.max(1).ilog10().saturating_sub(1));
    rows / unit * unit
}

#[cfg(test)]
mod tests;
