//! What a style shows and a legend lists, in order: withheld, zero, classes, uncertain, no data.

use crate::confidential::Level;
use crate::error::Language;
use crate::export::style::Subject;
use crate::export::style::filter::{Comparison, Filter, Term};
use crate::grid::GridSize;
use crate::layer::{Class, Classes, Layer, Palette, Symbology, times};
use crate::say;

/// How a rule's units are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::export) enum Look {
    /// In one colour.
    Fill(&'static str),
    /// In one colour with lines over it.
    Hatched(&'static str, &'static str),
    /// A veil over what is drawn already.
    Veil(&'static str, f64),
    /// Not at all.
    Blank,
}

/// One line of a legend.
#[derive(Clone, Debug)]
pub(in crate::export) struct Rule {
    /// Technical name: `suppressed`, `zero`, `class_1`, …, `uncertain`, `none`.
    pub(in crate::export) name: String,
    pub(in crate::export) label: String,
    pub(in crate::export) look: Look,
    pub(super) filter: Filter,
}

/// The rules of one number of a layer, or of two.
pub(in crate::export) fn rules(subject: &Subject<'_>) -> Vec<Rule> {
    let Subject { layer, symbology, options, column, share, pair } = *subject;
    let (language, palette) = (options.language, Palette::DEFAULT);
    let columns = pair.map_or_else(|| vec![column], |pair| pair.columns.to_vec());
    let either =
        |status| Filter::any(columns.iter().map(|&c| Filter::Text(layer.fields[c].status_name.clone(), status)).collect());
    let compared =
        |column: usize, comparison| Filter::Number(Term::Field(layer.fields[column].name.clone()), comparison, Term::Number(0));
    let zero = Filter::all(columns.iter().map(|&column| compared(column, Comparison::Equal)).collect());
    let rule = |name: &str, label: String, look, filter| Rule { name: name.to_owned(), label, look, filter };
    let mut rules = vec![
        rule(
            "suppressed",
            say!(language, "withheld", "geheim gehalten"),
            Look::Hatched(palette.suppressed, palette.hatch),
            either("suppressed"),
        ),
        rule("zero", "0".to_owned(), Look::Fill(palette.zero), zero),
    ];
    match pair {
        Some(pair) => {
            let theme = pair.theme(layer.level);
            for class in theme.classes() {
                let some = |&column: &usize| compared(column, Comparison::Unequal);
                // A zero beside a number that is not published is compared with it too, so that neither language finds it unequal.
                let published = |&column: &usize| {
                    let number = || Term::Field(layer.fields[column].name.clone());
                    Filter::Number(number(), Comparison::Equal, number())
                };
                let mut all: Vec<Filter> = pair.columns.iter().map(published).collect();
                all.push(Filter::Any(pair.columns.iter().map(some).collect()));
                for (column, limits) in pair.columns.into_iter().zip(class.bounds) {
                    all.extend(within(layer, column, (share, theme.per), limits));
                }
                let [a, b] = [0, 1].map(|axis| axis_label(&theme.axes[axis].0, class.at[axis], share, language));
                rules.push(rule(&class.name(), format!("{a} × {b}"), Look::Fill(class.color), Filter::All(all)));
            }
        }
        None => {
            let theme = symbology.theme(layer.level, column);
            let none = Classes::default();
            let classes = if share { theme.shares.as_ref().unwrap_or(&none) } else { &theme.classes };
            for (i, (class, from, below)) in classes.with_bounds().enumerate() {
                let mut all = vec![compared(column, Comparison::Unequal)];
                all.extend(within(layer, column, (share, theme.per), (from, below)));
                let label = label(class, share, language);
                rules.push(rule(&format!("class_{}", i + 1), label, Look::Fill(class.color), Filter::All(all)));
            }
        }
    }
    let veil = Look::Veil(palette.uncertain, Palette::UNCERTAIN_OPACITY);
    rules.push(rule("uncertain", say!(language, "uncertain", "unsicher"), veil, either("uncertain")));
    rules.push(rule("none", say!(language, "no data", "keine Daten"), Look::Blank, either("none")));
    rules
}

/// Conditions for a number, or its share, to be between two bounds; where cells have several sizes, of density.
fn within(
    layer: &Layer<'_>,
    column: usize,
    (share, per): (bool, Option<GridSize>),
    (from, below): (Option<i64>, Option<i64>),
) -> Vec<Filter> {
    let name = &layer.fields[column].name;
    let bounds = [(from, Comparison::AtLeast), (below, Comparison::Below)];
    let bounds = || bounds.into_iter().filter_map(|(bound, comparison)| Some((bound?, comparison)));
    match (share, per) {
        (true, _) => {
            let total = &layer.fields[Symbology::first_shown(layer.lattice)].name;
            let whole = |bound| Term::Times(bound, total.clone());
            let mut all = vec![Filter::Number(Term::Field(total.clone()), Comparison::AtLeast, Term::Number(1))];
            all.extend(bounds().map(|(bound, c)| Filter::Number(Term::Times(1000, name.clone()), c, whole(bound))));
            all
        }
        (false, None) => bounds().map(|(bound, c)| Filter::Number(Term::Field(name.clone()), c, Term::Number(bound))).collect(),
        (false, Some(largest)) if from.is_some() || below.is_some() => {
            let of_size = |&size: &GridSize| {
                let land = times(size, largest);
                let is_size = Filter::Number(Term::Field("size_m".into()), Comparison::Equal, Term::Number(size.metres().into()));
                let bounds = bounds().map(|(bound, c)| Filter::Number(Term::Times(land, name.clone()), c, Term::Number(bound)));
                Filter::All(std::iter::once(is_size).chain(bounds).collect())
            };
            let own = |size: &&GridSize| **size <= largest && Level::Grid(**size) >= layer.level;
            vec![Filter::Any(layer.lattice.sizes.as_slice().iter().filter(own).map(of_size).collect())]
        }
        (false, Some(_)) => Vec::new(),
    }
}

/// A class of one of two numbers for readers. Zero is in the first, if the other number is none.
pub(super) fn axis_label(classes: &[Class], at: usize, share: bool, language: Language) -> String {
    let class = &classes[at];
    if at > 0 {
        return label(class, share, language);
    }
    let to = label(&Class { from: class.to, ..*class }, share, language);
    say!(language, "up to {to}", "bis {to}")
}

/// A class for readers: `5–9`, `1.204–3.377`, `12,5–20,0 %`.
pub(super) fn label(class: &Class, share: bool, language: Language) -> String {
    let decimal = say!(language, ".", ",");
    let number = |n: i64| match share {
        true => format!("{}{decimal}{}", grouped(n / 10, language), n % 10),
        false => grouped(n, language),
    };
    let (from, to) = (number(class.from), number(class.to));
    let dash = if class.to < 0 || class.from < 0 { " – " } else { "–" };
    let text = if from == to { from } else { format!("{from}{dash}{to}") };
    if share { format!("{text} %") } else { text }
}

/// A number with a sign between thousands.
pub(in crate::export) fn grouped(number: i64, language: Language) -> String {
    let separator = match language {
        Language::English => ',',
        Language::German => '.',
    };
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 { "-".to_owned() } else { String::new() };
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_as_readers_write_numbers() {
        let class = |from, to| Class { from, to, color: "#000000" };
        assert_eq!(label(&class(5, 9), false, Language::German), "5–9");
        assert_eq!(label(&class(1204, 3377), false, Language::German), "1.204–3.377");
        assert_eq!(label(&class(1204, 1204), false, Language::English), "1,204");
        assert_eq!(label(&class(125, 200), true, Language::German), "12,5–20,0 %");
        assert_eq!(label(&class(-7, 3), false, Language::English), "-7 – 3");
    }
}
