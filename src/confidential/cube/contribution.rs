//! Who contributed to which atom: kept only where a rule asks for distinct contributors or for the largest contributions.
//!
//! Numbers of distinct contributors do not add up over atoms, and neither do largest contributions, so a cube of counts and sums cannot answer for
//! them. What can is one entry for each pair of atom and contributor. While records are read it is one for each record (24 bytes and 8 for each
//! measure); pairs are merged in the end. No name is kept, only a 64-bit hash under a key drawn for the run.

use rayon::prelude::*;

use crate::confidential::cube::RawSum;
use crate::confidential::cube::key::PackedKey;

/// Who a record belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Contributor {
    /// Nobody asks.
    #[default]
    Unasked,
    /// Every record is a contributor by itself.
    EachRecord,
    /// The household, business or other unit in this column.
    Column(String),
}

/// Pairs of contributor and atom, by contributor. No `Debug`.
#[derive(Clone, Default)]
pub(in crate::confidential) struct Contributions {
    /// A number of the contributor, and a position into the cube's keys; ascending, no pair twice.
    pub pairs: Vec<(u64, u32)>,
    /// For each measure, what each pair adds.
    pub amounts: Vec<Vec<RawSum>>,
}

/// One record's contribution while records are counted.
#[derive(Clone, Copy)]
pub(super) struct Given {
    /// Hash of the contributor.
    pub contributor: u64,
    /// The atom.
    pub key: PackedKey,
}

impl Contributions {
    /// Contributions in any order, each with one amount a measure: sorted, those of the same pair added up. With `each` every one is a contributor by
    /// itself.
    pub(in crate::confidential) fn gathered(mut given: Vec<(u64, u32, Vec<i64>)>, measures: usize, each: bool) -> Self {
        given.par_sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        let mut gathered = Self { pairs: Vec::with_capacity(given.len()), amounts: vec![Vec::new(); measures] };
        for (number, (contributor, atom, amounts)) in given.into_iter().enumerate() {
            let pair = (if each { number as u64 } else { contributor }, atom);
            if gathered.pairs.last() == Some(&pair) {
                for (own, amount) in gathered.amounts.iter_mut().zip(amounts) {
                    let last = own.last_mut().expect("one for each pair");
                    // Sums of an atom were found to fit; parts of one that cancel may be larger, and are large enough then.
                    *last = RawSum(last.0.saturating_add(amount));
                }
            } else {
                gathered.pairs.push(pair);
                gathered.amounts.iter_mut().zip(amounts).for_each(|(own, amount)| own.push(RawSum(amount)));
            }
        }
        gathered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contributions_of_the_same_pair_are_added() {
        let given = || vec![(9, 1, vec![5]), (4, 1, vec![7]), (9, 0, vec![1]), (9, 1, vec![-2])];
        let gathered = Contributions::gathered(given(), 1, false);
        assert_eq!(gathered.pairs, [(4, 1), (9, 0), (9, 1)]);
        assert!(gathered.amounts[0] == [7, 1, 3].map(RawSum));
        assert_eq!(Contributions::gathered(given(), 1, true).pairs.len(), 4);
    }
}
