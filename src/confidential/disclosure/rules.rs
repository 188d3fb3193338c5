//! What the plan says about protection: method, treatment of zeros, sensitive categories.

use crate::confidential::disclosure::merge::Merge;
use crate::confidential::disclosure::perturbation::{PerturbationError, PerturbationParameters};
use crate::confidential::disclosure::risk::Risks;
use crate::confidential::lattice::Lattice;
use crate::confidential::secret::Key;
use crate::error::{Failure, Kind, Language};
use crate::say;

/// How true zeros are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zeros {
    /// A true zero is published as zero, except for groups with a sensitive category.
    Public,
    /// A true zero is withheld like a small count; grid cells of which nothing is published are left out.
    Secret,
}

impl Zeros {
    /// The technical name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Secret => "secret",
        }
    }
}

/// The method, with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// Threshold and complementary suppression.
    ///
    /// Guarantee: no count of 1 to `threshold` − 1 (and no secret zero) of a published column is published, at any listed unit or at any piece
    /// of a cell cut by an area's border; none is a linear function of what is published, over all relations of the lattice together; and
    /// no single relation leaves one only one possible value, given that no count is negative. Zeros may be withheld as well, so that a
    /// withheld number may be zero.
    Suppress {
        /// The smallest count that may be published.
        threshold: u64,
    },
    /// Unbiased controlled rounding of atoms (Cox 1987, over two families of nested sums).
    ///
    /// Guarantee: every atom (finest cell × area of every system × finest group) of 1 to `base` − 1 records becomes 0 or `base`, larger ones stay;
    /// everything published is a sum of these. So levels, areas, tables and their differences add up exactly, and no sum of atoms is published
    /// as 1 to `base` − 1. The total of every cell of every size, of all records, and of every group of the largest published table in each of
    /// these, differs by at most `base` − 1 from the truth; a group of another table by at most that times the groups it is made of. Areas have no
    /// such bound: the finest cells that their borders cut add up. Over keys, the expectation of every number is the truth, and every small atom has two possible
    /// outcomes. The same key and the same records of a coarsest cell (made up to 10 km or more by powers of ten) give the same undecided ends
    /// at every date, so that repeated releases of unchanged places cannot be averaged. A published zero may stand for a small count.
    Round {
        /// What small atoms are rounded to, 3 to 1000.
        base: u32,
        /// The secret.
        key: Key,
    },
    /// Noise looked up by the count and the permanent keys of its records, as in the German census.
    ///
    /// Guarantee: the noise of a published number depends on nothing but the set of its records and the key: the same people have the same noise in
    /// every table, level and release. It is at most D, on average 0, its variance at most V. A count of zero is published as zero; no
    /// count of 1 to js appears. Nothing adds up exactly, and nothing published is a sum of published numbers. A published zero
    /// may stand for a small count.
    CellKey {
        /// D, V and js.
        parameters: PerturbationParameters,
        /// The secret that makes the keys of records.
        key: Key,
    },
    /// Nothing is withheld: for open data about things.
    None {
        /// Why; every output carries it.
        reason: String,
    },
}

impl Method {
    /// Whether numbers are changed rather than withheld, under a secret key.
    pub(super) fn perturbs(&self) -> bool {
        matches!(self, Self::Round { .. } | Self::CellKey { .. })
    }

    /// The technical name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Suppress { .. } => "suppress",
            Self::Round { .. } => "round",
            Self::CellKey { .. } => "cell-key",
            Self::None { .. } => "none",
        }
    }
}

/// Bases that small atoms can be rounded to: with 2, a published 2 could only stand for 1 or 2.
pub(super) const BASES: std::ops::RangeInclusive<u32> = 3..=1000;

/// What the plan says about protection.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// The method.
    pub method: Method,
    /// Cells where few live are joined before the method protects what they show.
    pub merge: Option<Merge>,
    /// Zeros of groups without a sensitive category.
    pub zeros: Zeros,
    /// Positions of dimensions in [`Lattice::dimensions`], each with positions of its sensitive categories. Zeros of groups with such a category are
    /// secret wherever public zeros do not say anyway that the group is empty: of the same unit, of one that holds it, or of all its parts.
    pub sensitive: Vec<(usize, Vec<usize>)>,
    /// What makes a number dangerous beside the threshold.
    pub risks: Risks,
}

impl Rules {
    /// Refuses rules that cannot be meant.
    pub(super) fn check(&self, lattice: &Lattice) -> Result<(), RulesError> {
        match &self.method {
            Method::Suppress { threshold: 0 } => return Err(RulesError::ThresholdZero),
            Method::None { reason } if reason.trim().is_empty() => return Err(RulesError::ReasonMissing),
            Method::Round { base, .. } if !BASES.contains(base) => return Err(RulesError::Base),
            method if method.perturbs() && !lattice.measures.is_empty() => return Err(RulesError::MeasuresPerturbed),
            method if method.perturbs() && !self.sensitive.is_empty() => return Err(RulesError::SensitivePerturbed),
            method if method.perturbs() && self.zeros == Zeros::Secret => return Err(RulesError::ZerosPerturbed),
            method if !matches!(method, Method::Suppress { .. }) && !self.risks.is_empty() => {
                return Err(RulesError::RisksElsewhere);
            }
            Method::Suppress { .. } | Method::Round { .. } | Method::CellKey { .. } | Method::None { .. } => {}
        }
        if let Some(merge) = self.merge {
            merge.check(&self.method, lattice)?;
        }
        for (dimension, categories) in &self.sensitive {
            let known = lattice.dimensions.get(*dimension).ok_or(RulesError::SensitiveUnknown)?;
            if categories.iter().any(|&c| c >= known.categories.len()) {
                return Err(RulesError::SensitiveUnknown);
            }
        }
        self.risks.check(&self.sensitive, lattice)
    }
}

/// Rules that cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RulesError {
    /// A threshold of 0.
    ThresholdZero,
    /// Method `none` without a reason.
    ReasonMissing,
    /// A sensitive dimension or category that the lattice does not have.
    SensitiveUnknown,
    /// A base that is not possible.
    Base,
    /// Sums of measures with a method that changes counts.
    MeasuresPerturbed,
    /// Sensitive categories with a method that changes counts.
    SensitivePerturbed,
    /// Secret zeros with a method that changes counts.
    ZerosPerturbed,
    /// Rules for rates or groups with a method that does not withhold.
    RisksElsewhere,
    /// Categories of a rate's numerator that the lattice does not have.
    NumeratorUnknown,
    /// A rate whose base cannot be small.
    BaseZero,
    /// A rule for contributors that protects nothing or withholds everything.
    ContributorRule,
    /// A rule for sums where nothing is summed.
    NothingSummed,
    /// Group disclosure asked of a dimension without sensitive categories.
    NothingSensitive,
    /// Records without an id, whose keys could not be permanent.
    IdMissing,
    /// Parameters that have no table of noises.
    Perturbation(PerturbationError),
    /// More records of one date than fit in 32 bits.
    TooManyRecords,
    /// Withholding everything that can be withheld does not keep a number secret.
    NothingToWithhold,
    /// An earlier release shows what must not be known now, or leaves nothing to withhold for its sake.
    ToldBefore,
    /// A comparison with method `none`, whose numbers are the truth.
    NoneCompared,
    /// Joining cells for the sake of nobody.
    MergeMinimum,
    /// Joining cells up to a size that is not published.
    MergeLargest,
    /// Joining cells where nothing is to be protected.
    MergeNone,
}

impl Failure for RulesError {
    fn kind(&self) -> Kind {
        match self {
            Self::TooManyRecords | Self::NothingToWithhold | Self::ToldBefore => Kind::Check,
            _ => Kind::Usage,
        }
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::ThresholdZero => say!(
                language,
                "threshold 0 protects nothing: name at least 1, usually 3 to 10, or use method none with a reason",
                "Schwellenwert 0 schützt nichts: mindestens 1 angeben, üblich sind 3 bis 10, oder Methode none mit Begründung wählen"
            ),
            Self::ReasonMissing => say!(
                language,
                "method none needs a reason: say why nothing has to be protected",
                "Methode none braucht eine Begründung: angeben, warum nichts zu schützen ist"
            ),
            Self::SensitiveUnknown => say!(
                language,
                "a sensitive category is not among the categories of its dimension: correct its name or leave it out",
                "eine sensible Kategorie gehört nicht zu den Kategorien ihrer Dimension: Namen berichtigen oder weglassen"
            ),
            Self::Base => {
                say!(language, "the base must be 3 to 1000, usually 5", "die Basis muss zwischen 3 und 1000 liegen, üblich ist 5")
            }
            Self::MeasuresPerturbed => say!(
                language,
                "methods round and cell-key protect counts, not sums: leave the measures out, or use method suppress",
                "die Methoden round und cell-key schützen Anzahlen, keine Summen: Messwerte weglassen oder Methode suppress wählen"
            ),
            Self::SensitivePerturbed => say!(
                language,
                "methods round and cell-key do not hide that all of a group share a category: leave sensitive out, or use method suppress",
                "die Methoden round und cell-key verbergen nicht, dass alle einer Gruppe eine Kategorie teilen: sensitive weglassen oder Methode suppress wählen"
            ),
            Self::ZerosPerturbed => say!(
                language,
                "zeros cannot be secret with methods round and cell-key, where a zero may stand for a small count: leave zeros out",
                "Nullen können bei den Methoden round und cell-key nicht geheim sein; dort kann eine Null für eine kleine Zahl stehen: zeros weglassen"
            ),
            Self::RisksElsewhere => say!(
                language,
                "rules for rates and groups are followed by method suppress only: leave them out, or use that method",
                "Regeln für Quoten und Gruppen befolgt nur die Methode suppress: weglassen oder diese Methode wählen"
            ),
            Self::NumeratorUnknown => say!(
                language,
                "a category of the numerator is not among the categories of its dimension: correct its name or leave it out",
                "eine Kategorie des Zählers gehört nicht zu den Kategorien ihrer Dimension: Namen berichtigen oder weglassen"
            ),
            Self::BaseZero => say!(
                language,
                "a minimum base of 0 or 1 protects no rate: name at least 2, for example 100",
                "eine Mindestbasis von 0 oder 1 schützt keine Quote: mindestens 2 angeben, zum Beispiel 100"
            ),
            Self::ContributorRule => say!(
                language,
                "a rule for contributors is not possible: at least 2 of them, n from 1 to 10, k below 100 per cent, p up to 100 per cent",
                "eine Regel für Beitragende ist nicht möglich: mindestens 2 davon, n von 1 bis 10, k unter 100 Prozent, p bis 100 Prozent"
            ),
            Self::NothingSummed => say!(
                language,
                "rules of dominance speak of sums, and nothing is summed: leave them out, or name a measure",
                "Dominanzregeln sprechen von Summen, und nichts wird summiert: weglassen oder einen Messwert nennen"
            ),
            Self::NothingSensitive => say!(
                language,
                "group disclosure is asked of a dimension without sensitive categories: name them under sensitive",
                "Gruppenoffenlegung ist für eine Dimension ohne sensible Kategorien verlangt: diese unter sensitive nennen"
            ),
            Self::IdMissing => say!(
                language,
                "method cell-key needs an id for each record, the same in every release: name its column with --id",
                "Methode cell-key braucht für jeden Datensatz eine Kennung, die in jeder Veröffentlichung gleich ist: Spalte mit --id angeben"
            ),
            Self::Perturbation(error) => error.explain(language),
            Self::TooManyRecords => say!(
                language,
                "more than 4294967295 records of one date: split the input by region",
                "mehr als 4294967295 Datensätze eines Stichtags: Eingabe nach Gebieten teilen"
            ),
            Self::NoneCompared => say!(
                language,
                "method none cannot be compared: its numbers are the truth itself",
                "Methode none lässt sich nicht vergleichen: ihre Zahlen sind die Wahrheit selbst"
            ),
            Self::MergeMinimum => say!(
                language,
                "cells are joined until at least 2 people live in them: name 2 or more, usually 10",
                "Zellen werden verbunden, bis mindestens 2 Menschen darin leben: 2 oder mehr angeben, üblich sind 10"
            ),
            Self::MergeLargest => say!(
                language,
                "cells can only be joined up to a size that is published: name one of the grid sizes",
                "Zellen lassen sich nur bis zu einer veröffentlichten Größe verbinden: eine der Gittergrößen angeben"
            ),
            Self::MergeNone => say!(
                language,
                "cells are joined to protect people, and method none protects nobody: take suppress, round or cell-key",
                "Zellen werden zum Schutz von Menschen verbunden, und Methode none schützt niemanden: suppress, round oder cell-key wählen"
            ),
            Self::ToldBefore => say!(
                language,
                "an earlier release in the ledger shows what this one would have to withhold, and nobody can take that back: publish with a threshold and rules no stricter than then, or at places and in groups that were not published",
                "eine frühere Veröffentlichung im Verzeichnis zeigt, was diese sperren müsste, und das lässt sich nicht zurücknehmen: mit keiner höheren Schwelle und keinen strengeren Regeln als damals veröffentlichen, oder an Orten und in Gruppen, die noch nicht veröffentlicht sind"
            ),
            Self::NothingToWithhold => say!(
                language,
                "a count cannot be kept secret by withholding others: publish fewer tables or sizes, or set zeros = \"public\" and name no sensitive categories",
                "eine Zahl lässt sich nicht geheim halten, indem andere gesperrt werden: weniger Tabellen oder Zellengrößen veröffentlichen, oder zeros = \"public\" setzen und keine sensiblen Kategorien nennen"
            ),
        }
    }
}
