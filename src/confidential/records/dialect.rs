//! What the plan says about the text of its sources; everything it leaves out is recognised.

use super::failure::RecordsError;
use super::source_name::Secrets;

/// How the text of a CSV source is written. `None` means: recognise it from the first megabyte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dialect {
    /// The encoding's name, such as `utf-8`, `windows-1252`, `iso-8859-15`, `utf-16`. A byte order mark in the file wins.
    pub encoding: Option<String>,
    /// The sign between fields: `;`, `,`, a tab, `|` or another ASCII sign.
    pub separator: Option<char>,
    /// The decimal sign: `,` or `.`. The other one then separates thousands.
    pub decimal: Option<char>,
    /// The sign around texts that hold separators or line breaks: `"` or `'`.
    pub quote: Option<char>,
    /// The layer of a GeoPackage, the sheet of a spreadsheet or the table of a database; the only layer, or the first sheet with content, if absent.
    pub layer: Option<String>,
    /// What a database is asked, in place of a table.
    pub query: Option<String>,
    /// Names of sources as they were typed, where they hold passwords.
    pub secrets: Secrets,
    /// The first row is a record already; columns are named `1`, `2`, … .
    pub header_absent: bool,
}

impl Dialect {
    /// Refuses signs that cannot have their role.
    pub(super) fn check(&self) -> Result<(), RecordsError> {
        let ascii = |sign: char| sign.is_ascii() && !sign.is_ascii_alphanumeric() && sign != '\n' && sign != '\r' && sign != '\0';
        if let Some(sign) = self.separator.filter(|&s| !ascii(s)) {
            return Err(RecordsError::BadSign { option: "separator", sign });
        }
        if let Some(sign) = self.quote.filter(|&s| !ascii(s) || Some(s) == self.separator) {
            return Err(RecordsError::BadSign { option: "quote", sign });
        }
        if let Some(sign) = self.decimal.filter(|&s| s != ',' && s != '.') {
            return Err(RecordsError::BadSign { option: "decimal", sign });
        }
        Ok(())
    }
}
