//! Disclosure control: raw counts in, a [`Release`] out.
//!
//! The only place that reads a raw count or makes a [`ProtectedCount`]. `units` lays out what is counted and how it adds up, `primary` marks what
//! must not be known (`risk` says of a single number whether, with what `contributors` finds; `implied`: and what public zeros tell anyway), `suppress` withholds until it cannot be found out (`bounds` and `span` say whether it can), and `publish` writes the
//! release. `system`, `bounds`, `span` and `elimination` know no geography: they serve plain tables as well.

mod bounds;
mod cell_key;
mod contributors;
mod cycles;
mod elimination;
mod entries;
mod implied;
#[cfg(test)]
mod judged;
mod modular;
mod perturbation;
mod perturbed;
mod primary;
mod publish;
mod release;
mod risk;
mod rounding;
mod rules;
mod span;
mod suppress;
mod system;
mod tabulate;
#[cfg(test)]
mod towns;
#[cfg(test)]
mod trials;
mod units;

pub use perturbation::{PerturbationError, PerturbationParameters, PerturbationTable};
pub(in crate::confidential) use publish::protect;
#[cfg(test)]
pub(crate) use release::for_tests;
pub use release::{Block, ProtectedCount, Release, Status};
pub use risk::{Concentration, RateRule, Risks};
pub use rules::{Method, Rules, RulesError, Zeros};
