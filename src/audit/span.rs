//! Which unknowns are a linear function of what is published, by elimination modulo 2^61 − 1.
//!
//! A random vector that every equation maps to 0 is not 0 where an unknown is free. What is 0 there is suspected, and multipliers of
//! the equations are worked out that give the unknown alone; as small fractions they are checked in whole numbers.

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

fn residue(a: i64) -> u64 {
    a.rem_euclid(P as i64) as u64
}

/// One equation after elimination: coefficient 1 at its own unknown, which no later row holds.
struct Row {
    equation: u32,
    terms: Vec<(u32, u64)>,
    scale: u64,
    taken: Vec<(u32, u64)>,
}

/// Equations in echelon form.
pub(super) struct Echelon {
    rows: Vec<Row>,
    row_of: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Echelon {
    /// Eliminates; `None` if it takes more than `operations`.
    pub(super) fn new(unknowns: usize, equations: &[(Vec<(usize, i64)>, i64)], mut operations: usize) -> Option<Self> {
        let mut uses = vec![0_u32; unknowns];
        // The exclusive or of the equations that hold an unknown is the last one when the others are gone.
        let mut holders = vec![0_u32; unknowns];
        for (e, equation) in equations.iter().enumerate() {
            for &(x, _) in &equation.0 {
                uses[x] += 1;
                holders[x] ^= e as u32;
            }
        }
        let mut echelon = Self { rows: Vec::new(), row_of: vec![NONE; unknowns] };
        // An equation with an unknown that no other has says nothing about the others: it goes first, and needs no elimination.
        let mut peeled = vec![false; equations.len()];
        let mut single: Vec<usize> = (0..unknowns).rev().filter(|&x| uses[x] == 1).collect();
        while let Some(pivot) = single.pop() {
            if uses[pivot] != 1 {
                continue;
            }
            let e = holders[pivot] as usize;
            peeled[e] = true;
            let own = equations[e].0.iter().find(|&&(x, _)| x == pivot).map_or(1, |&(_, a)| a);
            let scale = match own {
                1 => 1,
                -1 => P - 1,
                a => inverse(residue(a)),
            };
            let mut terms = vec![(pivot as u32, 1)];
            for &(x, a) in &equations[e].0 {
                uses[x] -= 1;
                holders[x] ^= e as u32;
                if x != pivot {
                    terms.push((x as u32, times(residue(a), scale)));
                    if uses[x] == 1 {
                        single.push(x);
                    }
                }
            }
            echelon.row_of[pivot] = echelon.rows.len() as u32;
            echelon.rows.push(Row { equation: e as u32, terms, scale, taken: Vec::new() });
        }
        let mut order: Vec<usize> = (0..equations.len()).filter(|&e| !peeled[e]).collect();
        order.sort_by_key(|&e| (equations[e].0.len(), e));
        for e in order {
            let mut row: FxHashMap<u32, u64> = equations[e].0.iter().map(|&(x, a)| (x as u32, residue(a))).collect();
            let taken = echelon.reduce(&mut row, &mut operations)?;
            // The unknown that fewest equations hold, so that little is filled in.
            let Some(&pivot) = row.keys().min_by_key(|&&x| (uses[x as usize], x)) else { continue };
            let scale = inverse(row[&pivot]);
            let mut terms: Vec<(u32, u64)> =
                row.into_iter().filter(|&(x, _)| x != pivot).map(|(x, a)| (x, times(a, scale))).collect();
            terms.sort_unstable();
            terms.insert(0, (pivot, 1));
            echelon.row_of[pivot as usize] = echelon.rows.len() as u32;
            echelon.rows.push(Row { equation: e as u32, terms, scale, taken });
        }
        Some(echelon)
    }

    /// Takes multiples of rows from a vector until none of their own unknowns is left in it; gives the multiples.
    fn reduce(&self, vector: &mut FxHashMap<u32, u64>, operations: &mut usize) -> Option<Vec<(u32, u64)>> {
        let mut taken = Vec::new();
        let mut waiting: BinaryHeap<Reverse<u32>> =
            vector.keys().map(|&x| self.row_of[x as usize]).filter(|&r| r != NONE).map(Reverse).collect();
        while let Some(Reverse(r)) = waiting.pop() {
            let row = &self.rows[r as usize];
            let Some(&factor) = vector.get(&row.terms[0].0) else { continue };
            *operations = operations.checked_sub(row.terms.len())?;
            taken.push((r, factor));
            for &(x, a) in &row.terms {
                let slot = vector.entry(x).or_insert_with(|| {
                    if self.row_of[x as usize] != NONE {
                        waiting.push(Reverse(self.row_of[x as usize]));
                    }
                    0
                });
                *slot = minus(*slot, times(a, factor));
                if *slot == 0 {
                    vector.remove(&x);
                }
            }
        }
        Some(taken)
    }

    /// Whether each unknown may be a linear function of what is published. Whoever is not, is not.
    pub(super) fn suspects(&self) -> Vec<bool> {
        let mut null: Vec<u64> = (0..self.row_of.len() as u64).map(|x| 1 + mixed(x) % (P - 1)).collect();
        for row in self.rows.iter().rev() {
            let rest = row.terms[1..].iter().fold(0, |sum, &(x, a)| minus(sum, times(a, null[x as usize])));
            null[row.terms[0].0 as usize] = rest;
        }
        null.into_iter().map(|v| v == 0).collect()
    }

    /// Multipliers of the equations, by position, whose sum is the unknown alone; `None` where there are none in small fractions.
    pub(super) fn multipliers(&self, unknown: u32, operations: &mut usize) -> Option<Multipliers> {
        let mut vector = FxHashMap::from_iter([(unknown, 1)]);
        let taken = self.reduce(&mut vector, operations)?;
        if !vector.is_empty() {
            return None;
        }
        let mut of_row: FxHashMap<u32, u64> = taken.into_iter().collect();
        let mut waiting: BinaryHeap<u32> = of_row.keys().copied().collect();
        let mut of_equation = Vec::new();
        while let Some(r) = waiting.pop() {
            let Some(factor) = of_row.remove(&r).filter(|&f| f != 0) else { continue };
            let row = &self.rows[r as usize];
            let factor = times(factor, row.scale);
            of_equation.push((row.equation, factor));
            *operations = operations.checked_sub(row.taken.len() + 1)?;
            for &(earlier, multiple) in &row.taken {
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

    #[test]
    fn what_is_peeled_off_is_worked_out_afterwards() {
        // x3 = c − x2 is in one equation only; x2 is given by the others, so x3 is too, and x4 = c'' − x0 is not.
        let equations =
            [(vec![(0, 1), (1, 1), (2, 1)], 9), (vec![(0, 1), (1, 1)], 4), (vec![(2, 1), (3, 1)], 8), (vec![(0, -1), (4, 2)], 2)];
        let echelon = Echelon::new(5, &equations, 1000).unwrap();
        assert_eq!(echelon.suspects(), [false, false, true, true, false]);
        let mut found = echelon.multipliers(3, &mut 1000).unwrap();
        found.of.sort_unstable();
        assert_eq!((found.of, found.denominator), (vec![(0, -1), (1, 1), (2, 1)], 1));
    }

    #[test]
    fn a_number_that_two_equations_give() {
        // x0 + x1 + x2 = c, x0 + x1 = c': x2 is given, x0 and x1 are not.
        let equations = [(vec![(0, 1), (1, 1), (2, 1)], 9), (vec![(0, 1), (1, 1)], 4)];
        let echelon = Echelon::new(3, &equations, 1000).unwrap();
        assert_eq!(echelon.suspects(), [false, false, true]);
        let mut found = echelon.multipliers(2, &mut 1000).unwrap();
        found.of.sort_unstable();
        assert_eq!((found.of, found.denominator), (vec![(0, 1), (1, -1)], 1));
    }
}
