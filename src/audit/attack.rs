//! The attack: what each withheld number can be.
//!
//! Bounds are propagated and what they fix is put in; what is left falls into blocks without a common unknown. Small blocks are solved exactly
//! (linear programs, and branches where a vertex is not whole); in large ones what is a linear function of the published is found. Whatever
//! is claimed is checked by `certificate`; what is not shown either way stays "not proven".

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::audit::certificate::{self, Multipliers, Ranges};
use crate::audit::propagation::propagate;
use crate::audit::simplex::{Optimum, Stop, Tableau};
use crate::audit::span::{Echelon, Flat};
use crate::audit::system::System;

/// What is known about a withheld number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has one possible value.
    Known,
    /// It is a linear function of what is published modulo 2^61 − 1, which is wrong once in 10^12 times, and so has one possible value;
    /// multipliers that show it in whole numbers were not worked out.
    Linear,
    /// Two worlds of whole numbers satisfy everything published and differ in it.
    Safe,
    /// It is no linear function of what is published and single equations leave it several values; that it has two was not shown.
    NotLinear,
    /// Nothing was shown within the limits.
    NotProven,
}

/// What the attacker gets of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// It is at least this.
    pub lo: i64,
    /// It is at most this; `None` if there is no bound.
    pub hi: Option<i64>,
    /// What was shown.
    pub standing: Standing,
}

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest block that is solved exactly: unknowns × equations.
    pub exact_size: usize,
    /// Steps of the simplex method in a block.
    pub steps: usize,
    /// Branches for a world of whole numbers.
    pub branches: usize,
    /// Elementary operations of the elimination of a block.
    pub operations: usize,
    /// Whether intervals are wanted, and not only whether a number is known.
    pub intervals: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { exact_size: 40_000, steps: 20_000, branches: 200, operations: 2_000_000_000, intervals: true }
    }
}

/// No world satisfies what is published: a number is wrong, or a relation was stated that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contradiction;

/// Attacks the targets; one answer for each, in their order, the same for any number of threads.
///
/// # Errors
/// If the equations contradict each other.
pub fn attack(system: &System, targets: &[u32], limits: &Limits) -> Result<Vec<Found>, Contradiction> {
    let propagated = propagate(system).ok_or(Contradiction)?;
    let ranges = certificate::replay(system, &propagated.steps).expect("every step was taken from its equation");
    drop(propagated);
    let (blocks, local) = blocks(system, &ranges, targets);
    let solved: Vec<Vec<(u32, Found)>> =
        blocks.into_par_iter().map(|block| block.solve((system, &ranges), &local, limits)).collect::<Result<_, _>>()?;
    let mut found: Vec<Option<Found>> = vec![None; system.unknowns()];
    for (x, answer) in solved.into_iter().flatten() {
        found[x as usize] = Some(answer);
    }
    let answer = |&x: &u32| match (ranges.fixed(x), found[x as usize]) {
        (Some(value), _) => Found { lo: value, hi: Some(value), standing: Standing::Known },
        (None, Some(found)) => found,
        (None, None) => unreachable!("every target is fixed or in a block"),
    };
    Ok(targets.iter().map(answer).collect())
}

/// Unknowns that no chain of equations ties to others, once the fixed ones are out.
#[derive(Default)]
struct Block {
    unknowns: Vec<u32>,
    equations: Vec<u32>,
    targets: Vec<u32>,
}

/// Blocks with a target, and the position of each unknown in its block.
fn blocks(system: &System, ranges: &Ranges, targets: &[u32]) -> (Vec<Block>, Vec<u32>) {
    let mut parent: Vec<u32> = (0..system.unknowns() as u32).collect();
    fn root(parent: &mut [u32], mut x: u32) -> u32 {
        while parent[x as usize] != x {
            parent[x as usize] = parent[parent[x as usize] as usize];
            x = parent[x as usize];
        }
        x
    }
    let open = |x: u32| ranges.fixed(x).is_none();
    for equation in system.all() {
        let mut free = equation.terms.iter().map(|t| t.0).filter(|&x| open(x));
        if let Some(first) = free.next() {
            let first = root(&mut parent, first);
            for x in free {
                let other = root(&mut parent, x);
                parent[other as usize] = first;
            }
        }
    }
    let mut number: Vec<u32> = vec![u32::MAX; system.unknowns()];
    let mut blocks: Vec<Block> = Vec::new();
    let mut targets = targets.to_vec();
    targets.sort_unstable();
    targets.dedup();
    for x in targets.into_iter().filter(|&x| open(x)) {
        let slot = &mut number[root(&mut parent, x) as usize];
        if *slot == u32::MAX {
            *slot = blocks.len() as u32;
            blocks.push(Block::default());
        }
        blocks[*slot as usize].targets.push(x);
    }
    let mut local = vec![u32::MAX; system.unknowns()];
    for x in (0..system.unknowns() as u32).filter(|&x| open(x)) {
        if let Some(block) = blocks.get_mut(number[root(&mut parent, x) as usize] as usize) {
            local[x as usize] = block.unknowns.len() as u32;
            block.unknowns.push(x);
        }
    }
    for (e, equation) in system.all().enumerate() {
        if let Some(&(x, _)) = equation.terms.iter().find(|t| open(t.0))
            && let Some(block) = blocks.get_mut(number[root(&mut parent, x) as usize] as usize)
        {
            block.equations.push(e as u32);
        }
    }
    (blocks, local)
}

/// Equations over unknowns counted from 0, each at least 0.
type Rows = Vec<(Vec<(usize, i64)>, i64)>;

/// A block with identical columns merged: the unknown of a group is what its members have above their floors, together.
struct Reduced {
    groups: Vec<Vec<u32>>,
    rows: Rows,
    /// The equation each row came from.
    origin: Vec<u32>,
}

type World = Vec<i64>;

impl Block {
    fn reduce(&self, system: &System, ranges: &Ranges) -> Reduced {
        let mut local: FxHashMap<(Vec<(u32, i64)>, i64), ()> = FxHashMap::default();
        let (mut kept, mut origin) = (Vec::new(), Vec::new());
        for &e in &self.equations {
            let equation = system.equation(e);
            let mut constant = equation.constant;
            let mut terms = Vec::with_capacity(equation.terms.len());
            for (x, a) in equation.wide() {
                constant -= a * ranges.lo(x);
                if ranges.fixed(x).is_none() {
                    terms.push((x, a));
                }
            }
            if local.insert((terms.clone(), constant), ()).is_none() {
                kept.push((terms, constant));
                origin.push(e);
            }
        }
        let mut columns: FxHashMap<u32, Vec<(u32, i64)>> = FxHashMap::default();
        for (r, (terms, _)) in kept.iter().enumerate() {
            terms.iter().for_each(|&(x, a)| columns.entry(x).or_default().push((r as u32, a)));
        }
        let mut by_column: FxHashMap<Vec<(u32, i64)>, usize> = FxHashMap::default();
        let mut groups: Vec<Vec<u32>> = Vec::new();
        let mut group_of = FxHashMap::default();
        for &x in &self.unknowns {
            let at = *by_column.entry(columns.remove(&x).unwrap_or_default()).or_insert(groups.len());
            if at == groups.len() {
                groups.push(Vec::new());
                group_of.insert(x, at);
            }
            groups[at].push(x);
        }
        let row = |(terms, constant): (Vec<(u32, i64)>, i64)| {
            (terms.into_iter().filter_map(|(x, a)| Some((*group_of.get(&x)?, a))).collect(), constant)
        };
        Reduced { groups, rows: kept.into_iter().map(row).collect(), origin }
    }

    fn solve(
        &self,
        (system, ranges): (&System, &Ranges),
        local: &[u32],
        limits: &Limits,
    ) -> Result<Vec<(u32, Found)>, Contradiction> {
        // Merging columns shrinks a block, but not out of all proportion.
        let large = limits.exact_size == 0 || self.unknowns.len() * self.equations.len() / 64 > limits.exact_size;
        if !large {
            let reduced = self.reduce(system, ranges);
            let attack = Attack { block: self, reduced: &reduced, system, ranges, limits };
            if reduced.groups.len() * reduced.rows.len() <= limits.exact_size
                && let Some(answers) = attack.exactly()?
            {
                return Ok(answers);
            }
        }
        Ok(self.by_span((system, ranges), local, limits.operations))
    }

    /// Large blocks: linear functions of what is published.
    fn by_span(&self, (system, ranges): (&System, &Ranges), local: &[u32], mut operations: usize) -> Vec<(u32, Found)> {
        let mut flat = Flat::default();
        for &e in &self.equations {
            let open = system.equation(e).terms.iter().filter(|t| ranges.fixed(t.0).is_none());
            let known = system.equation(e).wide().filter_map(|(x, a)| Some(a * ranges.fixed(x)?));
            flat.push(open.map(|&(x, a)| (local[x as usize], a)), system.equation(e).constant - known.sum::<i64>());
        }
        let echelon = Echelon::new(self.unknowns.len(), &flat, operations);
        let linear = echelon.as_ref().map(|echelon| (echelon.suspects(), echelon.solution(&flat)));
        operations /= 100;
        let one = |&x: &u32| {
            let mut found = Found { lo: ranges.lo(x), hi: ranges.hi(x), standing: Standing::NotProven };
            let (Some(echelon), Some((suspects, solution))) = (&echelon, &linear) else { return (x, found) };
            let at = local[x as usize];
            if !suspects[at as usize] {
                found.standing = Standing::NotLinear;
                return (x, found);
            }
            let value = solution[at as usize];
            found = Found { lo: value, hi: Some(value), standing: Standing::Linear };
            if let Some(mut multipliers) = echelon.multipliers(at, &mut operations) {
                multipliers.of.iter_mut().for_each(|(row, _)| *row = self.equations[*row as usize]);
                let negative = Multipliers {
                    of: multipliers.of.iter().map(|&(e, v)| (e, -v)).collect(),
                    denominator: multipliers.denominator,
                };
                let lo = certificate::least(system, ranges, &multipliers, (x, 1));
                let hi = certificate::least(system, ranges, &negative, (x, -1));
                if let (Some(lo), Some(hi)) = (lo, hi)
                    && lo == -hi
                {
                    found = Found { lo, hi: Some(lo), standing: Standing::Known };
                }
            }
            (x, found)
        };
        self.targets.iter().map(one).collect()
    }
}

struct Attack<'a> {
    block: &'a Block,
    reduced: &'a Reduced,
    system: &'a System,
    ranges: &'a Ranges,
    limits: &'a Limits,
}

impl Attack<'_> {
    fn unproven(&self, x: u32) -> Found {
        Found { lo: self.ranges.lo(x), hi: self.ranges.hi(x), standing: Standing::NotProven }
    }

    fn by_group(&self) -> Vec<(usize, u32)> {
        let groups = self.reduced.groups.iter().enumerate().flat_map(|(g, members)| members.iter().map(move |&x| (x, g)));
        let mut group_of: Vec<(u32, usize)> = groups.collect();
        group_of.sort_unstable();
        let group = |x: u32| group_of[group_of.binary_search_by_key(&x, |g| g.0).expect("targets are unknowns of the block")].1;
        self.block.targets.iter().map(|&x| (group(x), x)).collect()
    }

    /// Small blocks: the exact interval, and two worlds or multipliers for each target.
    /// `None` if a first vertex takes too long.
    fn exactly(&self) -> Result<Option<Vec<(u32, Found)>>, Contradiction> {
        let mut tableau = match Tableau::new(self.reduced.groups.len(), &self.reduced.rows, self.limits.steps) {
            Ok(tableau) => tableau,
            Err(Stop::Infeasible) => return Err(Contradiction),
            Err(_) => return Ok(None),
        };
        let mut worlds: Vec<World> = Vec::new();
        let mut answers = Vec::new();
        for (g, x) in self.by_group() {
            // Worlds that are there already may do.
            if !self.limits.intervals
                && let Some(found) = self.safe((g, x), &worlds)
            {
                answers.push((x, found));
                continue;
            }
            let least = self.optimum(&mut tableau, (g, 1), &mut worlds);
            let most = self.optimum(&mut tableau, (g, -1), &mut worlds);
            answers.push((x, self.judge((g, x), (least, most), &mut worlds)?));
        }
        Ok(Some(answers))
    }

    /// The finding for a target in which two of these worlds differ.
    fn safe(&self, (g, x): (usize, u32), worlds: &[World]) -> Option<Found> {
        let alone = self.reduced.groups[g].len() == 1;
        let shared = |world: &World| !alone && world[g] > 0;
        let other = worlds.iter().find(|w| shared(w) || w[g] != worlds[0][g])?;
        let (a, b) = (self.filled(&worlds[0], (g, x), true), self.filled(other, (g, x), alone || !shared(other)));
        let a = if shared(other) { self.filled(other, (g, x), true) } else { a };
        let two = certificate::two_worlds(self.system, self.ranges, &self.block.equations, (&a, &b), x);
        two.then(|| Found { standing: Standing::Safe, ..self.unproven(x) })
    }

    fn optimum(&self, tableau: &mut Tableau, objective: (usize, i64), worlds: &mut Vec<World>) -> Result<Optimum, Stop> {
        let optimum = tableau.minimise(objective.0, objective.1);
        match &optimum {
            Ok(optimum) => worlds.extend(whole(optimum)),
            // Along an edge without end the vertex is as it was.
            Err(Stop::Unbounded) => {}
            // Rows may be half changed after a number that did not fit: from the start again.
            Err(_) => *tableau = Tableau::new(self.reduced.groups.len(), &self.reduced.rows, self.limits.steps)?,
        }
        optimum
    }

    fn judge(
        &self,
        (g, x): (usize, u32),
        (least, most): (Result<Optimum, Stop>, Result<Optimum, Stop>),
        worlds: &mut Vec<World>,
    ) -> Result<Found, Contradiction> {
        let alone = self.reduced.groups[g].len() == 1;
        let mut found = self.unproven(x);
        let floor = self.ranges.lo(x);
        if let (Ok(least), true) = (&least, alone) {
            found.lo = floor + whole_above(least.value, least.denominator);
        }
        if let Ok(most) = &most {
            found.hi = Some(floor - whole_above(most.value, most.denominator));
        }
        if found.hi == Some(found.lo) {
            let proven = |optimum: &Result<Optimum, Stop>, sign| optimum.as_ref().ok().and_then(|o| self.proven(o, (x, sign)));
            let lower = found.lo == floor || proven(&least, 1) == Some(found.lo);
            let upper = found.hi == self.ranges.hi(x) || proven(&most, -1) == Some(-found.lo);
            if lower && upper {
                found.standing = Standing::Known;
            }
            return Ok(found);
        }
        // Two worlds that differ in the group, or in how its members share.
        let shared = |world: &World| !alone && world[g] > 0;
        if !worlds.iter().any(|w| shared(w) || w[g] != worlds[0][g]) {
            let mut branches = self.limits.branches;
            if worlds.is_empty() {
                let first = self.world(&mut Vec::new(), &mut branches);
                match first {
                    Ok(Some(world)) => worlds.push(world),
                    Ok(None) => return Err(Contradiction),
                    Err(_) => return Ok(found),
                }
            }
            let value = worlds[0][g];
            let above = self.world(&mut vec![(g, 1, value + 1)], &mut branches);
            let below = if value > 0 { self.world(&mut vec![(g, -1, value - 1)], &mut branches) } else { Ok(None) };
            match (above, below) {
                (Ok(None), Ok(None)) if alone || value == 0 => {
                    let only = floor + value;
                    return Ok(Found { lo: only, hi: Some(only), standing: Standing::Known });
                }
                (above, below) => worlds.extend(above.into_iter().chain(below).flatten()),
            }
        }
        if self.safe((g, x), worlds).is_some() {
            found.standing = Standing::Safe;
        }
        Ok(found)
    }

    /// What the multipliers of an optimum prove, by the checker's own sum.
    fn proven(&self, optimum: &Optimum, target: (u32, i64)) -> Option<i64> {
        let of = self.reduced.origin.iter().copied().zip(optimum.multipliers.iter().copied()).filter(|m| m.1 != 0).collect();
        certificate::least(self.system, self.ranges, &Multipliers { of, denominator: optimum.denominator }, target)
    }

    /// Values of all unknowns; a group's surplus goes to the target or to another member.
    fn filled(&self, world: &World, (g, x): (usize, u32), to_target: bool) -> FxHashMap<u32, i64> {
        let mut filled = FxHashMap::default();
        for (at, (members, &surplus)) in self.reduced.groups.iter().zip(world).enumerate() {
            let taker = match at == g {
                true if to_target => x,
                true => members.iter().copied().find(|&m| m != x).unwrap_or(x),
                false => members[0],
            };
            filled.extend(members.iter().map(|&m| (m, self.ranges.lo(m) + if m == taker { surplus } else { 0 })));
        }
        filled
    }

    /// A world of whole numbers under further bounds (group, 1 for at least or −1 for at most, bound); `None` if there is none.
    fn world(&self, bounds: &mut Vec<(usize, i64, i64)>, branches: &mut usize) -> Result<Option<World>, Stop> {
        *branches = branches.checked_sub(1).ok_or(Stop::Limit)?;
        let groups = self.reduced.groups.len();
        let mut rows = self.reduced.rows.clone();
        for (slack, &(group, side, bound)) in bounds.iter().enumerate() {
            rows.push((vec![(group, 1), (groups + slack, -side)], bound));
        }
        let objective = bounds.first().map_or(0, |b| b.0);
        let optimum = match Tableau::new(groups + bounds.len(), &rows, self.limits.steps) {
            Ok(mut tableau) => tableau.minimise(objective, 1)?,
            Err(Stop::Infeasible) => return Ok(None),
            Err(stop) => return Err(stop),
        };
        if let Some(world) = whole(&optimum) {
            return Ok(Some(world[..groups].to_vec()));
        }
        let d = optimum.denominator;
        let broken = (0..groups).find(|&y| optimum.point[y] % d != 0);
        // A slack is whole where the unknowns are.
        let y = broken.expect("some unknown is not whole");
        let below = optimum.point[y].div_euclid(d);
        for (side, bound) in [(-1, below), (1, below + 1)] {
            bounds.push((y, side, bound));
            let world = self.world(bounds, branches)?;
            bounds.pop();
            if world.is_some() {
                return Ok(world);
            }
        }
        Ok(None)
    }
}

/// The vertex, if all of it is whole.
fn whole(optimum: &Optimum) -> Option<World> {
    let d = optimum.denominator;
    optimum.point.iter().map(|&v| (v % d == 0).then_some(v / d)).collect()
}

/// The smallest whole number that is at least value / denominator.
fn whole_above(value: i128, denominator: i64) -> i64 {
    -(-value).div_euclid(i128::from(denominator)) as i64
}
