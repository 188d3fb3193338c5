//! Positions by address where only areas are wanted: a table says in which areas each stretch of a street lies.

use std::sync::Arc;

use crate::area::AreaSystem;
use crate::confidential::account::Reason;
use crate::confidential::georeference::by_address::{address, texts_of};
use crate::confidential::georeference::by_area_key::nowhere;
use crate::confidential::georeference::matcher::Address;
use crate::confidential::georeference::street_table::StreetTable;
use crate::confidential::georeference::unmatched::Unmatched;
use crate::confidential::georeference::{AddressColumns, AddressTally, AddressTexts, Places, StreetTableSpec, UnmatchedFile};
use crate::confidential::sieve::Sieve;
use crate::error::Error;
use crate::grid::GridSize;

/// Addresses and the table they are looked up in.
#[derive(Clone, Debug)]
pub struct StreetTableSource {
    /// The table.
    pub table: StreetTableSpec,
    /// The records' columns.
    pub columns: AddressColumns,
    /// Where to write which rows found no area, if anywhere.
    pub unmatched: Option<UnmatchedFile>,
}

/// Places records in the areas of their address.
pub(in crate::confidential) struct StreetAreas<'s> {
    table: StreetTable,
    source: &'s StreetTableSource,
    finest: GridSize,
    systems: usize,
}

impl<'s> StreetAreas<'s> {
    /// Reads the table.
    pub(in crate::confidential) fn new(
        source: &'s StreetTableSource,
        systems: &[Arc<AreaSystem>],
        finest: GridSize,
    ) -> Result<Self, Error> {
        Ok(Self { table: StreetTable::read(&source.table, systems, finest)?, source, finest, systems: systems.len() })
    }

    /// How many different rows the table has, and how many of its file could not be used.
    pub(in crate::confidential) fn table_rows(&self) -> (u64, u64) {
        self.table.rows()
    }

    /// All combinations of areas that the table has.
    pub(in crate::confidential) fn combinations(&self) -> Vec<Vec<Option<u32>>> {
        self.table.combinations()
    }

    /// The areas of a batch.
    pub(in crate::confidential) fn place(
        &self,
        texts: AddressTexts<'_>,
        sieve: &mut Sieve<'_>,
        tally: &mut AddressTally,
    ) -> Places {
        let mut places = nowhere(self.finest, sieve.rows(), self.systems);
        let mut last: Option<(Address<'_>, Result<&[Option<u32>], Reason>)> = None;
        for row in (0..sieve.rows()).filter(|&row| sieve.stands(row)).collect::<Vec<_>>() {
            let address = address(&texts, row);
            let found = match last {
                Some((same, found)) if same == address => found,
                _ => self.table.find(&address),
            };
            last = Some((address, found));
            match found {
                Ok(areas) => places.areas[row * self.systems..][..self.systems].copy_from_slice(areas),
                Err(reason) => {
                    if let Some(file) = &self.source.unmatched {
                        let shown = file.with_addresses.then(|| texts_of(&address));
                        tally.unmatched.push(Unmatched::new(sieve.place(row), reason, shown));
                    }
                    sieve.reject(row, reason, self.source.columns.first());
                }
            }
        }
        places
    }
}
