//! The lattice after disclosure control: the only thing that writers see.

use std::fmt;
use std::ops::Range;

use crate::confidential::lattice::{Lattice, Level, Unit};

/// What a published number says about itself; distinct in every format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// A number.
    Value,
    /// Nobody.
    Zero,
    /// Withheld: neither zero nor any other number may be read into it.
    Suppressed,
    /// A number that is shown but not reliable.
    Uncertain,
    /// No data.
    None,
}

impl Status {
    /// All statuses.
    pub const ALL: [Self; 5] = [Self::Value, Self::Zero, Self::Suppressed, Self::Uncertain, Self::None];

    /// The technical name, the same in every format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Zero => "zero",
            Self::Suppressed => "suppressed",
            Self::Uncertain => "uncertain",
            Self::None => "none",
        }
    }
}

// One word a number: statuses without a number are reserved values at the lower end, an uncertain number has bit 62 flipped
// against its sign. Numbers stay within ±2^61.
const SUPPRESSED: i64 = i64::MIN;
const NO_DATA: i64 = i64::MIN + 1;
const LIMIT: i64 = 1 << 61;
const UNCERTAIN_OFFSET: i64 = 1 << 62;

/// A number that went through disclosure control, or the sign that stands in its place. Only `disclosure` makes one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ProtectedCount(i64);

impl ProtectedCount {
    /// A published number; zero becomes [`Status::Zero`].
    pub(in crate::confidential::disclosure) fn published(number: i64) -> Self {
        assert!(number.abs() < LIMIT, "a published number is below 2^61");
        Self(number)
    }

    /// A published but unreliable number.
    #[cfg(test)]
    pub(in crate::confidential::disclosure) fn uncertain(number: i64) -> Self {
        assert!(number.abs() < LIMIT, "a published number is below 2^61");
        Self(number + UNCERTAIN_OFFSET)
    }

    /// Withheld.
    pub(in crate::confidential::disclosure) const SUPPRESSED: Self = Self(SUPPRESSED);

    /// No data.
    pub(in crate::confidential::disclosure) const NO_DATA: Self = Self(NO_DATA);

    /// What the number says about itself.
    #[inline]
    pub fn status(self) -> Status {
        match self.0 {
            SUPPRESSED => Status::Suppressed,
            NO_DATA => Status::None,
            0 => Status::Zero,
            n if n > LIMIT => Status::Uncertain,
            _ => Status::Value,
        }
    }

    /// The number, where one is published.
    #[inline]
    pub fn value(self) -> Option<i64> {
        match self.0 {
            SUPPRESSED | NO_DATA => None,
            n if n > LIMIT => Some(n - UNCERTAIN_OFFSET),
            n => Some(n),
        }
    }
}

impl fmt::Debug for ProtectedCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value() {
            Some(number) => write!(f, "{number} ({})", self.status().name()),
            None => f.write_str(self.status().name()),
        }
    }
}

/// One level of one date: units in ascending order, each with one number for every column of the lattice.
#[derive(Clone, Debug)]
pub struct Block {
    /// Position into [`Lattice::dates`].
    pub date: usize,
    /// The geographic level.
    pub level: Level,
    /// Listed units, ascending.
    pub units: Vec<Unit>,
    pub(in crate::confidential::disclosure) numbers: Vec<ProtectedCount>,
}

impl Block {
    /// The numbers of the unit at this position in [`Block::units`], one for each of [`Lattice::columns`].
    pub fn numbers(&self, unit: usize) -> &[ProtectedCount] {
        let columns = self.numbers.len() / self.units.len().max(1);
        &self.numbers[unit * columns..(unit + 1) * columns]
    }

    /// The same of several units, one after the other.
    pub fn all_numbers(&self, units: Range<usize>) -> &[ProtectedCount] {
        let columns = self.numbers.len() / self.units.len().max(1);
        &self.numbers[units.start * columns..units.end * columns]
    }
}

/// The protected lattice, and what was done to it.
#[derive(Clone, Debug)]
pub struct Release {
    /// What is published.
    pub lattice: Lattice,
    /// One block for each date and level, dates ascending, levels as in [`Lattice::levels`].
    pub blocks: Vec<Block>,
    /// The method's technical name: `suppress`, `round`, `cell-key`, `none`.
    pub method: &'static str,
    /// Rules and parameters that may be told, by technical name (`threshold`: `5`, `zeros`: `public`, `reason`: …).
    pub parameters: Vec<(&'static str, String)>,
}

/// What is told of zeros where small counts were changed.
pub(super) const ZEROS_MAY_BE_SMALL_COUNTS: &str = "may stand for small counts";

impl Release {
    /// Whether a zero does not say that nobody is there.
    pub fn zeros_may_be_small_counts(&self) -> bool {
        self.parameters.iter().any(|(name, told)| *name == "zeros" && told == ZEROS_MAY_BE_SMALL_COUNTS)
    }

    /// Drops the numbers of all cells but the coarsest, when everything is written: these and those of areas are enough to tell what there is
    /// in all, and the rest is most of the memory.
    pub fn forget_finer_cells(&mut self) {
        let coarsest = Level::Grid(self.lattice.sizes.coarsest());
        let finer = |block: &&mut Block| matches!(block.level, Level::Grid(_)) && block.level != coarsest;
        self.blocks.iter_mut().filter(finer).for_each(|block| block.numbers = Vec::new());
    }
}

/// Hand-made releases for the tests of writers.
#[cfg(test)]
pub(crate) mod for_tests {
    use super::{Block, Lattice, Level, ProtectedCount, Release, Unit};

    /// A number as tests write it down.
    #[derive(Clone, Copy, Debug)]
    pub(crate) enum Number {
        Published(i64),
        Uncertain(i64),
        Suppressed,
        NoData,
    }

    /// A block whose numbers are given by unit and column.
    pub(crate) fn block(date: usize, level: Level, units: Vec<Unit>, numbers: impl IntoIterator<Item = Number>) -> Block {
        let protect = |number| match number {
            Number::Published(n) => ProtectedCount::published(n),
            Number::Uncertain(n) => ProtectedCount::uncertain(n),
            Number::Suppressed => ProtectedCount::SUPPRESSED,
            Number::NoData => ProtectedCount::NO_DATA,
        };
        Block { date, level, units, numbers: numbers.into_iter().map(protect).collect() }
    }

    /// A release of these blocks.
    pub(crate) fn release(lattice: Lattice, blocks: Vec<Block>) -> Release {
        Release { lattice, blocks, method: "none", parameters: vec![("reason", "made by a test".to_owned())] }
    }
}
