//! What the program says: summaries in the reader's language, or as JSON.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the one place that speaks")]

use std::fmt::Write;

use crate::cli::Log;
use crate::confidential::{Account, Grade, Status};
use crate::error::Language;
use crate::pipeline::{Audit, Done};
use crate::say;
use crate::verify::Verified;

/// To standard output. A reader that went away (`| head`) is no error.
pub(super) fn tell(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end_matches('\n'));
}

/// To standard error.
pub(super) fn tell_aside(text: &str) {
    eprintln!("{}", text.trim_end_matches('\n'));
}

/// Records, numbers by level, time and memory.
pub(super) fn tell_summary(done: &Done, language: Language, log: Log) {
    match log {
        Log::Text => tell(&summary(done, language)),
        Log::Json => tell_aside(&summary_json(done).to_string()),
    }
}

fn summary(done: &Done, language: Language) -> String {
    let n = |number: u64| grouped(number, language);
    let mut text = String::new();
    let mut line = |part: String| {
        text.push_str(&part);
        text.push('\n');
    };
    let account = &done.account;
    line(account_lines(account, language));
    for (outside, overlapping) in &account.outside_and_overlapping {
        if outside + overlapping > 0 {
            line(say!(
                language,
                "areas     {} records in no area, {} in several (counted in the first by key)",
                "Gebiete   {} Sätze in keinem Gebiet, {} in mehreren (gezählt im ersten nach Schlüssel)",
                n(*outside),
                n(*overlapping)
            ));
        }
    }
    for note in &done.notes {
        line(say!(language, "note      {note}", "Hinweis   {note}"));
    }
    line(say!(language, "protected {}", "Schutz    {}", done.protection));
    line(say!(
        language,
        "published {:>12} {:>10} {:>12} {:>12} {:>12} {:>12}",
        "Ausgabe   {:>12} {:>10} {:>12} {:>12} {:>12} {:>12}",
        say!(language, "level", "Ebene"),
        say!(language, "units", "Einheiten"),
        say!(language, "with total", "mit Summe"),
        say!(language, "values", "Werte"),
        say!(language, "zeros", "Nullen"),
        say!(language, "suppressed", "gesperrt")
    ));
    for level in &done.published {
        let count = |status: Status| n(level.by_status[status as usize]);
        line(
            format!(
                "          {:>12} {:>10} {:>12} {:>12} {:>12} {:>12}  {}",
                level.level,
                n(level.units),
                n(level.units_with_total),
                count(Status::Value),
                count(Status::Zero),
                count(Status::Suppressed),
                level.date.as_deref().unwrap_or("")
            )
            .trim_end()
            .to_owned(),
        );
    }
    for warning in done.tiles.iter().flat_map(|tiles| tiles.warnings(language)) {
        line(say!(language, "warning   {warning}", "Warnung   {warning}"));
    }
    line(audit_line(&done.audit, language));
    let mut times = String::new();
    for time in &done.stages {
        let _ = write!(times, "{} {} s, ", time.stage.name(), decimal(time.seconds, language));
    }
    let total: f64 = done.stages.iter().map(|time| time.seconds).sum();
    let peak = done.stages.iter().filter_map(|time| time.peak_memory_bytes).max();
    let memory =
        peak.map_or_else(String::new, |bytes| say!(language, ", peak memory {} MiB", ", Speicherspitze {} MiB", bytes >> 20));
    line(say!(
        language,
        "time      {times}together {} s{memory}",
        "Zeit      {times}zusammen {} s{memory}",
        decimal(total, language)
    ));
    line(say!(language, "bundle    {}", "Paket     {}", done.folder.display()));
    text
}

/// What became of the records: read, placed, rejected by reason, found by grade.
fn account_lines(account: &Account, language: Language) -> String {
    let n = |number: u64| grouped(number, language);
    let mut lines = vec![say!(
        language,
        "records   {} read, {} placed, {} rejected",
        "Sätze     {} gelesen, {} verortet, {} abgewiesen",
        n(account.records_read),
        n(account.records_placed),
        n(account.rejects.total())
    )];
    if account.reference_dates > 1 {
        let dates = account.reference_dates;
        lines.push(say!(
            language,
            "          placed: each record once for each of {dates} reference dates that it counts on",
            "          verortet: jeder Satz einmal für jeden der {dates} Stichtage, an denen er zählt"
        ));
    }
    for (reason, count, places) in account.rejects.iter() {
        lines.push(format!("          {} × {}", n(count), reason.explain(language)));
        for place in places {
            let file = account.sources[place.source as usize].display();
            let (row, column) = (place.row, &place.column);
            lines.push(say!(
                language,
                "            {file}, row {row}, column {column}",
                "            {file}, Zeile {row}, Spalte {column}"
            ));
        }
    }
    if account.never_valid > 0 {
        lines.push(say!(
            language,
            "dates     {} records valid on no reference date",
            "Stichtage {} Sätze an keinem Stichtag gültig",
            n(account.never_valid)
        ));
    }
    if let Some((houses, unusable)) = account.register_rows {
        lines.push(say!(
            language,
            "register  {} houses, {} rows without street or position",
            "Register  {} Häuser, {} Zeilen ohne Straße oder Position",
            n(houses),
            n(unusable)
        ));
    }
    if let Some(shift) = &account.datum_shift {
        let shift = shift.explain(language);
        lines.push(say!(language, "datum     {shift}", "Datum     {shift}"));
    }
    if let Some((rows, unusable)) = account.street_table_rows {
        lines.push(say!(
            language,
            "streets   {} different rows of the table, {} that cannot be used",
            "Straßen   {} verschiedene Zeilen der Tabelle, {} nicht brauchbar",
            n(rows),
            n(unusable)
        ));
    }
    if account.keys_mended > 0 {
        lines.push(say!(
            language,
            "keys      {} with leading zeros restored",
            "Schlüssel {} mit ergänzten führenden Nullen",
            n(account.keys_mended)
        ));
    }
    if account.grades.iter().any(|&count| count > 0) {
        let grade = |(grade, count): (Grade, u64)| format!("{} {}", grade_name(grade, language), n(count));
        let found: Vec<String> = Grade::ALL.into_iter().zip(account.grades).filter(|(_, c)| *c > 0).map(grade).collect();
        lines.push(say!(language, "addresses {}", "Adressen  {}", found.join(", ")));
    }
    lines.join("\n")
}

fn grade_name(grade: Grade, language: Language) -> String {
    match grade {
        Grade::Exact => say!(language, "exact", "genau"),
        Grade::Normalised => say!(language, "normalised", "anders geschrieben"),
        Grade::Similar => say!(language, "similar", "ähnlich"),
        Grade::NeighbourNumber => say!(language, "neighbour number", "Nachbarnummer"),
        Grade::Street => say!(language, "street", "Straße"),
        Grade::Area => say!(language, "area", "Gebiet"),
    }
}

/// What became of the records of a step that counts nothing.
pub(super) fn tell_account(account: &Account, language: Language, log: Log) {
    match log {
        Log::Text => tell(&account_lines(account, language)),
        Log::Json => tell_aside(&account_json(account, "georeferenced").to_string()),
    }
}

fn account_json(account: &Account, event: &str) -> serde_json::Value {
    let rejects: serde_json::Map<_, _> =
        account.rejects.iter().map(|(reason, count, _)| (reason.name().to_owned(), count.into())).collect();
    let grades: serde_json::Map<_, _> =
        Grade::ALL.into_iter().zip(account.grades).map(|(grade, count)| (grade.name().to_owned(), count.into())).collect();
    serde_json::json!({
        "event": event,
        "records_read": account.records_read,
        "records_placed": account.records_placed,
        "rejected": rejects,
        "grades": grades,
    })
}

/// One line about the attack on the bundle.
fn audit_line(audit: &Audit, language: Language) -> String {
    let n = |number: u64| grouped(number, language);
    match audit {
        Audit::Skipped { reason } => say!(language, "audit     none: {reason}", "Audit     keines: {reason}"),
        Audit::Held(audited) if audited.attempts.is_empty() => say!(
            language,
            "audit     nothing to attack: the method {} withholds nothing",
            "Audit     nichts anzugreifen: Methode {} hält nichts zurück",
            audited.method
        ),
        Audit::Held(audited) if audited.method == "suppress" => say!(
            language,
            "audit     {} withheld numbers attacked, 0 at risk: {} safe with certificate, {} large enough to be published or public zeros, \
             {} no linear function of what is published, {} not attacked to the end",
            "Audit     {} gesperrte Zahlen angegriffen, 0 bedroht: {} sicher mit Nachweis, {} groß genug zum Veröffentlichen oder öffentliche Nullen, \
             {} keine lineare Funktion des Veröffentlichten, {} nicht zu Ende angegriffen",
            n(audited.targets),
            n(audited.safe),
            n(audited.harmless),
            n(audited.not_linear),
            n(audited.not_proven - audited.not_linear)
        ),
        Audit::Held(audited) => {
            let of = |a: &crate::audit::Attempt| format!("{} {}", a.named.explain(language), n(a.attacked));
            let tried = audited.attempts.iter().map(of).collect::<Vec<_>>().join(", ");
            say!(language, "audit     {tried} checked, 0 at risk", "Audit     {tried} geprüft, 0 bedroht")
        }
    }
}

fn summary_json(done: &Done) -> serde_json::Value {
    let account = &done.account;
    let rejects: serde_json::Map<_, _> =
        account.rejects.iter().map(|(reason, count, _)| (reason.name().to_owned(), count.into())).collect();
    let published = |level: &crate::pipeline::Published| {
        let mut object = serde_json::json!({
            "date": level.date, "level": level.level, "units": level.units, "units_with_total": level.units_with_total,
        });
        for status in Status::ALL {
            object[status.name()] = level.by_status[status as usize].into();
        }
        object
    };
    let mut json = serde_json::json!({
        "event": "done",
        "bundle": done.folder,
        "records_read": account.records_read,
        "records_placed": account.records_placed,
        "reference_dates": account.reference_dates,
        "rejected": rejects,
        "areas": account.outside_and_overlapping.iter().map(|(outside, overlapping)| serde_json::json!({"outside": outside, "overlapping": overlapping})).collect::<Vec<_>>(),
        "protection": done.protection,
        "published": done.published.iter().map(published).collect::<Vec<_>>(),
        "stages": done.stages.iter().map(|time| serde_json::json!({
            "stage": time.stage.name(), "seconds": time.seconds, "cpu_seconds": time.cpu_seconds,
            "peak_memory_bytes": time.peak_memory_bytes,
        })).collect::<Vec<_>>(),
        "audit": match &done.audit {
            Audit::Held(audited) => audited.to_json(),
            Audit::Skipped { reason } => serde_json::json!({"skipped": reason}),
        },
        "notes": done.notes,
    });
    if account.grades.iter().any(|&count| count > 0) {
        json["grades"] = account_json(account, "done")["grades"].clone();
    }
    json
}

/// What was checked and what was found.
pub(super) fn tell_verified(verified: &Verified, language: Language, log: Log) {
    if log == Log::Json {
        let findings: Vec<_> = verified.findings.iter().map(|finding| finding.explain(language)).collect();
        let checks: serde_json::Map<_, _> =
            verified.checks.iter().map(|check| (check.name.to_owned(), check.checked.into())).collect();
        return tell_aside(&serde_json::json!({"event": "verified", "checks": checks, "findings": findings}).to_string());
    }
    for check in &verified.checks {
        let count = check.checked.map_or_else(|| say!(language, "not written", "nicht dabei"), |count| grouped(count, language));
        tell(&format!("{count:>14} {}", check.name));
    }
    for finding in &verified.findings {
        tell(&finding.explain(language));
    }
    tell(&match verified.findings.len() {
        0 => say!(language, "no fault found", "kein Fehler gefunden"),
        n => say!(language, "{n} faults found", "{n} Fehler gefunden"),
    });
}

/// `295,323` or `295.323`.
pub(super) fn grouped(number: u64, language: Language) -> String {
    let separator = if language == Language::German { '.' } else { ',' };
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// Two decimals with the language's sign.
fn decimal(number: f64, language: Language) -> String {
    let text = format!("{number:.2}");
    if language == Language::German { text.replace('.', ",") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_the_language_writes_them() {
        assert_eq!(grouped(1_295_323, Language::German), "1.295.323");
        assert_eq!(grouped(323, Language::English), "323");
        assert_eq!(decimal(1.5, Language::German), "1,50");
    }
}
