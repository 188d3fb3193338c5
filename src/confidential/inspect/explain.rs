//! What was recognised, in words.

use std::fmt::Write;

use super::column::{ColumnFinding, Distinct, Role, ValueType};
use super::{Inspection, PositionFinding, SystemSource};
use crate::error::Language;
use crate::geodesy::{DatumGrids, ReferenceSystem};
use crate::say;

impl Inspection {
    /// The findings as a text of several lines, without values of records.
    pub fn explain(&self, language: Language) -> String {
        let mut text = format!("{}: {}\n", self.file.display(), self.facts(language).join(", "));
        self.write_columns(&mut text, language);
        let _ = writeln!(text, "\n{}", self.position_text(language));
        for warning in self.warnings(language) {
            let _ = writeln!(text, "{} {warning}", say!(language, "note:", "Hinweis:"));
        }
        text
    }

    fn facts(&self, language: Language) -> Vec<String> {
        let sign = |sign: char| if sign == '\t' { say!(language, "tab", "Tabulator") } else { format!("{sign:?}") };
        let mut facts = vec![self.format.to_owned()];
        facts.extend(self.encoding.map(|encoding| say!(language, "encoding {encoding}", "Zeichenkodierung {encoding}")));
        facts.extend(self.separator.map(|s| say!(language, "separator {}", "Trennzeichen {}", sign(s))));
        facts.extend(self.decimal.map(|s| say!(language, "decimal sign {}", "Dezimalzeichen {}", sign(s))));
        facts.extend(self.quote.map(|s| say!(language, "quote {}", "Anführungszeichen {}", sign(s))));
        let (columns, rows) = (self.columns.len(), self.rows_seen);
        facts.push(say!(language, "{columns} columns", "{columns} Spalten"));
        facts.push(say!(language, "about {rows} rows looked at", "rund {rows} Zeilen angesehen"));
        facts
    }

    fn write_columns(&self, text: &mut String, language: Language) {
        let head = match language {
            Language::English => ["column", "type", "values", "empty", "likely use"],
            Language::German => ["Spalte", "Typ", "Werte", "leer", "vermutlich"],
        };
        let mut rows = vec![head.map(str::to_owned)];
        for column in &self.columns {
            let (kind, distinct) = (type_name(column.value_type, language), distinct_name(column.distinct, language));
            let empty = if column.empty_percent == 0 { "-".to_owned() } else { format!("≤ {} %", column.empty_percent) };
            rows.push([column.name.clone(), kind.to_owned(), distinct.to_owned(), empty, role_text(column, language)]);
        }
        let width = |place: usize| rows.iter().map(|row| row[place].chars().count()).max().unwrap_or(0);
        let widths = [width(0), width(1), width(2), width(3)];
        for [name, kind, distinct, empty, role] in rows {
            let [a, b, c, d] = widths;
            let line = format!("  {name:a$}  {kind:b$}  {distinct:c$}  {empty:d$}  {role}");
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }

    fn position_text(&self, language: Language) -> String {
        match &self.position {
            None => say!(
                language,
                "position: not recognised; name the columns with --x, --y and --crs, or --cell",
                "Position: nicht erkannt; Spalten mit --x, --y und --crs oder --cell angeben"
            ),
            Some(PositionFinding::Address(address)) => {
                let columns = address.named().map(|(_, column)| column).collect::<Vec<_>>().join(", ");
                say!(
                    language,
                    "position: address {columns}; looked up in a register of houses (--register), or in a table of streets where only areas are wanted (--street-table)",
                    "Position: Adresse {columns}; nachgeschlagen in einem Adressverzeichnis (--register) oder, wenn nur Gebiete gebraucht werden, in einer Straßentabelle (--street-table)"
                )
            }
            Some(PositionFinding::AreaKey { column }) => say!(
                language,
                "position: area key {column}; areas only, no grid (--area-key)",
                "Position: Gebietsschlüssel {column}; nur Gebiete, kein Raster (--area-key)"
            ),
            Some(PositionFinding::Cell { column }) => {
                let finding = self.columns.iter().find(|other| other.name == *column);
                let size = finding.and_then(|column| column.cell_size).map(|size| size.level_name()).unwrap_or_default();
                say!(
                    language,
                    "position: cell code {column} ({size}, EPSG:3035)",
                    "Position: Zellcode {column} ({size}, EPSG:3035)"
                )
            }
            Some(PositionFinding::Geometry { column, system }) => match system {
                // A definition in WKT fills pages; its beginning names it.
                Some(system) => {
                    let system = match system.split_once('"').and_then(|(_, rest)| rest.split('"').next()) {
                        Some(name) if system.len() > 40 => name,
                        _ => system,
                    };
                    say!(
                        language,
                        "position: geometries in {column}, {system} (named in the source)",
                        "Position: Geometrien in {column}, {system} (in der Quelle genannt)"
                    )
                }
                None => say!(
                    language,
                    "position: geometries in {column}; the source names no reference system, name it with --crs",
                    "Position: Geometrien in {column}; die Quelle nennt kein Bezugssystem, mit --crs angeben"
                ),
            },
            Some(PositionFinding::Coordinates { x, y, system, source, others }) => {
                let Some(system) = system else {
                    return say!(
                        language,
                        "position: {x}, {y}; reference system not recognised, name it with --crs",
                        "Position: {x}, {y}; Bezugssystem nicht erkannt, mit --crs angeben"
                    );
                };
                let known = match source {
                    SystemSource::File => say!(language, "named in the file", "in der Datei genannt"),
                    SystemSource::Names => say!(language, "by the columns' names", "nach den Spaltennamen"),
                    _ => say!(language, "by the range of the values, please check", "nach dem Wertebereich, bitte prüfen"),
                };
                let others = match others.as_slice() {
                    [] => String::new(),
                    others => say!(language, "; would fit too: {}", "; auch möglich: {}", others.join(", ")),
                };
                say!(
                    language,
                    "position: {x}, {y} in {system} ({known}{others})",
                    "Position: {x}, {y} in {system} ({known}{others})"
                )
            }
        }
    }

    fn warnings(&self, language: Language) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.has_header {
            warnings.push(say!(
                language,
                "the first row looks like a record: put a row with column names on top",
                "die erste Zeile sieht wie ein Datensatz aus: eine Zeile mit Spaltennamen voranstellen"
            ));
        }
        if self.faulty_percent > 0 {
            let percent = self.faulty_percent;
            warnings.push(say!(
                language,
                "up to {percent} % of the rows have another number of fields than the header or bytes of another encoding",
                "bis zu {percent} % der Zeilen haben eine andere Feldzahl als die Kopfzeile oder Zeichen einer anderen Kodierung"
            ));
        }
        let address: Vec<&str> = match &self.position {
            Some(PositionFinding::Address(address)) => address.named().map(|(_, column)| column).collect(),
            _ => Vec::new(),
        };
        if !address.is_empty() {
            warnings.push(say!(
                language,
                "addresses identify persons: they are read to find the cells and kept no longer; `kleinraum georeference` does that step alone",
                "Adressen machen Personen erkennbar: sie werden gelesen, um die Zellen zu finden, und nicht länger behalten; `kleinraum georeference` macht diesen Schritt allein"
            ));
        }
        let born: Vec<&str> =
            self.columns.iter().filter(|c| c.role == Some(Role::DateOfBirth)).map(|c| c.name.as_str()).collect();
        if !born.is_empty() {
            let born = born.join(", ");
            warnings.push(say!(
                language,
                "{born} looks like a date of birth: only the age at the reference date is counted (--age), a year of birth would do",
                "{born} sieht nach einem Geburtsdatum aus: gezählt wird nur das Alter am Stichtag (--age), das Geburtsjahr genügt"
            ));
        }
        if let Some(PositionFinding::Coordinates { system: Some(system), .. }) = &self.position
            && let Ok(system) = ReferenceSystem::parse(system)
            && let Some(shift) = DatumGrids::usual().apply(system).datum_shift()
        {
            warnings.push(shift.explain(language));
        }
        let personal: Vec<&str> = self
            .columns
            .iter()
            .filter(|column| column.role.is_some_and(Role::is_personal) && column.role != Some(Role::DateOfBirth))
            .map(|column| column.name.as_str())
            .filter(|name| !address.contains(name))
            .collect();
        if !personal.is_empty() {
            let personal = personal.join(", ");
            warnings.push(say!(
                language,
                "{personal} may identify persons and is not needed: leave it out of the export",
                "{personal} kann Personen erkennbar machen und wird nicht gebraucht: im Export weglassen"
            ));
        }
        let aggregated = self
            .columns
            .iter()
            .any(|column| column.role == Some(Role::Measure) && column.name.to_lowercase().contains("einwohner"));
        if aggregated && self.columns.iter().any(|column| column.role == Some(Role::Cell)) {
            warnings.push(say!(
                language,
                "rows look like counted cells, not like persons",
                "die Zeilen sehen nach ausgezählten Zellen aus, nicht nach Personen"
            ));
        }
        warnings
    }
}

fn type_name(of: ValueType, language: Language) -> &'static str {
    let (english, german) = match of {
        ValueType::Empty => ("empty", "leer"),
        ValueType::Integer => ("integer", "ganze Zahl"),
        ValueType::Number => ("number", "Zahl"),
        ValueType::Key => ("key", "Schlüssel"),
        ValueType::Date => ("date", "Datum"),
        ValueType::Boolean => ("yes/no", "ja/nein"),
        ValueType::CellCode => ("cell code", "Zellcode"),
        ValueType::Text => ("text", "Text"),
    };
    if language == Language::German { german } else { english }
}

fn distinct_name(of: Distinct, language: Language) -> &'static str {
    let (english, german) = match of {
        Distinct::One => ("one", "einer"),
        Distinct::Few => ("few", "wenige"),
        Distinct::Many => ("many", "viele"),
        Distinct::Unique => ("unique", "eindeutig"),
    };
    if language == Language::German { german } else { english }
}

fn role_text(column: &ColumnFinding, language: Language) -> String {
    let Some(role) = column.role else { return String::new() };
    let (english, german) = match role {
        Role::X => ("easting or longitude", "Ostwert oder Länge"),
        Role::Y => ("northing or latitude", "Nordwert oder Breite"),
        Role::Coordinate => ("coordinate", "Koordinate"),
        Role::Cell => ("cell code", "Zellcode"),
        Role::Id => ("id", "Kennung"),
        Role::PersonName => ("name (personal?)", "Name (personenbezogen?)"),
        Role::Address => ("address or contact (personal?)", "Anschrift oder Kontakt (personenbezogen?)"),
        Role::DateOfBirth => ("date of birth (personal?)", "Geburtsdatum (personenbezogen?)"),
        Role::Dimension => ("dimension", "Dimension"),
        Role::Age => ("dimension: age in bands", "Dimension: Alter in Klassen"),
        Role::Measure => ("measure", "Messwert"),
        Role::AreaKey => ("key of an area", "Gebietsschlüssel"),
        Role::ReferenceDate => ("reference date", "Stichtag"),
    };
    let role = if language == Language::German { german } else { english };
    if column.labels.is_empty() { role.to_owned() } else { format!("{role}: {}", column.labels.join(" | ")) }
}
