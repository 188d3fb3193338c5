//! How surely an address was found, and how fine a cell it may then enter.

/// How an address was found in the register. Orders from sure to unsure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Street key and number, or the street letter for letter and the number.
    Exact,
    /// The same words, written otherwise: `Karl Marx Straße 12 A` for `Karl-Marx-Str.` 12a.
    Normalised,
    /// A street of the same town that differs by a letter or two or by the kind of street, has the number, and has no rival.
    Similar,
    /// The street is known but the number (or its suffix) is not: interpolated between its neighbours on the same side.
    NeighbourNumber,
    /// The street alone: the house in its middle.
    Street,
    /// The town alone: no place in a grid.
    Area,
}

impl Grade {
    /// All grades of what was found.
    pub const ALL: [Self; 6] = [Self::Exact, Self::Normalised, Self::Similar, Self::NeighbourNumber, Self::Street, Self::Area];

    /// The stable technical name; what was not found at all is `none`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Normalised => "normalised",
            Self::Similar => "similar",
            Self::NeighbourNumber => "neighbour-number",
            Self::Street => "street",
            Self::Area => "area",
        }
    }
}

/// The smallest cells that each grade may enter. A run counts a record in its finest cell and everything coarser is a sum of those, so a
/// grade enters either all sizes of a run or none: what counts is the finest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// By grade, in the order of [`Grade::ALL`], metres; `None` enters no cell.
    smallest_m: [Option<u32>; 6],
}

impl Default for Admission {
    /// Houses any size; neighbours 250 m, as they are at most that far apart ([`Grade::NeighbourNumber`]); streets 1 km, as half
    /// of a longer one is not taken for its middle; a town none.
    fn default() -> Self {
        Self { smallest_m: [Some(0), Some(0), Some(0), Some(250), Some(1000), None] }
    }
}

impl Admission {
    /// With another smallest side for a grade; `None` for no cell.
    #[must_use]
    pub fn with(mut self, grade: Grade, smallest_m: Option<u32>) -> Self {
        self.smallest_m[grade as usize] = smallest_m;
        self
    }

    /// The smallest side of a cell that the grade may enter.
    pub fn smallest_m(&self, grade: Grade) -> Option<u32> {
        self.smallest_m[grade as usize]
    }

    /// Whether the grade may enter cells of this side.
    pub fn admits(&self, grade: Grade, side_m: u32) -> bool {
        self.smallest_m(grade).is_some_and(|smallest_m| side_m >= smallest_m)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_street_enters_no_cell_of_100_m() {
        let admission = Admission::default();
        let finest = |grade| [10, 100, 250, 1000, 100_000].into_iter().find(|&side_m| admission.admits(grade, side_m));
        assert_eq!(Grade::ALL.map(finest), [Some(10), Some(10), Some(10), Some(250), Some(1000), None]);
    }

    #[test]
    fn a_plan_may_say_otherwise() {
        let strict = Admission::default().with(Grade::Similar, None).with(Grade::Street, Some(5000));
        assert!(
            !strict.admits(Grade::Similar, 100_000) && !strict.admits(Grade::Street, 1000) && strict.admits(Grade::Street, 5000)
        );
    }
}
