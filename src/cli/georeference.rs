//! `georeference`: flags, and a summary by grade.

use std::path::PathBuf;

use clap::Args;

use crate::cli::address::{AddressFlags, DatumFlags};
use crate::cli::{Log, words};
use crate::confidential::{Account, Dialect};
use crate::error::{Error, Language};
use crate::pipeline::{self, GeoreferenceOptions};
use crate::progress::Progress;

/// Which records, which register, which cells.
#[derive(Args)]
#[command(after_help = "Examples:
  kleinraum georeference persons.csv --register hauskoordinaten.txt --street strasse --number hausnr \\
    --postcode plz --size 100 --keep alter,geschlecht -o placed.parquet
  kleinraum run placed.parquet --cell cell --sizes 100,1000 --dimension sex=geschlecht --threshold 5 -o out

The table has the columns row, cell, grade and those kept; no address and no coordinate. It is still about
single records: keep it where records may be.")]
pub(super) struct GeoreferenceFlags {
    /// The records: a file of any kind that `run` reads, or the URL of a database
    file: PathBuf,
    #[command(flatten)]
    address: AddressFlags,
    #[command(flatten)]
    datum: DatumFlags,
    /// Side of the cells in metres
    #[arg(long, value_name = "M", default_value_t = 100)]
    size: u32,
    /// Columns that go along
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    keep: Vec<String>,
    /// Parquet file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Layer of a GeoPackage, sheet of a spreadsheet or table of a database
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// What a database is asked, in place of a table
    #[arg(long, value_name = "SELECT …", conflicts_with = "layer")]
    query: Option<String>,
    /// Character encoding of the records; recognised if absent
    #[arg(long)]
    encoding: Option<String>,
    /// Field separator of the records; recognised if absent
    #[arg(long, value_name = "CHAR")]
    separator: Option<char>,
}

impl GeoreferenceFlags {
    /// Georeferences and tells what became of the records.
    pub(super) fn georeference(self, language: Language, log: Log, progress: &dyn Progress) -> Result<Account, Error> {
        let options = GeoreferenceOptions {
            file: self.file,
            dialect: Dialect {
                encoding: self.encoding,
                separator: self.separator,
                layer: self.layer,
                query: self.query,
                ..Dialect::default()
            },
            address: self.address.on_top_of(None)?.unwrap_or_default(),
            datum_grid: self.datum.datum_grid,
            allow_coarse_datum: self.datum.allow_coarse_datum,
            size_m: self.size,
            keep: self.keep,
            output: self.output,
        };
        let account = pipeline::georeference(&options, progress)?;
        words::tell_account(&account, language, log);
        Ok(account)
    }
}
