//! For each number of each unit: how many contributors it has, and how large the largest contributions to its sums are.
//!
//! Neither adds up, so both are found contributor by contributor: a contributor's atoms lie in few places, each place in few units (one cell of every
//! size, its areas, their pieces). Time: contributors' atoms × units × tables. Memory: one number, and for each measure the largest contributions, for each
//! number of each unit.

use rustc_hash::FxHashMap;

use crate::confidential::cube::Cube;
use crate::confidential::disclosure::units::Units;
use crate::grid::CellId;

/// Contributors of each number; positions as in the system's counts.
pub(super) struct Contributors {
    distinct: Vec<u32>,
    /// For each measure the sum of all contributions to each number, without their signs.
    together: Vec<Vec<i64>>,
    /// For each measure the largest contributions to each number, `kept` side by side, descending, without their signs.
    largest: Vec<Vec<i64>>,
    kept: usize,
}

impl Contributors {
    /// Finds the contributors of a date's units; of contributions the `kept` largest.
    pub(super) fn new(cube: &Cube, units: &Units, date: usize, kept: usize) -> Self {
        let entries = &units.system.entries;
        let slots = units.system.counts.len();
        let measures = cube.contributions.amounts.len();
        let mut found = Self {
            distinct: vec![0; slots],
            together: vec![vec![0; slots]; measures],
            largest: vec![vec![0; slots * kept]; measures],
            kept,
        };
        let places = Places::new(cube, units, date);
        let (mut columns, mut own) = (Vec::new(), Vec::new());
        let mut start = 0;
        for pairs in cube.contributions.pairs.chunk_by(|a, b| a.0 == b.0) {
            own.clear();
            for (at, &(_, atom)) in (start..).zip(pairs).filter(|(_, (_, atom))| places.atoms.contains(&(*atom as usize))) {
                entries.of_group(cube.keys[atom as usize].group, &mut columns);
                for &unit in places.units_of(atom as usize) {
                    let published = columns.iter().filter(|&&column| (column as usize) < entries.published);
                    own.extend(published.map(|&column| (unit as usize * entries.len + column as usize, at)));
                }
            }
            start += pairs.len();
            own.sort_unstable();
            for same in own.chunk_by(|a, b| a.0 == b.0) {
                let slot = same[0].0;
                found.distinct[slot] += 1;
                for measure in 0..measures {
                    let amounts = same.iter().map(|&(_, at)| i128::from(cube.contributions.amounts[measure][at].expose()));
                    found.add(measure, slot, amounts.sum::<i128>().unsigned_abs().min(i64::MAX as u128) as i64);
                }
            }
        }
        found
    }

    fn add(&mut self, measure: usize, slot: usize, mut amount: i64) {
        let together = &mut self.together[measure][slot];
        *together = together.saturating_add(amount);
        for place in &mut self.largest[measure][slot * self.kept..][..self.kept] {
            if amount > *place {
                std::mem::swap(place, &mut amount);
            }
        }
    }

    /// How many contributors the number at this position has.
    pub(super) fn distinct(&self, slot: usize) -> u64 {
        u64::from(self.distinct[slot])
    }

    /// For each measure, all contributions to the number at this position together and the largest, descending.
    pub(super) fn contributions(&self, slot: usize) -> impl Iterator<Item = (i64, &[i64])> {
        let largest = self.largest.iter().map(move |largest| &largest[slot * self.kept..][..self.kept]);
        self.together.iter().map(move |together| together[slot]).zip(largest)
    }
}

/// The units that hold each atom of a date.
struct Places {
    atoms: std::ops::Range<usize>,
    /// For each atom its place.
    place: Vec<u32>,
    /// For each place the units that hold it.
    units: Vec<Vec<u32>>,
}

impl Places {
    fn new(cube: &Cube, units: &Units, date: usize) -> Self {
        let from = cube.keys.partition_point(|key| usize::from(key.date) < date);
        let to = cube.keys.partition_point(|key| usize::from(key.date) <= date);
        let sums = &units.system.sums;
        // What each unit is a part of; and the parts of finest cells that borders cut, in the order of the cube's keys.
        let mut wholes: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        let mut cut: FxHashMap<u32, &[u32]> = FxHashMap::default();
        let finest: FxHashMap<CellId, u32> = units.cells[0].iter().copied().collect();
        let is_finest: rustc_hash::FxHashSet<u32> = finest.values().copied().collect();
        for at in 0..sums.len() {
            let (whole, parts) = sums.get(at);
            parts.iter().for_each(|&part| wholes.entry(part).or_default().push(whole));
            if is_finest.contains(&whole) {
                cut.insert(whole, parts);
            }
        }
        let mut places = Self { atoms: from..to, place: Vec::with_capacity(to - from), units: Vec::new() };
        for keys in cube.keys[from..to].chunk_by(|a, b| a.cell == b.cell) {
            let cell = finest[&keys[0].cell];
            for (piece, run) in keys.chunk_by(|a, b| a.areas == b.areas).enumerate() {
                let leaf = cut.get(&cell).map_or(cell, |parts| parts[piece]);
                places.place.extend(std::iter::repeat_n(places.units.len() as u32, run.len()));
                places.units.push(holders(leaf, &wholes));
            }
        }
        places
    }

    fn units_of(&self, atom: usize) -> &[u32] {
        &self.units[self.place[atom - self.atoms.start] as usize]
    }
}

/// A unit and everything that it is a part of, each once.
fn holders(leaf: u32, wholes: &FxHashMap<u32, Vec<u32>>) -> Vec<u32> {
    let mut holders = vec![leaf];
    let mut at = 0;
    while let Some(&unit) = holders.get(at) {
        for &whole in wholes.get(&unit).into_iter().flatten() {
            if !holders.contains(&whole) {
                holders.push(whole);
            }
        }
        at += 1;
    }
    holders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidential::cube::{AtomKey, Contributions};
    use crate::confidential::disclosure::towns::{Dice, cube, lattice};
    use crate::confidential::disclosure::units::units;
    use crate::grid::GridSize;
    use std::collections::{BTreeMap, BTreeSet};

    /// Persons of households scattered over cut cells, counted again by listing who lies in each unit.
    #[test]
    fn contributors_are_those_found_by_listing() {
        let mut lattice = lattice(&[100, 200], &[2], &[2], &[&[], &[0]]);
        lattice.measures = vec!["rent".to_owned()];
        let mut dice = Dice(77);
        let mut persons: Vec<(AtomKey, u64, i64)> = Vec::new();
        for _ in 0..300 {
            let corner = [4_000_000, 3_000_000].map(|o| o + 100 * dice.below(5) as i32);
            let cell = CellId::of_corner(GridSize::new(100).unwrap(), corner[0], corner[1]).unwrap();
            let key = AtomKey { date: 0, cell, areas: dice.below(3) as u32, group: dice.below(2) };
            persons.push((key, dice.below(40), dice.below(2000) as i64 - 500));
        }
        let tuples = vec![vec![None], vec![Some(0)], vec![Some(1)]];
        let mut cube = cube(&lattice, tuples, persons.iter().map(|p| (p.0, 1)).collect());
        let atom = |key: &AtomKey| cube.keys.binary_search(key).unwrap() as u32;
        let given = persons.iter().map(|(key, household, rent)| (*household, atom(key), vec![*rent])).collect();
        cube.contributions = Contributions::gathered(given, 1, false);
        let units = units(&cube, &lattice, 0).unwrap();
        let found = Contributors::new(&cube, &units, 0, 2);
        let len = units.system.entries.len;
        let check = |unit: u32, inside: &dyn Fn(&AtomKey) -> bool| {
            for entry in 0..3 {
                let mut sums: BTreeMap<u64, i64> = BTreeMap::new();
                let held = persons.iter().filter(|p| inside(&p.0) && (entry == 0 || p.0.group as usize == entry - 1));
                held.for_each(|(_, household, rent)| *sums.entry(*household).or_default() += rent);
                let mut amounts: Vec<i64> = sums.values().map(|sum| sum.abs()).collect();
                amounts.sort_by(|a, b| b.cmp(a));
                amounts.resize(amounts.len().max(2), 0);
                let slot = unit as usize * len + entry;
                assert_eq!(found.distinct(slot), sums.len() as u64);
                let told: Vec<(i64, Vec<i64>)> = found.contributions(slot).map(|(sum, top)| (sum, top.to_vec())).collect();
                assert_eq!(told, [(amounts.iter().sum(), amounts[..2].to_vec())]);
            }
        };
        let mut checked = BTreeSet::new();
        for (level, size) in lattice.sizes.as_slice().iter().enumerate() {
            for &(cell, unit) in &units.cells[level] {
                check(unit, &|key| key.cell.parent(*size) == cell);
                checked.insert(unit);
            }
        }
        for area in 0..2 {
            check(units.areas[0].start + area, &|key| cube.area_tuples[key.areas as usize][0] == Some(area));
        }
        for piece in &units.pieces {
            let cell = units.cells.iter().flatten().find(|(_, unit)| *unit == piece.cell).unwrap().0;
            let area = piece.areas.first().map(|&(_, area)| area);
            check(piece.unit, &|key| key.cell.parent(cell.size()) == cell && cube.area_tuples[key.areas as usize][0] == area);
        }
        check(units.whole, &|_| true);
        assert!(checked.len() > 20 && !units.pieces.is_empty());
    }
}
