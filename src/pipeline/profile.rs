//! Profiles: named sets of method and rules, as offices use them.
//!
//! What a profile sets is filled into the plan; saying the same again is allowed, saying something else is refused. Sources:
//!
//! - `zensus`: the method of the German census of 2022 is cell keys; D, V and js are those of the worked example of R's `ptable`, for the census does not
//!   tell its own.
//! - `destatis-sgb2`: georeferenced rates of people on benefits by Destatis and the Federal Employment Agency: at least 100 people and 3 on benefits.
//! - `ba`: the Federal Employment Agency's "Regeln der statistischen Geheimhaltung" (statistik.arbeitsagentur.de) ask for at least 3, and that no single
//!   case dominates a number; they tell no percentages. Those here are our choice: two over 85 % is the example of the Handbook on Statistical
//!   Disclosure Control (ESSnet 2010) and what the Bundesbank's `sdcLog` checks, one over 50 % is what is mostly one contributor's.
//! - `standard`, `strict`: thresholds in use by German offices (5, 10); our names.

use serde::Serialize;

use crate::config::{DominancePlan, MethodPlan, Plan, PlanError, ProfilePlan, ThenPlan};
use crate::error::Language;
use crate::say;

/// The plan with what its profile sets.
pub(super) fn with_profile(plan: &Plan) -> Result<Plan, PlanError> {
    let mut plan = plan.clone();
    let Some(profile) = plan.protection.profile else { return Ok(plan) };
    let p = &mut plan.protection;
    let method = if profile == ProfilePlan::Zensus { MethodPlan::CellKey } else { MethodPlan::Suppress };
    // Cells may be joined beforehand under any profile.
    match p.method {
        Some(MethodPlan::Merge) => {
            let then = if profile == ProfilePlan::Zensus { ThenPlan::CellKey } else { ThenPlan::Suppress };
            set(profile, "protection.then", &mut p.then, then)?;
        }
        _ => set(profile, "protection.method", &mut p.method, method)?,
    }
    let threshold = match profile {
        ProfilePlan::Standard => Some(5),
        ProfilePlan::Strict => Some(10),
        ProfilePlan::DestatisSgb2 | ProfilePlan::Ba => Some(3),
        ProfilePlan::Zensus => None,
    };
    if let Some(threshold) = threshold {
        set(profile, "protection.threshold", &mut p.threshold, threshold)?;
    }
    match profile {
        ProfilePlan::DestatisSgb2 => set(profile, "protection.minimum_base", &mut p.minimum_base, 100)?,
        ProfilePlan::Zensus => {
            set(profile, "protection.d", &mut p.d, 5)?;
            set(profile, "protection.v", &mut p.v, 3.0)?;
            set(profile, "protection.js", &mut p.js, 2)?;
        }
        ProfilePlan::Standard | ProfilePlan::Strict | ProfilePlan::Ba => {}
    }
    if profile == ProfilePlan::Ba && !plan.measure.is_empty() {
        let dominance = vec![DominancePlan { n: 1, k: 50.0 }, DominancePlan { n: 2, k: 85.0 }];
        set(profile, "protection.dominance", &mut p.dominance, dominance)?;
    }
    Ok(plan)
}

/// Fills in, unless something else is said.
fn set<T: PartialEq + Serialize>(
    profile: ProfilePlan,
    key: &'static str,
    slot: &mut Option<T>,
    value: T,
) -> Result<(), PlanError> {
    match slot {
        Some(found) if *found != value => {
            Err(PlanError::AgainstProfile { profile: profile.name(), key, found: said(found), set: said(&value) })
        }
        _ => {
            *slot = Some(value);
            Ok(())
        }
    }
}

/// A value as a plan writes it.
fn said(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default().trim_matches('"').to_owned()
}

/// What a profile means, in words.
pub(super) fn explain(profile: ProfilePlan, language: Language) -> String {
    match profile {
        ProfilePlan::Standard => say!(
            language,
            "counts below 5 are withheld, and others so that they cannot be computed",
            "Anzahlen unter 5 werden gesperrt, und weitere, damit sie nicht errechnet werden können"
        ),
        ProfilePlan::Strict => say!(
            language,
            "counts below 10 are withheld, and others so that they cannot be computed",
            "Anzahlen unter 10 werden gesperrt, und weitere, damit sie nicht errechnet werden können"
        ),
        ProfilePlan::DestatisSgb2 => say!(
            language,
            "the numerator of a rate is published where it is at least 3 of at least 100 people",
            "der Zähler einer Quote wird veröffentlicht, wo er mindestens 3 von mindestens 100 Personen umfasst"
        ),
        ProfilePlan::Zensus => say!(
            language,
            "every count carries noise of at most 5 by the permanent keys of its records; zeros stay zero, no 1 or 2 appears",
            "jede Anzahl trägt eine Überlagerung von höchstens 5 nach den bleibenden Schlüsseln ihrer Sätze; Nullen bleiben null, 1 und 2 kommen nicht vor"
        ),
        ProfilePlan::Ba => say!(
            language,
            "counts below 3 and sums of which one contributes over 50 % or two over 85 % are withheld, and others so that they cannot be computed",
            "Anzahlen unter 3 und Summen, zu denen einer über 50 % oder zwei über 85 % beitragen, werden gesperrt, und weitere, damit sie nicht errechnet werden können"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Failure;

    fn meant(toml: &str) -> Result<Plan, String> {
        let plan = Plan::parse(&format!("[protection]\n{toml}\n")).unwrap();
        with_profile(&plan).map_err(|error| error.explain(Language::English))
    }

    #[test]
    fn a_profile_fills_in_what_it_sets() {
        let p = meant("profile = \"strict\"").unwrap().protection;
        assert_eq!((p.method, p.threshold), (Some(MethodPlan::Suppress), Some(10)));
        let p = meant("profile = \"zensus\"").unwrap().protection;
        assert_eq!((p.method, p.d, p.v, p.js, p.threshold), (Some(MethodPlan::CellKey), Some(5), Some(3.0), Some(2), None));
        let p = meant("profile = \"destatis-sgb2\"").unwrap().protection;
        assert_eq!((p.threshold, p.minimum_base), (Some(3), Some(100)));
    }

    #[test]
    fn cells_are_joined_under_any_profile() {
        let p = meant("profile = \"zensus\"\nmethod = \"merge\"").unwrap().protection;
        assert_eq!((p.method, p.then), (Some(MethodPlan::Merge), Some(ThenPlan::CellKey)));
        assert!(meant("profile = \"strict\"\nmethod = \"merge\"\nthen = \"round\"").is_err());
    }

    #[test]
    fn saying_the_same_again_is_no_contradiction() {
        assert!(meant("profile = \"standard\"\nthreshold = 5\nmethod = \"suppress\"").is_ok());
    }

    #[test]
    fn saying_something_else_is() {
        for (toml, words) in [
            ("profile = \"standard\"\nthreshold = 4", "profile `standard` sets `protection.threshold` = 5, but 4"),
            ("profile = \"zensus\"\nmethod = \"round\"", "sets `protection.method` = cell-key, but round"),
            ("profile = \"zensus\"\nv = 2.5", "sets `protection.v` = 3.0, but 2.5"),
            ("profile = \"destatis-sgb2\"\nminimum_base = 50", "sets `protection.minimum_base` = 100, but 50"),
        ] {
            let message = meant(toml).unwrap_err();
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn the_profile_ba_sets_dominance_where_something_is_summed() {
        let measure = "[[measure]]\nname = \"a\"\ncolumn = \"b\"";
        assert_eq!(meant("profile = \"ba\"").unwrap().protection.dominance, None);
        let p = meant(&format!("profile = \"ba\"\n{measure}")).unwrap().protection;
        assert_eq!(p.dominance.unwrap(), [DominancePlan { n: 1, k: 50.0 }, DominancePlan { n: 2, k: 85.0 }]);
        assert!(meant(&format!("profile = \"ba\"\ndominance = [{{n = 1, k = 60.0}}]\n{measure}")).is_err());
    }

    #[test]
    fn names_in_plans_are_those_told() {
        for profile in
            [ProfilePlan::Standard, ProfilePlan::Strict, ProfilePlan::DestatisSgb2, ProfilePlan::Zensus, ProfilePlan::Ba]
        {
            let plan = Plan::parse(&format!("[protection]\nprofile = \"{}\"\n", profile.name())).unwrap();
            assert_eq!(plan.protection.profile, Some(profile));
        }
    }
}
