//! What can be checked of methods that change numbers: that the values are those the method gives, and for rounding that everything adds up.
//!
//! A count that the method must not show was not protected by it; a sum that does not add up says that a number was changed afterwards
//! or protected by itself, and differences of such numbers can be averaged.

use std::ops::Range;

use crate::audit::bundle::{Bundle, Date};
use crate::audit::bundle_error::BundleError;
use crate::audit::columns::Columns;
use crate::audit::release_attack::{AtRisk, Audited, Named, NotTried};
use crate::error::Error;

pub(super) fn check(bundle: &Bundle, audited: &mut Audited) -> Result<(), Error> {
    let file = audited.folder.join("run.json");
    let unexpected = || BundleError::Unexpected { file: file.clone() };
    let columns = Columns::new(&bundle.columns).ok_or_else(unexpected)?;
    // A base or js that is not told leaves the smallest that the method can have.
    let told = |name: &str| bundle.parameters.get(name).and_then(|value| value.parse::<i64>().ok());
    let never = if bundle.method == "round" { 1..told("base").unwrap_or(2) } else { 1..told("js").unwrap_or(0) + 1 };
    for date in &bundle.dates {
        audited.targets += shown(bundle, date, audited, never.clone());
        if bundle.method == "round" {
            let (sums, broken) = additive(bundle, date, &columns);
            audited.tried(Named::Consistency, sums, broken.len() as u64);
            let broken: Vec<(&str, usize, usize)> =
                broken.iter().map(|(level, unit, column)| (level.as_str(), *unit, *column)).collect();
            tell(bundle, date, audited, (Named::Consistency, &broken));
        }
    }
    audited.not_proven = audited.targets - audited.at_risk;
    if bundle.method == "cell-key" {
        audited.not_tried.push((Named::Consistency.name(), NotTried::NotThisMethod));
    }
    audited.not_tried.push(("earlier-releases", NotTried::NothingToUse));
    Ok(())
}

/// Counts that are shown though the method never shows them; gives how many numbers were looked at.
pub(super) fn shown(bundle: &Bundle, date: &Date, audited: &mut Audited, never: Range<i64>) -> u64 {
    let width = bundle.columns.len();
    let mut places = Vec::new();
    let mut looked = 0;
    let grids = date.grids.iter().enumerate().map(|(level, p)| (bundle.sizes[level].0.as_str(), &p.numbers));
    let areas = date.areas.iter().enumerate().map(|(system, p)| (bundle.systems[system].as_str(), &p.numbers));
    for (level, numbers) in grids.chain(areas) {
        looked += numbers.len() as u64;
        places.extend((0..numbers.len()).filter(|&at| never.contains(&numbers[at])).map(|at| (level, at / width, at % width)));
    }
    audited.tried(Named::SmallValues, looked, places.len() as u64);
    tell(bundle, date, audited, (Named::SmallValues, &places));
    looked
}

fn tell(bundle: &Bundle, date: &Date, audited: &mut Audited, (by, places): (Named, &[(&str, usize, usize)])) {
    audited.at_risk += places.len() as u64;
    for &(level, unit, column) in places.iter().take(10_usize.saturating_sub(audited.worst.len())) {
        let id = match bundle.sizes.iter().position(|s| s.0 == level) {
            Some(at) => date.grids[at].units[unit].code(),
            None => {
                let at = bundle.systems.iter().position(|s| s == level).unwrap_or(0);
                date.areas[at].units[unit].to_string()
            }
        };
        let (table, group) = bundle.columns[column].clone();
        audited.worst.push(AtRisk { date: date.name.clone(), level: level.into(), unit: id, piece: false, table, group, by });
    }
}

/// Sums that were looked at, and those that do not hold: level, unit and column of the sum.
fn additive(bundle: &Bundle, date: &Date, columns: &Columns) -> (u64, Vec<(String, usize, usize)>) {
    let width = bundle.columns.len();
    let (mut looked, mut broken) = (0, Vec::new());
    let grids = date.grids.iter().enumerate().map(|(level, p)| (&bundle.sizes[level].0, &p.numbers));
    let areas = date.areas.iter().enumerate().map(|(system, p)| (&bundle.systems[system], &p.numbers));
    for (level, numbers) in grids.chain(areas) {
        for (unit, row) in numbers.chunks_exact(width).enumerate() {
            for relation in &columns.relations {
                looked += 1;
                if relation.iter().map(|&(column, sign)| sign * row[column]).sum::<i64>() != 0 {
                    broken.push((level.clone(), unit, relation.last().map_or(0, |r| r.0)));
                }
            }
        }
    }
    for level in 1..date.grids.len() {
        let (name, size) = &bundle.sizes[level];
        let (parents, children) = (&date.grids[level], &date.grids[level - 1]);
        let at: rustc_hash::FxHashMap<_, _> = parents.units.iter().enumerate().map(|(at, cell)| (*cell, at)).collect();
        let mut sums = vec![0_i64; parents.numbers.len()];
        for (child, cell) in children.units.iter().enumerate() {
            if let Some(&parent) = at.get(&cell.at_least(*size)) {
                for column in 0..width {
                    sums[parent * width + column] += children.numbers[child * width + column];
                }
            }
        }
        for (i, (sum, number)) in sums.iter().zip(&parents.numbers).enumerate() {
            looked += 1;
            if sum != number {
                broken.push((name.clone(), i / width, i % width));
            }
        }
    }
    (looked, broken)
}
