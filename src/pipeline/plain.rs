//! How a plain table is protected: what was said, checked as in a plan of a run.

use crate::confidential::{Method, PlainMethod, Zeros};
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
