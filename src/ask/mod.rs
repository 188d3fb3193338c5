//! Questions to a finished bundle: where does a group live, how many are they, how high is their share, in which places most.
//!
//! In: a bundle's folder, nothing else; it works where the records do not exist. Out: [`Answer`]. A question is a [`Query`], written as
//! `alter=0-17 & leistung=SGB II` or in words ([`phrase::read`]); it is answered by adding published numbers of one place, never by taking one
//! from another. Where one of them is withheld the answer of that place is withheld, and sums over places say that they are lower bounds.
//! Uses `grid`, `geodesy`, `confidential::Status`; used by `serve`, `pipeline` and `cli`.

mod answer;
mod band;
mod error;
mod outline;
pub mod phrase;
mod query;
mod stock;
mod stock_file;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Options, Place, Whole, answer};
pub(crate) use answer::{decimal, grouped, places};
pub use error::AskError;
pub use outline::{LEAST_PEOPLE, Outline};
pub use query::{Chip, Query, Reading};
pub use stock::{Column, Count, Dimension, Shelf, Stock};
