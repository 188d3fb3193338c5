//! Positions by address: each record's street and number looked up in a register, and admitted to cells by the grade of what was found.

use crate::confidential::account::Reason;
use crate::confidential::georeference::Places;
use crate::confidential::georeference::matcher::{Address, Found};
use crate::confidential::georeference::register::{self, Index, RegisterSpec};
use crate::confidential::georeference::unmatched::{Unmatched, UnmatchedFile};
use crate::confidential::grade::{Admission, Grade};
use crate::confidential::records::TextValues;
use crate::confidential::sieve::Sieve;
use crate::error::Error;
use crate::geodesy::DatumShift;
use crate::grid::{CellFinder, CellId, GridSize};

/// Columns that hold a record's address. Without a number the street's column is taken to hold it too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressColumns {
    /// The street, with or without the number.
    pub street: Option<String>,
    /// The house number, with or without suffix.
    pub number: Option<String>,
    /// What follows the number.
    pub suffix: Option<String>,
    /// The postcode.
    pub postcode: Option<String>,
    /// The municipality's key (AGS or ARS) or name.
    pub municipality: Option<String>,
    /// The street's key.
    pub street_key: Option<String>,
}

impl AddressColumns {
    /// The columns in the order of an [`AddressTexts`].
    pub(in crate::confidential) fn in_order(&self) -> [Option<&str>; 6] {
        let Self { street, number, suffix, postcode, municipality, street_key } = self;
        [street, number, suffix, postcode, municipality, street_key].map(Option::as_deref)
    }

    /// The column that a missing address is told of.
    pub(super) fn first(&self) -> &str {
        self.street.as_deref().or(self.street_key.as_deref()).unwrap_or("")
    }
}

/// Addresses and what they are looked up in.
#[derive(Clone, Debug)]
pub struct AddressSource {
    /// The register.
    pub register: RegisterSpec,
    /// The records' columns.
    pub columns: AddressColumns,
    /// Which grades enter which cells.
    pub admission: Admission,
    /// Where to write which rows found no cell, if anywhere.
    pub unmatched: Option<UnmatchedFile>,
}

/// A batch's columns in the order street, number, suffix, postcode, municipality, street key.
pub(in crate::confidential) type AddressTexts<'b> = [Option<&'b TextValues>; 6];

/// What a thread counts beside the cells.
#[derive(Default)]
pub(in crate::confidential) struct AddressTally {
    /// Records found, by grade.
    pub(in crate::confidential) grades: [u64; Grade::ALL.len()],
    /// Rows without a cell, where they are asked for.
    pub(in crate::confidential) unmatched: Vec<Unmatched>,
    /// Records whose area keys had lost their leading zeros.
    pub(in crate::confidential) mended: u64,
}

impl AddressTally {
    /// Adds what another thread counted.
    pub(in crate::confidential) fn add(&mut self, other: Self) {
        for (sum, count) in self.grades.iter_mut().zip(other.grades) {
            *sum += count;
        }
        self.unmatched.extend(other.unmatched);
        self.mended += other.mended;
    }
}

/// Places records by their address.
pub(in crate::confidential) struct Addresses<'s> {
    index: Index,
    shift: Option<DatumShift>,
    source: &'s AddressSource,
    finest: GridSize,
}

impl<'s> Addresses<'s> {
    /// Opens the register; cells are of `finest`.
    pub(in crate::confidential) fn new(source: &'s AddressSource, finest: GridSize) -> Result<Self, Error> {
        let (index, shift) = register::open(&source.register, finest)?;
        Ok(Self { index, shift, source, finest })
    }

    /// How the register's coordinates get to ETRS89, if they are on an old datum.
    pub(in crate::confidential) fn datum_shift(&self) -> Option<DatumShift> {
        self.shift.clone()
    }

    /// How many houses the register has, and how many of its rows could not be used.
    pub(in crate::confidential) fn register_rows(&self) -> (u64, u64) {
        (self.index.houses() as u64, self.index.unusable())
    }

    /// The cells of a batch, with the grade of each row that has one. 1 to 2 µs a row; the same address as in the row before costs a comparison.
    pub(in crate::confidential) fn place(
        &self,
        texts: AddressTexts<'_>,
        sieve: &mut Sieve<'_>,
        tally: &mut AddressTally,
    ) -> (Places, Vec<Option<Grade>>) {
        let rows = sieve.rows();
        let finder = CellFinder::new(self.finest);
        let nowhere = CellId::of_corner(self.finest, 0, 0).expect("the grid begins with a cell");
        let mut places = Places {
            cells: vec![nowhere; rows],
            points_3035_m: Some([vec![f64::NAN; rows], vec![f64::NAN; rows]]),
            exactly_projected: 0,
            areas: Vec::new(),
        };
        let mut grades = vec![None; rows];
        let mut last: Option<(Address<'_>, Result<Found, Reason>)> = None;
        for (row, of_row) in grades.iter_mut().enumerate() {
            if !sieve.stands(row) {
                continue;
            }
            let address = address(&texts, row);
            let found = match last {
                Some((same, found)) if same == address => found,
                _ => self.index.find(&address),
            };
            last = Some((address, found));
            if let Ok(found) = found {
                tally.grades[found.grade as usize] += 1;
                *of_row = Some(found.grade);
            }
            let admitted = found.and_then(|found| {
                let admits = self.source.admission.admits(found.grade, self.finest.metres());
                found.position_3035_m.filter(|_| admits).ok_or(refusal(found.grade))
            });
            let cell = admitted.and_then(|[easting_m, northing_m]| {
                let cell = finder.cell(easting_m, northing_m).ok_or(Reason::OutsideAreaOfUse)?;
                Ok((cell, [easting_m, northing_m]))
            });
            match (cell, &mut places.points_3035_m) {
                (Ok((cell, [easting_m, northing_m])), Some([eastings_m, northings_m])) => {
                    (places.cells[row], eastings_m[row], northings_m[row]) = (cell, easting_m, northing_m);
                }
                (Err(reason), _) => {
                    if let Some(file) = &self.source.unmatched {
                        tally.unmatched.push(Unmatched::new(
                            sieve.place(row),
                            reason,
                            file.with_addresses.then(|| texts_of(&address)),
                        ));
                    }
                    sieve.reject(row, reason, self.source.columns.first());
                }
                (Ok(_), None) => unreachable!("addresses have points"),
            }
        }
        (places, grades)
    }
}

pub(super) fn address<'b>(texts: &AddressTexts<'b>, row: usize) -> Address<'b> {
    let [street, number, suffix, postcode, municipality, street_key] =
        texts.map(|column| column.and_then(|column| column.get(row)).unwrap_or(""));
    Address { street, number, suffix, postcode, municipality, street_key }
}

pub(super) fn texts_of(address: &Address<'_>) -> [String; 6] {
    let Address { street, number, suffix, postcode, municipality, street_key } = *address;
    [street, number, suffix, postcode, municipality, street_key].map(str::to_owned)
}

/// Why a grade enters no cell.
fn refusal(grade: Grade) -> Reason {
    match grade {
        Grade::Exact | Grade::Normalised | Grade::Similar => Reason::OnlySimilar,
        Grade::NeighbourNumber => Reason::NumberUnknown,
        Grade::Street => Reason::OnlyStreet,
        Grade::Area => Reason::OnlyTown,
    }
}
