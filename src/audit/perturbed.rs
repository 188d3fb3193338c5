//! What can be checked of methods that change numbers: that the values are those the method gives, and for rounding that everything adds up.
//!
//! A count that the method must not show was not protected by it; a sum that does not add up says that a number was changed afterwards
//! or protected by itself, and differences of such numbers can be averaged.

use std::ops::Range;

use rayon::prelude::*;

use crate::audit::averaging::off_children;
use crate::audit::bundle::{Bundle, Date};
use crate::audit::bundle_error::BundleError;
use crate::audit::columns::Columns;
use crate::audit::findings::{AtRisk, Audited, Named, NotTried};
use crate::audit::statement::Place;
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
            audited.name(broken.into_iter().map(|(place, at)| AtRisk::of((bundle, date), place, at, Named::Consistency)));
        }
    }
    audited.not_proven = audited.targets.saturating_sub(audited.at_risk);
    if bundle.method == "cell-key" {
        audited.not_tried.push((Named::Consistency, NotTried::NotThisMethod));
    }
    Ok(())
}

/// Numbers that are looked at together.
const STRETCH: usize = 1 << 14;

/// Counts that are shown though the method never shows them; gives how many numbers were looked at.
pub(super) fn shown(bundle: &Bundle, date: &Date, audited: &mut Audited, never: Range<i64>) -> u64 {
    let width = bundle.columns.len();
    let mut places = Vec::new();
    let mut looked = 0;
    for (place, numbers) in date.levels() {
        looked += numbers.len() as u64;
        // Hardly any is shown, so whole stretches are looked at first.
        let never = &never;
        let shown = numbers
            .par_chunks(STRETCH)
            .enumerate()
            .filter(|(_, stretch)| stretch.iter().map(|number| u32::from(never.contains(number))).sum::<u32>() > 0);
        places.par_extend(shown.flat_map_iter(|(at, stretch)| {
            let found = stretch.iter().enumerate().filter(|(_, number)| never.contains(number));
            found.map(move |(within, _)| at * STRETCH + within).map(|at| (place, (at / width, at % width)))
        }));
    }
    audited.tried(Named::SmallValues, looked, places.len() as u64);
    audited.name(places.into_iter().map(|(place, at)| AtRisk::of((bundle, date), place, at, Named::SmallValues)));
    looked
}

/// Where a number stands: place, unit and column.
type At = (Place, (usize, usize));

/// Sums that were looked at, and those that do not hold.
fn additive(bundle: &Bundle, date: &Date, columns: &Columns) -> (u64, Vec<At>) {
    let width = bundle.columns.len();
    let (mut looked, mut broken) = (0, Vec::new());
    for (place, numbers) in date.levels() {
        let units = numbers.par_chunks_exact(width).enumerate().with_min_len(1 << 10);
        looked += (units.len() * columns.relations.len()) as u64;
        broken.par_extend(units.flat_map_iter(|(unit, row)| {
            let holds = |relation: &[(usize, i64)]| relation.iter().map(|&(column, sign)| sign * row[column]).sum::<i64>() == 0;
            let broken = columns.relations.iter().filter(move |relation| !holds(relation));
            broken.map(move |relation| (place, (unit, relation.last().map_or(0, |r| r.0))))
        }));
    }
    for level in 1..date.grids.len() {
        let off = off_children(bundle, date, level);
        looked += off.len() as u64;
        let at = |at: usize| (Place::Grid(level as u32), (at / width, at % width));
        broken.extend((0..off.len()).filter(|&i| off[i] != 0).map(at));
    }
    (looked, broken)
}
