//! Several methods on the same counts: what each loses, and what the threshold alone would give away.
//!
//! Losses are differences from the truth, so they may leave the closed room only as sums over a level that give nobody away:
//!
//! - what can be counted in the release itself (units, withheld numbers) is told exactly;
//! - every sum of persons is first rounded to a multiple of [`grain`]: nobody knows it more closely than a small count has room, whatever else
//!   he knows. Shares and mean errors are quotients of such sums, and are rounded once more;
//! - how many numbers are small, or found out, is told as a multiple of [`STEP`] that it does not exceed;
//! - the largest error is the bound that the method has for any data, never one that was measured.
//!
//! Nothing is told of a single unit. Still, a comparison is for the desk: releases of the same people by several methods together
//! protect less than each alone.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::confidential::cube::Cube;
use crate::confidential::disclosure::contributors::Contributors;
use crate::confidential::disclosure::merge::Merge;
use crate::confidential::disclosure::primary::mark;
use crate::confidential::disclosure::publish::protect;
use crate::confidential::disclosure::release::{Block, ProtectedCount, Release, Status};
use crate::confidential::disclosure::rules::{Method, Rules, RulesError};
use crate::confidential::disclosure::span::Span;
use crate::confidential::disclosure::system::State;
use crate::confidential::disclosure::units::{Units, units};
use crate::confidential::lattice::{Lattice, Level, Unit};
use crate::error::Error;
use crate::progress::Progress;

/// Counts of small numbers are told in these steps.
const STEP: u64 = 10;

/// As many cells as a small map shows.
const MAP_CELLS: usize = 4000;

/// What several methods make of the same records.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What would be published.
    pub lattice: Lattice,
    /// One for each method, in the order asked for.
    pub outcomes: Vec<Outcome>,
    /// Sums of persons behind shares and errors are rounded to multiples of this.
    pub grain: u64,
}

/// What one method makes of the records.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The method's technical name.
    pub method: &'static str,
    /// Rules and parameters that may be told, as in [`Release::parameters`].
    pub parameters: Vec<(&'static str, String)>,
    /// The smallest count that is ever published: the threshold, the base, or one more than js.
    pub strength: u64,
    /// Losses by level, as in [`Lattice::levels`], all dates together.
    pub levels: Vec<Loss>,
    /// Numbers below [`Self::strength`] that the release shows or, by exact linear functions of what it shows, gives away; 0 unless something is
    /// wrong. Rounded up to tens.
    pub at_risk: u64,
    /// What the threshold alone would do.
    pub unprotected: Unprotected,
    /// Time of protecting, seconds.
    pub seconds: f64,
    /// One level of the last date to draw: the finest size with not too many cells, the same for every method.
    pub map: Block,
}

impl Outcome {
    /// `suppress k=5`, `round b=5`, `cell-key D=5 V=3 js=2`; with joined cells `merge n=10 1km, suppress k=5`.
    pub fn name(&self) -> String {
        let short = |name: &str| match name {
            "threshold" => Some("k"),
            "base" => Some("b"),
            "d" => Some("D"),
            "v" => Some("V"),
            "js" => Some("js"),
            _ => None,
        };
        let parameters = self.parameters.iter().filter_map(|(name, value)| Some(format!(" {}={value}", short(name)?)));
        let told = |name: &str| self.parameters.iter().find(|(parameter, _)| *parameter == name).map(|(_, value)| value);
        let merge =
            told("merge_minimum").zip(told("merge_largest")).map(|(minimum, largest)| format!("merge n={minimum} {largest}, "));
        format!("{}{}{}", merge.unwrap_or_default(), self.method, parameters.collect::<String>())
    }
}

/// What would happen if counts below a threshold were withheld and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unprotected {
    /// The threshold.
    pub threshold: u64,
    /// Small numbers, those of pieces that area borders cut from cells among them; rounded up to tens.
    pub small: u64,
    /// How many of them are exact linear functions of what would be published; rounded up to tens.
    pub at_risk: u64,
}

/// What a method loses at one level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// The level.
    pub level: Level,
    /// Listed units.
    pub units: u64,
    /// Units whose total is published and not zero.
    pub shown: u64,
    /// Numbers of groups that are withheld at listed units.
    pub groups_withheld: u64,
    /// Share of the persons who are in the totals of [`Self::shown`], in thousandths; `None` for fewer persons than can be told.
    pub persons_permille: Option<u16>,
    /// Mean difference of published numbers from the truth, over totals and groups whose truth is not zero, in hundredths of a person. Where cells
    /// were joined, each cell of the level is read as its share of the joined cell's land.
    pub error_hundredths: u64,
    /// The same over all such numbers, withheld ones read as zero.
    pub error_withheld_as_zero_hundredths: u64,
    /// No total of the level can differ more from the truth; `None` where the method has no bound.
    pub largest_error: Option<u64>,
}

/// What sums of persons are rounded to: twice the largest parameter of any method compared, so that each sum stays open by as much as the largest
/// small count; at least 20.
fn grain(methods: &[(Option<Merge>, Method)]) -> u64 {
    let parameter = |method: &Method| match method {
        Method::Suppress { threshold } => *threshold,
        Method::Round { base, .. } => u64::from(*base),
        Method::CellKey { parameters, .. } => u64::from(parameters.largest_noise()),
        Method::None { .. } => 0,
    };
    let minimum = |merge: &Option<Merge>| merge.map_or(0, |merge| merge.minimum);
    methods.iter().map(|(merge, method)| parameter(method).max(minimum(merge))).max().unwrap_or(0).max(10) * 2
}

/// The smallest count that is ever published.
fn strength(method: &Method) -> u64 {
    match method {
        Method::Suppress { threshold } => *threshold,
        Method::Round { base, .. } => u64::from(*base),
        Method::CellKey { parameters, .. } => u64::from(parameters.small()) + 1,
        Method::None { .. } => 0,
    }
}

/// What the method guarantees of a level's totals.
fn largest_error(method: &Method, level: Level) -> Option<u64> {
    match (method, level) {
        (Method::Suppress { .. } | Method::None { .. }, _) => Some(0),
        (Method::Round { base, .. }, Level::Grid(_)) => Some(u64::from(*base) - 1),
        (Method::Round { .. }, Level::Areas(_)) => None,
        (Method::CellKey { parameters, .. }, _) => Some(u64::from(parameters.largest_noise())),
    }
}

/// Sums of a level before anything is rounded. Stays here.
#[derive(Clone, Default)]
struct Tally {
    /// Cells were joined, so that no bound holds for those of the level's own size.
    joined: bool,
    units: u64,
    shown: u64,
    groups_withheld: u64,
    persons: u64,
    persons_shown: u64,
    numbers: u64,
    numbers_published: u64,
    difference_published: f64,
    difference_withheld: u64,
}

impl Tally {
    /// What may be told.
    fn told(&self, method: &Method, level: Level, grain: u64) -> Loss {
        let sum = |persons: u64| (persons + grain / 2) / grain * grain;
        let mean = |difference: u64, numbers: u64| {
            let numbers = numbers.next_multiple_of(STEP).max(STEP);
            (sum(difference) * 100 + numbers / 2) / numbers
        };
        let persons = sum(self.persons);
        let difference_published = self.difference_published.round() as u64;
        Loss {
            level,
            units: self.units,
            shown: self.shown,
            groups_withheld: self.groups_withheld,
            persons_permille: (persons > 0).then(|| ((sum(self.persons_shown) * 1000 + persons / 2) / persons).min(1000) as u16),
            error_hundredths: mean(difference_published, self.numbers_published),
            error_withheld_as_zero_hundredths: mean(difference_published + self.difference_withheld, self.numbers),
            largest_error: largest_error(method, level).filter(|_| !self.joined),
        }
    }
}

/// Protects the lattice by each method and says what each loses. Methods `none` are refused: their numbers would be the truth.
///
/// Costs one counting of units, then for each method its protection, and for each threshold one or two searches for linear functions.
pub(in crate::confidential) fn compare(
    cube: &Cube,
    lattice: &Lattice,
    (methods, rules): (&[(Option<Merge>, Method)], &Rules),
    progress: &dyn Progress,
) -> Result<Comparison, Error> {
    if methods.iter().any(|(_, method)| matches!(method, Method::None { .. })) {
        return Err(RulesError::NoneCompared.into());
    }
    let grain = grain(methods);
    let mut dates = (0..lattice.dates.len()).map(|date| units(cube, lattice, date)).collect::<Result<Vec<_>, _>>()?;
    let map = map_level(&dates, lattice);
    let mut unprotected: BTreeMap<u64, Unprotected> = BTreeMap::new();
    let mut outcomes = Vec::new();
    for (merge, method) in methods {
        let plain = Rules { method: method.clone(), merge: None, ..rules.clone() };
        let rules = Rules { merge: *merge, ..plain.clone() };
        let begun = Instant::now();
        let release = protect(cube, lattice.clone(), &rules, progress)?;
        let seconds = begun.elapsed().as_secs_f64();
        let strength = strength(method);
        unprotected.entry(strength).or_insert_with(|| threshold_alone(cube, &mut dates, &plain, strength));
        let (at_risk, levels) = match merge {
            None => (at_risk(cube, &mut dates, (&release, &rules), strength), losses((&dates, &dates), &release, method, grain)),
            Some(merge) => {
                let cube = merge.joined(cube, lattice, rules.zeros);
                let joined = (0..lattice.dates.len()).map(|date| units(&cube, lattice, date));
                let mut joined = joined.collect::<Result<Vec<_>, _>>()?;
                let at_risk = at_risk(&cube, &mut joined, (&release, &rules), strength);
                (at_risk, losses((&dates, &joined), &release, method, grain))
            }
        };
        let map = release.blocks.iter().rposition(|block| block.level == map).expect("every level has a block");
        outcomes.push(Outcome {
            method: release.method,
            strength,
            levels,
            at_risk: at_risk.next_multiple_of(STEP),
            unprotected: unprotected[&strength],
            seconds,
            map: release.blocks[map].clone(),
            parameters: release.parameters,
        });
    }
    Ok(Comparison { lattice: lattice.clone(), outcomes, grain })
}

fn map_level(dates: &[Units], lattice: &Lattice) -> Level {
    let cells = |position: usize| dates.last().map_or(0, |units| units.cells[position].len());
    let sizes = lattice.sizes.as_slice();
    let finest = (0..sizes.len()).find(|&position| cells(position) <= MAP_CELLS);
    Level::Grid(finest.map_or(lattice.sizes.coarsest(), |position| sizes[position]))
}

/// Sets states as if the threshold were all there is.
fn remark(cube: &Cube, (date, units): (usize, &mut Units), rules: &Rules, threshold: u64) {
    units.system.states.fill(State::Hidden);
    let contributors = rules.risks.contributors().map(|kept| Contributors::new(cube, units, date, kept));
    mark(units, rules, threshold, contributors);
}

/// Protected numbers that are linear functions of known ones.
fn determined(units: &Units) -> u64 {
    let system = &units.system;
    Span::new(system, &system.active(&system.borders())).determined().len() as u64
}

fn threshold_alone(cube: &Cube, dates: &mut [Units], rules: &Rules, threshold: u64) -> Unprotected {
    let (mut small, mut at_risk) = (0, 0);
    for (date, units) in dates.iter_mut().enumerate() {
        remark(cube, (date, units), rules, threshold);
        small += units.system.states.iter().filter(|state| state.protected()).count() as u64;
        at_risk += determined(units);
    }
    Unprotected { threshold, small: small.next_multiple_of(STEP), at_risk: at_risk.next_multiple_of(STEP) }
}

/// What a release shows or gives away of numbers below `strength`, read back from the release itself.
fn at_risk(cube: &Cube, dates: &mut [Units], (release, rules): (&Release, &Rules), strength: u64) -> u64 {
    let columns = release.lattice.columns().iter().filter(|column| column.measure.is_none()).count();
    if release_perturbs(rules) {
        let small = |value: i64| value != 0 && value.unsigned_abs() < strength;
        let rows = release.blocks.iter().flat_map(|block| (0..block.units.len()).map(|unit| block.numbers(unit)));
        return rows.flat_map(|row| &row[..columns]).filter_map(|number| number.value()).filter(|&n| small(n)).count() as u64;
    }
    let withheld = release.parameters.iter().find(|(name, _)| *name == "withheld").map_or("", |(_, names)| names);
    let withheld: Vec<&str> = withheld.split(", ").collect();
    let mut found = 0;
    for (date, units) in dates.iter_mut().enumerate() {
        remark(cube, (date, units), rules, strength);
        let (len, total) = (units.system.entries.len, units.system.entries.total);
        let rows: Vec<(u32, Option<(usize, usize)>)> = release
            .blocks
            .iter()
            .enumerate()
            .filter(|(_, block)| block.date == date)
            .flat_map(|(b, block)| {
                let listed = move |unit: Unit| block.units.binary_search(&unit).ok().map(|at| (b, at));
                all_units(units, &release.lattice, block.level).into_iter().map(move |(unit, at)| (at, listed(unit)))
            })
            .collect();
        for (unit, row) in rows {
            for column in 0..columns {
                let told = row.is_some_and(|(block, at)| release.blocks[block].numbers(at)[column].value().is_some());
                let state = &mut units.system.states[unit as usize * len + column];
                match (*state, told) {
                    (State::Published, false) => *state = State::Secondary,
                    (State::Primary, true) => {
                        found += 1;
                        *state = State::Published;
                    }
                    (State::Secondary, true) => *state = State::Published,
                    _ => {}
                }
            }
        }
        let beside = units.outside.iter().zip(&release.lattice.systems).map(|(&unit, s)| (unit, format!("outside:{}", s.name)));
        let beside: Vec<(u32, String)> = beside.chain([(units.whole, "placed".to_owned())]).collect();
        for (unit, _) in beside.iter().filter(|(_, name)| withheld.contains(&name.as_str())) {
            let state = &mut units.system.states[*unit as usize * len + total];
            if *state == State::Told {
                *state = State::Hidden;
            }
        }
        found += determined(units);
    }
    found
}

fn release_perturbs(rules: &Rules) -> bool {
    matches!(rules.method, Method::Round { .. } | Method::CellKey { .. })
}

/// Units of a level with the number of their counts, those that a release leaves out among them.
fn all_units(units: &Units, lattice: &Lattice, level: Level) -> Vec<(Unit, u32)> {
    match level {
        Level::Grid(size) => {
            let position = lattice.sizes.as_slice().iter().position(|&s| s == size).expect("a level of the lattice");
            units.cells[position].iter().map(|&(cell, at)| (Unit::Cell(cell), at)).collect()
        }
        Level::Areas(system) => units.areas[system].clone().enumerate().map(|(area, at)| (Unit::Area(area as u32), at)).collect(),
    }
}

/// Losses by level.
///
/// `dates` are of the plain cells, `joined` of those that the release shows.
fn losses((dates, joined): (&[Units], &[Units]), release: &Release, method: &Method, grain: u64) -> Vec<Loss> {
    let levels = release.lattice.levels();
    let mut tallies = vec![Tally::default(); levels.len()];
    for block in &release.blocks {
        let at = levels.iter().position(|&level| level == block.level).expect("a level of the lattice");
        tally(&mut tallies[at], (&dates[block.date], &joined[block.date]), (release, block));
    }
    tallies.iter().zip(levels).map(|(tally, level)| tally.told(method, level, grain)).collect()
}

fn tally(tally: &mut Tally, (units, joined): (&Units, &Units), (release, block): (&Release, &Block)) {
    let entries = &units.system.entries;
    tally.joined = release.lattice.adaptive(block.level);
    tally.persons += u64::from(units.system.counts[units.whole as usize * entries.len + entries.total]);
    tally.units += block.units.len() as u64;
    for (unit, at) in all_units(joined, &release.lattice, block.level) {
        let Ok(row) = block.units.binary_search(&unit).map(|at| block.numbers(at)) else { continue };
        if row[entries.total].status() == Status::Value {
            tally.shown += 1;
            tally.persons_shown += u64::from(joined.system.counts[at as usize * entries.len + entries.total]);
        }
        let withheld = row[..entries.published].iter().enumerate().filter(|(c, n)| *c != entries.total && n.value().is_none());
        tally.groups_withheld += withheld.count() as u64;
    }
    // A cell that is left out reads as zero where numbers are changed, as withheld where they are not.
    let left_out = if release.method == "suppress" { None } else { Some(0) };
    for (unit, at) in all_units(units, &release.lattice, block.level) {
        let truth = &units.system.counts[at as usize * entries.len..][..entries.published];
        let (row, share) = shown(unit, (release, block));
        for (column, &truth) in truth.iter().enumerate() {
            let value = row.map_or(left_out, |row| row[column].value());
            if truth == 0 {
                continue;
            }
            tally.numbers += 1;
            match value {
                Some(value) => {
                    tally.numbers_published += 1;
                    tally.difference_published += (value as f64 * share - f64::from(truth)).abs();
                }
                None => tally.difference_withheld += u64::from(truth),
            }
        }
    }
}

/// The row that shows a unit, and what share of its land is the unit's: less than all where cells were joined.
fn shown<'b>(unit: Unit, (release, block): (&Release, &'b Block)) -> (Option<&'b [ProtectedCount]>, f64) {
    let row = |unit: Unit| block.units.binary_search(&unit).ok().map(|at| block.numbers(at));
    let sizes = release.lattice.sizes.as_slice();
    let (Unit::Cell(cell), Some(largest)) = (unit, release.lattice.joined) else { return (row(unit), 1.0) };
    let larger = sizes.iter().filter(|&&size| size > cell.size() && size <= largest).map(|&size| cell.parent(size));
    let found = std::iter::once(cell).chain(larger).find_map(|cell| Some((row(Unit::Cell(cell))?, cell.size())));
    let side = |size: crate::grid::GridSize| f64::from(size.metres());
    found.map_or((None, 1.0), |(row, size)| (Some(row), (side(cell.size()) / side(size)).powi(2)))
}

#[cfg(test)]
mod tests;
