//! What `run.json` says about the bundle: formats, layers, fields and the hashes of the files.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::grid::GridSize;
use crate::verify::VerifyError;
use crate::verify::published::grid_size;

/// The part of `run.json` that says what the bundle holds. Other keys are left alone.
#[derive(Debug, Deserialize)]
pub(super) struct Description {
    /// Technical names of the formats that were asked for.
    pub(super) formats: Vec<String>,
    pub(super) fields: Vec<DescribedField>,
    pub(super) layers: Vec<DescribedLayer>,
    #[serde(default)]
    protection: Protection,
    /// BLAKE3 in hexadecimal by path inside the bundle, with `/`.
    #[serde(default)]
    pub(super) outputs: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
struct Protection {
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Debug, Default, Deserialize)]
struct Parameters {
    /// The level of the largest size that cells were joined to.
    merge_largest: Option<String>,
}

/// One attribute and the column of `release.parquet` it shows.
#[derive(Debug, Deserialize)]
pub(super) struct DescribedField {
    pub(super) name: String,
    pub(super) status_name: String,
    pub(super) table: String,
    pub(super) group: String,
}

/// One layer: a level of one date, and the zooms at which tiles show it.
#[derive(Debug, Deserialize)]
pub(super) struct DescribedLayer {
    pub(super) name: String,
    pub(super) level: String,
    #[serde(default)]
    pub(super) date: Option<String>,
    #[serde(default)]
    pub(super) minzoom: Option<u8>,
    #[serde(default)]
    pub(super) maxzoom: Option<u8>,
}

impl DescribedLayer {
    /// Whether tiles of this zoom show the layer.
    pub(super) fn shown_at(&self, zoom: u8) -> bool {
        matches!((self.minzoom, self.maxzoom), (Some(min), Some(max)) if (min..=max).contains(&zoom))
    }
}

impl Description {
    pub(super) fn read(bundle: &Path) -> Result<Self, VerifyError> {
        let text = std::fs::read(bundle.join("run.json")).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => VerifyError::NoBundle { folder: bundle.into() },
            _ => VerifyError::Unreadable { file: bundle.join("run.json") },
        })?;
        serde_json::from_slice(&text).map_err(|e| VerifyError::RunJson { line: e.line(), column: e.column() })
    }

    /// The largest size that cells of finer levels may have; `None` where all have the size of their level.
    pub(super) fn largest_joined(&self) -> Option<GridSize> {
        self.protection.parameters.merge_largest.as_deref().and_then(grid_size)
    }

    pub(super) fn has(&self, format: &str) -> bool {
        self.formats.iter().any(|f| f == format)
    }
}
