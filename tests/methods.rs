//! Every method from the command line: it runs, it needs its key, and the same key gives the same bytes for any number of threads.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
const RUN: &str = "run persons.csv --crs EPSG:3035 --x x --y y --id id --sizes 100,500,1000 --dimension age=age:0,18,65 --dimension sex=sex \
                   --table age --table sex --table age,sex --formats csv";

/// 900 persons in about 60 cells, some of them alone in their group.
fn persons() -> String {
    let mut text = String::from("id,x,y,age,sex\n");
    let mut state = 1_u64;
    let mut dice = |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    for i in 0..900 {
        let (x, y) = (4_300_000 + dice(8) * dice(5) * 70, 3_300_000 + dice(8) * 120);
        let (age, sex) = (dice(90), if dice(2) == 0 { "m" } else { "w" });
        text.push_str(&format!("p{i},{x},{y},{age},{sex}\n"));
    }
    text
}

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.write("persons.csv", &persons());
        desk.write("a.key", KEY);
        desk.write("b.key", &KEY.replace("00", "07"));
        desk
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

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

    #[track_caller]
    fn works(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    #[track_caller]
    fn refused(&self, line: &str, word: &str) {
        let output = self.run(line);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(word), "{message}");
        assert!(!self.0.path().join("refused").exists());
    }

    fn bundle(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.0.path().join(name), &mut files);
        files
    }

    fn manifest(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.0.path().join(name).join("run.json")).unwrap()).unwrap()
    }

    /// A column of a level, by id.
    fn column(&self, bundle: &str, level: &str, column: &str) -> BTreeMap<String, i64> {
        let text = fs::read_to_string(self.0.path().join(bundle).join("csv").join(format!("{level}.csv"))).unwrap();
        let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let header = lines.next().unwrap();
        let at = header.iter().position(|name| *name == column).unwrap_or_else(|| panic!("{header:?}"));
        lines.map(|line| (line[0].to_owned(), line[at].parse().unwrap())).collect()
    }
}

/// All files but the one with timings.
fn collect(folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.file_name().unwrap() != "run.json" {
            files.insert(path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap());
        }
    }
}

#[test]
fn the_same_key_gives_the_same_bytes_for_any_threads_and_order_and_another_key_others() {
    let desk = Desk::new();
    let text = persons();
    let (header, rows) = text.split_once('\n').unwrap();
    let reversed: Vec<&str> = rows.lines().rev().collect();
    desk.write("reversed.csv", &format!("{header}\n{}\n", reversed.join("\n")));
    for method in ["round --base 5", "cell-key"] {
        let name = &method[..5];
        // The folder's own name is the title of the release, so it is the same.
        for (folder, rest) in [("one", "--key a.key --threads 1"), ("three", "--key a.key --threads 3"), ("other", "--key b.key")]
        {
            desk.works(&format!("{RUN} --method {method} {rest} -o {name}{folder}/out"));
        }
        desk.works(&format!(
            "{} --method {method} --key a.key -o {name}reversed/out",
            RUN.replace("persons.csv", "reversed.csv")
        ));
        let bundles = ["one", "three", "reversed", "other"].map(|folder| desk.bundle(&format!("{name}{folder}/out")));
        let [one, three, reversed, other] = &bundles;
        assert!(one.keys().eq(three.keys()) && one.keys().eq(reversed.keys()) && one.len() > 3);
        for (file, bytes) in one {
            assert!(*bytes == three[file], "{file} differs with three threads");
            // The report names the input by its hash, and that is another file's.
            assert!(file.starts_with("report") || *bytes == reversed[file], "{file} differs in another order");
        }
        assert!(one["release.parquet"] != other["release.parquet"]);
    }
}

#[test]
fn rounded_numbers_add_up_and_none_is_small() {
    let desk = Desk::new();
    desk.works(&format!("{RUN} --method round --base 5 --key a.key -o out"));
    let sums = ["100m", "500m", "1km"].map(|level| {
        let total = desk.column("out", level, "total");
        assert!(total.values().all(|&n| n == 0 || n >= 5));
        total.values().sum::<i64>()
    });
    assert!(sums[0] == sums[1] && sums[1] == sums[2] && (sums[0] - 900).abs() <= 4, "{sums:?}");
    let records = &desk.manifest("out")["records"];
    assert_eq!((&records["placed"]["count"], &records["read"]["count"]), (&sums[0].into(), &serde_json::Value::Null));
}

#[test]
fn noise_leaves_no_small_count_and_no_exact_number_beside() {
    let desk = Desk::new();
    desk.works(&format!("{RUN} --method cell-key --key a.key -o out"));
    for level in ["100m", "500m", "1km"] {
        assert!(desk.column("out", level, "total").values().all(|&n| n == 0 || n > 2));
    }
    let manifest = desk.manifest("out");
    assert!(manifest["records"]["placed"]["count"].is_null() && manifest["records"]["read"]["count"].is_null());
    let parameters = manifest["protection"]["parameters"].as_object().unwrap();
    assert_eq!(["d", "v", "js"].map(|name| parameters[name].as_str().unwrap()), ["5", "3", "2"]);
    assert!(!parameters.contains_key("key"));
}

#[test]
fn the_key_is_in_no_output() {
    let desk = Desk::new();
    desk.works(&format!("{RUN} --method round --base 5 --key a.key -o out"));
    let mut files = desk.bundle("out");
    files.insert("run.json".into(), fs::read(desk.0.path().join("out/run.json")).unwrap());
    for (name, bytes) in files {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(KEY.trim()) && !text.contains("a.key"), "{name} tells of the key");
    }
}

#[test]
fn methods_that_need_a_key_name_the_command_that_makes_one() {
    let desk = Desk::new();
    for method in ["round --base 5", "cell-key"] {
        desk.refused(&format!("{RUN} --method {method} -o refused"), "kleinraum key new");
        desk.refused(&format!("{RUN} --method {method} --key absent.key -o refused"), "kleinraum key new");
    }
    desk.write("short.key", "abc123");
    desk.refused(&format!("{RUN} --method round --base 5 --key short.key -o refused"), "64 hexadecimal digits");
}

#[test]
fn what_a_method_does_not_use_is_refused() {
    let desk = Desk::new();
    for (rest, word) in [
        ("round --key a.key", "--base"),
        ("round --base 2 --key a.key", "3 to 1000"),
        ("round --base 5 --threshold 5 --key a.key", "protection.threshold"),
        ("round --base 5 --zeros secret --key a.key", "protection.zeros"),
        ("round --base 5 --sum ages=age --key a.key", "measure"),
        ("cell-key --base 5 --key a.key", "protection.base"),
        ("cell-key --d 3 --js 3 --key a.key", "js = 3"),
        ("suppress --threshold 5 --base 5", "protection.base"),
    ] {
        desk.refused(&format!("{RUN} --method {rest} -o refused"), word);
    }
    desk.refused(&format!("{} --method cell-key --key a.key -o refused", RUN.replace("--id id", "")), "--id");
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_noted() {
    let desk = Desk::new();
    fs::set_permissions(desk.0.path().join("a.key"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert!(desk.works(&format!("{RUN} --method round --base 5 --key a.key -o out")).contains("chmod 600"));
}

#[test]
fn a_table_of_noises_is_printed() {
    let desk = Desk::new();
    let text = desk.works("ptable --d 5 --v 3 --js 2");
    let first = text.lines().nth(2).unwrap();
    assert_eq!((text.lines().next(), &first[..12]), (Some("i,v,p"), "1,-1,0.73446"));
    assert_ne!(text, desk.works("ptable --d 5 --v 3 --js 2 --mono false"));
}

/// Kreis Pinneberg's persons and its 49 municipalities by both methods; what `verify` reads back is one and the same in every format.
#[test]
fn the_persons_of_pinneberg_rounded_and_with_noise() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let persons = shared.join("points/derived_personen_kreis_pinneberg_zensus2011.csv.gz");
    let areas = shared.join("boundaries/vg250_2016_gemeinden_kreis_pinneberg.geojson");
    if !persons.exists() || !areas.exists() {
        eprintln!("skipped: ../shared is absent");
        return;
    }
    let desk = Desk::new();
    let run = format!(
        "run {} --crs EPSG:25832 --x e_25832 --y n_25832 --id id --sizes 100,500,1000 --dimension age=altersgruppe --dimension sex=geschlecht \
         --table age --table sex --table age,sex --area gemeinde={}:AGS:GEN --key a.key",
        persons.display(),
        areas.display()
    );
    for method in ["round --base 5", "cell-key"] {
        let name = &method[..5];
        desk.works(&format!("{run} --method {method} -o {name}"));
        assert!(desk.works(&format!("verify {name}")).contains("no fault found"));
        assert_eq!(desk.column(name, "gemeinde", "total").len(), 49);
    }
    let sums = ["100m", "500m", "1km", "gemeinde"].map(|level| desk.column("round", level, "total").values().sum::<i64>());
    assert!(sums[0] == sums[1] && sums[1] == sums[2] && (sums[0] - 295_323).abs() <= 4 && sums[3] <= sums[0], "{sums:?}");
    // Noise of mean 0 and variance 3 at most: five standard deviations of the sum of 25 000 cells are 1400.
    let sums = ["100m", "500m", "1km"].map(|level| desk.column("cell-", level, "total").values().sum::<i64>());
    assert!(sums.iter().all(|sum| (sum - 295_323).abs() < 1400), "{sums:?}");
}
