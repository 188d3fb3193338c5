//! What protection costs, as far as published numbers themselves tell it.

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;

use crate::confidential::{Block, Release, Status, Unit};

/// One table at one level and date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableLoss {
    /// Reference date.
    pub date: Option<String>,
    /// Level name.
    pub level: String,
    /// Table name.
    pub table: String,
    /// Numbers by status, as in [`Status::ALL`].
    pub by_status: [u64; 5],
    /// The published numbers of a table of counts, added up; `None` for sums of measures. Anybody can add them up.
    pub records_shown: Option<i64>,
}

impl TableLoss {
    /// How many numbers there are.
    pub(super) fn numbers(&self) -> u64 {
        self.by_status.iter().sum()
    }

    /// How many there are of this status.
    pub(super) fn of(&self, status: Status) -> u64 {
        self.by_status[status as usize]
    }

    /// The share of numbers that are not withheld, 0 to 1; `None` where there are none.
    pub(super) fn share_shown(&self) -> Option<f64> {
        let all = self.numbers();
        (all > 0).then(|| (all - self.of(Status::Suppressed)) as f64 / all as f64)
    }
}

/// How many cells of each size a level of one date shows, where cells were joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CellSizes {
    /// Reference date.
    pub date: Option<String>,
    /// Level name.
    pub level: String,
    /// Side in metres, cells of it, and how many of these show their total; finest first.
    pub sizes: Vec<(u32, u64, u64)>,
}

/// What protection costs in a release. One look at every number, on all cores.
#[derive(Clone, Debug)]
pub struct Losses {
    /// All tables of all levels and dates, in the release's order.
    pub(super) tables: Vec<TableLoss>,
    /// All levels that hold cells of several sizes.
    pub(super) cell_sizes: Vec<CellSizes>,
}

impl Losses {
    /// Looks through a release.
    pub fn of(release: &Release) -> Self {
        let tables = release.blocks.iter().flat_map(|block| of_block(release, block)).collect();
        Self { tables, cell_sizes: cell_sizes(release) }
    }
}

impl Losses {
    /// The numbers of a level of a date by status, as in [`Status::ALL`], and how many units show their total.
    pub fn of_level(&self, date: Option<&str>, level: &str) -> ([u64; 5], u64) {
        let tables = || self.tables.iter().filter(|table| table.date.as_deref() == date && table.level == level);
        let by_status = tables().fold([0; 5], |sums, table| std::array::from_fn(|status| sums[status] + table.by_status[status]));
        // The total is the first table, with one number a unit.
        let shown =
            |total: &TableLoss| [Status::Value, Status::Zero, Status::Uncertain].map(|status| total.of(status)).iter().sum();
        (by_status, tables().next().map_or(0, shown))
    }
}

fn cell_sizes(release: &Release) -> Vec<CellSizes> {
    let lattice = &release.lattice;
    let adaptive = release.blocks.iter().filter(|block| lattice.adaptive(block.level));
    let sizes = |block: &Block| {
        let mut sizes: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
        for (at, unit) in block.units.iter().enumerate() {
            if let Unit::Cell(cell) = unit {
                let size = sizes.entry(cell.size().metres()).or_default();
                size.0 += 1;
                size.1 += u64::from(block.numbers(at)[0].value().is_some());
            }
        }
        sizes.into_iter().map(|(size_m, (cells, shown))| (size_m, cells, shown)).collect()
    };
    let told = |block: &Block| CellSizes {
        date: lattice.dates[block.date].clone(),
        level: lattice.level_name(block.level),
        sizes: sizes(block),
    };
    adaptive.map(told).collect()
}

fn of_block(release: &Release, block: &Block) -> Vec<TableLoss> {
    let lattice = &release.lattice;
    let columns = lattice.columns();
    let mut tables: Vec<TableLoss> = Vec::new();
    // Columns of a table follow one another.
    let mut columns_of: Vec<Range<usize>> = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let table = lattice.table_name(column);
        if tables.last().is_none_or(|last| last.table != table) {
            tables.push(TableLoss {
                date: lattice.dates[block.date].clone(),
                level: lattice.level_name(block.level),
                table,
                by_status: [0; 5],
                records_shown: column.measure.is_none().then_some(0),
            });
        }
        columns_of.resize(tables.len(), at..at);
        columns_of[tables.len() - 1].end = at + 1;
    }
    let nothing = || vec![([0_u64; 5], 0_i64); tables.len()];
    let count = |mut counted: Vec<([u64; 5], i64)>, unit: usize| {
        let numbers = block.numbers(unit);
        for ((by_status, sum), columns) in counted.iter_mut().zip(&columns_of) {
            // Most are zeros, which are counted apart.
            let (all, mut others) = (columns.len() as u64, 0);
            for number in numbers[columns.clone()].iter().filter(|number| number.status() != Status::Zero) {
                by_status[number.status() as usize] += 1;
                *sum += number.value().unwrap_or(0);
                others += 1;
            }
            by_status[Status::Zero as usize] += all - others;
        }
        counted
    };
    let add = |mut one: Vec<([u64; 5], i64)>, other: Vec<([u64; 5], i64)>| {
        for (one, other) in one.iter_mut().zip(other) {
            one.0.iter_mut().zip(other.0).for_each(|(a, b)| *a += b);
            one.1 += other.1;
        }
        one
    };
    let counted = (0..block.units.len()).into_par_iter().fold(nothing, count).reduce(nothing, add);
    for (table, (by_status, sum)) in tables.iter_mut().zip(counted) {
        table.by_status = by_status;
        table.records_shown = table.records_shown.map(|_| sum);
    }
    tables
}
