//! The list of rows that found no cell, for whoever mends them. It stays with the records: written only where the plan names a file, readable by its owner
//! only, without addresses unless they are asked for.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::confidential::account::Reason;
use crate::error::{Error, Failure, Kind, Language};
use crate::say;

/// Where rows without a cell are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmatchedFile {
    /// The CSV file; one from an earlier run is replaced.
    pub file: PathBuf,
    /// Whether addresses stand beside the row numbers.
    pub with_addresses: bool,
}

/// A row without a cell.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::confidential) struct Unmatched {
    place: (u32, u64),
    reason: Reason,
    address: Option<[String; 6]>,
}

impl Unmatched {
    /// A row of a source.
    pub(super) fn new(place: (u32, u64), reason: Reason, address: Option<[String; 6]>) -> Self {
        Self { place, reason, address }
    }
}

impl UnmatchedFile {
    /// Writes the list in the order of sources and rows.
    pub(in crate::confidential) fn write(&self, sources: &[PathBuf], mut rows: Vec<Unmatched>) -> Result<(), Error> {
        rows.sort_unstable();
        let mut text = String::from("source,row,reason");
        if self.with_addresses {
            text.push_str(",street,number,suffix,postcode,municipality,street_key");
        }
        text.push('\n');
        for Unmatched { place: (source, row), reason, address } in &rows {
            let name = sources.get(*source as usize).and_then(|file| file.file_name()).unwrap_or_default().to_string_lossy();
            let _ = write!(text, "{},{row},{}", field(&name), reason.name());
            for part in address.iter().flatten() {
                text.push(',');
                text.push_str(&field(part));
            }
            text.push('\n');
        }
        write_for_owner(&self.file, text.as_bytes())
            .map_err(|source| UnmatchedError::Unwritable { file: self.file.clone(), source }.into())
    }
}

fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// Writes aside, readable by the owner only, and renames.
pub(super) fn write_for_owner(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let aside = file.with_extension(format!("{}.new", std::process::id()));
    let mut options = std::fs::File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written =
        options.open(&aside).and_then(|mut opened| opened.write_all(bytes)).and_then(|()| std::fs::rename(&aside, file));
    if written.is_err() {
        let _ = std::fs::remove_file(&aside);
    }
    written
}

/// A list or a table of placed records that cannot be written.
#[derive(Debug)]
pub(super) enum UnmatchedError {
    /// The operating system refuses.
    Unwritable { file: PathBuf, source: std::io::Error },
}

impl Failure for UnmatchedError {
    fn kind(&self) -> Kind {
        Kind::InputOutput
    }

    fn explain(&self, language: Language) -> String {
        let Self::Unwritable { file, source } = self;
        let file = file.display();
        say!(language, "{file}: cannot be written: {source}", "{file}: ist nicht schreibbar: {source}")
    }
}
