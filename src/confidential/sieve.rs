//! Which rows of a batch still stand, and why the others fell. A row falls once, for its first fault in a fixed order of columns.

use crate::confidential::account::{Reason, Rejects};
use crate::confidential::records::Batch;

/// The rows of one batch that no check has rejected so far.
pub(in crate::confidential) struct Sieve<'a> {
    batch: &'a Batch,
    rejects: &'a mut Rejects,
    stands: Vec<bool>,
    /// Rows whose fall is counted already, where rows stand again for another date.
    told: Vec<bool>,
}

impl<'a> Sieve<'a> {
    /// All rows stand but those that could not be read.
    pub(in crate::confidential) fn new(batch: &'a Batch, rejects: &'a mut Rejects) -> Self {
        let mut sieve = Self { batch, rejects, stands: vec![true; batch.rows], told: Vec::new() };
        for (row, reason) in &batch.faulty {
            sieve.reject(*row as usize, *reason, "");
        }
        sieve
    }

    /// How many rows the batch has.
    pub(in crate::confidential) fn rows(&self) -> usize {
        self.stands.len()
    }

    /// Whether no check has rejected the row at this position of the batch.
    pub(in crate::confidential) fn stands(&self, row: usize) -> bool {
        self.stands[row]
    }

    /// The same for all rows.
    pub(in crate::confidential) fn standing(&self) -> &[bool] {
        &self.stands
    }

    /// Counts the row as rejected, because of what it holds in `column`.
    #[cold]
    pub(in crate::confidential) fn reject(&mut self, row: usize, reason: Reason, column: &str) {
        let first = self.stands.get_mut(row).is_none_or(|stands| std::mem::replace(stands, false));
        let told = self.told.get_mut(row).is_some_and(|told| std::mem::replace(told, true));
        if first && !told {
            self.rejects.add_at(reason, self.place(row), column);
        }
    }

    /// Lets these rows stand, for the next reference date, and no others. A row that falls for several dates is counted once.
    pub(in crate::confidential) fn stand_again(&mut self, stands: impl Fn(usize) -> bool) {
        self.told.resize(self.stands.len(), false);
        self.stands.iter_mut().enumerate().for_each(|(row, slot)| *slot = stands(row));
    }

    /// Source and row number of the row at this position of the batch.
    pub(in crate::confidential) fn place(&self, row: usize) -> (u32, u64) {
        (self.batch.source, self.batch.row(row))
    }
}
