//! Records where it is hard to say where they lie, each as declared: on borders of areas, in holes, where areas overlap, on edges of cells, on an island far out,
//! and as polygons over several cells.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

mod desk;
use desk::kleinraum;

/// Published totals of a layer by id.
fn totals(bundle: &Path, layer: &str) -> BTreeMap<String, u64> {
    let text = fs::read_to_string(bundle.join(format!("csv/{layer}.csv"))).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let at = |name: &str| head.iter().position(|column| column == name).unwrap();
    let (id, total) = (at("id"), at("total"));
    lines.map(|row| (row[id].clone(), row[total].parse().unwrap())).filter(|(_, total)| *total > 0).collect()
}

/// Runs with flags that are the same for all; gives the standard output.
fn run(desk: &Path, records: &str, more: &[&str]) -> String {
    let flags = [
        "run",
        records,
        "--sizes",
        "100,1000",
        "--method",
        "none",
        "--reason",
        "invented places",
        "--formats",
        "csv",
        "-o",
        "out",
    ];
    let output = kleinraum(desk, &[&flags[..], more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn counted(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(id, count)| ((*id).to_owned(), *count)).collect()
}

/// `a` with a hole, `b` east of it with a common border at 4322000, `c` over the north of both.
const AREAS: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"key":"a"},"geometry":{"type":"Polygon","coordinates":[[[4320000,3380000],[4322000,3380000],[4322000,3382000],[4320000,3382000],[4320000,3380000]],[[4320500,3380500],[4320500,3380750],[4320750,3380750],[4320750,3380500],[4320500,3380500]]]}},
 {"type":"Feature","properties":{"key":"b"},"geometry":{"type":"Polygon","coordinates":[[[4322000,3380000],[4324000,3380000],[4324000,3382000],[4322000,3382000],[4322000,3380000]]]}},
 {"type":"Feature","properties":{"key":"c"},"geometry":{"type":"Polygon","coordinates":[[[4320000,3381500],[4324000,3381500],[4324000,3383000],[4320000,3383000],[4320000,3381500]]]}}]}"#;

/// Runs over these places in EPSG:3035 with the areas; gives the summary and the totals of areas and of 100 m cells.
fn placed(places: &[(f64, f64)]) -> (String, BTreeMap<String, u64>, BTreeMap<String, u64>) {
    let desk = tempfile::tempdir().unwrap();
    let rows: String = places.iter().map(|(e, n)| format!("{e},{n}\n")).collect();
    fs::write(desk.path().join("r.csv"), format!("e,n\n{rows}")).unwrap();
    fs::write(desk.path().join("areas.geojson"), AREAS).unwrap();
    fs::write(
        desk.path().join("plan.toml"),
        "tables = [[]]\n[source]\nfiles = [\"r.csv\"]\n[position]\ncrs = \"EPSG:3035\"\nx = \"e\"\ny = \"n\"\n[[area]]\nname = \"area\"\n\
         file = \"areas.geojson\"\nkey = \"key\"\ncrs = \"EPSG:3035\"\n",
    )
    .unwrap();
    let told = run(desk.path(), "plan.toml", &[]);
    let out = desk.path().join("out");
    (told, totals(&out, "area"), totals(&out, "100m"))
}

#[test]
fn a_record_on_a_common_border_lies_in_one_area_the_eastern() {
    let (_, areas, cells) = placed(&[(4_322_000.0, 3_381_000.0), (4_321_999.999, 3_381_000.0)]);
    assert_eq!(areas, counted(&[("a", 1), ("b", 1)]));
    assert_eq!(cells, counted(&[("CRS3035RES100mN3381000E4321900", 1), ("CRS3035RES100mN3381000E4322000", 1)]));
}

#[test]
fn a_record_on_an_outer_border_lies_in_the_area_in_the_west_and_south_only() {
    let (told, areas, _) =
        placed(&[(4_320_000.0, 3_381_000.0), (4_324_000.0, 3_381_000.0), (4_321_000.0, 3_380_000.0), (4_321_000.0, 3_383_000.0)]);
    assert_eq!(areas, counted(&[("a", 2)]));
    assert!(told.contains("2 records in no area"), "{told}");
}

#[test]
fn a_record_in_a_hole_lies_in_no_area_and_one_on_its_rim_on_one_side() {
    let (told, areas, cells) = placed(&[(4_320_600.0, 3_380_600.0), (4_320_500.0, 3_380_600.0), (4_320_750.0, 3_380_600.0)]);
    assert_eq!(areas, counted(&[("a", 1)]));
    assert!(told.contains("2 records in no area") && cells.len() == 3, "{told}");
}

#[test]
fn a_record_in_two_areas_counts_in_the_first_by_key_and_is_told() {
    let (told, areas, _) = placed(&[(4_321_000.0, 3_381_800.0), (4_323_000.0, 3_381_800.0), (4_323_000.0, 3_382_500.0)]);
    assert_eq!(areas, counted(&[("a", 1), ("b", 1), ("c", 1)]));
    assert!(told.contains("2 in several (counted in the first by key)"), "{told}");
}

#[test]
fn cells_own_their_south_and_west_edge() {
    let (_, _, cells) = placed(&[(4_321_000.0, 3_380_000.0), (4_321_000.0, 3_380_099.999), (4_320_999.999, 3_380_000.0)]);
    assert_eq!(cells, counted(&[("CRS3035RES100mN3380000E4320900", 1), ("CRS3035RES100mN3380000E4321000", 2)]));
}

#[test]
fn helgoland_lies_in_its_municipality_and_its_cells() {
    let desk = tempfile::tempdir().unwrap();
    // The island and the dune, and a place in the sea between them and the mainland.
    fs::write(desk.path().join("r.csv"), "lon,lat\n7.8855,54.1815\n7.9090,54.1880\n8.3000,54.0000\n").unwrap();
    fs::write(desk.path().join("g.geojson"), include_str!("../data/kreis_pinneberg_gemeinden.geojson")).unwrap();
    let told =
        run(desk.path(), "r.csv", &["--crs", "EPSG:4326", "--x", "lon", "--y", "lat", "--area", "gemeinde=g.geojson:AGS:GEN"]);
    let out = desk.path().join("out");
    assert_eq!(totals(&out, "gemeinde"), counted(&[("01056025", 2)]), "{told}");
    let cells = totals(&out, "1km");
    for cell in HELGOLAND_1KM {
        assert_eq!(cells.get(cell), Some(&1), "{cells:?}");
    }
    assert!(told.contains("1 records in no area"), "{told}");
}

/// By pyproj.
const HELGOLAND_1KM: [&str; 2] = ["CRS3035RES1000mN3454000E4182000", "CRS3035RES1000mN3455000E4184000"];

#[test]
fn a_polygon_over_several_cells_counts_once_at_a_point_inside() {
    let desk = tempfile::tempdir().unwrap();
    // An L of three cells, whose middle lies outside of it, and a square within a cell.
    let rows = [
        "POLYGON((4321000 3380000,4321300 3380000,4321300 3380050,4321050 3380050,4321050 3380300,4321000 3380300,4321000 3380000))",
        "POLYGON((4321510 3380510,4321590 3380510,4321590 3380590,4321510 3380590,4321510 3380510))",
    ];
    fs::write(desk.path().join("r.csv"), format!("id;wkt\n1;{}\n2;{}\n", rows[0], rows[1])).unwrap();
    let told = run(desk.path(), "r.csv", &["--crs", "EPSG:3035", "--geometry", "wkt"]);
    assert!(told.contains("2 placed"), "{told}");
    let cells = totals(&desk.path().join("out"), "100m");
    assert_eq!(cells.values().sum::<u64>(), 2);
    assert_eq!(cells["CRS3035RES100mN3380500E4321500"], 1);
    let other = cells.keys().find(|cell| *cell != "CRS3035RES100mN3380500E4321500").unwrap();
    let inside = ["N3380000E4321000", "N3380000E4321100", "N3380000E4321200", "N3380100E4321000", "N3380200E4321000"];
    assert!(inside.iter().any(|cell| other.ends_with(cell)), "{other}");
    assert_eq!(totals(&desk.path().join("out"), "1km").values().sum::<u64>(), 2);
}
