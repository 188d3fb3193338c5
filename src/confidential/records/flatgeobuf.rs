//! FlatGeobuf: a column for each column of its header, and `geometry`. The reference system is the header's.
//!
//! Read feature by feature from the beginning; one thread reads and consumes. Properties are taken apart here, since the library trusts
//! what lengths a damaged file names.

use std::fs::File;
use std::io::{BufReader, ErrorKind};

use flatgeobuf::{ColumnType, FallibleStreamingIterator as _, FgbReader, GeometryType};
use geo::{LineString, Polygon};

use super::failure::RecordsError;
use super::geopackage::hexadecimal;
use super::rows::{Cell, Gather, Sampled, geometry_column};
use super::source::Source;
use super::{Batch, Consume, Errand, Wanted, positions, wkb};
use crate::error::Error;

/// Reads a file in the order of its features.
pub(super) fn read(errand: &Errand, consume: Consume) -> Result<u64, Error> {
    let opened = Opened::new(&errand.source)?;
    let columns = positions(&errand.source.file, &opened.header, errand.request.wanted)?;
    let share = errand.source.bytes / opened.features.max(1);
    let mut gather = Gather::new(errand, 1);
    opened.rows(&columns, &mut |cells| {
        errand.progress.advance(share);
        gather.push(cells.iter(), consume).map(|()| true)
    })?;
    gather.finish(consume)
}

/// Checks the columns.
pub(super) fn resolve(source: &Source, wanted: &[Wanted]) -> Result<(), RecordsError> {
    positions(&source.file, &Opened::new(source)?.header, wanted).map(drop)
}

/// The first features as text, without geometries.
pub(super) fn sample(source: &Source) -> Result<Sampled, Error> {
    let opened = Opened::new(source)?;
    let columns: Vec<usize> = (0..opened.types.len()).collect();
    let (header, geometry) = (opened.header[..columns.len()].to_vec(), opened.header.last().cloned());
    let mut rows = Vec::new();
    opened.rows(&columns, &mut |cells| {
        rows.push(cells);
        Ok(rows.len() < Batch::MAX_ROWS)
    })?;
    Ok(Sampled::new(header, rows, geometry))
}

/// The reference system of the header.
pub(super) fn declared_system(source: &Source) -> Result<Option<String>, RecordsError> {
    let opened = Opened::new(source)?;
    let header = opened.reader.header();
    Ok(header.crs().and_then(|crs| match (crs.org(), crs.code()) {
        (None | Some("EPSG"), 1..) => Some(format!("EPSG:{}", crs.code())),
        _ => crs.wkt().filter(|wkt| !wkt.is_empty()).map(str::to_owned),
    }))
}

struct Opened<'s> {
    source: &'s Source,
    reader: FgbReader<BufReader<File>>,
    types: Vec<ColumnType>,
    /// Of all features, where each does not have its own.
    geometry_type: GeometryType,
    /// How many the header says there are; 0 where it says nothing.
    features: u64,
    /// The file's columns, then the geometry.
    header: Vec<String>,
}

impl<'s> Opened<'s> {
    fn new(source: &'s Source) -> Result<Self, RecordsError> {
        let file = File::open(&source.file).map_err(|cause| RecordsError::opening(&source.file, cause))?;
        let reader = FgbReader::open(BufReader::with_capacity(1 << 18, file)).map_err(|error| failure(source, error))?;
        let found = reader.header();
        let columns: Vec<_> = found.columns().into_iter().flatten().collect();
        let types = columns.iter().map(|column| column.type_()).collect();
        let mut header: Vec<String> = columns.iter().map(|column| column.name().trim().to_owned()).collect();
        header.push(geometry_column(&header));
        let (geometry_type, features) = (found.geometry_type(), found.features_count());
        Ok(Self { source, types, geometry_type, features, header, reader })
    }

    /// Calls `each` with the cells of every feature until it says no.
    fn rows(self, columns: &[usize], each: &mut dyn FnMut(Vec<Cell>) -> Result<bool, Error>) -> Result<(), Error> {
        let Self { source, reader, types, geometry_type, features: expected, .. } = self;
        let mut found = 0;
        let geometry_at = types.len();
        let mut features = reader.select_all_seq().map_err(|error| failure(source, error))?;
        while let Some(feature) = features.next().map_err(|error| failure(source, error))? {
            found += 1;
            let feature = feature.fbs_feature();
            let bytes = feature.properties().map_or(&[][..], |bytes| bytes.bytes());
            let mut properties = properties(bytes, &types).ok_or_else(|| corrupt(source))?;
            if columns.contains(&geometry_at) {
                properties.push(feature.geometry().map_or(Cell::Missing, |found| geometry(&found, geometry_type)));
            }
            if !each(columns.iter().map(|&column| properties[column].clone()).collect())? {
                return Ok(());
            }
        }
        // The library takes a file that ends between two features as complete.
        if found < expected {
            Err(RecordsError::Truncated { file: source.file.clone(), format: "FlatGeobuf" }.into())
        } else {
            Ok(())
        }
    }
}

fn corrupt(source: &Source) -> RecordsError {
    RecordsError::Corrupt { file: source.file.clone(), format: "FlatGeobuf" }
}

fn failure(source: &Source, error: flatgeobuf::Error) -> RecordsError {
    match error {
        flatgeobuf::Error::IO(cause) => match cause.kind() {
            ErrorKind::UnexpectedEof => RecordsError::Truncated { file: source.file.clone(), format: "FlatGeobuf" },
            _ => RecordsError::opening(&source.file, cause),
        },
        _ => corrupt(source),
    }
}

/// Column numbers of 16 bits, each with a value of the column's type; columns without a value are left out. `None` if that is not what it is.
fn properties(mut bytes: &[u8], types: &[ColumnType]) -> Option<Vec<Cell>> {
    fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
        let (taken, rest) = bytes.split_first_chunk::<N>()?;
        *bytes = rest;
        Some(*taken)
    }
    fn long<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
        let length = u32::from_le_bytes(take(bytes)?) as usize;
        let (taken, rest) = bytes.split_at_checked(length)?;
        *bytes = rest;
        Some(taken)
    }
    let mut cells = vec![Cell::Missing; types.len()];
    // Some writers leave a byte behind the last value.
    while bytes.len() > 1 {
        let column = usize::from(u16::from_le_bytes(take(&mut bytes)?));
        let from = &mut bytes;
        let kind = *types.get(column)?;
        cells[column] = match kind {
            ColumnType::Byte => Cell::Whole(i8::from_le_bytes(take(from)?).into()),
            ColumnType::UByte => Cell::Whole(u8::from_le_bytes(take(from)?).into()),
            ColumnType::Bool => Cell::Text(if take::<1>(from)? == [0] { "false" } else { "true" }.into()),
            ColumnType::Short => Cell::Whole(i16::from_le_bytes(take(from)?).into()),
            ColumnType::UShort => Cell::Whole(u16::from_le_bytes(take(from)?).into()),
            ColumnType::Int => Cell::Whole(i32::from_le_bytes(take(from)?).into()),
            ColumnType::UInt => Cell::Whole(u32::from_le_bytes(take(from)?).into()),
            ColumnType::Long => Cell::Whole(i64::from_le_bytes(take(from)?)),
            ColumnType::ULong => Cell::Text(u64::from_le_bytes(take(from)?).to_string()),
            ColumnType::Float => Cell::Number(f32::from_le_bytes(take(from)?).into()),
            ColumnType::Double => Cell::Number(f64::from_le_bytes(take(from)?)),
            ColumnType::String | ColumnType::Json => Cell::Text(std::str::from_utf8(long(from)?).ok()?.to_owned()),
            ColumnType::DateTime => {
                let text = std::str::from_utf8(long(from)?).ok()?;
                Cell::Text(text.strip_suffix("T00:00:00").unwrap_or(text).to_owned())
            }
            ColumnType::Binary => Cell::Text(hexadecimal(long(from)?)),
            _ => return None,
        };
    }
    Some(cells)
}

fn geometry(found: &flatgeobuf::Geometry<'_>, of_file: GeometryType) -> Cell {
    let kind = if of_file == GeometryType::Unknown { found.type_() } else { of_file };
    let coordinates = || -> Vec<(f64, f64)> {
        let numbers: Vec<f64> = found.xy().into_iter().flatten().collect();
        numbers.as_chunks::<2>().0.iter().map(|&[x, y]| (x, y)).collect()
    };
    match kind {
        GeometryType::Point => match coordinates()[..] {
            [(x, y)] if !x.is_nan() => Cell::Text(wkb::point(x, y)),
            _ => Cell::Missing,
        },
        GeometryType::MultiPoint => Cell::Text(wkb::points(&coordinates())),
        GeometryType::Polygon => Cell::Text(wkb::polygons(&polygon(found).into_iter().collect::<Vec<_>>())),
        GeometryType::MultiPolygon => {
            let parts = found.parts().into_iter().flatten();
            Cell::Text(wkb::polygons(&parts.filter_map(|part| polygon(&part)).collect::<Vec<_>>()))
        }
        _ => Cell::Text(wkb::no_position()),
    }
}

/// The first ring is the outline; without ends of rings there is one.
fn polygon(found: &flatgeobuf::Geometry<'_>) -> Option<Polygon> {
    let numbers: Vec<f64> = found.xy()?.iter().collect();
    let corners = numbers.as_chunks::<2>().0;
    let ends: Vec<usize> = found.ends().map_or_else(|| vec![corners.len()], |ends| ends.iter().map(|end| end as usize).collect());
    let mut start = 0;
    let mut rings = Vec::new();
    for end in ends {
        rings.push(LineString::from(corners.get(start..end)?.to_vec()));
        start = end;
    }
    let outline = (!rings.is_empty()).then(|| rings.remove(0))?;
    Some(Polygon::new(outline, rings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_taken_apart_by_type() {
        let types = [ColumnType::Int, ColumnType::String, ColumnType::Bool, ColumnType::DateTime];
        let bytes = [
            &[1, 0, 5, 0, 0, 0][..],
            "Köln".as_bytes(),
            &[0, 0, 0xFE, 0xFF, 0xFF, 0xFF, 3, 0, 19, 0, 0, 0],
            b"2024-12-31T00:00:00",
        ];
        let text = |text: &str| Cell::Text(text.into());
        let expected = vec![Cell::Whole(-2), text("Köln"), Cell::Missing, text("2024-12-31")];
        assert_eq!(properties(&bytes.concat(), &types), Some(expected));
    }

    #[test]
    fn damaged_properties_are_refused() {
        for bytes in [&[9, 0, 1, 2][..], &[0, 0, 1], &[1, 0, 255, 255, 255, 255, 1], &[1, 0, 1, 0, 0, 0, 0xFF]] {
            assert_eq!(properties(bytes, &[ColumnType::Int, ColumnType::String]), None, "{bytes:?}");
        }
    }
}
