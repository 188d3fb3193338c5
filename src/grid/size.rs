//! The side of a grid square, and the nested list of sides that a run uses.

use std::fmt;

use crate::error::{Failure, Kind, Language};
use crate::say;

/// The side of a grid square in metres: 10 m to 100 km, at most three significant digits, so that a [`crate::grid::CellId`]
/// stays below 2^53.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GridSize(u32);

impl GridSize {
    /// The smallest side, metres.
    pub const MIN_M: u32 = 10;
    /// The largest side, metres.
    pub const MAX_M: u32 = 100_000;

    /// A side of `size_m` metres.
    pub fn new(size_m: u32) -> Result<Self, SizeError> {
        if !(Self::MIN_M..=Self::MAX_M).contains(&size_m) {
            return Err(SizeError::OutOfRange { size_m });
        }
        let mut digits = size_m;
        while digits.is_multiple_of(10) {
            digits /= 10;
        }
        if digits > 999 { Err(SizeError::TooManyDigits { size_m }) } else { Ok(Self(size_m)) }
    }

    /// A side that was taken from a packed id, which is made from valid sides only.
    #[inline]
    pub(in crate::grid) fn of_packed(size_m: u32) -> Self {
        debug_assert!(Self::new(size_m).is_ok());
        Self(size_m)
    }

    /// The side in metres.
    pub fn metres(self) -> u32 {
        self.0
    }

    /// The name of the level in every output: `100m`, `1km`, `2500m`.
    pub fn level_name(self) -> String {
        if self.0.is_multiple_of(1000) { format!("{}km", self.0 / 1000) } else { format!("{}m", self.0) }
    }
}

impl fmt::Debug for GridSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.level_name())
    }
}

/// Sizes of which each divides the next: finest first, at least one, no size twice; or none, where only areas are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridSizes {
    counted: Vec<GridSize>,
    published: bool,
}

impl GridSizes {
    /// Sorts the sizes and checks that they nest.
    pub fn new(sizes_m: &[u32]) -> Result<Self, SizeError> {
        let mut sizes = sizes_m.iter().map(|&m| GridSize::new(m)).collect::<Result<Vec<_>, _>>()?;
        sizes.sort_unstable();
        sizes.dedup();
        if sizes.is_empty() {
            return Err(SizeError::Empty);
        }
        for pair in sizes.windows(2) {
            if pair[1].0 % pair[0].0 != 0 {
                return Err(SizeError::NotNested { fine_m: pair[0].0, coarse_m: pair[1].0 });
            }
        }
        Ok(Self { counted: sizes, published: true })
    }

    /// No grid: only areas are published. Places are still found by cells of 1 km, which nobody sees.
    pub fn none() -> Self {
        Self { counted: vec![GridSize(1000)], published: false }
    }

    /// Whether there is a grid.
    pub fn published(&self) -> bool {
        self.published
    }

    /// The finest size: the one that atoms are counted by.
    pub fn finest(&self) -> GridSize {
        self.counted[0]
    }

    /// The coarsest size.
    pub fn coarsest(&self) -> GridSize {
        self.counted[self.counted.len() - 1]
    }

    /// All sizes that are published, finest first.
    pub fn as_slice(&self) -> &[GridSize] {
        if self.published { &self.counted } else { &[] }
    }

    /// All sizes that atoms are counted by, finest first: those published, or one where none is.
    pub fn counted(&self) -> &[GridSize] {
        &self.counted
    }
}

impl Default for GridSizes {
    /// 100, 500, 1000, 5000 and 10 000 m.
    fn default() -> Self {
        Self { counted: [100, 500, 1000, 5000, 10_000].map(GridSize).to_vec(), published: true }
    }
}

/// Sizes that cannot be used together, or at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeError {
    /// No size was given.
    Empty,
    /// A side below 10 m or above 100 km.
    OutOfRange {
        /// The side that was given.
        size_m: u32,
    },
    /// A side with more than three significant digits.
    TooManyDigits {
        /// The side that was given.
        size_m: u32,
    },
    /// A size that is no multiple of the next finer one.
    NotNested {
        /// The finer size.
        fine_m: u32,
        /// The coarser size.
        coarse_m: u32,
    },
}

impl Failure for SizeError {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn explain(&self, language: Language) -> String {
        match *self {
            Self::Empty => say!(
                language,
                "no grid size given: name at least one, for example 100",
                "keine Gittergröße angegeben: mindestens eine nennen, zum Beispiel 100"
            ),
            Self::OutOfRange { size_m } => say!(
                language,
                "grid size {size_m} m is out of range: sides from 10 m to 100000 m are possible",
                "Gittergröße {size_m} m liegt außerhalb des Bereichs: möglich sind Seiten von 10 m bis 100000 m"
            ),
            Self::TooManyDigits { size_m } => say!(
                language,
                "grid size {size_m} m has more than three significant digits: take a rounder size, for example 100, 250 or 1000",
                "Gittergröße {size_m} m hat mehr als drei gültige Ziffern: eine rundere wählen, zum Beispiel 100, 250 oder 1000"
            ),
            Self::NotNested { fine_m, coarse_m } => say!(
                language,
                "grid sizes do not nest: {coarse_m} m is no multiple of {fine_m} m; leave one of them out",
                "Gittergrößen liegen nicht ineinander: {coarse_m} m ist kein Vielfaches von {fine_m} m; eine davon weglassen"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_sizes_nest() {
        let metres: Vec<u32> = GridSizes::default().as_slice().iter().map(|s| s.metres()).collect();
        assert_eq!(GridSizes::new(&metres).unwrap(), GridSizes::default());
    }

    #[test]
    fn two_hundred_and_fifty_does_not_nest_over_one_hundred() {
        assert_eq!(GridSizes::new(&[250, 100]), Err(SizeError::NotNested { fine_m: 100, coarse_m: 250 }));
        assert!(GridSizes::new(&[250, 500, 1000]).is_ok());
    }

    #[test]
    fn no_grid_has_no_size_to_show() {
        let none = GridSizes::none();
        assert!(none.as_slice().is_empty() && !none.published() && none.counted() == [none.finest()]);
        assert!(GridSizes::default().published() && GridSizes::default().counted() == GridSizes::default().as_slice());
    }

    #[test]
    fn level_names() {
        let name = |m| GridSize::new(m).unwrap().level_name();
        assert_eq!([name(100), name(1000), name(10_000), name(2500)], ["100m", "1km", "10km", "2500m"]);
    }
}
