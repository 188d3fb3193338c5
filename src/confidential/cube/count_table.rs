//! Counts by key, each found at once.

use crate::confidential::raw_count::RawCount;

const FIRST_SLOTS: usize = 16;

/// Keys and counts in the order of slots; a count of none is a free slot.
#[derive(Default)]
pub(super) struct CountTable {
    slots: Vec<(u64, RawCount)>,
    taken: usize,
}

impl CountTable {
    /// Counts records of a key.
    pub(super) fn add(&mut self, key: u64, records: RawCount) {
        // Three quarters full at most, so that a free slot is near.
        if (self.taken + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let slot = self.slot(key);
        let is_new = slot.1 == RawCount::default();
        slot.0 = key;
        slot.1 += records;
        self.taken += usize::from(is_new);
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

    /// Every key with its count, ascending.
    pub(super) fn into_sorted(self) -> Vec<(u64, RawCount)> {
        let mut counts: Vec<_> = self.slots.into_iter().filter(|slot| slot.1 != RawCount::default()).collect();
        counts.sort_unstable_by_key(|&(key, _)| key);
        counts
    }
}

/// Where the search for a key begins, before it is cut to the table's length.
#[inline]
pub(super) fn first_place(key: u64) -> usize {
    (key.wrapping_mul(0xd6e8_feb8_6659_fd93) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn records_are_counted_like_in_a_map() {
        let (mut table, mut expected) = (CountTable::default(), BTreeMap::<u64, RawCount>::new());
        for i in (0..100_000_u64).map(|i| (i * 7919) % 60_013) {
            let (key, records) = (i % 20_000, RawCount::of(i % 3 + 1));
            table.add(key, records);
            *expected.entry(key).or_default() += records;
        }
        assert!(table.into_sorted() == expected.into_iter().collect::<Vec<_>>());
    }
}
