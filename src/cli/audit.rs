//! `audit`: what is told of an attack on a bundle.

use crate::audit::{AtRisk, Audited};
use crate::cli::{Log, words};
use crate::error::Language;
use crate::say;

/// What was attacked and what came of it, as text or as one JSON object.
pub(super) fn tell(audited: &Audited, language: Language, log: Log) {
    match log {
        Log::Text => words::tell(&text(audited, language)),
        Log::Json => words::tell_aside(&json(audited).to_string()),
    }
}

fn text(audited: &Audited, language: Language) -> String {
    let n = |number: u64| words::grouped(number, language);
    let mut lines =
        vec![say!(language, "bundle    {}, method {}", "Paket     {}, Methode {}", audited.folder.display(), audited.method)];
    for attempt in &audited.attempts {
        lines.push(say!(
            language,
            "attack    {}: {} attacked, {} found",
            "Angriff   {}: {} angegriffen, {} gefunden",
            attempt.named.explain(language),
            n(attempt.attacked),
            n(attempt.found)
        ));
    }
    for (named, why) in &audited.not_tried {
        let (named, why) = (named.explain(language), why.explain(language));
        lines.push(say!(language, "not tried {named}: {why}", "entfällt  {named}: {why}"));
    }
    lines.push(say!(language, "targets   {:>14}", "Ziele     {:>14}", n(audited.targets)));
    lines.push(say!(language, "  safe    {:>14} with certificate", "  sicher  {:>14} mit Nachweis", n(audited.safe)));
    lines.push(say!(
        language,
        "  large   {:>14} found out, but large enough to be published or a public zero",
        "  groß    {:>14} ermittelt, aber groß genug zum Veröffentlichen oder öffentliche Null",
        n(audited.harmless)
    ));
    lines.push(say!(
        language,
        "  open    {:>14} not proven, {} of them no linear function of what is published",
        "  offen   {:>14} nicht nachgewiesen, {} davon keine lineare Funktion des Veröffentlichten",
        n(audited.not_proven),
        n(audited.not_linear)
    ));
    lines.push(say!(language, "  at risk {:>14}", "  bedroht {:>14}", n(audited.at_risk)));
    if audited.tables_in_a_circle {
        lines.push(say!(
            language,
            "note      tables go round in a circle: two worlds that satisfy all sums prove nothing here",
            "Hinweis   Tabellen bilden einen Kreis: zwei Welten, die alle Summen erfüllen, beweisen hier nichts"
        ));
    }
    if audited.contributors_unseen {
        lines.push(say!(
            language,
            "note      whether one of three or more contributors dominates a sum, no bundle tells: it was decided when the sums were protected",
            "Hinweis   ob einer von drei oder mehr Beitragenden eine Summe beherrscht, sagt kein Paket: das wurde beim Schützen entschieden"
        ));
    }
    for place in &audited.worst {
        lines.push(format!("          {}", place_of(place, language)));
    }
    lines.join("\n")
}

fn place_of(at: &AtRisk, language: Language) -> String {
    let AtRisk { level, unit, table, group, .. } = at;
    let date = at.date.as_deref().map_or_else(String::new, |date| format!("{date} "));
    let piece = if at.piece { say!(language, " (a piece of it)", " (ein Teil davon)") } else { String::new() };
    let by = at.by.explain(language);
    format!("{date}{level} {unit}{piece} {table} {group}: {by}").replace("  ", " ")
}

fn json(audited: &Audited) -> serde_json::Value {
    let worst: Vec<_> = audited
        .worst
        .iter()
        .map(|at| {
            serde_json::json!({
                "date": at.date, "level": at.level, "id": at.unit, "piece": at.piece, "table": at.table, "group": at.group,
                "attack": at.by.name(),
            })
        })
        .collect();
    let mut told = serde_json::json!({"event": "audited", "bundle": audited.folder, "method": audited.method});
    if let (Some(told), serde_json::Value::Object(counts)) = (told.as_object_mut(), audited.to_json()) {
        told.extend(counts);
        told.insert("worst".into(), worst.into());
    }
    told
}
