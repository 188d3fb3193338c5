//! Between which values does a withheld number lie? Bounds carried through single equations until nothing moves.
//!
//! The attacker knows that no count is negative and, where zeros are public, that a withheld one is at least 1. Each equation then bounds
//! each of its numbers by the others. What is left with one possible value is found out although no linear function gives it: five
//! withheld groups that add up to 5 are five ones. Sound: every such number is really known. Not complete: equations are taken one at a time.

use rayon::prelude::*;

use crate::confidential::disclosure::system::{Part, System};

/// No upper bound.
const OPEN: u32 = u32::MAX;

/// Sweeps after which bounds that still creep are left as they are: wider than need be, never narrower.
const SWEEPS: u32 = 40;

/// The smallest and largest possible value of every number.
pub(super) struct Bounds {
    low: Vec<u32>,
    high: Vec<u32>,
    /// For each unit the last sweep that moved one of its bounds.
    touched: Vec<u32>,
    /// Blocks whose bounds are to be computed anew.
    stale: Vec<bool>,
    /// Blocks that were told something from outside.
    told: Vec<bool>,
    /// Whether a number outside all blocks was withheld.
    outside_withheld: bool,
}

/// The numbers of consecutive units, from `base` on.
struct Window<'b> {
    base: usize,
    low: &'b mut [u32],
    high: &'b mut [u32],
    acc: Vec<(u64, u64, u32)>,
    /// The last sweep in which a bound of a unit moved.
    touched: &'b mut [u32],
    len: usize,
    now: u32,
}

impl Bounds {
    /// Nothing is known yet. Blocks whose every number at the border is known are left out until something in them is withheld: bounded by
    /// themselves they were safe, and nothing can tell them more.
    pub(super) fn new(system: &System, borders: &[Vec<Vec<u32>>]) -> Self {
        let (len, numbers) = (system.entries.len, system.counts.len());
        let mut bounds = Self {
            low: vec![0; numbers],
            high: vec![OPEN; numbers],
            touched: vec![0; system.units()],
            stale: vec![true; system.blocks.len()],
            told: vec![false; system.blocks.len()],
            outside_withheld: false,
        };
        for (stale, border) in bounds.stale.iter_mut().zip(borders.last().into_iter().flatten()) {
            let at = || border.iter().flat_map(|&unit| unit as usize * len..(unit as usize + 1) * len);
            if at().all(|at| system.states[at].known()) {
                *stale = false;
                for at in at() {
                    (bounds.low[at], bounds.high[at]) = (system.counts[at], system.counts[at]);
                }
            }
        }
        bounds
    }

    /// A number was withheld, or is to be looked at again: what followed from it has to be computed anew.
    pub(super) fn withheld(&mut self, system: &System, at: usize) {
        match system.block_of(at / system.entries.len) {
            Some(block) => self.stale[block] = true,
            None => self.outside_withheld = true,
        }
    }

    /// Carries bounds until nothing moves.
    pub(super) fn propagate(&mut self, system: &System) {
        let len = system.entries.len;
        let outer = system.blocks.last().map_or(0, |b| b.units.end);
        // What a block was told may rest on what has been withheld outside since. Bounds that rest on what has been withheld in other blocks
        // are left as they are: narrower than they need be, so that nothing is taken for safe that is not.
        if std::mem::take(&mut self.outside_withheld) {
            for (stale, told) in self.stale.iter_mut().zip(&mut self.told) {
                *stale |= std::mem::take(told);
            }
        }
        let start = |range: std::ops::Range<usize>, low: &mut [u32], high: &mut [u32]| {
            for (i, at) in range.enumerate() {
                low[i] = system.floor(at);
                high[i] = if system.states[at].known() { system.counts[at] } else { OPEN };
            }
        };
        start(outer * len..system.counts.len(), &mut self.low[outer * len..], &mut self.high[outer * len..]);
        let mut work = self.stale.clone();
        let mut fresh = std::mem::replace(&mut self.stale, vec![false; system.blocks.len()]);
        loop {
            let mut windows = windows(system, &mut self.low, &mut self.high, &mut self.touched);
            let busy: Vec<(&Part, &mut Window<'_>, bool)> = system
                .blocks
                .iter()
                .zip(&mut windows)
                .enumerate()
                .filter(|(b, _)| work[*b])
                .map(|(b, (part, window))| (part, window, fresh[b]))
                .collect();
            busy.into_par_iter().for_each(|(part, window, fresh)| {
                if fresh {
                    start(part.units.start * len..part.units.end * len, window.low, window.high);
                }
                let sums: Vec<usize> = part.sums.clone().collect();
                window.settle(system, part.units.clone(), &sums);
            });
            fresh.fill(false);
            drop(windows);
            work.fill(false);
            self.outside(system, outer, &mut work);
            for (told, &work) in self.told.iter_mut().zip(&work) {
                *told |= work;
            }
            if !work.contains(&true) {
                break;
            }
        }
    }

    /// Carries bounds through areas and the whole, and says which blocks learned something.
    fn outside(&mut self, system: &System, outer: usize, learned: &mut [bool]) {
        let len = system.entries.len;
        let first = system.blocks.last().map_or(0, |b| b.sums.end);
        let sums: Vec<usize> = (first..system.sums.len()).collect();
        let mut touched: Vec<usize> = Vec::new();
        for &s in &sums {
            let (whole, parts) = system.sums.get(s);
            touched.extend(parts.iter().chain([&whole]).map(|&unit| unit as usize).filter(|&unit| unit < outer));
        }
        touched.sort_unstable();
        touched.dedup();
        let before: Vec<(u32, u32)> =
            touched.iter().flat_map(|&unit| unit * len..(unit + 1) * len).map(|at| (self.low[at], self.high[at])).collect();
        let (low, high, stamps) = (&mut self.low, &mut self.high, &mut self.touched);
        let mut window = Window { base: 0, low, high, acc: Vec::new(), touched: stamps, len, now: 0 };
        window.settle(system, outer..system.units(), &sums);
        for (i, &unit) in touched.iter().enumerate() {
            let now = (unit * len..(unit + 1) * len).map(|at| (self.low[at], self.high[at]));
            if now.ne(before[i * len..(i + 1) * len].iter().copied())
                && let Some(block) = system.block_of(unit)
            {
                learned[block] = true;
            }
        }
    }

    /// Positions of protected numbers with one possible value, ascending.
    pub(super) fn pinned(&self, system: &System) -> Vec<usize> {
        let pinned = |&at: &usize| system.states[at].protected() && self.low[at] >= self.high[at];
        (0..system.counts.len()).into_par_iter().filter(pinned).collect()
    }

    /// Published numbers nearest to what pins a number: of the equations that pin it, else of those that bound these, and so on.
    pub(super) fn pinned_by(&self, system: &System, target: usize) -> Vec<usize> {
        for tight_only in [true, false] {
            let mut seen = rustc_hash::FxHashSet::default();
            let mut layer = vec![target];
            while !layer.is_empty() {
                let (mut open, mut next) = (Vec::new(), Vec::new());
                for at in layer {
                    let mut look = |sum: usize, parts: &[usize]| {
                        if tight_only && !self.tight(at, sum, parts) {
                            return;
                        }
                        for &term in parts.iter().chain([&sum]).filter(|&&term| term != at) {
                            if system.states[term].open() {
                                open.push(term);
                            } else if !system.states[term].known() && seen.insert(term) {
                                next.push(term);
                            }
                        }
                    };
                    system.each_equation(at, &mut look);
                }
                if !open.is_empty() {
                    open.sort_unstable();
                    open.dedup();
                    return open;
                }
                layer = next;
            }
        }
        Vec::new()
    }

    /// Whether the equation gives a bound of the number as narrow as it is.
    fn tight(&self, at: usize, sum: usize, parts: &[usize]) -> bool {
        let low = parts.iter().map(|&p| u64::from(self.low[p])).sum::<u64>();
        let high = parts.iter().map(|&p| self.high[p]).try_fold(0_u64, |all, h| (h != OPEN).then(|| all + u64::from(h)));
        let (own_low, own_high) = (u64::from(self.low[at]), u64::from(self.high[at]));
        if at == sum {
            return low == own_low && low > 0 || high == Some(own_high);
        }
        let above = self.high[sum] != OPEN && u64::from(self.high[sum]) + own_low <= own_high + low;
        let others = parts.iter().filter(|&&p| p != at).map(|&p| self.high[p]);
        let others = others.into_iter().try_fold(0_u64, |all, h| (h != OPEN).then(|| all + u64::from(h)));
        let below = others.is_some_and(|others| u64::from(self.low[sum]) >= own_low + others && own_low > 0);
        above || below
    }
}

/// One window a block.
fn windows<'b>(system: &System, mut low: &'b mut [u32], mut high: &'b mut [u32], mut touched: &'b mut [u32]) -> Vec<Window<'b>> {
    let len = system.entries.len;
    let mut windows = Vec::with_capacity(system.blocks.len());
    for part in &system.blocks {
        let (own_low, rest_low) = low.split_at_mut(part.units.len() * len);
        let (own_high, rest_high) = high.split_at_mut(part.units.len() * len);
        let (own_touched, rest_touched) = touched.split_at_mut(part.units.len());
        let base = part.units.start * len;
        windows.push(Window { base, low: own_low, high: own_high, acc: Vec::new(), touched: own_touched, len, now: 0 });
        (low, high, touched) = (rest_low, rest_high, rest_touched);
    }
    windows
}

impl Window<'_> {
    /// Sweeps upwards and downwards until nothing moves. An equation is looked at again only if a bound in it moved since.
    fn settle(&mut self, system: &System, units: std::ops::Range<usize>, sums: &[usize]) {
        self.touched.fill(1);
        self.now = 1;
        let mut moved = true;
        while moved && self.now < SWEEPS {
            self.now += 1;
            moved = false;
            for unit in units.clone() {
                moved |= self.recent(unit) && self.within(system, unit);
            }
            for &s in sums.iter().chain(sums.iter().rev()) {
                let (whole, parts) = system.sums.get(s);
                let recent = self.recent(whole as usize) || parts.iter().any(|&part| self.recent(part as usize));
                moved |= recent && self.between(system, s);
            }
            for unit in units.clone().rev() {
                moved |= self.recent(unit) && self.within(system, unit);
            }
        }
    }

    #[inline]
    fn recent(&self, unit: usize) -> bool {
        self.touched[unit - self.base / self.len] + 1 >= self.now
    }

    fn within(&mut self, system: &System, unit: usize) -> bool {
        let first = unit * system.entries.len - self.base;
        let mut moved = false;
        for (sum, parts) in &system.entries.covers {
            let (mut low, mut high, mut open) = (0_u64, 0_u64, 0_u32);
            for &e in parts {
                let at = first + e as usize;
                low += u64::from(self.low[at]);
                match self.high[at] {
                    OPEN => open += 1,
                    h => high += u64::from(h),
                }
            }
            let whole = first + *sum as usize;
            moved |= self.raise(whole, low) | (open == 0 && self.lower(whole, high));
            for &e in parts {
                moved |= self.part(whole, first + e as usize, (low, high, open));
            }
        }
        moved
    }

    fn between(&mut self, system: &System, s: usize) -> bool {
        let len = system.entries.len;
        let (whole, parts) = system.sums.get(s);
        let base = self.base;
        let first = |unit: u32| unit as usize * len - base;
        let mut acc = std::mem::take(&mut self.acc);
        acc.clear();
        acc.resize(len, (0, 0, 0));
        for &part in parts {
            let at = first(part);
            for (slot, (&low, &high)) in acc.iter_mut().zip(self.low[at..at + len].iter().zip(&self.high[at..at + len])) {
                slot.0 += u64::from(low);
                match high {
                    OPEN => slot.2 += 1,
                    h => slot.1 += u64::from(h),
                }
            }
        }
        let mut moved = false;
        let at = first(whole);
        for (e, &(low, high, open)) in acc.iter().enumerate() {
            moved |= self.raise(at + e, low) | (open == 0 && self.lower(at + e, high));
        }
        for &part in parts {
            for (e, &sum) in acc.iter().enumerate() {
                moved |= self.part(at + e, first(part) + e, sum);
            }
        }
        self.acc = acc;
        moved
    }

    /// Bounds a part by its whole and the other parts. `sum` is of all parts: lows, highs, and how many highs are open; bounds that have
    /// narrowed since it was taken only make it wider than need be.
    #[inline]
    fn part(&mut self, whole: usize, part: usize, (low, high, open): (u64, u64, u32)) -> bool {
        let (own_low, own_high) = (self.low[part], self.high[part]);
        if own_low >= own_high {
            return false;
        }
        let mut moved = false;
        if self.high[whole] != OPEN {
            moved |= self.lower(part, (u64::from(self.high[whole]) + u64::from(own_low)).saturating_sub(low));
        }
        let others = match own_high {
            OPEN if open == 1 => Some(high),
            OPEN => None,
            h if open == 0 => Some(high - u64::from(h)),
            _ => None,
        };
        if let Some(others) = others {
            moved |= self.raise(part, u64::from(self.low[whole]).saturating_sub(others));
        }
        moved
    }

    #[inline]
    fn raise(&mut self, at: usize, low: u64) -> bool {
        let moves = low > u64::from(self.low[at]);
        if moves {
            self.low[at] = low as u32;
            self.touched[at / self.len] = self.now;
        }
        moves
    }

    #[inline]
    fn lower(&mut self, at: usize, high: u64) -> bool {
        let moves = high < u64::from(self.high[at]);
        if moves {
            self.high[at] = high as u32;
            self.touched[at / self.len] = self.now;
        }
        moves
    }
}
