//! Questions that cannot be answered, and bundles that cannot be asked.

use std::path::PathBuf;

use crate::error::{Failure, Kind, Language};
use crate::say;

/// Why there is no answer. Names of categories here are published ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskError {
    /// A file of the bundle cannot be read, or is not what a run writes.
    Bundle {
        /// The file.
        file: PathBuf,
        /// What the reader said.
        reason: String,
    },
    /// A condition without `=`.
    Form {
        /// The condition.
        condition: String,
    },
    /// A dimension that the bundle does not have.
    Dimension {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A category that the dimension does not have, or a span that its bands do not make up.
    Category {
        /// The dimension.
        dimension: String,
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
        /// A question of the same kind that can be answered.
        instead: Option<String>,
    },
    /// No published table crosses these dimensions.
    NotPublished {
        /// The query.
        query: String,
        /// Questions that can be answered.
        instead: Vec<String>,
    },
    /// A level that the bundle does not have.
    Level {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A date that the bundle does not have.
    Date {
        /// What there is.
        known: Vec<String>,
    },
    /// An area that the bundle does not have.
    Area {
        /// What was asked for.
        name: String,
    },
    /// What is no drawn area.
    Outline,
    /// The file of a drawn area cannot be read.
    OutlineFile {
        /// The file.
        file: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A drawn area is asked by areas.
    OutlineOfAreas,
    /// A drawn area with so few people that nothing is told.
    FewPeople,
    /// Nothing in the words could be read.
    Nothing,
    /// More than is taken.
    TooLong,
}

impl Failure for AskError {
    fn kind(&self) -> Kind {
        match self {
            Self::Bundle { .. } | Self::OutlineFile { .. } => Kind::InputOutput,
            _ => Kind::Usage,
        }
    }

    fn explain(&self, language: Language) -> String {
        let list = |names: &[String]| names.join(", ");
        match self {
            Self::Bundle { file, reason } => say!(
                language,
                "{}: not what `kleinraum run` writes ({reason}); name a finished bundle",
                "{}: nicht, was `kleinraum run` schreibt ({reason}); einen fertigen Ergebnisordner nennen",
                file.display()
            ),
            Self::Form { condition } => say!(
                language,
                "`{condition}`: a condition is written dimension=category, several are joined by &",
                "`{condition}`: eine Bedingung schreibt man Merkmal=Ausprägung, mehrere verbindet &"
            ),
            Self::Dimension { name, known } => say!(
                language,
                "`{name}` is not in this bundle; there is: {}",
                "`{name}` gibt es in diesem Ergebnis nicht; es gibt: {}",
                list(known)
            ),
            Self::Category { dimension, name, known, instead } => {
                let mut text = say!(
                    language,
                    "{dimension} has no `{name}`; it has: {}",
                    "{dimension} hat kein `{name}`; es hat: {}",
                    list(known)
                );
                if let Some(instead) = instead {
                    text += &say!(language, "; ask `{instead}` instead", "; statt dessen lässt sich fragen: `{instead}`");
                }
                text
            }
            Self::NotPublished { query, instead } => say!(
                language,
                "`{query}` is not published together; it can be asked: {}",
                "`{query}` ist nicht zusammen veröffentlicht; fragen lässt sich: {}",
                instead.iter().map(|q| format!("`{q}`")).collect::<Vec<_>>().join(", ")
            ),
            Self::Level { name, known } => {
                say!(language, "no level `{name}`; there is: {}", "keine Ebene `{name}`; es gibt: {}", list(known))
            }
            Self::Date { known } => {
                say!(language, "no such date; there is: {}", "keinen solchen Stichtag; es gibt: {}", list(known))
            }
            Self::Area { name } => say!(
                language,
                "no area `{name}`; name its key or its name as published",
                "kein Gebiet `{name}`; Schlüssel oder Namen wie veröffentlicht angeben"
            ),
            Self::Outline => say!(
                language,
                "this is no drawn area: corners in degrees, longitude first, as `9.6,53.7;9.7,53.7;9.7,53.8`, as `POLYGON((…))`, or a polygon in GeoJSON",
                "das ist kein gezeichnetes Gebiet: Ecken in Grad, Länge zuerst, wie `9.6,53.7;9.7,53.7;9.7,53.8`, als `POLYGON((…))` oder ein Polygon in GeoJSON"
            ),
            Self::OutlineFile { file, reason } => {
                say!(language, "{}: cannot be read ({reason})", "{}: lässt sich nicht lesen ({reason})", file.display())
            }
            Self::OutlineOfAreas => say!(
                language,
                "a drawn area is counted in whole cells: choose a grid size with `by`, not an area system",
                "ein gezeichnetes Gebiet wird in ganzen Zellen gezählt: mit `by` eine Gittergröße wählen, kein Gebietssystem"
            ),
            Self::FewPeople => say!(
                language,
                "fewer than {} people are published there: draw a larger area",
                "dort sind weniger als {} Personen veröffentlicht: ein größeres Gebiet zeichnen",
                crate::ask::LEAST_PEOPLE
            ),
            Self::Nothing => say!(
                language,
                "nothing in this question is known to the bundle; name categories, as in `alter=0-17`",
                "nichts in dieser Frage kennt das Ergebnis; Ausprägungen nennen, wie in `alter=0-17`"
            ),
            Self::TooLong => say!(
                language,
                "the question is too long; 500 characters are taken",
                "die Frage ist zu lang; höchstens 500 Zeichen"
            ),
        }
    }
}
