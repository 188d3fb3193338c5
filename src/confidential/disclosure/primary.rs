//! Which numbers must not be known before anything is withheld for the sake of others: those at risk, and secret zeros.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::confidential::disclosure::contributors::Contributors;
use crate::confidential::disclosure::implied::imply_zeros;
use crate::confidential::disclosure::risk::Risk;
use crate::confidential::disclosure::rules::{Rules, Zeros};
use crate::confidential::disclosure::system::State;
use crate::confidential::disclosure::units::Units;

/// Sets every state of a date's units.
pub(super) fn mark(units: &mut Units, rules: &Rules, threshold: u64, contributors: Option<Contributors>) {
    let entries = Arc::clone(&units.system.entries);
    let (len, published, total) = (entries.len, entries.published, entries.total);
    let groups = entries.groups();
    let sensitive = |group: &FxHashMap<usize, usize>| {
        rules.sensitive.iter().any(|(d, categories)| group.get(d).is_some_and(|category| categories.contains(category)))
    };
    let risk = Risk::new(rules, threshold, &groups).with_contributors(contributors);
    let secret = |(entry, group)| rules.zeros == Zeros::Secret || sensitive(group) || risk.hides_zero(entry);
    let secret: Vec<bool> = groups.iter().enumerate().map(secret).collect();
    // Published columns whose zero is public and says that this entry is zero too.
    let covers: Vec<Vec<usize>> = groups
        .iter()
        .map(|group| {
            let holds = |outer: &FxHashMap<usize, usize>| outer.iter().all(|(d, category)| group.get(d) == Some(category));
            (0..published).filter(|&outer| !secret[outer] && holds(&groups[outer])).collect()
        })
        .collect();
    let system = &mut units.system;
    system.listed = !secret[total];
    system.interval = rules.risks.interval.unwrap_or(1);

    let minimum = rules.merge.map_or(0, |merge| merge.minimum);
    if let Some(merge) = rules.merge {
        system.least = merge.least(&units.cells, system.units());
    }
    let cells = units.cells.iter().flatten().filter(|_| units.grid).map(|&(_, unit)| (unit, minimum));
    let listed: Vec<(u32, u64)> = cells.chain(units.areas.iter().cloned().flatten().map(|unit| (unit, 0))).collect();
    let mut row = vec![0; len];
    for &(unit, minimum) in &listed {
        let base = unit as usize * len;
        row.copy_from_slice(&system.counts[base..base + len]);
        let few = u64::from(row[total]) < minimum;
        for entry in 0..len {
            let implied = || covers[entry].iter().any(|&outer| row[outer] == 0);
            system.states[base + entry] = match row[entry] {
                0 if !covers[entry].is_empty() && implied() => State::Zero,
                _ if entry >= published => State::Hidden,
                // Nobody is there whom a zero could say something about.
                0 if row[total] == 0 => State::Secondary,
                0 => State::Primary,
                _ if few || risk.needs_protection(unit, &row, entry) => State::Primary,
                _ => State::Published,
            };
        }
    }
    for piece in &units.pieces {
        let holders = piece.areas.iter().map(|&(s, area)| units.areas[s].start + area).chain([piece.cell]);
        let holders: Vec<usize> = holders.map(|unit| unit as usize * len).collect();
        let base = piece.unit as usize * len;
        for (entry, &secret) in secret.iter().enumerate() {
            let count = system.counts[base + entry];
            let known_zero = || holders.iter().any(|&holder| system.states[holder + entry] == State::Zero);
            let state = match count {
                0 if known_zero() => State::Zero,
                _ if entry >= published => State::Hidden,
                0 if secret => State::HiddenPrimary,
                0 => State::Hidden,
                _ if risk.needs_protection(piece.unit, &system.counts[base..base + len], entry) => State::HiddenPrimary,
                _ => State::Hidden,
            };
            system.states[base + entry] = state;
        }
    }
    // Nobody publishes who lives outside all areas, but cells less areas tell.
    for &unit in &units.outside {
        let base = unit as usize * len;
        row.copy_from_slice(&system.counts[base..base + len]);
        for (entry, &secret) in secret.iter().enumerate() {
            system.states[base + entry] = match row[entry] {
                _ if row[total] == 0 => State::Zero,
                _ if entry >= published => State::Hidden,
                0 if secret => State::HiddenPrimary,
                0 => State::Hidden,
                _ if risk.needs_protection(unit, &row, entry) => State::HiddenPrimary,
                _ => State::Hidden,
            };
        }
    }
    for &unit in units.outside.iter().chain([&units.whole]) {
        let base = unit as usize * len;
        let row = &system.counts[base..base + len];
        system.states[base + total] = match row[total] {
            0 => State::Zero,
            _ if risk.needs_protection(unit, row, total) => State::Primary,
            _ => State::Told,
        };
    }
    imply_zeros(system);
}
