//! GeoPackages, SpatiaLite and other SQLite databases: the layer that the plan names, or the only one. Geometries are texts of hexadecimal digits, which
//! `position.geometry` reads; their reference system is the database's own (OGC 12-128r19; SpatiaLite's `geometry_columns`, `spatial_ref_sys`).

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::failure::RecordsError;
use super::rows::{Cell, Gather, Sampled};
use super::source::Source;
use super::{Batch, Consume, Dialect, Errand, Wanted, positions};
use crate::error::Error;

/// Reads a layer in the order of its rows.
pub(super) fn read(errand: &Errand, consume: Consume) -> Result<u64, Error> {
    let layer = Layer::open(&errand.source, errand.request.dialect)?;
    let columns = layer.resolve(errand.request.wanted)?;
    let mut gather = Gather::new(errand, 1);
    layer.rows(&columns, &mut |cells| gather.push(cells.iter(), consume).map(|()| true))?;
    errand.progress.advance(errand.source.bytes);
    gather.finish(consume)
}

/// Checks the columns.
pub(super) fn resolve(source: &Source, dialect: &Dialect, wanted: &[Wanted]) -> Result<(), RecordsError> {
    Layer::open(source, dialect)?.resolve(wanted).map(drop)
}

/// The first rows as text, without geometries.
pub(super) fn sample(source: &Source, dialect: &Dialect) -> Result<Sampled, Error> {
    let layer = Layer::open(source, dialect)?;
    let columns: Vec<usize> = (0..layer.header.len()).filter(|&at| layer.geometry.as_ref() != Some(&layer.header[at])).collect();
    let mut rows = Vec::new();
    layer.rows(&columns, &mut |cells| {
        rows.push(cells);
        Ok(rows.len() < Batch::MAX_ROWS)
    })?;
    Ok(Sampled::new(columns.iter().map(|&at| layer.header[at].clone()).collect(), rows, layer.geometry))
}

/// The layer's reference system, such as `EPSG:25832`.
pub(super) fn declared_system(source: &Source, dialect: &Dialect) -> Result<Option<String>, RecordsError> {
    let layer = Layer::open(source, dialect)?;
    let Some(srid) = layer.srid else { return Ok(None) };
    // The definition has another name in each of these: GeoPackage, SpatiaLite from 4.0 and before, plain SQLite as GDAL writes it.
    let questions = [
        "select organization, organization_coordsys_id, definition from gpkg_spatial_ref_sys where srs_id = ?1",
        "select auth_name, auth_srid, srtext from spatial_ref_sys where srid = ?1",
        "select auth_name, auth_srid, srs_wkt from spatial_ref_sys where srid = ?1",
        "select auth_name, auth_srid, proj4text from spatial_ref_sys where srid = ?1",
    ];
    type Row = (Option<String>, Option<i64>, Option<String>);
    let ask = |question: &&str| layer.connection.query_row(question, [srid], |row| Row::try_from(row)).optional().ok();
    Ok(match questions.iter().find_map(ask).flatten() {
        Some((Some(authority), Some(code), _)) if authority.eq_ignore_ascii_case("EPSG") => Some(format!("EPSG:{code}")),
        // Both formats have rows for systems that are not known.
        Some((_, _, Some(definition))) if !matches!(definition.trim(), "" | "undefined" | "Undefined") => Some(definition),
        _ => None,
    })
}

struct Layer<'s> {
    source: &'s Source,
    connection: Connection,
    table: String,
    header: Vec<String>,
    geometry: Option<String>,
    srid: Option<i64>,
}

fn corrupt(source: &Source) -> RecordsError {
    let geopackage = source.file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gpkg"));
    RecordsError::Corrupt { file: source.file.clone(), format: if geopackage { "GeoPackage" } else { "SQLite" } }
}

/// A layer's name, the column of its geometries and their reference system.
type Listed = (String, Option<String>, Option<i64>);

/// What lists the layers: GeoPackage, then SpatiaLite with its views and without.
const LISTS: [&str; 3] = [
    "select c.table_name, g.column_name, g.srs_id from gpkg_contents c left join gpkg_geometry_columns g using (table_name) \
     where c.data_type in ('features', 'attributes')",
    "select f_table_name, f_geometry_column, srid from geometry_columns union all \
     select v.view_name, v.view_geometry, g.srid from views_geometry_columns v join geometry_columns g using (f_table_name, f_geometry_column)",
    "select f_table_name, f_geometry_column, srid from geometry_columns",
];

impl<'s> Layer<'s> {
    fn open(source: &'s Source, dialect: &Dialect) -> Result<Self, RecordsError> {
        let failed = |_| corrupt(source);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&source.file, flags).map_err(failed)?;
        let listed = |question: &str| -> rusqlite::Result<Vec<Listed>> {
            connection.prepare(question)?.query_map([], |row| Listed::try_from(row))?.collect()
        };
        let tables = connection
            .prepare("select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\' order by name")
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>())
            .map_err(failed)?;
        let plain = || tables.iter().map(|table| (table.clone(), None, None)).collect();
        let mut listed: Vec<Listed> = LISTS.iter().find_map(|question| listed(question).ok()).unwrap_or_else(plain);
        for (layer, ..) in &mut listed {
            // SpatiaLite lists tables by their names in lower case.
            if let Some(table) = tables.iter().find(|table| table.eq_ignore_ascii_case(layer)) {
                layer.clone_from(table);
            }
        }
        listed.sort();
        let mut layers: Vec<String> = listed.iter().map(|(layer, ..)| layer.clone()).collect();
        layers.dedup();
        let table = match (&dialect.layer, &layers[..]) {
            // A table without geometries is listed by few databases.
            (Some(wanted), _) if layers.contains(wanted) || tables.contains(wanted) => wanted.clone(),
            (None, [only]) => only.clone(),
            (wanted, _) => {
                let layer = wanted.clone().unwrap_or_default();
                return Err(RecordsError::NoLayer { file: source.file.clone(), layer, layers });
            }
        };
        let statement = connection.prepare(&format!("select * from {}", quoted(&table))).map_err(failed)?;
        let header: Vec<String> = statement.column_names().map(str::to_owned).collect();
        drop(statement);
        let (geometry, srid) = match listed.into_iter().find(|(layer, ..)| *layer == table) {
            Some((_, Some(column), srid)) => (header.iter().find(|name| name.eq_ignore_ascii_case(&column)).cloned(), srid),
            _ => (None, None),
        };
        Ok(Self { source, connection, table, header, geometry, srid })
    }

    fn resolve(&self, wanted: &[Wanted]) -> Result<Vec<usize>, RecordsError> {
        positions(&self.source.file.join(&self.table), &self.header, wanted)
    }

    /// Calls `each` with the cells of every row until it says no; only these columns are read.
    fn rows(&self, columns: &[usize], each: &mut dyn FnMut(Vec<Cell>) -> Result<bool, Error>) -> Result<(), Error> {
        let failed = |_: rusqlite::Error| Error::from(corrupt(self.source));
        // A run may need no column at all, but the rows are counted.
        let names: Vec<String> = columns.iter().map(|&at| quoted(&self.header[at])).chain(["1".to_owned()]).collect();
        let question = format!("select {} from {}", names.join(", "), quoted(&self.table));
        let mut statement = self.connection.prepare(&question).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let cells = (0..columns.len()).map(|at| row.get_ref(at).map(cell)).collect::<rusqlite::Result<_>>();
            if !each(cells.map_err(failed)?)? {
                break;
            }
        }
        Ok(())
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Missing,
        ValueRef::Integer(number) => Cell::Whole(number),
        ValueRef::Real(number) => Cell::Number(number),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Cell::Text(hexadecimal(bytes)),
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    bytes.iter().flat_map(|&byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
