//! A bundle as the attacker has it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::grid::{CellId, GridSize};

/// A number as published: from 0, or one of these.
pub(super) const WITHHELD: i64 = -1;
/// No data.
pub(super) const NO_DATA: i64 = -2;

/// Everything the attacker reads.
pub(super) struct Bundle {
    pub(super) method: String,
    pub(super) parameters: BTreeMap<String, String>,
    /// Records placed, where it is told.
    pub(super) placed: Option<i64>,
    /// Records outside the areas of each system, where it is told.
    pub(super) outside: BTreeMap<String, Option<i64>>,
    /// Table and group of each column.
    pub(super) columns: Vec<(String, String)>,
    /// Names of grid levels, finest first, with their sizes.
    pub(super) sizes: Vec<(String, GridSize)>,
    /// Names of area systems.
    pub(super) systems: Vec<String>,
    /// Dates in the order of the file.
    pub(super) dates: Vec<Date>,
    /// For each finest cell its pieces: the area's key in every system.
    pub(super) incidence: FxHashMap<CellId, Vec<Vec<Option<Arc<str>>>>>,
}

/// The published numbers of one date.
pub(super) struct Date {
    pub(super) name: Option<String>,
    /// As [`Bundle::sizes`].
    pub(super) grids: Vec<Published<CellId>>,
    /// As [`Bundle::systems`].
    pub(super) areas: Vec<Published<Arc<str>>>,
}

/// Units of one level, and one number for each unit and column.
pub(super) struct Published<U> {
    pub(super) units: Vec<U>,
    pub(super) numbers: Vec<i64>,
}

impl<U> Default for Published<U> {
    fn default() -> Self {
        Self { units: Vec::new(), numbers: Vec::new() }
    }
}

impl Bundle {
    /// The position of the total.
    pub(super) fn total(&self) -> Option<usize> {
        self.columns.iter().position(|(table, _)| table == "total")
    }
}
