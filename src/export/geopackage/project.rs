//! `qgis_projects`: the project that QGIS opens from the file (Project ▸ Open From ▸ GeoPackage).

use std::fmt::Write;

use rusqlite::{Transaction, params};

use crate::export::geopackage::schema::NO_DATE;

/// Keeps a project under a name. QGIS reads hexadecimal text.
pub(super) fn write(transaction: &Transaction<'_>, name: &str, archive: &[u8]) -> rusqlite::Result<()> {
    transaction.execute_batch("CREATE TABLE qgis_projects (name TEXT PRIMARY KEY, metadata BLOB, content BLOB)")?;
    let mut content = String::with_capacity(2 * archive.len());
    for byte in archive {
        let _ = write!(content, "{byte:02x}");
    }
    let metadata = serde_json::json!({ "last_modified_time": NO_DATE, "last_modified_user": "kleinraum" });
    transaction.execute("INSERT INTO qgis_projects VALUES (?1, ?2, ?3)", params![name, metadata.to_string(), content])?;
    Ok(())
}
