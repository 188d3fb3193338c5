//! Releases of the same records, one after the other, under one ledger.

mod desk;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use desk::{Job, Key, audit_all, desk, kleinraum, rewrite_of, run};

#[test]
fn a_release_that_withholds_what_was_told_before_leaves_no_bundle() {
    let (desk, _) = desk();
    let desk = desk.path();
    // The plans, and that each release holds by itself.
    run(desk, "first", &Job { sizes: "500, 1000", ..Job::default() });
    let strict = "method = \"suppress\"\nthreshold = 10";
    run(desk, "other", &Job { sizes: "500, 1000", protection: strict, ..Job::default() });
    let under = |name: &str| {
        fs::remove_dir_all(desk.join(name)).ok();
        let output = kleinraum(desk, &["run", &format!("{name}.toml"), "--ledger", "ledger"]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout))
    };
    let entries = || fs::read_dir(desk.join("ledger")).unwrap().count();
    let (code, told) = under("first");
    assert!(code == Some(0) && told.contains("the first release in the ledger"), "{told}");
    assert_eq!(entries(), 1);
    let (code, told) = under("other");
    assert!(
        code == Some(1) && told.contains("an earlier release in the ledger shows what this one would have to withhold"),
        "{told}"
    );
    assert!(!desk.join("other").exists());
    assert_eq!(entries(), 1);
    // The same again is the same release.
    let (code, told) = under("first");
    assert!(code == Some(0) && told.contains("the first release in the ledger"), "{told}");
    assert_eq!(entries(), 1);
}

#[test]
fn what_is_on_record_is_public() {
    let (desk, _) = desk();
    let desk = desk.path();
    run(desk, "out", &Job::default());
    assert!(kleinraum(desk, &["run", "out.toml", "--ledger", "ledger"]).status.success());
    let entry = fs::read_dir(desk.join("ledger")).unwrap().next().unwrap().unwrap().path();
    for file in fs::read_dir(&entry).unwrap() {
        let file = file.unwrap();
        assert_eq!(fs::read(file.path()).unwrap(), fs::read(desk.join("out").join(file.file_name())).unwrap());
    }
    let output = kleinraum(desk, &["run", "out.toml", "--ledger", "ledger", "--no-audit"]);
    assert_eq!(output.status.code(), Some(2));
    fs::write(desk.join("file"), "").unwrap();
    let output = kleinraum(desk, &["run", "out.toml", "--ledger", "file"]);
    assert_eq!(output.status.code(), Some(3));
}

/// More tables, more sizes and a lower threshold: alone each of them would show what the first release withheld.
#[test]
fn a_later_release_holds_to_what_was_withheld_before() {
    let (desk, _) = desk();
    let desk = desk.path();
    let strict = "method = \"suppress\"\nthreshold = 10";
    run(desk, "first", &Job { tables: r#"["age"]"#, sizes: "500, 1000", protection: strict, ..Job::default() });
    run(desk, "lower", &Job { tables: r#"["age"]"#, sizes: "500, 1000", ..Job::default() });
    run(desk, "more", &Job { sizes: "100, 500, 1000", ..Job::default() });
    for later in ["lower", "more"] {
        let (code, audited) = audit_all(desk, &["first", later]);
        assert!(code == Some(1) && audited["at_risk"].as_u64() > Some(0), "{later} would undo the first: {audited}");
    }
    for name in ["first", "lower", "more"] {
        fs::remove_dir_all(desk.join(name)).unwrap();
        let output = kleinraum(desk, &["run", &format!("{name}.toml"), "--ledger", "ledger"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let (code, audited) = audit_all(desk, &["first", "lower", "more"]);
    assert!(code == Some(0) && audited["at_risk"] == 0, "{audited}");
    assert_eq!(fs::read_dir(desk.join("ledger")).unwrap().count(), 3);
    // What is withheld stays so, what is told stays told, and there is more.
    let (first, more) = (numbers(&desk.join("first")), numbers(&desk.join("more")));
    assert!(first.iter().all(|(key, number)| more[key] == *number));
    assert!(more.len() > 2 * first.len());
}

#[test]
fn the_same_release_again_is_the_same() {
    let (desk, _) = desk();
    let desk = desk.path();
    run(desk, "out", &Job::default());
    let release = || fs::read(desk.join("out/release.parquet")).unwrap();
    let alone = release();
    for _ in 0..2 {
        let output = kleinraum(desk, &["run", "out.toml", "--ledger", "ledger"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(release(), alone);
    }
}

/// The numbers of a bundle, none changed.
fn numbers(bundle: &Path) -> BTreeMap<Key, Option<i64>> {
    let mut numbers = BTreeMap::new();
    rewrite_of(&bundle.join("release.parquet"), |key, number, _| {
        numbers.insert(key.clone(), number);
        number
    });
    numbers
}
