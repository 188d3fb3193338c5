//! Joined cells the whole way: from records to every format, judged by the program's own checks and by foreign ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
const RUN: &str = "run persons.csv --crs EPSG:3035 --x x --y y --id id --sizes 100,500,1000,5000 --dimension age=age:0,18,65 --dimension sex=sex \
                   --table age --table sex --table age,sex --method merge --merge-minimum 12 --merge-largest 1000";

struct Desk(tempfile::TempDir);

impl Desk {
    /// 6000 persons: a town in the south-west, villages around it, farms elsewhere.
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        let mut text = String::from("id,x,y,age,sex\n");
        let mut state = 1_u64;
        let mut dice = |limit: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % limit
        };
        for i in 0..6000 {
            let spread = match i % 10 {
                0 => 9000,
                1..=3 => 3000,
                _ => 1400,
            };
            let (x, y) = (4_300_000 + dice(spread), 3_300_000 + dice(spread));
            let (age, sex) = (dice(90), if dice(2) == 0 { "m" } else { "w" });
            text.push_str(&format!("p{i},{x},{y},{age},{sex}\n"));
        }
        desk.write("persons.csv", &text);
        desk.write("a.key", KEY);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        #[cfg(unix)]
        fs::set_permissions(self.path(name), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    fn run(&self, line: &str) -> Output {
        let program = assert_cmd::cargo::cargo_bin("kleinraum");
        let words = line.split_whitespace();
        Command::new(program).current_dir(self.0.path()).env("LANG", "C").env_remove("LC_ALL").args(words).output().unwrap()
    }

    #[track_caller]
    fn works(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn manifest(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.path(name).join("run.json")).unwrap()).unwrap()
    }

    /// Side, east, north and total of each cell of a level.
    fn cells(&self, bundle: &str, level: &str) -> BTreeMap<(i64, i64, i64), Option<i64>> {
        let text = fs::read_to_string(self.path(bundle).join("csv").join(format!("{level}.csv"))).unwrap();
        let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let header = lines.next().unwrap();
        let at = |name: &str| header.iter().position(|n| *n == name);
        let total = at("total").unwrap();
        let cell = |line: Vec<&str>| {
            let (size, place) = line[0].strip_prefix("CRS3035RES").unwrap().split_once("mN").unwrap();
            let (north, east) = place.split_once('E').unwrap();
            let number = |text: &str| text.parse::<i64>().unwrap();
            if let Some(size_m) = at("size_m") {
                assert_eq!(line[size_m], size, "the side is told beside the code");
            }
            ((number(size), number(east), number(north)), line[total].parse().ok())
        };
        lines.map(cell).collect()
    }
}

/// Each place in one cell, and every cell of a level within one of the next.
fn check_partition(levels: &[BTreeMap<(i64, i64, i64), Option<i64>>], sizes: &[i64]) {
    for (level, &size) in levels.iter().zip(sizes) {
        for &(side, east, north) in level.keys() {
            assert!(side >= size);
            let inside = |coarse: i64| (coarse, east.div_euclid(coarse) * coarse, north.div_euclid(coarse) * coarse);
            assert!(sizes.iter().filter(|&&s| s > side).all(|&coarse| !level.contains_key(&inside(coarse))), "cells overlap");
        }
    }
    for (pair, &coarse) in levels.windows(2).zip(&sizes[1..]) {
        let next = |&(side, east, north): &(i64, i64, i64)| match side >= coarse {
            true => (side, east, north),
            false => (coarse, east.div_euclid(coarse) * coarse, north.div_euclid(coarse) * coarse),
        };
        assert_eq!(pair[0].keys().map(next).collect::<BTreeSet<_>>(), pair[1].keys().copied().collect());
    }
}

#[test]
fn every_method_behind_joined_cells_is_sound_in_every_format() {
    let desk = Desk::new();
    for (name, then) in [
        ("suppress", "--threshold 5"),
        ("round", "--then round --base 5 --key a.key"),
        ("cell-key", "--then cell-key --key a.key"),
    ] {
        desk.works(&format!("{RUN} {then} -o {name}"));
        assert!(desk.works(&format!("verify {name}")).contains("no fault found"));
        let manifest = desk.manifest(name);
        assert_eq!(manifest["protection"]["method"], name);
        assert_eq!(manifest["protection"]["parameters"]["merge_minimum"], "12");
        assert_eq!(manifest["protection"]["parameters"]["merge_largest"], "1km");
        let by_size = &manifest["layers"][0]["units_by_size"];
        assert!(["100m", "500m", "1km"].iter().all(|size| by_size[size].as_u64().is_some_and(|n| n > 0)), "{by_size}");
        assert!(manifest["layers"][2]["units_by_size"].is_null(), "cells of the largest size are of one size");
        let report = fs::read_to_string(desk.path(name).join("report.html")).unwrap();
        assert!(report.contains("Joined cells") && report.contains("at least 12 people"));
        let style = fs::read_to_string(desk.path(name).join("style.json")).unwrap();
        assert!(style.contains("size_m"));
    }
    let levels = ["100m", "500m", "1km", "5km"].map(|level| desk.cells("suppress", level));
    check_partition(&levels, &[100, 500, 1000, 5000]);
    for (&(side, ..), total) in levels.iter().flatten() {
        // Smaller cells have enough; of larger ones with fewer nothing is told.
        assert!(total.is_none_or(|total| total >= 12), "a cell of {side} m shows {total:?}");
    }
    let sums = ["100m", "500m", "1km", "5km"].map(|level| desk.cells("round", level).values().map(|n| n.unwrap()).sum::<i64>());
    assert!(sums.iter().all(|&sum| sum == sums[0] && (sum - 6000).abs() < 5), "{sums:?}");
}

#[test]
fn a_side_that_is_not_the_cells_is_a_fault() {
    let desk = Desk::new();
    desk.works(&format!("{RUN} --threshold 5 --formats geojson,csv -o out"));
    let path = desk.path("out/csv/100m.csv");
    let text = fs::read_to_string(&path).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let changed = rows.replacen(",500,", ",100,", 1);
    assert_ne!(changed, rows);
    fs::write(&path, format!("{header}\n{changed}")).unwrap();
    let output = desk.run("verify out");
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("size_m is not the side of the cell"), "{told}");
}

#[test]
fn the_same_bytes_for_any_threads_and_order() {
    let desk = Desk::new();
    let text = fs::read_to_string(desk.path("persons.csv")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let reversed: Vec<&str> = rows.lines().rev().collect();
    desk.write("reversed.csv", &format!("{header}\n{}\n", reversed.join("\n")));
    let backwards = RUN.replace("persons.csv", "reversed.csv");
    let run = |line: &str, threads: u32| {
        desk.works(&format!("--threads {threads} {line} --threshold 5 -o {threads}/out"));
        let folder = desk.path(&format!("{threads}/out"));
        ["release.parquet", "tiles.pmtiles", "tiles.mbtiles", "out.gpkg", "geojson/100m.geojson", "csv/500m.csv", "style.json"]
            .map(|name| (name, fs::read(folder.join(name)).unwrap()))
    };
    for ((name, one), (_, other)) in run(RUN, 1).iter().zip(&run(&backwards, 3)) {
        assert!(one == other, "{name} differs");
    }
}

#[test]
fn what_cannot_be_meant_is_refused_in_both_languages() {
    let desk = Desk::new();
    for (line, word) in [
        (format!("{} --threshold 5 -o refused", RUN.replace("1000,5000", "5000")), "grid.sizes"),
        (format!("{} --threshold 5 -o refused", RUN.replace("minimum 12", "minimum 1")), "protection.minimum"),
        (format!("{} --threshold 5 -o refused", RUN.replace("--method merge", "--method suppress")), "protection.minimum"),
        (format!("{RUN} --then round --base 5 -o refused"), "kleinraum key new"),
        (format!("{RUN} --then round --base 5 --threshold 5 --key a.key -o refused"), "protection.threshold"),
        (format!("--lang de {} --threshold 5 -o refused", RUN.replace("1000,5000", "5000")), "eine der Gittergrößen"),
    ] {
        let output = desk.run(&line);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(word), "{message}");
    }
}

fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    if !path.exists() {
        eprintln!("skipped: ../shared is absent");
        return None;
    }
    Some(path)
}

/// Kreis Pinneberg's persons and its municipalities: the partition, every number and what can be computed from them are judged anew by PROJ, GEOS and
/// DuckDB; all formats by GDAL, whose coverage check finds any edge that only one of two neighbours splits; tiles by foreign decoders.
#[test]
fn the_persons_of_pinneberg_in_joined_cells() {
    let Some(persons) = shared("points/derived_personen_kreis_pinneberg_zensus2011.csv.gz") else { return };
    let Some(areas) = shared("boundaries/vg250_2016_gemeinden_kreis_pinneberg.geojson") else { return };
    let desk = Desk::new();
    let mut reader = flate2::read::MultiGzDecoder::new(fs::File::open(persons).unwrap());
    std::io::copy(&mut reader, &mut fs::File::create(desk.path("pinneberg.csv")).unwrap()).unwrap();
    let run = format!(
        "run pinneberg.csv --crs EPSG:25832 --x e_25832 --y n_25832 --id id --sizes 100,500,1000 --dimension age=altersgruppe \
         --dimension sex=geschlecht --table age --table sex --table age,sex --area gemeinde={}:AGS:GEN --method merge",
        areas.display()
    );
    desk.works(&format!("{run} --threshold 5 --merge-minimum 10 --merge-largest 500 -o out"));
    assert!(desk.works("verify out").contains("no fault found"));
    desk.works("audit out");
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python");
    if !python.exists() {
        eprintln!("skipped: .venv is absent, run ./test.sh");
        return;
    }
    let judge = |script: &str, line: &str| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges").join(script);
        let words = line.split_whitespace();
        let output = Command::new(&python).current_dir(desk.0.path()).arg(script).args(words).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
        told
    };
    let told = judge("exports_python.py", "out");
    assert!(told.contains("\"joined_layers\": 2"), "one layer of several sizes, in two formats: {told}");
    let told = judge("tiles_python.py", "out");
    assert!(!told.contains("\"joined_tiles\": 0"), "some tiles hold cells of several sizes");
    let told = judge(
        "counts_python.py",
        &format!(
            "out pinneberg.csv --crs EPSG:25832 --x e_25832 --y n_25832 --sizes 100,500,1000 --dimension age=altersgruppe \
             --dimension sex=geschlecht --area gemeinde={}:AGS --threshold 5 --minimum 10 --largest 500 --empty-unknown",
            areas.display()
        ),
    );
    assert!(told.contains("\"unlisted\": 0"), "{told}");
}
