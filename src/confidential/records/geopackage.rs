//! GeoPackages: the layer that the plan names, or the only one. Geometries are texts of hexadecimal digits, which `position.geometry` reads; their
//! reference system is the package's own (OGC 12-128r19).

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::failure::RecordsError;
use super::rows::{Cell, Gather, sampled};
use super::source::Source;
use super::{Batch, Consume, Dialect, Errand, Wanted, positions};
use crate::error::Error;

/// Reads a layer in the order of its rows.
pub(super) fn read(errand: &Errand, consume: Consume) -> Result<u64, Error> {
    let layer = Layer::open(&errand.source, errand.request.dialect)?;
    let columns = positions(&errand.source.file, &layer.header, errand.request.wanted)?;
    let mut gather = Gather::new(errand, 1);
    layer.rows(&columns, &mut |cells| gather.push(cells.iter(), consume).map(|()| true))?;
    errand.progress.advance(errand.source.bytes);
    gather.finish(consume)
}

/// Checks the columns.
pub(super) fn resolve(source: &Source, dialect: &Dialect, wanted: &[Wanted]) -> Result<(), RecordsError> {
    positions(&source.file, &Layer::open(source, dialect)?.header, wanted).map(drop)
}

/// The first rows as text, without geometries.
pub(super) fn sample(source: &Source, dialect: &Dialect) -> Result<(Vec<String>, Batch), Error> {
    let layer = Layer::open(source, dialect)?;
    let columns: Vec<usize> = (0..layer.header.len()).filter(|&at| layer.geometry.as_ref() != Some(&layer.header[at])).collect();
    let mut rows = Vec::new();
    layer.rows(&columns, &mut |cells| {
        rows.push(Ok(cells));
        Ok(rows.len() < Batch::MAX_ROWS)
    })?;
    let header: Vec<String> = columns.iter().map(|&at| layer.header[at].clone()).collect();
    let batch = sampled(&header, rows.into_iter(), 1)?;
    Ok((header, batch))
}

/// The layer's reference system, such as `EPSG:25832`.
pub(super) fn declared_system(source: &Source, dialect: &Dialect) -> Result<Option<String>, RecordsError> {
    let layer = Layer::open(source, dialect)?;
    let question = "select s.organization, s.organization_coordsys_id, s.definition from gpkg_geometry_columns g \
        join gpkg_spatial_ref_sys s using (srs_id) where g.table_name = ?1";
    let row = layer.connection.query_row(question, [&layer.table], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
    });
    let row = row.optional().map_err(|_| corrupt(source))?;
    Ok(row.map(|(organization, id, definition)| match organization.to_ascii_uppercase().as_str() {
        "EPSG" => format!("EPSG:{id}"),
        _ => definition,
    }))
}

struct Layer<'s> {
    source: &'s Source,
    connection: Connection,
    table: String,
    header: Vec<String>,
    geometry: Option<String>,
}

fn corrupt(source: &Source) -> RecordsError {
    RecordsError::Corrupt { file: source.file.clone(), format: "GeoPackage" }
}

impl<'s> Layer<'s> {
    fn open(source: &'s Source, dialect: &Dialect) -> Result<Self, RecordsError> {
        let failed = |_| corrupt(source);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&source.file, flags).map_err(failed)?;
        let names = |question: &str| -> rusqlite::Result<Vec<String>> {
            connection.prepare(question)?.query_map([], |row| row.get(0))?.collect()
        };
        let layers =
            names("select table_name from gpkg_contents where data_type in ('features', 'attributes') order by table_name");
        // A database that is no GeoPackage has tables all the same.
        let layers = match layers {
            Ok(layers) => layers,
            Err(_) => {
                names("select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite_%' order by name")
                    .map_err(failed)?
            }
        };
        let table = match (&dialect.layer, &layers[..]) {
            (Some(wanted), _) if layers.contains(wanted) => wanted.clone(),
            (None, [only]) => only.clone(),
            (wanted, _) => {
                let layer = wanted.clone().unwrap_or_default();
                return Err(RecordsError::NoLayer { file: source.file.clone(), layer, layers });
            }
        };
        let statement = connection.prepare(&format!("select * from {}", quoted(&table))).map_err(failed)?;
        let header = statement.column_names().map(str::to_owned).collect();
        drop(statement);
        let geometry = connection
            .query_row("select column_name from gpkg_geometry_columns where table_name = ?1", [&table], |row| row.get(0))
            .ok();
        Ok(Self { source, connection, table, header, geometry })
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
