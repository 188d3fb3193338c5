//! Profiles and primary rules from the command line, judged by counting the records again.

use std::collections::BTreeMap;
use std::fs;

use assert_cmd::Command;

const RUN: &str = "run persons.csv --crs EPSG:3035 --x x --y y --sizes 100,500 --dimension age=age:0,18,65 --dimension benefit=benefit \
                   --table age --table benefit --table age,benefit --formats csv";

struct Person {
    cell: String,
    age: usize,
    benefit: bool,
}

/// Cells of 100 m with 20 to 300 persons each; the first is all on benefits.
fn persons() -> (String, Vec<Person>) {
    let (mut text, mut list) = (String::from("id,x,y,age,benefit\n"), Vec::new());
    let mut state = 7_u64;
    let mut dice = |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    for (cell, many) in [20, 60, 90, 130, 160, 210, 260, 300].into_iter().enumerate() {
        for i in 0..many {
            let (x, y) = (4_300_000 + 100 * (cell % 4) as u64 + dice(100), 3_300_000 + 100 * (cell / 4) as u64 + dice(100));
            let (age, benefit) = (dice(90), cell == 0 || dice(8) == 0);
            text.push_str(&format!("p{cell}-{i},{x},{y},{age},{}\n", if benefit { "SGB" } else { "none" }));
            list.push(Person {
                cell: format!("CRS3035RES100mN{}E{}", 3_300_000 + 100 * (cell / 4), 4_300_000 + 100 * (cell % 4)),
                age: [18, 65].into_iter().filter(|&edge| age >= edge).count(),
                benefit,
            });
        }
    }
    (text, list)
}

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        fs::write(desk.0.path().join("persons.csv"), persons().0).unwrap();
        desk
    }

    fn run(&self, line: &str) -> std::process::Output {
        let mut command = Command::cargo_bin("kleinraum").unwrap();
        command.current_dir(self.0.path()).env("LANG", "C").env_remove("LC_ALL").args(line.split_whitespace()).output().unwrap()
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

    fn parameters(&self, bundle: &str) -> serde_json::Value {
        let text = fs::read(self.0.path().join(bundle).join("run.json")).unwrap();
        serde_json::from_slice::<serde_json::Value>(&text).unwrap()["protection"]["parameters"].clone()
    }

    /// Published numbers of a level by id and column.
    fn numbers(&self, bundle: &str, level: &str) -> BTreeMap<(String, String), Option<i64>> {
        let text = fs::read_to_string(self.0.path().join(bundle).join("csv").join(format!("{level}.csv"))).unwrap();
        let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let header = lines.next().unwrap();
        let cells = lines.flat_map(|line| {
            let id = line[0].clone();
            let pairs = header.clone().into_iter().zip(line).skip(1).filter(|(name, _)| !name.ends_with("_status"));
            pairs.map(move |(name, number)| ((id.clone(), name), number.parse().ok())).collect::<Vec<_>>()
        });
        cells.collect()
    }
}

#[test]
fn a_profile_is_followed_and_told() {
    let desk = Desk::new();
    let told = desk.works(&format!("{RUN} --profile strict -o strict"));
    assert!(told.contains("profile: strict: counts below 10 are withheld"), "{told}");
    assert!(
        desk.works(&format!("{RUN} --lang de --profile standard -o standard")).contains("profile: standard: Anzahlen unter 5")
    );
    let parameters = desk.parameters("strict");
    assert_eq!(parameters["threshold"], "10");
    assert!(parameters["profile"].as_str().unwrap().starts_with("strict: "));
    let smallest = |bundle: &str| desk.numbers(bundle, "100m").values().flatten().copied().filter(|&n| n > 0).min().unwrap();
    assert!(smallest("strict") >= 10 && (5..10).contains(&smallest("standard")));
}

#[test]
fn rates_of_few_people_are_not_published() {
    let desk = Desk::new();
    desk.works(&format!("{RUN} --profile destatis-sgb2 --numerator benefit=SGB -o out"));
    assert_eq!(desk.parameters("out")["minimum_base"], "100");
    let numbers = desk.numbers("out", "100m");
    let (_, list) = persons();
    let (mut shown, mut withheld) = (0, 0);
    for ((id, column), number) in &numbers {
        let age = ["age_0_17", "age_18_64", "age_65"].iter().position(|name| column.starts_with(name));
        let base = list.iter().filter(|p| p.cell == *id && age.is_none_or(|age| p.age == age)).count();
        let numerator = list.iter().filter(|p| p.cell == *id && age.is_none_or(|age| p.age == age) && p.benefit).count();
        if column.ends_with("benefit_sgb") {
            match number {
                Some(number) => {
                    assert!(base >= 100 && numerator >= 3, "{id} {column}: {numerator} of {base}");
                    assert_eq!(*number, numerator as i64);
                    shown += 1;
                }
                None => withheld += 1,
            }
        }
    }
    assert!(shown > 3 && withheld > 3, "{shown} shown, {withheld} withheld of {:?}", numbers.keys());
}

#[test]
fn whole_groups_in_a_sensitive_category_are_not_told() {
    let desk = Desk::new();
    let first = ("CRS3035RES100mN3300000E4300000".to_owned(), "benefit_sgb".to_owned());
    desk.works(&format!("{RUN} --profile standard -o open"));
    assert_eq!(desk.numbers("open", "100m")[&first], Some(20));
    desk.works(&format!("{RUN} --profile standard --sensitive benefit=SGB --group-disclosure benefit -o closed"));
    assert_eq!(desk.numbers("closed", "100m")[&first], None);
    assert_eq!(desk.parameters("closed")["group_disclosure"], "benefit");
}

/// A person of a household: cell, household, income.
type Member = (String, usize, i64);

/// Four cells: one household of 30, two of 20 each, many of 3, and many with one rich person.
fn households() -> (String, Vec<Member>) {
    let (mut text, mut list) = (String::from("x,y,household,income\n"), Vec::new());
    let sizes: [&[usize]; 4] = [&[30], &[20, 20], &[3; 20], &[3; 20]];
    for (cell, households) in sizes.into_iter().enumerate() {
        let people = households.iter().enumerate().flat_map(|(h, &size)| std::iter::repeat_n(h, size));
        for (i, household) in people.enumerate() {
            let income = if cell == 3 && i == 7 { 100_000 } else { 1000 + i as i64 };
            let (x, y) = (4_300_000 + 100 * cell + i % 100, 3_300_000 + i * 7 % 100);
            text.push_str(&format!("{x},{y},h{cell}-{household},{income}\n"));
            list.push((format!("CRS3035RES100mN3300000E{}", 4_300_000 + 100 * cell), cell * 100 + household, income));
        }
    }
    (text, list)
}

const HOUSEHOLDS: &str = "run households.csv --crs EPSG:3035 --x x --y y --sizes 100,500 --formats csv";

#[test]
fn numbers_of_few_households_are_withheld_with_others_that_give_them_away() {
    let desk = Desk::new();
    fs::write(desk.0.path().join("households.csv"), households().0).unwrap();
    desk.works(&format!("{HOUSEHOLDS} --method suppress --threshold 3 --contributor household --threshold-units 3 -o out"));
    assert_eq!(desk.parameters("out")["threshold_units"], "3");
    let totals = |level: &str| -> Vec<Option<i64>> {
        let numbers = desk.numbers("out", level).into_iter();
        numbers.filter(|((_, column), _)| column == "total").map(|(_, number)| number).collect()
    };
    assert_eq!(totals("100m"), [None, None, Some(60), Some(60)]);
    assert_eq!(totals("500m"), [Some(190)]);
    // Who records belong to is read, so a record that does not say it is told.
    let unnamed = households().0 + "4300000,3300000,,5\n";
    fs::write(desk.0.path().join("households.csv"), unnamed).unwrap();
    let line = format!("{HOUSEHOLDS} --method suppress --threshold 3 --contributor household --threshold-units 3 -o told");
    assert!(desk.works(&line).contains("column household"));
}

#[test]
fn dominated_sums_are_withheld() {
    let desk = Desk::new();
    fs::write(desk.0.path().join("households.csv"), households().0).unwrap();
    // By record, the rich person's cell alone is dominated; one more number keeps it from being computed.
    for (rest, dominated) in [
        ("--profile ba", vec![3]),
        ("--method suppress --threshold 3 --p-percent 70", vec![3]),
        ("--profile ba --contributor household", vec![0, 1, 3]),
    ] {
        desk.works(&format!("{HOUSEHOLDS} --sum income=income {rest} -o out"));
        let numbers = desk.numbers("out", "100m");
        let withheld: Vec<usize> = (0..4)
            .filter(|cell| {
                let id = format!("CRS3035RES100mN3300000E{}", 4_300_000 + 100 * cell);
                let of = |column: &str| numbers[&(id.clone(), column.to_owned())];
                assert_eq!(of("total").is_none(), of("income_total").is_none());
                of("total").is_none()
            })
            .collect();
        assert!(dominated.iter().all(|cell| withheld.contains(cell)), "{rest}: {withheld:?}");
        // A single dominated cell would follow from the 500 m cell.
        assert_eq!(withheld.len(), dominated.len().max(2), "{rest}: {withheld:?}");
    }
    assert_eq!(desk.parameters("out")["dominance"], "1, 50 %; 2, 85 %");
}

#[test]
fn what_a_profile_needs_or_contradicts_is_said() {
    let desk = Desk::new();
    for (rest, word) in [
        ("--profile standard --threshold 4", "profile `standard` sets `protection.threshold` = 5, but 4 is asked for"),
        ("--profile standard --method round", "`protection.method`"),
        ("--profile standard --base 5", "protection.base"),
        ("--profile destatis-sgb2", "--numerator"),
        ("--profile destatis-sgb2 --numerator profit=SGB", "(possible: age, benefit)"),
        ("--profile destatis-sgb2 --numerator benefit=SGBII", "numerator"),
        ("--profile destatis-sgb2 --numerator benefit=SGB --numerator age=x", "one dimension"),
        ("--method suppress --threshold 3 --numerator benefit=SGB", "--minimum-base"),
        ("--method suppress --threshold 3 --numerator benefit=SGB --minimum-base 1", "2 or more"),
        ("--profile zensus", "--id"),
        ("--profile zensus --id id", "--key"),
        ("--profile standard --group-disclosure benefit", "--sensitive"),
        ("--profile standard --sensitive profit=SGB", "profit"),
        ("--profile standard --threshold-units 3", "--contributor"),
        ("--profile standard --threshold-units 1 --contributor id", "2 or more"),
        ("--profile standard --contributor id", "threshold_units, dominance or p_percent"),
        ("--profile standard --dominance 1:50", "--sum"),
        ("--profile standard --sum ages=age --dominance 150", "N:K"),
        ("--profile standard --sum ages=age --dominance 2:100", "k below 100"),
        ("--profile ba --sum ages=age --dominance 1:60", "profile `ba` sets `protection.dominance`"),
        ("--method none --reason test --p-percent 10 --sum ages=age", "protection.p_percent"),
    ] {
        desk.refused(&format!("{RUN} {rest} -o refused"), word);
    }
}
