//! The key of an atom while records are counted: two words, with numbers as they came.

use crate::confidential::cube::AtomKey;
use crate::grid::{CellId, GridSize};

// place:  cell without its size, 40 bits | combination of areas, 24 bits
// what:   date, 14 bits | group, 50 bits
const CELL_MASK: u64 = (1 << 40) - 1;
const AREAS_BITS: u32 = 24;
const GROUP_BITS: u32 = 50;
const DATE_BITS: u32 = 14;

/// How many combinations of areas can be told apart.
pub(super) const AREAS_LIMIT: usize = 1 << AREAS_BITS;
/// How many groups can be told apart.
pub(super) const GROUPS_LIMIT: u64 = 1 << GROUP_BITS;
const _: () = assert!(super::dates::MAX_DATES <= 1 << (64 - GROUP_BITS));

/// An atom's key with numbers as they came: place above, what below. Its order means nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PackedKey(u128);

impl PackedKey {
    #[inline]
    pub(super) fn new(cell: CellId, areas: u32, date: u32, group: u64) -> Self {
        let place = ((cell.as_u64() & CELL_MASK) << AREAS_BITS) | u64::from(areas);
        Self(u128::from(place) << 64 | u128::from((u64::from(date) << GROUP_BITS) | group))
    }

    /// A key for tests that know no cells.
    #[cfg(test)]
    pub(super) fn of_place(place: u64, group: u64) -> Self {
        Self(u128::from(place << AREAS_BITS) << 64 | u128::from(group))
    }

    /// For the way to disk and back.
    pub(super) fn to_bits(self) -> u128 {
        self.0
    }

    /// What [`PackedKey::to_bits`] gave.
    pub(super) fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// The cell without its size.
    fn cell(self) -> u64 {
        (self.0 >> (64 + AREAS_BITS)) as u64
    }

    /// The combination of areas, as a number.
    pub(super) fn areas(self) -> u32 {
        ((self.0 >> 64) as u64 & (AREAS_LIMIT as u64 - 1)) as u32
    }

    fn date(self) -> usize {
        (self.0 as u64 >> GROUP_BITS) as usize
    }

    fn group(self) -> u64 {
        self.0 as u64 & (GROUPS_LIMIT - 1)
    }

    /// A number below 2^`bits` that depends on the cell only.
    #[inline]
    pub(super) fn part(self, bits: u32) -> usize {
        (self.cell().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - bits)) as usize
    }
}

/// How keys fit in 64 bits, where there are few combinations of areas, dates and groups: date above, then cell, areas and group, so that with ranks in
/// place of numbers they order like atoms.
#[derive(Clone, Copy)]
pub(super) struct Packing {
    areas_bits: u32,
    date_bits: u32,
    group_bits: u32,
}

impl Packing {
    /// More groups than that are not numbered in lists.
    const MOST_GROUP_BITS: u32 = 16;

    /// For numbers below these; `None` where they do not fit.
    pub(super) fn of(areas: u64, dates: u64, groups: u64) -> Option<Self> {
        let bits = |numbers: u64| u64::BITS - numbers.saturating_sub(1).leading_zeros();
        let packing = Self { areas_bits: bits(areas), date_bits: bits(dates), group_bits: bits(groups) };
        let free = 64 - CellId::PLACE_BITS;
        let fits = packing.group_bits <= Self::MOST_GROUP_BITS
            && packing.areas_bits <= AREAS_BITS
            && packing.date_bits <= DATE_BITS
            && packing.areas_bits + packing.date_bits + packing.group_bits <= free;
        fits.then_some(packing)
    }

    /// More than any group's number.
    pub(super) fn groups(&self) -> usize {
        1 << self.group_bits
    }

    #[inline]
    pub(super) fn narrow(&self, key: PackedKey) -> u64 {
        self.pack(key.cell(), key.areas(), key.date() as u32, key.group())
    }

    #[inline]
    fn pack(&self, cell: u64, areas: u32, date: u32, group: u64) -> u64 {
        let date_and_cell = u64::from(date) << CellId::PLACE_BITS | cell;
        (date_and_cell << self.areas_bits | u64::from(areas)) << self.group_bits | group
    }

    /// The date and the combination of areas of a key without its group.
    #[inline]
    pub(super) fn date_and_areas(&self, place: u64) -> (usize, u32) {
        let key = place << self.group_bits;
        (self.date(key), self.areas(key))
    }

    /// A key without its group, and the group.
    #[inline]
    pub(super) fn place_and_group(&self, key: u64) -> (u64, u32) {
        (key >> self.group_bits, key as u32 & ((1 << self.group_bits) - 1))
    }

    #[inline]
    pub(super) fn areas(&self, key: u64) -> u32 {
        (key >> self.group_bits) as u32 & ((1 << self.areas_bits) - 1)
    }

    #[inline]
    fn cell(&self, key: u64) -> u64 {
        (key >> (self.group_bits + self.areas_bits)) & CELL_MASK
    }

    #[inline]
    pub(super) fn date(&self, key: u64) -> usize {
        let date_and_cell = key >> (self.group_bits + self.areas_bits);
        (date_and_cell >> CellId::PLACE_BITS) as usize
    }
}

/// An atom's key with ranks, in its final order: date, cell, areas, group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RankedKey(u128);

/// Ranks for the numbers in packed keys.
pub(super) struct KeyRanks {
    /// The size of all cells, in the bits of a cell id that a packed key leaves out.
    size_bits: u64,
    pub(super) dates: Vec<u32>,
    pub(super) areas: Vec<u32>,
    /// For each dimension its number of codes, and the rank of each.
    pub(super) dimensions: Vec<CodeRanks>,
}

/// Ranks of the codes of a dimension.
pub(super) struct CodeRanks {
    /// How many codes there are: the dimension's base in the groups of packed keys.
    pub(super) radix: u64,
    /// By code.
    pub(super) ranks: Vec<u32>,
    /// How many ranks there are: its base in the groups of ranked keys.
    pub(super) categories: u64,
}

/// Which numbers occur in packed keys.
#[derive(Clone)]
pub(super) struct Occurring {
    pub(super) dates: Vec<bool>,
    pub(super) areas: Vec<bool>,
    /// By dimension, by code.
    pub(super) codes: Vec<Vec<bool>>,
}

impl Occurring {
    /// Nothing of what the ranks know.
    pub(super) fn nothing(ranks: &KeyRanks) -> Self {
        let codes = ranks.dimensions.iter().map(|dimension| vec![false; dimension.radix as usize]);
        Self { dates: vec![false; ranks.dates.len()], areas: vec![false; ranks.areas.len()], codes: codes.collect() }
    }

    /// Marks the numbers of a key.
    pub(super) fn mark(&mut self, key: PackedKey) {
        self.dates[key.date()] = true;
        self.areas[key.areas() as usize] = true;
        self.mark_group(key.group());
    }

    /// Marks the codes of a group.
    pub(super) fn mark_group(&mut self, mut rest: u64) {
        for codes in self.codes.iter_mut().rev() {
            let radix = codes.len() as u64;
            codes[(rest % radix) as usize] = true;
            rest /= radix;
        }
    }

    /// What either has.
    pub(super) fn or(mut self, other: Self) -> Self {
        let or = |one: &mut Vec<bool>, other: Vec<bool>| one.iter_mut().zip(other).for_each(|(one, other)| *one |= other);
        or(&mut self.dates, other.dates);
        or(&mut self.areas, other.areas);
        self.codes.iter_mut().zip(other.codes).for_each(|(one, other)| or(one, other));
        self
    }
}

impl KeyRanks {
    pub(super) fn new(finest: GridSize, dates: Vec<u32>, areas: Vec<u32>, dimensions: Vec<CodeRanks>) -> Self {
        let first = CellId::of_corner(finest, 0, 0).expect("the grid begins with a cell");
        Self { size_bits: first.as_u64() >> CellId::PLACE_BITS << CellId::PLACE_BITS, dates, areas, dimensions }
    }

    /// The group with the number of categories of each dimension as its radix.
    fn group(&self, mut rest: u64) -> u64 {
        let (mut group, mut place) = (0, 1);
        for dimension in self.dimensions.iter().rev() {
            // Codes that no value has need not have a rank.
            let rank = dimension.ranks.get((rest % dimension.radix) as usize).copied().unwrap_or_default();
            group += u64::from(rank) * place;
            rest /= dimension.radix;
            place *= dimension.categories;
        }
        group
    }

    /// What every group's number becomes.
    pub(super) fn groups(&self) -> Vec<u64> {
        (0..self.dimensions.iter().map(|dimension| dimension.radix).product()).map(|group| self.group(group)).collect()
    }

    /// A narrow key without its group, with ranks.
    pub(super) fn narrow_place(&self, packing: &Packing, place: u64) -> u64 {
        let key = place << packing.group_bits;
        let (areas, date) = (self.areas[packing.areas(key) as usize], self.dates[packing.date(key)]);
        packing.pack(packing.cell(key), areas, date, 0) >> packing.group_bits
    }

    /// The first atom of a ranked narrow key without its group.
    pub(super) fn narrow_atom(&self, packing: &Packing, place: u64) -> AtomKey {
        let key = place << packing.group_bits;
        let cell = CellId::from_u64(self.size_bits | packing.cell(key)).expect("a packed key holds a cell");
        AtomKey { date: packing.date(key) as u16, cell, areas: packing.areas(key), group: 0 }
    }

    /// The key with ranks.
    pub(super) fn rank(&self, key: PackedKey) -> RankedKey {
        let group = self.group(key.group());
        let date = u128::from(self.dates[key.date()]) << (128 - DATE_BITS);
        let cell = u128::from(key.cell()) << (AREAS_BITS + GROUP_BITS);
        let areas = u128::from(self.areas[key.areas() as usize]) << GROUP_BITS;
        RankedKey(date | cell | areas | u128::from(group))
    }

    /// A ranked key taken apart.
    pub(super) fn atom(&self, RankedKey(key): RankedKey) -> AtomKey {
        let cell = (key >> (AREAS_BITS + GROUP_BITS)) as u64 & CELL_MASK;
        AtomKey {
            date: (key >> (128 - DATE_BITS)) as u16,
            cell: CellId::from_u64(self.size_bits | cell).expect("a packed key holds a cell"),
            areas: (key >> GROUP_BITS) as u32 & (AREAS_LIMIT as u32 - 1),
            group: key as u64 & (GROUPS_LIMIT - 1),
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
        let dimension = |ranks: Vec<u32>| CodeRanks { radix: ranks.len() as u64, categories: ranks.len() as u64, ranks };
        let dimensions = vec![dimension(vec![2, 1, 0]), dimension(vec![0, 1])];
        let ranks = KeyRanks::new(finest, vec![1, 0], vec![2, 0, 1], dimensions);
        let key = ranks.atom(ranks.rank(PackedKey::new(cell, 2, 0, 2 * 2 + 1)));
        assert!(key.cell == cell && key.areas == 1 && key.date == 1 && key.group == 1);
    }

    #[test]
    fn narrow_keys_come_back_with_ranks() {
        let finest = GridSize::new(100).unwrap();
        let cell = CellId::of_point(finest, 4_341_133.0, 2_690_377.0).unwrap();
        let dimension = |ranks: Vec<u32>| CodeRanks { radix: ranks.len() as u64, categories: ranks.len() as u64, ranks };
        let dimensions = vec![dimension(vec![2, 1, 0]), dimension(vec![0, 1])];
        let ranks = KeyRanks::new(finest, vec![1, 0], vec![2, 0, 1], dimensions);
        let packing = Packing::of(3, 2, 6).unwrap();
        for (areas, date, group) in [(2, 0, 5), (0, 1, 0), (1, 1, 3)] {
            let key = PackedKey::new(cell, areas, date, group);
            let (place, group) = packing.place_and_group(packing.narrow(key));
            let first = ranks.narrow_atom(&packing, ranks.narrow_place(&packing, place));
            let atom = AtomKey { group: ranks.groups()[group as usize], ..first };
            assert!(atom == ranks.atom(ranks.rank(key)));
        }
        assert!(Packing::of(1 << 13, 1, 1 << 12).is_none() && Packing::of(1, 1, 1 << 17).is_none());
    }

    #[test]
    fn ranked_keys_order_like_atoms() {
        let finest = GridSize::new(100).unwrap();
        let corner = |north| CellId::of_corner(finest, 7_479_900, north).unwrap();
        let dimension = CodeRanks { radix: 50, ranks: (0..50).collect(), categories: 50 };
        let ranks = KeyRanks::new(finest, (0..9).collect(), (0..9).collect(), vec![dimension]);
        let mut keys = Vec::new();
        for (date, north, areas, group) in [(0, 0, 0, 49), (0, 0, 8, 0), (0, 7_479_900, 8, 49), (8, 0, 0, 0), (8, 100, 1, 1)] {
            keys.push(ranks.rank(PackedKey::new(corner(north), areas, date, group)));
        }
        assert!(keys.is_sorted() && keys.iter().map(|&key| ranks.atom(key)).is_sorted());
    }
}
