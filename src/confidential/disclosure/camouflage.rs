//! Zeros withheld so that a withheld number may be zero.
//!
//! Where zeros are public and every withheld part of a published sum is one, whoever takes it that a withheld number is not zero reads all of them
//! from the sum. So there a zero of the same sum is withheld as well, one that no coarser zero gives away. The reader of a release then knows
//! no more of a withheld number than that it is not negative, which is what complementary suppression reckons with (METHODS A2: a
//! suppressed number whose reason is not visible lies in [0, U]).

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::confidential::disclosure::modular::scatter;
use crate::confidential::disclosure::system::State;
use crate::confidential::disclosure::units::Units;

/// Positions of published zeros to withhold.
pub(super) fn camouflage(units: &Units) -> FxHashSet<usize> {
    let system = &units.system;
    let same = areas_that_are_cells(units);
    let (len, covers) = (system.entries.len, &system.entries.covers);
    let finest: Vec<u32> = units.cells[0].iter().map(|&(_, unit)| unit).collect();
    let is_finest: FxHashSet<u32> = finest.iter().copied().collect();
    let is_margin: Vec<bool> = (0..len as u32).map(|entry| covers.iter().any(|cover| cover.0 == entry)).collect();
    let margins = system.sums.len() * len;
    let of_units = finest.par_iter().flat_map_iter(|&unit| {
        let first = margins + unit as usize * covers.len();
        first..first + covers.len()
    });
    let of_sums = (0..system.sums.len()).into_par_iter().flat_map_iter(|s| s * len..(s + 1) * len);
    let hidden = |at: usize| {
        let published = at % len < system.entries.published && !is_margin[at % len];
        published && is_finest.contains(&((at / len) as u32)) && system.states[at] == State::Zero && !implied(units, &same, at)
    };
    // A combination of areas is known where an area is that one combination, and told.
    let known = |at: usize| {
        let told = |area: &u32| system.states[*area as usize * len + at % len].known();
        let as_area = || same.get(&((at / len) as u32)).is_some_and(|areas| areas.iter().any(told));
        system.states[at].known() || !units.grid && as_area()
    };
    let for_equation = |equation: usize| {
        let (mut withheld, mut others) = (0, false);
        system.terms(equation, |at, is_sum| match (is_sum, known(at)) {
            (true, known) => others |= !known,
            (false, true) => {}
            (false, false) => {
                withheld += 1;
                others |= system.counts[at] != 1;
            }
        });
        let mut best: Option<usize> = None;
        if withheld > 0 && !others {
            system.terms(equation, |at, is_sum| {
                let better = best.is_none_or(|best| scatter(at as u64) < scatter(best as u64));
                if !is_sum && system.counts[at] == 0 && better && hidden(at) {
                    best = Some(at);
                }
            });
        }
        best
    };
    let found: Vec<usize> = of_units.chain(of_sums).filter_map(for_equation).collect();
    let as_area = |&at: &usize| {
        let areas = same.get(&((at / len) as u32)).into_iter().flatten();
        areas.map(move |&area| area as usize * len + at % len)
    };
    found.iter().copied().chain(found.iter().flat_map(as_area)).collect()
}

/// Where no grid is published: areas that are one combination of areas, by its unit. These are what is published in its place.
fn areas_that_are_cells(units: &Units) -> FxHashMap<u32, Vec<u32>> {
    let mut same: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    if !units.grid {
        for at in 0..units.system.sums.len() {
            if let (area, [cell]) = units.system.sums.get(at)
                && units.areas.iter().any(|areas| areas.contains(&area))
            {
                same.entry(*cell).or_default().push(area);
            }
        }
    }
    same
}

/// Whether a coarser zero, of the unit or of one that holds it, says that this is zero too.
fn implied(units: &Units, same: &FxHashMap<u32, Vec<u32>>, at: usize) -> bool {
    let system = &units.system;
    let (unit, entry) = (at / system.entries.len, at % system.entries.len);
    let zero = |unit: usize, entry: u32| system.counts[unit * system.entries.len + entry as usize] == 0;
    let own = same.get(&(unit as u32)).map_or(&[][..], Vec::as_slice);
    let covers = system.entries.covers_of[entry].iter().map(|&cover| system.entries.covers[cover as usize].0);
    covers.into_iter().any(|sum| zero(unit, sum))
        || system.holders(unit).iter().any(|holder| !own.contains(holder) && zero(*holder as usize, entry as u32))
}
