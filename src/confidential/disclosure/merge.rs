//! Adaptive cells: where few people live, cells are joined up the nesting of the sizes.
//!
//! The rule of quadtree protection (sdcSpatial's `protect_quadtree`, AQuadtree; METHODS A1): a cell of the next size is kept apart only if each of the
//! cells inside it would stand by itself. What is joined is the count of all records, never a group of them, so one partition serves all tables.
//! It is one for all dates, too: cells can be compared over time, and a cell that changes its size would tell of the change.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::confidential::cube::Cube;
use crate::confidential::disclosure::rules::{Method, RulesError, Zeros};
use crate::confidential::lattice::Lattice;
use crate::grid::{CellId, GridSize};

/// Joins cells of fewer than `minimum` records with their neighbours.
///
/// A cell of one of the sizes above the finest, up to `largest`, is one single cell if, at any date, any cell of the next finer size in it has
/// fewer than `minimum` records; else it stays split into these. With public zeros a cell without records is no reason to join, and where
/// its neighbours stay apart it is seen to be empty; with secret zeros it counts as one of too few, so that where cells are apart all of
/// them have enough. A level of size s shows at each place the larger of s and the joined cell: each level is a partition of
/// the places with records, and its cells are unions of those of every finer level. Nothing else is published of cells.
///
/// Guarantee: every published cell that is smaller than `largest` has at least `minimum` records; and of a cell of fewer no number but zero is published
/// by method `suppress`. The method protects all that the cells show together, areas included, as it does without joining.
///
/// What the partition tells: whoever knows the rule knows that each cell below `largest` has at least `minimum` records (which `suppress`
/// reckons with when it withholds others), and that in each joined cell there is some cell of the next size with fewer, but not which one.
/// It depends on nothing but the counts: not on the order of the records, not on threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The fewest records of a cell that is not joined, 2 or more.
    pub minimum: u64,
    /// No cell becomes larger than this size, one of the lattice's. Without such a cap one hamlet could swallow a city.
    pub largest: GridSize,
}

impl Merge {
    pub(super) fn check(self, method: &Method, lattice: &Lattice) -> Result<(), RulesError> {
        match method {
            Method::None { .. } => Err(RulesError::MergeNone),
            _ if self.minimum < 2 => Err(RulesError::MergeMinimum),
            _ if !lattice.sizes.as_slice().contains(&self.largest) => Err(RulesError::MergeLargest),
            _ => Ok(()),
        }
    }

    /// What may be told.
    pub(super) fn told(self) -> [(&'static str, String); 2] {
        [("merge_minimum", self.minimum.to_string()), ("merge_largest", self.largest.level_name())]
    }

    /// The cube over the joined cells.
    pub(super) fn joined(self, cube: &Cube, lattice: &Lattice, zeros: Zeros) -> Cube {
        let sizes: Vec<GridSize> = lattice.sizes.as_slice().iter().copied().filter(|&size| size <= self.largest).collect();
        let joined = self.joined_cells(cube, &sizes, zeros);
        cube.joined(|cell| {
            let larger = sizes.iter().skip(1).rev().map(|&size| cell.parent(size));
            larger.into_iter().find(|cell| joined.contains(cell)).unwrap_or(cell)
        })
    }

    /// Cells of all sizes but the finest that hold one of too few records; the largest of those that hold a place is its cell.
    fn joined_cells(self, cube: &Cube, sizes: &[GridSize], zeros: Zeros) -> FxHashSet<CellId> {
        let mut bases: FxHashMap<(CellId, u16), u64> = FxHashMap::default();
        for (key, count) in cube.keys.iter().zip(&cube.counts) {
            *bases.entry((key.cell, key.date)).or_default() += count.expose();
        }
        let mut joined = FxHashSet::default();
        for pair in sizes.windows(2) {
            let ratio = u64::from(pair[1].metres() / pair[0].metres());
            let full = ratio * ratio * cube.dates.len() as u64;
            let mut coarser: FxHashMap<(CellId, u16), u64> = FxHashMap::default();
            let mut populated: FxHashMap<CellId, u64> = FxHashMap::default();
            for (&(cell, date), &base) in &bases {
                let parent = cell.parent(pair[1]);
                *coarser.entry((parent, date)).or_default() += base;
                *populated.entry(parent).or_default() += 1;
                if base < self.minimum {
                    joined.insert(parent);
                }
            }
            if zeros == Zeros::Secret {
                joined.extend(populated.iter().filter(|&(_, &children)| children < full).map(|(&parent, _)| parent));
            }
            bases = coarser;
        }
        joined
    }

    /// For each unit what is known of its total, given the cells of all sizes with their units: the minimum for cells below the largest size, and
    /// for those of it that are made of such cells.
    pub(super) fn least(self, cells: &[Vec<(CellId, u32)>], units: usize) -> Vec<u32> {
        let minimum = u32::try_from(self.minimum).unwrap_or(u32::MAX);
        let mut least = vec![0; units];
        let alone: FxHashSet<u32> =
            cells[0].iter().filter(|(cell, _)| cell.size() == self.largest).map(|&(_, unit)| unit).collect();
        for &(cell, unit) in cells.iter().flatten() {
            if cell.size() <= self.largest && !alone.contains(&unit) {
                least[unit as usize] = minimum;
            }
        }
        least
    }
}

#[cfg(test)]
mod tests;
