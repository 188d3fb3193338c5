//! One description of classes and colours for every published number: maps, styles and legends are all made from it.
//!
//! Classes of a level are the same at all dates, so that maps of two dates compare. They come from published numbers only.

use rayon::prelude::*;

use crate::confidential::{Column, Lattice, Level, Release, Unit};
use crate::error::{Failure, Kind, Language};
use crate::grid::GridSize;
use crate::layer::bivariate::{Pair, PairRule, is_part};
use crate::layer::classes::{Classes, Division, Histogram};
use crate::layer::field::{Field, fields};
use crate::layer::palette::Ramp;
use crate::say;

/// A wish for the classes of some numbers; later wishes go before earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassRule {
    /// The level it is for; all, if not said.
    pub level: Option<String>,
    /// The field's technical name; all, if not said.
    pub field: Option<String>,
    /// How to divide.
    pub division: Option<Division>,
    /// How many classes, 2 to [`Classes::MOST`].
    pub count: Option<usize>,
    /// In which colours.
    pub ramp: Option<&'static Ramp>,
}

/// Classes and colours of one column of a level.
#[derive(Clone, Debug)]
pub struct Theme {
    /// How counts were divided. Shares are divided by Jenks, since they cluster where counts spread.
    pub division: Division,
    /// The colours of its classes.
    pub ramp: &'static Ramp,
    /// Classes of the number itself; where cells of a level have several sizes, of persons in as much land as a cell of [`Theme::per`] has.
    pub classes: Classes,
    /// Classes of the number in thousandths of the unit's total, rounded down; only where it is a part of the total and both are published.
    pub shares: Option<Classes>,
    /// The largest size of the level's cells, if they have several: a class is reached by a cell of side s from `from` · (s / largest)² on.
    pub per: Option<GridSize>,
}

/// The symbology of a release.
#[derive(Clone, Debug)]
pub struct Symbology {
    levels: Vec<(Level, Vec<Theme>)>,
    pairs: Vec<Pair>,
}

impl Symbology {
    /// Without wishes: quantiles of counts in six classes.
    pub fn of(release: &Release) -> Self {
        Self::new(release, &[]).expect("no rule, no unknown name")
    }

    /// Divides every column of every level. About 10 ns a number and core.
    ///
    /// # Errors
    /// If a rule names a level or field that is not there.
    pub fn new(release: &Release, rules: &[ClassRule]) -> Result<Self, SymbologyError> {
        let lattice = &release.lattice;
        let fields = fields(lattice);
        check(rules, lattice, &fields)?;
        let columns = lattice.columns();
        let levels = lattice.levels();
        let chunks: Vec<(Level, usize)> = levels
            .iter()
            .flat_map(|&level| (0..columns.len()).step_by(COLUMNS_AT_ONCE).map(move |first| (level, first)))
            .collect();
        let themes = |&(level, first): &(Level, usize)| {
            let last = columns.len().min(first + COLUMNS_AT_ONCE);
            let tallies = tally(release, level, &columns[first..last], first);
            let per = lattice.joined.filter(|_| lattice.adaptive(level));
            let name = lattice.level_name(level);
            let theme = |(i, (numbers, shares)): (usize, (Histogram, Option<Histogram>))| {
                let column = first + i;
                let wish = Wish::of(rules, &name, &fields[column].name);
                let ramp = wish.ramp.unwrap_or_else(|| match wish.division {
                    Division::Deviation => Ramp::AROUND_MEAN,
                    _ => ramp_of(&columns[column], lattice),
                });
                Theme {
                    classes: Classes::new(&numbers, &wish.division, wish.count, ramp),
                    shares: shares.map(|shares| Classes::new(&shares, &Division::Jenks, wish.count, ramp)),
                    division: wish.division,
                    ramp,
                    per,
                }
            };
            tallies.into_iter().enumerate().map(theme).collect::<Vec<_>>()
        };
        let parts: Vec<Vec<Theme>> = chunks.par_iter().with_max_len(1).map(themes).collect();
        let mut by_level: Vec<(Level, Vec<Theme>)> = levels.into_iter().map(|level| (level, Vec::new())).collect();
        for ((level, _), part) in chunks.iter().zip(parts) {
            let of_level = by_level.iter_mut().find(|(other, _)| other == level).expect("chunks are of levels");
            of_level.1.extend(part);
        }
        Ok(Self { levels: by_level, pairs: Vec::new() })
    }

    /// The same with maps of two numbers.
    ///
    /// # Errors
    /// If a rule names a level or field that is not there, or wants the share of a number that is no part of the total.
    pub fn with_pairs(self, release: &Release, rules: &[PairRule]) -> Result<Self, SymbologyError> {
        Ok(Self { pairs: Pair::all(release, rules)?, ..self })
    }

    /// Maps of two numbers, in the order in which they were wished for.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// The theme of a column of a level, by the column's position in [`Lattice::columns`].
    pub fn theme(&self, level: Level, column: usize) -> &Theme {
        let of_level = self.levels.iter().find(|(other, _)| *other == level).expect("all levels of the lattice are here");
        &of_level.1[column]
    }

    /// The column that maps show first: the total count.
    pub fn first_shown(lattice: &Lattice) -> usize {
        lattice.columns().iter().position(|c| c.group.is_empty() && c.measure.is_none()).unwrap_or(0)
    }

    /// Columns that have a style of their own: totals, sums and groups of one dimension; the first of them where there are very many.
    pub fn styled(lattice: &Lattice) -> Vec<usize> {
        const MOST: usize = 40;
        let columns = lattice.columns();
        let plain = |&column: &usize| columns[column].group.len() <= 1;
        let mut styled: Vec<usize> = (0..columns.len()).filter(plain).take(MOST).collect();
        let first = Self::first_shown(lattice);
        styled.retain(|&column| column != first);
        styled.insert(0, first);
        styled
    }
}

/// Columns that are counted in one walk over the units.
const COLUMNS_AT_ONCE: usize = 8;
/// Numbers below this are counted in place, others are sorted.
const SMALL: usize = 2048;

/// How often each number occurs in one column.
struct Tally {
    small: Vec<u64>,
    rest: Vec<i64>,
}

impl Tally {
    fn new() -> Self {
        Self { small: vec![0; SMALL], rest: Vec::new() }
    }

    fn add(&mut self, number: i64) {
        match usize::try_from(number).ok().and_then(|at| self.small.get_mut(at)) {
            Some(times) => *times += 1,
            None => self.rest.push(number),
        }
    }

    fn histogram(self) -> Histogram {
        let Self { small, rest } = self;
        let small = small.into_iter().enumerate().map(|(n, times)| (n as i64, times));
        let (below, above): (Vec<i64>, Vec<i64>) = rest.into_iter().partition(|&n| n < 0);
        let counted = |mut numbers: Vec<i64>| {
            numbers.sort_unstable();
            numbers.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64)).collect::<Vec<_>>()
        };
        counted(below).into_iter().chain(small).chain(counted(above)).collect()
    }
}

/// Numbers and shares of some columns of a level, of all dates together.
pub(super) fn tally(release: &Release, level: Level, columns: &[Column], first: usize) -> Vec<(Histogram, Option<Histogram>)> {
    let lattice = &release.lattice;
    let per = lattice.joined.filter(|_| lattice.adaptive(level));
    let total = Symbology::first_shown(lattice);
    let mut tallies: Vec<(Tally, Option<Tally>)> =
        columns.iter().map(|column| (Tally::new(), is_part(column).then(Tally::new))).collect();
    for block in release.blocks.iter().filter(|block| block.level == level) {
        for (position, &unit) in block.units.iter().enumerate() {
            let numbers = block.numbers(position);
            let land = match (per, unit) {
                (Some(largest), Unit::Cell(cell)) => times(cell.size(), largest),
                _ => 1,
            };
            let base = numbers[total].value().filter(|&base| base > 0);
            for ((tally, shares), &number) in tallies.iter_mut().zip(&numbers[first..]) {
                let Some(number) = number.value() else { continue };
                tally.add(number.saturating_mul(land));
                if let (Some(shares), Some(base)) = (shares, base) {
                    shares.add(thousandths(number, base));
                }
            }
        }
    }
    tallies.into_iter().map(|(tally, shares)| (tally.histogram(), shares.map(Tally::histogram))).collect()
}

/// A part in thousandths of the whole, rounded down.
pub(crate) fn thousandths(part: i64, whole: i64) -> i64 {
    // Most parts are 0, and a division takes longer than to see that.
    if part == 0 { 0 } else { part.saturating_mul(1000).div_euclid(whole) }
}

/// How many cells of a size have as much land as one of the largest.
pub(crate) fn times(size: GridSize, largest: GridSize) -> i64 {
    i64::from(largest.metres() / size.metres()).pow(2)
}

/// One hue a theme: totals, then each dimension, then sums.
fn ramp_of(column: &Column, lattice: &Lattice) -> &'static Ramp {
    let themes = Ramp::THEMES;
    match (column.measure, lattice.tables[column.table].0.first()) {
        (Some(_), _) => themes[themes.len() - 1],
        (None, Some(&dimension)) => themes[dimension % themes.len()],
        (None, None) => Ramp::TOTAL,
    }
}

/// What all rules together wish for one column of a level.
struct Wish {
    division: Division,
    count: usize,
    ramp: Option<&'static Ramp>,
}

impl Wish {
    fn of(rules: &[ClassRule], level: &str, field: &str) -> Self {
        let mut wish = Self { division: Division::Quantile, count: Classes::MOST, ramp: None };
        let fits = |name: &Option<String>, own: &str| name.as_deref().is_none_or(|name| name == own);
        for rule in rules.iter().filter(|rule| fits(&rule.level, level) && fits(&rule.field, field)) {
            wish.division = rule.division.clone().unwrap_or(wish.division);
            wish.count = rule.count.unwrap_or(wish.count);
            wish.ramp = rule.ramp.or(wish.ramp);
        }
        wish
    }
}

fn check(rules: &[ClassRule], lattice: &Lattice, fields: &[Field]) -> Result<(), SymbologyError> {
    let levels: Vec<String> = lattice.levels().into_iter().map(|level| lattice.level_name(level)).collect();
    for rule in rules {
        if let Some(level) = rule.level.as_ref().filter(|level| !levels.contains(level)) {
            return Err(SymbologyError { key: "classes.level", name: level.clone(), known: levels, share: false });
        }
        if let Some(field) = rule.field.as_ref().filter(|&name| !fields.iter().any(|field| field.name == *name)) {
            let known = fields.iter().map(|field| field.name.clone()).collect();
            return Err(SymbologyError { key: "classes.field", name: field.clone(), known, share: false });
        }
    }
    Ok(())
}

/// A rule for classes names something that is not published.
#[derive(Debug)]
pub struct SymbologyError {
    pub(super) key: &'static str,
    pub(super) name: String,
    pub(super) known: Vec<String>,
    /// It is published, but no part of the total.
    pub(super) share: bool,
}

impl Failure for SymbologyError {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn explain(&self, language: Language) -> String {
        let Self { key, name, known, share } = self;
        let known = known.join(", ");
        if *share {
            return say!(
                language,
                "`{key}` names `{name}`, which is no part of the total and has no share in it: choose of {known}",
                "`{key}` nennt `{name}`, das kein Teil der Gesamtzahl ist und keinen Anteil an ihr hat: wählen von {known}"
            );
        }
        say!(
            language,
            "`{key}` names `{name}`, which is not published: choose one of {known}",
            "`{key}` nennt `{name}`, das nicht veröffentlicht wird: eines wählen von {known}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidential::for_tests::{Number, block, release};
    use crate::confidential::{Dimension, Table};
    use crate::grid::{CellId, GridSizes};

    /// Two dates, two cells of 100 m, total and two groups.
    fn sample(numbers: [[Number; 6]; 2]) -> Release {
        let categories = vec!["a".to_owned(), "b".to_owned()];
        let lattice = Lattice {
            sizes: GridSizes::new(&[100]).unwrap(),
            joined: None,
            systems: Vec::new(),
            dimensions: vec![Dimension { name: "kind".into(), label: "Kind".into(), categories }],
            tables: vec![Table(vec![]), Table(vec![0])],
            measures: Vec::new(),
            dates: vec![Some("2024".into()), Some("2025".into())],
        };
        let size = lattice.sizes.finest();
        let units = || [0, 100].map(|east| Unit::Cell(CellId::of_corner(size, 4_300_000 + east, 3_400_000).unwrap())).to_vec();
        let blocks = numbers.into_iter().enumerate().map(|(date, numbers)| block(date, Level::Grid(size), units(), numbers));
        let blocks = blocks.collect();
        release(lattice, blocks)
    }

    fn numbers() -> Release {
        use Number::{NoData, Published, Suppressed, Uncertain};
        sample([
            [Published(100), Published(30), Published(70), Published(10), Suppressed, Suppressed],
            [Published(5000), Published(5000), Published(0), Uncertain(20), NoData, Published(5)],
        ])
    }

    #[test]
    fn classes_are_of_all_dates_and_of_published_numbers_only() {
        let release = numbers();
        let symbology = Symbology::of(&release);
        let level = release.blocks[0].level;
        let bounds = |column| {
            let classes = &symbology.theme(level, column).classes.0;
            classes.iter().map(|c| (c.from, c.to)).collect::<Vec<_>>()
        };
        assert_eq!(bounds(0), [(10, 10), (20, 20), (100, 100), (5000, 5000)]);
        assert_eq!(bounds(1), [(30, 30), (5000, 5000)]);
        assert_eq!(bounds(2), [(5, 5), (70, 70)]);
    }

    #[test]
    fn shares_are_parts_of_the_total_where_both_are_shown() {
        let release = numbers();
        let symbology = Symbology::of(&release);
        let theme = symbology.theme(release.blocks[0].level, 2);
        let shares = theme.shares.as_ref().unwrap();
        assert_eq!(shares.0.iter().map(|c| (c.from, c.to)).collect::<Vec<_>>(), [(250, 250), (700, 700)]);
        assert!(symbology.theme(release.blocks[0].level, 0).shares.is_none());
        assert_eq!(theme.ramp.name, "ylorbr");
    }

    #[test]
    fn the_last_rule_that_fits_decides() {
        let release = numbers();
        let rules = [
            ClassRule { count: Some(2), ramp: Ramp::named("greens"), ..ClassRule::default() },
            ClassRule { field: Some("kind_a".into()), division: Some(Division::Manual(vec![40])), ..ClassRule::default() },
        ];
        let symbology = Symbology::new(&release, &rules).unwrap();
        let theme = |column| symbology.theme(release.blocks[0].level, column);
        assert_eq!((theme(0).classes.0.len(), theme(0).ramp.name), (2, "greens"));
        assert_eq!(theme(1).classes.0.iter().map(|c| (c.from, c.to)).collect::<Vec<_>>(), [(1, 39), (40, 5000)]);
        let unknown = [ClassRule { field: Some("kind_c".into()), ..ClassRule::default() }];
        let told = Symbology::new(&release, &unknown).unwrap_err().explain(Language::English);
        assert!(told.contains("`kind_c`") && told.contains("kind_a, kind_b"), "{told}");
    }
}
