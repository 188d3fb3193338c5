//! The attribute table of a shapefile (dBase III, `.dbf`).
//!
//! Read here and not by the `dbase` crate because that turns numeric fields into floats: a key must stay the text it is.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::feature::Attributes;

// Header: record count u32 at 4, header length u16 at 8, record length u16 at 10, language driver at 29; field descriptors of
// 32 bytes from 32 until 0x0D: name (11), type (1), 4 unused, length (1). Records start with '*' where deleted.
const FIRST_FIELD: usize = 32;
const FIELD_LENGTH: usize = 32;

/// The upper half of DOS code page 850, which old German tables are in; `encoding_rs` knows only the web's encodings.
const CODE_PAGE_850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

#[derive(Clone, Copy)]
enum CodePage {
    Web(&'static Encoding),
    Dos850,
    /// Nothing is said: UTF-8 where it is valid, else Windows-1252.
    Unknown,
}

impl CodePage {
    /// The `.cpg` file decides, then the language driver id of the table.
    fn of(cpg: Option<&str>, language_driver: u8) -> Self {
        if let Some(label) = cpg.map(str::trim).filter(|label| !label.is_empty()) {
            let digits = label.trim_start_matches(|c: char| !c.is_ascii_digit());
            match (Encoding::for_label(label.as_bytes()), digits) {
                (Some(encoding), _) => return Self::Web(encoding),
                (None, "1252" | "88591") => return Self::Web(WINDOWS_1252),
                (None, "65001") => return Self::Web(UTF_8),
                (None, "850" | "437") => return Self::Dos850,
                _ => {}
            }
        }
        match language_driver {
            0x03 | 0x57..=0x59 => Self::Web(WINDOWS_1252),
            // 437 and 850 differ in box drawings and symbols, not in letters of German.
            0x01 | 0x02 | 0x0F | 0x10 => Self::Dos850,
            0xC8 => Self::Web(encoding_rs::WINDOWS_1250),
            0xC9 => Self::Web(encoding_rs::WINDOWS_1251),
            _ => Self::Unknown,
        }
    }

    fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Web(encoding) => encoding.decode_without_bom_handling(bytes).0,
            Self::Unknown => match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
            },
            Self::Dos850 => {
                let upper = |b: u8| CODE_PAGE_850.chars().nth(usize::from(b) - 128).unwrap_or(char::REPLACEMENT_CHARACTER);
                bytes.iter().map(|&b| if b.is_ascii() { char::from(b) } else { upper(b) }).collect()
            }
        }
        .into_owned()
    }
}

/// One column of a table.
pub(crate) struct Field {
    pub(crate) name: String,
    /// The letter of its type: `C` text, `N` and `F` numbers, `D` a date, `L` yes or no, `I` and `B` binary numbers, `M` a text in another file.
    pub(crate) kind: char,
    offset: usize,
    length: usize,
}

/// What a table's header says: how to read its records.
pub(crate) struct TableLayout {
    pub(crate) fields: Vec<Field>,
    code_page: CodePage,
    /// How many records, deleted ones too.
    pub(crate) records: usize,
    /// Bytes before the first record.
    pub(crate) header_length: usize,
    /// Bytes of each record.
    pub(crate) record_length: usize,
}

impl TableLayout {
    /// Reads the header at the beginning of `bytes`; `Err` says what is wrong with it.
    pub(crate) fn of(bytes: &[u8], cpg: Option<&str>) -> Result<Self, String> {
        let u16_at = |at: usize| Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
        let (header_length, record_length) = u16_at(8).zip(u16_at(10)).ok_or("shorter than its header")?;
        let records = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]) as usize;
        let header = bytes.get(..header_length).filter(|h| h.len() > FIRST_FIELD).ok_or("shorter than its header")?;
        let code_page = CodePage::of(cpg, header[29]);
        let mut fields = Vec::new();
        // A record begins with the mark of deletion.
        let mut offset = 1;
        for descriptor in header[FIRST_FIELD..].chunks_exact(FIELD_LENGTH).take_while(|d| d[0] != 0x0D) {
            let name = descriptor[..11].split(|&b| b == 0).next().unwrap_or_default();
            let (kind, length) = (char::from(descriptor[11]), usize::from(descriptor[16]));
            fields.push(Field { name: code_page.decode(name).trim().to_owned(), kind, offset, length });
            offset += length;
        }
        if offset != record_length {
            return Err("its fields do not add up to its record length".into());
        }
        Ok(Self { fields, code_page, records, header_length, record_length })
    }

    /// Whether the record is marked as deleted.
    pub(crate) fn is_deleted(record: &[u8]) -> bool {
        record[0] == b'*'
    }

    /// A field's value as text: dates as `2024-12-31`, yes and no as `true` and `false`, numbers without needless zeros behind the point. `None` where
    /// nothing is filled in, and where a number did not fit and stars stand for it.
    pub(crate) fn text(&self, field: usize, record: &[u8]) -> Option<String> {
        let field = &self.fields[field];
        let bytes = &record[field.offset..field.offset + field.length];
        match (field.kind, bytes.len()) {
            ('I' | '+', 4) => return Some(i32::from_le_bytes(bytes.try_into().ok()?).to_string()),
            ('B' | 'O', 8) => return Some(f64::from_le_bytes(bytes.try_into().ok()?).to_string()),
            _ => {}
        }
        let text = self.code_page.decode(bytes);
        let text = text.trim_matches(|c: char| c == ' ' || c == '\0');
        match field.kind {
            _ if text.is_empty() => None,
            'N' | 'F' => (!text.starts_with('*')).then(|| plain(text).to_owned()),
            'L' => match text {
                "T" | "t" | "Y" | "y" => Some("true".into()),
                "F" | "f" | "N" | "n" => Some("false".into()),
                _ => None,
            },
            'D' if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) => {
                (text != "00000000").then(|| format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]))
            }
            _ => Some(text.to_owned()),
        }
    }
}

/// One entry per record: its attributes, `None` where the record is marked as deleted. `Err` says what is wrong with the table.
pub(super) fn read(bytes: &[u8], cpg: Option<&str>) -> Result<Vec<Option<Attributes>>, String> {
    let table = TableLayout::of(bytes, cpg)?;
    let body = bytes[table.header_length..]
        .get(..table.records * table.record_length)
        .ok_or_else(|| format!("cut off before its {} records end", table.records))?;
    let value = |at: usize, record: &[u8]| (table.fields[at].name.clone(), table.text(at, record));
    let attributes = |record: &[u8]| (0..table.fields.len()).map(|at| value(at, record)).collect();
    let records = body.chunks_exact(table.record_length);
    Ok(records.map(|record| (!TableLayout::is_deleted(record)).then(|| attributes(record))).collect())
}

/// `1056001.000` is the key `1056001`, `12.50` the number `12.5`.
fn plain(number: &str) -> &str {
    match number.split_once('.') {
        Some((whole, decimals)) if decimals.bytes().all(|b| b == b'0') => whole,
        Some((_, decimals)) if decimals.bytes().all(|b| b.is_ascii_digit()) => number.trim_end_matches('0'),
        _ => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(language_driver: u8, name: &[u8; 6]) -> Vec<u8> {
        let mut bytes = vec![0; FIRST_FIELD];
        bytes[0] = 3;
        bytes[4] = 2;
        bytes[29] = language_driver;
        for (field, kind, length) in [("AGS", b'N', 12), ("GEN", b'C', 6)] {
            let mut d = [0; FIELD_LENGTH];
            d[..field.len()].copy_from_slice(field.as_bytes());
            d[11] = kind;
            d[16] = length;
            bytes.extend(d);
        }
        bytes.push(0x0D);
        let header_length = bytes.len() as u16;
        bytes[8..10].copy_from_slice(&header_length.to_le_bytes());
        bytes[10..12].copy_from_slice(&19_u16.to_le_bytes());
        bytes.extend(b" 1056001.000");
        bytes.splice(bytes.len() - 12.., *b"  1056001.000");
        bytes.extend(name);
        bytes.extend(b"*           2gone  ");
        bytes
    }

    #[test]
    fn names_and_keys_come_as_text_in_any_code_page() {
        let expected = vec![("AGS".into(), Some("1056001".into())), ("GEN".into(), Some("Köln".to_owned()))];
        for (driver, cpg, name) in [
            (0x57, None, b"K\xf6ln  "),
            (0x02, None, b"K\x94ln  "),
            (0x00, None, b"K\xc3\xb6ln "),
            (0x00, None, b"K\xf6ln  "),
            (0x57, Some("UTF-8\r\n"), b"K\xc3\xb6ln "),
            (0x00, Some("ANSI 1252"), b"K\xf6ln  "),
        ] {
            assert_eq!(read(&table(driver, name), cpg).unwrap(), vec![Some(expected.clone()), None], "{driver:x} {cpg:?}");
        }
    }

    fn value(kind: u8, bytes: &[u8]) -> Option<String> {
        let mut table = vec![0; FIRST_FIELD];
        let mut descriptor = [0; FIELD_LENGTH];
        (descriptor[0], descriptor[11], descriptor[16]) = (b'a', kind, bytes.len() as u8);
        table.extend(descriptor);
        table.push(0x0D);
        let header_length = table.len() as u16;
        table[8..10].copy_from_slice(&header_length.to_le_bytes());
        table[10..12].copy_from_slice(&(bytes.len() as u16 + 1).to_le_bytes());
        TableLayout::of(&table, None).unwrap().text(0, &[b" ", bytes].concat())
    }

    macro_rules! case {
        ($($name:ident: $kind:literal $bytes:expr => $text:expr;)*) => { $(#[test] fn $name() {
            let expected: Option<&str> = $text;
            assert_eq!(value($kind, $bytes).as_deref(), expected);
        })* };
    }

    case! {
        date: b'D' b"20241231" => Some("2024-12-31");
        date_empty: b'D' b"        " => None;
        date_of_zeros: b'D' b"00000000" => None;
        yes: b'L' b"T" => Some("true");
        no: b'L' b"n" => Some("false");
        neither: b'L' b"?" => None;
        number: b'N' b"  12.500" => Some("12.5");
        number_whole: b'F' b"  12.000" => Some("12");
        number_with_exponent: b'F' b" 1.0e+10" => Some("1.0e+10");
        number_too_large: b'N' b"********" => None;
        number_empty: b'N' b"        " => None;
        number_binary: b'I' b"\x05\0\0\0" => Some("5");
        number_double: b'B' b"\0\0\0\0\0\0\xF8\x3F" => Some("1.5");
        key_with_zeros: b'C' b"01056   " => Some("01056");
    }

    #[test]
    fn a_code_page_has_128_upper_characters() {
        assert_eq!(CODE_PAGE_850.chars().count(), 128);
    }

    #[test]
    fn a_cut_table_is_refused() {
        let bytes = table(0, b"Koeln ");
        for length in [0, 20, 40, bytes.len() - 1] {
            assert!(read(&bytes[..length], None).is_err(), "{length}");
        }
    }
}
