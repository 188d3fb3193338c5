//! Records told apart by id: of those with the same id and date one is counted.
//!
//! No id is kept, only a 128-bit hash under a key that is drawn for the run and never leaves it. This is the one place that grows
//! with records (48 bytes each) and not with atoms: no id column, no cost. Under a limit of memory, what goes beyond it waits on disk, part by
//! part; of what was written only one part a thread is in memory again. All of it is dropped before the cube is made.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Mutex;

use rayon::prelude::*;

use crate::confidential::account::{Reason, Rejects};
use crate::confidential::cube::error::CubeError;
use crate::confidential::cube::key::{KeyRanks, PackedKey};
use crate::confidential::cube::spill::{Segment, Spill};

const PART_BITS: u32 = 8;
const PARTS: usize = 1 << PART_BITS;
const BUFFERED: usize = 64;
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

/// The records of some ids, with those that wait on disk.
#[derive(Default)]
struct Waits {
    part: Part,
    written: Vec<Segment>,
}

/// What a record takes on disk, without its measures.
const HELD_BYTES: usize = 44;

impl Part {
    fn bytes(&self) -> usize {
        self.held.len() * size_of::<Held>() + self.amounts.len() * size_of::<i64>()
    }

    /// Appends records of another part.
    fn append(&mut self, other: &mut Self) {
        let base = self.held.len() as u32;
        self.held.extend(other.held.drain(..).map(|held| Held { at: base + held.at, ..held }));
        self.amounts.append(&mut other.amounts);
    }

    /// As bytes, without measures' positions, which follow from the order.
    fn to_bytes(&self, measures: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.held.len() * (HELD_BYTES + 8 * measures));
        for held in &self.held {
            held.hash.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
            bytes.extend(held.key.to_bits().to_le_bytes());
            bytes.extend(held.place.to_le_bytes());
            bytes.extend(held.overlaps.to_le_bytes());
            self.amounts[held.at as usize * measures..][..measures].iter().for_each(|amount| bytes.extend(amount.to_le_bytes()));
        }
        bytes
    }

    /// What [`Part::to_bytes`] gave.
    fn of_bytes(bytes: &[u8], measures: usize) -> Self {
        let mut part = Self::default();
        for (at, record) in (0..).zip(bytes.chunks_exact(HELD_BYTES + 8 * measures)) {
            let word = |from: usize| u64::from_le_bytes(record[from..from + 8].try_into().expect("eight bytes"));
            let bits = u128::from(word(24)) << 64 | u128::from(word(16));
            let overlaps = u32::from_le_bytes(record[40..44].try_into().expect("four bytes"));
            let key = PackedKey::from_bits(bits);
            part.held.push(Held { hash: [word(0), word(8)], key, place: word(32), overlaps, at });
            part.amounts.extend((0..measures).map(|measure| word(HELD_BYTES + 8 * measure) as i64));
        }
        part
    }
}

/// Records that wait, shared by all threads.
pub(super) struct Identities {
    keys: [RandomState; 2],
    parts: Vec<Mutex<Waits>>,
    measures: usize,
    /// Where records wait of which a part has more bytes than this.
    beyond: Option<(Spill, usize)>,
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
    /// Records with so many measures wait in `memory_bytes` of memory, if there is a limit, and beyond on disk.
    pub(super) fn new(measures: usize, memory_bytes: Option<u64>) -> Result<Self, CubeError> {
        let beyond = match memory_bytes {
            None => None,
            Some(bytes) => Some((Spill::new().map_err(CubeError::spill)?, bytes as usize / PARTS)),
        };
        let keys = [RandomState::new(), RandomState::new()];
        Ok(Self { keys, parts: (0..PARTS).map(|_| Mutex::default()).collect(), measures, beyond })
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
    pub(super) fn hold(
        &self,
        waiting: &mut Waiting,
        hash: [u64; 2],
        record: &Remembered,
        amounts: &[i64],
    ) -> Result<(), CubeError> {
        let number = (hash[0] >> (64 - PART_BITS)) as usize;
        let part = &mut waiting.0[number];
        let place = (u64::from(record.place.0) << ROW_BITS) | record.place.1;
        let at = part.held.len() as u32;
        part.held.push(Held { hash, key: record.key, place, overlaps: record.overlaps, at });
        part.amounts.extend_from_slice(amounts);
        if part.held.len() >= BUFFERED { self.empty(number, part) } else { Ok(()) }
    }

    /// Hands over what is left.
    pub(super) fn flush(&self, waiting: &mut Waiting) -> Result<(), CubeError> {
        waiting.0.iter_mut().enumerate().try_for_each(|(number, part)| self.empty(number, part))
    }

    fn empty(&self, number: usize, part: &mut Part) -> Result<(), CubeError> {
        let full = {
            let mut waits = self.parts[number].lock().expect("no thread panicked");
            waits.part.append(part);
            match self.beyond {
                Some((_, most)) if waits.part.bytes() > most => std::mem::take(&mut waits.part),
                _ => return Ok(()),
            }
        };
        // Without the lock: other threads go on with this part meanwhile.
        let (spill, _) = self.beyond.as_ref().expect("something was taken to be written");
        let segment = spill.write(full.to_bytes(self.measures)).map_err(CubeError::spill)?;
        self.parts[number].lock().expect("no thread panicked").written.push(segment);
        Ok(())
    }

    /// All records of a part, those on disk too.
    fn whole(&self, number: usize) -> Result<Part, CubeError> {
        let Waits { mut part, written } = std::mem::take(&mut *self.parts[number].lock().expect("no thread panicked"));
        for segment in &written {
            let (spill, _) = self.beyond.as_ref().expect("something was written");
            let bytes = spill.read(segment).map_err(CubeError::spill)?;
            part.append(&mut Part::of_bytes(&bytes, self.measures));
        }
        Ok(part)
    }

    /// Counts one record of each id and date by `count`, which works on one part of all records after the other with what `begin` gave its thread;
    /// rejects the others. Of several records the one with the smallest key, then measures, then row is counted, whatever came first.
    pub(super) fn resolve<S: Send>(
        self,
        ranks: &KeyRanks,
        column: &str,
        begin: impl Fn() -> S + Sync,
        count: impl Fn(&mut S, &Held, &[i64]) + Sync,
    ) -> Result<(Vec<S>, Rejects), CubeError> {
        let measures = self.measures;
        // What `begin` gives may be large: as many as there are threads, not as there are parts.
        let idle = Mutex::new(Vec::new());
        let resolve_part = |number: usize| {
            let Part { mut held, amounts } = self.whole(number)?;
            let taken = idle.lock().expect("no thread panicked").pop();
            let (mut state, mut rejects) = (taken.unwrap_or_else(&begin), Rejects::default());
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
            idle.lock().expect("no thread panicked").push(state);
            Ok(rejects)
        };
        // One part a thread at a time, each to its end: what was on disk is in memory only while it is worked on.
        let parts: Vec<Rejects> =
            (0..PARTS).into_par_iter().with_max_len(1).map(resolve_part).collect::<Result<_, CubeError>>()?;
        let mut all = Rejects::default();
        parts.into_iter().for_each(|rejects| all.merge(rejects));
        Ok((idle.into_inner().expect("no thread panicked"), all))
    }
}
