//! Perturbation tables of the cell-key method: for each count `i` the probabilities of the noise `v`, of largest entropy under
//! the method's constraints.
//!
//! Source: Gießing & Höhne, the method of the R package `ptable`; Marley & Leaver (2011) for the entropy approach. `ptable` solves the
//! problem by sequential quadratic programming; the optimum has the closed form `p_v ∝ exp(αv + βv²)` with `β ≤ 0`, so
//! a Newton iteration in two unknowns gives it to machine precision.

use crate::error::{Failure, Kind, Language};
use crate::say;

/// The parameters of a table, checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerturbationParameters {
    largest_noise: u32,
    variance: f64,
    small: u32,
    monotone: bool,
}

impl PerturbationParameters {
    /// `largest_noise` is D (1 to 100), `variance` is V (above 0), `small` is js: the counts 1 to js never appear.
    ///
    /// # Errors
    /// If a parameter is out of range.
    pub fn new(largest_noise: u32, variance: f64, small: u32) -> Result<Self, PerturbationError> {
        if !(1..=100).contains(&largest_noise) {
            return Err(PerturbationError::LargestNoise { largest_noise });
        }
        if !(variance > 0.0 && variance.is_finite()) {
            return Err(PerturbationError::Variance);
        }
        if small >= largest_noise {
            return Err(PerturbationError::Small { small, largest_noise });
        }
        Ok(Self { largest_noise, variance, small, monotone: true })
    }

    /// Whether probabilities must not fall from the left up to noise 0, where noise 0 is allowed; so by default.
    pub fn with_monotony(self, monotone: bool) -> Self {
        Self { monotone, ..self }
    }

    /// D.
    pub(super) fn largest_noise(self) -> u32 {
        self.largest_noise
    }

    /// js.
    pub(super) fn small(self) -> u32 {
        self.small
    }

    /// The parameters by technical name. They may be told: the protection rests on the key alone, and readers need the noise's size.
    pub(super) fn told(self) -> [(&'static str, String); 3] {
        [("d", self.largest_noise.to_string()), ("v", self.variance.to_string()), ("js", self.small.to_string())]
    }

    /// The count from which on every row is the same: D without small counts, otherwise D + js + 1.
    fn last_row(self) -> u32 {
        if self.small == 0 { self.largest_noise } else { self.largest_noise + self.small + 1 }
    }

    /// The noises allowed for count `i`, ascending.
    fn noises(self, i: u32) -> Vec<i32> {
        if i == 0 {
            return vec![0];
        }
        let d = self.largest_noise;
        let targets = i.saturating_sub(d)..=i + d;
        targets.filter(|&j| j == 0 || j > self.small).map(|j| j as i32 - i as i32).collect()
    }
}

/// For every count the probabilities of its noises.
#[derive(Clone, Debug)]
pub struct PerturbationTable {
    rows: Vec<Vec<(i32, f64)>>,
}

impl PerturbationTable {
    /// Solves the table. Microseconds a row.
    ///
    /// # Errors
    /// If no distribution has mean zero under the constraints, or the variance is too small to leave the small counts.
    pub fn solve(parameters: PerturbationParameters) -> Result<Self, PerturbationError> {
        let row = |i| match i {
            0 => Ok(vec![(0, 1.0)]),
            _ => solve_row(&parameters.noises(i), parameters).ok_or(PerturbationError::NoRow { i }),
        };
        Ok(Self { rows: (0..=parameters.last_row()).map(row).collect::<Result<_, _>>()? })
    }

    /// Noises and probabilities for count `i`, noises ascending; counts above the last row share it.
    pub fn row(&self, i: u64) -> &[(i32, f64)] {
        let last = self.rows.len() - 1;
        &self.rows[usize::try_from(i).map_or(last, |i| i.min(last))]
    }

    /// All rows, for the counts from 0.
    pub(super) fn rows(&self) -> &[Vec<(i32, f64)>] {
        &self.rows
    }

    /// A table that is given.
    #[cfg(test)]
    pub(super) fn of_rows(rows: Vec<Vec<(i32, f64)>>) -> Self {
        Self { rows }
    }

    /// The table as CSV with the columns `i,v,p`.
    pub fn to_csv(&self) -> String {
        let mut text = String::from("i,v,p\n");
        for (i, row) in self.rows.iter().enumerate() {
            for (v, p) in row {
                text.push_str(&format!("{i},{v},{p:.10}\n"));
            }
        }
        text
    }
}

/// Noises that share one probability because the monotony rule ties them: their number and mean statistics.
#[derive(Clone, Copy)]
struct Tied {
    members: usize,
    mean_v: f64,
    mean_v2: f64,
}

impl Tied {
    fn with(self, other: Self) -> Self {
        let (a, b) = (self.members as f64, other.members as f64);
        let mean = |x: f64, y: f64| (a * x + b * y) / (a + b);
        Self {
            members: self.members + other.members,
            mean_v: mean(self.mean_v, other.mean_v),
            mean_v2: mean(self.mean_v2, other.mean_v2),
        }
    }
}

fn solve_row(noises: &[i32], parameters: PerturbationParameters) -> Option<Vec<(i32, f64)>> {
    let single = |&v: &i32| Tied { members: 1, mean_v: f64::from(v), mean_v2: f64::from(v).powi(2) };
    let mut groups: Vec<Tied> = noises.iter().map(single).collect();
    // Probabilities must not fall from the left up to v = 0, where v = 0 is allowed.
    let zero = noises.iter().position(|&v| v == 0 && parameters.monotone);
    loop {
        let p = entropy_optimum(&groups, parameters.variance)?;
        let mut end = 0;
        let falling = groups.windows(2).enumerate().find_map(|(at, pair)| {
            end += pair[0].members;
            (zero.is_some_and(|zero| end <= zero) && p[at] > p[at + 1] * (1.0 + 1e-12)).then_some(at)
        });
        match falling {
            Some(at) => {
                groups[at] = groups[at].with(groups[at + 1]);
                groups.remove(at + 1);
            }
            None => {
                let each = groups.iter().zip(&p).flat_map(|(group, &p)| std::iter::repeat_n(p, group.members));
                return Some(noises.iter().copied().zip(each).collect());
            }
        }
    }
}

/// Probability of each member of each group: mean 0, second moment `variance` if entropy wants more than that, less otherwise.
fn entropy_optimum(groups: &[Tied], variance: f64) -> Option<Vec<f64>> {
    let free = newton(groups, None)?;
    let second_moment: f64 = groups.iter().zip(&free).map(|(g, p)| g.members as f64 * p * g.mean_v2).sum();
    if second_moment <= variance { Some(free) } else { newton(groups, Some(variance)) }
}

/// Minimises the convex dual `log Σ m exp(αv + βv²) − βV` by damped Newton steps; without `variance`, over α alone.
fn newton(groups: &[Tied], variance: Option<f64>) -> Option<Vec<f64>> {
    let probabilities = |a: f64, b: f64| {
        let exponents: Vec<f64> = groups.iter().map(|g| a * g.mean_v + b * g.mean_v2).collect();
        let top = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = exponents.iter().map(|e| (e - top).exp()).collect();
        let sum: f64 = groups.iter().zip(&weights).map(|(g, w)| g.members as f64 * w).sum();
        let dual = top + sum.ln() - b * variance.unwrap_or(0.0);
        (weights.iter().map(|w| w / sum).collect::<Vec<f64>>(), dual)
    };
    let (mut a, mut b) = (0.0, 0.0);
    let (mut p, mut dual) = probabilities(a, b);
    for _ in 0..500 {
        let moment = |f: &dyn Fn(&Tied) -> f64| groups.iter().zip(&p).map(|(g, p)| g.members as f64 * p * f(g)).sum::<f64>();
        let (m1, m2) = (moment(&|g| g.mean_v), moment(&|g| g.mean_v2));
        let gradient = (m1, variance.map_or(0.0, |variance| m2 - variance));
        if gradient.0.abs() < 1e-14 && gradient.1.abs() < 1e-13 {
            return Some(p);
        }
        let h11 = moment(&|g| (g.mean_v - m1).powi(2));
        let h12 = moment(&|g| (g.mean_v - m1) * (g.mean_v2 - m2));
        let h22 = moment(&|g| (g.mean_v2 - m2).powi(2));
        let (step_a, step_b) = match variance {
            None => (gradient.0 / h11, 0.0),
            Some(_) => {
                let determinant = h11 * h22 - h12 * h12;
                if determinant.abs() < 1e-300 {
                    return None;
                }
                ((h22 * gradient.0 - h12 * gradient.1) / determinant, (h11 * gradient.1 - h12 * gradient.0) / determinant)
            }
        };
        if !step_a.is_finite() || !step_b.is_finite() {
            return None;
        }
        let mut damping = 1.0;
        loop {
            let (next, next_dual) = probabilities(a - damping * step_a, b - damping * step_b);
            // Close to the optimum the dual is flat to the last digit, but the full step still halves the error of the moments.
            if next_dual <= dual + 4.0 * f64::EPSILON * (1.0 + dual.abs()) || damping < 1e-12 {
                a -= damping * step_a;
                b -= damping * step_b;
                (p, dual) = (next, next_dual);
                break;
            }
            damping /= 2.0;
        }
        if a.abs() > 1e6 || b.abs() > 1e6 {
            return None;
        }
    }
    // Rounding keeps the gradient from vanishing altogether; what is left must not matter.
    let sum = |f: &dyn Fn(&Tied) -> f64| groups.iter().zip(&p).map(|(g, p)| g.members as f64 * p * f(g)).sum::<f64>();
    let (m1, m2) = (sum(&|g| g.mean_v), sum(&|g| g.mean_v2));
    (m1.abs() < 1e-9 && variance.is_none_or(|variance| (m2 - variance).abs() < 1e-9)).then_some(p)
}

/// Parameters that have no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PerturbationError {
    /// D out of range.
    LargestNoise {
        /// D.
        largest_noise: u32,
    },
    /// V out of range.
    Variance,
    /// js not below D.
    Small {
        /// js.
        small: u32,
        /// D.
        largest_noise: u32,
    },
    /// No distribution for a count.
    NoRow {
        /// The count.
        i: u32,
    },
}

impl Failure for PerturbationError {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::LargestNoise { largest_noise } => say!(
                language,
                "largest noise D = {largest_noise} is not possible: expected 1 to 100",
                "größtes Rauschen D = {largest_noise} ist nicht möglich: erwartet wird 1 bis 100"
            ),
            Self::Variance => say!(
                language,
                "variance V is not possible: expected a number above 0",
                "Varianz V ist nicht möglich: erwartet wird eine Zahl über 0"
            ),
            Self::Small { small, largest_noise } => say!(
                language,
                "js = {small} is not possible: expected less than D = {largest_noise}",
                "js = {small} ist nicht möglich: erwartet wird weniger als D = {largest_noise}"
            ),
            Self::NoRow { i } => say!(
                language,
                "no noise of mean 0 and this variance for count {i}: raise V or D, or lower js",
                "kein Rauschen mit Mittel 0 und dieser Varianz für die Zahl {i}: V oder D erhöhen oder js senken"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(d: u32, v: f64, js: u32) -> PerturbationTable {
        PerturbationTable::solve(PerturbationParameters::new(d, v, js).unwrap()).unwrap()
    }

    fn assert_row(row: &[(i32, f64)], expected: &[f64], tolerance: f64) {
        assert_eq!(row.len(), expected.len());
        for ((_, p), e) in row.iter().zip(expected) {
            assert!((p - e).abs() < tolerance, "{row:?} against {expected:?}");
        }
    }

    #[test]
    fn published_rows_of_ptable_d5_v3_js2() {
        // ptable's introduction, example D = 5, V = 3, js = 2.
        let table = table(5, 3.0, 2);
        assert_row(table.row(1), &[0.734_469_54, 0.136_720_19, 0.072_796_31, 0.037_429_56, 0.018_584_40], 1e-7);
        let fourth =
            [0.084_854_87, 0.277_921_23, 0.277_921_23, 0.189_393_69, 0.105_125_448, 0.045_455_357, 0.015_310_774, 0.004_017_391];
        assert_row(table.row(4), &fourth, 1e-7);
    }

    #[test]
    fn the_shipped_table_agrees_row_by_row() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/sdc/ptable_D5V3js2.csv");
        let Ok(text) = std::fs::read_to_string(file) else {
            eprintln!("skipped: ../shared is absent");
            return;
        };
        let table = table(5, 3.0, 2);
        let mut lines = text.lines();
        let targets: Vec<i32> = lines.next().unwrap().split(',').skip(1).map(|j| j.parse().unwrap()).collect();
        for (i, line) in lines.enumerate() {
            let row = table.row(i as u64);
            for (&j, p) in targets.iter().zip(line.split(',').skip(1)) {
                let ours = row.iter().find(|(v, _)| i as i32 + v == j).map_or(0.0, |(_, p)| *p);
                assert!((ours - p.parse::<f64>().unwrap()).abs() < 1e-7, "row {i}, target {j}: {ours}");
            }
        }
    }

    #[test]
    fn a_variance_that_entropy_does_not_want_is_missed() {
        assert_row(table(2, 1.0, 0).row(1), &[0.3665, 0.3665, 0.1676, 0.0995], 5e-5);
        let moment: f64 = table(2, 1.0, 0).row(1).iter().map(|(v, p)| f64::from(v * v) * p).sum();
        assert!((moment - 0.932).abs() < 1e-3);
    }

    #[test]
    fn rows_are_distributions_of_mean_zero() {
        for (d, v, js) in [(5, 3.0, 2), (2, 1.0, 0), (3, 1.5, 0), (10, 4.0, 3), (1, 0.5, 0)] {
            let table = table(d, v, js);
            for i in 1..=30 {
                let row = table.row(i);
                let sum: f64 = row.iter().map(|(_, p)| p).sum();
                let mean: f64 = row.iter().map(|(v, p)| f64::from(*v) * p).sum();
                assert!((sum - 1.0).abs() < 1e-12 && mean.abs() < 1e-9, "row {i} of D {d} V {v} js {js}");
            }
        }
    }

    #[test]
    fn without_monotony_the_fourth_row_rises_and_falls_freely() {
        let free = PerturbationTable::solve(PerturbationParameters::new(5, 3.0, 2).unwrap().with_monotony(false)).unwrap();
        let [(-4, left), (-1, next), (0, zero), ..] = *free.row(4) else { panic!("{:?}", free.row(4)) };
        assert!(next > zero && zero > left);
    }

    #[test]
    fn impossible_parameters_are_refused() {
        assert!(PerturbationParameters::new(0, 1.0, 0).is_err());
        assert!(PerturbationParameters::new(5, f64::NAN, 0).is_err());
        assert!(PerturbationParameters::new(3, 1.0, 3).is_err());
        let tight = PerturbationParameters::new(5, 0.01, 2).unwrap();
        assert!(matches!(PerturbationTable::solve(tight), Err(PerturbationError::NoRow { i: 1 })));
    }
}
