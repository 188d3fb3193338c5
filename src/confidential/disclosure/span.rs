//! Is a withheld number a linear function of what is published? Exactly, for all withheld numbers at once.
//!
//! Write every equation with the known numbers moved to the right-hand side. A number is determined if and only if every solution of the
//! homogeneous system vanishes on it, so one random solution modulo 2^61 − 1 tells: what is zero there is determined, except by a chance
//! of 2^-61 a number. Most equations hold a number that occurs nowhere else: they say nothing about others and are set
//! aside first (and solved last); only the rest, split into independent parts, is eliminated.
//!
//! Whoever changes this: an equation may be left out only if a later step gives one of its numbers the value that makes it true.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::confidential::disclosure::elimination::{Eliminated, Row, eliminate};
use crate::confidential::disclosure::modular::{MINUS_ONE, add, neg, scatter};
use crate::confidential::disclosure::system::{Part, System};

const SET_ASIDE: u32 = 1 << 31;

/// A solution of the homogeneous system, and how it was found.
pub(super) struct Span<'s> {
    system: &'s System,
    /// Units that were looked at.
    units: Vec<Range<usize>>,
    /// For each unit and basis number, its value in the random solution; 0 for known numbers.
    values: Vec<u64>,
    /// Equations set aside, in order, each with the number it is solved for.
    aside: Vec<(u64, u32)>,
    /// Which equation a number was solved by: one more than its position in `aside` (flagged), or than its component; 0 for none.
    solved_by: Vec<u32>,
    components: Vec<Component>,
}

/// Equations that have to be solved together.
struct Component {
    equations: Vec<u64>,
    numbers: Vec<u32>,
    eliminated: Eliminated,
}

/// Equations are numbered: sums × maximal entries, then units × margins.
#[derive(Clone, Copy)]
struct Equations<'s> {
    system: &'s System,
    basis: usize,
    maximal: usize,
    margins: usize,
    sums: u64,
}

impl<'s> Equations<'s> {
    fn new(system: &'s System) -> Self {
        let (basis, maximal, margins) = (system.entries.basis.len(), system.entries.maximal, system.entries.margins.len());
        Self { system, basis, maximal, margins, sums: (system.sums.len() * maximal) as u64 }
    }

    fn len(self) -> usize {
        self.sums as usize + self.system.units() * self.margins
    }

    #[inline]
    fn number(self, unit: usize, basis: usize) -> u32 {
        (unit * self.basis + basis) as u32
    }

    /// Position of a basis number's count and state.
    #[inline]
    fn entry(self, number: u32) -> usize {
        let (unit, basis) = (number as usize / self.basis, number as usize % self.basis);
        unit * self.system.entries.len + self.system.entries.basis[basis] as usize
    }

    /// An equation exists unless it is a margin that is withheld and speaks of nothing else: then it only defines it.
    #[inline]
    fn says_something(self, unit: usize, margin: usize) -> bool {
        let sum = self.system.entries.margins[margin].sum as usize;
        self.system.entries.basis_of[sum].is_some() || self.system.states[unit * self.system.entries.len + sum].known()
    }

    /// Calls with every term: position of the entry, its number if it is of the basis, and whether it is the sum.
    #[inline]
    fn terms(self, equation: u64, mut f: impl FnMut(usize, Option<u32>, bool)) {
        let entries = &self.system.entries;
        if equation < self.sums {
            let (sum, basis) = (equation as usize / self.maximal, equation as usize % self.maximal);
            let entry = entries.basis[basis] as usize;
            let (whole, parts) = self.system.sums.get(sum);
            f(whole as usize * entries.len + entry, Some(self.number(whole as usize, basis)), true);
            for &part in parts {
                f(part as usize * entries.len + entry, Some(self.number(part as usize, basis)), false);
            }
        } else {
            let rest = (equation - self.sums) as usize;
            let (unit, margin) = (rest / self.margins, &entries.margins[rest % self.margins]);
            let number = entries.basis_of[margin.sum as usize].map(|b| self.number(unit, b as usize));
            f(unit * entries.len + margin.sum as usize, number, true);
            for &b in &margin.parts {
                f(unit * entries.len + entries.basis[b as usize] as usize, Some(self.number(unit, b as usize)), false);
            }
        }
    }

    /// Calls with every unknown number and its sign (the sum −1).
    #[inline]
    fn unknown(self, equation: u64, mut f: impl FnMut(u32, bool)) {
        let states = &self.system.states;
        self.terms(equation, |at, number, is_sum| {
            if let (false, Some(number)) = (states[at].known(), number) {
                f(number, is_sum);
            }
        });
    }

    /// Calls with every equation a number occurs in.
    #[inline]
    fn of_number(self, number: u32, mut f: impl FnMut(u64)) {
        let (unit, basis) = (number as usize / self.basis, number as usize % self.basis);
        if basis < self.maximal {
            for &sum in self.system.sums_of(unit) {
                f(u64::from(sum) * self.maximal as u64 + basis as u64);
            }
        }
        for &margin in &self.system.entries.margins_of[basis] {
            if self.says_something(unit, margin as usize) {
                f(self.sums + (unit * self.margins + margin as usize) as u64);
            }
        }
    }
}

impl<'s> Span<'s> {
    /// Finds a random solution of the equations of these units and sums. Cost: linear in the equations, except for those in cycles of shared
    /// numbers.
    pub(super) fn new(system: &'s System, active: &Part<Vec<Range<usize>>>) -> Self {
        let equations = Equations::new(system);
        let numbers = system.units() * equations.basis;
        let mut alive = vec![false; equations.len()];
        let mut occurs = vec![0_u16; numbers];
        let (len, basis) = (system.entries.len, &system.entries.basis[..equations.maximal]);
        for s in active.sums.iter().cloned().flatten() {
            let (whole, parts) = system.sums.get(s);
            let alive = &mut alive[s * equations.maximal..][..equations.maximal];
            for unit in parts.iter().chain([&whole]).map(|&unit| unit as usize) {
                let (states, occurs) = (&system.states[unit * len..][..len], &mut occurs[unit * equations.basis..]);
                for ((&entry, occurs), alive) in basis.iter().zip(occurs).zip(alive.iter_mut()) {
                    if !states[entry as usize].known() {
                        *occurs += 1;
                        *alive = true;
                    }
                }
            }
        }
        for unit in active.units.iter().cloned().flatten() {
            for margin in (0..equations.margins).filter(|&m| equations.says_something(unit, m)) {
                let equation = equations.sums + (unit * equations.margins + margin) as u64;
                equations.unknown(equation, |number, _| {
                    occurs[number as usize] += 1;
                    alive[equation as usize] = true;
                });
            }
        }

        let mut aside = Vec::new();
        let mut solved_by = vec![0; numbers];
        let looked_at = |unit: usize| unit * equations.basis..(unit + 1) * equations.basis;
        let all = || active.units.iter().flat_map(|units| looked_at(units.start).start..looked_at(units.end).start);
        let mut single: Vec<u32> = all().filter(|&n| occurs[n] == 1).map(|n| n as u32).collect();
        single.reverse();
        while let Some(number) = single.pop() {
            if occurs[number as usize] != 1 {
                continue;
            }
            let mut holder = None;
            equations.of_number(number, |equation| {
                if alive[equation as usize] {
                    holder = Some(equation);
                }
            });
            let equation = holder.expect("a number that occurs once is in one equation");
            alive[equation as usize] = false;
            equations.unknown(equation, |other, _| {
                occurs[other as usize] -= 1;
                if occurs[other as usize] == 1 {
                    single.push(other);
                }
            });
            aside.push((equation, number));
            solved_by[number as usize] = SET_ASIDE | aside.len() as u32;
        }

        let sums = active.sums.iter().flat_map(|sums| sums.start * equations.maximal..sums.end * equations.maximal);
        let first = equations.sums as usize;
        let margins = active.units.iter().flat_map(|u| first + u.start * equations.margins..first + u.end * equations.margins);
        let rest: Vec<u64> = sums.chain(margins).filter(|&e| alive[e]).map(|e| e as u64).collect();
        let components = components(equations, &rest, &mut solved_by);
        let mut values = vec![0; numbers];
        for unit in active.units.iter().cloned().flatten() {
            for n in looked_at(unit) {
                if !system.states[equations.entry(n as u32)].known() {
                    values[n] = scatter(n as u64);
                }
            }
        }
        for (c, component) in components.iter().enumerate() {
            let mut own: Vec<u64> = component.numbers.iter().map(|&n| values[n as usize]).collect();
            component.eliminated.solve(&mut own);
            for (&n, value) in component.numbers.iter().zip(own) {
                values[n as usize] = value;
                solved_by[n as usize] = c as u32 + 1;
            }
        }
        for &(equation, number) in aside.iter().rev() {
            let (mut sum, mut is_whole) = (0, false);
            equations.unknown(equation, |other, is_sum| {
                if other == number {
                    is_whole = is_sum;
                } else {
                    let value = values[other as usize];
                    sum = add(sum, if is_sum { neg(value) } else { value });
                }
            });
            values[number as usize] = if is_whole { sum } else { neg(sum) };
        }
        Self { system, units: active.units.clone(), values, aside, solved_by, components }
    }

    /// Positions of protected numbers that are determined, ascending.
    pub(super) fn determined(&self) -> Vec<usize> {
        let (len, basis) = (self.system.entries.len, self.system.entries.basis.len());
        let of_unit = |unit: usize| {
            let values = &self.values[unit * basis..][..basis];
            let states = &self.system.states[unit * len..][..len];
            let vanishes = move |entry: usize| {
                self.system.entries.expansion[entry].iter().fold(0, |sum, &b| add(sum, values[b as usize])) == 0
            };
            (0..len).filter(move |&e| states[e].protected() && vanishes(e)).map(move |e| unit * len + e)
        };
        self.units.par_iter().flat_map(|units| units.clone().into_par_iter().flat_map_iter(of_unit)).collect()
    }

    /// Positions of published numbers that a determined number is computed from, ascending.
    pub(super) fn computed_from(&self, target: usize) -> Vec<usize> {
        let equations = Equations::new(self.system);
        let entries = &self.system.entries;
        let (unit, entry) = (target / entries.len, target % entries.len);
        let mut known: FxHashMap<usize, u64> = FxHashMap::default();
        // What is left to explain, by when it was solved: equations set aside in their order, then components.
        let mut rest: FxHashMap<u32, u64> = FxHashMap::default();
        let mut queue = BinaryHeap::new();
        let mut inside: BTreeMap<u32, BTreeMap<u32, u64>> = BTreeMap::new();
        let mut meet =
            |number: u32, value: u64, queue: &mut BinaryHeap<Reverse<(u32, u32)>>, rest: &mut FxHashMap<u32, u64>| match self
                .solved_by[number as usize]
            {
                by if by & SET_ASIDE != 0 => {
                    queue.push(Reverse((by & !SET_ASIDE, number)));
                    let slot = rest.entry(number).or_default();
                    *slot = add(*slot, value);
                }
                0 => {
                    let slot = rest.entry(number).or_default();
                    *slot = add(*slot, value);
                }
                by => {
                    let slot = inside.entry(by - 1).or_default().entry(number).or_default();
                    *slot = add(*slot, value);
                }
            };
        let note = |known: &mut FxHashMap<usize, u64>, at: usize, value: u64| {
            if self.system.states[at].open() {
                let slot = known.entry(at).or_default();
                *slot = add(*slot, value);
            }
        };
        for &b in &entries.expansion[entry] {
            let at = unit * entries.len + entries.basis[b as usize] as usize;
            match self.system.states[at].known() {
                true => note(&mut known, at, 1),
                false => meet(equations.number(unit, b as usize), 1, &mut queue, &mut rest),
            }
        }
        // One equation, weighted so that it cancels `value` of `number`.
        while let Some(Reverse((position, number))) = queue.pop() {
            let value = std::mem::take(rest.get_mut(&number).expect("met before"));
            if value == 0 {
                continue;
            }
            let equation = self.aside[position as usize - 1].0;
            let mut own_is_sum = false;
            equations.unknown(equation, |n, is_sum| own_is_sum |= n == number && is_sum);
            let weight = if own_is_sum { neg(value) } else { value };
            let states = &self.system.states;
            equations.terms(equation, |at, n, is_sum| {
                let term = if is_sum { neg(weight) } else { weight };
                match n {
                    _ if states[at].known() => note(&mut known, at, term),
                    Some(n) if n != number => meet(n, neg(term), &mut queue, &mut rest),
                    _ => {}
                }
            });
        }
        debug_assert!(rest.values().all(|&value| value == 0), "free numbers cancel in a determined one");
        for (c, functional) in inside {
            let component = &self.components[c as usize];
            let local = |n: u32| component.numbers.binary_search(&n).expect("a component knows its numbers") as u32;
            let functional = functional.into_iter().map(|(n, value)| (local(n), value)).collect();
            let multipliers = component.eliminated.multipliers(&functional).unwrap_or_default();
            for (row, weight) in multipliers {
                equations.terms(component.equations[row as usize], |at, _, is_sum| {
                    if self.system.states[at].known() {
                        note(&mut known, at, if is_sum { neg(weight) } else { weight });
                    }
                });
            }
        }
        let mut used: Vec<usize> = known.into_iter().filter(|&(_, weight)| weight != 0).map(|(at, _)| at).collect();
        used.sort_unstable();
        used
    }

    /// How many equations had to be eliminated together, in all and in the largest component.
    pub(super) fn hard_equations(&self) -> (usize, usize) {
        let sizes = self.components.iter().map(|c| c.equations.len());
        (sizes.clone().sum(), sizes.max().unwrap_or(0))
    }
}

/// Splits equations that share no number, and eliminates each part.
/// `first` is zero for every number in them, before and after.
fn components(equations: Equations<'_>, rest: &[u64], first: &mut [u32]) -> Vec<Component> {
    let mut parent: Vec<u32> = (0..rest.len() as u32).collect();
    fn root(parent: &mut [u32], mut at: u32) -> u32 {
        while parent[at as usize] != at {
            parent[at as usize] = parent[parent[at as usize] as usize];
            at = parent[at as usize];
        }
        at
    }
    for (i, &equation) in rest.iter().enumerate() {
        equations.unknown(equation, |number, _| {
            let slot = &mut first[number as usize];
            if *slot == 0 {
                *slot = i as u32 + 1;
            }
            let other = *slot - 1;
            let (a, b) = (root(&mut parent, i as u32), root(&mut parent, other));
            parent[a.max(b) as usize] = a.min(b);
        });
    }
    for &equation in rest {
        equations.unknown(equation, |number, _| first[number as usize] = 0);
    }
    let mut groups: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for (i, &equation) in rest.iter().enumerate() {
        groups.entry(root(&mut parent, i as u32)).or_default().push(equation);
    }
    let groups: Vec<Vec<u64>> = groups.into_values().collect();
    groups.into_par_iter().map(|own| component(equations, own)).collect()
}

fn component(equations: Equations<'_>, own: Vec<u64>) -> Component {
    let mut numbers = Vec::new();
    own.iter().for_each(|&equation| equations.unknown(equation, |number, _| numbers.push(number)));
    numbers.sort_unstable();
    numbers.dedup();
    let row = |&equation: &u64| {
        let mut row = Row::new();
        equations.unknown(equation, |number, is_sum| {
            let local = numbers.binary_search(&number).expect("collected above") as u32;
            row.push((local, if is_sum { MINUS_ONE } else { 1 }));
        });
        row.sort_unstable();
        row
    };
    let eliminated = eliminate(own.iter().map(row).collect(), numbers.len());
    Component { equations: own, numbers, eliminated }
}
