//! GeoPackage 1.3 (OGC 12-128r17): one feature table for every layer, spatial index, aliases, styles, metadata and a QGIS project.
//!
//! One transaction, rollback journal, fixed page size and a declared time stamp: the same release gives the same bytes, and one closed
//! file (a write-ahead log would freeze readers on network drives).

mod blob;
mod features;
mod metadata;
mod project;
mod rtree;
mod schema;
pub(crate) mod selection;
mod styles;

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::confidential::Release;
use crate::error::Error;
use crate::export::style::{Project, StoredLayer, subjects};
use crate::export::{ExportError, ExportOptions};
use crate::layer::{Outlines, Symbology, layers};
use crate::progress::Progress;

pub(super) fn write(
    release: &Release,
    symbology: &Symbology,
    options: &ExportOptions,
    path: &Path,
    progress: &dyn Progress,
) -> Result<(), Error> {
    if path.symlink_metadata().is_ok() {
        return Err(ExportError::Exists { path: path.to_owned() }.into());
    }
    let outlines = Outlines::new(&options.crs)?;
    let sqlite = |e: rusqlite::Error| ExportError::sqlite(path, &e);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut database = Connection::open_with_flags(path, flags).map_err(sqlite)?;
    schema::prepare(&database).map_err(sqlite)?;
    let transaction = database.transaction().map_err(sqlite)?;
    let srs_id = schema::create(&transaction, &options.crs).map_err(sqlite)?;
    styles::create(&transaction).map_err(sqlite)?;
    let layers = layers(release);
    let (mut stored, mut names) = (Vec::new(), Vec::new());
    for layer in &layers {
        let outlines = outlines.of_layer(layer)?;
        let subjects = subjects(layer, symbology, options);
        for (part, table) in features::tables(layer).iter().enumerate() {
            let about = schema::About::new(release, options, layer, srs_id);
            let bounds = features::write(&transaction, table, &outlines, &about).map_err(sqlite)?;
            names.push(table.name.clone());
            // Further parts hold the fields that come late; those with a style are in the first.
            if part == 0 {
                styles::write(&transaction, &table.name, &subjects).map_err(sqlite)?;
                let bounds = (!bounds.is_empty()).then_some([bounds.min_x, bounds.min_y, bounds.max_x, bounds.max_y]);
                stored.push(StoredLayer { layer, bounds });
            }
        }
        progress.advance(layer.block.units.len() as u64);
    }
    metadata::write(&transaction, release, options, &names).map_err(sqlite)?;
    let archive = Project { release, symbology, options, layers: &stored }.archive()?;
    project::write(&transaction, &options.title, &archive).map_err(sqlite)?;
    transaction.commit().map_err(sqlite)?;
    database.close().map_err(|(_, e)| sqlite(e))?;
    Ok(())
}
