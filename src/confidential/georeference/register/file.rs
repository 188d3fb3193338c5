//! An index as a file: little-endian words and texts with their lengths before them, a BLAKE3 hash of everything at the end.
//!
//! It is written aside and renamed, so that a reader sees all of it or none; one that is damaged, of another version or of another register is as good as absent.

use std::io;
use std::path::Path;

use super::index::{Stretch, Tables, Texts};

/// Goes up with every change of the layout or of what normal forms are.
pub(super) const VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"KRREGIST";

/// Reads an index that was made under this fingerprint.
pub(super) fn read(file: &Path, fingerprint: &[u8; 32]) -> Option<Tables> {
    let bytes = std::fs::read(file).ok()?;
    let (body, hash) = bytes.split_last_chunk::<32>()?;
    let mut reader = Bytes(body);
    let known = reader.take(8)? == MAGIC && reader.word()? == VERSION && reader.take(32)? == fingerprint;
    if !known || *blake3::hash(body).as_bytes() != *hash {
        return None;
    }
    reader.tables()
}

/// Writes an index.
pub(super) fn write(file: &Path, fingerprint: &[u8; 32], tables: &Tables) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(20 * tables.numbers.len() + 4096);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(fingerprint);
    for texts in [&tables.towns, &tables.names, &tables.postcodes, &tables.places, &tables.keys, &tables.written] {
        put_words(&mut bytes, &texts.ends);
        put_words(&mut bytes, &[texts.text.len() as u32]);
        bytes.extend_from_slice(texts.text.as_bytes());
    }
    let stretches: Vec<u32> = tables.stretches.iter().flat_map(|stretch| stretch.to_words()).collect();
    put_words(&mut bytes, &stretches);
    for words in [&tables.numbers, &tables.suffixes, &tables.eastings_mm, &tables.northings_mm] {
        put_words(&mut bytes, words);
    }
    for long in [tables.origin_mm[0] as u64, tables.origin_mm[1] as u64, tables.unusable] {
        bytes.extend_from_slice(&long.to_le_bytes());
    }
    let hash = *blake3::hash(&bytes).as_bytes();
    bytes.extend_from_slice(&hash);
    let aside = file.with_extension(format!("{}.new", std::process::id()));
    let written = std::fs::write(&aside, &bytes).and_then(|()| std::fs::rename(&aside, file));
    if written.is_err() {
        let _ = std::fs::remove_file(&aside);
    }
    written
}

fn put_words(bytes: &mut Vec<u8>, words: &[u32]) {
    bytes.extend_from_slice(&(words.len() as u64).to_le_bytes());
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn word(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn long(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn words(&mut self) -> Option<Vec<u32>> {
        let count = usize::try_from(self.long()?).ok()?;
        let bytes = self.take(count.checked_mul(4)?)?;
        Some(bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect())
    }

    fn texts(&mut self) -> Option<Texts> {
        let ends = self.words()?;
        let [length] = self.words()?[..] else { return None };
        Some(Texts { text: std::str::from_utf8(self.take(length as usize)?).ok()?.to_owned(), ends })
    }

    fn tables(&mut self) -> Option<Tables> {
        let [towns, names, postcodes, places, keys, written] = [(); 6].map(|()| self.texts());
        let stretches = self.words()?.as_chunks::<{ Stretch::WORDS }>().0.iter().map(|words| Stretch::of_words(*words)).collect();
        let [numbers, suffixes, eastings_mm, northings_mm] = [(); 4].map(|()| self.words());
        Some(Tables {
            towns: towns?,
            names: names?,
            postcodes: postcodes?,
            places: places?,
            keys: keys?,
            written: written?,
            stretches,
            numbers: numbers?,
            suffixes: suffixes?,
            eastings_mm: eastings_mm?,
            northings_mm: northings_mm?,
            origin_mm: [self.long()? as i64, self.long()? as i64],
            unusable: self.long()?,
        })
    }
}
