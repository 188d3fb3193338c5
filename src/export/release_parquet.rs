//! `release.parquet`: the protected lattice in long form, zstd, text as dictionaries.
//!
//! Where cells of a level may have several sizes, `size_m` behind the other columns tells each cell's side; it is null for areas.
//!
//! Cost: about 20 ns a row and core; memory about 60 MB a core.

use std::fs::File;
use std::hash::Hash;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{SchemaDescriptor, Type};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::confidential::{Block, Level, Release, Status, Unit};
use crate::error::Error;
use crate::export::dictionary_chunk::{Codes, Dictionary, DictionaryChunk, NULL, compression};
use crate::export::{ExportError, about};

/// Rows in a row group, about: what DuckDB and pyarrow read well in parallel.
const ROW_GROUP_ROWS: usize = 1 << 20;

pub(super) fn write(release: &Release, path: &Path) -> Result<(), Error> {
    let file = File::create(path).map_err(|e| ExportError::io(path, &e))?;
    write_to(release, file).map_err(|e| ExportError::parquet(path, &e).into())
}

/// Units of one block that stand in one row group.
struct Segment<'r> {
    block: &'r Block,
    units: Range<usize>,
}

/// Row groups for each thread between two rests, when what was encoded is written.
const WAVE: usize = 3;

/// What is the same in every row group.
struct Columns<'r> {
    release: &'r Release,
    tables: Vec<String>,
    groups: Vec<String>,
    /// Number of the lattice's columns: rows a unit has.
    rows_per_unit: usize,
    /// Tables and groups of a full row group.
    full: OnceLock<[DictionaryChunk; 2]>,
}

fn write_to(release: &Release, file: File) -> Result<(), ParquetError> {
    let columns = Columns::new(release);
    let entry = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    let properties = WriterProperties::builder()
        .set_created_by(concat!("kleinraum version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(compression()?)
        .set_key_value_metadata(Some(vec![
            entry("method", release.method.to_owned()),
            entry("parameters", about::parameters_json(release).to_string()),
        ]))
        .build();
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let mut writer = SerializedFileWriter::new(&mut out, Arc::new(schema(release)?), Arc::new(properties))?;
    let schema = writer.schema_descr().clone();
    // Some row groups at once, appended in order: the bytes do not depend on how many.
    for wave in row_groups(release, columns.rows_per_unit).chunks(WAVE * rayon::current_num_threads()) {
        let encoded: Vec<_> =
            wave.par_iter().with_max_len(1).map(|segments| columns.chunks(segments, &schema)).collect::<Result<_, _>>()?;
        for chunks in encoded {
            let mut row_group = writer.next_row_group()?;
            for DictionaryChunk { bytes, close } in chunks {
                row_group.append_column(&bytes, close)?;
            }
            row_group.close()?;
        }
    }
    writer.close()?;
    Ok(out.flush()?)
}

/// The columns, in order, with whether statistics help readers to skip row groups by them.
fn schema(release: &Release) -> Result<Type, ParquetError> {
    let column = |name: &str, physical, repetition| {
        let logical = (physical == Physical::BYTE_ARRAY).then_some(LogicalType::String);
        let builder = Type::primitive_type_builder(name, physical).with_repetition(repetition).with_logical_type(logical);
        builder.build().map(Arc::new)
    };
    let text = |name| column(name, Physical::BYTE_ARRAY, Repetition::REQUIRED);
    let mut fields = vec![
        column("date", Physical::BYTE_ARRAY, Repetition::OPTIONAL)?,
        text("level")?,
        text("id")?,
        text("table")?,
        text("group")?,
        column("value", Physical::INT64, Repetition::OPTIONAL)?,
        text("status")?,
    ];
    if release.lattice.joined.is_some() {
        fields.push(column("size_m", Physical::INT64, Repetition::OPTIONAL)?);
    }
    Type::group_type_builder("arrow_schema").with_fields(fields).build()
}

fn row_groups(release: &Release, rows_per_unit: usize) -> Vec<Vec<Segment<'_>>> {
    let limit = units_in_a_row_group(rows_per_unit);
    let mut groups: Vec<Vec<Segment<'_>>> = Vec::new();
    let mut room = 0;
    for block in &release.blocks {
        let mut start = 0;
        while start < block.units.len() {
            if room == 0 {
                groups.push(Vec::new());
                room = limit;
            }
            let end = block.units.len().min(start + room);
            groups.last_mut().expect("a group was begun").push(Segment { block, units: start..end });
            room -= end - start;
            start = end;
        }
    }
    groups
}

impl<'r> Columns<'r> {
    fn new(release: &'r Release) -> Self {
        let lattice = &release.lattice;
        let columns = lattice.columns();
        Self {
            release,
            tables: columns.iter().map(|column| lattice.table_name(column)).collect(),
            groups: columns.iter().map(|column| lattice.group_name(column)).collect(),
            rows_per_unit: columns.len(),
            full: OnceLock::new(),
        }
    }

    /// The columns of a row group.
    fn chunks(&self, segments: &[Segment<'_>], schema: &SchemaDescriptor) -> Result<Vec<DictionaryChunk>, ParquetError> {
        let lattice = &self.release.lattice;
        let per_unit = self.rows_per_unit;
        let units = || segments.iter().flat_map(|segment| segment.units.clone().map(move |unit| (segment.block, unit)));
        let (mut dates, mut levels, mut sizes) = (Coded::default(), Coded::default(), Coded::default());
        for segment in segments {
            let rows = segment.units.len() * per_unit;
            dates.push(lattice.dates[segment.block.date].clone(), rows);
            levels.push(Some(lattice.level_name(segment.block.level)), rows);
            for unit in segment.units.clone().filter(|_| lattice.joined.is_some()) {
                let size_m = match segment.block.units[unit] {
                    Unit::Cell(cell) => Some(i64::from(cell.size().metres())),
                    Unit::Area(_) => None,
                };
                sizes.push(size_m, per_unit);
            }
        }
        let [tables, groups] = self.names(segments.iter().map(|segment| segment.units.len()).sum(), schema)?;
        let [values, statuses] = numbers(segments);
        let chunk = |at: usize, (dictionary, codes, statistics): (Dictionary, Codes, bool)| {
            DictionaryChunk::new(&schema.column(at), &dictionary, &codes, statistics)
        };
        let texts = |coded: Coded<String>| (Dictionary::Texts(coded.values), Codes::Runs(coded.runs), true);
        let ids = match segments {
            // Cells of one level of one date are all different.
            [Segment { block: block @ Block { level: Level::Grid(_), .. }, units }] => {
                let ids = block.units[units.clone()].iter().map(|&unit| lattice.unit_id(block.level, unit)).collect();
                (Dictionary::Texts(ids), Codes::Runs((0..units.len() as u32).map(|code| (code, per_unit)).collect()), true)
            }
            _ => {
                let mut ids = Coded::default();
                units().for_each(|(block, unit)| ids.push(Some(lattice.unit_id(block.level, block.units[unit])), per_unit));
                texts(ids)
            }
        };
        let mut chunks = vec![
            chunk(0, texts(dates))?,
            chunk(1, texts(levels))?,
            chunk(2, ids)?,
            tables,
            groups,
            chunk(5, values)?,
            chunk(6, statuses)?,
        ];
        if lattice.joined.is_some() {
            chunks.push(chunk(7, (Dictionary::Numbers(sizes.values), Codes::Runs(sizes.runs), true))?);
        }
        Ok(chunks)
    }

    /// The columns of tables and groups, which are the same for all row groups of as many units.
    fn names(&self, units: usize, schema: &SchemaDescriptor) -> Result<[DictionaryChunk; 2], ParquetError> {
        let encode = || -> Result<[DictionaryChunk; 2], ParquetError> {
            let of = |at: usize, names: &[String]| {
                let mut coded = Coded::default();
                names.iter().for_each(|name| coded.push(Some(name.clone()), 1));
                let codes = Codes::Runs(coded.runs.repeat(units));
                DictionaryChunk::new(&schema.column(at), &Dictionary::Texts(coded.values), &codes, false)
            };
            Ok([of(3, &self.tables)?, of(4, &self.groups)?])
        };
        if units != units_in_a_row_group(self.rows_per_unit) {
            return encode();
        }
        match self.full.get() {
            Some(full) => Ok(full.clone()),
            None => encode().map(|chunks| self.full.get_or_init(|| chunks).clone()),
        }
    }
}

/// How many units a row group has that is full.
fn units_in_a_row_group(rows_per_unit: usize) -> usize {
    (ROW_GROUP_ROWS / rows_per_unit.max(1)).max(1)
}

/// Numbers from 0 below this have their codes in a list rather than in a map.
const SMALL: usize = 1 << 12;

/// The columns of values and of their statuses.
fn numbers(segments: &[Segment<'_>]) -> [(Dictionary, Codes, bool); 2] {
    let rows = segments.iter().map(|segment| segment.block.all_numbers(segment.units.clone()).len()).sum();
    let (mut values, mut codes) = (Coded::default(), Vec::with_capacity(rows));
    let mut small = vec![NULL; SMALL];
    let mut statuses: Vec<Status> = Vec::new();
    let (mut status_codes, mut of_status) = (Vec::with_capacity(rows), [NULL; Status::ALL.len()]);
    for &number in segments.iter().flat_map(|segment| segment.block.all_numbers(segment.units.clone())) {
        let value = number.value();
        let known = value.and_then(|value| small.get_mut(usize::try_from(value).ok()?));
        codes.push(match known {
            Some(code) => {
                if *code == NULL {
                    *code = values.code(value);
                }
                *code
            }
            None => values.code(value),
        });
        let status = number.status();
        let code = &mut of_status[status as usize];
        if *code == NULL {
            *code = statuses.len() as u32;
            statuses.push(status);
        }
        status_codes.push(*code);
    }
    let names = statuses.iter().map(|status| status.name().to_owned()).collect();
    [(Dictionary::Numbers(values.values), Codes::Each(codes), true), (Dictionary::Texts(names), Codes::Each(status_codes), false)]
}

/// A column's different values in the order of their first rows, and the codes of runs of rows.
struct Coded<T> {
    values: Vec<T>,
    runs: Vec<(u32, usize)>,
    known: FxHashMap<T, u32>,
}

impl<T> Default for Coded<T> {
    fn default() -> Self {
        Self { values: Vec::new(), runs: Vec::new(), known: FxHashMap::default() }
    }
}

impl<T: Clone + Eq + Hash> Coded<T> {
    fn code(&mut self, value: Option<T>) -> u32 {
        let Some(value) = value else { return NULL };
        let values = &mut self.values;
        *self.known.entry(value).or_insert_with_key(|value| {
            values.push(value.clone());
            values.len() as u32 - 1
        })
    }

    /// Appends rows of one value.
    fn push(&mut self, value: Option<T>, rows: usize) {
        let code = self.code(value);
        self.runs.push((code, rows));
    }
}
