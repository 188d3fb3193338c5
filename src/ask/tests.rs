//! A bundle of two dimensions that are not crossed, in one area system and one grid.

use std::collections::BTreeMap;

use crate::ask::stock::{Column, Count, Dimension, Shelf, Stock};
use crate::ask::{AskError, Options, Query, answer, phrase};
use crate::error::Language;
use crate::grid::GridSize;

fn dimension(name: &str, label: &str, categories: &[&str]) -> Dimension {
    Dimension {
        name: name.into(),
        label: label.into(),
        categories: categories.iter().map(|c| (*c).into()).collect(),
        synonyms: Vec::new(),
    }
}

/// Tables: total, age, benefit. Three towns; benefit `SGB II` is withheld in the last.
fn stock(method: &str) -> Stock {
    let dimensions = vec![
        dimension("alter", "Alter", &["0 bis unter 6", "6 bis unter 18", "18 und mehr"]),
        dimension("leistung", "Leistung", &["keine", "SGB II"]),
    ];
    let column = |dimensions: &[usize], group: &[usize]| {
        let field = format!("f{dimensions:?}{group:?}");
        Column { status_field: format!("{field}_status"), field, dimensions: dimensions.into(), group: group.into() }
    };
    let columns = vec![
        column(&[], &[]),
        column(&[0], &[0]),
        column(&[0], &[1]),
        column(&[0], &[2]),
        column(&[1], &[0]),
        column(&[1], &[1]),
    ];
    let number = |n: i64| match n {
        -1 => Count::SUPPRESSED,
        n => Count::new(Some(n), if n == 0 { "zero" } else { "value" }).unwrap(),
    };
    let shelf = |level: &str, size: Option<u32>, places: &[(&str, &str, [i64; 6])]| Shelf {
        name: level.into(),
        level: level.into(),
        date: None,
        size: size.map(|m| GridSize::new(m).unwrap()),
        zooms: None,
        ids: places.iter().map(|p| p.0.into()).collect(),
        labels: places.iter().map(|p| p.1.into()).collect(),
        numbers: places.iter().flat_map(|p| p.2.map(number)).collect(),
        width: 6,
    };
    Stock {
        folder: ".".into(),
        title: String::new(),
        attribution: String::new(),
        method: method.into(),
        parameters: BTreeMap::new(),
        dimensions,
        columns,
        dates: vec![None],
        shelves: vec![
            shelf("10km", Some(10_000), &[("CRS3035RES10000mN3380000E4320000", "", [300, 30, 60, 210, 250, 50])]),
            shelf(
                "gemeinde",
                None,
                &[
                    ("01", "Appen", [100, 10, 20, 70, 90, 10]),
                    ("02", "Bokel", [150, 15, 30, 105, 115, 35]),
                    ("03", "Groß Rönnau", [50, 5, 10, 35, -1, -1]),
                ],
            ),
        ],
        cells_of_areas: BTreeMap::new(),
    }
}

fn written(text: &str) -> Result<String, AskError> {
    let stock = stock("suppress");
    phrase::read(&stock, text).map(|r| r.query.written(&stock))
}

#[test]
fn a_query_is_written_the_same_way_however_it_was_typed() {
    for text in ["alter=0-17", "Alter = 0 bis unter 18", " ALTER=0 bis unter 6,6 bis unter 18 & "] {
        assert_eq!(written(text).as_deref(), Ok("alter=0 bis unter 6,6 bis unter 18"), "{text}");
    }
    assert_eq!(written("").as_deref(), Ok("*"));
    assert_eq!(written("alter=0 bis unter 6,6 bis unter 18,18+").as_deref(), Ok("*"), "all of a dimension are everybody");
}

#[test]
fn questions_in_words() {
    for (text, expected) in [
        ("Wo wohnen Kinder?", "alter=0 bis unter 6,6 bis unter 18"),
        ("Kinder unter sechs in Appen", "alter=0 bis unter 6 & in=01"),
        ("Wo leben Menschen mit Bürgergeld?", "leistung=SGB II"),
        ("Wie viele Menschen mit SGB II gibt es in Groß Rönnau?", "leistung=SGB II & in=03"),
        ("Where do adults live?", "alter=18 und mehr"),
        ("children from 6 to 17 on SGB II", "alter=6 bis unter 18 & leistung=SGB II"),
        ("Wie viele Menschen leben in Bokel?", "in=02"),
        ("Wo wohnen alle?", "*"),
    ] {
        assert_eq!(written(text).as_deref(), Ok(expected), "{text}");
    }
    assert_eq!(written("Wo ist der Bahnhof?"), Err(AskError::Nothing));
}

#[test]
fn what_does_not_fit_is_told() {
    let stock = stock("suppress");
    let reading = phrase::read(&stock, "Kinder unter drei mit Hund in Gemeinden").unwrap();
    assert_eq!(reading.query.written(&stock), "alter=0 bis unter 6");
    assert_eq!((reading.unsure, reading.unread), (vec!["alter=0 bis unter 6".to_owned()], vec!["Hund".to_owned()]));
    assert_eq!(reading.level.as_deref(), Some("gemeinde"));
    // A word that turns the question round is not passed over.
    assert_eq!(phrase::read(&stock, "Wo wohnen Menschen ohne SGB II?").unwrap().unread, ["ohne"]);
    // Neither are families, where persons are counted, and a number of something else.
    let families = phrase::read(&stock, "Wie viele Familien mit 2 Kindern leben in Appen, how many households?").unwrap();
    assert_eq!(families.query.written(&stock), "alter=0 bis unter 6,6 bis unter 18 & in=01");
    assert_eq!(
        (families.other_units, families.unread),
        (vec!["Familien".to_owned(), "households".to_owned()], vec!["2".to_owned()])
    );
    let refused = Query::parse(&stock, "alter=0-2").unwrap_err();
    assert!(matches!(refused, AskError::Category { instead: Some(i), .. } if i == "alter=0 bis unter 6"));
}

#[test]
fn what_is_not_crossed_is_refused_with_what_can_be_asked() {
    let stock = stock("suppress");
    let query = Query::parse(&stock, "alter=0-5 & leistung=SGB II").unwrap();
    let Err(AskError::NotPublished { instead, .. }) = answer(&stock, &query, &Options::default()) else { panic!("answered") };
    assert_eq!(instead, ["alter=0 bis unter 6", "leistung=SGB II"]);
}

#[test]
fn an_answer_adds_published_numbers_and_says_what_is_withheld() {
    let stock = stock("suppress");
    let asked = |text: &str, by: Option<&str>| {
        let query = Query::parse(&stock, text).unwrap();
        answer(&stock, &query, &Options { by, ..Options::default() }).unwrap().to_json(Language::German)
    };
    let children = asked("alter=0-17", None);
    assert_eq!(children["whole"], serde_json::json!({"count": 90, "status": "value"}));
    assert_eq!((children["rows"][0]["id"].as_str(), children["rows"][0]["count"].as_i64()), (Some("02"), Some(45)));
    assert_eq!(children["rows"][0]["quotient"], 1.0);
    assert_eq!(children["smallest_set"]["places"], 2);
    // The town that withholds is not listed, and never worked out from the whole.
    let benefit = asked("leistung=SGB II", None);
    assert_eq!(benefit["whole"], serde_json::json!({"count": 50, "status": "value"}));
    assert_eq!((benefit["withheld"].as_u64(), benefit["rows"].as_array().unwrap().len()), (Some(1), 2));
    assert_eq!(
        benefit["sentence"],
        "50 Personen, 16,7 % von 300; die meisten in Bokel (35); 1 von 3 Orten haben 60 %; in 1 Orten geheim gehalten"
    );
    // Where it is asked for in that town alone, nothing is told but that something is withheld.
    let there = asked("leistung=SGB II & in=03", None);
    assert_eq!(there["whole"], serde_json::json!({"count": 0, "status": "at least"}));
}
