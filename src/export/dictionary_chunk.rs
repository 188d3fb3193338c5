//! Column chunks of Parquet out of codes into a dictionary, for columns of which few different values fill many rows.
//!
//! The library's writer hashes every value of every row to find its dictionary again; here the dictionary is known, and runs of one code cost as
//! much as one. Format: Apache Parquet, Encodings.md, "Dictionary Encoding" and "Run Length Encoding / Bit-Packing Hybrid". Cost: 1 to 3 ns a
//! row and column beside compression, where the library takes 50.

use std::io;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

/// The code of a row without a value.
pub(super) const NULL: u32 = u32::MAX;
/// Rows in a page: what readers skip by, and few enough that a page stays in cache.
const PAGE_ROWS: usize = 1 << 17;
/// The compression of all chunks.
pub(super) const COMPRESSION_LEVEL: i32 = 1;

/// The code of each row of a column.
pub(super) enum Codes {
    /// One for each row.
    Each(Vec<u32>),
    /// Codes, each with how many rows in a row have it.
    Runs(Vec<(u32, usize)>),
}

impl Codes {
    fn rows(&self) -> usize {
        match self {
            Self::Each(codes) => codes.len(),
            Self::Runs(runs) => runs.iter().map(|run| run.1).sum(),
        }
    }

    /// The same, page by page.
    fn pages(&self) -> Vec<PageCodes<'_>> {
        let runs = match self {
            Self::Each(codes) => return codes.chunks(PAGE_ROWS).map(PageCodes::Each).collect(),
            Self::Runs(runs) => runs,
        };
        let (mut pages, mut page, mut room) = (Vec::new(), Vec::new(), PAGE_ROWS);
        for &(code, mut rows) in runs {
            while rows > 0 {
                let here = rows.min(room);
                page.push((code, here));
                (rows, room) = (rows - here, room - here);
                if room == 0 {
                    pages.push(PageCodes::Runs(std::mem::take(&mut page)));
                    room = PAGE_ROWS;
                }
            }
        }
        if !page.is_empty() {
            pages.push(PageCodes::Runs(page));
        }
        pages
    }
}

/// The codes of a page.
enum PageCodes<'c> {
    Each(&'c [u32]),
    Runs(Vec<(u32, usize)>),
}

impl PageCodes<'_> {
    fn rows(&self) -> usize {
        match self {
            Self::Each(codes) => codes.len(),
            Self::Runs(runs) => runs.iter().map(|run| run.1).sum(),
        }
    }

    fn nulls(&self) -> usize {
        match self {
            Self::Each(codes) => codes.iter().filter(|&&code| code == NULL).count(),
            Self::Runs(runs) => runs.iter().filter(|run| run.0 == NULL).map(|run| run.1).sum(),
        }
    }

    /// Appends whether each row has a value, with the length of this in bytes before it.
    fn encode_levels(&self, nulls: usize, out: &mut Vec<u8>) {
        let before = out.len();
        out.extend([0; 4]);
        match self {
            _ if nulls == 0 => encode_runs([(1, self.rows())].into_iter(), 1, out),
            Self::Each(codes) => {
                let present: Vec<u32> = codes.iter().map(|&code| u32::from(code != NULL)).collect();
                encode_hybrid(&present, 1, out);
            }
            Self::Runs(runs) => encode_runs(runs.iter().map(|&(code, rows)| (u32::from(code != NULL), rows)), 1, out),
        }
        let length = (out.len() - before - 4) as u32;
        out[before..before + 4].copy_from_slice(&length.to_le_bytes());
    }

    /// Appends the codes of the rows that have a value.
    fn encode_values(&self, nulls: usize, width: u32, out: &mut Vec<u8>) {
        match self {
            Self::Each(codes) if nulls == 0 => encode_hybrid(codes, width, out),
            Self::Each(codes) => {
                let values: Vec<u32> = codes.iter().copied().filter(|&code| code != NULL).collect();
                encode_hybrid(&values, width, out);
            }
            Self::Runs(runs) => encode_runs(runs.iter().copied().filter(|run| run.0 != NULL), width, out),
        }
    }
}

/// The different values of a column in a row group, which codes are positions of.
pub(super) enum Dictionary {
    Texts(Vec<String>),
    Numbers(Vec<i64>),
}

impl Dictionary {
    fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }

    /// Every value in the plain encoding.
    fn plain(&self) -> Vec<u8> {
        match self {
            Self::Texts(texts) => {
                let mut plain = Vec::with_capacity(texts.iter().map(|text| 4 + text.len()).sum());
                for text in texts {
                    plain.extend_from_slice(&(text.len() as u32).to_le_bytes());
                    plain.extend_from_slice(text.as_bytes());
                }
                plain
            }
            Self::Numbers(numbers) => numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
        }
    }

    /// Smallest and largest value, of which each occurs, and how many rows have none.
    fn statistics(&self, nulls: u64) -> Statistics {
        match self {
            Self::Texts(texts) => {
                let value = |text: Option<&String>| text.map(|text| ByteArray::from(text.as_str()));
                Statistics::byte_array(value(texts.iter().min()), value(texts.iter().max()), None, Some(nulls), false)
            }
            Self::Numbers(numbers) => {
                Statistics::int64(numbers.iter().min().copied(), numbers.iter().max().copied(), None, Some(nulls), false)
            }
        }
    }
}

/// A chunk ready to be appended to its row group.
#[derive(Clone)]
pub(super) struct DictionaryChunk {
    pub(super) bytes: Bytes,
    pub(super) close: ColumnCloseResult,
}

impl DictionaryChunk {
    /// Encodes a column of one row group; every entry of the dictionary is some row's, and of an optional column a row may be [`NULL`]. With
    /// `statistics` readers can skip the row group by the column's values.
    pub(super) fn new(column: &ColumnDescPtr, dictionary: &Dictionary, codes: &Codes, statistics: bool) -> Result<Self> {
        let optional = column.max_def_level() > 0;
        let mut sink = TrackedWrite::new(Vec::new());
        let mut pages = SerializedPageWriter::new(&mut sink);
        let mut uncompressed = 0;
        let plain = dictionary.plain();
        let page = Page::DictionaryPage {
            buf: compressed(&plain)?,
            num_values: dictionary.len() as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        let dictionary_page = pages.write_page(CompressedPage::new(page, plain.len()))?;
        uncompressed += dictionary_page.uncompressed_size;
        let width = u32::BITS - (dictionary.len().saturating_sub(1) as u32).leading_zeros();
        let (mut raw, mut nulls) = (Vec::new(), 0);
        for codes in codes.pages() {
            raw.clear();
            let page_nulls = if optional { codes.nulls() } else { 0 };
            if optional {
                codes.encode_levels(page_nulls, &mut raw);
            }
            nulls += page_nulls as u64;
            raw.push(width as u8);
            codes.encode_values(page_nulls, width, &mut raw);
            let page = Page::DataPage {
                buf: compressed(&raw)?,
                num_values: codes.rows() as u32,
                encoding: Encoding::RLE_DICTIONARY,
                def_level_encoding: Encoding::RLE,
                rep_level_encoding: Encoding::RLE,
                statistics: None,
            };
            uncompressed += pages.write_page(CompressedPage::new(page, raw.len()))?.uncompressed_size;
        }
        let bytes = sink.into_inner()?;
        let mut metadata = ColumnChunkMetaData::builder(column.clone())
            .set_compression(compression()?)
            .set_encodings(vec![Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY])
            .set_num_values(codes.rows() as i64)
            .set_total_compressed_size(bytes.len() as i64)
            .set_total_uncompressed_size(uncompressed as i64)
            .set_dictionary_page_offset(Some(0))
            .set_data_page_offset(dictionary_page.bytes_written as i64);
        if statistics {
            metadata = metadata.set_statistics(dictionary.statistics(nulls));
        }
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: codes.rows() as u64,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok(Self { bytes: bytes.into(), close })
    }
}

/// The compression that chunks have, for the file's properties.
pub(super) fn compression() -> Result<Compression> {
    Ok(Compression::ZSTD(ZstdLevel::try_new(COMPRESSION_LEVEL)?))
}

fn compressed(raw: &[u8]) -> Result<Bytes> {
    let failed = |error: io::Error| ParquetError::General(error.to_string());
    zstd::bulk::compress(raw, COMPRESSION_LEVEL).map(Bytes::from).map_err(failed)
}

/// A run of this length is told as one; the shortest that the bit-packed form, which counts in eights, allows.
const RUN: usize = 8;

/// Appends codes below 2^`width` as runs and packed bits.
fn encode_hybrid(codes: &[u32], width: u32, out: &mut Vec<u8>) {
    let (mut packed, mut at) = (0, 0);
    while at < codes.len() {
        let run = codes[at..].iter().take_while(|&&code| code == codes[at]).count();
        // What was begun in packed form goes on to a whole number of eights.
        let lacks = (at - packed).next_multiple_of(RUN) - (at - packed);
        if run < RUN + lacks {
            at += run;
            continue;
        }
        at += lacks;
        pack(&codes[packed..at], width, out);
        varint(((run - lacks) as u64) << 1, out);
        out.extend(&codes[at].to_le_bytes()[..width.div_ceil(8) as usize]);
        at += run - lacks;
        packed = at;
    }
    pack(&codes[packed..], width, out);
}

/// The same of codes that are told as runs; neighbours may have the same code. Costs as much as there are runs, and the short ones rows.
fn encode_runs(runs: impl Iterator<Item = (u32, usize)>, width: u32, out: &mut Vec<u8>) {
    let mut begun: Vec<u32> = Vec::new();
    let mut end = |code: u32, run: usize, begun: &mut Vec<u32>| {
        let lacks = begun.len().next_multiple_of(RUN) - begun.len();
        if run < RUN + lacks {
            begun.extend(std::iter::repeat_n(code, run));
            return;
        }
        begun.extend(std::iter::repeat_n(code, lacks));
        pack(begun, width, out);
        begun.clear();
        varint(((run - lacks) as u64) << 1, out);
        out.extend(&code.to_le_bytes()[..width.div_ceil(8) as usize]);
    };
    let mut last: Option<(u32, usize)> = None;
    for (code, rows) in runs {
        match &mut last {
            Some((same, run)) if *same == code => *run += rows,
            _ => {
                if let Some((code, run)) = last.replace((code, rows)) {
                    end(code, run, &mut begun);
                }
            }
        }
    }
    if let Some((code, run)) = last {
        end(code, run, &mut begun);
    }
    pack(&begun, width, out);
}

/// Appends codes bit by bit, the last eight filled up with zeros.
fn pack(codes: &[u32], width: u32, out: &mut Vec<u8>) {
    if codes.is_empty() {
        return;
    }
    let eights = codes.len().div_ceil(RUN);
    varint((eights as u64) << 1 | 1, out);
    let end = out.len() + eights * width as usize;
    let (mut bits, mut held) = (0_u64, 0);
    for &code in codes {
        bits |= u64::from(code) << held;
        held += width;
        if held >= u32::BITS {
            out.extend_from_slice(&(bits as u32).to_le_bytes());
            bits >>= u32::BITS;
            held -= u32::BITS;
        }
    }
    out.extend_from_slice(&bits.to_le_bytes()[..held.div_ceil(8) as usize]);
    out.resize(end, 0);
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Arc;

    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use proptest::prelude::*;

    /// What the library reads back of two columns, a text that is always there and a number that may not be.
    fn read_back(texts: &[String], numbers: &[i64], codes: &[(u32, Option<u32>)]) -> Vec<(String, Option<i64>)> {
        let schema = parse_message_type("message m { REQUIRED BYTE_ARRAY t (STRING); OPTIONAL INT64 n; }").unwrap();
        let properties = WriterProperties::builder().build();
        let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties)).unwrap();
        let columns = [writer.schema_descr().column(0), writer.schema_descr().column(1)];
        let codes_t = Codes::Each(codes.iter().map(|code| code.0).collect());
        let codes_n = Codes::Each(codes.iter().map(|code| code.1.unwrap_or(NULL)).collect());
        let mut row_group = writer.next_row_group().unwrap();
        let dictionaries = [Dictionary::Texts(texts.to_vec()), Dictionary::Numbers(numbers.to_vec())];
        for ((column, dictionary), codes) in columns.iter().zip(&dictionaries).zip([&codes_t, &codes_n]) {
            let DictionaryChunk { bytes, close } = DictionaryChunk::new(column, dictionary, codes, true).unwrap();
            let Codes::Each(each) = codes else { unreachable!("made so above") };
            let as_runs = Codes::Runs(each.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect());
            assert_eq!(DictionaryChunk::new(column, dictionary, &as_runs, true).unwrap().bytes, bytes);
            row_group.append_column(&bytes, close).unwrap();
        }
        row_group.close().unwrap();
        let file = Bytes::from(writer.into_inner().unwrap());
        let mut rows = Vec::new();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let (t, n) = (batch.column(0).as_string::<i32>(), batch.column(1).as_primitive::<Int64Type>());
            rows.extend(t.iter().zip(n).map(|(t, n)| (t.unwrap().to_owned(), n)));
        }
        rows
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn the_library_reads_what_was_meant(
            runs in proptest::collection::vec((0_u32..700, proptest::option::of(0_u32..3000), 1_usize..40), 0..200),
            few in any::<bool>(), no_numbers in any::<bool>(), long in prop_oneof![Just(1_usize), Just(7000)],
        ) {
            let (texts, numbers) = (if few { 1 } else { 700 }, if no_numbers { 0 } else { 3000 });
            let texts: Vec<String> = (0..texts).map(|i| format!("Gruppe {i} ü")).collect();
            let numbers: Vec<i64> = (0..numbers).map(|i| (i - 5) * 1_000_000_007).collect();
            let code = |(t, n, times): &(u32, Option<u32>, usize)| {
                let pair = (t % texts.len() as u32, n.filter(|_| !no_numbers));
                std::iter::repeat_n(pair, if *times == 39 { times * long } else { *times })
            };
            let codes: Vec<_> = runs.iter().flat_map(code).collect();
            let meant: Vec<_> = codes.iter().map(|&(t, n)| (texts[t as usize].clone(), n.map(|n| numbers[n as usize]))).collect();
            prop_assert_eq!(read_back(&texts, &numbers, &codes), meant);
        }
    }
}
