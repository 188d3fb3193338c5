//! Tiles of an earlier archive, so that what stays the same need not be compressed again.
//!
//! A tile is taken over where the earlier one decompresses to the very bytes of the new one. That needs no knowledge of what changed, of the
//! plan or of the version that wrote the archive; the caller only vouches that it was compressed as [`compressor`](super::compressor) says, since equal
//! bytes compressed by other means are other bytes. Decompressing costs a third of compressing; a tile that changed shows by its checksum, at no cost.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Mutex;

use flate2::read::GzDecoder;
use libdeflater::Decompressor;

/// A header is as long as this (PMTiles 3).
const HEADER: usize = 127;
/// A directory above this is no directory of ours, and must not fill the memory.
const DIRECTORY_LIMIT: u64 = 1 << 30;
/// The shortest gzip there is.
const SHORTEST_GZIP: u64 = 18;

/// An earlier `tiles.pmtiles`, open for reading.
#[derive(Debug)]
pub struct EarlierTiles {
    file: Mutex<File>,
    /// Where tiles begin in the file.
    tiles: u64,
    /// Ascending.
    entries: Vec<Entry>,
}

/// A run of equal tiles, or a leaf directory where the run is 0.
#[derive(Clone, Copy, Debug)]
struct Entry {
    id: u64,
    run: u64,
    offset: u64,
    length: u64,
}

/// What a worker needs to look at earlier tiles.
pub(super) struct Reader {
    decompressor: Decompressor,
    gzip: Vec<u8>,
    raw: Vec<u8>,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { decompressor: Decompressor::new(), gzip: Vec::new(), raw: Vec::new() }
    }
}

impl EarlierTiles {
    /// Opens an archive and reads its directories.
    ///
    /// # Errors
    /// If the file cannot be read, or is no PMTiles archive of version 3.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut header = [0; HEADER];
        file.read_exact(&mut header)?;
        if &header[..8] != b"PMTiles\x03" {
            return Err(damaged());
        }
        let number = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().expect("eight bytes"));
        let (leaves, tiles) = (number(40), number(56));
        let mut entries = Vec::new();
        for entry in directory(&mut file, number(8), number(16))? {
            if entry.run > 0 {
                entries.push(entry);
            } else {
                let begin = leaves.checked_add(entry.offset).ok_or_else(damaged)?;
                entries.extend(directory(&mut file, begin, entry.length)?);
            }
        }
        if !entries.is_sorted_by_key(|entry| entry.id) {
            return Err(damaged());
        }
        Ok(Self { file: Mutex::new(file), tiles, entries })
    }

    /// The compressed tile of this id, if it holds just these bytes.
    pub(super) fn same(&self, id: u64, raw: &[u8], reader: &mut Reader) -> Option<Vec<u8>> {
        let entry = self.entries[..self.entries.partition_point(|entry| entry.id <= id)].last()?;
        // No gzip of ours is much longer than what it holds.
        let fits = (SHORTEST_GZIP..=2 * raw.len() as u64 + 1024).contains(&entry.length);
        if id - entry.id >= entry.run || !fits {
            return None;
        }
        let begin = self.tiles.checked_add(entry.offset)?;
        let Reader { decompressor, gzip, raw: earlier } = reader;
        gzip.resize(entry.length as usize, 0);
        {
            let mut file = self.file.lock().ok()?;
            file.seek(SeekFrom::Start(begin)).ok()?;
            file.read_exact(gzip).ok()?;
        }
        // RFC 1952: the checksum and the length of what is inside stand at the end.
        let end: [u8; 8] = gzip[gzip.len() - 8..].try_into().expect("eight bytes");
        let (checksum, length) = ([end[0], end[1], end[2], end[3]], [end[4], end[5], end[6], end[7]]);
        if u32::from_le_bytes(length) as usize != raw.len() || u32::from_le_bytes(checksum) != libdeflater::crc32(raw) {
            return None;
        }
        earlier.resize(raw.len(), 0);
        let unpacked = decompressor.gzip_decompress(gzip, earlier).ok()?;
        (earlier[..unpacked] == *raw).then(|| gzip.clone())
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "no PMTiles archive of version 3, or a damaged one")
}

/// A directory: the number of entries, then ids as differences, runs, lengths and offsets, column by column.
fn directory(file: &mut File, offset: u64, length: u64) -> io::Result<Vec<Entry>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut plain = Vec::new();
    GzDecoder::new(file.take(length)).take(DIRECTORY_LIMIT).read_to_end(&mut plain)?;
    let mut rest = plain.iter();
    let mut varint = || {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *rest.next().ok_or_else(damaged)?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(damaged())
    };
    let count = varint()?;
    if count > plain.len() as u64 {
        return Err(damaged());
    }
    let mut column = || (0..count).map(|_| varint()).collect::<io::Result<Vec<u64>>>();
    let (steps, runs, lengths, offsets) = (column()?, column()?, column()?, column()?);
    let (mut entries, mut id, mut end) = (Vec::with_capacity(steps.len()), 0_u64, 0_u64);
    for i in 0..steps.len() {
        id = id.checked_add(steps[i]).ok_or_else(damaged)?;
        // 0 stands for: right behind the one before.
        let offset = if offsets[i] == 0 { end } else { offsets[i] - 1 };
        end = offset.checked_add(lengths[i]).ok_or_else(damaged)?;
        entries.push(Entry { id, run: runs[i], offset, length: lengths[i] });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_archive_is_refused_and_never_panics() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tiles.pmtiles");
        for bytes in [&b""[..], b"PMTiles", &[7; 500], &[b"PMTiles\x03".as_slice(), &[0xff; 500]].concat()] {
            std::fs::write(&path, bytes).unwrap();
            assert!(EarlierTiles::open(&path).is_err());
        }
        assert!(EarlierTiles::open(&folder.path().join("none")).is_err());
    }
}
