//! A report of a hand-made release.

use serde_json::json;

use super::*;
use crate::confidential::for_tests::{Number, block, release};
use crate::confidential::{Dimension, Lattice, Level, Table, Unit};
use crate::grid::{CellId, GridSize, GridSizes};

/// Two cells with a total and two categories: 30 = 20 + 10, and a withheld one with a zero.
fn two_cells() -> Release {
    let size = GridSize::new(100).unwrap();
    let lattice = Lattice {
        sizes: GridSizes::new(&[100]).unwrap(),
        joined: None,
        systems: Vec::new(),
        dimensions: vec![Dimension { name: "sex".into(), label: "Sex".into(), categories: vec!["m".into(), "w".into()] }],
        tables: vec![Table(vec![]), Table(vec![0])],
        measures: vec!["income".into()],
        dates: vec![None],
    };
    let units = [0, 100].map(|east| Unit::Cell(CellId::of_corner(size, 4_300_000 + east, 3_300_000).unwrap()));
    let (p, s) = (Number::Published, Number::Suppressed);
    let numbers = [p(30), p(20), p(10), p(900), p(600), p(300), s, p(0), s, s, p(0), s];
    release(lattice, vec![block(0, Level::Grid(size), units.to_vec(), numbers)])
}

fn report(release: &Release, language: Language) -> Report<'_> {
    Report {
        title: "A <b>title</b>",
        attribution: "",
        language,
        declared: Declared { purpose: Some("planning & care".into()), ..Declared::default() },
        profile: None,
        release,
        losses: Losses::of(release),
        fields: vec![
            InputField { column: "x_25832".into(), fate: Fate::Coordinate },
            InputField { column: "geschlecht".into(), fate: Fate::Category("sex".into()) },
        ],
        records: json!({"read": {"count": 40}, "placed": {"count": 40}, "rejected": {"date": {"count": null, "below": 5}}, "areas": {}}),
        inputs: vec![("persons.csv".into(), "ab12".into())],
        outputs: vec![("release.parquet".into(), "cd34".into())],
        audit: None,
    }
}

#[test]
fn statuses_and_published_records_are_added_up_by_table() {
    let release = two_cells();
    let found = Losses::of(&release).tables;
    let told: Vec<_> = found.iter().map(|t| (t.table.as_str(), t.by_status, t.records_shown)).collect();
    assert_eq!(
        told,
        [
            ("total", [1, 0, 1, 0, 0], Some(30)),
            ("sex", [2, 1, 1, 0, 0], Some(30)),
            ("total:income", [1, 0, 1, 0, 0], None),
            ("sex:income", [2, 1, 1, 0, 0], None),
        ]
    );
    assert_eq!(found[1].share_shown(), Some(0.75));
}

#[test]
fn the_page_stands_alone_and_shows_markup_as_text() {
    let release = two_cells();
    let page = html::page(&report(&release, Language::English));
    assert!(page.contains("A &lt;b&gt;title&lt;/b&gt;") && page.contains("planning &amp; care") && !page.contains("<b>"));
    for outside in ["<script", "<link", "<img", "src=", "href=", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    for part in ["75.0 %", "1 to 4", "x_25832", "dropped as soon as", "has not been attacked", "ab12", "cd34"] {
        assert!(page.contains(part), "{part}");
    }
    for tag in ["table", "thead", "tbody", "tr", "td", "th", "ul", "li", "p", "h2"] {
        let (opened, closed) = (
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count(),
            page.matches(&format!("</{tag}>")).count(),
        );
        assert_eq!(opened, closed, "{tag}");
    }
}

#[test]
fn the_page_speaks_german() {
    let release = two_cells();
    let page = html::page(&report(&release, Language::German));
    assert!(page.contains("<html lang=\"de\">") && page.contains("75,0 %") && page.contains("1 bis 4"));
    for goal in [
        "Datenminimierung",
        "Verfügbarkeit",
        "Integrität",
        "Vertraulichkeit",
        "Nichtverkettung",
        "Transparenz",
        "Intervenierbarkeit",
    ] {
        assert!(page.contains(goal), "{goal}");
    }
}

#[test]
fn what_attacks_found_stands_in_both_files() {
    let release = two_cells();
    let (tried, not_tried) = (vec![("across zooms".into(), 1237, 1)], vec![("averaging".into(), "one bundle".into())]);
    let attacks = Attacked { tried, not_tried, safe: 1234, at_risk: 1, not_proven: 2 };
    let report = Report { audit: Some(attacks), ..report(&release, Language::English) };
    let page = html::page(&report);
    assert!(page.contains("across zooms") && page.contains("1,234") && !page.contains("has not been attacked"));
    let told = &json::json(&report)["audit"];
    assert_eq!((&told["attacks"][0]["attacked"], &told["attacks"][0]["found"]), (&json!(1237), &json!(1)));
    assert_eq!(told["not_tried"][0]["why"], "one bundle");
    assert_eq!((&told["safe"], &told["at_risk"], &told["not_proven"]), (&json!(1234), &json!(1), &json!(2)));
}

#[test]
fn every_method_tells_what_it_leaves() {
    let mut release = two_cells();
    for method in ["suppress", "round", "cell-key", "none"] {
        release.method = method;
        for language in [Language::English, Language::German] {
            assert!(words::residual_risks(&release, language).len() >= 2);
        }
    }
    let texts: std::collections::BTreeSet<String> = ["suppress", "round", "cell-key", "none"]
        .map(|method| {
            release.method = method;
            words::promise(&release, Language::English)
        })
        .into();
    assert_eq!(texts.len(), 4);
}

#[test]
fn both_files_are_written() {
    let release = two_cells();
    let folder = tempfile::tempdir().unwrap();
    report(&release, Language::English).write(folder.path()).unwrap();
    let json: Value = serde_json::from_slice(&std::fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    assert_eq!((&json["purpose"], &json["legal_basis"]), (&json!("planning & care"), &Value::Null));
    assert_eq!(json["published"][1]["suppressed"], 1);
    assert!(std::fs::read_to_string(folder.path().join("report.html")).unwrap().starts_with("<!DOCTYPE html>"));
    let missing = folder.path().join("missing");
    let error = report(&release, Language::German).write(&missing).unwrap_err();
    assert!(error.explain(Language::German).contains("report.html"));
}
