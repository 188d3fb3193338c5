//! What the plan says about protection: method, treatment of zeros, sensitive categories.

use crate::confidential::lattice::Lattice;
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// Threshold and complementary suppression.
    ///
    /// Guarantee: no count of 1 to `threshold` − 1 (and no secret zero) of a published column is published, at any listed unit or at any piece
    /// of a cell cut by an area's border; none is a linear function of what is published, over all relations of the lattice together; and
    /// bounds propagated over single relations leave each at least two possible values.
    Suppress {
        /// The smallest count that may be published.
        threshold: u64,
    },
    /// Nothing is withheld: for open data about things.
    None {
        /// Why; every output carries it.
        reason: String,
    },
}

impl Method {
    /// The technical name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Suppress { .. } => "suppress",
            Self::None { .. } => "none",
        }
    }
}

/// What the plan says about protection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The method.
    pub method: Method,
    /// Zeros of groups without a sensitive category.
    pub zeros: Zeros,
    /// Positions of dimensions in [`Lattice::dimensions`], each with positions of its sensitive categories. Zeros of groups with such a category are
    /// secret wherever public zeros do not say anyway that the group is empty: of the same unit, of one that holds it, or of all its parts.
    pub sensitive: Vec<(usize, Vec<usize>)>,
}

impl Rules {
    /// Refuses rules that cannot be meant.
    pub(super) fn check(&self, lattice: &Lattice) -> Result<(), RulesError> {
        match &self.method {
            Method::Suppress { threshold: 0 } => return Err(RulesError::ThresholdZero),
            Method::None { reason } if reason.trim().is_empty() => return Err(RulesError::ReasonMissing),
            Method::Suppress { .. } | Method::None { .. } => {}
        }
        for (dimension, categories) in &self.sensitive {
            let known = lattice.dimensions.get(*dimension).ok_or(RulesError::SensitiveUnknown)?;
            if categories.iter().any(|&c| c >= known.categories.len()) {
                return Err(RulesError::SensitiveUnknown);
            }
        }
        Ok(())
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
    /// More records of one date than fit in 32 bits.
    TooManyRecords,
    /// Withholding everything that can be withheld does not keep a number secret.
    NothingToWithhold,
}

impl Failure for RulesError {
    fn kind(&self) -> Kind {
        match self {
            Self::TooManyRecords | Self::NothingToWithhold => Kind::Check,
            Self::ThresholdZero | Self::ReasonMissing | Self::SensitiveUnknown => Kind::Usage,
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
            Self::TooManyRecords => say!(
                language,
                "more than 4294967295 records of one date: split the input by region",
                "mehr als 4294967295 Datensätze eines Stichtags: Eingabe nach Gebieten teilen"
            ),
            Self::NothingToWithhold => say!(
                language,
                "a count cannot be kept secret by withholding others: publish fewer tables or sizes, or set zeros = \"public\" and name no sensitive categories",
                "eine Zahl lässt sich nicht geheim halten, indem andere gesperrt werden: weniger Tabellen oder Zellengrößen veröffentlichen, oder zeros = \"public\" setzen und keine sensiblen Kategorien nennen"
            ),
        }
    }
}
