//! Sources in, batches of records out: CSV in any usual dialect (gzip too), Parquet, GeoJSON, spreadsheets, GeoPackage and SpatiaLite, Shapefile,
//! FlatGeobuf, PostgreSQL with PostGIS; with the feature `gdal` whatever GDAL reads.
//!
//! [`read`] goes through the files one after the other. A file is cut into pieces at record boundaries by whichever thread of
//! rayon's pool is free; the same thread takes the piece apart and hands a [`Batch`] to the consumer. So reading overlaps with counting, and
//! no more than one piece per thread is in memory. Uses `error`, `progress` and the account's reasons; knows nothing of positions
//! or groups.
//!
//! A row that cannot be taken apart is handed on as faulty: the consumer counts it. A file that cannot be read stops the run.

mod batch;
mod csv;
mod database_fault;
mod dialect;
mod encoding;
mod failure;
mod flatgeobuf;
#[cfg(feature = "gdal")]
mod gdal;
mod geojson;
mod geopackage;
mod layout;
mod number;
mod parquet;
mod postgis;
mod record;
mod rows;
mod sample;
mod shapefile;
mod source;
mod source_name;
mod spreadsheet;
mod wkb;

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::progress::Progress;

pub(in crate::confidential) use batch::{Batch, NumberState, NumberValues, TextValues, Values};
pub use dialect::Dialect;
pub(in crate::confidential) use failure::RecordsError;
pub(in crate::confidential) use number::NumberForm;
pub(in crate::confidential) use sample::{Sample, sample};
pub(in crate::confidential) use source::Format;
pub use source_name::{Secrets, is_path, without_secrets};

use source::Source;

/// How a column is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::confidential) enum Kind {
    /// As the text in the source, trimmed; leading zeros stay.
    Text,
    /// As a number.
    Number,
}

/// A column that the consumer needs.
#[derive(Clone, Debug)]
pub(in crate::confidential) struct Wanted {
    /// The name in the header.
    pub name: String,
    /// Text or number.
    pub kind: Kind,
}

/// What to read.
pub(in crate::confidential) struct Request<'a> {
    /// The sources, read in this order.
    pub files: &'a [PathBuf],
    /// What is known about their text.
    pub dialect: &'a Dialect,
    /// The columns of every batch, in this order. A name may occur twice.
    pub wanted: &'a [Wanted],
}

/// Called with batches from several threads, in any order.
type Consume<'a> = &'a (dyn Fn(Batch) -> Result<(), Error> + Sync);

/// How much text is cut off and taken apart at a time.
const BLOCK_BYTES: usize = 4 << 20;

/// One source of a request on its way through a format's reader.
struct Errand<'a> {
    position: u32,
    source: Source,
    request: &'a Request<'a>,
    progress: &'a dyn Progress,
    block_bytes: usize,
}

/// Reads all files and hands their rows to `consume`. Returns how many rows were read, faulty ones included. Tells `progress` the bytes
/// of the files as they are read; beginning and ending the stage is the caller's.
pub(in crate::confidential) fn read(request: &Request, progress: &dyn Progress, consume: Consume) -> Result<u64, Error> {
    read_in_blocks(request, progress, consume, BLOCK_BYTES)
}

fn read_in_blocks(request: &Request, progress: &dyn Progress, consume: Consume, block_bytes: usize) -> Result<u64, Error> {
    let mut records = 0;
    for (position, file) in request.files.iter().enumerate() {
        let source = Source::recognise(file)?;
        let errand = Errand { position: position as u32, source, request, progress, block_bytes };
        let of_file = match errand.source.format {
            Format::Csv => csv::read(&errand, consume)?,
            Format::Parquet => parquet::read(&errand, consume)?,
            Format::GeoJson => geojson::read(&errand, consume)?,
            Format::Spreadsheet => spreadsheet::read(&errand, consume)?,
            Format::GeoPackage | Format::Sqlite => geopackage::read(&errand, consume)?,
            Format::Shapefile => shapefile::read(&errand, consume)?,
            Format::FlatGeobuf => flatgeobuf::read(&errand, consume)?,
            Format::PostGis => postgis::read(&errand, consume)?,
            #[cfg(feature = "gdal")]
            Format::Gdal => gdal::read(&errand, consume)?,
        };
        if of_file == 0 {
            return Err(RecordsError::NoRecords { file: file.clone() }.into());
        }
        records += of_file;
    }
    Ok(records)
}

/// Checks before a long run that every file can be opened and has all wanted columns. Looks at the first bytes only (Parquet: the last).
pub(in crate::confidential) fn resolve(request: &Request) -> Result<(), Error> {
    for file in request.files {
        let source = Source::recognise(file)?;
        if request.dialect.query.is_some() && source.format != Format::PostGis {
            return Err(RecordsError::QueryOfFile { file: file.clone() }.into());
        }
        match source.format {
            Format::Csv => layout::Layout::recognise(&source, request.dialect)?.resolve(&source, request.wanted).map(drop)?,
            Format::Parquet => parquet::resolve(&source, request.wanted)?,
            Format::GeoJson => geojson::resolve(&source, request.wanted)?,
            Format::Spreadsheet => spreadsheet::resolve(&source, request.dialect, request.wanted)?,
            Format::GeoPackage | Format::Sqlite => geopackage::resolve(&source, request.dialect, request.wanted)?,
            Format::Shapefile => shapefile::resolve(&source, request.dialect, request.wanted)?,
            Format::FlatGeobuf => flatgeobuf::resolve(&source, request.wanted)?,
            Format::PostGis => postgis::resolve(&source, request.dialect, request.wanted)?,
            #[cfg(feature = "gdal")]
            Format::Gdal => gdal::resolve(&source, request.dialect, request.wanted)?,
        }
    }
    Ok(())
}

/// The reference system that a source itself names, such as `EPSG:25833`: the `crs` member of a GeoJSON file, or EPSG:4326 where it has none (RFC
/// 7946); that of the layer of a GeoPackage, of SpatiaLite or of GDAL; that of GeoParquet's first geometry; that of the first geometry in `column` of a
/// database; `.prj` of a shapefile; that in the header of FlatGeobuf. `None` where there is none.
///
/// # Errors
/// If the source cannot be read.
pub fn declared_system(file: &Path, dialect: &Dialect, column: Option<&str>) -> Result<Option<String>, Error> {
    let source = Source::recognise(file)?;
    match source.format {
        Format::GeoJson => Ok(Some(geojson::declared_system(&source)?)),
        Format::GeoPackage | Format::Sqlite => Ok(geopackage::declared_system(&source, dialect)?),
        Format::Parquet => Ok(parquet::declared_system(&source)?),
        Format::Shapefile => Ok(shapefile::declared_system(&source)?),
        Format::FlatGeobuf => Ok(flatgeobuf::declared_system(&source)?),
        Format::PostGis => Ok(postgis::declared_system(&source, dialect, column)?),
        #[cfg(feature = "gdal")]
        Format::Gdal => Ok(gdal::declared_system(&source, dialect)?),
        Format::Csv | Format::Spreadsheet => Ok(None),
    }
}

/// The files that a source is read from: a shapefile is several. A database has none and stays what it is.
pub fn files_of(name: &Path) -> Vec<PathBuf> {
    let shapefile = name.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("shp"));
    let beside = if shapefile { shapefile::parts(name) } else { Vec::new() };
    [name.to_owned()].into_iter().chain(beside).collect()
}

/// The position of each wanted column in a header.
fn positions(file: &Path, header: &[String], wanted: &[Wanted]) -> Result<Vec<usize>, RecordsError> {
    let position = |wanted: &Wanted| {
        let column = || wanted.name.clone();
        let mut found = header.iter().enumerate().filter(|(_, name)| **name == wanted.name.trim());
        match (found.next(), found.next()) {
            (Some((position, _)), None) => Ok(position),
            (Some(_), Some(_)) => Err(RecordsError::AmbiguousColumn { file: file.to_owned(), column: column() }),
            (None, _) => Err(RecordsError::MissingColumn { file: file.to_owned(), column: column(), columns: header.to_vec() }),
        }
    };
    wanted.iter().map(position).collect()
}

#[cfg(test)]
mod parquet_tests;
#[cfg(test)]
mod tests;
