//! Method `merge` in a plan: how cells are joined, and the plan of the method that protects what they show.

use crate::confidential::Merge;
use crate::config::{MethodPlan, Plan, PlanError, ThenPlan};
use crate::grid::{GridSize, GridSizes};
use crate::pipeline::job::impossible;

/// The fewest people of a cell by itself, where nothing is said (METHODS: the default of MRG).
pub(super) const MINIMUM: u64 = 10;

/// The plan with the method behind `merge` in its place, and how cells are joined; the plan as it is, if they are not.
///
/// What is left open is taken from the other: the minimum from the threshold, the threshold of `suppress` from the minimum.
pub(super) fn then(plan: &Plan, sizes: &GridSizes) -> Result<(Plan, Option<Merge>), PlanError> {
    let mut plan = plan.clone();
    let p = &mut plan.protection;
    if p.method != Some(MethodPlan::Merge) {
        let given = [
            ("protection.minimum", p.minimum.is_some()),
            ("protection.largest_m", p.largest_m.is_some()),
            ("protection.then", p.then.is_some()),
        ];
        return match given.iter().find(|(_, given)| *given) {
            Some((key, _)) => Err(impossible(
                key,
                "something, without method merge,",
                "nothing: leave it out, or take method merge",
                "nichts: weglassen oder Methode merge wählen",
            )),
            None => Ok((plan, None)),
        };
    }
    if !sizes.published() {
        return Err(impossible(
            "protection.method",
            "merge, without a grid,",
            "another method: merge joins cells",
            "eine andere Methode: merge verbindet Zellen",
        ));
    }
    let minimum = p.minimum.take().unwrap_or_else(|| p.threshold.unwrap_or(MINIMUM));
    if minimum < 2 {
        return Err(impossible("protection.minimum", minimum, "2 or more, for example 10", "2 oder mehr, zum Beispiel 10"));
    }
    let largest = match p.largest_m.take() {
        None => sizes.coarsest(),
        Some(metres) => GridSize::new(metres).ok().filter(|size| sizes.as_slice().contains(size)).ok_or_else(|| {
            impossible("protection.largest_m", metres, "one of the grid sizes (grid.sizes)", "eine der Gittergrößen (grid.sizes)")
        })?,
    };
    let then = p.then.take().unwrap_or(ThenPlan::Suppress);
    p.method = Some(then.method());
    if then == ThenPlan::Suppress {
        p.threshold.get_or_insert(minimum);
    }
    Ok((plan, Some(Merge { minimum, largest })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Failure, Language};

    fn meant(toml: &str) -> Result<(Plan, Option<Merge>), String> {
        let plan = Plan::parse(&format!("[protection]\n{toml}\n")).unwrap();
        then(&plan, &GridSizes::new(&[100, 500, 1000]).unwrap()).map_err(|error| error.explain(Language::English))
    }

    fn merged(toml: &str) -> (u64, u32, Option<u64>, Option<MethodPlan>) {
        let (plan, merge) = meant(toml).unwrap();
        let merge = merge.unwrap();
        (merge.minimum, merge.largest.metres(), plan.protection.threshold, plan.protection.method)
    }

    #[test]
    fn what_is_left_open_is_filled_in() {
        let suppress = Some(MethodPlan::Suppress);
        assert_eq!(merged("method = \"merge\""), (10, 1000, Some(10), suppress));
        assert_eq!(merged("method = \"merge\"\nthreshold = 5"), (5, 1000, Some(5), suppress));
        assert_eq!(merged("method = \"merge\"\nthreshold = 3\nminimum = 20\nlargest_m = 500"), (20, 500, Some(3), suppress));
        assert_eq!(merged("method = \"merge\"\nthen = \"round\"\nbase = 5"), (10, 1000, None, Some(MethodPlan::Round)));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (toml, word) in [
            ("method = \"merge\"\nminimum = 1", "protection.minimum"),
            ("method = \"merge\"\nlargest_m = 200", "grid.sizes"),
            ("method = \"suppress\"\nlargest_m = 500", "method merge"),
            ("minimum = 10", "method merge"),
        ] {
            let message = meant(toml).unwrap_err();
            assert!(message.contains(word), "{message}");
        }
    }
}
