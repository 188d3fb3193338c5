//! Bounds of single equations, applied until nothing moves. Sound, not complete; every step is written down so that it can be checked.

use std::collections::VecDeque;

use crate::audit::system::System;

/// No upper bound.
pub(super) const OPEN: i64 = i64::MAX;

/// One bound taken from one equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) equation: u32,
    pub(super) unknown: u32,
    pub(super) upper: bool,
}

/// Bounds and how they came about.
#[derive(Debug)]
pub(super) struct Propagated {
    pub(super) lo: Vec<i64>,
    pub(super) hi: Vec<i64>,
    pub(super) steps: Vec<Step>,
}

/// `None` where the equations contradict each other.
pub(super) fn propagate(system: &System) -> Option<Propagated> {
    // Equations of each unknown, one after the other: millions of small lists would cost more than the work itself.
    let mut ends = vec![0_u32; system.unknowns() + 1];
    let all = || system.all().zip(0_u32..).flat_map(|(equation, e)| equation.terms.iter().map(move |&(x, _)| (x, e)));
    all().for_each(|(x, _)| ends[x as usize + 1] += 1);
    (0..system.unknowns()).for_each(|x| ends[x + 1] += ends[x]);
    let mut next = ends.clone();
    let mut holders = vec![0_u32; ends[system.unknowns()] as usize];
    for (x, e) in all() {
        holders[next[x as usize] as usize] = e;
        next[x as usize] += 1;
    }
    drop(next);
    // Bounds can creep upwards one by one between two equations; whoever stops early only attacks less.
    let mut patience = 64 * (system.terms() + 1);
    let mut done = Propagated { lo: system.floors.clone(), hi: vec![OPEN; system.unknowns()], steps: Vec::new() };
    let mut waiting = vec![true; system.equations()];
    let mut queue: VecDeque<u32> = (0..system.equations() as u32).collect();
    while let Some(e) = queue.pop_front() {
        waiting[e as usize] = false;
        let equation = system.equation(e);
        if patience < equation.terms.len() {
            break;
        }
        patience -= equation.terms.len();
        if equation.terms.is_empty() && equation.constant != 0 {
            return None;
        }
        let (mut least, mut most, mut open_least, mut open_most) = (0_i128, 0_i128, 0, 0);
        let mut any = false;
        let range = |done: &Propagated, (x, a): (u32, i64)| {
            let (lo, hi) = (done.lo[x as usize], done.hi[x as usize]);
            let high = (hi != OPEN).then(|| i128::from(hi) * i128::from(a));
            let low = Some(i128::from(lo) * i128::from(a));
            if a > 0 { (low, high) } else { (high, low) }
        };
        for term in equation.wide() {
            let (low, high) = range(&done, term);
            low.map_or_else(|| open_least += 1, |v| least += v);
            high.map_or_else(|| open_most += 1, |v| most += v);
        }
        for (x, a) in equation.wide() {
            let (low, high) = range(&done, (x, a));
            let rest = |sum: i128, open: i32, own: Option<i128>| match (open, own) {
                (0, Some(own)) => Some(sum - own),
                (1, None) => Some(sum),
                _ => None,
            };
            // a·x is at most what the least of the others leaves, and at least what the most of them leaves.
            let above = rest(least, open_least, low).map(|r| i128::from(equation.constant) - r);
            let below = rest(most, open_most, high).map(|r| i128::from(equation.constant) - r);
            let (upper, lower) = if a > 0 { (above, below) } else { (below, above) };
            let upper = upper.map(|v| floor_div(v, a));
            let lower = lower.map(|v| -floor_div(-v, a));
            let slot = x as usize;
            let mut moved = false;
            if let Some(v) = upper.and_then(|v| i64::try_from(v).ok()).filter(|&v| v < done.hi[slot]) {
                done.hi[slot] = v;
                done.steps.push(Step { equation: e, unknown: x, upper: true });
                moved = true;
            }
            if let Some(v) = lower.and_then(|v| i64::try_from(v).ok()).filter(|&v| v > done.lo[slot]) {
                done.lo[slot] = v;
                done.steps.push(Step { equation: e, unknown: x, upper: false });
                moved = true;
            }
            if done.lo[slot] > done.hi[slot] {
                return None;
            }
            any |= moved;
            if moved {
                for &other in &holders[ends[slot] as usize..ends[slot + 1] as usize] {
                    if other != e && !std::mem::replace(&mut waiting[other as usize], true) {
                        queue.push_back(other);
                    }
                }
            }
        }
        // The sums above speak of the old bounds, which is sound; the equation comes again.
        if any && !std::mem::replace(&mut waiting[e as usize], true) {
            queue.push_back(e);
        }
    }
    Some(done)
}

/// The largest whole number that is at most `v / a`.
fn floor_div(v: i128, a: i64) -> i128 {
    match a {
        1 => return v,
        -1 => return -v,
        _ => {}
    }
    let a = i128::from(a);
    let q = v / a;
    if v % a != 0 && (v < 0) != (a < 0) { q - 1 } else { q }
}
