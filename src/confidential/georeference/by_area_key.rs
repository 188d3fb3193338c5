//! Positions by area key: a record lies in the areas that its key names, and nowhere in a grid.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::area::AreaSystem;
use crate::confidential::account::Reason;
use crate::confidential::georeference::Places;
use crate::confidential::georeference::area_key::{KeyColumn, Resolved};
use crate::confidential::records::TextValues;
use crate::confidential::sieve::Sieve;
use crate::error::{Error, Failure, Kind, Language};
use crate::grid::{CellId, GridSize};
use crate::say;

/// Places records by the keys of areas.
pub(in crate::confidential) struct AreaKeys {
    /// For each different column the systems it speaks of, and how it is read.
    columns: Vec<(String, Vec<usize>, KeyColumn)>,
    systems: usize,
    finest: GridSize,
}

/// What the keys of a row say, or what is wrong in which column.
pub(super) type KeyedAreas<'k> = Result<Resolved, (Reason, &'k str)>;

impl AreaKeys {
    /// One column for each system; a column may speak of several.
    pub(in crate::confidential) fn new(columns: &[String], systems: &[Arc<AreaSystem>], finest: GridSize) -> Self {
        let mut different: Vec<(String, Vec<usize>)> = Vec::new();
        for (at, column) in columns.iter().enumerate() {
            match different.iter_mut().find(|(name, _)| name == column) {
                Some((_, of)) => of.push(at),
                None => different.push((column.clone(), vec![at])),
            }
        }
        let keyed = |(name, of): (String, Vec<usize>)| {
            let keys = KeyColumn::new(of.iter().map(|&at| &systems[at]));
            (name, of, keys)
        };
        Self { columns: different.into_iter().map(keyed).collect(), systems: systems.len(), finest }
    }

    /// The columns to read, each once.
    pub(in crate::confidential) fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, ..)| name.as_str())
    }

    /// The areas of a row whose keys are these. A fault with the column it is in.
    pub(super) fn areas(&self, keys: &[Option<&str>]) -> KeyedAreas<'_> {
        let mut all = Resolved { areas: vec![None; self.systems], mended: false };
        for ((name, of, column), key) in self.columns.iter().zip(keys) {
            let key = key.ok_or((Reason::AreaKeyMissing, name.as_str()))?;
            let Resolved { areas, mended } = column.resolve(key).map_err(|reason| (reason, name.as_str()))?;
            of.iter().zip(areas).for_each(|(&at, area)| all.areas[at] = area);
            all.mended |= mended;
        }
        Ok(all)
    }

    /// The areas of a batch, from the texts of [`AreaKeys::columns`]; gives how many records had keys whose zeros were lost. A key costs its reading
    /// once a batch.
    pub(in crate::confidential) fn place(&self, texts: &[&TextValues], sieve: &mut Sieve<'_>) -> (Places, u64) {
        let mut places = nowhere(self.finest, sieve.rows(), self.systems);
        let mut known: FxHashMap<Vec<Option<&str>>, KeyedAreas<'_>> = FxHashMap::default();
        let mut mended = 0;
        for row in (0..sieve.rows()).filter(|&row| sieve.stands(row)).collect::<Vec<_>>() {
            let keys: Vec<Option<&str>> = texts.iter().map(|column| column.get(row)).collect();
            match known.entry(keys).or_insert_with_key(|keys| self.areas(keys)) {
                Ok(found) => {
                    places.areas[row * self.systems..][..self.systems].copy_from_slice(&found.areas);
                    mended += u64::from(found.mended);
                }
                Err((reason, column)) => sieve.reject(row, *reason, column),
            }
        }
        (places, mended)
    }

    /// All combinations of areas that records can lie in: those that each column can say, and of several columns each with each.
    pub(in crate::confidential) fn combinations(&self) -> Result<Vec<Vec<Option<u32>>>, Error> {
        let mut all = vec![vec![None; self.systems]];
        for (_, of, column) in &self.columns {
            let own = column.combinations();
            if all.len() * own.len() > MOST_COMBINATIONS {
                return Err(AreaKeyError::TooManyCombinations { columns: self.columns().map(str::to_owned).collect() }.into());
            }
            let with = |tuple: &Vec<Option<u32>>, areas: &Vec<Option<u32>>| {
                let mut tuple = tuple.clone();
                of.iter().zip(areas).for_each(|(&at, &area)| tuple[at] = area);
                tuple
            };
            all = all.iter().flat_map(|tuple| own.iter().map(move |areas| with(tuple, areas))).collect();
        }
        all.sort_unstable();
        Ok(all)
    }
}

/// More would make the bundle larger than what it tells.
const MOST_COMBINATIONS: usize = 1 << 20;

/// Places without a cell of their own.
pub(super) fn nowhere(finest: GridSize, rows: usize, systems: usize) -> Places {
    let one = CellId::of_corner(finest, 0, 0).expect("the grid begins with a cell");
    Places { cells: vec![one; rows], points_3035_m: None, exactly_projected: 0, areas: vec![None; rows * systems] }
}

/// Area keys that cannot be used together.
#[derive(Debug)]
enum AreaKeyError {
    /// Areas of several columns combine too often.
    TooManyCombinations { columns: Vec<String> },
}

impl Failure for AreaKeyError {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn explain(&self, language: Language) -> String {
        let Self::TooManyCombinations { columns } = self;
        let columns = columns.join(", ");
        say!(
            language,
            "areas by the columns {columns} combine in more than a million ways: take one column for all systems that nest, or run them apart",
            "Gebiete nach den Spalten {columns} ergeben mehr als eine Million Kombinationen: für ineinander liegende Ebenen dieselbe Spalte nehmen oder getrennt rechnen"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidential::georeference::area_key::tests::system;

    fn keys(columns: [&str; 3]) -> AreaKeys {
        let systems = [system("gemeinde", &["01056001", "01056049"]), system("raum", &["A", "B"]), system("kreis", &["01056"])];
        AreaKeys::new(&columns.map(str::to_owned), &systems, GridSize::new(1000).unwrap())
    }

    #[test]
    fn a_column_may_speak_of_several_systems() {
        let keys = keys(["ags", "sr", "ags"]);
        assert_eq!(keys.columns().collect::<Vec<_>>(), ["ags", "sr"]);
        assert_eq!(
            keys.areas(&[Some("1056049"), Some("B")]),
            Ok(Resolved { areas: vec![Some(1), Some(1), Some(0)], mended: true })
        );
        assert_eq!(keys.areas(&[Some("01056001"), None]), Err((Reason::AreaKeyMissing, "sr")));
        assert_eq!(keys.areas(&[Some("02"), Some("A")]), Err((Reason::AreaKeyUnknown, "ags")));
    }

    #[test]
    fn columns_combine_each_with_each() {
        // (none, kreis), (001, kreis), (049, kreis), each with A and B.
        assert_eq!(keys(["ags", "sr", "ags"]).combinations().unwrap().len(), 6);
    }
}
