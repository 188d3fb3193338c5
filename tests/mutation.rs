//! Each rule weakened in turn, in a finished bundle or by a second one: the audit finds it, and finds nothing where nothing was weakened.
//!
//! One complementary suppression undone and one total added: see `audit_bundle`.

mod desk;

use std::fs;

use desk::{Job, audit, audit_all, desk, kleinraum, release_of, rewrite_of, run};
use serde_json::Value;

/// How many numbers a named attack was aimed at and gave away; none if it was not tried.
fn attack(told: &Value, named: &str) -> Option<(u64, u64)> {
    let found = told["attacks"].as_array()?.iter().find(|a| a["attack"] == named)?;
    Some((found["attacked"].as_u64()?, found["found"].as_u64()?))
}

fn keyed<'j>(method: &'j str, key: &'j str) -> Job<'j> {
    Job { protection: method, more: key, ..Job::default() }
}

#[test]
fn a_changed_key_is_found_and_the_same_is_not() {
    let (desk, _) = desk();
    let desk = desk.path();
    let (a, b) = ("[unit]\nid = \"id\"\nkey = \"a.key\"", "[unit]\nid = \"id\"\nkey = \"b.key\"");
    for (method, protection) in [("round", "method = \"round\"\nbase = 5"), ("cell-key", "method = \"cell-key\"")] {
        let name = |which: &str| format!("{method}-{which}");
        run(desk, &name("one"), &keyed(protection, a));
        run(desk, &name("again"), &keyed(protection, a));
        run(desk, &name("other"), &keyed(protection, b));
        let (code, told) = audit_all(desk, &[&name("one"), &name("again")]);
        let (attacked, found) = attack(&told, "averaging").unwrap();
        assert!(code == Some(0) && attacked > 1000 && found == 0, "{told}");
        let (code, told) = audit_all(desk, &[&name("one"), &name("other")]);
        let (_, found) = attack(&told, "averaging").unwrap();
        assert!(code == Some(1) && found > 100, "{told}");
        assert!(!told["worst"].as_array().unwrap().is_empty());
    }
    // The same people have the same noise in fewer tables and sizes too.
    let fewer = Job { tables: "[\"sex\"]", sizes: "500, 1000", areas: false, ..keyed("method = \"cell-key\"", a) };
    run(desk, "fewer", &fewer);
    let (code, told) = audit_all(desk, &["cell-key-one", "fewer"]);
    assert!(code == Some(0) && attack(&told, "averaging").unwrap().0 > 30, "{told}");
}

/// Noise of a number drawn anew, or a rounded number changed: its parts tell.
#[test]
fn a_number_protected_by_itself_is_found() {
    let (desk, truth) = desk();
    let desk = desk.path();
    let key = "[unit]\nid = \"id\"\nkey = \"a.key\"";
    for (protection, named, off) in
        [("method = \"round\"\nbase = 5", "consistency", 5), ("method = \"cell-key\"", "averaging", 40)]
    {
        run(desk, "out", &keyed(protection, key));
        let (code, told) = audit(desk, "out");
        assert!(code == Some(0) && attack(&told, named).unwrap().1 == 0, "{told}");
        let mut done = false;
        rewrite_of(&release_of(desk, "out"), |key, value, _| {
            let change = !done && key.0 == "half" && key.2 == "age" && truth.contains_key(key);
            done |= change;
            if change { value.map(|v| v + off) } else { value }
        });
        let (code, told) = audit(desk, "out");
        assert!(done && code == Some(1) && attack(&told, named).unwrap().1 > 0, "{told}");
        fs::remove_dir_all(desk.join("out")).unwrap();
    }
}

/// Two releases of one date, each safe alone: what one withholds the other shows, or lets be computed.
#[test]
fn releases_of_one_date_are_attacked_together() {
    let (desk, _) = desk();
    let desk = desk.path();
    let suppress = |k: &str| format!("method = \"suppress\"\nthreshold = {k}");
    run(
        desk,
        "five",
        &Job { protection: &suppress("5"), tables: "[\"age\"]", sizes: "500, 1000", areas: false, ..Job::default() },
    );
    run(
        desk,
        "ten",
        &Job { protection: &suppress("10"), tables: "[\"age\"]", sizes: "500, 1000", areas: false, ..Job::default() },
    );
    run(desk, "sexes", &Job { protection: &suppress("5"), tables: "[\"sex\"]", sizes: "100, 500", ..Job::default() });
    for bundle in ["five", "ten", "sexes"] {
        let (code, told) = audit(desk, bundle);
        assert_eq!(code, Some(0), "{bundle}: {told}");
        assert!(told["not_tried"].as_array().unwrap().iter().any(|n| n == "earlier-releases"));
    }
    // The same twice tells nothing more.
    let (code, told) = audit_all(desk, &["five", "five"]);
    assert!(code == Some(0) && told["at_risk"] == 0, "{told}");
    // A lower threshold undoes the higher.
    let (code, told) = audit_all(desk, &["ten", "five"]);
    let (compared, undone) = attack(&told, "earlier-releases").unwrap();
    assert!(code == Some(1) && compared >= undone && undone > 0, "{told}");
    // Other tables and sizes withhold other numbers: what is left of each is less.
    let (_, told) = audit_all(desk, &["five", "sexes"]);
    let (compared, _) = attack(&told, "earlier-releases").unwrap();
    assert!(compared > 0 && told["targets"].as_u64() > Some(1000), "{told}");
    let german = String::from_utf8(kleinraum(desk, &["--lang", "de", "audit", "ten", "five"]).stdout).unwrap();
    assert!(german.contains("ten + five") && german.contains("frühere Veröffentlichungen"), "{german}");
}

/// A bundle with little noise beside one that withholds narrows its intervals until some are single numbers.
#[test]
fn an_interval_narrowed_is_found() {
    let (desk, _) = desk();
    let desk = desk.path();
    run(desk, "out", &Job::default());
    let (code, told) = audit(desk, "out");
    assert_eq!((code, told["at_risk"].as_u64()), (Some(0), Some(0)), "{told}");
    let key = "[unit]\nid = \"id\"\nkey = \"a.key\"";
    run(desk, "noisy", &keyed("method = \"cell-key\"\nd = 1\nv = 0.5\njs = 0", key));
    let (code, told) = audit_all(desk, &["out", "noisy"]);
    assert!(code == Some(1) && told["at_risk"].as_u64() > Some(0), "{told}");
}

#[test]
fn a_sensitive_zero_filled_in_and_a_full_cell_shown_are_found() {
    let (desk, truth) = desk();
    let desk = desk.path();
    let job = Job { tables: "[\"sex\"]", sex: "sensitive = [\"f\"]\ngroup_disclosure = true", ..Job::default() };
    run(desk, "out", &job);
    let (code, told) = audit(desk, "out");
    let (attacked, found) = attack(&told, "zero-and-full-cells").unwrap();
    assert!(code == Some(0) && attacked > 100 && found == 0, "{told}");
    let original = fs::read(release_of(desk, "out")).unwrap();
    let count = |level: &str, id: &str, table: &str, group: &str| {
        truth.get(&(level.to_owned(), id.to_owned(), table.to_owned(), group.to_owned())).copied().unwrap_or(0)
    };
    for full in [false, true] {
        fs::write(release_of(desk, "out"), &original).unwrap();
        // A unit of three or more with none, or with all but one at most, in the category; its numbers are put back.
        let wanted = |level: &str, id: &str| {
            let (all, f) = (count(level, id, "total", ""), count(level, id, "sex", "f"));
            all >= 3 && if full { all - f <= 1 } else { f == 0 }
        };
        let mut unit = None;
        let changed = rewrite_of(&release_of(desk, "out"), |key, value, status| {
            let (level, id, table, group) = key;
            if unit.is_none() && status == "suppressed" && group == "f" && wanted(level, id) {
                unit = Some((level.clone(), id.clone()));
            }
            let here = unit.as_ref().is_some_and(|unit| (&unit.0, &unit.1) == (level, id));
            if here && group == "f" { Some(count(level, id, table, group)) } else { value }
        });
        assert_eq!(changed, 1, "no such unit");
        // The total of the unit too, if it was withheld.
        rewrite_of(&release_of(desk, "out"), |key, value, _| {
            let here = unit.as_ref().is_some_and(|unit| (&unit.0, &unit.1) == (&key.0, &key.1));
            if here && key.2 == "total" { Some(count(&key.0, &key.1, "total", "")) } else { value }
        });
        let (code, told) = audit(desk, "out");
        assert!(code == Some(1) && attack(&told, "zero-and-full-cells").unwrap().1 > 0, "full: {full}, {told}");
    }
}

#[test]
fn a_sum_shown_beside_a_withheld_count_is_found() {
    let (desk, _) = desk();
    let desk = desk.path();
    let job = Job {
        tables: "[\"age\"]",
        protection: "method = \"suppress\"\nthreshold = 5\np_percent = 10",
        more: "[[measure]]\nname = \"income\"\ncolumn = \"income\"",
        ..Job::default()
    };
    run(desk, "out", &job);
    let (code, told) = audit(desk, "out");
    let (shown, found) = attack(&told, "dominance").unwrap();
    assert!(code == Some(0) && shown > 100 && found == 0, "{told}");
    let mut done = false;
    rewrite_of(&release_of(desk, "out"), |key, value, status| {
        let change = !done && status == "suppressed" && key.2.ends_with(":income");
        done |= change;
        if change { Some(12_345) } else { value }
    });
    let (code, told) = audit(desk, "out");
    assert!(done && code == Some(1) && attack(&told, "dominance").unwrap().1 == 1, "{told}");
    let english = String::from_utf8(kleinraum(desk, &["--lang", "en", "audit", "out"]).stdout).unwrap();
    assert!(english.contains("no bundle tells"), "{english}");
}
