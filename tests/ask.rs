//! Questions to real bundles: the program's words, and a session of many random questions in which nothing but published numbers is told.

mod desk;

use std::collections::BTreeMap;

use kleinraum::ask::{AskError, LEAST_PEOPLE, Options, Outline, Query, Stock, answer, phrase};
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
fn words_of_the_plan_and_a_drawn_area() {
    let words = "method = \"suppress\"\nthreshold = 5";
    let (desk, _) = desk::desk();
    desk::run(desk.path(), "out", &desk::Job { protection: words, tables: r#"["age"], ["sex"]"#, ..desk::Job::default() });
    // A plan's words stand in run.json.
    let file = desk.path().join("out/run.json");
    let mut run: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(run["synonyms"], serde_json::json!({}));
    run["synonyms"] =
        serde_json::json!({"age": {"Halbstarke": ["0-17"], "Erwerbsalter und Kinder": ["18-64", "0-17"], "Greise": ["100+"]}});
    std::fs::write(&file, run.to_string()).unwrap();
    let stock = Stock::read(&desk.path().join("out")).unwrap();
    let written = |text: &str| phrase::read(&stock, text).map(|r| r.query.written(&stock));
    assert_eq!(written("Wo leben Halbstarke?").as_deref(), Ok("age=0-17"));
    assert_eq!(written("age=halbstarke & sex=f").as_deref(), Ok("age=0-17 & sex=f"));
    assert_eq!(written("Wo leben Frauen im Erwerbsalter und Kinder?").as_deref(), Ok("age=0-17,18-64 & sex=f"));
    assert!(written("age=Greise").is_err());

    let polygon = r#"{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[9.9,53.4],[10.1,53.4],[10.1,53.7],[9.9,53.7],[9.9,53.4]]]}}"#;
    std::fs::write(desk.path().join("all.geojson"), polygon).unwrap();
    let told = |words: &[&str]| desk::kleinraum(desk.path(), &[&["ask", "out", "*", "--json"][..], words].concat());
    let json = |output: std::process::Output| serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
    let (all, drawn) = (json(told(&["--by", "1km"])), json(told(&["--by", "1km", "--within", "all.geojson"])));
    assert_eq!(all["places"], drawn["places"]);
    let counts = |of: &serde_json::Value| {
        of["rows"].as_array().unwrap().iter().map(|r| (r["id"].clone(), r["count"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(counts(&all), counts(&drawn));
    assert_eq!(told(&["--within", "areas.geojson"]).status.code(), Some(2), "metres are no degrees");
    assert_eq!(told(&["--within", "nowhere.geojson"]).status.code(), Some(3));
    assert_eq!(told(&["--within", "all.geojson", "--by", "half"]).status.code(), Some(2));
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
    let questions = 10_000;
    let (mut state, mut told, mut withheld, mut few) = (11, 0, 0, 0);
    for _ in 0..questions {
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
        // Every third question is about a rectangle somewhere.
        let corner = |state: &mut u64| (10.0 + random(state, 45) as f64 / 1000.0, 53.52 + random(state, 40) as f64 / 1000.0);
        let ((west, south), (east, north)) = (corner(&mut state), corner(&mut state));
        let drawn = (random(&mut state, 3) == 0 && by != "half")
            .then(|| Outline::parse(&format!("{west},{south};{east},{south};{east},{north};{west},{north}")).unwrap());
        let options = Options { by: Some(by), top: usize::MAX, within: drawn.as_ref(), ..Options::default() };
        let answer = match answer(&stock, &query, &options) {
            Err(AskError::FewPeople) => {
                few += 1;
                continue;
            }
            answer => answer.unwrap(),
        };
        assert!(drawn.is_none() || answer.base.count >= LEAST_PEOPLE);
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
    eprintln!("{questions} questions: {told} numbers told, {withheld} withheld, {few} drawn areas with too few people");
    assert!(told > 10_000 && withheld > 1_000 && few > 10, "{told} told, {withheld} withheld, {few} with few people");
}
