//! What a plan says about classes and colours.

use crate::config::{BivariatePlan, ClassesPlan, DivisionPlan, PlanError};
use crate::layer::{ClassRule, Classes, Division, Pair, PairRule, Ramp};
use crate::pipeline::job::impossible;

/// The rules that a plan's `classes` are.
pub(super) fn class_rules(plans: &[ClassesPlan]) -> Result<Vec<ClassRule>, PlanError> {
    plans.iter().map(class_rule).collect()
}

fn class_rule(plan: &ClassesPlan) -> Result<ClassRule, PlanError> {
    let ascending =
        |breaks: &Vec<i64>| breaks.windows(2).all(|pair| pair[0] < pair[1]) && (1..Classes::MOST).contains(&breaks.len());
    let division = match (plan.method, &plan.breaks) {
        (Some(DivisionPlan::Manual) | None, Some(breaks)) if ascending(breaks) => Some(Division::Manual(breaks.clone())),
        (Some(DivisionPlan::Manual), None) => {
            return Err(impossible(
                "classes.method",
                "manual",
                "`breaks` beside it, for example [5, 20, 50]",
                "`breaks` daneben, zum Beispiel [5, 20, 50]",
            ));
        }
        (Some(DivisionPlan::Manual) | None, Some(breaks)) => {
            let found = breaks.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            return Err(impossible("classes.breaks", found, "one to five ascending numbers", "ein bis fünf aufsteigende Zahlen"));
        }
        (Some(_), Some(_)) => {
            return Err(impossible(
                "classes.breaks",
                "given",
                "no breaks, or the method `manual`",
                "keine Grenzen oder die Methode `manual`",
            ));
        }
        (Some(DivisionPlan::Quantile), None) => Some(Division::Quantile),
        (Some(DivisionPlan::Jenks), None) => Some(Division::Jenks),
        (Some(DivisionPlan::Equal), None) => Some(Division::Equal),
        (Some(DivisionPlan::Deviation), None) => Some(Division::Deviation),
        (None, None) => None,
    };
    if let Some(count) = plan.count.filter(|count| !(2..=Classes::MOST).contains(count)) {
        return Err(impossible("classes.count", count, "2 to 6", "2 bis 6"));
    }
    let ramp = |name: &String| {
        let known = || Ramp::ALL.iter().map(|ramp| ramp.name.to_owned()).collect();
        Ramp::named(name).ok_or_else(|| PlanError::UnknownName { key: "classes.palette", name: name.clone(), known: known() })
    };
    Ok(ClassRule {
        level: plan.level.clone(),
        field: plan.field.clone(),
        division,
        count: plan.count,
        ramp: plan.palette.as_ref().map(ramp).transpose()?,
    })
}

/// The rules that a plan's `bivariate` are.
pub(super) fn pair_rules(plans: &[BivariatePlan]) -> Result<Vec<PairRule>, PlanError> {
    plans.iter().map(pair_rule).collect()
}

fn pair_rule(plan: &BivariatePlan) -> Result<PairRule, PlanError> {
    let BivariatePlan { fields, share, level, breaks } = plan;
    if fields[0] == fields[1] {
        return Err(PlanError::Twice { key: "bivariate.fields", name: fields[0].clone() });
    }
    let axis = |breaks: &Vec<i64>| match breaks.as_slice() {
        [] => Ok(None),
        breaks if breaks.len() < Pair::CLASSES && breaks.windows(2).all(|pair| pair[0] < pair[1]) => Ok(Some(breaks.to_vec())),
        _ => {
            let found = breaks.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            Err(impossible(
                "bivariate.breaks",
                found,
                "for each of the two none, one or two ascending numbers, for example [[5, 20], [10, 50]]",
                "für jede der beiden keine, eine oder zwei aufsteigende Zahlen, zum Beispiel [[5, 20], [10, 50]]",
            ))
        }
    };
    let breaks = match breaks {
        Some([first, second]) => [axis(first)?, axis(second)?],
        None => [None, None],
    };
    Ok(PairRule { level: level.clone(), fields: fields.clone(), share: *share, breaks })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Plan;
    use crate::error::{Failure, Language};

    fn rules(text: &str) -> Result<Vec<ClassRule>, String> {
        class_rules(&Plan::parse(text).unwrap().classes).map_err(|e| e.explain(Language::English))
    }

    #[test]
    fn what_makes_sense_is_taken() {
        let found = rules(
            "[[classes]]\nbreaks = [5, 20]\npalette = \"greens\"\n[[classes]]\nlevel = \"1km\"\nmethod = \"jenks\"\ncount = 4\n",
        )
        .unwrap();
        assert_eq!(found[0].division, Some(Division::Manual(vec![5, 20])));
        assert_eq!((found[0].ramp.unwrap().name, found[1].count), ("greens", Some(4)));
    }

    #[test]
    fn what_does_not_is_refused_with_a_remedy() {
        for (text, told) in [
            ("method = \"manual\"", "`breaks` beside it"),
            ("breaks = [5, 5]", "ascending"),
            ("breaks = []", "one to five"),
            ("method = \"jenks\"\nbreaks = [5]", "method `manual`"),
            ("count = 9", "2 to 6"),
            ("palette = \"ylgnb\"", "did you mean `ylgnbu`"),
        ] {
            let found = rules(&format!("[[classes]]\n{text}\n")).unwrap_err();
            assert!(found.contains(told), "{found}");
        }
    }

    #[test]
    fn two_numbers_with_breaks_of_one() {
        let text = "[[bivariate]]\nfields = [\"a\", \"b\"]\nlevel = \"1km\"\nbreaks = [[5, 20], []]\n";
        let rules = pair_rules(&Plan::parse(text).unwrap().bivariate).unwrap();
        let expected = PairRule {
            level: Some("1km".into()),
            fields: ["a".into(), "b".into()],
            share: false,
            breaks: [Some(vec![5, 20]), None],
        };
        assert_eq!(rules, [expected]);
        for (text, told) in [
            ("fields = [\"a\", \"a\"]", "twice"),
            ("fields = [\"a\", \"b\"]\nbreaks = [[20, 5], []]", "ascending"),
            ("fields = [\"a\", \"b\"]\nbreaks = [[1, 2, 3], []]", "none, one or two"),
        ] {
            let plan = Plan::parse(&format!("[[bivariate]]\n{text}\n")).unwrap();
            let found = pair_rules(&plan.bivariate).unwrap_err().explain(Language::English);
            assert!(found.contains(told), "{found}");
        }
    }
}
