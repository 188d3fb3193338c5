//! Time and memory of protecting synthetic towns; run with `--ignored`.

use std::time::Instant;

use crate::confidential::disclosure::primary::mark;
use crate::confidential::disclosure::rules::{Method, Rules, Zeros};
use crate::confidential::disclosure::suppress::complement;
use crate::confidential::disclosure::towns::towns;
use crate::confidential::disclosure::units::units;

fn trial(persons: usize, side_km: u32, zeros: Zeros) -> String {
    let (lattice, cube) = towns(persons, side_km, &[100, 1000, 10_000]);
    let rules =
        Rules { method: Method::Suppress { threshold: 5 }, merge: None, zeros, sensitive: Vec::new(), risks: Default::default() };
    let start = Instant::now();
    let mut units = units(&cube, &lattice, 0).unwrap();
    mark(&mut units, &rules, 5, None);
    let marked = start.elapsed();
    let rounds = complement(&mut units.system).unwrap();
    format!("{} cells, {zeros:?}: marked {marked:?}, done {:?}, {rounds:?}\n", units.cells[0].len(), start.elapsed())
}

#[test]
#[ignore = "a measurement, not a test"]
fn times() {
    let mut told = String::new();
    for (persons, side_km) in [(80_000, 20), (400_000, 45), (1_700_000, 130)] {
        for zeros in [Zeros::Public, Zeros::Secret] {
            told += &trial(persons, side_km, zeros);
            std::fs::write(std::env::temp_dir().join("kleinraum_trials.txt"), &told).unwrap();
        }
    }
}
