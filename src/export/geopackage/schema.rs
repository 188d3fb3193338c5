//! The tables every GeoPackage has, and what they say about a layer.

use rusqlite::{Connection, Transaction, params};

use crate::confidential::Release;
use crate::export::{ExportOptions, about};
use crate::geodesy::ReferenceSystem;
use crate::layer::Layer;

/// `GPKG` in the file's header, and version 1.3 (GDAL before 3.7 warns about a later one).
const APPLICATION_ID: i32 = 0x4750_4B47;
const USER_VERSION: i32 = 10_300;

/// The time stamp of a layer without a date: outputs never hold the time of the run.
pub(super) const NO_DATE: &str = "1970-01-01T00:00:00.000Z";

/// Lists a table without geometry: table, identifier, description, time.
pub(super) const ATTRIBUTES: &str = "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change) VALUES (?1, 'attributes', ?2, ?3, ?4)";

const CORE: &str = r#"
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL,
  definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN,
  description TEXT, CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
INSERT INTO gpkg_extensions VALUES
  ('gpkg_data_columns', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec/#extension_schema', 'read-write'),
  ('gpkg_data_column_constraints', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec/#extension_schema', 'read-write');
INSERT INTO gpkg_spatial_ref_sys VALUES
  ('Undefined cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined cartesian coordinate reference system'),
  ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system');
"#;

/// Fixes everything that must stand before the first table.
pub(super) fn prepare(database: &Connection) -> rusqlite::Result<()> {
    database.pragma_update(None, "page_size", 4096)?;
    database.pragma_update(None, "encoding", "UTF-8")?;
    // Nothing stands in the file that a journal would bring back.
    database.pragma_update(None, "journal_mode", "OFF")?;
    database.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    // The bundle is renamed into place when it is complete: a half-written file is never seen.
    database.pragma_update(None, "synchronous", "OFF")?;
    database.pragma_update(None, "cache_size", -65_536)?;
    database.pragma_update(None, "application_id", APPLICATION_ID)?;
    database.pragma_update(None, "user_version", USER_VERSION)
}

/// Makes the core tables; returns the `srs_id` of `crs`.
pub(super) fn create(transaction: &Transaction<'_>, crs: &ReferenceSystem) -> rusqlite::Result<i32> {
    transaction.execute_batch(CORE)?;
    let wgs84 = crs_definitions::EPSG_4326.wkt;
    let insert = "INSERT INTO gpkg_spatial_ref_sys VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let longitude_first = "longitude, latitude in degrees";
    transaction.execute(insert, params!["WGS 84 geodetic", 4326, "EPSG", 4326, wgs84, longitude_first])?;
    let code = crs.epsg().and_then(|code| i32::try_from(code).ok());
    let definition = code.and_then(|code| crs_definitions::from_code(u16::try_from(code).ok()?));
    match (code, definition) {
        (Some(4326), _) => Ok(4326),
        (Some(code), Some(definition)) => {
            transaction.execute(insert, params![wkt_name(definition.wkt), code, "EPSG", code, definition.wkt, crs.label()])?;
            Ok(code)
        }
        // No definition in WKT at hand: the organisation's code, or else the label, says what it is.
        _ => {
            let id = code.unwrap_or(100_000);
            let organization = if code.is_some() { "EPSG" } else { "NONE" };
            transaction.execute(insert, params![crs.label(), id, organization, id, "undefined", crs.label()])?;
            Ok(id)
        }
    }
}

/// The name inside `PROJCS["…",`.
fn wkt_name(wkt: &str) -> &str {
    wkt.split('"').nth(1).unwrap_or(wkt)
}

/// What `gpkg_contents` says about a layer.
pub(super) struct About<'a> {
    pub(super) release: &'a Release,
    pub(super) options: &'a ExportOptions,
    description: String,
    last_change: String,
    pub(super) srs_id: i32,
}

impl<'a> About<'a> {
    pub(super) fn new(release: &'a Release, options: &'a ExportOptions, layer: &Layer<'_>, srs_id: i32) -> Self {
        let description = format!("{}; {}", options.attribution, about::protection_line(release));
        let day = |date: &str| date.len() == 10 && date.bytes().filter(|b| *b == b'-').count() == 2;
        let last_change = match layer.date {
            Some(date) if day(date) => format!("{date}T00:00:00.000Z"),
            _ => NO_DATE.to_owned(),
        };
        Self { release, options, description, last_change, srs_id }
    }

    /// Enters a feature table into the core tables.
    pub(super) fn register(
        &self,
        transaction: &Transaction<'_>,
        table: &str,
        geometry: &str,
        bounds: super::blob::Envelope,
    ) -> rusqlite::Result<()> {
        let bound = |n: f64| (!bounds.is_empty()).then_some(n);
        let identifier = format!("{}: {table}", self.options.title);
        transaction.execute(
            "INSERT INTO gpkg_contents VALUES (?1, 'features', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                table,
                identifier,
                self.description,
                self.last_change,
                bound(bounds.min_x),
                bound(bounds.min_y),
                bound(bounds.max_x),
                bound(bounds.max_y),
                self.srs_id
            ],
        )?;
        transaction.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', ?2, ?3, 0, 0)",
            params![table, geometry, self.srs_id],
        )?;
        Ok(())
    }
}
