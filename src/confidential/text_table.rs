//! A file read whole as text: plain tables, whose rows are cells.
//!
//! Reads what records are read from (CSV in any usual dialect, gzip, Parquet), through the same readers.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::confidential::records::{self, Batch, Dialect, Kind, NumberForm, NumberState, Values, Wanted};
use crate::error::{Error, Failure, Language};
use crate::progress::Silent;
use crate::say;

/// A table as text, in the order of the file. Memory: the whole file.
pub struct TextTable {
    /// Where it was read from.
    pub file: PathBuf,
    /// The header.
    pub columns: Vec<String>,
    /// The rows, each as long as the header; missing fields are empty.
    pub rows: Vec<Vec<String>>,
    row_numbers: Vec<u64>,
    forms: Vec<NumberForm>,
}

/// Signs in place of a withheld number.
const WITHHELD: [&str; 7] = ["", ".", "x", "X", "/", "•", "·"];

impl TextTable {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, holds no rows, names a column twice, or a row is not as long as the header.
    pub fn read(file: &Path, dialect: &Dialect) -> Result<Self, Error> {
        let sample = records::sample(file, dialect)?;
        let text = |name: &String| Wanted { name: name.clone(), kind: Kind::Text };
        let wanted: Vec<Wanted> = sample.header.iter().map(text).collect();
        let batches = Mutex::new(Vec::new());
        let files = [file.to_owned()];
        let request = records::Request { files: &files, dialect, wanted: &wanted };
        records::read(&request, &Silent, &|batch| {
            batches.lock().expect("nobody panics with the lock").push(batch);
            Ok(())
        })?;
        let mut batches: Vec<Batch> = batches.into_inner().expect("nobody panics with the lock");
        batches.sort_by_key(|batch| batch.first_row);
        let (mut rows, mut row_numbers) = (Vec::new(), Vec::new());
        for batch in &batches {
            if let Some(&(at, reason)) = batch.faulty.first() {
                return Err(TextTableError::Row { file: file.into(), row: batch.row(at as usize), reason }.into());
            }
            for row in 0..batch.rows {
                let field = |values: &Values| match values {
                    Values::Text(texts) => texts.get(row).unwrap_or("").to_owned(),
                    Values::Number(_) => unreachable!("all columns are wanted as text"),
                };
                rows.push(batch.columns.iter().map(field).collect());
                row_numbers.push(batch.row(row));
            }
        }
        Ok(Self { file: file.into(), columns: sample.header, rows, row_numbers, forms: sample.numbers })
    }

    /// The position of a column.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn column(&self, name: &str) -> Result<usize, TextTableError> {
        let at = self.columns.iter().position(|c| c == name);
        at.ok_or_else(|| TextTableError::NoColumn {
            file: self.file.clone(),
            column: name.into(),
            known: self.columns.join(", "),
        })
    }

    /// The count in a field; `None` where it is empty or has the sign of a withheld number (`.`, `x`, `/`, `•`).
    ///
    /// # Errors
    /// If it is no whole number from 0.
    pub fn count(&self, row: usize, column: usize) -> Result<Option<i64>, TextTableError> {
        let text = self.rows[row][column].as_str();
        if WITHHELD.contains(&text) {
            return Ok(None);
        }
        let form = self.forms.get(column).copied().unwrap_or(NumberForm::PLAIN);
        let (value, state) = form.parse(text.as_bytes());
        // Beyond 2^53 not every whole number is one in floating point.
        if state == NumberState::Number && (0.0..9e15).contains(&value) && value.fract() == 0.0 {
            return Ok(Some(value as i64));
        }
        Err(TextTableError::Count { file: self.file.clone(), row: self.row_number(row), column: self.columns[column].clone() })
    }

    /// The number of a row as a spreadsheet counts.
    pub fn row_number(&self, row: usize) -> u64 {
        self.row_numbers[row]
    }
}

/// Why a plain table cannot be used.
#[derive(Debug)]
pub enum TextTableError {
    /// A row cannot be taken apart.
    Row {
        /// The file.
        file: PathBuf,
        /// Row as a spreadsheet counts.
        row: u64,
        /// What is wrong with it.
        reason: crate::confidential::account::Reason,
    },
    /// A column is missing.
    NoColumn {
        /// The file.
        file: PathBuf,
        /// The column that was asked for.
        column: String,
        /// The columns there are.
        known: String,
    },
    /// A field is no count.
    Count {
        /// The file.
        file: PathBuf,
        /// Row as a spreadsheet counts.
        row: u64,
        /// The column.
        column: String,
    },
}

impl Failure for TextTableError {
    fn kind(&self) -> crate::error::Kind {
        match self {
            Self::NoColumn { .. } => crate::error::Kind::Usage,
            Self::Row { .. } | Self::Count { .. } => crate::error::Kind::Check,
        }
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::Row { file, row, reason } => {
                let (file, reason) = (file.display(), reason.explain(language));
                say!(language, "{file}, row {row}: {reason}", "{file}, Zeile {row}: {reason}")
            }
            Self::NoColumn { file, column, known } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: no column {column}; there are {known}",
                    "{file}: keine Spalte {column}; vorhanden sind {known}"
                )
            }
            Self::Count { file, row, column } => {
                let file = file.display();
                say!(
                    language,
                    "{file}, row {row}, column {column}: no count; a whole number from 0 is expected, empty only where it is withheld",
                    "{file}, Zeile {row}, Spalte {column}: keine Anzahl; erwartet wird eine ganze Zahl ab 0, leer nur wo gesperrt"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn german_dialect_and_the_signs_of_withheld_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.csv");
        // Windows-1252, decimal comma, thousands separated by a point.
        std::fs::write(&file, b"Stra\xdfe;n;anteil\r\nM\xfchlweg;1.234;0,5\r\nAm Bach;x;0,25\r\nHof;7;1,0\r\n").unwrap();
        let table = TextTable::read(&file, &Dialect::default()).unwrap();
        assert_eq!(table.columns, ["Straße", "n", "anteil"]);
        assert_eq!(table.rows[0][0], "Mühlweg");
        assert_eq!(table.count(1, 1).unwrap(), None);
        assert_eq!(table.count(2, 1).unwrap(), Some(7));
        assert!(matches!(table.count(0, 2), Err(TextTableError::Count { row: 2, .. })));
        assert!(matches!(table.column("m"), Err(TextTableError::NoColumn { .. })));
    }
}
