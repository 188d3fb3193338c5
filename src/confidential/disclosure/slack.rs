//! Could a withheld number be one more or one less than it is? All at once, from single equations.
//!
//! The attacker knows that no count is negative, and that no listed unit is empty. A number can move only if in each of its equations
//! another moves against it. What cannot is struck out, and with it what relied on it, until nothing changes. What is left are
//! exactly the numbers whose bounds, carried through single equations until they rest, do not meet: five cells with somebody in them and
//! five persons in all are five ones. Sound: what cannot move is really known. Not complete: equations are taken one at a time.

use rayon::prelude::*;

use crate::confidential::disclosure::system::System;

/// Bit of a number that can be one less, and of one that can be one more.
const BITS: [u8; 2] = [1, 2];

/// Terms of an equation that can move in one direction: how many, and their positions added up without carry, so that the last one left
/// is known by name.
#[derive(Clone, Copy, Default)]
struct Support {
    count: u32,
    who: u32,
}

impl Support {
    /// One more.
    fn add(&mut self, at: usize) {
        self.count += 1;
        self.who ^= at as u32;
    }

    /// One less.
    fn remove(&mut self, at: usize) {
        self.count -= 1;
        self.who ^= at as u32;
    }
}

/// Which numbers can move.
pub(super) struct Slack<'s> {
    system: &'s System,
    can: Vec<u8>,
    /// For each equation the terms that can lower `parts − sum`, and those that can raise it.
    support: Vec<[Support; 2]>,
}

impl<'s> Slack<'s> {
    /// Finds what can move. Cost: linear in the terms of all equations.
    pub(super) fn new(system: &'s System) -> Self {
        let can = (0..system.counts.len()).into_par_iter().map(|at| match system.states[at].known() {
            true => 0,
            false => BITS[1] | if system.movable(at, false) { BITS[0] } else { 0 },
        });
        let can: Vec<u8> = can.collect();
        let support = (0..system.equations()).into_par_iter().map(|equation| supported(system, &can, equation)).collect();
        let mut slack = Self { system, can, support };
        slack.strike();
        slack
    }

    /// Strikes out what nothing moves against.
    fn strike(&mut self) {
        let mut struck = Vec::new();
        for equation in 0..self.support.len() {
            for raises in [false, true] {
                if self.support[equation][usize::from(!raises)].count > 0 {
                    self.unsupported(equation, raises, &mut struck);
                }
            }
        }
        while let Some((at, up)) = struck.pop() {
            self.system.each_equation_of(at, |equation, is_sum| {
                let raises = up != is_sum;
                self.support[equation][usize::from(raises)].remove(at);
                self.unsupported(equation, raises, &mut struck);
            });
        }
    }

    /// Strikes out what moves against the side that raises (or lowers) an equation, if that has no term left, or only its own.
    fn unsupported(&mut self, equation: usize, raises: bool, struck: &mut Vec<(usize, bool)>) {
        let Support { count, who } = self.support[equation][usize::from(raises)];
        let mut strike = |at: usize, is_sum: bool| {
            let up = raises == is_sum;
            let bit = BITS[usize::from(up)];
            if self.can[at] & bit != 0 {
                self.can[at] &= !bit;
                struck.push((at, up));
            }
        };
        match count {
            0 => self.system.terms(equation, strike),
            1 => strike(who as usize, self.system.is_sum(equation, who as usize)),
            _ => {}
        }
    }

    /// Positions of protected numbers that cannot move, ascending.
    pub(super) fn pinned(&self) -> Vec<usize> {
        let pinned = |at: &usize| self.can[*at] == 0 && self.system.states[*at].protected();
        (0..self.can.len()).into_par_iter().filter(pinned).collect()
    }
}

/// What supports an equation.
fn supported(system: &System, can: &[u8], equation: usize) -> [Support; 2] {
    let mut support = [Support::default(); 2];
    system.terms(equation, |at, is_sum| {
        for up in [false, true] {
            if can[at] & BITS[usize::from(up)] != 0 {
                support[usize::from(up != is_sum)].add(at);
            }
        }
    });
    support
}
