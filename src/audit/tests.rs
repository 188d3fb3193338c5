//! Against brute force: all worlds of small systems are enumerated.

use proptest::prelude::*;

use crate::audit::{Limits, Standing, System, attack};

/// Every world with unknowns up to `top`; the first `cells` of them are at most `room` together.
fn worlds(system: &System, top: i64, (cells, room): (usize, i64)) -> Vec<Vec<i64>> {
    let mut worlds: Vec<Vec<i64>> = vec![Vec::new()];
    for x in 0..system.unknowns() {
        worlds = worlds
            .into_iter()
            .flat_map(|w| {
                (system.floors[x]..=top).map(move |v| {
                    let mut w = w.clone();
                    w.push(v);
                    w
                })
            })
            .collect();
        worlds.retain(|w| w.iter().take(cells).sum::<i64>() <= room);
        // Equations whose unknowns all have values already.
        worlds.retain(|w| {
            system
                .all()
                .filter(|e| e.terms.last().is_some_and(|t| t.0 as usize == x))
                .all(|e| e.wide().map(|(x, a)| w[x as usize] * a).sum::<i64>() == e.constant)
        });
    }
    worlds
}

/// A table with margins, some numbers withheld; unknowns are the withheld ones.
/// With it how many of them are cells, and how much these hold.
fn table(rows: usize, counts: &[i64], withheld: &[bool], floor: i64) -> (System, (usize, i64)) {
    let columns = counts.len() / rows;
    let mut system = System::default();
    let mut numbers: Vec<(i64, Option<u32>)> = Vec::new();
    let mut all: Vec<(i64, Vec<usize>)> = counts.iter().map(|&c| (c, Vec::new())).collect();
    for r in 0..rows {
        all.push((counts[r * columns..][..columns].iter().sum(), (0..columns).map(|c| r * columns + c).collect()));
    }
    for c in 0..columns {
        all.push(((0..rows).map(|r| counts[r * columns + c]).sum(), (0..rows).map(|r| r * columns + c).collect()));
    }
    for (at, (count, _)) in all.iter().enumerate() {
        let open = withheld.get(at).copied().unwrap_or(false) && *count >= floor;
        numbers.push((*count, open.then(|| system.unknown(floor))));
    }
    let open: Vec<i64> = numbers.iter().zip(counts).filter(|(n, _)| n.1.is_some()).map(|(_, &count)| count).collect();
    let cells = (open.len(), open.iter().sum());
    for (at, (_, parts)) in all.iter().enumerate().filter(|(_, (_, parts))| !parts.is_empty()) {
        let mut constant = 0;
        let mut terms = Vec::new();
        for (&part, sign) in parts.iter().zip(std::iter::repeat(1)).chain([(&at, -1)]) {
            match numbers[part] {
                (_, Some(x)) => terms.push((x, sign)),
                (count, None) => constant -= sign * count,
            }
        }
        system.state(terms, constant);
    }
    // Margins may be withheld without bound; the whole is published.
    let total: i64 = counts.iter().sum();
    for block in [0..rows, rows..rows + columns] {
        let mut constant = total;
        let mut terms = Vec::new();
        for at in block {
            match numbers[counts.len() + at] {
                (_, Some(x)) => terms.push((x, 1)),
                (count, None) => constant -= count,
            }
        }
        system.state(terms, constant);
    }
    (system, cells)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_called_safe_is_safe_and_what_is_called_known_is_known(
        counts in proptest::collection::vec(0_i64..3, 9),
        withheld in proptest::collection::vec(proptest::bool::weighted(0.55), 15),
        floor in 0_i64..2,
        exact in proptest::bool::ANY,
    ) {
        let (system, cells) = table(3, &counts, &withheld, floor);
        let targets: Vec<u32> = (0..system.unknowns() as u32).collect();
        let limits = Limits { exact_size: if exact { 40_000 } else { 0 }, ..Limits::default() };
        let found = attack(&system, &targets, &limits).unwrap();
        let worlds = worlds(&system, counts.iter().sum(), cells);
        for (&x, found) in targets.iter().zip(&found) {
            let values: Vec<i64> = worlds.iter().map(|w| w[x as usize]).collect();
            let (lo, hi) = (*values.iter().min().unwrap(), *values.iter().max().unwrap());
            prop_assert!(found.lo <= lo && found.hi.is_none_or(|h| h >= hi));
            match found.standing {
                Standing::Known => prop_assert_eq!((found.lo, found.hi), (lo, Some(hi))),
                Standing::Safe => prop_assert!(lo < hi),
                Standing::Linear => prop_assert!(!exact && (found.lo, found.hi) == (lo, Some(hi))),
                Standing::NotLinear | Standing::NotProven => prop_assert!(!exact),
            }
            if exact {
                prop_assert_eq!(found.standing == Standing::Known, lo == hi);
                // Two-way tables have whole vertices, so the interval is exact.
                prop_assert_eq!((found.lo, found.hi), (lo, Some(hi)));
            }
        }
    }
}

/// A table of three dimensions, two categories each but the last, with all its margins of two dimensions; some numbers are withheld, each
/// known to be at least `floor` where it is not a cell. Vertices need not be whole there.
fn cube(last: usize, counts: &[i64], withheld: &[bool], floor: i64) -> (System, (usize, i64)) {
    let sizes = [2, 2, last];
    let mut system = System::default();
    let mut known: Vec<(i64, Option<u32>)> = Vec::new();
    for (&count, &withheld) in counts.iter().zip(withheld) {
        known.push((count, withheld.then(|| system.unknown(0))));
    }
    let cells = (known.iter().filter(|k| k.1.is_some()).count(), known.iter().filter(|k| k.1.is_some()).map(|k| k.0).sum());
    let mut next = counts.len();
    for summed in 0..3 {
        let stride: usize = sizes[summed + 1..].iter().product();
        for first in (0..counts.len()).filter(|at| (at / stride).is_multiple_of(sizes[summed])) {
            let parts: Vec<usize> = (0..sizes[summed]).map(|i| first + i * stride).collect();
            let sum: i64 = parts.iter().map(|&part| counts[part]).sum();
            let open = withheld[next % withheld.len()] && next.is_multiple_of(3) && sum >= floor;
            next += 1;
            let mut terms: Vec<(u32, i64)> = parts.iter().filter_map(|&part| Some((known[part].1?, 1))).collect();
            let mut constant = -parts.iter().filter(|&&part| known[part].1.is_none()).map(|&part| known[part].0).sum::<i64>();
            if open {
                terms.push((system.unknown(floor), -1));
            } else {
                constant += sum;
            }
            system.state(terms, constant);
        }
    }
    (system, cells)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whole numbers decide where fractions would leave an interval, and so does a margin known not to be zero.
    #[test]
    fn in_three_dimensions_known_is_known_in_whole_numbers(
        last in 2_usize..4,
        counts in proptest::collection::vec(0_i64..3, 12),
        withheld in proptest::collection::vec(proptest::bool::weighted(0.7), 12),
        floor in 0_i64..2,
    ) {
        let counts = &counts[..4 * last];
        let (system, cells) = cube(last, counts, &withheld[..4 * last], floor);
        let targets: Vec<u32> = (0..system.unknowns() as u32).collect();
        let found = attack(&system, &targets, &Limits::default()).unwrap();
        // Where a margin is withheld its cells have no bound; those worlds are not enumerated, so only what is claimed of all is judged.
        let bounded = system.unknowns() == cells.0;
        let worlds = worlds(&system, counts.iter().sum(), cells);
        for (&x, found) in targets.iter().zip(&found) {
            let values: Vec<i64> = worlds.iter().map(|w| w[x as usize]).collect();
            let (lo, hi) = (*values.iter().min().unwrap(), *values.iter().max().unwrap());
            prop_assert!(found.lo <= lo && found.hi.is_none_or(|h| h >= hi));
            match found.standing {
                Standing::Known => prop_assert_eq!((found.lo, found.hi), (lo, Some(hi))),
                Standing::Safe => prop_assert!(lo < hi || !bounded),
                other => prop_assert!(false, "{other:?}"),
            }
            prop_assert!(!bounded || (found.standing == Standing::Known) == (lo == hi));
        }
    }
}

/// Two numbers that are at least 1 and add up to 2; three, of which the sum of any two is 2 or 3 and all together 4: fractions leave 1 to 1.5.
#[test]
fn totals_known_not_to_be_zero_are_found_in_whole_numbers() {
    let mut system = System::default();
    let x: Vec<u32> = (0..2).map(|_| system.unknown(1)).collect();
    system.state([(x[0], 1), (x[1], 1)], 2);
    let found = attack(&system, &x, &Limits::default()).unwrap();
    assert!(found.iter().all(|f| (f.lo, f.hi, f.standing) == (1, Some(1), Standing::Known)), "{found:?}");
    // 2x + y = 3 with y from 0 to 1 is x from 1 to 1.5 in fractions, and x = y = 1 in whole numbers.
    let mut system = System::default();
    let (x, y, room) = (system.unknown(1), system.unknown(0), system.unknown(0));
    system.state([(x, 2), (y, 1)], 3);
    system.state([(y, 1), (room, 1)], 1);
    let found = attack(&system, &[x, y], &Limits::default()).unwrap();
    assert!(found.iter().all(|f| (f.lo, f.hi, f.standing) == (1, Some(1), Standing::Known)), "{found:?}");
}

/// Half-integral vertices: three pairs that each add up to 1 have no whole solution but a fractional one.
#[test]
fn a_contradiction_in_whole_numbers_is_seen() {
    let mut system = System::default();
    let x: Vec<u32> = (0..3).map(|_| system.unknown(0)).collect();
    system.state([(x[0], 1), (x[1], 1)], 1);
    system.state([(x[1], 1), (x[2], 1)], 1);
    system.state([(x[2], 1), (x[0], 1)], 1);
    assert!(attack(&system, &x, &Limits::default()).is_err());
}

#[test]
fn without_a_bound_it_is_still_shown_safe() {
    let mut system = System::default();
    let x: Vec<u32> = (0..2).map(|_| system.unknown(0)).collect();
    system.state([(x[0], 1), (x[1], -1)], 3);
    let found = attack(&system, &x, &Limits::default()).unwrap();
    assert_eq!((found[0].lo, found[0].hi, found[0].standing), (3, None, Standing::Safe));
}
