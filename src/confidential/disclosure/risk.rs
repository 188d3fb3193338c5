//! Which counts need protection by themselves: below the threshold, in the numerator of a rate of too few, telling of a whole group, of too few
//! contributors, or beside sums that few dominate.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::confidential::disclosure::contributors::Contributors;
use crate::confidential::disclosure::earlier::Earlier;
use crate::confidential::disclosure::rules::{Rules, RulesError};
use crate::confidential::lattice::Lattice;

/// What makes a number dangerous beside the threshold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Risks {
    /// Rates of too few.
    pub rate: Option<RateRule>,
    /// Dimensions, by position, of which it must not be seen that all of a group, all but one, or none are in one of its sensitive
    /// categories ([`Rules::sensitive`]). Zeros of all its categories are secret then, for they would tell the same.
    pub group_disclosure: Vec<usize>,
    /// The smallest number of distinct contributors (households, businesses) that a published number may have.
    pub threshold_units: Option<u64>,
    /// How many persons lie at least between the most and the least that the attacker can take a withheld number at risk for; one, if not said.
    pub interval: Option<u32>,
    /// Sums too much of which comes from few: where one rule holds for one measure, the number is withheld with all its sums, and protected like a
    /// small count.
    pub concentration: Vec<Concentration>,
    /// What was released before of the same records: method `suppress` keeps it withheld, and holds it for known.
    pub earlier: Arc<Vec<Earlier>>,
}

/// A rule for sums that few contributors dominate. Contributions x₁ ≥ x₂ ≥ … are taken without their signs, X is all of them together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Concentration {
    /// The (n, k) rule: at risk where x₁ + … + xₙ > k/100 · X.
    Dominance {
        /// How many contributors.
        n: u32,
        /// Per cent.
        k: f64,
    },
    /// The p % rule: at risk where X − x₁ − x₂ < p/100 · x₁, so that the second could know the first that well.
    Percent {
        /// Per cent.
        p: f64,
    },
}

impl Concentration {
    /// More contributors are never kept.
    pub const MOST: u32 = 10;

    /// Whether the rule can be meant: n from 1 to [`Self::MOST`], shares above 0 and up to 100 per cent (k below).
    pub fn possible(self) -> bool {
        match self {
            Self::Dominance { n, k } => (1..=Self::MOST).contains(&n) && k > 0.0 && k < 100.0,
            Self::Percent { p } => p > 0.0 && p <= 100.0,
        }
    }

    /// How many of the largest contributions it asks for.
    fn largest(self) -> usize {
        match self {
            Self::Dominance { n, .. } => n as usize,
            Self::Percent { .. } => 2,
        }
    }

    /// Whether a sum is at risk, from all contributions together and the largest, descending.
    fn holds(self, together: i64, largest: &[i64]) -> bool {
        let first = |n: usize| largest.iter().take(n).map(|&x| i128::from(x)).sum::<i128>() as f64;
        match self {
            Self::Dominance { n, k } => first(n as usize) * 100.0 > k * together as f64,
            Self::Percent { p } => (together as f64 - first(2)) * 100.0 < p * first(1),
        }
    }

    fn told(self) -> (&'static str, String) {
        match self {
            Self::Dominance { n, k } => ("dominance", format!("{n}, {k} %")),
            Self::Percent { p } => ("p_percent", p.to_string()),
        }
    }
}

/// A denominator rule: a number of the numerator is published only if its base is large enough. The base is the group without the
/// numerator's dimension, in the same place: everybody whose share the numerator is. Zeros of the numerator are secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateRule {
    /// Position of the numerator's dimension.
    pub dimension: usize,
    /// Positions of the numerator's categories, each a numerator by itself.
    pub numerator: Vec<usize>,
    /// The smallest base.
    pub minimum_base: u64,
}

impl Risks {
    /// Whether there is nothing to follow.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How many of the largest contributions have to be known, if contributors have to be.
    pub(super) fn contributors(&self) -> Option<usize> {
        let asked = self.threshold_units.is_some() || !self.concentration.is_empty();
        asked.then(|| self.concentration.iter().map(|rule| rule.largest()).max().unwrap_or(0))
    }

    /// Refuses what cannot be meant.
    pub(super) fn check(&self, sensitive: &[(usize, Vec<usize>)], lattice: &Lattice) -> Result<(), RulesError> {
        if let Some(rate) = &self.rate {
            let known = lattice.dimensions.get(rate.dimension).ok_or(RulesError::NumeratorUnknown)?.categories.len();
            if rate.numerator.iter().any(|&category| category >= known) {
                return Err(RulesError::NumeratorUnknown);
            }
            if rate.minimum_base < 2 {
                return Err(RulesError::BaseZero);
            }
        }
        if self.threshold_units.is_some_and(|k| k < 2) || !self.concentration.iter().all(|rule| rule.possible()) {
            return Err(RulesError::ContributorRule);
        }
        if !self.concentration.is_empty() && lattice.measures.is_empty() {
            return Err(RulesError::NothingSummed);
        }
        let has_sensitive = |d: &usize| sensitive.iter().any(|(at, categories)| at == d && !categories.is_empty());
        if self.group_disclosure.iter().all(has_sensitive) { Ok(()) } else { Err(RulesError::NothingSensitive) }
    }

    /// What may be told.
    pub(super) fn parameters(&self, lattice: &Lattice) -> Vec<(&'static str, String)> {
        let mut parameters = Vec::new();
        if let Some(rate) = &self.rate {
            let dimension = &lattice.dimensions[rate.dimension];
            let labels: Vec<&str> = rate.numerator.iter().map(|&c| dimension.categories[c].as_str()).collect();
            parameters.push(("numerator", format!("{}: {}", dimension.name, labels.join(", "))));
            parameters.push(("minimum_base", rate.minimum_base.to_string()));
        }
        let names: Vec<&str> = self.group_disclosure.iter().map(|&d| lattice.dimensions[d].name.as_str()).collect();
        if !names.is_empty() {
            parameters.push(("group_disclosure", names.join(", ")));
        }
        parameters.extend(self.threshold_units.map(|k| ("threshold_units", k.to_string())));
        parameters.extend(self.interval.map(|interval| ("interval", interval.to_string())));
        let dominance: Vec<String> =
            self.concentration.iter().map(|rule| rule.told()).filter(|t| t.0 == "dominance").map(|t| t.1).collect();
        if !dominance.is_empty() {
            parameters.push(("dominance", dominance.join("; ")));
        }
        parameters.extend(self.concentration.iter().map(|rule| rule.told()).filter(|told| told.0 == "p_percent"));
        parameters
    }
}

/// The rules laid out for a unit's entries.
pub(super) struct Risk<'r> {
    threshold: u64,
    risks: &'r Risks,
    entries: usize,
    contributors: Option<Contributors>,
    minimum_base: u64,
    /// For an entry in the numerator, the entries that make up its base.
    rate_base: Vec<Option<Vec<u32>>>,
    /// For an entry in sensitive categories, the entries of each group that it could be all of.
    whole_groups: Vec<Vec<Vec<u32>>>,
    hides_zero: Vec<bool>,
}

impl<'r> Risk<'r> {
    /// Lays the rules out for entries with these groups (dimension and category pairs).
    pub(super) fn new(rules: &'r Rules, threshold: u64, groups: &[FxHashMap<usize, usize>]) -> Self {
        let rate = rules.risks.rate.as_ref();
        let in_numerator = |group: &FxHashMap<usize, usize>| {
            let rate = rate.filter(|rate| group.get(&rate.dimension).is_some_and(|c| rate.numerator.contains(c)));
            rate.map(|rate| rate.dimension)
        };
        let sensitive_dimensions = |group: &FxHashMap<usize, usize>| -> Vec<usize> {
            let categories = |d: &usize| rules.sensitive.iter().find(|(at, _)| at == d).map(|(_, categories)| categories);
            let hit = |d: &&usize| group.get(d).is_some_and(|c| categories(d).is_some_and(|some| some.contains(c)));
            rules.risks.group_disclosure.iter().filter(hit).copied().collect()
        };
        // Entries of the same group but for one dimension, by that dimension and what is left.
        let mut alike: FxHashMap<(usize, Vec<(usize, usize)>), Vec<u32>> = FxHashMap::default();
        let without = |group: &FxHashMap<usize, usize>, dimension: usize| {
            let mut rest: Vec<(usize, usize)> = group.iter().map(|(&d, &c)| (d, c)).filter(|&(d, _)| d != dimension).collect();
            rest.sort_unstable();
            (dimension, rest)
        };
        for (entry, group) in groups.iter().enumerate() {
            for &dimension in group.keys() {
                alike.entry(without(group, dimension)).or_default().push(entry as u32);
            }
        }
        let base = |group: &FxHashMap<usize, usize>, dimension: usize| alike[&without(group, dimension)].clone();
        let hides_zero = |group: &FxHashMap<usize, usize>| {
            in_numerator(group).is_some() || rules.risks.group_disclosure.iter().any(|d| group.contains_key(d))
        };
        Self {
            threshold,
            risks: &rules.risks,
            entries: groups.len(),
            contributors: None,
            minimum_base: rate.map_or(0, |rate| rate.minimum_base),
            rate_base: groups.iter().map(|group| in_numerator(group).map(|d| base(group, d))).collect(),
            whole_groups: groups
                .iter()
                .map(|group| sensitive_dimensions(group).into_iter().map(|d| base(group, d)).collect())
                .collect(),
            hides_zero: groups.iter().map(hides_zero).collect(),
        }
    }

    /// The same, with the contributors of all numbers.
    pub(super) fn with_contributors(self, contributors: Option<Contributors>) -> Self {
        Self { contributors, ..self }
    }

    /// Whether too few contribute to a unit's number, or too few most of a sum beside it.
    fn few_contribute(&self, unit: u32, entry: usize) -> bool {
        let Some(contributors) = &self.contributors else { return false };
        let slot = unit as usize * self.entries + entry;
        self.risks.threshold_units.is_some_and(|k| contributors.distinct(slot) < k)
            || contributors
                .contributions(slot)
                .any(|(together, largest)| self.risks.concentration.iter().any(|rule| rule.holds(together, largest)))
    }

    /// Whether zeros of this entry are secret.
    pub(super) fn hides_zero(&self, entry: usize) -> bool {
        self.hides_zero[entry]
    }

    /// Whether a unit's number at this entry must not be known, given all numbers of the unit. Zeros are judged elsewhere.
    pub(super) fn needs_protection(&self, unit: u32, row: &[u32], entry: usize) -> bool {
        let count = u64::from(row[entry]);
        let together = |entries: &[u32]| entries.iter().map(|&e| u64::from(row[e as usize])).sum::<u64>();
        let rate_of_few = || self.rate_base[entry].as_ref().is_some_and(|base| together(base) < self.minimum_base);
        let whole_group = || self.whole_groups[entry].iter().any(|group| count + 1 >= together(group));
        count > 0 && (count < self.threshold || rate_of_few() || whole_group() || self.few_contribute(unit, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidential::disclosure::rules::{Method, Zeros};

    /// Total, a (2 categories), b (2), a × b (4); the second category of b is sensitive and the numerator.
    fn judged(risks: Risks, row: [u32; 9]) -> Vec<usize> {
        let group = |pairs: &[(usize, usize)]| pairs.iter().copied().collect::<FxHashMap<usize, usize>>();
        let mut groups = vec![group(&[])];
        groups.extend([0, 1].map(|a| group(&[(0, a)])));
        groups.extend([0, 1].map(|b| group(&[(1, b)])));
        groups.extend([(0, 0), (0, 1), (1, 0), (1, 1)].map(|(a, b)| group(&[(0, a), (1, b)])));
        let rules = Rules {
            method: Method::Suppress { threshold: 3 },
            merge: None,
            zeros: Zeros::Public,
            sensitive: vec![(1, vec![1])],
            risks,
        };
        let risk = Risk::new(&rules, 3, &groups);
        (0..9).filter(|&entry| risk.needs_protection(0, &row, entry)).collect()
    }

    #[test]
    fn sums_of_few_are_at_risk() {
        let holds = |rule: Concentration, amounts: &[i64]| rule.holds(amounts.iter().sum(), amounts);
        let dominance = Concentration::Dominance { n: 2, k: 85.0 };
        assert!(holds(dominance, &[60, 26, 14]) && !holds(dominance, &[60, 25, 15]));
        // The second knows the first to within the rest: 5 of 50 is 10 %.
        let percent = Concentration::Percent { p: 10.0 };
        assert!(!holds(percent, &[50, 30, 5]) && holds(percent, &[50, 30, 4]) && holds(percent, &[50, 0]));
        assert!(!holds(percent, &[0, 0]) && !holds(dominance, &[0, 0]));
    }

    const ROW: [u32; 9] = [150, 110, 40, 90, 60, 90, 20, 0, 40];

    #[test]
    fn without_rules_only_small_counts_are_at_risk() {
        assert_eq!(judged(Risks::default(), ROW), Vec::<usize>::new());
        assert_eq!(judged(Risks::default(), [150, 110, 40, 88, 62, 88, 22, 0, 2]), [8]);
    }

    #[test]
    fn a_rate_needs_its_base_in_the_same_group() {
        let rate = Some(RateRule { dimension: 1, numerator: vec![1], minimum_base: 100 });
        assert_eq!(judged(Risks { rate: rate.clone(), ..Risks::default() }, ROW), [8]);
        assert_eq!(judged(Risks { rate, ..Risks::default() }, [90, 50, 40, 30, 60, 30, 20, 0, 40]), [4, 6, 8]);
    }

    #[test]
    fn all_and_all_but_one_tell_of_the_group() {
        let risks = || Risks { group_disclosure: vec![1], ..Risks::default() };
        assert_eq!(judged(risks(), ROW), [8]);
        assert_eq!(judged(risks(), [150, 110, 40, 91, 59, 90, 20, 1, 39]), [7, 8]);
        assert_eq!(judged(risks(), [150, 110, 40, 92, 58, 90, 20, 2, 38]), [7]);
        assert_eq!(judged(risks(), [150, 110, 40, 93, 57, 90, 20, 3, 37]), Vec::<usize>::new());
    }
}
