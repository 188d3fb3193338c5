//! Counted atoms become a cube: what did not occur is left out, the rest is sorted.

use rayon::prelude::*;

use crate::confidential::cube::builder::CubeSpec;
use crate::confidential::cube::category::Ranked;
use crate::confidential::cube::error::CubeError;
use crate::confidential::cube::tally::Part;
use crate::confidential::cube::{AtomKey, CellKey, Contributions, Contributor, Cube, RawSum};
use crate::confidential::lattice::Dimension;

/// Everything that has a rank, by rank.
pub(super) struct Orders {
    pub(super) categories: Vec<Ranked>,
    pub(super) dates: Vec<Option<String>>,
    pub(super) area_tuples: Vec<Vec<Option<u32>>>,
}

/// The atoms, in any order.
pub(super) struct Atoms {
    /// Key with ranks, part, position in the part.
    pub(super) ranked: Vec<(AtomKey, u32, u32)>,
    pub(super) parts: Vec<Part>,
}

/// All sums of a measure stay below this, so that they can be published (see `ProtectedCount`).
const SUM_LIMIT: i128 = 1 << 61;

/// Drops dates, combinations of areas and discovered categories that no atom has, then sorts the atoms.
pub(super) fn finish(spec: &CubeSpec<'_>, orders: Orders, atoms: Atoms) -> Result<Cube, CubeError> {
    let Atoms { mut ranked, parts } = atoms;
    let Orders { categories, mut dates, mut area_tuples } = orders;
    let new_date = keep(&mut dates, |used| ranked.iter().for_each(|(key, ..)| used[usize::from(key.date)] = true));
    let new_areas = keep(&mut area_tuples, |used| ranked.iter().for_each(|(key, ..)| used[key.areas as usize] = true));

    let mut dimensions = Vec::new();
    let mut new_categories = Vec::new();
    let mut place: u64 = categories.iter().map(|ranked| ranked.radix).product();
    for (Ranked { mut labels, kept, radix, .. }, spec) in categories.into_iter().zip(spec.dimensions) {
        place /= radix;
        let new = keep(&mut labels, |used| {
            used.copy_from_slice(&kept);
            ranked.iter().for_each(|(key, ..)| used[(key.group / place % radix) as usize] = true);
        });
        new_categories.push((place, radix, new, labels.len() as u64));
        dimensions.push(Dimension { name: spec.name.clone(), label: spec.label.clone(), categories: labels });
    }

    ranked.par_iter_mut().for_each(|(key, ..)| {
        key.date = new_date[usize::from(key.date)] as u16;
        key.areas = new_areas[key.areas as usize];
        let digit = |(place, radix, new, count): &(u64, u64, Vec<u32>, u64)| (new[(key.group / place % radix) as usize], *count);
        key.group = new_categories.iter().map(digit).fold(0, |group, (digit, count)| group * count + u64::from(digit));
    });
    ranked.par_sort_unstable_by_key(|&(key, ..)| key);

    let stride = spec.amounts();
    let mut sums = Vec::with_capacity(spec.measures.len());
    for (measure, spec) in spec.measures.iter().enumerate() {
        let sum_of = |&(_, part, at): &(AtomKey, u32, u32)| parts[part as usize].sums[at as usize * stride + measure];
        if ranked.iter().map(|atom| sum_of(atom).abs()).sum::<i128>() >= SUM_LIMIT {
            return Err(CubeError::SumTooLarge { measure: spec.name.clone() });
        }
        sums.push(ranked.iter().map(|atom| RawSum(sum_of(atom) as i64)).collect());
    }
    let key_of =
        |&(_, part, at): &(AtomKey, u32, u32)| CellKey::of(parts[part as usize].sums[(at as usize + 1) * stride - 1] as u64);
    let record_keys = spec.record_keys.map_or_else(Vec::new, |_| ranked.iter().map(key_of).collect());
    Ok(Cube {
        dimensions,
        dates,
        area_tuples,
        keys: ranked.iter().map(|&(key, ..)| key).collect(),
        counts: ranked.iter().map(|&(_, part, at)| parts[part as usize].counts[at as usize]).collect(),
        sums,
        record_keys,
        contributions: contributions(spec, &ranked, &parts),
    })
}

/// Contributions of all parts, by contributor and atom.
fn contributions(spec: &CubeSpec<'_>, ranked: &[(AtomKey, u32, u32)], parts: &[Part]) -> Contributions {
    if *spec.contributor == Contributor::Unasked {
        return Contributions::default();
    }
    let mut atom_of: Vec<Vec<u32>> = parts.iter().map(|part| vec![0; part.counts.len()]).collect();
    for (atom, &(_, part, at)) in ranked.iter().enumerate() {
        atom_of[part as usize][at as usize] = atom as u32;
    }
    let measures = spec.measures.len();
    let of_part = |(part, atoms): (&Part, &Vec<u32>)| {
        let amounts = |record: usize| part.given_amounts[record * measures..][..measures].to_vec();
        let given = part.given.iter().enumerate();
        given.map(|(record, given)| (given.contributor, atoms[given.at as usize], amounts(record))).collect::<Vec<_>>()
    };
    let given = parts.iter().zip(&atom_of).flat_map(of_part).collect();
    Contributions::gathered(given, measures, *spec.contributor == Contributor::EachRecord)
}

/// Keeps the entries that `mark` marks; gives the new position of each old one.
fn keep<T>(entries: &mut Vec<T>, mark: impl FnOnce(&mut [bool])) -> Vec<u32> {
    let mut used = vec![false; entries.len()];
    mark(&mut used);
    let mut marks = used.iter();
    entries.retain(|_| *marks.next().expect("one mark each"));
    let positions = used.iter().scan(0, |next, &used| {
        let position = *next;
        *next += u32::from(used);
        Some(position)
    });
    positions.collect()
}
