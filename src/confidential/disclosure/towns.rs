//! Synthetic cubes for tests and trials: people in gaussian towns, groups by age and benefit.

use std::sync::Arc;

use geo::MultiPolygon;

use crate::area::{Area, AreaSystem};
use crate::confidential::cube::{AtomKey, Contributions, Cube};
use crate::confidential::disclosure::modular::scatter;
use crate::confidential::lattice::{Dimension, Lattice, Table};
use crate::confidential::raw_count::RawCount;
use crate::grid::{CellId, GridSize, GridSizes};

/// Numbers that look random and are the same in every run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// The next one.
    pub(super) fn next(&mut self) -> u64 {
        self.0 += 1;
        scatter(self.0)
    }

    /// The next one below `limit`.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn unit(&mut self) -> f64 {
        (self.next() % (1 << 53)) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal (Box and Muller 1958).
    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// A dimension whose categories are numbers.
pub(super) fn dimension(name: &str, categories: usize) -> Dimension {
    let categories = (0..categories).map(|c| c.to_string()).collect();
    Dimension { name: name.to_owned(), label: name.to_owned(), categories }
}

/// An area system without outlines.
pub(super) fn system(name: &str, areas: usize) -> Arc<AreaSystem> {
    let area = |a: usize| Area {
        key: format!("{a:05}"),
        label: String::new(),
        outline_3035_m: MultiPolygon(Vec::new()),
        outline_lon_lat_deg: MultiPolygon(Vec::new()),
    };
    Arc::new(AreaSystem { name: name.to_owned(), label: name.to_owned(), areas: (0..areas).map(area).collect() })
}

/// A cube from atoms in any order: date, cell, areas, group, count.
pub(super) fn cube(lattice: &Lattice, tuples: Vec<Vec<Option<u32>>>, mut atoms: Vec<(AtomKey, u64)>) -> Cube {
    atoms.sort_unstable();
    let mut cube = Cube {
        dimensions: lattice.dimensions.clone(),
        dates: lattice.dates.clone(),
        area_tuples: tuples,
        keys: Vec::new(),
        counts: Vec::new(),
        sums: vec![Vec::new(); lattice.measures.len()],
        record_keys: Vec::new(),
        contributions: Contributions::default(),
    };
    for (key, count) in atoms {
        if cube.keys.last() != Some(&key) {
            cube.keys.push(key);
            cube.counts.push(RawCount::default());
        }
        let slot = cube.counts.last_mut().expect("pushed above");
        (0..count).for_each(|_| *slot += RawCount::ONE);
    }
    cube
}

/// A lattice of these sizes, systems and tables over these dimensions, without measures and dates.
pub(super) fn lattice(sizes_m: &[u32], systems: &[usize], dimensions: &[usize], tables: &[&[usize]]) -> Lattice {
    Lattice {
        sizes: GridSizes::new(sizes_m).unwrap(),
        joined: None,
        systems: systems.iter().enumerate().map(|(s, &areas)| system(&format!("system{s}"), areas)).collect(),
        dimensions: dimensions.iter().enumerate().map(|(d, &size)| dimension(&format!("d{d}"), size)).collect(),
        tables: tables.iter().map(|t| Table(t.to_vec())).collect(),
        measures: Vec::new(),
        dates: vec![None],
    }
}

/// `persons` in gaussian towns on a square of `side_km`, in 6 ages × 5 benefits with local contrast, in areas of about 7 km whose borders wind.
pub(super) fn towns(persons: usize, side_km: u32, sizes_m: &[u32]) -> (Lattice, Cube) {
    let rows = side_km / 7 + 1;
    let lattice = lattice(sizes_m, &[(rows * rows) as usize], &[6, 5], &[&[], &[0], &[1], &[0, 1]]);
    let mut dice = Dice(1);
    let side_m = f64::from(side_km) * 1000.0;
    let centres: Vec<(f64, f64, f64, u64)> = (0..side_km * side_km / 12 + 1)
        .map(|_| (dice.unit() * side_m, dice.unit() * side_m, 150.0 + 1800.0 * dice.unit().powi(3), dice.below(5)))
        .collect();
    let tuples = (0..rows * rows).map(|a| vec![Some(a)]).chain([vec![None]]).collect();
    let size = GridSize::new(sizes_m[0]).unwrap();
    let mut atoms = Vec::with_capacity(persons);
    while atoms.len() < persons {
        let (x0, y0, spread, need) = centres[dice.below(centres.len() as u64) as usize];
        let (x, y) = (x0 + spread * dice.normal(), y0 + spread * dice.normal());
        if !(0.0..side_m).contains(&x) || !(0.0..side_m).contains(&y) {
            continue;
        }
        let area = |a: f64, b: f64| ((a + 700.0 * (b / 1300.0).sin()).clamp(0.0, side_m - 1.0) / 7000.0) as u32;
        let benefit = if dice.below(10) < 6 { 0 } else { (dice.below(5) + need) % 5 };
        let key = AtomKey {
            date: 0,
            cell: CellId::of_point(size, 4_000_000.0 + x, 3_000_000.0 + y).unwrap(),
            areas: area(x, y) * rows + area(y, x),
            group: dice.below(6) * 5 + benefit,
        };
        atoms.push((key, 1));
    }
    let cube = cube(&lattice, tuples, atoms);
    (lattice, cube)
}
