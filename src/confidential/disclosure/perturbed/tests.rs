//! Rounding and cell keys judged on synthetic towns and on enumerated worlds.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::confidential::cube::{AtomKey, CellKey, Cube};
use crate::confidential::disclosure::modular::scatter;
use crate::confidential::disclosure::perturbation::PerturbationParameters;
use crate::confidential::disclosure::publish::protect;
use crate::confidential::disclosure::release::{Block, Release};
use crate::confidential::disclosure::rounding::rounded;
use crate::confidential::disclosure::rules::{Method, Rules, Zeros};
use crate::confidential::disclosure::towns::{Dice, cube, lattice, towns};
use crate::confidential::lattice::{Lattice, Level, Unit};
use crate::confidential::secret::{Key, Purpose};
use crate::grid::{CellId, GridSize};
use crate::progress::Silent;

fn key(seed: u64) -> Key {
    Key::from_hex(&format!("{seed:064x}")).unwrap()
}

fn rules(method: Method) -> Rules {
    Rules { method, merge: None, zeros: Zeros::Public, sensitive: Vec::new(), risks: Default::default() }
}

fn round(lattice: &Lattice, cube: &Cube, base: u32, seed: u64) -> Release {
    protect(cube, lattice.clone(), &rules(Method::Round { base, key: key(seed) }), &Silent).unwrap()
}

fn truth(lattice: &Lattice, cube: &Cube) -> Release {
    protect(cube, lattice.clone(), &rules(Method::None { reason: "judge".to_owned() }), &Silent).unwrap()
}

fn atoms(cube: &Cube, base: u32, lattice: &Lattice, seed: u64) -> Vec<u64> {
    rounded(cube, lattice, 0..cube.keys.len(), base, key(seed).hash_for(Purpose::Rounding))
}

fn at(east: u64, north: u64) -> CellId {
    CellId::of_corner(GridSize::new(100).unwrap(), 4_000_000 + 100 * east as i32, 3_000_000 + 100 * north as i32).unwrap()
}

/// A few cells of 100 and 200 m in an area system whose borders cut them, 2 × 3 groups.
fn world(seed: u64, cells: u64, tables: &[&[usize]]) -> (Lattice, Cube) {
    let mut dice = Dice(seed.wrapping_mul(1000));
    let lattice = lattice(&[100, 200], &[2], &[2, 3], tables);
    let mut atoms = Vec::new();
    for _ in 0..cells {
        let cell = at(dice.below(5), dice.below(5));
        for _ in 0..=dice.below(5) {
            let key = AtomKey { date: 0, cell, areas: dice.below(3) as u32, group: dice.below(6) };
            atoms.push((key, 1 + dice.below(7)));
        }
    }
    let cube = cube(&lattice, vec![vec![None], vec![Some(0)], vec![Some(1)]], atoms);
    (lattice, cube)
}

/// The numbers of a block by unit; all zeros where a cell is not listed.
fn number(block: &Block, unit: Unit, column: usize) -> i64 {
    block.units.binary_search(&unit).map_or(0, |at| block.numbers(at)[column].value().unwrap())
}

fn assert_adds_up(release: &Release, base: u32) {
    let columns = release.lattice.columns();
    let sizes = release.lattice.sizes.as_slice();
    for block in &release.blocks {
        for unit in 0..block.units.len() {
            let numbers = block.numbers(unit);
            assert!(numbers.iter().all(|n| n.value().is_some_and(|n| n == 0 || n >= i64::from(base))));
            for table in 1..release.lattice.tables.len() {
                let of_table = columns.iter().zip(numbers).filter(|(column, _)| column.table == table);
                assert_eq!(of_table.map(|(_, n)| n.value().unwrap()).sum::<i64>(), numbers[0].value().unwrap());
            }
        }
    }
    for (fine, &coarse) in release.blocks.iter().zip(&sizes[1..]) {
        let mut sums: BTreeMap<(Unit, usize), i64> = BTreeMap::new();
        for (u, &unit) in fine.units.iter().enumerate() {
            let Unit::Cell(cell) = unit else { unreachable!("a grid level") };
            for (column, number) in fine.numbers(u).iter().enumerate() {
                *sums.entry((Unit::Cell(cell.parent(coarse)), column)).or_default() += number.value().unwrap();
            }
        }
        let next = release.blocks.iter().find(|b| b.level == Level::Grid(coarse)).unwrap();
        assert!(next.units.iter().all(|unit| sums.contains_key(&(*unit, 0))));
        for ((unit, column), sum) in sums {
            assert_eq!(number(next, unit, column), sum);
        }
    }
}

/// Largest distance from the truth over cells of all sizes, for the columns wanted.
fn largest_error(release: &Release, truth: &Release, wanted: impl Fn(usize) -> bool) -> i64 {
    let mut largest = 0;
    for (block, true_block) in release.blocks.iter().zip(&truth.blocks).filter(|(block, _)| matches!(block.level, Level::Grid(_)))
    {
        for (u, &unit) in true_block.units.iter().enumerate() {
            for (column, number_true) in true_block.numbers(u).iter().enumerate().filter(|(column, _)| wanted(*column)) {
                largest = largest.max((number(block, unit, column) - number_true.value().unwrap()).abs());
            }
        }
    }
    largest
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rounded_releases_add_up_and_stay_within_the_base(seed in 0_u64..1_000_000, cells in 1_u64..20, base in 3_u32..8, margins in any::<bool>()) {
        let tables: &[&[usize]] = if margins { &[&[], &[0], &[1]] } else { &[&[], &[0], &[0, 1]] };
        let (lattice, cube) = world(seed, cells, tables);
        let release = round(&lattice, &cube, base, seed);
        assert_adds_up(&release, base);
        let columns = lattice.columns();
        // The total and the largest table, here the last.
        let bounded = |column: usize| [0, 2].contains(&columns[column].table);
        let error = largest_error(&release, &truth(&lattice, &cube), bounded);
        prop_assert!(error < i64::from(base), "{error}");
        let all: i64 = atoms(&cube, base, &lattice, seed).iter().sum::<u64>() as i64;
        let records: u64 = cube.counts.iter().map(|count| count.expose()).sum();
        prop_assert!((all - records as i64).abs() < i64::from(base));
        for (areas, block) in release.blocks.iter().filter(|b| matches!(b.level, Level::Areas(_))).map(|b| (&b.units, b)) {
            prop_assert_eq!(areas.len(), 2);
            for area in 0..2_u32 {
                let inside = cube.keys.iter().zip(atoms(&cube, base, &lattice, seed)).filter(|(key, _)| key.areas == area + 1);
                prop_assert_eq!(number(block, Unit::Area(area), 0), inside.map(|(_, n)| n as i64).sum::<i64>());
            }
        }
    }

    #[test]
    fn large_atoms_stay_and_small_ones_become_zero_or_the_base(seed in 0_u64..1_000_000, cells in 1_u64..20) {
        let (lattice, cube) = world(seed, cells, &[&[], &[0, 1]]);
        for (count, after) in cube.counts.iter().zip(atoms(&cube, 5, &lattice, seed)) {
            let count = count.expose();
            let kept = count >= 5 && after == count;
            prop_assert!(kept || count < 5 && (after == 0 || after == 5));
        }
    }
}

#[test]
fn rounding_is_unbiased_over_keys() {
    const KEYS: u64 = 4000;
    let (lattice, cube) = world(3, 12, &[&[], &[0], &[0, 1]]);
    let mut sums = vec![0_u64; cube.keys.len()];
    for seed in 0..KEYS {
        sums.iter_mut().zip(atoms(&cube, 5, &lattice, seed)).for_each(|(sum, after)| *sum += after);
    }
    for (sum, count) in sums.into_iter().zip(&cube.counts) {
        let count = count.expose();
        let share = (count as f64 / 5.0).min(1.0);
        let standard_error = 5.0 * (share * (1.0 - share) / KEYS as f64).sqrt();
        let error = (sum as f64 / KEYS as f64 - count as f64).abs();
        assert!(error <= 4.0 * standard_error + 1e-12, "an atom of {count} is off by {error}");
    }
}

/// All worlds of two cells and two groups with up to `base` records each; all that many keys can make of them.
#[test]
fn every_small_atom_keeps_two_possible_values_for_who_knows_the_method() {
    const BASE: u64 = 3;
    let lattice = lattice(&[100, 200], &[], &[2], &[&[], &[0]]);
    let mut possible: BTreeMap<Vec<u64>, [BTreeSet<u64>; 4]> = BTreeMap::new();
    let mut seen: BTreeSet<(Vec<u64>, [u64; 4])> = BTreeSet::new();
    for world in 0..(BASE + 1).pow(4) {
        let counts: [u64; 4] = std::array::from_fn(|a| world / (BASE + 1).pow(a as u32) % (BASE + 1));
        let place = |a: usize| AtomKey { date: 0, cell: at(a as u64 / 2, 0), areas: 0, group: a as u64 % 2 };
        let held: Vec<usize> = (0..4).filter(|&a| counts[a] > 0).collect();
        if held.is_empty() {
            continue;
        }
        let cube = cube(&lattice, vec![vec![]], held.iter().map(|&a| (place(a), counts[a])).collect());
        for seed in 0..60 {
            let mut after = vec![0; 4];
            for (key, n) in cube.keys.iter().zip(atoms(&cube, BASE as u32, &lattice, seed)) {
                after[(0..4).find(|&a| place(a) == *key).unwrap()] = n;
            }
            possible.entry(after.clone()).or_default().iter_mut().zip(counts).for_each(|(values, count)| {
                values.insert(count);
            });
            seen.insert((after, counts));
        }
    }
    for (after, counts) in seen {
        for (values, count) in possible[&after].iter().zip(counts) {
            assert!(!(1..BASE).contains(&count) || values.len() >= 2, "{counts:?} seen as {after:?} is known");
        }
    }
}

#[test]
fn keys_differ_and_threads_do_not() {
    let (lattice, cube) = towns(3000, 6, &[100, 500, 1000]);
    let run = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| format!("{:?}", round(&lattice, &cube, 5, seed).blocks))
    };
    let one = run(1, 1);
    assert_eq!(one, run(3, 1));
    assert_ne!(one, run(1, 2));
}

/// The figures of METHODS A1 for these towns, as a test of the size of errors; prints its own.
#[test]
fn errors_by_level_are_as_small_as_those_of_the_measured_walk() {
    let (lattice, cube) = towns(60_000, 15, &[100, 500, 1000]);
    let (release, truth) = (round(&lattice, &cube, 5, 1), truth(&lattice, &cube));
    let columns = lattice.columns();
    for (block, true_block) in release.blocks.iter().zip(&truth.blocks) {
        let mut told = String::new();
        for (table, name) in ["total", "age", "benefit", "group"].into_iter().enumerate() {
            let (mut sum, mut largest, mut numbers) = (0, 0, 0);
            for (u, &unit) in true_block.units.iter().enumerate() {
                for column in (0..columns.len()).filter(|&c| columns[c].table == table) {
                    let error = (number(block, unit, column) - true_block.numbers(u)[column].value().unwrap()).abs();
                    (sum, largest, numbers) = (sum + error, largest.max(error), numbers + 1);
                }
            }
            let mean = sum as f64 / f64::from(numbers);
            told += &format!(" {name} {mean:.2}/{largest}");
            if matches!(block.level, Level::Grid(_)) {
                let limits = [(2.0, 4), (4.2, 20), (4.6, 24), (1.7, 4)][table];
                assert!(mean <= limits.0 && largest <= limits.1, "{:?} {name}: {mean:.2}, {largest}", block.level);
            }
        }
        eprintln!("{:>8}: mean / largest error:{told}", lattice.level_name(block.level));
    }
}

/// Rounding knows which margins are published, and keeps the smaller one, benefit, closer for it.
#[test]
fn a_margin_is_closer_where_it_is_published() {
    let (lattice, cube) = towns(60_000, 15, &[100, 1000]);
    let size = lattice.sizes.as_slice()[1];
    let mut without = lattice.clone();
    without.tables.drain(1..3);
    let error = |lattice: &Lattice, seed: u64| -> i64 {
        let mut margins: BTreeMap<(CellId, u64), i64> = BTreeMap::new();
        for ((key, count), after) in cube.keys.iter().zip(&cube.counts).zip(atoms(&cube, 5, lattice, seed)) {
            *margins.entry((key.cell.parent(size), key.group % 5)).or_insert(0) += after as i64 - count.expose() as i64;
        }
        margins.into_values().map(i64::abs).sum()
    };
    let sum = |lattice: &Lattice| (1..=4).map(|seed| error(lattice, seed)).sum::<i64>();
    let (published, alone) = (sum(&lattice), sum(&without));
    assert!(published * 20 < alone * 19, "{published}, {alone}");
}

fn noisy(lattice: &Lattice, cube: &Cube) -> Release {
    let parameters = PerturbationParameters::new(5, 3.0, 2).unwrap();
    protect(cube, lattice.clone(), &rules(Method::CellKey { parameters, key: key(1) }), &Silent).unwrap()
}

#[test]
fn the_same_people_have_the_same_noise_in_every_table_and_level_and_zeros_stay() {
    let (lattice, mut cube) = towns(4000, 12, &[100, 500, 1000]);
    cube.record_keys =
        (0..cube.keys.len() as u64).map(|atom| CellKey::of(scatter(atom).wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    let (release, truth) = (noisy(&lattice, &cube), truth(&lattice, &cube));
    let mut compared = 0;
    for (block, true_block) in release.blocks.iter().zip(&truth.blocks) {
        for (u, &unit) in true_block.units.iter().enumerate() {
            let exact: Vec<i64> = true_block.numbers(u).iter().map(|n| n.value().unwrap()).collect();
            let published: Vec<i64> = (0..exact.len()).map(|column| number(block, unit, column)).collect();
            for (column, &count) in exact.iter().enumerate() {
                assert!((published[column] - count).abs() <= 5 && (count > 0 || published[column] == 0));
                assert!(published[column] == 0 || published[column] > 2);
                // A group as large as the whole is the same people.
                if count == exact[0] {
                    assert_eq!(published[column], published[0]);
                    compared += usize::from(column > 0);
                }
            }
        }
    }
    let (fine, coarse) = (&truth.blocks[0], &truth.blocks[2]);
    for (u, &unit) in coarse.units.iter().enumerate() {
        let Unit::Cell(cell) = unit else { unreachable!() };
        let inside: Vec<Unit> =
            fine.units.iter().copied().filter(|f| matches!(f, Unit::Cell(c) if c.parent(cell.size()) == cell)).collect();
        if let [only] = inside.as_slice() {
            let same = (0..coarse.numbers(u).len())
                .all(|column| number(&release.blocks[0], *only, column) == number(&release.blocks[2], unit, column));
            assert!(same);
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn a_cell_is_listed_only_if_a_number_says_so() {
    let (lattice, mut cube) = towns(2000, 20, &[100, 1000]);
    cube.record_keys = vec![CellKey::of(7); cube.keys.len()];
    for release in [round(&lattice, &cube, 5, 1), noisy(&lattice, &cube)] {
        for block in release.blocks.iter().filter(|b| matches!(b.level, Level::Grid(_))) {
            assert!((0..block.units.len()).all(|u| block.numbers(u).iter().any(|n| n.value() != Some(0))));
        }
        assert!(release.parameters.contains(&("withheld", "placed, outside:system0".to_owned())));
    }
}

#[test]
fn sums_sensitive_categories_and_missing_record_keys_are_refused() {
    let (mut lattice, cube) = world(1, 3, &[&[], &[0]]);
    let method = Method::Round { base: 5, key: key(1) };
    let parameters = PerturbationParameters::new(5, 3.0, 2).unwrap();
    let refused = |lattice: &Lattice, rules: &Rules| protect(&cube, lattice.clone(), rules, &Silent).is_err();
    assert!(refused(&lattice, &rules(Method::Round { base: 2, key: key(1) })));
    assert!(refused(&lattice, &Rules { sensitive: vec![(0, vec![1])], ..rules(method.clone()) }));
    assert!(refused(&lattice, &Rules { zeros: Zeros::Secret, ..rules(method.clone()) }));
    assert!(refused(&lattice, &rules(Method::CellKey { parameters, key: key(1) })));
    lattice.measures = vec!["income".to_owned()];
    assert!(refused(&lattice, &rules(method)));
}

/// The setting of METHODS A1: mean and largest errors by level, and the time of the rounding alone; run with `--ignored --nocapture`.
#[test]
#[ignore = "a measurement, not a test"]
fn a_million_persons() {
    for (persons, side_km) in [(1_000_000, 110), (10_000_000, 250)] {
        let (lattice, cube) = towns(persons, side_km, &[100, 500, 1000, 5000, 10_000]);
        let start = std::time::Instant::now();
        let after = atoms(&cube, 5, &lattice, 1);
        eprintln!("{persons} persons, {} atoms, rounded in {:?}", cube.keys.len(), start.elapsed());
        eprint!("{}", told_errors(&lattice, &cube, &after));
    }
}

/// Mean and largest errors of total, age, benefit and group by level, over the cells with at least one record.
fn told_errors(lattice: &Lattice, cube: &Cube, after: &[u64]) -> String {
    let mut told = String::new();
    for &size in lattice.sizes.as_slice() {
        let mut cells: BTreeMap<CellId, [i64; 42]> = BTreeMap::new();
        for ((key, count), &after) in cube.keys.iter().zip(&cube.counts).zip(after) {
            let error = after as i64 - count.expose() as i64;
            let group = key.group as usize;
            let row = cells.entry(key.cell.parent(size)).or_insert([0; 42]);
            [0, 1 + group / 5, 7 + group % 5, 12 + group].into_iter().for_each(|at| row[at] += error);
        }
        told += &format!("{:>6}:", lattice.level_name(Level::Grid(size)));
        for (name, range) in [("total", 0..1), ("age", 1..7), ("benefit", 7..12), ("group", 12..42)] {
            let errors = || cells.values().flat_map(|row| row[range.clone()].iter().map(|e| e.abs()));
            let mean = errors().sum::<i64>() as f64 / errors().count() as f64;
            told += &format!("  {name} {mean:.2}/{}", errors().max().unwrap());
        }
        told.push('\n');
    }
    told
}
