//! Several bundles as one: everything that is published of a date, whichever bundle says it.
//!
//! The joint bundle has all sizes, areas and tables that any of them has. What one shows is known, what another withholds besides is then no
//! secret; what both withhold is one unknown; what none publishes is an unknown too, through which the others hang together. Areas of two bundles
//! are the same where name and key are, and no cell says otherwise. A cell finer than those whose areas a bundle tells may lie in any
//! of the pieces of the one it lies in; sizes in which the finest does not nest are left out; a bundle that does not tell the areas of a listed cell takes part without its areas. All of this
//! leaves the attacker more worlds than there are, never fewer. Bundles whose numbers are changed bound them, by what their methods
//! promise of cells.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::audit::bundle::{Bound, Bundle, Date, NO_DATA, Published, Sums, WHOLE, WITHHELD};
use crate::audit::statement::Place;
use crate::grid::{CellId, GridSize};

/// What became of several bundles.
pub(super) enum Joined {
    /// No two of them speak of the same date and withhold anything.
    Nothing,
    /// They show different numbers.
    NotTheSame,
    /// The joint bundle.
    One(Box<Joint>),
}

/// Everything several bundles publish.
pub(super) struct Joint {
    pub(super) bundle: Bundle,
    /// How many numbers one withholds and another shows.
    pub(super) compared: u64,
    /// Those of them that are too small for who withholds them: date, place, unit and column.
    pub(super) undone: Vec<(usize, Place, (usize, usize))>,
    /// By date and place, for each number below what it is withheld; 0 where nobody withholds it.
    below: Vec<FxHashMap<(bool, u32), Vec<i64>>>,
    least: i64,
}

impl Joint {
    /// Below what a number must not be known.
    pub(super) fn small_below(&self, date: usize, place: Place, (unit, column): (usize, usize)) -> i64 {
        let of_place = key(place).and_then(|key| self.below[date].get(&key));
        let below = of_place.map_or(0, |below| below[unit * self.bundle.columns.len() + column]);
        if below > 0 { below } else { self.least }
    }
}

fn key(place: Place) -> Option<(bool, u32)> {
    match place {
        Place::Grid(level) => Some((true, level)),
        Place::Areas(system) => Some((false, system)),
        Place::Piece => None,
    }
}

/// Puts bundles together.
pub(super) fn join(bundles: &[Bundle]) -> Joined {
    // Joined cells are other units in each release: such bundles are attacked by themselves.
    let joined = |b: &&Bundle| b.parameters.contains_key("merge_minimum");
    let exact = bundles.iter().filter(|b| ["suppress", "none"].contains(&b.method.as_str()) && !joined(b));
    let exact: Vec<&Bundle> = exact.collect();
    let Some(least) = exact.iter().filter_map(|b| b.threshold()).min() else { return Joined::Nothing };
    let of_date = |name: &Option<String>, bundles: &[&Bundle]| {
        bundles.iter().filter(|b| b.dates.iter().any(|date| date.name == *name)).count()
    };
    let all: Vec<&Bundle> = bundles.iter().collect();
    let withholding: Vec<&Bundle> = exact.iter().copied().filter(|b| b.method == "suppress").collect();
    let mut names: Vec<&Option<String>> = exact.iter().flat_map(|b| b.dates.iter().map(|date| &date.name)).collect();
    names.sort();
    names.dedup();
    names.retain(|name| of_date(name, &all) > 1 && of_date(name, &withholding) > 0);
    if names.is_empty() {
        return Joined::Nothing;
    }
    let mut joining = Joining::new(&exact);
    let dates: Vec<Date> = names.iter().map(|name| joining.date(name)).collect();
    if joining.differ > 0 {
        return Joined::NotTheSame;
    }
    let mut bundle = joining.bundle(dates, least);
    for (at, date) in bundle.dates.iter_mut().enumerate() {
        let changed = bundles.iter().filter(|b| ["round", "cell-key"].contains(&b.method.as_str()));
        let found = changed.filter_map(|b| Some((b, b.dates.iter().find(|other| other.name == *names[at])?)));
        date.bounds = found.flat_map(|(b, other)| bounds((b, other), &bundle.sizes, &bundle.columns, &date.grids)).collect();
    }
    Joined::One(Box::new(Joint { bundle, compared: joining.compared, undone: joining.undone, below: joining.below, least }))
}

struct Joining<'b> {
    exact: &'b [&'b Bundle],
    sizes: Vec<(String, GridSize)>,
    columns: Vec<(String, String)>,
    systems: Vec<String>,
    /// For each bundle the joint positions of its systems.
    system_of: Vec<Vec<usize>>,
    compared: u64,
    differ: u64,
    undone: Vec<(usize, Place, (usize, usize))>,
    below: Vec<FxHashMap<(bool, u32), Vec<i64>>>,
}

fn position<T: PartialEq + Clone>(list: &mut Vec<T>, item: &T) -> usize {
    list.iter().position(|other| other == item).unwrap_or_else(|| {
        list.push(item.clone());
        list.len() - 1
    })
}

impl<'b> Joining<'b> {
    fn new(exact: &'b [&'b Bundle]) -> Self {
        let (mut sizes, mut columns) = (Vec::new(), Vec::new());
        // What stands for the grid of a bundle without one says nothing of cells.
        let gridless = exact.iter().all(|bundle| bundle.gridless());
        for bundle in exact {
            let shown = bundle.sizes.iter().filter(|_| gridless || !bundle.gridless());
            shown.for_each(|size| _ = position(&mut sizes, size));
            bundle.columns.iter().for_each(|column| _ = position(&mut columns, column));
        }
        sizes.sort_by_key(|size: &(String, GridSize)| size.1);
        // Squares in which the finest do not nest add up to nothing in common.
        let finest = sizes.first().map_or(1, |(_, size): &(String, GridSize)| size.metres());
        sizes.retain(|(_, size)| size.metres().is_multiple_of(finest));
        let (mut systems, mut system_of): (Vec<String>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
        for (at, bundle) in exact.iter().enumerate() {
            let joint = |(own, name): (usize, &String)| {
                let other = exact[..at].iter().find_map(|b| Some((*b, b.systems.iter().position(|other| other == name)?)));
                let same = other.is_none_or(|(b, other)| same_system((b, other), (bundle, own)));
                if same { name.clone() } else { format!("{name} ({})", at + 1) }
            };
            let names: Vec<String> = bundle.systems.iter().enumerate().map(joint).collect();
            system_of.push(names.iter().map(|name| position(&mut systems, name)).collect());
        }
        let below = Vec::new();
        Self { exact, sizes, columns, systems, system_of, compared: 0, differ: 0, undone: Vec::new(), below }
    }

    /// All numbers of a date.
    fn date(&mut self, name: &Option<String>) -> Date {
        self.below.push(FxHashMap::default());
        let found = self.exact.iter().enumerate().filter_map(|(b, bundle)| {
            let date = bundle.dates.iter().find(|date| date.name == *name)?;
            Some((b, *bundle, date))
        });
        let found: Vec<(usize, &Bundle, &Date)> = found.collect();
        let grid = |level: usize, size: &(String, GridSize)| -> (Place, Vec<(&Bundle, &Published<CellId>)>) {
            let of = |&(_, bundle, date): &(usize, &'b Bundle, &'b Date)| {
                Some((bundle, &date.grids[bundle.sizes.iter().position(|s| s == size)?]))
            };
            (Place::Grid(level as u32), found.iter().filter_map(of).collect())
        };
        let grids: Vec<_> = self.sizes.iter().enumerate().map(|(level, size)| grid(level, size)).collect();
        let area = |system: usize| -> (Place, Vec<(&Bundle, &Published<Arc<str>>)>) {
            let of = |&(b, bundle, date): &(usize, &'b Bundle, &'b Date)| {
                Some((bundle, &date.areas[self.system_of[b].iter().position(|&joint| joint == system)?]))
            };
            (Place::Areas(system as u32), found.iter().filter_map(of).collect())
        };
        let areas: Vec<_> = (0..self.systems.len()).map(area).collect();
        Date {
            name: name.clone(),
            grids: grids.into_iter().map(|(place, parts)| self.level(place, &parts)).collect(),
            areas: areas.into_iter().map(|(place, parts)| self.level(place, &parts)).collect(),
            bounds: Vec::new(),
        }
    }

    /// One level, from all bundles that have it.
    fn level<U: Ord + Clone + Hash>(&mut self, place: Place, parts: &[(&Bundle, &Published<U>)]) -> Published<U> {
        let units: BTreeSet<&U> = parts.iter().flat_map(|(_, part)| &part.units).collect();
        let units: Vec<U> = units.into_iter().cloned().collect();
        let width = self.columns.len();
        let mut numbers = vec![NO_DATA; units.len() * width];
        let mut below = vec![0; units.len() * width];
        for (bundle, part) in parts {
            let columns: Vec<usize> = bundle.columns.iter().map(|column| position(&mut self.columns, column)).collect();
            let listed: FxHashMap<&U, usize> = part.units.iter().enumerate().map(|(at, unit)| (unit, at)).collect();
            let public = bundle.parameters.get("zeros").is_none_or(|zeros| zeros == "public");
            for (unit, name) in units.iter().enumerate() {
                let row = listed.get(name).map(|&at| &part.numbers[at * columns.len()..][..columns.len()]);
                if row.is_none() && !public {
                    continue;
                }
                for (own, &column) in columns.iter().enumerate() {
                    let new = row.map_or(0, |row| row[own]);
                    let at = unit * width + column;
                    let threshold = bundle.threshold().unwrap_or(0);
                    let (least, before) = (i64::from(public), numbers[at]);
                    match (before, new) {
                        (_, NO_DATA) => {}
                        (NO_DATA, _) => numbers[at] = new,
                        (WITHHELD, shown) | (shown, WITHHELD) if shown >= 0 => {
                            let limit = if new == WITHHELD { threshold } else { below[at] };
                            self.compared += 1;
                            if (least..limit).contains(&shown) {
                                let date = self.below.len() - 1;
                                self.undone.push((date, place, (unit, column)));
                            }
                            numbers[at] = shown;
                        }
                        (before, new) => self.differ += u64::from(before != new),
                    }
                    if new == WITHHELD {
                        below[at] = threshold.max(below[at]);
                    }
                }
            }
        }
        if let (Some(key), Some(of_date)) = (key(place), self.below.last_mut()) {
            of_date.insert(key, below);
        }
        Published { units, numbers }
    }

    fn bundle(&self, dates: Vec<Date>, threshold: i64) -> Bundle {
        let public = self.exact.iter().all(|b| b.parameters.get("zeros").is_none_or(|zeros| zeros == "public"));
        let mut parameters = self.exact.iter().rev().fold(std::collections::BTreeMap::new(), |mut all, bundle| {
            let rules =
                ["sensitive", "numerator", "group_disclosure", "dominance", "p_percent", "threshold_units", "minimum_base"];
            all.extend(
                bundle.parameters.iter().filter(|(name, _)| rules.contains(&name.as_str())).map(|(n, v)| (n.clone(), v.clone())),
            );
            all
        });
        parameters.insert("threshold".into(), threshold.to_string());
        parameters.insert("zeros".into(), if public { "public" } else { "secret" }.into());
        let cells: BTreeSet<CellId> = dates.iter().flat_map(|date| date.grids[0].units.iter().copied()).collect();
        // A bundle that does not tell where a listed cell lies takes part without its areas.
        let finest = self.sizes[0].1.metres();
        let knows = |bundle: &&Bundle| {
            let nests = bundle.sizes[0].1.metres().is_multiple_of(finest) && bundle.gridless() == (self.sizes[0].0 == WHOLE);
            nests
                && !bundle.systems.is_empty()
                && cells.iter().all(|cell| bundle.incidence.contains_key(&cell.parent(bundle.sizes[0].1)))
        };
        let knowing: Vec<bool> = self.exact.iter().map(knows).collect();
        let of_system = |joint: usize| {
            let positions = self.exact.iter().zip(&self.system_of).zip(&knowing).filter(|(_, knows)| **knows);
            positions.filter_map(move |((bundle, of), _)| Some((*bundle, of.iter().position(|&at| at == joint)?))).next()
        };
        let kept: Vec<usize> = (0..self.systems.len()).filter(|&joint| of_system(joint).is_some()).collect();
        let incidence = cells.iter().map(|cell| (*cell, self.pieces(*cell, &knowing, &kept))).collect();
        let one_date = dates.len() == 1;
        let outside = kept.iter().filter_map(|&joint| {
            let (bundle, own) = of_system(joint)?;
            let told = bundle.outside.get(&bundle.systems[own]).copied().flatten();
            let told = told.filter(|&told| told == 0 || one_date && bundle.dates.len() == 1);
            Some((self.systems[joint].clone(), told))
        });
        let mut joint = Bundle {
            method: "suppress".into(),
            parameters,
            placed: self.exact.iter().find_map(|bundle| bundle.placed).filter(|_| one_date),
            outside: outside.collect(),
            columns: self.columns.clone(),
            sizes: self.sizes.clone(),
            systems: kept.iter().map(|&joint| self.systems[joint].clone()).collect(),
            dates,
            incidence,
            sums: Sums::default(),
        };
        for date in &mut joint.dates {
            let mut position = 0..;
            date.areas.retain(|_| kept.contains(&position.next().unwrap_or(usize::MAX)));
        }
        joint
    }

    /// The pieces a cell may have: every way in which those told by several bundles agree.
    fn pieces(&self, cell: CellId, knowing: &[bool], kept: &[usize]) -> Vec<Vec<Option<Arc<str>>>> {
        let mut pieces: Vec<Vec<Option<Option<Arc<str>>>>> = vec![vec![None; self.systems.len()]];
        for ((bundle, of), _) in self.exact.iter().zip(&self.system_of).zip(knowing).filter(|(_, knows)| **knows) {
            let told = bundle.incidence.get(&cell.parent(bundle.sizes[0].1)).map_or(&[][..], Vec::as_slice);
            let mut joined = Vec::new();
            for piece in &pieces {
                for own in told {
                    let mut both = piece.clone();
                    let agree = of.iter().zip(own).all(|(&joint, key)| match &both[joint] {
                        Some(known) => known == key,
                        None => true,
                    });
                    if agree {
                        of.iter().zip(own).for_each(|(&joint, key)| both[joint] = Some(key.clone()));
                        joined.push(both);
                    }
                }
            }
            if !joined.is_empty() {
                pieces = joined;
            }
        }
        pieces.sort();
        pieces.dedup();
        pieces.into_iter().map(|piece| kept.iter().map(|&joint| piece[joint].clone().flatten()).collect()).collect()
    }
}

/// Whether two systems of the same name put the cells that both know in the same areas.
fn same_system((a, of_a): (&Bundle, usize), (b, of_b): (&Bundle, usize)) -> bool {
    fn keys(pieces: &[Vec<Option<Arc<str>>>], system: usize) -> BTreeSet<&Option<Arc<str>>> {
        pieces.iter().map(|piece| &piece[system]).collect()
    }
    let known = b.incidence.iter().filter_map(|(cell, pieces)| Some((a.incidence.get(cell)?, pieces)));
    known.into_iter().all(|(before, pieces)| keys(before, of_a) == keys(pieces, of_b))
}

/// What a changed number says of the true one, for the cells of the joint bundle.
fn bounds(
    (changed, date): (&Bundle, &Date),
    sizes: &[(String, GridSize)],
    columns: &[(String, String)],
    grids: &[Published<CellId>],
) -> Vec<Bound> {
    let parameter = |name: &str| changed.parameters.get(name).and_then(|value| value.parse::<i64>().ok());
    let reach = match changed.method.as_str() {
        "round" => parameter("base").map(|base| base - 1),
        _ => parameter("d"),
    };
    let Some(reach) = reach else { return Vec::new() };
    // Rounding keeps the total and the largest table of cells; the first of equally large ones.
    let mut tables: Vec<(&str, usize)> = Vec::new();
    for (table, _) in &changed.columns {
        match tables.iter_mut().find(|t| t.0 == table) {
            Some(found) => found.1 += 1,
            None => tables.push((table, 1)),
        }
    }
    let largest = tables.iter().rev().max_by_key(|table| table.1).map_or("total", |table| table.0);
    let kept = |table: &str| changed.method == "cell-key" || table == "total" || table == largest;
    let mut bounds = Vec::new();
    for (level, (_, size)) in sizes.iter().enumerate().filter(|(_, (name, _))| name != WHOLE) {
        let Some(own) = changed.sizes.iter().position(|s| s.1 == *size).filter(|_| !changed.gridless()) else { continue };
        let at: FxHashMap<CellId, usize> = date.grids[own].units.iter().enumerate().map(|(at, cell)| (*cell, at)).collect();
        for (own_column, name) in changed.columns.iter().enumerate().filter(|(_, name)| kept(&name.0)) {
            let Some(column) = columns.iter().position(|c| c == name) else { continue };
            for (unit, cell) in grids[level].units.iter().enumerate() {
                let shown = at.get(cell).map_or(0, |&at| date.grids[own].numbers[at * changed.columns.len() + own_column]);
                let least = (shown - reach).max(i64::from(shown > 0));
                bounds.push(Bound { place: Place::Grid(level as u32), at: (unit, column), least, most: shown + reach });
            }
        }
    }
    bounds
}
