//! A few numbers of a finished bundle as a GeoPackage of its own: one table, longitude and latitude (EPSG:4326), spatial index.

use geo::{Coord, LineString, MultiPolygon, Polygon};
use rusqlite::{Connection, params};
use serde_json::Value;

use crate::error::Error;
use crate::export::ExportError;
use crate::export::geopackage::blob::{self, Envelope};
use crate::export::geopackage::features::quoted;
use crate::export::geopackage::rtree;
use crate::export::geopackage::schema::{self, NO_DATE};
use crate::geodesy::ReferenceSystem;

/// One place with its published number.
pub(crate) struct Selected<'s> {
    pub(crate) id: &'s str,
    pub(crate) label: &'s str,
    /// The number, if one is published, and its status.
    pub(crate) n: (Option<i64>, &'static str),
    /// How many people there are, if that is published.
    pub(crate) base: Option<i64>,
    /// GeoJSON geometry in degrees; null where there is none.
    pub(crate) outline: Value,
}

/// Places with what is said of all of them.
pub(crate) struct Selection<'s> {
    pub(crate) table: &'s str,
    pub(crate) title: &'s str,
    pub(crate) description: &'s str,
    pub(crate) date: Option<&'s str>,
    pub(crate) places: Vec<Selected<'s>>,
}

impl Selection<'_> {
    /// The bytes of the file; the same for the same selection.
    ///
    /// # Errors
    /// If the system's folder for temporary files cannot be written.
    pub(crate) fn geopackage(&self) -> Result<Vec<u8>, Error> {
        let folder = std::env::temp_dir();
        let failed = |source: std::io::Error| ExportError::io(&folder, &source);
        let temporary = tempfile::Builder::new().prefix("kleinraum").suffix(".gpkg").tempfile().map_err(failed)?;
        let sqlite = |e: rusqlite::Error| ExportError::sqlite(&folder, &e);
        let mut database = Connection::open(temporary.path()).map_err(sqlite)?;
        self.write(&mut database).map_err(sqlite)?;
        database.close().map_err(|(_, e)| sqlite(e))?;
        Ok(std::fs::read(temporary.path()).map_err(failed)?)
    }

    fn write(&self, database: &mut Connection) -> rusqlite::Result<()> {
        schema::prepare(database)?;
        let transaction = database.transaction()?;
        let srs_id = schema::create(&transaction, &ReferenceSystem::wgs84())?;
        transaction.execute_batch(&format!(
            "CREATE TABLE {} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTIPOLYGON, id TEXT NOT NULL, label TEXT, date TEXT, n INTEGER, \
             status TEXT NOT NULL, base INTEGER)",
            quoted(self.table)
        ))?;
        let mut insert =
            transaction.prepare(&format!("INSERT INTO {} VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", quoted(self.table)))?;
        let (mut bytes, mut boxes, mut bounds) = (Vec::new(), Vec::new(), Envelope::EMPTY);
        for (fid, place) in (1_i64..).zip(&self.places) {
            let area = multi_polygon(&place.outline);
            let envelope = blob::multi_polygon(&mut bytes, srs_id, &area);
            let (n, status) = place.n;
            insert.execute(params![fid, bytes, place.id, place.label, self.date, n, status, place.base])?;
            if !envelope.is_empty() {
                boxes.push(rtree::Entry::new(fid, envelope));
                bounds = bounds.with(envelope);
            }
        }
        drop(insert);
        let bound = |n: f64| (!bounds.is_empty()).then_some(n);
        transaction.execute(
            "INSERT INTO gpkg_contents VALUES (?1, 'features', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                self.table,
                self.title,
                self.description,
                NO_DATE,
                bound(bounds.min_x),
                bound(bounds.min_y),
                bound(bounds.max_x),
                bound(bounds.max_y),
                srs_id
            ],
        )?;
        transaction.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', 'MULTIPOLYGON', ?2, 0, 0)",
            params![self.table, srs_id],
        )?;
        rtree::write(&transaction, self.table, boxes)?;
        transaction.commit()
    }
}

/// A polygon or several of GeoJSON; empty where there is none.
fn multi_polygon(geometry: &Value) -> MultiPolygon<f64> {
    let coord = |point: &Value| Some(Coord { x: point.get(0)?.as_f64()?, y: point.get(1)?.as_f64()? });
    let ring = |ring: &Value| LineString(ring.as_array().into_iter().flatten().filter_map(coord).collect());
    let polygon = |polygon: &Value| {
        let mut rings = polygon.as_array().into_iter().flatten().map(ring);
        rings.next().map(|outer| Polygon::new(outer, rings.collect()))
    };
    let coordinates = &geometry["coordinates"];
    match geometry["type"].as_str() {
        Some("Polygon") => MultiPolygon(polygon(coordinates).into_iter().collect()),
        Some("MultiPolygon") => MultiPolygon(coordinates.as_array().into_iter().flatten().filter_map(polygon).collect()),
        _ => MultiPolygon(Vec::new()),
    }
}
