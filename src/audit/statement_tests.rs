//! Statements against brute force: all worlds of a few cells in two areas are enumerated.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use rustc_hash::FxHashMap;

use crate::audit::bundle::{Bundle, Date, Published, WITHHELD};
use crate::audit::columns::Columns;
use crate::audit::groups::{Sensitive, secret_zeros};
use crate::audit::statement::{Place, Statement};
use crate::audit::together::{Joined, join};
use crate::audit::{Limits, Standing, attack};
use crate::grid::{CellId, GridSize};

/// Pieces: west cell in area 0, middle cell cut into two, east cell in area 1; each with two groups.
const PIECES: [(usize, usize); 4] = [(0, 0), (1, 0), (1, 1), (2, 1)];

/// Numbers of a world: 3 cells, the parent, 2 areas, each with the total and two groups.
fn numbers(world: &[i64]) -> Vec<i64> {
    let mut numbers = Vec::new();
    let of = |holds: &dyn Fn(usize, usize) -> bool| {
        let group =
            |g: usize| -> i64 { PIECES.iter().enumerate().filter(|(_, p)| holds(p.0, p.1)).map(|(i, _)| world[2 * i + g]).sum() };
        [group(0) + group(1), group(0), group(1)]
    };
    (0..3).for_each(|cell| numbers.extend(of(&|c, _| c == cell)));
    numbers.extend(of(&|_, _| true));
    (0..2).for_each(|area| numbers.extend(of(&|_, a| a == area)));
    numbers
}

/// The bundle of a world in which some numbers are withheld; empty cells are not listed.
fn bundle(published: &[i64], outside_told: bool) -> Bundle {
    let size = |m: u32| GridSize::new(m).unwrap();
    let cell = |i: i32| CellId::of_corner(size(100), 4_321_000 + i * 100, 3_380_000).unwrap();
    let key = |area: usize| Some(Arc::<str>::from(["west", "east"][area]));
    let mut incidence: FxHashMap<CellId, Vec<Vec<Option<Arc<str>>>>> = FxHashMap::default();
    for (c, area) in PIECES {
        incidence.entry(cell(c as i32)).or_default().push(vec![key(area)]);
    }
    let mut grids = vec![Published::default(), Published::default()];
    for c in (0..3).filter(|c| published[3 * c] != 0) {
        grids[0].units.push(cell(c as i32));
        grids[0].numbers.extend(&published[3 * c..3 * c + 3]);
    }
    grids[1].units.push(cell(0).parent(size(500)));
    grids[1].numbers.extend(&published[9..12]);
    let areas = vec![Published { units: vec!["west".into(), "east".into()], numbers: published[12..].to_vec() }];
    let column = |table: &str, group: &str| (table.to_owned(), group.to_owned());
    Bundle {
        method: "suppress".into(),
        parameters: BTreeMap::from([("zeros".to_owned(), "public".to_owned())]),
        placed: None,
        outside: if outside_told { BTreeMap::from([("half".to_owned(), Some(0))]) } else { BTreeMap::new() },
        columns: vec![column("total", ""), column("sex", "f"), column("sex", "m")],
        sizes: vec![("100m".into(), size(100)), ("500m".into(), size(500))],
        systems: vec!["half".into()],
        dates: vec![Date { name: None, grids, areas, bounds: Vec::new() }],
        incidence,
        sums: Default::default(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn known_is_known_and_safe_is_safe(
        world in proptest::collection::vec(0_i64..3, 8),
        withheld in proptest::collection::vec(proptest::bool::weighted(0.5), 18),
        outside_told in proptest::bool::ANY,
    ) {
        let truth = numbers(&world);
        prop_assume!(truth[9] > 0);
        // Zeros are public.
        let published: Vec<i64> =
            truth.iter().zip(&withheld).map(|(&n, &withheld)| if withheld && n > 0 { WITHHELD } else { n }).collect();
        let bundle = bundle(&published, outside_told);
        let columns = Columns::new(&bundle.columns).unwrap();
        let statement = Statement::of(&bundle, &bundle.dates[0], &columns);
        let targets: Vec<u32> = statement.targets.iter().map(|t| t.unknown).collect();
        let found = attack(&statement.system, &targets, &Limits::default()).unwrap();
        // All worlds that agree; a withheld total is at least 1. The pieces' numbers bound what is published.
        let top = 2 * world.len() as i64;
        let mut possible: Vec<Vec<i64>> = Vec::new();
        let mut stack = vec![Vec::new()];
        while let Some(prefix) = stack.pop() {
            if prefix.len() == world.len() {
                let agrees = numbers(&prefix).iter().zip(&published).enumerate().all(|(at, (&n, &p))| match p {
                    WITHHELD => n > 0 || at % 3 != 0,
                    _ => n == p,
                });
                if agrees {
                    possible.push(prefix);
                }
                continue;
            }
            // The sum of everything is known to be at most the true one: only then is the search short.
            let room = world.iter().sum::<i64>().min(top) - prefix.iter().sum::<i64>();
            for value in 0..=room {
                let mut next = prefix.clone();
                next.push(value);
                stack.push(next);
            }
        }
        let whole_published = published[9] != WITHHELD;
        for (target, found) in statement.targets.iter().zip(&found) {
            let unit = target.unit as usize;
            let column = target.column as usize;
            // Listed cells are those that are not empty.
            let listed: Vec<usize> = (0..3).filter(|c| published[3 * c] != 0).collect();
            let values: Vec<i64> = match target.place {
                Place::Grid(0) => possible.iter().map(|w| numbers(w)[3 * listed[unit] + column]).collect(),
                Place::Grid(_) => possible.iter().map(|w| numbers(w)[9 + column]).collect(),
                Place::Areas(_) => possible.iter().map(|w| numbers(w)[12 + 3 * unit + column]).collect(),
                Place::Piece => continue,
            };
            let (lo, hi) = (*values.iter().min().unwrap(), *values.iter().max().unwrap());
            prop_assert!(found.lo <= lo && found.hi.is_none_or(|h| h >= hi), "{target:?} {found:?} {lo} {hi}");
            if whole_published {
                match found.standing {
                    Standing::Known => prop_assert_eq!((found.lo, found.hi), (lo, Some(lo))),
                    Standing::Safe => prop_assert!(lo < hi),
                    Standing::Linear | Standing::NotLinear | Standing::NotProven => {}
                }
                prop_assert_eq!(found.standing == Standing::Known, lo == hi, "{:?} {:?}", target, found);
            }
        }
    }
}

/// Eleven people in a square kilometre: a cell of 500 m at the cap, and one of 100 m that was not joined and so has ten or more.
#[test]
fn the_rule_that_joins_cells_is_known() {
    let size = |m: u32| GridSize::new(m).unwrap();
    let cell = |m: u32, east: i32| CellId::of_corner(size(m), 4_321_000 + east, 3_380_000).unwrap();
    let level = |cells: &[(CellId, i64)]| Published {
        units: cells.iter().map(|c| c.0).collect(),
        numbers: cells.iter().map(|c| c.1).collect(),
    };
    let grids = [
        level(&[(cell(500, 0), WITHHELD), (cell(100, 500), WITHHELD)]),
        level(&[(cell(500, 0), WITHHELD), (cell(500, 500), WITHHELD)]),
        level(&[(cell(1000, 0), 11)]),
    ];
    let parameters = |merge: bool| {
        let told = [("zeros", "public"), ("merge_minimum", "10"), ("merge_largest", "500m")];
        told.into_iter().take(if merge { 3 } else { 1 }).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let smallest_and_largest = |merge: bool| -> Vec<(i64, Option<i64>)> {
        let bundle = Bundle {
            method: "suppress".into(),
            parameters: parameters(merge),
            placed: None,
            outside: BTreeMap::new(),
            columns: vec![("total".into(), String::new())],
            sizes: [100, 500, 1000].map(|m| (size(m).level_name(), size(m))).into(),
            systems: Vec::new(),
            sums: Default::default(),
            dates: Vec::new(),
            incidence: FxHashMap::default(),
        };
        let grids = grids.iter().map(|p| Published { units: p.units.clone(), numbers: p.numbers.clone() }).collect();
        let date = Date { name: None, grids, areas: Vec::new(), bounds: Vec::new() };
        let columns = Columns::new(&bundle.columns).unwrap();
        let statement = Statement::of(&bundle, &date, &columns);
        let targets: Vec<u32> = statement.targets.iter().map(|t| t.unknown).collect();
        let found = attack(&statement.system, &targets, &Limits::default()).unwrap();
        found.iter().map(|found| (found.lo, found.hi)).collect()
    };
    assert_eq!(smallest_and_largest(true), [(1, Some(1)), (10, Some(10)), (1, Some(1)), (10, Some(10))]);
    assert_eq!(smallest_and_largest(false), [(1, Some(10)); 4]);
}

/// All worlds of at most as many persons as `world` that agree with what is published.
fn worlds(world: &[i64], agrees: impl Fn(&[i64]) -> bool) -> Vec<Vec<i64>> {
    let (mut possible, mut stack) = (Vec::new(), vec![Vec::new()]);
    while let Some(prefix) = stack.pop() {
        if prefix.len() == world.len() {
            let numbers = numbers(&prefix);
            if agrees(&numbers) {
                possible.push(numbers);
            }
            continue;
        }
        let room = world.iter().sum::<i64>() - prefix.iter().sum::<i64>();
        for value in 0..=room {
            let mut next = prefix.clone();
            next.push(value);
            stack.push(next);
        }
    }
    possible
}

/// A number of the bundle of a world: cells that are listed, the parent, areas.
fn position(place: Place, (unit, column): (usize, usize), listed: &[usize]) -> Option<usize> {
    match place {
        Place::Grid(0) => Some(3 * listed[unit] + column),
        Place::Grid(_) => Some(9 + column),
        Place::Areas(_) => Some(12 + 3 * unit + column),
        Place::Piece => None,
    }
}

#[test]
fn sizes_of_several_bundles_nest_where_they_can() {
    let mut bundle = bundle(&numbers(&[1; 8]), true);
    bundle.sizes = [100, 200, 500, 1000].map(|m| (format!("{m}"), GridSize::new(m).unwrap())).to_vec();
    assert_eq!([1, 2, 3].map(|level| bundle.nested_in(level)), [0, 0, 2]);
}

#[test]
fn zeros_are_secret_where_a_category_is() {
    let mut bundle = bundle(&numbers(&[1; 8]), true);
    let secret = |bundle: &Bundle| secret_zeros(bundle, &Columns::new(&bundle.columns).unwrap());
    assert_eq!(secret(&bundle), [false, false, false]);
    bundle.parameters.insert("sensitive".into(), "age: 65+, 80+; sex: m, x".into());
    assert_eq!(secret(&bundle), [false, false, true]);
    bundle.parameters.insert("numerator".into(), "sex: f".into());
    assert_eq!(secret(&bundle), [false, true, true]);
    bundle.parameters.clear();
    bundle.parameters.insert("group_disclosure".into(), "age, sex".into());
    assert_eq!(secret(&bundle), [false, true, true]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// One bundle may have the total only, and each withholds its own numbers.
    #[test]
    fn two_bundles_together_are_attacked_as_one(
        world in proptest::collection::vec(0_i64..3, 8),
        withheld in proptest::collection::vec(proptest::collection::vec(proptest::bool::weighted(0.5), 18), 2),
        total_only in proptest::bool::ANY,
    ) {
        let truth = numbers(&world);
        prop_assume!(truth[9] > 0);
        let publish = |withheld: &[bool]| -> Vec<i64> {
            truth.iter().zip(withheld).map(|(&n, &withheld)| if withheld && n > 0 { WITHHELD } else { n }).collect()
        };
        // The whole is known to all: only then is the search short.
        let mut published: Vec<Vec<i64>> = withheld.iter().map(|withheld| publish(withheld)).collect();
        published.iter_mut().for_each(|published| published[9] = truth[9]);
        let mut bundles: Vec<Bundle> = published.iter().map(|published| bundle(published, true)).collect();
        bundles.iter_mut().for_each(|bundle| _ = bundle.parameters.insert("threshold".into(), "3".into()));
        if total_only {
            let of_two = &mut bundles[1];
            of_two.columns.truncate(1);
            let date = &mut of_two.dates[0];
            let all = date.grids.iter_mut().map(|p| &mut p.numbers).chain(date.areas.iter_mut().map(|p| &mut p.numbers));
            all.for_each(|numbers| *numbers = numbers.iter().copied().step_by(3).collect());
        }
        let Joined::One(joint) = join(&bundles) else { panic!("they speak of the same date") };
        let columns = Columns::new(&joint.bundle.columns).unwrap();
        let statement = Statement::of(&joint.bundle, &joint.bundle.dates[0], &columns);
        let targets: Vec<u32> = statement.targets.iter().map(|t| t.unknown).collect();
        let found = attack(&statement.system, &targets, &Limits::default()).unwrap();
        let agrees = |numbers: &[i64]| {
            numbers.iter().enumerate().all(|(at, &n)| {
                published.iter().enumerate().filter(|(bundle, _)| *bundle == 0 || !total_only || at % 3 == 0).all(|(_, p)| match p[at] {
                    WITHHELD => n > 0 || at % 3 != 0,
                    shown => n == shown,
                })
            })
        };
        let possible = worlds(&world, agrees);
        let listed: Vec<usize> = (0..3).filter(|c| truth[3 * c] != 0).collect();
        for (target, found) in statement.targets.iter().zip(&found) {
            // Areas of the joint bundle stand in the order of their keys: east, west.
            let unit = if matches!(target.place, Place::Areas(_)) { 1 - target.unit } else { target.unit };
            let at = (unit as usize, target.column as usize);
            let Some(at) = position(target.place, at, &listed) else { continue };
            let values: Vec<i64> = possible.iter().map(|numbers| numbers[at]).collect();
            let (lo, hi) = (*values.iter().min().unwrap(), *values.iter().max().unwrap());
            prop_assert!(found.lo <= lo && found.hi.is_none_or(|h| h >= hi), "{target:?} {found:?} {lo} {hi}");
            match found.standing {
                Standing::Known => prop_assert_eq!((found.lo, found.hi), (lo, Some(lo))),
                Standing::Safe => prop_assert!(lo < hi),
                Standing::Linear | Standing::NotLinear | Standing::NotProven => {}
            }
            prop_assert_eq!(found.standing == Standing::Known, lo == hi, "{:?} {:?}", target, found);
        }
        // What one shows and the other withholds, below its threshold.
        let shown = |at: usize| {
            let (a, b) = (published[0][at], published[1][at]);
            (a == WITHHELD) != (b == WITHHELD) && (1..3).contains(&a.max(b)) && (!total_only || at.is_multiple_of(3))
        };
        let undone = (0..18).filter(|&at| at >= 9 || truth[at / 3 * 3] != 0).filter(|&at| shown(at)).count();
        prop_assert_eq!(joint.undone.len(), undone);
    }

    /// The second group is sensitive: whoever is told to be nobody or everybody of a unit is so in every world, and all such are told.
    #[test]
    fn empty_and_full_cells_are_told_where_all_worlds_agree(
        world in proptest::collection::vec(0_i64..4, 8),
        withheld in proptest::collection::vec(proptest::bool::weighted(0.6), 18),
    ) {
        let truth = numbers(&world);
        prop_assume!(truth[9] > 0);
        // Zeros of the groups are secret; of the total they are public.
        let publish = |(at, (&n, &withheld)): (usize, (&i64, &bool))| if withheld && (n > 0 || at % 3 > 0) { WITHHELD } else { n };
        let mut published: Vec<i64> = truth.iter().zip(&withheld).enumerate().map(publish).collect();
        published[9] = truth[9];
        let mut bundle = bundle(&published, true);
        bundle.parameters.insert("sensitive".into(), "sex: m".into());
        bundle.parameters.insert("group_disclosure".into(), "sex".into());
        let columns = Columns::new(&bundle.columns).unwrap();
        let sensitive = Sensitive::of(&bundle, &columns).unwrap();
        let mut statement = Statement::of(&bundle, &bundle.dates[0], &columns);
        let asked = statement.state_groups(&sensitive);
        let unknowns: Vec<u32> = asked.iter().flat_map(|group| group.unknowns()).collect();
        let found = attack(&statement.system, &unknowns, &Limits::default()).unwrap();
        let mut found = found.into_iter();
        let possible = worlds(&world, |numbers| {
            numbers.iter().zip(&published).enumerate().all(|(at, (&n, &p))| if p == WITHHELD { n > 0 || at % 3 > 0 } else { n == p })
        });
        let listed: Vec<usize> = (0..3).filter(|c| published[3 * c] != 0).collect();
        for group in &asked {
            let told = group.is_told(&mut found);
            let Some(at) = position(group.place, (group.unit, group.column), &listed) else { continue };
            prop_assert_eq!(group.column, 2);
            let nobody = possible.iter().all(|numbers| numbers[at - 2] > 0 && numbers[at] == 0);
            let everybody = possible.iter().all(|numbers| numbers[at] > 0 && numbers[at - 2] - numbers[at] <= 1);
            prop_assert_eq!(told, nobody || everybody, "{:?} {}", group.place, group.unit);
        }
    }
}
