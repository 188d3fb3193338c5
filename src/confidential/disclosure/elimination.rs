//! Sparse Gaussian elimination modulo 2^61 − 1 that remembers how it came about.
//!
//! Pivots are taken where they fill in least: the variable in the fewest rows, in the shortest of these (Markowitz, simplified). Every row
//! keeps the list of pivot rows added to it, so that a dependence found at the end can be told in terms of the rows given. The sum over a large
//! area is a row of thousands of terms to which thousands of short rows are added: while it waits, a long row is a hash table, so that an
//! addition costs what the short row has.

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::modular::{add, inverse, mul, neg};

/// One homogeneous equation: variable and coefficient, ascending by variable, no coefficient zero.
pub(super) type Row = Vec<(u32, u64)>;

/// A system in echelon form.
pub(super) struct Eliminated {
    /// For each pivot in order, its row and variable.
    pivots: Vec<(u32, u32)>,
    /// Rows as they were when they became pivots.
    rows: Vec<Row>,
    /// For each row the pivot rows added to it, with their factors.
    history: Vec<Row>,
    /// For each variable one more than its position in `pivots`, or zero.
    order: Vec<u32>,
    /// For each row its position in `pivots`, if it became one.
    place: Vec<u32>,
}

/// Brings the rows into echelon form. Variables are `0..variables`.
pub(super) fn eliminate(rows: Vec<Row>, variables: usize) -> Eliminated {
    let mut holders: Vec<Vec<u32>> = vec![Vec::new(); variables];
    for (r, row) in rows.iter().enumerate() {
        for &(v, _) in row {
            holders[v as usize].push(r as u32);
        }
    }
    let mut rows: Vec<Waiting> = rows.into_iter().map(Waiting::new).collect();
    let mut done = vec![Row::new(); rows.len()];
    let mut history = vec![Row::new(); rows.len()];
    let mut order = vec![0; variables];
    let mut pivots = Vec::new();
    let mut place = vec![u32::MAX; rows.len()];
    let mut queue = Queue::default();
    (0..variables as u32).rev().for_each(|v| queue.push(holders[v as usize].len(), v));
    while let Some((size, v)) = queue.pop() {
        let held = &holders[v as usize];
        if order[v as usize] != 0 || held.len() != size {
            // More rows hold it than when it was queued; where fewer do, it was queued again.
            if order[v as usize] == 0 && held.len() > size {
                queue.push(held.len(), v);
            }
            continue;
        }
        let held = std::mem::take(&mut holders[v as usize]);
        let pivot = *held.iter().min_by_key(|&&r| (rows[r as usize].len(), r)).expect("a variable in the queue is held by a row");
        let pivot_row = std::mem::take(&mut rows[pivot as usize]).done();
        let scale = neg(inverse(coefficient(&pivot_row, v)));
        for &r in held.iter().filter(|&&r| r != pivot) {
            let row = &mut rows[r as usize];
            let factor = mul(row.coefficient(v), scale);
            history[r as usize].push((pivot, factor));
            row.add(&pivot_row, factor, |variable, now_held| {
                let holders = &mut holders[variable as usize];
                match now_held {
                    true => holders.push(r),
                    // The pivot's own holders have been taken away.
                    false => {
                        if let Some(at) = holders.iter().position(|&other| other == r) {
                            holders.swap_remove(at);
                            queue.push(holders.len(), variable);
                        }
                    }
                }
            });
        }
        place[pivot as usize] = pivots.len() as u32;
        pivots.push((pivot, v));
        order[v as usize] = pivots.len() as u32;
        for &(variable, _) in &pivot_row {
            let holders = &mut holders[variable as usize];
            if let Some(at) = holders.iter().position(|&r| r == pivot) {
                holders.swap_remove(at);
                queue.push(holders.len(), variable);
            }
        }
        done[pivot as usize] = pivot_row;
    }
    Eliminated { pivots, rows: done, history, order, place }
}

/// Variables by the number of rows that hold them, the fewest first; entries may be out of date.
#[derive(Default)]
struct Queue {
    buckets: Vec<Vec<u32>>,
    least: usize,
}

impl Queue {
    /// Variables that no row holds are left out.
    fn push(&mut self, size: usize, variable: u32) {
        if size == 0 {
            return;
        }
        if self.buckets.len() <= size {
            self.buckets.resize_with(size + 1, Vec::new);
        }
        self.buckets[size].push(variable);
        self.least = self.least.min(size);
    }

    fn pop(&mut self) -> Option<(usize, u32)> {
        while self.least < self.buckets.len() {
            if let Some(variable) = self.buckets[self.least].pop() {
                return Some((self.least, variable));
            }
            self.least += 1;
        }
        None
    }
}

fn coefficient(row: &[(u32, u64)], variable: u32) -> u64 {
    row.binary_search_by_key(&variable, |&(v, _)| v).map_or(0, |at| row[at].1)
}

/// From how many terms on a row is a hash table.
const LONG: usize = 48;

/// A row that has not become a pivot yet.
enum Waiting {
    Short(Row),
    Long(FxHashMap<u32, u64>),
}

impl Default for Waiting {
    fn default() -> Self {
        Self::Short(Row::new())
    }
}

impl Waiting {
    fn new(row: Row) -> Self {
        if row.len() < LONG { Self::Short(row) } else { Self::Long(row.into_iter().collect()) }
    }

    fn len(&self) -> usize {
        match self {
            Self::Short(row) => row.len(),
            Self::Long(row) => row.len(),
        }
    }

    fn coefficient(&self, variable: u32) -> u64 {
        match self {
            Self::Short(row) => coefficient(row, variable),
            Self::Long(row) => row.get(&variable).copied().unwrap_or(0),
        }
    }

    /// The row as it will stay.
    fn done(self) -> Row {
        match self {
            Self::Short(row) => row,
            Self::Long(row) => {
                let mut row: Row = row.into_iter().collect();
                row.sort_unstable();
                row
            }
        }
    }

    /// Adds `factor · other`; `changed` hears of variables that come in (`true`) or go out (`false`), ascending.
    fn add(&mut self, other: &[(u32, u64)], factor: u64, mut changed: impl FnMut(u32, bool)) {
        match self {
            Self::Short(row) => {
                let sum = combine(row, other, factor, changed);
                *self = Self::new(sum);
            }
            Self::Long(row) => {
                for &(variable, coefficient) in other {
                    let term = mul(coefficient, factor);
                    match row.entry(variable) {
                        Entry::Vacant(slot) => {
                            slot.insert(term);
                            changed(variable, true);
                        }
                        Entry::Occupied(mut slot) => match add(*slot.get(), term) {
                            0 => {
                                slot.remove();
                                changed(variable, false);
                            }
                            value => *slot.get_mut() = value,
                        },
                    }
                }
            }
        }
    }
}

/// `row + factor · other`; `changed` hears of variables that come in (`true`) or go out (`false`).
fn combine(row: &[(u32, u64)], other: &[(u32, u64)], factor: u64, mut changed: impl FnMut(u32, bool)) -> Row {
    let mut sum = Row::with_capacity(row.len() + other.len());
    let (mut i, mut j) = (0, 0);
    while i < row.len() || j < other.len() {
        let left = row.get(i).map_or(u32::MAX, |t| t.0);
        let right = other.get(j).map_or(u32::MAX, |t| t.0);
        if left < right {
            sum.push(row[i]);
            i += 1;
        } else if right < left {
            sum.push((right, mul(other[j].1, factor)));
            changed(right, true);
            j += 1;
        } else {
            let value = add(row[i].1, mul(other[j].1, factor));
            match value {
                0 => changed(left, false),
                _ => sum.push((left, value)),
            }
            (i, j) = (i + 1, j + 1);
        }
    }
    sum
}

impl Eliminated {
    /// Turns free values (one a variable) into a solution: pivots are overwritten.
    pub(super) fn solve(&self, values: &mut [u64]) {
        for &(r, v) in self.pivots.iter().rev() {
            let (mut sum, mut own) = (0, 1);
            for &(variable, factor) in &self.rows[r as usize] {
                match variable == v {
                    true => own = factor,
                    false => sum = add(sum, mul(factor, values[variable as usize])),
                }
            }
            values[v as usize] = neg(mul(sum, inverse(own)));
        }
    }

    /// Multipliers of the rows given that add up to the functional, or `None` if it is no combination of them.
    pub(super) fn multipliers(&self, functional: &BTreeMap<u32, u64>) -> Option<Vec<(u32, u64)>> {
        // Forward: pivot rows, in pivot order.
        let mut rest: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        let place = |v: u32| (self.order[v as usize].wrapping_sub(1), v);
        for (&v, &value) in functional {
            rest.insert(place(v), value);
        }
        let mut weights: BTreeMap<u32, u64> = BTreeMap::new();
        while let Some(((at, v), value)) = rest.pop_first() {
            if value == 0 {
                continue;
            }
            if at == u32::MAX {
                return None;
            }
            let row = &self.rows[self.pivots[at as usize].0 as usize];
            let weight = mul(value, inverse(coefficient(row, v)));
            for &(other, factor) in row.iter().filter(|t| t.0 != v) {
                let slot = rest.entry(place(other)).or_default();
                *slot = add(*slot, neg(mul(weight, factor)));
            }
            weights.insert(at, weight);
        }
        // Backward: each pivot row is a given row plus earlier pivot rows.
        let mut given = Vec::new();
        while let Some((at, weight)) = weights.pop_last() {
            if weight == 0 {
                continue;
            }
            let r = self.pivots[at as usize].0;
            given.push((r, weight));
            for &(earlier, factor) in &self.history[r as usize] {
                let slot = weights.entry(self.place[earlier as usize]).or_default();
                *slot = add(*slot, mul(weight, factor));
            }
        }
        Some(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidential::disclosure::modular::{MINUS_ONE, scatter};

    fn rows() -> Vec<Row> {
        // x0 + x1 = x2, x1 = x3, x0 + x3 + x4 = 0, and the sum of the first two again.
        vec![
            vec![(0, 1), (1, 1), (2, MINUS_ONE)],
            vec![(1, 1), (3, MINUS_ONE)],
            vec![(0, 1), (3, 1), (4, 1)],
            vec![(0, 1), (1, 2), (2, MINUS_ONE), (3, MINUS_ONE)],
        ]
    }

    #[test]
    fn a_solution_satisfies_every_row() {
        let mut values: Vec<u64> = (0..5).map(scatter).collect();
        eliminate(rows(), 5).solve(&mut values);
        for row in rows() {
            assert_eq!(row.iter().fold(0, |sum, &(v, c)| add(sum, mul(c, values[v as usize]))), 0);
        }
        assert!(values.iter().all(|&v| v != 0));
    }

    #[test]
    fn multipliers_give_the_functional() {
        let functional = BTreeMap::from([(2, 1), (4, 1)]);
        let multipliers = eliminate(rows(), 5).multipliers(&functional).expect("x2 + x4 is determined");
        let mut sum = BTreeMap::new();
        for (r, weight) in multipliers {
            for &(v, c) in &rows()[r as usize] {
                let slot = sum.entry(v).or_insert(0);
                *slot = add(*slot, mul(c, weight));
            }
        }
        sum.retain(|_, &mut value| value != 0);
        assert_eq!(sum, functional);
        assert!(eliminate(rows(), 5).multipliers(&BTreeMap::from([(0, 1)])).is_none());
    }
}
