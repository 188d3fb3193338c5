//! Every published number as the sum of its atoms, for methods that change atoms or look at each number by itself.

use std::ops::Range;

use rayon::prelude::*;

use crate::confidential::cube::Cube;
use crate::confidential::disclosure::entries::Entries;
use crate::confidential::disclosure::release::{Block, ProtectedCount};
use crate::confidential::lattice::{Lattice, Level, Unit};

/// So many numbers of a block at least are made by one thread.
const MIN_NUMBERS: usize = 1 << 16;

/// The atoms of a date, to be summed.
pub(super) struct Tabulation<'c> {
    cube: &'c Cube,
    lattice: &'c Lattice,
    entries: Entries,
    date: usize,
    /// The atoms of the date.
    pub atoms: Range<usize>,
    /// Where atoms of another cell or other areas than those before begin.
    begins: Vec<usize>,
}

impl<'c> Tabulation<'c> {
    /// Finds the atoms of the date.
    pub(super) fn new(cube: &'c Cube, lattice: &'c Lattice, date: usize) -> Self {
        let from = cube.keys.partition_point(|key| usize::from(key.date) < date);
        let to = cube.keys.partition_point(|key| usize::from(key.date) <= date);
        let keys = &cube.keys;
        let begins = |&at: &usize| at == from || keys[at].cell != keys[at - 1].cell || keys[at].areas != keys[at - 1].areas;
        let begins = (from..to).into_par_iter().filter(begins).collect();
        Self { cube, lattice, entries: Entries::of_lattice(lattice), date, atoms: from..to, begins }
    }

    /// One block for each level: `add` adds an atom to a sum, `publish` makes a published number of the sum. All areas are listed, and the
    /// cells of which at least one published number is not zero: that a cell is listed tells no more than its numbers do.
    ///
    /// Linear in the atoms for each level; cells and areas in parallel.
    pub(super) fn blocks<T: Clone + Default + Send + Sync>(
        &self,
        add: impl Fn(&mut T, usize) + Sync,
        publish: impl Fn(&T) -> i64 + Sync,
    ) -> Vec<Block> {
        let level = |level| self.block(level, &add, &publish);
        self.lattice.levels().into_iter().map(level).collect()
    }

    fn block<T: Clone + Default + Send + Sync>(
        &self,
        level: Level,
        add: &(impl Fn(&mut T, usize) + Sync),
        publish: &(impl Fn(&T) -> i64 + Sync),
    ) -> Block {
        let columns = self.entries.published;
        let runs = self.runs(level);
        let mut units: Vec<(Unit, &[(Unit, Range<usize>)])> =
            runs.chunk_by(|a, b| a.0 == b.0).map(|run| (run[0].0, run)).collect();
        if let Level::Areas(system) = level {
            let held = units;
            let all = (0..self.lattice.systems[system].areas.len()).map(|area| Unit::Area(area as u32));
            let found = |unit: Unit| held.binary_search_by_key(&unit, |u| u.0).map_or(&[][..], |at| held[at].1);
            units = all.map(|unit| (unit, found(unit))).collect();
        }
        let scratch = || (vec![T::default(); columns], Vec::new());
        let sums = |(sums, at): &mut (Vec<T>, Vec<u32>), runs: &[(Unit, Range<usize>)]| {
            sums.fill(T::default());
            for atom in runs.iter().flat_map(|run| run.1.clone()) {
                for &column in self.entries.columns_of(self.cube.keys[atom].group, at) {
                    add(&mut sums[column as usize], atom);
                }
            }
        };
        if let Level::Grid(_) = level {
            // First what is listed, so that no more memory is taken than for that: it is the most that a run takes.
            let shown = |scratch: &mut (Vec<T>, Vec<u32>), runs: &[(Unit, Range<usize>)]| {
                sums(scratch, runs);
                scratch.0.iter().any(|sum| publish(sum) != 0)
            };
            let listed = units.par_iter().map_init(scratch, |scratch, unit| shown(scratch, unit.1).then_some(*unit));
            units = listed.flatten_iter().collect();
        }
        // By all threads, which takes the memory too.
        let nothing = (0..columns * units.len()).into_par_iter().with_min_len(MIN_NUMBERS).map(|_| ProtectedCount::NO_DATA);
        let mut numbers: Vec<ProtectedCount> = nothing.collect();
        numbers.par_chunks_mut(columns).zip(&units).for_each_init(scratch, |scratch, (row, (_, runs))| {
            sums(scratch, runs);
            row.iter_mut().zip(&scratch.0).for_each(|(number, sum)| *number = ProtectedCount::published(publish(sum)));
        });
        Block { date: self.date, level, units: units.into_iter().map(|unit| unit.0).collect(), numbers }
    }

    /// Atoms that lie in the same unit, by unit.
    fn runs(&self, level: Level) -> Vec<(Unit, Range<usize>)> {
        let together = |at: usize| self.begins[at]..self.begins.get(at + 1).copied().unwrap_or(self.atoms.end);
        let unit = |run: Range<usize>| {
            let key = self.cube.keys[run.start];
            let unit = match level {
                Level::Grid(size) => Some(Unit::Cell(key.cell.at_least(size))),
                Level::Areas(system) => self.cube.area_tuples[key.areas as usize][system].map(Unit::Area),
            };
            unit.map(|unit| (unit, run))
        };
        let mut runs: Vec<(Unit, Range<usize>)> =
            (0..self.begins.len()).into_par_iter().filter_map(|at| unit(together(at))).collect();
        // Cells side by side are often in the same larger one; the finest are in order.
        runs.dedup_by(|next, run| {
            let same = next.0 == run.0 && next.1.start == run.1.end;
            if same {
                run.1.end = next.1.end;
            }
            same
        });
        if !runs.is_sorted_by_key(|run| run.0) {
            runs.par_sort_by_key(|run| run.0);
        }
        runs
    }
}
