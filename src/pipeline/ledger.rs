//! The ledger: what was released before, so that a new release is attacked together with it.
//!
//! A new release withholds what an earlier one of the same date withholds, and knows that what is told stays told ([`Earlier`]).
//!
//! A folder of the user's with a folder for each release: of the bundle what the audit reads, all of it public. A release that shows what an
//! earlier one withheld, or gives something away together with it, leaves no bundle and no entry.

use std::fs;
use std::path::{Path, PathBuf};

use crate::audit;
use crate::confidential::Earlier;
use crate::error::{Error, Failure, Kind, Language};
use crate::pipeline::folder::MANIFEST;
use crate::pipeline::manifest::file_hash;
use crate::say;

/// What an entry holds of a bundle: the manifest makes it complete and comes last.
const KEPT: [&str; 3] = ["release.parquet", "incidence.parquet", MANIFEST];

/// A folder of releases.
pub(super) struct Ledger {
    folder: PathBuf,
}

impl Ledger {
    /// Opens a ledger, or begins one.
    ///
    /// # Errors
    /// If the folder can be neither read nor made.
    pub(super) fn open(folder: &Path) -> Result<Self, LedgerError> {
        let failed = |source| LedgerError { folder: folder.into(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        Ok(Self { folder: folder.into() })
    }

    /// What the releases in the ledger show, as far as a new one can hold to it: none whose numbers were changed.
    pub(super) fn shown(&self) -> Result<Vec<Earlier>, Error> {
        let mut all = Vec::new();
        for folder in self.entries()? {
            let exact = audit::shown(&folder)?.into_iter().filter(|shown| shown.exact);
            all.extend(exact.map(|shown| Earlier {
                date: shown.date,
                columns: shown.columns,
                cells: shown.cells.into_iter().collect(),
                areas: shown.areas.into_iter().collect(),
                threshold: shown.threshold,
                withheld: shown.withheld,
            }));
        }
        Ok(all)
    }

    /// Releases in the ledger other than this one, by name.
    pub(super) fn earlier(&self, bundle: &Path) -> Result<Vec<PathBuf>, Error> {
        let own = self.entry(bundle)?;
        Ok(self.entries()?.into_iter().filter(|path| *path != own).collect())
    }

    fn entries(&self) -> Result<Vec<PathBuf>, Error> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(|source| self.failed(source))? {
            let path = entry.map_err(|source| self.failed(source))?.path();
            if path.join(MANIFEST).is_file() {
                entries.push(path);
            }
        }
        entries.sort();
        Ok(entries)
    }

    /// Puts a release on record; one that is there already stays.
    pub(super) fn record(&self, bundle: &Path) -> Result<(), Error> {
        let entry = self.entry(bundle)?;
        if entry.join(MANIFEST).is_file() {
            return Ok(());
        }
        fs::create_dir_all(&entry).map_err(|source| self.failed(source))?;
        for file in KEPT.into_iter().filter(|file| bundle.join(file).is_file()) {
            // A manifest cut short would be an entry without its release: it is put there whole.
            let aside = entry.join(format!("{file}.partial"));
            fs::copy(bundle.join(file), &aside).map_err(|source| self.failed(source))?;
            fs::rename(&aside, entry.join(file)).map_err(|source| self.failed(source))?;
        }
        Ok(())
    }

    /// Where a release stands: the same numbers stand once.
    fn entry(&self, bundle: &Path) -> Result<PathBuf, Error> {
        let hash = file_hash(&bundle.join(KEPT[0])).map_err(|source| self.failed(source))?;
        Ok(self.folder.join(&hash[..16]))
    }

    fn failed(&self, source: std::io::Error) -> LedgerError {
        LedgerError { folder: self.folder.clone(), source }
    }
}

/// The ledger cannot be read or written.
#[derive(Debug)]
pub(super) struct LedgerError {
    folder: PathBuf,
    source: std::io::Error,
}

impl Failure for LedgerError {
    fn kind(&self) -> Kind {
        Kind::InputOutput
    }

    fn explain(&self, language: Language) -> String {
        let (folder, source) = (self.folder.display(), &self.source);
        say!(
            language,
            "{folder}: the ledger of releases cannot be read or written: {source}; name a folder of your own with --ledger",
            "{folder}: das Verzeichnis der Veröffentlichungen ist nicht lesbar oder beschreibbar: {source}; mit --ledger einen eigenen Ordner angeben"
        )
    }
}
