//! Sources by their usual names in GDAL: FileGDB, files in archives, MapInfo. Built with the feature `gdal` only.

use std::fs;

use crate::gis::written;
use crate::postgis::{PASSWORD, Server};
use crate::records::{COUNTED_ALL, expected, inspected, refused, run};

#[test]
fn what_gdal_reads_makes_the_same_release() {
    let desk = tempfile::tempdir().unwrap();
    let desk = desk.path();
    assert!(written(desk), "the feature is tested with ./test.sh");
    let expected = expected(desk);
    let mut archive = zip::ZipWriter::new(fs::File::create(desk.join("export.zip")).unwrap());
    for ending in ["shp", "shx", "dbf", "prj", "cpg"] {
        archive.start_file(format!("daten/persons.{ending}"), zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut archive, &fs::read(desk.join(format!("persons.{ending}"))).unwrap()).unwrap();
    }
    archive.finish().unwrap();
    // GDAL gives yes and no as 1 and 0.
    let counted = COUNTED_ALL.replace("--dimension active=aktiv ", "").replace("--table benefit,active ", "");
    let without_active = run(desk, &format!("persons.csv --crs EPSG:25832 --x x --y y {counted}"));
    for (line, counted, expected) in [
        ("Fachdaten.gdb --layer personen --geometry SHAPE", counted.as_str(), &without_active),
        ("Fachdaten.gdb --geometry SHAPE", &counted, &without_active),
        ("/vsizip/export.zip/daten/persons.shp --geometry geometry", &counted, &without_active),
        ("CSV:persons.csv --x x --y y --crs EPSG:25832", COUNTED_ALL, &expected),
    ] {
        let found = run(desk, &format!("{line} {counted}"));
        assert_eq!(String::from_utf8_lossy(&found["records"]), String::from_utf8_lossy(&expected["records"]), "{line}");
        assert!(found == *expected, "{line}");
    }
    let told = inspected(desk, "Fachdaten.gdb --layer personen");
    assert!(told.contains("GDAL") && told.contains("geometries in SHAPE, EPSG:25832"), "{told}");

    let counted = "--sizes 1000 --method suppress --threshold 3 -o out";
    let told = refused(desk, &format!("run Fachdaten.gdb --layer persone --geometry SHAPE {counted}"), 2);
    assert!(told.contains("did you mean \"personen\""), "{told}");
    let told = refused(desk, &format!("run Fachdaten.gdb --geometry punkt {counted}"), 2);
    assert!(told.contains("Fachdaten.gdb/personen") && told.contains("SHAPE"), "{told}");
    let told = refused(desk, &format!("--lang de run Fachdaten.gdb --geometry SHAPE {counted}"), 1);
    assert!(told.contains("Fachdaten.gdb, Zeile 1,") && told.contains("SHAPE"), "{told}");
    for name in ["'PG:dbname=fach host=127.0.0.1 port=1 user=anna password=geheim'", "/vsizip/fehlt.zip/a.shp"] {
        let told = refused(desk, &format!("run {name} --geometry SHAPE {counted}"), 3);
        assert!(told.contains("GDAL cannot read it") && !told.contains("geheim"), "{told}");
    }
}

#[test]
fn gdal_reads_postgis_by_its_name_and_the_password_stays() {
    let Some(server) = Server::start() else { return };
    let _client = server.fill();
    let desk = tempfile::tempdir().unwrap();
    let desk = desk.path();
    expected(desk);
    let counted = COUNTED_ALL.replace("--dimension active=aktiv ", "").replace("--table benefit,active ", "");
    let without_active = run(desk, &format!("persons.csv --crs EPSG:25832 --x x --y y {counted}"));
    let name = format!("'PG:host=127.0.0.1 port={} dbname=fach user=leser password={PASSWORD}'", server.port);
    let found = run(desk, &format!("{name} --layer 'amt.Personen Süd' --geometry punkt {counted}"));
    assert_eq!(String::from_utf8_lossy(&found["records"]), String::from_utf8_lossy(&without_active["records"]));
    assert!(found == without_active);
    for file in ["run.json", "report.html", "report.json"] {
        let text = fs::read_to_string(desk.join("out").join(file)).unwrap();
        assert!(!text.contains("geheim"), "{file}");
    }
    let told = refused(desk, &format!("run {name} --layer amt.fehlt --geometry punkt --sizes 1000 --threshold 3 -o out"), 2);
    assert!(told.contains("amt.fehlt") && !told.contains("geheim"), "{told}");
}
