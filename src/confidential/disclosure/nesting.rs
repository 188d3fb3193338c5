//! Which unit lies in which, by way of others too.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::confidential::disclosure::system::System;

/// Holders and places of all units.
pub(super) struct Nesting {
    /// For each unit, what holds it, ascending by the number of places.
    holders: Lists,
    /// For each unit, the places it is made of.
    places: Lists,
}

/// Lists one after the other.
struct Lists {
    all: Vec<u32>,
    ends: Vec<usize>,
}

impl Lists {
    fn get(&self, at: usize) -> &[u32] {
        &self.all[if at == 0 { 0 } else { self.ends[at - 1] }..self.ends[at]]
    }

    fn of(lists: &[Vec<u32>]) -> Self {
        let ends = lists.iter().scan(0, |end, list| {
            *end += list.len();
            Some(*end)
        });
        Self { ends: ends.collect(), all: lists.concat() }
    }
}

impl Nesting {
    /// Cost: the places of every unit.
    pub(super) fn new(system: &System) -> Self {
        let units = system.units();
        let places: Vec<Vec<u32>> = (0..units).into_par_iter().map(|unit| system.places(unit)).collect();
        let holders = (0..units).into_par_iter().map(|unit| {
            let mut holders = system.holders(unit);
            holders.sort_by_key(|&holder| (places[holder as usize].len(), holder));
            holders
        });
        let holders: Vec<Vec<u32>> = holders.collect();
        Self { holders: Lists::of(&holders), places: Lists::of(&places) }
    }

    /// What holds the unit, ascending by the number of places.
    pub(super) fn holders(&self, unit: usize) -> &[u32] {
        self.holders.get(unit)
    }

    /// The places the unit is made of; itself, if it is a place.
    pub(super) fn places(&self, unit: usize) -> &[u32] {
        self.places.get(unit)
    }

    /// Each of these units with all that lies in it, ascending.
    pub(super) fn inside(&self, units: impl Iterator<Item = u32>) -> FxHashMap<u32, Vec<u32>> {
        let mut inside: FxHashMap<u32, Vec<u32>> = units.map(|unit| (unit, Vec::new())).collect();
        for unit in 0..self.holders.ends.len() as u32 {
            for holder in self.holders(unit as usize).iter().chain([&unit]) {
                if let Some(inside) = inside.get_mut(holder) {
                    inside.push(unit);
                }
            }
        }
        inside
    }
}

/// At most so many of them, evenly.
pub(super) fn sample(all: &[u32], most: usize) -> impl Iterator<Item = &u32> {
    all.iter().step_by(all.len().div_ceil(most).max(1))
}
