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
    /// Nothing in the words could be read.
    Nothing,
    /// More than is taken.
    TooLong,
}

impl Failure for AskError {
    fn kind(&self) -> Kind {
        match self {
            Self::Bundle { .. } => Kind::InputOutput,
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
