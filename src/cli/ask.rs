//! `ask`: flags, and what is told of an answer.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::ask::{Answer, AskError, Options, Outline, Reading, Stock, answer, phrase};
use crate::cli::words;
use crate::error::{Error, Language};
use crate::say;

/// Where, how many, which places: from what a bundle publishes
#[derive(Debug, Args)]
pub(super) struct AskFlags {
    /// Folder that `run` wrote
    bundle: PathBuf,
    /// `alter=0-17 & leistung=SGB II`, or words: "Wo wohnen Kinder mit SGB II?"; `*` for everybody
    question: String,
    /// Level of the places: an area system or a grid size; the first area system if absent
    #[arg(long, value_name = "LEVEL")]
    by: Option<String>,
    /// Reference date; the last if absent
    #[arg(long)]
    date: Option<String>,
    /// How many places are listed
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// Part of the group that the smallest set of places is to hold, per cent
    #[arg(long, value_name = "PERCENT", default_value_t = 60, value_parser = clap::value_parser!(u8).range(1..=100))]
    hold: u8,
    /// A polygon in GeoJSON (degrees): only cells whose middle lies inside, where at least 100 people are published
    #[arg(long, value_name = "FILE")]
    within: Option<PathBuf>,
    /// One JSON object on standard output
    #[arg(long)]
    json: bool,
}

impl AskFlags {
    /// Answers and tells.
    pub(super) fn ask(&self, language: Language) -> Result<(), Error> {
        let stock = Stock::read(&self.bundle)?;
        let reading = phrase::read(&stock, &self.question)?;
        let by = self.by.as_deref().or(reading.level.as_deref());
        let within = self.within.as_deref().map(outline).transpose()?;
        let hold = f64::from(self.hold) / 100.0;
        let options = Options { by, date: self.date.as_deref(), top: self.top, hold, within: within.as_ref() };
        let answer = answer(&stock, &reading.query, &options)?;
        match self.json {
            true => {
                let mut json = answer.to_json(language);
                json["chips"] = serde_json::json!(reading.chips);
                json["unread"] = serde_json::json!(reading.unread);
                json["other_units"] = serde_json::json!(reading.other_units);
                json["unsure"] = serde_json::json!(reading.unsure);
                words::tell(&serde_json::to_string_pretty(&json).expect("an answer is JSON"));
            }
            false => words::tell(&text(&answer, &reading, language)),
        }
        Ok(())
    }
}

/// The polygons of a GeoJSON file.
fn outline(file: &Path) -> Result<Outline, Error> {
    let unreadable = |e: std::io::Error| AskError::OutlineFile { file: file.into(), reason: e.kind().to_string() };
    let text = std::fs::read(file).map_err(unreadable)?;
    let value = serde_json::from_slice(&text).map_err(|_| AskError::Outline)?;
    Ok(Outline::of_geojson(&value)?)
}

fn text(answer: &Answer, reading: &Reading, language: Language) -> String {
    let mut lines = vec![say!(language, "query     {}", "Abfrage   {}", answer.query)];
    for chip in reading.chips.iter().filter(|chip| chip.words != chip.condition) {
        lines.push(say!(language, "  read    “{}” as {}", "  gelesen „{}“ als {}", chip.words, chip.label));
    }
    if !reading.unread.is_empty() {
        let unread = reading.unread.join(", ");
        lines.push(say!(
            language,
            "  unread  {unread}: nothing published is called that",
            "  unklar  {unread}: so heißt nichts Veröffentlichtes"
        ));
    }
    if !reading.other_units.is_empty() {
        let units = reading.other_units.join(", ");
        lines.push(say!(
            language,
            "  counted records (mostly persons), not: {units}",
            "  gezählt Datensätze (meist Personen), nicht: {units}"
        ));
    }
    for unsure in &reading.unsure {
        lines.push(say!(language, "  unsure  meant `{unsure}`?", "  unsicher gemeint: `{unsure}`?"));
    }
    let date = answer.date.as_ref().map_or_else(String::new, |date| format!(", {date}"));
    lines.push(say!(language, "answer    {}{date}", "Antwort   {}{date}", answer.sentence(language)));
    lines.push(match (answer.error_at_most, answer.method.as_str()) {
        (Some(0), "suppress") => {
            say!(
                language,
                "accuracy  published numbers are exact, others are withheld",
                "Genauigk. veröffentlichte Zahlen sind genau, andere geheim"
            )
        }
        (Some(0), _) => say!(language, "accuracy  numbers are exact", "Genauigk. die Zahlen sind genau"),
        (Some(n), method) => say!(
            language,
            "accuracy  each number is at most {n} from the true one ({method})",
            "Genauigk. jede Zahl liegt höchstens {n} neben der wahren ({method})"
        ),
        (None, method) => {
            say!(
                language,
                "accuracy  numbers are changed a little ({method})",
                "Genauigk. die Zahlen sind leicht verändert ({method})"
            )
        }
    });
    let head = match language {
        Language::English => ["place", "count", "of", "share %", "quotient"],
        Language::German => ["Ort", "Anzahl", "von", "Anteil %", "Quotient"],
    };
    let mut table = vec![head.map(str::to_owned)];
    let decimal = |number: Option<f64>| number.map_or_else(|| "–".into(), |n| crate::ask::decimal(n, language));
    let whole = |number: Option<i64>| number.map_or_else(|| "–".into(), |n| crate::ask::grouped(n, language));
    for row in &answer.rows {
        table.push([
            row.label.clone(),
            whole(row.count.value()),
            whole(row.base.value()),
            decimal(row.share.map(|s| s * 100.0)),
            decimal(row.quotient),
        ]);
    }
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    lines.push(String::new());
    for row in &table {
        let mut line = format!("{:<1$}", row[0], widths[0]);
        for column in 1..5 {
            line += &format!("  {:>1$}", row[column], widths[column]);
        }
        lines.push(line);
    }
    lines.join("\n")
}
