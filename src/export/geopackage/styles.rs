//! `layer_styles`, which QGIS loads by itself: for each layer the style of its total, and further ones to choose from.

use rusqlite::{Transaction, params};

use crate::export::geopackage::schema::{ATTRIBUTES, NO_DATE};
use crate::export::style::{Subject, qml, sld};

/// QGIS asks for this table and these columns (`qgsogrproviderutils.cpp`); unregistered it would be ignored.
const TABLE: &str = "CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT, f_table_schema TEXT, f_table_name TEXT, f_geometry_column TEXT,
  styleName TEXT, styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT, ui TEXT, update_time DATETIME)";

/// Makes the empty table.
pub(super) fn create(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(TABLE)?;
    transaction.execute(ATTRIBUTES, params!["layer_styles", "layer_styles", "styles of the layers", NO_DATE])?;
    Ok(())
}

/// Adds the styles of a table; the first is the one that is loaded.
pub(super) fn write(transaction: &Transaction<'_>, table: &str, subjects: &[Subject<'_>]) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, styleSLD, \
         useAsDefault, description, owner, ui, update_time) VALUES ('', '', ?1, 'geom', ?2, ?3, ?4, ?5, ?6, '', NULL, ?7)",
    )?;
    for (i, subject) in subjects.iter().enumerate() {
        let title = subject.title();
        insert.execute(params![table, title, qml(subject), sld(subject), i == 0, format!("{table}: {title}"), NO_DATE])?;
    }
    Ok(())
}
