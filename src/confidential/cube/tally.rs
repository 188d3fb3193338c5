//! Counting: atoms in parts by cell, each a map behind a lock, fed from buffers that every thread fills for itself.
//!
//! Memory grows with atoms, not with records: a buffer holds at most [`BUFFERED`] records of a part.

use std::sync::Mutex;

use rustc_hash::FxHashMap;

use crate::confidential::cube::contribution::Given;
use crate::confidential::cube::key::PackedKey;
use crate::confidential::raw_count::RawCount;

const PART_BITS: u32 = 8;
const PARTS: usize = 1 << PART_BITS;
const BUFFERED: usize = 2048;

/// Raw counts so far, shared by all threads.
pub(super) struct Tally {
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
    /// The position of each atom in `counts`.
    pub(super) atoms: FxHashMap<PackedKey, u32>,
    pub(super) counts: Vec<RawCount>,
    /// Ten-thousandths, all measures of an atom side by side; wide, so that no order of summation overflows.
    pub(super) sums: Vec<i128>,
    /// Contributions one by one, where they are kept, and their measures side by side.
    pub(super) given: Vec<Given>,
    pub(super) given_amounts: Vec<i64>,
}

/// Records of one thread on their way into the tally.
pub(super) struct Buffers(Vec<(Vec<PackedKey>, Vec<i64>)>);

impl Buffers {
    pub(super) fn new() -> Self {
        Self(vec![Default::default(); PARTS])
    }
}

impl Tally {
    pub(super) fn new(measures: usize, kept: Kept) -> Self {
        Self { parts: (0..PARTS).map(|_| Mutex::default()).collect(), measures, kept }
    }

    /// Counts one record with its measures in ten-thousandths.
    pub(super) fn count(&self, buffers: &mut Buffers, key: PackedKey, amounts: &[i64]) {
        let part = key.part(PART_BITS);
        let (keys, waiting) = &mut buffers.0[part];
        keys.push(key);
        waiting.extend_from_slice(amounts);
        if keys.len() >= BUFFERED {
            self.empty(part, keys, waiting);
        }
    }

    /// Counts what is left in the buffers.
    pub(super) fn flush(&self, buffers: &mut Buffers) {
        for (part, (keys, waiting)) in buffers.0.iter_mut().enumerate() {
            self.empty(part, keys, waiting);
        }
    }

    fn empty(&self, part: usize, keys: &mut Vec<PackedKey>, waiting: &mut Vec<i64>) {
        let mut part = self.parts[part].lock().expect("no thread panicked");
        let part = &mut *part;
        for (record, key) in keys.drain(..).enumerate() {
            let next = part.counts.len() as u32;
            let at = *part.atoms.entry(key).or_insert(next) as usize;
            if at == part.counts.len() {
                part.counts.push(RawCount::default());
                part.sums.resize(part.sums.len() + self.measures, 0);
            }
            part.counts[at] += RawCount::ONE;
            for measure in 0..self.measures {
                part.sums[at * self.measures + measure] += i128::from(waiting[record * self.measures + measure]);
            }
            if let Kept::Amounts { measures, contributor } = self.kept {
                let amounts = &waiting[record * self.measures..][..self.measures];
                let contributor = if contributor { amounts[measures] as u64 } else { 0 };
                part.given.push(Given { contributor, at: at as u32 });
                part.given_amounts.extend_from_slice(&amounts[..measures]);
            }
        }
        waiting.clear();
    }

    /// The parts, when all threads have flushed.
    pub(super) fn into_parts(self) -> Vec<Part> {
        self.parts.into_iter().map(|part| part.into_inner().expect("no thread panicked")).collect()
    }
}
