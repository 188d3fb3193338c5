//! Positions and groups in, raw counts per atom out.
//!
//! A [`Cube`] never leaves `confidential`; only `disclosure` reads its counts. While records are counted, categories, dates and
//! combinations of areas have numbers as they come and atoms lie in hash maps; at the end everything is ranked and sorted, so that a cube
//! does not depend on threads, order or chunks. Uses `records` and `georeference`; used by `count`.

mod age;
mod areas;
mod builder;
mod category;
mod cell_rows;
mod contribution;
mod count_table;
mod cut_off;
mod date;
mod dates;
mod dimension;
mod error;
mod finish;
mod identity;
mod joined;
mod key;
mod measure;
mod narrow;
mod natural;
mod numbered;
mod spill;
mod tally;
mod validity;

pub(in crate::confidential) use age::{ages, parse_birth};
pub(in crate::confidential) use builder::{CubeBuilder, CubeColumns, CubeSpec, Filler};
pub(in crate::confidential) use contribution::Contributions;
pub use contribution::Contributor;
pub use cut_off::{CutOff, MonthDay};
pub(in crate::confidential) use date::parse_date;
pub use dimension::{DateSpec, DimensionKind, DimensionSpec, MeasureSpec, Missing};
pub(in crate::confidential) use validity::Validity;

use crate::confidential::lattice::Dimension;
use crate::confidential::raw_count::RawCount;
use crate::grid::CellId;

/// The finest piece that anything published is a sum of: finest cell × area of every system × finest group × date.
/// Orders by date, cell, areas, group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::confidential) struct AtomKey {
    /// Position into [`Cube::dates`].
    pub date: u16,
    /// The cell of the finest size.
    pub cell: CellId,
    /// Position into [`Cube::area_tuples`].
    pub areas: u32,
    /// The finest group: one category of each of [`Cube::dimensions`], as a mixed-radix number with the last dimension fastest.
    pub group: u64,
}

/// Raw counts, sorted by key.
pub(in crate::confidential) struct Cube {
    /// All dimensions any table uses, with their categories in the order they are shown.
    pub dimensions: Vec<Dimension>,
    /// Reference dates as ISO 8601 text, ascending; one `None` where the records have no date.
    pub dates: Vec<Option<String>>,
    /// Combinations of areas that occur: for each system the area's position, or `None` outside all; ascending.
    pub area_tuples: Vec<Vec<Option<u32>>>,
    /// Atoms with at least one record, ascending.
    pub keys: Vec<AtomKey>,
    /// For each atom the records in it.
    pub counts: Vec<RawCount>,
    /// For each measure, for each atom the sum over its records, in ten-thousandths of the measure's unit.
    pub sums: Vec<Vec<RawSum>>,
    /// For each atom the keys of its records added up; empty unless the method asks for them.
    pub record_keys: Vec<CellKey>,
    /// Who contributed to which atom; empty unless a rule asks for it.
    pub contributions: Contributions,
}

/// A measure summed over the records of an atom, in ten-thousandths of its unit, unprotected.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::confidential) struct RawSum(pub(in crate::confidential::cube) i64);

impl RawSum {
    /// As much as a test wants, in ten-thousandths.
    #[cfg(test)]
    pub(in crate::confidential) fn of(ten_thousandths: i64) -> Self {
        Self(ten_thousandths)
    }

    /// Takes the number out. Called in `disclosure` only; a test over the sources keeps it so.
    pub(in crate::confidential) fn expose(self) -> i64 {
        self.0
    }
}

/// Permanent keys of records, added with wrapping. Secret like the key they come from: no `Debug`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::confidential) struct CellKey(u64);

impl CellKey {
    /// A key.
    pub(in crate::confidential) fn of(key: u64) -> Self {
        Self(key)
    }

    /// The key of both.
    pub(in crate::confidential) fn with(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    /// Takes the number out. Called in `disclosure` only; a test over the sources keeps it so.
    pub(in crate::confidential) fn expose(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
impl RawSum {
    /// A sum for tests of later parts.
    pub(in crate::confidential) fn for_tests(parts: i64) -> Self {
        Self(parts)
    }
}
