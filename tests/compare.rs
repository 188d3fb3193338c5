//! `compare` from the command line: methods side by side on invented persons and on those of Kreis Pinneberg.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

const COMPARE: &str = "compare persons.csv --crs EPSG:3035 --x x --y y --sizes 100,500,1000 --dimension age=age:0,18,65 --dimension sex=sex \
                       --table age --table sex --table age,sex";
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

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
        fs::write(desk.0.path().join("persons.csv"), persons()).unwrap();
        let key = desk.0.path().join("a.key");
        fs::write(&key, KEY).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        desk
    }

    fn run(&self, line: &str) -> Output {
        let mut command = Command::cargo_bin("kleinraum").unwrap();
        command.current_dir(self.0.path()).env("LANG", "C").env_remove("LC_ALL").args(line.split_whitespace());
        command.output().unwrap()
    }

    #[track_caller]
    fn works(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    #[track_caller]
    fn json(&self, line: &str) -> Value {
        let output = self.run(&format!("{line} --log json"));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{text}");
        serde_json::from_str(text.lines().rfind(|line| line.contains("\"compared\"")).unwrap()).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(self.0.path()).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

/// Without timings, which differ from run to run.
fn untimed(mut compared: Value) -> Value {
    for method in compared["methods"].as_array_mut().unwrap() {
        method.as_object_mut().unwrap().remove("seconds");
    }
    compared
}

fn names(compared: &Value) -> Vec<&str> {
    compared["methods"].as_array().unwrap().iter().map(|method| method["name"].as_str().unwrap()).collect()
}

#[test]
fn all_methods_side_by_side() {
    let desk = Desk::new();
    let compared = desk.json(&format!("{COMPARE} --id id --key a.key"));
    let expected =
        ["suppress k=3", "suppress k=5", "suppress k=10", "round b=3", "round b=5", "round b=10", "cell-key D=5 V=3 js=2"];
    assert_eq!(names(&compared), expected);
    for method in compared["methods"].as_array().unwrap() {
        let levels: Vec<&str> = method["levels"].as_array().unwrap().iter().map(|l| l["level"].as_str().unwrap()).collect();
        assert_eq!(levels, ["100m", "500m", "1km"]);
        assert_eq!(method["at_risk_at_most"], 0, "{method}");
        let alone = &method["threshold_alone"];
        let [small, found] = ["small_at_most", "at_risk_at_most"].map(|name| alone[name].as_u64().unwrap());
        assert!(found <= small && small > 0 && alone["threshold"] == method["protects_below"], "{alone}");
        let exact = method["method"] == "suppress";
        for level in method["levels"].as_array().unwrap() {
            // Two cells of 1 km have so few numbers that their differences may round to nothing.
            assert!(level["mean_error"] == 0.0 || !exact, "{level}");
            assert!(level["mean_error"] != 0.0 || exact || level["level"] != "100m", "{level}");
            assert!(level["mean_error_withheld_as_zero"].as_f64() >= level["mean_error"].as_f64());
            let tenths_of_percent = level["share_of_persons"].as_f64().unwrap() * 1000.0;
            assert!((0.0..=1000.0).contains(&tenths_of_percent) && (tenths_of_percent - tenths_of_percent.round()).abs() < 1e-9);
        }
    }
    assert!(expected.contains(&compared["take"].as_str().unwrap()));
    assert_eq!(desk.files(), ["a.key", "persons.csv"], "nothing is written");
}

#[test]
fn the_same_key_gives_the_same_comparison_for_any_threads() {
    let desk = Desk::new();
    let line = format!("{COMPARE} --id id --key a.key");
    let [one, three] = ["1", "3"].map(|threads| untimed(desk.json(&format!("{line} --threads {threads}"))));
    assert_eq!(one, three);
}

#[test]
fn a_key_is_made_where_none_is_given_and_never_shown() {
    let desk = Desk::new();
    let text = desk.works(&format!("{COMPARE} --methods round --thresholds 5 -o compared.html"));
    let page = fs::read_to_string(desk.0.path().join("compared.html")).unwrap();
    let digits = |text: &str| text.split(|c: char| !c.is_ascii_hexdigit()).any(|word| word.len() >= 32);
    assert!(text.contains("a key made for this comparison") && !digits(&text) && !digits(&page));
    assert_eq!(desk.files(), ["a.key", "compared.html", "persons.csv"]);
}

#[test]
fn what_was_asked_for_is_compared_in_the_readers_language() {
    let desk = Desk::new();
    let text = desk.works(&format!("{COMPARE} --methods suppress --thresholds 5,8 --threshold 8 --lang de"));
    assert!(text.contains("suppress k=8 nehmen") && text.contains("Personen %") && !text.contains("round"), "{text}");
    let text = desk.works(&format!("{COMPARE} --zeros secret"));
    assert!(text.contains("round and cell-key are left out") && !text.contains("round b="), "{text}");
}

#[test]
fn the_page_stands_alone_and_shows_classes_only() {
    let desk = Desk::new();
    desk.works(&format!("{COMPARE} --id id --key a.key --title <b>Kreis</b> -o page.html"));
    let page = fs::read_to_string(desk.0.path().join("page.html")).unwrap();
    assert_eq!(page.matches("<svg").count(), 7);
    for outside in ["<script", "http://", "https://", "src=", "<b>", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("&lt;b&gt;Kreis&lt;/b&gt;") && page.contains("<p class=\"take\">take "));
    // Squares say where and which colour; the maps hold no text but that of the captions.
    for map in page.split("<svg").skip(1).map(|rest| rest.split("</svg>").next().unwrap()) {
        assert!(!map.contains("<text") && !map.contains("<title") && map.contains("<path fill=\"#"));
    }
    // Withheld cells are on the maps of suppress only.
    let withheld = |at: usize| page.split("<svg").nth(at + 1).unwrap().split("</svg>").next().unwrap().contains("#cfc4d6");
    assert!(withheld(2) && !withheld(4) && !withheld(6));
}

#[test]
fn a_page_does_not_take_the_place_of_the_records() {
    let desk = Desk::new();
    let output = desk.run(&format!("{COMPARE} -o persons.csv"));
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains(".html"));
    assert_eq!(fs::read_to_string(desk.0.path().join("persons.csv")).unwrap(), persons());
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let desk = Desk::new();
    for (rest, word) in [
        ("--thresholds 1", "--thresholds"),
        ("--methods cell-key", "--id"),
        ("--methods round --zeros secret", "suppress"),
        ("--key absent.key", "kleinraum key new"),
    ] {
        let output = desk.run(&format!("{COMPARE} {rest}"));
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && message.contains(word), "{rest}: {message}");
    }
}

/// Kreis Pinneberg's persons and its 49 municipalities: every method runs and gives nothing away, the threshold alone gives away thousands.
#[test]
fn the_persons_of_pinneberg_compared() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let persons = shared.join("points/derived_personen_kreis_pinneberg_zensus2011.csv.gz");
    let areas = shared.join("boundaries/vg250_2016_gemeinden_kreis_pinneberg.geojson");
    if !persons.exists() || !areas.exists() {
        eprintln!("skipped: ../shared is absent");
        return;
    }
    let desk = Desk::new();
    let line = format!(
        "compare {} --crs EPSG:25832 --x e_25832 --y n_25832 --id id --sizes 100,500,1000 --dimension age=altersgruppe --dimension sex=geschlecht \
         --table age --table sex --table age,sex --area gemeinde={}:AGS:GEN --key a.key --title Pinneberg -o page.html",
        persons.display(),
        areas.display()
    );
    let compared = desk.json(&line);
    assert_eq!(names(&compared).len(), 7);
    for method in compared["methods"].as_array().unwrap() {
        assert_eq!(method["at_risk_at_most"], 0, "{}", method["name"]);
        let alone = &method["threshold_alone"];
        let (small, found) = (alone["small_at_most"].as_u64().unwrap(), alone["at_risk_at_most"].as_u64().unwrap());
        assert!(1000 < found && found <= small, "{alone}");
        assert_eq!(method["levels"].as_array().unwrap().len(), 4);
    }
    assert!(fs::metadata(desk.0.path().join("page.html")).unwrap().len() < 1_000_000);
}
