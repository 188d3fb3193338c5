//! The attack on plain tables, by the program itself, against published answers (METHODS A3).

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;

fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/sdc")).join(name);
    if !path.exists() {
        eprintln!("skipped: ../shared is absent");
        return None;
    }
    Some(path)
}

fn attack(table: &Path, flags: &[&str]) -> (Option<i32>, Vec<String>) {
    let Output { status, stdout, stderr, .. } =
        Command::cargo_bin("kleinraum").unwrap().arg("attack").arg(table).args(flags).output().unwrap();
    let lines: Vec<String> = String::from_utf8(stdout).unwrap().lines().map(str::to_owned).collect();
    assert!(!lines.is_empty(), "{}", String::from_utf8_lossy(&stderr));
    (status.code(), lines)
}

fn known(lines: &[String]) -> Vec<&str> {
    lines.iter().filter(|l| l.ends_with(",known")).map(String::as_str).collect()
}

/// The file with the status of some cells set to `u`.
fn withheld_too(file: &Path, cells: &[&str], folder: &Path) -> PathBuf {
    let text = std::fs::read_to_string(file).unwrap();
    let line = |line: &str| match cells.iter().any(|cell| line.starts_with(&format!("{cell},"))) {
        true => format!("{},u\n", line.rsplit_once(',').unwrap().0),
        false => format!("{line}\n"),
    };
    let path = folder.join(format!("{}.csv", cells.len()));
    std::fs::write(&path, text.lines().map(line).collect::<String>()).unwrap();
    path
}

const SQUARE: [&str; 6] = ["--dims", "row,col", "--count", "freq", "--status", "status"];

/// sdcTable's 4×4 table (A3.3).
#[test]
fn two_in_every_row_and_column_are_not_enough() {
    let Some(file) = shared("sdcTable_4x4_attack.csv") else { return };
    let (code, lines) = attack(&file, &SQUARE);
    assert_eq!((code, known(&lines)), (Some(1), vec!["w,b,47,47,known"]));
    let folder = tempfile::tempdir().unwrap();
    let (code, lines) = attack(&withheld_too(&file, &["x,d"], folder.path()), &SQUARE);
    assert!(lines.contains(&"w,b,0,78,safe".to_owned()), "{lines:?}");
    assert_eq!((code, known(&lines).len()), (Some(0), 0));
    std::fs::remove_file(folder.path().join("1.csv")).unwrap();
    let (_, lines) = attack(&withheld_too(&file, &["x,b"], folder.path()), &SQUARE);
    assert!(lines.contains(&"w,b,0,141,safe".to_owned()), "{lines:?}");
}

/// sdcTable's linked regions (A3.4).
#[test]
fn linked_tables_give_away_what_each_keeps() {
    let Some(file) = shared("linked_regions.csv") else { return };
    let base = ["--dims", "region", "--count", "n", "--primary", "3"];
    for one in ["county", "group"] {
        let (code, lines) = attack(&file, &[&base[..], &["--table", one]].concat());
        assert_eq!((code, known(&lines).len()), (Some(0), 0), "{one}: {lines:?}");
    }
    let both = ["--table", "county", "--table", "group"];
    let (code, lines) = attack(&file, &[&base[..], &both].concat());
    assert_eq!((code, known(&lines)), (Some(1), vec!["K,county-2,small,3,3,known"]));
    // N withheld as well mends it.
    let text = std::fs::read_to_string(&file).unwrap();
    let with_status = |line: &str| match line.rsplit_once(',').unwrap().1 {
        "n" => format!("{line},status\n"),
        "2" | "3" | "7" => format!("{line},u\n"),
        _ => format!("{line},s\n"),
    };
    let folder = tempfile::tempdir().unwrap();
    let mended = folder.path().join("mended.csv");
    std::fs::write(&mended, text.lines().map(with_status).collect::<String>()).unwrap();
    let (code, lines) = attack(&mended, &[&["--dims", "region", "--count", "n", "--status", "status"][..], &both].concat());
    assert_eq!((code, known(&lines).len()), (Some(0), 0), "{lines:?}");
}

/// GaussSuppression's vignette, all years (A3.5): with both old cells withheld too, the young ones lie in [0, 4].
#[test]
fn the_vignette_leaves_an_interval() {
    let Some(file) = shared("ssb_example1.csv") else { return };
    let text = std::fs::read_to_string(&file).unwrap();
    let small = |line: &&str| line.contains("Iceland") || line.contains("Portugal");
    let status = |line: &str| match line {
        header if header.starts_with("age,") => format!("{header},status\n"),
        line => format!("{line},{}\n", if small(&line) { "u" } else { "s" }),
    };
    let folder = tempfile::tempdir().unwrap();
    let marked = folder.path().join("marked.csv");
    std::fs::write(&marked, text.lines().map(status).collect::<String>()).unwrap();
    let (code, lines) = attack(&marked, &["--dims", "age,geo", "--count", "freq", "--status", "status"]);
    assert_eq!(code, Some(0));
    for young in ["young,Iceland,0,4,safe", "young,Portugal,0,4,safe"] {
        assert!(lines.contains(&young.to_owned()), "{lines:?}");
    }
    // The threshold alone gives both away.
    let (code, lines) = attack(&file, &["--dims", "age,geo", "--count", "freq", "--only", "year=2015", "--primary", "3"]);
    assert_eq!((code, known(&lines)), (Some(1), vec!["old,Iceland,3,3,known", "Total,Iceland,3,3,known"]));
}
