//! The first half of the door: records in, raw counts per atom and an account of what was read out.
//!
//! Parallelism is here: `records::read` calls back with batches from all threads; each call takes an idle filler (or makes one),
//! places and counts its batch, and gives the filler back. The order of batches does not matter.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::area::AreaSystem;
use crate::confidential::account::{Account, Rejects};
use crate::confidential::cube::{
    Contributor, Cube, CubeBuilder, CubeColumns, CubeSpec, DateSpec, DimensionKind, DimensionSpec, Filler, MeasureSpec, Validity,
    ages, parse_birth, parse_date,
};
use crate::confidential::georeference::{
    AddressTally, Addresses, AreaKeys, CellCodes, Coordinates, Places, PositionSource, StreetAreas, points_of_geometries,
};
use crate::confidential::records::{Batch, Dialect, Kind, NumberValues, Request, TextValues, Values, Wanted, read, resolve};
use crate::confidential::rejected::CountError;
use crate::confidential::secret::{Key, Purpose};
use crate::confidential::sieve::Sieve;
use crate::error::{Error, Language};
use crate::grid::GridSizes;
use crate::progress::{Progress, Stage};

/// Which records are counted, and by what.
#[derive(Clone, Debug)]
pub struct CountSpec {
    /// The source files.
    pub files: Vec<PathBuf>,
    /// How text files are written.
    pub dialect: Dialect,
    /// What says where a record lies.
    pub position: PositionSource,
    /// All dimensions any table uses.
    pub dimensions: Vec<DimensionSpec>,
    /// Columns that are summed.
    pub measures: Vec<MeasureSpec>,
    /// The reference date.
    pub date: DateSpec,
    /// The column of ids: of several records with the same id and date one is counted. `None` counts every record.
    pub id_column: Option<String>,
    /// The key that makes permanent keys of records from their ids; `None` makes none.
    pub record_key: Option<Key>,
    /// Who records belong to, if a rule asks for it.
    pub contributor: Contributor,
    /// The largest share of rejected records that does not stop the run, 0 to 1.
    pub max_rejects: f64,
    /// Grid sizes; atoms are counted by the finest.
    pub sizes: GridSizes,
    /// Area systems.
    pub systems: Vec<Arc<AreaSystem>>,
    /// The language of the labels of bands.
    pub language: Language,
    /// How many bytes of memory may be used; half of them for records that wait for others with the same id, which beyond that wait
    /// on disk, encrypted. Atoms are always in memory.
    pub memory_bytes: Option<u64>,
}

impl CountSpec {
    /// The share of rejected records that a run allows if its plan says nothing.
    pub const MAX_REJECTS: f64 = 0.01;
}

/// Reads, places and counts all records. Memory is bounded by atoms (with ids: 48 bytes a record more until all are read, or what the limit leaves).
///
/// Fails where too many records are rejected, where none can be placed, and where most coordinates of a file cannot belong to the
/// reference system.
pub(in crate::confidential) fn count(spec: &CountSpec, progress: &dyn Progress) -> Result<(Cube, Account), Error> {
    let counted = count_batches(spec, |wanted, consume| {
        let bytes = |file: &PathBuf| std::fs::metadata(file).map(|metadata| metadata.len()).ok();
        progress.begin(Stage::Read, spec.files.iter().map(bytes).sum());
        let request = Request { files: &spec.files, dialect: &spec.dialect, wanted };
        // A column that the last of many files lacks is told before the first is read.
        resolve(&request).and_then(|()| read(&request, progress, consume))
    });
    progress.end();
    counted
}

/// Batches that begin before this row of a file show whether its reference system can be right. Only they do, so that the answer does not
/// depend on which batch comes first.
const FIRST_ROWS: u64 = 1000;

/// What is done with each batch.
type Consume<'a> = dyn Fn(Batch) -> Result<(), Error> + Sync + 'a;

/// The same for batches from anywhere; `read` gives the number of records read.
fn count_batches(
    spec: &CountSpec,
    read: impl FnOnce(&[Wanted], &Consume<'_>) -> Result<u64, Error>,
) -> Result<(Cube, Account), Error> {
    if !(0.0..=1.0).contains(&spec.max_rejects) {
        return Err(CountError::MaxRejects.into());
    }
    let counting = Counting::new(spec)?;
    let records_read = read(&counting.columns.wanted, &|batch| counting.take(batch))?;

    let Counting { position, builder, idle, .. } = counting;
    let mut account = Account { sources: spec.files.clone(), records_read, ..Account::default() };
    let mut fillers = Vec::new();
    let mut found = AddressTally::default();
    for Worker { filler, rejects, exactly_projected, tally, never_valid } in idle.into_inner().expect("no thread panicked") {
        found.add(tally);
        account.never_valid += never_valid;
        account.rejects.merge(rejects);
        account.exactly_projected += exactly_projected;
        fillers.push(filler);
    }
    if let Position::Coordinates { coordinates, .. } | Position::Geometry { coordinates, .. } = &position {
        account.projection_error_m = coordinates.error_m();
        account.datum_shift = coordinates.datum_shift();
    }
    if let Position::Address { addresses, .. } = &position {
        account.register_rows = Some(addresses.register_rows());
        account.datum_shift = addresses.datum_shift();
    }
    match &position {
        Position::AreaKeys { keys, .. } => account.area_combinations = keys.combinations()?,
        Position::StreetTable { streets, .. } => {
            account.area_combinations = streets.combinations();
            account.street_table_rows = Some(streets.table_rows());
        }
        _ => {}
    }
    // Batches are gone by now; what addresses were looked up in goes too, before the cube is put together.
    drop(position);
    account.grades = found.grades;
    account.keys_mended = found.mended;
    let unmatched = match &spec.position {
        PositionSource::Address(source) => source.unmatched.as_ref(),
        PositionSource::StreetTable(source) => source.unmatched.as_ref(),
        _ => None,
    };
    if let Some(file) = unmatched {
        // Written before anything is refused: it tells what to mend.
        file.write(&spec.files, found.unmatched)?;
    }
    let cube = builder.finish(fillers, &mut account)?;
    account.reference_dates = cube.dates.len();
    CountError::check(&account, spec.max_rejects)?;
    Ok((cube, account))
}

/// A run of counting, shared by all threads.
struct Counting<'s> {
    spec: &'s CountSpec,
    columns: Columns,
    position: Position<'s>,
    builder: CubeBuilder<'s>,
    /// The reference dates that the plan names, ascending.
    days: Vec<u32>,
    idle: Mutex<Vec<Worker>>,
}

/// Where records lie, and the positions of the columns that say so. There is one a run: its size does not matter.
#[allow(clippy::large_enum_variant)]
enum Position<'s> {
    Coordinates { coordinates: Coordinates<'s>, columns: [usize; 2] },
    Geometry { coordinates: Coordinates<'s>, column: usize },
    CellCode { codes: CellCodes<'s>, column: usize },
    Address { addresses: Addresses<'s>, columns: [Option<usize>; 6] },
    AreaKeys { keys: AreaKeys, columns: Vec<usize> },
    StreetTable { streets: StreetAreas<'s>, columns: [Option<usize>; 6] },
}

/// What a thread works with.
struct Worker {
    filler: Filler,
    rejects: Rejects,
    exactly_projected: u64,
    tally: AddressTally,
    never_valid: u64,
}

/// The columns that are read, and who reads them. A column that two read in the same way is read once.
#[derive(Default)]
struct Columns {
    wanted: Vec<Wanted>,
    dimensions: Vec<usize>,
    measures: Vec<usize>,
    date: Option<usize>,
    /// From when and to when a record is valid.
    validity: [Option<usize>; 2],
    id: Option<usize>,
    contributor: Option<usize>,
}

impl Columns {
    fn text(&mut self, name: &str) -> usize {
        self.want(name, Kind::Text)
    }

    fn number(&mut self, name: &str) -> usize {
        self.want(name, Kind::Number)
    }

    fn want(&mut self, name: &str, kind: Kind) -> usize {
        let same = |wanted: &Wanted| {
            wanted.name == name && matches!((&wanted.kind, &kind), (Kind::Text, Kind::Text) | (Kind::Number, Kind::Number))
        };
        self.wanted.iter().position(same).unwrap_or_else(|| {
            self.wanted.push(Wanted { name: name.to_owned(), kind });
            self.wanted.len() - 1
        })
    }
}

impl<'s> Counting<'s> {
    fn new(spec: &'s CountSpec) -> Result<Self, Error> {
        let finest = spec.sizes.finest();
        let mut columns = Columns::default();
        let position = match &spec.position {
            PositionSource::Coordinates { system, x_column, y_column } => Position::Coordinates {
                coordinates: Coordinates::new(system, [x_column, y_column], finest)?,
                columns: [columns.number(x_column), columns.number(y_column)],
            },
            PositionSource::Geometry { system, column } => Position::Geometry {
                coordinates: Coordinates::new(system, [column, column], finest)?,
                column: columns.text(column),
            },
            PositionSource::CellCode { column } => {
                Position::CellCode { codes: CellCodes::new(column, finest), column: columns.text(column) }
            }
            PositionSource::Address(source) => Position::Address {
                addresses: Addresses::new(source, finest)?,
                columns: source.columns.in_order().map(|column| column.map(|name| columns.text(name))),
            },
            PositionSource::AreaKeys { columns: names } => {
                let keys = AreaKeys::new(names, &spec.systems, finest);
                let columns = keys.columns().map(|name| columns.text(name)).collect();
                Position::AreaKeys { keys, columns }
            }
            PositionSource::StreetTable(source) => Position::StreetTable {
                streets: StreetAreas::new(source, &spec.systems, finest)?,
                columns: source.columns.in_order().map(|column| column.map(|name| columns.text(name))),
            },
        };
        for dimension in &spec.dimensions {
            let at = match dimension.kind {
                DimensionKind::Bands(_) => columns.number(&dimension.column),
                DimensionKind::Discovered | DimensionKind::Listed(_) | DimensionKind::AgeBands(..) => {
                    columns.text(&dimension.column)
                }
            };
            columns.dimensions.push(at);
        }
        columns.measures = spec.measures.iter().map(|measure| columns.number(&measure.column)).collect();
        match &spec.date {
            DateSpec::Column(column) => columns.date = Some(columns.text(column)),
            DateSpec::Each { from, to, .. } => {
                columns.validity = [from, to].map(|name| name.as_ref().map(|name| columns.text(name)))
            }
            DateSpec::None | DateSpec::Fixed(_) => {}
        }
        columns.id = spec.id_column.as_ref().map(|column| columns.text(column));
        if let Contributor::Column(column) = &spec.contributor {
            columns.contributor = Some(columns.text(column));
        }
        let builder = CubeBuilder::new(CubeSpec {
            dimensions: &spec.dimensions,
            measures: &spec.measures,
            date: &spec.date,
            id_column: spec.id_column.as_deref(),
            record_keys: spec.record_key.as_ref().map(|key| key.hash_for(Purpose::RecordKeys)),
            contributor: &spec.contributor,
            systems: &spec.systems,
            finest,
            grid: spec.sizes.published(),
            located: !matches!(spec.position, PositionSource::AreaKeys { .. } | PositionSource::StreetTable(_)),
            language: spec.language,
            waiting_bytes: spec.memory_bytes.map(|bytes| bytes / 2),
        })?;
        let days = builder.days();
        Ok(Self { spec, columns, position, builder, days, idle: Mutex::default() })
    }

    fn take(&self, batch: Batch) -> Result<(), Error> {
        let idle = self.idle.lock().expect("no thread panicked").pop();
        let new = || Worker {
            filler: self.builder.filler(),
            rejects: Rejects::default(),
            exactly_projected: 0,
            tally: AddressTally::default(),
            never_valid: 0,
        };
        let mut worker = idle.unwrap_or_else(new);
        let outcome = self.count(batch, &mut worker);
        self.idle.lock().expect("no thread panicked").push(worker);
        outcome
    }

    fn by_coordinates(
        &self,
        coordinates: &Coordinates<'_>,
        xy: [&NumberValues; 2],
        sieve: &mut Sieve<'_>,
        batch: &Batch,
    ) -> Result<Places, Error> {
        if batch.first_row < FIRST_ROWS {
            coordinates.check_system(xy, &self.spec.files[batch.source as usize])?;
        }
        Ok(coordinates.place(xy, sieve))
    }

    fn count(&self, batch: Batch, worker: &mut Worker) -> Result<(), Error> {
        let mut sieve = Sieve::new(&batch, &mut worker.rejects);
        let places = match &self.position {
            Position::Coordinates { coordinates, columns: [x, y] } => {
                self.by_coordinates(coordinates, [number(&batch, *x), number(&batch, *y)], &mut sieve, &batch)?
            }
            Position::Geometry { coordinates, column } => {
                let [x, y] = points_of_geometries(text(&batch, *column), batch.rows);
                self.by_coordinates(coordinates, [&x, &y], &mut sieve, &batch)?
            }
            Position::CellCode { codes, column } => codes.place(text(&batch, *column), &mut sieve),
            Position::Address { addresses, columns } => {
                let texts = columns.map(|column| column.map(|at| text(&batch, at)));
                addresses.place(texts, &mut sieve, &mut worker.tally).0
            }
            Position::AreaKeys { keys, columns } => {
                let texts: Vec<&TextValues> = columns.iter().map(|&at| text(&batch, at)).collect();
                let (places, mended) = keys.place(&texts, &mut sieve);
                worker.tally.mended += mended;
                places
            }
            Position::StreetTable { streets, columns } => {
                let texts = columns.map(|column| column.map(|at| text(&batch, at)));
                streets.place(texts, &mut sieve, &mut worker.tally)
            }
        };
        worker.exactly_projected += places.exactly_projected;
        let date = self.columns.date.map(|at| text(&batch, at));
        let add = |day: Option<u32>, filler: &mut Filler, sieve: &mut Sieve<'_>| {
            let ages = self.ages(&batch, day, date);
            let columns = CubeColumns {
                dimensions: values_of(&self.columns.dimensions, &ages, &batch),
                measures: self.columns.measures.iter().map(|&at| number(&batch, at)).collect(),
                date,
                day: day.and_then(|day| self.days.iter().position(|&other| other == day)).map(|at| at as u32),
                id: self.columns.id.map(|at| text(&batch, at)),
                contributor: self.columns.contributor.map(|at| text(&batch, at)),
            };
            self.builder.add(filler, &columns, &places, sieve)
        };
        let DateSpec::Each { .. } = self.spec.date else {
            return Ok(add(self.days.first().copied(), &mut worker.filler, &mut sieve)?);
        };
        let validity =
            Validity::of(self.columns.validity.map(|column| column.map(|at| text(&batch, at))), &mut sieve, &self.spec.date);
        let standing = sieve.standing().to_vec();
        let mut never: Vec<bool> = standing.clone();
        for &day in &self.days {
            let valid = |row: usize| standing[row] && validity.covers(row, day) && self.is_born(&batch, row, day);
            never.iter_mut().enumerate().for_each(|(row, never)| *never &= !valid(row));
            sieve.stand_again(valid);
            add(Some(day), &mut worker.filler, &mut sieve)?;
        }
        worker.never_valid += never.iter().filter(|&&never| never).count() as u64;
        Ok(())
    }

    /// Ages at the reference date for the dimensions that hold births, none for the others.
    fn ages(&self, batch: &Batch, day: Option<u32>, dates: Option<&TextValues>) -> Vec<Option<Values>> {
        let of_dimension = |(dimension, &at): (&DimensionSpec, &usize)| {
            let DimensionKind::AgeBands(_, cut_off) = dimension.kind else { return None };
            let births = text(batch, at);
            let day_of = |row: usize| day.or_else(|| dates.and_then(|dates| dates.get(row)).and_then(parse_date));
            Some(Values::Number(ages(births, batch.rows, cut_off, day_of)))
        };
        self.spec.dimensions.iter().zip(&self.columns.dimensions).map(of_dimension).collect()
    }

    /// Whether the row's births, if it has any that can be read, are not after the day.
    fn is_born(&self, batch: &Batch, row: usize, day: u32) -> bool {
        let births = self
            .spec
            .dimensions
            .iter()
            .zip(&self.columns.dimensions)
            .filter(|(d, _)| matches!(d.kind, DimensionKind::AgeBands(..)));
        births.filter_map(|(_, &at)| text(batch, at).get(row).and_then(parse_birth)).all(|birth| birth <= day)
    }
}

/// A dimension's values: its ages where it has them, else its column.
fn values_of<'b>(columns: &[usize], ages: &'b [Option<Values>], batch: &'b Batch) -> Vec<&'b Values> {
    columns.iter().zip(ages).map(|(&at, age)| age.as_ref().unwrap_or(&batch.columns[at])).collect()
}

fn number(batch: &Batch, column: usize) -> &NumberValues {
    match &batch.columns[column] {
        Values::Number(numbers) => numbers,
        Values::Text(_) => unreachable!("asked for as numbers"),
    }
}

fn text(batch: &Batch, column: usize) -> &TextValues {
    match &batch.columns[column] {
        Values::Text(texts) => texts,
        Values::Number(_) => unreachable!("asked for as text"),
    }
}

#[cfg(test)]
mod tests;
