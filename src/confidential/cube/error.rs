//! Why records cannot be counted at all.

use crate::error::{Failure, Kind, Language};
use crate::say;

/// Records, or a plan, that no cube can be made of.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::confidential) enum CubeError {
    /// A column with too many different texts for a dimension.
    TooManyCategories {
        /// The dimension.
        dimension: String,
        /// Its column.
        column: String,
    },
    /// A column with too many different dates.
    TooManyDates {
        /// The column.
        column: String,
    },
    /// Dimensions that cross to more groups than can be told apart.
    TooManyGroups,
    /// Too many area systems, or too many combinations of their areas.
    TooManyAreas,
    /// A sum beyond what a release can hold.
    SumTooLarge {
        /// The measure.
        measure: String,
    },
    /// Edges of bands that are no ascending numbers.
    Bands {
        /// The dimension.
        dimension: String,
    },
    /// A list of categories with an empty, unusable or repeated text.
    Categories {
        /// The dimension.
        dimension: String,
    },
    /// The plan's date is no date.
    FixedDate,
    /// What waits on disk cannot be written or read.
    Spill {
        /// What the system says.
        cause: String,
    },
}

impl CubeError {
    pub(super) fn spill(cause: std::io::Error) -> Self {
        Self::Spill { cause: cause.to_string() }
    }
}

impl Failure for CubeError {
    fn kind(&self) -> Kind {
        match self {
            Self::TooManyCategories { .. } | Self::TooManyDates { .. } | Self::SumTooLarge { .. } => Kind::Check,
            Self::TooManyGroups | Self::TooManyAreas | Self::Bands { .. } | Self::Categories { .. } | Self::FixedDate => {
                Kind::Usage
            }
            Self::Spill { .. } => Kind::InputOutput,
        }
    }

    fn explain(&self, language: Language) -> String {
        let (categories, dates) = (super::category::MAX_CATEGORIES, super::dates::MAX_DATES);
        match self {
            Self::TooManyCategories { dimension, column } => say!(
                language,
                "dimension {dimension}: column {column} has more than {categories} different values; declare bands for a number \
                 ({dimension}={column}:0,18,65) or list the categories in the plan",
                "Dimension {dimension}: Spalte {column} hat mehr als {categories} verschiedene Werte; für eine Zahl Klassen angeben \
                 ({dimension}={column}:0,18,65) oder die Kategorien im Plan aufzählen"
            ),
            Self::TooManyDates { column } => say!(
                language,
                "column {column} has more than {dates} different dates: name a column with reference dates, or one date for all",
                "Spalte {column} hat mehr als {dates} verschiedene Daten: eine Spalte mit Stichtagen nennen oder ein Datum für alle"
            ),
            Self::TooManyGroups => say!(
                language,
                "the dimensions cross to more than 2^50 groups: take fewer dimensions or fewer categories",
                "die Dimensionen ergeben mehr als 2^50 Gruppen: weniger Dimensionen oder Kategorien wählen"
            ),
            Self::TooManyAreas => say!(
                language,
                "too many area systems (at most 32), or more than 16 million combinations of their areas: take fewer",
                "zu viele Gebietssysteme (höchstens 32) oder mehr als 16 Millionen Kombinationen ihrer Gebiete: weniger wählen"
            ),
            Self::SumTooLarge { measure } => say!(
                language,
                "measure {measure}: a sum exceeds 2·10^14; use a larger unit, for example thousands",
                "Messwert {measure}: eine Summe übersteigt 2·10^14; eine größere Einheit verwenden, zum Beispiel Tausend"
            ),
            Self::Bands { dimension } => say!(
                language,
                "dimension {dimension}: bands need ascending numbers, for example 0,18,65",
                "Dimension {dimension}: Klassen brauchen aufsteigende Zahlen, zum Beispiel 0,18,65"
            ),
            Self::Categories { dimension } => say!(
                language,
                "dimension {dimension}: listed categories must be different texts of 1 to 200 bytes without control characters and |",
                "Dimension {dimension}: aufgezählte Kategorien müssen verschiedene Texte von 1 bis 200 Byte ohne Steuerzeichen und | sein"
            ),
            Self::Spill { cause } => say!(
                language,
                "what does not fit into the memory allowed cannot wait in the folder for temporary files: {cause}; name another one in TMPDIR, or allow \
                 more with --memory",
                "was nicht in den erlaubten Speicher passt, kann nicht im Ordner für temporäre Dateien warten: {cause}; mit TMPDIR einen anderen nennen \
                 oder mit --memory mehr erlauben"
            ),
            Self::FixedDate => say!(
                language,
                "the plan's date is not a date: expected 2024-12-31 or the name of a column",
                "das Datum des Plans ist kein Datum: erwartet wird 2024-12-31 oder der Name einer Spalte"
            ),
        }
    }
}
