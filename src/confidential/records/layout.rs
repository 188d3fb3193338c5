//! How one CSV file is laid out: encoding, signs, header, decimal sign of each column. Recognised from its first megabyte.

use std::io::Read;

use super::dialect::Dialect;
use super::encoding::{Coding, Transcoder};
use super::failure::RecordsError;
use super::number::{Evidence, NumberForm};
use super::record::Signs;
use super::source::{SAMPLE_BYTES, Source};
use super::{Wanted, positions};
use crate::progress::Progress;

/// The layout of one file.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) coding: Coding,
    pub(super) signs: Signs,
    /// Names, trimmed; empty ones at the end left out.
    pub(super) header: Vec<String>,
    /// How each column writes numbers.
    pub(super) numbers: Vec<NumberForm>,
    /// The first row looks like a record: its texts must not be shown.
    pub(super) header_is_data: bool,
    /// Bytes of the (decoded) text before the first record.
    pub(super) skip_bytes: u64,
    /// Row number of the first line after the header.
    pub(super) first_row: u64,
    /// The complete records of the sample, decoded to UTF-8 as far as they can be.
    pub(super) sample: Vec<u8>,
}

/// How many records of the sample decide on signs.
const RECORDS_COMPARED: usize = 1000;

impl Layout {
    /// Looks at the first megabyte.
    pub(super) fn recognise(source: &Source, dialect: &Dialect) -> Result<Self, RecordsError> {
        dialect.check()?;
        let (raw, mut whole) = sample_of(source, source.stream(&crate::progress::Silent)?)?;
        let coding = Coding::recognise(dialect.encoding.as_deref(), &raw, whole)?;
        let mut text = raw;
        if let Coding::Stream(_) = coding {
            (text, whole) = sample_of(source, text_stream(source, coding, &crate::progress::Silent)?)?;
        }
        let mark = if text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let terminator = if memchr::memchr(b'\n', &text).is_some() { b'\n' } else { b'\r' };
        let mut start = mark;
        let mut row = 1;
        // a line that tells Excel the separator
        let mut said = None;
        if let [b's', b'e', b'p', b'=', sign, b'\r' | b'\n', ..] = &text[mark..] {
            said = Some(*sign);
            start = memchr::memchr(terminator, &text).map_or(text.len(), |end| end + 1);
            row += 1;
        }
        while start < text.len() {
            let line = memchr::memchr(terminator, &text[start..]).map_or(text.len(), |end| start + end + 1);
            if !text[start..line].trim_ascii().is_empty() {
                break;
            }
            start = line;
            row += 1;
        }
        let quote = dialect.quote.map_or_else(|| quote_of(&text[start..], terminator), |sign| sign as u8);
        let separator = match dialect.separator {
            Some(sign) => sign as u8,
            None => said.unwrap_or_else(|| separator_of(&text[start..], quote, terminator, whole)),
        };
        let signs = Signs { separator, quote, terminator };
        let (fields, body) = signs.fields(&text, start);
        if !whole && body >= text.len() {
            return Err(RecordsError::UnclosedQuote { file: source.file.clone(), row });
        }
        let (body, row) = if dialect.header_absent { (start, row - 1) } else { (body, row) };
        let mut header: Vec<String> = match dialect.header_absent {
            true => (1..=fields.len()).map(|number| number.to_string()).collect(),
            false => fields.into_iter().map(|field| decode(coding, &signs.content(&text[field]))).collect(),
        };
        while header.len() > 1 && header.last().is_some_and(String::is_empty) {
            header.pop();
        }
        let mut sample = text.split_off(body);
        if !whole {
            let (end, _) = signs.last_end(&sample);
            sample.truncate(end);
        }
        let mut layout = Self {
            coding,
            signs,
            numbers: vec![NumberForm::PLAIN; header.len()],
            header,
            header_is_data: false,
            skip_bytes: body as u64,
            first_row: row + 1,
            sample,
        };
        layout.look_at_values(dialect);
        Ok(layout)
    }

    /// Decimal signs column by column, and whether the header is one.
    fn look_at_values(&mut self, dialect: &Dialect) {
        let mut evidence = vec![Evidence::default(); self.header.len()];
        let mut repeats = vec![false; self.header.len()];
        let mut at = 0;
        for _ in 0..RECORDS_COMPARED {
            if at >= self.sample.len() {
                break;
            }
            let (fields, next) = self.signs.fields(&self.sample, at);
            for (column, field) in fields.into_iter().enumerate().take(self.header.len()) {
                let value = decode(self.coding, &self.signs.content(&self.sample[field]));
                evidence[column].see(&value);
                repeats[column] |= !value.is_empty() && value == self.header[column];
            }
            at = next;
        }
        let mut of_file = Evidence::default();
        evidence.iter().for_each(|&column| of_file.add(column));
        let declared = dialect.decimal.map(|sign| sign as u8);
        for (form, evidence) in self.numbers.iter_mut().zip(&evidence) {
            *form = match declared.or(evidence.decimal()) {
                Some(decimal) => NumberForm { decimal, certain: true },
                None => NumberForm { decimal: of_file.decimal().unwrap_or(b'.'), certain: false },
            };
        }
        let repeated = repeats.iter().filter(|&&repeated| repeated).count();
        // all names repeated: the header of an appended export, not a value
        self.header_is_data = !dialect.header_absent
            && (self.header.iter().any(|name| looks_like_value(name)) || repeated > 0 && repeated < self.header.len());
    }

    /// The decimal sign of the file as a whole.
    pub(super) fn decimal(&self) -> Option<u8> {
        let certain = |sign| self.numbers.iter().filter(|form| form.certain && form.decimal == sign).count();
        match (certain(b','), certain(b'.')) {
            (0, 0) => None,
            (commas, points) => Some(if commas > points { b',' } else { b'.' }),
        }
    }

    /// The position of each wanted column.
    pub(super) fn resolve(&self, source: &Source, wanted: &[Wanted]) -> Result<Vec<usize>, RecordsError> {
        positions(&source.file, &self.header, wanted).map_err(|error| match error {
            RecordsError::MissingColumn { file, column, .. } if self.header_is_data => RecordsError::NoHeader { file, column },
            error => error,
        })
    }

    /// The text after the header.
    pub(super) fn body<'a>(
        &self,
        source: &Source,
        progress: &'a dyn Progress,
    ) -> Result<Box<dyn Read + Send + 'a>, RecordsError> {
        let mut stream = text_stream(source, self.coding, progress)?;
        std::io::copy(&mut stream.by_ref().take(self.skip_bytes), &mut std::io::sink()).map_err(|cause| source.failure(cause))?;
        Ok(stream)
    }
}

fn text_stream<'a>(
    source: &Source,
    coding: Coding,
    progress: &'a dyn Progress,
) -> Result<Box<dyn Read + Send + 'a>, RecordsError> {
    let stream = source.stream(progress)?;
    Ok(match coding {
        Coding::Stream(encoding) => Box::new(Transcoder::new(stream, encoding)),
        _ => stream,
    })
}

/// The first megabyte, and whether that is all.
fn sample_of(source: &Source, stream: Box<dyn Read + Send + '_>) -> Result<(Vec<u8>, bool), RecordsError> {
    let mut sample = Vec::with_capacity(SAMPLE_BYTES + 1);
    stream.take(SAMPLE_BYTES as u64 + 1).read_to_end(&mut sample).map_err(|cause| source.failure(cause))?;
    let whole = sample.len() <= SAMPLE_BYTES;
    sample.truncate(SAMPLE_BYTES);
    Ok((sample, whole))
}

fn decode(coding: Coding, bytes: &[u8]) -> String {
    let text = coding.block(bytes).or_else(|| coding.field(bytes)).unwrap_or_else(|| String::from_utf8_lossy(bytes));
    text.trim().to_owned()
}

/// `'` where every field of the first line that has letters stands between them, else `"`.
fn quote_of(text: &[u8], terminator: u8) -> u8 {
    let line = &text[..memchr::memchr(terminator, text).unwrap_or(text.len())];
    let line = line.trim_ascii();
    let single = line.len() > 2 && line.starts_with(b"'") && line.ends_with(b"'") && !line.contains(&b'"');
    if single { b'\'' } else { b'"' }
}

/// The separator that cuts most records into as many fields as the header, then the one that makes most fields.
fn separator_of(text: &[u8], quote: u8, terminator: u8, whole: bool) -> u8 {
    let mut best = (0, 1, b';');
    for separator in [b';', b'\t', b',', b'|'] {
        let signs = Signs { separator, quote, terminator };
        let mut counts = Vec::new();
        let mut at = 0;
        while at < text.len() && counts.len() <= RECORDS_COMPARED {
            let (fields, next) = signs.fields(text, at);
            let blank = fields.iter().all(|field| text[field.clone()].trim_ascii().is_empty());
            if !blank && (whole || next < text.len()) || counts.is_empty() {
                counts.push(fields.len());
            }
            at = next;
        }
        let fields = counts.first().copied().unwrap_or(1);
        let alike = counts.iter().filter(|&&count| count == fields).count();
        // in steps of a twentieth, so that a few bad rows do not decide
        let share = 20 * alike / counts.len().max(1);
        if fields > 1 && (share, fields) > (best.0, best.1) {
            best = (share, fields, separator);
        }
    }
    best.2
}

/// Whether a column name looks like a value: a number that is no year and no small count, or a date.
pub(super) fn looks_like_value(name: &str) -> bool {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let signs = name.bytes().filter(|b| b".,-/:".contains(b)).count();
    let numeric = digits > 0 && digits + signs == name.len();
    let year = name.len() == 4 && name.parse().is_ok_and(|year: u16| (1900..2100).contains(&year));
    numeric && !year && (digits >= 3 || signs > 0)
}
