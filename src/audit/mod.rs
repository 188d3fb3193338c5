//! The attack on what is published: what can be found out of the numbers that are withheld.
//!
//! In: a finished bundle or a plain table, nothing else. Out: for every withheld number an interval and whether it is exactly known, shown
//! to be safe, or not proven. Shares no code with `confidential`; what the attack claims is checked by `certificate`, which shares no code
//! with the attack. Uses `error`, `progress` and `grid`; used by the command line.

mod attack;
mod certificate;
mod propagation;
mod simplex;
mod span;
mod system;
mod table;
mod table_error;
#[cfg(test)]
mod tests;

pub use attack::{Contradiction, Found, Limits, Standing, attack};
pub use system::{Equation, System};
pub use table::{AttackedTable, TOTAL, TableSpec, attack_table};
pub use table_error::TableError;
