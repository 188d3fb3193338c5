//! Which encoding a text has, and its texts as UTF-8.

use std::borrow::Cow;
use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, ISO_8859_15, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::failure::RecordsError;

/// How the bytes of a text become UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// UTF-8; other bytes are a fault of their row.
    Utf8,
    /// Nothing but ASCII in the sample: each field is UTF-8 if it can be, else Windows-1252.
    Undecided,
    /// One byte is one character, so separators can be found before decoding.
    SingleByte(&'static encoding_rs::Encoding),
    /// Decoded as it is read (UTF-16 and the like).
    Stream(&'static encoding_rs::Encoding),
}

impl Coding {
    /// The encoding that is named, or the one that a sample shows.
    pub(super) fn recognise(label: Option<&str>, sample: &[u8], whole: bool) -> Result<Self, RecordsError> {
        if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(sample) {
            return Ok(if encoding == UTF_8 { Self::Utf8 } else { Self::Stream(encoding) });
        }
        if let Some(label) = label {
            return Self::named(label).ok_or_else(|| RecordsError::UnknownEncoding { label: label.to_owned() });
        }
        if let Some(encoding) = looks_like_utf16(sample) {
            return Ok(Self::Stream(encoding));
        }
        Ok(match std::str::from_utf8(sample) {
            _ if sample.is_ascii() => Self::Undecided,
            Ok(_) => Self::Utf8,
            // a character cut in two by the end of the sample
            Err(error) if !whole && error.error_len().is_none() => Self::Utf8,
            // 0x80-0x9F are letters and quotes in Windows-1252 only; 0xA4 is the euro sign in ISO-8859-15 and a sign nobody uses otherwise
            Err(_) if sample.contains(&0xA4) && !sample.iter().any(|b| (0x80..0xA0).contains(b)) => Self::SingleByte(ISO_8859_15),
            Err(_) => Self::SingleByte(WINDOWS_1252),
        })
    }

    fn named(label: &str) -> Option<Self> {
        let label = label.trim().to_ascii_lowercase();
        let encoding = match label.as_str() {
            "utf-8-sig" | "utf8-bom" | "utf-8-bom" => UTF_8,
            "utf16" => UTF_16LE,
            "latin-1" => WINDOWS_1252,
            "latin9" | "latin-9" => ISO_8859_15,
            _ => encoding_rs::Encoding::for_label(label.as_bytes())?,
        };
        Some(match encoding {
            encoding if encoding == UTF_8 => Self::Utf8,
            encoding if encoding.is_single_byte() => Self::SingleByte(encoding),
            encoding => Self::Stream(encoding),
        })
    }

    /// The name for a person and for the plan.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Undecided => "ascii",
            Self::SingleByte(encoding) if encoding == ISO_8859_15 => "iso-8859-15",
            Self::SingleByte(encoding) if encoding == WINDOWS_1252 => "windows-1252",
            Self::SingleByte(encoding) | Self::Stream(encoding) => encoding.name(),
        }
    }

    /// Rows of this coding that hold a sign that could not be decoded carry U+FFFD.
    pub(super) fn marks_faults(self) -> bool {
        matches!(self, Self::Stream(_))
    }

    /// A block as UTF-8: borrowed where it is already. `None` if only some fields are UTF-8.
    pub(super) fn block(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::SingleByte(encoding) if !bytes.is_ascii() => Some(encoding.decode_without_bom_handling(bytes).0),
            _ => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        }
    }

    /// A field of a block that is not UTF-8 as a whole; `None` if the field is not in this coding.
    pub(super) fn field(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match (std::str::from_utf8(bytes), self) {
            (Ok(text), _) => Some(Cow::Borrowed(text)),
            (Err(_), Self::Undecided) => Some(WINDOWS_1252.decode_without_bom_handling(bytes).0),
            (Err(_), _) => None,
        }
    }
}

/// UTF-16 with a byte order mark, or without one where every other byte of a Western text is zero.
pub(super) fn looks_like_utf16(sample: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    match encoding_rs::Encoding::for_bom(sample) {
        Some((encoding, _)) if encoding != UTF_8 => return Some(encoding),
        Some(_) => return None,
        None => {}
    }
    let head = &sample[..sample.len().min(4096)];
    let zeros = |parity: usize| head.iter().skip(parity).step_by(2).filter(|&&b| b == 0).count();
    let enough = head.len() * 2 / 5;
    match (zeros(0), zeros(1)) {
        (0, odd) if odd > 1 && odd >= enough => Some(UTF_16LE),
        (even, 0) if even > 1 && even >= enough => Some(UTF_16BE),
        _ => None,
    }
}

/// Decodes a stream to UTF-8; what cannot be decoded becomes U+FFFD.
pub(super) struct Transcoder<R> {
    inner: R,
    decoder: Decoder,
    raw: Vec<u8>,
    decoded: Vec<u8>,
    taken: usize,
    ended: bool,
}

impl<R: Read> Transcoder<R> {
    pub(super) fn new(inner: R, encoding: &'static encoding_rs::Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { inner, decoder, raw: vec![0; 1 << 16], decoded: Vec::new(), taken: 0, ended: false }
    }

    fn refill(&mut self) -> io::Result<()> {
        let read = self.inner.read(&mut self.raw)?;
        self.ended = read == 0;
        let room = self.decoder.max_utf8_buffer_length(read).unwrap_or(4 * read + 16);
        self.decoded.resize(room, 0);
        let (result, _, written, _) = self.decoder.decode_to_utf8(&self.raw[..read], &mut self.decoded, self.ended);
        debug_assert_eq!(result, CoderResult::InputEmpty);
        self.decoded.truncate(written);
        self.taken = 0;
        Ok(())
    }
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.decoded.len() && !self.ended {
            self.refill()?;
        }
        let waiting = &self.decoded[self.taken..];
        let count = waiting.len().min(into.len());
        into[..count].copy_from_slice(&waiting[..count]);
        self.taken += count;
        Ok(count)
    }
}
