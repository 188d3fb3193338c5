//! Controlled rounding of a plain table: cells below the base become 0 or the base.
//!
//! As `rounding` does for cells of the grid: two families of sums, each a tree over the cells, are together a network of flows, and every one of
//! these sums ends at one of the two multiples of the base next to it. The trees are those of the first dimension (the spine) and of the others,
//! one after the other (the rest). With a node s of the one and t of the other, the first family has the sums `s × all` and `value × t`, the second
//! `all × t` and `s × finest t`. Of a table of two dimensions of which at most one has groups these are all numbers.

use crate::confidential::disclosure::cycles::{Bundles, Edge, Forest};
use crate::confidential::secret::KeyedHash;

/// No vertex, no parent.
const NOTHING: u32 = u32::MAX;

/// Kinds of names of draws: a cell, a sum of the first family, one of the second, the whole.
const CELL: u64 = 0;
const FIRST: u64 = 1;
const SECOND: u64 = 2;
const WHOLE: u64 = 3;

/// A sum of a tree, or a value.
#[derive(Clone, Copy)]
struct Node {
    parent: u32,
    /// What it adds to the position of a number.
    at: usize,
    leaf: bool,
}

/// Nested sums over the values of one dimension, or of several; a node comes after the one that holds it, the whole first.
#[derive(Clone)]
pub(super) struct Nest {
    nodes: Vec<Node>,
}

impl Nest {
    /// What there is beside the spine in a table of one dimension.
    pub(super) fn single() -> Self {
        Self { nodes: vec![Node { parent: NOTHING, at: 0, leaf: true }] }
    }

    /// The whole, `values` values and as many groups as are nested: code and values of each. The larger group wins where two cross.
    pub(super) fn new(values: usize, whole: usize, groups: &[(usize, Vec<usize>)]) -> Self {
        let mut nodes = vec![Node { parent: NOTHING, at: whole, leaf: false }];
        let mut holder = vec![0_u32; values];
        let mut sizes = vec![values];
        let mut groups: Vec<&(usize, Vec<usize>)> = groups.iter().filter(|group| group.0 != whole).collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.1.len()), group.0));
        for (at, members) in groups {
            let Some(&first) = members.first() else { continue };
            let parent = holder[first];
            let nested = members.iter().all(|&value| holder[value] == parent) && members.len() < sizes[parent as usize];
            if nested {
                members.iter().for_each(|&value| holder[value] = nodes.len() as u32);
                nodes.push(Node { parent, at: *at, leaf: false });
                sizes.push(members.len());
            }
        }
        nodes.extend((0..values).map(|at| Node { parent: holder[at], at, leaf: true }));
        Self { nodes }
    }

    /// Every finest group of this and the values of another dimension, nested in this. `self_stride` and `stride` are how far apart
    /// numbers lie that differ by one in either.
    pub(super) fn then(&self, self_stride: usize, other: &Self, stride: usize) -> Self {
        let whole = other.nodes[0].at * stride;
        let scaled = |node: &Node| Node { at: node.at * self_stride + whole, leaf: false, ..*node };
        let mut nodes: Vec<Node> = self.nodes.iter().map(scaled).collect();
        for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.leaf) {
            // The whole of the other is the node itself.
            let first = nodes.len() as u32;
            let parent = |inner: u32| if inner == 0 { at as u32 } else { first + inner - 1 };
            nodes.extend(other.nodes[1..].iter().map(|inner| Node {
                parent: parent(inner.parent),
                at: node.at * self_stride + inner.at * stride,
                leaf: inner.leaf,
            }));
        }
        Self { nodes }
    }

    fn descending(&self) -> impl Iterator<Item = (usize, Node)> + use<'_> {
        self.nodes.iter().copied().enumerate().rev()
    }
}

/// A table to round: where its numbers lie, and its two trees.
pub(super) struct Rounding<'t> {
    /// All numbers.
    pub counts: &'t [u64],
    /// The first dimension, and how far apart its codes lie.
    pub spine: (&'t Nest, usize),
    /// The other dimensions together.
    pub rest: &'t Nest,
    /// What small cells become, or 0.
    pub base: u32,
    /// Secret draws.
    pub hash: KeyedHash,
}

impl Rounding<'_> {
    /// Positions of the cells of 1 to base − 1, and whether each is raised. `name` tells a number by its codes, whatever else is in the table.
    ///
    /// Linear in the cells, times the open ends of a spine value's parent.
    pub(super) fn raised(&self, name: impl Fn(usize) -> u64) -> Vec<(usize, bool)> {
        let (spine, stride) = self.spine;
        let small = |at: &usize| (1..u64::from(self.base)).contains(&self.counts[*at]);
        let leaves = |nest: &Nest| -> Vec<usize> { nest.descending().filter(|(_, n)| n.leaf).map(|(_, n)| n.at).collect() };
        let columns = leaves(self.rest);
        let cells = leaves(spine).into_iter().flat_map(|s| columns.iter().map(move |&t| s * stride + t));
        let cells: Vec<usize> = cells.filter(small).collect();
        let mut bundles = Bundles::new(cells.len());
        let mut forest = Forest::new(self.base, self.hash);
        forest.begin(0);
        // A vertex for each node of the spine, and for each node and finest group.
        let mut wholes = vec![NOTHING; spine.nodes.len()];
        let mut groups: Vec<Vec<u32>> = vec![Vec::new(); spine.nodes.len()];
        let mut next = 0;
        for (s, node) in spine.descending().filter(|(s, _)| *s > 0) {
            let parent = node.parent as usize;
            if groups[parent].is_empty() {
                groups[parent] = vec![NOTHING; self.rest.nodes.len()];
            }
            match node.leaf {
                true => {
                    let mut row = vec![NOTHING; self.rest.nodes.len()];
                    for (t, inner) in self.rest.descending() {
                        let at = node.at * stride + inner.at;
                        let (part, holds) = match inner.leaf {
                            true if small(&at) => {
                                next += 1;
                                (self.counts[at] as u32, Some(Bundles::number(next - 1)))
                            }
                            false if row[t] != NOTHING => (forest.lacks(row[t]), None),
                            _ => continue,
                        };
                        let to = if inner.leaf { vertex(&mut forest, &mut groups[parent][t]) } else { row[t] };
                        if part > 0 {
                            let from = if t == 0 { &mut wholes[parent] } else { &mut row[inner.parent as usize] };
                            let from = vertex(&mut forest, from);
                            let kind = if inner.leaf { CELL } else { FIRST };
                            forest.insert(Edge { from, to, part, holds, name: [name(at), kind, 0] }, &mut bundles);
                        }
                        if !inner.leaf {
                            forest.complete(to, &mut bundles);
                        }
                    }
                }
                false => {
                    let whole = node.at * stride + self.rest.nodes[0].at;
                    let (above, own) = pair(&mut wholes, parent, s);
                    join(&mut forest, &mut bundles, (above, *own), [name(whole), FIRST, 0]);
                    let own = std::mem::take(&mut groups[s]);
                    for (t, inner) in
                        self.rest.descending().filter(|(t, inner)| inner.leaf && !own.is_empty() && own[*t] != NOTHING)
                    {
                        let name = [name(node.at * stride + inner.at), SECOND, 0];
                        join(&mut forest, &mut bundles, (&mut groups[parent][t], own[t]), name);
                    }
                }
            }
        }
        let mut top = std::mem::take(&mut groups[0]);
        let whole = spine.nodes[0].at * stride;
        for (t, inner) in self.rest.descending() {
            let name = name(whole + inner.at);
            match t {
                // What comes back from the groups' side of the whole to its cells' side.
                0 => join(&mut forest, &mut bundles, (&mut wholes[0], top[0]), [name, WHOLE, 0]),
                _ => {
                    let (above, own) = pair(&mut top, inner.parent as usize, t);
                    join(&mut forest, &mut bundles, (above, *own), [name, SECOND, 0]);
                }
            }
        }
        if wholes[0] != NOTHING {
            forest.complete(wholes[0], &mut bundles);
        }
        assert_eq!(forest.undecided().count(), 0, "sums hold, so nothing can stay open");
        cells.into_iter().zip(bundles.raised().iter().copied()).collect()
    }
}

fn vertex(forest: &mut Forest, slot: &mut u32) -> u32 {
    if *slot == NOTHING {
        *slot = forest.vertex();
    }
    *slot
}

/// Two places of a list, the first before the second.
fn pair(list: &mut [u32], first: usize, second: usize) -> (&mut u32, &mut u32) {
    let (before, behind) = list.split_at_mut(second);
    (&mut before[first], &mut behind[0])
}

/// Ties a sum, if it has undecided parts, to the next larger one.
fn join(forest: &mut Forest, bundles: &mut Bundles, (above, own): (&mut u32, u32), name: [u64; 3]) {
    if own == NOTHING {
        return;
    }
    let part = forest.lacks(own);
    if part > 0 {
        let from = vertex(forest, above);
        forest.insert(Edge { from, to: own, part, holds: None, name }, bundles);
    }
    forest.complete(own, bundles);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::confidential::secret::{Key, Purpose};

    fn hash(seed: u64) -> KeyedHash {
        Key::from_hex(&format!("{seed:064x}")).unwrap().hash_for(Purpose::Rounding)
    }

    /// A table of rows × columns values: codes of rows are values, one group for each pair of rows, the total; of columns, values and the total.
    struct Square {
        rows: usize,
        columns: usize,
        cells: Vec<u64>,
    }

    impl Square {
        fn pairs(&self) -> Vec<(usize, Vec<usize>)> {
            (0..self.rows / 2).map(|pair| (self.rows + pair, vec![2 * pair, 2 * pair + 1])).collect()
        }

        fn stride(&self) -> usize {
            self.columns + 1
        }

        /// The cells at their positions among all numbers; margins are left 0.
        fn counts(&self) -> Vec<u64> {
            let mut counts = vec![0; (self.rows + self.rows / 2 + 1) * self.stride()];
            for (at, &count) in self.cells.iter().enumerate() {
                counts[at / self.columns * self.stride() + at % self.columns] = count;
            }
            counts
        }

        fn rounded(&self, base: u32, seed: u64) -> Vec<u64> {
            let counts = self.counts();
            let spine = Nest::new(self.rows, self.rows + self.rows / 2, &self.pairs());
            let rest = Nest::new(self.columns, self.columns, &[]);
            let rounding = Rounding { counts: &counts, spine: (&spine, self.stride()), rest: &rest, base, hash: hash(seed) };
            let mut after = counts.clone();
            for (at, up) in rounding.raised(|at| at as u64) {
                after[at] = if up { u64::from(base) } else { 0 };
            }
            (0..self.cells.len()).map(|at| after[at / self.columns * self.stride() + at % self.columns]).collect()
        }

        /// Every number of the table with these cells: rows, pairs and all rows, of each column and of all.
        fn numbers(&self, cells: &[u64]) -> Vec<u64> {
            let mut sets: Vec<Vec<usize>> = (0..self.rows).map(|row| vec![row]).collect();
            sets.extend(self.pairs().into_iter().map(|pair| pair.1));
            sets.push((0..self.rows).collect());
            let column = |set: &Vec<usize>, c: usize| -> u64 { set.iter().map(|row| cells[row * self.columns + c]).sum() };
            let of_set = |set: &Vec<usize>| -> Vec<u64> {
                let mut of: Vec<u64> = (0..self.columns).map(|c| column(set, c)).collect();
                of.push(of.iter().sum());
                of
            };
            sets.iter().flat_map(of_set).collect()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_number_of_two_dimensions_with_groups_in_one_stays_within_the_base(
            rows in 1_usize..9, columns in 1_usize..6, seed in 0_u64..1_000_000, base in 3_u32..8,
            all in proptest::collection::vec(0_u64..9, 40),
        ) {
            let square = Square { rows, columns, cells: all[..rows * columns].to_vec() };
            let after = square.rounded(base, seed);
            for (&before, &after) in square.cells.iter().zip(&after) {
                let small = before > 0 && before < u64::from(base);
                let kept = if small { after == 0 || after == u64::from(base) } else { after == before };
                prop_assert!(kept);
            }
            for (before, after) in square.numbers(&square.cells).into_iter().zip(square.numbers(&after)) {
                prop_assert!(before.abs_diff(after) < u64::from(base), "{before} became {after}");
            }
        }
    }

    /// Where every margin is a multiple of the base there is nothing to choose but the cells.
    #[test]
    fn margins_that_are_multiples_of_the_base_stay() {
        let square = Square { rows: 2, columns: 2, cells: vec![1, 4, 4, 1] };
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..60 {
            seen.insert(square.rounded(5, seed));
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [[0, 5, 5, 0], [5, 0, 0, 5]]);
    }

    #[test]
    fn a_cell_is_raised_as_often_as_it_should_be() {
        const KEYS: u64 = 6000;
        let square = Square { rows: 4, columns: 3, cells: vec![1, 2, 0, 7, 3, 4, 1, 1, 1, 0, 2, 6] };
        let mut sums = vec![0; 12];
        for seed in 0..KEYS {
            sums.iter_mut().zip(square.rounded(5, seed)).for_each(|(sum, after)| *sum += after);
        }
        for (sum, &count) in sums.into_iter().zip(&square.cells) {
            let share = (count as f64 / 5.0).min(1.0);
            let error = (sum as f64 / KEYS as f64 - count as f64).abs();
            assert!(error <= 4.5 * 5.0 * (share * (1.0 - share) / KEYS as f64).sqrt() + 1e-12, "{count}: off by {error}");
        }
    }

    #[test]
    fn three_dimensions_keep_what_is_promised() {
        // 3 × 2 × 2 with totals: strides 9, 3, 1.
        let strides = [9, 3, 1];
        let (spine, two) = (Nest::new(3, 3, &[]), Nest::new(2, 2, &[]));
        let rest = two.then(strides[1], &two, strides[2]);
        let cell = |a: usize, b: usize, c: usize| a * strides[0] + b * strides[1] + c;
        for seed in 0..200 {
            let mut counts = vec![0_u64; 36];
            let each = || (0..3).flat_map(|a| (0..2).flat_map(move |b| (0..2).map(move |c| (a, b, c))));
            each().enumerate().for_each(|(at, (a, b, c))| counts[cell(a, b, c)] = (seed * 7 + at as u64 * 3) % 6);
            let rounding = Rounding { counts: &counts, spine: (&spine, 9), rest: &rest, base: 5, hash: hash(seed) };
            let mut after = counts.clone();
            rounding.raised(|at| at as u64).into_iter().for_each(|(at, up)| after[at] = if up { 5 } else { 0 });
            let off = |wanted: &dyn Fn(usize, usize, usize) -> bool| -> i64 {
                let of = |counts: &[u64]| -> i64 {
                    each().filter(|&(a, b, c)| wanted(a, b, c)).map(|(a, b, c)| counts[cell(a, b, c)] as i64).sum()
                };
                (of(&after) - of(&counts)).abs()
            };
            assert!(off(&|_, _, _| true) < 5);
            for (a, b, c) in each() {
                assert!(off(&|x, _, _| x == a) < 5 && off(&|x, y, _| (x, y) == (a, b)) < 5);
                assert!(off(&|_, y, _| y == b) < 5 && off(&|_, y, z| (y, z) == (b, c)) < 5);
            }
        }
    }

    #[test]
    fn of_groups_that_cross_the_larger_is_kept() {
        let nest = Nest::new(4, 6, &[(4, vec![0, 1, 2]), (5, vec![2, 3]), (6, vec![0, 1, 2, 3])]);
        let parents: Vec<u32> = nest.nodes.iter().map(|node| node.parent).collect();
        assert_eq!(parents, [NOTHING, 0, 1, 1, 1, 0]);
    }
}
