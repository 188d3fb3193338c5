//! Plain CSV in wide form, and the form that spreadsheets open by a double click.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::confidential::{Release, Status, Unit};
use crate::error::Error;
use crate::export::rows::write_rows;
use crate::export::{ExportError, ExportOptions, about};
use crate::layer::{Layer, layers};
use crate::progress::Progress;

/// One of the two dialects.
struct Dialect {
    ending: &'static str,
    mark: &'static str,
    separator: u8,
    line_end: &'static [u8],
    /// Whether a program that runs formulas opens the file.
    spreadsheet: bool,
}

const PLAIN: Dialect = Dialect { ending: ".csv", mark: "", separator: b',', line_end: b"\n", spreadsheet: false };
const EXCEL: Dialect = Dialect { ending: "_excel.csv", mark: "\u{feff}", separator: b';', line_end: b"\r\n", spreadsheet: true };

pub(super) fn write(
    release: &Release,
    options: &ExportOptions,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Vec<PathBuf>, Error> {
    fs::create_dir_all(folder).map_err(|e| ExportError::io(folder, &e))?;
    let layers = layers(release);
    let mut files = Vec::new();
    for layer in &layers {
        for dialect in [&PLAIN, &EXCEL] {
            let path = folder.join(format!("{}{}", layer.name, dialect.ending));
            write_layer(layer, dialect, &path).map_err(|e| ExportError::io(&path, &e))?;
            files.push(path);
        }
        progress.advance(layer.block.units.len() as u64);
    }
    let path = folder.join("README.txt");
    fs::write(&path, read_me(release, options, &layers)).map_err(|e| ExportError::io(&path, &e))?;
    files.push(path);
    Ok(files)
}

fn write_layer(layer: &Layer<'_>, dialect: &Dialect, path: &Path) -> io::Result<()> {
    let mut out = File::create(path)?;
    out.write_all(dialect.mark.as_bytes())?;
    let labelled = layer.block.units.first().is_some_and(|&unit| layer.unit_label(unit).is_some());
    let mut header = vec!["id"];
    header.extend(labelled.then_some("label"));
    header.extend(layer.adaptive().then_some("size_m"));
    header.extend(layer.date.map(|_| "date"));
    header.extend(layer.fields.iter().map(|f| f.name.as_str()));
    header.extend(layer.fields.iter().map(|f| f.status_name.as_str()));
    let mut row = Vec::new();
    for name in header {
        text(&mut row, name, dialect);
    }
    end_row(&mut row, dialect);
    out.write_all(&row)?;
    let mut date = Vec::new();
    if let Some(day) = layer.date {
        text(&mut date, day, dialect);
    }
    // Every status with the separator behind it.
    let statuses = Status::ALL.map(|status| [status.name().as_bytes(), &[dialect.separator]].concat());
    let name_of = |status: Status| statuses[Status::ALL.iter().position(|&s| s == status).expect("all are listed")].as_slice();
    write_rows(&mut out, layer.block.units.len(), |positions: Range<usize>, rows: &mut Vec<u8>| {
        let mut digits = itoa::Buffer::new();
        for position in positions {
            let unit = layer.block.units[position];
            match unit {
                Unit::Cell(cell) => {
                    cell.write_code(rows);
                    rows.push(dialect.separator);
                }
                Unit::Area(_) => text(rows, &layer.unit_id(unit), dialect),
            }
            if labelled {
                text(rows, layer.unit_label(unit).unwrap_or_default(), dialect);
            }
            if let Some(size_m) = layer.size_m(unit) {
                rows.extend_from_slice(digits.format(size_m).as_bytes());
                rows.push(dialect.separator);
            }
            rows.extend_from_slice(&date);
            let numbers = layer.block.numbers(position);
            for number in numbers {
                if let Some(value) = number.value() {
                    rows.extend_from_slice(digits.format(value).as_bytes());
                }
                rows.push(dialect.separator);
            }
            for number in numbers {
                rows.extend_from_slice(name_of(number.status()));
            }
            end_row(rows, dialect);
        }
    })
}

/// Appends a text field and the separator behind it; quoted by RFC 4180 where needed.
fn text(row: &mut Vec<u8>, text: &str, dialect: &Dialect) {
    let formula = dialect.spreadsheet && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = text.bytes().any(|b| b == b'"' || b == b'\n' || b == b'\r' || b == dialect.separator);
    if quoted {
        row.push(b'"');
    }
    if formula {
        row.push(b'\'');
    }
    for byte in text.bytes() {
        if byte == b'"' {
            row.push(b'"');
        }
        row.push(byte);
    }
    if quoted {
        row.push(b'"');
    }
    row.push(dialect.separator);
}

/// Ends a row: the last separator becomes the line's end.
fn end_row(row: &mut Vec<u8>, dialect: &Dialect) {
    row.pop();
    row.extend_from_slice(dialect.line_end);
}

fn read_me(release: &Release, options: &ExportOptions, layers: &[Layer<'_>]) -> String {
    let mut lines = vec![options.title.clone(), options.attribution.clone(), about::protection_line(release), String::new()];
    let (zero, null) = match release.zeros_may_be_small_counts() {
        true => ("nobody or a few", "niemand oder wenige"),
        false => ("nobody", "niemand"),
    };
    lines.extend(
        [
            "NAME.csv: UTF-8, comma, decimal point. NAME_excel.csv: UTF-8 with BOM, semicolon, decimal comma, CRLF; a text that a",
            "spreadsheet would take for a formula has an apostrophe in front. Keys are text: import the column id as text to keep leading zeros.",
            "An empty number is no zero; the column NAME_status says which it is:",
            &format!("  value a number; zero {zero}; suppressed withheld; uncertain shown but not reliable; none no data"),
            "",
            "NAME.csv: UTF-8, Komma, Dezimalpunkt. NAME_excel.csv: UTF-8 mit BOM, Semikolon, Dezimalkomma, CRLF; vor einem Text, den eine",
            "Tabellenkalkulation als Formel läse, steht ein Apostroph. Schlüssel sind Text: die Spalte id als Text einlesen, sonst gehen führende Nullen verloren.",
            "Eine leere Zahl ist keine Null; die Spalte NAME_status sagt, was sie ist:",
            &format!("  value eine Zahl; zero {null}; suppressed zurückgehalten; uncertain gezeigt, aber nicht verlässlich; none keine Angabe"),
            "",
            "column (Spalte) | table (Tabelle) | group (Gruppe) | label (Bezeichnung)",
        ]
        .map(str::to_owned),
    );
    if layers.iter().any(Layer::adaptive) {
        lines.push("size_m | | | side of the cell in metres, where cells of several sizes stand side by side (Seitenlänge der Zelle in Metern)".to_owned());
    }
    let fields = layers.first().map(|layer| layer.fields.as_slice()).unwrap_or_default();
    lines.extend(fields.iter().map(|f| format!("{} | {} | {} | {}", f.name, f.table, f.group, f.label)));
    lines.push(String::new());
    lines.join("\n")
}
