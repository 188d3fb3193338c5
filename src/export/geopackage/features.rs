//! One layer as a feature table: rows, aliases, spatial index.

use std::io;
use std::ops::Range;

use rayon::prelude::*;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, Transaction, params};

use crate::export::geopackage::blob::{self, Envelope};
use crate::export::geopackage::pages::{LONGEST_RECORD, Pages, Record};
use crate::export::geopackage::rtree::{self, Link};
use crate::export::geopackage::schema::About;
use crate::layer::{CellLattice, Layer, LayerOutlines};

/// SQLite takes 2000 columns in a table; a field has two, and there are up to five beside them.
const FIELDS_PER_TABLE: usize = 950;

/// Some fields of a layer as one table.
pub(super) struct FeatureTable<'l> {
    name: String,
    layer: &'l Layer<'l>,
    fields: Range<usize>,
}

/// The tables that hold a layer: one, or more where it has too many fields for one.
pub(super) fn tables<'l>(layer: &'l Layer<'l>) -> Vec<FeatureTable<'l>> {
    let fields = layer.fields.len();
    let table = |start: usize| {
        let part = start / FIELDS_PER_TABLE;
        let name = if part == 0 { layer.name.clone() } else { format!("{}_{}", layer.name, part + 1) };
        FeatureTable { name, layer, fields: start..fields.min(start + FIELDS_PER_TABLE) }
    };
    (0..fields.max(1)).step_by(FIELDS_PER_TABLE).map(table).collect()
}

/// What goes into the file when SQLite has closed it.
pub(super) struct Waiting {
    /// The root page of the feature table, if its rows are not there yet.
    rows_root: Option<u32>,
    /// Rows of the index, and the root page of their table.
    links: Vec<Link>,
    links_root: u32,
}

/// Makes the table, its spatial index and its entries in the core tables. Rows that are short enough wait for [`append`].
pub(super) fn write(
    transaction: &Transaction<'_>,
    table: &FeatureTable<'_>,
    outlines: &LayerOutlines,
    about: &About,
) -> rusqlite::Result<Waiting> {
    let FeatureTable { name, layer, .. } = table;
    let geometry = match outlines {
        LayerOutlines::Cells(_) => "POLYGON",
        LayerOutlines::Areas(_) => "MULTIPOLYGON",
    };
    let labelled = matches!(outlines, LayerOutlines::Areas(_));
    transaction.execute_batch(&create(table, geometry, labelled))?;
    let (boxes, rows_wait) = match outlines {
        LayerOutlines::Cells(lattice) if table.longest_record(lattice) <= LONGEST_RECORD => {
            let units = layer.block.units.par_iter().enumerate();
            let envelope = |ring: &mut Vec<_>, (position, &unit)| {
                lattice.ring(position, ring);
                (layer.feature_id(unit) as i64, Envelope::of(ring.iter().copied()))
            };
            let boxes: Vec<(i64, Envelope)> = units.map_init(Vec::new, envelope).collect();
            // What inserting would leave for `AUTOINCREMENT`.
            if let Some((last, _)) = boxes.last() {
                transaction.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", params![name, last])?;
            }
            (boxes, true)
        }
        _ => (insert(transaction, table, outlines, about)?, false),
    };
    let bounds = boxes.iter().fold(Envelope::EMPTY, |all, (_, envelope)| all.with(*envelope));
    about.register(transaction, name, geometry, bounds)?;
    aliases(transaction, table)?;
    let links = rtree::write(transaction, name, &boxes)?;
    let rows_root = if rows_wait { Some(root(transaction, name)?) } else { None };
    Ok(Waiting { rows_root, links, links_root: root(transaction, &rtree::rowid_table(name))? })
}

/// The first page of a table.
fn root(database: &Connection, table: &str) -> rusqlite::Result<u32> {
    database.query_row("SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?1", [table], |row| row.get(0))
}

/// Inserts all rows through SQLite; gives their boxes.
fn insert(
    transaction: &Transaction<'_>,
    table: &FeatureTable<'_>,
    outlines: &LayerOutlines,
    about: &About,
) -> rusqlite::Result<Vec<(i64, Envelope)>> {
    let FeatureTable { name, layer, fields } = table;
    let labelled = matches!(outlines, LayerOutlines::Areas(_));
    let mut boxes = Vec::with_capacity(layer.block.units.len());
    let columns = 3 + usize::from(labelled) + usize::from(layer.date.is_some()) + 2 * fields.len();
    let places = vec!["?"; columns].join(",");
    let mut insert = transaction.prepare(&format!("INSERT INTO {} VALUES ({places})", quoted(name)))?;
    let (mut ring, mut bytes, mut id) = (Vec::new(), Vec::new(), Vec::new());
    for (position, &unit) in layer.block.units.iter().enumerate() {
        let envelope = match outlines {
            LayerOutlines::Cells(lattice) => {
                lattice.ring(position, &mut ring);
                blob::polygon(&mut bytes, about.srs_id, &ring)
            }
            LayerOutlines::Areas(areas) => blob::multi_polygon(&mut bytes, about.srs_id, &areas[position]),
        };
        let fid = layer.feature_id(unit) as i64;
        let mut place = 0;
        let mut bind = |value: &dyn ToSql| {
            place += 1;
            insert.raw_bind_parameter(place, value)
        };
        bind(&fid)?;
        bind(&bytes)?;
        id.clear();
        layer.write_unit_id(unit, &mut id);
        bind(&ToSqlOutput::Borrowed(ValueRef::Text(&id)))?;
        if labelled {
            bind(&layer.unit_label(unit))?;
        }
        if let Some(date) = layer.date {
            bind(&date)?;
        }
        let numbers = &layer.block.numbers(position)[fields.clone()];
        for number in numbers {
            bind(&number.value())?;
        }
        for number in numbers {
            bind(&number.status().name())?;
        }
        insert.raw_execute()?;
        if !envelope.is_empty() {
            boxes.push((fid, envelope));
        }
    }
    Ok(boxes)
}

/// Puts the waiting rows into the closed file.
pub(super) fn append(
    pages: &mut Pages,
    table: &FeatureTable<'_>,
    outlines: &LayerOutlines,
    srs_id: i32,
    waiting: &Waiting,
) -> io::Result<()> {
    let FeatureTable { layer, fields, .. } = table;
    if let (Some(root), LayerOutlines::Cells(lattice)) = (waiting.rows_root, outlines) {
        let renderer = || {
            let (mut ring, mut bytes) = (Vec::new(), Vec::new());
            move |position: usize, record: &mut Record| {
                let unit = layer.block.units[position];
                lattice.ring(position, &mut ring);
                blob::polygon(&mut bytes, srs_id, &ring);
                // The feature id is the rowid.
                record.null();
                record.blob(&bytes);
                bytes.clear();
                layer.write_unit_id(unit, &mut bytes);
                record.text(&bytes);
                if let Some(date) = layer.date {
                    record.text(date.as_bytes());
                }
                let numbers = &layer.block.numbers(position)[fields.clone()];
                for number in numbers {
                    match number.value() {
                        Some(value) => record.integer(value),
                        None => record.null(),
                    }
                }
                for number in numbers {
                    record.text(number.status().name().as_bytes());
                }
                layer.feature_id(unit) as i64
            }
        };
        pages.fill(root, layer.block.units.len(), renderer)?;
    }
    let links = &waiting.links;
    let renderer = || {
        |position: usize, record: &mut Record| {
            let (fid, node) = links[position];
            record.null();
            record.integer(node);
            fid
        }
    };
    pages.fill(waiting.links_root, links.len(), renderer)
}

impl FeatureTable<'_> {
    /// No record of a layer of cells is longer, bytes.
    fn longest_record(&self, lattice: &CellLattice) -> usize {
        let (fields, date) = (self.fields.len(), self.layer.date.map_or(0, str::len));
        // Types of at most three bytes in front; a code has 35 signs, a number 8 bytes, a status 10 signs.
        3 * (6 + 2 * fields) + blob::polygon_bytes(lattice.ring_len()) + 35 + date + 18 * fields
    }
}

fn create(table: &FeatureTable<'_>, geometry: &str, labelled: bool) -> String {
    let FeatureTable { name, layer, fields } = table;
    let mut columns = vec![
        "\"fid\" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL".to_owned(),
        format!("\"geom\" {geometry}"),
        "\"id\" TEXT NOT NULL".to_owned(),
    ];
    columns.extend(labelled.then(|| "\"label\" TEXT".to_owned()));
    columns.extend(layer.date.map(|_| "\"date\" TEXT".to_owned()));
    let fields = &layer.fields[fields.clone()];
    columns.extend(fields.iter().map(|f| format!("{} INTEGER", quoted(&f.name))));
    columns.extend(fields.iter().map(|f| format!("{} TEXT", quoted(&f.status_name))));
    format!("CREATE TABLE {} ({})", quoted(name), columns.join(", "))
}

/// Readers' names of the fields. Only `title` is filled: `name` must be unique, and readers take either.
fn aliases(transaction: &Transaction<'_>, table: &FeatureTable<'_>) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare("INSERT INTO gpkg_data_columns VALUES (?1, ?2, NULL, ?3, ?4, NULL, NULL)")?;
    for field in &table.layer.fields[table.fields.clone()] {
        let description = format!("table {}, group {}", field.table, field.group);
        insert.execute(params![table.name, field.name, field.label, description])?;
        insert.execute(params![table.name, field.status_name, format!("{} (Status)", field.label), description])?;
    }
    Ok(())
}

/// A name as SQL takes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
