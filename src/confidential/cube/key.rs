//! The key of an atom while records are counted: two words, with numbers as they came.

use crate::confidential::cube::AtomKey;
use crate::grid::{CellId, GridSize};

// place:  cell without its size, 40 bits | combination of areas, 24 bits
// what:   date, 14 bits | group, 50 bits
const CELL_MASK: u64 = (1 << 40) - 1;
const AREAS_BITS: u32 = 24;
const GROUP_BITS: u32 = 50;

/// How many combinations of areas can be told apart.
pub(super) const AREAS_LIMIT: usize = 1 << AREAS_BITS;
/// How many groups can be told apart.
pub(super) const GROUPS_LIMIT: u64 = 1 << GROUP_BITS;
const _: () = assert!(super::dates::MAX_DATES <= 1 << (64 - GROUP_BITS));

/// An atom's key with numbers as they came. Its order means nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PackedKey {
    place: u64,
    what: u64,
}

impl PackedKey {
    pub(super) fn new(cell: CellId, areas: u32, date: u32, group: u64) -> Self {
        let place = ((cell.as_u64() & CELL_MASK) << AREAS_BITS) | u64::from(areas);
        Self { place, what: (u64::from(date) << GROUP_BITS) | group }
    }

    /// The combination of areas, as a number.
    pub(super) fn areas(self) -> u32 {
        (self.place & (AREAS_LIMIT as u64 - 1)) as u32
    }

    /// A number below 2^`bits` that depends on the cell only.
    pub(super) fn part(self, bits: u32) -> usize {
        ((self.place >> AREAS_BITS).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - bits)) as usize
    }
}

/// Ranks for the numbers in packed keys.
pub(super) struct KeyRanks {
    /// The size of all cells, in the bits of a cell id that a packed key leaves out.
    size_bits: u64,
    pub(super) dates: Vec<u32>,
    pub(super) areas: Vec<u32>,
    /// For each dimension its number of codes, and the rank of each.
    pub(super) dimensions: Vec<(u64, Vec<u32>)>,
}

impl KeyRanks {
    pub(super) fn new(finest: GridSize, dates: Vec<u32>, areas: Vec<u32>, dimensions: Vec<(u64, Vec<u32>)>) -> Self {
        let first = CellId::of_corner(finest, 0, 0).expect("the grid begins with a cell");
        Self { size_bits: first.as_u64() >> CellId::PLACE_BITS << CellId::PLACE_BITS, dates, areas, dimensions }
    }

    /// The key with ranks; its order is the final one. The group keeps the number of codes of each dimension as its radix.
    pub(super) fn rank(&self, key: PackedKey) -> AtomKey {
        let mut rest = key.what & (GROUPS_LIMIT - 1);
        let (mut group, mut place) = (0, 1);
        for (radix, ranks) in self.dimensions.iter().rev() {
            group += u64::from(ranks[(rest % radix) as usize]) * place;
            rest /= radix;
            place *= radix;
        }
        AtomKey {
            date: self.dates[(key.what >> GROUP_BITS) as usize] as u16,
            cell: CellId::from_u64(self.size_bits | (key.place >> AREAS_BITS)).expect("a packed key holds a cell"),
            areas: self.areas[key.areas() as usize],
            group,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_with_ranks() {
        let finest = GridSize::new(100).unwrap();
        let cell = CellId::of_point(finest, 4_341_133.0, 2_690_377.0).unwrap();
        let ranks = KeyRanks::new(finest, vec![1, 0], vec![2, 0, 1], vec![(3, vec![2, 1, 0]), (2, vec![0, 1])]);
        let key = ranks.rank(PackedKey::new(cell, 2, 0, 2 * 2 + 1));
        assert!(key.cell == cell && key.areas == 1 && key.date == 1 && key.group == 1);
    }
}
