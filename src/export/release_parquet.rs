//! `release.parquet`: the protected lattice in long form, zstd, text as dictionaries.
//!
//! Where cells of a level may have several sizes, `size_m` behind the other columns tells each cell's side; it is null for areas.
//!
//! Cost: about 100 ns a row and core; memory about 60 MB a core.

use std::fs::File;
use std::io::BufWriter;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int32Array, Int64Array, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::confidential::{Block, Release, Status, Unit};
use crate::error::Error;
use crate::export::row_groups::write_row_groups;
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

/// What is the same in every row group.
struct Columns<'r> {
    release: &'r Release,
    schema: SchemaRef,
    tables: ArrayRef,
    groups: ArrayRef,
    statuses: ArrayRef,
    /// Number of the lattice's columns: rows a unit has.
    rows_per_unit: usize,
}

fn write_to(release: &Release, file: File) -> Result<(), ParquetError> {
    let columns = Columns::new(release);
    let entry = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    let properties = WriterProperties::builder()
        .set_created_by(concat!("kleinraum version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(vec![
            entry("method", release.method.to_owned()),
            entry("parameters", about::parameters_json(release).to_string()),
        ]))
        .set_statistics_enabled(EnabledStatistics::Chunk);
    // Statistics help a reader to skip row groups by these columns; for the others they would only cost time.
    let without = |properties: WriterPropertiesBuilder, column: &str| {
        properties.set_column_statistics_enabled(ColumnPath::from(column), EnabledStatistics::None)
    };
    let properties = ["table", "group", "status"].into_iter().fold(properties, without).build();
    let out = BufWriter::with_capacity(1 << 20, file);
    let row_groups = row_groups(release, columns.rows_per_unit);
    write_row_groups(out, (&columns.schema, properties), row_groups.len(), |group| {
        row_groups[group].iter().map(|segment| columns.arrays(segment)).collect()
    })
}

fn row_groups(release: &Release, rows_per_unit: usize) -> Vec<Vec<Segment<'_>>> {
    let limit = (ROW_GROUP_ROWS / rows_per_unit.max(1)).max(1);
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
        let text = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let mut fields = vec![
            Field::new("date", text(), true),
            Field::new("level", text(), false),
            Field::new("id", text(), false),
            Field::new("table", text(), false),
            Field::new("group", text(), false),
            Field::new("value", DataType::Int64, true),
            Field::new("status", text(), false),
        ];
        fields.extend(lattice.joined.map(|_| Field::new("size_m", DataType::Int64, true)));
        let strings = |values: Vec<String>| Arc::new(StringArray::from(values)) as ArrayRef;
        Self {
            release,
            schema: Arc::new(Schema::new(fields)),
            tables: strings(columns.iter().map(|c| lattice.table_name(c)).collect()),
            groups: strings(columns.iter().map(|c| lattice.group_name(c)).collect()),
            statuses: strings(Status::ALL.iter().map(|s| s.name().to_owned()).collect()),
            rows_per_unit: columns.len(),
        }
    }

    fn arrays(&self, segment: &Segment<'_>) -> Result<Vec<ArrayRef>, ParquetError> {
        let Segment { block, units } = segment;
        let lattice = &self.release.lattice;
        let per_unit = self.rows_per_unit;
        let rows = units.len() * per_unit;
        let one = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
        let same = || Int32Array::from(vec![0; rows]);
        let date = match lattice.dates[block.date].as_deref() {
            Some(date) => dictionary(same(), one(date))?,
            None => dictionary(Int32Array::from(vec![None; rows]), one(""))?,
        };
        let ids: Vec<String> = block.units[units.clone()].iter().map(|&u| lattice.unit_id(block.level, u)).collect();
        let unit_keys = (0..rows as i32).map(|row| row / per_unit as i32).collect::<Vec<_>>();
        let column_keys = || Int32Array::from((0..rows as i32).map(|row| row % per_unit as i32).collect::<Vec<_>>());
        let numbers = || units.clone().flat_map(|unit| block.numbers(unit).iter().copied());
        let status_key = |status: Status| Status::ALL.iter().position(|&s| s == status).expect("all are listed") as i32;
        let values: Int64Array = numbers().map(|n| n.value()).collect();
        let statuses = Int32Array::from(numbers().map(|n| status_key(n.status())).collect::<Vec<_>>());
        let mut arrays = vec![
            date,
            dictionary(same(), one(&lattice.level_name(block.level)))?,
            dictionary(Int32Array::from(unit_keys), Arc::new(StringArray::from(ids)))?,
            dictionary(column_keys(), self.tables.clone())?,
            dictionary(column_keys(), self.groups.clone())?,
            Arc::new(values),
            dictionary(statuses, self.statuses.clone())?,
        ];
        if lattice.joined.is_some() {
            let size_m = |unit: Unit| match unit {
                Unit::Cell(cell) => Some(i64::from(cell.size().metres())),
                Unit::Area(_) => None,
            };
            let sizes: Int64Array =
                block.units[units.clone()].iter().flat_map(|&unit| std::iter::repeat_n(size_m(unit), per_unit)).collect();
            arrays.push(Arc::new(sizes));
        }
        Ok(arrays)
    }
}

fn dictionary(keys: Int32Array, values: ArrayRef) -> Result<ArrayRef, ParquetError> {
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, values)?))
}
