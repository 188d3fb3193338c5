//! The first rows of a source with all columns as text: what recognition looks at. Stays in the closed room.

use std::path::Path;
use std::sync::Mutex;

use super::batch::Batch;
use super::csv::{Block, Columns};
use super::dialect::Dialect;
use super::failure::RecordsError;
use super::layout::{Layout, looks_like_value};
use super::number::NumberForm;
use super::rows::Sampled;
use super::source::{Format, Source};
use super::{Kind, Wanted, flatgeobuf, geojson, geopackage, parquet, postgis, shapefile, spreadsheet};
use crate::error::Error;

/// The most rows of Parquet and GeoJSON that are looked at; of CSV it is a megabyte.
const ROWS: usize = 10_000;

/// The first rows, and what was recognised on the way.
pub(in crate::confidential) struct Sample {
    /// What the file is.
    pub format: Format,
    /// Name of the text's encoding; `None` for Parquet and GeoJSON, as the next three.
    pub encoding: Option<&'static str>,
    /// The sign between fields.
    pub separator: Option<char>,
    /// The decimal sign of most columns that show one.
    pub decimal: Option<char>,
    /// The sign around texts.
    pub quote: Option<char>,
    /// Names of the columns.
    pub header: Vec<String>,
    /// The first row looks like a record, so its texts must not be shown.
    pub header_is_data: bool,
    /// How each column writes numbers.
    pub numbers: Vec<NumberForm>,
    /// The name of a column of geometries, which is none of the header's.
    pub geometry: Option<String>,
    /// Every column as text, in the order of the header.
    pub batch: Batch,
}

/// Looks at the beginning of a file. Costs milliseconds however large the file is.
pub(in crate::confidential) fn sample(file: &Path, dialect: &Dialect) -> Result<Sample, Error> {
    let source = Source::recognise(file)?;
    let plain = |Sampled { header, batch, geometry }: Sampled| Sample {
        format: source.format,
        encoding: None,
        separator: None,
        decimal: None,
        quote: None,
        numbers: vec![NumberForm::PLAIN; header.len()],
        header_is_data: false,
        geometry,
        header,
        batch,
    };
    let without_geometry = |(header, batch)| plain(Sampled { header, batch, geometry: None });
    let sample = match source.format {
        Format::Csv => of_text(&source, dialect)?,
        Format::Parquet => without_geometry(parquet::sample(&source, ROWS)?),
        Format::GeoJson => plain(geojson::sample(&source, ROWS)?),
        Format::Spreadsheet => without_geometry(spreadsheet::sample(&source, dialect)?),
        Format::GeoPackage | Format::Sqlite => plain(geopackage::sample(&source, dialect)?),
        Format::Shapefile => plain(shapefile::sample(&source, dialect)?),
        Format::FlatGeobuf => plain(flatgeobuf::sample(&source)?),
        Format::PostGis => plain(postgis::sample(&source, dialect)?),
        #[cfg(feature = "gdal")]
        Format::Gdal => plain(super::gdal::sample(&source, dialect)?),
    };
    if sample.batch.rows == 0 {
        return Err(RecordsError::NoRecords { file: file.to_owned() }.into());
    }
    Ok(sample)
}

fn of_text(source: &Source, dialect: &Dialect) -> Result<Sample, Error> {
    let mut layout = Layout::recognise(source, dialect)?;
    let block = Block { first_row: layout.first_row, bytes: std::mem::take(&mut layout.sample) };
    let wanted: Vec<Wanted> = layout.header.iter().map(|name| Wanted { name: name.clone(), kind: Kind::Text }).collect();
    let positions: Vec<usize> = (0..wanted.len()).collect();
    let first: Mutex<Option<Batch>> = Mutex::new(None);
    Columns::new(0, &layout, &wanted, &positions).take_apart(&block, &|batch| {
        first.lock().expect("nobody panics with the lock").get_or_insert(batch);
        Ok(())
    })?;
    let batch = first.into_inner().expect("nobody panics with the lock");
    let batch = batch.unwrap_or_else(|| Batch::new(0, layout.first_row, std::iter::empty()));
    let used = memchr::memchr(layout.signs.quote, &block.bytes).is_some();
    Ok(Sample {
        format: Format::Csv,
        encoding: Some(layout.coding.name()),
        separator: Some(char::from(layout.signs.separator)),
        decimal: layout.decimal().map(char::from),
        quote: used.then_some(char::from(layout.signs.quote)),
        header_is_data: layout.header_is_data || layout.header.iter().any(|name| looks_like_value(name)),
        header: layout.header,
        numbers: layout.numbers,
        geometry: None,
        batch,
    })
}
