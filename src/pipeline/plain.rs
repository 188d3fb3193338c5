//! How a plain table is protected: what was said, checked as in a plan of a run.

use crate::audit::{Limits, Standing, System, attack};
use crate::confidential::{Method, PlainMethod, PlainSpec, ProtectedTable, ShownTable, Zeros, protect_table};
use crate::config::{MethodPlan, Plan, ZerosPlan};
use crate::error::{Error, Language};
use crate::pipeline::job;

/// The threshold of plain tables, where none is said.
const THRESHOLD: u64 = 5;

/// The method that a plan's `protection` and `unit.key` say; with it, what is to be known about the key file.
///
/// # Errors
/// As for a run: something is missing, another method's, or out of range, or the key file holds no key.
pub fn plain_method(plan: &Plan, language: Language) -> Result<(PlainMethod, Option<String>), Error> {
    let mut plan = plan.clone();
    match plan.protection.method {
        None | Some(MethodPlan::Suppress) => {
            plan.protection.threshold.get_or_insert(THRESHOLD);
        }
        // Cells stand for records, and their codes for ids.
        Some(MethodPlan::CellKey) => {
            plan.unit.id.get_or_insert_with(String::new);
        }
        _ => {}
    }
    let (method, note) = job::method(&plan, language)?;
    let zeros = match plan.protection.zeros {
        Some(ZerosPlan::Secret) => Zeros::Secret,
        Some(ZerosPlan::Public) | None => Zeros::Public,
    };
    let method = match method {
        Method::Suppress { threshold } => PlainMethod::Suppress { threshold, zeros },
        Method::Round { base, key } => PlainMethod::Round { base, key },
        Method::CellKey { parameters, key } => PlainMethod::CellKey { parameters, key },
        _ => unreachable!("plain tables have no other method"),
    };
    Ok((method, note))
}

/// Protects a plain table. What `suppress` withholds is attacked before it is given, and more is withheld for what is found out.
///
/// # Errors
/// If a file does not hold what is asked for, or the rules cannot be followed.
pub fn protect_plain(spec: &PlainSpec) -> Result<ProtectedTable, Error> {
    protect_table(spec, |shown| known(&shown))
}

/// Positions of withheld numbers that are exactly known.
fn known(shown: &ShownTable<'_>) -> Vec<usize> {
    let mut system = System::default();
    let floor = i64::from(shown.no_zero_withheld);
    let unknown: Vec<Option<u32>> =
        shown.numbers.iter().map(|number| number.value().is_none().then(|| system.unknown(floor))).collect();
    for (whole, parts) in shown.sums {
        let numbers = [(*whole, -1)].into_iter().chain(parts.iter().map(|&part| (part, 1)));
        let (mut terms, mut constant) = (Vec::new(), 0);
        for (at, sign) in numbers {
            match unknown[at as usize] {
                Some(x) => terms.push((x, sign)),
                None => constant -= sign * shown.numbers[at as usize].value().unwrap_or(0),
            }
        }
        system.state(terms, constant);
    }
    let (withheld, targets): (Vec<usize>, Vec<u32>) = unknown.iter().enumerate().filter_map(|(at, x)| Some((at, (*x)?))).unzip();
    let limits = Limits { intervals: false, ..Limits::default() };
    let found = attack(&system, &targets, &limits).expect("the table's own numbers add up");
    let is_known = |standing| matches!(standing, Standing::Known | Standing::Linear);
    withheld.into_iter().zip(found).filter(|(_, found)| is_known(found.standing)).map(|(at, _)| at).collect()
}
