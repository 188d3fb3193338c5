//! Joined cells against the published rule of quadtree protection, and what every release of them must keep.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::confidential::cube::{AtomKey, Contributions, RawSum};
use crate::confidential::disclosure::perturbation::PerturbationParameters;
use crate::confidential::disclosure::publish::protect;
use crate::confidential::disclosure::release::{Block, Release, Status};
use crate::confidential::disclosure::rules::Rules;
use crate::confidential::disclosure::towns::{Dice, cube, lattice, towns};
use crate::confidential::lattice::{Level, Unit};
use crate::confidential::secret::Key;
use crate::progress::Silent;

fn size(metres: u32) -> GridSize {
    GridSize::new(metres).unwrap()
}

fn at(east: u64, north: u64) -> CellId {
    CellId::of_corner(size(100), 4_000_000 + 100 * east as i32, 3_000_000 + 100 * north as i32).unwrap()
}

fn atom(cell: (u64, u64), count: u64) -> (AtomKey, u64) {
    (AtomKey { date: 0, cell: at(cell.0, cell.1), areas: 0, group: 0 }, count)
}

fn suppress(threshold: u64, minimum: u64, largest: u32, zeros: Zeros) -> Rules {
    let merge = Some(Merge { minimum, largest: size(largest) });
    Rules { method: Method::Suppress { threshold }, merge, zeros, sensitive: Vec::new(), risks: Default::default() }
}

fn key() -> Key {
    Key::from_hex(&format!("{:064x}", 7)).unwrap()
}

/// Cells of a level as side, east and north in hundreds of metres, with their total.
fn shown(release: &Release, level: usize) -> BTreeMap<(u32, i32, i32), Option<i64>> {
    let block = &release.blocks[level];
    let cell = |unit: &Unit| match unit {
        Unit::Cell(c) => (c.size().metres(), (c.easting_m() - 4_000_000) / 100, (c.northing_m() - 3_000_000) / 100),
        Unit::Area(_) => unreachable!("a grid level"),
    };
    block.units.iter().enumerate().map(|(at, unit)| (cell(unit), block.numbers(at)[0].value())).collect()
}

/// 100, 200 and 400 m. South-west: all four have ten. South-east: one has nine. North-west: one alone, with thirty. North-east: nobody.
fn quarters() -> Vec<(AtomKey, u64)> {
    let mut atoms: Vec<_> = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|cell| atom(cell, 10)).into();
    atoms.extend([atom((2, 0), 9), atom((3, 1), 40), atom((0, 3), 30)]);
    atoms
}

#[test]
fn cells_are_joined_where_one_of_them_has_too_few() {
    let lattice = lattice(&[100, 200, 400], &[], &[], &[&[]]);
    let cube = cube(&lattice, vec![vec![]], quarters());
    let release = protect(&cube, lattice, &suppress(3, 10, 400, Zeros::Public), &Silent).unwrap();
    let finest =
        [((100, 0, 0), 10), ((100, 0, 1), 10), ((100, 0, 3), 30), ((100, 1, 0), 10), ((100, 1, 1), 10), ((200, 2, 0), 49)];
    assert_eq!(shown(&release, 0), finest.map(|(cell, n)| (cell, Some(n))).into());
    assert_eq!(shown(&release, 1), [((200, 0, 0), Some(40)), ((200, 0, 2), Some(30)), ((200, 2, 0), Some(49))].into());
    assert_eq!(shown(&release, 2), [((400, 0, 0), Some(119))].into());
    assert_eq!(release.parameters[..2], [("merge_minimum", "10".to_owned()), ("merge_largest", "400m".to_owned())]);
    assert!(release.lattice.adaptive(Level::Grid(size(200))) && !release.lattice.adaptive(Level::Grid(size(400))));
}

#[test]
fn a_cap_leaves_cells_of_too_few_to_the_method() {
    let lattice = lattice(&[100, 200, 400], &[], &[], &[&[]]);
    let cube = cube(&lattice, vec![vec![]], vec![atom((0, 0), 7), atom((2, 0), 30), atom((0, 2), 20), atom((2, 2), 25)]);
    let release = protect(&cube, lattice.clone(), &suppress(3, 10, 200, Zeros::Public), &Silent).unwrap();
    // Seven are more than the threshold, but fewer than a cell must have; another cell goes with them.
    let level = shown(&release, 1);
    assert_eq!(level[&(200, 0, 0)], None);
    assert_eq!(level.values().filter(|total| total.is_none()).count(), 2);
    assert_eq!(shown(&release, 2), [((400, 0, 0), Some(82))].into());
    // Without a cap the four become one.
    let release = protect(&cube, lattice, &suppress(3, 10, 400, Zeros::Public), &Silent).unwrap();
    assert_eq!(shown(&release, 0), [((400, 0, 0), Some(82))].into());
}

#[test]
fn with_secret_zeros_an_empty_cell_is_one_of_too_few() {
    let lattice = lattice(&[100, 200, 400], &[], &[], &[&[]]);
    let cube = cube(&lattice, vec![vec![]], quarters());
    let release = protect(&cube, lattice, &suppress(3, 10, 200, Zeros::Secret), &Silent).unwrap();
    let cells: Vec<_> = shown(&release, 0).into_keys().collect();
    assert_eq!(cells, [(100, 0, 0), (100, 0, 1), (100, 1, 0), (100, 1, 1), (200, 0, 2), (200, 2, 0)]);
}

/// Whoever withholds a cell beside one of too few must not forget that the other is known to have enough: 11 = X + Y with Y of 10 or more.
#[test]
fn a_cell_known_to_have_enough_hides_nobody() {
    let mut lattice = lattice(&[100, 200, 400], &[1], &[], &[&[]]);
    lattice.dates = vec![None];
    // X lies at the cap with 1; Y is of cells of 10, and Z of enough to hide X.
    let atoms = vec![atom((0, 0), 1), atom((2, 0), 10), atom((0, 2), 40), atom((1, 2), 60)];
    let cube = cube(&lattice, vec![vec![Some(0)]], atoms);
    let release = protect(&cube, lattice, &suppress(3, 10, 200, Zeros::Public), &Silent).unwrap();
    let level = shown(&release, 1);
    assert_eq!(level[&(200, 0, 0)], None);
    assert_eq!(level[&(200, 0, 2)], None, "{level:?}");
}

#[test]
fn one_partition_serves_all_dates() {
    let mut lattice = lattice(&[100, 200], &[], &[], &[&[]]);
    lattice.dates = vec![Some("2023".to_owned()), Some("2024".to_owned())];
    let dated = |date, (key, count): (AtomKey, u64)| (AtomKey { date, ..key }, count);
    let atoms =
        vec![dated(0, atom((0, 0), 20)), dated(0, atom((1, 0), 20)), dated(1, atom((0, 0), 20)), dated(1, atom((1, 0), 4))];
    let cube = cube(&lattice, vec![vec![]], atoms);
    let release = protect(&cube, lattice, &suppress(3, 10, 200, Zeros::Public), &Silent).unwrap();
    assert_eq!(shown(&release, 0), [((200, 0, 0), Some(40))].into());
    assert_eq!(shown(&release, 2), [((200, 0, 0), Some(24))].into());
}

#[test]
fn rules_that_cannot_be_meant_are_refused() {
    let lattice = lattice(&[100, 200], &[], &[], &[&[]]);
    let refused = |rules: Rules| rules.check(&lattice).unwrap_err();
    assert_eq!(refused(suppress(3, 1, 200, Zeros::Public)), RulesError::MergeMinimum);
    assert_eq!(refused(suppress(3, 5, 400, Zeros::Public)), RulesError::MergeLargest);
    let none = Method::None { reason: "schools".to_owned() };
    assert_eq!(refused(Rules { method: none, ..suppress(3, 5, 200, Zeros::Public) }), RulesError::MergeNone);
}

#[test]
fn sums_keys_and_contributors_follow_their_records() {
    let mut lattice = lattice(&[100, 200], &[], &[], &[&[]]);
    lattice.measures = vec!["rent".to_owned()];
    let mut cube = cube(&lattice, vec![vec![]], vec![atom((0, 0), 3), atom((1, 0), 4), atom((4, 4), 5)]);
    cube.sums = vec![[10, 20, 70].map(RawSum::of).into()];
    cube.record_keys = [u64::MAX, 2, 9].map(crate::confidential::cube::CellKey::of).into();
    cube.contributions =
        Contributions::gathered(vec![(1, 0, vec![4]), (1, 1, vec![5]), (2, 0, vec![6]), (2, 2, vec![70])], 1, false);
    let joined = Merge { minimum: 4, largest: size(200) }.joined(&cube, &lattice, Zeros::Public);
    let cells: Vec<_> = joined.keys.iter().map(|key| (key.cell.size().metres(), key.cell == at(4, 4))).collect();
    assert_eq!(cells, [(100, true), (200, false)]);
    assert_eq!(joined.counts.iter().map(|c| c.expose()).collect::<Vec<_>>(), [5, 7]);
    assert_eq!(joined.sums[0].iter().map(|s| s.expose()).collect::<Vec<_>>(), [70, 30]);
    assert_eq!(joined.record_keys.iter().map(|k| k.expose()).collect::<Vec<_>>(), [9, 1]);
    assert_eq!(joined.contributions.pairs, [(1, 1), (2, 0), (2, 1)]);
    assert_eq!(joined.contributions.amounts[0].iter().map(|s| s.expose()).collect::<Vec<_>>(), [9, 70, 6]);
}

/// sdcSpatial's `protect_quadtree` as METHODS A1 has it, on a raster of totals: for a factor of 2, 4, … every block that holds a sensitive place
/// becomes one, sensitive being a block whose total is below the minimum. Places without people are no places.
fn quadtree(totals: &BTreeMap<(u64, u64), u64>, minimum: u64, factors: &[u64]) -> BTreeMap<(u64, u64, u64), u64> {
    let mut blocks: BTreeMap<(u64, u64, u64), u64> = totals.iter().map(|(&(e, n), &total)| ((1, e, n), total)).collect();
    for &factor in factors {
        let block = |(_, e, n): (u64, u64, u64)| (factor, e / factor * factor, n / factor * factor);
        let sensitive: BTreeSet<_> =
            blocks.iter().filter(|(_, total)| **total < minimum).map(|(&place, _)| block(place)).collect();
        let mut next = BTreeMap::new();
        for (place, total) in blocks {
            let place = if sensitive.contains(&block(place)) { block(place) } else { place };
            *next.entry(place).or_insert(0) += total;
        }
        blocks = next;
    }
    blocks
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_partition_is_that_of_quadtree_protection(seed in 0_u64..1_000_000, cells in 1_u64..50, minimum in 2_u64..60) {
        let mut dice = Dice(seed.wrapping_mul(1000));
        let lattice = lattice(&[100, 200, 400, 800], &[], &[], &[&[]]);
        let mut totals = BTreeMap::new();
        (0..cells).for_each(|_| *totals.entry((dice.below(8), dice.below(8))).or_insert(0) += 1 + dice.below(40));
        let cube = cube(&lattice, vec![vec![]], totals.iter().map(|(&cell, &total)| atom(cell, total)).collect());
        let joined = Merge { minimum, largest: size(800) }.joined(&cube, &lattice, Zeros::Public);
        let origin = at(0, 0);
        let place = |cell: CellId| {
            let hundreds = |metres: i32, from: i32| (metres - from) as u64 / 100;
            let (east, north) = (hundreds(cell.easting_m(), origin.easting_m()), hundreds(cell.northing_m(), origin.northing_m()));
            (u64::from(cell.size().metres()) / 100, east, north)
        };
        let found: BTreeMap<_, _> = joined.keys.iter().zip(&joined.counts).map(|(k, c)| (place(k.cell), c.expose())).collect();
        prop_assert_eq!(found, quadtree(&totals, minimum, &[2, 4, 8]));
    }
}

/// Each level shows each place with records once, in a cell of its size or larger; finer cells make up the coarser ones; only cells of the largest
/// size may have fewer than the minimum.
fn check_levels(release: &Release, cube: &Cube, merge: Merge) {
    let mut populated: Vec<(CellId, u64)> = cube.keys.iter().zip(&cube.counts).map(|(k, c)| (k.cell, c.expose())).collect();
    populated.sort_unstable();
    let mut finer: Option<&Block> = None;
    for (block, size) in release.blocks.iter().zip(release.lattice.sizes.as_slice()) {
        let cells: BTreeSet<CellId> =
            block.units.iter().map(|u| if let Unit::Cell(c) = u { *c } else { unreachable!() }).collect();
        assert_eq!(cells.len(), block.units.len());
        let mut base: BTreeMap<CellId, u64> = BTreeMap::new();
        for &(place, count) in &populated {
            let sizes = release.lattice.sizes.as_slice().iter().filter(|s| *s >= size);
            let holders: Vec<CellId> = sizes.map(|&s| place.parent(s)).filter(|cell| cells.contains(cell)).collect();
            assert_eq!(holders.len(), 1, "a place lies in one cell of each level");
            *base.entry(holders[0]).or_default() += count;
        }
        assert_eq!(base.len(), cells.len(), "no cell is listed that holds nobody");
        for (cell, base) in base {
            assert!(base >= merge.minimum || cell.size() >= merge.largest);
        }
        let nested = |unit: &Unit| matches!(unit, Unit::Cell(c) if cells.contains(&c.at_least(*size)));
        assert!(finer.is_none_or(|finer| finer.units.iter().all(nested)), "coarser cells are unions of finer ones");
        finer = Some(block);
    }
}

#[test]
fn levels_of_every_method_are_partitions_and_keep_what_the_method_promises() {
    let (lattice, mut cube) = towns(20_000, 12, &[100, 500, 1000, 5000]);
    cube.record_keys = (0..cube.keys.len() as u64)
        .map(|at| crate::confidential::cube::CellKey::of(crate::confidential::disclosure::modular::scatter(at)))
        .collect();
    let merge = Merge { minimum: 12, largest: size(1000) };
    let rules = |method| Rules { method, ..suppress(5, merge.minimum, 1000, Zeros::Public) };
    // All cells that hold anybody are listed by `suppress` with public zeros.
    let release = protect(&cube, lattice.clone(), &rules(Method::Suppress { threshold: 5 }), &Silent).unwrap();
    check_levels(&release, &cube, merge);
    let sizes: BTreeSet<_> =
        release.blocks[0].units.iter().map(|u| if let Unit::Cell(c) = u { c.size().metres() } else { 0 }).collect();
    assert_eq!(sizes, [100, 500, 1000].into());

    let release = protect(&cube, lattice.clone(), &rules(Method::Round { base: 5, key: key() }), &Silent).unwrap();
    let truth = merge.joined(&cube, &lattice, Zeros::Public);
    let mut sums = Vec::new();
    for (block, size) in release.blocks.iter().zip(lattice.sizes.as_slice()) {
        let mut base: BTreeMap<CellId, i64> = BTreeMap::new();
        truth
            .keys
            .iter()
            .zip(&truth.counts)
            .for_each(|(k, c)| *base.entry(k.cell.at_least(*size)).or_default() += c.expose() as i64);
        for (unit, at) in block.units.iter().zip(0..) {
            let Unit::Cell(cell) = unit else { unreachable!() };
            let total = block.numbers(at)[0].value().unwrap();
            assert!(total == 0 || total >= 5);
            assert!((total - base.remove(cell).unwrap()).abs() < 5, "a total stays within the base");
        }
        assert!(base.values().all(|&left_out| left_out < 5));
        sums.push((0..block.units.len()).map(|at| block.numbers(at)[0].value().unwrap()).sum::<i64>());
    }
    assert!(sums.windows(2).all(|pair| pair[0] == pair[1]), "sizes add up: {sums:?}");

    let parameters = PerturbationParameters::new(5, 3.0, 2).unwrap();
    let release = protect(&cube, lattice, &rules(Method::CellKey { parameters, key: key() }), &Silent).unwrap();
    // The same people have the same noise: a joined cell shows the same at every size.
    let finest: BTreeMap<_, _> = release.blocks[0].units.iter().zip(0..).collect();
    let mut compared = 0;
    for (unit, at) in release.blocks[1].units.iter().zip(0..) {
        if let Some(&fine) = finest.get(unit) {
            assert!(release.blocks[0].numbers(fine) == release.blocks[1].numbers(at));
            compared += 1;
        }
    }
    assert!(compared > 20 && release.blocks[0].numbers(0)[0].status() != Status::Suppressed);
}
