//! When the records as a whole are refused: too many rejected, none placed.

use std::fmt::Write;
use std::path::PathBuf;

use crate::confidential::account::{Account, Located};
use crate::error::{Failure, Kind, Language};
use crate::say;

/// Records that no release may be made of.
#[derive(Debug)]
pub(in crate::confidential) enum CountError {
    /// More records were rejected than the plan allows.
    TooManyRejected {
        /// What was read and rejected.
        account: Box<Account>,
        /// The share that the plan allows.
        allowed: f64,
    },
    /// There are no records.
    NoRecords {
        /// The source files.
        files: Vec<PathBuf>,
    },
    /// There are records, but none could be placed.
    NonePlaced {
        /// What was read and rejected.
        account: Box<Account>,
    },
    /// The allowed share is no share.
    MaxRejects,
}

impl CountError {
    /// Refuses an account with too many rejected records or with none placed.
    pub(in crate::confidential) fn check(account: &Account, allowed: f64) -> Result<(), Self> {
        if account.records_read == 0 && account.records_placed == 0 {
            Err(Self::NoRecords { files: account.sources.clone() })
        } else if account.rejects.total() as f64 > allowed * account.records_read as f64 {
            Err(Self::TooManyRejected { account: Box::new(account.clone()), allowed })
        } else if account.records_placed == 0 {
            Err(Self::NonePlaced { account: Box::new(account.clone()) })
        } else {
            Ok(())
        }
    }
}

impl Failure for CountError {
    fn kind(&self) -> Kind {
        match self {
            Self::MaxRejects => Kind::Usage,
            _ => Kind::Check,
        }
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::TooManyRejected { account, allowed } => {
                let (rejected, read) = (account.rejects.total(), account.records_read);
                let share = rejected as f64 / read as f64;
                // The smallest share of three decimals that would let this run pass.
                let enough = ((share * 1000.0).ceil() / 1000.0).min(1.0);
                let (share, allowed) = (percent(share, language), percent(*allowed, language));
                let reasons = reasons(account, language);
                say!(
                    language,
                    "{rejected} of {read} records ({share}) were rejected, more than the {allowed} that are allowed; mend them, or allow \
                     more with --max-rejects {enough}{reasons}",
                    "{rejected} von {read} Datensätzen ({share}) wurden abgewiesen, mehr als die erlaubten {allowed}; berichtigen oder \
                     mit --max-rejects {enough} mehr erlauben{reasons}"
                )
            }
            Self::NoRecords { files } => {
                let files = files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
                say!(
                    language,
                    "no records in {files}: expected a header and at least one row",
                    "keine Datensätze in {files}: erwartet werden eine Kopfzeile und mindestens eine Zeile"
                )
            }
            Self::NonePlaced { account } => {
                let reasons = reasons(account, language);
                say!(
                    language,
                    "none of the records could be placed, so there is nothing to publish{reasons}",
                    "kein Datensatz konnte verortet werden, es gibt nichts zu veröffentlichen{reasons}"
                )
            }
            Self::MaxRejects => say!(
                language,
                "the allowed share of rejected records must be between 0 and 1, for example --max-rejects 0.01",
                "der erlaubte Anteil abgewiesener Datensätze muss zwischen 0 und 1 liegen, zum Beispiel --max-rejects 0.01"
            ),
        }
    }
}

/// One line for each reason: the first place, what is wrong, how often, where else.
fn reasons(account: &Account, language: Language) -> String {
    let mut text = String::new();
    for (reason, count, places) in account.rejects.iter() {
        let place = |located: &Located| name_place(account, located, language);
        let first = places.first().map(place).unwrap_or_default();
        let others = places.iter().skip(1).map(place).collect::<Vec<_>>().join("; ");
        let _ = write!(text, "\n  {first}: {} ({count}×)", reason.explain(language));
        if !others.is_empty() {
            let also = say!(language, "also", "auch");
            let _ = write!(text, "; {also} {others}");
        }
    }
    text
}

fn name_place(account: &Account, Located { source, row, column }: &Located, language: Language) -> String {
    let file = account.sources.get(*source as usize).map(|file| file.display().to_string()).unwrap_or_default();
    match column.as_str() {
        "" => say!(language, "{file}, row {row}", "{file}, Zeile {row}"),
        _ => say!(language, "{file}, row {row}, column {column}", "{file}, Zeile {row}, Spalte {column}"),
    }
}

fn percent(share: f64, language: Language) -> String {
    let number = ((share * 1e4).round() / 100.0).to_string();
    match language {
        Language::English => format!("{number} %"),
        Language::German => format!("{} %", number.replace('.', ",")),
    }
}
