//! The closed room: records come in, a protected [`Release`] goes out, through one door.
//!
//! Inside, data flows `records` → `georeference` → `cube` → `disclosure`. Nothing individual leaves: no coordinate, address or id, and no
//! count that did not go through disclosure control. Later rooms see only what is re-exported here: the lattice, the release
//! and the account of what was read.

mod account;
mod cube;
mod disclosure;
mod georeference;
mod lattice;
mod raw_count;
mod records;

pub use account::{Account, Located, Reason, Rejects};
#[cfg(test)]
pub(crate) use disclosure::for_tests;
pub use disclosure::{Block, ProtectedCount, Release, Status};
pub use lattice::{Column, Dimension, Lattice, Level, Table, Unit};
