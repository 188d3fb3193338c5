//! The audit of finished bundles by the program itself: what was protected holds, and each protection undone is found.

mod desk;

use std::fs;

use desk::{audit, bundle, kleinraum, release, rewrite};

#[test]
fn what_run_protects_holds() {
    let (desk, truth) = bundle("");
    let (code, told) = audit(desk.path(), "out");
    assert_eq!((code, told["at_risk"].as_u64()), (Some(0), Some(0)), "{told}");
    let count = |name: &str| told[name].as_u64().unwrap();
    assert_eq!(count("targets"), count("safe") + count("harmless") + count("not_proven"));
    assert!(count("targets") > 1000, "{told}");
    assert_eq!(told["attacks"].as_array().unwrap().len(), 4);
    assert_eq!(told["not_tried"].as_array().unwrap().len(), 4, "{told}");
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
    assert_eq!(report["audit"]["at_risk"], 0);
    let output = kleinraum(desk.path(), &["run", "out.toml", "--no-audit"]);
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
