//! `protect`: flags, and the protected table as CSV.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::{attack::csv_field, words};
use crate::confidential::{Dialect, PlainSpec, ProtectedTable, Status};
use crate::config::{MethodPlan, Plan, ZerosPlan};
use crate::error::{Error, Language};
use crate::{pipeline, say};

/// Which table, and how it is protected.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kleinraum protect cells.csv --dims region,age --hierarchy regions.csv --count n --threshold 3 -o protected.csv
  kleinraum attack protected.csv --dims region,age --hierarchy regions.csv --count n --status status --floor 1
  kleinraum protect cells.csv --dims region,age --count n --method round --base 5 --key kreis.key
  kleinraum protect cells.csv --dims region,age --count n --method cell-key --d 5 --v 3 --js 2 --key kreis.key

Method round: small cells become 0 or the base; all margins add up, and in tables of two dimensions each stays within the base.
With more dimensions, or groups in several, that holds for the first dimension, for its values by the next, the next two and
so on, and for these without the first: name first what has to be closest. Method cell-key: noise by the cell's codes and count;
margins do not add up.

The result has one row for every combination of values, groups and Total, with status value, zero or suppressed.
A hierarchy's first column is named like a dimension, each further one is a level above it.")]
pub(super) struct ProtectFlags {
    /// CSV (also gzip or zstd) or Parquet with one row a cell; rows of the same cell are added up
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
    /// Method suppress: the smallest count that may be published; 5 if absent
    #[arg(long, value_name = "K")]
    threshold: Option<u64>,
    /// Method suppress: whether zeros are published; public if absent
    #[arg(long, value_enum)]
    zeros: Option<PlainZeros>,
    /// Method round: what small cells become, or 0
    #[arg(long, value_name = "B")]
    base: Option<u32>,
    /// Methods round and cell-key: the secret key, as `kleinraum key new` makes it
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Method cell-key: largest noise D; 5 if absent
    #[arg(long)]
    d: Option<u32>,
    /// Method cell-key: largest variance V; 3 if absent
    #[arg(long)]
    v: Option<f64>,
    /// Method cell-key: counts from 1 to js never appear; 2 if absent
    #[arg(long)]
    js: Option<u32>,
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
    /// Small cells become 0 or the base, so that all margins add up
    Round,
    /// Noise by keys of cells, as in the German census
    CellKey,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PlainZeros {
    Public,
    Secret,
}

impl ProtectFlags {
    /// Protects the table and writes it.
    pub(super) fn protect(self, language: Language) -> Result<(), Error> {
        let mut plan = Plan::default();
        plan.unit.key = self.key;
        let p = &mut plan.protection;
        (p.threshold, p.base, p.d, p.v, p.js) = (self.threshold, self.base, self.d, self.v, self.js);
        p.zeros = self.zeros.map(|zeros| match zeros {
            PlainZeros::Public => ZerosPlan::Public,
            PlainZeros::Secret => ZerosPlan::Secret,
        });
        p.method = Some(match self.method {
            PlainMethodName::Suppress => MethodPlan::Suppress,
            PlainMethodName::Round => MethodPlan::Round,
            PlainMethodName::CellKey => MethodPlan::CellKey,
        });
        let (method, note) = pipeline::plain_method(&plan, language)?;
        let dialect = Dialect { separator: self.separator, encoding: self.encoding, ..Dialect::default() };
        let spec =
            PlainSpec { file: self.table, dialect, dims: self.dims, hierarchies: self.hierarchy, count: self.count, method };
        let protected = pipeline::protect_plain(&spec)?;
        let text = csv(&protected, &spec.count);
        match self.output {
            Some(path) => pipeline::write_new_file(&path, text.as_bytes(), false)?,
            None => words::tell(&text),
        }
        let withheld = protected.numbers.iter().filter(|n| n.status() == Status::Suppressed).count();
        let all = protected.numbers.len();
        words::tell_aside(&say!(language, "{all} numbers, {withheld} withheld", "{all} Zahlen, {withheld} gesperrt"));
        if let Some(note) = note {
            words::tell_aside(&say!(language, "note: {note}", "Hinweis: {note}"));
        }
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
