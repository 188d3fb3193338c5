//! Which of the methods compared to take, by a rule anybody can repeat from what is told.
//!
//! Of the methods that give nothing away and protect counts up to the threshold asked for (the smallest compared, if none is), the one with the
//! smallest mean error at the level with the most units, where a withheld number is read as zero; ties go to `suppress`, whose numbers are
//! exact, then to the first.

use crate::confidential::{Comparison, Outcome};
use crate::error::Language;
use crate::pipeline::compare::table::hundredths;
use crate::say;

/// The method to take.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Position in [`Comparison::outcomes`].
    pub outcome: usize,
    /// Position of the level that decided, in [`Outcome::levels`].
    pub level: usize,
    /// Counts below this had to be protected.
    pub threshold: u64,
    /// How many methods protect so much and give nothing away.
    pub eligible: usize,
}

impl Choice {
    /// The choice, if any method passes.
    pub(super) fn of(comparison: &Comparison, asked: Option<u64>) -> Option<Self> {
        let outcomes = &comparison.outcomes;
        let threshold = asked.or(outcomes.iter().map(|outcome| outcome.strength).min())?;
        let units = |level: usize| outcomes.iter().map(|outcome| outcome.levels[level].units).max();
        // The first of equals, which is the finest.
        let level = (0..outcomes.first()?.levels.len()).rev().max_by_key(|&level| units(level))?;
        let passes = |outcome: &Outcome| outcome.at_risk == 0 && outcome.strength >= threshold;
        let eligible = || outcomes.iter().enumerate().filter(|(_, outcome)| passes(outcome));
        let cost = |outcome: &Outcome| (outcome.levels[level].error_withheld_as_zero_hundredths, outcome.method != "suppress");
        let (outcome, _) = eligible().min_by_key(|(at, outcome)| (cost(outcome), *at))?;
        Some(Self { outcome, level, threshold, eligible: eligible().count() })
    }

    /// The choice and its reason in a sentence.
    pub fn explain(&self, comparison: &Comparison, language: Language) -> String {
        let outcome = &comparison.outcomes[self.outcome];
        let loss = &outcome.levels[self.level];
        let level = comparison.lattice.level_name(loss.level);
        let (name, threshold, eligible) = (outcome.name(), self.threshold, self.eligible);
        let error = hundredths(loss.error_withheld_as_zero_hundredths, language);
        say!(
            language,
            "take {name}: of the {eligible} that protect counts below {threshold} and give none away, it has the smallest mean error \
             at {level}, the level with the most units ({error} persons a number, withheld ones read as 0)",
            "{name} nehmen: von den {eligible}, die Zahlen unter {threshold} schützen und keine preisgeben, hat es den kleinsten mittleren \
             Fehler auf {level}, der Ebene mit den meisten Einheiten ({error} Personen je Zahl, gesperrte als 0 gelesen)"
        )
    }
}
