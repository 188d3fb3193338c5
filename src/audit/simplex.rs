//! The simplex method in whole numbers: exact, for small blocks.
//!
//! The tableau holds integers over one common denominator (Edmonds 1967; Bareiss 1968), so nothing is rounded. A number that does
//! not fit in 64 bits, or too many steps, ends it without an answer.

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// No solution exists.
    Infeasible,
    /// The objective has no bound.
    Unbounded,
    /// Too long, or too large a number.
    Limit,
}

/// Unknowns ≥ 0 under equations, at a vertex.
#[derive(Clone)]
pub(super) struct Tableau {
    unknowns: usize,
    rows: Vec<Vec<i64>>,
    basis: Vec<usize>,
    objective: Vec<i64>,
    denominator: i64,
    signs: Vec<i64>,
    steps_left: usize,
}

/// The least value of an objective, where it is taken, and multipliers of the equations that prove it; all over `denominator`.
#[derive(Clone, Debug)]
pub(super) struct Optimum {
    pub(super) value: i128,
    pub(super) point: Vec<i64>,
    pub(super) multipliers: Vec<i64>,
    pub(super) denominator: i64,
}

impl Tableau {
    /// A first vertex of `rows · y = constants`, y ≥ 0.
    pub(super) fn new(unknowns: usize, equations: &[(Vec<(usize, i64)>, i64)], steps: usize) -> Result<Self, Stop> {
        let m = equations.len();
        let width = unknowns + m + 1;
        let mut rows = vec![vec![0; width]; m];
        let mut signs = vec![1; m];
        for (i, (terms, constant)) in equations.iter().enumerate() {
            signs[i] = if *constant < 0 { -1 } else { 1 };
            for &(y, a) in terms {
                rows[i][y] += signs[i] * a;
            }
            rows[i][unknowns + i] = 1;
            rows[i][width - 1] = signs[i] * constant;
        }
        let basis = (unknowns..unknowns + m).collect();
        let mut tableau = Self { unknowns, rows, basis, objective: vec![0; width], denominator: 1, signs, steps_left: steps };
        // Phase 1: the sum of the artificial unknowns becomes 0, or there is no solution.
        let mut cost = vec![0; width];
        cost[unknowns..unknowns + m].fill(1);
        tableau.price(&cost)?;
        tableau.descend()?;
        if tableau.objective[width - 1] != 0 {
            return Err(Stop::Infeasible);
        }
        for i in 0..m {
            if tableau.basis[i] >= unknowns
                && let Some(y) = (0..unknowns).find(|&y| tableau.rows[i][y] != 0)
            {
                if tableau.rows[i][y] < 0 {
                    tableau.rows[i].iter_mut().for_each(|v| *v = -*v);
                }
                tableau.pivot(i, y)?;
            }
        }
        Ok(tableau)
    }

    /// The least value of `sign · y[unknown]`.
    pub(super) fn minimise(&mut self, unknown: usize, sign: i64) -> Result<Optimum, Stop> {
        let mut cost = vec![0; self.objective.len()];
        cost[unknown] = sign;
        self.price(&cost)?;
        self.descend()?;
        let last = self.objective.len() - 1;
        let mut point = vec![0; self.unknowns];
        for (row, &y) in self.rows.iter().zip(&self.basis) {
            if y < self.unknowns {
                point[y] = row[last];
            }
        }
        let multipliers = (0..self.signs.len()).map(|i| -self.objective[self.unknowns + i] * self.signs[i]).collect();
        Ok(Optimum { value: -i128::from(self.objective[last]), point, multipliers, denominator: self.denominator })
    }

    /// Reduced costs of the objective at the current vertex.
    fn price(&mut self, cost: &[i64]) -> Result<(), Stop> {
        let width = self.objective.len();
        let mut reduced: Vec<i128> = cost.iter().map(|&c| i128::from(c) * i128::from(self.denominator)).collect();
        for (row, &y) in self.rows.iter().zip(&self.basis) {
            let c = i128::from(cost[y]);
            if c != 0 {
                (0..width).for_each(|j| reduced[j] -= c * i128::from(row[j]));
            }
        }
        self.objective = reduced.into_iter().map(|v| i64::try_from(v).map_err(|_| Stop::Limit)).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Steps down until no unknown's reduced cost is negative. Artificial unknowns never come back.
    fn descend(&mut self) -> Result<(), Stop> {
        let last = self.objective.len() - 1;
        let mut still = 0;
        loop {
            // Steepest first; after a while without descent the first one (Bland 1977), which cannot go in circles.
            let candidates = (0..self.unknowns).filter(|&y| self.objective[y] < 0);
            let entering = if still < 32 { candidates.min_by_key(|&y| self.objective[y]) } else { candidates.min() };
            let Some(y) = entering else { return Ok(()) };
            if self.steps_left == 0 {
                return Err(Stop::Limit);
            }
            self.steps_left -= 1;
            let mut leaving: Option<usize> = None;
            for (i, row) in self.rows.iter().enumerate() {
                // An artificial unknown that stays at 0 must not grow either: it leaves whichever way it would move.
                if row[y] > 0 {
                    leaving = Some(match leaving {
                        None => i,
                        Some(best) => {
                            let ours = i128::from(row[last]) * i128::from(self.rows[best][y]);
                            let theirs = i128::from(self.rows[best][last]) * i128::from(row[y]);
                            if ours < theirs || (ours == theirs && self.basis[i] < self.basis[best]) { i } else { best }
                        }
                    });
                }
            }
            let Some(i) = leaving else { return Err(Stop::Unbounded) };
            still = if self.rows[i][last] == 0 { still + 1 } else { 0 };
            self.pivot(i, y)?;
        }
    }

    fn pivot(&mut self, at: usize, y: usize) -> Result<(), Stop> {
        let row = std::mem::take(&mut self.rows[at]);
        let (p, d) = (row[y], self.denominator);
        let change = |other: &mut Vec<i64>| -> Result<(), Stop> {
            let f = other[y];
            if f == 0 && p == d {
                return Ok(());
            }
            for (v, &r) in other.iter_mut().zip(&row) {
                if p == d && r == 0 || *v == 0 && (r == 0 || f == 0) {
                    continue;
                }
                let short = v.checked_mul(p).zip(f.checked_mul(r)).and_then(|(vp, fr)| vp.checked_sub(fr));
                *v = match short {
                    Some(exact) => exact / d,
                    None => {
                        let exact = (i128::from(*v) * i128::from(p) - i128::from(f) * i128::from(r)) / i128::from(d);
                        i64::try_from(exact).map_err(|_| Stop::Limit)?
                    }
                };
            }
            Ok(())
        };
        self.rows.iter_mut().filter(|other| !other.is_empty()).try_for_each(change)?;
        change(&mut self.objective)?;
        self.rows[at] = row;
        self.basis[at] = y;
        self.denominator = p;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transport_square() {
        // y0 + y1 = 3, y2 + y3 = 5, y0 + y2 = 4, y1 + y3 = 4
        let equations =
            [(vec![(0, 1), (1, 1)], 3), (vec![(2, 1), (3, 1)], 5), (vec![(0, 1), (2, 1)], 4), (vec![(1, 1), (3, 1)], 4)];
        let mut tableau = Tableau::new(4, &equations, 1000).unwrap();
        let least = tableau.minimise(2, 1).unwrap();
        let most = tableau.minimise(2, -1).unwrap();
        assert_eq!((least.value / i128::from(least.denominator), most.value / i128::from(most.denominator)), (1, -4));
    }

    #[test]
    fn no_solution_and_no_bound() {
        assert_eq!(Tableau::new(1, &[(vec![(0, 1)], -1)], 10).err(), Some(Stop::Infeasible));
        let mut free = Tableau::new(2, &[(vec![(0, 1), (1, -1)], 0)], 10).unwrap();
        assert_eq!(free.minimise(0, -1).err(), Some(Stop::Unbounded));
    }
}
