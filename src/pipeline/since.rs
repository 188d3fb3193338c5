//! `--since`: which tiles of an earlier bundle may be taken over.
//!
//! Which tiles are the same is found out tile by tile ([`EarlierTiles`]); here it is seen to that the earlier archive is whole and was compressed by the same means, so
//! that what is taken over are the bytes that this run would have made. Everything else is computed in full: protection knows nothing of the earlier bundle.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::error::Language;
use crate::pipeline::folder::MANIFEST;
use crate::pipeline::manifest::file_hash;
use crate::say;
use crate::tiling::{EarlierTiles, TileReport, compressor};

const ARCHIVE: &str = "tiles.pmtiles";

/// An earlier bundle, and its tiles or why they are of no use.
pub(super) struct Since {
    bundle: PathBuf,
    tiles: Result<Arc<EarlierTiles>, Unfit>,
}

/// Why no tile can be taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unfit {
    /// The folder is missing, or has no `run.json`.
    NoBundle,
    /// The bundle has no PMTiles.
    NoArchive,
    /// Another version or level compressed them.
    OtherCompressor,
    /// The archive is not what `run.json` says it is.
    Changed,
}

impl Since {
    /// Opens a bundle's tiles. A bundle that does not fit is no error: the run is then a full one, and [`Since::told`] says why.
    pub(super) fn open(bundle: &Path, smallest: bool) -> Self {
        Self { bundle: bundle.to_owned(), tiles: open(bundle, &compressor(smallest)) }
    }

    /// The tiles, if they can be used.
    pub(super) fn tiles(&self) -> Option<Arc<EarlierTiles>> {
        self.tiles.as_ref().ok().cloned()
    }

    /// What came of it.
    pub(super) fn told(&self, written: Option<&TileReport>, language: Language) -> String {
        let bundle = self.bundle.display();
        let why = match (&self.tiles, written) {
            (Ok(_), Some(report)) => {
                let (same, all) = (report.taken_over, report.zooms.iter().map(|zoom| zoom.tiles).sum::<u64>());
                return say!(
                    language,
                    "{same} of {all} tiles taken over from {bundle}",
                    "{same} von {all} Kacheln übernommen aus {bundle}"
                );
            }
            (_, None) => say!(language, "this run writes none", "dieser Lauf schreibt keine"),
            (Err(Unfit::NoBundle), _) => say!(language, "no bundle is there", "dort ist kein Paket"),
            (Err(Unfit::NoArchive), _) => say!(
                language,
                "it has no {ARCHIVE} (keep pmtiles among --formats)",
                "es hat kein {ARCHIVE} (pmtiles bei --formats lassen)"
            ),
            (Err(Unfit::OtherCompressor), _) => say!(
                language,
                "another version or --smallest compressed its tiles",
                "eine andere Version oder --smallest hat seine Kacheln komprimiert"
            ),
            (Err(Unfit::Changed), _) => say!(
                language,
                "its {ARCHIVE} is damaged or was changed after the run",
                "sein {ARCHIVE} ist beschädigt oder wurde nach dem Lauf verändert"
            ),
        };
        say!(language, "no tiles taken over from {bundle}: {why}", "keine Kacheln übernommen aus {bundle}: {why}")
    }
}

fn open(bundle: &Path, compressor: &str) -> Result<Arc<EarlierTiles>, Unfit> {
    let manifest = std::fs::read(bundle.join(MANIFEST)).map_err(|_| Unfit::NoBundle)?;
    let manifest: Value = serde_json::from_slice(&manifest).map_err(|_| Unfit::NoBundle)?;
    let archive = bundle.join(ARCHIVE);
    if !archive.is_file() {
        return Err(Unfit::NoArchive);
    }
    if manifest["tiles"]["compressor"] != compressor {
        return Err(Unfit::OtherCompressor);
    }
    // A blob that says the same in other bytes would unpack to the same tile: only the hash tells.
    let hash = file_hash(&archive).map_err(|_| Unfit::Changed)?;
    if manifest["outputs"][ARCHIVE] != hash.as_str() {
        return Err(Unfit::Changed);
    }
    EarlierTiles::open(&archive).map(Arc::new).map_err(|_| Unfit::Changed)
}
