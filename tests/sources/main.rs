//! The same records from every kind of source, and by every kind of position, make the same release; reference dates and ages too.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

#[cfg(feature = "gdal")]
mod gdal;
mod gis;
mod postgis;
mod records;

use records::{COUNTED, persons, refused, run};

fn zipped(file: &Path, parts: &[(&str, String)]) {
    let mut archive = zip::ZipWriter::new(fs::File::create(file).unwrap());
    for (name, text) in parts {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
}

const HEADER: [&str; 5] = ["id", "x", "y", "sex", "benefit"];

/// A workbook whose first sheet is empty; two rows of the second stand above the header.
fn xlsx(file: &Path) {
    let mut rows = String::new();
    let text = |text: &str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    writeln!(rows, "<row r=\"3\">{}</row>", HEADER.map(text).concat()).unwrap();
    for (at, (id, x, y, sex, benefit)) in persons().into_iter().enumerate() {
        let number = |number: &dyn std::fmt::Display| format!("<c><v>{number}</v></c>");
        // A blank row in between counts as no record.
        let row = if at < 1000 { at + 4 } else { at + 5 };
        let cells = [number(&id), number(&x), number(&y), text(sex), number(&benefit)].concat();
        writeln!(rows, "<row r=\"{row}\">{cells}</row>").unwrap();
    }
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let types = "http://schemas.openxmlformats.org/package/2006/content-types";
    let sheet = |rows: &str| format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>");
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    let relation = |id: u32, kind: &str, target: &str| {
        format!("<Relationship Id=\"rId{id}\" Type=\"{relations}/{kind}\" Target=\"{target}\"/>")
    };
    let parts = [
        (
            "[Content_Types].xml",
            format!(
                "<Types xmlns=\"{types}\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
                 <Override PartName=\"/xl/workbook.xml\" ContentType=\"{kind}.sheet.main+xml\"/>\
                 <Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"{kind}.worksheet+xml\"/>\
                 <Override PartName=\"/xl/worksheets/sheet2.xml\" ContentType=\"{kind}.worksheet+xml\"/></Types>"
            ),
        ),
        (
            "_rels/.rels",
            format!("<Relationships xmlns=\"{package}\">{}</Relationships>", relation(1, "officeDocument", "xl/workbook.xml")),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{relations}\"><sheets><sheet name=\"Deckblatt\" sheetId=\"1\" r:id=\"rId1\"/>\
                 <sheet name=\"Personen\" sheetId=\"2\" r:id=\"rId2\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{package}\">{}{}</Relationships>",
                relation(1, "worksheet", "worksheets/sheet1.xml"),
                relation(2, "worksheet", "worksheets/sheet2.xml")
            ),
        ),
        ("xl/worksheets/sheet1.xml", sheet("")),
        ("xl/worksheets/sheet2.xml", sheet(&rows)),
    ];
    zipped(file, &parts);
}

fn ods(file: &Path) {
    let text = |text: &str| format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>");
    let mut rows = format!("<table:table-row>{}</table:table-row>", HEADER.map(text).concat());
    for (id, x, y, sex, benefit) in persons() {
        let number =
            |number: &dyn std::fmt::Display| format!("<table:table-cell office:value-type=\"float\" office:value=\"{number}\"/>");
        let cells = [number(&id), number(&x), number(&y), text(sex), number(&benefit)].concat();
        writeln!(rows, "<table:table-row>{cells}</table:table-row>").unwrap();
    }
    let of = |name: &str| format!("xmlns:{name}=\"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0\"");
    let content = format!(
        "<office:document-content {} {} {}><office:body><office:spreadsheet><table:table table:name=\"Personen\">{rows}</table:table>\
         </office:spreadsheet></office:body></office:document-content>",
        of("office"),
        of("table"),
        of("text")
    );
    let manifest = "<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\"/>".to_owned();
    let mimetype = "application/vnd.oasis.opendocument.spreadsheet".to_owned();
    zipped(file, &[("mimetype", mimetype), ("content.xml", content), ("META-INF/manifest.xml", manifest)]);
}

/// A point as WKB.
fn wkb(x: f64, y: f64) -> Vec<u8> {
    [&[1, 1, 0, 0, 0][..], &x.to_le_bytes(), &y.to_le_bytes()].concat()
}

fn geopackage(file: &Path) {
    let database = rusqlite::Connection::open(file).unwrap();
    database
        .execute_batch(
            "create table gpkg_contents (table_name text, data_type text);
             create table gpkg_geometry_columns (table_name text, column_name text, srs_id integer);
             create table gpkg_spatial_ref_sys (srs_id integer, organization text, organization_coordsys_id integer, definition text);
             insert into gpkg_spatial_ref_sys values (25832, 'EPSG', 25832, '');
             insert into gpkg_contents values ('persons', 'features'), ('others', 'features');
             insert into gpkg_geometry_columns values ('persons', 'geom', 25832), ('others', 'geom', 25832);
             create table others (fid integer primary key, geom blob);
             create table persons (fid integer primary key, geom blob, sex text, benefit integer);
             begin;",
        )
        .unwrap();
    for (id, x, y, sex, benefit) in persons() {
        let blob = [&[b'G', b'P', 0, 1, 0xE8, 0x64, 0, 0][..], &wkb(x, y)].concat();
        database.execute("insert into persons values (?1, ?2, ?3, ?4)", (id, blob, sex, benefit)).unwrap();
    }
    database.execute_batch("commit").unwrap();
}

#[test]
fn every_source_makes_the_same_release() {
    let desk = tempfile::tempdir().unwrap();
    let desk = desk.path();
    let mut csv = String::from("id,x,y,sex,benefit\n");
    let mut wkt = String::from("id;punkt;flaeche;sex;benefit\n");
    for (id, x, y, sex, benefit) in persons() {
        writeln!(csv, "{id},{x},{y},{sex},{benefit}").unwrap();
        let [w, e, s, n] = [x - 1.0, x + 1.0, y - 1.0, y + 1.0];
        let square = format!("POLYGON (({w} {s}, {e} {s}, {e} {n}, {w} {n}, {w} {s}))");
        writeln!(wkt, "{id};POINT ({x} {y});{square};{sex};{benefit}").unwrap();
    }
    fs::write(desk.join("persons.csv"), &csv).unwrap();
    fs::write(desk.join("geometries.csv"), wkt).unwrap();
    let xy = format!("--x x --y y {COUNTED}");
    let expected = run(desk, &format!("persons.csv {xy}"));
    assert!(expected.len() >= 4);
    let same = |words: &str| assert!(run(desk, words) == expected, "{words}");

    xlsx(&desk.join("persons.xlsx"));
    same(&format!("persons.xlsx {xy}"));
    same(&format!("persons.xlsx --layer Personen {xy}"));
    ods(&desk.join("persons.ods"));
    same(&format!("persons.ods {xy}"));
    let told = refused(desk, &format!("run persons.xlsx --layer Persone {xy} --threshold 3 -o out"), 2);
    assert!(told.contains("did you mean \"Personen\"") && told.contains("Deckblatt"), "{told}");

    geopackage(&desk.join("persons.gpkg"));
    same(&format!("persons.gpkg --layer persons --geometry geom {COUNTED}"));
    let without_crs = COUNTED.replace("--crs EPSG:25832", "");
    same(&format!("persons.gpkg --layer persons --geometry geom {without_crs}"));
    let told = refused(desk, &format!("run persons.gpkg --geometry geom {COUNTED} --threshold 3 -o out"), 2);
    assert!(told.contains("others, persons") && told.contains("--layer"), "{told}");

    same(&format!("geometries.csv --geometry punkt {COUNTED}"));
    let feature = |(id, x, y, sex, benefit): (u32, f64, f64, &str, u32)| {
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"id\":{id},\"sex\":\"{sex}\",\"benefit\":{benefit}}},\
             \"geometry\":{{\"type\":\"Point\",\"coordinates\":[{x},{y}]}}}}\n"
        )
    };
    let lines: Vec<String> = persons().into_iter().map(feature).collect();
    fs::write(desk.join("persons.geojsonl"), lines.concat()).unwrap();
    same(&format!("persons.geojsonl {xy}"));
    fs::write(desk.join("persons.geojsons"), lines.iter().map(|line| format!("\u{1e}{line}")).collect::<String>()).unwrap();
    same(&format!("persons.geojsons {xy}"));
    same(&format!("persons.geojsons --geometry geometry {COUNTED}"));

    // Squares around the points: what is inside them is as near as a metre, which moves a few over an edge of a cell.
    let polygons = run(desk, &format!("geometries.csv --geometry flaeche {COUNTED}"));
    assert_eq!(polygons.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());

    let (first, second) = csv.split_at(csv.match_indices('\n').nth(1000).unwrap().0 + 1);
    fs::write(desk.join("part_1.csv"), first).unwrap();
    fs::write(desk.join("part_2.csv"), format!("id,x,y,sex,benefit\n{second}")).unwrap();
    let plan = "tables = [[\"sex\"], [\"benefit\"]]\n[source]\nfiles = [\"part_?.csv\"]\n[position]\ncrs = \"EPSG:25832\"\nx = \"x\"\ny = \"y\"\n\
        [grid]\nsizes = [500, 1000]\n[[dimension]]\nname = \"sex\"\ncolumn = \"sex\"\n[[dimension]]\nname = \"benefit\"\ncolumn = \"benefit\"\n";
    fs::write(desk.join("plan.toml"), plan).unwrap();
    same("plan.toml");
}

#[test]
fn one_run_has_many_dates_and_ages_are_of_each() {
    let desk = tempfile::tempdir().unwrap();
    let desk = desk.path();
    // Ten alike in one cell: born in 2018, there from 2022 to the end of June 2024; and ten who are always there, born in 1980.
    let mut text = String::from("id,x,y,born,from,to\n");
    for id in 0..10 {
        writeln!(text, "{id},4300050,3400050,2018-07-01,2022-01-01,30.06.2024").unwrap();
        writeln!(text, "{},4300050,3400050,1980,,", id + 10).unwrap();
        writeln!(text, "{},4300050,3400050,12.1970,2030-01-01,", id + 20).unwrap();
    }
    fs::write(desk.join("persons.csv"), &text).unwrap();
    let words = "--crs EPSG:3035 --x x --y y --sizes 1000 --id id --age age=born:0,5,6,18 --table age";
    let days = "--day 2021-12-31 --day 2022-12-31 --day 2024-06-30 --day 2024-12-31 --valid-from from --valid-to to";
    run(desk, &format!("persons.csv {words} {days}"));
    let release = fs::File::open(desk.join("out/release.parquet")).unwrap();
    let mut found: BTreeMap<(String, String), i64> = BTreeMap::new();
    for batch in parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(release).unwrap().build().unwrap() {
        use arrow_array::cast::AsArray;
        let batch = batch.unwrap();
        let text = |name: &str, row: usize| batch.column_by_name(name).unwrap().as_string::<i32>().value(row).to_owned();
        let values = batch.column_by_name("value").unwrap().as_primitive::<arrow_array::types::Int64Type>();
        for row in 0..batch.num_rows() {
            if values.value(row) > 0 {
                found.insert((text("date", row), text("group", row)), values.value(row));
            }
        }
    }
    let of_day = |day: &str| {
        found.iter().filter(|((date, _), _)| date == day).map(|((_, group), n)| (group.as_str(), *n)).collect::<Vec<_>>()
    };
    assert_eq!(of_day("2021-12-31").iter().map(|(_, n)| *n).collect::<Vec<_>>(), [10, 10], "{found:?}");
    for (day, of_children) in [("2022-12-31", "0 to under 5"), ("2024-06-30", "5 to under 6")] {
        let groups = of_day(day);
        assert!(groups.contains(&(of_children, 10)) && groups.contains(&("18 and over", 10)), "{day} {groups:?}");
        assert!(groups.iter().any(|(_, n)| *n == 20), "{day} {groups:?}");
    }
    assert_eq!(of_day("2024-12-31").iter().map(|(_, n)| *n).collect::<Vec<_>>(), [10, 10]);
    let told = refused(desk, &format!("run persons.csv {words} --threshold 3 -o out"), 2);
    assert!(told.contains("--date"), "{told}");
    let told = refused(desk, &format!("run persons.csv {words} --valid-from from --threshold 3 -o out"), 2);
    assert!(told.contains("--day"), "{told}");
}
