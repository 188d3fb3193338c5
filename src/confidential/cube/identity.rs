//! Records told apart by id: of those with the same id and date one is counted.
//!
//! No id is kept, only a 128-bit hash under a key that is drawn for the run and never leaves it. This is the one place that grows
//! with records (48 bytes each) and not with atoms: no id column, no cost. All of it is dropped before the cube is made.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Mutex;

use rayon::prelude::*;

use crate::confidential::account::{Reason, Rejects};
use crate::confidential::cube::key::{KeyRanks, PackedKey};

const PART_BITS: u32 = 6;
const PARTS: usize = 1 << PART_BITS;
const BUFFERED: usize = 256;
const ROW_BITS: u32 = 40;

/// A record that waits until all are read.
#[derive(Clone, Copy)]
pub(super) struct Held {
    hash: [u64; 2],
    /// The atom it falls into.
    pub(super) key: PackedKey,
    /// Source in the upper 24 bits, row below.
    place: u64,
    /// One bit for each area system in which it lies in several areas.
    pub(super) overlaps: u32,
    /// Position among the measures of its part.
    at: u32,
}

/// The records of some ids.
#[derive(Clone, Default)]
struct Part {
    held: Vec<Held>,
    amounts: Vec<i64>,
}

/// Records that wait, shared by all threads.
pub(super) struct Identities {
    keys: [RandomState; 2],
    parts: Vec<Mutex<Part>>,
    measures: usize,
}

/// Records of one thread on their way to the others.
pub(super) struct Waiting(Vec<Part>);

impl Waiting {
    pub(super) fn new() -> Self {
        Self(vec![Part::default(); PARTS])
    }
}

/// What is remembered of a record beside its id.
pub(super) struct Remembered {
    pub(super) key: PackedKey,
    pub(super) place: (u32, u64),
    pub(super) overlaps: u32,
}

impl Identities {
    pub(super) fn new(measures: usize) -> Self {
        Self { keys: [RandomState::new(), RandomState::new()], parts: (0..PARTS).map(|_| Mutex::default()).collect(), measures }
    }

    /// The id of a record for a date, as a hash that means nothing outside this run.
    pub(super) fn hash(&self, id: &str, date: u32) -> [u64; 2] {
        self.keys.each_ref().map(|key| {
            let mut hasher = key.build_hasher();
            hasher.write(id.as_bytes());
            hasher.write_u8(0xff);
            hasher.write_u32(date);
            hasher.finish()
        })
    }

    /// Keeps a record until all are read.
    pub(super) fn hold(&self, waiting: &mut Waiting, hash: [u64; 2], record: &Remembered, amounts: &[i64]) {
        let number = (hash[0] >> (64 - PART_BITS)) as usize;
        let part = &mut waiting.0[number];
        let place = (u64::from(record.place.0) << ROW_BITS) | record.place.1;
        let at = part.held.len() as u32;
        part.held.push(Held { hash, key: record.key, place, overlaps: record.overlaps, at });
        part.amounts.extend_from_slice(amounts);
        if part.held.len() >= BUFFERED {
            self.empty(number, part);
        }
    }

    /// Hands over what is left.
    pub(super) fn flush(&self, waiting: &mut Waiting) {
        for (number, part) in waiting.0.iter_mut().enumerate() {
            self.empty(number, part);
        }
    }

    fn empty(&self, number: usize, part: &mut Part) {
        let mut all = self.parts[number].lock().expect("no thread panicked");
        let base = all.held.len() as u32;
        all.held.extend(part.held.drain(..).map(|held| Held { at: base + held.at, ..held }));
        all.amounts.append(&mut part.amounts);
    }

    /// Counts one record of each id and date by `count`, which works on one part of all records with what `begin` gave it; rejects the
    /// others. Of several records the one with the smallest key, then measures, then row is counted, whatever came first.
    pub(super) fn resolve<S: Send>(
        self,
        ranks: &KeyRanks,
        column: &str,
        begin: impl Fn() -> S + Sync,
        count: impl Fn(&mut S, &Held, &[i64]) + Sync,
    ) -> (Vec<S>, Rejects) {
        let measures = self.measures;
        let resolve_part = |part: Mutex<Part>| {
            let Part { mut held, amounts } = part.into_inner().expect("no thread panicked");
            let (mut state, mut rejects) = (begin(), Rejects::default());
            let amounts_of = |held: &Held| &amounts[held.at as usize * measures..][..measures];
            held.sort_unstable_by(|a, b| {
                let same_id = || ranks.rank(a.key).cmp(&ranks.rank(b.key)).then_with(|| amounts_of(a).cmp(amounts_of(b)));
                match a.hash.cmp(&b.hash) {
                    Ordering::Equal => same_id().then(a.place.cmp(&b.place)),
                    order => order,
                }
            });
            for same in held.chunk_by(|a, b| a.hash == b.hash) {
                count(&mut state, &same[0], amounts_of(&same[0]));
                for repeated in &same[1..] {
                    let place = ((repeated.place >> ROW_BITS) as u32, repeated.place & ((1 << ROW_BITS) - 1));
                    rejects.add_at(Reason::DuplicateId, place, column);
                }
            }
            (state, rejects)
        };
        let parts: Vec<_> = self.parts.into_par_iter().map(resolve_part).collect();
        let mut all = Rejects::default();
        let states = parts.into_iter().map(|(state, rejects)| {
            all.merge(rejects);
            state
        });
        (states.collect(), all)
    }
}
