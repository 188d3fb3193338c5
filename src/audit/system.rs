//! What is published, as equations over whole numbers that are not.

use std::hash::{DefaultHasher, Hash, Hasher};

use rustc_hash::FxHashSet;

/// Σ coefficient · unknown = constant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Equation {
    /// Unknown and coefficient, ascending, no unknown twice, no coefficient 0.
    pub(super) terms: Vec<(u32, i64)>,
    pub(super) constant: i64,
}

/// Unknown whole numbers, each with a smallest value, and the equations between them.
#[derive(Clone, Debug, Default)]
pub struct System {
    pub(super) floors: Vec<i64>,
    pub(super) equations: Vec<Equation>,
    seen: FxHashSet<u64>,
}

impl System {
    /// A new unknown that is at least `floor`; gives its number.
    pub fn unknown(&mut self, floor: i64) -> u32 {
        self.floors.push(floor);
        u32::try_from(self.floors.len() - 1).expect("fewer than 2^32 unknowns")
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
        let equation = Equation { terms, constant };
        let mut hasher = DefaultHasher::new();
        equation.hash(&mut hasher);
        if self.seen.insert(hasher.finish()) {
            self.equations.push(equation);
        }
    }

    /// States Σ coefficient · unknown = constant, no unknown twice and no coefficient 0; does not look whether it is stated already.
    pub(super) fn push(&mut self, mut terms: Vec<(u32, i64)>, constant: i64) {
        if terms.is_empty() && constant == 0 {
            return;
        }
        terms.sort_unstable();
        terms.shrink_to_fit();
        self.equations.push(Equation { terms, constant });
    }

    /// How many unknowns there are.
    pub fn unknowns(&self) -> usize {
        self.floors.len()
    }

    /// How many equations there are.
    pub fn equations(&self) -> usize {
        self.equations.len()
    }
}
