//! Disclosure control: raw counts in, a [`Release`] out.
//!
//! The only place that reads a raw count or makes a [`ProtectedCount`]. `units` lays out what is counted and how it adds up, `primary` marks what
//! must not be known (`risk` says of a single number whether, with what `contributors` finds; `implied`: and what public zeros tell anyway), `suppress`
//! withholds until it cannot be found out (`span` and `slack` say whether it can, `window` and `walk` whether in whole numbers, `loosen` what
//! helps), `camouflage` withholds zeros beside lone ones, `earlier` holds to what was released before, and `publish` writes the release;
//! `merge` joins cells where few live before all that;
//! `compare` says what several methods would lose. `system`, `nesting`, `slack`, `span` and `elimination` know no
//! geography: they serve plain tables as well.

mod camouflage;
mod cell_key;
mod compare;
mod contributors;
mod cycles;
mod earlier;
mod elimination;
mod entries;
mod implied;
#[cfg(test)]
mod judged;
mod loosen;
mod merge;
mod modular;
mod nesting;
mod perturbation;
mod perturbed;
mod plain;
mod plain_rounding;
mod primary;
mod publish;
mod release;
mod risk;
mod rounding;
mod rules;
mod slack;
mod span;
mod suppress;
mod system;
mod tabulate;
#[cfg(test)]
mod towns;
#[cfg(test)]
mod trials;
mod units;
mod walk;
mod window;

pub(in crate::confidential) use compare::compare;
pub use compare::{Comparison, Loss, Outcome, Unprotected};
pub use earlier::Earlier;
pub use merge::Merge;
pub use perturbation::{PerturbationError, PerturbationParameters, PerturbationTable};
pub use plain::{PlainMethod, PlainSpec, ProtectedTable, ShownTable, protect_table};
pub(in crate::confidential) use publish::protect;
#[cfg(test)]
pub(crate) use release::for_tests;
pub use release::{Block, ProtectedCount, Release, Status};
pub use risk::{Concentration, RateRule, Risks};
pub use rules::{Method, Rules, RulesError, Zeros};
