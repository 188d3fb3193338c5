//! Undecided numbers as the edges of a forest. An edge that would close a cycle is rounded against the others on it.
//!
//! Dependent rounding (Gandhi, Khuller, Parthasarathy, Srinivasan 2006) and unbiased controlled rounding (Cox 1987): numbers are flows along
//! edges, every vertex is a sum that must hold. Pushing flow round a cycle changes no sum; pushed until an edge has a whole multiple of the
//! base, in the direction drawn so that the expectation of every edge stays, it decides at least one edge. What remains has no
//! cycle. A vertex whose edges are all there, and of which two are undecided, makes these move together: they become one edge, so that
//! the forest stays as small as its open ends.
//!
//! To whoever changes this: every push takes one draw, named by the edge that closed the cycle, and no name may occur twice in a place.
//! That is what makes the expectation exact.

use crate::confidential::secret::KeyedHash;

/// Where an undecided edge ends, seen from outside the place it lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The total of the place.
    Total,
    /// A group of the place.
    Group(u32),
    /// A sum inside, numbered from 0 for each place.
    Inner(u32),
}

/// Numbers that are rounded together, some of them the other way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bundle {
    at: u32,
    against: bool,
}

/// An undecided flow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge<V> {
    /// Where it comes from.
    pub from: V,
    /// Where it goes.
    pub to: V,
    /// What it has above a multiple of the base: 1 to base − 1.
    pub part: u32,
    /// The numbers that are rounded with it; none if it is only a sum.
    pub holds: Option<Bundle>,
    /// What its draw is called.
    pub name: [u64; 3],
}

impl<V> Edge<V> {
    fn reversed(self, base: u32) -> Self {
        let holds = self.holds.map(|bundle| Bundle { against: !bundle.against, ..bundle });
        Self { from: self.to, to: self.from, part: base - self.part, holds, name: self.name }
    }

    /// The same edge with other ends.
    pub(super) fn between<W>(self, from: W, to: W) -> Edge<W> {
        Edge { from, to, part: self.part, holds: self.holds, name: self.name }
    }
}

/// Numbers, and which of them are rounded together.
pub(super) struct Bundles {
    numbers: usize,
    pairs: Vec<[Bundle; 2]>,
    raised: Vec<bool>,
    open: Vec<(Bundle, bool)>,
}

impl Bundles {
    /// This many numbers, none of them raised.
    pub(super) fn new(numbers: usize) -> Self {
        Self { numbers, pairs: Vec::new(), raised: vec![false; numbers], open: Vec::new() }
    }

    /// A number by itself.
    pub(super) fn number(at: usize) -> Bundle {
        Bundle { at: u32::try_from(at).expect("a block has fewer than 2^32 numbers"), against: false }
    }

    /// For each number whether it was raised.
    pub(super) fn raised(&self) -> &[bool] {
        &self.raised
    }

    fn join(&mut self, a: Option<Bundle>, b: Option<Bundle>) -> Option<Bundle> {
        match (a, b) {
            (Some(a), Some(b)) => {
                self.pairs.push([a, b]);
                Some(Self::number(self.numbers + self.pairs.len() - 1))
            }
            (one, other) => one.or(other),
        }
    }

    /// Rounds all numbers of a bundle.
    pub(super) fn settle(&mut self, bundle: Bundle, up: bool) {
        self.open.push((bundle, up));
        while let Some((bundle, up)) = self.open.pop() {
            let up = up != bundle.against;
            match (bundle.at as usize).checked_sub(self.numbers) {
                None => self.raised[bundle.at as usize] = up,
                Some(pair) => self.open.extend(self.pairs[pair].map(|member| (member, up))),
            }
        }
    }
}

const NOTHING: u32 = u32::MAX;

/// Where an edge runs, and what it has above a multiple of the base; 0 of an edge that was taken out. What is looked at most, close together.
#[derive(Clone, Copy)]
struct Flow {
    from: u32,
    to: u32,
    part: u32,
}

/// What else belongs to an edge.
#[derive(Clone, Copy)]
struct Cargo {
    holds: Option<Bundle>,
    name: [u64; 3],
}

/// The way up from a vertex: the edge, and the vertex at its other end.
#[derive(Clone, Copy)]
struct Above {
    edge: u32,
    parent: u32,
}

impl Above {
    const ROOT: Self = Self { edge: NOTHING, parent: NOTHING };
}

/// The undecided edges of one place.
pub(super) struct Forest {
    base: u32,
    hash: KeyedHash,
    place: u64,
    /// The round of draws: an edge that is taken out and comes back draws anew.
    round: u64,
    flows: Vec<Flow>,
    cargo: Vec<Cargo>,
    free: Vec<u32>,
    /// For each vertex its undecided edges.
    touching: Vec<Vec<u32>>,
    /// For each vertex the way to its parent.
    above: Vec<Above>,
    /// Whether all edges of a vertex are there.
    whole: Vec<bool>,
    seen: Vec<u32>,
    stamp: u32,
    vertices: usize,
    cycle: Vec<(u32, bool)>,
    ends: Vec<u32>,
}

impl Forest {
    /// An empty forest of flows that end as multiples of `base`.
    pub(super) fn new(base: u32, hash: KeyedHash) -> Self {
        Self {
            base,
            hash,
            place: 0,
            round: 0,
            flows: Vec::new(),
            cargo: Vec::new(),
            free: Vec::new(),
            touching: Vec::new(),
            above: Vec::new(),
            whole: Vec::new(),
            seen: Vec::new(),
            stamp: 0,
            vertices: 0,
            cycle: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Forgets everything and goes on at another place, whose name goes into every draw.
    pub(super) fn begin(&mut self, place: u64) {
        (self.place, self.round) = (place, 0);
        self.flows.clear();
        self.cargo.clear();
        self.free.clear();
        self.touching[..self.vertices].iter_mut().for_each(Vec::clear);
        self.vertices = 0;
    }

    /// A new vertex.
    pub(super) fn vertex(&mut self) -> u32 {
        let vertex = self.vertices;
        self.vertices += 1;
        if vertex == self.touching.len() {
            self.touching.push(Vec::new());
            self.above.push(Above::ROOT);
            self.whole.push(false);
            self.seen.push(0);
        }
        (self.above[vertex], self.whole[vertex]) = (Above::ROOT, false);
        vertex as u32
    }

    /// What must flow in for the sum at a vertex to hold, above a multiple of the base.
    pub(super) fn lacks(&self, vertex: u32) -> u32 {
        let out = self.touching[vertex as usize].iter().map(|&e| self.flows[e as usize]).fold(0, |out, flow| {
            match flow.from == vertex {
                true => out + flow.part,
                false => out + self.base - flow.part,
            }
        });
        out % self.base
    }

    /// Takes the undecided edges of a vertex out again, one after the other.
    pub(super) fn take(&mut self, vertex: u32, mut taken: impl FnMut(Edge<u32>)) {
        let slots = std::mem::take(&mut self.touching[vertex as usize]);
        for &slot in &slots {
            let edge = self.edge(slot);
            self.leave(slot, if edge.from == vertex { edge.to } else { edge.from });
            self.flows[slot as usize].part = 0;
            self.free.push(slot);
            taken(edge);
        }
        self.above[vertex as usize] = Above::ROOT;
        self.touching[vertex as usize] = slots;
        self.touching[vertex as usize].clear();
    }

    /// From here on edges that were taken out may be added again.
    pub(super) fn next_round(&mut self) {
        self.round += 1;
    }

    /// Adds an edge. If it closes a cycle, at least one edge on the cycle is decided.
    pub(super) fn insert(&mut self, edge: Edge<u32>, bundles: &mut Bundles) {
        debug_assert!(edge.from != edge.to && (1..self.base).contains(&edge.part));
        match self.find_cycle(edge.to, edge.from) {
            true => self.push(edge, bundles),
            false => self.link(edge),
        }
    }

    /// Says that all edges of a vertex are there.
    pub(super) fn complete(&mut self, vertex: u32, bundles: &mut Bundles) {
        self.whole[vertex as usize] = true;
        self.contract(vertex, bundles);
    }

    /// All undecided edges.
    pub(super) fn undecided(&self) -> impl Iterator<Item = Edge<u32>> {
        (0..self.flows.len()).filter(|&slot| self.flows[slot].part > 0).map(|slot| self.edge(slot as u32))
    }

    /// How many vertices there are.
    pub(super) fn vertices(&self) -> usize {
        self.vertices
    }

    fn edge(&self, slot: u32) -> Edge<u32> {
        let (Flow { from, to, part }, Cargo { holds, name }) = (self.flows[slot as usize], self.cargo[slot as usize]);
        Edge { from, to, part, holds, name }
    }

    /// Writes the path from `start` to `end` into `cycle`: edges, and whether they are passed in their own direction.
    fn find_cycle(&mut self, start: u32, end: u32) -> bool {
        self.cycle.clear();
        self.stamp += 1;
        let mut at = start;
        while at != NOTHING {
            self.seen[at as usize] = self.stamp;
            at = self.above[at as usize].parent;
        }
        let mut meeting = end;
        while self.seen[meeting as usize] != self.stamp {
            let Above { edge, parent } = self.above[meeting as usize];
            if edge == NOTHING {
                self.cycle.clear();
                return false;
            }
            self.cycle.push((edge, self.flows[edge as usize].to == meeting));
            meeting = parent;
        }
        let mut at = start;
        while at != meeting {
            let Above { edge, parent } = self.above[at as usize];
            self.cycle.push((edge, self.flows[edge as usize].from == at));
            at = parent;
        }
        true
    }

    /// Pushes flow round the cycle that `edge` closes.
    fn push(&mut self, mut edge: Edge<u32>, bundles: &mut Bundles) {
        let base = self.base;
        let (mut up, mut down) = (base - edge.part, edge.part);
        for &(e, along) in &self.cycle {
            let part = self.flows[e as usize].part;
            let (more, less) = if along { (base - part, part) } else { (part, base - part) };
            (up, down) = (up.min(more), down.min(less));
        }
        let [a, b, c] = edge.name;
        let draw = (u128::from(self.hash.of_words([self.place, self.round, a, b, c])) * u128::from(up + down)) >> 64;
        // Up by `up` with probability down / (up + down), down by `down` otherwise: nothing on average.
        let rises = draw < u128::from(down);
        let amount = if rises { up } else { down };
        let moved = |part: u32, along: bool| if along == rises { part + amount } else { part - amount };
        let cycle = std::mem::take(&mut self.cycle);
        for &(e, along) in &cycle {
            let part = moved(self.flows[e as usize].part, along);
            self.flows[e as usize].part = part;
            if part == 0 || part == base {
                self.settle(part, self.cargo[e as usize].holds, bundles);
                self.remove(e);
            }
        }
        edge.part = moved(edge.part, true);
        let mut ends = std::mem::take(&mut self.ends);
        ends.clear();
        ends.extend(cycle.iter().map(|&(e, _)| self.flows[e as usize]).flat_map(|flow| [flow.from, flow.to]));
        self.cycle = cycle;
        match edge.part == 0 || edge.part == base {
            true => self.settle(edge.part, edge.holds, bundles),
            false => self.link(edge),
        }
        ends.iter().for_each(|&vertex| self.contract(vertex, bundles));
        self.ends = ends;
    }

    fn settle(&self, part: u32, holds: Option<Bundle>, bundles: &mut Bundles) {
        if let Some(bundle) = holds {
            bundles.settle(bundle, part == self.base);
        }
    }

    fn place(&mut self, edge: Edge<u32>) -> u32 {
        let Edge { from, to, part, holds, name } = edge;
        let (flow, cargo) = (Flow { from, to, part }, Cargo { holds, name });
        let slot = match self.free.pop() {
            Some(slot) => {
                (self.flows[slot as usize], self.cargo[slot as usize]) = (flow, cargo);
                slot
            }
            None => {
                self.flows.push(flow);
                self.cargo.push(cargo);
                self.flows.len() as u32 - 1
            }
        };
        self.touching[from as usize].push(slot);
        self.touching[to as usize].push(slot);
        slot
    }

    /// Joins two trees.
    fn link(&mut self, edge: Edge<u32>) {
        // The tree of `from` hangs from `to`: turn the edges above `from` round.
        let (mut at, mut carried) = (edge.from, Above { edge: self.place(edge), parent: edge.to });
        while at != NOTHING {
            let above = std::mem::replace(&mut self.above[at as usize], carried);
            carried = Above { edge: above.edge, parent: at };
            at = above.parent;
        }
    }

    fn remove(&mut self, slot: u32) {
        let Flow { from, to, .. } = self.flows[slot as usize];
        self.leave(slot, from);
        self.leave(slot, to);
        self.flows[slot as usize].part = 0;
        self.free.push(slot);
    }

    /// An edge does not touch one of its ends any more.
    fn leave(&mut self, slot: u32, end: u32) {
        let list = &mut self.touching[end as usize];
        // What leaves came lately, most often.
        let at = list.iter().rposition(|&e| e == slot).expect("an edge touches both its ends");
        list.swap_remove(at);
        if self.above[end as usize].edge == slot {
            self.above[end as usize] = Above::ROOT;
        }
    }

    /// Makes one edge of the two undecided edges of a whole vertex.
    fn contract(&mut self, vertex: u32, bundles: &mut Bundles) {
        let &[first, second] = self.touching[vertex as usize].as_slice() else { return };
        if !self.whole[vertex as usize] {
            return;
        }
        let (base, above) = (self.base, self.above[vertex as usize].edge);
        let into = self.edge(first);
        let into = if into.to == vertex { into } else { into.reversed(base) };
        let out = self.edge(second);
        let out = if out.from == vertex { out } else { out.reversed(base) };
        assert_eq!(into.part, out.part, "what flows in flows out");
        self.remove(first);
        self.remove(second);
        let joined =
            Edge { from: into.from, to: out.to, part: into.part, holds: bundles.join(into.holds, out.holds), name: into.name };
        let slot = self.place(joined);
        // Of the two neighbours the one that was not the vertex's parent now hangs from the other.
        let (below, parent) = if above == second { (joined.from, joined.to) } else { (joined.to, joined.from) };
        self.above[below as usize] = Above { edge: slot, parent };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidential::secret::{Key, Purpose};

    fn forest(base: u32, seed: u64) -> Forest {
        let key = Key::from_hex(&format!("{seed:064x}")).unwrap();
        Forest::new(base, key.hash_for(Purpose::Rounding))
    }

    fn edge(from: u32, to: u32, part: u32, number: usize) -> Edge<u32> {
        Edge { from, to, part, holds: Some(Bundles::number(number)), name: [number as u64, 0, 0] }
    }

    #[test]
    fn two_parallel_edges_of_one_whole_raise_exactly_one() {
        for seed in 0..50 {
            let (mut forest, mut bundles) = (forest(5, seed), Bundles::new(2));
            forest.begin(1);
            let (a, b) = (forest.vertex(), forest.vertex());
            forest.insert(edge(a, b, 1, 0), &mut bundles);
            forest.insert(edge(a, b, 4, 1), &mut bundles);
            assert_eq!((forest.undecided().count(), bundles.raised().iter().filter(|&&r| r).count()), (0, 1));
        }
    }

    #[test]
    fn a_number_rises_as_often_as_its_part_says() {
        let raised = |seed| {
            let (mut forest, mut bundles) = (forest(5, seed), Bundles::new(3));
            forest.begin(seed);
            let (a, b) = (forest.vertex(), forest.vertex());
            [1, 2, 2].into_iter().enumerate().for_each(|(n, part)| forest.insert(edge(a, b, part, n), &mut bundles));
            bundles.raised().to_vec()
        };
        let trials = 4000;
        let mut often = [0_i32; 3];
        for seed in 0..trials {
            raised(seed).iter().zip(&mut often).for_each(|(&r, o)| *o += i32::from(r));
        }
        for (o, share) in often.into_iter().zip([0.2, 0.4, 0.4]) {
            let sigma = (f64::from(trials as i32) * share * (1.0 - share)).sqrt();
            assert!((f64::from(o) - f64::from(trials as i32) * share).abs() < 4.0 * sigma, "{often:?}");
        }
    }

    #[test]
    fn edges_in_a_row_become_one_and_move_together() {
        let (mut forest, mut bundles) = (forest(5, 1), Bundles::new(3));
        forest.begin(1);
        let (a, middle, b) = (forest.vertex(), forest.vertex(), forest.vertex());
        forest.insert(edge(a, middle, 2, 0), &mut bundles);
        forest.insert(edge(b, middle, 3, 1), &mut bundles);
        assert_eq!(forest.lacks(middle), 0);
        forest.complete(middle, &mut bundles);
        assert_eq!(forest.undecided().count(), 1);
        forest.insert(edge(a, b, 3, 2), &mut bundles);
        assert_eq!(forest.undecided().count(), 0);
        // 0 flows into the middle and 1 out of it against its direction; 2 goes the other way round.
        let raised = bundles.raised();
        assert_eq!((raised[0], raised[0]), (!raised[1], !raised[2]));
    }

    #[test]
    fn an_edge_taken_out_comes_back_as_it_was() {
        let (mut forest, mut bundles) = (forest(5, 1), Bundles::new(3));
        forest.begin(1);
        let (a, b, c) = (forest.vertex(), forest.vertex(), forest.vertex());
        forest.insert(edge(a, b, 1, 0), &mut bundles);
        forest.insert(edge(b, c, 2, 1), &mut bundles);
        let mut taken = Vec::new();
        forest.take(c, |edge| taken.push(edge));
        assert_eq!((taken.len(), forest.undecided().count()), (1, 1));
        forest.next_round();
        taken.into_iter().for_each(|edge| forest.insert(edge, &mut bundles));
        // The cycle is found again, so at least one edge on it is decided.
        forest.insert(edge(a, c, 4, 2), &mut bundles);
        assert!(forest.undecided().count() < 3);
    }
}
