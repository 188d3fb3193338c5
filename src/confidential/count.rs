//! The first half of the door: records in, raw counts per atom and an account of what was read out.
//!
//! Parallelism is here: `records::read` calls back with batches from all threads; each call takes an idle filler (or makes one),
//! places and counts its batch, and gives the filler back. The order of batches does not matter.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::area::AreaSystem;
use crate::confidential::account::{Account, Rejects};
use crate::confidential::cube::{
    Contributor, Cube, CubeBuilder, CubeColumns, CubeSpec, DateSpec, DimensionKind, DimensionSpec, Filler, MeasureSpec,
};
use crate::confidential::georeference::{AddressTally, Addresses, CellCodes, Coordinates, PositionSource};
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
}

impl CountSpec {
    /// The share of rejected records that a run allows if its plan says nothing.
    pub const MAX_REJECTS: f64 = 0.01;
}

/// Reads, places and counts all records. Memory is bounded by atoms (with ids: 48 bytes a record more until all are read).
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
    for Worker { filler, rejects, exactly_projected, tally } in idle.into_inner().expect("no thread panicked") {
        found.add(tally);
        account.rejects.merge(rejects);
        account.exactly_projected += exactly_projected;
        fillers.push(filler);
    }
    if let Position::Coordinates { coordinates, .. } = &position {
        account.projection_error_m = coordinates.error_m();
    }
    if let Position::Address { addresses, .. } = &position {
        account.register_rows = Some(addresses.register_rows());
    }
    account.grades = found.grades;
    if let PositionSource::Address(source) = &spec.position
        && let Some(file) = &source.unmatched
    {
        // Written before anything is refused: it tells what to mend.
        file.write(&spec.files, found.unmatched)?;
    }
    let cube = builder.finish(fillers, &mut account)?;
    CountError::check(&account, spec.max_rejects)?;
    Ok((cube, account))
}

/// A run of counting, shared by all threads.
struct Counting<'s> {
    spec: &'s CountSpec,
    columns: Columns,
    position: Position<'s>,
    builder: CubeBuilder<'s>,
    idle: Mutex<Vec<Worker>>,
}

/// Where records lie, and the positions of the columns that say so. There is one a run: its size does not matter.
#[allow(clippy::large_enum_variant)]
enum Position<'s> {
    Coordinates { coordinates: Coordinates<'s>, columns: [usize; 2] },
    CellCode { codes: CellCodes<'s>, column: usize },
    Address { addresses: Addresses<'s>, columns: [Option<usize>; 6] },
}

/// What a thread works with.
struct Worker {
    filler: Filler,
    rejects: Rejects,
    exactly_projected: u64,
    tally: AddressTally,
}

/// The columns that are read, and who reads them. A column that two read in the same way is read once.
#[derive(Default)]
struct Columns {
    wanted: Vec<Wanted>,
    dimensions: Vec<usize>,
    measures: Vec<usize>,
    date: Option<usize>,
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
            PositionSource::CellCode { column } => {
                Position::CellCode { codes: CellCodes::new(column, finest), column: columns.text(column) }
            }
            PositionSource::Address(source) => Position::Address {
                addresses: Addresses::new(source, finest)?,
                columns: source.columns.in_order().map(|column| column.map(|name| columns.text(name))),
            },
        };
        for dimension in &spec.dimensions {
            let at = match dimension.kind {
                DimensionKind::Bands(_) => columns.number(&dimension.column),
                DimensionKind::Discovered | DimensionKind::Listed(_) => columns.text(&dimension.column),
            };
            columns.dimensions.push(at);
        }
        columns.measures = spec.measures.iter().map(|measure| columns.number(&measure.column)).collect();
        if let DateSpec::Column(column) = &spec.date {
            columns.date = Some(columns.text(column));
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
            language: spec.language,
        })?;
        Ok(Self { spec, columns, position, builder, idle: Mutex::default() })
    }

    fn take(&self, batch: Batch) -> Result<(), Error> {
        let idle = self.idle.lock().expect("no thread panicked").pop();
        let new = || Worker {
            filler: self.builder.filler(),
            rejects: Rejects::default(),
            exactly_projected: 0,
            tally: AddressTally::default(),
        };
        let mut worker = idle.unwrap_or_else(new);
        let outcome = self.count(batch, &mut worker);
        self.idle.lock().expect("no thread panicked").push(worker);
        outcome
    }

    fn count(&self, batch: Batch, worker: &mut Worker) -> Result<(), Error> {
        let mut sieve = Sieve::new(&batch, &mut worker.rejects);
        let places = match &self.position {
            Position::Coordinates { coordinates, columns: [x, y] } => {
                let xy = [number(&batch, *x), number(&batch, *y)];
                if batch.first_row < FIRST_ROWS {
                    coordinates.check_system(xy, &self.spec.files[batch.source as usize])?;
                }
                coordinates.place(xy, &mut sieve)
            }
            Position::CellCode { codes, column } => codes.place(text(&batch, *column), &mut sieve),
            Position::Address { addresses, columns } => {
                let texts = columns.map(|column| column.map(|at| text(&batch, at)));
                addresses.place(texts, &mut sieve, &mut worker.tally).0
            }
        };
        worker.exactly_projected += places.exactly_projected;
        let columns = CubeColumns {
            dimensions: self.columns.dimensions.iter().map(|&at| &batch.columns[at]).collect(),
            measures: self.columns.measures.iter().map(|&at| number(&batch, at)).collect(),
            date: self.columns.date.map(|at| text(&batch, at)),
            id: self.columns.id.map(|at| text(&batch, at)),
            contributor: self.columns.contributor.map(|at| text(&batch, at)),
        };
        Ok(self.builder.add(&mut worker.filler, &columns, &places, &mut sieve)?)
    }
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
