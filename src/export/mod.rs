//! A release as files: `release.parquet`, GeoJSON, GeoPackage, CSV.
//!
//! In: [`Release`]. Out: files that say the same with the same ids, attributes and statuses. Every file carries the method and its
//! parameters. A withheld number is an absent one (`null`, `NULL`, an empty field) with its status beside it, never 0 or −1.
//!
//! The caller begins and ends [`Stage::Export`](crate::progress::Stage::Export); writers advance it by one for every feature (a unit of a date) written: [`features`] says
//! how many there are. Same release and options: the same bytes. Uses `layer` and everything before it; used by `pipeline`.

mod about;
mod catalog;
mod csv;
mod dictionary_chunk;
mod error;
mod flatgeobuf;
mod geojson;
mod geopackage;
mod geoparquet;
mod incidence;
mod portal;
mod release_parquet;
mod row_groups;
mod rows;
mod style;
mod wkb;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::confidential::Release;
use crate::error::{Error, Language};
use crate::geodesy::ReferenceSystem;
use crate::layer::Symbology;
use crate::progress::Progress;

pub use error::ExportError;
pub(crate) use geopackage::selection;
pub use incidence::Placing;

/// What the files say beyond the release.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// Title for readers.
    pub title: String,
    /// Whom to name as the source.
    pub attribution: String,
    /// The reference system of the GeoPackage.
    pub crs: ReferenceSystem,
    /// The name of the GeoPackage without its ending.
    pub stem: String,
    /// The language of aliases and legends.
    pub language: Language,
    /// Under which licence it is published: a short name (`dl-de/by-2-0`) or an address.
    pub licence: Option<String>,
}

impl ExportOptions {
    /// Options with the GeoPackage in ETRS89 / UTM zone 32N (EPSG:25832), named `kleinraum`.
    ///
    /// # Errors
    /// None in practice: EPSG:25832 is known.
    pub fn new(title: &str, attribution: &str) -> Result<Self, Error> {
        let crs = ReferenceSystem::parse("EPSG:25832")?;
        Ok(Self {
            title: title.to_owned(),
            attribution: attribution.to_owned(),
            crs,
            stem: "kleinraum".to_owned(),
            language: Language::English,
            licence: None,
        })
    }
}

/// How many features a writer writes, and so how far it advances the progress.
pub fn features(release: &Release) -> u64 {
    release.blocks.iter().map(|block| block.units.len() as u64).sum()
}

/// Writes the protected lattice in long form: `date`, `level`, `id`, `table`, `group`, `value`, `status`, one row for each date, level, unit and column, in
/// this order. Where cells may have several sizes in one level, `size_m` behind them is the side of each. `value` is null unless the status is `value`, `zero` or `uncertain`.
///
/// # Errors
/// If the file can't be written.
pub fn write_release_parquet(release: &Release, path: &Path) -> Result<(), Error> {
    release_parquet::write(release, path)
}

/// Writes `incidence.parquet`: which areas each finest published cell lies in, by geometry alone. One row for each piece that borders cut
/// from a cell: `cell` (feature id) and the area's key for each system, null outside all of them. A cell with one row lies in these areas as a
/// whole. Without a grid there is no `cell`, and each row is a combination of areas that a record can lie in.
///
/// It says nothing of records; the audit reads it, so that it knows of borders what anyone with a map knows.
///
/// # Errors
/// If the file can't be written.
pub fn write_incidence(release: &Release, placing: &Placing<'_>, path: &Path) -> Result<(), Error> {
    incidence::write(release, placing, path)
}

/// Writes `<folder>/<layer>.geojson` for every layer (RFC 7946: WGS 84, degrees, longitude first, seven decimals). Returns the files in the order of
/// [`crate::layer::layers`]. Makes the folder if it is missing.
///
/// A feature has `id` (code or key), `label` (areas), `size_m` (cells, where a level has several sizes), `date` (if any), every field, and for every field that is not a plain value its
/// status: absent status means `value`.
///
/// # Errors
/// If a file can't be written.
pub fn write_geojson(
    release: &Release,
    options: &ExportOptions,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Vec<PathBuf>, Error> {
    geojson::write(release, options, folder, (geojson::Form::Collection, progress))
}

/// Writes `<folder>/<layer>.geojsonl` for every layer: the features of [`write_geojson`], one a line and nothing around them, for programs that
/// read line by line. Returns the files.
///
/// # Errors
/// If a file can't be written.
pub fn write_geojson_lines(
    release: &Release,
    options: &ExportOptions,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Vec<PathBuf>, Error> {
    geojson::write(release, options, folder, (geojson::Form::Lines, progress))
}

/// Writes `<folder>/<layer>.parquet` for every layer: GeoParquet 1.1 in longitude and latitude with a box for each feature. Columns: `fid`, `id`, `label`
/// (areas), `size_m` (cells of several sizes), `date` (if any), every field, every status, `bbox`, `geometry`. Returns the files.
///
/// # Errors
/// If a file can't be written.
pub fn write_geoparquet(
    release: &Release,
    options: &ExportOptions,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Vec<PathBuf>, Error> {
    geoparquet::write(release, options, folder, progress)
}

/// Writes `<folder>/<layer>.fgb` for every layer: FlatGeobuf in longitude and latitude, with an index. Attributes as in the GeoPackage, `fid` among
/// them. Returns the files.
///
/// # Errors
/// If a file can't be written.
pub fn write_flatgeobuf(
    release: &Release,
    options: &ExportOptions,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Vec<PathBuf>, Error> {
    flatgeobuf::write(release, options, folder, progress)
}

/// Writes a GeoPackage 1.3 with one feature table for every layer, in [`ExportOptions::crs`], with spatial index and aliases. `fid` is the feature id.
/// Every field has its status column beside it. A layer with more columns than SQLite takes (more than 950 fields) goes on in tables
/// `<layer>_2`, `<layer>_3`, … with the same `fid`.
///
/// QGIS loads each layer with the style of its total (`layer_styles`, with further ones to choose from) and opens the stored project
/// (`qgis_projects`) under the title: layers in groups, each at its scales.
///
/// # Errors
/// If the file exists, can't be written, or a unit lies outside the reference system.
pub fn write_geopackage(
    release: &Release,
    symbology: &Symbology,
    options: &ExportOptions,
    path: &Path,
    progress: &dyn Progress,
) -> Result<(), Error> {
    geopackage::write(release, symbology, options, path, progress)
}

/// Writes what portals want to know into `folder`: `datapackage.json` (Frictionless), `catalog.jsonld` (DCAT-AP.de) and `masterportal.json`.
/// `formats` are the technical names of those that are in the bundle. Returns the files.
///
/// # Errors
/// If a file can't be written.
pub fn write_catalog(
    release: &Release,
    symbology: &Symbology,
    options: &ExportOptions,
    (folder, formats): (&Path, &[&str]),
) -> Result<Vec<PathBuf>, Error> {
    let files = [
        ("datapackage.json", catalog::datapackage(release, options, formats)),
        ("catalog.jsonld", catalog::dcat(release, options, formats)),
        ("masterportal.json", portal::masterportal(release, symbology, options, formats)),
    ];
    let write = |(name, value): (&str, serde_json::Value)| {
        let path = folder.join(name);
        std::fs::write(&path, format!("{value:#}\n")).map_err(|e| ExportError::io(&path, &e))?;
        Ok(path)
    };
    files.into_iter().map(write).collect()
}

/// Writes `legend.json` (classes and colours of every number, for pages) and, below `styles/`, QML and SLD of every layer's total. Returns the files.
///
/// # Errors
/// If a file can't be written.
pub fn write_styles(
    release: &Release,
    symbology: &Symbology,
    options: &ExportOptions,
    folder: &Path,
) -> Result<Vec<PathBuf>, Error> {
    style::write(release, symbology, options, folder)
}

/// Writes `<folder>/<layer>.csv` (UTF-8, comma, LF) and `<layer>_excel.csv` (UTF-8 with BOM, semicolon, CRLF) for every layer, and
/// `README.txt`, which tells columns, statuses, method and parameters. Columns: `id`, `label` (areas), `size_m` (cells of several sizes), `date` (if any), every field, then every
/// status. Returns the files. Makes the folder if it is missing.
///
/// In the Excel form a text that a spreadsheet would take for a formula (`=`, `+`, `-`, `@`, tab or return first) gets an apostrophe in front; the plain form is faithful.
/// Keys with leading zeros stay text in the file; a spreadsheet keeps them if the column is imported as text.
///
/// # Errors
/// If a file can't be written.
pub fn write_csv(
    release: &Release,
    options: &ExportOptions,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Vec<PathBuf>, Error> {
    csv::write(release, options, folder, progress)
}
