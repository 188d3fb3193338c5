//! Losses and risks on synthetic towns, against the truth and against releases that were weakened.

use super::*;
use crate::confidential::cube::AtomKey;
use crate::confidential::disclosure::perturbation::PerturbationParameters;
use crate::confidential::disclosure::release::ProtectedCount;
use crate::confidential::disclosure::rules::Zeros;
use crate::confidential::disclosure::towns::{cube, lattice, towns};
use crate::confidential::secret::Key;
use crate::grid::{CellId, GridSize};
use crate::progress::Silent;

fn round(base: u32) -> Method {
    Method::Round { base, key: Key::from_hex(&"07".repeat(32)).unwrap() }
}

fn suppress(threshold: u64) -> Method {
    Method::Suppress { threshold }
}

fn rules(method: Method) -> Rules {
    Rules { method, merge: None, zeros: Zeros::Public, sensitive: Vec::new(), risks: Default::default() }
}

fn compared(lattice: &Lattice, cube: &Cube, methods: &[Method]) -> Comparison {
    let methods: Vec<(Option<Merge>, Method)> = methods.iter().map(|method| (None, method.clone())).collect();
    compare(cube, lattice, (&methods, &rules(suppress(3))), &Silent).unwrap()
}

/// Some units of a town and a release of it.
fn released(method: Method) -> (Cube, Vec<Units>, Release) {
    let (lattice, cube) = towns(3000, 8, &[100, 1000]);
    let release = protect(&cube, lattice.clone(), &rules(method), &Silent).unwrap();
    let units = vec![units(&cube, &lattice, 0).unwrap()];
    (cube, units, release)
}

#[test]
fn the_threshold_alone_gives_away_and_the_methods_do_not() {
    let (lattice, cube) = towns(3000, 8, &[100, 1000]);
    let comparison = compared(&lattice, &cube, &[suppress(3), suppress(5), round(5)]);
    let names: Vec<_> = comparison.outcomes.iter().map(|o| (o.method, o.strength)).collect();
    assert_eq!(names, [("suppress", 3), ("suppress", 5), ("round", 5)]);
    for outcome in &comparison.outcomes {
        assert_eq!(outcome.at_risk, 0, "{}", outcome.method);
        let naive = outcome.unprotected;
        assert!(0 < naive.at_risk && naive.at_risk <= naive.small && naive.threshold == outcome.strength, "{naive:?}");
    }
    assert_eq!(comparison.outcomes[1].unprotected, comparison.outcomes[2].unprotected);
}

/// Whoever reads a joined cell spreads its people over its land.
#[test]
fn joined_cells_are_compared_by_the_cells_they_stand_for() {
    let (lattice, cube) = towns(3000, 8, &[100, 1000]);
    let merge = Merge { minimum: 5, largest: GridSize::new(1000).unwrap() };
    let methods = [(None, suppress(5)), (Some(merge), suppress(5))];
    let comparison = compare(&cube, &lattice, (&methods, &rules(suppress(5))), &Silent).unwrap();
    let [plain, joined] = [0, 1].map(|at| &comparison.outcomes[at]);
    assert_eq!((joined.name().as_str(), joined.at_risk), ("merge n=5 1km, suppress k=5", 0));
    assert!(plain.levels[0].error_hundredths == 0 && joined.levels[0].error_hundredths > 0);
    assert!(joined.levels[0].units < plain.levels[0].units && joined.levels[0].largest_error.is_none());
    assert!(joined.levels[0].persons_permille > plain.levels[0].persons_permille);
    assert_eq!((joined.levels[1].error_hundredths, joined.levels[1].largest_error), (0, Some(0)));
    // By hand: the finest cells against their share of the cell that shows them.
    let rules = Rules { merge: Some(merge), ..rules(suppress(5)) };
    let release = protect(&cube, lattice.clone(), &rules, &Silent).unwrap();
    let truth = protect(&cube, lattice, &self::rules(Method::None { reason: "judge".into() }), &Silent).unwrap();
    let (mut lost, mut numbers) = (0.0, 0.0);
    for (at, unit) in truth.blocks[0].units.iter().enumerate() {
        let Unit::Cell(cell) = unit else { unreachable!() };
        let holder = [*unit, Unit::Cell(cell.parent(merge.largest))];
        let (own, share) = (release.blocks[0].units.binary_search(&holder[0]), 0.01);
        let whole = release.blocks[0].units.binary_search(&holder[1]);
        let (row, share) = own.map(|at| (at, 1.0)).or(whole.map(|at| (at, share))).unwrap();
        for (real, number) in truth.blocks[0].numbers(at).iter().zip(release.blocks[0].numbers(row)) {
            let real = real.value().unwrap() as f64;
            if real != 0.0 {
                numbers += 1.0;
                lost += number.value().map_or(real, |value| (value as f64 * share - real).abs());
            }
        }
    }
    let told = joined.levels[0].error_withheld_as_zero_hundredths as f64;
    assert!((told - lost / numbers * 100.0).abs() < 0.05 * told + 1.0, "{told} {lost} {numbers}");
}

#[test]
fn losses_are_those_of_the_release() {
    let (lattice, cube) = towns(3000, 8, &[100, 1000]);
    let comparison = compared(&lattice, &cube, &[suppress(5), round(5)]);
    let grain = comparison.grain;
    assert_eq!(grain, 20);
    let truth = protect(&cube, lattice.clone(), &rules(Method::None { reason: "judge".into() }), &Silent).unwrap();
    for (outcome, method) in comparison.outcomes.iter().zip([suppress(5), round(5)]) {
        let release = protect(&cube, lattice.clone(), &rules(method), &Silent).unwrap();
        for ((loss, truth), block) in outcome.levels.iter().zip(&truth.blocks).zip(&release.blocks) {
            let (mut shown, mut persons, mut withheld, mut nonzero, mut lost) = (0, 0, 0, 0, 0);
            for (i, unit) in truth.units.iter().enumerate() {
                let row = block.units.binary_search(unit).ok().map(|at| block.numbers(at));
                for (column, real) in truth.numbers(i).iter().map(|n| n.value().unwrap()).enumerate() {
                    let value = row.map_or(Some(0), |row| row[column].value());
                    withheld += u64::from(column > 0 && value.is_none());
                    nonzero += u64::from(real != 0);
                    lost += value.unwrap_or(0).abs_diff(real);
                    if column == 0 && value.is_some_and(|v| v != 0) {
                        shown += 1;
                        persons += real;
                    }
                }
            }
            assert_eq!((loss.shown, loss.groups_withheld, loss.units), (shown, withheld, block.units.len() as u64));
            let share = f64::from(loss.persons_permille.unwrap());
            assert!((share - persons as f64 / 3.0).abs() <= grain as f64 / 3.0 + 1.0, "{share} {persons}");
            let mean = lost as f64 / nonzero as f64 * 100.0;
            let told = loss.error_withheld_as_zero_hundredths as f64;
            assert!((told - mean).abs() <= grain as f64 * 50.0 / nonzero as f64 + mean * 10.0 / nonzero as f64 + 1.0);
        }
    }
    let [suppress, round] = [0, 1].map(|i| &comparison.outcomes[i].levels);
    assert!(suppress.iter().all(|loss| loss.error_hundredths == 0 && loss.largest_error == Some(0)));
    assert_eq!(round.iter().map(|loss| loss.largest_error).collect::<Vec<_>>(), [Some(4), Some(4), None]);
}

#[test]
fn a_weaker_release_is_found_at_risk() {
    for weak in [suppress(2), Method::None { reason: "judge".into() }] {
        let (cube, mut dates, release) = released(weak.clone());
        assert!(at_risk(&cube, &mut dates, (&release, &rules(suppress(5))), 5) > 0, "{weak:?}");
    }
    let (cube, mut dates, release) = released(round(3));
    assert!(at_risk(&cube, &mut dates, (&release, &rules(round(5))), 5) > 0);
}

/// What was withheld for the sake of others, published after all.
#[test]
fn a_release_without_complementary_suppression_is_found_at_risk() {
    let (cube, mut dates, mut release) = released(suppress(5));
    let (_, _, truth) = released(Method::None { reason: "judge".into() });
    for (block, truth) in release.blocks.iter_mut().zip(&truth.blocks) {
        for (number, real) in block.numbers.iter_mut().zip(&truth.numbers) {
            let real = real.value().unwrap();
            if *number == ProtectedCount::SUPPRESSED && !(1..5).contains(&real) {
                *number = ProtectedCount::published(real);
            }
        }
    }
    release.parameters.retain(|(name, _)| *name != "withheld");
    let found = at_risk(&cube, &mut dates, (&release, &rules(suppress(5))), 5);
    let alone = threshold_alone(&cube, &mut dates, &rules(suppress(5)), 5);
    assert_eq!(found.next_multiple_of(STEP), alone.at_risk);
    assert!(found > 0);
}

#[test]
fn secret_zeros_are_read_back_as_well() {
    let (lattice, cube) = towns(1500, 5, &[100, 1000]);
    let comparison =
        compare(&cube, &lattice, (&[(None, suppress(3))], &Rules { zeros: Zeros::Secret, ..rules(suppress(3)) }), &Silent)
            .unwrap();
    assert_eq!(comparison.outcomes[0].at_risk, 0);
    assert!(comparison.outcomes[0].unprotected.at_risk > 0);
}

/// A withheld cell may hold one person or four: what is told is the same, though the total is not.
#[test]
fn one_persons_presence_does_not_show() {
    let lattice = lattice(&[100, 1000], &[], &[], &[&[]]);
    let told = |alone: u64| {
        let counts = [40, 30, 25, alone, 3, 60, 12];
        let atom = |(i, &count): (usize, &u64)| {
            let cell = CellId::of_corner(GridSize::new(100).unwrap(), 4_300_000 + 100 * i as i32, 3_300_000).unwrap();
            (AtomKey { date: 0, cell, areas: 0, group: 0 }, count)
        };
        let cube = cube(&lattice, vec![Vec::new()], counts.iter().enumerate().map(atom).collect());
        let comparison = compared(&lattice, &cube, &[suppress(5)]);
        let outcome = comparison.outcomes.into_iter().next().unwrap();
        (outcome.levels, outcome.unprotected, outcome.at_risk)
    };
    let first = told(1);
    assert!(first.0[0].shown < 7);
    (2..5).for_each(|alone| assert_eq!(told(alone), first));
}

#[test]
fn the_truth_is_not_compared() {
    let (lattice, cube) = towns(100, 2, &[100]);
    let none = Method::None { reason: "open data".into() };
    let error = compare(&cube, &lattice, (&[(None, suppress(3)), (None, none)], &rules(suppress(3))), &Silent).unwrap_err();
    assert!(error.to_string().contains("cannot be compared"));
}

#[test]
fn the_grain_grows_with_the_methods() {
    let noise = Method::CellKey {
        parameters: PerturbationParameters::new(40, 9.0, 0).unwrap(),
        key: Key::from_hex(&"07".repeat(32)).unwrap(),
    };
    let of_plain = |methods: &[Method]| grain(&methods.iter().map(|method| (None, method.clone())).collect::<Vec<_>>());
    let grains = [of_plain(&[suppress(3)]), of_plain(&[suppress(3), suppress(25)]), of_plain(&[round(5), noise])];
    assert_eq!(grains, [20, 50, 80]);
    let merge = Merge { minimum: 30, largest: GridSize::new(1000).unwrap() };
    assert_eq!(grain(&[(Some(merge), suppress(3))]), 60);
}
