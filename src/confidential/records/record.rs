//! Where records and fields end in separated text: the one rule for quotes that every reader here follows.
//!
//! A quote opens a quoted text only as the first byte of a field; inside, a doubled quote is a quote; after the closing quote the field
//! goes on unquoted to the next separator. Everywhere else a quote is an ordinary sign (`Haus 5" links`).

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memrchr};

/// The signs of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signs {
    pub(super) separator: u8,
    pub(super) quote: u8,
    /// `\n`, or `\r` in texts that have no `\n`.
    pub(super) terminator: u8,
}

impl Signs {
    /// The position after the quoted text that opens at `open`; `None` if it does not end.
    pub(super) fn close(self, bytes: &[u8], open: usize) -> Option<usize> {
        let mut at = open + 1;
        loop {
            let found = at + memchr(self.quote, &bytes[at..])?;
            if bytes.get(found + 1) != Some(&self.quote) {
                return Some(found + 1);
            }
            at = found + 2;
        }
    }

    fn opens(self, bytes: &[u8], at: usize) -> bool {
        at == 0 || bytes[at - 1] == self.separator || bytes[at - 1] == self.terminator
    }

    /// The end of the last complete record, and how many line ends outside quotes come before it. `bytes` begins with a record.
    /// Without any quote this is one search from the end and one count.
    pub(super) fn last_end(self, bytes: &[u8]) -> (usize, u64) {
        let (mut end, mut rows, mut at) = (0, 0, 0);
        let mut plain = |from: usize, to: usize| {
            if let Some(last) = memrchr(self.terminator, &bytes[from..to]) {
                end = from + last + 1;
                rows += memchr_iter(self.terminator, &bytes[from..to]).count() as u64;
            }
        };
        let mut from = 0;
        while let Some(found) = memchr(self.quote, &bytes[at..]) {
            let quote = at + found;
            if self.opens(bytes, quote) {
                plain(from, quote);
                match self.close(bytes, quote) {
                    Some(after) => (from, at) = (after, after),
                    None => return (end, rows),
                }
            } else {
                at = quote + 1;
            }
        }
        plain(from, bytes.len());
        (end, rows)
    }

    /// The fields of the record at `start`, and where the next one starts. For headers and samples; the reader has its own loop.
    pub(super) fn fields(self, bytes: &[u8], start: usize) -> (Vec<Range<usize>>, usize) {
        let (mut fields, mut at) = (Vec::new(), start);
        loop {
            let begin = at;
            if bytes.get(at) == Some(&self.quote) {
                at = self.close(bytes, at).unwrap_or(bytes.len());
            }
            while at < bytes.len() && bytes[at] != self.separator && bytes[at] != self.terminator {
                at += 1;
            }
            let last = at == bytes.len() || bytes[at] == self.terminator;
            fields.push(begin..if last { without_return(bytes, begin, at) } else { at });
            at += 1;
            if last {
                return (fields, at.min(bytes.len()));
            }
        }
    }

    /// The content of a field: without quotes, doubled quotes single.
    pub(super) fn content(self, field: &[u8]) -> Cow<'_, [u8]> {
        if field.first() != Some(&self.quote) {
            return Cow::Borrowed(field);
        }
        let close = self.close(field, 0).unwrap_or(field.len() + 1);
        let inner = &field[1..(close - 1).min(field.len())];
        let rest = field.get(close..).unwrap_or_default();
        if rest.trim_ascii().is_empty() && memchr(self.quote, inner).is_none() {
            return Cow::Borrowed(inner);
        }
        let mut content = Vec::with_capacity(field.len());
        let mut doubled = false;
        for &byte in inner {
            doubled = byte == self.quote && !doubled;
            if !doubled {
                content.push(byte);
            }
        }
        content.extend_from_slice(rest);
        Cow::Owned(content)
    }
}

/// The end of a field that ends a line, without the carriage return of `\r\n`.
#[inline]
pub(super) fn without_return(bytes: &[u8], begin: usize, end: usize) -> usize {
    if end > begin && bytes[end - 1] == b'\r' { end - 1 } else { end }
}

/// Walks over the positions of separators and line ends, eight bytes at a time.
pub(super) struct Marks<'a> {
    bytes: &'a [u8],
    base: usize,
    hits: u64,
    separators: u64,
    terminators: u64,
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The high bit of every byte of `word` that equals the byte repeated in `pattern` (exact: no carry between bytes).
#[inline(always)]
fn equal_bytes(word: u64, pattern: u64) -> u64 {
    let difference = word ^ pattern;
    !(((difference & !HIGH) + !HIGH) | difference) & HIGH
}

impl<'a> Marks<'a> {
    pub(super) fn new(bytes: &'a [u8], signs: Signs) -> Self {
        let mut marks = Self {
            bytes,
            base: 0,
            hits: 0,
            separators: LOW * u64::from(signs.separator),
            terminators: LOW * u64::from(signs.terminator),
        };
        marks.load();
        marks
    }

    #[inline(always)]
    fn load(&mut self) {
        let rest = &self.bytes[self.base..];
        let word = match rest.first_chunk::<8>() {
            Some(word) => u64::from_le_bytes(*word),
            None => {
                let mut word = [0; 8];
                word[..rest.len()].copy_from_slice(rest);
                u64::from_le_bytes(word)
            }
        };
        self.hits = equal_bytes(word, self.separators) | equal_bytes(word, self.terminators);
    }

    /// The next separator or line end, or the length.
    #[inline(always)]
    pub(super) fn next(&mut self) -> usize {
        while self.hits == 0 {
            if self.base + 8 >= self.bytes.len() {
                return self.bytes.len();
            }
            self.base += 8;
            self.load();
        }
        let at = self.base + self.hits.trailing_zeros() as usize / 8;
        self.hits &= self.hits - 1;
        at
    }

    /// Goes on from `at`, forward.
    pub(super) fn seek(&mut self, at: usize) {
        if at >= self.bytes.len() {
            (self.base, self.hits) = (self.bytes.len(), 0);
            return;
        }
        self.base = at - at % 8;
        self.load();
        self.hits &= u64::MAX << (8 * (at % 8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNS: Signs = Signs { separator: b';', quote: b'"', terminator: b'\n' };

    fn contents(text: &str) -> Vec<String> {
        let (fields, _) = SIGNS.fields(text.as_bytes(), 0);
        fields.into_iter().map(|f| String::from_utf8(SIGNS.content(&text.as_bytes()[f]).into_owned()).unwrap()).collect()
    }

    macro_rules! case {
        ($($name:ident: $text:expr => $fields:expr;)*) => { $(#[test] fn $name() { assert_eq!(contents($text), $fields); })* };
    }

    case! {
        plain: "a;b;c\nd" => ["a", "b", "c"];
        carriage_return: "a;b\r\n" => ["a", "b"];
        empty_fields: ";;\n" => ["", "", ""];
        last_field_empty_at_end: "a;" => ["a", ""];
        quoted_separator: "\"a;b\";c" => ["a;b", "c"];
        quoted_line_break: "\"a\nb\";c\nd" => ["a\nb", "c"];
        doubled_quote: "\"a\"\"b\"" => ["a\"b"];
        only_doubled_quotes: "\"\"\"\";x" => ["\"", "x"];
        quote_inside_field: "Haus 5\" links;x" => ["Haus 5\" links", "x"];
        text_after_quote: "\"a\"b;c" => ["ab", "c"];
        empty_quotes: "\"\";x" => ["", "x"];
        unclosed: "\"a;b" => ["a;b"];
    }

    #[test]
    fn last_end_sees_quotes() {
        assert_eq!(SIGNS.last_end(b"a;b\nc;d\ne"), (8, 2));
        assert_eq!(SIGNS.last_end(b"a;\"b\nc\"\nd"), (8, 1));
        assert_eq!(SIGNS.last_end(b"a;b\nc;\"d\ne"), (4, 1));
        assert_eq!(SIGNS.last_end(b"a 5\" b\nc"), (7, 1));
        assert_eq!(SIGNS.last_end(b"abc"), (0, 0));
    }

    proptest::proptest! {
        #[test]
        fn marks_are_all_separators_and_line_ends(text in "[a;\n\u{80}]{0,40}", from in 0_usize..40) {
            let bytes = text.as_bytes();
            let from = from.min(bytes.len());
            let mut marks = Marks::new(bytes, SIGNS);
            marks.seek(from);
            let expected = (from..bytes.len()).filter(|&i| bytes[i] == b';' || bytes[i] == b'\n');
            for position in expected.chain([bytes.len(), bytes.len()]) {
                proptest::prop_assert_eq!(marks.next(), position);
            }
        }
    }
}
