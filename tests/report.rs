//! The report of a run, and a search through the whole bundle for what must not be in it.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

const KEY: &str = "5ec2e700a1b2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef001122334\n";

/// All formats there are.
const FORMATS: &str = "pmtiles,mbtiles,tiles,geojson,gpkg,csv,geoparquet,flatgeobuf,geojsonl";

/// One person alone in a cell, with values that occur nowhere else.
const PLANTED: [(&str, &str); 6] = [
    ("id", "Erika-Musterfrau-4711"),
    ("x", "4300917.4375"),
    ("y", "3300842.8125"),
    ("name", "Kugelfischweg"),
    ("income", "73219"),
    ("age", "97"),
];

fn persons() -> String {
    let mut text = String::from("id,x,y,age,sex,income,name\n");
    for i in 0..400 {
        // 4 × 2 cells of 100 m, 50 persons each.
        let (cell, age) = (i % 8, i / 8 % 90);
        let (x, y) = (4_300_000 + cell % 4 * 100 + i % 97, 3_300_000 + cell / 4 * 100 + i % 89);
        text.push_str(&format!("p{i},{x},{y},{age},{},{},street{}\n", ["m", "w"][i % 2], 1000 + i, i % 50));
    }
    let of = |name: &str| PLANTED.iter().find(|(column, _)| *column == name).unwrap().1;
    text + &format!("{},{},{},{},w,{},{}\n", of("id"), of("x"), of("y"), of("age"), of("income"), of("name"))
}

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        fs::write(desk.0.path().join("persons.csv"), persons()).unwrap();
        let key = desk.0.path().join("a.key");
        fs::write(&key, KEY).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        desk
    }

    #[track_caller]
    fn works(&self, words: &[&str]) {
        let mut command = Command::cargo_bin("kleinraum").unwrap();
        let output = command.current_dir(self.0.path()).env("LANG", "C").env_remove("LC_ALL").args(words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    #[track_caller]
    fn run(&self, rest: &str) {
        let line = format!(
            "run persons.csv --crs EPSG:3035 --x x --y y --id id --sizes 100,500 --dimension age=age:0,18,65 --dimension sex=sex \
             --table age --table sex --table age,sex --formats {FORMATS} {rest}"
        );
        self.works(&line.split_whitespace().collect::<Vec<_>>());
    }

    fn files(&self, bundle: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.0.path().join(bundle)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => files.push((path.clone(), fs::read(path).unwrap())),
                }
            }
        }
        files
    }
}

/// The bytes of a file and of everything packed in it: gzip members wherever they begin, and the columns of Parquet.
fn layers(path: &Path, bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut layers = vec![bytes.to_vec()];
    for at in bytes.windows(3).enumerate().filter(|(_, w)| *w == [0x1f, 0x8b, 8]).map(|(at, _)| at) {
        let mut text = Vec::new();
        let _ = flate2::read::GzDecoder::new(&bytes[at..]).read_to_end(&mut text);
        layers.push(text);
    }
    if path.extension().is_some_and(|ending| ending == "gpkg") {
        layers.push(project(path));
    }
    if path.extension().is_some_and(|ending| ending == "parquet") {
        let batches = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap());
        for column in batches.unwrap().build().unwrap().flat_map(|batch| batch.unwrap().columns().to_vec()) {
            let data = column.to_data();
            let all = std::iter::once(&data).chain(data.child_data());
            layers.extend(all.flat_map(|data| data.buffers()).map(|buffer| buffer.as_slice().to_vec()));
        }
    }
    layers
}

/// The QGIS project that a GeoPackage keeps, unpacked.
fn project(path: &Path) -> Vec<u8> {
    let database = rusqlite::Connection::open(path).unwrap();
    let content: String = database.query_row("SELECT content FROM qgis_projects", [], |row| row.get(0)).unwrap();
    let bytes = (0..content.len() / 2).map(|i| u8::from_str_radix(&content[2 * i..2 * i + 2], 16).unwrap()).collect::<Vec<_>>();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut text = Vec::new();
    archive.by_index(0).unwrap().read_to_end(&mut text).unwrap();
    text
}

fn holds(layer: &[u8], needle: &[u8]) -> bool {
    layer.windows(needle.len()).any(|window| window == needle)
}

/// Texts and binary forms of planted values that must be nowhere.
fn needles() -> Vec<Vec<u8>> {
    let of = |name: &str| PLANTED.iter().find(|(column, _)| *column == name).unwrap().1;
    let mut needles: Vec<Vec<u8>> = ["id", "x", "y", "name", "income"].map(|name| of(name).as_bytes().to_vec()).into();
    needles.push(KEY.trim().as_bytes().to_vec());
    needles.push((0..32).map(|i| u8::from_str_radix(&KEY[2 * i..2 * i + 2], 16).unwrap()).collect());
    for name in ["x", "y"] {
        let number: f64 = of(name).parse().unwrap();
        needles.push(number.to_le_bytes().to_vec());
        needles.push(number.to_be_bytes().to_vec());
        needles.push(of(name).replace('.', ",").into_bytes());
    }
    needles
}

#[test]
fn nothing_planted_is_found_in_any_file_of_a_bundle() {
    let desk = Desk::new();
    for (bundle, rest) in [
        ("suppress", "--profile standard --sum income=income"),
        ("round", "--method round --base 5 --key a.key"),
        ("census", "--profile zensus --key a.key"),
    ] {
        desk.run(&format!("{rest} -o {bundle}"));
        let files = desk.files(bundle);
        assert!(files.len() > 15, "{} files", files.len());
        for (path, bytes) in &files {
            for layer in layers(path, bytes) {
                for (at, needle) in needles().iter().enumerate() {
                    assert!(!holds(&layer, needle), "{} holds planted value {at}", path.display());
                }
            }
        }
    }
}

/// The search sees what is there: a street that is published in a dimension, by every way of packing.
#[test]
fn the_search_finds_what_is_published() {
    let desk = Desk::new();
    let line = "run persons.csv --crs EPSG:3035 --x x --y y --sizes 500 --dimension street=name --method none --reason test -o open --formats";
    desk.works(&line.split_whitespace().chain([FORMATS]).collect::<Vec<_>>());
    let found: Vec<String> = desk
        .files("open")
        .iter()
        .filter(|(path, bytes)| layers(path, bytes).iter().any(|layer| holds(&layer.to_ascii_lowercase(), b"kugelfischweg")))
        .map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    for name in [
        "release.parquet",
        "tiles.pmtiles",
        "tiles.mbtiles",
        "open.gpkg",
        "500m.geojson",
        "500m.csv",
        "500m.parquet",
        "500m.fgb",
        "500m.geojsonl",
        "legend.json",
        "datapackage.json",
    ] {
        assert!(found.iter().any(|file| file == name), "{name} is not among {found:?}");
    }
    let project = project(&desk.0.path().join("open/open.gpkg"));
    assert!(holds(&project.to_ascii_lowercase(), b"kugelfischweg"), "the search does not see into the project");
}

#[test]
fn the_report_tells_purpose_rules_fields_and_hashes() {
    let desk = Desk::new();
    let plan = r#"
language = "de"
title = "Kreis <Test>"
tables = [["geschlecht"]]
[source]
files = ["persons.csv"]
[position]
crs = "EPSG:3035"
x = "x"
y = "y"
[grid]
sizes = [100, 500]
[[dimension]]
name = "geschlecht"
column = "sex"
[[dimension]]
name = "alter"
column = "age"
bands = [0, 18, 65]
[unit]
id = "id"
[protection]
profile = "standard"
[report]
purpose = "Planung von Kindertagesstätten"
legal_basis = "§ 80 SGB VIII"
[output]
folder = "out"
formats = ["csv"]
"#;
    fs::write(desk.0.path().join("plan.toml"), plan).unwrap();
    desk.works(&["run", "plan.toml", "--controller", "Kreis Test, Jugendamt"]);
    let folder = desk.0.path().join("out");
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    let parts = [
        "<html lang=\"de\">",
        "Kreis &lt;Test&gt;",
        "Planung von Kindertagesstätten",
        "§ 80 SGB VIII",
        "Kreis Test, Jugendamt",
        "Anzahlen unter 5 werden gesperrt",
        "Gewährleistungsziele",
        "kleinste veröffentlichte Anzahl",
    ];
    for part in parts {
        assert!(page.contains(part), "{part}");
    }
    let report: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap();
    let run: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("run.json")).unwrap()).unwrap();
    let fields: Vec<(&str, &str)> = report["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| (field["column"].as_str().unwrap(), field["used_as"].as_str().unwrap()))
        .collect();
    assert_eq!(
        fields,
        [("x", "coordinate"), ("y", "coordinate"), ("sex", "category"), ("age", "category_in_no_table"), ("id", "id")]
    );
    for file in report["outputs"].as_array().unwrap() {
        assert_eq!(file["blake3"], run["outputs"][file["file"].as_str().unwrap()]);
    }
    assert!(run["outputs"]["report.html"].is_string() && run["outputs"]["report.json"].is_string());
    assert!(page.contains(report["inputs"][0]["blake3"].as_str().unwrap()));
    // The lone person's cell is withheld, and the report says so by numbers of numbers only.
    let total = &report["published"][0];
    let count = |status: &str| total[status].as_i64().unwrap();
    assert!(total["table"] == "total" && count("suppressed") >= 1 && count("value") >= 1);
    assert_eq!(count("suppressed") + count("value"), 9);
    assert!(report["audit"]["at_risk"] == 0 && !report["audit"]["attacks"].as_array().unwrap().is_empty());
    desk.works(&["verify", "out"]);
}
