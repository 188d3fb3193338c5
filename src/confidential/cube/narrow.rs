//! Counting records that have nothing but a key, where it fits in 64 bits: by tables of keys and counts, in parts by cell.
//!
//! The records of a part come in turns from buffers that every thread fills for itself; its table is small enough for a core's cache, so that each
//! record costs one look at it. Memory grows with atoms: 16 bytes a slot, of which three quarters at most are taken.

use std::sync::Mutex;

use rayon::prelude::*;

use crate::confidential::cube::key::{Occurring, PackedKey, Packing};
use crate::confidential::raw_count::RawCount;

const PART_BITS: u32 = 10;
const PARTS: usize = 1 << PART_BITS;
const BUFFERED: usize = 256;
const FIRST_SLOTS: usize = 256;
/// Keys looked up together.
const TOGETHER: usize = 32;

/// Keys and counts in the order of slots; a count of none is a free slot.
#[derive(Clone, Default)]
pub(super) struct CountTable {
    slots: Vec<(u64, RawCount)>,
    taken: usize,
}

impl CountTable {
    /// Counts keys. First the places of [`TOGETHER`] are looked at, which memory answers side by side; then they are counted one after the other, as each
    /// may change where the next is found.
    fn count(&mut self, keys: &[u64]) {
        for keys in keys.chunks(TOGETHER) {
            // Three quarters full at most, so that a free slot is near.
            while (self.taken + keys.len()) * 4 > self.slots.len() * 3 {
                self.grow();
            }
            let mask = self.slots.len() - 1;
            let mut found = [None; TOGETHER];
            for (found, &key) in found.iter_mut().zip(keys) {
                let at = first_place(key) & mask;
                let slot = self.slots[at];
                *found = (slot.0 == key && slot.1 != RawCount::default()).then_some(at);
            }
            for (found, &key) in found.iter().zip(keys) {
                let slot = match *found {
                    Some(at) => &mut self.slots[at],
                    None => self.slot(key),
                };
                let is_new = slot.1 == RawCount::default();
                slot.0 = key;
                slot.1 += RawCount::ONE;
                self.taken += usize::from(is_new);
            }
        }
    }

    /// The slot of a key, or the free one it would take. There is a free one.
    fn slot(&mut self, key: u64) -> &mut (u64, RawCount) {
        let mask = self.slots.len() - 1;
        let mut at = first_place(key) & mask;
        while self.slots[at].1 != RawCount::default() && self.slots[at].0 != key {
            at = (at + 1) & mask;
        }
        &mut self.slots[at]
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![(0, RawCount::default()); (2 * self.slots.len()).max(FIRST_SLOTS)];
        for (key, count) in std::mem::replace(&mut self.slots, larger) {
            if count != RawCount::default() {
                *self.slot(key) = (key, count);
            }
        }
    }

    /// Every key with its count, in any order.
    pub(super) fn atoms(&self) -> impl Iterator<Item = (u64, RawCount)> {
        self.slots.iter().copied().filter(|slot| slot.1 != RawCount::default())
    }
}

/// Where the search for a key begins, before it is cut to the table's length.
#[inline]
fn first_place(key: u64) -> usize {
    (key.wrapping_mul(0xd6e8_feb8_6659_fd93) >> 32) as usize
}

/// Raw counts so far, shared by all threads.
pub(super) struct NarrowTally {
    packing: Packing,
    parts: Vec<Mutex<CountTable>>,
}

/// Keys of one thread on their way into the tally: those of each part side by side, and how many there are.
#[derive(Default)]
pub(super) struct NarrowBuffers {
    keys: Vec<[u64; BUFFERED]>,
    held: Vec<u16>,
}

impl NarrowTally {
    pub(super) fn new(packing: Packing) -> Self {
        Self { packing, parts: (0..PARTS).map(|_| Mutex::default()).collect() }
    }

    /// Counts one record.
    #[inline]
    pub(super) fn count(&self, buffers: &mut NarrowBuffers, key: PackedKey) {
        if buffers.held.is_empty() {
            *buffers = NarrowBuffers { keys: vec![[0; BUFFERED]; PARTS], held: vec![0; PARTS] };
        }
        let number = key.part(PART_BITS);
        let (keys, held) = (&mut buffers.keys[number], &mut buffers.held[number]);
        keys[usize::from(*held) % BUFFERED] = self.packing.narrow(key);
        *held += 1;
        if usize::from(*held) == BUFFERED {
            self.empty(number, keys);
            *held = 0;
        }
    }

    /// Counts what is left in the buffers.
    pub(super) fn flush(&self, buffers: &mut NarrowBuffers) {
        for (number, (keys, held)) in buffers.keys.iter().zip(&mut buffers.held).enumerate() {
            self.empty(number, &keys[..usize::from(std::mem::take(held))]);
        }
    }

    #[inline(never)]
    fn empty(&self, number: usize, keys: &[u64]) {
        self.parts[number].lock().expect("no thread panicked").count(keys);
    }

    /// The tables, when all threads have flushed.
    pub(super) fn into_tables(self) -> (Packing, Vec<CountTable>) {
        (self.packing, self.parts.into_iter().map(|part| part.into_inner().expect("no thread panicked")).collect())
    }
}

/// Which numbers occur in the keys of tables.
pub(super) fn occurring(packing: &Packing, tables: &[CountTable], nothing: impl Fn() -> Occurring + Sync) -> Occurring {
    let of_table = |(mut occurring, mut groups): (Occurring, Vec<bool>), table: &CountTable| {
        for (key, _) in table.atoms() {
            occurring.dates[packing.date(key)] = true;
            occurring.areas[packing.areas(key) as usize] = true;
            groups[packing.group(key) as usize] = true;
        }
        (occurring, groups)
    };
    let begin = || (nothing(), vec![false; packing.groups()]);
    let or = |(one, mut groups): (Occurring, Vec<bool>), (other, other_groups): (Occurring, Vec<bool>)| {
        groups.iter_mut().zip(other_groups).for_each(|(one, other)| *one |= other);
        (one.or(other), groups)
    };
    let (mut occurring, groups) = tables.par_iter().fold(begin, of_table).reduce(begin, or);
    (0..).zip(&groups).filter(|(_, occurs)| **occurs).for_each(|(group, _)| occurring.mark_group(group));
    occurring
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::grid::{CellId, GridSize};

    #[test]
    fn records_are_counted_like_in_a_map() {
        let packing = Packing::of(7, 1, 100).unwrap();
        for atoms in [1, 40, 30_000] {
            let tally = NarrowTally::new(packing);
            let (mut buffers, mut expected) = (NarrowBuffers::default(), BTreeMap::<u64, RawCount>::new());
            for i in (0..100_000_u64).map(|i| (i * 7919) % 60_013) {
                let cell = CellId::of_corner(GridSize::new(100).unwrap(), (i % atoms) as i32 * 100, 0).unwrap();
                let key = PackedKey::new(cell, (i % 7) as u32, 0, i % 5);
                tally.count(&mut buffers, key);
                *expected.entry(packing.narrow(key)).or_default() += RawCount::ONE;
            }
            tally.flush(&mut buffers);
            let (_, tables) = tally.into_tables();
            let mut counted: Vec<(u64, RawCount)> = tables.iter().flat_map(CountTable::atoms).collect();
            counted.sort_unstable_by_key(|atom| atom.0);
            assert!(counted == expected.into_iter().collect::<Vec<_>>(), "{atoms} atoms");
        }
    }
}
