//! A register of addresses: official house coordinates in the layouts HK-DE and NRW gebref, or any table by its columns.
//!
//! [`open`] reads the register once and keeps what lookups need in a compact file beside it (the place can be chosen), which later runs use as
//! long as the register's content, columns and reference system are the same. The file is read into memory whole, 16 bytes a house: mapping it would need
//! `unsafe`, and reading takes less time than checking it.

mod build;
mod error;
mod file;
mod index;
mod layout;

use std::path::{Path, PathBuf};

pub(super) use index::{Index, NameMark, StretchId};
pub use layout::{RegisterColumns, RegisterFormat, UnknownColumn};

use crate::confidential::records::Dialect;
use crate::error::Error;
use crate::geodesy::{DatumGrids, DatumShift};
use crate::grid::GridSize;
use error::RegisterError;

/// A register and how it is written.
#[derive(Clone, Debug)]
pub struct RegisterSpec {
    /// The file; CSV (also gzip or zstd), Parquet or GeoJSON.
    pub file: PathBuf,
    /// Its layout; recognised if absent.
    pub format: Option<RegisterFormat>,
    /// Reference system of its coordinates; recognised for official house coordinates if absent.
    pub crs: Option<String>,
    /// Which column is what, for tables.
    pub columns: RegisterColumns,
    /// How text is written.
    pub dialect: Dialect,
    /// Grids for coordinates on old datums.
    pub grids: DatumGrids,
    /// Whether houses may be found in cells finer than four times what their datum shift is accurate to.
    pub allow_coarse_datum: bool,
    /// The file that keeps the index; beside the register if absent.
    pub index: Option<PathBuf>,
}

/// Opens a register: from its index file where there is a fitting one, else from the register itself. An index file that cannot be written is no failure:
/// the next run reads the register again.
pub(super) fn open(spec: &RegisterSpec, finest: GridSize) -> Result<(Index, Option<DatumShift>), Error> {
    let layout = layout::recognise(spec)?;
    let shift = layout.system.datum_shift();
    if let Some(coarse) = shift.as_ref().filter(|_| !spec.allow_coarse_datum).and_then(|shift| shift.too_coarse(finest.metres()))
    {
        return Err(coarse.into());
    }
    let content = hash_of(&spec.file)?;
    let fingerprint = blake3::hash(format!("{} {content} {}", file::VERSION, layout.description()).as_bytes());
    let kept = spec.index.clone().unwrap_or_else(|| beside(&spec.file, &fingerprint));
    if let Some(tables) = file::read(&kept, fingerprint.as_bytes()) {
        return Ok((Index::of(tables), shift));
    }
    let tables = build::build(spec, &layout)?;
    if tables.numbers.is_empty() {
        return Err(RegisterError::NoHouses { file: spec.file.clone() }.into());
    }
    match file::write(&kept, fingerprint.as_bytes(), &tables) {
        Err(source) if spec.index.is_some() => return Err(RegisterError::IndexUnwritable { file: kept, source }.into()),
        _ => {}
    }
    Ok((Index::of(tables), shift))
}

fn hash_of(file: &Path) -> Result<String, RegisterError> {
    let failed = |source| RegisterError::Unreadable { file: file.to_owned(), source };
    let opened = std::fs::File::open(file).map_err(failed)?;
    Ok(blake3::Hasher::new().update_reader(opened).map_err(failed)?.finalize().to_hex().to_string())
}

/// `register.csv.0123456789abcdef.index`
fn beside(register: &Path, fingerprint: &blake3::Hash) -> PathBuf {
    let name = register.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    register.with_file_name(format!("{name}.{}.index", &fingerprint.to_hex()[..16]))
}

#[cfg(test)]
pub(super) mod tests;
