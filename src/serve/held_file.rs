//! A file of a bundle, opened once: it stays readable after its folder was renamed. Whole or by ranges (RFC 9110, section 14).

use std::fs::File;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use http_body::{Frame, SizeHint};

/// Bytes read at a time.
const PIECE: u64 = 128 * 1024;

/// An open file with its length and type.
#[derive(Clone, Debug)]
pub(super) struct HeldFile {
    file: Arc<File>,
    length: u64,
    content_type: &'static str,
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// All of it: no header, or one that need not be understood.
    Whole,
    /// First and last byte.
    Part(u64, u64),
    /// Nothing there.
    Outside,
}

impl HeldFile {
    pub(super) fn open(path: &std::path::Path, content_type: &'static str) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Self { length: metadata.len(), file: Arc::new(file), content_type })
    }

    /// The response to a request with these headers. `etag` is strong: the bytes of a loaded bundle never change.
    pub(super) fn respond(&self, headers: &HeaderMap, etag: &str) -> Response {
        let text = |name| headers.get(name).and_then(|v: &axum::http::HeaderValue| v.to_str().ok());
        // Part of another version than the client has would be of no use to it.
        let same = text(header::IF_RANGE).is_none_or(|wanted| wanted == etag);
        let wanted = text(header::RANGE).filter(|_| same).map_or(Wanted::Whole, |range| wanted(range, self.length));
        let response = Response::builder()
            .header(header::CONTENT_TYPE, self.content_type)
            .header(header::ACCEPT_RANGES, "bytes")
            .header(header::ETAG, etag);
        let part = |from: u64, to: u64| Body::new(Part { file: Arc::clone(&self.file), at: from, end: to });
        let response = match wanted {
            Wanted::Whole => response.header(header::CONTENT_LENGTH, self.length).body(part(0, self.length)),
            Wanted::Part(first, last) => response
                .status(StatusCode::PARTIAL_CONTENT)
                .header(header::CONTENT_RANGE, format!("bytes {first}-{last}/{}", self.length))
                .header(header::CONTENT_LENGTH, last + 1 - first)
                .body(part(first, last + 1)),
            Wanted::Outside => response
                .status(StatusCode::RANGE_NOT_SATISFIABLE)
                .header(header::CONTENT_RANGE, format!("bytes */{}", self.length))
                .body(Body::empty()),
        };
        response.expect("the headers are ours")
    }
}

/// Reads a `Range` header. Several ranges, other units and what is no range at all may be left alone: the whole file is a right answer.
fn wanted(range: &str, length: u64) -> Wanted {
    let Some((from, to)) = range.trim().strip_prefix("bytes=").filter(|r| !r.contains(',')).and_then(|r| r.split_once('-'))
    else {
        return Wanted::Whole;
    };
    let number = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        // More than any file has.
        true => Some(text.parse::<u64>().unwrap_or(u64::MAX)),
        false => None,
    };
    match (number(from), number(to)) {
        (Some(first), Some(last)) if first > last => Wanted::Whole,
        (Some(first), _) if first >= length => Wanted::Outside,
        (Some(first), Some(last)) => Wanted::Part(first, last.min(length - 1)),
        (Some(first), None) if to.is_empty() => Wanted::Part(first, length - 1),
        (None, Some(0)) if from.is_empty() => Wanted::Outside,
        (None, Some(_)) if from.is_empty() && length == 0 => Wanted::Outside,
        (None, Some(last)) if from.is_empty() => Wanted::Part(length.saturating_sub(last), length - 1),
        _ => Wanted::Whole,
    }
}

/// Bytes of a file as a body. Memory is one piece, whatever the client asks for.
struct Part {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl http_body::Body for Part {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let length = (self.end - self.at).min(PIECE);
        if length == 0 {
            return Poll::Ready(None);
        }
        let mut piece = vec![0; usize::try_from(length).expect("a piece is small")];
        // From the page cache, mostly; a disk delays this thread by a millisecond.
        let read = read_exact_at(&self.file, &mut piece, self.at);
        self.at += length;
        Poll::Ready(Some(read.map(|()| Frame::data(Bytes::from(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.at == self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end - self.at)
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, piece: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, piece, at)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut piece: &mut [u8], mut at: u64) -> io::Result<()> {
    while !piece.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, piece, at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        piece = &mut piece[read..];
        at += read as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_all_shapes() {
        for (range, expected) in [
            ("bytes=0-0", Wanted::Part(0, 0)),
            ("bytes=0-99", Wanted::Part(0, 99)),
            ("bytes=90-999", Wanted::Part(90, 99)),
            ("bytes=99-", Wanted::Part(99, 99)),
            ("bytes=-1", Wanted::Part(99, 99)),
            ("bytes=-1000", Wanted::Part(0, 99)),
            ("bytes=100-", Wanted::Outside),
            ("bytes=99999999999999999999999-", Wanted::Outside),
            ("bytes=0-99999999999999999999999", Wanted::Part(0, 99)),
            ("bytes=-0", Wanted::Outside),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=0-1,4-5", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=--1", Wanted::Whole),
            ("lines=0-1", Wanted::Whole),
            ("", Wanted::Whole),
        ] {
            assert_eq!(wanted(range, 100), expected, "{range}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Outside);
        assert_eq!(wanted("bytes=-5", 0), Wanted::Outside);
    }
}
