//! Why positions cannot be taken from a file at all.

use std::path::PathBuf;

use crate::error::{Failure, Kind, Language};
use crate::geodesy::Suspicion;
use crate::say;

/// A file whose positions cannot be used.
#[derive(Debug)]
pub(super) enum GeoreferenceError {
    /// Most coordinates cannot belong to the reference system.
    WrongSystem {
        /// The file.
        file: PathBuf,
        /// The columns of x and y.
        columns: [String; 2],
        /// The reference system as the plan names it.
        system: String,
        /// What is probably wrong.
        suspicion: Suspicion,
    },
}

impl Failure for GeoreferenceError {
    fn kind(&self) -> Kind {
        Kind::Check
    }

    fn explain(&self, language: Language) -> String {
        let Self::WrongSystem { file, columns: [x, y], system, suspicion } = self;
        let (file, why) = (file.display(), suspicion.explain(language));
        say!(
            language,
            "{file}, columns {x} and {y}: coordinates cannot be in {system}: {why}",
            "{file}, Spalten {x} und {y}: Koordinaten können nicht in {system} vorliegen: {why}"
        )
    }
}
