//! Plain tables, without geography: numbers and sums in, protected numbers out.

use std::sync::Arc;

use crate::confidential::disclosure::entries::Entries;
use crate::confidential::disclosure::release::ProtectedCount;
use crate::confidential::disclosure::rules::{RulesError, Zeros};
use crate::confidential::disclosure::suppress::complement;
use crate::confidential::disclosure::system::{State, Sums, System};

/// A table's numbers, and which are sums of which.
#[derive(Clone)]
pub struct PlainTable {
    /// Cells and margins.
    pub counts: Vec<u32>,
    /// Position of a sum and of its parts; a number is summed before it is a part.
    pub sums: Vec<(u32, Vec<u32>)>,
}

/// Withholds every count from 1 to `threshold` − 1 (with secret zeros from 0), and more until none of these can be found out.
///
/// Guarantee: as of [`crate::confidential::Method::Suppress`], over the sums that were given.
///
/// # Errors
/// If the threshold is 0.
pub fn protect_table(table: &PlainTable, threshold: u64, zeros: Zeros) -> Result<Vec<ProtectedCount>, RulesError> {
    if threshold == 0 {
        return Err(RulesError::ThresholdZero);
    }
    let mut sums = Sums::default();
    table.sums.iter().for_each(|(whole, parts)| sums.push(*whole, parts.iter().copied()));
    let mut system = System::new(Arc::new(Entries::single()), table.counts.clone(), sums, Vec::new());
    system.positive = vec![zeros == Zeros::Public];
    for (state, &count) in system.states.iter_mut().zip(&table.counts) {
        *state = match (count, zeros) {
            (0, Zeros::Public) => State::Zero,
            _ if u64::from(count) < threshold => State::Primary,
            _ => State::Published,
        };
    }
    complement(&mut system);
    let protected = |(&count, state): (&u32, &State)| {
        if state.known() { ProtectedCount::published(i64::from(count)) } else { ProtectedCount::SUPPRESSED }
    };
    Ok(table.counts.iter().zip(&system.states).map(protected).collect())
}
