//! What can be wrong with a plain table.

use std::path::PathBuf;

use crate::error::{Failure, Kind, Language};
use crate::say;

/// Why a plain table cannot be attacked or protected.
#[derive(Debug)]
pub enum TableError {
    /// The file cannot be read or is not UTF-8.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file has no header.
    Empty {
        /// The file.
        file: PathBuf,
    },
    /// A row has more or fewer fields than the header.
    RowLength {
        /// The file.
        file: PathBuf,
        /// Row in the file, from 1.
        row: usize,
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
    Number {
        /// The file.
        file: PathBuf,
        /// Row in the file, from 1.
        row: usize,
        /// The column.
        column: String,
    },
    /// A field is no status.
    Status {
        /// The file.
        file: PathBuf,
        /// Row in the file, from 1.
        row: usize,
        /// The column.
        column: String,
    },
    /// A value has no row in the hierarchy.
    NotInHierarchy {
        /// The file.
        file: PathBuf,
        /// Row in the file, from 1.
        row: usize,
        /// The hierarchy's file.
        hierarchy: PathBuf,
    },
    /// Margins cannot be added up because withheld counts are not in the file.
    NoMargins {
        /// The file.
        file: PathBuf,
    },
    /// No counts agree with all that is published.
    Contradiction {
        /// The file.
        file: PathBuf,
    },
}

impl TableError {
    pub(super) fn number((file, row, column): (PathBuf, usize, String)) -> Self {
        Self::Number { file, row, column }
    }

    pub(super) fn status((file, row, column): (PathBuf, usize, String)) -> Self {
        Self::Status { file, row, column }
    }
}

impl Failure for TableError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unreadable { .. } => Kind::InputOutput,
            Self::NoColumn { .. } => Kind::Usage,
            _ => Kind::Check,
        }
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::Unreadable { file, source } => {
                let file = file.display();
                say!(language, "{file}: cannot be read as UTF-8: {source}", "{file}: nicht als UTF-8 lesbar: {source}")
            }
            Self::Empty { file } => {
                let file = file.display();
                say!(language, "{file}: empty; a header with column names is expected", "{file}: leer; erwartet wird eine Kopfzeile mit Spaltennamen")
            }
            Self::RowLength { file, row } => {
                let file = file.display();
                say!(
                    language,
                    "{file}, row {row}: more or fewer fields than the header; check the separator",
                    "{file}, Zeile {row}: mehr oder weniger Felder als die Kopfzeile; Trennzeichen prüfen"
                )
            }
            Self::NoColumn { file, column, known } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: no column {column}; there are {known}",
                    "{file}: keine Spalte {column}; vorhanden sind {known}"
                )
            }
            Self::Number { file, row, column } => {
                let file = file.display();
                say!(
                    language,
                    "{file}, row {row}, column {column}: no count; a whole number from 0 is expected, empty only where it is withheld",
                    "{file}, Zeile {row}, Spalte {column}: keine Anzahl; erwartet wird eine ganze Zahl ab 0, leer nur wo gesperrt"
                )
            }
            Self::Status { file, row, column } => {
                let file = file.display();
                say!(
                    language,
                    "{file}, row {row}, column {column}: no status; expected u, x or suppressed where withheld, s, z, value or zero where published",
                    "{file}, Zeile {row}, Spalte {column}: kein Status; erwartet wird u, x oder suppressed wo gesperrt, s, z, value oder zero wo veröffentlicht"
                )
            }
            Self::NotInHierarchy { file, row, hierarchy } => {
                let (file, hierarchy) = (file.display(), hierarchy.display());
                say!(
                    language,
                    "{file}, row {row}: its value is not in the first column of {hierarchy}; add a row there",
                    "{file}, Zeile {row}: der Wert steht nicht in der ersten Spalte von {hierarchy}; dort eine Zeile ergänzen"
                )
            }
            Self::NoMargins { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: withheld counts are empty and there are no rows with Total: margins cannot be added up; add rows with Total for the published margins",
                    "{file}: gesperrte Anzahlen sind leer und Zeilen mit Total fehlen: Randsummen sind nicht zu bilden; veröffentlichte Randsummen als Zeilen mit Total ergänzen"
                )
            }
            Self::Contradiction { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: no counts agree with all published numbers; a number or a sum is wrong, or --floor is too high",
                    "{file}: keine Anzahlen passen zu allen veröffentlichten Zahlen; eine Zahl oder Summe ist falsch, oder --floor ist zu hoch"
                )
            }
        }
    }
}
