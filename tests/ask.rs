//! Questions to real bundles: the program's words, and a session of many random questions in which nothing but published numbers is told.

mod desk;

use std::collections::BTreeMap;

use kleinraum::ask::{AskError, Options, Query, Stock, answer, phrase};
use kleinraum::error::Language;

/// Small numbers that are the same everywhere.
fn random(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize % below
}

fn bundle(protection: &str, tables: &str) -> tempfile::TempDir {
    let (desk, _) = desk::desk();
    desk::run(desk.path(), "out", &desk::Job { protection, tables, ..desk::Job::default() });
    desk
}

#[test]
fn a_question_in_the_written_form_and_in_words() {
    let desk = bundle("method = \"suppress\"\nthreshold = 5", r#"["age"], ["sex"], ["age", "sex"]"#);
    let ask = |words: &[&str]| {
        let output = desk::kleinraum(desk.path(), &[&["ask", "out"][..], words].concat());
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (status, told, _) = ask(&["age=0-17 & sex=f", "--by", "half", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((status, json["query"].as_str(), json["level"].as_str()), (Some(0), Some("age=0-17 & sex=f"), Some("half")));
    assert_eq!(json["error_at_most"], 0);
    // The same again is the same bytes.
    assert_eq!(ask(&["age=0-17 & sex=f", "--by", "half", "--json"]).1, told);
    let (status, words, _) = ask(&["Wo wohnen Frauen ab 65?", "--by", "1km", "--top", "3"]);
    assert_eq!(status, Some(0));
    assert!(words.starts_with("query     age=65+ & sex=f\n"), "{words}");
    assert!(words.contains("read    “Frauen” as sex: f"), "{words}");
    let (status, _, error) = ask(&["hair=red"]);
    assert_eq!(status, Some(2));
    assert!(error.contains("age, sex"), "{error}");
    let (status, _, _) = ask(&["*", "--by", "nowhere"]);
    assert_eq!(status, Some(2));
    assert_eq!(desk::kleinraum(desk.path(), &["ask", "areas.geojson", "*"]).status.code(), Some(3));
}

#[test]
fn what_is_not_published_together_is_refused_with_suppression_and_answered_where_numbers_add_up() {
    let withheld = bundle("method = \"suppress\"\nthreshold = 5", r#"["age"], ["sex"]"#);
    let stock = Stock::read(&withheld.path().join("out")).unwrap();
    let query = Query::parse(&stock, "age=65+ & sex=m").unwrap();
    let Err(AskError::NotPublished { instead, .. }) = answer(&stock, &query, &Options::default()) else { panic!("answered") };
    assert_eq!(instead, ["age=65+", "sex=m"]);
    let rounded = bundle("method = \"round\"\nbase = 5\n[unit]\nid = \"id\"\nkey = \"a.key\"", r#"["age", "sex"]"#);
    let stock = Stock::read(&rounded.path().join("out")).unwrap();
    let whole = |text: &str, by: &str| {
        let query = Query::parse(&stock, text).unwrap();
        let answer = answer(&stock, &query, &Options { by: Some(by), ..Options::default() }).unwrap();
        assert_eq!((answer.withheld, answer.whole.at_least), (0, false), "{text}");
        answer.whole.count
    };
    // No table of age alone was declared; the crossed one adds up to it, the same at every level.
    let ages: i64 = ["0-17", "18-64", "65+"].iter().map(|age| whole(&format!("age={age}"), "1km")).sum();
    assert_eq!(ages, whole("*", "100m"));
    assert_eq!(whole("age=65+", "100m"), whole("age=65+", "1km"));
}

/// Everything a session is told is a published number or a sum of such of one place: checked against the published table itself, read by
/// another reader; what the bundle withholds is attacked by `audit`, which finds nothing.
#[test]
fn a_session_of_random_questions_tells_nothing_that_is_not_published() {
    let desk = bundle("method = \"suppress\"\nthreshold = 5", r#"["age"], ["sex"], ["age", "sex"]"#);
    assert_eq!(desk::audit(desk.path(), "out").0, Some(0));
    let mut published: BTreeMap<(String, String, String), BTreeMap<String, Option<i64>>> = BTreeMap::new();
    let copy = desk.path().join("copy.parquet");
    std::fs::copy(desk::release(desk.path()), &copy).unwrap();
    desk::rewrite_of(&copy, |(level, id, table, group), value, _| {
        published.entry((level.clone(), id.clone(), table.clone())).or_default().insert(group.clone(), value);
        value
    });
    let stock = Stock::read(&desk.path().join("out")).unwrap();
    let (mut state, mut told, mut withheld) = (11, 0, 0);
    for _ in 0..600 {
        let mut conditions = Vec::new();
        for dimension in &stock.dimensions {
            let picked: Vec<&str> =
                dimension.categories.iter().filter(|_| random(&mut state, 2) == 0).map(String::as_str).collect();
            if !picked.is_empty() && random(&mut state, 3) > 0 {
                conditions.push((dimension.name.as_str(), picked));
            }
        }
        let text = conditions.iter().map(|(name, picked)| format!("{name}={}", picked.join(","))).collect::<Vec<_>>().join(" & ");
        let query = phrase::read(&stock, &text).unwrap().query;
        let levels = stock.levels();
        let by = &levels[random(&mut state, levels.len())];
        let answer = answer(&stock, &query, &Options { by: Some(by), top: usize::MAX, ..Options::default() }).unwrap();
        assert!(answer.to_json(Language::English).to_string().len() > 10);
        withheld += answer.withheld;
        // Conditions on all categories are none.
        let kept: Vec<&(&str, Vec<&str>)> = conditions
            .iter()
            .filter(|(name, picked)| stock.dimensions.iter().any(|d| d.name == *name && d.categories.len() > picked.len()))
            .collect();
        let table = if kept.is_empty() { "total".to_owned() } else { kept.iter().map(|c| c.0).collect::<Vec<_>>().join(",") };
        for row in &answer.rows {
            let groups = &published[&(by.clone(), row.id.clone(), table.clone())];
            let parts = groups.iter().filter(|(group, _)| {
                let categories: Vec<&str> = group.split('|').collect();
                kept.iter().enumerate().all(|(at, (_, picked))| picked.contains(&categories[at]))
            });
            // A part that is withheld makes the sum withheld, and the row absent.
            let sum: i64 = parts.map(|(_, value)| value.expect("only published parts are added")).sum();
            assert_eq!(row.count.value(), Some(sum), "{text} in {}", row.id);
            told += 1;
        }
    }
    assert!(told > 10_000 && withheld > 1_000, "{told} told, {withheld} withheld");
}
