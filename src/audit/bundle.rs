//! A bundle as the attacker has it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::audit::statement::Place;
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
    /// What there is of sums of measures.
    pub(super) sums: Sums,
}

/// Sums of measures, each against its count.
#[derive(Default)]
pub(super) struct Sums {
    /// How many are shown.
    pub(super) shown: u64,
    /// How many are withheld.
    pub(super) withheld: u64,
    /// Shown though the count is withheld, or though only one or two contribute: date, place, unit and column of the count.
    pub(super) bare: Vec<(usize, Place, (usize, usize), Bare)>,
}

/// Why a sum should not be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bare {
    /// Its count is withheld.
    CountWithheld,
    /// It is one contribution.
    One,
    /// Each of two has the other's contribution.
    Two,
}

/// The published numbers of one date.
pub(super) struct Date {
    pub(super) name: Option<String>,
    /// As [`Bundle::sizes`].
    pub(super) grids: Vec<Published<CellId>>,
    /// As [`Bundle::systems`].
    pub(super) areas: Vec<Published<Arc<str>>>,
    /// What is known of numbers from elsewhere.
    pub(super) bounds: Vec<Bound>,
}

/// A number lies between two others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    pub(super) place: Place,
    /// Unit and column.
    pub(super) at: (usize, usize),
    pub(super) least: i64,
    pub(super) most: i64,
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

/// In place of a grid level where a bundle has areas only: one unit of all records, of which nothing is published. Area systems hang together
/// through its pieces, which are the combinations of areas that records can lie in.
pub(super) const WHOLE: &str = "whole";

impl Bundle {
    /// Whether the bundle has areas only.
    pub(super) fn gridless(&self) -> bool {
        self.sizes.first().is_some_and(|(name, _)| name == WHOLE)
    }

    /// The coarsest finer level that nests in a level: the one before, in a bundle by itself.
    pub(super) fn nested_in(&self, level: usize) -> usize {
        let metres = |level: usize| self.sizes[level].1.metres();
        (0..level).rev().find(|&finer| metres(level).is_multiple_of(metres(finer))).unwrap_or(0)
    }

    /// Below what counts are withheld.
    pub(super) fn threshold(&self) -> Option<i64> {
        self.parameters.get("threshold").and_then(|threshold| threshold.parse().ok())
    }

    /// The position of the total.
    pub(super) fn total(&self) -> Option<usize> {
        self.columns.iter().position(|(table, _)| table == "total")
    }
}

impl Date {
    /// All numbers, level by level, unit after unit.
    pub(super) fn levels(&self) -> impl Iterator<Item = (Place, &Vec<i64>)> {
        let grids = self.grids.iter().enumerate().map(|(level, p)| (Place::Grid(level as u32), &p.numbers));
        grids.chain(self.areas.iter().enumerate().map(|(system, p)| (Place::Areas(system as u32), &p.numbers)))
    }
}
