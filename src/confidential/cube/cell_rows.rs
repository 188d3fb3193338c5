//! Counts by cell and group: for each cell a row of bytes, a column for each group.
//!
//! Few groups occur, and most of them in most cells, so that a row takes less memory than its atoms would one by one, and a record that is counted finds its
//! cell and no more. Groups are given columns as they come. What a byte cannot hold, and groups beyond [`MOST_COLUMNS`], go to a table of their own.

use std::sync::Mutex;

use crate::confidential::cube::count_table::{CountTable, first_place};
use crate::confidential::cube::key::Packing;
use crate::confidential::raw_count::{RawCount, SmallCount};

/// A row is no longer than a line of a core's cache.
pub(super) const MOST_COLUMNS: usize = 64;
const FIRST_COLUMNS: usize = 8;
const FIRST_SLOTS: usize = 64;
/// Cells looked up together: memory answers side by side.
const TOGETHER: usize = 32;

/// Of a group that was not met yet.
const UNMET: u8 = u8::MAX;
/// Of a group that came when there were no more columns.
const NO_COLUMN: u8 = u8::MAX - 1;

/// A row with all columns there may be.
pub(super) type Row = [SmallCount; MOST_COLUMNS];

/// The groups that have columns, in their order; shared by all threads.
#[derive(Default)]
pub(super) struct Columns(Mutex<Vec<u32>>);

/// What one thread knows of the columns, by group.
#[derive(Default)]
pub(super) struct KnownColumns(Vec<u8>);

impl Columns {
    #[inline]
    fn of(&self, known: &mut KnownColumns, group: u32) -> u8 {
        match known.0[group as usize] {
            UNMET => self.meet(known, group),
            column => column,
        }
    }

    #[cold]
    fn meet(&self, known: &mut KnownColumns, group: u32) -> u8 {
        let mut groups = self.0.lock().expect("no thread panicked");
        let column = groups.iter().position(|&met| met == group).or_else(|| {
            let is_room = groups.len() < MOST_COLUMNS;
            is_room.then(|| {
                groups.push(group);
                groups.len() - 1
            })
        });
        let column = column.map_or(NO_COLUMN, |column| column as u8);
        known.0[group as usize] = column;
        column
    }

    /// The group of each column.
    pub(super) fn into_groups(self) -> Vec<u32> {
        self.0.into_inner().expect("no thread panicked")
    }
}

impl KnownColumns {
    /// Nothing known yet.
    pub(super) fn new(packing: &Packing) -> Self {
        Self(vec![UNMET; packing.groups()])
    }
}

/// Cells with their counts.
#[derive(Default)]
pub(super) struct CellRows {
    /// Where to find a cell: its position and 1; 0 is a free slot. Half full at most.
    slots: Vec<u32>,
    /// Narrow keys without their groups, as they came.
    cells: Vec<u64>,
    /// Row by row.
    rows: Vec<SmallCount>,
    columns: usize,
    /// What is not in rows, by position of the cell and group.
    carried: CountTable,
}

impl CellRows {
    /// Counts a record for each narrow key.
    pub(super) fn count(&mut self, packing: &Packing, columns: &Columns, known: &mut KnownColumns, keys: &[u64]) {
        for keys in keys.chunks(TOGETHER) {
            while (self.cells.len() + keys.len()) * 2 > self.slots.len() {
                self.grow();
            }
            let mut found = [(0, 0); TOGETHER];
            for (found, &key) in found.iter_mut().zip(keys) {
                let (cell, group) = packing.place_and_group(key);
                *found = (self.position(cell), group);
            }
            for &(cell, group) in &found[..keys.len()] {
                let column = columns.of(known, group);
                if column == NO_COLUMN {
                    self.carried.add(carried_key(cell, group), RawCount::ONE);
                    continue;
                }
                while usize::from(column) >= self.columns {
                    self.widen();
                }
                if self.rows[cell * self.columns + usize::from(column)].count_one() {
                    self.carried.add(carried_key(cell, group), RawCount::SMALL_LIMIT);
                }
            }
        }
    }

    /// Where a cell is; it gets a row if it is new.
    #[inline]
    fn position(&mut self, cell: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = first_place(cell) & mask;
        loop {
            match self.slots[slot] {
                0 => break,
                at if self.cells[at as usize - 1] == cell => return at as usize - 1,
                _ => slot = (slot + 1) & mask,
            }
        }
        self.cells.push(cell);
        self.rows.resize(self.rows.len() + self.columns, SmallCount::default());
        self.slots[slot] = self.cells.len() as u32;
        self.cells.len() - 1
    }

    #[cold]
    fn grow(&mut self) {
        self.slots = vec![0; (2 * self.slots.len()).max(FIRST_SLOTS)];
        let mask = self.slots.len() - 1;
        for (at, &cell) in (1..).zip(&self.cells) {
            let mut slot = first_place(cell) & mask;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = at;
        }
    }

    /// Doubles the columns.
    #[cold]
    fn widen(&mut self) {
        let columns = (2 * self.columns).max(FIRST_COLUMNS);
        let mut rows = vec![SmallCount::default(); self.cells.len() * columns];
        if self.columns > 0 {
            let of_cells = rows.chunks_mut(columns).zip(self.rows.chunks(self.columns));
            of_cells.for_each(|(wide, row)| wide[..row.len()].copy_from_slice(row));
        }
        (self.rows, self.columns) = (rows, columns);
    }

    /// What was counted, to be read.
    pub(super) fn counted(self) -> CountedRows {
        let Self { cells, rows, columns, carried, .. } = self;
        CountedRows { cells, rows, columns, carried: carried.into_sorted() }
    }
}

fn carried_key(cell: usize, group: u32) -> u64 {
    (cell as u64) << Packing::MOST_GROUP_BITS | u64::from(group)
}

fn group_of(carried_key: u64) -> u32 {
    carried_key as u32 & ((1 << Packing::MOST_GROUP_BITS) - 1)
}

/// Cells with their counts, to be read.
pub(super) struct CountedRows {
    /// Narrow keys without their groups, in any order.
    pub(super) cells: Vec<u64>,
    rows: Vec<SmallCount>,
    columns: usize,
    carried: Vec<(u64, RawCount)>,
}

impl CountedRows {
    fn row(&self, cell: usize) -> &[SmallCount] {
        &self.rows[cell * self.columns..][..self.columns]
    }

    fn carried(&self, cell: usize) -> impl Iterator<Item = (u32, RawCount)> {
        let from = self.carried.partition_point(|&(key, _)| key < carried_key(cell, 0));
        let of_cell = self.carried[from..].iter().take_while(move |(key, _)| *key < carried_key(cell + 1, 0));
        of_cell.map(|&(key, count)| (group_of(key), count))
    }

    /// Groups that occur without a column, or more often than a row can hold.
    pub(super) fn carried_groups(&self) -> impl Iterator<Item = u32> {
        self.carried.iter().map(|&(key, _)| group_of(key))
    }

    /// How many atoms a cell has; `order` is that of [`CountedRows::atoms`].
    pub(super) fn atoms_len(&self, cell: usize, order: &Order, atoms: &mut Vec<(u64, RawCount)>) -> usize {
        if self.carried.is_empty() {
            // In bytes, so that many are added at once: a row is no longer than they can count.
            return usize::from(self.row(cell).iter().map(|count| u8::from(!count.is_none())).sum::<u8>());
        }
        self.atoms((cell, self.row(cell)), order, atoms);
        atoms.len()
    }

    /// Copies a cell's row.
    #[inline]
    pub(super) fn copy_row(&self, cell: usize, row: &mut Row) {
        row[..self.columns].copy_from_slice(self.row(cell));
        row[self.columns..].fill(SmallCount::default());
    }

    /// Groups of a cell, whose row is given, with their counts, in the order of ranked groups.
    pub(super) fn atoms(&self, (cell, row): (usize, &[SmallCount]), order: &Order, atoms: &mut Vec<(u64, RawCount)>) {
        // Every group is written, and the next one over it where there is none of it: that costs less than to guess.
        atoms.resize(order.columns.len(), Default::default());
        let mut len = 0;
        for &(group, column) in &order.columns {
            let count = row.get(column).copied().unwrap_or_default();
            atoms[len] = (group, count.into());
            len += usize::from(!count.is_none());
        }
        atoms.truncate(len);
        if self.carried.is_empty() {
            return;
        }
        let in_row = atoms.len();
        atoms.extend(self.carried(cell).map(|(group, count)| (order.groups[group as usize], count)));
        if atoms.len() > in_row {
            atoms.sort_unstable_by_key(|&(group, _)| group);
            atoms.dedup_by(|(group, count), (kept, sum)| {
                let same = group == kept;
                if same {
                    *sum += *count;
                }
                same
            });
        }
    }
}

/// How groups of rows are ordered.
pub(super) struct Order {
    /// Every column with the ranked group it stands for, by group.
    columns: Vec<(u64, usize)>,
    /// What every group becomes.
    groups: Vec<u64>,
}

impl Order {
    /// From what every group becomes, and the groups of columns.
    pub(super) fn new(groups: Vec<u64>, of_columns: &[u32]) -> Self {
        let mut columns: Vec<_> = of_columns.iter().map(|&group| groups[group as usize]).zip(0..).collect();
        columns.sort_unstable();
        Self { columns, groups }
    }
}
