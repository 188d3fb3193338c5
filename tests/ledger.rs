//! Releases of the same records, one after the other, under one ledger.

mod desk;

use std::fs;

use desk::{Job, desk, kleinraum, run};

#[test]
fn a_release_that_undoes_an_earlier_one_leaves_no_bundle() {
    let (desk, _) = desk();
    let desk = desk.path();
    // The plans, and that each release holds by itself.
    run(desk, "first", &Job { sizes: "500, 1000", ..Job::default() });
    run(desk, "other", &Job { sizes: "200, 1000", ..Job::default() });
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
    assert!(code == Some(1) && told.contains("together with 1 earlier releases"), "{told}");
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
