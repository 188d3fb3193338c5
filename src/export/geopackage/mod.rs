//! GeoPackage 1.3 (OGC 12-128r17): one feature table for every layer, spatial index, aliases.
//!
//! One transaction, rollback journal, fixed page size and a declared time stamp: the same release gives the same bytes, and one closed
//! file (a write-ahead log would freeze readers on network drives).

mod blob;
mod features;
mod rtree;
mod schema;

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::confidential::Release;
use crate::error::Error;
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
    for layer in layers(release) {
        let outlines = outlines.of_layer(&layer)?;
        for table in features::tables(&layer) {
            let about = schema::About::new(release, options, &layer, srs_id);
            features::write(&transaction, &table, &outlines, &about).map_err(sqlite)?;
        }
        progress.advance(layer.block.units.len() as u64);
    }
    transaction.commit().map_err(sqlite)?;
    database.close().map_err(|(_, e)| sqlite(e))?;
    Ok(())
}
