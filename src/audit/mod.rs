//! The attack on what is published: what can be found out of the numbers that are withheld.
//!
//! In: a finished bundle or a plain table, nothing else. Out: for every withheld number an interval and whether it is exactly known, shown
//! to be safe, or not proven. Shares no code with `confidential`; what the attack claims is checked by `certificate`, which shares no code
//! with the attack. `release_attack` replays the named attacks on a bundle (`groups`, `sums` and `averaging` are some of them), `together` makes one
//! bundle of several, `answers` reads what a server told beside it, `shown` tells what one shows. Uses `error`, `progress`, `geodesy`, `grid` and the
//! reader of plain tables; used by the command line.

mod answers;
mod attack;
mod averaging;
mod bundle;
mod bundle_error;
mod bundle_file;
mod certificate;
mod columns;
mod findings;
mod groups;
mod perturbed;
mod propagation;
mod release_attack;
mod release_rows;
mod shown;
mod simplex;
mod span;
mod statement;
#[cfg(test)]
mod statement_tests;
mod sums;
mod system;
mod table;
mod table_error;
#[cfg(test)]
mod tests;
mod together;
mod told;

pub use attack::{Contradiction, Found, Limits, Standing, attack};
pub use bundle_error::BundleError;
pub use findings::{AtRisk, Attempt, Audited, Named, NotTried};
pub use release_attack::{audit, audit_together, audit_with_answers};
pub use shown::{Shown, shown};
pub use system::{Equation, System};
pub use table::{AttackedTable, TOTAL, TableSpec, attack_table};
pub use table_error::TableError;
