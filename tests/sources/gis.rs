//! Formats of geographic information systems, written by GDAL (pyogrio): the same release as of the same data in CSV, and clear words where something is missing.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::records::{COUNTED_ALL, csv, expected, inspected, kleinraum, persons, refused, run};

/// Writes the persons in all formats; `false` where there is no Python to do it.
pub(crate) fn written(desk: &Path) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".venv/bin/python");
    if !python.exists() {
        eprintln!("skipped: .venv is absent, run ./test.sh");
        return false;
    }
    fs::write(desk.join("persons.csv"), csv()).unwrap();
    let script = root.join("tests/judges/sources_python.py");
    let output = Command::new(python).arg(script).arg(desk.join("persons.csv")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    true
}

/// SpatiaLite's own form of a point.
fn spatialite_point(x: f64, y: f64) -> Vec<u8> {
    let (x, y) = (x.to_le_bytes(), y.to_le_bytes());
    [&[0, 1, 0xE8, 0x64, 0, 0], &x[..], &y, &x, &y, &[0x7C, 1, 0, 0, 0], &x, &y, &[0xFE]].concat()
}

/// A database as SpatiaLite makes it, with a view, and a table without geometries.
fn spatialite(file: &Path) {
    let database = rusqlite::Connection::open(file).unwrap();
    database
        .execute_batch(
            "create table spatial_ref_sys (srid integer primary key, auth_name text, auth_srid integer, ref_sys_name text, proj4text text, srtext text);
             insert into spatial_ref_sys values (25832, 'epsg', 25832, 'ETRS89 / UTM zone 32N', '', ''), (-1, 'NONE', -1, 'Undefined', '', 'Undefined');
             create table geometry_columns (f_table_name text, f_geometry_column text, geometry_type integer, coord_dimension integer, srid integer, spatial_index_enabled integer);
             insert into geometry_columns values ('personen', 'geometry', 1, 2, 25832, 0);
             create table views_geometry_columns (view_name text, view_geometry text, view_rowid text, f_table_name text, f_geometry_column text, read_only integer);
             insert into views_geometry_columns values ('alle', 'geometry', 'rowid', 'personen', 'geometry', 1);
             create table Personen (id integer, sex text, benefit integer, aktiv text, tag text, \"größe\" double, Geometry blob);
             create view alle as select * from Personen;
             create table Sachdaten (id integer);
             begin;",
        )
        .unwrap();
    let points = persons();
    for line in csv().lines().skip(1) {
        let fields: Vec<Option<&str>> = line.split(',').map(|field| (!field.is_empty()).then_some(field)).collect();
        let (_, x, y, ..) = points[fields[0].unwrap().parse::<usize>().unwrap()];
        let point = fields[1].map(|_| spatialite_point(x, y));
        let row = (fields[0], fields[3], fields[4], fields[5], fields[6], fields[7], point);
        database.execute("insert into Personen values (?1, ?2, ?3, ?4, ?5, ?6, ?7)", row).unwrap();
    }
    database.execute_batch("commit").unwrap();
}

#[test]
fn gis_formats_make_the_same_release() {
    let desk = tempfile::tempdir().unwrap();
    let desk = desk.path();
    if !written(desk) {
        return;
    }
    let expected = expected(desk);
    let same = |line: &str| {
        let found = run(desk, &format!("{line} {COUNTED_ALL}"));
        assert_eq!(String::from_utf8_lossy(&found["records"]), String::from_utf8_lossy(&expected["records"]), "{line}");
        assert!(found == expected, "{line}");
    };
    spatialite(&desk.join("persons.sqlite"));
    for line in [
        "persons.shp --geometry geometry",
        "multipoints.shp --geometry geometry",
        "cp1252.shp --geometry geometry --crs EPSG:25832",
        "persons.fgb --geometry geometry",
        "persons.sqlite --layer Personen --geometry Geometry",
        "persons.sqlite --layer alle --geometry Geometry",
    ] {
        same(line);
    }
    // Without its index a shapefile is as complete as with it; upper-case endings are usual.
    fs::remove_file(desk.join("persons.shx")).unwrap();
    for ending in ["shp", "dbf", "prj", "cpg"] {
        fs::rename(desk.join(format!("persons.{ending}")), desk.join(format!("persons.{}", ending.to_uppercase()))).unwrap();
    }
    same("persons.SHP --geometry geometry");

    let mut squares = String::from("sex;benefit;aktiv;tag;größe;platz\n");
    for line in csv().lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let square = fields[1].parse().ok().zip(fields[2].parse().ok()).map_or(String::new(), |(x, y): (f64, f64)| {
            let [w, e, s, n] = [x - 8.0, x + 8.0, y - 8.0, y + 8.0];
            format!("POLYGON (({w} {s}, {w} {n}, {e} {n}, {e} {s}, {w} {s}))")
        });
        writeln!(squares, "{};{};{};{};{};{square}", fields[3], fields[4], fields[5], fields[6], fields[7]).unwrap();
    }
    fs::write(desk.join("squares.csv"), squares).unwrap();
    let of_text = run(desk, &format!("squares.csv --geometry platz --crs EPSG:25832 {COUNTED_ALL}"));
    for name in ["squares.shp", "squares.fgb"] {
        assert!(run(desk, &format!("{name} --geometry geometry {COUNTED_ALL}")) == of_text, "{name}");
    }
}

#[test]
fn inspect_proposes_plans_that_run() {
    let desk = tempfile::tempdir().unwrap();
    let desk = desk.path();
    if !written(desk) {
        return;
    }
    spatialite(&desk.join("persons.sqlite"));
    for (line, format, position) in [
        ("persons.shp", "Shapefile", "geometries in geometry, ETRS89 / UTM zone 32N"),
        ("squares.shp", "Shapefile", "geometries in geometry, ETRS89 / UTM zone 32N"),
        ("persons.fgb", "FlatGeobuf", "geometries in geometry, EPSG:25832"),
        ("persons.sqlite --layer Personen", "SQLite", "geometries in Geometry, EPSG:25832"),
    ] {
        let told = inspected(desk, line);
        assert!(
            told.contains(format) && told.replace("ETRS_1989_UTM_Zone_32N", "ETRS89 / UTM zone 32N").contains(position),
            "{told}"
        );
        assert!(told.contains("größe") && told.contains("männlich") || told.contains("column = \"sex\""), "{told}");
    }
    let output = kleinraum(desk, "--lang de inspect cp1252.shp");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("kein Bezugssystem") && told.contains("größe"), "{told}");
}

#[test]
fn what_is_wrong_with_a_file_is_named() {
    let desk = tempfile::tempdir().unwrap();
    let desk = desk.path();
    if !written(desk) {
        return;
    }
    spatialite(&desk.join("persons.sqlite"));
    let counted = "--sizes 1000 --method suppress --threshold 3 -o out";
    let run = |line: &str, status: i32, parts: &[&str]| {
        let told = refused(desk, &format!("run {line} {counted}"), status);
        for part in parts {
            assert!(told.contains(part), "{line}: {told}");
        }
    };
    run("persons.shp --geometry geom", 2, &["persons.shp", "no column \"geom\"", "geometry"]);
    run("persons.fgb --geometry geom", 2, &["persons.fgb", "no column \"geom\"", "geometry"]);
    run("persons.sqlite --layer Personen --geometry geom", 2, &["persons.sqlite/Personen", "no column \"geom\""]);
    run("persons.sqlite --layer Person --geometry geom", 2, &["no layer \"Person\"", "Personen"]);
    run("cp1252.shp --geometry geometry", 2, &["--crs"]);
    run("persons.shp cp1252.shp --geometry geometry", 2, &["cp1252.shp", "one and the same reference system"]);
    run("persons.shp --geometry geometry --query 'select 1'", 2, &["persons.shp", "no database"]);
    // Rows without a position are told by feature and column, and nothing of what they hold.
    let told = refused(desk, &format!("--lang de run persons.shp --geometry geometry {counted}"), 1);
    assert!(told.contains("persons.shp, Zeile 1,") && told.contains("geometry"), "{told}");

    let bytes = fs::read(desk.join("persons.fgb")).unwrap();
    fs::write(desk.join("cut.fgb"), &bytes[..bytes.len() / 2]).unwrap();
    run("cut.fgb --geometry geometry", 3, &["cut.fgb", "ends too early"]);
    let bytes = fs::read(desk.join("persons.shp")).unwrap();
    fs::write(desk.join("squares.shp"), &bytes[..bytes.len() / 2]).unwrap();
    run("squares.shp --geometry geometry", 3, &["squares.shp", "ends too early"]);
    fs::copy(desk.join("multipoints.shp"), desk.join("cp1252.shp")).unwrap();
    let table = fs::read(desk.join("cp1252.dbf")).unwrap();
    fs::write(desk.join("cp1252.dbf"), &table[..table.len() / 2]).unwrap();
    run("cp1252.shp --geometry geometry --crs EPSG:25832", 3, &["cp1252.dbf", "ends too early"]);
    fs::remove_file(desk.join("persons.dbf")).unwrap();
    run("persons.shp --geometry geometry", 3, &["persons.shp", "persons.dbf", "beside it"]);
    run("multipoints.dbf --geometry geometry", 2, &["multipoints.dbf", "Shapefile (.shp)"]);
}

#[test]
fn nothing_is_fetched_from_the_net() {
    let desk = tempfile::tempdir().unwrap();
    for url in [
        "https://anna:geheim@example.org/persons.csv?token=geheim",
        "http://example.org/a/persons.shp",
        "/vsicurl/https://example.org/a.gpkg",
    ] {
        let told = refused(desk.path(), &format!("run {url} --x x --y y --crs EPSG:25832 --threshold 3 -o out"), 2);
        assert!(told.contains("download it first") && told.contains("example.org") && !told.contains("geheim"), "{told}");
        let told = refused(desk.path(), &format!("--lang de inspect {url}"), 2);
        assert!(told.contains("zuerst herunterladen") && !told.contains("geheim"), "{told}");
    }
    // What a build without it cannot read, GDAL could.
    if cfg!(not(feature = "gdal")) {
        fs::create_dir(desk.path().join("Fachdaten.gdb")).unwrap();
        for name in ["Fachdaten.gdb", "/vsizip/a.zip/b.shp", "MySQL:fach,password=geheim"] {
            let told = refused(desk.path(), &format!("run {name} --geometry g --threshold 3 -o out"), 2);
            assert!(told.contains("--features gdal") && !told.contains("geheim"), "{told}");
        }
    }
}
