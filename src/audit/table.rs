//! Plain tables: a CSV file with one row a cell, to be attacked with all the sums that are published beside it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rustc_hash::FxHashMap;

use crate::audit::attack::{Found, Limits, attack};
use crate::audit::system::System;
use crate::audit::table_error::TableError;
use crate::confidential::{Dialect, TextTable};
use crate::error::Error;

/// The word for "all of them" in a column.
pub const TOTAL: &str = "Total";

/// Adds the columns of a hierarchy, looked up by its first column; gives that column's name and those of the new ones. A row for a group in
/// place of a value (`EU` among countries) becomes one whose value is [`TOTAL`] within its group.
fn join(table: &mut TextTable, other: &TextTable) -> Result<(String, Vec<String>), Error> {
    let by = table.column(&other.columns[0])?;
    let found: FxHashMap<&str, &[String]> = other.rows.iter().map(|row| (row[0].as_str(), &row[1..])).collect();
    let totals = vec![TOTAL.to_owned(); other.columns.len() - 1];
    for at in 0..table.rows.len() {
        let value = table.rows[at][by].clone();
        let parents = match found.get(value.as_str()) {
            Some(parents) => parents.to_vec(),
            None if value == TOTAL => totals.clone(),
            None => {
                let level = (1..other.columns.len()).find(|&level| other.rows.iter().any(|row| row[level] == value));
                let place = || (table.file.clone(), table.row_number(at), other.file.clone());
                let level = level.ok_or_else(|| TableError::not_in_hierarchy(place()))?;
                table.rows[at][by] = TOTAL.to_owned();
                let mut group = totals.clone();
                group[level - 1] = value;
                group
            }
        };
        table.rows[at].extend(parents);
    }
    table.columns.extend_from_slice(&other.columns[1..]);
    Ok((other.columns[0].clone(), other.columns[1..].to_vec()))
}

/// What is published of a table.
#[derive(Clone, Debug, Default)]
pub struct TableSpec {
    /// The file with the finest cells.
    pub file: PathBuf,
    /// How the files are written.
    pub dialect: Dialect,
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
pub fn attack_table(spec: &TableSpec, limits: &Limits) -> Result<AttackedTable, Error> {
    let read = |file: &PathBuf| TextTable::read(file, &spec.dialect);
    let mut table = read(&spec.file)?;
    let mut tables = vec![spec.dims.clone()];
    tables.extend(spec.tables.iter().cloned());
    for file in &spec.hierarchies {
        let (child, parents) = join(&mut table, &read(file)?)?;
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
    let linked = spec.linked.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let no_dimension = |c: &str| c == spec.count || spec.status.as_deref() == Some(c) || spec.only.iter().any(|o| o.0 == c);
    for column in linked.iter().flat_map(|t| &t.columns).filter(|c| !no_dimension(c) && table.columns.contains(c)) {
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
    // Where withheld counts are empty, sums are what the linked tables say.
    let sums_elsewhere = !linked.is_empty() && cells.iter().any(|cell| cell.count.is_none());
    if margins.is_empty() && !sums_elsewhere {
        for margin in computed_margins(&cells, &columns, &tables, spec)? {
            others.entry(margin.key.clone()).or_insert(margin);
        }
    } else {
        others.extend(margins.into_iter().map(|m| (m.key.clone(), m)));
    }
    let mut published: Vec<Number> = others.into_values().collect();
    for table in &linked {
        published.extend(numbers(table, spec, &columns)?);
    }
    solve(spec, (columns, cells, published), limits)
}

/// The rows of a file as numbers over these columns; columns that it does not have are [`TOTAL`].
fn numbers(table: &TextTable, spec: &TableSpec, columns: &[String]) -> Result<Vec<Number>, Error> {
    let linked = table.file != spec.file;
    let at: Vec<Option<usize>> = match linked {
        true => columns.iter().map(|c| table.column(c).ok()).collect(),
        false => columns.iter().map(|c| table.column(c).map(Some)).collect::<Result<_, _>>()?,
    };
    let count = table.column(&spec.count)?;
    let status = spec.status.as_ref().map(|name| table.column(name)).transpose()?;
    let wanted = spec.only.iter().filter(|(column, _)| !linked || table.columns.contains(column));
    let only = wanted.map(|(column, value)| Ok((table.column(column)?, value))).collect::<Result<Vec<_>, Error>>()?;
    let mut numbers = Vec::new();
    for (row_at, row) in table.rows.iter().enumerate() {
        if only.iter().any(|&(column, value)| row[column] != *value) {
            continue;
        }
        let place = |column: usize| (table.file.clone(), table.row_number(row_at), table.columns[column].clone());
        let value = table.count(row_at, count)?;
        let withheld = match status.map(|s| (s, row[s].as_str())) {
            Some((_, "u" | "x" | "suppressed" | "primary" | "secondary")) => true,
            Some((_, "s" | "z" | "" | "value" | "zero" | "published")) => false,
            Some((s, _)) => return Err(TableError::status(place(s)).into()),
            None => value.is_none(),
        };
        if value.is_none() && !withheld {
            return Err(TableError::number(place(count)).into());
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

fn solve(spec: &TableSpec, (columns, cells, published): Layout, limits: &Limits) -> Result<AttackedTable, Error> {
    let mut system = System::default();
    let unknown: Vec<Option<u32>> = cells.iter().map(|cell| cell.withheld.then(|| system.unknown(spec.floor))).collect();
    let mut targets: Vec<(Vec<String>, u32)> =
        cells.iter().zip(&unknown).filter_map(|(cell, x)| Some((cell.key.clone(), (*x)?))).collect();
    // Cells by what a number fixes of them: each pattern of columns once.
    let mut by_pattern: FxHashMap<Vec<usize>, FxHashMap<Vec<&str>, Vec<usize>>> = FxHashMap::default();
    for number in &published {
        let pattern: Vec<usize> = (0..columns.len()).filter(|&c| number.key[c] != TOTAL).collect();
        let held = by_pattern.entry(pattern).or_insert_with_key(|pattern| {
            let mut held: FxHashMap<Vec<&str>, Vec<usize>> = FxHashMap::default();
            for (at, cell) in cells.iter().enumerate() {
                held.entry(pattern.iter().map(|&c| cell.key[c].as_str()).collect()).or_default().push(at);
            }
            held
        });
        let fixed: Vec<&str> = number.key.iter().map(String::as_str).filter(|&value| value != TOTAL).collect();
        let mut terms = Vec::new();
        let mut constant = 0;
        for &at in held.get(&fixed).into_iter().flatten() {
            match unknown[at] {
                Some(x) => terms.push((x, 1)),
                None => constant -= cells[at].count.unwrap_or(0),
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
