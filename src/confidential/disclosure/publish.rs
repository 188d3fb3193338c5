//! The door of disclosure control: a cube, a lattice and rules in, a release out.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::confidential::cube::Cube;
use crate::confidential::disclosure::camouflage::camouflage;
use crate::confidential::disclosure::contributors::Contributors;
use crate::confidential::disclosure::earlier::hold;
use crate::confidential::disclosure::entries::Entries;
use crate::confidential::disclosure::perturbed::perturbed;
use crate::confidential::disclosure::primary::mark;
use crate::confidential::disclosure::release::{Block, ProtectedCount, Release};
use crate::confidential::disclosure::rules::{Method, Rules, RulesError, Zeros};
use crate::confidential::disclosure::suppress::complement;
use crate::confidential::disclosure::system::State;
use crate::confidential::disclosure::units::{Units, units};
use crate::confidential::lattice::{Lattice, Level, Unit};
use crate::error::Error;
use crate::progress::{Progress, Stage};

/// A measure is summed in ten-thousandths of its unit.
const PARTS_PER_UNIT: i64 = 10_000;

/// Protects the lattice by the rules.
///
/// The lattice's dimensions and dates are the cube's. Grid levels list the cells with at least one record (with secret zeros, those of which
/// something is published), area levels all areas. A sum is withheld exactly where its count is, so that whatever
/// protects counts protects sums; published sums are rounded half away from zero to whole units. With [`Merge`](super::merge::Merge) cells where few
/// live are joined first, and everything else is of the cells that result.
///
/// What is told beside the release is known to the attacker too: the number of records placed and, for each area system, of those outside.
/// Where protection does not allow one of them to be told, the parameter `withheld` names it: `placed`, or `outside:` and the system's name.
pub(in crate::confidential) fn protect(
    cube: &Cube,
    mut lattice: Lattice,
    rules: &Rules,
    progress: &dyn Progress,
) -> Result<Release, Error> {
    rules.check(&lattice)?;
    assert!(lattice.dimensions == cube.dimensions && lattice.dates == cube.dates, "the lattice is over the cube");
    progress.begin(Stage::Protect, Some(lattice.dates.len() as u64));
    let mut release = match rules.merge {
        None => unjoined(cube, lattice, rules, progress)?,
        Some(merge) => {
            let joined = merge.joined(cube, &lattice, rules.zeros);
            lattice.joined = Some(merge.largest);
            unjoined(&joined, lattice, rules, progress)?
        }
    };
    release.parameters.splice(0..0, rules.merge.into_iter().flat_map(|merge| merge.told()));
    progress.end();
    Ok(release)
}

/// Protects by the method, the cells being what the cube says they are.
fn unjoined(cube: &Cube, lattice: Lattice, rules: &Rules, progress: &dyn Progress) -> Result<Release, Error> {
    if rules.method.perturbs() {
        return Ok(perturbed(cube, lattice, rules, progress)?);
    }
    let mut blocks = Vec::new();
    let mut withheld = Vec::new();
    for date in 0..lattice.dates.len() {
        let mut units = units(cube, &lattice, date)?;
        let mut camouflaged = FxHashSet::default();
        match rules.method {
            Method::Suppress { threshold } => {
                let kept = rules.risks.contributors();
                let contributors = kept.map(|kept| Contributors::new(cube, &units, date, kept));
                mark(&mut units, rules, threshold, contributors);
                let earlier = &rules.risks.earlier;
                let held = hold(&mut units, &lattice, (date, earlier))?;
                complement(&mut units.system).map_err(|error| match error {
                    RulesError::NothingToWithhold if !earlier.is_empty() => RulesError::ToldBefore,
                    error => error,
                })?;
                camouflaged = camouflage(&units);
                camouflaged.extend(held);
            }
            Method::None { .. } => units.system.states.fill(State::Published),
            Method::Round { .. } | Method::CellKey { .. } => unreachable!("these change numbers"),
        }
        withheld.extend(withheld_beside(&units, &lattice));
        blocks.extend(publish(cube, &lattice, rules, (date, &units, &camouflaged)));
        progress.advance(1);
    }
    withheld.sort_unstable();
    withheld.dedup();
    let parameters = parameters(&lattice, rules, &withheld);
    Ok(Release { lattice, blocks, method: rules.method.name(), parameters })
}

/// What may be told of the rules.
fn parameters(lattice: &Lattice, rules: &Rules, withheld: &[String]) -> Vec<(&'static str, String)> {
    let mut parameters = Vec::new();
    match &rules.method {
        Method::Suppress { threshold } => {
            parameters.push(("threshold", threshold.to_string()));
            parameters.push(("zeros", rules.zeros.name().to_owned()));
            let sensitive = rules.sensitive.iter().map(|(dimension, categories)| {
                let dimension = &lattice.dimensions[*dimension];
                let labels: Vec<&str> = categories.iter().map(|&c| dimension.categories[c].as_str()).collect();
                format!("{}: {}", dimension.name, labels.join(", "))
            });
            let sensitive: Vec<String> = sensitive.collect();
            if !sensitive.is_empty() {
                parameters.push(("sensitive", sensitive.join("; ")));
            }
            parameters.extend(rules.risks.parameters(lattice));
            if !withheld.is_empty() {
                parameters.push(("withheld", withheld.join(", ")));
            }
        }
        Method::None { reason } => parameters.push(("reason", reason.trim().to_owned())),
        Method::Round { .. } | Method::CellKey { .. } => unreachable!("these change numbers"),
    }
    parameters
}

/// Numbers usually told beside the release that must not be told.
fn withheld_beside(units: &Units, lattice: &Lattice) -> Vec<String> {
    let entries = &units.system.entries;
    let withheld = |unit: u32| !units.system.states[unit as usize * entries.len + entries.total].known();
    let whole = withheld(units.whole).then(|| "placed".to_owned());
    let outside = units.outside.iter().zip(&lattice.systems).filter(|&(&unit, _)| withheld(unit));
    whole.into_iter().chain(outside.map(|(_, system)| format!("outside:{}", system.name))).collect()
}

/// One block for each level.
fn publish(
    cube: &Cube,
    lattice: &Lattice,
    rules: &Rules,
    (date, units, camouflaged): (usize, &Units, &FxHashSet<usize>),
) -> Vec<Block> {
    let entries = &units.system.entries;
    let told = |unit: u32, column: usize| {
        let at = unit as usize * entries.len + column;
        units.system.states[at].known() && !camouflaged.contains(&at)
    };
    let unseen = |unit: u32| (0..entries.published).all(|column| !told(unit, column));
    let drop_unseen = matches!(rules.method, Method::Suppress { .. }) && rules.zeros == Zeros::Secret;
    let columns = entries.published * (1 + lattice.measures.len());
    let mut blocks = Vec::new();
    for (position, level) in lattice.levels().into_iter().enumerate() {
        let all: Vec<(Unit, u32)> = match level {
            Level::Grid(_) => units.cells[position].iter().map(|&(cell, unit)| (Unit::Cell(cell), unit)).collect(),
            Level::Areas(system) => {
                units.areas[system].clone().enumerate().map(|(area, unit)| (Unit::Area(area as u32), unit)).collect()
            }
        };
        let sums = sums(cube, lattice, entries, (date, level), &all);
        let drop = |unit: u32| drop_unseen && matches!(level, Level::Grid(_)) && unseen(unit);
        let listed: Vec<usize> = (0..all.len()).filter(|&i| !drop(all[i].1)).collect();
        let mut numbers = vec![ProtectedCount::NO_DATA; columns * listed.len()];
        numbers.par_chunks_mut(columns).zip(&listed).for_each(|(row, &i)| {
            let unit = all[i].1;
            for (column, number) in row.iter_mut().enumerate() {
                let (measure, column) = (column / entries.published, column % entries.published);
                *number = match (told(unit, column), measure) {
                    (false, _) => ProtectedCount::SUPPRESSED,
                    (true, 0) => ProtectedCount::published(i64::from(units.system.counts[unit as usize * entries.len + column])),
                    (true, _) => ProtectedCount::published(rounded(sums[measure - 1][i * entries.published + column])),
                };
            }
        });
        let listed = listed.into_iter().map(|i| all[i].0).collect();
        blocks.push(Block { date, level, units: listed, numbers });
    }
    blocks
}

/// For each measure the sums of every unit of a level, unit after unit, column after column.
fn sums(
    cube: &Cube,
    lattice: &Lattice,
    entries: &Entries,
    (date, level): (usize, Level),
    units: &[(Unit, u32)],
) -> Vec<Vec<i64>> {
    let mut sums = vec![vec![0_i64; units.len() * entries.published]; lattice.measures.len()];
    if sums.is_empty() {
        return sums;
    }
    let mut columns = Vec::new();
    for (atom, key) in cube.keys.iter().enumerate().filter(|(_, key)| usize::from(key.date) == date) {
        let unit = match level {
            Level::Grid(size) => Some(Unit::Cell(key.cell.at_least(size))),
            Level::Areas(system) => cube.area_tuples[key.areas as usize][system].map(Unit::Area),
        };
        let Some(unit) = unit else { continue };
        let i = units.binary_search_by_key(&unit, |u| u.0).expect("every cell with a record is a unit, and every area");
        entries.of_group(key.group, &mut columns);
        for (measure, sums) in sums.iter_mut().enumerate() {
            for &column in columns.iter().filter(|&&column| (column as usize) < entries.published) {
                sums[i * entries.published + column as usize] += cube.sums[measure][atom].expose();
            }
        }
    }
    sums
}

/// Half away from zero.
fn rounded(parts: i64) -> i64 {
    (parts + parts.signum() * (PARTS_PER_UNIT / 2)) / PARTS_PER_UNIT
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn sums_round_half_away_from_zero() {
        assert_eq!([14_999, 15_000, -15_000, -14_999, 0].map(rounded), [1, 2, -2, -1, 0]);
    }
}
