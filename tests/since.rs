//! `run --since`: whatever changed, the bundle is that of a full run, byte for byte.

mod desk;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use desk::{desk, kleinraum};

const PLAN: &str = r#"
title = "Desk"
[source]
files = ["persons.csv"]
[position]
crs = "EPSG:3035"
x = "e"
y = "n"
[grid]
sizes = [100, 500, 1000]
[[area]]
name = "half"
file = "areas.geojson"
key = "key"
crs = "EPSG:3035"
[[dimension]]
name = "age"
column = "age"
[[dimension]]
name = "sex"
column = "sex"
[unit]
id = "id"
key = "a.key"
[protection]
method = "round"
base = 3
[output]
folder = "out"
formats = ["pmtiles", "mbtiles", "tiles", "geojson", "gpkg", "csv"]
"#;

/// All files of a bundle but `run.json`, and this without its timings.
fn files(bundle: &Path) -> (BTreeMap<String, Vec<u8>>, serde_json::Value) {
    let (mut found, mut folders) = (BTreeMap::new(), vec![bundle.to_owned()]);
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(below).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => _ = found.insert(path.strip_prefix(bundle).unwrap().display().to_string(), fs::read(&path).unwrap()),
            }
        }
    }
    let mut run: serde_json::Value = serde_json::from_slice(&found.remove("run.json").unwrap()).unwrap();
    run["timings"] = serde_json::Value::Null;
    (found, run)
}

/// Runs and gives the line about tiles taken over.
fn run(folder: &Path, words: &[&str]) -> String {
    let output = kleinraum(folder, &[&["run", "plan.toml", "--no-audit"], words].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    told.lines().find(|line| line.contains("taken over")).unwrap_or_default().to_owned()
}

/// The numbers of the line: taken over, and all.
fn numbers(told: &str) -> (u64, u64) {
    let mut words = told.split(' ').filter_map(|word| word.parse().ok());
    (words.next().unwrap(), words.next().unwrap())
}

/// Runs in full and with the bundle that stands there, which is replaced; both must be the same.
fn assert_same(folder: &Path, words: &[&str]) -> String {
    let full = folder.join("full");
    run(folder, &[&["-o", "full/out"], words].concat());
    let told = run(folder, &[&["--since", "out"], words].concat());
    let (written, expected) = (files(&folder.join("out")), files(&full.join("out")));
    let ((files, run), (expected, expected_run)) = (written, expected);
    assert_eq!(files.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, bytes) in &files {
        assert!(*bytes == expected[name], "{words:?}: {name} differs");
    }
    // The plan names another folder to write to.
    let without_folder = |mut run: serde_json::Value| {
        run["plan_blake3"] = serde_json::Value::Null;
        run
    };
    assert_eq!(without_folder(run), without_folder(expected_run));
    fs::remove_dir_all(full).unwrap();
    told
}

/// The records with another age in every line for which `changes` says so.
fn change(folder: &Path, changes: impl Fn(usize) -> bool) {
    let path = folder.join("persons.csv");
    let text = fs::read_to_string(&path).unwrap();
    let line = |(at, line): (usize, &str)| match at > 0 && changes(at) {
        true => line.replace("18-64", "x").replace("0-17", "18-64").replace("65+", "0-17").replace(",x,", ",65+,") + "\n",
        false => line.to_owned() + "\n",
    };
    fs::write(path, text.lines().enumerate().map(line).collect::<String>()).unwrap();
}

#[test]
fn whatever_changed_the_bundle_is_that_of_a_full_run() {
    let (desk, _) = desk();
    let desk = desk.path();
    fs::write(desk.join("plan.toml"), PLAN).unwrap();
    let records = fs::read(desk.join("persons.csv")).unwrap();
    for threads in ["1", "2"] {
        fs::write(desk.join("persons.csv"), &records).unwrap();
        assert_eq!(run(desk, &[]), "");
        // Nothing.
        let (same, all) = numbers(&assert_same(desk, &["--threads", threads]));
        assert!(same == all && all > 20, "{same} of {all}");
        // One record, some, all.
        let saved = [300, 700, 2000].map(|changed| numbers(&assert_same_after(desk, threads, |line| line == changed)));
        // How far a changed record reaches depends on what rounding does with it; some reach everything.
        assert!(saved.iter().any(|&(some, _)| some > 0) && saved.iter().all(|&(some, all)| some < all), "{saved:?}");
        assert_same_after(desk, threads, |line| line * 31 % 97 == 0);
        let (none, all) = numbers(&assert_same_after(desk, threads, |_| true));
        assert!(none < all);
    }
    // Other borders.
    let areas = fs::read_to_string(desk.join("areas.geojson")).unwrap();
    fs::write(desk.join("areas.geojson"), areas.replace("4322030", "4322080")).unwrap();
    let (some, all) = numbers(&assert_same(desk, &[]));
    assert!(some < all, "{some} of {all}");
    // Other tables, sizes and methods, and back again.
    for words in [
        &["--table", "age,sex"][..],
        &["--sizes", "100,1000"],
        &["--method", "none", "--reason", "invented records"],
        &["--method", "cell-key"],
        &[],
    ] {
        let (same, all) = match words {
            // What the plan says of another method is not for this one.
            ["--method", ..] => {
                let plan = fs::read_to_string(desk.join("plan.toml")).unwrap();
                fs::write(desk.join("plan.toml"), plan.replace("base = 3\n", "")).unwrap();
                let told = assert_same(desk, words);
                fs::write(desk.join("plan.toml"), plan).unwrap();
                numbers(&told)
            }
            words => numbers(&assert_same(desk, words)),
        };
        assert!(same < all, "{words:?}");
    }
}

fn assert_same_after(desk: &Path, threads: &str, changes: impl Fn(usize) -> bool) -> String {
    change(desk, changes);
    assert_same(desk, &["--threads", threads])
}

#[test]
fn an_earlier_bundle_that_does_not_fit_is_named_and_the_run_is_a_full_one() {
    let (desk, _) = desk();
    let desk = desk.path();
    fs::write(desk.join("plan.toml"), PLAN).unwrap();
    let told = run(desk, &["--since", "out"]);
    assert!(told.ends_with("no tiles taken over from out: no bundle is there"), "{told}");
    let archive = desk.join("out/tiles.pmtiles");
    let mut bytes = fs::read(&archive).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&archive, &bytes).unwrap();
    let told = assert_same(desk, &[]);
    assert!(told.contains("is damaged or was changed after the run"), "{told}");
    let (same, all) = numbers(&assert_same(desk, &[]));
    assert_eq!(same, all);
    let manifest = fs::read_to_string(desk.join("out/run.json")).unwrap();
    fs::write(desk.join("out/run.json"), manifest.replace("libdeflate 1.", "libdeflate 0.")).unwrap();
    let told = assert_same(desk, &[]);
    assert!(told.contains("another version or --smallest"), "{told}");
    let told = run(desk, &["--since", "out", "--smallest"]);
    assert!(told.contains("another version or --smallest"), "{told}");
    let (same, all) = numbers(&run(desk, &["--since", "out", "--smallest"]));
    assert_eq!(same, all);
    let told = run(desk, &["--since", "out", "--formats", "mbtiles"]);
    assert!(told.contains("another version or --smallest"), "{told}");
    let told = run(desk, &["--since", "out"]);
    assert!(told.contains("it has no tiles.pmtiles"), "{told}");
    let told = run(desk, &["--since", "out", "--formats", "csv"]);
    assert!(told.contains("this run writes none"), "{told}");
}

#[test]
fn the_plan_can_name_the_earlier_bundle() {
    let (desk, _) = desk();
    let desk = desk.path();
    fs::write(desk.join("plan.toml"), PLAN.replace("folder = \"out\"", "folder = \"out\"\nsince = \"out\"")).unwrap();
    assert!(run(desk, &[]).contains("no bundle is there"));
    let first = files(&desk.join("out"));
    let (same, all) = numbers(&run(desk, &[]));
    assert_eq!(same, all);
    let second = files(&desk.join("out"));
    assert!(first == second);
    // Whether there was an earlier bundle is no difference between plans.
    fs::write(desk.join("plan.toml"), PLAN).unwrap();
    run(desk, &[]);
    assert_eq!(files(&desk.join("out")).1["plan_blake3"], second.1["plan_blake3"]);
}
