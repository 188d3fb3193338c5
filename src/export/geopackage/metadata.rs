//! `gpkg_metadata` (OGC 12-128r17, annex F.8): title, source and protection of the whole file and of each layer, as QGIS keeps them (QMD).

use rusqlite::{Transaction, params};

use crate::confidential::Release;
use crate::error::Language;
use crate::export::geopackage::schema::NO_DATE;
use crate::export::style::xml;
use crate::export::{ExportOptions, about};

const TABLES: &str = "
CREATE TABLE gpkg_metadata (
  id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL, md_scope TEXT NOT NULL DEFAULT 'dataset', md_standard_uri TEXT NOT NULL,
  mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '');
CREATE TABLE gpkg_metadata_reference (
  reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
  timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
  CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
  CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id));
INSERT INTO gpkg_extensions VALUES
  ('gpkg_metadata', NULL, 'gpkg_metadata', 'http://www.geopackage.org/spec120/#extension_metadata', 'read-write'),
  ('gpkg_metadata_reference', NULL, 'gpkg_metadata', 'http://www.geopackage.org/spec120/#extension_metadata', 'read-write');
";

/// Makes the tables and describes the file and each of its feature tables.
pub(super) fn write(
    transaction: &Transaction<'_>,
    release: &Release,
    options: &ExportOptions,
    tables: &[String],
) -> rusqlite::Result<()> {
    transaction.execute_batch(TABLES)?;
    let mut insert =
        transaction.prepare("INSERT INTO gpkg_metadata VALUES (?1, 'dataset', 'http://mrcc.com/qgis.dtd', 'text/xml', ?2)")?;
    let mut refer = transaction.prepare("INSERT INTO gpkg_metadata_reference VALUES (?1, ?2, NULL, NULL, ?3, ?4, ?5)")?;
    insert.execute(params![1, qmd(release, options, None)])?;
    refer.execute(params!["geopackage", None::<String>, NO_DATE, 1, None::<i64>])?;
    for (id, table) in (2_i64..).zip(tables) {
        insert.execute(params![id, qmd(release, options, Some(table))])?;
        refer.execute(params!["table", table, NO_DATE, id, 1])?;
    }
    Ok(())
}

fn qmd(release: &Release, options: &ExportOptions, table: Option<&str>) -> String {
    let language = match options.language {
        Language::English => "ENG",
        Language::German => "GER",
    };
    let identifier = table.map_or_else(|| options.stem.clone(), |table| format!("{}:{table}", options.stem));
    let title = table.map_or_else(|| options.title.clone(), |table| format!("{}: {table}", options.title));
    format!(
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version=\"3.22.16\"><identifier>{}</identifier><parentidentifier/>\
         <language>{language}</language><type>dataset</type><title>{}</title><abstract>{}</abstract><rights>{}</rights></qgis>",
        xml(&identifier),
        xml(&title),
        xml(&about::protection_line(release)),
        xml(&options.attribution)
    )
}
