//! The closed room: records come in, a protected [`Release`] goes out, through one door.
//!
//! Inside, data flows `records` → `georeference` → `cube` → `disclosure`. Nothing individual leaves: no coordinate, address or id, and no
//! count that did not go through disclosure control. Later rooms see only what is re-exported here: the lattice, the release
//! and the account of what was read.

mod account;
mod cube;
mod disclosure;
mod georeference;
mod inspect;
mod lattice;
mod raw_count;
mod records;

pub use account::{Account, Located, Reason, Rejects};
pub use disclosure::{Block, ProtectedCount, Release, Status};
pub use inspect::{ColumnFinding, Distinct, GuessSystems, Inspection, PositionFinding, Role, SystemSource, ValueType, inspect};
pub use lattice::{Column, Dimension, Lattice, Level, Table, Unit};
pub use records::{Dialect, declared_system};
