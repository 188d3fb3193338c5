//! What can be wrong with a plain table.

use std::path::PathBuf;

use crate::error::{Failure, Kind, Language};
use crate::say;

/// Why a plain table cannot be attacked or protected.
#[derive(Debug)]
pub enum TableError {
    /// A published number is missing.
    Number {
        /// The file.
        file: PathBuf,
        /// Row as a spreadsheet counts.
        row: u64,
        /// The column.
        column: String,
    },
    /// A field is no status.
    Status {
        /// The file.
        file: PathBuf,
        /// Row as a spreadsheet counts.
        row: u64,
        /// The column.
        column: String,
    },
    /// A value has no row in the hierarchy.
    NotInHierarchy {
        /// The file.
        file: PathBuf,
        /// Row as a spreadsheet counts.
        row: u64,
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
    pub(super) fn number((file, row, column): (PathBuf, u64, String)) -> Self {
        Self::Number { file, row, column }
    }

    pub(super) fn not_in_hierarchy((file, row, hierarchy): (PathBuf, u64, PathBuf)) -> Self {
        Self::NotInHierarchy { file, row, hierarchy }
    }

    pub(super) fn status((file, row, column): (PathBuf, u64, String)) -> Self {
        Self::Status { file, row, column }
    }
}

impl Failure for TableError {
    fn kind(&self) -> Kind {
        Kind::Check
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::Number { file, row, column } => {
                let file = file.display();
                say!(
                    language,
                    "{file}, row {row}, column {column}: empty, though its status says it is published",
                    "{file}, Zeile {row}, Spalte {column}: leer, obwohl der Status sie als veröffentlicht nennt"
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
