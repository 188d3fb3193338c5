//! Records that wait on disk: a file without a name, where nobody but this run can read it.
//!
//! The file lies in the system's folder for temporary files (`TMPDIR`), is removed from it as soon as it is opened, and holds nothing but the
//! key stream of ChaCha20 (RFC 8439) over the bytes, under a key that is drawn for the run and exists in memory only: a disk that is
//! pulled out, copied or not wiped gives nobody a record.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Mutex;

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};

/// A file for what does not fit into memory, shared by all threads.
pub(super) struct Spill {
    key: [u8; 32],
    /// The file, once it is needed, and how many bytes and segments are in it.
    file: Mutex<(Option<File>, u64, u64)>,
}

/// Bytes in the file.
pub(super) struct Segment {
    number: u64,
    start: u64,
    length: usize,
}

impl Spill {
    /// A file that is made when something is written.
    pub(super) fn new() -> io::Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        Ok(Self { key, file: Mutex::new((None, 0, 0)) })
    }

    /// Writes bytes, which are of no use afterwards.
    pub(super) fn write(&self, mut bytes: Vec<u8>) -> io::Result<Segment> {
        let number = {
            let segments = &mut self.lock().2;
            *segments += 1;
            *segments
        };
        self.cipher(number).apply_keystream(&mut bytes);
        let mut held = self.lock();
        let (file, end, _) = &mut *held;
        let file = match file {
            Some(file) => file,
            None => file.insert(tempfile::tempfile()?),
        };
        let segment = Segment { number, start: *end, length: bytes.len() };
        file.seek(SeekFrom::Start(*end))?;
        file.write_all(&bytes)?;
        *end += bytes.len() as u64;
        Ok(segment)
    }

    /// The bytes of a segment.
    pub(super) fn read(&self, segment: &Segment) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; segment.length];
        if let Some(file) = &mut self.lock().0 {
            file.seek(SeekFrom::Start(segment.start))?;
            file.read_exact(&mut bytes)?;
        }
        self.cipher(segment.number).apply_keystream(&mut bytes);
        Ok(bytes)
    }

    /// Every segment has its own nonce, so no part of the key stream is used twice.
    fn cipher(&self, number: u64) -> ChaCha20 {
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&number.to_le_bytes());
        ChaCha20::new(&self.key.into(), &nonce.into())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Option<File>, u64, u64)> {
        self.file.lock().expect("no thread panicked")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_comes_back_and_is_not_in_the_file() {
        let spill = Spill::new().unwrap();
        let texts: Vec<Vec<u8>> =
            (0..5_u8).map(|i| [b"record of somebody "[..].to_vec(), vec![i; 100 * usize::from(i)]].concat()).collect();
        let segments: Vec<Segment> = texts.iter().map(|text| spill.write(text.clone()).unwrap()).collect();
        for (segment, text) in segments.iter().zip(&texts).rev() {
            assert_eq!(&spill.read(segment).unwrap(), text);
        }
        let mut held = spill.lock();
        let file = held.0.as_mut().unwrap();
        let mut raw = Vec::new();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.read_to_end(&mut raw).unwrap();
        assert_eq!(raw.len(), texts.iter().map(Vec::len).sum::<usize>());
        assert!(!raw.windows(9).any(|bytes| bytes == b"somebody " || bytes == [4; 9]));
    }
}
