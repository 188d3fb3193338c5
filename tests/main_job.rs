//! The main job on real input, judged by foreign programs: PROJ, GEOS, DuckDB, GDAL, and tile decoders in Python and JavaScript.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn shared(name: &str) -> Option<PathBuf> {
    let path = root().join("../shared/data").join(name);
    if !path.exists() {
        eprintln!("skipped: ../shared is absent");
        return None;
    }
    Some(path)
}

/// The judges that `test.sh` installs.
fn python() -> Option<PathBuf> {
    let python = root().join(".venv/bin/python");
    if !python.exists() {
        eprintln!("skipped: .venv is absent, run ./test.sh");
        return None;
    }
    Some(python)
}

fn kleinraum(folder: &Path, words: &[&str]) -> Output {
    Command::new(assert_cmd::cargo::cargo_bin("kleinraum")).current_dir(folder).env("LANG", "C").args(words).output().unwrap()
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    let (told, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{complained}");
    told.into_owned()
}

fn unpacked(gzip: &Path, to: &Path) {
    let mut reader = flate2::read::MultiGzDecoder::new(fs::File::open(gzip).unwrap());
    std::io::copy(&mut reader, &mut fs::File::create(to).unwrap()).unwrap();
}

const PERSONS: &str = "points/derived_personen_kreis_pinneberg_zensus2011.csv.gz";
const MUNICIPALITIES: &str = "boundaries/vg250_2016_gemeinden_kreis_pinneberg.geojson";

/// The columns and rules of the persons' run; files, sizes and output are named beside.
const RULES: &str = "--crs EPSG:25832 --x e_25832 --y n_25832 --dimension age=altersgruppe --dimension sex=geschlecht --table age --table sex \
                     --table age,sex --method suppress --threshold 5";

#[test]
fn the_persons_of_pinneberg() {
    let (Some(persons), Some(areas), Some(python)) = (shared(PERSONS), shared(MUNICIPALITIES), python()) else { return };
    let desk = tempfile::tempdir().unwrap();
    unpacked(&persons, &desk.path().join("persons.csv"));
    let area = format!("gemeinde={}:AGS:GEN", areas.display());
    let mut words = vec!["run", "persons.csv", "--sizes", "100,1000", "-o", "out", "--area", &area];
    words.extend(RULES.split_whitespace());
    words.extend(["--formats", "pmtiles,mbtiles,tiles,geojson,gpkg,csv,geoparquet,flatgeobuf,geojsonl"]);
    let told = succeeds(&kleinraum(desk.path(), &words));
    assert!(told.contains("295,323 read, 295,323 placed, 0 rejected"), "{told}");
    assert!(succeeds(&kleinraum(desk.path(), &["verify", "out"])).contains("no fault found"));

    let judge = |script: &str, words: &[&str]| {
        let script = root().join("tests/judges").join(script);
        Command::new(&python).current_dir(desk.path()).arg(script).args(words).output().unwrap()
    };
    let area = format!("gemeinde={}:AGS", areas.display());
    let mut words = vec!["out", "persons.csv", "--crs", "EPSG:25832", "--x", "e_25832", "--y", "n_25832", "--sizes", "100,1000"];
    words.extend(["--dimension", "age=altersgruppe", "--dimension", "sex=geschlecht", "--area", &area, "--threshold", "5"]);
    succeeds(&judge("counts_python.py", &words));
    succeeds(&judge("exports_python.py", &["out"]));
    succeeds(&judge("tiles_python.py", &["out"]));
    if root().join("tests/judges/node_modules").exists() {
        let script = root().join("tests/judges/tiles_node.mjs");
        succeeds(&Command::new("node").current_dir(desk.path()).arg(script).arg("out").output().unwrap());
        if Path::new("/usr/bin/chromium").exists() {
            let script = root().join("tests/judges/maplibre.mjs");
            succeeds(&Command::new("node").current_dir(desk.path()).arg(script).arg("out").output().unwrap());
        } else {
            eprintln!("skipped: MapLibre, since there is no /usr/bin/chromium");
        }
    } else {
        eprintln!("skipped: tests/judges/node_modules is absent, run ./test.sh");
    }
    // QGIS brings its module to the system's Python only; 173 MB are too much to install for every change.
    let qgis = Command::new("/usr/bin/python3").args(["-c", "import qgis.core"]).output();
    if qgis.is_ok_and(|told| told.status.success()) {
        let script = root().join("tests/judges/qgis_bundle.py");
        succeeds(&Command::new("/usr/bin/python3").current_dir(desk.path()).arg(script).arg("out").output().unwrap());
    } else {
        eprintln!("skipped: QGIS is not installed (Debian: python3-qgis qgis-providers)");
    }
}

#[test]
fn the_same_bytes_for_any_threads_and_order() {
    let Some(persons) = shared(PERSONS) else { return };
    let desk = tempfile::tempdir().unwrap();
    unpacked(&persons, &desk.path().join("all.csv"));
    let text = fs::read_to_string(desk.path().join("all.csv")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rows.lines().step_by(10).collect();
    for (name, turn) in [("a.csv", 0), ("b.csv", 7919), ("c.csv", 20011)] {
        let by = turn % rows.len();
        rows.rotate_left(by);
        if turn == 7919 {
            rows.reverse();
        }
        fs::write(desk.path().join(name), format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    }
    let run = |file: &str, threads: &str| {
        let out = format!("{threads}/out");
        let mut words = vec!["--threads", threads, "run", file, "--sizes", "100,1000", "-o", &out];
        words.extend(RULES.split_whitespace());
        words.extend(["--formats", "pmtiles,mbtiles,gpkg,geojson,csv,geoparquet,flatgeobuf,geojsonl"]);
        succeeds(&kleinraum(desk.path(), &words));
        let folder = desk.path().join(out);
        let files = [
            "release.parquet",
            "tiles.pmtiles",
            "tiles.mbtiles",
            "out.gpkg",
            "geojson/100m.geojson",
            "csv/1km.csv",
            "style.json",
            "legend.json",
            "geoparquet/100m.parquet",
            "flatgeobuf/100m.fgb",
            "geojsonl/1km.geojsonl",
        ];
        files.map(|name| (name, fs::read(folder.join(name)).unwrap()))
    };
    let first = run("a.csv", "1");
    for (file, threads) in [("b.csv", "2"), ("c.csv", "7")] {
        for ((name, expected), (_, found)) in first.iter().zip(run(file, threads)) {
            assert!(*expected == found, "{name} differs with {threads} threads");
        }
    }
}

#[test]
fn charleston_in_its_own_lambert_system() {
    let Some(file) = shared("points/aquadtree_charleston_pop_lcc.csv.gz") else { return };
    let desk = tempfile::tempdir().unwrap();
    let file = file.display().to_string();
    let system = "+proj=lcc +lat_0=36.6666666666667 +lon_0=-98.5 +lat_1=38.5666666666667 +lat_2=37.2666666666667 +x_0=400000 +y_0=400000 +ellps=GRS80";
    let words = [
        "run",
        &file,
        "--crs",
        system,
        "--x",
        "x",
        "--y",
        "y",
        "--sizes",
        "1000,10000",
        "--dimension",
        "sex=sex",
        "--threshold",
        "5",
    ];
    let told = succeeds(&kleinraum(desk.path(), &[&words[..], &["-o", "out"]].concat()));
    assert!(told.contains("54,619 placed, 0 rejected"), "{told}");
    assert!(succeeds(&kleinraum(desk.path(), &["verify", "out"])).contains("no fault found"));
}

#[test]
fn places_of_soho_in_web_mercator_with_a_summed_column() {
    let Some(file) = shared("points/snow_soho_people.csv") else { return };
    let desk = tempfile::tempdir().unwrap();
    let file = file.display().to_string();
    let words = [
        "run",
        &file,
        "--crs",
        "EPSG:3857",
        "--x",
        "x",
        "--y",
        "y",
        "--sizes",
        "100",
        "--sum",
        "deaths=Count",
        "--threshold",
        "5",
    ];
    let told = succeeds(&kleinraum(desk.path(), &[&words[..], &["-o", "out"]].concat()));
    assert!(told.contains("324 placed, 0 rejected"), "{told}");
    assert!(succeeds(&kleinraum(desk.path(), &["verify", "out"])).contains("no fault found"));
}

#[test]
fn schools_of_berlin_need_a_reason_but_no_protection() {
    let Some(file) = shared("points/berlin_schulen_epsg25833.geojson.gz") else { return };
    let desk = tempfile::tempdir().unwrap();
    let file = file.display().to_string();
    let words = [
        "run",
        &file,
        "--crs",
        "EPSG:25833",
        "--x",
        "geometry.x",
        "--y",
        "geometry.y",
        "--dimension",
        "art=schulart",
        "--method",
        "none",
    ];
    let told = succeeds(&kleinraum(desk.path(), &[&words[..], &["--reason", "open data about schools", "-o", "out"]].concat()));
    assert!(told.contains("902 placed, 0 rejected"), "{told}");
    assert!(succeeds(&kleinraum(desk.path(), &["verify", "out"])).contains("no fault found"));
    for carrier in ["run.json", "geojson/1km.geojson", "tiles.json", "csv/README.txt"] {
        let text = fs::read_to_string(desk.path().join("out").join(carrier)).unwrap();
        assert!(text.contains("open data about schools"), "{carrier} does not carry the reason");
    }
}

#[test]
fn inspect_proposes_a_plan_that_runs() {
    let Some(persons) = shared(PERSONS) else { return };
    let desk = tempfile::tempdir().unwrap();
    unpacked(&persons, &desk.path().join("persons.csv"));
    succeeds(&kleinraum(desk.path(), &["inspect", "persons.csv", "-o", "plan.toml"]));
    let words = ["run", "plan.toml", "--sizes", "1000,10000", "--formats", "csv", "-o", "out"];
    assert!(succeeds(&kleinraum(desk.path(), &words)).contains("295,323 placed"));
}
