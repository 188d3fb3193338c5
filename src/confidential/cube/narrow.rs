//! Counting records that have nothing but a key, where it fits in 64 bits: in parts by cell.
//!
//! The records of a part come in turns from buffers that every thread fills for itself; its rows are few enough for a core's cache, so that each
//! record costs one look at them. Memory grows with cells and groups (see `cell_rows`).

use std::sync::Mutex;

use rayon::prelude::*;

use crate::confidential::cube::AtomKey;
use crate::confidential::cube::cell_rows::{CellRows, Columns, CountedRows, KnownColumns, Order};
use crate::confidential::cube::key::{KeyRanks, Occurring, PackedKey, Packing};
use crate::confidential::raw_count::RawCount;

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

/// A cell on its way to its place.
#[derive(Clone, Copy)]
struct Placed {
    /// Its ranked narrow key without the group.
    place: u64,
    part: u32,
    at: u32,
    atoms: u32,
}

impl NarrowCounts {
    /// Which numbers occur.
    pub(super) fn occurring(&self, nothing: impl Fn() -> Occurring + Sync) -> Occurring {
        let of_part = |part: &CountedRows| {
            let mut occurring = nothing();
            for &cell in &part.cells {
                let (date, areas) = self.packing.date_and_areas(cell);
                occurring.dates[date] = true;
                occurring.areas[areas as usize] = true;
            }
            part.carried_groups().for_each(|group| occurring.mark_group(u64::from(group)));
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
        let order = Order::new(ranks.groups(), &self.columns);
        let of_part = |part: usize| {
            let (rows, mut atoms) = (&parts[part], Vec::new());
            let place = |(at, &cell): (usize, &u64)| Placed {
                place: ranks.narrow_place(&packing, cell),
                part: part as u32,
                at: at as u32,
                atoms: rows.atoms_len(at, &order, &mut atoms) as u32,
            };
            rows.cells.iter().enumerate().map(place).collect::<Vec<_>>()
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
        struct Along {
            atom: usize,
            cell: usize,
            first: AtomKey,
            groups: Vec<(u64, RawCount)>,
            begin: usize,
        }
        let begin = || None;
        let next = |along: &mut Option<Along>, atom: usize| {
            let cell = match along {
                Some(along) if along.atom + 1 == atom && atom < ends[along.cell] => along.cell,
                Some(along) if along.atom + 1 == atom => along.cell + 1,
                _ => ends.partition_point(|&end| end <= atom),
            };
            if along.as_ref().is_none_or(|along| along.cell != cell) {
                let Placed { place, part, at, .. } = cells[cell];
                let mut groups = along.take().map_or_else(Vec::new, |along| along.groups);
                parts[part as usize].atoms(at as usize, &order, &mut groups);
                let first = placed(ranks.narrow_atom(&packing, place));
                let begin = cell.checked_sub(1).map_or(0, |before| ends[before]);
                *along = Some(Along { atom, cell, first, groups, begin });
            }
            let along = along.as_mut().expect("set above");
            along.atom = atom;
            let (group, count) = along.groups[atom - along.begin];
            (AtomKey { group, ..along.first }, count)
        };
        let (mut keys, mut counts) = (Vec::new(), Vec::new());
        (0..total).into_par_iter().map_init(begin, next).unzip_into_vecs(&mut keys, &mut counts);
        (keys, counts)
    }
}
