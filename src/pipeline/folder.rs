//! A bundle's folder: written aside, renamed into place when it is complete, so that an interrupted run leaves the old one whole.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{Failure, Kind, Language};
use crate::say;

/// The file by which a folder is known as a bundle.
pub(super) const MANIFEST: &str = "run.json";

/// A bundle being written beside its final place. Dropped without [`BundleFolder::finish`], it is removed.
#[derive(Debug)]
pub struct BundleFolder {
    target: PathBuf,
    aside: PathBuf,
    lock_file: PathBuf,
    _lock: File,
    finished: bool,
}

impl BundleFolder {
    /// Makes the folder beside `target` and keeps other runs from the same target.
    ///
    /// # Errors
    /// If the target is no bundle and not empty, is a file, is being written by another run, or its parent cannot be written.
    pub fn create(target: &Path) -> Result<Self, FolderError> {
        let failed = |source| FolderError::Unwritable { folder: target.into(), source };
        let target = std::path::absolute(target).map_err(failed)?;
        let name = target.file_name().ok_or_else(|| FolderError::NoName { folder: target.clone() })?.to_string_lossy();
        let parent = target.parent().expect("an absolute path with a name has a parent");
        if target.exists() {
            let mut entries = fs::read_dir(&target).map_err(|source| match source.kind() {
                std::io::ErrorKind::NotADirectory => FolderError::IsFile { folder: target.clone() },
                _ => failed(source),
            })?;
            if entries.next().is_some() && !target.join(MANIFEST).is_file() {
                return Err(FolderError::NotABundle { folder: target });
            }
        }
        fs::create_dir_all(parent).map_err(failed)?;
        let lock_file = parent.join(format!(".{name}.lock"));
        let aside = parent.join(format!(".{name}.partial"));
        let lock = File::options().create(true).truncate(false).write(true).open(&lock_file).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FolderError::InUse { folder: target }),
            // A file system without locks (some network drives): two runs at once are then the user's to avoid.
            Err(TryLockError::Error(_)) => {}
        }
        if aside.exists() {
            // What an interrupted run left; nobody else holds the lock.
            fs::remove_dir_all(&aside).map_err(failed)?;
        }
        fs::create_dir(&aside).map_err(failed)?;
        Ok(Self { target, aside, lock_file, _lock: lock, finished: false })
    }

    /// Where to write until the bundle is complete.
    pub fn path(&self) -> &Path {
        &self.aside
    }

    /// Puts the bundle in its place; an older one is gone only after the new one stands there.
    pub fn finish(mut self) -> Result<PathBuf, FolderError> {
        let failed = |source| FolderError::Unwritable { folder: self.target.clone(), source };
        let old = self.aside.with_extension("old");
        if self.target.exists() {
            if old.exists() {
                fs::remove_dir_all(&old).map_err(failed)?;
            }
            fs::rename(&self.target, &old).map_err(failed)?;
            if let Err(source) = fs::rename(&self.aside, &self.target) {
                // The old bundle goes back before anything is said.
                fs::rename(&old, &self.target).map_err(failed)?;
                return Err(failed(source));
            }
            fs::remove_dir_all(&old).map_err(failed)?;
        } else {
            fs::rename(&self.aside, &self.target).map_err(failed)?;
        }
        self.finished = true;
        Ok(self.target.clone())
    }
}

impl Drop for BundleFolder {
    fn drop(&mut self) {
        if !self.finished {
            // Nothing more can be done about a folder that cannot be removed; the next run tries again.
            let _ = fs::remove_dir_all(&self.aside);
        }
        let _ = fs::remove_file(&self.lock_file);
    }
}

/// Why a bundle cannot be written where it was asked for.
#[derive(Debug)]
pub enum FolderError {
    /// A path like `/` or `..`.
    NoName {
        /// The output folder.
        folder: PathBuf,
    },
    /// There is a file of that name.
    IsFile {
        /// The output folder.
        folder: PathBuf,
    },
    /// There is something else in the folder.
    NotABundle {
        /// The output folder.
        folder: PathBuf,
    },
    /// Another run writes there.
    InUse {
        /// The output folder.
        folder: PathBuf,
    },
    /// The file system refuses.
    Unwritable {
        /// The output folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Failure for FolderError {
    fn kind(&self) -> Kind {
        match self {
            Self::NoName { .. } => Kind::Usage,
            _ => Kind::InputOutput,
        }
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::NoName { folder } => {
                let folder = folder.display();
                say!(
                    language,
                    "{folder}: an output folder needs a name, for example -o out",
                    "{folder}: ein Ausgabeordner braucht einen Namen, zum Beispiel -o out"
                )
            }
            Self::IsFile { folder } => {
                let folder = folder.display();
                say!(
                    language,
                    "{folder}: is a file: name a folder with -o",
                    "{folder}: ist eine Datei: mit -o einen Ordner nennen"
                )
            }
            Self::NotABundle { folder } => {
                let folder = folder.display();
                say!(
                    language,
                    "{folder}: the output folder holds other files and is left alone: name a new one with -o, or empty it",
                    "{folder}: der Ausgabeordner enthält andere Dateien und bleibt unberührt: mit -o einen neuen nennen oder ihn leeren"
                )
            }
            Self::InUse { folder } => {
                let folder = folder.display();
                say!(
                    language,
                    "{folder}: the output folder is in use by another run: wait for it, or name another with -o",
                    "{folder}: in den Ausgabeordner schreibt gerade ein anderer Lauf: abwarten oder mit -o einen anderen nennen"
                )
            }
            Self::Unwritable { folder, source } => {
                let folder = folder.display();
                say!(
                    language,
                    "{folder}: cannot be written: {source}; check permissions and free space, or name another folder with -o",
                    "{folder}: ist nicht beschreibbar: {source}; Rechte und freien Platz prüfen oder mit -o einen anderen Ordner nennen"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_bundle_stays_until_the_new_one_is_complete() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("out");
        let bundle = BundleFolder::create(&target).unwrap();
        fs::write(bundle.path().join(MANIFEST), "1").unwrap();
        bundle.finish().unwrap();
        let second = BundleFolder::create(&target).unwrap();
        fs::write(second.path().join(MANIFEST), "2").unwrap();
        assert_eq!(fs::read_to_string(target.join(MANIFEST)).unwrap(), "1");
        drop(second);
        assert_eq!(fs::read_to_string(target.join(MANIFEST)).unwrap(), "1");
        let third = BundleFolder::create(&target).unwrap();
        fs::write(third.path().join(MANIFEST), "3").unwrap();
        third.finish().unwrap();
        assert_eq!(fs::read_to_string(target.join(MANIFEST)).unwrap(), "3");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "nothing is left beside the bundle");
    }

    #[test]
    fn a_folder_with_other_files_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("thesis.txt"), "x").unwrap();
        assert!(matches!(BundleFolder::create(home.path()), Err(FolderError::NotABundle { .. })));
    }

    #[test]
    fn two_runs_do_not_write_the_same_bundle() {
        let home = tempfile::tempdir().unwrap();
        let first = BundleFolder::create(&home.path().join("out")).unwrap();
        assert!(matches!(BundleFolder::create(&home.path().join("out")), Err(FolderError::InUse { .. })));
        drop(first);
        assert!(BundleFolder::create(&home.path().join("out")).is_ok());
    }
}
