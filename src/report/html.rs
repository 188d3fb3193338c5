//! `report.html`: one file without anything beside it, for the screen and for paper.

use std::fmt::Write;

use serde_json::Value;

use crate::confidential::Status;
use crate::error::Language;
use crate::report::Report;
use crate::report::escape::Escaped;
use crate::report::words::{fate, goals, promise, residual_risks, rule};
use crate::say;

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;color:#1b1b1b;max-width:62rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid #999}\
table{border-collapse:collapse;width:100%;font-size:.92em}th,td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid #ddd}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}code{font-size:.85em;overflow-wrap:anywhere}\
.blank{display:inline-block;min-width:22rem;border-bottom:1px solid #666}.flow{font-weight:600}\
@media print{body{font-size:10.5pt;margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}thead{display:table-header-group}}\
@page{size:A4;margin:18mm}";

/// The page under way; writing to a `String` cannot fail.
struct Page {
    html: String,
    language: Language,
}

impl Page {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        self.html.write_fmt(text).expect("writing to a string does not fail");
    }

    fn heading(&mut self, text: &str) {
        self.put(format_args!("<h2>{}</h2>\n", Escaped(text)));
    }

    fn paragraph(&mut self, text: &str) {
        self.put(format_args!("<p>{}</p>\n", Escaped(text)));
    }

    /// A table; columns whose head begins with `#` hold numbers.
    fn table(&mut self, heads: &[String], rows: &[Vec<String>]) {
        let is_number: Vec<bool> = heads.iter().map(|head| head.starts_with('#')).collect();
        let class = |number: bool| if number { " class=\"n\"" } else { "" };
        self.put(format_args!("<table>\n<thead><tr>"));
        for (head, &number) in heads.iter().zip(&is_number) {
            self.put(format_args!("<th{}>{}</th>", class(number), Escaped(head.trim_start_matches('#'))));
        }
        self.put(format_args!("</tr></thead>\n<tbody>\n"));
        for row in rows {
            self.put(format_args!("<tr>"));
            for (cell, &number) in row.iter().zip(&is_number) {
                self.put(format_args!("<td{}>{}</td>", class(number), Escaped(cell)));
            }
            self.put(format_args!("</tr>\n"));
        }
        self.put(format_args!("</tbody>\n</table>\n"));
    }

    /// `1,234` or `1.234`.
    fn number(&self, number: i64) -> String {
        let separator = if self.language == Language::German { '.' } else { ',' };
        let digits = number.unsigned_abs().to_string();
        let mut text = if number < 0 { "-".to_owned() } else { String::new() };
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    /// `12.3 %` or `12,3 %`.
    fn percent(&self, share: f64) -> String {
        let text = format!("{:.1} %", share * 100.0);
        if self.language == Language::German { text.replace('.', ",") } else { text }
    }

    /// A number as `run.json` tells it: `{"count": 7}`, or `{"count": null, "below": 5}`.
    fn told(&self, told: &Value) -> String {
        match (told["count"].as_i64(), told["below"].as_i64()) {
            (Some(count), _) if told["rounded"] == true => {
                say!(self.language, "{} (rounded)", "{} (gerundet)", self.number(count))
            }
            (Some(count), _) => self.number(count),
            (None, Some(below)) => say!(self.language, "1 to {}", "1 bis {}", below - 1),
            (None, None) => say!(self.language, "not told", "nicht genannt"),
        }
    }
}

/// The whole page.
pub(super) fn page(report: &Report<'_>) -> String {
    let language = report.language;
    let mut page = Page { html: String::new(), language };
    let heading = say!(language, "Protection report", "Schutzbericht");
    page.put(format_args!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{} – {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{}</h1>\n",
        say!(language, "en", "de"),
        Escaped(report.title),
        Escaped(&heading),
        Escaped(report.title),
    ));
    page.paragraph(&say!(
        language,
        "{heading}, written by kleinraum {}. It holds nothing that the published files do not tell.",
        "{heading}, geschrieben von kleinraum {}. Er enthält nichts, was die veröffentlichten Dateien nicht sagen.",
        env!("CARGO_PKG_VERSION")
    ));
    if !report.attribution.is_empty() {
        page.paragraph(report.attribution);
    }
    declared(&mut page, report);
    rules(&mut page, report);
    flow(&mut page, report);
    published(&mut page, report);
    audit(&mut page, report);
    page.heading(&say!(language, "Residual risk", "Restrisiko"));
    page.put(format_args!("<ul>\n"));
    for risk in residual_risks(report.release, language) {
        page.put(format_args!("<li>{}</li>\n", Escaped(&risk)));
    }
    page.put(format_args!("</ul>\n"));
    page.heading(&say!(
        language,
        "The seven goals of the Standard-Datenschutzmodell",
        "Die sieben Gewährleistungsziele des Standard-Datenschutzmodells"
    ));
    let heads = [
        say!(language, "goal", "Ziel"),
        say!(language, "what the program does", "was das Programm tut"),
        say!(language, "what is left to the controller", "was der Verantwortliche tut"),
    ];
    page.table(&heads, &goals(report.release, language).map(|goal| vec![goal.name, goal.done, goal.left]));
    files(&mut page, report);
    page.put(format_args!("</body>\n</html>\n"));
    page.html
}

fn declared(page: &mut Page, report: &Report<'_>) {
    let language = page.language;
    page.heading(&say!(language, "Purpose and responsibility", "Zweck und Verantwortung"));
    page.put(format_args!("<table>\n<tbody>\n"));
    for (name, text) in [
        (say!(language, "purpose", "Zweck"), &report.declared.purpose),
        (say!(language, "legal basis", "Rechtsgrundlage"), &report.declared.legal_basis),
        (say!(language, "controller", "Verantwortlich"), &report.declared.controller),
        (say!(language, "date, signature of the data-protection officer", "Datum, Unterschrift Datenschutzbeauftragte"), &None),
    ] {
        match text {
            Some(text) => page.put(format_args!("<tr><th>{}</th><td>{}</td></tr>\n", Escaped(&name), Escaped(text))),
            None => page.put(format_args!("<tr><th>{}</th><td><span class=\"blank\">&nbsp;</span></td></tr>\n", Escaped(&name))),
        }
    }
    page.put(format_args!("</tbody>\n</table>\n"));
}

fn rules(page: &mut Page, report: &Report<'_>) {
    let language = page.language;
    page.heading(&say!(language, "Method and rules", "Verfahren und Regeln"));
    page.paragraph(&promise(report.release, language));
    let mut rows = vec![vec![say!(language, "method", "Verfahren"), report.release.method.to_owned()]];
    if let Some(profile) = report.profile {
        rows.push(vec![say!(language, "profile", "Profil"), profile.to_owned()]);
    }
    let others = report.release.parameters.iter().filter(|(name, _)| *name != "profile");
    rows.extend(others.map(|(name, value)| vec![rule(name, language), value.clone()]));
    page.table(&[say!(language, "rule", "Regel"), say!(language, "value", "Wert")], &rows);
}

fn flow(page: &mut Page, report: &Report<'_>) {
    let language = page.language;
    page.heading(&say!(language, "Data flow", "Datenfluss"));
    page.put(format_args!(
        "<p class=\"flow\">{}</p>\n",
        Escaped(&say!(
            language,
            "records → cell and areas → counts → disclosure control → release → maps and files",
            "Sätze → Zelle und Gebiete → Anzahlen → Geheimhaltung → Veröffentlichung → Karten und Dateien"
        ))
    ));
    page.paragraph(&say!(
        language,
        "Records, coordinates and raw counts stay in the memory of one run. What leaves goes through disclosure control.",
        "Sätze, Koordinaten und Rohzahlen bleiben im Arbeitsspeicher eines Laufs. Was ihn verlässt, geht durch die Geheimhaltung."
    ));
    let records = &report.records;
    let mut rows = vec![
        vec![say!(language, "records read", "Sätze gelesen"), page.told(&records["read"])],
        vec![say!(language, "placed", "verortet"), page.told(&records["placed"])],
    ];
    if records["record_dates"] == true {
        rows[1][0] = say!(language, "placed, once for each reference date", "verortet, je Stichtag einmal");
    }
    if !records["keys_mended"].is_null() {
        let title = say!(
            language,
            "placed, leading zeros of the area key restored",
            "verortet, führende Nullen des Gebietsschlüssels ergänzt"
        );
        rows.push(vec![title, page.told(&records["keys_mended"])]);
    }
    for (reason, count) in records["rejected"].as_object().into_iter().flatten() {
        rows.push(vec![say!(language, "rejected: {reason}", "abgewiesen: {reason}"), page.told(count)]);
    }
    for (system, counts) in records["areas"].as_object().into_iter().flatten() {
        rows.push(vec![say!(language, "in no area of {system}", "in keinem Gebiet von {system}"), page.told(&counts["outside"])]);
        rows.push(vec![
            say!(language, "in several areas of {system}", "in mehreren Gebieten von {system}"),
            page.told(&counts["overlapping"]),
        ]);
    }
    for (grade, percent) in records["grades_percent"].as_object().into_iter().flatten() {
        let label = say!(language, "addresses found: {grade}", "Adressen gefunden: {grade}");
        rows.push(vec![label, format!("{percent} %")]);
    }
    page.table(&[String::new(), say!(language, "#records", "#Sätze")], &rows);
    if let Some(positions) = records["positions"].as_str() {
        page.paragraph(positions);
    }
    page.heading(&say!(language, "Each column and where it ends", "Jede Spalte und wo sie endet"));
    let mut rows: Vec<Vec<String>> =
        report.fields.iter().map(|field| vec![field.column.clone(), fate(&field.fate, language)]).collect();
    rows.push(vec![
        say!(language, "all other columns", "alle anderen Spalten"),
        say!(language, "not used, in no output", "nicht verwendet, in keiner Ausgabe"),
    ]);
    page.table(&[say!(language, "column", "Spalte"), say!(language, "what becomes of it", "was aus ihr wird")], &rows);
}

fn published(page: &mut Page, report: &Report<'_>) {
    let language = page.language;
    page.heading(&say!(language, "What is published, what is lost", "Was veröffentlicht ist, was verloren geht"));
    page.paragraph(&say!(
        language,
        "Computed from published numbers alone: how many there are of each status, and how many records the published counts of a table add up to.",
        "Allein aus veröffentlichten Zahlen errechnet: wie viele es je Status gibt und auf wie viele Sätze sich die veröffentlichten Anzahlen einer Tabelle addieren."
    ));
    let heads = [
        say!(language, "date", "Stichtag"),
        say!(language, "level", "Ebene"),
        say!(language, "table", "Tabelle"),
        say!(language, "#values", "#Werte"),
        say!(language, "#zeros", "#Nullen"),
        say!(language, "#suppressed", "#gesperrt"),
        say!(language, "#shown", "#gezeigt"),
        say!(language, "#records in published counts", "#Sätze in veröffentlichten Anzahlen"),
        say!(language, "#of those placed", "#von den verorteten"),
    ];
    // With several dates what was placed is not told by date.
    let placed = report.records["placed"]["count"].as_i64().filter(|&n| n > 0 && report.release.lattice.dates.len() == 1);
    let rows: Vec<Vec<String>> = report
        .losses
        .tables
        .iter()
        .map(|table| {
            let count = |status| page.number(table.of(status) as i64);
            let share = table.records_shown.zip(placed).map(|(shown, placed)| page.percent(shown as f64 / placed as f64));
            vec![
                table.date.clone().unwrap_or_default(),
                table.level.clone(),
                table.table.clone(),
                count(Status::Value),
                count(Status::Zero),
                count(Status::Suppressed),
                table.share_shown().map_or_else(String::new, |share| page.percent(share)),
                table.records_shown.map_or_else(String::new, |records| page.number(records)),
                share.unwrap_or_default(),
            ]
        })
        .collect();
    page.table(&heads, &rows);
    let joined = &report.losses.cell_sizes;
    if joined.is_empty() {
        return;
    }
    page.heading(&say!(language, "Joined cells", "Verbundene Zellen"));
    page.paragraph(&say!(
        language,
        "Where few people live, a level shows larger cells. Colours on the maps stand for people per area, so that cells of all sizes compare.",
        "Wo wenige Menschen leben, zeigt eine Ebene größere Zellen. Die Farben der Karten stehen für Menschen je Fläche, damit Zellen aller Größen vergleichbar sind."
    ));
    let heads = [
        say!(language, "date", "Stichtag"),
        say!(language, "level", "Ebene"),
        say!(language, "#side, m", "#Seite, m"),
        say!(language, "#cells", "#Zellen"),
        say!(language, "#with their total", "#mit ihrer Summe"),
    ];
    let mut rows = Vec::new();
    for level in joined {
        for &(size_m, cells, shown) in &level.sizes {
            let numbers = [i64::from(size_m), cells as i64, shown as i64].map(|n| page.number(n));
            rows.push([level.date.clone().unwrap_or_default(), level.level.clone()].into_iter().chain(numbers).collect());
        }
    }
    page.table(&heads, &rows);
}

fn audit(page: &mut Page, report: &Report<'_>) {
    let language = page.language;
    page.heading(&say!(language, "Audit", "Prüfung durch Angriff"));
    let Some(attacks) = &report.audit else {
        page.paragraph(&say!(
            language,
            "This bundle has not been attacked. The guarantees above are those of the method.",
            "Dieses Paket wurde nicht angegriffen. Die Zusagen oben sind die des Verfahrens."
        ));
        return;
    };
    let number = |n: u64| page.number(n as i64);
    let heads = [
        say!(language, "attack", "Angriff"),
        say!(language, "#numbers attacked", "#angegriffene Zahlen"),
        say!(language, "#found out", "#ermittelt"),
    ];
    let row = |(name, attacked, found): &(String, u64, u64)| vec![name.clone(), number(*attacked), number(*found)];
    let tried: Vec<Vec<String>> = attacks.tried.iter().map(row).collect();
    let all = vec![vec![number(attacks.safe), number(attacks.at_risk), number(attacks.not_proven)]];
    page.table(&heads, &tried);
    let heads = [
        say!(language, "#proven safe", "#bewiesen sicher"),
        say!(language, "#at risk", "#gefährdet"),
        say!(language, "#not proven", "#nicht bewiesen"),
    ];
    page.table(&heads, &all);
    if !attacks.not_tried.is_empty() {
        let heads = [say!(language, "not tried", "nicht versucht"), say!(language, "why", "warum")];
        let rows: Vec<Vec<String>> = attacks.not_tried.iter().map(|(name, why)| vec![name.clone(), why.clone()]).collect();
        page.table(&heads, &rows);
    }
}

fn files(page: &mut Page, report: &Report<'_>) {
    let language = page.language;
    for (heading, files) in [
        (say!(language, "Files read", "Gelesene Dateien"), &report.inputs),
        (say!(language, "Files written", "Geschriebene Dateien"), &report.outputs),
    ] {
        page.heading(&heading);
        page.put(format_args!("<table>\n<tbody>\n"));
        for (file, hash) in files {
            page.put(format_args!("<tr><td>{}</td><td><code>{}</code></td></tr>\n", Escaped(file), Escaped(hash)));
        }
        page.put(format_args!("</tbody>\n</table>\n"));
    }
    page.paragraph(&say!(
        language,
        "BLAKE3. The hashes of this report stand in run.json; tiles of the folder tiles/ are those of the archives once more.",
        "BLAKE3. Die Prüfsummen dieses Berichts stehen in run.json; die Kacheln des Ordners tiles/ sind die der Archive noch einmal."
    ));
}
