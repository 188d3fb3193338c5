//! A comparison as rows of text, the same on the terminal and on the page.

use crate::confidential::{Loss, Outcome};
use crate::error::Language;
use crate::pipeline::compare::Compared;
use crate::say;

/// Rows of text under a header.
#[derive(Debug)]
pub struct Table {
    /// Names of columns.
    pub header: Vec<String>,
    /// A text for each column; the first two are words, the rest are numbers.
    pub rows: Vec<Vec<String>>,
}

/// Losses: one row for each method and level.
pub fn table(compared: &Compared) -> Table {
    let language = compared.language;
    let header = [
        ("method", "Methode"),
        ("level", "Ebene"),
        ("units", "Einheiten"),
        ("with total", "mit Summe"),
        ("persons %", "Personen %"),
        ("groups withheld", "Gruppen gesperrt"),
        ("mean error", "mittl. Fehler"),
        ("withheld as 0", "gesperrt als 0"),
        ("largest", "größter"),
    ];
    let header = header.map(|(english, german)| say!(language, "{english}", "{german}")).to_vec();
    let row = |outcome: &Outcome, loss: &Loss| {
        vec![
            outcome.name(),
            compared.comparison.lattice.level_name(loss.level),
            grouped(loss.units, language),
            grouped(loss.shown, language),
            loss.persons_permille.map_or_else(|| "–".to_owned(), |permille| tenths(permille.into(), language)),
            grouped(loss.groups_withheld, language),
            hundredths(loss.error_hundredths, language),
            hundredths(loss.error_withheld_as_zero_hundredths, language),
            loss.largest_error.map_or_else(|| "–".to_owned(), |error| grouped(error, language)),
        ]
    };
    let outcomes = compared.comparison.outcomes.iter();
    Table { header, rows: outcomes.flat_map(|outcome| outcome.levels.iter().map(move |loss| row(outcome, loss))).collect() }
}

/// Risks: one row for each method.
pub fn risks(compared: &Compared) -> Table {
    let language = compared.language;
    let header = [
        ("method", "Methode"),
        ("protects below", "schützt unter"),
        ("small numbers", "kleine Zahlen"),
        ("given away by threshold alone", "bei bloßem Schwellenwert ermittelbar"),
        ("by the method", "mit der Methode"),
        ("s", "s"),
    ];
    let header = header.map(|(english, german)| say!(language, "{english}", "{german}")).to_vec();
    let up_to = |number: u64| if number == 0 { "0".to_owned() } else { format!("≤ {}", grouped(number, language)) };
    let row = |outcome: &Outcome| {
        vec![
            outcome.name(),
            outcome.strength.to_string(),
            up_to(outcome.unprotected.small),
            up_to(outcome.unprotected.at_risk),
            up_to(outcome.at_risk),
            hundredths((outcome.seconds * 100.0).round() as u64, language),
        ]
    };
    Table { header, rows: compared.comparison.outcomes.iter().map(row).collect() }
}

/// What is told, and what must not be done with it.
pub fn warning(compared: &Compared) -> String {
    let grain = compared.comparison.grain;
    say!(
        compared.language,
        "errors: mean difference of non-zero counts from the truth in persons, of published ones and of all with withheld ones read as 0; sums of persons \
         are rounded to {grain} before anything is told; largest: no total can differ more (– no bound). Keep this comparison: releases of the same \
         people by several methods together protect less than each alone",
        "Fehler: mittlere Abweichung der Zahlen über 0 von der Wahrheit in Personen, der veröffentlichten und aller mit gesperrten als 0; Personensummen \
         sind vor jeder Angabe auf {grain} gerundet; größter: um mehr kann keine Summe abweichen (– keine Schranke). Diesen Vergleich nicht weitergeben: \
         Veröffentlichungen derselben Personen nach mehreren Methoden schützen zusammen weniger als jede allein"
    )
}

/// `0.58` or `0,58`.
pub(super) fn hundredths(number: u64, language: Language) -> String {
    format!("{}{}{:02}", number / 100, decimal_sign(language), number % 100)
}

fn tenths(number: u64, language: Language) -> String {
    format!("{}{}{}", number / 10, decimal_sign(language), number % 10)
}

fn decimal_sign(language: Language) -> char {
    if language == Language::German { ',' } else { '.' }
}

/// Thousands apart, by the language's sign.
pub(super) fn grouped(number: u64, language: Language) -> String {
    let sign = if language == Language::German { '.' } else { ',' };
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(sign);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_the_language_writes_them() {
        assert_eq!((hundredths(58, Language::English), hundredths(1205, Language::German)), ("0.58".into(), "12,05".into()));
        assert_eq!((tenths(1000, Language::English), tenths(7, Language::German)), ("100.0".into(), "0,7".into()));
        assert_eq!(grouped(1_234_567, Language::German), "1.234.567");
    }
}
