//! Findings and plans of small and real files.

use std::path::Path;

use super::*;
use crate::error::Language;

fn degrees_or_utm(xs: &[f64], _: &[f64]) -> Vec<(u32, f64)> {
    match xs[0] {
        x if x.abs() < 180.0 => vec![(4326, 0.9)],
        x if (200_000.0..800_000.0).contains(&x) => vec![(25832, 0.8), (25833, 0.3)],
        _ => vec![],
    }
}

fn finding(content: &[u8]) -> Inspection {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("personen.csv");
    std::fs::write(&file, content).unwrap();
    inspect(&file, &Dialect::default(), &degrees_or_utm).unwrap()
}

fn persons(rows: usize) -> String {
    let row = |i: usize| {
        let (x, y) = (550_000 + i % 999, 5_940_000 + i % 777);
        format!("{i};Meier{i};{x},25;{y},5;{};{};{}.02.1980\n", i % 90, if i.is_multiple_of(2) { "m" } else { "w" }, i % 28 + 1)
    };
    format!("id;Nachname;Rechtswert;Hochwert;Alter;Geschlecht;GebDatum\n{}", (0..rows).map(row).collect::<String>())
}

#[test]
fn roles_of_a_usual_export() {
    let found = finding(persons(2000).as_bytes());
    let roles: Vec<Option<Role>> = found.columns.iter().map(|column| column.role).collect();
    let expected = [Role::Id, Role::PersonName, Role::X, Role::Y, Role::Age, Role::Dimension, Role::DateOfBirth];
    assert_eq!(roles, expected.map(Some));
    assert_eq!((found.separator, found.decimal, found.encoding), (Some(';'), Some(','), Some("ascii")));
    let Some(PositionFinding::Coordinates { x, y, system, source, others }) = found.position else { panic!("no position") };
    assert_eq!(
        (x.as_str(), y.as_str(), system.as_deref(), source),
        ("Rechtswert", "Hochwert", Some("EPSG:25832"), SystemSource::Values)
    );
    assert_eq!(others, ["EPSG:25833"]);
}

#[test]
fn no_value_of_a_record_is_told() {
    let found = finding(persons(2000).as_bytes());
    for text in [found.explain(Language::English), found.explain(Language::German), found.plan_toml(), format!("{found:?}")] {
        assert!(!text.contains("Meier") && !text.contains("550") && !text.contains("1980"), "{text}");
    }
}

#[test]
fn labels_are_told_only_if_each_is_frequent() {
    let rare = "gruppe\n".to_owned() + &"a\n".repeat(500) + &"b\n".repeat(99);
    assert!(finding(rare.as_bytes()).columns[0].labels.is_empty());
    assert_eq!(finding((rare + "b\n").as_bytes()).columns[0].labels, ["a", "b"]);
}

#[test]
fn names_of_a_headerless_file_are_not_told() {
    let found = finding(b"Meier;Geheimweg;5;01.02.1980\nSchulz;Weg;6;02.03.1981\n");
    assert!(!found.has_header);
    for text in [found.explain(Language::English), found.plan_toml(), format!("{found:?}")] {
        assert!(!text.contains("Meier") && !text.contains("Geheimweg") && !text.contains("1980"), "{text}");
    }
}

#[test]
fn cell_codes_are_a_position() {
    let codes = "CRS3035RES100mN2690300E4341100;m\n".repeat(50);
    let found = finding(("GITTER_ID_100m;geschlecht\n".to_owned() + &codes).as_bytes());
    assert_eq!(found.position, Some(PositionFinding::Cell { column: "GITTER_ID_100m".to_owned() }));
    assert!(found.plan_toml().contains("cell = \"GITTER_ID_100m\"") && found.plan_toml().contains("sizes = [100, 500"));
}

#[test]
fn addresses_are_proposed_where_there_are_no_coordinates() {
    let row = |i: usize| format!("Bahnhofstr. {};{};a;25421;Pinneberg;{}.3.1990\n", i % 97, i % 40 + 1, i % 28 + 1);
    let head = "Straße;HausNr;HausNrZusatz;PLZ;Ort;Geburtsdatum\n".to_owned();
    let found = finding((head + &(0..500).map(row).collect::<String>()).as_bytes());
    let plan = found.plan_toml();
    plan.parse::<toml::Table>().unwrap();
    for line in [
        "street = \"Straße\"",
        "number = \"HausNr\"",
        "suffix = \"HausNrZusatz\"",
        "postcode = \"PLZ\"",
        "municipality = \"Ort\"",
        "# birth = true",
    ] {
        assert!(plan.contains(line), "{line}: {plan}");
    }
    let text = found.explain(Language::English);
    assert!(text.contains("position: address Straße, HausNr") && text.contains("addresses identify persons"), "{text}");
    assert!(text.contains("Geburtsdatum looks like a date of birth") && !text.contains("leave it out"), "{text}");
}

#[test]
fn keys_of_municipalities_are_proposed_where_there_is_nothing_else() {
    let row = |i: usize| format!("0105600{};{}\n", i % 9 + 1, if i.is_multiple_of(2) { "m" } else { "w" });
    let found = finding(("AGS;sex\n".to_owned() + &(0..500).map(row).collect::<String>()).as_bytes());
    assert_eq!(found.position, Some(PositionFinding::AreaKey { column: "AGS".into() }));
    let plan: toml::Table = found.plan_toml().parse().unwrap();
    assert_eq!(plan["position"]["area_keys"]["gemeinde"].as_str(), Some("AGS"));
    assert!(!plan.contains_key("grid"));
}

#[test]
fn an_id_that_repeats_is_no_id() {
    let found = finding(("id;sex\n".to_owned() + &"1;m\n2;w\n".repeat(200)).as_bytes());
    assert!(found.columns[0].role.is_none() && !found.plan_toml().contains("[unit]"));
}

#[test]
fn the_plan_is_toml_with_tables_before_sections() {
    let plan = finding(persons(2000).as_bytes()).plan_toml();
    let parsed: toml::Table = plan.parse().unwrap();
    assert_eq!(parsed["tables"].to_string(), "[[\"age\"], [\"sex\"]]");
    assert_eq!(parsed["source"]["separator"].as_str(), Some(";"));
    assert_eq!(parsed["dimension"][0]["bands"].as_array().map(Vec::len), Some(10));
    assert_eq!(parsed["protection"]["threshold"].as_integer(), Some(5));
}

#[test]
fn strange_column_names_stay_valid_toml() {
    let plan = finding(("\"a\"\"b\\\";x;y\n".to_owned() + &"m;9,5;53,5\n".repeat(200)).as_bytes()).plan_toml();
    plan.parse::<toml::Table>().unwrap();
}

/// The position and plan of every real file; `None` if the folder is absent.
fn real(path: &str) -> Option<Inspection> {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")).join(path);
    if !file.exists() {
        eprintln!("skipped: ../shared is absent");
        return None;
    }
    Some(inspect(&file, &Dialect::default(), &degrees_or_utm).unwrap())
}

macro_rules! real_position {
    ($($name:ident: $path:literal => $text:literal;)*) => {
        $(#[test] fn $name() {
            let Some(found) = real($path) else { return };
            let text = found.explain(Language::English);
            assert!(text.contains($text), "{text}\n{}", found.plan_toml());
            found.plan_toml().parse::<toml::Table>().unwrap();
        })*
    };
}

real_position! {
    persons_of_pinneberg: "points/derived_personen_kreis_pinneberg_zensus2011.csv.gz" => "position: e_25832, n_25832 in EPSG:25832 (by the columns' names";
    persons_of_charleston: "points/aquadtree_charleston_pop_lcc.csv.gz" => "position: x, y; reference system not recognised";
    houses_of_ames: "points/modeldata_ames_house_sales_epsg4326.csv" => "position: Longitude, Latitude in EPSG:4326";
    schools_of_berlin: "points/berlin_schulen_epsg25833.geojson.gz" => "position: geometry.x, geometry.y in EPSG:25833 (named in the file";
    houses_of_essen: "addresses/essen_hauskoordinaten_2022.csv.gz" => "position: e_4647, n_4647 in EPSG:4647";
    house_coordinates_without_header: "addresses/derived_essen_hkde_layout.txt.gz" => "first row looks like a record";
    cells_of_germany: "grid/zensus2011_1km_einwohner_DE.csv.gz" => "position: cell code Gitter_ID_1km (1km, EPSG:3035)";
    cells_of_2022: "grid/derived_zensus2022_layout_1km_durchschnittsalter.csv" => "position: cell code GITTER_ID_1km (1km, EPSG:3035)";
}

#[test]
#[ignore = "prints what a user sees"]
fn show_real_files() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data"));
    for part in ["points", "addresses", "grid", "facts"] {
        let mut files: Vec<_> = std::fs::read_dir(folder.join(part)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let found = inspect(&file, &Dialect::default(), &degrees_or_utm).unwrap();
            eprintln!("{}\n{}\n---", found.explain(Language::German), found.plan_toml());
        }
    }
}
