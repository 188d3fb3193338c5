//! The area of every system that a record lies in, and combinations of them numbered as they come.

use std::sync::{Arc, Mutex};

use rustc_hash::FxHashMap;

use crate::area::{AreaIndex, AreaSystem, Found};
use crate::confidential::cube::error::CubeError;
use crate::confidential::cube::key::AREAS_LIMIT;
use crate::confidential::cube::numbered::{Numbered, ranks};
use crate::confidential::georeference::Places;
use crate::confidential::sieve::Sieve;
use crate::grid::GridSize;

/// Area systems while records are counted.
///
/// A combination is numbered system by system: the first system's number is its area + 1 (0 outside all), each further one numbers
/// the pair of the number so far and its area + 1.
pub(super) struct Areas {
    systems: Vec<System>,
}

struct System {
    /// None where places name their areas.
    index: Option<AreaIndex>,
    areas: u32,
    pairs: Mutex<Numbered<(u32, u32)>>,
}

/// A thread's memory of the numbers of pairs, one map for each system after the first.
#[derive(Default)]
pub(super) struct AreaCoder {
    known: Vec<FxHashMap<(u32, u32), u32>>,
}

/// The areas of the rows of a batch.
pub(super) struct AreaCodes {
    /// The number of the combination.
    pub(super) codes: Vec<u32>,
    /// One bit for each system in which the row lies in no area.
    pub(super) outside: Vec<u32>,
    /// One bit for each system in which it lies in several.
    pub(super) overlaps: Vec<u32>,
}

/// One bit for each system in which a combination has no area.
pub(super) fn outside(tuple: &[Option<u32>]) -> u32 {
    tuple.iter().enumerate().fold(0, |bits, (system, area)| bits | u32::from(area.is_none()) << system)
}

impl Areas {
    /// Indexes the systems for cells of `finest`; no index where places name their areas.
    pub(super) fn new(systems: &[Arc<AreaSystem>], finest: Option<GridSize>) -> Result<Self, CubeError> {
        let too_large = |system: &Arc<AreaSystem>| system.areas.len() + 1 >= AREAS_LIMIT;
        if systems.len() > 32 || systems.iter().any(too_large) {
            return Err(CubeError::TooManyAreas);
        }
        let system = |system: &Arc<AreaSystem>| System {
            index: finest.map(|finest| AreaIndex::new(system, finest)),
            areas: system.areas.len() as u32,
            pairs: Mutex::default(),
        };
        Ok(Self { systems: systems.iter().map(system).collect() })
    }

    /// How many systems there are.
    pub(super) fn len(&self) -> usize {
        self.systems.len()
    }

    /// The areas of every row that stands.
    pub(super) fn codes(&self, places: &Places, coder: &mut AreaCoder, sieve: &Sieve<'_>) -> Result<AreaCodes, CubeError> {
        let zeros = vec![0; sieve.rows()];
        let mut all = AreaCodes { codes: zeros.clone(), outside: zeros.clone(), overlaps: zeros };
        coder.known.resize_with(self.systems.len(), FxHashMap::default);
        for (at, system) in self.systems.iter().enumerate() {
            for row in (0..sieve.rows()).filter(|&row| sieve.stands(row)) {
                let cell = places.cells[row];
                let found = match (&system.index, &places.points_3035_m) {
                    (Some(index), Some([eastings_m, northings_m])) => index.locate(cell, eastings_m[row], northings_m[row]),
                    (Some(index), None) => index.locate_cell(cell),
                    (None, _) => Found { area: places.areas[row * self.systems.len() + at], overlapping: false },
                };
                all.outside[row] |= u32::from(found.area.is_none()) << at;
                all.overlaps[row] |= u32::from(found.overlapping) << at;
                let area = found.area.map_or(0, |area| area + 1);
                let code = &mut all.codes[row];
                *code = if at == 0 { area } else { system.pair((*code, area), &mut coder.known[at])? };
            }
        }
        Ok(all)
    }

    /// For each system the area of a combination.
    fn tuple(&self, mut code: u32) -> Vec<Option<u32>> {
        let mut tuple = vec![None; self.systems.len()];
        for (at, slot) in tuple.iter_mut().enumerate().rev() {
            let area;
            (code, area) = match at {
                0 => (0, code),
                _ => self.systems[at].pairs.lock().expect("no thread panicked").keys()[code as usize],
            };
            *slot = area.checked_sub(1);
        }
        tuple
    }

    /// All combinations that may occur, ascending, and the rank of each number.
    pub(super) fn ranked(&self) -> (Vec<Vec<Option<u32>>>, Vec<u32>) {
        let numbers = match self.systems.as_slice() {
            [] => 1,
            [only] => only.areas + 1,
            [.., last] => last.pairs.lock().expect("no thread panicked").keys().len() as u32,
        };
        let mut tuples: Vec<_> = (0..numbers).map(|code| self.tuple(code)).collect();
        let ranks = ranks(&tuples, Ord::cmp);
        tuples.sort_unstable();
        (tuples, ranks)
    }
}

impl System {
    fn pair(&self, pair: (u32, u32), known: &mut FxHashMap<(u32, u32), u32>) -> Result<u32, CubeError> {
        if let Some(&code) = known.get(&pair) {
            return Ok(code);
        }
        let mut pairs = self.pairs.lock().expect("no thread panicked");
        let code = pairs.number(&pair, AREAS_LIMIT).ok_or(CubeError::TooManyAreas)?;
        known.insert(pair, code);
        Ok(code)
    }
}
