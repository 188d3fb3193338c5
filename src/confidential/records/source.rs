//! A file on disk: what format it has, and its bytes as a stream that tells how far it is.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use zstd::stream::read::Decoder;

use super::failure::{Foreign, RecordsError};
use super::source_name::{Named, without_secrets};
use crate::progress::Progress;

/// How much of a file is looked at to recognise it.
pub(super) const SAMPLE_BYTES: usize = 1 << 20;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::confidential) enum Format {
    /// Text with separators.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// A GeoJSON feature collection.
    GeoJson,
    /// XLSX, XLS, ODS and relatives.
    Spreadsheet,
    /// A GeoPackage.
    GeoPackage,
    /// SpatiaLite or another SQLite database.
    Sqlite,
    /// A shapefile, named by its `.shp`.
    Shapefile,
    /// FlatGeobuf.
    FlatGeobuf,
    /// A query or table of PostgreSQL.
    PostGis,
    /// Whatever GDAL reads.
    #[cfg(feature = "gdal")]
    Gdal,
}

/// A file that was opened once and recognised by its first bytes.
pub(super) struct Source {
    pub(super) file: PathBuf,
    pub(super) format: Format,
    pub(super) bytes: u64,
    /// GeoJSON as one feature after the other (RFC 8142, or a feature a line), not as one collection.
    pub(super) sequence: bool,
    packed: Option<Packing>,
}

/// How text is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Gzip,
    Zstd,
}

impl Packing {
    /// By the first bytes (RFC 1952, 2.3.1; RFC 8878, 3.1.1).
    fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

impl Source {
    /// Recognises the file, or what else is named.
    pub(super) fn recognise(file: &Path) -> Result<Self, RecordsError> {
        let of = |format| Ok(Self { file: file.to_owned(), format, bytes: 0, sequence: false, packed: None });
        match Named::of(file) {
            Named::Database => return of(Format::PostGis),
            Named::Remote => return Err(RecordsError::Remote { file: without_secrets(file) }),
            Named::Gdal => return for_gdal(file).map_or_else(Err, of),
            Named::File => {}
        }
        let failure = |cause| RecordsError::opening(file, cause);
        let metadata = std::fs::metadata(file).map_err(failure)?;
        if metadata.is_dir() {
            // A folder of GDAL's: FileGDB by its ending, anything with that feature.
            if cfg!(feature = "gdal") || ending(file) == "gdb" {
                return for_gdal(file).map_or_else(Err, of);
            }
            return Err(RecordsError::Directory { file: file.to_owned() });
        }
        let mut head = Vec::new();
        File::open(file).map_err(failure)?.take(4096).read_to_end(&mut head).map_err(failure)?;
        let packed = Packing::of(&head);
        let mut source = Self { file: file.to_owned(), format: Format::Csv, bytes: metadata.len(), sequence: false, packed };
        if packed.is_some() {
            head.clear();
            source.stream(&crate::progress::Silent)?.take(4096).read_to_end(&mut head).map_err(|cause| source.failure(cause))?;
        }
        if head.is_empty() {
            return Err(RecordsError::Empty { file: file.to_owned() });
        }
        source.sequence = is_sequence(&head);
        match format_of(&head, packed.is_some(), file) {
            Ok(format) => source.format = format,
            #[cfg(feature = "gdal")]
            Err(Foreign::Binary | Foreign::Archive) if packed.is_none() => source.format = Format::Gdal,
            Err(found) => return Err(RecordsError::Unsupported { file: file.to_owned(), found }),
        }
        Ok(source)
    }

    /// The bytes, unpacked; tells the progress how many bytes of the file were read.
    pub(super) fn stream<'a>(&self, progress: &'a dyn Progress) -> Result<Box<dyn Read + Send + 'a>, RecordsError> {
        let file = File::open(&self.file).map_err(|cause| RecordsError::opening(&self.file, cause))?;
        let counted = Counted { inner: file, progress };
        let buffered = |counted| BufReader::with_capacity(1 << 18, counted);
        Ok(match self.packed {
            None => Box::new(counted),
            Some(Packing::Gzip) => Box::new(MultiGzDecoder::new(buffered(counted))),
            Some(Packing::Zstd) => Box::new(Decoder::with_buffer(buffered(counted)).map_err(|cause| self.failure(cause))?),
        })
    }

    /// Names the file in an error of its stream.
    pub(super) fn failure(&self, cause: io::Error) -> RecordsError {
        let file = self.file.clone();
        match (self.packed, cause.kind()) {
            (Some(packing), io::ErrorKind::UnexpectedEof) => RecordsError::Truncated { file, format: packing.name() },
            (Some(packing), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => {
                RecordsError::Corrupt { file, format: packing.name() }
            }
            // What zstd finds wrong has no kind of its own.
            (Some(Packing::Zstd), io::ErrorKind::Other) => RecordsError::Corrupt { file, format: Packing::Zstd.name() },
            _ => RecordsError::opening(&file, cause),
        }
    }
}

/// The format of what only GDAL reads.
fn for_gdal(file: &Path) -> Result<Format, RecordsError> {
    #[cfg(feature = "gdal")]
    return file.to_str().map(|_| Format::Gdal).ok_or_else(|| RecordsError::Gdal { file: file.to_owned() });
    #[cfg(not(feature = "gdal"))]
    Err(RecordsError::NeedsGdal { file: without_secrets(file) })
}

/// The ending of the name in lower case.
fn ending(file: &Path) -> String {
    file.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// A record separator, or a line that is a whole feature.
fn is_sequence(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let kind = |line: &[u8]| serde_json::from_slice::<serde_json::Value>(line).ok().map(|value| value["type"] == "Feature");
    text.first() == Some(&0x1e) || text.first() == Some(&b'{') && kind(line) == Some(true)
}

fn format_of(head: &[u8], packed: bool, file: &Path) -> Result<Format, Foreign> {
    let extension = ending(file);
    if head.starts_with(b"PAR1") {
        return if packed { Err(Foreign::Archive) } else { Ok(Format::Parquet) };
    }
    if head.starts_with(b"PK\x03\x04") && ["xlsx", "xlsm", "xlsb", "ods"].contains(&extension.as_str())
        || head.starts_with(b"\xD0\xCF\x11\xE0")
    {
        return if packed { Err(Foreign::Archive) } else { Ok(Format::Spreadsheet) };
    }
    let archives: [&[u8]; 5] = [b"PK\x03\x04", b"7z\xBC\xAF", b"BZh", b"\x28\xB5\x2F\xFD", b"\xFD7zXZ"];
    if archives.iter().any(|magic| head.starts_with(magic)) {
        return Err(Foreign::Archive);
    }
    if head.starts_with(b"SQLite format 3") {
        // The format has its own mark in the header, which old ones lack (OGC 12-128r19, 1.1.1.1.1).
        let is_package = head.get(68..72).is_some_and(|mark| mark.starts_with(b"GP")) || extension == "gpkg";
        return if packed { Err(Foreign::Archive) } else { Ok(if is_package { Format::GeoPackage } else { Format::Sqlite }) };
    }
    if head.starts_with(b"fgb") && head.get(4..7) == Some(b"fgb") {
        return if packed { Err(Foreign::Archive) } else { Ok(Format::FlatGeobuf) };
    }
    // The file code 9994 and five unused words.
    if head.starts_with(&[0, 0, 0x27, 0x0A]) && extension == "shp" {
        return if packed { Err(Foreign::Archive) } else { Ok(Format::Shapefile) };
    }
    if super::encoding::looks_like_utf16(head).is_none() && head.contains(&0) {
        return Err(Foreign::Binary);
    }
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    match text.first() {
        Some(b'{' | 0x1e) => Ok(Format::GeoJson),
        Some(b'[') if extension == "json" => Err(Foreign::OtherJson),
        _ => Ok(Format::Csv),
    }
}

/// Tells the progress what passes through.
struct Counted<'a, R> {
    inner: R,
    progress: &'a dyn Progress,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.progress.advance(read as u64);
        Ok(read)
    }
}
