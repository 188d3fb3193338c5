//! Separated text: one thread at a time cuts the stream at record boundaries, all threads take the blocks apart.

use std::io::Read;
use std::ops::Range;

use rayon::iter::{ParallelBridge, ParallelIterator};

use super::batch::{Batch, Values};
use super::failure::RecordsError;
use super::layout::Layout;
use super::number::NumberForm;
use super::record::{Marks, without_return};
use super::source::Source;
use super::{Consume, Errand, Kind, Wanted};
use crate::confidential::account::Reason;
use crate::error::Error;

/// A record longer than this is a quote that does not end, and would read the whole file into memory.
const LONGEST_RECORD_BYTES: usize = 1 << 20;

/// Reads a file.
pub(super) fn read(errand: &Errand, consume: Consume) -> Result<u64, Error> {
    let layout = Layout::recognise(&errand.source, errand.request.dialect)?;
    let positions = layout.resolve(&errand.source, errand.request.wanted)?;
    let blocks = Blocks {
        stream: layout.body(&errand.source, errand.progress)?,
        source: &errand.source,
        layout: &layout,
        rest: Vec::new(),
        row: layout.first_row,
        ended: false,
        block_bytes: errand.block_bytes,
    };
    let columns = Columns::new(errand.position, &layout, errand.request.wanted, &positions);
    blocks.par_bridge().map(|block| columns.take_apart(&block?, consume)).try_reduce(|| 0, |a, b| Ok(a + b))
}

/// Whole records, and the row number of the first.
pub(super) struct Block {
    pub(super) first_row: u64,
    pub(super) bytes: Vec<u8>,
}

struct Blocks<'a> {
    stream: Box<dyn Read + Send + 'a>,
    source: &'a Source,
    layout: &'a Layout,
    /// The begun record after the last block.
    rest: Vec<u8>,
    row: u64,
    ended: bool,
    block_bytes: usize,
}

impl Blocks<'_> {
    fn cut(&mut self) -> Result<Option<Block>, RecordsError> {
        let mut bytes = Vec::with_capacity(self.block_bytes + self.rest.len() + 64);
        bytes.append(&mut self.rest);
        while !self.ended {
            let read = self.stream.by_ref().take(self.block_bytes as u64).read_to_end(&mut bytes);
            let read = read.map_err(|cause| self.source.failure(cause))?;
            self.ended = read < self.block_bytes;
            let (end, rows) = self.layout.signs.last_end(&bytes);
            if bytes.len() - end > LONGEST_RECORD_BYTES.max(self.block_bytes) {
                return Err(self.unclosed(rows));
            }
            if end > 0 && !self.ended {
                self.rest = bytes.split_off(end);
                let first_row = self.row;
                self.row += rows;
                return Ok(Some(Block { first_row, bytes }));
            }
        }
        // the last record may lack its line end, but not its closing quote
        let signs = self.layout.signs;
        let (end, rows) = signs.last_end(&bytes);
        if end < bytes.len() && signs.last_end(&[&bytes[end..], &[signs.terminator]].concat()).0 == 0 {
            return Err(self.unclosed(rows));
        }
        Ok((!bytes.is_empty()).then_some(Block { first_row: self.row, bytes }))
    }

    fn unclosed(&self, rows: u64) -> RecordsError {
        RecordsError::UnclosedQuote { file: self.source.file.clone(), row: self.row + rows }
    }
}

impl Iterator for Blocks<'_> {
    type Item = Result<Block, RecordsError>;

    fn next(&mut self) -> Option<Self::Item> {
        let block = self.cut();
        if block.is_err() {
            (self.ended, self.rest) = (true, Vec::new());
        }
        block.transpose()
    }
}

/// Which fields go where.
pub(super) struct Columns<'a> {
    source: u32,
    layout: &'a Layout,
    /// For each field of a record its place among the fields kept, or `UNWANTED`.
    kept: Vec<u32>,
    kept_count: usize,
    /// The fields that are kept, ascending, with their places.
    fields_kept: Vec<(usize, usize)>,
    /// For each wanted column: which kept field, as what, written how.
    wanted: Vec<(usize, Kind, NumberForm)>,
}

const UNWANTED: u32 = u32::MAX;

impl<'a> Columns<'a> {
    pub(super) fn new(source: u32, layout: &'a Layout, wanted: &[Wanted], positions: &[usize]) -> Self {
        let mut kept = vec![UNWANTED; layout.header.len()];
        let mut kept_count = 0;
        let wanted = wanted.iter().zip(positions).map(|(wanted, &position)| {
            if kept[position] == UNWANTED {
                kept[position] = kept_count as u32;
                kept_count += 1;
            }
            (kept[position] as usize, wanted.kind, layout.numbers[position])
        });
        let wanted = wanted.collect();
        let of_field = |(field, &place): (usize, &u32)| (place != UNWANTED).then_some((field, place as usize));
        let fields_kept = kept.iter().enumerate().filter_map(of_field).collect();
        Self { source, layout, kept, kept_count, fields_kept, wanted }
    }

    fn batch(&self, first_row: u64) -> Batch {
        Batch::new(self.source, first_row, self.wanted.iter().map(|&(_, kind, _)| kind))
    }

    /// Takes a block apart and hands it on in batches. Returns the number of rows.
    pub(super) fn take_apart(&self, block: &Block, consume: Consume) -> Result<u64, Error> {
        let text = self.layout.coding.block(&block.bytes);
        let bytes = text.as_deref().map_or(block.bytes.as_slice(), str::as_bytes);
        let signs = self.layout.signs;
        let any_quote = memchr::memchr(signs.quote, bytes).is_some();
        let mut marks = Marks::new(bytes, signs);
        let mut kept = vec![0..0; self.kept_count];
        let mut batch = self.batch(block.first_row);
        let (mut at, mut row, mut records) = (0, block.first_row, 0);
        while at < bytes.len() {
            let plain = match any_quote {
                true => None,
                false => marks.ahead(self.kept.len()).and_then(|ends| self.plain(bytes, at, ends, &mut kept)),
            };
            if let Some(next) = plain {
                marks.skip(self.kept.len());
                at = next;
                self.push(&mut batch, bytes, text.as_deref(), &kept);
                row += 1;
                if batch.rows == Batch::MAX_ROWS {
                    records += batch.rows as u64;
                    consume(std::mem::replace(&mut batch, self.batch(row)))?;
                }
                continue;
            }
            let (mut fields, mut filled, mut filled_beyond) = (0, false, false);
            let record = at;
            loop {
                let begin = at;
                if any_quote && bytes.get(at) == Some(&signs.quote) {
                    marks.seek(signs.close(bytes, at).unwrap_or(bytes.len()));
                }
                let mark = marks.next();
                let last = mark == bytes.len() || bytes[mark] == signs.terminator;
                let end = if last { without_return(bytes, begin, mark) } else { mark };
                filled |= begin < end;
                match self.kept.get(fields) {
                    Some(&UNWANTED) => {}
                    Some(&place) => kept[place as usize] = begin..end,
                    None => filled_beyond |= begin < end,
                }
                fields += 1;
                at = mark + 1;
                if last {
                    break;
                }
            }
            let blank = !filled || fields == 1 && bytes[record..at.min(bytes.len())].trim_ascii().is_empty();
            if blank {
                batch.gaps.push(batch.rows as u32);
            } else if fields < self.kept.len() || filled_beyond {
                batch.push_faulty(Reason::FieldCount);
            } else {
                self.push(&mut batch, bytes, text.as_deref(), &kept);
            }
            row += 1;
            if batch.rows == Batch::MAX_ROWS {
                records += batch.rows as u64;
                consume(std::mem::replace(&mut batch, self.batch(row)))?;
            }
        }
        records += batch.rows as u64;
        if batch.rows > 0 {
            consume(batch)?;
        }
        Ok(records)
    }

    /// Finds the kept fields of the record at `at` if `ends` are the ends of all its fields, and gives the place behind it. Records of
    /// another number of fields, of one field or without content are left to the loop over fields. Half of its time.
    #[inline(always)]
    fn plain(&self, bytes: &[u8], at: usize, ends: &[u32], kept: &mut [Range<usize>]) -> Option<usize> {
        let terminator = self.layout.signs.terminator;
        let (&last, inner) = ends.split_last().filter(|(_, inner)| !inner.is_empty())?;
        let last = last as usize;
        let one_record = bytes[last] == terminator && inner.iter().all(|&end| bytes[end as usize] != terminator);
        // A carriage return is no content.
        if !one_record || last - at <= ends.len() {
            return None;
        }
        for &(field, place) in &self.fields_kept {
            let begin = if field == 0 { at } else { ends[field - 1] as usize + 1 };
            let end = ends[field] as usize;
            kept[place] = begin..if end == last { without_return(bytes, begin, end) } else { end };
        }
        Some(last + 1)
    }

    fn push(&self, batch: &mut Batch, bytes: &[u8], text: Option<&str>, kept: &[Range<usize>]) {
        let coding = self.layout.coding;
        let marked = |text: &str| coding.marks_faults() && text.contains('\u{fffd}');
        let fault = |field: &Range<usize>| coding.field(&bytes[field.clone()]).is_none_or(|text| marked(&text));
        if (text.is_none() || coding.marks_faults()) && kept.iter().any(fault) {
            return batch.push_faulty(Reason::Encoding);
        }
        for (&(place, _, form), column) in self.wanted.iter().zip(&mut batch.columns) {
            let field = kept[place].clone();
            let quoted = bytes.get(field.start) == Some(&self.layout.signs.quote) && !field.is_empty();
            match column {
                Values::Number(numbers) => {
                    let (value, state) =
                        if quoted { form.parse(&self.layout.signs.content(&bytes[field])) } else { form.parse_in(bytes, field) };
                    numbers.push(value, state);
                }
                Values::Text(texts) => match text {
                    Some(text) if !quoted => texts.push(&text[field]),
                    _ => {
                        let content = self.layout.signs.content(&bytes[field]);
                        texts.push(&coding.field(&content).unwrap_or_default());
                    }
                },
            }
        }
        batch.rows += 1;
    }
}
