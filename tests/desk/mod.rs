//! A desk with invented records, bundles of them, and a pen to change what is in these.
#![allow(dead_code, unreachable_pub, reason = "a module of several tests, none of which needs all of it")]

pub mod server;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use assert_cmd::Command;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

pub fn kleinraum(folder: &Path, words: &[&str]) -> Output {
    Command::cargo_bin("kleinraum").unwrap().current_dir(folder).env("LANG", "C").args(words).output().unwrap()
}

/// Exit status and the last line of the audit as JSON.
pub fn audit(folder: &Path, bundle: &str) -> (Option<i32>, serde_json::Value) {
    audit_all(folder, &[bundle])
}

/// The same for several bundles: what was told last, of all together.
pub fn audit_all(folder: &Path, bundles: &[&str]) -> (Option<i32>, serde_json::Value) {
    let output = kleinraum(folder, &[&["--log", "json", "audit"][..], bundles].concat());
    let told = String::from_utf8(output.stderr).unwrap();
    let line = told.lines().rev().find(|l| l.contains("\"audited\"") || l.contains("\"error\"")).unwrap_or("null").to_owned();
    (output.status.code(), serde_json::from_str(&line).unwrap_or_else(|_| panic!("{told}")))
}

/// Place in the long form: level, id, table, group.
pub type Key = (String, String, String, String);

/// Places around a few centres, in EPSG:3035; age and sex go with the number.
pub fn persons() -> Vec<(f64, f64, &'static str, &'static str)> {
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
pub fn bundle(more: &str) -> (tempfile::TempDir, BTreeMap<Key, i64>) {
    let (desk, truth) = desk();
    run(desk.path(), "out", &Job { protection: &format!("method = \"suppress\"\nthreshold = 5\n{more}"), ..Job::default() });
    (desk, truth)
}

/// What of a plan differs between bundles.
pub struct Job<'j> {
    pub tables: &'j str,
    pub sizes: &'j str,
    pub areas: bool,
    pub protection: &'j str,
    /// Of the dimension sex, beside its column.
    pub sex: &'j str,
    pub more: &'j str,
}

impl Default for Job<'_> {
    fn default() -> Self {
        Self {
            tables: r#"["age"], ["sex"], ["age", "sex"]"#,
            sizes: "100, 500, 1000",
            areas: true,
            protection: "method = \"suppress\"\nthreshold = 5",
            sex: "",
            more: "",
        }
    }
}

/// Writes a plan of this name and runs it.
pub fn run(desk: &Path, name: &str, job: &Job<'_>) {
    let area = "[[area]]\nname = \"half\"\nfile = \"areas.geojson\"\nkey = \"key\"\ncrs = \"EPSG:3035\"\n";
    let Job { tables, sizes, areas, protection, sex, more } = job;
    let area = if *areas { area } else { "" };
    let plan = format!(
        r#"tables = [{tables}]
[source]
files = ["persons.csv"]
[position]
crs = "EPSG:3035"
x = "e"
y = "n"
[grid]
sizes = [{sizes}]
{area}
[[dimension]]
name = "age"
column = "age"
[[dimension]]
name = "sex"
column = "sex"
{sex}
[protection]
{protection}
{more}
[output]
folder = "{name}"
formats = ["csv"]
"#
    );
    let file = format!("{name}.toml");
    fs::write(desk.join(&file), plan).unwrap();
    let output = kleinraum(desk, &["run", &file]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Records, areas and two keys; with the true counts.
pub fn desk() -> (tempfile::TempDir, BTreeMap<Key, i64>) {
    let desk = tempfile::tempdir().unwrap();
    let persons = persons();
    let mut text = String::from("id,e,n,age,sex,income\n");
    for (at, (e, n, age, sex)) in persons.iter().enumerate() {
        text += &format!("p{at},{e},{n},{age},{sex},{}\n", 900 + at * 37 % 2100);
    }
    fs::write(desk.path().join("persons.csv"), text).unwrap();
    fs::write(desk.path().join("areas.geojson"), AREAS).unwrap();
    for (name, digit) in [("a.key", "1"), ("b.key", "2")] {
        let file = desk.path().join(name);
        fs::write(&file, digit.repeat(64)).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
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

pub fn release(desk: &Path) -> PathBuf {
    release_of(desk, "out")
}

pub fn release_of(desk: &Path, bundle: &str) -> PathBuf {
    desk.join(bundle).join("release.parquet")
}

/// Rewrites the release number by number; gives how many were changed.
pub fn rewrite(desk: &Path, change: impl FnMut(&Key, Option<i64>, &str) -> Option<i64>) -> usize {
    rewrite_of(&release(desk), change)
}

/// The same in this file.
pub fn rewrite_of(file: &Path, mut change: impl FnMut(&Key, Option<i64>, &str) -> Option<i64>) -> usize {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(File::open(file).unwrap(), options).unwrap();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    let mut writer = ArrowWriter::try_new(File::create(file).unwrap(), batches[0].schema(), None).unwrap();
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
            let told = if new.is_some() { "value" } else { "suppressed" };
            statuses.push(if new == value { status } else { told }.to_owned());
        }
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        columns[5] = Arc::new(Int64Array::from(new_values));
        columns[6] = Arc::new(StringArray::from(statuses));
        writer.write(&RecordBatch::try_new(batch.schema(), columns).unwrap()).unwrap();
    }
    writer.close().unwrap();
    changed
}
