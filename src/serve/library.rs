//! The bundles being served, by name; a newer one in the same place is taken up while requests go on with the one they began with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use crate::serve::ServeError;
use crate::serve::loaded::Loaded;

/// Seconds between looks at the folders.
const LOOK_SECONDS: u64 = 1;

/// What tells one `run.json` from the next: its time and length, and on Unix its number on the disk.
type Stamp = (Option<SystemTime>, u64, u64);

pub(super) struct Library {
    shelves: BTreeMap<String, RwLock<(Arc<Loaded>, Stamp)>>,
    folders: BTreeMap<String, PathBuf>,
}

impl Library {
    /// Loads all bundles; each is named by its folder.
    pub(super) fn open(bundles: &[PathBuf]) -> Result<Self, ServeError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without any driver");
        let (mut shelves, mut folders) = (BTreeMap::new(), BTreeMap::new());
        for folder in bundles {
            let name = name_of(folder);
            if folders.contains_key(&name) {
                return Err(ServeError::SameName { name });
            }
            let stamp = stamp(folder);
            let loaded = runtime.block_on(Loaded::read(folder, name.clone())?.with_tiles())?;
            shelves.insert(name.clone(), RwLock::new((Arc::new(loaded), stamp)));
            folders.insert(name, folder.clone());
        }
        Ok(Self { shelves, folders })
    }

    /// The bundle of this name as it is now.
    pub(super) fn get(&self, name: &str) -> Option<Arc<Loaded>> {
        self.shelves.get(name).map(|shelf| Arc::clone(&shelf.read().unwrap_or_else(PoisonError::into_inner).0))
    }

    /// All bundles, by name.
    pub(super) fn all(&self) -> Vec<Arc<Loaded>> {
        self.shelves.keys().filter_map(|name| self.get(name)).collect()
    }
}

/// The folder's name, of letters, digits, `-`, `_` and `.`.
fn name_of(folder: &Path) -> String {
    let full = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.into());
    let name = full.file_name().map_or_else(|| "bundle".into(), |name| name.to_string_lossy().into_owned());
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    name.chars().map(plain).collect::<String>().trim_start_matches('.').to_owned()
}

fn stamp(folder: &Path) -> Stamp {
    let Ok(metadata) = std::fs::metadata(folder.join("run.json")) else { return (None, 0, 0) };
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let number = 0;
    (metadata.modified().ok(), metadata.len(), number)
}

/// Looks at the folders for ever. A bundle that cannot be read, or is gone for a moment, leaves the old one in its place.
pub(super) async fn watch(library: Arc<Library>) {
    let mut refused: BTreeMap<String, Stamp> = BTreeMap::new();
    loop {
        tokio::time::sleep(Duration::from_secs(LOOK_SECONDS)).await;
        for (name, folder) in &library.folders {
            let now = stamp(folder);
            let before = library.shelves[name].read().unwrap_or_else(PoisonError::into_inner).1;
            if now == before || now.0.is_none() || refused.get(name) == Some(&now) {
                continue;
            }
            let (folder, own) = (folder.clone(), name.clone());
            let read = tokio::task::spawn_blocking(move || Loaded::read(&folder, own)).await;
            let loaded = match read {
                Ok(Ok(loaded)) => loaded.with_tiles().await.ok(),
                _ => None,
            };
            match loaded {
                Some(loaded) => {
                    *library.shelves[name].write().unwrap_or_else(PoisonError::into_inner) = (Arc::new(loaded), now);
                }
                None => drop(refused.insert(name.clone(), now)),
            }
        }
    }
}
