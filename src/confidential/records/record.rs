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

/// How much text is searched at a time.
const WINDOW_BYTES: usize = 4096;
const GROUP_BYTES: usize = 32;
/// So many positions are noted of a group at once, whether there are as many or not.
const AT_ONCE: usize = 8;

/// Walks over the positions of separators and line ends. Finds those of a window at a time, 32 bytes at once without a branch, since no
/// processor can foresee where fields end. About 1 ns for each.
pub(super) struct Marks<'a> {
    bytes: &'a [u8],
    signs: Signs,
    /// Where the next window begins.
    base: usize,
    /// Positions in the window before `base`.
    found: Box<[u32; WINDOW_BYTES + AT_ONCE]>,
    count: usize,
    next: usize,
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
        Self { bytes, signs, base: 0, found: Box::new([0; WINDOW_BYTES + AT_ONCE]), count: 0, next: 0 }
    }

    /// Searches windows until one has a mark; `false` at the end.
    #[inline(never)]
    fn search(&mut self) -> bool {
        let [separators, terminators] = [self.signs.separator, self.signs.terminator].map(|sign| LOW * u64::from(sign));
        let bytes = self.bytes;
        (self.count, self.next) = (0, 0);
        while self.count == 0 && self.base < bytes.len() {
            let window = &bytes[self.base..bytes.len().min(self.base + WINDOW_BYTES)];
            let (groups, rest) = window.as_chunks::<GROUP_BYTES>();
            let mut first = self.base as u32;
            for group in groups {
                let mut hits = 0_u32;
                for (number, word) in group.as_chunks::<8>().0.iter().enumerate() {
                    let word = u64::from_le_bytes(*word);
                    let equal = equal_bytes(word, separators) | equal_bytes(word, terminators);
                    // The eight high bits side by side.
                    let bits = (equal >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
                    hits |= (bits as u32) << (8 * number);
                }
                self.note(first, hits);
                first = first.wrapping_add(GROUP_BYTES as u32);
            }
            let mut hits = 0;
            for (number, byte) in rest.iter().enumerate() {
                hits |= u32::from(*byte == self.signs.separator || *byte == self.signs.terminator) << number;
            }
            self.note(first, hits);
            self.base += window.len();
        }
        self.count > 0
    }

    #[inline(always)]
    fn note(&mut self, first: u32, mut hits: u32) {
        let count = hits.count_ones() as usize;
        let mut at = self.count;
        self.count += count;
        while let Some(places) = self.found.get_mut(at..).and_then(<[u32]>::first_chunk_mut::<AT_ONCE>) {
            for place in places {
                *place = first.wrapping_add(hits.trailing_zeros());
                hits &= hits.wrapping_sub(1);
            }
            at += AT_ONCE;
            if hits == 0 {
                break;
            }
        }
    }

    /// The next separator or line end, or the length.
    #[inline(always)]
    pub(super) fn next(&mut self) -> usize {
        if self.next == self.count && !self.search() {
            return self.bytes.len();
        }
        let at = self.found[self.next] as usize;
        self.next += 1;
        at
    }

    /// The next `count` positions, if the window has as many.
    #[inline(always)]
    pub(super) fn ahead(&self, count: usize) -> Option<&[u32]> {
        self.found[..self.count].get(self.next..self.next + count)
    }

    /// Passes over positions that [`Marks::ahead`] gave.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: usize) {
        self.next += count;
    }

    /// Goes on from `at`, forward.
    pub(super) fn seek(&mut self, at: usize) {
        if at >= self.base {
            (self.base, self.count, self.next) = (at, 0, 0);
        }
        while self.next < self.count && (self.found[self.next] as usize) < at {
            self.next += 1;
        }
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
        fn marks_are_all_separators_and_line_ends(
            text in "[a;\n\u{80}]{0,140}", times in 0_usize..99, before in 0_usize..40, from in 0_usize..14_000,
        ) {
            let text = text.repeat(times);
            let bytes = text.as_bytes();
            let from = from.min(bytes.len());
            let mut marks = Marks::new(bytes, SIGNS);
            (0..before).filter(|_| marks.next() < from).for_each(drop);
            let mut marks = if marks.next() < from { marks } else { Marks::new(bytes, SIGNS) };
            marks.seek(from);
            let expected = (from..bytes.len()).filter(|&i| bytes[i] == b';' || bytes[i] == b'\n');
            for position in expected.chain([bytes.len(), bytes.len()]) {
                proptest::prop_assert_eq!(marks.next(), position);
            }
        }
    }
}
