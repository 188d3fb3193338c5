//! Counts by cell and group: for each cell a row of bytes, a column for each group.
//!
//! Where few groups occur, a row takes less memory than its atoms would one by one, and a record that is counted finds its cell and no more. Groups are given columns as they come. What a byte cannot hold, and groups beyond [`MOST_COLUMNS`], go to a table of their own.

use std::sync::Mutex;

use crate::confidential::cube::count_table::{CountTable, first_place};
use crate::confidential::cube::key::Packing;
use crate::confidential::raw_count::{RawCount, SmallCount};

/// A row is no longer than a line of a core's cache.
pub(super) const MOST_COLUMNS: usize = 64;
const FIRST_COLUMNS: usize = 8;
const FIRST_SLOTS: usize = 64;
/// Records whose cells are looked up together: memory answers side by side.
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
    /// Slot by slot the narrow key without its group and 1; 0 is a free slot. Three quarters full at most, so that a free slot is near.
    cells: Vec<u64>,
    /// For each slot its row.
    rows: Vec<SmallCount>,
    columns: usize,
    taken: usize,
    /// What is not in rows, by narrow key.
    carried: CountTable,
}

impl CellRows {
    /// Counts a record for each narrow key.
    pub(super) fn count(&mut self, packing: &Packing, columns: &Columns, known: &mut KnownColumns, keys: &[u64]) {
        for keys in keys.chunks(TOGETHER) {
            while (self.taken + keys.len()) * 4 > self.cells.len() * 3 {
                self.grow();
            }
            let mut slots = [0; TOGETHER];
            slots.iter_mut().zip(keys).for_each(|(slot, &key)| *slot = self.slot(packing.place_and_group(key).0));
            for (&slot, &key) in slots.iter().zip(keys) {
                let column = columns.of(known, packing.place_and_group(key).1);
                if column == NO_COLUMN {
                    self.carried.add(key, RawCount::ONE);
                    continue;
                }
                while usize::from(column) >= self.columns {
                    self.widen();
                }
                if self.rows[slot * self.columns + usize::from(column)].count_one() {
                    self.carried.add(key, RawCount::SMALL_LIMIT);
                }
            }
        }
    }

    /// The slot of a cell; a free one becomes its own if it is new.
    #[inline]
    fn slot(&mut self, cell: u64) -> usize {
        let slot = slot_in(&self.cells, cell);
        if self.cells[slot] == 0 {
            self.cells[slot] = cell + 1;
            self.taken += 1;
        }
        slot
    }

    #[cold]
    fn grow(&mut self) {
        let slots = (2 * self.cells.len()).max(FIRST_SLOTS);
        let mut cells = vec![0; slots];
        let mut rows = vec![SmallCount::default(); slots * self.columns];
        for (at, &cell) in self.cells.iter().enumerate().filter(|(_, cell)| **cell != 0) {
            let slot = slot_in(&cells, cell - 1);
            cells[slot] = cell;
            rows[slot * self.columns..][..self.columns].copy_from_slice(&self.rows[at * self.columns..][..self.columns]);
        }
        (self.cells, self.rows) = (cells, rows);
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

/// Where a cell is among slots, or the free slot that it would take.
#[inline]
fn slot_in(cells: &[u64], cell: u64) -> usize {
    let mask = cells.len() - 1;
    let mut slot = first_place(cell) & mask;
    while cells[slot] != 0 && cells[slot] != cell + 1 {
        slot = (slot + 1) & mask;
    }
    slot
}

/// Cells with their counts, to be read.
pub(super) struct CountedRows {
    cells: Vec<u64>,
    rows: Vec<SmallCount>,
    columns: usize,
    carried: Vec<(u64, RawCount)>,
}

impl CountedRows {
    /// Slots and the narrow keys without their groups, in any order.
    pub(super) fn cells(&self) -> impl Iterator<Item = (usize, u64)> {
        self.cells.iter().enumerate().filter_map(|(slot, &cell)| Some((slot, cell.checked_sub(1)?)))
    }

    fn row(&self, slot: usize) -> &[SmallCount] {
        &self.rows[slot * self.columns..][..self.columns]
    }

    fn carried(&self, slot: usize, packing: &Packing) -> impl Iterator<Item = (u32, RawCount)> {
        let cell = self.cells[slot] - 1;
        let from = self.carried.partition_point(|&(key, _)| packing.place_and_group(key).0 < cell);
        let counts = self.carried[from..].iter().map(|&(key, count)| (packing.place_and_group(key), count));
        counts.take_while(move |&((place, _), _)| place == cell).map(|((_, group), count)| (group, count))
    }

    /// Groups that occur without a column, or more often than a row can hold.
    pub(super) fn carried_groups(&self, packing: &Packing) -> impl Iterator<Item = u32> {
        self.carried.iter().map(|&(key, _)| packing.place_and_group(key).1)
    }

    /// How many atoms the cell of a slot has; `order` is that of [`CountedRows::atoms`].
    pub(super) fn atoms_len(&self, slot: usize, order: &Order, atoms: &mut Vec<(u64, RawCount)>) -> usize {
        if self.carried.is_empty() {
            // In bytes, so that many are added at once: a row is no longer than they can count.
            return usize::from(self.row(slot).iter().map(|count| u8::from(!count.is_none())).sum::<u8>());
        }
        self.atoms((slot, self.row(slot)), order, atoms);
        atoms.len()
    }

    /// Copies the row of a slot.
    #[inline]
    pub(super) fn copy_row(&self, slot: usize, row: &mut Row) {
        row[..self.columns].copy_from_slice(self.row(slot));
        row[self.columns..].fill(SmallCount::default());
    }

    /// Groups of the cell of a slot, whose row is given, with their counts, in the order of ranked groups.
    pub(super) fn atoms(&self, (slot, row): (usize, &[SmallCount]), order: &Order, atoms: &mut Vec<(u64, RawCount)>) {
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
        atoms.extend(self.carried(slot, &order.packing).map(|(group, count)| (order.groups[group as usize], count)));
        if atoms.len() > len {
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
    packing: Packing,
    /// Every column with the ranked group it stands for, by group.
    columns: Vec<(u64, usize)>,
    /// What every group becomes.
    groups: Vec<u64>,
}

impl Order {
    /// From what every group becomes, and the groups of columns.
    pub(super) fn new(packing: Packing, groups: Vec<u64>, of_columns: &[u32]) -> Self {
        let mut columns: Vec<_> = of_columns.iter().map(|&group| groups[group as usize]).zip(0..).collect();
        columns.sort_unstable();
        Self { packing, columns, groups }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::confidential::cube::key::PackedKey;

    #[test]
    fn records_are_counted_like_in_a_map() {
        // Few and many groups, in one cell and in many, and more records in one group than a byte holds.
        for (groups, cells) in [(1, 1), (5, 3000), (64, 40), (900, 7), (900, 2000)] {
            let packing = Packing::of(1, 1, groups).unwrap();
            let (columns, mut known, mut rows) = (Columns::default(), KnownColumns::new(&packing), CellRows::default());
            let mut expected = BTreeMap::<(u64, u64), RawCount>::new();
            let narrow = |cell: u64, group: u64| packing.narrow(PackedKey::of_place(cell, group));
            let mut keys = Vec::new();
            for i in (0..60_000_u64).map(|i| (i * 7919) % 60_013) {
                let (cell, group) = (i % cells, (i * i) % groups);
                keys.push(narrow(cell, group));
                let place = packing.place_and_group(narrow(cell, 0)).0;
                *expected.entry((place, groups - 1 - group)).or_default() += RawCount::ONE;
            }
            keys.chunks(77).for_each(|keys| rows.count(&packing, &columns, &mut known, keys));
            // Ranks the other way round.
            let order = Order::new(packing, (0..groups).rev().collect(), &columns.into_groups());
            let counted = rows.counted();
            let mut found = BTreeMap::new();
            for (slot, cell) in counted.cells() {
                let (mut row, mut atoms) = ([SmallCount::default(); MOST_COLUMNS], Vec::new());
                counted.copy_row(slot, &mut row);
                counted.atoms((slot, &row), &order, &mut atoms);
                assert!(atoms.is_sorted_by(|a, b| a.0 < b.0));
                assert_eq!(counted.atoms_len(slot, &order, &mut Vec::new()), atoms.len());
                found.extend(atoms.into_iter().map(|(group, count)| ((cell, group), count)));
            }
            assert!(found == expected, "{groups} groups in {cells} cells");
        }
    }
}
