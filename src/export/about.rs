//! What every file says about itself: the method that protected the numbers, its parameters, and what each attribute is.

use crate::confidential::Release;
use crate::error::Language;
use crate::export::ExportOptions;
use crate::layer::{Field, Layer};
use crate::say;

/// One line: `protection: suppress; threshold: 5; zeros: secret`.
pub(super) fn protection_line(release: &Release) -> String {
    let mut line = format!("protection: {}", release.method);
    for (name, value) in &release.parameters {
        line.push_str(&format!("; {name}: {value}"));
    }
    line
}

/// The parameters as a JSON object, in their order.
pub(super) fn parameters_json(release: &Release) -> serde_json::Value {
    let entry = |(name, value): &(&'static str, String)| ((*name).to_owned(), value.clone().into());
    serde_json::Value::Object(release.parameters.iter().map(entry).collect())
}

/// A field's name for readers.
pub(super) fn label(field: &Field, language: Language) -> String {
    match field.label.as_str() {
        "total" => say!(language, "Total", "Insgesamt"),
        label => label.to_owned(),
    }
}

/// Names for readers of all attributes but `fid`, in the order of the columns.
pub(super) fn aliases(layer: &Layer<'_>, language: Language) -> Vec<(String, String)> {
    let mut aliases = vec![(
        "id".to_owned(),
        match layer.level {
            crate::confidential::Level::Grid(_) => say!(language, "Cell code", "Gitter-ID"),
            crate::confidential::Level::Areas(_) => say!(language, "Key", "Schlüssel"),
        },
    )];
    if matches!(layer.level, crate::confidential::Level::Areas(_)) {
        aliases.push(("label".to_owned(), say!(language, "Name", "Name")));
    }
    if layer.adaptive() {
        aliases.push(("size_m".to_owned(), say!(language, "Side (m)", "Seitenlänge (m)")));
    }
    if layer.date.is_some() {
        aliases.push(("date".to_owned(), say!(language, "Reference date", "Stichtag")));
    }
    aliases.extend(layer.fields.iter().map(|field| (field.name.clone(), label(field, language))));
    aliases.extend(layer.fields.iter().map(|field| (field.status_name.clone(), format!("{} (Status)", label(field, language)))));
    aliases
}

/// What an attribute is: what is counted, unit, date, source, method, and which column of `release.parquet` it shows.
pub(super) fn definition(release: &Release, options: &ExportOptions, (layer, field): (&Layer<'_>, &Field)) -> String {
    let language = options.language;
    let measure =
        layer.lattice.columns().iter().zip(&layer.fields).find(|(_, f)| f.name == field.name).and_then(|(c, _)| c.measure);
    let unit = match measure {
        Some(_) => say!(language, "sum", "Summe"),
        None => say!(language, "number of records", "Anzahl der Datensätze"),
    };
    let mut parts = vec![format!("{unit}: {}", label(field, language))];
    parts.extend(layer.date.map(|date| say!(language, "reference date {date}", "Stichtag {date}")));
    if !options.attribution.is_empty() {
        parts.push(say!(language, "source: {}", "Quelle: {}", options.attribution));
    }
    parts.extend(options.licence.as_ref().map(|licence| say!(language, "licence: {licence}", "Lizenz: {licence}")));
    parts.push(protection_line(release));
    let group = if field.group.is_empty() { String::new() } else { format!(", group {}", field.group) };
    parts.push(format!("table {}{group}", field.table));
    parts.join("; ")
}
