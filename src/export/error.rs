//! Why a file could not be written.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Failure, Kind, Language};
use crate::say;

/// A file of the bundle that could not be written.
#[derive(Debug)]
pub enum ExportError {
    /// The disk is full.
    DiskFull {
        /// The file being written.
        path: PathBuf,
    },
    /// There is a file already.
    Exists {
        /// The file that is in the way.
        path: PathBuf,
    },
    /// The system refused to make or write the file.
    Write {
        /// The file being written.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
}

impl ExportError {
    /// What became of writing `path`.
    pub(super) fn io(path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path: path.to_owned() },
            io::ErrorKind::AlreadyExists => Self::Exists { path: path.to_owned() },
            _ => Self::Write { path: path.to_owned(), reason: error.to_string() },
        }
    }

    /// The same from the Parquet writer, which wraps the system's error.
    pub(super) fn parquet(path: &Path, error: &parquet::errors::ParquetError) -> Self {
        let parquet::errors::ParquetError::External(source) = error else {
            return Self::Write { path: path.to_owned(), reason: error.to_string() };
        };
        match source.downcast_ref::<io::Error>() {
            Some(source) => Self::io(path, source),
            None => Self::Write { path: path.to_owned(), reason: error.to_string() },
        }
    }

    /// The same from SQLite.
    pub(super) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::DiskFull { path: path.to_owned() },
            _ => Self::Write { path: path.to_owned(), reason: error.to_string() },
        }
    }
}

impl Failure for ExportError {
    fn kind(&self) -> Kind {
        Kind::InputOutput
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::DiskFull { path } => {
                let path = path.display();
                say!(
                    language,
                    "cannot write {path}: the disk is full; free some space or choose another output folder",
                    "{path} kann nicht geschrieben werden: der Datenträger ist voll; Platz schaffen oder einen anderen Ausgabeordner wählen"
                )
            }
            Self::Exists { path } => {
                let path = path.display();
                say!(
                    language,
                    "cannot write {path}: the file exists; remove it or choose another output folder",
                    "{path} kann nicht geschrieben werden: die Datei gibt es schon; sie entfernen oder einen anderen Ausgabeordner wählen"
                )
            }
            Self::Write { path, reason } => {
                let path = path.display();
                say!(
                    language,
                    "cannot write {path}: {reason}; check the folder and its permissions",
                    "{path} kann nicht geschrieben werden: {reason}; Ordner und Rechte prüfen"
                )
            }
        }
    }
}
