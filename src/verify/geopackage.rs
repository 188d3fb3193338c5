//! GeoPackage: registered layers, sound geometries, and ids, numbers and statuses as in `release.parquet`.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::verify::published::{PublishedLayer, SIZE};
use crate::verify::values::{Shown, compare};
use crate::verify::{Context, Findings, Problem, Verified, mbtiles, tiles};

/// `GPKG`.
const APPLICATION_ID: i64 = 0x4750_4B47;

pub(super) fn check(context: &Context<'_>) -> Verified {
    if !context.description.has("gpkg") {
        return Findings::of("gpkg").skipped("geopackage");
    }
    let mut files: Vec<String> = std::fs::read_dir(context.bundle)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".gpkg"))
        .collect();
    files.sort();
    let mut all = Findings::of("*.gpkg");
    if files.is_empty() {
        all.add("", Problem::FileMissing);
    }
    let mut rows = 0;
    for file in files {
        let mut findings = Findings::of(file.clone());
        match mbtiles::open_unchanged(&context.bundle.join(&file)) {
            Ok(connection) => rows += check_package(context, &connection, &mut findings),
            Err(problem) => findings.add("", problem),
        }
        all.join(findings);
    }
    all.into_part(vec![("geopackage", rows)])
}

fn check_package(context: &Context<'_>, connection: &Connection, findings: &mut Findings) -> u64 {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).ok();
    let core =
        "SELECT count(*) FROM sqlite_schema WHERE name IN ('gpkg_spatial_ref_sys', 'gpkg_contents', 'gpkg_geometry_columns')";
    if number("PRAGMA application_id") != Some(APPLICATION_ID) || number(core) != Some(3) {
        findings.add("", Problem::PackageForm);
    }
    if connection.prepare("PRAGMA foreign_key_check").and_then(|mut q| q.exists([])).unwrap_or(true) {
        findings.add("", Problem::DatabaseDamaged);
    }
    let mut rows = 0;
    for (position, layer) in context.description.layers.iter().enumerate() {
        // A layer of very many fields goes on in further tables with the same ids.
        let further = (2..).map(|n| format!("{}_{n}", layer.name));
        let mut tables = vec![layer.name.clone()];
        tables.extend(further.take_while(|name| {
            !context.description.layers.iter().any(|l| l.name == *name) && registered(connection, name).is_some()
        }));
        let mut shown = vec![false; context.description.fields.len()];
        for table in tables {
            let Some(srs_id) = registered(connection, &table) else {
                findings.add(&table, Problem::PackageContents);
                continue;
            };
            let reading = Table { context, published: &context.published.layers[position], name: &table, srs_id };
            rows += reading.check(connection, &mut shown, findings).unwrap_or_else(|_| {
                findings.add(&table, Problem::LayerMissing);
                0
            });
        }
        if shown.contains(&false) {
            findings.add(&layer.name, Problem::AttributeMissing);
        }
    }
    rows
}

/// The reference system of a feature table that is registered with a geometry column.
fn registered(connection: &Connection, table: &str) -> Option<i32> {
    let sql = "SELECT g.srs_id FROM gpkg_contents c JOIN gpkg_geometry_columns g ON g.table_name = c.table_name AND g.srs_id = c.srs_id \
               JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id WHERE c.table_name = ?1 AND c.data_type = 'features'";
    connection.query_row(sql, [table], |row| row.get(0)).ok()
}

struct Table<'t> {
    context: &'t Context<'t>,
    published: &'t PublishedLayer,
    name: &'t str,
    srs_id: i32,
}

impl Table<'_> {
    fn check(&self, connection: &Connection, shown: &mut [bool], findings: &mut Findings) -> rusqlite::Result<u64> {
        let mut query = connection.prepare(&format!("SELECT * FROM \"{}\"", self.name.replace('"', "\"\"")))?;
        let names: BTreeMap<String, usize> = query.column_names().map(str::to_owned).zip(0..).collect();
        let (Some(&fid), Some(&id), Some(&geometry)) = (names.get("fid"), names.get("id"), names.get("geom")) else {
            findings.add(self.name, Problem::AttributeMissing);
            return Ok(0);
        };
        let fields = &self.context.description.fields;
        let mut columns = Vec::new();
        for (column, field) in fields.iter().enumerate() {
            if let (Some(&number), Some(&status)) = (names.get(&field.name), names.get(&field.status_name)) {
                shown[column] = true;
                columns.push((column, number, status));
            }
        }
        let others =
            names.keys().filter(|name| tiles::is_unit_attribute(name) || ["fid", "geom"].contains(&name.as_str())).count();
        if 2 * columns.len() + others < names.len() {
            findings.add(self.name, Problem::AttributeUnknown);
        }
        let mut seen = vec![false; self.published.len()];
        let mut rows = query.query([])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            count += 1;
            let feature_id: i64 = row.get(fid)?;
            let Some(unit) = u64::try_from(feature_id).ok().and_then(|id| self.published.row(id)) else {
                findings.add(format!("{}, row {count}", self.name), Problem::UnitUnknown);
                continue;
            };
            seen[unit] = true;
            let place = || format!("{}, {}", self.name, self.published.unit_id(unit));
            if row.get_ref(id)?.as_str().ok() != Some(self.published.unit_id(unit).as_str()) {
                findings.add(place(), Problem::UnitIds);
            }
            let side_m = names.get(SIZE).map(|&at| row.get::<_, Option<i64>>(at)).transpose()?.flatten();
            if side_m != self.published.size_m(unit) {
                findings.add(place(), Problem::SizeWrong);
            }
            let told = self.published.numbers(unit);
            for &(column, number, status) in &columns {
                let status = row.get_ref(status)?.as_str_or_null().unwrap_or(Some(""));
                if let Some(problem) = compare(told[column], shown_number(row, number)?, status) {
                    findings.add(format!("{}, {}", place(), fields[column].name), problem);
                }
            }
            if !is_package_polygon(row.get_ref(geometry)?, self.srs_id) {
                findings.add(place(), Problem::PackageGeometry);
            }
        }
        for unit in (0..seen.len()).filter(|&unit| !seen[unit]) {
            findings.add(format!("{}, {}", self.name, self.published.unit_id(unit)), Problem::UnitMissing);
        }
        Ok(count)
    }
}

fn shown_number(row: &Row<'_>, column: usize) -> rusqlite::Result<Shown> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => Shown::Nothing,
        ValueRef::Integer(number) => Shown::Number(number),
        _ => Shown::Other,
    })
}

/// `GP`, version 0, flags, reference system, envelope, then WKB of a polygon or multipolygon.
fn is_package_polygon(blob: ValueRef<'_>, srs_id: i32) -> bool {
    let ValueRef::Blob(bytes) = blob else { return false };
    let Some(([b'G', b'P', 0, flags], rest)) = bytes.split_first_chunk::<4>() else { return false };
    let Some((srs, rest)) = rest.split_first_chunk::<4>() else { return false };
    let little = |flag: u8, word: [u8; 4]| if flag & 1 == 1 { u32::from_le_bytes(word) } else { u32::from_be_bytes(word) };
    let envelope = match flags >> 1 & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return false,
    };
    let Some(([order, kind @ ..], _)) = rest.get(envelope..).and_then(|wkb| wkb.split_first_chunk::<5>()) else { return false };
    let empty = flags >> 4 & 1 == 1;
    !empty && little(*flags, *srs).cast_signed() == srs_id && matches!(little(*order, *kind), 3 | 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_polygons() {
        let blob = |srs: u8, flags: u8, kind: u8| {
            let mut bytes = vec![b'G', b'P', 0, flags, srs, 0, 0, 0];
            bytes.resize(8 + if flags & 2 == 2 { 32 } else { 0 }, 0);
            bytes.extend([1, kind, 0, 0, 0]);
            bytes
        };
        let sound = |bytes: &[u8]| is_package_polygon(ValueRef::Blob(bytes), 7);
        assert!(sound(&blob(7, 0b11, 3)) && sound(&blob(7, 0b01, 6)));
        assert!(!sound(&blob(8, 0b11, 3)) && !sound(&blob(7, 0b11, 1)) && !sound(&blob(7, 0b1_0011, 3)));
        assert!(!sound(b"GP\0"));
        assert!(!is_package_polygon(ValueRef::Null, 7));
    }
}
