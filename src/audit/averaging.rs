//! Averaging of noise: the same people must have the same noise wherever they are shown, or it could be averaged away.
//!
//! Within a bundle of method `cell-key`: a sum of one part is the same people and the same number, and a sum differs from its parts by at most
//! the noise of each. Between bundles of the same date: the same number twice under different noise says that the key, the parameters or the records
//! changed. An outsider cannot tell which; whoever has made both can, and must not publish both if it is the key.

use rustc_hash::FxHashMap;

use crate::audit::bundle::{Bundle, Date};
use crate::audit::bundle_error::BundleError;
use crate::audit::columns::Columns;
use crate::audit::findings::{AtRisk, Audited, Named, NotTried};
use crate::audit::statement::Place;
use crate::error::Error;

/// Sums that noise drawn once for each set of people cannot give.
pub(super) fn within(bundle: &Bundle, audited: &mut Audited) -> Result<(), Error> {
    let largest = bundle.parameters.get("d").and_then(|d| d.parse::<i64>().ok());
    let (Some(largest), "cell-key") = (largest, bundle.method.as_str()) else {
        // Rounded numbers add up exactly, which is looked at as such: a difference would be the same people twice.
        audited.not_tried.push((Named::Averaging, NotTried::OneBundle));
        return Ok(());
    };
    let unexpected = || BundleError::Unexpected { file: audited.folder.join("run.json") };
    let columns = Columns::new(&bundle.columns).ok_or_else(unexpected)?;
    let width = bundle.columns.len();
    for date in &bundle.dates {
        let (mut looked, mut places) = (0, Vec::new());
        for (place, numbers) in date.levels() {
            for (unit, row) in numbers.chunks_exact(width).enumerate() {
                for relation in &columns.relations {
                    looked += 1;
                    let off: i64 = relation.iter().map(|&(column, sign)| sign * row[column]).sum();
                    let most = if relation.len() == 2 { 0 } else { largest * relation.len() as i64 };
                    if off.abs() > most {
                        places.push((place, (unit, relation.last().map_or(0, |term| term.0))));
                    }
                }
            }
        }
        for level in 1..date.grids.len() {
            let (fine, coarse) = (bundle.sizes[level - 1].1, bundle.sizes[level].1);
            // Each cell within, listed or not, and the whole.
            let most = largest * (1 + i64::from(coarse.metres() / fine.metres()).pow(2));
            for (unit, off) in off_children(bundle, date, level).chunks_exact(width).enumerate() {
                looked += width as u64;
                let beyond = (0..width).filter(|&column| off[column].abs() > most);
                places.extend(beyond.map(|column| (Place::Grid(level as u32), (unit, column))));
            }
        }
        audited.tried(Named::Averaging, looked, places.len() as u64);
        audited.name(places.into_iter().map(|(place, at)| AtRisk::of((bundle, date), place, at, Named::Averaging)));
    }
    Ok(())
}

/// For each cell of a level and each column, its number less those of the cells listed within.
pub(super) fn off_children(bundle: &Bundle, date: &Date, level: usize) -> Vec<i64> {
    let width = bundle.columns.len();
    let (parents, children) = (&date.grids[level], &date.grids[level - 1]);
    let at: FxHashMap<_, _> = parents.units.iter().enumerate().map(|(at, cell)| (*cell, at)).collect();
    let mut off = parents.numbers.clone();
    for (child, cell) in children.units.iter().enumerate() {
        if let Some(&parent) = at.get(&cell.at_least(bundle.sizes[level].1)) {
            for column in 0..width {
                off[parent * width + column] -= children.numbers[child * width + column];
            }
        }
    }
    off
}

/// Numbers that two bundles of the same method and date show differently.
pub(super) fn between(bundles: &[Bundle], audited: &mut Audited) {
    let (mut any, mut looked, mut told) = (false, 0, Vec::new());
    for (second, b) in bundles.iter().enumerate() {
        for a in bundles[..second].iter().filter(|a| a.method == b.method && ["round", "cell-key"].contains(&a.method.as_str())) {
            for date in &b.dates {
                let Some(earlier) = a.dates.iter().find(|d| d.name == date.name) else { continue };
                any = true;
                let columns: Vec<Option<usize>> = b.columns.iter().map(|c| a.columns.iter().position(|d| d == c)).collect();
                for (place, at, other) in pairs((a, earlier), (b, date)) {
                    for (column, in_a) in columns.iter().enumerate().filter_map(|(column, in_a)| Some((column, (*in_a)?))) {
                        let number = numbers(date, place)[at * b.columns.len() + column];
                        // A cell that is not listed was shown as nothing but zeros.
                        let before = other.map_or(0, |(place, unit)| numbers(earlier, place)[unit * a.columns.len() + in_a]);
                        looked += 1;
                        if number != before {
                            told.push(AtRisk::of((b, date), place, (at, column), Named::Averaging));
                        }
                    }
                }
            }
        }
    }
    if any {
        audited.tried(Named::Averaging, looked, told.len() as u64);
        audited.targets += looked;
        audited.not_proven += looked - told.len() as u64;
        audited.name(told.into_iter());
    } else {
        audited.not_tried.push((Named::Averaging, NotTried::NothingToUse));
    }
}

fn numbers(date: &Date, place: Place) -> &[i64] {
    match place {
        Place::Grid(level) => &date.grids[level as usize].numbers,
        Place::Areas(system) => &date.areas[system as usize].numbers,
        Place::Piece => &[],
    }
}

type Pairs = Vec<(Place, usize, Option<(Place, usize)>)>;

/// Units of the second on levels that the first has too, with where the first lists them.
fn pairs((a, date_a): (&Bundle, &Date), (b, date_b): (&Bundle, &Date)) -> Pairs {
    let mut pairs = Vec::new();
    for (level, size) in b.sizes.iter().enumerate() {
        let Some(other) = a.sizes.iter().position(|s| s == size) else { continue };
        let at: FxHashMap<_, _> = date_a.grids[other].units.iter().enumerate().map(|(at, cell)| (*cell, at)).collect();
        pairs.extend(
            date_b.grids[level]
                .units
                .iter()
                .enumerate()
                .map(|(unit, cell)| (Place::Grid(level as u32), unit, at.get(cell).map(|&at| (Place::Grid(other as u32), at)))),
        );
    }
    for (system, name) in b.systems.iter().enumerate() {
        let Some(other) = a.systems.iter().position(|s| s == name) else { continue };
        let at: FxHashMap<_, _> = date_a.areas[other].units.iter().enumerate().map(|(at, key)| (key, at)).collect();
        let unit_of = |key| at.get(key).map(|&at| (Place::Areas(other as u32), at));
        let shown = date_b.areas[system].units.iter().enumerate().filter_map(|(unit, key)| Some((unit, unit_of(key)?)));
        pairs.extend(shown.map(|(unit, at)| (Place::Areas(system as u32), unit, Some(at))));
    }
    pairs
}
