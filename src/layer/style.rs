//! Classes and colours of a layer: the same in every style and legend.

use crate::confidential::{Release, Status, Unit};
use crate::grid::GridSize;
use crate::layer::Layer;

/// Colours as `#rrggbb`.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    /// Class colours, low to high.
    pub classes: [&'static str; 6],
    /// Nobody lives here.
    pub zero: &'static str,
    /// Withheld.
    pub suppressed: &'static str,
    /// Laid over the class colour of an unreliable number.
    pub uncertain: &'static str,
    /// Outlines of areas.
    pub outline: &'static str,
    /// Behind everything; what has no data shows it.
    pub background: &'static str,
}

impl Palette {
    /// Sequential yellow to green to blue, which stays in order for colour-blind readers and in grey print (ColorBrewer 2.0 `YlGnBu`, 6 classes,
    /// Cynthia Brewer, Apache-2.0); withheld is a grey violet that no class comes near.
    pub const DEFAULT: Self = Self {
        classes: ["#ffffcc", "#c7e9b4", "#7fcdbb", "#41b6c4", "#2c7fb8", "#253494"],
        zero: "#e2dfd6",
        suppressed: "#cfc4d6",
        uncertain: "#ffffff",
        outline: "#4a4a55",
        background: "#f8f8f6",
    };
}

/// One class of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// The smallest published number in the class.
    pub from: i64,
    /// The largest published number in the class.
    pub to: i64,
    /// Its colour.
    pub color: &'static str,
}

/// The classes of one column of one layer. A class goes up to, not including, the next one's `from`; the first has no lower end but
/// leaves zero out, the last has no upper end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Classes(pub Vec<Class>);

impl Classes {
    /// Quantiles of the numbers that are published and not zero; withheld numbers have no part in them. Fewer than six classes where
    /// numbers repeat; none where no number is published. Costs one sort of the column.
    pub fn quantiles(layer: &Layer<'_>, column: usize) -> Self {
        let published = |unit: usize| {
            let number = layer.block.numbers(unit)[column];
            matches!(number.status(), Status::Value | Status::Uncertain).then(|| number.value()).flatten()
        };
        Self::of_numbers((0..layer.block.units.len()).filter_map(published).collect())
    }

    /// Quantiles of the density of a level with cells of several sizes: persons in as much land as a cell of the largest size has, so that a large
    /// cell does not look crowded for being large. A class is reached by a cell of side s from `from` · (s / largest)² on.
    pub fn densities(layer: &Layer<'_>, column: usize, largest: GridSize) -> Self {
        let density = |unit: usize| {
            let number = layer.block.numbers(unit)[column];
            let published = matches!(number.status(), Status::Value | Status::Uncertain);
            match layer.block.units[unit] {
                Unit::Cell(cell) if published => number.value().map(|value| value * times(cell.size(), largest)),
                _ => None,
            }
        };
        Self::of_numbers((0..layer.block.units.len()).filter_map(density).collect())
    }

    /// Quantiles of these numbers, zeros left out.
    pub fn of_numbers(mut numbers: Vec<i64>) -> Self {
        numbers.retain(|&n| n != 0);
        numbers.sort_unstable();
        Self::of_sorted(&numbers)
    }

    /// The class of a number that is not zero, by position.
    pub fn class_of(&self, number: i64) -> usize {
        self.0.partition_point(|class| class.from <= number).saturating_sub(1)
    }

    fn of_sorted(numbers: &[i64]) -> Self {
        let colors = Palette::DEFAULT.classes;
        let mut starts: Vec<i64> =
            (0..colors.len()).filter_map(|i| numbers.get(i * numbers.len() / colors.len()).copied()).collect();
        starts.dedup();
        let count = starts.len();
        let class = |i: usize| {
            let end = starts.get(i + 1).map_or(numbers.len(), |next| numbers.partition_point(|n| n < next));
            // Few classes take the whole range of colours, so that low and high stay apart.
            let color = if count == 1 { colors[2] } else { colors[i * (colors.len() - 1) / (count - 1)] };
            Class { from: starts[i], to: numbers[end - 1], color }
        };
        Self((0..count).map(class).collect())
    }

    /// The position of the column that maps show first: the total count.
    pub fn shown_column(release: &Release) -> usize {
        let columns = release.lattice.columns();
        columns.iter().position(|c| c.group.is_empty() && c.measure.is_none()).unwrap_or(0)
    }
}

/// How many cells of a size have as much land as one of the largest.
pub(crate) fn times(size: GridSize, largest: GridSize) -> i64 {
    i64::from(largest.metres() / size.metres()).pow(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_hold_about_as_many_numbers_each() {
        let classes = Classes::of_sorted(&(1..=60).collect::<Vec<_>>());
        let bounds: Vec<_> = classes.0.iter().map(|c| (c.from, c.to)).collect();
        assert_eq!(bounds, [(1, 10), (11, 20), (21, 30), (31, 40), (41, 50), (51, 60)]);
    }

    #[test]
    fn repeated_numbers_make_fewer_classes() {
        let classes = Classes::of_sorted(&[5, 5, 5, 5, 5, 5, 5, 9]);
        assert_eq!(classes.0.iter().map(|c| (c.from, c.to)).collect::<Vec<_>>(), [(5, 9)]);
        let classes = Classes::of_sorted(&[5, 5, 5, 9, 9, 9]);
        assert_eq!(classes.0.iter().map(|c| (c.from, c.to)).collect::<Vec<_>>(), [(5, 5), (9, 9)]);
        assert_eq!(classes.0[1].color, Palette::DEFAULT.classes[5]);
    }

    #[test]
    fn nothing_published_means_no_class() {
        assert_eq!(Classes::of_sorted(&[]), Classes::default());
    }
}
