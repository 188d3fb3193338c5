//! Complementary suppression: withhold more until no protected number can be found out.
//!
//! Two checks in turn: [`Span`] (a number that is a linear function of what is published), and where that finds nothing, [`Slack`] (a number
//! that cannot be other than it is, since no count is negative). For each number found out, the cheapest published number it was found out from is
//! withheld, unless one was already withheld for another number in the same round; then the check is made anew. For a number found out
//! again and again an exchange of records is sought that changes it ([`Exchanges`]): withholding what the exchange changes ends the
//! matter. Every round withholds something, and with nothing published nothing can be found out, so this ends.
//!
//! Persons are whole. At last those numbers are looked at that others can move only one way, because they are as low as they can be: each must
//! have no window that pins it ([`bounded`]).

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::confidential::disclosure::loosen::{Exchanges, nearest};
use crate::confidential::disclosure::nesting::Nesting;
use crate::confidential::disclosure::rules::RulesError;
use crate::confidential::disclosure::slack::Slack;
use crate::confidential::disclosure::span::Span;
use crate::confidential::disclosure::system::{Part, State, System};
use crate::confidential::disclosure::window::{bounded, is_large};

/// How it went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rounds {
    /// Rounds in which a number could not move.
    pub by_slack: usize,
    /// Rounds in which linear functions did.
    pub by_span: usize,
    /// Rounds in which whole numbers did.
    pub by_whole: usize,
    /// Equations eliminated together in the last round: all, and those of the largest component.
    pub hard: (usize, usize),
}

/// Withholds published numbers until every protected one is safe: first part by part, the finest first and in parallel, from what the part's own
/// equations give away, then from all equations together. What a part gives away is given away for good, so the first steps withhold
/// nothing in vain.
pub(super) fn complement(system: &mut System) -> Result<Rounds, RulesError> {
    let levels: Vec<Vec<Part>> = system.nested.iter().chain([&system.blocks]).cloned().collect();
    for (level, parts) in levels.iter().enumerate() {
        let alone = |part: &Part| {
            let mut alone = system.alone(part, &levels[..level]);
            secure(&mut alone)?;
            Ok(alone.states)
        };
        let states: Vec<Vec<State>> = parts.par_iter().map(alone).collect::<Result<_, _>>()?;
        for (part, states) in parts.iter().zip(states) {
            let first = part.units.start * system.entries.len;
            system.states[first..first + states.len()].copy_from_slice(&states);
        }
    }
    let mut rounds = secure(system)?;
    rounds.by_whole = keep_whole(system);
    Ok(rounds)
}

/// Withholds more until an attack from outside (positions of numbers that it knows exactly) finds no protected number any more. What is safe stays
/// safe when more is withheld, so the other checks are not repeated.
pub(super) fn complement_found(system: &mut System, attack: impl Fn(&System) -> Vec<usize>) -> Result<(), RulesError> {
    let mut choice = Choice::new(WHOLE_PATIENCE);
    loop {
        let mut found = attack(system);
        found.retain(|&at| system.states[at].protected());
        if found.is_empty() {
            return Ok(());
        }
        let chosen = choice.of(system, &found, |target| nearest(system, target));
        if chosen.is_empty() {
            return Err(RulesError::NothingToWithhold);
        }
        withhold(system, &chosen);
    }
}

/// How often linear functions and single equations may find a number out before an exchange is sought for it.
const PATIENCE: u32 = 6;

/// Withholds published numbers until every protected one is safe from all equations of the system.
fn secure(system: &mut System) -> Result<Rounds, RulesError> {
    let mut rounds = Rounds::default();
    if !system.states.par_iter().any(|state| state.protected()) {
        return Ok(rounds);
    }
    let mut choice = Choice::new(PATIENCE);
    let borders = system.borders();
    // What is safe stays safe when more is withheld, so neither check has to be repeated for the other's sake.
    loop {
        let span = Span::new(system, &system.active(&borders));
        let determined = span.determined();
        rounds.hard = span.hard_equations();
        if determined.is_empty() {
            break;
        }
        rounds.by_span += 1;
        let chosen = choice.of(system, &determined, |target| span.computed_from(target));
        if chosen.is_empty() {
            return Err(RulesError::NothingToWithhold);
        }
        withhold(system, &chosen);
    }
    choice.tries.clear();
    loop {
        let pinned = Slack::new(system).pinned();
        if pinned.is_empty() {
            return Ok(rounds);
        }
        rounds.by_slack += 1;
        let chosen = choice.of(system, &pinned, |target| nearest(system, target));
        if chosen.is_empty() {
            return Err(RulesError::NothingToWithhold);
        }
        withhold(system, &chosen);
    }
}

/// How often at most more is withheld for the sake of whole numbers.
const WHOLE_ROUNDS: usize = 12;

/// How often whole numbers may: few numbers are found out this way, and the nearest number seldom helps.
const WHOLE_PATIENCE: u32 = 1;

/// Withholds published numbers until no small window bounds a protected number more closely than its interval, in whole numbers.
///
/// Only where zeros are public: with secret ones nearly every number is as low as it can be, so that all of them would have to be looked at, and
/// the programmes take minutes.
fn keep_whole(system: &mut System) -> usize {
    let is_secret_zero = |(&state, &count): (&State, &u32)| state == State::Primary && count == 0;
    let secret_zeros = system.states.iter().zip(&system.counts).any(is_secret_zero);
    if !system.listed || secret_zeros {
        return 0;
    }
    let nesting = Nesting::new(system);
    // What follows from what is published helps to find out more, protected or not.
    let implied: Vec<(usize, State)> = implied(system).into_iter().map(|at| (at, system.states[at])).collect();
    implied.iter().for_each(|&(at, _)| system.states[at] = State::Implied);
    // Most changes are by one person in each number; large units, of which there are few, are looked at where they would be by two.
    let (mut targets, mut closely) = rayon::join(|| suspects(system.clone(), 1), || suspects(system.clone(), 2));
    closely.retain(|&at| is_large(system, &nesting, at / system.entries.len));
    targets.append(&mut closely);
    targets.sort_unstable();
    targets.dedup();
    let mut choice = Choice::new(WHOLE_PATIENCE);
    let mut rounds = 0;
    let mut by_slack = true;
    // What is left after so many rounds is left to the audit: it stops the release, if it is known.
    while rounds < WHOLE_ROUNDS {
        let mut found = if by_slack { Slack::new(system).pinned() } else { Vec::new() };
        if found.is_empty() {
            // What can move stays so when more is withheld.
            by_slack = false;
            targets = bounded(system, &nesting, &targets);
            found.clone_from(&targets);
        }
        let chosen = choice.of(system, &found, |target| nearest(system, target));
        if chosen.is_empty() {
            break;
        }
        rounds += 1;
        withhold(system, &chosen);
    }
    implied.into_iter().for_each(|(at, state)| system.states[at] = state);
    rounds
}

/// Withheld numbers that are linear functions of what is published.
fn implied(system: &mut System) -> Vec<usize> {
    let states = system.states.clone();
    system.states.iter_mut().filter(|state| !state.known()).for_each(|state| *state = State::Primary);
    let borders = system.borders();
    let implied = Span::new(system, &system.active(&borders)).determined();
    system.states = states;
    implied
}

/// Protected numbers that would be found out if every number were told that cannot be less by half an interval, or by this. The others can move both
/// ways by as much, with all that moves with them.
fn suspects(mut system: System, by: u32) -> Vec<usize> {
    let states = system.states.clone();
    let lowest = |at: usize| !states[at].known() && system.counts[at] < system.floor(at) + system.interval.div_ceil(2).max(by);
    let told: Vec<usize> = (0..states.len()).filter(|&at| lowest(at)).collect();
    told.iter().for_each(|&at| system.states[at] = State::Told);
    let borders = system.borders();
    let mut suspects = Span::new(&system, &system.active(&borders)).determined();
    suspects.extend(told.into_iter().filter(|&at| states[at].protected()));
    suspects.sort_unstable();
    suspects
}

/// Takes numbers back.
fn withhold(system: &mut System, chosen: &[usize]) {
    for &at in chosen {
        system.states[at] = if system.states[at] == State::Told { State::Hidden } else { State::Secondary };
    }
}

/// What to withhold next.
struct Choice {
    /// How often a number may be found out before an exchange is sought for it.
    patience: u32,
    /// How often each was found out.
    tries: FxHashMap<usize, u32>,
    exchanges: Exchanges,
}

impl Choice {
    fn new(patience: u32) -> Self {
        Self { patience, tries: FxHashMap::default(), exchanges: Exchanges::new() }
    }

    /// What to withhold for each target that none of the numbers chosen before serves: the cheapest of its reasons; where that has not helped
    /// often enough, an exchange; where there is none, more and more of the reasons.
    fn of(&mut self, system: &System, targets: &[usize], reasons: impl Fn(usize) -> Vec<usize> + Sync) -> Vec<usize> {
        let mut chosen = Vec::new();
        let mut taken = FxHashSet::default();
        for some in targets.chunks(1024) {
            let all: Vec<Vec<usize>> = some.par_iter().map(|&target| reasons(target)).collect();
            for (&target, reasons) in some.iter().zip(all) {
                if reasons.iter().any(|at| taken.contains(at)) {
                    continue;
                }
                let tried = self.tries.entry(target).or_insert(0);
                let effort = tried.checked_sub(self.patience);
                let exchange = effort.and_then(|_| self.exchanges.withhold(system, target));
                let withheld = match exchange {
                    Some(exchange) if !exchange.is_empty() => exchange,
                    _ => cheapest(system, reasons, 1 << effort.unwrap_or(0).min(16)),
                };
                *tried += 1;
                taken.extend(withheld.iter().copied());
                chosen.extend(withheld);
            }
        }
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }
}

/// The cheapest so many.
fn cheapest(system: &System, mut reasons: Vec<usize>, many: usize) -> Vec<usize> {
    reasons.sort_by_cached_key(|&at| system.price(at));
    reasons.truncate(many);
    reasons
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::confidential::disclosure::entries::Entries;
    use crate::confidential::disclosure::system::Sums;

    /// A plain table: one unit a number, sums between them, all numbers published but those that are withheld.
    fn table(counts: &[u32], sums: &[(u32, &[u32])], withheld: &[usize]) -> System {
        let mut all = Sums::default();
        sums.iter().for_each(|&(whole, parts)| all.push(whole, parts.iter().copied()));
        let mut system = System::new(Arc::new(Entries::single()), counts.to_vec(), all, Vec::new());
        for (at, &count) in counts.iter().enumerate() {
            let zero = if count == 0 { State::Zero } else { State::Published };
            system.states[at] = if withheld.contains(&at) { State::Primary } else { zero };
        }
        system
    }

    fn everything(system: &System) -> Part<Vec<std::ops::Range<usize>>> {
        system.active(&system.borders())
    }

    fn withheld(system: &System) -> Vec<usize> {
        (0..system.counts.len()).filter(|&at| !system.states[at].known()).collect()
    }

    /// sdcTable's 4×4 table: two suppressions in every row and column, yet w|b = 47 exactly (METHODS A3.3).
    #[test]
    fn a_table_with_two_suppressions_in_every_row_and_column_gives_one_away() {
        let inner = [30, 47, 64, 89, 90, 124, 5, 31, 92, 100, 59, 85, 800, 991, 651, 685];
        let mut counts = inner.to_vec();
        counts.extend((0..4).map(|r| inner[4 * r..4 * r + 4].iter().sum::<u32>()));
        counts.extend((0..4).map(|c| (0..4).map(|r| inner[4 * r + c]).sum::<u32>()));
        let rows: Vec<[u32; 4]> = (0..4).map(|r| [0, 1, 2, 3].map(|c| 4 * r + c)).collect();
        let columns: Vec<[u32; 4]> = (0..4).map(|c| [0, 1, 2, 3].map(|r| 4 * r + c)).collect();
        let sums: Vec<(u32, &[u32])> = (16..).zip(rows.iter().chain(&columns).map(|p| &p[..])).collect();
        let hidden = [0, 1, 2, 4, 6, 9, 11, 13, 15];
        let mut system = table(&counts, &sums, &hidden);
        let determined = Span::new(&system, &everything(&system)).determined();
        assert_eq!(determined, [1]);
        complement(&mut system).unwrap();
        assert_eq!(Span::new(&system, &everything(&system)).determined(), Vec::<usize>::new());
        assert_eq!(withheld(&system).len(), hidden.len() + 1);
    }

    /// GaussSuppression's vignette, 2014 (METHODS A3.5): young|Portugal is a secret zero.
    #[test]
    fn the_vignette_withholds_the_cheapest_square() {
        // young: Spain 5, Iceland 2, Portugal 0; old: 6, 3, 4; then young, old, Spain, Iceland, Portugal, all.
        let counts = [5, 2, 0, 6, 3, 4, 7, 13, 11, 5, 4, 20];
        let sums: [(u32, &[u32]); 7] =
            [(6, &[0, 1, 2]), (7, &[3, 4, 5]), (8, &[0, 3]), (9, &[1, 4]), (10, &[2, 5]), (11, &[6, 7]), (11, &[8, 9, 10])];
        let mut system = table(&counts, &sums, &[2]);
        complement(&mut system).unwrap();
        assert_eq!(withheld(&system), [1, 2, 4, 5]);
    }

    /// sdcTable's linked regions: each table is safe alone, together K = 3 follows; withholding N mends it (METHODS A3.4).
    #[test]
    fn linked_tables_are_protected_together() {
        // A 2, B 2, I 8, J 8, K 3, L 3, M 3, N 7; small, BIG, county-1, county-2, all.
        let counts = [2, 2, 8, 8, 3, 3, 3, 7, 30, 6, 20, 16, 36];
        let sums: [(u32, &[u32]); 6] =
            [(8, &[0, 1, 2, 3, 4, 7]), (9, &[5, 6]), (10, &[0, 1, 2, 3]), (11, &[4, 5, 6, 7]), (12, &[8, 9]), (12, &[10, 11])];
        let mut system = table(&counts, &sums, &[0, 1, 4, 5, 6]);
        let span = Span::new(&system, &everything(&system));
        assert_eq!(span.determined(), [4]);
        assert!(span.computed_from(4).contains(&7));
        drop(span);
        complement(&mut system).unwrap();
        assert_eq!(withheld(&system), [0, 1, 4, 5, 6, 7]);
    }

    /// A round of three sums in which one person too many would have to be halved: 0, 1, 5 and 1 follow from whole numbers alone.
    #[test]
    fn numbers_that_only_halves_could_change_are_found() {
        let sums: [(u32, &[u32]); 3] = [(4, &[0, 1]), (5, &[1, 2]), (6, &[0, 2, 3])];
        let mut system = table(&[0, 1, 5, 1, 1, 6, 6], &sums, &[0, 1, 2, 3]);
        assert_eq!(Span::new(&system, &everything(&system)).determined(), Vec::<usize>::new());
        assert_eq!(Slack::new(&system).pinned(), Vec::<usize>::new());
        let nesting = Nesting::new(&system);
        assert_eq!(suspects(system.clone(), 1), [0, 1, 2, 3]);
        assert_eq!(bounded(&system, &nesting, &[0, 1, 2, 3]), [0, 1, 2, 3]);
        // With one sum less, all can move.
        system.states[5] = State::Secondary;
        assert_eq!(bounded(&system, &nesting, &[0, 1, 2, 3]), Vec::<usize>::new());
    }

    /// Two withheld zeros and published numbers that leave nothing for them.
    #[test]
    fn withheld_zeros_whose_rest_is_nothing_are_found() {
        let mut system = table(&[0, 0, 9, 9, 12, 21], &[(3, &[0, 1, 2]), (5, &[3, 4])], &[0, 1]);
        assert_eq!(Span::new(&system, &everything(&system)).determined(), Vec::<usize>::new());
        assert_eq!(Slack::new(&system).pinned(), [0, 1]);
        complement(&mut system).unwrap();
        assert_eq!(Slack::new(&system).pinned(), Vec::<usize>::new());
    }
}
