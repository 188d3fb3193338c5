//! The attack on a bundle before it is in its place.

use std::path::Path;

use serde_json::{Value, json};

use crate::audit::{self, Audited, Named};
use crate::error::{Error, Failure, Kind, Language};
use crate::progress::Progress;
use crate::say;

/// Whether the bundle was attacked, and what came of it.
#[derive(Clone, Debug)]
pub enum Audit {
    /// Attacked, and nothing found out.
    Held(Box<Audited>),
    /// Not attacked, for this reason.
    Skipped {
        /// In the words of the plan.
        reason: String,
    },
}

impl Audit {
    /// Attacks a bundle that is written but not yet in its place.
    ///
    /// # Errors
    /// If something that was withheld is found out, or the bundle cannot be attacked.
    pub(super) fn of(folder: &Path, skip: Option<&str>, progress: &dyn Progress) -> Result<Self, Error> {
        if let Some(reason) = skip {
            return Ok(Self::Skipped { reason: reason.into() });
        }
        let audited = audit::audit(folder, progress)?;
        match audited.at_risk {
            0 => Ok(Self::Held(Box::new(audited))),
            at_risk => {
                let found = audited.attempts.iter().map(|a| (a.named, a.found)).filter(|&(_, found)| found > 0).collect();
                Err(AtRisk { at_risk, found }.into())
            }
        }
    }

    /// As `run.json` has it.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Held(audited) => audited.to_json(),
            Self::Skipped { reason } => json!({"skipped": reason}),
        }
    }
}

/// Withheld numbers can be found out: nothing is published.
#[derive(Debug)]
struct AtRisk {
    at_risk: u64,
    found: Vec<(Named, u64)>,
}

impl Failure for AtRisk {
    fn kind(&self) -> Kind {
        Kind::Check
    }

    fn explain(&self, language: Language) -> String {
        let found: Vec<String> = self.found.iter().map(|(named, found)| format!("{} {found}", named.explain(language))).collect();
        let (at_risk, found) = (self.at_risk, found.join(", "));
        say!(
            language,
            "the audit found out {at_risk} numbers that must not be told ({found}); no bundle was written: withhold more (a larger threshold, fewer sizes or tables), \
             or look at the places: --no-audit with a reason writes the bundle for you alone, and `kleinraum audit` names them",
            "das Audit hat {at_risk} Zahlen ermittelt, die nicht bekannt werden dürfen ({found}); es wurde kein Paket geschrieben: mehr sperren (größere Schwelle, \
             weniger Größen oder Tabellen) oder die Stellen ansehen: --no-audit mit Grund schreibt das Paket nur für Sie, und `kleinraum audit` nennt sie"
        )
    }
}
