//! Two numbers in one map: three classes of each, nine colours.
//!
//! A unit is withheld if one of its two numbers is, and without data if one has none. It is zero if both are; a zero beside another number is in the
//! lowest class of its axis. Everything else has one of the nine colours.

use crate::confidential::{Column, Level, Release};
use crate::grid::GridSize;
use crate::layer::classes::{Classes, Division};
use crate::layer::field::fields;
use crate::layer::palette::{Ramp, Square};
use crate::layer::symbology::{SymbologyError, tally};

/// A wish for a map of two numbers. Rules that name the same two make one map; of those that fit a level, the last decides on its classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairRule {
    /// The level it is for; all, if not said.
    pub level: Option<String>,
    /// The two fields' technical names.
    pub fields: [String; 2],
    /// Whether their shares in the total are shown in place of the numbers.
    pub share: bool,
    /// Where the second and third class of each begin; quantiles, if not said. Shares in thousandths.
    pub breaks: [Option<Vec<i64>>; 2],
}

/// A map of two numbers.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Its name in file names: `age_65_plus-by-sex_f`, shares with `_share` behind it. No field has a hyphen.
    pub name: String,
    /// Positions in [`crate::confidential::Lattice::columns`].
    pub columns: [usize; 2],
    /// Whether shares in the total are shown, in thousandths.
    pub share: bool,
    levels: Vec<(Level, PairTheme)>,
}

/// The classes of a pair at one level, the same at all dates.
#[derive(Clone, Debug)]
pub struct PairTheme {
    /// How each number was divided.
    pub divisions: [Division; 2],
    /// At most three classes of each number. Their colours have no meaning here: [`Square`] has those of the pair.
    pub axes: [Classes; 2],
    /// As in [`crate::layer::Theme::per`].
    pub per: Option<GridSize>,
}

/// One of nine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairClass {
    /// Class of the first and of the second number, from 0.
    pub at: [usize; 2],
    /// From which value on and below which, of the first and of the second number.
    pub bounds: [(Option<i64>, Option<i64>); 2],
    /// Its colour.
    pub color: &'static str,
}

impl Pair {
    /// Classes of each of two numbers.
    pub const CLASSES: usize = 3;

    /// All maps that the rules ask for, in their order. Costs a walk over the units for each number and level.
    pub(super) fn all(release: &Release, rules: &[PairRule]) -> Result<Vec<Self>, SymbologyError> {
        let lattice = &release.lattice;
        let (columns, fields) = (lattice.columns(), fields(lattice));
        let levels: Vec<(Level, String)> = lattice.levels().into_iter().map(|level| (level, lattice.level_name(level))).collect();
        let mut pairs: Vec<Self> = Vec::new();
        for rule in rules {
            if let Some(level) = rule.level.as_ref().filter(|&level| !levels.iter().any(|(_, name)| name == level)) {
                let known = levels.iter().map(|(_, name)| name.clone()).collect();
                return Err(SymbologyError { key: "bivariate.level", name: level.clone(), known, share: false });
            }
            let fits = |column: &Column| !rule.share || is_part(column);
            let known = || fields.iter().zip(&columns).filter(|(_, column)| fits(column)).map(|(field, _)| field.name.clone());
            let position = |name: &String| {
                let found = fields.iter().position(|field| field.name == *name).filter(|&at| fits(&columns[at]));
                found.ok_or_else(|| {
                    let share = rule.share && fields.iter().any(|field| field.name == *name);
                    SymbologyError { key: "bivariate.fields", name: name.clone(), known: known().collect(), share }
                })
            };
            let both = [position(&rule.fields[0])?, position(&rule.fields[1])?];
            if pairs.iter().any(|pair| pair.columns == both && pair.share == rule.share) {
                continue;
            }
            let of_level = |(level, name): &(Level, String)| {
                let same = |other: &&PairRule| other.fields == rule.fields && other.share == rule.share;
                let last = rules.iter().rev().filter(same).find(|r| r.level.as_ref().is_none_or(|level| level == name));
                (*level, PairTheme::of(release, *level, both, (rule.share, last.map(|rule| &rule.breaks))))
            };
            pairs.push(Self {
                name: format!("{}-by-{}{}", rule.fields[0], rule.fields[1], if rule.share { "_share" } else { "" }),
                columns: both,
                share: rule.share,
                levels: levels.iter().map(of_level).collect(),
            });
        }
        Ok(pairs)
    }

    /// The classes at a level of the release it was made for.
    pub fn theme(&self, level: Level) -> &PairTheme {
        &self.levels.iter().find(|(other, _)| *other == level).expect("all levels of the lattice are here").1
    }
}

/// Whether a number is a part of the total, so that it has a share in it.
pub(super) fn is_part(column: &Column) -> bool {
    column.measure.is_none() && column.group.len() == 1
}

impl PairTheme {
    fn of(release: &Release, level: Level, columns: [usize; 2], (share, breaks): (bool, Option<&[Option<Vec<i64>>; 2]>)) -> Self {
        let all = release.lattice.columns();
        let division = |axis: usize| {
            let manual = breaks.and_then(|breaks| breaks[axis].clone());
            manual.map_or(Division::Quantile, Division::Manual)
        };
        let divisions = [division(0), division(1)];
        let classes = |axis: usize| {
            let column = columns[axis];
            let (numbers, shares) = tally(release, level, &all[column..=column], column).remove(0);
            let histogram = if share { shares.unwrap_or_default() } else { numbers };
            Classes::new(&histogram, &divisions[axis], Pair::CLASSES, Ramp::TOTAL)
        };
        let axes = [classes(0), classes(1)];
        let per = release.lattice.joined.filter(|_| release.lattice.adaptive(level) && !share);
        Self { divisions, axes, per }
    }

    /// The classes, those of the first number outside; none where nothing is published of one of them.
    pub fn classes(&self) -> Vec<PairClass> {
        let bounds = |axis: usize| self.axes[axis].with_bounds().map(|(_, from, below)| (from, below)).collect::<Vec<_>>();
        let (first, second) = (bounds(0), bounds(1));
        let mut classes = Vec::new();
        for (i, &a) in first.iter().enumerate() {
            for (j, &b) in second.iter().enumerate() {
                let color = Square::color([i, j], [first.len(), second.len()]);
                classes.push(PairClass { at: [i, j], bounds: [a, b], color });
            }
        }
        classes
    }
}

impl PairClass {
    /// Its name in styles: `class_1_3`.
    pub fn name(&self) -> String {
        format!("class_{}_{}", self.at[0] + 1, self.at[1] + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidential::for_tests::{Number, block, release};
    use crate::confidential::{Dimension, Lattice, Table, Unit};
    use crate::error::{Failure, Language};
    use crate::grid::{CellId, GridSizes};
    use crate::layer::Symbology;

    /// Cells of 100 m in a row, each with its total and two groups.
    fn sample(numbers: Vec<[Number; 3]>) -> Release {
        let dimension = Dimension { name: "kind".into(), label: "Kind".into(), categories: vec!["a".into(), "b".into()] };
        let lattice = Lattice {
            sizes: GridSizes::new(&[100]).unwrap(),
            joined: None,
            systems: Vec::new(),
            dimensions: vec![dimension],
            tables: vec![Table(vec![]), Table(vec![0])],
            measures: Vec::new(),
            dates: vec![None],
        };
        let size = lattice.sizes.finest();
        let unit = |i: usize| Unit::Cell(CellId::of_corner(size, 4_300_000 + 100 * i as i32, 3_400_000).unwrap());
        let units = (0..numbers.len()).map(unit).collect();
        let block = block(0, Level::Grid(size), units, numbers.into_iter().flatten());
        release(lattice, vec![block])
    }

    fn rule(share: bool, breaks: [Option<Vec<i64>>; 2]) -> PairRule {
        PairRule { level: None, fields: ["kind_a".into(), "kind_b".into()], share, breaks }
    }

    fn starts(release: &Release, rule: PairRule) -> [Vec<i64>; 2] {
        let symbology = Symbology::of(release).with_pairs(release, &[rule]).unwrap();
        let theme = symbology.pairs()[0].theme(release.blocks[0].level);
        theme.axes.each_ref().map(|classes| classes.0.iter().map(|class| class.from).collect())
    }

    #[test]
    fn axes_are_divided_by_published_numbers_or_where_the_plan_says() {
        use Number::{NoData, Published, Suppressed};
        let mut numbers: Vec<[Number; 3]> = (1..=9).map(|n| [Published(100), Published(n), Published(10 * n)]).collect();
        numbers.push([Published(100), Suppressed, NoData]);
        let release = sample(numbers);
        assert_eq!(starts(&release, rule(false, [None, None])), [vec![1, 4, 7], vec![10, 40, 70]]);
        assert_eq!(starts(&release, rule(true, [None, None])), [vec![10, 40, 70], vec![100, 400, 700]]);
        assert_eq!(starts(&release, rule(false, [Some(vec![5, 8]), None])), [vec![1, 5, 8], vec![10, 40, 70]]);
    }

    #[test]
    fn nine_classes_meet_without_overlap() {
        let numbers = (1..=9).map(|n| [Number::Published(100), Number::Published(n), Number::Published(n)]).collect();
        let release = sample(numbers);
        let symbology = Symbology::of(&release).with_pairs(&release, &[rule(false, [None, None])]).unwrap();
        let classes = symbology.pairs()[0].theme(release.blocks[0].level).classes();
        let within =
            |(from, below): (Option<i64>, Option<i64>), n: i64| from.is_none_or(|f| f <= n) && below.is_none_or(|b| n < b);
        for (a, b) in (0..12).flat_map(|a| (0..12).map(move |b| (a, b))) {
            let found = classes.iter().filter(|c| within(c.bounds[0], a) && within(c.bounds[1], b)).count();
            assert_eq!(found, 1, "{a} and {b}");
        }
        assert_eq!((classes.len(), classes[8].color, classes[8].name()), (9, "#465343", "class_3_3".to_owned()));
    }

    #[test]
    fn a_number_without_a_share_is_refused() {
        let release = sample(vec![[Number::Published(9), Number::Published(4), Number::Published(5)]]);
        let wish = |fields: [&str; 2], share| PairRule { fields: fields.map(str::to_owned), share, ..PairRule::default() };
        let told = |rule| Symbology::of(&release).with_pairs(&release, &[rule]).unwrap_err().explain(Language::English);
        let (share, unknown) = (told(wish(["total", "kind_a"], true)), told(wish(["kind_c", "kind_a"], false)));
        assert!(share.contains("`total`, which is no part of the total") && share.contains("kind_a, kind_b"), "{share}");
        assert!(unknown.contains("`kind_c`, which is not published"), "{unknown}");
    }
}
