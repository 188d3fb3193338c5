//! Equations over the numbers of units: what is known, what is not, and what must not become so.
//!
//! A unit is anything counted: a cell, an area, a piece of a cell, or one number of a plain table. Sums between units hold entry by entry,
//! margins hold within each unit ([`Entries`]). No geography here.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use crate::confidential::disclosure::entries::Entries;

/// What the attacker has of a number, and whether he may find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum State {
    /// Known to be zero.
    Zero,
    /// Published.
    Published,
    /// Not in the release, but told beside it (records placed, records outside an area system).
    Told,
    /// Published, and was before: it cannot be withheld.
    Settled,
    /// Withheld for the sake of others, but follows from what is published; none that must stay unknown does.
    Implied,
    /// Withheld, and must stay unknown.
    Primary,
    /// Withheld to protect others.
    Secondary,
    /// Never published.
    Hidden,
    /// Never published, and must stay unknown.
    HiddenPrimary,
}

impl State {
    /// The attacker has the number.
    #[inline]
    pub(super) fn known(self) -> bool {
        (self as u8) <= Self::Implied as u8
    }

    /// The attacker must not find it out.
    #[inline]
    pub(super) fn protected(self) -> bool {
        matches!(self, Self::Primary | Self::HiddenPrimary)
    }

    /// It can be withheld if need be.
    #[inline]
    pub(super) fn open(self) -> bool {
        matches!(self, Self::Published | Self::Told)
    }
}

/// One unit is the sum of others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sum {
    /// The sum.
    pub whole: u32,
    start: u32,
    end: u32,
}

/// Which sums hold.
#[derive(Clone, Default)]
pub(super) struct Sums {
    list: Vec<Sum>,
    parts: Vec<u32>,
}

impl Sums {
    /// States that `whole` is the sum of `parts`.
    pub(super) fn push(&mut self, whole: u32, parts: impl IntoIterator<Item = u32>) {
        let start = self.parts.len() as u32;
        self.parts.extend(parts);
        self.list.push(Sum { whole, start, end: self.parts.len() as u32 });
    }

    /// Takes over the sums of a block whose units begin at `offset`.
    pub(super) fn append(&mut self, block: &Self, offset: u32) {
        for sum in &block.list {
            self.push(sum.whole + offset, block.parts(sum).iter().map(|&unit| unit + offset));
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The sum at this position.
    #[inline]
    pub(super) fn get(&self, at: usize) -> (u32, &[u32]) {
        let sum = &self.list[at];
        (sum.whole, self.parts(sum))
    }

    fn parts(&self, sum: &Sum) -> &[u32] {
        &self.parts[sum.start as usize..sum.end as usize]
    }
}

/// Units and sums that touch the others only through sums outside all blocks.
#[derive(Clone, Debug)]
pub(super) struct Part<R = Range<usize>> {
    /// Units.
    pub units: R,
    /// Positions of the sums whose units are all in the part.
    pub sums: R,
}

impl Part {
    /// The same part when units and sums before it have been taken away.
    fn without(self, units: usize, sums: usize) -> Self {
        Self { units: self.units.start - units..self.units.end - units, sums: self.sums.start - sums..self.sums.end - sums }
    }

    /// The same part when units and sums have been put before it.
    pub(super) fn moved(self, units: usize, sums: usize) -> Self {
        Self { units: self.units.start + units..self.units.end + units, sums: self.sums.start + sums..self.sums.end + sums }
    }
}

/// The whole of what the attacker knows and wants.
#[derive(Clone)]
pub(super) struct System {
    /// The layout of a unit's numbers.
    pub entries: Arc<Entries>,
    /// Unit after unit, entry after entry.
    pub counts: Vec<u32>,
    /// As `counts`.
    pub states: Vec<State>,
    /// Empty units are not listed, so that the attacker knows of a withheld total that it is not zero.
    pub listed: bool,
    /// How many persons lie at least between the most and the least that a protected number can be.
    pub interval: u32,
    /// For each unit what the attacker knows its total to be at least, if it is more than `listed` says; empty where he knows of none.
    pub least: Vec<u32>,
    /// Sums between units; a unit is summed before it is a part.
    pub sums: Sums,
    /// Blocks in order; units and sums behind the last belong to none.
    pub blocks: Vec<Part>,
    /// Parts within blocks that can be looked at by themselves, the finest first; each list in order.
    pub nested: Vec<Vec<Part>>,
    incident: Vec<u32>,
    incident_ends: Vec<u32>,
}

impl System {
    /// Puts a system together; states are filled in by the caller.
    pub(super) fn new(entries: Arc<Entries>, counts: Vec<u32>, sums: Sums, blocks: Vec<Part>) -> Self {
        let units = counts.len() / entries.len;
        let mut ends = vec![0_u32; units + 1];
        let each = |f: &mut dyn FnMut(u32, u32)| {
            for s in 0..sums.len() {
                let (whole, parts) = sums.get(s);
                f(whole, s as u32);
                parts.iter().for_each(|&unit| f(unit, s as u32));
            }
        };
        each(&mut |unit, _| ends[unit as usize + 1] += 1);
        for unit in 0..units {
            ends[unit + 1] += ends[unit];
        }
        let mut next = ends.clone();
        let mut incident = vec![0; ends[units] as usize];
        each(&mut |unit, s| {
            incident[next[unit as usize] as usize] = s;
            next[unit as usize] += 1;
        });
        let states = vec![State::Hidden; counts.len()];
        Self {
            entries,
            counts,
            states,
            listed: false,
            interval: 1,
            least: Vec::new(),
            sums,
            blocks,
            nested: Vec::new(),
            incident,
            incident_ends: ends,
        }
    }

    /// A part by itself: what the attacker can do with its equations alone. What of `finer` (the finest first) lies in it are its
    /// parts.
    pub(super) fn alone(&self, part: &Part, finer: &[Vec<Part>]) -> Self {
        let numbers = part.units.start * self.entries.len..part.units.end * self.entries.len;
        let mut sums = Sums::default();
        for s in part.sums.clone() {
            let (whole, parts) = self.sums.get(s);
            let moved = |unit: u32| unit - part.units.start as u32;
            sums.push(moved(whole), parts.iter().map(|&unit| moved(unit)));
        }
        let within = |parts: &Vec<Part>| -> Vec<Part> {
            let first = parts.partition_point(|other| other.units.start < part.units.start);
            let own = parts[first..].iter().take_while(|other| other.units.end <= part.units.end);
            own.map(|other| other.clone().without(part.units.start, part.sums.start)).collect()
        };
        let mut nested: Vec<Vec<Part>> = finer.iter().map(within).collect();
        let blocks = nested.pop().unwrap_or_default();
        let mut block = Self::new(Arc::clone(&self.entries), self.counts[numbers.clone()].to_vec(), sums, blocks);
        block.nested = nested;
        block.listed = self.listed;
        block.interval = self.interval;
        block.least = self.least.get(part.units.clone()).map_or_else(Vec::new, <[u32]>::to_vec);
        block.states.copy_from_slice(&self.states[numbers]);
        block
    }

    /// For each part of each level (nested, then blocks) the units in it that sums outside it hold.
    pub(super) fn borders(&self) -> Vec<Vec<Vec<u32>>> {
        let border = |part: &Part| {
            let held_outside = |unit: &usize| self.sums_of(*unit).last().is_some_and(|&s| s as usize >= part.sums.end);
            part.units.clone().filter(held_outside).map(|unit| unit as u32).collect()
        };
        let levels = self.nested.iter().chain([&self.blocks]);
        levels.map(|parts| parts.par_iter().map(border).collect()).collect()
    }

    /// Units and sums outside all parts whose every number at the border is known. Nothing unknown ties such a part to the rest, so that
    /// what is safe by its own equations is safe.
    pub(super) fn active(&self, borders: &[Vec<Vec<u32>>]) -> Part<Vec<Range<usize>>> {
        let len = self.entries.len;
        let known = |unit: &u32| self.states[*unit as usize * len..][..len].iter().all(|state| state.known());
        let levels = self.nested.iter().chain([&self.blocks]).zip(borders);
        let settled = |(parts, borders): (&Vec<Part>, &Vec<Vec<u32>>)| {
            let pairs = parts.par_iter().zip(borders).filter(|(_, border)| border.iter().all(known));
            pairs.map(|(part, _)| part.clone()).collect::<Vec<Part>>()
        };
        let mut settled: Vec<Part> = levels.flat_map(settled).collect();
        settled.sort_by_key(|part| (part.units.start, std::cmp::Reverse(part.units.end)));
        let (mut units, mut sums) = (Vec::new(), Vec::new());
        let (mut unit, mut sum) = (0, 0);
        for part in
            settled.into_iter().chain([Part { units: self.units()..self.units(), sums: self.sums.len()..self.sums.len() }])
        {
            if part.units.start < unit {
                continue;
            }
            units.push(unit..part.units.start);
            sums.push(sum..part.sums.start);
            (unit, sum) = (part.units.end, part.sums.end);
        }
        Part { units, sums }
    }

    /// How many units there are.
    pub(super) fn units(&self) -> usize {
        self.incident_ends.len() - 1
    }

    /// Sums the unit takes part in, as whole or part.
    #[inline]
    pub(super) fn sums_of(&self, unit: usize) -> &[u32] {
        &self.incident[self.incident_ends[unit] as usize..self.incident_ends[unit + 1] as usize]
    }

    /// How many equations there are: every sum for every entry, then the covers of every unit.
    pub(super) fn equations(&self) -> usize {
        self.sums.len() * self.entries.len + self.units() * self.entries.covers.len()
    }

    /// Calls with every term of an equation, and whether it is the sum.
    #[inline]
    pub(super) fn terms(&self, equation: usize, mut f: impl FnMut(usize, bool)) {
        let (len, covers) = (self.entries.len, &self.entries.covers);
        match equation.checked_sub(self.sums.len() * len) {
            None => {
                let (whole, parts) = self.sums.get(equation / len);
                let entry = equation % len;
                f(whole as usize * len + entry, true);
                parts.iter().for_each(|&unit| f(unit as usize * len + entry, false));
            }
            Some(rest) => {
                let first = rest / covers.len() * len;
                let (sum, parts) = &covers[rest % covers.len()];
                f(first + *sum as usize, true);
                parts.iter().for_each(|&entry| f(first + entry as usize, false));
            }
        }
    }

    /// Whether a term of an equation is its sum.
    #[inline]
    pub(super) fn is_sum(&self, equation: usize, at: usize) -> bool {
        let (len, covers) = (self.entries.len, &self.entries.covers);
        match equation.checked_sub(self.sums.len() * len) {
            None => self.sums.get(equation / len).0 as usize == at / len,
            Some(rest) => covers[rest % covers.len()].0 as usize == at % len,
        }
    }

    /// Calls with every equation that holds a number, and whether as its sum.
    #[inline]
    pub(super) fn each_equation_of(&self, at: usize, mut f: impl FnMut(usize, bool)) {
        let len = self.entries.len;
        let (unit, entry) = (at / len, at % len);
        for &s in self.sums_of(unit) {
            f(s as usize * len + entry, self.sums.get(s as usize).0 as usize == unit);
        }
        let first = self.sums.len() * len + unit * self.entries.covers.len();
        for &cover in &self.entries.covers_of[entry] {
            f(first + cover as usize, self.entries.covers[cover as usize].0 as usize == entry);
        }
    }

    /// Units that are no sum and together make up this one, ascending; itself, if it is no sum.
    pub(super) fn places(&self, unit: usize) -> Vec<u32> {
        let (mut places, mut stack) = (Vec::new(), vec![unit as u32]);
        while let Some(unit) = stack.pop() {
            match self.sums_of(unit as usize).iter().map(|&s| self.sums.get(s as usize)).find(|sum| sum.0 == unit) {
                Some((_, parts)) => stack.extend(parts),
                None => places.push(unit),
            }
        }
        places.sort_unstable();
        places
    }

    /// Units this one is a part of, by way of others too; the nearest first.
    pub(super) fn holders(&self, unit: usize) -> Vec<u32> {
        let mut holders = Vec::new();
        let mut at = 0;
        let mut next = unit as u32;
        loop {
            for &s in self.sums_of(next as usize) {
                let whole = self.sums.get(s as usize).0;
                if whole != next && !holders.contains(&whole) {
                    holders.push(whole);
                }
            }
            let Some(&holder) = holders.get(at) else { return holders };
            next = holder;
            at += 1;
        }
    }

    /// Whether a number could be one more (or less), were it withheld and did others move with it. The attacker takes for granted that
    /// none is negative, no listed total zero, and none less than what [`System::least`] says.
    pub(super) fn movable(&self, at: usize, up: bool) -> bool {
        self.states[at] != State::Zero && (up || self.counts[at] > self.floor(at))
    }

    /// The least a number can be, as far as the attacker knows without any equation.
    pub(super) fn floor(&self, at: usize) -> u32 {
        let hidden = matches!(self.states[at], State::Hidden | State::HiddenPrimary | State::Told);
        let known = || self.least.get(at / self.entries.len).copied().unwrap_or(0).max(u32::from(self.listed));
        if !hidden && at % self.entries.len == self.entries.total { known() } else { 0 }
    }

    /// Whether the other numbers of some equation give this one at once, so that withholding it alone would not help.
    fn given_by_others(&self, at: usize) -> bool {
        let mut given = false;
        self.each_equation_of(at, |equation, _| {
            let mut all = true;
            self.terms(equation, |term, _| all &= term == at || self.states[term].known());
            given |= all;
        });
        given
    }

    /// What is lost by withholding a number: persons, those of totals fourfold, those of units that hold blocks eightfold; what is told beside the
    /// release goes last.
    pub(super) fn loss(&self, at: usize) -> u64 {
        let total = if at % self.entries.len == self.entries.total { 4 } else { 1 };
        let outer = if self.is_outer(at / self.entries.len) { 8 } else { 1 };
        let told = if self.states[at] == State::Told { 1 << 40 } else { 0 };
        told + (u64::from(self.counts[at]) + 1) * total * outer
    }

    /// In which order numbers are withheld: what is told beside the release goes last, then units that hold blocks; what others give at once helps
    /// little; then persons count, those of totals fourfold. Ties fall to the earlier unit, which is the finer one.
    pub(super) fn price(&self, at: usize) -> (bool, bool, bool, u64, usize) {
        let told = self.states[at] == State::Told;
        let outer = self.is_outer(at / self.entries.len);
        (told, outer, self.given_by_others(at), self.loss(at), at)
    }

    fn is_outer(&self, unit: usize) -> bool {
        self.blocks.last().is_some_and(|block| block.units.end <= unit)
    }
}
