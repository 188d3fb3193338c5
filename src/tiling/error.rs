//! What can go wrong while tiles are written.

use std::path::{Path, PathBuf};

use crate::error::{Failure, Kind, Language};
use crate::say;

/// Why tiles could not be written.
#[derive(Debug)]
pub enum TilingError {
    /// A file or folder could not be written.
    Write {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The release lists no cell and no area.
    NothingToDraw,
    /// A cell or an outline lies where Web Mercator has no place for it.
    NotInWebMercator {
        /// The layer, not the place.
        layer: String,
    },
}

impl TilingError {
    pub(super) fn write(path: &Path) -> impl Fn(&dyn std::fmt::Display) -> Self + '_ {
        move |reason| Self::Write { path: path.to_owned(), reason: reason.to_string() }
    }
}

impl Failure for TilingError {
    fn kind(&self) -> Kind {
        match self {
            Self::Write { .. } => Kind::InputOutput,
            Self::NothingToDraw | Self::NotInWebMercator { .. } => Kind::Check,
        }
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::Write { path, reason } => {
                let path = path.display();
                say!(
                    language,
                    "cannot write tiles to {path}: {reason}; check free space and permissions",
                    "Kacheln können nicht nach {path} geschrieben werden: {reason}; freien Platz und Rechte prüfen"
                )
            }
            Self::NothingToDraw => say!(
                language,
                "the release lists no cell and no area, so there is nothing to put in tiles: check the records and the areas",
                "die Veröffentlichung enthält keine Zelle und kein Gebiet, also nichts für Kacheln: Datensätze und Gebiete prüfen"
            ),
            Self::NotInWebMercator { layer } => say!(
                language,
                "layer {layer} reaches beyond the part of the world that Web Mercator shows: leave tiles out of --formats",
                "Layer {layer} reicht über den Teil der Welt hinaus, den Web Mercator zeigt: Kacheln bei --formats weglassen"
            ),
        }
    }
}
