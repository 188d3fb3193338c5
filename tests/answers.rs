//! What a server tells in a session of many random questions, attacked together with the release: nothing is told that is not published or a sum of it,
//! and nothing withheld follows from both. Beside it answers that would give something away, each of which is found.

mod desk;

use std::collections::BTreeMap;
use std::fmt::Write;

use desk::server::Server;
use kleinraum::geodesy::{Projection, ReferenceSystem};
use kleinraum::grid::CellId;
use serde_json::{Value, json};

/// Small numbers that are the same everywhere.
fn random(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize % below
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        write!(all, "%{byte:02X}").unwrap();
        all
    })
}

/// What a session asked for and got.
#[derive(Default)]
struct Session {
    lines: String,
    answers: usize,
    drawn: usize,
    tables: usize,
    few: usize,
}

impl Session {
    fn keep(&mut self, answer: &Value) {
        self.lines += &format!("{answer}\n");
        self.answers += 1;
    }
}

/// Questions over all dimensions and levels, a third about drawn rectangles, a fifth within an area, some as tables.
fn session(server: &Server, questions: usize) -> Session {
    let (mut state, mut session) = (41, Session::default());
    for _ in 0..questions {
        let mut conditions = Vec::new();
        for (name, categories) in [("age", &["0-17", "18-64", "65+"][..]), ("sex", &["f", "m"])] {
            let picked: Vec<&str> = categories.iter().filter(|_| random(&mut state, 2) == 0).copied().collect();
            if !picked.is_empty() && random(&mut state, 3) > 0 {
                conditions.push(format!("{name}={}", picked.join(",")));
            }
        }
        if random(&mut state, 5) == 0 {
            conditions.push(format!("in={}", ["west", "east"][random(&mut state, 2)]));
        }
        let level = ["100m", "500m", "1km", "half"][random(&mut state, 4)];
        let top = [0, 3, 10, 10_000][random(&mut state, 4)];
        let mut asked = format!("q={}&by={level}&top={top}", encoded(&conditions.join(" & ")));
        let drawn = level != "half" && random(&mut state, 2) == 0;
        if drawn {
            let mut corner = || (9.995 + random(&mut state, 60) as f64 / 1000.0, 53.515 + random(&mut state, 50) as f64 / 1000.0);
            let ((west, south), (east, north)) = (corner(), corner());
            asked += &format!("&within={west},{south};{east},{south};{east},{north};{west},{north}");
        }
        let answer = server.get(&format!("/b/out/ask?{asked}"), &[]);
        if answer.status == 400 {
            assert!(drawn, "{}", String::from_utf8_lossy(&answer.body));
            session.few += 1;
            continue;
        }
        assert_eq!(answer.status, 200, "{asked}");
        let answer = answer.json();
        session.drawn += usize::from(drawn);
        session.keep(&answer);
        if random(&mut state, 10) == 0 {
            let mut table = json!({"rows": []});
            for name in ["query", "level", "date", "within", "in"] {
                table[name] = answer[name].clone();
            }
            let csv = String::from_utf8(server.get(&format!("/b/out/select.csv?{asked}"), &[]).body).unwrap();
            for line in csv.lines().skip(1) {
                let fields: Vec<&str> = line.split(',').collect();
                let number = |text: &str| text.parse::<i64>().ok();
                table["rows"]
                    .as_array_mut()
                    .unwrap()
                    .push(json!({"id": fields[0], "count": number(fields[3]), "base": number(fields[5])}));
            }
            session.keep(&table);
            session.tables += 1;
        }
    }
    session
}

/// Exit status and what was found: the session's own words, and the numbers of one attack.
fn audited(desk: &std::path::Path, lines: &str) -> (Option<i32>, Value) {
    std::fs::write(desk.join("session.jsonl"), lines).unwrap();
    desk::audit_all(desk, &["out", "--answers", "session.jsonl"])
}

fn of(told: &Value, attack: &str) -> (u64, u64) {
    let attacks = told["attacks"].as_array().unwrap_or_else(|| panic!("{told}"));
    let found = attacks.iter().find(|a| a["attack"] == attack).unwrap_or_else(|| panic!("{told}"));
    (found["attacked"].as_u64().unwrap(), found["found"].as_u64().unwrap())
}

/// How many questions a session has: so many in CI, more if asked for.
fn questions() -> usize {
    std::env::var("KLEINRAUM_QUESTIONS").map_or(2000, |n| n.parse().expect("KLEINRAUM_QUESTIONS is a number"))
}

fn a_session_tells_nothing_more(protection: &str, withheld: bool) {
    let (desk, _) = desk::desk();
    desk::run(desk.path(), "out", &desk::Job { protection, ..desk::Job::default() });
    let server = Server::start(desk.path());
    let session = session(&server, questions());
    drop(server);
    let (status, told) = audited(desk.path(), &session.lines);
    eprintln!(
        "{} answers, {} of drawn areas, {} tables, {} with too few people: {told}",
        session.answers, session.drawn, session.tables, session.few
    );
    assert_eq!((status, told["at_risk"].as_u64()), (Some(0), Some(0)), "{told}");
    let (numbers, beyond) = of(&told, "told-but-not-published");
    assert!(numbers > 10 * questions() as u64 && beyond == 0, "{told}");
    assert!((session.drawn + session.few) * 10 > questions() * 3 && session.drawn * 10 > questions() && session.tables > 10);
    if withheld {
        // The same numbers are open as without the answers: they narrow nothing.
        let alone = desk::audit(desk.path(), "out").1;
        for name in ["targets", "safe", "harmless", "not_proven", "not_linear"] {
            assert_eq!(told[name], alone[name], "{name}");
        }
        assert!(of(&told, "answers").0 > 1000 && of(&told, "answers").1 == 0);
    }
}

#[test]
fn a_session_tells_nothing_more_than_a_release_that_withholds() {
    a_session_tells_nothing_more("method = \"suppress\"\nthreshold = 5", true);
}

#[test]
fn a_session_tells_nothing_more_than_a_rounded_release() {
    a_session_tells_nothing_more("method = \"round\"\nbase = 5\n[unit]\nid = \"id\"\nkey = \"a.key\"", false);
}

/// A polygon round the middle of a cell.
fn round_the_middle(id: &str) -> String {
    let cell: CellId = id.parse().unwrap();
    let half_m = f64::from(cell.size().metres()) / 2.0;
    let (x, y) = (f64::from(cell.easting_m()) + half_m, f64::from(cell.northing_m()) + half_m);
    let projection = Projection::new(&ReferenceSystem::etrs89_laea(), &ReferenceSystem::wgs84()).unwrap();
    let (lon, lat) = projection.exact(x, y).unwrap();
    let (w, e, s, n) = (lon - 3e-4, lon + 3e-4, lat - 2e-4, lat + 2e-4);
    format!("POLYGON(({w} {s}, {e} {s}, {e} {n}, {w} {n}, {w} {s}))")
}

#[test]
fn answers_that_give_something_away_are_found() {
    let (desk, truth) = desk::bundle("");
    let mut published = BTreeMap::new();
    let copy = desk.path().join("copy.parquet");
    std::fs::copy(desk::release(desk.path()), &copy).unwrap();
    desk::rewrite_of(&copy, |key, value, _| {
        published.insert(key.clone(), value);
        value
    });
    let key =
        |level: &str, id: &str, table: &str, group: &str| (level.to_owned(), id.to_owned(), table.to_owned(), group.to_owned());
    // A small cell whose total is withheld, and one whose total is told, but not how many of an age.
    let total = |(level, _, table, _): &&desk::Key| level == "500m" && table == "total";
    let hidden =
        published.iter().filter(|(k, v)| total(k) && v.is_none()).find(|(k, _)| (1..5).contains(truth.get(*k).unwrap_or(&0)));
    let (hidden, _) = hidden.expect("some cell is small");
    let of_old = |id: &str| key("500m", id, "age", "65+");
    let bare = published.iter().filter(|(k, v)| total(k) && v.is_some()).find(|(k, _)| {
        let old = of_old(&k.1);
        published[&old].is_none() && (1..5).contains(truth.get(&old).unwrap_or(&0))
    });
    let (bare, everybody) = bare.expect("some group is small");
    let (old, everybody) = (truth[&of_old(&bare.1)], everybody.unwrap());
    let question = |query: &str, rows: Value| json!({"query": query, "level": "500m", "date": null, "within": null, "in": null, "rows": rows});
    let share = old as f64 / everybody as f64;
    let six = |number: f64| (number * 1e6).round() / 1e6;
    let found = |answer: &Value, what: &desk::Key| {
        let (status, told) = audited(desk.path(), &answer.to_string());
        assert_eq!(status, Some(1), "{answer}: {told}");
        assert_eq!(of(&told, "told-but-not-published").1, 1, "{answer}: {told}");
        assert!(of(&told, "answers").1 > 0, "{answer}: {told}");
        let named = told["worst"].as_array().unwrap().iter().any(|place| {
            place["attack"] == "answers" && place["level"] == what.0 && place["id"] == what.1 && place["group"] == what.3
        });
        assert!(named, "{answer}: {told}");
    };
    // A drawn area that holds one withheld cell.
    let mut drawn = question("*", json!([]));
    drawn["within"] = json!(round_the_middle(&hidden.1));
    drawn["whole"] = json!({"count": truth[hidden], "status": "value"});
    found(&drawn, hidden);
    // The share of a number that is withheld; the quotient of it; the number itself.
    found(&question("age=65+", json!([{"id": bare.1, "count": null, "base": everybody, "share": six(share)}])), &of_old(&bare.1));
    found(&question("age=65+", json!([{"id": bare.1, "count": null, "base": null, "share": six(share)}])), &of_old(&bare.1));
    let mut quotient =
        question("age=65+", json!([{"id": bare.1, "count": null, "base": everybody, "quotient": six(share / 0.1)}]));
    quotient["share"] = json!(0.1);
    found(&quotient, &of_old(&bare.1));
    found(&question("age=65+", json!([{"id": bare.1, "count": old}])), &of_old(&bare.1));
    // A sum that holds a withheld cell beside a told one, as places that hold most.
    let mut set = question("*", json!([]));
    set["smallest_set"] = json!({"ids": [hidden.1, bare.1], "count": truth[hidden] + everybody});
    found(&set, hidden);
    // "At least" that is more than what is published: no equation, but not what the server may tell.
    let mut at_least = drawn.clone();
    at_least["whole"] = json!({"count": truth[hidden], "status": "at least"});
    let (status, told) = audited(desk.path(), &at_least.to_string());
    assert_eq!((status, of(&told, "told-but-not-published").1), (Some(1), 1), "{told}");
    // What is no number of this bundle is an error, not a silence.
    for line in
        ["{}", "nonsense", r#"{"query":"hair=red","level":"1km","date":null}"#, r#"{"query":"*","level":"9km","date":null}"#]
    {
        assert_eq!(audited(desk.path(), line).0, Some(1), "{line}");
        assert!(audited(desk.path(), line).1["message"].as_str().unwrap().contains("line 1"), "{line}");
    }
    assert_eq!(desk::kleinraum(desk.path(), &["audit", "out", "--answers", "none.jsonl"]).status.code(), Some(3));
}

#[test]
fn a_true_number_beside_a_rounded_one_is_found() {
    let (desk, truth) = desk::desk();
    let protection = "method = \"round\"\nbase = 5\n[unit]\nid = \"id\"\nkey = \"a.key\"";
    desk::run(desk.path(), "out", &desk::Job { protection, ..desk::Job::default() });
    let mut changed = None;
    let copy = desk.path().join("copy.parquet");
    std::fs::copy(desk::release(desk.path()), &copy).unwrap();
    desk::rewrite_of(&copy, |key, value, _| {
        let true_number = truth.get(key).copied().filter(|n| key.2 == "total" && value.is_some_and(|value| value != *n));
        changed = changed.take().or(true_number.map(|n| (key.clone(), n)));
        value
    });
    let (key, true_number) = changed.expect("rounding changes something");
    let answer = json!({"query": "*", "level": key.0, "date": null, "rows": [{"id": key.1, "count": true_number}]});
    let (status, told) = audited(desk.path(), &answer.to_string());
    assert_eq!((status, of(&told, "told-but-not-published")), (Some(1), (1, 1)), "{told}");
}
