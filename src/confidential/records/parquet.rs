//! Parquet: only the wanted columns are decoded, row groups in parallel.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, ArrowTemporalType, ArrowTimestampType, Date32Type, Date64Type, Decimal32Type, Decimal64Type,
    Decimal128Type, Decimal256Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use rayon::iter::{IntoParallelIterator, ParallelBridge, ParallelIterator};

use super::batch::{Batch, NumberState, Values};
use super::failure::RecordsError;
use super::geopackage::hexadecimal;
use super::number::NumberForm;
use super::source::Source;
use super::{Consume, Errand, Kind, Wanted, positions};
use crate::error::Error;

/// Reads a file. Where it has fewer row groups than there are threads, one thread at a time decodes and all consume.
pub(super) fn read(errand: &Errand, consume: Consume) -> Result<u64, Error> {
    let opened = Opened::new(&errand.source)?.with_shared_texts();
    let columns = opened.resolve(errand.request.wanted)?;
    let kinds: Vec<Kind> = errand.request.wanted.iter().map(|wanted| wanted.kind).collect();
    let form = match errand.request.dialect.decimal {
        Some(sign) => NumberForm { decimal: sign as u8, certain: true },
        None => NumberForm::PLAIN,
    };
    let reading = Reading { errand, opened: &opened, columns, kinds, form, rows_done: AtomicU64::new(0) };
    let groups = opened.metadata.metadata().row_groups();
    if groups.len() >= rayon::current_num_threads() {
        let mut first_rows = Vec::with_capacity(groups.len());
        let mut next = 1;
        for group in groups {
            first_rows.push(next);
            next += group.num_rows() as u64;
        }
        (0..groups.len()).into_par_iter().map(|group| reading.group(group, first_rows[group], consume)).try_reduce(|| 0, add)
    } else {
        let mut next = 1;
        let numbered = reading.reader(None)?.map(|rows| {
            let first_row = next;
            next += rows.as_ref().map_or(0, RecordBatch::num_rows) as u64;
            (first_row, rows)
        });
        numbered
            .par_bridge()
            .map(|(first_row, rows)| reading.hand_on(&rows.map_err(|_| opened.corrupt())?, first_row, consume))
            .try_reduce(|| 0, add)
    }
}

fn add(a: u64, b: u64) -> Result<u64, Error> {
    Ok(a + b)
}

/// Checks the columns and their types.
pub(super) fn resolve(source: &Source, wanted: &[Wanted]) -> Result<(), RecordsError> {
    Opened::new(source)?.resolve(wanted).map(drop)
}

/// The reference system of a GeoParquet file's primary geometry: longitude and latitude where it says nothing (GeoParquet 1.1); `None` for a file that is
/// none.
pub(super) fn declared_system(source: &Source) -> Result<Option<String>, RecordsError> {
    let opened = Opened::new(source)?;
    let entries = opened.metadata.metadata().file_metadata().key_value_metadata();
    let geo = entries.into_iter().flatten().find(|entry| entry.key == "geo").and_then(|entry| entry.value.as_deref());
    let Some(geo) = geo.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok()) else { return Ok(None) };
    let column = geo["primary_column"].as_str().unwrap_or("geometry");
    let id = &geo["columns"][column]["crs"]["id"];
    Ok(Some(match (id["authority"].as_str(), id["code"].as_u64()) {
        (Some("EPSG"), Some(code)) => format!("EPSG:{code}"),
        _ => "EPSG:4326".to_owned(),
    }))
}

/// The first rows as text: every column that can be text, with its name.
pub(super) fn sample(source: &Source, rows: usize) -> Result<(Vec<String>, Batch), RecordsError> {
    let opened = Opened::new(source)?;
    let header = opened.header();
    let fields = opened.metadata.schema().fields();
    let columns: Vec<usize> = (0..header.len()).filter(|&column| is_readable(fields[column].data_type())).collect();
    let kept: Vec<String> = columns.iter().map(|&column| header[column].clone()).collect();
    let reader = opened.reader(&columns, None, rows.min(Batch::MAX_ROWS))?;
    let mut batch = Batch::new(0, 1, kept.iter().map(|_| Kind::Text));
    if let Some(decoded) = reader.into_iter().next() {
        let decoded = decoded.map_err(|_| opened.corrupt())?;
        batch.rows = decoded.num_rows();
        for (column, values) in batch.columns.iter_mut().enumerate() {
            fill(values, decoded.column(column).as_ref(), NumberForm::PLAIN);
        }
    }
    Ok((kept, batch))
}

struct Opened<'a> {
    source: &'a Source,
    metadata: ArrowReaderMetadata,
}

impl<'a> Opened<'a> {
    fn new(source: &'a Source) -> Result<Self, RecordsError> {
        let file = File::open(&source.file).map_err(|cause| RecordsError::opening(&source.file, cause))?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|error| {
            // a complete file ends with the magic bytes it begins with
            let truncated = !ends_with_magic(source) || matches!(error, ParquetError::EOF(_) | ParquetError::NeedMoreData(_));
            match truncated {
                true => RecordsError::Truncated { file: source.file.clone(), format: "Parquet" },
                false => RecordsError::Corrupt { file: source.file.clone(), format: "Parquet" },
            }
        })?;
        Ok(Self { source, metadata })
    }

    /// Has the reader leave texts in the dictionaries that the file keeps them in, where they are repeated so often that this is all but
    /// a few bits a row: they need not be copied and looked up row by row.
    fn with_shared_texts(self) -> Self {
        let metadata = self.metadata.metadata();
        let leaves = metadata.file_metadata().schema_descr().columns();
        let repeated = |field: &Field| {
            let leaf = leaves.iter().position(|leaf| leaf.path().parts() == std::slice::from_ref(field.name()));
            // A text by itself takes four bytes and more.
            let few_bytes = |leaf| {
                metadata.row_groups().iter().all(|group| group.column(leaf).uncompressed_size() < 2 * group.num_rows().max(64))
            };
            matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) && leaf.is_some_and(few_bytes)
        };
        let shared = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let of_field = |field: &FieldRef| match repeated(field) {
            true => Arc::new(field.as_ref().clone().with_data_type(shared())),
            false => field.clone(),
        };
        let schema = self.metadata.schema();
        let schema =
            Schema::new_with_metadata(schema.fields().iter().map(of_field).collect::<Fields>(), schema.metadata().clone());
        let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
        match ArrowReaderMetadata::try_new(Arc::clone(metadata), options) {
            Ok(metadata) => Self { metadata, ..self },
            // The reader cannot do it with this file: it reads the texts one by one.
            Err(_) => self,
        }
    }

    fn corrupt(&self) -> RecordsError {
        RecordsError::Corrupt { file: self.source.file.clone(), format: "Parquet" }
    }

    fn header(&self) -> Vec<String> {
        self.metadata.schema().fields().iter().map(|field| field.name().trim().to_owned()).collect()
    }

    fn resolve(&self, wanted: &[Wanted]) -> Result<Vec<usize>, RecordsError> {
        let columns = positions(&self.source.file, &self.header(), wanted)?;
        for &column in &columns {
            let field = self.metadata.schema().field(column);
            if !is_readable(field.data_type()) && !is_bytes(field.data_type()) {
                let (column, found) = (field.name().clone(), field.data_type().to_string());
                return Err(RecordsError::ColumnType { file: self.source.file.clone(), column, found });
            }
        }
        Ok(columns)
    }

    /// Decodes `columns` of one row group or all. The decoded columns are in the order of the file, each once.
    fn reader(&self, columns: &[usize], group: Option<usize>, rows: usize) -> Result<ParquetRecordBatchReader, RecordsError> {
        // opened anew: a cloned handle shares its offset, and readers of other row groups would move it
        let file = File::open(&self.source.file).map_err(|cause| RecordsError::opening(&self.source.file, cause))?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
        let builder = builder.with_projection(mask).with_batch_size(rows);
        let builder = match group {
            Some(group) => builder.with_row_groups(vec![group]),
            None => builder,
        };
        builder.build().map_err(|_| self.corrupt())
    }
}

fn ends_with_magic(source: &Source) -> bool {
    use std::io::{Read, Seek, SeekFrom};
    let mut tail = [0; 4];
    let read = File::open(&source.file).and_then(|mut file| {
        file.seek(SeekFrom::End(-4))?;
        file.read_exact(&mut tail)
    });
    read.is_ok() && source.bytes >= 12 && &tail == b"PAR1"
}

struct Reading<'a> {
    errand: &'a Errand<'a>,
    opened: &'a Opened<'a>,
    columns: Vec<usize>,
    kinds: Vec<Kind>,
    form: NumberForm,
    rows_done: AtomicU64,
}

impl Reading<'_> {
    fn reader(&self, group: Option<usize>) -> Result<ParquetRecordBatchReader, RecordsError> {
        self.opened.reader(&self.columns, group, Batch::MAX_ROWS)
    }

    fn group(&self, group: usize, first_row: u64, consume: Consume) -> Result<u64, Error> {
        let mut rows = 0;
        for decoded in self.reader(Some(group))? {
            rows += self.hand_on(&decoded.map_err(|_| self.opened.corrupt())?, first_row + rows, consume)?;
        }
        Ok(rows)
    }

    fn hand_on(&self, decoded: &RecordBatch, first_row: u64, consume: Consume) -> Result<u64, Error> {
        let mut batch = Batch::new(self.errand.position, first_row, self.kinds.iter().copied());
        batch.rows = decoded.num_rows();
        let mut in_file_order = self.columns.clone();
        in_file_order.sort_unstable();
        in_file_order.dedup();
        for (column, values) in self.columns.iter().zip(&mut batch.columns) {
            let place = in_file_order.binary_search(column).expect("every wanted column is decoded");
            fill(values, decoded.column(place).as_ref(), self.form);
        }
        let rows = batch.rows as u64;
        self.tell_progress(rows);
        if rows > 0 {
            consume(batch)?;
        }
        Ok(rows)
    }

    /// Spreads the bytes of the file evenly over its rows, so that the sum is exact.
    fn tell_progress(&self, rows: u64) {
        let total = u128::try_from(self.opened.metadata.metadata().file_metadata().num_rows()).unwrap_or(0).max(1);
        let before = self.rows_done.fetch_add(rows, Ordering::Relaxed);
        let bytes_at = |rows: u64| (u128::from(self.errand.source.bytes) * u128::from(rows) / total) as u64;
        self.errand.progress.advance(bytes_at(before + rows) - bytes_at(before));
    }
}

fn is_readable(of: &DataType) -> bool {
    match of {
        DataType::Dictionary(_, values) => is_readable(values),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Boolean | DataType::Null => true,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => true,
        of => of.is_numeric(),
    }
}

/// Geometries: as text they are hexadecimal digits.
fn is_bytes(of: &DataType) -> bool {
    matches!(of, DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
}

/// Appends an array's values. Types are those of [`is_readable`] and [`is_bytes`].
fn fill(values: &mut Values, array: &dyn Array, form: NumberForm) {
    macro_rules! numbers {
        ($($data_type:ident => $arrow:ty),*) => {
            match array.data_type() {
                $(DataType::$data_type => return fill_numbers::<$arrow>(values, array),)*
                _ => {}
            }
        };
    }
    numbers!(Int8 => Int8Type, Int16 => Int16Type, Int32 => Int32Type, UInt8 => UInt8Type, UInt16 => UInt16Type, UInt32 => UInt32Type);
    numbers!(Float32 => Float32Type, Float64 => Float64Type);
    let text =
        |at: usize, value: Option<&str>, values: &mut Values| push_text(values, value.filter(|_| !array.is_null(at)), form);
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().enumerate().for_each(|(i, v)| text(i, v, values)),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().enumerate().for_each(|(i, v)| text(i, v, values)),
        DataType::Utf8View => array.as_string_view().iter().enumerate().for_each(|(i, v)| text(i, v, values)),
        DataType::Binary => array.as_binary::<i32>().iter().for_each(|v| push_text(values, v.map(hexadecimal).as_deref(), form)),
        DataType::LargeBinary => {
            array.as_binary::<i64>().iter().for_each(|v| push_text(values, v.map(hexadecimal).as_deref(), form))
        }
        DataType::BinaryView => {
            array.as_binary_view().iter().for_each(|v| push_text(values, v.map(hexadecimal).as_deref(), form))
        }
        DataType::Boolean => {
            let name = |value: bool| if value { "true" } else { "false" };
            array.as_boolean().iter().enumerate().for_each(|(i, v)| text(i, v.map(name), values));
        }
        // 64 bits do not fit f64: as a number rounded, as text exact
        DataType::Int64 => fill_formatted::<Int64Type>(values, array, |v| v.to_string()),
        DataType::UInt64 => fill_formatted::<UInt64Type>(values, array, |v| v.to_string()),
        DataType::Float16 => fill_formatted::<Float16Type>(values, array, |v| float_text(f64::from(v))),
        DataType::Decimal32(_, scale) => fill_formatted::<Decimal32Type>(values, array, |v| decimal_text(&v.to_string(), *scale)),
        DataType::Decimal64(_, scale) => fill_formatted::<Decimal64Type>(values, array, |v| decimal_text(&v.to_string(), *scale)),
        DataType::Decimal128(_, scale) => {
            fill_formatted::<Decimal128Type>(values, array, |v| decimal_text(&v.to_string(), *scale))
        }
        DataType::Decimal256(_, scale) => {
            fill_formatted::<Decimal256Type>(values, array, |v| decimal_text(&v.to_string(), *scale))
        }
        DataType::Date32 => fill_dates::<Date32Type>(values, array),
        DataType::Date64 => fill_dates::<Date64Type>(values, array),
        DataType::Timestamp(TimeUnit::Second, _) => fill_timestamps::<TimestampSecondType>(values, array),
        DataType::Timestamp(TimeUnit::Millisecond, _) => fill_timestamps::<TimestampMillisecondType>(values, array),
        DataType::Timestamp(TimeUnit::Microsecond, _) => fill_timestamps::<TimestampMicrosecondType>(values, array),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => fill_timestamps::<TimestampNanosecondType>(values, array),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let mut texts = Values::Text(super::TextValues::default());
            fill(&mut texts, dictionary.values().as_ref(), form);
            let Values::Text(texts) = texts else { return };
            if let (Values::Text(_), Some(keys)) = (&*values, dictionary.keys().as_primitive_opt::<Int32Type>())
                && values.len() == 0
            {
                // Texts that are shared in the file stay so.
                *values = Values::Text(texts.shared(keys.iter().map(|key| key.map(|key| key as u32))));
                return;
            }
            let keys = if texts.len() == 0 { vec![0; array.len()] } else { dictionary.normalized_keys() };
            for (i, key) in keys.into_iter().enumerate() {
                text(i, (texts.len() > 0).then(|| texts.get(key)).flatten(), values);
            }
        }
        _ => (0..array.len()).for_each(|_| values.push_missing()),
    }
}

/// Types that `f64` holds exactly.
fn fill_numbers<T: ArrowPrimitiveType<Native: Into<f64>>>(values: &mut Values, array: &dyn Array) {
    if let (Values::Number(numbers), 0) = (&mut *values, array.null_count()) {
        numbers.extend(array.as_primitive::<T>().values().iter().map(|&value| value.into()));
        return;
    }
    for value in array.as_primitive::<T>() {
        match (&mut *values, value.map(Into::<f64>::into)) {
            (Values::Number(numbers), Some(value)) => numbers.push(value, NumberState::Number),
            (Values::Text(texts), Some(value)) => texts.push(&float_text(value)),
            (values, None) => values.push_missing(),
        }
    }
}

fn fill_formatted<T: ArrowPrimitiveType>(values: &mut Values, array: &dyn Array, format: impl Fn(T::Native) -> String) {
    let plain = NumberForm { decimal: b'.', certain: true };
    for value in array.as_primitive::<T>() {
        push_text(values, value.map(&format).as_deref(), plain);
    }
}

fn fill_dates<T: ArrowTemporalType>(values: &mut Values, array: &dyn Array)
where
    i64: From<T::Native>,
{
    let dates = array.as_primitive::<T>();
    for i in 0..dates.len() {
        let date = (!dates.is_null(i)).then(|| dates.value_as_date(i)).flatten();
        push_text(values, date.map(|date| date.to_string()).as_deref(), NumberForm::PLAIN);
    }
}

/// ISO 8601, without the time where it is midnight.
fn fill_timestamps<T: ArrowTimestampType>(values: &mut Values, array: &dyn Array) {
    let times = array.as_primitive::<T>();
    for i in 0..times.len() {
        let time = (!times.is_null(i)).then(|| times.value_as_datetime(i)).flatten();
        let text = time.map(|time| time.to_string().replace(' ', "T"));
        let text = text.as_deref().map(|text| text.strip_suffix("T00:00:00").unwrap_or(text));
        push_text(values, text, NumberForm::PLAIN);
    }
}

fn push_text(values: &mut Values, text: Option<&str>, form: NumberForm) {
    match (values, text) {
        (Values::Text(texts), text) => texts.push(text.unwrap_or_default()),
        (Values::Number(numbers), text) => {
            let (value, state) = form.parse(text.unwrap_or_default().as_bytes());
            numbers.push(value, state);
        }
    }
}

/// Whole numbers without decimals (an integer column with gaps is often stored as float), NaN as missing.
pub(super) fn float_text(value: f64) -> String {
    match value {
        value if value.is_nan() => String::new(),
        value if value.fract() == 0.0 && value.abs() < 1e15 => (value as i64).to_string(),
        value => value.to_string(),
    }
}

/// `-1250` with scale 2 is `-12.5`, with scale -2 it is `-125000`.
fn decimal_text(unscaled: &str, scale: i8) -> String {
    let (sign, digits) = unscaled.strip_prefix('-').map_or(("", unscaled), |digits| ("-", digits));
    if scale <= 0 {
        return format!("{sign}{digits}{}", "0".repeat(usize::from(scale.unsigned_abs())));
    }
    let scale = usize::from(scale.unsigned_abs());
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}
