//! Counting records that have nothing but a key, where it fits in 64 bits: in parts by cell.
//!
//! The records of a part come in turns from buffers that every thread fills for itself; its rows are few enough for a core's cache, so that each
//! record costs one look at them. Memory grows with cells and groups (see `cell_rows`).

use std::sync::Mutex;

use rayon::prelude::*;

use crate::confidential::cube::AtomKey;
use crate::confidential::cube::cell_rows::{CellRows, Columns, CountedRows, KnownColumns, MOST_COLUMNS, Order, Row};
use crate::confidential::cube::key::{KeyRanks, Occurring, PackedKey, Packing};
use crate::confidential::raw_count::{RawCount, SmallCount};

const PART_BITS: u32 = 10;
const PARTS: usize = 1 << PART_BITS;
const BUFFERED: usize = 256;

/// Raw counts so far, shared by all threads.
pub(super) struct NarrowTally {
    packing: Packing,
    columns: Columns,
    parts: Vec<Mutex<CellRows>>,
}

/// Keys of one thread on their way into the tally: those of each part side by side, and how many there are.
#[derive(Default)]
pub(super) struct NarrowBuffers {
    keys: Vec<[u64; BUFFERED]>,
    held: Vec<u16>,
    known: KnownColumns,
}

impl NarrowTally {
    pub(super) fn new(packing: Packing) -> Self {
        Self { packing, columns: Columns::default(), parts: (0..PARTS).map(|_| Mutex::default()).collect() }
    }

    /// Counts one record.
    #[inline]
    pub(super) fn count(&self, buffers: &mut NarrowBuffers, key: PackedKey) {
        if buffers.held.is_empty() {
            let known = KnownColumns::new(&self.packing);
            *buffers = NarrowBuffers { keys: vec![[0; BUFFERED]; PARTS], held: vec![0; PARTS], known };
        }
        let number = key.part(PART_BITS);
        let (keys, held) = (&mut buffers.keys[number], &mut buffers.held[number]);
        keys[usize::from(*held) % BUFFERED] = self.packing.narrow(key);
        *held += 1;
        if usize::from(*held) == BUFFERED {
            self.empty(number, keys, &mut buffers.known);
            *held = 0;
        }
    }

    /// Counts what is left in the buffers.
    pub(super) fn flush(&self, buffers: &mut NarrowBuffers) {
        for (number, (keys, held)) in buffers.keys.iter().zip(&mut buffers.held).enumerate() {
            self.empty(number, &keys[..usize::from(std::mem::take(held))], &mut buffers.known);
        }
    }

    #[inline(never)]
    fn empty(&self, number: usize, keys: &[u64], known: &mut KnownColumns) {
        self.parts[number].lock().expect("no thread panicked").count(&self.packing, &self.columns, known, keys);
    }

    /// What was counted, when all threads have flushed.
    pub(super) fn into_counted(self) -> NarrowCounts {
        let counted = |part: Mutex<CellRows>| part.into_inner().expect("no thread panicked").counted();
        let parts = self.parts.into_par_iter().map(counted).collect();
        NarrowCounts { packing: self.packing, columns: self.columns.into_groups(), parts }
    }
}

/// Raw counts by cell.
pub(super) struct NarrowCounts {
    packing: Packing,
    /// The group of each column.
    columns: Vec<u32>,
    parts: Vec<CountedRows>,
}

/// Rows copied together: they lie all over memory, which answers side by side.
const ROWS: usize = 32;

/// Where a thread is that goes along cells.
#[derive(Default)]
struct Along {
    /// The next atom.
    next: usize,
    cell: usize,
    /// The cell's atoms: their positions begin at `begin`, and they are `place` with each of the groups.
    begin: usize,
    place: Option<AtomKey>,
    groups: Vec<(u64, RawCount)>,
    rows: Vec<Row>,
    first_row: usize,
}

impl Along {
    /// The groups of a cell.
    fn count(&mut self, cell: usize, cells: &[Placed], parts: &[CountedRows], order: &Order) {
        if !(self.first_row..self.first_row + self.rows.len()).contains(&cell) {
            self.first_row = cell;
            let cells = &cells[cell..(cell + ROWS).min(cells.len())];
            self.rows.resize(cells.len(), [SmallCount::default(); MOST_COLUMNS]);
            cells.iter().zip(&mut self.rows).for_each(|(cell, row)| parts[cell.part as usize].copy_row(cell.slot as usize, row));
        }
        let Placed { part, slot, .. } = cells[cell];
        parts[part as usize].atoms((slot as usize, &self.rows[cell - self.first_row]), order, &mut self.groups);
    }
}

/// A cell on its way to its place.
#[derive(Clone, Copy)]
struct Placed {
    /// Its ranked narrow key without the group.
    place: u64,
    part: u32,
    slot: u32,
    atoms: u32,
}

impl NarrowCounts {
    /// Which numbers occur.
    pub(super) fn occurring(&self, nothing: impl Fn() -> Occurring + Sync) -> Occurring {
        let of_part = |part: &CountedRows| {
            let mut occurring = nothing();
            for (_, cell) in part.cells() {
                let (date, areas) = self.packing.date_and_areas(cell);
                occurring.dates[date] = true;
                occurring.areas[areas as usize] = true;
            }
            part.carried_groups(&self.packing).for_each(|group| occurring.mark_group(u64::from(group)));
            occurring
        };
        let mut occurring = self.parts.par_iter().map(of_part).reduce(&nothing, Occurring::or);
        // A group has a column since a record of it was counted.
        self.columns.iter().for_each(|&group| occurring.mark_group(u64::from(group)));
        occurring
    }

    /// Atoms with ranks in their keys, in order, and their counts; `placed` has the last word on where a cell's atoms lie.
    pub(super) fn atoms(self, ranks: &KeyRanks, placed: impl Fn(AtomKey) -> AtomKey + Sync) -> (Vec<AtomKey>, Vec<RawCount>) {
        let (packing, parts) = (self.packing, self.parts.as_slice());
        let order = Order::new(packing, ranks.groups(), &self.columns);
        let of_part = |part: usize| {
            let (rows, mut atoms) = (&parts[part], Vec::new());
            let place = |(slot, cell)| Placed {
                place: ranks.narrow_place(&packing, cell),
                part: part as u32,
                slot: slot as u32,
                atoms: rows.atoms_len(slot, &order, &mut atoms) as u32,
            };
            rows.cells().map(place).collect::<Vec<_>>()
        };
        let mut cells: Vec<Placed> = (0..parts.len()).into_par_iter().flat_map_iter(of_part).collect();
        cells.par_sort_unstable_by_key(|cell| cell.place);

        let mut total = 0;
        let end = |cell: &Placed| {
            total += cell.atoms as usize;
            total
        };
        let ends: Vec<usize> = cells.iter().map(end).collect();

        // Atom by atom, so that each is written where it stays; threads go along cells.
        let enter = |along: &mut Along, cell: usize| {
            along.count(cell, &cells, parts, &order);
            along.cell = cell;
            along.begin = cell.checked_sub(1).map_or(0, |before| ends[before]);
            along.place = Some(placed(ranks.narrow_atom(&packing, cells[cell].place)));
        };
        let next = |along: &mut Along, atom: usize| {
            if along.place.is_none() || along.next != atom {
                enter(along, ends.partition_point(|&end| end <= atom));
            } else if atom == ends[along.cell] {
                enter(along, along.cell + 1);
            }
            along.next = atom + 1;
            let (group, count) = along.groups[atom - along.begin];
            (AtomKey { group, ..along.place.expect("a cell was entered") }, count)
        };
        let (mut keys, mut counts) = (Vec::new(), Vec::new());
        (0..total).into_par_iter().map_init(Along::default, next).unzip_into_vecs(&mut keys, &mut counts);
        (keys, counts)
    }
}
