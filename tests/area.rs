//! Area systems from real boundary files, and shapely as the judge of containment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use geo::{Area as _, InteriorPoint};
use kleinraum::area::{AreaFile, AreaIndex, AreaSystem, Finding};
use kleinraum::error::{Error, Kind, Language};
use kleinraum::grid::{CellId, GridSize};

/// A file of the shared inputs; `None`, visibly, where the folder is absent.
fn shared(path: &str) -> Option<PathBuf> {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")).join(path);
    if !Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")).exists() {
        eprintln!("skipped: ../shared is absent");
        return None;
    }
    Some(file)
}

fn file(path: PathBuf, key: &str, label: Option<&str>) -> AreaFile {
    AreaFile {
        name: "area".into(),
        file: path,
        key: key.into(),
        label_attribute: label.map(str::to_owned),
        ..AreaFile::default()
    }
}

fn hundred_metres() -> GridSize {
    GridSize::new(100).unwrap()
}

fn told(result: Result<AreaSystem, Error>) -> (Kind, String) {
    let error = result.map(|system| system.areas.len()).unwrap_err();
    assert!(!error.explain(Language::German).is_empty());
    (error.kind(), error.to_string())
}

fn geojson(text: &str) -> Result<AreaSystem, Error> {
    AreaSystem::read_geojson_str("area", None, "key", None, text)
}

/// Of the demo's boundaries, by `Geod.geometry_area_perimeter` on GRS80.
const AREA_KM2: f64 = 637.0634;

const SQUARE: &str = r#"{"type":"Polygon","coordinates":[[[9.70,53.60],[9.80,53.60],[9.80,53.70],[9.70,53.70],[9.70,53.60]]]}"#;

fn one_feature(properties: &str, geometry: &str, members: &str) -> String {
    format!(
        r#"{{"type":"FeatureCollection",{members}"features":[{{"type":"Feature","properties":{properties},"geometry":{geometry}}}]}}"#
    )
}

#[test]
fn the_demo_boundaries_are_49_municipalities_without_findings() {
    let text = include_str!("../data/kreis_pinneberg_gemeinden.geojson");
    let system = AreaSystem::read_geojson_str("gemeinde", Some("Gemeinde"), "AGS", Some("GEN"), text).unwrap();
    assert_eq!(system.areas.len(), 49);
    assert_eq!((system.areas[0].key.as_str(), system.areas[0].label.as_str()), ("01056001", "Appen"));
    assert!(system.areas.windows(2).all(|w| w[0].key < w[1].key));
    assert_eq!(system.findings(), []);
    let area_km2: f64 = system.areas.iter().map(|a| a.outline_3035_m.unsigned_area()).sum::<f64>() / 1e6;
    // pyproj's geodesic area of the same polygons; the district's 664 km² count the Elbe.
    assert!((area_km2 - AREA_KM2).abs() < 0.01, "{area_km2}");
}

#[test]
fn numeric_keys_become_text_and_a_byte_order_mark_is_tolerated() {
    for (key, expected) in [
        ("1056001", "1056001"),
        ("1056001.0", "1056001"),
        ("\"01056001\"", "01056001"),
        ("12345678901234567", "12345678901234567"),
    ] {
        let text = format!("\u{feff}{}", one_feature(&format!(r#"{{"key":{key}}}"#), SQUARE, ""));
        assert_eq!(geojson(&text).unwrap().areas[0].key, expected);
    }
}

#[test]
fn the_crs_member_is_honoured() {
    let utm = r#"{"type":"Polygon","coordinates":[[[546000,5940000],[552000,5940000],[552000,5950000],[546000,5950000],[546000,5940000]]]}"#;
    let member = r#""crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::25832"}},"#;
    let system = geojson(&one_feature(r#"{"key":"a"}"#, utm, member)).unwrap();
    // Equal area against UTM's scale of 0.9996 near its meridian.
    let area_m2 = system.areas[0].outline_3035_m.unsigned_area();
    assert!((area_m2 / 60e6 - 1.0 / (0.99963 * 0.99963)).abs() < 1e-4, "{area_m2}");
    let (kind, message) = told(geojson(&one_feature(r#"{"key":"a"}"#, utm, "")));
    assert_eq!(kind, Kind::Check);
    assert!(message.contains("not degrees") && message.contains("crs = "), "{message}");
}

#[test]
fn ogc_crs84_is_wgs_84() {
    let member = r#""crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}},"#;
    let (with, without) = (one_feature(r#"{"key":"a"}"#, SQUARE, member), one_feature(r#"{"key":"a"}"#, SQUARE, ""));
    assert_eq!(geojson(&with).unwrap().areas[0].outline_3035_m, geojson(&without).unwrap().areas[0].outline_3035_m);
}

#[test]
fn a_wrong_attribute_is_told_with_the_nearest() {
    let (kind, message) = told(geojson(&one_feature(r#"{"Keys":"a","GEN":"b"}"#, SQUARE, "")));
    assert_eq!(kind, Kind::Usage);
    assert_eq!(message, "area has no attribute key: did you mean Keys? it has: Keys, GEN");
}

#[test]
fn points_only_are_no_area_system() {
    let point = r#"{"type":"Point","coordinates":[9.7,53.6]}"#;
    let (kind, message) = told(geojson(&one_feature(r#"{"key":"a"}"#, point, "")));
    assert_eq!((kind, message.contains("(1 features")), (Kind::Check, true), "{message}");
}

#[test]
fn swapped_axes_are_told() {
    let swapped = SQUARE
        .replace("9.70", "X")
        .replace("9.80", "Y")
        .replace("53.60", "9.70")
        .replace("53.70", "9.80")
        .replace('X', "-53.60")
        .replace('Y', "-53.70");
    let (kind, message) = told(geojson(&one_feature(r#"{"key":"a"}"#, &swapped, "")));
    assert_eq!(kind, Kind::Check);
    assert!(message.contains("outside the European grid"), "{message}");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        file(path, "key", None)
    };
    let message = |file: &AreaFile, kind: Kind, part: &str| {
        let (found, message) = told(AreaSystem::read(file));
        assert_eq!(found, kind, "{message}");
        assert!(message.contains(part) && message.contains(&file.file.display().to_string()), "{message}");
    };
    message(&file(folder.path().join("none.geojson"), "key", None), Kind::InputOutput, "cannot read");
    message(&file(folder.path().join("none.zip"), "key", None), Kind::InputOutput, "cannot read");
    message(&file(folder.path().to_owned(), "key", None), Kind::InputOutput, "cannot read");
    message(&write("a.kml", b"<kml/>"), Kind::Usage, "expected .gpkg");
    message(&write("a.geojson", b"{\"type\":\"FeatureCollection\",\"fea"), Kind::Check, "no valid GeoJSON");
    message(&write("empty.geojson", b""), Kind::Check, "no valid GeoJSON");
    message(&write("latin.geojson", b"{\"a\":\"\xe4\"}"), Kind::Check, "byte 6 is not UTF-8");
    message(&write("a.geojson.gz", b"\x1f\x8b\x08\x00\x00"), Kind::InputOutput, "cannot read");
    message(&write("a.shp", b"abc"), Kind::Check, ".dbf");
    message(&write("a.zip", b"PK"), Kind::Check, "no valid zip archive");
}

#[test]
fn overlaps_gaps_and_crossings_are_told() {
    let polygon = |key: &str, ring: &str| {
        format!(r#"{{"type":"Feature","properties":{{"key":"{key}"}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}"#)
    };
    let text = format!(
        r#"{{"type":"FeatureCollection","crs":{{"type":"name","properties":{{"name":"EPSG:3035"}}}},"features":[{},{},{},{}]}}"#,
        polygon("a", "[[4300000,3400000],[4302000,3400000],[4302000,3401000],[4300000,3401000],[4300000,3400000]]"),
        // Overlaps a by 100 m × 1000 m, and leaves 1000 m × 1000 m between itself, a and c.
        polygon("b", "[[4301000,3400900],[4302000,3400900],[4302000,3402000],[4301000,3402000],[4301000,3400900]]"),
        polygon(
            "c",
            "[[4300000,3401000],[4300000,3403000],[4302000,3403000],[4302000,3402000],[4300500,3402000],[4300500,3401000],[4300000,3401000]]"
        ),
        polygon("x", "[[4310000,3400000],[4311000,3401000],[4311000,3400000],[4310000,3401000],[4310000,3400000]]"),
    );
    let findings = geojson(&text).unwrap().findings();
    assert_eq!(findings[0], Finding::SelfCrossing { key: "x".into() });
    let Finding::Overlap { first, second, area_m2 } = &findings[1] else { panic!("{findings:?}") };
    assert_eq!((first.as_str(), second.as_str(), area_m2.round()), ("a", "b", 100_000.0));
    let Finding::Gap { neighbours, area_m2 } = &findings[2] else { panic!("{findings:?}") };
    assert_eq!((neighbours.join(","), area_m2.round()), ("a,b,c".to_owned(), 500_000.0));
    assert_eq!(findings.len(), 3);
}

#[test]
fn features_with_one_key_are_one_area() {
    let Some(path) = shared("boundaries/vg250_2016_gemeinden_kreis_pinneberg.geojson") else { return };
    let all = AreaSystem::read(&file(path.clone(), "AGS", Some("GEN"))).unwrap();
    assert_eq!(all.areas.len(), 49);
    let mut land = file(path, "AGS", Some("GEN"));
    land.filter = vec![("GF".into(), "4".into())];
    let land_only = AreaSystem::read(&land).unwrap();
    assert_eq!(land_only.areas.len(), 49);
    let area = |system: &AreaSystem| system.areas.iter().map(|a| a.outline_3035_m.unsigned_area()).sum::<f64>() / 1e6;
    assert!(area(&all) > area(&land_only) + 1.0);
    land.filter = vec![("GF".into(), "7".into())];
    assert!(told(AreaSystem::read(&land)).1.contains("GF = 7"));
}

#[test]
fn essen_has_nine_districts_and_hamburg_181_ortsteile() {
    let Some(essen) = shared("boundaries/essen_stadtbezirke.geojson.gz") else { return };
    let essen = AreaSystem::read(&file(essen, "STADTBEZ", Some("STADTBEZR"))).unwrap();
    let keys: Vec<&str> = essen.areas.iter().map(|a| a.key.as_str()).collect();
    assert_eq!(keys, ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert_eq!(essen.areas[3].label, "IV");
    let hamburg = AreaSystem::read(&file(
        shared("boundaries/hamburg_stadtteile_quarters_epsg4326.geojson.gz").unwrap(),
        "id",
        Some("name"),
    ))
    .unwrap();
    assert_eq!(hamburg.areas.len(), 181);
}

#[test]
fn an_archive_of_several_layers_asks_for_one() {
    let Some(path) = shared("boundaries/vg5000_2021_gem_krs_epsg31467_DE.zip") else { return };
    let (kind, message) = told(AreaSystem::read(&file(path.clone(), "AGS", None)));
    assert_eq!(kind, Kind::Usage);
    assert!(message.ends_with("it holds: VG5000_GEM.shp, VG5000_KRS.shp"), "{message}");
    let districts = AreaSystem::read(&file(path.join("vg5000_krs"), "AGS", Some("GEN"))).unwrap();
    assert_eq!(districts.areas.len(), 401);
    assert!(districts.areas.iter().any(|a| a.label == "München"));
}

/// The old datum is off by more than 100 m if its shift is forgotten; generalised outlines agree far better than that in the large.
#[test]
fn boundaries_in_the_old_datum_lie_over_those_in_wgs_84() {
    let Some(path) = shared("boundaries/vg5000_2021_gem_krs_epsg31467_DE.zip") else { return };
    let germany = AreaSystem::read(&file(path.join("VG5000_GEM.shp"), "AGS", Some("GEN"))).unwrap();
    assert!(germany.areas.len() > 10_900, "{}", germany.areas.len());
    let index = AreaIndex::new(&germany, hundred_metres());
    let vg250 = shared("boundaries/vg250_2016_gemeinden_kreis_pinneberg.geojson").unwrap();
    let pinneberg = AreaSystem::read(&file(vg250, "AGS", Some("GEN"))).unwrap();
    for area in &pinneberg.areas {
        let largest = area.outline_3035_m.iter().max_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area())).unwrap();
        let point = largest.interior_point().unwrap();
        let cell = CellId::of_point(hundred_metres(), point.x(), point.y()).unwrap();
        let found = index.locate(cell, point.x(), point.y()).area.map(|i| germany.areas[i as usize].key.as_str());
        assert_eq!(found, Some(area.key.as_str()), "{}", area.label);
    }
}

#[test]
fn shapely_assigns_the_same_areas() {
    let python = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.venv/bin/python"));
    if !python.exists() {
        eprintln!("skipped: .venv is absent");
        return;
    }
    let boundaries = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/data/kreis_pinneberg_gemeinden.geojson"));
    let folder = tempfile::tempdir().unwrap();
    let points = folder.path().join("points.csv");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles/area_shapely.py");
    let status = Command::new(python)
        .args([script.as_ref(), boundaries.as_os_str(), "AGS".as_ref(), points.as_os_str()])
        .status()
        .unwrap();
    assert!(status.success());
    let system = AreaSystem::read(&file(boundaries.to_owned(), "AGS", None)).unwrap();
    let index = AreaIndex::new(&system, hundred_metres());
    let text = fs::read_to_string(points).unwrap();
    let mut judged = 0;
    for line in text.lines().skip(1) {
        let mut fields = line.split(',');
        let (x, y): (f64, f64) = (fields.next().unwrap().parse().unwrap(), fields.next().unwrap().parse().unwrap());
        let expected = fields.next().filter(|key| !key.is_empty());
        let found = index.locate(CellId::of_point(hundred_metres(), x, y).unwrap(), x, y);
        assert_eq!(found.area.map(|i| system.areas[i as usize].key.as_str()), expected);
        judged += 1;
    }
    assert!(judged > 19_000, "{judged}");
}

/// The demo's boundaries in UTM beside a layer of points, as GeoPackage by GDAL: whole and part by name, and what is wrong with a name.
#[test]
fn a_geopackage_of_gdal_has_the_same_areas() {
    let python = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.venv/bin/python"));
    if !python.exists() {
        eprintln!("skipped: .venv is absent");
        return;
    }
    let desk = tempfile::tempdir().unwrap();
    let written = desk.path().join("grenzen.gpkg");
    let script = "import sys, geopandas as g\n\
        d = g.read_file(sys.argv[1]).to_crs(25832)\n\
        d['schluessel'] = d['AGS'].astype(int).astype(float)\n\
        d.to_file(sys.argv[2], layer='gemeinden', driver='GPKG')\n\
        d.set_geometry(d.representative_point()).to_file(sys.argv[2], layer='punkte', driver='GPKG')\n";
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/data/kreis_pinneberg_gemeinden.geojson");
    let status = Command::new(python).args(["-c", script, source]).arg(&written).status().unwrap();
    assert!(status.success());

    let read = |name: &str, key: &str| AreaSystem::read_with_findings(&file(desk.path().join(name), key, Some("GEN")));
    let (system, findings) = read("grenzen.gpkg/gemeinden", "AGS").unwrap();
    let text = include_str!("../data/kreis_pinneberg_gemeinden.geojson");
    let expected = AreaSystem::read_geojson_str("area", None, "AGS", Some("GEN"), text).unwrap();
    assert!(findings.is_empty() && system.areas.len() == expected.areas.len());
    for (found, expected) in system.areas.iter().zip(&expected.areas) {
        assert_eq!((&found.key, &found.label), (&expected.key, &expected.label));
        let (found, expected) = (found.outline_3035_m.unsigned_area(), expected.outline_3035_m.unsigned_area());
        // Edges are straight in UTM here, and in degrees there.
        assert!((found / expected - 1.0).abs() < 1e-4, "{found} {expected}");
    }
    // A number without decimals is a key without decimals.
    assert_eq!(read("grenzen.gpkg/GEMEINDEN", "schluessel").unwrap().0.areas[0].key, "1056001");
    let refused = |name: &str| told(read(name, "AGS").map(|found| found.0));
    let (kind, text) = refused("grenzen.gpkg");
    assert!(kind == Kind::Usage && text.contains("gemeinden, punkte") && text.contains("grenzen.gpkg/NAME"), "{text}");
    assert!(refused("grenzen.gpkg/kreise").1.contains("gemeinden, punkte"));
    assert!(refused("grenzen.gpkg/punkte").1.contains("49 features are points"));
    assert_eq!(refused("fehlt.gpkg").0, Kind::InputOutput);
    fs::write(desk.path().join("kein.gpkg"), "no database").unwrap();
    assert_eq!(refused("kein.gpkg").0, Kind::Check);
}
