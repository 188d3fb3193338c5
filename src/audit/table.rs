//! Plain tables: a CSV file with one row a cell, to be attacked with all the sums that are published beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use rustc_hash::FxHashMap;

use crate::audit::attack::{Found, Limits, attack};
use crate::audit::system::System;
use crate::audit::table_error::TableError;

/// The word for "all of them" in a column.
pub const TOTAL: &str = "Total";

/// A CSV file as text. Separator `,` or `;`, whichever the first line has more of.
#[derive(Clone, Debug)]
pub struct TextTable {
    /// Where it was read from.
    pub file: PathBuf,
    /// The header.
    pub columns: Vec<String>,
    /// The rows, each as long as the header.
    pub rows: Vec<Vec<String>>,
}

impl TextTable {
    /// Reads a file whole.
    ///
    /// # Errors
    /// If it cannot be read, is not UTF-8, or a row is not as long as the header.
    pub fn read(file: &Path) -> Result<Self, TableError> {
        let unreadable = |source| TableError::Unreadable { file: file.into(), source };
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        let text = text.trim_start_matches('\u{feff}');
        let first = text.lines().next().unwrap_or("");
        let semicolons = first.matches(';').count() > first.matches(',').count();
        let mut reader = ReaderBuilder::new().delimiter(if semicolons { b';' } else { b',' }).build();
        let mut records = records(&mut reader, text.as_bytes()).into_iter();
        let columns = records.next().ok_or(TableError::Empty { file: file.into() })?;
        let rows: Vec<Vec<String>> = records.collect();
        if let Some(at) = rows.iter().position(|row| row.len() != columns.len()) {
            return Err(TableError::RowLength { file: file.into(), row: at + 2 });
        }
        Ok(Self { file: file.into(), columns, rows })
    }

    /// The position of a column.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn column(&self, name: &str) -> Result<usize, TableError> {
        let at = self.columns.iter().position(|c| c == name);
        at.ok_or_else(|| TableError::NoColumn { file: self.file.clone(), column: name.into(), known: self.columns.join(", ") })
    }

    /// Adds the columns of another file, looked up by its first column; gives that column's name and those of the new ones.
    ///
    /// # Errors
    /// If the first column is none of this table's, or a value is not in the file.
    pub fn join(&mut self, other: &Self) -> Result<(String, Vec<String>), TableError> {
        let by = self.column(&other.columns[0])?;
        let found: FxHashMap<&str, &[String]> = other.rows.iter().map(|row| (row[0].as_str(), &row[1..])).collect();
        let totals = vec![TOTAL.to_owned(); other.columns.len() - 1];
        for (at, row) in self.rows.iter_mut().enumerate() {
            let parents = match found.get(row[by].as_str()) {
                Some(parents) => *parents,
                None if row[by] == TOTAL => &totals,
                None => return Err(TableError::NotInHierarchy { file: self.file.clone(), row: at + 2, hierarchy: other.file.clone() }),
            };
            row.extend_from_slice(parents);
        }
        self.columns.extend_from_slice(&other.columns[1..]);
        Ok((other.columns[0].clone(), other.columns[1..].to_vec()))
    }
}

fn records(reader: &mut Reader, mut input: &[u8]) -> Vec<Vec<String>> {
    let (mut output, mut ends) = (vec![0; input.len() + 64], vec![0; input.len() + 2]);
    let mut records = Vec::new();
    loop {
        let (result, read, _, fields) = reader.read_record(input, &mut output, &mut ends);
        input = &input[read..];
        match result {
            ReadRecordResult::Record => {
                let starts = std::iter::once(0).chain(ends[..fields].iter().copied());
                let field = |(start, &end): (usize, &usize)| String::from_utf8_lossy(&output[start..end]).trim().to_owned();
                records.push(starts.zip(&ends[..fields]).map(field).collect());
            }
            ReadRecordResult::InputEmpty => {}
            _ => return records,
        }
    }
}

/// What is published of a table.
#[derive(Clone, Debug, Default)]
pub struct TableSpec {
    /// The file with the finest cells.
    pub file: PathBuf,
    /// Columns that tell the finest cells apart.
    pub dims: Vec<String>,
    /// Further tables: columns whose sums, with all their margins, are published too.
    pub tables: Vec<Vec<String>>,
    /// CSV files that give the groups of a column's values: its name first, then one column a level.
    pub hierarchies: Vec<PathBuf>,
    /// Other published tables of the same people, with columns of the same names.
    pub linked: Vec<PathBuf>,
    /// The column of the counts.
    pub count: String,
    /// The column that says what is withheld.
    pub status: Option<String>,
    /// Withhold every count from 1 to this, where nothing else says what is withheld.
    pub primary: Option<i64>,
    /// Only rows with this value in this column.
    pub only: Vec<(String, String)>,
    /// What the attacker takes for granted as the least value of a withheld number.
    pub floor: i64,
}

/// Every withheld number and what was found out.
#[derive(Clone, Debug)]
pub struct AttackedTable {
    /// Columns that name a number.
    pub columns: Vec<String>,
    /// Values of these columns, [`TOTAL`] for all; what was found.
    pub numbers: Vec<(Vec<String>, Found)>,
}

/// A published or withheld number: which finest cells it sums.
struct Number {
    key: Vec<String>,
    count: Option<i64>,
    withheld: bool,
}

/// Attacks a plain table.
///
/// # Errors
/// If a file does not hold what the spec says, or the numbers contradict each other.
pub fn attack_table(spec: &TableSpec, limits: &Limits) -> Result<AttackedTable, TableError> {
    let mut table = TextTable::read(&spec.file)?;
    let mut tables = vec![spec.dims.clone()];
    tables.extend(spec.tables.iter().cloned());
    for file in &spec.hierarchies {
        let (child, parents) = table.join(&TextTable::read(file)?)?;
        for table in tables.clone().into_iter().filter(|t| t.contains(&child)) {
            let with = |parent: &String| table.iter().map(|c| if *c == child { parent.clone() } else { c.clone() }).collect();
            tables.extend(parents.iter().map(with));
        }
    }
    let mut columns = spec.dims.clone();
    for column in tables.iter().flatten() {
        if !columns.contains(column) {
            columns.push(column.clone());
        }
    }
    let listed = numbers(&table, spec, &columns)?;
    let width = spec.dims.len();
    let (inner, margins): (Vec<Number>, Vec<Number>) =
        listed.into_iter().partition(|n| n.key[..width].iter().all(|value| value != TOTAL));
    let cells = gathered(inner);
    let mut others: BTreeMap<Vec<String>, Number> = BTreeMap::new();
    if margins.is_empty() {
        for margin in computed_margins(&cells, &columns, &tables, spec)? {
            others.entry(margin.key.clone()).or_insert(margin);
        }
    } else {
        others.extend(margins.into_iter().map(|m| (m.key.clone(), m)));
    }
    let mut published: Vec<Number> = others.into_values().collect();
    for file in &spec.linked {
        published.extend(numbers(&TextTable::read(file)?, spec, &columns)?);
    }
    solve(spec, (columns, cells, published), limits)
}

/// The rows of a file as numbers over these columns; columns that it does not have are [`TOTAL`].
fn numbers(table: &TextTable, spec: &TableSpec, columns: &[String]) -> Result<Vec<Number>, TableError> {
    let linked = table.file != spec.file;
    let at: Vec<Option<usize>> = match linked {
        true => columns.iter().map(|c| table.column(c).ok()).collect(),
        false => columns.iter().map(|c| table.column(c).map(Some)).collect::<Result<_, _>>()?,
    };
    let count = table.column(&spec.count)?;
    let status = spec.status.as_ref().map(|name| table.column(name)).transpose()?;
    let only = spec.only.iter().map(|(column, value)| Ok((table.column(column)?, value))).collect::<Result<Vec<_>, TableError>>()?;
    let mut numbers = Vec::new();
    for (row_at, row) in table.rows.iter().enumerate() {
        if only.iter().any(|&(column, value)| row[column] != *value) {
            continue;
        }
        let place = |column: usize| (table.file.clone(), row_at + 2, table.columns[column].clone());
        let value = match row[count].as_str() {
            "" => None,
            text => Some(text.parse::<i64>().ok().filter(|&v| v >= 0).ok_or_else(|| TableError::number(place(count)))?),
        };
        let withheld = match status.map(|s| (s, row[s].as_str())) {
            Some((_, "u" | "x" | "suppressed" | "primary" | "secondary")) => true,
            Some((_, "s" | "z" | "" | "value" | "zero" | "published")) => false,
            Some((s, _)) => return Err(TableError::status(place(s))),
            None => value.is_none(),
        };
        if value.is_none() && !withheld {
            return Err(TableError::number(place(count)));
        }
        let key = at.iter().map(|at| at.map_or_else(|| TOTAL.to_owned(), |at| row[at].clone())).collect();
        numbers.push(Number { key, count: value, withheld });
    }
    if spec.status.is_none() {
        mark(&mut numbers, spec.primary);
    }
    Ok(numbers)
}

fn mark(numbers: &mut [Number], primary: Option<i64>) {
    for number in numbers {
        number.withheld |= primary.zip(number.count).is_some_and(|(k, count)| (1..=k).contains(&count));
    }
}

/// Rows of the same cell added up.
fn gathered(rows: Vec<Number>) -> Vec<Number> {
    let mut cells: Vec<Number> = Vec::new();
    let mut at: FxHashMap<Vec<String>, usize> = FxHashMap::default();
    for row in rows {
        match at.get(&row.key) {
            Some(&at) => {
                let cell = &mut cells[at];
                cell.count = cell.count.zip(row.count).map(|(a, b)| a + b);
                cell.withheld |= row.withheld;
            }
            None => {
                at.insert(row.key.clone(), cells.len());
                cells.push(row);
            }
        }
    }
    cells
}

/// All sums of all tables over every subset of their columns.
fn computed_margins(
    cells: &[Number],
    columns: &[String],
    tables: &[Vec<String>],
    spec: &TableSpec,
) -> Result<Vec<Number>, TableError> {
    let mut margins: BTreeMap<Vec<String>, Number> = BTreeMap::new();
    for table in tables {
        for subset in 0..1_usize << table.len() {
            let kept = |column: &String| table.iter().position(|t| t == column).is_some_and(|at| subset >> at & 1 == 1);
            if spec.dims.iter().all(kept) {
                continue;
            }
            let mut sums: BTreeMap<Vec<String>, Number> = BTreeMap::new();
            for cell in cells {
                let part = |(column, value): (&String, &String)| if kept(column) { value.clone() } else { TOTAL.to_owned() };
                let key: Vec<String> = columns.iter().zip(&cell.key).map(part).collect();
                let count = cell.count.ok_or_else(|| TableError::NoMargins { file: spec.file.clone() })?;
                let sum = sums.entry(key.clone()).or_insert(Number { key, count: Some(0), withheld: false });
                sum.count = sum.count.map(|before| before + count);
            }
            margins.extend(sums);
        }
    }
    let mut margins: Vec<Number> = margins.into_values().collect();
    if spec.status.is_none() {
        mark(&mut margins, spec.primary);
    }
    Ok(margins)
}

type Layout = (Vec<String>, Vec<Number>, Vec<Number>);

fn solve(spec: &TableSpec, (columns, cells, published): Layout, limits: &Limits) -> Result<AttackedTable, TableError> {
    let mut system = System::default();
    let unknown: Vec<Option<u32>> = cells.iter().map(|cell| cell.withheld.then(|| system.unknown(spec.floor))).collect();
    let mut targets: Vec<(Vec<String>, u32)> =
        cells.iter().zip(&unknown).filter_map(|(cell, x)| Some((cell.key.clone(), (*x)?))).collect();
    for number in &published {
        let holds = |cell: &Number| number.key.iter().zip(&cell.key).all(|(n, c)| n == TOTAL || n == c);
        let mut terms = Vec::new();
        let mut constant = 0;
        for (cell, x) in cells.iter().zip(&unknown).filter(|(cell, _)| holds(cell)) {
            match x {
                Some(x) => terms.push((*x, 1)),
                None => constant -= cell.count.unwrap_or(0),
            }
        }
        match number.withheld {
            true => {
                let x = system.unknown(spec.floor);
                targets.push((number.key.clone(), x));
                terms.push((x, -1));
            }
            false => constant += number.count.unwrap_or(0),
        }
        system.state(terms, constant);
    }
    let asked: Vec<u32> = targets.iter().map(|t| t.1).collect();
    let found = attack(&system, &asked, limits).map_err(|_| TableError::Contradiction { file: spec.file.clone() })?;
    Ok(AttackedTable { columns, numbers: targets.into_iter().map(|t| t.0).zip(found).collect() })
}
