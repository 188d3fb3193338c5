//! Where households live: streets that grow around a main place, its quarters and hamlets, and leave most of the land empty.

use rustc_hash::FxHashSet;

use crate::demo::facts::{Municipality, Point};
use crate::demo::random::Random;

/// One dwelling.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dwelling {
    pub(super) at: Point,
    /// How poor the quarter is: 0, 1, 2.
    pub(super) hardship: usize,
    /// A house where the municipality lodges refugees.
    pub(super) lodging: bool,
}

/// Buildings keep this distance from municipal borders, centimetres, so that nobody is counted next door.
const BORDER_CM: i64 = 800;
/// No two buildings share a square of this side, centimetres.
const PLOT_CM: i64 = 3_500;
/// Dwellings of a quarter with one level of hardship.
const QUARTER: u64 = 180;
/// Streets in a row that found no plot before a place is given up for another.
const TIRED: u32 = 300;

/// So many dwellings in a municipality.
pub(super) fn settle(random: &mut Random, municipality: &Municipality, dwellings: u64) -> Vec<Dwelling> {
    let mut town = Town { municipality, plots: FxHashSet::default(), built: Vec::new() };
    let (low, high) = municipality.bounds();
    let area_km2 = ((high.0 - low.0) / 100_000 * ((high.1 - low.1) / 100_000)).unsigned_abs();
    let centre =
        if municipality.holds(municipality.centre, 10_000) { municipality.centre } else { town.anywhere(random, 10_000) };
    // The main place has a bit more than half of everybody; the rest live in quarters and hamlets, some of them a few houses only.
    let main = dwellings * random.between(52, 68).unsigned_abs() / 100;
    town.grow(random, centre, main);
    let hamlets = 2 + area_km2 / 3 + dwellings / 1500;
    let weights: Vec<u64> = (0..hamlets).map(|_| random.between(1, 10).unsigned_abs().pow(2)).collect();
    let rest = dwellings - town.built.len() as u64;
    for weight in &weights {
        let share = rest * weight / weights.iter().sum::<u64>();
        let place = town.anywhere(random, 10_000);
        town.grow(random, place, share.max(1));
    }
    while (town.built.len() as u64) < dwellings {
        let place = town.anywhere(random, 3_000);
        town.grow(random, place, dwellings - town.built.len() as u64);
    }
    town.built.truncate(dwellings as usize);
    town.built
}

/// A straight piece of road.
#[derive(Clone, Copy)]
struct Street {
    from: Point,
    /// Direction of unit length.
    along: (f64, f64),
    length_cm: i64,
}

impl Street {
    fn point(&self, along_cm: i64, across_cm: i64) -> Point {
        let (a, c) = (along_cm as f64, across_cm as f64);
        let (dx, dy) = self.along;
        (self.from.0 + (a * dx - c * dy).round() as i64, self.from.1 + (a * dy + c * dx).round() as i64)
    }
}

struct Town<'m> {
    municipality: &'m Municipality,
    plots: FxHashSet<(i64, i64)>,
    built: Vec<Dwelling>,
}

impl Town<'_> {
    fn anywhere(&self, random: &mut Random, mut margin_cm: i64) -> Point {
        let (low, high) = self.municipality.bounds();
        loop {
            let point = (random.between(low.0, high.0), random.between(low.1, high.1));
            if self.municipality.holds(point, margin_cm) {
                return point;
            }
            // Islands are narrow.
            margin_cm = (margin_cm - margin_cm / 100).max(BORDER_CM);
        }
    }

    /// Adds dwellings along streets that branch off one another, those near the centre first.
    fn grow(&mut self, random: &mut Random, centre: Point, count: u64) {
        let begin = self.built.len();
        let wanted = begin + count as usize;
        let slope = random.between(-999, 999) as f64 / 1000.0;
        let mut streets = vec![Street { from: centre, along: direction(slope), length_cm: random.between(8_000, 25_000) }];
        let (mut next, mut tired) = (0, 0);
        while self.built.len() < wanted && tired < TIRED {
            let before = self.built.len();
            self.build_along(random, streets[next], (begin, wanted));
            tired = if self.built.len() == before { tired + 1 } else { 0 };
            streets.push(branch(random, &streets, centre));
            next = streets.len() - 1;
        }
        self.name_quarters(random, begin);
    }

    fn build_along(&mut self, random: &mut Random, street: Street, (begin, wanted): (usize, usize)) {
        // Town centres have houses with many flats; they thin out with the distance, which grows with what is built already.
        let scale = (wanted - begin) as f64;
        let nearness = 1.0 - (self.built.len() - begin) as f64 / scale;
        let flats = (scale.sqrt() / 26.0 * nearness * nearness) as u64;
        let estate = scale > 800.0 && random.per_mille(20);
        let mut along_cm = random.between(0, 1_500);
        while along_cm < street.length_cm {
            for side in [-1, 1] {
                let at = street.point(along_cm + random.between(-200, 200), side * random.between(1_300, 2_000));
                let plot = (at.0.div_euclid(PLOT_CM), at.1.div_euclid(PLOT_CM));
                let missing = wanted.saturating_sub(self.built.len());
                if missing == 0 || self.plots.contains(&plot) || !self.municipality.holds(at, BORDER_CM) {
                    continue;
                }
                self.plots.insert(plot);
                let dwellings =
                    if estate { random.between(8, 20).unsigned_abs() } else { 1 + random.below(2 + 2 * flats) * random.below(2) };
                let lodging = random.below(700) == 0;
                let dwelling = Dwelling { at, hardship: 0, lodging };
                self.built.extend(std::iter::repeat_n(dwelling, (dwellings as usize).min(missing)));
            }
            along_cm += random.between(2_700, 4_500);
        }
    }

    /// Divides what is built from `begin` on into quarters, each rich, mixed or poor.
    fn name_quarters(&mut self, random: &mut Random, begin: usize) {
        let built = &mut self.built[begin..];
        if built.is_empty() {
            return;
        }
        let count = 1 + built.len() as u64 / QUARTER;
        let quarters: Vec<(Point, usize)> =
            (0..count).map(|_| (built[random.below(built.len() as u64) as usize].at, random.weighted(&[55, 30, 15]))).collect();
        for dwelling in built {
            let nearest = quarters.iter().min_by_key(|(at, _)| distance2(*at, dwelling.at)).expect("there is a quarter");
            dwelling.hardship = nearest.1;
        }
    }
}

/// A street that leaves another one, the nearest to the centre of a few at random.
fn branch(random: &mut Random, streets: &[Street], centre: Point) -> Street {
    let mut starts = std::iter::repeat_with(|| {
        let street = streets[random.below(streets.len() as u64) as usize];
        (street, street.point(random.between(0, street.length_cm), 0))
    });
    let choices: Vec<_> = starts.by_ref().take(3).collect();
    let &(from, start) = choices.iter().min_by_key(|(_, start)| distance2(*start, centre)).expect("three were drawn");
    let bend = direction(random.between(-120, 120) as f64 / 1000.0);
    let (x, y) = from.along;
    // A right angle to one side or the other, bent a little; now and then straight on.
    let (x, y) = match random.below(5) {
        0 | 1 => (-y, x),
        2 | 3 => (y, -x),
        _ => (x, y),
    };
    let along = (x * bend.0 - y * bend.1, x * bend.1 + y * bend.0);
    Street { from: start, along, length_cm: random.between(6_000, 26_000) }
}

/// The unit vector with this half-angle tangent: divisions and products only, so that it is the same on every machine.
fn direction(t: f64) -> (f64, f64) {
    let length = 1.0 + t * t;
    ((1.0 - t * t) / length, 2.0 * t / length)
}

fn distance2(a: Point, b: Point) -> i64 {
    (a.0 - b.0) * (a.0 - b.0) + (a.1 - b.1) * (a.1 - b.1)
}
