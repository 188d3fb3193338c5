//! What was done with the records and what protects them, for the data-protection officer: `report.html` to read and print, `report.json` to check.
//!
//! In: the release, and facts of the run that may be told. Out: two files that hold nothing beyond what the bundle tells anyway: no record, no
//! withheld number, no secret parameter. Uses `confidential` for the release alone; used by `pipeline`.

mod escape;
mod html;
mod json;
mod loss;
mod words;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::confidential::Release;
use crate::error::{Failure, Kind, Language};
use crate::say;

pub use loss::Losses;

/// Everything a report tells.
#[derive(Debug)]
pub struct Report<'r> {
    /// Title of the maps and files.
    pub title: &'r str,
    /// Source and licence line.
    pub attribution: &'r str,
    /// Language of the page.
    pub language: Language,
    /// What the plan says of purpose and responsibility.
    pub declared: Declared,
    /// Name and meaning of the profile that set the rules, if one did.
    pub profile: Option<&'r str>,
    /// What is published, and the rules that may be told.
    pub release: &'r Release,
    /// What protection costs, of the same release.
    pub losses: Losses,
    /// The columns that were read, and where each ends.
    pub fields: Vec<InputField>,
    /// Records read, placed, rejected and in no area, as in `run.json`: small numbers are left out there already.
    pub records: Value,
    /// Names and BLAKE3 of the files that were read.
    pub inputs: Vec<(String, String)>,
    /// Names and BLAKE3 of the files that were written, without the report and `run.json`.
    pub outputs: Vec<(String, String)>,
    /// What attacks on the bundle found, if it was attacked.
    pub audit: Option<Attacked>,
}

/// What only people can say. Left out, a line to fill in by hand stands in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// What the numbers are for.
    pub purpose: Option<String>,
    /// What allows the processing.
    pub legal_basis: Option<String>,
    /// Who answers for it.
    pub controller: Option<String>,
}

/// A column of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputField {
    /// Its name in the source.
    pub column: String,
    /// What it was read for.
    pub fate: Fate,
}

/// What becomes of a column's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A coordinate: dropped when the cell is known.
    Coordinate,
    /// Part of an address: dropped when the house is found in the register, and that when the cell is known.
    Address,
    /// A cell code: shortened to the cells that are published.
    CellCode,
    /// A key of areas: published as the areas it names.
    AreaKey,
    /// A category of the dimension of this name: counted.
    Category(String),
    /// A category of the dimension of this name, which stands in no published table.
    Unpublished(String),
    /// Summed in the measure of this name.
    Summed(String),
    /// The reference date.
    Date,
    /// An id: hashed to tell records apart, then dropped.
    Id,
    /// A household or business: hashed to count distinct ones, then dropped.
    Contributor,
}

/// What came of the attacks on the bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attacked {
    /// Each attack by name, how many numbers it was aimed at, and how many it found out.
    pub tried: Vec<(String, u64, u64)>,
    /// Attacks that were not tried, and why not.
    pub not_tried: Vec<(String, String)>,
    /// Numbers proven safe.
    pub safe: u64,
    /// Numbers that can be found out.
    pub at_risk: u64,
    /// Numbers of which neither was proven.
    pub not_proven: u64,
}

/// Names of the report's files.
pub const FILES: [&str; 2] = ["report.html", "report.json"];

impl Report<'_> {
    /// Writes both files into the folder.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        let json = serde_json::to_string_pretty(&json::json(self)).expect("a report is JSON") + "\n";
        for (name, text) in FILES.iter().zip([html::page(self), json]) {
            let file = folder.join(name);
            std::fs::write(&file, text).map_err(|source| ReportError { file, source })?;
        }
        Ok(())
    }
}

/// A report that cannot be written.
#[derive(Debug)]
pub struct ReportError {
    file: PathBuf,
    source: std::io::Error,
}

impl Failure for ReportError {
    fn kind(&self) -> Kind {
        Kind::InputOutput
    }

    fn explain(&self, language: Language) -> String {
        let (file, source) = (self.file.display(), &self.source);
        say!(
            language,
            "{file}: the report cannot be written: {source}; check permissions and free space",
            "{file}: der Bericht ist nicht schreibbar: {source}; Rechte und freien Platz prüfen"
        )
    }
}

#[cfg(test)]
mod tests;
