use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::*;
use crate::geodesy::{Projection, ReferenceSystem};
use crate::grid::{CellId, GridSize};

fn population(seed: u64) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("personen.csv");
    assert_eq!(write_population(&path, seed).unwrap(), 316_103);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_population_is_a_plausible_one() {
    let text = population(1);
    assert_eq!(text, population(1), "same seed, same bytes");
    let to_grid = Projection::new(&ReferenceSystem::parse("EPSG:25832").unwrap(), &ReferenceSystem::etrs89_laea()).unwrap();
    let (mut fine, mut coarse) = (BTreeMap::<CellId, u64>::new(), BTreeSet::new());
    let (mut males, mut benefits, mut households) = (0, BTreeMap::<&str, u64>::new(), BTreeSet::new());
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(';').collect();
        let [_, household, x, y, _, sex, _, benefit] = fields[..] else { panic!("eight columns") };
        let metres = |text: &str| text.replace(',', ".").parse::<f64>().unwrap();
        let (easting_m, northing_m) = to_grid.exact(metres(x), metres(y)).unwrap();
        let cell = |m| CellId::of_point(GridSize::new(m).unwrap(), easting_m, northing_m).unwrap();
        *fine.entry(cell(100)).or_default() += 1;
        coarse.insert(cell(1000));
        males += u64::from(sex == "m");
        *benefits.entry(benefit).or_default() += 1;
        households.insert(household);
    }
    assert_eq!(males, 155_123);
    assert!((13_000..21_000).contains(&fine.len()), "{} cells of 100 m", fine.len());
    assert!((400..620).contains(&coarse.len()), "{} cells of 1 km", coarse.len());
    assert!(fine.values().max() < Some(&600), "{:?}", fine.values().max());
    assert!((130_000..160_000).contains(&households.len()));
    let share = |benefit: &str| *benefits.get(benefit).unwrap_or(&0) as f64 / 316_103.0;
    assert!((0.04..0.12).contains(&share("SGB II")) && share("AsylbLG") > 0.0005 && share("keine") > 0.8, "{benefits:?}");
}

#[test]
fn the_first_seed_gives_known_bytes() {
    let hash = Sha256::digest(population(1).as_bytes());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, "1ebe078cfa36b2357e67f60f25934b00336e142beb6677b80f77de3e13aca5b8");
}

#[test]
fn nobody_lives_abroad() {
    for municipality in facts::municipalities().unwrap() {
        let dwellings = settlement::settle(&mut random::Random::stream(5, 5), &municipality, 300);
        assert_eq!(dwellings.len(), 300);
        assert!(dwellings.iter().all(|d| municipality.holds(d.at, 799)));
    }
}
