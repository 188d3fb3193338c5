//! Zeros that follow from zeros.
//!
//! Counts are not negative, so the parts of a zero are zero, and so is a sum all of whose parts are. A zero that follows from public ones this
//! way cannot be kept secret, whatever is withheld: it is known. Carried until nothing moves this finds every such zero, because each
//! piece of a cell is a part of all that holds it, and the tables of a unit, closed as they are, do not go round in a circle (what
//! is left open in each of them is open in all of them together: Beeri, Fagin, Maier, Yannakakis 1983).

use std::sync::Arc;

use rayon::prelude::*;

use crate::confidential::disclosure::system::{State, System};

/// Marks every number as known to be zero that public zeros say is zero.
pub(super) fn imply_zeros(system: &mut System) {
    let entries = Arc::clone(&system.entries);
    let len = entries.len;
    loop {
        let within = |states: &mut [State]| {
            let mut moved = false;
            let mut more = states.contains(&State::Zero) && !states.iter().all(|&s| s == State::Zero);
            while more {
                more = false;
                for (sum, parts) in &entries.covers {
                    let sum = *sum as usize;
                    if states[sum] == State::Zero {
                        parts.iter().for_each(|&part| more |= becomes_zero(&mut states[part as usize]));
                    } else if parts.iter().all(|&part| states[part as usize] == State::Zero) {
                        more |= becomes_zero(&mut states[sum]);
                    }
                }
                moved |= more;
            }
            moved
        };
        let mut moved = system.states.par_chunks_mut(len).map(within).reduce(|| false, |a, b| a | b);
        // A unit is summed before it is a part: one way up, one way down.
        let mut all_zero = vec![false; len];
        for s in 0..system.sums.len() {
            let (whole, parts) = system.sums.get(s);
            all_zero.fill(true);
            for &part in parts {
                let states = &system.states[part as usize * len..][..len];
                all_zero.iter_mut().zip(states).for_each(|(all, &state)| *all &= state == State::Zero);
            }
            let states = &mut system.states[whole as usize * len..][..len];
            states.iter_mut().zip(&all_zero).filter(|(_, all)| **all).for_each(|(state, _)| moved |= becomes_zero(state));
        }
        for s in (0..system.sums.len()).rev() {
            let (whole, parts) = system.sums.get(s);
            for e in 0..len {
                if system.states[whole as usize * len + e] == State::Zero {
                    parts.iter().for_each(|&part| moved |= becomes_zero(&mut system.states[part as usize * len + e]));
                }
            }
        }
        if !moved {
            return;
        }
    }
}

fn becomes_zero(state: &mut State) -> bool {
    let news = *state != State::Zero;
    *state = State::Zero;
    news
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidential::disclosure::entries::Entries;
    use crate::confidential::disclosure::system::Sums;

    /// Units 2 = 0 + 1, 5 = 3 + 4, 6 = 2 + 5 + 7: zeros of all parts make a zero, zeros make zeros of their parts.
    #[test]
    fn zeros_go_up_and_down() {
        let mut sums = Sums::default();
        sums.push(2, [0, 1]);
        sums.push(5, [3, 4]);
        sums.push(6, [2, 5, 7]);
        let mut system = System::new(Arc::new(Entries::single()), vec![0, 0, 0, 0, 0, 0, 7, 7], sums, Vec::new());
        for (at, state) in [
            (0, State::Zero),
            (1, State::Zero),
            (2, State::Primary),
            (5, State::Zero),
            (6, State::Published),
            (7, State::Published),
        ] {
            system.states[at] = state;
        }
        imply_zeros(&mut system);
        let zero: Vec<bool> = system.states.iter().map(|&s| s == State::Zero).collect();
        assert_eq!(zero, [true, true, true, true, true, true, false, false]);
    }
}
