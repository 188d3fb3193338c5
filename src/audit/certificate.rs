//! Checks what the attack claims, by itself: it uses nothing of the attack but its claims, and costs as much as reading them.
//!
//! Three kinds: a log of bounds, each from one equation; two worlds, whole numbers that satisfy every equation and differ at the
//! target; multipliers of equations whose sum bounds the target.

use rustc_hash::FxHashMap;

use crate::audit::propagation::Step;
use crate::audit::system::{Equation, System};

/// Bounds that have been checked.
#[derive(Debug)]
pub(super) struct Ranges {
    lo: Vec<i64>,
    hi: Vec<Option<i64>>,
}

impl Ranges {
    pub(super) fn lo(&self, unknown: u32) -> i64 {
        self.lo[unknown as usize]
    }

    pub(super) fn hi(&self, unknown: u32) -> Option<i64> {
        self.hi[unknown as usize]
    }

    /// The value of an unknown that has only one.
    pub(super) fn fixed(&self, unknown: u32) -> Option<i64> {
        self.hi(unknown).filter(|&hi| hi == self.lo(unknown))
    }
}

/// Least and most of Σ a·x, as far as they are finite: the finite part, and how many terms are not.
#[derive(Clone, Copy, Default)]
struct Side {
    sum: i128,
    open: usize,
}

impl Side {
    fn add(&mut self, part: Option<i128>) {
        match part {
            Some(part) => self.sum += part,
            None => self.open += 1,
        }
    }

    fn take(&mut self, part: Option<i128>) {
        match part {
            Some(part) => self.sum -= part,
            None => self.open -= 1,
        }
    }

    fn finite(self) -> Option<i128> {
        (self.open == 0).then_some(self.sum)
    }
}

/// Bounds follow step by step from the floors; `None` where a step says something impossible.
pub(super) fn replay(system: &System, steps: &[Step]) -> Option<Ranges> {
    let mut ranges = Ranges { lo: system.floors.clone(), hi: vec![None; system.unknowns()] };
    for run in steps.chunk_by(|a, b| a.equation == b.equation) {
        let at = run[0].equation;
        let equation = ((at as usize) < system.equations()).then(|| system.equation(at))?;
        let (mut least, mut most) = (Side::default(), Side::default());
        for (x, a) in equation.wide() {
            let (low, high) = ends(&ranges, x, a);
            least.add(low);
            most.add(high);
        }
        for step in run {
            let x = step.unknown;
            let at = equation.terms.binary_search_by_key(&x, |term| term.0).ok()?;
            let a = i64::from(equation.terms[at].1);
            let (low, high) = ends(&ranges, x, a);
            least.take(low);
            most.take(high);
            let constant = i128::from(equation.constant);
            let side = if step.upper == (a > 0) { least } else { most };
            let room = constant - side.finite()?;
            if step.upper {
                let bound = i64::try_from(whole_below(room, a)).ok()?;
                ranges.hi[x as usize] = Some(ranges.hi(x).map_or(bound, |hi| hi.min(bound)));
            } else {
                let bound = i64::try_from(-whole_below(-room, a)).ok()?;
                ranges.lo[x as usize] = ranges.lo(x).max(bound);
            }
            let (low, high) = ends(&ranges, x, a);
            least.add(low);
            most.add(high);
        }
    }
    Some(ranges)
}

/// The ends of a·x.
fn ends(ranges: &Ranges, x: u32, a: i64) -> (Option<i128>, Option<i128>) {
    let times = |v: i64| i128::from(v) * i128::from(a);
    let (lo, hi) = (Some(times(ranges.lo(x))), ranges.hi(x).map(times));
    if a > 0 { (lo, hi) } else { (hi, lo) }
}

/// The largest whole number that is at most room / a.
fn whole_below(room: i128, a: i64) -> i128 {
    let a = i128::from(a);
    if a > 0 { room.div_euclid(a) } else { (-room).div_euclid(-a) }
}

/// Whether two worlds satisfy all these equations and differ at the target. Unknowns that the worlds do not name have one value.
pub(super) fn two_worlds(
    system: &System,
    ranges: &Ranges,
    equations: &[u32],
    (one, other): (&FxHashMap<u32, i64>, &FxHashMap<u32, i64>),
    target: u32,
) -> bool {
    let holds = |world: &FxHashMap<u32, i64>| {
        let value = |x: u32| world.get(&x).copied().or_else(|| ranges.fixed(x));
        let satisfied = |equation: Equation<'_>| {
            let sum: Option<i128> = equation.wide().map(|(x, a)| Some(i128::from(value(x)?) * i128::from(a))).sum();
            sum == Some(i128::from(equation.constant))
        };
        equations.iter().all(|&e| satisfied(system.equation(e))) && world.iter().all(|(&x, &v)| v >= system.floors[x as usize])
    };
    let complete = |world: &FxHashMap<u32, i64>| world.contains_key(&target);
    complete(one) && complete(other) && one[&target] != other[&target] && holds(one) && holds(other)
}

/// Multipliers of equations, over a common denominator.
#[derive(Clone, Debug)]
pub(super) struct Multipliers {
    pub(super) of: Vec<(u32, i64)>,
    pub(super) denominator: i64,
}

/// What the multipliers prove: a smallest value of `sign · target`, `None` where they prove nothing.
pub(super) fn least(system: &System, ranges: &Ranges, multipliers: &Multipliers, (target, sign): (u32, i64)) -> Option<i64> {
    let d = i128::from(multipliers.denominator);
    if d <= 0 {
        return None;
    }
    let mut constant = 0_i128;
    let mut sums: FxHashMap<u32, i128> = FxHashMap::default();
    for &(e, factor) in &multipliers.of {
        let equation = system.equation(e);
        let factor = i128::from(factor);
        constant = constant.checked_add(factor.checked_mul(i128::from(equation.constant))?)?;
        for (x, a) in equation.wide() {
            let sum = sums.entry(x).or_insert(0);
            *sum = sum.checked_add(factor.checked_mul(i128::from(a))?)?;
        }
    }
    // d·sign·target = Σ factor·constant + Σ rest·x, where rest = d·[x is sign·target] − sums.
    *sums.entry(target).or_insert(0) -= d * i128::from(sign);
    for (&x, &sum) in &sums {
        let rest = -sum;
        let end = match rest.signum() {
            0 => 0,
            1 => ranges.lo(x),
            _ => ranges.hi(x)?,
        };
        constant = constant.checked_add(rest.checked_mul(i128::from(end))?)?;
    }
    i64::try_from(-(-constant).div_euclid(d)).ok()
}
