//! `protect`: flags, and the protected table as CSV.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::{attack::csv_field, words};
use crate::confidential::{Dialect, PlainMethod, PlainSpec, ProtectedTable, Status, Zeros, protect_table};
use crate::error::{Error, Language};
use crate::{pipeline, say};

/// Which table, and how it is protected.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kleinraum protect cells.csv --dims region,age --hierarchy regions.csv --count n --threshold 3 -o protected.csv
  kleinraum attack protected.csv --dims region,age --hierarchy regions.csv --count n --status status --floor 1

The result has one row for every combination of values, groups and Total, with status value, zero or suppressed.
A hierarchy's first column is named like a dimension, each further one is a level above it.")]
pub(super) struct ProtectFlags {
    /// CSV (also gzip) or Parquet with one row a cell; rows of the same cell are added up
    table: PathBuf,
    /// Columns that tell the cells apart
    #[arg(long, value_name = "A,B", value_delimiter = ',', required = true)]
    dims: Vec<String>,
    /// File that gives the groups of a dimension's values
    #[arg(long, value_name = "FILE")]
    hierarchy: Vec<PathBuf>,
    /// Column of the counts
    #[arg(long, value_name = "COLUMN")]
    count: String,
    /// The method
    #[arg(long, value_enum, default_value_t = PlainMethodName::Suppress)]
    method: PlainMethodName,
    /// The smallest count that may be published
    #[arg(long, value_name = "K", default_value_t = 5)]
    threshold: u64,
    /// Whether zeros are published
    #[arg(long, value_enum, default_value_t = PlainZeros::Public)]
    zeros: PlainZeros,
    /// File to write; standard output if absent
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Separator of the files; recognised if absent
    #[arg(long)]
    separator: Option<char>,
    /// Encoding of the files; recognised if absent
    #[arg(long)]
    encoding: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PlainMethodName {
    /// Threshold and complementary suppression
    Suppress,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PlainZeros {
    Public,
    Secret,
}

impl ProtectFlags {
    /// Protects the table and writes it.
    pub(super) fn protect(self, language: Language) -> Result<(), Error> {
        let zeros = match self.zeros {
            PlainZeros::Public => Zeros::Public,
            PlainZeros::Secret => Zeros::Secret,
        };
        let method = match self.method {
            PlainMethodName::Suppress => PlainMethod::Suppress { threshold: self.threshold, zeros },
        };
        let dialect = Dialect { separator: self.separator, encoding: self.encoding, ..Dialect::default() };
        let spec =
            PlainSpec { file: self.table, dialect, dims: self.dims, hierarchies: self.hierarchy, count: self.count, method };
        let protected = protect_table(&spec)?;
        let text = csv(&protected, &spec.count);
        match self.output {
            Some(path) => pipeline::write_new_file(&path, text.as_bytes(), false)?,
            None => words::tell(&text),
        }
        let withheld = protected.numbers.iter().filter(|n| n.status() == Status::Suppressed).count();
        let all = protected.numbers.len();
        words::tell_aside(&say!(language, "{all} numbers, {withheld} withheld", "{all} Zahlen, {withheld} gesperrt"));
        Ok(())
    }
}

fn csv(table: &ProtectedTable, count: &str) -> String {
    let mut text: String = table.dims.iter().map(|d| csv_field(d) + ",").collect();
    text += &format!("{},status\n", csv_field(count));
    for (at, number) in table.numbers.iter().enumerate() {
        let mut rest = at;
        let mut fields: Vec<String> = Vec::new();
        for codes in table.codes.iter().rev() {
            fields.push(csv_field(&codes[rest % codes.len()]));
            rest /= codes.len();
        }
        fields.reverse();
        fields.push(number.value().map_or_else(String::new, |value| value.to_string()));
        fields.push(number.status().name().to_owned());
        text += &fields.join(",");
        text.push('\n');
    }
    text
}
