//! Which unknowns are a linear function of what is published, by elimination modulo 2^61 − 1.
//!
//! A random vector that every equation maps to 0 is not 0 where an unknown is free. What is 0 there is suspected, and multipliers of
//! the equations are worked out that give the unknown alone; as small fractions they are checked in whole numbers.
//!
//! Equations are taken shortest first, and one that has grown waits until it is the shortest again: sums of cells and sums of groups
//! cancel each other then, and what is left to do grows with the number of terms. Taken in a fixed order, each sum over a coarser cell would carry all
//! groups of all its cells along.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use crate::audit::certificate::Multipliers;

const P: u64 = (1 << 61) - 1;

fn times(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    let sum = (wide as u64 & P) + (wide >> 61) as u64;
    if sum >= P { sum - P } else { sum }
}

fn minus(a: u64, b: u64) -> u64 {
    if a >= b { a - b } else { a + P - b }
}

fn inverse(a: u64) -> u64 {
    match a {
        1 => return 1,
        _ if a == P - 1 => return a,
        _ => {}
    }
    let (mut result, mut base, mut exponent) = (1, a, P - 2);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = times(result, base);
        }
        base = times(base, base);
        exponent >>= 1;
    }
    result
}

fn residue(a: i32) -> u64 {
    i64::from(a).rem_euclid(P as i64) as u64
}

/// Equations over unknowns counted from 0, one after the other.
#[derive(Default)]
pub(super) struct Flat {
    terms: Vec<(u32, i32)>,
    ends: Vec<usize>,
    constants: Vec<i64>,
}

impl Flat {
    pub(super) fn push(&mut self, terms: impl Iterator<Item = (u32, i32)>, constant: i64) {
        self.terms.extend(terms);
        self.ends.push(self.terms.len());
        self.constants.push(constant);
    }

    fn of(&self, equation: usize) -> &[(u32, i32)] {
        let begin = if equation == 0 { 0 } else { self.ends[equation - 1] };
        &self.terms[begin..self.ends[equation]]
    }
}

/// One equation after elimination: coefficient 1 at its own unknown, which no later row holds. Ends of its terms, and of the multiples of
/// rows that were taken from it.
struct Row {
    equation: u32,
    terms_end: usize,
    scale: u64,
    taken_end: usize,
}

/// Equations in echelon form.
pub(super) struct Echelon {
    rows: Vec<Row>,
    terms: Vec<(u32, u64)>,
    taken: Vec<(u32, u64)>,
    row_of: Vec<u32>,
}

const NONE: u32 = u32::MAX;

/// A vector over the unknowns, most of it 0.
struct Vector {
    value: Vec<u64>,
    marked: Vec<bool>,
    touched: Vec<u32>,
}

impl Vector {
    fn new(unknowns: usize) -> Self {
        Self { value: vec![0; unknowns], marked: vec![false; unknowns], touched: Vec::new() }
    }

    /// Whether the unknown is new to it.
    fn subtract(&mut self, x: u32, a: u64) -> bool {
        let slot = &mut self.value[x as usize];
        *slot = minus(*slot, a);
        let new = !std::mem::replace(&mut self.marked[x as usize], true);
        if new {
            self.touched.push(x);
        }
        new
    }

    /// What is not 0; the vector is 0 afterwards.
    fn drain(&mut self) -> Vec<(u32, u64)> {
        let mut terms = Vec::new();
        for x in self.touched.drain(..) {
            self.marked[x as usize] = false;
            let value = std::mem::take(&mut self.value[x as usize]);
            if value != 0 {
                terms.push((x, value));
            }
        }
        terms
    }
}

type Terms = Vec<(u32, u64)>;

impl Echelon {
    /// Eliminates; `None` if it takes more than `operations`.
    pub(super) fn new(unknowns: usize, equations: &Flat, mut operations: usize) -> Option<Self> {
        let count = equations.ends.len();
        let mut uses = vec![0_u32; unknowns];
        // The exclusive or of the equations that hold an unknown is the last one when the others are gone.
        let mut holders = vec![0_u32; unknowns];
        for e in 0..count {
            for &(x, _) in equations.of(e) {
                uses[x as usize] += 1;
                holders[x as usize] ^= e as u32;
            }
        }
        let mut echelon = Self { rows: Vec::new(), terms: Vec::new(), taken: Vec::new(), row_of: vec![NONE; unknowns] };
        let peeled = echelon.peel(equations, &mut uses, &mut holders);
        let mut waiting: BinaryHeap<Reverse<(u32, u32)>> =
            (0..count).filter(|&e| !peeled[e]).map(|e| Reverse((equations.of(e).len() as u32, e as u32))).collect();
        let mut half_done: FxHashMap<u32, (Terms, Terms)> = FxHashMap::default();
        let mut vector = Vector::new(unknowns);
        while let Some(Reverse((length, e))) = waiting.pop() {
            let mut taken = match half_done.remove(&e) {
                Some((terms, taken)) => {
                    terms.into_iter().for_each(|(x, a)| _ = vector.subtract(x, P - a));
                    taken
                }
                None => {
                    equations.of(e as usize).iter().for_each(|&(x, a)| _ = vector.subtract(x, P - residue(a)));
                    Vec::new()
                }
            };
            echelon.reduce(&mut vector, &mut taken, &mut operations)?;
            let terms = vector.drain();
            let grown = terms.len() as u32;
            if grown > length && waiting.peek().is_some_and(|Reverse(next)| *next < (grown, e)) {
                half_done.insert(e, (terms, taken));
                waiting.push(Reverse((grown, e)));
                continue;
            }
            // The unknown that fewest equations hold, so that little is filled in.
            let Some(&(pivot, own)) = terms.iter().min_by_key(|&&(x, _)| (uses[x as usize], x)) else { continue };
            let scale = inverse(own);
            let others = terms.into_iter().filter(|&(x, _)| x != pivot).map(|(x, a)| (x, times(a, scale)));
            echelon.add(e, pivot, others, scale, taken);
        }
        Some(echelon)
    }

    /// An equation with an unknown that no other has says nothing about the others: it goes first, and needs no elimination.
    fn peel(&mut self, equations: &Flat, uses: &mut [u32], holders: &mut [u32]) -> Vec<bool> {
        let mut peeled = vec![false; equations.ends.len()];
        let mut single: Vec<u32> = (0..uses.len() as u32).rev().filter(|&x| uses[x as usize] == 1).collect();
        while let Some(pivot) = single.pop() {
            if uses[pivot as usize] != 1 {
                continue;
            }
            let e = holders[pivot as usize];
            peeled[e as usize] = true;
            let terms = equations.of(e as usize);
            let own = terms.iter().find(|&&(x, _)| x == pivot).map_or(1, |&(_, a)| a);
            for &(x, _) in terms {
                uses[x as usize] -= 1;
                holders[x as usize] ^= e;
                if x != pivot && uses[x as usize] == 1 {
                    single.push(x);
                }
            }
            let scale = inverse(residue(own));
            let others = terms.iter().filter(|&&(x, _)| x != pivot).map(|&(x, a)| (x, times(residue(a), scale)));
            self.add(e, pivot, others, scale, Vec::new());
        }
        peeled
    }

    fn add(&mut self, equation: u32, pivot: u32, others: impl Iterator<Item = (u32, u64)>, scale: u64, taken: Terms) {
        self.row_of[pivot as usize] = self.rows.len() as u32;
        self.terms.push((pivot, 1));
        self.terms.extend(others);
        self.taken.extend(taken);
        self.rows.push(Row { equation, terms_end: self.terms.len(), scale, taken_end: self.taken.len() });
    }

    fn terms(&self, row: u32) -> &[(u32, u64)] {
        let begin = if row == 0 { 0 } else { self.rows[row as usize - 1].terms_end };
        &self.terms[begin..self.rows[row as usize].terms_end]
    }

    fn taken(&self, row: u32) -> &[(u32, u64)] {
        let begin = if row == 0 { 0 } else { self.rows[row as usize - 1].taken_end };
        &self.taken[begin..self.rows[row as usize].taken_end]
    }

    /// Takes multiples of rows from a vector until none of their own unknowns is left in it; adds the multiples to `taken`.
    fn reduce(&self, vector: &mut Vector, taken: &mut Terms, operations: &mut usize) -> Option<()> {
        let row_of = |x: u32| Some(self.row_of[x as usize]).filter(|&row| row != NONE);
        // Rows hold the own unknowns of later rows only, so each is needed once at most.
        let mut waiting: BinaryHeap<Reverse<u32>> = vector.touched.iter().filter_map(|&x| row_of(x)).map(Reverse).collect();
        while let Some(Reverse(row)) = waiting.pop() {
            let terms = self.terms(row);
            let factor = vector.value[terms[0].0 as usize];
            if factor == 0 {
                continue;
            }
            *operations = operations.checked_sub(terms.len())?;
            taken.push((row, factor));
            for &(x, a) in terms {
                if vector.subtract(x, times(a, factor)) {
                    waiting.extend(row_of(x).map(Reverse));
                }
            }
        }
        Some(())
    }

    /// Whether each unknown may be a linear function of what is published. Whoever is not, is not.
    pub(super) fn suspects(&self) -> Vec<bool> {
        let mut null: Vec<u64> = (0..self.row_of.len() as u64).map(|x| 1 + mixed(x) % (P - 1)).collect();
        for row in (0..self.rows.len() as u32).rev() {
            let terms = self.terms(row);
            let rest = terms[1..].iter().fold(0, |sum, &(x, a)| minus(sum, times(a, null[x as usize])));
            null[terms[0].0 as usize] = rest;
        }
        null.into_iter().map(|v| v == 0).collect()
    }

    /// One solution modulo the prime: what each linear function of the published is, and an arbitrary number where an unknown is free.
    /// Numbers up to 2^60 either way stand for themselves.
    pub(super) fn solution(&self, equations: &Flat) -> Vec<i64> {
        let mut constants: Vec<u64> = Vec::with_capacity(self.rows.len());
        for (row, r) in self.rows.iter().zip(0..) {
            let own = equations.constants[row.equation as usize].rem_euclid(P as i64) as u64;
            let rest = self.taken(r).iter().fold(own, |sum, &(earlier, m)| minus(sum, times(m, constants[earlier as usize])));
            constants.push(times(rest, row.scale));
        }
        let mut value = vec![0_u64; self.row_of.len()];
        for row in (0..self.rows.len() as u32).rev() {
            let terms = self.terms(row);
            let constant = constants[row as usize];
            let rest = terms[1..].iter().fold(constant, |sum, &(x, a)| minus(sum, times(a, value[x as usize])));
            value[terms[0].0 as usize] = rest;
        }
        value.into_iter().map(|v| if v > P / 2 { v as i64 - P as i64 } else { v as i64 }).collect()
    }

    /// Multipliers of the equations, by position, whose sum is the unknown alone; `None` where there are none in small fractions.
    pub(super) fn multipliers(&self, unknown: u32, operations: &mut usize) -> Option<Multipliers> {
        let mut vector = FxHashMap::from_iter([(unknown, 1_u64)]);
        let mut of_row: FxHashMap<u32, u64> = FxHashMap::default();
        let mut below: BinaryHeap<Reverse<u32>> = BinaryHeap::new();
        let row_of = |x: u32| Some(self.row_of[x as usize]).filter(|&row| row != NONE);
        below.extend(row_of(unknown).map(Reverse));
        while let Some(Reverse(row)) = below.pop() {
            let terms = self.terms(row);
            let Some(&factor) = vector.get(&terms[0].0) else { continue };
            *operations = operations.checked_sub(terms.len())?;
            of_row.insert(row, factor);
            for &(x, a) in terms {
                let slot = vector.entry(x).or_insert_with(|| {
                    below.extend(row_of(x).map(Reverse));
                    0
                });
                *slot = minus(*slot, times(a, factor));
                if *slot == 0 {
                    vector.remove(&x);
                }
            }
        }
        if !vector.is_empty() {
            return None;
        }
        let mut waiting: BinaryHeap<u32> = of_row.keys().copied().collect();
        let mut of_equation = Vec::new();
        while let Some(r) = waiting.pop() {
            let Some(factor) = of_row.remove(&r).filter(|&f| f != 0) else { continue };
            let factor = times(factor, self.rows[r as usize].scale);
            of_equation.push((self.rows[r as usize].equation, factor));
            *operations = operations.checked_sub(self.taken(r).len() + 1)?;
            for &(earlier, multiple) in self.taken(r) {
                let slot = of_row.entry(earlier).or_insert_with(|| {
                    waiting.push(earlier);
                    0
                });
                *slot = minus(*slot, times(factor, multiple));
            }
        }
        (1..=60).find_map(|denominator| {
            let small = |value: u64| {
                let value = times(value, denominator) as i64;
                let signed = if value > (P / 2) as i64 { value - P as i64 } else { value };
                (signed.abs() < 1 << 31).then_some(signed)
            };
            let of = of_equation.iter().map(|&(e, v)| Some((e, small(v)?))).collect::<Option<Vec<_>>>()?;
            Some(Multipliers { of, denominator: denominator as i64 })
        })
    }
}

/// A fixed scatter of numbers (splitmix64), so that every run finds the same.
fn mixed(x: u64) -> u64 {
    let mut z = x.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(equations: &[&[(u32, i32)]]) -> Flat {
        let mut flat = Flat::default();
        equations.iter().zip([9, 4, 8, 2]).for_each(|(terms, constant)| flat.push(terms.iter().copied(), constant));
        flat
    }

    #[test]
    fn what_is_peeled_off_is_worked_out_afterwards() {
        // x3 = c − x2 is in one equation only; x2 is given by the others, so x3 is too, and x4 = c'' − x0 is not.
        let equations: [&[_]; 4] = [&[(0, 1), (1, 1), (2, 1)], &[(0, 1), (1, 1)], &[(2, 1), (3, 1)], &[(0, -1), (4, 2)]];
        let equations = flat(&equations);
        let echelon = Echelon::new(5, &equations, 1000).unwrap();
        assert_eq!(echelon.suspects(), [false, false, true, true, false]);
        assert_eq!(echelon.solution(&equations)[2..4], [5, 3]);
        let mut found = echelon.multipliers(3, &mut 1000).unwrap();
        found.of.sort_unstable();
        assert_eq!((found.of, found.denominator), (vec![(0, -1), (1, 1), (2, 1)], 1));
    }

    #[test]
    fn a_number_that_two_equations_give() {
        // x0 + x1 + x2 = c, x0 + x1 = c': x2 is given, x0 and x1 are not.
        let equations = flat(&[&[(0, 1), (1, 1), (2, 1)], &[(0, 1), (1, 1)]]);
        let echelon = Echelon::new(3, &equations, 1000).unwrap();
        assert_eq!(echelon.suspects(), [false, false, true]);
        let mut found = echelon.multipliers(2, &mut 1000).unwrap();
        found.of.sort_unstable();
        assert_eq!((found.of, found.denominator), (vec![(0, 1), (1, -1)], 1));
    }
}
