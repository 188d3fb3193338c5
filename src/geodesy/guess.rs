//! Which reference systems coordinates could be in, from their ranges: for files that do not say.

use std::sync::OnceLock;

use crate::geodesy::area_of_use::{Bounds, bounds_of};
use crate::geodesy::system::ReferenceSystem;

/// Points looked at, taken evenly from all.
const SAMPLE: usize = 4096;

const GERMANY: Bounds = [5.8, 47.2, 15.1, 55.1];
const EUROPE: Bounds = [-35.0, 34.0, 45.0, 72.0];

/// A system, where its data mostly lies and how sure that makes it, where else it may lie and how sure that makes it. The eastings of
/// UTM zones overlap, so zone 33 is only likely where zone 32 is not: a middling figure says "ask".
const CANDIDATES: [(u32, Bounds, f64, Bounds, f64); 13] = [
    (4326, GERMANY, 0.97, EUROPE, 0.8),
    (25832, [5.8, 47.2, 12.6, 55.1], 0.9, [0.0, 34.0, 18.0, 72.0], 0.4),
    (25833, [10.2, 47.2, 15.1, 55.1], 0.6, [6.0, 36.0, 24.0, 72.0], 0.3),
    (25831, [5.8, 49.0, 6.6, 53.0], 0.25, [-3.0, 36.0, 9.0, 56.0], 0.2),
    (4647, GERMANY, 0.98, [0.0, 34.0, 18.0, 72.0], 0.9),
    (5650, GERMANY, 0.98, [6.0, 34.0, 24.0, 72.0], 0.9),
    (5649, GERMANY, 0.9, [-6.0, 34.0, 12.0, 72.0], 0.8),
    (3035, GERMANY, 0.92, EUROPE, 0.6),
    (3857, GERMANY, 0.85, EUROPE, 0.3),
    (31466, [5.5, 47.0, 9.5, 55.5], 0.97, GERMANY, 0.9),
    (31467, GERMANY, 0.97, GERMANY, 0.97),
    (31468, GERMANY, 0.97, GERMANY, 0.97),
    (31469, [9.0, 47.0, 16.0, 55.5], 0.97, GERMANY, 0.9),
];

/// A system that coordinates could be in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SystemGuess {
    /// EPSG code.
    pub epsg: u32,
    /// From 0 to 1: how much of the data it explains, times how particular that range is to this system.
    pub confidence: f64,
    /// Whether it explains the data only with x and y exchanged.
    pub swapped_axes: bool,
}

/// Likely reference systems of German and European data, most likely first; empty if none fits. EPSG:4326 stands for
/// EPSG:4258 too, EPSG:2583x for EPSG:3263x.
pub fn guess_systems(xs: &[f64], ys: &[f64]) -> Vec<(u32, f64)> {
    let mut guesses: Vec<(u32, f64)> = Vec::new();
    for guess in guess_systems_and_axes(xs, ys) {
        if guesses.iter().all(|(epsg, _)| *epsg != guess.epsg) {
            guesses.push((guess.epsg, guess.confidence));
        }
    }
    guesses
}

/// The same, telling whether the axes are exchanged.
pub fn guess_systems_and_axes(xs: &[f64], ys: &[f64]) -> Vec<SystemGuess> {
    let points = sample(xs, ys);
    if points.is_empty() {
        return Vec::new();
    }
    let mut guesses = Vec::new();
    for (swapped_axes, points) in [(false, points.clone()), (true, points.iter().map(|&(x, y)| (y, x)).collect())] {
        for candidate in candidates() {
            let home = share(&points, |x, y| within(&candidate.home, x, y));
            let wide = share(&points, |x, y| within(&candidate.wide, x, y)).max(home);
            let confidence = home * candidate.sure_at_home + (wide - home) * candidate.sure_elsewhere;
            if confidence >= 0.1 {
                // Exchanged axes are the exception: where both explain the data, the plain reading goes first.
                let confidence = if swapped_axes { confidence * 0.9 } else { confidence };
                guesses.push(SystemGuess { epsg: candidate.epsg, confidence, swapped_axes });
            }
        }
    }
    guesses.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(a.epsg.cmp(&b.epsg)));
    guesses
}

struct Candidate {
    epsg: u32,
    home: Bounds,
    sure_at_home: f64,
    wide: Bounds,
    sure_elsewhere: f64,
}

fn candidates() -> &'static [Candidate] {
    static PREPARED: OnceLock<Vec<Candidate>> = OnceLock::new();
    PREPARED.get_or_init(|| {
        let prepare = |&(epsg, home, sure_at_home, wide, sure_elsewhere): &(u32, Bounds, f64, Bounds, f64)| {
            let system = ReferenceSystem::from_epsg(epsg).ok()?;
            let (home, wide) = (bounds_of(&system, home)?, bounds_of(&system, wide)?);
            Some(Candidate { epsg, home, sure_at_home, wide, sure_elsewhere })
        };
        CANDIDATES.iter().filter_map(prepare).collect()
    })
}

/// Finite points, evenly taken.
pub(super) fn sample(xs: &[f64], ys: &[f64]) -> Vec<(f64, f64)> {
    let step = xs.len().div_ceil(SAMPLE).max(1);
    let points = xs.iter().copied().zip(ys.iter().copied()).step_by(step);
    points.filter(|(x, y)| x.is_finite() && y.is_finite()).collect()
}

/// The share of points for which the test holds.
pub(super) fn share(points: &[(f64, f64)], test: impl Fn(f64, f64) -> bool) -> f64 {
    points.iter().filter(|(x, y)| test(*x, *y)).count() as f64 / points.len().max(1) as f64
}

/// Whether the point lies in the rectangle.
pub(super) fn within([west, south, east, north]: &Bounds, x: f64, y: f64) -> bool {
    x >= *west && x <= *east && y >= *south && y <= *north
}
