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
                texts.iter().flat_map(|text| (text.len() as u32).to_le_bytes().into_iter().chain(text.bytes())).collect()
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
pub(super) struct DictionaryChunk {
    pub(super) bytes: Bytes,
    pub(super) close: ColumnCloseResult,
}

impl DictionaryChunk {
    /// Encodes a column of one row group; every entry of the dictionary is some row's, and of an optional column a row may be [`NULL`]. With
    /// `statistics` readers can skip the row group by the column's values.
    pub(super) fn new(column: &ColumnDescPtr, dictionary: &Dictionary, codes: &[u32], statistics: bool) -> Result<Self> {
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
        let (mut raw, mut present, mut nulls) = (Vec::new(), Vec::new(), 0);
        for codes in codes.chunks(PAGE_ROWS) {
            raw.clear();
            let mut values = codes;
            if optional {
                present.clear();
                present.extend(codes.iter().map(|&code| u32::from(code != NULL)));
                raw.extend([0; 4]);
                encode_hybrid(&present, 1, &mut raw);
                let length = (raw.len() - 4) as u32;
                raw[..4].copy_from_slice(&length.to_le_bytes());
                present.clear();
                present.extend(codes.iter().filter(|&&code| code != NULL));
                nulls += (codes.len() - present.len()) as u64;
                values = &present;
            }
            raw.push(width as u8);
            encode_hybrid(values, width, &mut raw);
            let page = Page::DataPage {
                buf: compressed(&raw)?,
                num_values: codes.len() as u32,
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
            .set_num_values(codes.len() as i64)
            .set_total_compressed_size(bytes.len() as i64)
            .set_total_uncompressed_size(uncompressed as i64)
            .set_dictionary_page_offset(Some(0))
            .set_data_page_offset(dictionary_page.bytes_written as i64);
        if statistics {
            metadata = metadata.set_statistics(dictionary.statistics(nulls));
        }
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: codes.len() as u64,
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
        while held >= 8 {
            out.push(bits as u8);
            bits >>= 8;
            held -= 8;
        }
    }
    if held > 0 {
        out.push(bits as u8);
    }
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
        let codes_t: Vec<u32> = codes.iter().map(|code| code.0).collect();
        let codes_n: Vec<u32> = codes.iter().map(|code| code.1.unwrap_or(NULL)).collect();
        let mut row_group = writer.next_row_group().unwrap();
        let dictionaries = [Dictionary::Texts(texts.to_vec()), Dictionary::Numbers(numbers.to_vec())];
        for ((column, dictionary), codes) in columns.iter().zip(&dictionaries).zip([&codes_t, &codes_n]) {
            let DictionaryChunk { bytes, close } = DictionaryChunk::new(column, dictionary, codes, true).unwrap();
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
