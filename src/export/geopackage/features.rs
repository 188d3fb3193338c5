//! One layer as a feature table: rows, aliases, spatial index.

use std::ops::Range;

use rusqlite::{Transaction, params};

use crate::confidential::ProtectedCount;
use crate::export::about;
use crate::export::geopackage::blob::{self, Envelope};
use crate::export::geopackage::rtree;
use crate::export::geopackage::schema::About;
use crate::layer::{Layer, LayerOutlines};

/// SQLite takes 2000 columns in a table; a field has two, and there are up to six beside them.
const FIELDS_PER_TABLE: usize = 950;

/// Some fields of a layer as one table.
pub(super) struct FeatureTable<'l> {
    pub(super) name: String,
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

/// Makes and fills the table, its spatial index and its entries in the core tables; gives the box around its features.
pub(super) fn write(
    transaction: &Transaction<'_>,
    table: &FeatureTable<'_>,
    outlines: &LayerOutlines,
    about: &About<'_>,
) -> rusqlite::Result<Envelope> {
    let FeatureTable { name, layer, fields } = table;
    let geometry = match outlines {
        LayerOutlines::Cells(_) => "POLYGON",
        LayerOutlines::Areas(_) => "MULTIPOLYGON",
    };
    let labelled = matches!(outlines, LayerOutlines::Areas(_));
    transaction.execute_batch(&create(table, geometry, labelled))?;
    let mut entries = Vec::with_capacity(layer.block.units.len());
    let mut bounds = Envelope::EMPTY;
    let before_numbers = 3 + usize::from(labelled) + usize::from(layer.adaptive()) + usize::from(layer.date.is_some());
    let places = vec!["?"; before_numbers + 2 * fields.len()].join(",");
    let mut insert = transaction.prepare(&format!("INSERT INTO {} VALUES ({places})", quoted(name)))?;
    let (mut ring, mut bytes, mut id) = (Vec::new(), Vec::new(), Vec::new());
    // What is bound stays bound from row to row: only what differs is bound again, a third of the time.
    let mut bound: Vec<Option<ProtectedCount>> = vec![None; fields.len()];
    if let Some(date) = layer.date {
        insert.raw_bind_parameter(before_numbers, date)?;
    }
    for (position, &unit) in layer.block.units.iter().enumerate() {
        let envelope = match outlines {
            LayerOutlines::Cells(lattice) => {
                lattice.ring(position, &mut ring);
                blob::polygon(&mut bytes, about.srs_id, &ring)
            }
            LayerOutlines::Areas(areas) => blob::multi_polygon(&mut bytes, about.srs_id, &areas[position]),
        };
        let fid = layer.feature_id(unit) as i64;
        id.clear();
        layer.write_unit_id(unit, &mut id);
        insert.raw_bind_parameter(1, fid)?;
        insert.raw_bind_parameter(2, &bytes)?;
        insert.raw_bind_parameter(3, std::str::from_utf8(&id)?)?;
        if labelled {
            insert.raw_bind_parameter(4, layer.unit_label(unit))?;
        }
        if let Some(size_m) = layer.size_m(unit) {
            insert.raw_bind_parameter(4 + usize::from(labelled), size_m)?;
        }
        for (field, (&number, bound)) in layer.block.numbers(position)[fields.clone()].iter().zip(&mut bound).enumerate() {
            if *bound == Some(number) {
                continue;
            }
            insert.raw_bind_parameter(before_numbers + 1 + field, number.value())?;
            if bound.map(ProtectedCount::status) != Some(number.status()) {
                insert.raw_bind_parameter(before_numbers + 1 + fields.len() + field, number.status().name())?;
            }
            *bound = Some(number);
        }
        insert.raw_execute()?;
        if !envelope.is_empty() {
            bounds = bounds.with(envelope);
            entries.push(rtree::Entry::new(fid, envelope));
        }
    }
    drop(insert);
    about.register(transaction, name, geometry, bounds)?;
    aliases(transaction, table, about)?;
    rtree::write(transaction, name, entries)?;
    Ok(bounds)
}

fn create(table: &FeatureTable<'_>, geometry: &str, labelled: bool) -> String {
    let FeatureTable { name, layer, fields } = table;
    let mut columns = vec![
        "\"fid\" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL".to_owned(),
        format!("\"geom\" {geometry}"),
        "\"id\" TEXT NOT NULL".to_owned(),
    ];
    columns.extend(labelled.then(|| "\"label\" TEXT".to_owned()));
    columns.extend(layer.adaptive().then(|| "\"size_m\" INTEGER NOT NULL".to_owned()));
    columns.extend(layer.date.map(|_| "\"date\" TEXT".to_owned()));
    let fields = &layer.fields[fields.clone()];
    columns.extend(fields.iter().map(|f| format!("{} INTEGER", quoted(&f.name))));
    columns.extend(fields.iter().map(|f| format!("{} TEXT", quoted(&f.status_name))));
    format!("CREATE TABLE {} ({})", quoted(name), columns.join(", "))
}

/// Readers' names of the columns, and what each field is. Only `title` is filled: `name` must be unique, and readers take either.
fn aliases(transaction: &Transaction<'_>, table: &FeatureTable<'_>, about: &About<'_>) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare("INSERT INTO gpkg_data_columns VALUES (?1, ?2, NULL, ?3, ?4, NULL, NULL)")?;
    let (layer, fields) = (table.layer, &table.layer.fields[table.fields.clone()]);
    let field = |name: &str| fields.iter().find(|field| field.name == name || field.status_name == name);
    for (name, alias) in about::aliases(layer, about.options.language) {
        let of_field = layer.fields.iter().any(|field| field.name == name || field.status_name == name);
        match field(&name) {
            Some(field) => {
                let definition = about::definition(about.release, about.options, (layer, field));
                insert.execute(params![table.name, name, alias, definition])?;
            }
            // A field of another part of the layer.
            None if of_field => {}
            None => _ = insert.execute(params![table.name, name, alias, None::<String>])?,
        }
    }
    Ok(())
}

/// A name as SQL takes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
