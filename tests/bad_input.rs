//! What a hurried person gives: each wrong input ends with the right status, names file, row, column and mend, and loses nothing.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use assert_cmd::Command;

/// Twenty persons in two 100 m cells of EPSG:25832; the id 424242 and the category `geheimnis` must never be repeated to anybody.
fn persons() -> String {
    let mut text = String::from("id,x,y,age,sex\n");
    for i in 0..20 {
        let (x, sex) = (560_010 + (i % 2) * 300, if i % 3 == 0 { "m" } else { "w" });
        text.push_str(&format!("{i},{x},{},{},{sex}\n", 5_945_010 + i, 20 + i));
    }
    text
}

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// Runs `kleinraum` with the words of a line, in this folder.
    fn run(&self, line: &str) -> Output {
        let words = line.split_whitespace();
        Command::cargo_bin("kleinraum")
            .unwrap()
            .current_dir(self.0.path())
            .env("LANG", "C")
            .env_remove("LC_ALL")
            .args(words)
            .output()
            .unwrap()
    }

    /// Runs and expects a failure with this status whose message holds all the words; nothing of the output folder is left behind.
    #[track_caller]
    fn fails(&self, line: &str, status: i32, words: &[&str]) -> String {
        let output = self.run(line);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{message}");
        for word in words {
            assert!(message.contains(word), "{word:?} is not in: {message}");
        }
        assert!(!message.contains("panicked"), "{message}");
        let left: Vec<_> = fs::read_dir(self.0.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        assert!(!left.iter().any(|name| name.starts_with('.')), "left behind: {left:?}");
        message
    }

    fn bundle_is_absent(&self) {
        assert!(!self.path("out").exists());
    }
}

const QUICK: &str = "run persons.csv --crs EPSG:25832 --x x --y y --sizes 100,1000 --threshold 5 --formats csv -o out";

#[test]
fn the_good_case_works() {
    let desk = Desk::new();
    desk.file("persons.csv", persons());
    let output = desk.run(&format!("{QUICK} --dimension sex=sex --table sex"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(desk.path("out/release.parquet").is_file() && desk.path("out/run.json").is_file());
}

#[test]
fn missing_column() {
    let desk = Desk::new();
    desk.file("persons.csv", persons());
    desk.fails(&format!("{QUICK} --dimension sex=sexx --table sex"), 2, &["persons.csv", "sexx", "did you mean \"sex\""]);
    desk.bundle_is_absent();
}

#[test]
fn unknown_category() {
    let desk = Desk::new();
    desk.file("persons.csv", persons().replace("\n3,560310,5945013,23,m", "\n3,560310,5945013,23,geheimnis"));
    let plan = "[source]\nfiles = [\"persons.csv\"]\n[position]\ncrs = \"EPSG:25832\"\nx = \"x\"\ny = \"y\"\n[[dimension]]\nname = \"sex\"\ncolumn = \"sex\"\ncategories = [\"m\", \"w\"]\n[protection]\nthreshold = 5\n[output]\nfolder = \"out\"\n";
    desk.file("plan.toml", plan);
    let message = desk.fails("run plan.toml", 1, &["persons.csv", "row 5", "column sex", "categories", "--max-rejects"]);
    assert!(!message.contains("geheimnis"));
    desk.bundle_is_absent();
}

#[test]
fn non_numeric_coordinate() {
    let desk = Desk::new();
    desk.file("persons.csv", persons().replace("\n3,560310,", "\n3,bahnhof,"));
    let message = desk.fails(QUICK, 1, &["persons.csv", "row 5", "column x", "not a number"]);
    assert!(!message.contains("bahnhof"));
}

#[test]
fn not_a_number_coordinate() {
    let desk = Desk::new();
    desk.file("persons.csv", persons().replace("\n3,560310,", "\n3,NaN,"));
    desk.fails(QUICK, 1, &["persons.csv", "row 5", "column x", "NaN"]);
}

#[test]
fn coordinate_out_of_range() {
    let desk = Desk::new();
    desk.file("persons.csv", persons().replace("\n3,560310,", "\n3,99560310,"));
    let message = desk.fails(QUICK, 1, &["persons.csv", "row 5", "area of use"]);
    assert!(!message.contains("99560310"));
}

#[test]
fn a_few_bad_rows_do_not_stop_a_run_that_allows_them() {
    let desk = Desk::new();
    desk.file("persons.csv", persons().replace("\n3,560310,", "\n3,bahnhof,"));
    let output = desk.run(&format!("{QUICK} --max-rejects 0.1"));
    assert!(output.status.success());
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("19 placed, 1 rejected") && told.contains("row 5"), "{told}");
}

#[test]
fn wrong_reference_system() {
    let desk = Desk::new();
    desk.file("persons.csv", persons());
    desk.fails(&QUICK.replace("25832", "4326"), 1, &["persons.csv", "EPSG:25832"]);
    desk.fails(&QUICK.replace("25832", "4647"), 1, &["persons.csv", "EPSG:25832"]);
}

#[test]
fn swapped_axes() {
    let desk = Desk::new();
    desk.file("persons.csv", persons());
    desk.fails(&QUICK.replace("--x x --y y", "--x y --y x"), 1, &["persons.csv", "x and y look exchanged"]);
    let degrees: String = (0..20).map(|i| format!("53.6{i:02},9.9{i:02}\n")).collect();
    desk.file("persons.csv", format!("x,y\n{degrees}"));
    desk.fails(&QUICK.replace("25832", "4326"), 1, &["persons.csv", "x and y look exchanged"]);
}

#[test]
fn unknown_reference_system() {
    let desk = Desk::new();
    desk.file("persons.csv", persons());
    desk.fails(&QUICK.replace("25832", "2583299"), 2, &["2583299"]);
}

#[test]
fn empty_and_headless_files() {
    let desk = Desk::new();
    desk.file("persons.csv", "");
    desk.fails(QUICK, 1, &["persons.csv", "empty"]);
    desk.file("persons.csv", "id,x,y,age,sex\n");
    desk.fails(QUICK, 1, &["persons.csv", "no records"]);
}

#[test]
fn truncated_gzip() {
    use std::io::Write;
    let desk = Desk::new();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(persons().repeat(200).as_bytes()).unwrap();
    let bytes = encoder.finish().unwrap();
    desk.file("persons.csv.gz", &bytes[..bytes.len() / 2]);
    desk.fails(&QUICK.replace("persons.csv", "persons.csv.gz"), 3, &["persons.csv.gz"]);
    desk.bundle_is_absent();
}

#[test]
fn truncated_parquet() {
    let desk = Desk::new();
    desk.file("persons.parquet", b"PAR1 and then nothing of a footer");
    desk.fails(&QUICK.replace("persons.csv", "persons.parquet"), 3, &["persons.parquet"]);
}

#[test]
fn a_directory_and_a_missing_file() {
    let desk = Desk::new();
    fs::create_dir(desk.path("persons.csv")).unwrap();
    desk.fails(QUICK, 3, &["persons.csv", "folder"]);
    desk.fails(&QUICK.replace("persons.csv", "people.csv"), 3, &["people.csv"]);
}

#[test]
fn duplicate_ids() {
    let desk = Desk::new();
    desk.file("persons.csv", persons().replace("\n4,", "\n424242,").replace("\n5,", "\n424242,"));
    let message = desk.fails(&format!("{QUICK} --id id"), 1, &["persons.csv", "column id", "more than once", "--id"]);
    assert!(!message.contains("424242"));
}

#[test]
fn threshold_zero_and_none() {
    let desk = Desk::new();
    desk.file("persons.csv", persons());
    desk.fails(&QUICK.replace("--threshold 5", "--threshold 0"), 2, &["threshold", "2 or more"]);
    desk.fails(&QUICK.replace("--threshold 5", ""), 2, &["protection.threshold", "--threshold 5"]);
    desk.fails(&QUICK.replace("--threshold 5", "--method none"), 2, &["reason"]);
}

#[test]
fn unknown_plan_key() {
    let desk = Desk::new();
    desk.file("plan.toml", "[protection]\nthresold = 5\n");
    desk.fails("run plan.toml", 2, &["plan.toml, line 2", "`thresold`", "`threshold`"]);
}

#[test]
fn unknown_table_dimension() {
    let desk = Desk::new();
    desk.file("persons.csv", persons());
    desk.fails(&format!("{QUICK} --dimension sex=sex --table sez"), 2, &["tables", "`sez`", "`sex`"]);
}

#[test]
fn output_folder_holds_something_else() {
    let desk = Desk::new();
    desk.file("persons.csv", persons());
    fs::create_dir(desk.path("out")).unwrap();
    desk.file("out/thesis.txt", "years of work");
    desk.fails(QUICK, 3, &["out", "other files"]);
    assert_eq!(fs::read_to_string(desk.path("out/thesis.txt")).unwrap(), "years of work");
}

#[test]
fn a_failed_run_leaves_the_old_bundle_whole() {
    let desk = Desk::new();
    desk.file("persons.csv", persons());
    assert!(desk.run(QUICK).status.success());
    let before = fs::read(desk.path("out/release.parquet")).unwrap();
    desk.file("persons.csv", persons().replace(",560", ",bahnhof"));
    desk.fails(QUICK, 1, &["persons.csv"]);
    assert_eq!(fs::read(desk.path("out/release.parquet")).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn no_permission() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    let file = desk.file("persons.csv", persons());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&file).is_ok() {
        eprintln!("skipped: this user reads every file");
        return;
    }
    desk.fails(QUICK, 3, &["persons.csv"]);
}

#[cfg(target_os = "linux")]
#[test]
fn disk_full() {
    let desk = Desk::new();
    desk.file("persons.csv", persons());
    // The shell's limit on file sizes stands for a full disk: the first file above one block fails to be written.
    let line = format!(
        "trap '' XFSZ; ulimit -f 1; exec {} {}",
        assert_cmd::cargo::cargo_bin("kleinraum").display(),
        QUICK.replace("csv -o", "gpkg -o")
    );
    let output = std::process::Command::new("sh").current_dir(desk.0.path()).args(["-c", &line]).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{message}");
    assert!(!message.contains("panicked"), "{message}");
    desk.bundle_is_absent();
}

#[test]
fn messages_come_in_german() {
    let desk = Desk::new();
    desk.file("persons.csv", persons().replace("\n3,560310,", "\n3,bahnhof,"));
    desk.fails(&format!("--lang de {QUICK}"), 1, &["Fehler", "persons.csv", "Zeile 5", "Spalte x", "keine Zahl"]);
}

#[test]
fn a_key_file_is_secret_and_never_overwritten() {
    let desk = Desk::new();
    assert!(desk.run("key new secret.key").status.success());
    let key = fs::read(desk.path("secret.key")).unwrap();
    assert_eq!(key.len(), 65);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(desk.path("secret.key")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    desk.fails("key new secret.key", 3, &["secret.key"]);
    assert_eq!(fs::read(desk.path("secret.key")).unwrap(), key);
}

#[test]
fn the_schema_names_every_key_of_the_plan() {
    let desk = Desk::new();
    let schema = String::from_utf8(desk.run("schema").stdout).unwrap();
    for key in ["max_rejects", "threshold", "bands", "sensitive", "formats"] {
        assert!(schema.contains(&format!("\"{key}\"")), "{key}");
    }
}
