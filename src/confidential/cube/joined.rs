//! The same counts in larger cells.

use crate::confidential::cube::{AtomKey, CellKey, Contributions, Cube, RawSum};
use crate::confidential::raw_count::RawCount;
use crate::grid::CellId;

impl Cube {
    /// The cube with every atom in the cell that `cell_of` gives for its own. Atoms that become the same are added up, their record keys with
    /// wrapping, so that nothing depends on their order. One sort of the atoms.
    pub(in crate::confidential) fn joined(&self, cell_of: impl Fn(CellId) -> CellId) -> Self {
        let mut order: Vec<(AtomKey, u32)> =
            self.keys.iter().zip(0..).map(|(&key, at)| (AtomKey { cell: cell_of(key.cell), ..key }, at)).collect();
        order.sort_unstable();
        let mut joined = Self {
            dimensions: self.dimensions.clone(),
            dates: self.dates.clone(),
            area_tuples: self.area_tuples.clone(),
            keys: Vec::new(),
            counts: Vec::new(),
            sums: vec![Vec::new(); self.sums.len()],
            record_keys: Vec::new(),
            contributions: Contributions::default(),
        };
        let mut becomes = vec![0_u32; self.keys.len()];
        for run in order.chunk_by(|a, b| a.0 == b.0) {
            let members = || run.iter().map(|&(_, at)| at as usize);
            members().for_each(|at| becomes[at] = joined.keys.len() as u32);
            joined.keys.push(run[0].0);
            let mut count = RawCount::default();
            members().for_each(|at| count += self.counts[at]);
            joined.counts.push(count);
            for (own, sums) in joined.sums.iter_mut().zip(&self.sums) {
                // The sum over all records was found to fit, but parts of it that cancel may be larger.
                own.push(RawSum(members().fold(0_i64, |sum, at| sum.saturating_add(sums[at].0))));
            }
            if !self.record_keys.is_empty() {
                joined.record_keys.push(members().fold(CellKey::default(), |key, at| key.with(self.record_keys[at])));
            }
        }
        let amounts = |pair: usize| self.contributions.amounts.iter().map(|amounts| amounts[pair].0).collect();
        let pairs = self.contributions.pairs.iter().enumerate();
        let given = pairs.map(|(pair, &(contributor, atom))| (contributor, becomes[atom as usize], amounts(pair))).collect();
        joined.contributions = Contributions::gathered(given, self.contributions.amounts.len(), false);
        joined
    }
}
