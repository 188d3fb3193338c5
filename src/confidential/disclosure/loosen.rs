//! What to withhold so that a number that cannot move can: another world in which it is different.
//!
//! Two records of different groups in two places change places, or one record is elsewhere. Every sum that holds both places, and every margin
//! that holds both groups, stays as it is; what changes has to be withheld. The cheapest such exchange is sought nearby: among places of
//! the same next larger unit, then of the next. What it withholds also serves the neighbours, so that one target a unit is looked at in a round.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::confidential::disclosure::nesting::sample;
use crate::confidential::disclosure::system::{State, System};

/// Places and groups looked at for one target: more are sampled evenly.
const PLACES_WITHIN: usize = 4;
const PLACES_BESIDE: usize = 100;
const GROUPS: usize = 48;

/// For less than this no better exchange is sought farther away.
const CHEAP: u64 = 100;

/// Seeks exchanges for the targets of a system.
pub(super) struct Exchanges {
    by_entry: FxHashMap<usize, Vec<Exchange>>,
}

impl Exchanges {
    /// None sought yet.
    pub(super) fn new() -> Self {
        Self { by_entry: FxHashMap::default() }
    }

    /// What the cheapest exchange found withholds that changes the target.
    pub(super) fn withhold(&mut self, system: &System, target: usize) -> Option<Vec<usize>> {
        let (unit, entry) = (target / system.entries.len, target % system.entries.len);
        let exchanges = self.by_entry.entry(entry).or_insert_with(|| exchanges_of(system, entry));
        cheapest(system, (unit, entry), exchanges)
    }
}

/// Entries in which a place that gets one record for another has one more, and one less.
struct Exchange {
    more: Vec<u32>,
    less: Vec<u32>,
}

/// Exchanges that change an entry.
fn exchanges_of(system: &System, entry: usize) -> Vec<Exchange> {
    let (mut of_group, mut of_other) = (Vec::new(), Vec::new());
    let exchange = |(group, other): (u64, Option<u64>)| {
        system.entries.of_group(group, &mut of_group);
        of_other.clear();
        if let Some(other) = other {
            system.entries.of_group(other, &mut of_other);
        }
        let only = |own: &[u32], others: &[u32]| own.iter().copied().filter(|e| !others.contains(e)).collect();
        Exchange { more: only(&of_group, &of_other), less: only(&of_other, &of_group) }
    };
    system.entries.exchanges(entry, GROUPS).into_iter().map(exchange).collect()
}

/// What the cheapest of the exchanges withholds: between a place of the unit and one beside it, or else at a place of the unit alone.
fn cheapest(system: &System, (unit, entry): (usize, usize), exchanges: &[Exchange]) -> Option<Vec<usize>> {
    let within = system.places(unit);
    let has = |place: &&u32| system.counts[**place as usize * system.entries.len + entry] > 0;
    let some = within.iter().filter(has).take(PLACES_WITHIN).copied();
    let starts: Vec<u32> = some.chain(sample(&within, PLACES_WITHIN).filter(|place| !has(place)).copied()).collect();
    let own: FxHashSet<u32> = within.iter().copied().collect();
    let mut best = Best::default();
    for holder in system.holders(unit) {
        let beside: Vec<u32> = system.places(holder as usize).into_iter().filter(|place| !own.contains(place)).collect();
        for &here in &starts {
            let holders_here = system.holders(here as usize);
            for &there in sample(&beside, PLACES_BESIDE) {
                let holders_there = system.holders(there as usize);
                let only = |own: &[u32], place: u32, other: &[u32]| -> Vec<u32> {
                    [place].into_iter().chain(own.iter().copied()).filter(|unit| !other.contains(unit)).collect()
                };
                let sides = [only(&holders_here, here, &holders_there), only(&holders_there, there, &holders_here)];
                best.improve(system, sides.each_ref().map(Vec::as_slice), exchanges);
            }
        }
        if best.withhold.is_some() && best.cost < CHEAP {
            return best.withhold;
        }
    }
    for &here in &starts {
        let all: Vec<u32> = [here].into_iter().chain(system.holders(here as usize)).collect();
        best.improve(system, [&all, &[]], exchanges);
    }
    best.withhold
}

/// The cheapest so far.
#[derive(Default)]
struct Best {
    cost: u64,
    withhold: Option<Vec<usize>>,
}

impl Best {
    fn improve(&mut self, system: &System, sides: [&[u32]; 2], exchanges: &[Exchange]) {
        for exchange in exchanges.iter().flat_map(|exchange| [(exchange, true), (exchange, false)]) {
            let least = if self.withhold.is_some() { self.cost } else { u64::MAX };
            // Most are refused by the places themselves.
            let places = sides.map(|units| &units[..units.len().min(1)]);
            if cost(system, places, exchange, u64::MAX).is_none() {
                continue;
            }
            if let Some(cost) = cost(system, sides, exchange, least) {
                let open = changes(system, sides, exchange).map(|change| change.0).filter(|&at| system.states[at].open());
                (self.cost, self.withhold) = (cost, Some(open.collect()));
            }
        }
    }
}

/// What an exchange costs, if it can be made for less than this.
fn cost(system: &System, sides: [&[u32]; 2], exchange: (&Exchange, bool), least: u64) -> Option<u64> {
    changes(system, sides, exchange).try_fold(0, |cost, (at, up)| {
        let cost = cost + if system.states[at].open() { system.loss(at) } else { 0 };
        (system.movable(at, up) && cost < least).then_some(cost)
    })
}

/// Every number that changes, and whether upwards.
fn changes<'a>(
    system: &'a System,
    sides: [&'a [u32]; 2],
    (exchange, first_gains): (&'a Exchange, bool),
) -> impl Iterator<Item = (usize, bool)> + 'a {
    let len = system.entries.len;
    sides.into_iter().zip([first_gains, !first_gains]).flat_map(move |(units, gains)| {
        units.iter().flat_map(move |&unit| {
            let (more, less) = (exchange.more.iter().map(move |&e| (e, gains)), exchange.less.iter().map(move |&e| (e, !gains)));
            more.chain(less).map(move |(entry, up)| (unit as usize * len + entry as usize, up))
        })
    })
}

/// The published numbers fewest equations away.
pub(super) fn nearest(system: &System, target: usize) -> Vec<usize> {
    let mut seen = FxHashSet::from_iter([target]);
    let mut layer = vec![target];
    while !layer.is_empty() {
        let mut next = Vec::new();
        for at in layer {
            system.each_equation_of(at, |equation, _| {
                system.terms(equation, |term, _| {
                    if system.states[term] != State::Zero && seen.insert(term) {
                        next.push(term);
                    }
                });
            });
        }
        let open: Vec<usize> = next.iter().copied().filter(|&at| system.states[at].open()).collect();
        if !open.is_empty() {
            return open;
        }
        layer = next;
    }
    Vec::new()
}
