//! What is published, as equations over whole numbers that are not.

use std::hash::{DefaultHasher, Hash, Hasher};

use rustc_hash::FxHashSet;

/// Σ coefficient · unknown = constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Equation<'s> {
    /// Unknown and coefficient, ascending, no unknown twice, no coefficient 0.
    pub(super) terms: &'s [(u32, i32)],
    pub(super) constant: i64,
}

impl<'s> Equation<'s> {
    /// Unknowns with their coefficients.
    pub(super) fn wide(self) -> impl Iterator<Item = (u32, i64)> + 's {
        self.terms.iter().map(|&(x, a)| (x, i64::from(a)))
    }
}

/// Unknown whole numbers, each with a smallest value, and the equations between them.
///
/// All terms lie one after the other: 8 bytes for each, 12 for each equation.
#[derive(Clone, Debug, Default)]
pub struct System {
    pub(super) floors: Vec<i64>,
    terms: Vec<(u32, i32)>,
    ends: Vec<u32>,
    constants: Vec<i64>,
    seen: FxHashSet<u64>,
}

impl System {
    /// A new unknown that is at least `floor`; gives its number.
    pub fn unknown(&mut self, floor: i64) -> u32 {
        self.floors.push(floor);
        u32::try_from(self.floors.len() - 1).expect("fewer than 2^32 unknowns")
    }

    /// Bounds an unknown from both sides.
    pub(super) fn bound(&mut self, x: u32, least: i64, most: i64) {
        let floor = &mut self.floors[x as usize];
        *floor = least.max(*floor);
        let room = self.unknown(0);
        self.push(&[(x, 1), (room, 1)], most);
    }

    /// States Σ coefficient · unknown = constant. The same equation twice counts once.
    pub fn state(&mut self, terms: impl IntoIterator<Item = (u32, i64)>, constant: i64) {
        let mut terms: Vec<(u32, i64)> = terms.into_iter().collect();
        terms.sort_unstable();
        terms.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                earlier.1 += later.1;
            }
            same
        });
        terms.retain(|&(_, coefficient)| coefficient != 0);
        let mut hasher = DefaultHasher::new();
        (&terms, constant).hash(&mut hasher);
        if self.seen.insert(hasher.finish()) {
            let narrow = |(x, a): (u32, i64)| (x, i32::try_from(a).expect("coefficients are small"));
            self.close(terms.into_iter().map(narrow), constant);
        }
    }

    /// States Σ coefficient · unknown = constant, no unknown twice and no coefficient 0; does not look whether it is stated already.
    pub(super) fn push(&mut self, terms: &[(u32, i32)], constant: i64) {
        if !terms.is_empty() || constant != 0 {
            self.close(terms.iter().copied(), constant);
        }
    }

    fn close(&mut self, terms: impl Iterator<Item = (u32, i32)>, constant: i64) {
        let begin = self.terms.len();
        self.terms.extend(terms);
        self.terms[begin..].sort_unstable();
        self.ends.push(u32::try_from(self.terms.len()).expect("fewer than 2^32 terms"));
        self.constants.push(constant);
    }

    /// The equation at this position.
    pub(super) fn equation(&self, at: u32) -> Equation<'_> {
        let at = at as usize;
        let begin = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        Equation { terms: &self.terms[begin..self.ends[at] as usize], constant: self.constants[at] }
    }

    /// All equations in their order.
    pub(super) fn all(&self) -> impl Iterator<Item = Equation<'_>> {
        (0..self.ends.len() as u32).map(|at| self.equation(at))
    }

    /// How many terms all equations have together.
    pub(super) fn terms(&self) -> usize {
        self.terms.len()
    }

    /// The same unknowns under the first equations only.
    pub(super) fn first(&self, equations: usize) -> Self {
        let ends = self.ends[..equations].to_vec();
        let terms = self.terms[..ends.last().map_or(0, |&end| end as usize)].to_vec();
        let constants = self.constants[..equations].to_vec();
        Self { floors: self.floors.clone(), terms, ends, constants, seen: FxHashSet::default() }
    }

    /// How many unknowns there are.
    pub fn unknowns(&self) -> usize {
        self.floors.len()
    }

    /// How many equations there are.
    pub fn equations(&self) -> usize {
        self.ends.len()
    }
}
