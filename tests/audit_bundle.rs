//! The audit of finished bundles by the program itself: what was protected holds, and each protection undone is found.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use assert_cmd::Command;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

fn kleinraum(folder: &Path, words: &[&str]) -> Output {
    Command::cargo_bin("kleinraum").unwrap().current_dir(folder).env("LANG", "C").args(words).output().unwrap()
}

/// Exit status and the last line of the audit as JSON.
fn audit(folder: &Path, bundle: &str) -> (Option<i32>, serde_json::Value) {
    let output = kleinraum(folder, &["--log", "json", "audit", bundle]);
    let told = String::from_utf8(output.stderr).unwrap();
    let line = told.lines().rev().find(|l| l.contains("\"audited\"") || l.contains("\"error\"")).unwrap_or("null").to_owned();
    (output.status.code(), serde_json::from_str(&line).unwrap_or_else(|_| panic!("{told}")))
}

/// Place in the long form: level, id, table, group.
type Key = (String, String, String, String);

/// Places around a few centres, in EPSG:3035; age and sex go with the number.
fn persons() -> Vec<(f64, f64, &'static str, &'static str)> {
    let mut state = 7_u64;
    let mut next = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut persons = Vec::new();
    for _ in 0..2600 {
        let (east, north) = (next(30) * next(100), next(30) * next(100));
        let age = ["0-17", "18-64", "65+"][(next(9) / 4) as usize];
        let sex = ["f", "m"][next(2) as usize];
        persons.push((4_321_000.0 + east as f64 + 0.5, 3_380_000.0 + north as f64 + 0.5, age, sex));
    }
    persons
}

/// Two areas that share a border askew to the grid.
const AREAS: &str = r#"{"type":"FeatureCollection","features":[
 {"type":"Feature","properties":{"key":"west"},"geometry":{"type":"Polygon","coordinates":[[[4320000,3379000],[4322030,3379000],[4321570,3384000],[4320000,3384000],[4320000,3379000]]]}},
 {"type":"Feature","properties":{"key":"east"},"geometry":{"type":"Polygon","coordinates":[[[4322030,3379000],[4325000,3379000],[4325000,3384000],[4321570,3384000],[4322030,3379000]]]}}]}"#;

/// Runs the job; gives the folder and the true counts.
fn bundle(more: &str) -> (tempfile::TempDir, BTreeMap<Key, i64>) {
    let desk = tempfile::tempdir().unwrap();
    let persons = persons();
    let mut text = String::from("e,n,age,sex\n");
    persons.iter().for_each(|(e, n, age, sex)| text += &format!("{e},{n},{age},{sex}\n"));
    fs::write(desk.path().join("persons.csv"), text).unwrap();
    fs::write(desk.path().join("areas.geojson"), AREAS).unwrap();
    let plan = format!(
        r#"tables = [["age"], ["sex"], ["age", "sex"]]
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
[protection]
method = "suppress"
threshold = 5
{more}
[output]
folder = "out"
formats = ["csv"]
"#
    );
    fs::write(desk.path().join("plan.toml"), plan).unwrap();
    let output = kleinraum(desk.path(), &["run", "plan.toml"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut truth = BTreeMap::new();
    for (e, n, age, sex) in persons {
        let mut units: Vec<(String, String)> = [(100, "100m"), (500, "500m"), (1000, "1km")]
            .iter()
            .map(|&(size, level)| {
                let corner = |v: f64| (v / f64::from(size)).floor() as i64 * i64::from(size);
                (level.to_owned(), format!("CRS3035RES{size}mN{}E{}", corner(n), corner(e)))
            })
            .collect();
        let border = 4_322_030.0 - (n - 3_379_000.0) / 5000.0 * 460.0;
        units.push(("half".into(), if e < border { "west".into() } else { "east".into() }));
        for (level, id) in units {
            for (table, group) in
                [("total", String::new()), ("age", age.into()), ("sex", sex.into()), ("age,sex", format!("{age}|{sex}"))]
            {
                *truth.entry((level.clone(), id.clone(), table.to_owned(), group)).or_insert(0) += 1;
            }
        }
    }
    (desk, truth)
}

fn release(desk: &Path) -> PathBuf {
    desk.join("out/release.parquet")
}

/// Rewrites the release number by number; gives how many were changed.
fn rewrite(desk: &Path, mut change: impl FnMut(&Key, Option<i64>, &str) -> Option<i64>) -> usize {
    let file = release(desk);
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(File::open(&file).unwrap(), options).unwrap();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    let mut writer = ArrowWriter::try_new(File::create(&file).unwrap(), batches[0].schema(), None).unwrap();
    let mut changed = 0;
    for batch in batches {
        let text = |at: usize| batch.column(at).as_any().downcast_ref::<StringArray>().unwrap();
        let values = batch.column(5).as_any().downcast_ref::<Int64Array>().unwrap();
        let (mut new_values, mut statuses) = (Vec::new(), Vec::new());
        for row in 0..batch.num_rows() {
            let key =
                (text(1).value(row).into(), text(2).value(row).into(), text(3).value(row).into(), text(4).value(row).into());
            let (value, status) = (values.is_valid(row).then(|| values.value(row)), text(6).value(row));
            let new = change(&key, value, status);
            changed += usize::from(new != value);
            new_values.push(new);
            statuses.push(if new == value { status } else { "value" }.to_owned());
        }
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        columns[5] = Arc::new(Int64Array::from(new_values));
        columns[6] = Arc::new(StringArray::from(statuses));
        writer.write(&RecordBatch::try_new(batch.schema(), columns).unwrap()).unwrap();
    }
    writer.close().unwrap();
    changed
}

#[test]
fn what_run_protects_holds() {
    let (desk, truth) = bundle("");
    let (code, told) = audit(desk.path(), "out");
    assert_eq!((code, told["at_risk"].as_u64()), (Some(0), Some(0)), "{told}");
    let count = |name: &str| told[name].as_u64().unwrap();
    assert_eq!(count("targets"), count("safe") + count("harmless") + count("not_proven"));
    assert!(count("targets") > 1000, "{told}");
    assert_eq!(told["attacks"].as_array().unwrap().len(), 4);
    // No value and no raw count is told.
    let output = kleinraum(desk.path(), &["--lang", "de", "audit", "out"]);
    let german = String::from_utf8(output.stdout).unwrap();
    assert!(german.contains("bedroht") && german.contains("Raster gegen Gebietsgrenzen"), "{german}");
    drop(truth);
}

#[test]
fn a_threshold_alone_is_broken() {
    let (desk, truth) = bundle("");
    // Everything from the threshold on is shown, as a program without complementary suppression would.
    let changed = rewrite(desk.path(), |key, value, status| match (status, truth.get(key)) {
        ("suppressed", Some(&count)) if count >= 5 => Some(count),
        _ => value,
    });
    assert!(changed > 50, "{changed}");
    let (code, told) = audit(desk.path(), "out");
    assert_eq!(code, Some(1), "{told}");
    assert!(told["at_risk"].as_u64().unwrap() > 20, "{told}");
    assert!(!told["worst"].as_array().unwrap().is_empty());
}

#[test]
fn one_complementary_suppression_undone_is_found() {
    let (desk, truth) = bundle("");
    let original = fs::read(release(desk.path())).unwrap();
    // Withheld numbers of the largest levels, one by one: each of them protects something.
    let mut secondary = Vec::new();
    rewrite(desk.path(), |key, value, status| {
        if status == "suppressed" && truth.get(key).is_some_and(|&count| count >= 5) {
            secondary.push(key.clone());
        }
        value
    });
    let step = (secondary.len() / 12).max(1);
    let (mut tried, mut found) = (0, 0);
    for undone in secondary.iter().step_by(step) {
        fs::write(release(desk.path()), &original).unwrap();
        assert_eq!(rewrite(desk.path(), |key, value, _| if key == undone { truth.get(key).copied() } else { value }), 1);
        let (code, told) = audit(desk.path(), "out");
        tried += 1;
        found += usize::from(code == Some(1) && told["at_risk"].as_u64() > Some(0));
    }
    // The method withholds cell by cell before it looks at the whole, so a few are not needed in the end.
    assert!(tried >= 5 && found * 10 >= tried * 6, "{found} of {tried}");
}

#[test]
fn one_total_added_is_found() {
    let (desk, truth) = bundle("");
    let original = fs::read(release(desk.path())).unwrap();
    // Totals of units that are withheld for the sake of others, or because they are small themselves.
    let mut totals = Vec::new();
    rewrite(desk.path(), |key, value, status| {
        if status == "suppressed" && key.2 == "total" {
            totals.push(key.clone());
        }
        value
    });
    let step = (totals.len() / 12).max(1);
    let (mut tried, mut found) = (0, 0);
    for added in totals.iter().step_by(step) {
        fs::write(release(desk.path()), &original).unwrap();
        assert_eq!(rewrite(desk.path(), |key, value, _| if key == added { truth.get(key).copied() } else { value }), 1);
        let (code, told) = audit(desk.path(), "out");
        tried += 1;
        found += usize::from(code == Some(1) && told["at_risk"].as_u64() > Some(0));
    }
    // The method withholds cell by cell before it looks at the whole, so a few are not needed in the end.
    assert!(tried >= 5 && found * 10 >= tried * 7, "{found} of {tried}");
}

#[test]
fn run_tells_of_its_audit() {
    let (desk, _) = bundle("");
    let run_json =
        || -> serde_json::Value { serde_json::from_slice(&fs::read(desk.path().join("out/run.json")).unwrap()).unwrap() };
    let told = run_json();
    let (code, own) = audit(desk.path(), "out");
    assert_eq!(code, Some(0));
    for name in ["targets", "safe", "harmless", "at_risk", "not_proven", "not_linear", "attacks"] {
        assert_eq!(told["audit"][name], own[name], "{name}");
    }
    assert!(told["timings"].as_array().unwrap().iter().any(|time| time["stage"] == "audit"), "{}", told["timings"]);
    let report: serde_json::Value = serde_json::from_slice(&fs::read(desk.path().join("out/report.json")).unwrap()).unwrap();
    assert_eq!(report["audit"][0]["at_risk"], 0);
    let output = kleinraum(desk.path(), &["run", "plan.toml", "--no-audit"]);
    assert!(output.status.success());
    assert_eq!(run_json()["audit"], serde_json::json!({"skipped": "switched off"}));
}

#[test]
fn a_changed_number_contradicts_the_others() {
    let (desk, truth) = bundle("");
    let mut done = false;
    rewrite(desk.path(), |key, value, status| {
        let change = !done && status == "value" && key.0 == "1km" && key.2 == "total" && truth.contains_key(key);
        done |= change;
        if change { value.map(|v| v + 100_000) } else { value }
    });
    let (code, told) = audit(desk.path(), "out");
    assert_eq!((code, told["event"].as_str()), (Some(1), Some("error")), "{told}");
}

#[test]
fn secret_zeros_are_audited_too() {
    let (desk, _) = bundle("zeros = \"secret\"");
    let (code, told) = audit(desk.path(), "out");
    assert_eq!((code, told["at_risk"].as_u64()), (Some(0), Some(0)), "{told}");
}
