//! One block of the fitted form: a bivariate polynomial on a square of source coordinates.
//!
//! Source: tensor Chebyshev interpolation (Trefethen, *Approximation Theory and Approximation Practice*, ch. 4), truncated to total degree
//! five and written in powers, which is well conditioned on [-1, 1] at this degree.

use crate::geodesy::projection::Projection;
use crate::simd::{Simd, Work};

/// Total degree of the polynomials.
const DEGREE: usize = 5;
/// Coefficients of one coordinate: powers of u from high to low, in each powers of v from high to low.
const TERMS: usize = (DEGREE + 1) * (DEGREE + 2) / 2;
/// Chebyshev nodes along a side. More than the degree needs, so that what is cut off does not fold back.
const NODES: usize = 8;
/// Points along a side that a fit is verified at, the edges among them.
const VERIFIED: usize = 17;
/// A fit is taken up to a tenth of the promised millimetre, since it is verified on a grid of points only.
const ACCEPTED_M: f64 = 0.000_1;

/// A square of the lattice: level 0 has the longest side, each further level half of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Square {
    pub(super) level: u8,
    pub(super) column: i64,
    pub(super) row: i64,
}

impl Square {
    pub(super) fn side(self, longest: f64) -> f64 {
        longest / f64::from(1_u32 << self.level)
    }

    /// The quarter that holds the point.
    pub(super) fn quarter(self, longest: f64, x: f64, y: f64) -> Self {
        let half = self.side(longest) / 2.0;
        let (column, row) = (2 * self.column + 1, 2 * self.row + 1);
        Self {
            level: self.level + 1,
            column: if x >= column as f64 * half { column } else { column - 1 },
            row: if y >= row as f64 * half { row } else { row - 1 },
        }
    }
}

/// How points of a square are computed.
pub(super) enum Form {
    /// By the polynomial.
    Fitted(Box<Polynomial>),
    /// In its quarters, because no polynomial was good enough.
    Quartered,
    /// Point by point, because the square is of the smallest size.
    Exact,
}

/// A square and how its points are computed.
pub(super) struct Block {
    pub(super) form: Form,
}

impl Block {
    /// Fits and verifies. Depends on the square and the projection only.
    pub(super) fn new(projection: &Projection, square: Square, longest: f64, smallest_level: u8) -> Self {
        let side = square.side(longest);
        let (west, south) = (square.column as f64 * side, square.row as f64 * side);
        let form = match Polynomial::fit(projection, west + side / 2.0, south + side / 2.0, side / 2.0) {
            Some(polynomial) if polynomial.error_m <= ACCEPTED_M => Form::Fitted(Box::new(polynomial)),
            _ if square.level < smallest_level => Form::Quartered,
            _ => Form::Exact,
        };
        Self { form }
    }
}

/// Rounds to a power of two near one micrometre: 2^-20 m, or 2^-37 degrees. One rule on every path, so that a point gives the same cell
/// whichever way it was computed. Adding and taking away 1.5 · 2^52 units leaves the nearest multiple (ties to even) and needs no
/// library call.
#[derive(Clone, Copy)]
pub(super) struct Snap(f64);

impl Snap {
    pub(super) fn metres() -> Self {
        Self(1.5 * (1_u64 << 32) as f64)
    }

    pub(super) fn degrees() -> Self {
        Self(1.5 * (1_u64 << 15) as f64)
    }

    #[inline(always)]
    pub(super) fn snap(self, value: f64) -> f64 {
        // Beyond that range a double has no bits below the unit anyway, or the point is nowhere near the Earth.
        (value + self.0) - self.0
    }
}

/// Both target coordinates as polynomials in u = (x − x₀)/h, v = (y − y₀)/h.
pub(super) struct Polynomial {
    middle_x: f64,
    middle_y: f64,
    per_half_side: f64,
    x: [f64; TERMS],
    y: [f64; TERMS],
    snap: Snap,
    /// The largest deviation at the verified points, metres.
    pub(super) error_m: f64,
}

impl Polynomial {
    fn fit(projection: &Projection, middle_x: f64, middle_y: f64, half: f64) -> Option<Self> {
        let node = |k: usize| (std::f64::consts::PI * (k as f64 + 0.5) / NODES as f64).cos();
        let mut targets = [[(0.0, 0.0); NODES]; NODES];
        for (k, row) in targets.iter_mut().enumerate() {
            for (l, target) in row.iter_mut().enumerate() {
                *target = projection.exact(middle_x + half * node(k), middle_y + half * node(l))?;
            }
        }
        let centre = projection.exact(middle_x, middle_y)?;
        let values = |pick: fn((f64, f64)) -> f64| targets.map(|row| row.map(|target| pick(target) - pick(centre)));
        let snap = if projection.to().is_geographic() { Snap::degrees() } else { Snap::metres() };
        let mut polynomial = Self {
            middle_x,
            middle_y,
            per_half_side: 1.0 / half,
            x: in_powers(&values(|target| target.0), centre.0),
            y: in_powers(&values(|target| target.1), centre.1),
            snap,
            error_m: 0.0,
        };
        polynomial.error_m = polynomial.verified_error_m(projection, half)?;
        Some(polynomial)
    }

    fn verified_error_m(&self, projection: &Projection, half: f64) -> Option<f64> {
        let unit_m = projection.to().metres_per_unit();
        let step = 2.0 * half / (VERIFIED - 1) as f64;
        let mut error_m = 0.0_f64;
        for k in 0..VERIFIED {
            for l in 0..VERIFIED {
                let (x, y) = (self.middle_x - half + k as f64 * step, self.middle_y - half + l as f64 * step);
                let (exact_x, exact_y) = projection.exact(x, y)?;
                let (fitted_x, fitted_y) = self.at(x, y);
                // Towards the poles a degree of longitude is shorter; taken as of the equator it errs on the safe side.
                let deviation_m = (fitted_x - exact_x).hypot(fitted_y - exact_y) * unit_m;
                if deviation_m.is_nan() {
                    return None;
                }
                error_m = error_m.max(deviation_m);
            }
        }
        Some(error_m)
    }

    #[inline(always)]
    fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let (u, v) = ((x - self.middle_x) * self.per_half_side, (y - self.middle_y) * self.per_half_side);
        (self.snap.snap(horner(&self.x, u, v)), self.snap.snap(horner(&self.y, u, v)))
    }

    /// All points of two slices of the same length, in place. Lanes and remainder do the same operations.
    pub(super) fn project(&self, simd: Simd, xs: &mut [f64], ys: &mut [f64]) {
        simd.run(Evaluate { polynomial: self, xs, ys });
    }
}

/// A polynomial at many points.
struct Evaluate<'a> {
    polynomial: &'a Polynomial,
    xs: &'a mut [f64],
    ys: &'a mut [f64],
}

impl Work for Evaluate<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (x, y) in self.xs.iter_mut().zip(self.ys) {
            (*x, *y) = self.polynomial.at(*x, *y);
        }
    }
}

/// Σ c · uⁱ vʲ by Horner's rule, outer in u, inner in v. No fused operations: results must not depend on the machine.
#[inline(always)]
fn horner(terms: &[f64; TERMS], u: f64, v: f64) -> f64 {
    let mut outer = terms[0];
    let mut at = 1;
    let mut degree_v = 1;
    while degree_v <= DEGREE {
        let mut inner = terms[at];
        let mut k = 1;
        while k <= degree_v {
            inner = inner * v + terms[at + k];
            k += 1;
        }
        outer = outer * u + inner;
        at += degree_v + 1;
        degree_v += 1;
    }
    outer
}

/// Chebyshev coefficients of the values at the nodes, truncated to the total degree, as powers in Horner's order.
fn in_powers(values: &[[f64; NODES]; NODES], constant: f64) -> [f64; TERMS] {
    let cosine = |degree: usize, k: usize| (degree as f64 * std::f64::consts::PI * (k as f64 + 0.5) / NODES as f64).cos();
    let chebyshev = chebyshev_in_powers();
    let mut powers = [[0.0; DEGREE + 1]; DEGREE + 1];
    for m in 0..=DEGREE {
        for n in 0..=DEGREE - m {
            let mut sum = 0.0;
            for (k, row) in values.iter().enumerate() {
                for (l, value) in row.iter().enumerate() {
                    sum += value * cosine(m, k) * cosine(n, l);
                }
            }
            let halved = |degree: usize| if degree == 0 { 1.0 } else { 2.0 };
            let coefficient = sum * halved(m) * halved(n) / (NODES * NODES) as f64;
            for i in 0..=m {
                for j in 0..=n {
                    powers[i][j] += coefficient * chebyshev[m][i] * chebyshev[n][j];
                }
            }
        }
    }
    powers[0][0] += constant;
    let mut terms = [0.0; TERMS];
    let order = (0..=DEGREE).rev().flat_map(|i| (0..=DEGREE - i).rev().map(move |j| (i, j)));
    for (term, (i, j)) in terms.iter_mut().zip(order) {
        *term = powers[i][j];
    }
    terms
}

/// Tₙ as powers: T₀ = 1, T₁ = x, Tₙ = 2x Tₙ₋₁ − Tₙ₋₂.
fn chebyshev_in_powers() -> [[f64; DEGREE + 1]; DEGREE + 1] {
    let mut rows = [[0.0; DEGREE + 1]; DEGREE + 1];
    rows[0][0] = 1.0;
    rows[1][1] = 1.0;
    for n in 2..=DEGREE {
        for power in 0..=n {
            let shifted = if power > 0 { 2.0 * rows[n - 1][power - 1] } else { 0.0 };
            rows[n][power] = shifted - rows[n - 2][power];
        }
    }
    rows
}
