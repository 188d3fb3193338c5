//! `compare`: flags, and what is told of methods side by side.

use std::path::PathBuf;

use clap::Args;

use crate::cli::quick::RunFlags;
use crate::cli::{Log, words};
use crate::config::{MethodPlan, Plan, PlanError};
use crate::error::Language;
use crate::pipeline::{CompareOptions, Compared, ComparedTable, comparison_risks, comparison_table, comparison_warning};
use crate::say;

/// What to compare. Takes the flags of `run`; `-o` names a page (.html) with tables and maps. Nothing is published.
#[derive(Args)]
pub(super) struct CompareFlags {
    #[command(flatten)]
    run: RunFlags,
    /// Methods to compare; all that fit if absent (merge, then suppress, only where asked for or in the plan)
    #[arg(long, value_name = "METHOD,…", value_delimiter = ',')]
    methods: Vec<CompareMethod>,
    /// Thresholds of suppress and bases of round; 3,5,10 if absent
    #[arg(long, value_name = "K,K,…", value_delimiter = ',')]
    thresholds: Vec<u64>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum CompareMethod {
    Suppress,
    Round,
    CellKey,
    Merge,
}

impl CompareFlags {
    /// The plan, what to compare, and where to write the page.
    pub(super) fn into_plan(self) -> Result<(Plan, CompareOptions, Option<PathBuf>), PlanError> {
        // A folder that the plan names is for bundles, not for the page.
        let page = self.run.output().cloned();
        let method = |method: &CompareMethod| match method {
            CompareMethod::Suppress => MethodPlan::Suppress,
            CompareMethod::Round => MethodPlan::Round,
            CompareMethod::CellKey => MethodPlan::CellKey,
            CompareMethod::Merge => MethodPlan::Merge,
        };
        let methods = self.methods.iter().map(method).collect();
        Ok((self.run.into_plan()?, CompareOptions { methods, thresholds: self.thresholds }, page))
    }
}

/// Tables and a sentence, or one JSON object.
pub(super) fn tell(compared: &Compared, log: Log) {
    match log {
        Log::Text => words::tell(&text(compared)),
        Log::Json => words::tell_aside(&json(compared).to_string()),
    }
}

fn text(compared: &Compared) -> String {
    let language = compared.language;
    let mut text = aligned(&comparison_table(compared), 2);
    text.push('\n');
    text.push_str(&aligned(&comparison_risks(compared), 1));
    text.push('\n');
    for note in compared.notes.iter().chain([&comparison_warning(compared)]) {
        text.push_str(&say!(language, "note: {note}\n", "Hinweis: {note}\n"));
    }
    text.push_str(&chosen(compared, language));
    text
}

fn chosen(compared: &Compared, language: Language) -> String {
    match &compared.choice {
        Some(choice) => choice.explain(&compared.comparison, language),
        None => say!(language, "no method passes", "keine Methode besteht"),
    }
}

/// The first `words` columns stand left, the others right; a method's name only once.
fn aligned(table: &ComparedTable, words: usize) -> String {
    let lines: Vec<&Vec<String>> = std::iter::once(&table.header).chain(&table.rows).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table.header.len()).map(width).collect();
    let mut text = String::new();
    let mut before = None;
    for line in lines {
        for (column, (cell, &width)) in line.iter().zip(&widths).enumerate() {
            let cell = if column == 0 && before == Some(cell) { "" } else { cell };
            let cell = if column < words { format!("{cell:<width$}") } else { format!("{cell:>width$}") };
            text.push_str(if column == 0 { "" } else { "  " });
            text.push_str(&cell);
        }
        before = line.first();
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

fn json(compared: &Compared) -> serde_json::Value {
    let comparison = &compared.comparison;
    let outcomes: Vec<_> = comparison
        .outcomes
        .iter()
        .map(|outcome| {
            let parameters: serde_json::Map<_, _> =
                outcome.parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
            let level = |loss: &crate::confidential::Loss| {
                serde_json::json!({
                    "level": comparison.lattice.level_name(loss.level),
                    "units": loss.units,
                    "units_with_total": loss.shown,
                    "groups_withheld": loss.groups_withheld,
                    "share_of_persons": loss.persons_permille.map(|permille| f64::from(permille) / 1000.0),
                    "mean_error": loss.error_hundredths as f64 / 100.0,
                    "mean_error_withheld_as_zero": loss.error_withheld_as_zero_hundredths as f64 / 100.0,
                    "largest_error_of_totals": loss.largest_error,
                })
            };
            serde_json::json!({
                "name": outcome.name(),
                "method": outcome.method,
                "parameters": parameters,
                "protects_below": outcome.strength,
                "levels": outcome.levels.iter().map(level).collect::<Vec<_>>(),
                "at_risk_at_most": outcome.at_risk,
                "threshold_alone": {
                    "threshold": outcome.unprotected.threshold,
                    "small_at_most": outcome.unprotected.small,
                    "at_risk_at_most": outcome.unprotected.at_risk,
                },
                "seconds": outcome.seconds,
            })
        })
        .collect();
    serde_json::json!({
        "event": "compared",
        "methods": outcomes,
        "sums_rounded_to": comparison.grain,
        "take": compared.choice.as_ref().map(|choice| comparison.outcomes[choice.outcome].name()),
        "why": chosen(compared, compared.language),
        "notes": compared.notes,
    })
}
