//! Invented records, and what a run makes of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("kleinraum"));
    command.current_dir(folder).env("LANG", "C");
    // Nothing of the tester's own databases.
    for name in ["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE"] {
        command.env_remove(name);
    }
    command
}

/// The arguments of a line; quotes keep blanks together.
pub(crate) fn words(line: &str) -> Vec<String> {
    let parts = line.split('\'').enumerate();
    let words = |(at, part): (usize, &str)| match at % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    };
    parts.flat_map(words).collect()
}

pub(crate) fn kleinraum(folder: &Path, line: &str) -> Output {
    command(folder).args(words(line)).output().unwrap()
}

/// The files of a release, and what became of the records.
pub(crate) type Released = BTreeMap<String, Vec<u8>>;

#[track_caller]
pub(crate) fn run(folder: &Path, line: &str) -> Released {
    released(folder, kleinraum(folder, &format!("run {line} --formats csv --method suppress --threshold 3 -o out")))
}

#[track_caller]
pub(crate) fn released(folder: &Path, output: Output) -> Released {
    let (told, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{complained}");
    let bundle = folder.join("out");
    let files = fs::read_dir(bundle.join("csv")).unwrap().map(|entry| entry.unwrap().path());
    let mut released: Released = files
        .chain([bundle.join("release.parquet")])
        .map(|file| (file.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&file).unwrap()))
        .collect();
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(bundle.join("run.json")).unwrap()).unwrap();
    released.insert("records".into(), manifest["records"].to_string().into_bytes());
    released
}

#[track_caller]
pub(crate) fn refused(folder: &Path, line: &str, status: i32) -> String {
    let output = kleinraum(folder, line);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{told}");
    told
}

/// Person, easting and northing in EPSG:25832, sex, group.
pub(crate) fn persons() -> Vec<(u32, f64, f64, &'static str, u32)> {
    let mut state = 5_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    (0..2000)
        .map(|id| {
            let (x, y) = (550_000.0 + next(30_000) as f64 / 10.0, 5_930_000.0 + next(30_000) as f64 / 10.0);
            (id, x, y, ["männlich", "weiblich"][next(2) as usize], next(3) as u32)
        })
        .collect()
}

pub(crate) const COUNTED: &str =
    "--sizes 500,1000 --dimension sex=sex --dimension benefit=benefit --table sex --table benefit --crs EPSG:25832";

/// The same without a reference system, with dates, yes and no, a column with an umlaut, and some rows that must be rejected.
pub(crate) const COUNTED_ALL: &str = "--sizes 500,1000 --dimension sex=sex --dimension benefit=benefit --dimension active=aktiv \
    --dimension size=größe:0,10,20 --table sex --table benefit,active --table size --date tag --max-rejects 0.2";

/// The persons as CSV with all kinds of columns. Every fiftieth has no sex, every sixtieth no position, every seventieth no size.
pub(crate) fn csv() -> String {
    let mut csv = String::from("id,x,y,sex,benefit,aktiv,tag,größe\n");
    for (id, x, y, sex, benefit) in persons() {
        let unless = |every: u32, text: String| if id % every == 0 { String::new() } else { text };
        let (active, day) = (["true", "false"][(id % 3 / 2) as usize], ["2023-12-31", "2024-12-31"][(id % 2) as usize]);
        let [x, y] = [x, y].map(|number| unless(60, number.to_string()));
        let (sex, size) = (unless(50, sex.to_owned()), unless(70, format!("{}", f64::from(id % 90) / 4.0)));
        writeln!(csv, "{id},{x},{y},{sex},{benefit},{active},{day},{size}").unwrap();
    }
    csv
}

/// The release of [`csv`], in `persons.csv` of the folder.
#[track_caller]
pub(crate) fn expected(desk: &Path) -> Released {
    fs::write(desk.join("persons.csv"), csv()).unwrap();
    let expected = run(desk, &format!("persons.csv --crs EPSG:25832 --x x --y y {COUNTED_ALL}"));
    let records = String::from_utf8_lossy(&expected["records"]).into_owned();
    for reason in ["missing_position", "missing_category"] {
        assert!(records.contains(reason), "{records}");
    }
    expected
}

/// What `inspect` finds and proposes; the plan is run as it is.
#[track_caller]
pub(crate) fn inspected(desk: &Path, line: &str) -> String {
    let _ = fs::remove_file(desk.join("proposed.toml"));
    let output = kleinraum(desk, &format!("inspect {line} -o proposed.toml"));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    let plan = fs::read_to_string(desk.join("proposed.toml")).unwrap();
    let output = kleinraum(desk, "run proposed.toml --max-rejects 0.5 --sizes 1000 --formats csv --no-audit -o proposed");
    assert!(output.status.success(), "{plan}{}", String::from_utf8_lossy(&output.stderr));
    format!("{told}{plan}")
}
