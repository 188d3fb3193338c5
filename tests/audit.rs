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

/// The same tables as files of their own (A3.4): the cells with their regions only, each sum in a linked file.
#[test]
fn linked_files_give_away_what_each_keeps() {
    let Some(file) = shared("linked_regions.csv") else { return };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    // The regions with what they belong to; A, B, K, L and M are withheld, N is not.
    let text = std::fs::read_to_string(&file).unwrap();
    let withheld = |line: &str| match line.rsplit_once(',').unwrap() {
        (head, "n") => format!("{head},n,status\n"),
        (head, "2" | "3") => format!("{head},,x\n"),
        (head, n) => format!("{head},{n},s\n"),
    };
    let cells = write("cells.csv", &text.lines().map(withheld).collect::<String>());
    let total = write("total.csv", "n,status\n36,s\n");
    let county = write("county.csv", "county,n,status\ncounty-1,20,s\ncounty-2,16,s\n");
    let group = write("group.csv", "group,n,status\nsmall,30,s\nBIG,6,s\n");
    let base = ["--dims", "region", "--count", "n", "--status", "status", "--linked", &total];
    // The cells' file has no rows with Total, and withheld counts are empty: margins come from linked files alone.
    let run = |linked: &[&str]| {
        let flags: Vec<&str> = base.iter().copied().chain(linked.iter().flat_map(|&file| ["--linked", file])).collect();
        attack(Path::new(&cells), &flags)
    };
    for one in [&county, &group] {
        let (code, lines) = run(&[one]);
        assert_eq!((code, known(&lines).len()), (Some(0), 0), "{lines:?}");
    }
    let (code, lines) = run(&[&county, &group]);
    assert_eq!((code, known(&lines)), (Some(1), vec!["K,county-2,small,3,3,known"]), "{lines:?}");
    // One more withheld number, N, mends it.
    let mended = write("cells.csv", &std::fs::read_to_string(&cells).unwrap().replace("small,7,s", "small,,x"));
    assert_eq!(mended, cells);
    let (code, lines) = run(&[&county, &group]);
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

/// Runs `protect`; gives its lines.
fn protect(table: &Path, flags: &[&str]) -> Vec<String> {
    let Output { status, stdout, stderr, .. } =
        Command::cargo_bin("kleinraum").unwrap().arg("protect").arg(table).args(flags).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap().lines().map(str::to_owned).collect()
}

fn suppressed(lines: &[String]) -> Vec<&str> {
    lines.iter().filter_map(|l| l.strip_suffix(",,suppressed")).collect()
}

/// GaussSuppression's vignette (A3.5): what is withheld in 2014, and the intervals over all years.
#[test]
fn the_vignette_is_protected_as_published() {
    let Some(file) = shared("ssb_example1.csv") else { return };
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let year: String = text.lines().filter(|l| l.starts_with("age,") || l.contains(",2014,")).map(|l| format!("{l}\n")).collect();
    let of_2014 = folder.path().join("2014.csv");
    std::fs::write(&of_2014, year).unwrap();
    let flags = ["--dims", "age,geo", "--count", "freq", "--zeros", "secret", "--threshold"];
    let four = ["old,Iceland", "old,Portugal", "young,Iceland", "young,Portugal"];
    assert_eq!(suppressed(&protect(&of_2014, &[&flags[..], &["2"]].concat())), four);
    let all = protect(&file, &[&flags[..], &["4"]].concat());
    assert_eq!(suppressed(&all), four);
    let protected = folder.path().join("protected.csv");
    std::fs::write(&protected, all.join("\n")).unwrap();
    let (code, lines) = attack(&protected, &["--dims", "age,geo", "--count", "freq", "--status", "status"]);
    assert_eq!(code, Some(0));
    for young in ["young,Iceland,0,4,safe", "young,Portugal,0,4,safe"] {
        assert!(lines.contains(&young.to_owned()), "{lines:?}");
    }
}

/// A German export with a hierarchy: protected, every margin is there, and the attack finds nothing; one number put back gives another away.
#[test]
fn a_german_table_with_a_hierarchy_is_protected_and_holds() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let cells = b"Gemeinde;Alter;Anzahl\r\nK\xf6lln;0-17;1.012\r\nK\xf6lln;18+;2\r\nElmshorn;0-17;14\r\nElmshorn;18+;23\r\nUetersen;0-17;8\r\n\
        Uetersen;18+;9\r\nWedel;0-17;31\r\nWedel;18+;12\r\nTornesch;0-17;3\r\nTornesch;18+;40\r\nPinneberg;0-17;5.333.000\r\n";
    let table = write("cells.csv", cells);
    let hierarchy = write(
        "kreis.csv",
        "Gemeinde;Amt;Kreis\nKölln;Nord;PI\nElmshorn;Nord;PI\nUetersen;Nord;PI\nWedel;Süd;PI\nTornesch;Süd;PI\nPinneberg;Süd;PI\n".as_bytes(),
    );
    let hierarchy = hierarchy.to_str().unwrap();
    let flags = ["--dims", "Gemeinde,Alter", "--count", "Anzahl", "--hierarchy", hierarchy];
    let lines = protect(&table, &[&flags[..], &["--threshold", "5"]].concat());
    // Six values, two and one groups, the total; two ages and the total.
    assert_eq!(lines.len(), 1 + 10 * 3);
    assert!(lines.contains(&"Pinneberg,0-17,5333000,value".to_owned()), "{lines:?}");
    assert!(
        lines.contains(&"Pinneberg,18+,0,zero".to_owned()) && lines.contains(&"Total,Total,5334154,value".to_owned()),
        "{lines:?}"
    );
    for primary in ["Kölln,18+", "Tornesch,0-17"] {
        assert!(suppressed(&lines).contains(&primary), "{lines:?}");
    }
    let protected = write("protected.csv", lines.join("\n").as_bytes());
    let attacked = [&flags[..], &["--status", "status", "--floor", "1"]].concat();
    let (code, found) = attack(&protected, &attacked);
    assert_eq!((code, known(&found).len()), (Some(0), 0), "{found:?}");
    // A complementary suppression undone makes a small number known.
    let back = lines.iter().map(|l| if l == "Kölln,0-17,,suppressed" { "Kölln,0-17,1012,value".to_owned() } else { l.clone() });
    let broken = write("broken.csv", back.collect::<Vec<_>>().join("\n").as_bytes());
    let (code, found) = attack(&broken, &attacked);
    assert_eq!(code, Some(1), "{found:?}");
    assert!(known(&found).iter().any(|l| l.contains("Kölln,18+") && l.contains(",2,2,known")), "{found:?}");
}

/// Small tables of three dimensions with secret zeros: whole numbers tell more than equations do, and that is kept too. What is known of large numbers,
/// which were withheld for the sake of others, is nobody's harm.
#[test]
fn no_small_number_of_a_plain_table_is_known() {
    const THRESHOLD: u32 = 3;
    let tables: [[u32; 27]; 3] = [
        [2, 9, 0, 0, 0, 0, 0, 1, 2, 0, 2, 0, 2, 0, 0, 0, 9, 0, 0, 1, 2, 9, 1, 0, 0, 0, 0],
        [0, 9, 9, 9, 9, 0, 1, 2, 2, 0, 1, 9, 9, 0, 1, 0, 1, 9, 0, 0, 0, 0, 9, 9, 0, 0, 2],
        [0, 0, 0, 4, 1, 1, 0, 0, 7, 1, 4, 4, 0, 0, 0, 0, 4, 7, 4, 1, 0, 7, 4, 0, 0, 0, 4],
    ];
    let folder = tempfile::tempdir().unwrap();
    for counts in tables {
        let row = |(at, count): (usize, &u32)| format!("a{},b{},c{},{count}\n", at / 9, at / 3 % 3, at % 3);
        let [table, protected] = ["table.csv", "protected.csv"].map(|name| folder.path().join(name));
        std::fs::write(&table, format!("a,b,c,n\n{}", counts.iter().enumerate().map(row).collect::<String>())).unwrap();
        let flags = ["--dims", "a,b,c", "--count", "n"];
        let threshold = THRESHOLD.to_string();
        let lines = protect(&table, &[&flags[..], &["--threshold", &threshold, "--zeros", "secret"]].concat());
        assert!(!suppressed(&lines).is_empty());
        std::fs::write(&protected, lines.join("\n")).unwrap();
        let (_, found) = attack(&protected, &[&flags[..], &["--status", "status"]].concat());
        let small = |line: &&str| line.split(',').nth_back(2).unwrap().parse::<u32>().unwrap() < THRESHOLD;
        let found: Vec<&str> = known(&found).into_iter().filter(small).collect();
        assert!(found.is_empty(), "{counts:?}: {found:?}");
    }
}

/// A table of three regions by three ages, a file of groups of the regions, and a key.
fn desk() -> (tempfile::TempDir, [PathBuf; 3]) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        path
    };
    let table = "age,region,n\n0-17,a,1\n0-17,b,4\n18-64,a,4\n18-64,b,1\n65+,c,12\n0-17,c,3\n18-64,c,2\n65+,a,2\n65+,b,3\n";
    let files = [
        write("cells.csv", table),
        write("groups.csv", "region,side\na,west\nb,west\nc,east\n"),
        write("a.key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"),
    ];
    (folder, files)
}

/// Value and status by codes.
fn by_codes(lines: &[String]) -> std::collections::BTreeMap<(String, String), (i64, String)> {
    let row = |line: &String| {
        let fields: Vec<&str> = line.split(',').collect();
        ((fields[0].to_owned(), fields[1].to_owned()), (fields[2].parse().unwrap(), fields[3].to_owned()))
    };
    lines[1..].iter().map(row).collect()
}

#[test]
fn a_rounded_table_adds_up_and_stays_within_the_base() {
    let (_folder, [table, groups, key]) = desk();
    let flags =
        ["--dims", "region,age", "--count", "n", "--hierarchy", groups.to_str().unwrap(), "--method", "round", "--base", "5"];
    let with_key = [&flags[..], &["--key", key.to_str().unwrap()]].concat();
    let lines = protect(&table, &with_key);
    assert_eq!(lines, protect(&table, &with_key));
    assert_eq!(lines.len(), 1 + 6 * 4);
    let rounded = by_codes(&lines);
    let at = |region: &str, age: &str| rounded[&(region.to_owned(), age.to_owned())].0;
    for (value, status) in rounded.values() {
        assert!(*value == 0 || *value >= 5);
        assert_eq!(status, if *value == 0 { "zero" } else { "value" });
    }
    for age in ["0-17", "18-64", "65+", "Total"] {
        assert_eq!(at("a", age) + at("b", age), at("west", age));
        assert_eq!(at("west", age) + at("east", age), at("Total", age));
    }
    for region in ["a", "b", "c", "west", "east", "Total"] {
        assert_eq!(at(region, "0-17") + at(region, "18-64") + at(region, "65+"), at(region, "Total"));
    }
    // Margins that are multiples of the base stay; all others stay within it.
    assert_eq!((at("west", "0-17"), at("west", "18-64"), at("west", "65+"), at("c", "65+")), (5, 5, 5, 12));
    assert_eq!(at("west", "Total"), 15);
    for (region, true_total) in [("a", 7), ("b", 8), ("c", 17), ("Total", 32)] {
        assert!((at(region, "Total") - true_total).abs() < 5);
    }
}

#[test]
fn noise_of_a_table_follows_its_cells_into_every_margin_and_order() {
    let (folder, [table, groups, key]) = desk();
    let key = key.to_str().unwrap();
    let method = ["--count", "n", "--method", "cell-key", "--key", key, "--d", "5", "--v", "3", "--js", "2"];
    let rows =
        by_codes(&protect(&table, &[&["--dims", "region,age", "--hierarchy", groups.to_str().unwrap()][..], &method].concat()));
    let columns = by_codes(&protect(&table, &[&["--dims", "age,region"][..], &method].concat()));
    for ((age, region), number) in &columns {
        assert_eq!(&rows[&(region.clone(), age.clone())], number);
        assert!(number.0 == 0 || number.0 > 2);
    }
    // East is c alone: the same people.
    for age in ["0-17", "18-64", "65+", "Total"] {
        assert_eq!(rows[&("east".to_owned(), age.to_owned())], rows[&("c".to_owned(), age.to_owned())]);
    }
    // Another key gives other numbers somewhere, one person more in a cell other noise there and in its margins only.
    let more = folder.path().join("more.csv");
    std::fs::write(&more, std::fs::read_to_string(&table).unwrap().replace("65+,c,12", "65+,c,13")).unwrap();
    let changed = by_codes(&protect(&more, &[&["--dims", "age,region"][..], &method].concat()));
    for (codes, number) in &columns {
        assert!(
            changed[codes] == *number || (["65+", "Total"].contains(&&*codes.0) && ["c", "Total"].contains(&&*codes.1)),
            "{codes:?}"
        );
    }
    let differ = (1..20).any(|seed| {
        let other = folder.path().join(format!("{seed}.key"));
        std::fs::write(&other, format!("{seed:064x}\n")).unwrap();
        let flags = [&["--dims", "age,region"][..], &method[..5], &[other.to_str().unwrap()]].concat();
        by_codes(&protect(&table, &flags)) != columns
    });
    assert!(differ);
}

#[test]
fn tables_need_a_key_and_refuse_what_another_method_uses() {
    let (_folder, [table, _, key]) = desk();
    let refused = |flags: &[&str], word: &str| {
        let base = ["--lang", "en", "protect", table.to_str().unwrap(), "--dims", "region,age", "--count", "n"];
        let output = Command::cargo_bin("kleinraum").unwrap().args(base).args(flags).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && told.contains(word) && output.stdout.is_empty(), "{flags:?}: {told}");
    };
    let key = key.to_str().unwrap();
    refused(&["--method", "round", "--base", "5"], "kleinraum key new");
    refused(&["--method", "cell-key"], "kleinraum key new");
    refused(&["--method", "round", "--key", key], "--base");
    refused(&["--method", "round", "--key", key, "--base", "2"], "protection.base");
    refused(&["--method", "round", "--key", table.to_str().unwrap(), "--base", "5"], "no key");
    refused(&["--method", "suppress", "--base", "5"], "protection.base");
    refused(&["--method", "round", "--key", key, "--base", "5", "--threshold", "5"], "protection.threshold");
    refused(&["--method", "cell-key", "--key", key, "--js", "7"], "js = 7");
    refused(&["--threshold", "1"], "protection.threshold");
}

/// What is wrong with a table is told with its place.
#[test]
fn faults_of_tables_are_told_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.csv");
    let run = |text: &str, flags: &[&str]| {
        std::fs::write(&file, text).unwrap();
        let command =
            Command::cargo_bin("kleinraum").unwrap().args(["--lang", "en", "protect"]).arg(&file).args(flags).output().unwrap();
        (command.status.code(), String::from_utf8(command.stderr).unwrap())
    };
    let flags = ["--dims", "a,b", "--count", "n"];
    let (code, told) = run("a,b,n\nx,y,1\nx,z,many\n", &flags);
    assert!(code == Some(1) && told.contains("row 3, column n") && !told.contains("many"), "{told}");
    let (code, told) = run("a,b,n\nx,y,1\nTotal,y,1\n", &flags);
    assert!(code == Some(1) && told.contains("column a"), "{told}");
    let (code, told) = run("a,b,n\nx,y,1\nx,z,2\n", &["--dims", "a,c", "--count", "n"]);
    assert!(code == Some(2) && told.contains("no column c; there are a, b, n"), "{told}");
}
