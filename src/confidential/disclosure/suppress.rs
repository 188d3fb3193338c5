//! Complementary suppression: withhold more until no protected number can be found out.
//!
//! Two checks in turn, the cheaper first: [`Bounds`] (a number with one possible value) and [`Span`] (a number that is a linear function of
//! what is published). For each number found out, the cheapest published number it was found out from is withheld, unless
//! one was already withheld for another number in the same round; then both are checked anew. Every round withholds something, and with
//! nothing published nothing can be found out, so this ends.

use rustc_hash::FxHashSet;

use crate::confidential::disclosure::bounds::Bounds;
use crate::confidential::disclosure::span::Span;
use crate::confidential::disclosure::system::{State, System};

/// How it went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rounds {
    /// Rounds in which bounds gave a number away.
    pub by_bounds: usize,
    /// Rounds in which linear functions did.
    pub by_span: usize,
    /// Equations eliminated together in the last round: all, and those of the largest component.
    pub hard: (usize, usize),
}

/// Withholds published numbers until every protected one is safe.
pub(super) fn complement(system: &mut System) -> Rounds {
    let mut rounds = Rounds::default();
    let mut bounds = Bounds::new(system);
    loop {
        bounds.propagate(system);
        let pinned = bounds.pinned(system);
        let withheld = if pinned.is_empty() {
            let span = Span::new(system);
            let determined = span.determined();
            rounds.hard = span.hard_equations();
            if determined.is_empty() {
                return rounds;
            }
            rounds.by_span += 1;
            choose(system, &determined, |target| span.computed_from(target))
        } else {
            rounds.by_bounds += 1;
            choose(system, &pinned, |target| bounds.pinned_by(system, target))
        };
        assert!(!withheld.is_empty(), "a number found out follows from a published one");
        for at in withheld {
            system.states[at] = if system.states[at] == State::Told { State::Hidden } else { State::Secondary };
            bounds.withheld(system, at);
        }
    }
}

/// The cheapest number for each target that none of the numbers chosen before serves.
fn choose(system: &System, targets: &[usize], reasons: impl Fn(usize) -> Vec<usize>) -> Vec<usize> {
    let mut chosen = Vec::new();
    let mut taken = FxHashSet::default();
    for &target in targets {
        let reasons = reasons(target);
        if reasons.iter().any(|at| taken.contains(at)) {
            continue;
        }
        if let Some(&at) = reasons.iter().min_by_key(|&&at| system.price(at)) {
            taken.insert(at);
            chosen.push(at);
        }
    }
    chosen
}
