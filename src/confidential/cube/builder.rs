//! Places and columns of batches, in any order and from any thread, become a cube.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use rayon::prelude::*;

use crate::area::AreaSystem;
use crate::confidential::account::{Account, Reason};
use crate::confidential::cube::Cube;
use crate::confidential::cube::areas::{AreaCoder, AreaCodes, Areas, outside};
use crate::confidential::cube::category::{Categories, Ranked};
use crate::confidential::cube::contribution::Contributor;
use crate::confidential::cube::dates::Dates;
use crate::confidential::cube::dimension::{DateSpec, DimensionSpec, MeasureSpec};
use crate::confidential::cube::error::CubeError;
use crate::confidential::cube::finish::{Orders, finish};
use crate::confidential::cube::identity::{Identities, Remembered, Waiting};
use crate::confidential::cube::key::{CodeRanks, GROUPS_LIMIT, KeyRanks, PackedKey, Packing};
use crate::confidential::cube::measure;
use crate::confidential::cube::numbered::TextCoder;
use crate::confidential::cube::tally::{Buffers, Kept, Tally};
use crate::confidential::georeference::Places;
use crate::confidential::records::{NumberValues, TextValues, Values};
use crate::confidential::secret::KeyedHash;
use crate::confidential::sieve::Sieve;
use crate::error::Language;
use crate::grid::{CellId, GridSize};

/// What a cube is made of.
#[derive(Clone, Copy)]
pub(in crate::confidential) struct CubeSpec<'s> {
    pub dimensions: &'s [DimensionSpec],
    pub measures: &'s [MeasureSpec],
    pub date: &'s DateSpec,
    /// The column of ids, if records are told apart by id.
    pub id_column: Option<&'s str>,
    /// Makes the permanent key of a record from its id, if the method asks for one.
    pub record_keys: Option<KeyedHash>,
    /// Who records belong to, if a rule asks for it.
    pub contributor: &'s Contributor,
    pub systems: &'s [Arc<AreaSystem>],
    pub finest: GridSize,
    /// Whether records are counted by cell; else a combination of areas takes a cell's place.
    pub grid: bool,
    /// Whether areas are found by where records lie; else the places name them.
    pub located: bool,
    /// Of the labels of bands.
    pub language: Language,
    /// How much memory records take that wait for others with their id; beyond it they wait on disk.
    pub waiting_bytes: Option<u64>,
}

impl CubeSpec<'_> {
    /// How many numbers go with a record: its measures, then the hash of its contributor and, last, its key, where these are asked for. A key is
    /// added up as a wide whole number like any measure; what is left of that sum in 64 bits is the sum with wrapping.
    pub(super) fn amounts(&self) -> usize {
        self.measures.len() + usize::from(self.names_contributors()) + usize::from(self.record_keys.is_some())
    }

    fn names_contributors(&self) -> bool {
        matches!(self.contributor, Contributor::Column(_))
    }

    /// What the tally keeps of each record beside the sums.
    fn kept(&self) -> Kept {
        match self.contributor {
            Contributor::Unasked => Kept::Nothing,
            Contributor::EachRecord => Kept::Amounts { measures: self.measures.len(), contributor: false },
            Contributor::Column(_) => Kept::Amounts { measures: self.measures.len(), contributor: true },
        }
    }
}

/// The columns of a batch that the cube reads.
pub(in crate::confidential) struct CubeColumns<'b> {
    /// One for each dimension: numbers for bands, texts otherwise.
    pub dimensions: Vec<&'b Values>,
    /// One for each measure.
    pub measures: Vec<&'b NumberValues>,
    pub date: Option<&'b TextValues>,
    /// The position of the day that is counted among those that the plan names.
    pub day: Option<u32>,
    pub id: Option<&'b TextValues>,
    /// Of contributors, if they are named.
    pub contributor: Option<&'b TextValues>,
}

/// A cube in the making, shared by all threads.
pub(in crate::confidential) struct CubeBuilder<'s> {
    spec: CubeSpec<'s>,
    dimensions: Vec<Categories<'s>>,
    dates: Dates<'s>,
    areas: Areas,
    tally: Tally,
    identities: Option<Identities>,
    /// Of contributors' names, for this run only.
    contributors: RandomState,
}

/// What one thread has of it.
pub(in crate::confidential) struct Filler {
    dimensions: Vec<TextCoder>,
    date: TextCoder,
    areas: AreaCoder,
    buffers: Buffers,
    waiting: Option<Waiting>,
    outcome: Outcome,
}

/// What became of placed records, by thread.
struct Outcome {
    placed: u64,
    outside_and_overlapping: Vec<(u64, u64)>,
}

impl Outcome {
    fn new(systems: usize) -> Self {
        Self { placed: 0, outside_and_overlapping: vec![(0, 0); systems] }
    }

    /// Counts a record; one bit for each area system in both masks.
    fn count(&mut self, outside: u32, overlaps: u32) {
        self.placed += 1;
        for (system, sum) in self.outside_and_overlapping.iter_mut().enumerate() {
            sum.0 += u64::from((outside >> system) & 1);
            sum.1 += u64::from((overlaps >> system) & 1);
        }
    }

    fn tell(&self, account: &mut Account) {
        account.records_placed += self.placed;
        account.outside_and_overlapping.resize(self.outside_and_overlapping.len(), (0, 0));
        for (sum, part) in account.outside_and_overlapping.iter_mut().zip(&self.outside_and_overlapping) {
            *sum = (sum.0 + part.0, sum.1 + part.1);
        }
    }
}

impl<'s> CubeBuilder<'s> {
    /// Checks the plan's dimensions and date, and indexes the area systems.
    pub(in crate::confidential) fn new(spec: CubeSpec<'s>) -> Result<Self, CubeError> {
        let dimensions: Vec<_> =
            spec.dimensions.iter().map(|dimension| Categories::new(dimension, spec.language)).collect::<Result<_, _>>()?;
        let groups = dimensions.iter().try_fold(1_u64, |groups, dimension| groups.checked_mul(dimension.radix()));
        let groups = groups.filter(|&groups| groups <= GROUPS_LIMIT).ok_or(CubeError::TooManyGroups)?;
        let dates = Dates::new(spec.date)?;
        let areas = spec.systems.iter().map(|system| system.areas.len() as u64 + 1);
        let areas = areas.fold(1_u64, u64::saturating_mul);
        let packing = Packing::of(areas, dates.most() as u64, groups);
        Ok(Self {
            dates,
            areas: Areas::new(spec.systems, spec.located.then_some(spec.finest))?,
            tally: Tally::new(spec.amounts(), spec.kept(), packing),
            contributors: RandomState::new(),
            identities: spec.id_column.map(|_| Identities::new(spec.amounts(), spec.waiting_bytes)).transpose()?,
            dimensions,
            spec,
        })
    }

    /// The reference dates that the plan names, ascending, as numbers yyyymmdd.
    pub(in crate::confidential) fn days(&self) -> Vec<u32> {
        self.dates.days().to_vec()
    }

    /// What a thread needs to add batches.
    pub(in crate::confidential) fn filler(&self) -> Filler {
        Filler {
            dimensions: self.dimensions.iter().map(|_| TextCoder::new()).collect(),
            date: TextCoder::new(),
            areas: AreaCoder::default(),
            buffers: Buffers::default(),
            waiting: self.identities.as_ref().map(|_| Waiting::new()),
            outcome: Outcome::new(self.areas.len()),
        }
    }

    /// Counts the rows of a batch that stand, dimension by dimension, then measures, date, id and areas.
    pub(in crate::confidential) fn add(
        &self,
        filler: &mut Filler,
        columns: &CubeColumns<'_>,
        places: &Places,
        sieve: &mut Sieve<'_>,
    ) -> Result<(), CubeError> {
        let mut groups = vec![0; sieve.rows()];
        for ((dimension, values), coder) in self.dimensions.iter().zip(&columns.dimensions).zip(&mut filler.dimensions) {
            dimension.append(values, coder, &mut groups, sieve)?;
        }
        let stride = self.spec.amounts();
        let mut amounts = vec![0; sieve.rows() * stride];
        for (at, (measure, values)) in self.spec.measures.iter().zip(&columns.measures).enumerate() {
            measure::fill(values, &measure.column, (at, stride), &mut amounts, sieve);
        }
        let dates = self.dates.codes((columns.date, columns.day), &mut filler.date, sieve)?;
        if let (Some(ids), Some(column)) = (columns.id, self.spec.id_column) {
            for row in 0..sieve.rows() {
                match id(ids, row) {
                    None if sieve.stands(row) => sieve.reject(row, Reason::MissingId, column),
                    Some(id) if sieve.stands(row) => {
                        if let Some(hash) = &self.spec.record_keys {
                            amounts[(row + 1) * stride - 1] = hash.of_bytes(id.as_bytes()) as i64;
                        }
                    }
                    _ => {}
                }
            }
        }
        if let (Some(names), Contributor::Column(column)) = (columns.contributor, self.spec.contributor) {
            for row in (0..sieve.rows()).filter(|&row| sieve.stands(row)).collect::<Vec<_>>() {
                match id(names, row) {
                    None => sieve.reject(row, Reason::MissingId, column),
                    Some(name) => amounts[row * stride + self.spec.measures.len()] = self.contributors.hash_one(name) as i64,
                }
            }
        }
        let AreaCodes { codes: areas, outside, overlaps } = self.areas.codes(places, &mut filler.areas, sieve)?;
        let one = CellId::of_corner(self.spec.finest, 0, 0).expect("the grid begins with a cell");
        let cell = |row: usize| if self.spec.grid { places.cells[row] } else { one };
        let key = |row: usize| PackedKey::new(cell(row), areas[row], dates[row], groups[row]);
        let standing = (0..sieve.rows()).filter(|&row| sieve.stands(row));
        if let (Some(identities), Some(waiting), Some(ids)) = (&self.identities, &mut filler.waiting, columns.id) {
            for row in standing {
                let Some(id) = id(ids, row) else { continue };
                let record = Remembered { key: key(row), place: sieve.place(row), overlaps: overlaps[row] };
                identities.hold(waiting, identities.hash(id, dates[row]), &record, &amounts[row * stride..][..stride])?;
            }
            return Ok(());
        }
        for row in standing {
            self.tally.count(&mut filler.buffers, key(row), &amounts[row * stride..][..stride]);
            filler.outcome.count(outside[row], overlaps[row]);
        }
        Ok(())
    }

    /// Brings together what the threads have and puts everything into its final order.
    pub(in crate::confidential) fn finish(self, mut fillers: Vec<Filler>, account: &mut Account) -> Result<Cube, CubeError> {
        fillers.par_iter_mut().for_each(|filler| self.tally.flush(&mut filler.buffers));
        for mut filler in fillers {
            if let (Some(identities), Some(waiting)) = (&self.identities, &mut filler.waiting) {
                identities.flush(waiting)?;
            }
            filler.outcome.tell(account);
        }
        let categories: Vec<_> = self.dimensions.iter().map(Categories::ranked).collect();
        let (dates, date_ranks) = self.dates.ranked();
        let (area_tuples, area_ranks) = self.areas.ranked();
        let code_ranks = |ranked: &Ranked| CodeRanks {
            radix: ranked.radix,
            ranks: ranked.ranks.clone(),
            categories: ranked.labels.len() as u64,
        };
        let ranks = KeyRanks::new(self.spec.finest, date_ranks, area_ranks, categories.iter().map(code_ranks).collect());

        if let Some(identities) = self.identities {
            let begin = || (Buffers::default(), Outcome::new(self.areas.len()));
            let (states, rejects) =
                identities.resolve(&ranks, self.spec.id_column.unwrap_or_default(), begin, |state, held, amounts| {
                    self.tally.count(&mut state.0, held.key, amounts);
                    let tuple = &area_tuples[ranks.areas[held.key.areas() as usize] as usize];
                    state.1.count(outside(tuple), held.overlaps);
                })?;
            for (mut buffers, outcome) in states {
                self.tally.flush(&mut buffers);
                outcome.tell(account);
            }
            account.rejects.merge(rejects);
        }
        finish(&self.spec, Orders { categories, dates, area_tuples }, ranks, self.tally.into_counted())
    }
}

/// The id of a row; `None` if it has none.
fn id(ids: &TextValues, row: usize) -> Option<&str> {
    ids.get(row)
}
