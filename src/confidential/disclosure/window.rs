//! Numbers that whole-number reasoning bounds too closely in a small window: a unit, all that lies in it, and nothing of the world outside.
//!
//! What must be zero, and what must be somebody, can pin a number that no equation gives: where the only way to change it takes half
//! a person from each of two lone ones, there is no way. In a window the question is a small linear programme over the changes of its
//! withheld numbers, for whole changes, where no walk ([`Walks`]) answers it sooner. What a window gives away is given away; a number that
//! a window leaves open may be pinned by more of the world than it shows.

use microlp::{ComparisonOp, OptimizationDirection, Problem};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::confidential::disclosure::nesting::Nesting;
use crate::confidential::disclosure::system::System;
use crate::confidential::disclosure::walk::Walks;

/// Places in a window, at most.
const PLACES: usize = 128;

/// Places in a window with an open border, at most.
const OPEN_PLACES: usize = 32;

/// Numbers looked at together, at most.
const TIED: usize = 600;

/// Changes of more than so many persons, or the interval, are not looked at.
const MOST: u32 = 3;

/// Nodes of the search for whole numbers before a number counts as open.
const NODES: u64 = 200;

/// The targets that cannot change by their interval in their window, ascending.
pub(super) fn bounded(system: &System, nesting: &Nesting, targets: &[usize]) -> Vec<usize> {
    let mut windows: FxHashMap<u32, Vec<usize>> = FxHashMap::default();
    for &target in targets {
        let unit = target / system.entries.len;
        let widest = widest(system, nesting, unit);
        windows.entry(widest.unwrap_or(unit as u32)).or_default().push(target);
    }
    let windows: Vec<(u32, Vec<usize>)> = windows.into_iter().collect();
    let inside = nesting.inside(windows.iter().map(|window| window.0));
    let look = |(unit, targets): &(u32, Vec<usize>)| {
        let mut bounded = Vec::new();
        let mut left = targets.clone();
        // What hangs together may be less than the window, or reach a little beyond it: then that is looked at, which leaves nothing out.
        while let Some(tied) = left.first().and_then(|&target| tied(system, target)) {
            let (within, beyond): (Vec<usize>, Vec<usize>) = left.iter().partition(|target| tied.contains(target));
            left = beyond;
            let mut numbers: Vec<usize> = tied.into_iter().collect();
            numbers.sort_unstable();
            bounded.extend(Window::new(system, numbers).bounded(&within));
        }
        if !left.is_empty() {
            let len = system.entries.len;
            let all = inside[unit].iter().flat_map(|&unit| (0..len).map(move |entry| unit as usize * len + entry));
            let numbers: Vec<usize> = all.filter(|&at| !system.states[at].known()).collect();
            // So many numbers have room for each other; the programmes would take minutes.
            if numbers.len() <= TIED {
                bounded.extend(Window::new(system, numbers).bounded(&left));
            }
        }
        bounded
    };
    let mut bounded: Vec<usize> = windows.par_iter().flat_map_iter(look).collect();
    bounded.sort_unstable();
    bounded
}

/// The window of a unit, if it lies in one.
fn widest(system: &System, nesting: &Nesting, unit: usize) -> Option<u32> {
    let small = |&&holder: &&u32| {
        let most = if known(system, holder) { PLACES } else { OPEN_PLACES };
        nesting.places(holder as usize).len() <= most
    };
    nesting.holders(unit).iter().rfind(small).copied()
}

fn known(system: &System, unit: u32) -> bool {
    let len = system.entries.len;
    system.states[unit as usize * len..][..len].iter().all(|state| state.known())
}

/// Whether a unit is too large to lie in a window: it is one itself.
pub(super) fn is_large(system: &System, nesting: &Nesting, unit: usize) -> bool {
    nesting.places(unit).len() > 1 && widest(system, nesting, unit).is_none()
}

/// All withheld numbers that equations tie to this one, if they are few.
fn tied(system: &System, target: usize) -> Option<FxHashSet<usize>> {
    let mut tied = FxHashSet::from_iter([target]);
    let mut next = vec![target];
    let mut seen = FxHashSet::default();
    while let Some(at) = next.pop() {
        system.each_equation_of(at, |equation, _| {
            if seen.insert(equation) {
                system.terms(equation, |term, _| {
                    if !system.states[term].known() && tied.insert(term) {
                        next.push(term);
                    }
                });
            }
        });
        if tied.len() > TIED {
            return None;
        }
    }
    Some(tied)
}

/// Withheld numbers of a window and the equations among them alone.
struct Window<'s> {
    system: &'s System,
    numbers: Vec<usize>,
    index: FxHashMap<usize, usize>,
    equations: Vec<Vec<(usize, i32)>>,
    /// Numbers that single equations pin.
    still: Vec<bool>,
    /// Numbers that equations tie together have the same one.
    part: Vec<usize>,
}

impl<'s> Window<'s> {
    fn new(system: &'s System, numbers: Vec<usize>) -> Self {
        let index: FxHashMap<usize, usize> = numbers.iter().enumerate().map(|(i, &at)| (at, i)).collect();
        let mut seen = FxHashSet::default();
        let mut equations = Vec::new();
        for &at in &numbers {
            system.each_equation_of(at, |equation, _| {
                if !seen.insert(equation) {
                    return;
                }
                let mut terms = Vec::new();
                let mut within = true;
                system.terms(equation, |at, is_sum| {
                    if !system.states[at].known() {
                        match index.get(&at) {
                            Some(&i) => terms.push((i, if is_sum { -1 } else { 1 })),
                            None => within = false,
                        }
                    }
                });
                if within {
                    equations.push(terms);
                }
            });
        }
        let mut still = vec![false; numbers.len()];
        loop {
            let mut more = false;
            for terms in &mut equations {
                terms.retain(|&(i, _)| !still[i]);
                if let [(i, _)] = terms[..] {
                    still[i] = true;
                    more = true;
                }
            }
            if !more {
                break;
            }
        }
        equations.retain(|terms| !terms.is_empty());
        let part = parts(numbers.len(), &equations);
        Self { system, numbers, index, equations, still, part }
    }

    fn bounded(&self, targets: &[usize]) -> Vec<usize> {
        let ranges = (0..self.numbers.len()).map(|i| if self.still[i] { (0, 0) } else { self.range(i) });
        let mut walks = Walks::new(&self.equations, ranges.collect());
        let interval = self.system.interval as i32;
        let mut seen = Seen { least: vec![0; self.numbers.len()], most: vec![0; self.numbers.len()] };
        let mut left: Vec<usize> = targets.iter().map(|target| self.index[target]).collect();
        left.retain(|&i| {
            let walked = [interval, -interval].into_iter().any(|by| {
                let moves = seen.width(i) < interval && !self.still[i];
                moves && walks.walk(i, by).map(|changes| seen.note(changes)).is_some()
            });
            !walked && seen.width(i) < interval
        });
        left.retain(|&i| self.still[i] || seen.width(i) < interval && !self.moves(i, &mut seen));
        left.into_iter().map(|i| self.numbers[i]).collect()
    }

    /// Whether a number can change by the interval, with whatever has to change with it.
    fn moves(&self, i: usize, seen: &mut Seen) -> bool {
        for way in [1.0, -1.0] {
            let Some(mut changes) = self.change(i, way, false) else { return true };
            if !changes.iter().all(|&change| is_whole(change)) && changes[i].abs() > WHOLE {
                let Some(whole) = self.change(i, way, true) else { return true };
                changes = whole;
            }
            if changes.iter().all(|&change| is_whole(change)) {
                seen.note(&changes.into_iter().map(|change| change.round() as i32).collect::<Vec<_>>());
            }
            if seen.width(i) >= self.system.interval as i32 {
                return true;
            }
        }
        false
    }

    /// The least and the most a number can change by, as far as it is looked at.
    fn range(&self, i: usize) -> (i32, i32) {
        let (at, most) = (self.numbers[i], self.system.interval.max(MOST));
        let room = self.system.counts[at].saturating_sub(self.system.floor(at)).min(most);
        (-(room as i32), most as i32)
    }

    /// Changes that take one number farthest up or down; `None` where the search ends without an answer.
    fn change(&self, farthest: usize, way: f64, whole: bool) -> Option<Vec<f64>> {
        let mut problem = Problem::new(OptimizationDirection::Maximize);
        let mut variable = |i: usize| {
            let force = if i == farthest { way } else { 0.0 };
            let (least, most) = self.range(i);
            match whole {
                true => problem.add_integer_var(force, (least, most)),
                false => problem.add_var(force, (f64::from(least), f64::from(most))),
            }
        };
        let used = |i: usize| !self.still[i] && self.part[i] == self.part[farthest];
        let variables: Vec<Option<_>> = (0..self.numbers.len()).map(|i| used(i).then(|| variable(i))).collect();
        for terms in self.equations.iter().filter(|terms| used(terms[0].0)) {
            let terms: Vec<_> = terms.iter().map(|&(i, sign)| (variables[i].expect("tied together"), f64::from(sign))).collect();
            problem.add_constraint(terms, ComparisonOp::Eq, 0.0);
        }
        let mut options = microlp::SolveOptions::default();
        options.node_limit = Some(NODES as _);
        let solution = problem.solve_with(options).ok()?.into_solution().ok()?;
        Some(variables.into_iter().map(|variable| variable.map_or(0.0, |variable| solution.var_value(variable))).collect())
    }
}

/// The least and the most that numbers were seen to change by.
struct Seen {
    least: Vec<i32>,
    most: Vec<i32>,
}

impl Seen {
    fn width(&self, i: usize) -> i32 {
        self.most[i] - self.least[i]
    }

    fn note(&mut self, changes: &[i32]) {
        for ((least, most), &change) in self.least.iter_mut().zip(&mut self.most).zip(changes) {
            (*least, *most) = ((*least).min(change), (*most).max(change));
        }
    }
}

/// For each of so many numbers, which of those tied together by equations it belongs to.
fn parts(numbers: usize, equations: &[Vec<(usize, i32)>]) -> Vec<usize> {
    let mut parent: Vec<usize> = (0..numbers).collect();
    let root = |parent: &mut Vec<usize>, mut i: usize| {
        while parent[i] != i {
            parent[i] = parent[parent[i]];
            i = parent[i];
        }
        i
    };
    for terms in equations {
        let first = root(&mut parent, terms[0].0);
        for &(i, _) in &terms[1..] {
            let other = root(&mut parent, i);
            parent[other] = first;
        }
    }
    (0..numbers).map(|i| root(&mut parent, i)).collect()
}

/// Nearer to a whole number than this is whole: coefficients are ±1, and changes few.
const WHOLE: f64 = 1e-6;

fn is_whole(change: f64) -> bool {
    (change - change.round()).abs() < WHOLE
}
