//! What can be wrong with a bundle that is to be attacked.

use std::path::{Path, PathBuf};

use crate::error::{Failure, Kind, Language};
use crate::say;

/// Why a bundle cannot be attacked.
#[derive(Debug)]
pub enum BundleError {
    /// A file is missing or is not of its format.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the reader says.
        reason: String,
    },
    /// A file does not hold what `run.json` describes.
    Unexpected {
        /// The file.
        file: PathBuf,
    },
    /// A method that is not known here.
    Method {
        /// The bundle.
        folder: PathBuf,
    },
    /// A line of a session is no answer of this bundle.
    Answer {
        /// The session.
        file: PathBuf,
        /// From 1.
        line: usize,
    },
    /// The published numbers contradict each other.
    Contradiction {
        /// The bundle.
        folder: PathBuf,
    },
}

impl BundleError {
    pub(super) fn unreadable(file: &Path, reason: &dyn std::fmt::Display) -> Self {
        Self::Unreadable { file: file.into(), reason: reason.to_string() }
    }
}

impl Failure for BundleError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unreadable { .. } => Kind::InputOutput,
            Self::Answer { .. } | Self::Unexpected { .. } | Self::Method { .. } | Self::Contradiction { .. } => Kind::Check,
        }
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::Unreadable { file, reason } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: cannot be read: {reason}; name the folder that `kleinraum run` has written",
                    "{file}: nicht lesbar: {reason}; den Ordner nennen, den `kleinraum run` geschrieben hat"
                )
            }
            Self::Unexpected { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: does not hold what run.json describes; write the bundle anew, or check it with `kleinraum verify`",
                    "{file}: enthält nicht, was run.json beschreibt; Paket neu schreiben oder mit `kleinraum verify` prüfen"
                )
            }
            Self::Method { folder } => {
                let folder = folder.display();
                say!(
                    language,
                    "{folder}: protected by a method that this version cannot attack; use the version that wrote it",
                    "{folder}: mit einer Methode geschützt, die diese Version nicht angreifen kann; die Version verwenden, die es geschrieben hat"
                )
            }
            Self::Answer { file, line } => {
                let file = file.display();
                say!(
                    language,
                    "{file}, line {line}: no answer of this bundle; one answer a line is expected, as the server's /ask or `kleinraum ask --json` gives it",
                    "{file}, Zeile {line}: keine Antwort dieses Pakets; je Zeile eine Antwort, wie /ask des Servers oder `kleinraum ask --json` sie gibt"
                )
            }
            Self::Contradiction { folder } => {
                let folder = folder.display();
                say!(
                    language,
                    "{folder}: no counts agree with all published numbers; a number was changed after the run, or areas and cells do not belong together",
                    "{folder}: keine Anzahlen passen zu allen veröffentlichten Zahlen; eine Zahl wurde nach dem Lauf geändert, oder Gebiete und Zellen gehören nicht zusammen"
                )
            }
        }
    }
}
