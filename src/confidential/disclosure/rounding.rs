//! Small atoms become 0 or the base so that cells of all sizes, and groups in them, stay close to the truth.
//!
//! Two families of sums hold: the totals of the nested cells, and the groups of the largest published table in the nested cells. Each family is a
//! tree, so both together are a network of flows: from the coarsest cells down to the finest, through the atoms, up to the groups of
//! the coarsest. Rounded as in `cycles`, every one of these sums ends at one of the two multiples of the base next to it: less than the base
//! away. Cells are worked from the finest to the coarsest; of each there remain no more open ends than it has groups, so the
//! work is linear in the atoms. Coarsest cells are independent but for one last place that joins them, and are worked in parallel.
//!
//! This takes the place of a walk that carries differences along: it keeps groups within the base too, and it is exactly unbiased.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::confidential::cube::Cube;
use crate::confidential::disclosure::cycles::{Bundle, Bundles, Edge, End, Forest};
use crate::confidential::disclosure::entries::Entries;
use crate::confidential::lattice::Lattice;
use crate::confidential::secret::KeyedHash;
use crate::grid::{CellId, GridSize};

/// Coarsest cells are joined in coarser ones up to about this side, so that there are neither too few nor too many to work in parallel.
const TOP_M: u32 = 10_000;

/// Of names of draws: the total of a cell rather than a group.
const TOTAL: u64 = u64::MAX;
/// Of names of draws: a sum rather than an atom.
const SUM: u64 = u64::MAX;
/// No finest cell.
const NOWHERE: usize = usize::MAX;

/// What is undecided in a place after all that could be decided inside it.
#[derive(Default)]
struct Open {
    edges: Vec<Edge<End>>,
    inner: u32,
}

/// A coarsest cell that is rounded but for what its neighbours decide.
struct Block {
    /// Positions of its small atoms in the cube.
    atoms: Vec<usize>,
    bundles: Bundles,
    open: Open,
}

/// Counts of the atoms of one date after rounding, in the order of the cube: each 0, or `base` or more.
pub(super) fn rounded(cube: &Cube, lattice: &Lattice, atoms: Range<usize>, base: u32, hash: KeyedHash) -> Vec<u64> {
    let rounding = Rounding::new(cube, lattice, base, hash);
    let cells = NestedCells::new(cube, lattice, atoms.clone());
    let mut blocks: Vec<Block> = cells.tops().into_par_iter().with_max_len(1).map(|top| rounding.block(&cells, top)).collect();
    rounding.join(&mut blocks);
    let counts: Vec<AtomicU64> = cube.counts[atoms.clone()].par_iter().map(|count| count.expose().into()).collect();
    // Every small atom is of one block, so that no two threads write the same; they need not wait for each other.
    blocks.into_par_iter().for_each(|block| {
        for (&atom, &raised) in block.atoms.iter().zip(block.bundles.raised()) {
            counts[atom - atoms.start].store(if raised { u64::from(base) } else { 0 }, Ordering::Relaxed);
        }
    });
    counts.into_iter().map(AtomicU64::into_inner).collect()
}

/// The finest cells in nested order.
struct NestedCells<'c> {
    cube: &'c Cube,
    /// Coarsest first; the last is the finest.
    sizes: Vec<GridSize>,
    /// For each size the finest cells in a cell of it.
    inside: Vec<u64>,
    /// In nested order.
    cells: Vec<NestedCell>,
}

/// A finest cell. Orders by its place.
struct NestedCell {
    /// The coarsest cell, and the place within: the number of the child, of its child, and so on.
    place: (CellId, u64),
    atoms: Range<usize>,
}

impl<'c> NestedCells<'c> {
    fn new(cube: &'c Cube, lattice: &Lattice, atoms: Range<usize>) -> Self {
        let mut sizes = lattice.sizes.counted().to_vec();
        while let Some(coarser) = sizes.last().filter(|s| s.metres() < TOP_M).and_then(|s| GridSize::new(s.metres() * 10).ok()) {
            sizes.push(coarser);
        }
        let finest = sizes[0].metres();
        sizes.reverse();
        let inside: Vec<u64> = sizes.iter().map(|size| u64::from(size.metres() / finest).pow(2)).collect();
        let place = |cell: CellId| {
            let top = cell.parent(sizes[0]);
            let mut north = (cell.northing_m() - top.northing_m()) as u64 / u64::from(finest);
            let mut east = (cell.easting_m() - top.easting_m()) as u64 / u64::from(finest);
            let digits = sizes.windows(2).zip(&inside[1..]).map(|(pair, inside)| {
                let (ratio, side) = (u64::from(pair[0].metres() / pair[1].metres()), u64::from(pair[1].metres() / finest));
                let digit = north / side * ratio + east / side;
                (north, east) = (north % side, east % side);
                digit * inside
            });
            (top, digits.sum())
        };
        let keys = &cube.keys;
        let begins = |&at: &usize| at == atoms.start || keys[at].cell != keys[at - 1].cell;
        let begins: Vec<usize> = atoms.clone().into_par_iter().filter(begins).collect();
        let cell = |at: usize| {
            let atoms = begins[at]..begins.get(at + 1).copied().unwrap_or(atoms.end);
            NestedCell { place: place(keys[atoms.start].cell), atoms }
        };
        let mut cells: Vec<NestedCell> = (0..begins.len()).into_par_iter().map(cell).collect();
        cells.par_sort_unstable_by_key(|cell| cell.place);
        Self { cube, sizes, inside, cells }
    }

    /// The size of a finest cell.
    fn size(&self, at: usize) -> GridSize {
        self.cube.keys[self.cells[at].atoms.start].cell.size()
    }

    /// The cell of a level that holds a finest one; itself, if it is larger.
    fn cell(&self, at: usize, level: usize) -> CellId {
        self.cube.keys[self.cells[at].atoms.start].cell.at_least(self.sizes[level])
    }

    /// Runs of cells with the same parent at a level.
    fn runs(&self, cells: Range<usize>, level: usize) -> impl Iterator<Item = Range<usize>> {
        let inside = self.inside[level];
        let parent = move |cell: &NestedCell| (cell.place.0, cell.place.1 / inside);
        let mut start = cells.start;
        self.cells[cells].chunk_by(move |a, b| parent(a) == parent(b)).map(move |run| {
            start += run.len();
            start - run.len()..start
        })
    }

    fn tops(&self) -> Vec<Range<usize>> {
        self.runs(0..self.cells.len(), 0).collect()
    }
}

/// What all places share.
struct Rounding<'c> {
    cube: &'c Cube,
    entries: Entries,
    /// Position of the largest published table.
    table: usize,
    /// For each smaller published table the sum in it that a group of the largest is part of; tables of few sums first, whose sums have more parts that can
    /// make up for each other.
    margins: Vec<Vec<u32>>,
    base: u32,
    hash: KeyedHash,
}

/// What a thread rounds the places of one size with.
struct Bench {
    forest: Forest,
    /// For each group its vertex.
    vertices: Vec<Option<u32>>,
    groups: Vec<u32>,
    inner: Vec<u32>,
    /// Flows of groups, each with one group that it ends at, and room to sort them.
    waiting: Vec<(u32, Edge<u32>)>,
    sorted: Vec<(u32, Edge<u32>)>,
    ordered: Vec<u32>,
    /// For each group where its next flow goes.
    next: Vec<u32>,
}

impl<'c> Rounding<'c> {
    fn new(cube: &'c Cube, lattice: &Lattice, base: u32, hash: KeyedHash) -> Self {
        let groups = |table: usize| -> u64 {
            lattice.tables[table].0.iter().map(|&d| lattice.dimensions[d].categories.len() as u64).product()
        };
        // Of equally large ones the first.
        let table = (0..lattice.tables.len()).rev().max_by_key(|&table| groups(table)).expect("the total is a table");
        let entries = Entries::of_lattice(lattice);
        let margins = entries.margins_of_table(table);
        Self { cube, entries, table, margins, base, hash }
    }

    fn bench(&self) -> Bench {
        Bench {
            forest: Forest::new(self.base, self.hash),
            vertices: vec![None; self.entries.len],
            groups: Vec::new(),
            inner: Vec::new(),
            waiting: Vec::new(),
            sorted: Vec::new(),
            ordered: Vec::new(),
            next: vec![0; self.entries.len],
        }
    }

    fn block(&self, cells: &NestedCells<'_>, top: Range<usize>) -> Block {
        let small = |&atom: &usize| self.cube.counts[atom].expose() < u64::from(self.base);
        let atoms: Vec<usize> = top.clone().flat_map(|at| cells.cells[at].atoms.clone()).filter(small).collect();
        let mut work = Work {
            rounding: self,
            cells,
            bundles: Bundles::new(atoms.len()),
            benches: cells.sizes.iter().map(|_| self.bench()).collect(),
            next: 0,
            columns: Vec::new(),
            seen: vec![NOWHERE; self.entries.len],
        };
        let open = work.place(top, 0);
        Block { atoms, bundles: work.bundles, open }
    }

    /// Decides what coarsest cells left open, so that the whole and its groups stay close too.
    fn join(&self, blocks: &mut [Block]) {
        let mut held: Vec<(usize, Bundle)> = Vec::new();
        let mut opens = Vec::with_capacity(blocks.len());
        for (number, block) in blocks.iter_mut().enumerate() {
            let mut open = std::mem::take(&mut block.open);
            for edge in &mut open.edges {
                if let Some(bundle) = edge.holds.as_mut() {
                    held.push((number, *bundle));
                    *bundle = Bundles::number(held.len() - 1);
                }
            }
            opens.push(open);
        }
        let mut bundles = Bundles::new(held.len());
        let mut bench = self.bench();
        let total = bench.gather(SUM, opens, &self.margins, &mut bundles);
        let outside = bench.forest.vertex();
        bench.close(total, SUM, |_, _| outside, &mut bundles);
        bench.forest.complete(outside, &mut bundles);
        assert_eq!(bench.forest.undecided().count(), 0, "sums hold, so nothing can stay open");
        for ((block, bundle), &raised) in held.into_iter().zip(bundles.raised()) {
            blocks[block].bundles.settle(bundle, raised);
        }
    }
}

/// The rounding of one coarsest cell.
struct Work<'r> {
    rounding: &'r Rounding<'r>,
    cells: &'r NestedCells<'r>,
    bundles: Bundles,
    /// One for each level.
    benches: Vec<Bench>,
    /// The number of the next small atom.
    next: usize,
    columns: Vec<u32>,
    /// For each group the finest cell that had it last.
    seen: Vec<usize>,
}

impl Work<'_> {
    /// Rounds what can be rounded within a cell, its children first.
    fn place(&mut self, cells: Range<usize>, level: usize) -> Open {
        let whole = self.cells;
        // A cell that was joined has no smaller ones in it.
        let leaf = cells.len() == 1 && whole.size(cells.start) >= whole.sizes[level];
        let opens: Vec<Open> = match leaf || level + 1 == whole.sizes.len() {
            true => match self.atoms(cells.start) {
                (open, true) => return open,
                (open, false) => vec![open],
            },
            false => whole.runs(cells.clone(), level + 1).map(|child| self.place(child, level + 1)).collect(),
        };
        // A single number is its total and its group at once.
        if opens.iter().map(|open| open.edges.len()).sum::<usize>() < 2 {
            return opens.into_iter().find(|open| !open.edges.is_empty()).unwrap_or_default();
        }
        let cell = whole.cell(cells.start, level).as_u64();
        let bench = &mut self.benches[level];
        let total = bench.gather(cell, opens, &self.rounding.margins, &mut self.bundles);
        let mut ends = Vec::new();
        bench.close(
            total,
            cell,
            |forest, end| {
                let vertex = forest.vertex();
                ends.push((vertex, end));
                vertex
            },
            &mut self.bundles,
        );
        bench.open(&ends)
    }

    /// The small atoms of a finest cell, and whether nothing can be decided within: no two are of one group, so that there is no cycle
    /// and only the total, an inner sum then, holds them together.
    fn atoms(&mut self, at: usize) -> (Open, bool) {
        let rounding = self.rounding;
        let base = rounding.base;
        // And one for the total.
        let mut edges = Vec::with_capacity(self.cells.cells[at].atoms.len() + 1);
        let (mut distinct, mut sum) = (true, 0);
        for (ordinal, atom) in self.cells.cells[at].atoms.clone().enumerate() {
            let count = rounding.cube.counts[atom].expose();
            if count >= u64::from(base) {
                continue;
            }
            let key = rounding.cube.keys[atom];
            let group = rounding.entries.columns_of(key.group, &mut self.columns)[rounding.table];
            distinct &= std::mem::replace(&mut self.seen[group as usize], at) != at;
            sum += count as u32;
            edges.push(Edge {
                from: End::Total,
                to: End::Group(group),
                part: count as u32,
                holds: Some(Bundles::number(self.next)),
                name: [key.cell.as_u64(), key.group, ordinal as u64],
            });
            self.next += 1;
        }
        let mut open = Open { edges, inner: 0 };
        if distinct && open.edges.len() > 1 {
            open.inner = 1;
            open.edges.iter_mut().for_each(|edge| edge.from = End::Inner(0));
            let part = sum % base;
            if part > 0 {
                let name = [self.cells.cell(at, self.cells.sizes.len() - 1).as_u64(), TOTAL, SUM];
                open.edges.push(Edge { from: End::Total, to: End::Inner(0), part, holds: None, name });
            }
        }
        (open, distinct)
    }
}

impl Bench {
    /// Puts together what the children of a place left open; gives the vertex of the place's total.
    ///
    /// For each margin first only groups of the same sum in it are rounded against each other, so that what decides them leaves that sum
    /// of each child as it is; what is left then, all against all.
    fn gather(&mut self, place: u64, opens: Vec<Open>, margins: &[Vec<u32>], bundles: &mut Bundles) -> u32 {
        self.forest.begin(place);
        self.groups.drain(..).for_each(|group| self.vertices[group as usize] = None);
        let total = self.forest.vertex();
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.clear();
        self.inner.clear();
        for open in opens {
            let first = self.inner.len();
            self.inner.extend((0..open.inner).map(|_| self.forest.vertex()));
            for edge in open.edges {
                let ends = [edge.from, edge.to].map(|end| match end {
                    End::Total => total,
                    End::Inner(number) => self.inner[first + number as usize],
                    End::Group(group) => *self.vertices[group as usize].get_or_insert_with(|| {
                        self.groups.push(group);
                        self.forest.vertex()
                    }),
                });
                let placed = edge.between(ends[0], ends[1]);
                match (edge.from, edge.to) {
                    (End::Group(group), _) | (_, End::Group(group)) if !margins.is_empty() => waiting.push((group, placed)),
                    _ => self.forest.insert(placed, bundles),
                }
            }
            if margins.is_empty() {
                self.inner.drain(..).for_each(|vertex| self.forest.complete(vertex, bundles));
            }
        }
        for margin in margins {
            let mut sorted = std::mem::take(&mut self.sorted);
            self.sort(&waiting, margin, &mut sorted);
            waiting.clear();
            for alike in sorted.chunk_by(|(a, _), (b, _)| margin[*a as usize] == margin[*b as usize]) {
                alike.iter().for_each(|&(_, edge)| self.forest.insert(edge, bundles));
                for same in alike.chunk_by(|(a, _), (b, _)| a == b) {
                    let group = same[0].0;
                    let vertex = self.vertices[group as usize].expect("a flow of a group ends at its vertex");
                    self.forest.take(vertex, |edge| waiting.push((group, edge)));
                }
            }
            self.sorted = sorted;
            self.forest.next_round();
        }
        waiting.iter().for_each(|&(_, edge)| self.forest.insert(edge, bundles));
        self.waiting = waiting;
        for &vertex in &self.inner {
            self.forest.complete(vertex, bundles);
        }
        total
    }

    /// Sorts flows by the sum of a margin that their group is part of, then by group; alike ones stay as they follow each other.
    fn sort(&mut self, flows: &[(u32, Edge<u32>)], margin: &[u32], sorted: &mut Vec<(u32, Edge<u32>)>) {
        let next = &mut self.next;
        flows.iter().for_each(|(group, _)| next[*group as usize] += 1);
        self.ordered.clone_from(&self.groups);
        self.ordered.sort_unstable_by_key(|&group| (margin[group as usize], group));
        let mut first = 0;
        for &group in &self.ordered {
            first += std::mem::replace(&mut next[group as usize], first);
        }
        sorted.clear();
        sorted.extend_from_slice(flows);
        for &(group, edge) in flows {
            sorted[next[group as usize] as usize] = (group, edge);
            next[group as usize] += 1;
        }
        self.groups.iter().for_each(|&group| next[group as usize] = 0);
    }

    /// Adds what flows into the total and out of the groups of a place, from and to the vertices that `end` gives.
    fn close(&mut self, total: u32, place: u64, mut end: impl FnMut(&mut Forest, End) -> u32, bundles: &mut Bundles) {
        let part = self.forest.lacks(total);
        if part > 0 {
            let from = end(&mut self.forest, End::Total);
            let name = [place, TOTAL, SUM];
            self.forest.insert(Edge { from, to: total, part, holds: None, name }, bundles);
        }
        self.forest.complete(total, bundles);
        for &group in &self.groups {
            let vertex = self.vertices[group as usize].expect("a listed group has a vertex");
            let part = self.forest.lacks(vertex);
            if part > 0 {
                let from = end(&mut self.forest, End::Group(group));
                let name = [place, u64::from(group), SUM];
                self.forest.insert(Edge { from, to: vertex, part, holds: None, name }, bundles);
            }
            self.forest.complete(vertex, bundles);
        }
    }

    /// What is undecided, seen from outside; `ends` are the vertices outside.
    fn open(&mut self, ends: &[(u32, End)]) -> Open {
        let mut names: Vec<Option<End>> = vec![None; self.forest.vertices()];
        ends.iter().for_each(|&(vertex, end)| names[vertex as usize] = Some(end));
        let mut inner = 0;
        let mut name = |vertex: u32| {
            *names[vertex as usize].get_or_insert_with(|| {
                inner += 1;
                End::Inner(inner - 1)
            })
        };
        let edges = self.forest.undecided().map(|edge| edge.between(name(edge.from), name(edge.to))).collect();
        Open { edges, inner }
    }
}
