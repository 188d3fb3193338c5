//! How a failure is told: in the reader's language, with the exit code of the program.
//!
//! Every room has its own small enum of failures and implements [`Failure`] for it; [`Error`] carries any of them to
//! `main`. A message says what, where, what was expected and how to mend it; it never holds a coordinate, an address,
//! an id or a count (a room that handles records gives source, row number and column instead).

use std::fmt;

/// The language of messages, reports and the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English, the default.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// Reads `de`, `de_DE.UTF-8`, `en`, …; anything that is not German is English.
    pub fn from_locale(locale: &str) -> Self {
        if locale.to_ascii_lowercase().starts_with("de") { Self::German } else { Self::English }
    }
}

/// What kind of failure it is, and so the exit status of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The data or the bundle fails a check: exit status 1.
    Check,
    /// The command line or the plan is wrong: exit status 2.
    Usage,
    /// Something could not be read or written: exit status 3.
    InputOutput,
}

impl Kind {
    /// The exit status of the program for this kind.
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Check => 1,
            Self::Usage => 2,
            Self::InputOutput => 3,
        }
    }
}

/// A failure of one room: its kind and its text in the reader's language.
pub trait Failure: fmt::Debug + Send + Sync + 'static {
    /// The kind, which decides the exit status.
    fn kind(&self) -> Kind;
    /// What happened, where, what was expected and how to mend it; lower case, no full stop.
    fn explain(&self, language: Language) -> String;
}

/// Any room's failure on its way to the user.
#[derive(Debug)]
pub struct Error(Box<dyn Failure>);

impl Error {
    /// The kind of the failure inside.
    pub fn kind(&self) -> Kind {
        self.0.kind()
    }

    /// The text of the failure inside.
    pub fn explain(&self, language: Language) -> String {
        self.0.explain(language)
    }
}

impl<F: Failure> From<F> for Error {
    fn from(failure: F) -> Self {
        Self(Box::new(failure))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain(Language::English))
    }
}

/// The text in the given language: `say!(language, "english {name}", "deutsch {name}")`.
#[macro_export]
macro_rules! say {
    ($language:expr, $english:literal, $german:literal $(, $($rest:tt)*)?) => {
        match $language {
            $crate::error::Language::English => format!($english $(, $($rest)*)?),
            $crate::error::Language::German => format!($german $(, $($rest)*)?),
        }
    };
}
