//! Another world by a round trip: one record goes from group to group in each of a few places, and every group is back where it was.
//!
//! A world is changed by steps: in one place a record goes from one group to another, or comes from nowhere, or goes nowhere. Steps in
//! places of one region that bring every group back leave the region, and all that holds it, as it is; so a round trip through the
//! groups is sought whose first step changes the number, and whose steps each change only what is withheld. Round trips of two steps are
//! exchanges of records between two places; most numbers have one. The smallest region comes first. Where an interval is declared, as
//! many records as it is wide go together.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::confidential::disclosure::nesting::{Nesting, sample};
use crate::confidential::disclosure::system::System;

/// Places of a region that are looked at: more are sampled evenly.
const PLACES: usize = 256;

/// Groups that records go through: more are sampled evenly.
const GROUPS: usize = 48;

/// Places of a larger unit in which the first step is tried.
const STARTS: usize = 8;

/// Steps of a round trip after the first.
const STEPS: usize = 3;

/// A set of entries.
type Mask = Box<[u64]>;

fn has(mask: &[u64], entry: usize) -> bool {
    mask[entry / 64] >> (entry % 64) & 1 == 1
}

/// Seeks round trips.
pub(super) struct Trips<'s> {
    system: &'s System,
    nesting: &'s Nesting,
    /// Entries of every group a record can be in, and of none at last.
    groups: Vec<Mask>,
    /// For each entry, the steps that change it.
    steps: Vec<Vec<Step>>,
}

/// From group to group, as positions in [`Trips::groups`].
type Step = (usize, usize);

/// A place of a region: units that a step in it changes, the place first, and the entries that can go down and up in all of them.
struct Place {
    units: Vec<u32>,
    down: Mask,
    up: Mask,
}

impl<'s> Trips<'s> {
    /// Ready to seek.
    pub(super) fn new(system: &'s System, nesting: &'s Nesting) -> Self {
        let len = system.entries.len;
        let mask = |entries: &[u32]| {
            let mut mask = vec![0_u64; len.div_ceil(64)];
            entries.iter().for_each(|&entry| mask[entry as usize / 64] |= 1 << (entry % 64));
            mask.into_boxed_slice()
        };
        let mut entries = Vec::new();
        let groups = system.entries.finest_groups(GROUPS).into_iter().map(|group| {
            system.entries.of_group(group, &mut entries);
            mask(&entries)
        });
        let groups: Vec<Mask> = groups.chain([mask(&[])]).collect();
        let all = || (0..groups.len()).flat_map(|from| (0..groups.len()).map(move |to| (from, to)));
        let changing = |entry| all().filter(|&(from, to)| has(&groups[from], entry) != has(&groups[to], entry)).collect();
        let steps = (0..len).map(changing).collect();
        Self { system, nesting, groups, steps }
    }

    /// The targets for which no round trip was found. Depends on no order and no number of threads.
    pub(super) fn missing(&self, mut targets: Vec<usize>) -> Vec<usize> {
        for rank in 0.. {
            let mut regions: FxHashMap<u32, Vec<usize>> = FxHashMap::default();
            for &target in &targets {
                if let Some(&region) = self.nesting.holders(target / self.system.entries.len).get(rank) {
                    regions.entry(region).or_default().push(target);
                }
            }
            if regions.is_empty() {
                break;
            }
            let regions: Vec<(u32, Vec<usize>)> = regions.into_iter().collect();
            let found = regions.par_iter().map(|(region, targets)| self.within(*region, targets));
            let found: FxHashSet<usize> = found.flatten_iter().collect();
            targets.retain(|target| !found.contains(target));
        }
        targets
    }

    /// Numbers that a round trip inside the region changes.
    fn within(&self, region: u32, targets: &[usize]) -> FxHashSet<usize> {
        let mut found = FxHashSet::default();
        let mut classes: FxHashMap<Vec<u32>, Vec<Place>> = FxHashMap::default();
        for &target in targets {
            if found.contains(&target) {
                continue;
            }
            for here in self.starts(target) {
                let beyond = self.beyond(region, here);
                let places = classes.entry(beyond).or_insert_with_key(|beyond| self.places(region, beyond));
                if let Some(changes) = self.trip(target, here, (region, places)) {
                    found.extend(changes);
                    break;
                }
            }
        }
        found
    }

    /// Places of the target's unit, those first that have somebody to give.
    fn starts(&self, target: usize) -> Vec<u32> {
        let (unit, entry) = (target / self.system.entries.len, target % self.system.entries.len);
        let places = self.nesting.places(unit);
        let has = |&&place: &&u32| self.system.counts[place as usize * self.system.entries.len + entry] > 0;
        let some = places.iter().filter(has).take(STARTS).copied();
        some.chain(sample(places, STARTS).filter(|place| !has(place)).copied()).collect()
    }

    /// Units that hold the place and are not part of the region: these must not change.
    fn beyond(&self, region: u32, place: u32) -> Vec<u32> {
        let holders = self.nesting.holders(place as usize).iter().copied();
        let mut beyond: Vec<u32> = holders.filter(|&holder| !self.nesting.holds(region, holder)).collect();
        beyond.sort_unstable();
        beyond
    }

    /// Places of the region that lie in all of these units too.
    fn places(&self, region: u32, beyond: &[u32]) -> Vec<Place> {
        let inside = |place: &u32| beyond.iter().all(|&unit| self.nesting.holds(unit, *place));
        let all: Vec<u32> = self.nesting.places(region as usize).iter().copied().filter(inside).collect();
        sample(&all, PLACES).map(|&place| self.place(region, place)).collect()
    }

    fn place(&self, region: u32, place: u32) -> Place {
        let holders = self.nesting.holders(place as usize).iter().copied();
        let inner = holders.filter(|&holder| self.nesting.holds(region, holder));
        let units: Vec<u32> = [place].into_iter().chain(inner).collect();
        let (system, len) = (self.system, self.system.entries.len);
        let can = |up: bool| {
            let mut mask = vec![0_u64; len.div_ceil(64)];
            for entry in 0..len {
                let free = |&unit: &u32| {
                    let at = unit as usize * len + entry;
                    !system.states[at].known() && (up || system.counts[at] >= system.floor(at) + system.interval)
                };
                mask[entry / 64] |= u64::from(units.iter().all(free)) << (entry % 64);
            }
            mask.into_boxed_slice()
        };
        let (down, up) = (can(false), can(true));
        Place { units, down, up }
    }

    /// Whether a record of the place can go from group to group.
    fn free(&self, place: &Place, (from, to): Step) -> bool {
        let mut words = self.groups[from].iter().zip(&self.groups[to]).zip(place.down.iter().zip(&place.up));
        words.all(|((from, to), (down, up))| from & !to & !down == 0 && to & !from & !up == 0)
    }

    /// Everything that some round trip through groups changes which begins in this place and changes the target.
    fn trip(&self, target: usize, here: u32, (region, places): (u32, &[Place])) -> Option<Vec<usize>> {
        let own;
        let start = match places.iter().find(|place| place.units[0] == here) {
            Some(place) => place,
            None => {
                own = self.place(region, here);
                &own
            }
        };
        let unit = (target / self.system.entries.len) as u32;
        let places: Vec<&Place> = places.iter().filter(|place| !place.units.contains(&unit)).collect();
        let steps = &self.steps[target % self.system.entries.len];
        let first: Vec<Step> = steps.iter().copied().filter(|&step| self.free(start, step)).collect();
        let direct = first.iter().find_map(|&(from, to)| {
            let back = places.iter().find(|place| self.free(place, (to, from)))?;
            self.changes(target, &[(start, (from, to)), (back, (to, from))])
        });
        direct.or_else(|| first.iter().find_map(|&step| self.around(target, (start, step), &places)))
    }

    /// A way back by way of other groups.
    fn around(&self, target: usize, first: (&Place, Step), places: &[&Place]) -> Option<Vec<usize>> {
        let (goal, start) = first.1;
        let mut came: Vec<Option<(usize, usize)>> = vec![None; self.groups.len()];
        let mut frontier = vec![start];
        for _ in 0..STEPS {
            let mut next = Vec::new();
            for &from in &frontier {
                for to in (0..self.groups.len()).filter(|&to| to != start) {
                    if came[to].is_none()
                        && let Some(place) = places.iter().position(|place| self.free(place, (from, to)))
                    {
                        came[to] = Some((from, place));
                        next.push(to);
                    }
                }
            }
            if came[goal].is_some() {
                let mut trip = vec![first];
                let mut at = goal;
                while let Some((from, place)) = came[at].filter(|_| at != start) {
                    trip.push((places[place], (from, at)));
                    at = from;
                }
                return self.changes(target, &trip);
            }
            frontier = next;
        }
        None
    }

    /// The numbers that steps change together, if all of them may, and the target is among them.
    fn changes(&self, target: usize, trip: &[(&Place, Step)]) -> Option<Vec<usize>> {
        let len = self.system.entries.len;
        let mut changes: FxHashMap<usize, i64> = FxHashMap::default();
        for (place, (from, to)) in trip {
            for &unit in &place.units {
                for (word, (from, to)) in self.groups[*from].iter().zip(&self.groups[*to]).enumerate() {
                    for (mut bits, by) in [(from & !to, -1), (to & !from, 1)] {
                        while bits != 0 {
                            let entry = word * 64 + bits.trailing_zeros() as usize;
                            bits &= bits - 1;
                            *changes.entry(unit as usize * len + entry).or_default() += by * i64::from(self.system.interval);
                        }
                    }
                }
            }
        }
        changes.retain(|_, by| *by != 0);
        let stays_possible =
            |(&at, &by): (&usize, &i64)| i64::from(self.system.counts[at]) + by >= i64::from(self.system.floor(at));
        (changes.iter().all(stays_possible) && changes.contains_key(&target)).then(|| changes.into_keys().collect())
    }
}
