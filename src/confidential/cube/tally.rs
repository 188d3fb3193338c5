//! Counting: atoms in parts by cell, each a sorted run behind a lock, fed from buffers that every thread fills for itself.
//!
//! A part keeps records waiting until they are as many as its atoms, then sorts them and merges them into its run: each record is moved a
//! few times, in memory that fits a core's cache, and never looked up. Memory grows with atoms, not with records: no more than
//! [`WAITING`] records or as many as a part has atoms wait in it, and [`BUFFERED`] in each thread's buffer for it.

use std::sync::Mutex;

use rayon::prelude::*;

use crate::confidential::cube::contribution::Given;
use crate::confidential::cube::key::{PackedKey, Packing};
use crate::confidential::cube::narrow::{NarrowBuffers, NarrowCounts, NarrowTally};
use crate::confidential::raw_count::RawCount;

const PART_BITS: u32 = 8;
const PARTS: usize = 1 << PART_BITS;
const BUFFERED: usize = 512;
const WAITING: usize = 8192;

/// Raw counts so far, shared by all threads.
pub(super) struct Tally {
    /// In place of the parts, where records have nothing but a key that is narrow.
    narrow: Option<NarrowTally>,
    parts: Vec<Mutex<Part>>,
    measures: usize,
    kept: Kept,
}

/// What is kept of each record beside the sums of its atom.
#[derive(Clone, Copy)]
pub(super) enum Kept {
    Nothing,
    /// The first `measures` amounts; with `contributor`, the one behind them is the hash of who contributed them.
    Amounts {
        measures: usize,
        contributor: bool,
    },
}

/// The atoms of some cells.
#[derive(Default)]
pub(super) struct Part {
    /// Ascending, none twice.
    pub(super) keys: Vec<PackedKey>,
    /// One for each key.
    pub(super) counts: Vec<RawCount>,
    /// Ten-thousandths, all measures of an atom side by side; wide, so that no order of summation overflows.
    pub(super) sums: Vec<i128>,
    /// Contributions one by one, where they are kept, and their measures side by side.
    pub(super) given: Vec<Given>,
    pub(super) given_amounts: Vec<i64>,
    waiting: Records,
}

/// Records on their way into the tally, with their measures in ten-thousandths side by side.
#[derive(Clone, Default)]
struct Records {
    keys: Vec<PackedKey>,
    amounts: Vec<i64>,
}

/// Records of one thread on their way into the tally.
#[derive(Default)]
pub(super) struct Buffers {
    narrow: NarrowBuffers,
    wide: Vec<Records>,
}

/// What was counted.
pub(super) enum Counted {
    Narrow(NarrowCounts),
    Wide(Vec<Part>),
}

impl Tally {
    /// For records with so many measures; with `packing`, if their keys are narrow.
    pub(super) fn new(measures: usize, kept: Kept, packing: Option<Packing>) -> Self {
        let bare = measures == 0 && matches!(kept, Kept::Nothing);
        let narrow = packing.filter(|_| bare).map(NarrowTally::new);
        Self { narrow, parts: (0..PARTS).map(|_| Mutex::default()).collect(), measures, kept }
    }

    /// Counts one record with its measures in ten-thousandths. About 30 ns, without measures 10.
    #[inline]
    pub(super) fn count(&self, buffers: &mut Buffers, key: PackedKey, amounts: &[i64]) {
        match &self.narrow {
            Some(narrow) => narrow.count(&mut buffers.narrow, key),
            None => self.count_wide(&mut buffers.wide, key, amounts),
        }
    }

    fn count_wide(&self, buffers: &mut Vec<Records>, key: PackedKey, amounts: &[i64]) {
        if buffers.is_empty() {
            *buffers = vec![Records::default(); PARTS];
        }
        let number = key.part(PART_BITS);
        let buffer = &mut buffers[number];
        buffer.keys.push(key);
        if !amounts.is_empty() {
            buffer.amounts.extend_from_slice(amounts);
        }
        if buffer.keys.len() >= BUFFERED {
            self.empty(number, buffer);
        }
    }

    /// Counts what is left in the buffers.
    pub(super) fn flush(&self, buffers: &mut Buffers) {
        if let Some(narrow) = &self.narrow {
            narrow.flush(&mut buffers.narrow);
        }
        for (number, buffer) in buffers.wide.iter_mut().enumerate() {
            self.empty(number, buffer);
        }
    }

    fn empty(&self, number: usize, buffer: &mut Records) {
        let mut part = self.parts[number].lock().expect("no thread panicked");
        if let Kept::Amounts { measures, contributor } = self.kept {
            for (record, &key) in buffer.keys.iter().enumerate() {
                let amounts = &buffer.amounts[record * self.measures..][..self.measures];
                let contributor = if contributor { amounts[measures] as u64 } else { 0 };
                part.given.push(Given { contributor, key });
                part.given_amounts.extend_from_slice(&amounts[..measures]);
            }
        }
        part.waiting.keys.append(&mut buffer.keys);
        part.waiting.amounts.append(&mut buffer.amounts);
        if part.waiting.keys.len() >= part.keys.len().max(WAITING) {
            part.settle(self.measures);
        }
    }

    /// What was counted, when all threads have flushed.
    pub(super) fn into_counted(self) -> Counted {
        if let Some(narrow) = self.narrow {
            return Counted::Narrow(narrow.into_counted());
        }
        let measures = self.measures;
        let settled = |part: Mutex<Part>| {
            let mut part = part.into_inner().expect("no thread panicked");
            part.settle(measures);
            part.waiting = Records::default();
            part
        };
        Counted::Wide(self.parts.into_par_iter().map(settled).collect())
    }
}

impl Part {
    /// Sorts the waiting records and merges them into the run.
    fn settle(&mut self, measures: usize) {
        let mut waiting = std::mem::take(&mut self.waiting);
        let (given, given_amounts) = (std::mem::take(&mut self.given), std::mem::take(&mut self.given_amounts));
        if measures == 0 {
            let no_amounts: &[i64] = &[];
            waiting.keys.sort_unstable();
            self.merge(waiting.keys.iter().map(|&key| (key, no_amounts)), waiting.keys.len());
        } else {
            let mut order: Vec<_> = waiting.keys.iter().copied().zip(0_u32..).collect();
            order.sort_unstable();
            let amounts = |at: u32| &waiting.amounts[at as usize * measures..][..measures];
            self.merge(order.iter().map(|&(key, at)| (key, amounts(at))), order.len());
        }
        waiting.keys.clear();
        waiting.amounts.clear();
        self.waiting = waiting;
        (self.given, self.given_amounts) = (given, given_amounts);
    }

    /// Merges records in ascending order; `most` of them at most.
    fn merge<'a>(&mut self, records: impl Iterator<Item = (PackedKey, &'a [i64])>, most: usize) {
        let old = std::mem::take(self);
        let measures = old.sums.len().checked_div(old.keys.len()).unwrap_or(0);
        self.keys.reserve_exact(old.keys.len() + most);
        self.counts.reserve_exact(old.keys.len() + most);
        let mut at = 0;
        let mut take_old = |new: &mut Self, below: Option<PackedKey>| {
            while let Some(&key) = old.keys.get(at).filter(|&&key| below.is_none_or(|below| key <= below)) {
                new.keys.push(key);
                new.counts.push(old.counts[at]);
                new.sums.extend_from_slice(&old.sums[at * measures..(at + 1) * measures]);
                at += 1;
            }
        };
        for (key, amounts) in records {
            if self.keys.last() != Some(&key) {
                take_old(self, Some(key));
            }
            if self.keys.last() != Some(&key) {
                self.keys.push(key);
                self.counts.push(RawCount::default());
                self.sums.resize(self.sums.len() + amounts.len(), 0);
            }
            if let Some(count) = self.counts.last_mut() {
                *count += RawCount::ONE;
            }
            let first = self.sums.len() - amounts.len();
            for (sum, &amount) in self.sums[first..].iter_mut().zip(amounts) {
                *sum += i128::from(amount);
            }
        }
        take_old(self, None);
        self.keys.shrink_to_fit();
        self.counts.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{CellId, GridSize};
    use std::collections::BTreeMap;

    fn key(column: i32, group: u64) -> PackedKey {
        PackedKey::new(CellId::of_corner(GridSize::new(100).unwrap(), column * 100, 0).unwrap(), 0, 0, group)
    }

    /// Counts and sums by key, through the tally.
    fn counted(records: impl Iterator<Item = (PackedKey, i64)>) -> BTreeMap<PackedKey, (RawCount, i128)> {
        let tally = Tally::new(1, Kept::Nothing, None);
        let mut buffers = Buffers::default();
        records.for_each(|(key, amount)| tally.count(&mut buffers, key, &[amount]));
        tally.flush(&mut buffers);
        let Counted::Wide(parts) = tally.into_counted() else { unreachable!("keys are not narrow") };
        assert!(parts.iter().all(|part| part.keys.is_sorted_by(|a, b| a < b) && part.waiting.keys.is_empty()));
        let atoms = parts.iter().flat_map(|part| part.keys.iter().zip(part.counts.iter().zip(&part.sums)));
        atoms.map(|(&key, (&count, &sum))| (key, (count, sum))).collect()
    }

    #[test]
    fn many_records_of_few_and_of_many_atoms_are_counted_like_in_a_map() {
        for atoms in [1, 3, 5000] {
            let records =
                || (0..100_000_u64).map(|i| (i * 7919) % 60_013).map(|i| (key((i % atoms) as i32, i % 5), i as i64 - 9));
            let mut expected = BTreeMap::<_, (RawCount, i128)>::new();
            for (key, amount) in records() {
                let atom = expected.entry(key).or_default();
                atom.0 += RawCount::ONE;
                atom.1 += i128::from(amount);
            }
            assert!(counted(records()) == expected, "{atoms} atoms");
        }
    }
}
