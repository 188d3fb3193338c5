//! GeoPackage 1.3 (OGC 12-128r17): one feature table for every layer, spatial index, aliases.
//!
//! SQLite makes the tables; rows are then put into the closed file as pages ([`pages`]). One transaction, no journal, fixed page size and a declared time stamp: the same release gives the same bytes, and one closed
//! file (a write-ahead log would freeze readers on network drives).

mod blob;
mod features;
mod pages;
mod rtree;
mod schema;

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::confidential::Release;
use crate::error::Error;
use crate::export::geopackage::pages::Pages;
use crate::export::{ExportError, ExportOptions};
use crate::layer::{Outlines, layers};
use crate::progress::Progress;

pub(super) fn write(release: &Release, options: &ExportOptions, path: &Path, progress: &dyn Progress) -> Result<(), Error> {
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
    let layers = layers(release);
    let mut written = Vec::new();
    for layer in &layers {
        let outlines = outlines.of_layer(layer)?;
        let mut tables = Vec::new();
        for table in features::tables(layer) {
            let about = schema::About::new(release, options, layer, srs_id);
            let waiting = features::write(&transaction, &table, &outlines, &about).map_err(sqlite)?;
            tables.push((table, waiting));
        }
        written.push((layer, outlines, tables));
    }
    transaction.commit().map_err(sqlite)?;
    database.close().map_err(|(_, e)| sqlite(e))?;
    let failed = |e: std::io::Error| ExportError::io(path, &e);
    let mut pages = Pages::open(path).map_err(failed)?;
    for (layer, outlines, tables) in written {
        for (table, waiting) in &tables {
            features::append(&mut pages, table, &outlines, srs_id, waiting).map_err(failed)?;
        }
        progress.advance(layer.block.units.len() as u64);
    }
    pages.finish().map_err(failed)?;
    Ok(())
}
