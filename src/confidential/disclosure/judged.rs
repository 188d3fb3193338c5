//! Releases judged by other means: dense elimination over all atoms, and worked examples.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rustc_hash::FxHashMap;

use crate::confidential::cube::{AtomKey, Cube, RawSum};
use crate::confidential::disclosure::merge::Merge;
use crate::confidential::disclosure::publish::protect;
use crate::confidential::disclosure::release::{Release, Status};
use crate::confidential::disclosure::risk::{RateRule, Risk, Risks};
use crate::confidential::disclosure::rules::{Method, Rules, Zeros};
use crate::confidential::disclosure::towns::{Dice, cube, lattice};
use crate::confidential::lattice::{Column, Lattice, Level, Unit};
use crate::grid::{CellId, GridSize};
use crate::progress::Silent;

const TABLES: [&[&[usize]]; 5] =
    [&[&[]], &[&[], &[0], &[1], &[0, 1]], &[&[], &[0], &[1]], &[&[], &[0, 1], &[1, 2]], &[&[], &[0, 1], &[1, 2], &[0, 2], &[1]]];

fn at(east: u64, north: u64) -> CellId {
    CellId::of_corner(GridSize::new(100).unwrap(), 4_000_000 + 100 * east as i32, 3_000_000 + 100 * north as i32).unwrap()
}

fn atom(cell: (u64, u64), areas: u32, group: u64, count: u64) -> (AtomKey, u64) {
    (AtomKey { date: 0, cell: at(cell.0, cell.1), areas, group }, count)
}

/// A small world: cells of 100, 200 and 400 m, two area systems whose borders cut cells, three dimensions.
fn world(seed: u64, tables: usize, cells: u64) -> (Lattice, Cube) {
    let mut dice = Dice(seed.wrapping_mul(1000));
    let lattice = lattice(&[100, 200, 400], &[3, 2], &[2, 3, 2], TABLES[tables]);
    let tuples: Vec<Vec<Option<u32>>> =
        [None, Some(0), Some(1)].into_iter().flat_map(|a| [None, Some(0), Some(1)].map(|b| vec![a, b])).collect();
    let mut atoms = Vec::new();
    for _ in 0..cells {
        let cell = (dice.below(6), dice.below(6));
        for _ in 0..=dice.below(2) {
            let tuple = if dice.below(3) == 0 { dice.below(9) } else { (cell.0 / 3) * 3 + 1 + cell.1 / 4 };
            for _ in 0..=dice.below(5) {
                atoms.push(atom(cell, tuple as u32, dice.below(12), 1 + dice.below(9)));
            }
        }
    }
    let cube = cube(&lattice, tuples, atoms);
    (lattice, cube)
}

fn suppress(threshold: u64, zeros: Zeros) -> Rules {
    Rules { method: Method::Suppress { threshold }, merge: None, zeros, sensitive: Vec::new(), risks: Default::default() }
}

/// The judge: everything in terms of atoms (place × finest group), whether or not they hold records.
struct Judge<'w> {
    lattice: &'w Lattice,
    cube: &'w Cube,
    places: Vec<(CellId, u32)>,
    groups: u64,
}

const PRIME: u128 = 1_000_000_007;

impl<'w> Judge<'w> {
    fn new(lattice: &'w Lattice, cube: &'w Cube) -> Self {
        let mut places: Vec<(CellId, u32)> = cube.keys.iter().map(|k| (k.cell, k.areas)).collect();
        places.dedup();
        let groups = lattice.dimensions.iter().map(|d| d.categories.len() as u64).product();
        Self { lattice, cube, places, groups }
    }

    fn truth(&self, atoms: &[bool]) -> u64 {
        let held = |key: &AtomKey| {
            let place = self.places.binary_search(&(key.cell, key.areas)).unwrap();
            atoms[place * self.groups as usize + key.group as usize]
        };
        self.cube.keys.iter().zip(&self.cube.counts).filter(|(key, _)| held(key)).map(|(_, count)| count.expose()).sum()
    }

    fn atoms(&self, place: impl Fn(CellId, &[Option<u32>]) -> bool, group: impl Fn(&[usize]) -> bool) -> Vec<bool> {
        let mut atoms = Vec::new();
        for &(cell, tuple) in &self.places {
            for g in 0..self.groups {
                let mut rest = g as usize;
                let mut categories: Vec<usize> = Vec::new();
                for d in self.lattice.dimensions.iter().rev() {
                    categories.insert(0, rest % d.categories.len());
                    rest /= d.categories.len();
                }
                atoms.push(place(cell, &self.cube.area_tuples[tuple as usize]) && group(&categories));
            }
        }
        atoms
    }

    fn column(&self, column: usize, categories: &[usize]) -> bool {
        let column = &self.lattice.columns()[column];
        self.lattice.tables[column.table].0.iter().zip(&column.group).all(|(&d, &c)| categories[d] == c)
    }

    fn group(&self, column: &Column) -> FxHashMap<usize, usize> {
        self.lattice.tables[column.table].0.iter().copied().zip(column.group.iter().copied()).collect()
    }

    /// Fails if a count below the threshold (or a secret zero) is published, wrong, or in the row space of what is published.
    fn check(&self, release: &Release, threshold: u64, zeros: Zeros) {
        self.check_rules(release, threshold, &suppress(threshold, zeros));
    }

    /// The same for numbers that are at risk by other rules.
    fn check_rules(&self, release: &Release, threshold: u64, rules: &Rules) {
        let zeros = rules.zeros;
        let groups: Vec<_> = self.lattice.columns().iter().map(|column| self.group(column)).collect();
        let risk = Risk::new(rules, threshold, &groups);
        let mut rows: Vec<Vec<bool>> = Vec::new();
        let mut empty = vec![false; self.places.len() * self.groups as usize];
        let mut targets: BTreeMap<Vec<bool>, String> = BTreeMap::new();
        let columns = self.lattice.columns().len();
        let small = |count: u64| count < threshold && (count > 0 || zeros == Zeros::Secret);
        for block in &release.blocks {
            for (u, &unit) in block.units.iter().enumerate() {
                let inside = |cell: CellId, tuple: &[Option<u32>]| match (unit, block.level) {
                    (Unit::Cell(coarse), _) => cell.parent(coarse.size()) == coarse,
                    (Unit::Area(area), Level::Areas(system)) => tuple[system] == Some(area),
                    _ => unreachable!(),
                };
                let truth_of = |c| self.truth(&self.atoms(inside, |categories| self.column(c, categories))) as u32;
                let row: Vec<u32> = (0..columns).map(truth_of).collect();
                let few = matches!(unit, Unit::Cell(_)) && rules.merge.is_some_and(|m| u64::from(row[0]) < m.minimum);
                for (c, number) in block.numbers(u).iter().enumerate() {
                    let atoms = self.atoms(inside, |categories| self.column(c, categories));
                    let truth = self.truth(&atoms);
                    match number.status() {
                        // An area without records has no atoms, and nobody to protect.
                        Status::Suppressed
                            if (small(truth) || (few && truth > 0) || risk.needs_protection(0, &row, c))
                                && atoms.contains(&true) =>
                        {
                            targets.insert(atoms, format!("{unit:?} column {c}"));
                        }
                        Status::Suppressed => {}
                        Status::Zero => {
                            assert_eq!((truth, zeros), (0, Zeros::Public));
                            empty.iter_mut().zip(&atoms).for_each(|(e, &a)| *e |= a);
                        }
                        Status::Value => {
                            assert_eq!(number.value(), Some(truth as i64));
                            assert!(truth >= threshold, "{unit:?} column {c} is below the threshold");
                            assert!(!few && !risk.needs_protection(0, &row, c), "{unit:?} column {c} is at risk");
                            rows.push(atoms);
                        }
                        other => panic!("{other:?}"),
                    }
                }
            }
        }
        let joined = rules.merge.map(|merge| merge.joined(self.cube, self.lattice, zeros));
        let shown = |cell: CellId| {
            let holds = |key: &&AtomKey| cell.at_least(key.cell.size()) == key.cell;
            joined.as_ref().and_then(|joined| joined.keys.iter().find(holds)).map_or(cell, |key| key.cell)
        };
        let withheld = release.parameters.iter().find(|p| p.0 == "withheld").map_or("", |p| p.1.as_str());
        if !withheld.contains("placed") {
            rows.push(self.atoms(|_, _| true, |_| true));
        }
        for (s, system) in self.lattice.systems.iter().enumerate() {
            if !withheld.contains(&format!("outside:{}", system.name)) {
                rows.push(self.atoms(|_, tuple| tuple[s].is_none(), |_| true));
            }
            for c in 0..columns {
                let outside = self.atoms(|_, tuple| tuple[s].is_none(), |categories| self.column(c, categories));
                let truth = self.truth(&outside);
                if small(truth) && truth > 0 && c > 0 {
                    targets.insert(outside, format!("outside of system {s} column {c}"));
                }
            }
            // Pieces that borders cut from cells; of joined cells nobody knows the cells they were.
            for &size in self.lattice.sizes.as_slice() {
                for &(cell, tuple) in &self.places {
                    let (coarse, area) = (shown(cell).at_least(size), self.cube.area_tuples[tuple as usize][s]);
                    for c in 0..columns {
                        let inside =
                            |cell: CellId, tuple: &[Option<u32>]| cell.parent(coarse.size()) == coarse && tuple[s] == area;
                        let atoms = self.atoms(inside, |categories| self.column(c, categories));
                        let truth = self.truth(&atoms);
                        if small(truth) && truth > 0 {
                            targets.insert(atoms, format!("{coarse:?} in {area:?} column {c}"));
                        }
                    }
                }
            }
        }
        let dense = |atoms: &[bool]| -> Vec<u128> {
            atoms.iter().zip(&empty).filter(|(_, empty)| !**empty).map(|(&held, _)| u128::from(held)).collect()
        };
        let mut echelon: Vec<(usize, Vec<u128>)> = Vec::new();
        for row in &rows {
            let mut row = dense(row);
            reduce(&mut row, &echelon);
            if let Some(pivot) = row.iter().position(|&v| v != 0) {
                let scale = power(row[pivot], PRIME - 2);
                row.iter_mut().for_each(|v| *v = *v * scale % PRIME);
                echelon.push((pivot, row));
            }
        }
        for (target, name) in &targets {
            let mut row = dense(target);
            reduce(&mut row, &echelon);
            assert!(row.iter().any(|&v| v != 0), "{name} is a linear function of what is published");
        }
    }
}

fn reduce(row: &mut [u128], echelon: &[(usize, Vec<u128>)]) {
    for (pivot, other) in echelon {
        let factor = row[*pivot];
        if factor != 0 {
            row.iter_mut().zip(other).for_each(|(v, &o)| *v = (*v + (PRIME - factor) * o) % PRIME);
        }
    }
}

fn power(base: u128, exponent: u128) -> u128 {
    match exponent {
        0 => 1,
        _ => {
            let half = power(base * base % PRIME, exponent / 2);
            if exponent % 2 == 1 { half * base % PRIME } else { half }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_primary_is_a_linear_function_of_what_is_published(
        seed in 0_u64..1_000_000, tables in 0_usize..5, cells in 1_u64..14, threshold in 2_u64..7, secret in any::<bool>(),
    ) {
        let (lattice, cube) = world(seed, tables, cells);
        let zeros = if secret { Zeros::Secret } else { Zeros::Public };
        let release = protect(&cube, lattice.clone(), &suppress(threshold, zeros), &Silent).unwrap();
        Judge::new(&lattice, &cube).check(&release, threshold, zeros);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// The judge knows nothing of joined cells: to it they are sums of the atoms in them.
    #[test]
    fn joined_cells_give_nothing_away(
        seed in 0_u64..1_000_000, tables in 0_usize..5, cells in 1_u64..14, threshold in 2_u64..7, minimum in 2_u64..40,
        largest in 0_usize..3, secret in any::<bool>(),
    ) {
        let (lattice, cube) = world(seed, tables, cells);
        let zeros = if secret { Zeros::Secret } else { Zeros::Public };
        let merge = Some(Merge { minimum, largest: lattice.sizes.as_slice()[largest] });
        let rules = Rules { merge, ..suppress(threshold, zeros) };
        let release = protect(&cube, lattice.clone(), &rules, &Silent).unwrap();
        Judge::new(&lattice, &cube).check_rules(&release, threshold, &rules);
    }
}

/// Value of a unit's column, or `None` where it is withheld.
fn value(release: &Release, level: usize, unit: usize, column: usize) -> Option<i64> {
    release.blocks[level].numbers(unit)[column].value()
}

/// GG: a municipality of 100 and cells of 15, 40, 26 and 16 that lie in it; the fifth cell is cut and holds its other 3.
#[test]
fn an_area_less_its_cells_does_not_give_a_small_piece() {
    let lattice = lattice(&[100], &[2], &[], &[&[]]);
    let tuples = vec![vec![Some(0)], vec![Some(1)]];
    let atoms = vec![
        atom((0, 0), 0, 0, 15),
        atom((1, 0), 0, 0, 40),
        atom((0, 1), 0, 0, 26),
        atom((1, 1), 0, 0, 16),
        atom((2, 0), 0, 0, 3),
        atom((2, 0), 1, 0, 30),
        atom((3, 0), 1, 0, 50),
        atom((4, 0), 1, 0, 12),
    ];
    let cube = cube(&lattice, tuples, atoms);
    let release = protect(&cube, lattice.clone(), &suppress(5, Zeros::Public), &Silent).unwrap();
    Judge::new(&lattice, &cube).check(&release, 5, Zeros::Public);
    let withheld = release.blocks.iter().flat_map(|b| (0..b.units.len()).map(|u| b.numbers(u)[0].value()));
    // One number on either side of the border, the cheapest: 15 and 12.
    assert_eq!(withheld.filter(Option::is_none).count(), 2);
    assert_eq!((value(&release, 0, 0, 0), value(&release, 0, 4, 0)), (None, None));
}

#[test]
fn beside_ones_that_add_up_to_their_number_a_zero_is_withheld() {
    let lattice = lattice(&[100, 1000], &[], &[7], &[&[], &[0]]);
    let atoms = (0..5).map(|g| atom((0, 0), 0, g, 1)).chain((0..7).map(|g| atom((1, 0), 0, g, 40))).collect();
    let cube = cube(&lattice, vec![vec![]], atoms);
    let release = protect(&cube, lattice, &suppress(5, Zeros::Public), &Silent).unwrap();
    let statuses: Vec<Status> = release.blocks[0].numbers(0).iter().map(|n| n.status()).collect();
    assert_eq!(statuses[0], Status::Value);
    let count = |status: Status| statuses.iter().filter(|&&s| s == status).count();
    assert_eq!((count(Status::Suppressed), count(Status::Zero)), (6, 1));
}

/// One in the second category lives outside both areas; cells less areas would tell.
#[test]
fn a_small_group_outside_all_areas_is_protected() {
    let lattice = lattice(&[100], &[2], &[2], &[&[], &[0]]);
    let tuples = vec![vec![Some(0)], vec![Some(1)], vec![None]];
    let atoms = (0..3).flat_map(|c| [atom((c, 0), c as u32, 0, 40), atom((c, 0), c as u32, 1, 30)]);
    let atoms = atoms.chain([atom((3, 0), 0, 0, 20), atom((3, 0), 0, 1, 20), atom((3, 0), 2, 0, 20), atom((3, 0), 2, 1, 1)]);
    let cells_outside = [atom((2, 0), 2, 1, 30)];
    let atoms = atoms.filter(|a| !cells_outside.iter().any(|o| o.0.cell == a.0.cell && o.0.group == a.0.group)).collect();
    let cube = cube(&lattice, tuples, atoms);
    let release = protect(&cube, lattice.clone(), &suppress(5, Zeros::Public), &Silent).unwrap();
    Judge::new(&lattice, &cube).check(&release, 5, Zeros::Public);
}

#[test]
fn with_secret_zeros_no_zero_is_shown_and_unseen_cells_are_left_out() {
    let lattice = lattice(&[100], &[1], &[2], &[&[], &[0]]);
    let atoms = vec![atom((0, 0), 0, 0, 9), atom((1, 0), 0, 1, 2), atom((2, 0), 0, 0, 30), atom((2, 0), 0, 1, 30)];
    let cube = cube(&lattice, vec![vec![Some(0)]], atoms);
    let release = protect(&cube, lattice, &suppress(3, Zeros::Secret), &Silent).unwrap();
    let numbers = release.blocks.iter().flat_map(|b| (0..b.units.len()).flat_map(|u| b.numbers(u)));
    assert!(numbers.clone().all(|n| n.status() != Status::Zero) && numbers.count() > 0);
    assert!(!release.blocks[0].units.contains(&Unit::Cell(at(1, 0))));
}

#[test]
fn a_sensitive_zero_is_secret_only_where_someone_could_be_meant() {
    let lattice = lattice(&[100], &[], &[2, 2], &[&[], &[0], &[1], &[0, 1]]);
    let atoms = [(0, 0), (1, 0), (2, 0)].into_iter().flat_map(|c| [(0, 20), (2, 20)].map(|(g, n)| atom(c, 0, g, n)));
    let cube = cube(&lattice, vec![vec![]], atoms.chain([atom((3, 0), 0, 0, 9), atom((3, 0), 0, 1, 9)]).collect());
    let rules = Rules { sensitive: vec![(1, vec![1])], ..suppress(3, Zeros::Public) };
    let release = protect(&cube, lattice, &rules, &Silent).unwrap();
    // Columns: total, d0 (2), d1 (2), d0 × d1 (4). Nobody has the sensitive category in the first cell, which is not told.
    let first: Vec<Status> = release.blocks[0].numbers(0).iter().map(|n| n.status()).collect();
    assert_eq!((first[4], first[6], first[8]), (Status::Suppressed, Status::Suppressed, Status::Suppressed));
    // The last cell has nobody in the second category of d0 at all: that is public, and so is all it contains.
    let last: Vec<Status> = release.blocks[0].numbers(3).iter().map(|n| n.status()).collect();
    assert_eq!((last[2], last[7], last[8]), (Status::Zero, Status::Zero, Status::Zero));
}

/// The cells of one area in a cut 500 m cell have nobody in the first category of d0, which each of them tells; the cell and the area as
/// wholes have. The piece's sensitive zero follows from those of its cells and cannot be secret.
#[test]
fn a_secret_zero_that_public_zeros_of_all_parts_tell_is_no_secret() {
    let lattice = lattice(&[100, 500], &[2], &[2, 2], &[&[], &[0], &[1], &[0, 1]]);
    // Groups: d0 × d1; the second category of d1 is sensitive.
    let atoms = vec![
        atom((0, 0), 0, 2, 20),
        atom((0, 0), 0, 3, 20),
        atom((1, 0), 0, 2, 20),
        atom((1, 0), 0, 3, 20),
        atom((2, 0), 1, 0, 20),
        atom((2, 0), 1, 2, 20),
        atom((5, 0), 0, 0, 20),
        atom((5, 0), 0, 2, 20),
        atom((10, 0), 1, 0, 20),
        atom((10, 0), 1, 3, 20),
    ];
    let cube = cube(&lattice, vec![vec![Some(0)], vec![Some(1)]], atoms);
    let rules = Rules { sensitive: vec![(1, vec![1])], ..suppress(5, Zeros::Public) };
    let release = protect(&cube, lattice, &rules, &Silent).unwrap();
    // Columns: total, d0 (2), d1 (2), d0 × d1 (4).
    assert_eq!(release.blocks[0].numbers(0)[6].status(), Status::Zero);
    assert_eq!(release.blocks[1].numbers(0)[6].status(), Status::Suppressed);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sensitive_categories_can_always_be_protected(seed in 0_u64..1_000_000, tables in 1_usize..5, cells in 1_u64..14) {
        let (lattice, cube) = world(seed, tables, cells);
        let rules = Rules { sensitive: vec![(0, vec![1]), (1, vec![1, 2])], ..suppress(5, Zeros::Public) };
        let release = protect(&cube, lattice.clone(), &rules, &Silent).unwrap();
        Judge::new(&lattice, &cube).check(&release, 5, Zeros::Public);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rates_of_few_and_whole_groups_can_always_be_protected(
        seed in 0_u64..1_000_000, tables in 1_usize..5, cells in 1_u64..14, base in 6_u64..60,
    ) {
        let (lattice, cube) = world(seed, tables, cells);
        let rate = Some(RateRule { dimension: 1, numerator: vec![1, 2], minimum_base: base });
        let risks = Risks { rate, group_disclosure: vec![0], ..Risks::default() };
        let rules = Rules { sensitive: vec![(0, vec![1])], risks, ..suppress(4, Zeros::Public) };
        let release = protect(&cube, lattice.clone(), &rules, &Silent).unwrap();
        Judge::new(&lattice, &cube).check_rules(&release, 4, &rules);
    }
}

/// All twenty people of the first cell are in the sensitive category: neither that number nor the zero beside it is told.
#[test]
fn that_all_of_a_place_share_a_sensitive_category_is_not_told() {
    let lattice = lattice(&[100], &[], &[2], &[&[], &[0]]);
    let atoms = vec![atom((0, 0), 0, 1, 20), atom((1, 0), 0, 0, 30), atom((1, 0), 0, 1, 20), atom((2, 0), 0, 0, 9)];
    let cube = cube(&lattice, vec![vec![]], atoms);
    let risks = Risks { group_disclosure: vec![0], ..Risks::default() };
    let rules = Rules { sensitive: vec![(0, vec![1])], risks, ..suppress(5, Zeros::Public) };
    let release = protect(&cube, lattice, &rules, &Silent).unwrap();
    assert_eq!([0, 1, 2].map(|column| value(&release, 0, 0, column)), [Some(20), None, None]);
    assert!(release.parameters.contains(&("group_disclosure", "d0".to_owned())));
}

#[test]
fn rules_for_rates_and_groups_that_cannot_be_meant_are_refused() {
    let (lattice, cube) = world(5, 1, 3);
    let rate = |dimension, category, minimum_base| Risks {
        rate: Some(RateRule { dimension, numerator: vec![category], minimum_base }),
        ..Risks::default()
    };
    for risks in [rate(7, 0, 100), rate(0, 9, 100), rate(0, 0, 1), Risks { group_disclosure: vec![0], ..Risks::default() }] {
        assert!(protect(&cube, lattice.clone(), &Rules { risks, ..suppress(3, Zeros::Public) }, &Silent).is_err());
    }
    let none = Method::None { reason: "schools".to_owned() };
    let rules = Rules { method: none, risks: rate(0, 0, 100), ..suppress(3, Zeros::Public) };
    assert!(protect(&cube, lattice, &rules, &Silent).is_err());
}

#[test]
fn three_records_are_protected_by_telling_nothing() {
    let lattice = lattice(&[100, 1000], &[1], &[], &[&[]]);
    let cube = cube(&lattice, vec![vec![Some(0)]], vec![atom((0, 0), 0, 0, 3)]);
    let release = protect(&cube, lattice, &suppress(5, Zeros::Public), &Silent).unwrap();
    assert!(release.blocks.iter().all(|b| b.numbers(0)[0].status() == Status::Suppressed));
    assert!(release.parameters.contains(&("withheld", "placed".to_owned())));
}

#[test]
fn method_none_publishes_everything_and_says_why() {
    let (lattice, cube) = world(5, 1, 8);
    let rules = Rules { method: Method::None { reason: "schools".to_owned() }, ..suppress(1, Zeros::Public) };
    let release = protect(&cube, lattice, &rules, &Silent).unwrap();
    let numbers = release.blocks.iter().flat_map(|b| (0..b.units.len()).flat_map(|u| b.numbers(u)));
    assert!(numbers.clone().all(|n| n.value().is_some()));
    assert_eq!((release.method, release.parameters), ("none", vec![("reason", "schools".to_owned())]));
    let records: u64 = cube.counts.iter().map(|c| c.expose()).sum();
    let coarsest = &release.blocks[2];
    assert_eq!((0..coarsest.units.len()).map(|u| coarsest.numbers(u)[0].value().unwrap()).sum::<i64>(), records as i64);
}

#[test]
fn threshold_zero_and_an_empty_reason_are_refused() {
    let (lattice, cube) = world(5, 0, 3);
    for method in [Method::Suppress { threshold: 0 }, Method::None { reason: " ".to_owned() }] {
        let rules = Rules { method, ..suppress(1, Zeros::Public) };
        assert!(protect(&cube, lattice.clone(), &rules, &Silent).is_err());
    }
}

#[test]
fn sums_are_withheld_with_their_counts_and_rounded() {
    let mut lattice = lattice(&[100], &[], &[], &[&[]]);
    lattice.measures = vec!["income".to_owned()];
    let mut cube = cube(&lattice, vec![vec![]], [(0, 2), (1, 3), (2, 8)].map(|(x, n)| atom((x, 0), 0, 0, n)).into());
    cube.sums = vec![[10_000, 20_000, -25_000].map(RawSum::for_tests).into()];
    let release = protect(&cube, lattice, &suppress(5, Zeros::Public), &Silent).unwrap();
    assert_eq!((value(&release, 0, 0, 1), value(&release, 0, 1, 1), value(&release, 0, 2, 1)), (None, None, Some(-3)));
}

#[test]
fn any_number_of_threads_gives_the_same_release() {
    let (lattice, cube) = world(11, 3, 13);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let release = pool.install(|| protect(&cube, lattice.clone(), &suppress(4, Zeros::Public), &Silent).unwrap());
        format!("{:?}", release.blocks)
    };
    assert_eq!(run(1), run(2));
    assert_eq!(run(1), run(7));
}
