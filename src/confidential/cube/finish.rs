//! Counted atoms become a cube: what did not occur is left out, the rest is sorted.

use rayon::prelude::*;

use crate::confidential::cube::builder::CubeSpec;
use crate::confidential::cube::category::Ranked;
use crate::confidential::cube::error::CubeError;
use crate::confidential::cube::key::{KeyRanks, Occurring, PackedKey, RankedKey};
use crate::confidential::cube::tally::{Counted, Part};
use crate::confidential::cube::{AtomKey, CellKey, Contributions, Contributor, Cube, RawSum};
use crate::confidential::lattice::Dimension;
use crate::confidential::raw_count::RawCount;
use crate::grid::{CellId, GridSize};

/// Everything that has a rank, by rank.
pub(super) struct Orders {
    pub(super) categories: Vec<Ranked>,
    pub(super) dates: Vec<Option<String>>,
    pub(super) area_tuples: Vec<Vec<Option<u32>>>,
}

/// All sums of a measure stay below this, so that they can be published (see `ProtectedCount`).
const SUM_LIMIT: i128 = 1 << 61;

/// An atom on its way to its place.
struct Placed {
    key: RankedKey,
    count: RawCount,
    /// Where its sums are: the part, and the position in it.
    part: u32,
    at: u32,
}

/// Drops dates, combinations of areas and discovered categories that no atom has, then sorts the atoms.
pub(super) fn finish(spec: &CubeSpec<'_>, orders: Orders, mut ranks: KeyRanks, counted: Counted) -> Result<Cube, CubeError> {
    let Orders { categories, mut dates, mut area_tuples } = orders;
    let nothing = || Occurring::nothing(&ranks);
    let mark = |mut occurring: Occurring, key: &PackedKey| {
        occurring.mark(*key);
        occurring
    };
    let occurring = match &counted {
        Counted::Narrow(counts) => counts.occurring(nothing),
        Counted::Wide(parts) => {
            parts.par_iter().map(|part| part.keys.iter().fold(nothing(), mark)).reduce(nothing, Occurring::or)
        }
    };

    keep(&mut dates, &mut ranks.dates, &occurring.dates, &[]);
    keep(&mut area_tuples, &mut ranks.areas, &occurring.areas, &[]);
    let mut dimensions = Vec::new();
    let of_dimension = categories.into_iter().zip(spec.dimensions).zip(&mut ranks.dimensions).zip(&occurring.codes);
    for (((Ranked { mut labels, kept, .. }, spec), codes), occurring) in of_dimension {
        keep(&mut labels, &mut codes.ranks, occurring, &kept);
        codes.categories = labels.len() as u64;
        dimensions.push(Dimension { name: spec.name.clone(), label: spec.label.clone(), categories: labels });
    }

    let of_areas = |mut key: AtomKey| {
        if !spec.grid {
            key.cell = combination(spec.finest, key.areas);
        }
        key
    };
    let parts = match counted {
        Counted::Wide(parts) => parts,
        Counted::Narrow(counts) => {
            let (keys, counts) = counts.atoms(&ranks, of_areas);
            let (sums, record_keys) = (Vec::new(), Vec::new());
            return Ok(Cube {
                dimensions,
                dates,
                area_tuples,
                keys,
                counts,
                sums,
                record_keys,
                contributions: Contributions::default(),
            });
        }
    };
    let parts = parts.as_slice();
    let place = |(number, part): (usize, &Part)| -> Vec<Placed> {
        let atoms = part.keys.iter().zip(&part.counts).zip(0_u32..);
        atoms.map(|((&key, &count), at)| Placed { key: ranks.rank(key), count, part: number as u32, at }).collect()
    };
    let mut atoms: Vec<Placed> = parts.par_iter().enumerate().flat_map_iter(place).collect();
    atoms.par_sort_unstable_by_key(|atom| atom.key);

    let stride = spec.amounts();
    let mut sums = Vec::with_capacity(spec.measures.len());
    for (measure, spec) in spec.measures.iter().enumerate() {
        let sum_of = |atom: &Placed| parts[atom.part as usize].sums[atom.at as usize * stride + measure];
        if atoms.iter().map(|atom| sum_of(atom).abs()).sum::<i128>() >= SUM_LIMIT {
            return Err(CubeError::SumTooLarge { measure: spec.name.clone() });
        }
        sums.push(atoms.iter().map(|atom| RawSum(sum_of(atom) as i64)).collect());
    }
    let key_of = |atom: &Placed| CellKey::of(parts[atom.part as usize].sums[(atom.at as usize + 1) * stride - 1] as u64);
    let record_keys = spec.record_keys.map_or_else(Vec::new, |_| atoms.iter().map(key_of).collect());
    let contributions = contributions(spec, &atoms, parts);
    let keys = atoms.par_iter().map(|atom| of_areas(ranks.atom(atom.key))).collect();
    let counts = atoms.iter().map(|atom| atom.count).collect();
    Ok(Cube { dimensions, dates, area_tuples, keys, counts, sums, record_keys, contributions })
}

/// Where no grid is published, the cell that stands for a combination of areas: a place of its own in the order of combinations.
fn combination(size: GridSize, areas: u32) -> CellId {
    let corner = |index: u32| (index * size.metres()) as i32;
    CellId::of_corner(size, corner(areas % COMBINATIONS_IN_A_ROW), corner(areas / COMBINATIONS_IN_A_ROW))
        .expect("the grid has room for as many cells as there can be combinations")
}

/// With cells of 1 km, 2^24 combinations take 4000 × 4195 km of the grid's 7480 × 7480.
const COMBINATIONS_IN_A_ROW: u32 = 4000;

/// Contributions of all parts, by contributor and atom.
fn contributions(spec: &CubeSpec<'_>, atoms: &[Placed], parts: &[Part]) -> Contributions {
    if *spec.contributor == Contributor::Unasked {
        return Contributions::default();
    }
    let mut atom_of: Vec<Vec<u32>> = parts.iter().map(|part| vec![0; part.counts.len()]).collect();
    for (number, atom) in atoms.iter().enumerate() {
        atom_of[atom.part as usize][atom.at as usize] = number as u32;
    }
    let measures = spec.measures.len();
    let of_part = |(part, atoms): (&Part, &Vec<u32>)| {
        let amounts = |record: usize| part.given_amounts[record * measures..][..measures].to_vec();
        let atom = |key| atoms[part.keys.binary_search(key).expect("the record was counted")];
        let given = part.given.iter().enumerate();
        given.map(|(record, given)| (given.contributor, atom(&given.key), amounts(record))).collect::<Vec<_>>()
    };
    let given = parts.iter().zip(&atom_of).flat_map(of_part).collect();
    Contributions::gathered(given, measures, *spec.contributor == Contributor::EachRecord)
}

/// Keeps of the entries, which are by rank, those whose number occurs and those that `always` stay; then ranks are positions among what is
/// left. Numbers that do not occur keep a rank that means nothing.
fn keep<T>(entries: &mut Vec<T>, ranks: &mut [u32], occurring: &[bool], always: &[bool]) {
    let mut used = vec![false; entries.len()];
    used[..always.len()].copy_from_slice(always);
    let of_occurring = ranks.iter().zip(occurring).filter(|(_, occurs)| **occurs);
    of_occurring.for_each(|(&rank, _)| used[rank as usize] = true);
    let mut marks = used.iter();
    entries.retain(|_| *marks.next().expect("one mark each"));
    let positions = used.iter().scan(0, |next, &used| {
        let position = *next;
        *next += u32::from(used);
        Some(position)
    });
    let positions: Vec<u32> = positions.collect();
    ranks.iter_mut().for_each(|rank| *rank = positions.get(*rank as usize).copied().unwrap_or_default());
}
