//! `attack`: flags, and what is told of a plain table.

use std::path::PathBuf;

use clap::Args;

use crate::audit::{AttackedTable, Limits, Standing, TableSpec, attack_table};
use crate::cli::{Log, words};
use crate::confidential::Dialect;
use crate::error::{Error, Language};
use crate::say;

/// Which table, and what is published of it.
///
/// All margins of the --dims are published, and those of every further --table; where the file has rows with `Total`, only these.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kleinraum attack table.csv --dims row,col --count freq --status status
  kleinraum attack regions.csv --dims region --table county --table group --count n --primary 3
  kleinraum attack regions.csv --dims region --count n --status status --linked counties.csv --linked sizes.csv
  kleinraum attack table.csv --dims age,geo --hierarchy geo_eu.csv --only year=2014 --count freq --primary 1

A linked file has one row a sum, its columns named like those of the table; columns it lacks are summed over. Where withheld counts are empty
and linked files are given, the sums are theirs alone.
Status: u, x, suppressed, primary, secondary are withheld; s, z, value, zero, published are published.
A hierarchy's first column is named like a dimension, each further one is a level above it.
Exit status: 0 nothing is exactly known, 1 something is.")]
pub(super) struct AttackFlags {
    /// CSV (also gzip or zstd) or Parquet with one row a cell
    table: PathBuf,
    /// Columns that tell the cells apart
    #[arg(long, value_name = "A,B", value_delimiter = ',', required = true)]
    dims: Vec<String>,
    /// A further table of sums, by columns joined by commas; repeat for more
    #[arg(long = "table", value_name = "A[,B…]")]
    tables: Vec<String>,
    /// CSV that gives the groups of a dimension's values
    #[arg(long, value_name = "FILE")]
    hierarchy: Vec<PathBuf>,
    /// CSV of another published table of the same people
    #[arg(long, value_name = "FILE")]
    linked: Vec<PathBuf>,
    /// Column of the counts
    #[arg(long, value_name = "COLUMN")]
    count: String,
    /// Column that says what is withheld
    #[arg(long, value_name = "COLUMN", conflicts_with = "primary")]
    status: Option<String>,
    /// Take every count from 1 to this as withheld, in place of --status
    #[arg(long, value_name = "N")]
    primary: Option<i64>,
    /// Only rows with this value
    #[arg(long, value_name = "COLUMN=VALUE")]
    only: Vec<String>,
    /// What is known as the least value of a withheld number
    #[arg(long, value_name = "N", default_value_t = 0)]
    floor: i64,
    /// Separator of the files; recognised if absent
    #[arg(long)]
    separator: Option<char>,
    /// Encoding of the files; recognised if absent
    #[arg(long)]
    encoding: Option<String>,
}

impl AttackFlags {
    /// Attacks the table.
    pub(super) fn attack(self) -> Result<AttackedTable, Error> {
        let list = |text: &String| text.split(',').map(|c| c.trim().to_owned()).collect();
        let pair =
            |text: &String| text.split_once('=').map_or_else(|| (text.clone(), String::new()), |(c, v)| (c.into(), v.into()));
        let spec = TableSpec {
            file: self.table,
            dialect: Dialect { separator: self.separator, encoding: self.encoding, ..Dialect::default() },
            dims: self.dims,
            tables: self.tables.iter().map(list).collect(),
            hierarchies: self.hierarchy,
            linked: self.linked,
            count: self.count,
            status: self.status,
            primary: self.primary,
            only: self.only.iter().map(pair).collect(),
            floor: self.floor,
        };
        attack_table(&spec, &Limits::default())
    }
}

fn name(standing: Standing) -> &'static str {
    match standing {
        Standing::Known | Standing::Linear => "known",
        Standing::Safe => "safe",
        Standing::NotLinear | Standing::NotProven => "not-proven",
    }
}

/// Intervals as CSV, or one JSON object; gives how many numbers are exactly known.
pub(super) fn tell(attacked: &AttackedTable, language: Language, log: Log) -> usize {
    let known = attacked.numbers.iter().filter(|(_, found)| matches!(found.standing, Standing::Known | Standing::Linear)).count();
    if log == Log::Json {
        let number = |(key, found): &(Vec<String>, crate::audit::Found)| {
            let key: serde_json::Map<_, _> = attacked.columns.iter().cloned().zip(key.iter().cloned().map(Into::into)).collect();
            serde_json::json!({"key": key, "lo": found.lo, "hi": found.hi, "standing": name(found.standing)})
        };
        let numbers: Vec<_> = attacked.numbers.iter().map(number).collect();
        words::tell(&serde_json::json!({"event": "attacked", "known": known, "numbers": numbers}).to_string());
        return known;
    }
    let mut header: Vec<String> = attacked.columns.iter().map(|c| csv_field(c)).collect();
    header.extend(["lo", "hi", "standing"].map(str::to_owned));
    words::tell(&header.join(","));
    for (key, found) in &attacked.numbers {
        let mut line: Vec<String> = key.iter().map(|v| csv_field(v)).collect();
        let hi = found.hi.map_or_else(|| "inf".to_owned(), |hi| hi.to_string());
        line.extend([found.lo.to_string(), hi, name(found.standing).to_owned()]);
        words::tell(&line.join(","));
    }
    let all = attacked.numbers.len();
    words::tell_aside(&say!(
        language,
        "{all} numbers withheld, {known} exactly known",
        "{all} Zahlen gesperrt, {known} genau bekannt"
    ));
    known
}

/// A text as a field of CSV.
pub(super) fn csv_field(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}
