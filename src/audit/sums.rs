//! Dominance: sums of measures, to which someone may know his own contribution.
//!
//! What a bundle lets be checked: that a sum is shown only where its count is (sums then follow from others only where their counts do, which is
//! attacked), that no shown sum is one contribution, and, where a rule speaks of contributors, that none is that of two, who would have each
//! other's. Whether one of three or more dominates depends on their contributions, which no bundle holds: that was decided when it was
//! protected, and cannot be checked from outside.

use crate::audit::bundle::{Bare, Bundle};
use crate::audit::findings::{AtRisk, Audited, Named, NotTried};

pub(super) fn check(bundle: &Bundle, audited: &mut Audited) {
    let sums = &bundle.sums;
    if sums.shown + sums.withheld == 0 {
        audited.not_tried.push((Named::Dominance, NotTried::NothingToUse));
        return;
    }
    let rules = ["dominance", "p_percent", "threshold_units"];
    let of_two = rules.iter().any(|rule| bundle.parameters.contains_key(*rule));
    let told: Vec<AtRisk> = sums
        .bare
        .iter()
        .filter(|bare| bare.3 != Bare::Two || of_two)
        .map(|&(date, place, at, _)| AtRisk::of((bundle, &bundle.dates[date]), place, at, Named::Dominance))
        .collect();
    audited.contributors_unseen = true;
    audited.tried(Named::Dominance, sums.shown, told.len() as u64);
    audited.name(told.into_iter());
}
