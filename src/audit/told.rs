//! What of an audit goes into files: counts, and no place.

use serde_json::{Value, json};

use crate::audit::findings::Audited;

impl Audited {
    /// Attacks with how many numbers each was aimed at and gave away, and what came of all numbers, as in `run.json`.
    pub fn to_json(&self) -> Value {
        let attack = |a: &crate::audit::Attempt| json!({"attack": a.named.name(), "attacked": a.attacked, "found": a.found});
        json!({
            "attacks": self.attempts.iter().map(attack).collect::<Vec<_>>(),
            "not_tried": self.not_tried.iter().map(|(named, _)| named.name()).collect::<Vec<_>>(),
            "targets": self.targets,
            "safe": self.safe,
            "harmless": self.harmless,
            "at_risk": self.at_risk,
            "not_proven": self.not_proven,
            "not_linear": self.not_linear,
            "tables_in_a_circle": self.tables_in_a_circle,
        })
    }
}
