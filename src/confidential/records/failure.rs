//! What can be wrong with a source, in words that name the file and the mend, never a value.

use std::path::{Path, PathBuf};

pub(in crate::confidential) use super::database_fault::DatabaseFault;
use crate::error::{Failure, Kind, Language};
use crate::say;

/// A file type that is recognised but not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::confidential) enum Foreign {
    /// zip, 7z, bz2, xz, or gzip or zstd around something that is no text.
    Archive,
    /// JSON that is no GeoJSON feature collection.
    OtherJson,
    /// Anything else that is no text.
    Binary,
}

/// Why a source cannot be read.
#[derive(Debug)]
pub(in crate::confidential) enum RecordsError {
    /// There is no such file.
    NotFound { file: PathBuf },
    /// A folder where a file is expected.
    Directory { file: PathBuf },
    /// The file may not be read.
    Permission { file: PathBuf },
    /// The file has no byte.
    Empty { file: PathBuf },
    /// The file has a header and nothing else.
    NoRecords { file: PathBuf },
    /// A column that the plan names is not there.
    MissingColumn { file: PathBuf, column: String, columns: Vec<String> },
    /// A column that the plan names is there more than once.
    AmbiguousColumn { file: PathBuf, column: String },
    /// A column is missing and the first row looks like a record, so that its content is not repeated.
    NoHeader { file: PathBuf, column: String },
    /// The file ends too early.
    Truncated { file: PathBuf, format: &'static str },
    /// The file is damaged.
    Corrupt { file: PathBuf, format: &'static str },
    /// A file type that is not read.
    Unsupported { file: PathBuf, found: Foreign },
    /// A Parquet column whose type has no text or number.
    ColumnType { file: PathBuf, column: String, found: String },
    /// A layer or sheet that is not there, or one of several that is not named.
    NoLayer { file: PathBuf, layer: String, layers: Vec<String> },
    /// A shapefile without its table.
    NoTable { file: PathBuf, table: PathBuf },
    /// A shapefile whose table has more or fewer records than it has shapes.
    UnequalTable { file: PathBuf, table: PathBuf },
    /// A database that gives no records.
    Database { source: PathBuf, fault: DatabaseFault },
    /// A query, where the source is none that understands one.
    QueryOfFile { file: PathBuf },
    /// Something on the net.
    Remote { file: PathBuf },
    /// A source that only GDAL reads, and a build without it.
    #[cfg_attr(feature = "gdal", expect(dead_code, reason = "that build has it"))]
    NeedsGdal { file: PathBuf },
    /// A source that GDAL does not read either, with what it says of it.
    #[cfg(feature = "gdal")]
    Gdal { file: PathBuf },
    /// A quoted text that does not end.
    UnclosedQuote { file: PathBuf, row: u64 },
    /// An encoding nobody knows.
    UnknownEncoding { label: String },
    /// A separator, quote or decimal sign that cannot be one.
    BadSign { option: &'static str, sign: char },
    /// The operating system refuses.
    Read { file: PathBuf, cause: std::io::Error },
}

impl RecordsError {
    /// Names the file in an error of the operating system.
    pub(super) fn opening(file: &Path, cause: std::io::Error) -> Self {
        let file = file.to_owned();
        match cause.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound { file },
            std::io::ErrorKind::PermissionDenied => Self::Permission { file },
            std::io::ErrorKind::IsADirectory => Self::Directory { file },
            _ => Self::Read { file, cause },
        }
    }
}

impl Failure for RecordsError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. } | Self::Directory { .. } | Self::Permission { .. } | Self::Read { .. } => Kind::InputOutput,
            Self::Truncated { .. } | Self::Corrupt { .. } => Kind::InputOutput,
            Self::Empty { .. } | Self::NoRecords { .. } | Self::UnclosedQuote { .. } | Self::NoHeader { .. } => Kind::Check,
            Self::Unsupported { .. } | Self::ColumnType { .. } => Kind::Usage,
            Self::NoLayer { .. } | Self::QueryOfFile { .. } | Self::Remote { .. } | Self::NeedsGdal { .. } => Kind::Usage,
            Self::NoTable { .. } | Self::UnequalTable { .. } => Kind::InputOutput,
            Self::Database { fault, .. } => fault.kind(),
            #[cfg(feature = "gdal")]
            Self::Gdal { .. } => Kind::InputOutput,
            Self::MissingColumn { .. } | Self::AmbiguousColumn { .. } => Kind::Usage,
            Self::UnknownEncoding { .. } | Self::BadSign { .. } => Kind::Usage,
        }
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::NotFound { file } => {
                let file = file.display();
                say!(language, "{file}: no such file: check the path", "{file}: Datei nicht gefunden: Pfad prüfen")
            }
            Self::Directory { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: is a folder, expected a file: name the file inside it",
                    "{file}: ist ein Ordner, erwartet wird eine Datei: die Datei darin angeben"
                )
            }
            Self::Permission { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: no permission to read: change the file's rights, or copy it to your own folder",
                    "{file}: keine Leseberechtigung: Rechte der Datei ändern oder sie in einen eigenen Ordner kopieren"
                )
            }
            Self::Empty { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: is empty, expected a header row and records: export it again",
                    "{file}: ist leer, erwartet werden Kopfzeile und Datensätze: neu exportieren"
                )
            }
            Self::NoRecords { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: no records below the header: check the export's filter",
                    "{file}: keine Datensätze unter der Kopfzeile: Filter des Exports prüfen"
                )
            }
            Self::MissingColumn { file, column, columns } => missing_column(language, file, column, columns),
            Self::AmbiguousColumn { file, column } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: column {column:?} occurs more than once in the header: rename one of them",
                    "{file}: Spalte {column:?} kommt in der Kopfzeile mehrfach vor: eine davon umbenennen"
                )
            }
            Self::NoHeader { file, column } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: no column {column:?}, and the first row looks like a record: put a row with column names on top",
                    "{file}: keine Spalte {column:?}, und die erste Zeile sieht wie ein Datensatz aus: eine Zeile mit Spaltennamen voranstellen"
                )
            }
            Self::Truncated { file, format } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: {format} file ends too early: copy or export it again",
                    "{file}: {format}-Datei bricht vorzeitig ab: erneut kopieren oder exportieren"
                )
            }
            Self::Corrupt { file, format } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: {format} file is damaged: copy or export it again",
                    "{file}: {format}-Datei ist beschädigt: erneut kopieren oder exportieren"
                )
            }
            Self::Unsupported { file, found } => unsupported(language, file, *found),
            Self::ColumnType { file, column, found } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: column {column:?} has type {found}, expected text, number, boolean or date: convert it or choose another",
                    "{file}: Spalte {column:?} hat den Typ {found}, erwartet wird Text, Zahl, Wahrheitswert oder Datum: umwandeln oder eine andere wählen"
                )
            }
            Self::NoLayer { file, layer, layers } => {
                let (file, list) = (file.display(), layers.join(", "));
                match (layer.is_empty(), nearest(layer, layers)) {
                    (true, _) => say!(
                        language,
                        "{file}: has several layers or none: name one with --layer: {list}",
                        "{file}: hat mehrere Ebenen oder keine: eine mit --layer angeben: {list}"
                    ),
                    (false, Some(nearest)) => say!(
                        language,
                        "{file}: no layer {layer:?}: did you mean {nearest:?}? layers are {list}",
                        "{file}: keine Ebene {layer:?}: ist {nearest:?} gemeint? Ebenen sind {list}"
                    ),
                    (false, None) => say!(
                        language,
                        "{file}: no layer {layer:?}: name one of {list}",
                        "{file}: keine Ebene {layer:?}: eine von diesen angeben: {list}"
                    ),
                }
            }
            Self::NoTable { file, table } => {
                let (file, table) = (file.display(), table.display());
                say!(
                    language,
                    "{file}: its attributes are missing: copy {table} beside it (and .prj and .cpg, if there are any)",
                    "{file}: die Sachdaten fehlen: {table} daneben kopieren (auch .prj und .cpg, falls vorhanden)"
                )
            }
            Self::UnequalTable { file, table } => {
                let (file, table) = (file.display(), table.display());
                say!(
                    language,
                    "{file}: has another number of shapes than {table} has rows: copy both from the same export",
                    "{file}: hat eine andere Zahl von Geometrien als {table} Zeilen: beide aus demselben Export kopieren"
                )
            }
            Self::Database { source, fault } => format!("{}: {}", source.display(), fault.explain(language)),
            Self::QueryOfFile { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: is no database, so --query says nothing to it: leave it out, or name a postgresql:// URL",
                    "{file}: ist keine Datenbank, --query hat hier keinen Sinn: weglassen oder eine postgresql://-URL angeben"
                )
            }
            Self::Remote { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: nothing is fetched from the net: download it first and name the file",
                    "{file}: aus dem Netz wird nichts geholt: zuerst herunterladen und die Datei angeben"
                )
            }
            Self::NeedsGdal { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: is read by GDAL only: build with it (libgdal-dev; cargo install --path . --features gdal), or export as GeoPackage",
                    "{file}: liest nur GDAL: damit bauen (libgdal-dev; cargo install --path . --features gdal) oder als GeoPackage exportieren"
                )
            }
            #[cfg(feature = "gdal")]
            Self::Gdal { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: GDAL cannot read it: check the name with `ogrinfo`, or export as GeoPackage",
                    "{file}: auch GDAL kann es nicht lesen: Namen mit `ogrinfo` prüfen oder als GeoPackage exportieren"
                )
            }
            Self::UnclosedQuote { file, row } => {
                let file = file.display();
                say!(
                    language,
                    "{file}, row {row}: a quoted text does not end: close or remove the quote, or set another quote character",
                    "{file}, Zeile {row}: ein Text in Anführungszeichen endet nicht: Zeichen ergänzen oder entfernen oder ein anderes Anführungszeichen angeben"
                )
            }
            Self::UnknownEncoding { label } => say!(
                language,
                "unknown encoding {label:?}: expected utf-8, windows-1252, iso-8859-15 or utf-16",
                "unbekannte Zeichenkodierung {label:?}: erwartet wird utf-8, windows-1252, iso-8859-15 oder utf-16"
            ),
            Self::BadSign { option, sign } => say!(
                language,
                "{option} {sign:?} cannot be used: expected one ASCII sign such as ';' ',' '.' '\"' or a tab, each with one role only",
                "{option} {sign:?} ist nicht möglich: erwartet wird ein ASCII-Zeichen wie ';' ',' '.' '\"' oder Tabulator, jedes nur in einer Rolle"
            ),
            Self::Read { file, cause } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: cannot be read ({cause}): check drive and network",
                    "{file}: nicht lesbar ({cause}): Laufwerk und Netz prüfen"
                )
            }
        }
    }
}

fn missing_column(language: Language, file: &Path, column: &str, columns: &[String]) -> String {
    let file = file.display();
    let list = columns.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    match nearest(column, columns) {
        Some(nearest) => say!(
            language,
            "{file}: no column {column:?}: did you mean {nearest:?}? columns are {list}",
            "{file}: keine Spalte {column:?}: ist {nearest:?} gemeint? Spalten sind {list}"
        ),
        None => say!(
            language,
            "{file}: no column {column:?}: name one of {list}",
            "{file}: keine Spalte {column:?}: eine von diesen angeben: {list}"
        ),
    }
}

fn unsupported(language: Language, file: &Path, found: Foreign) -> String {
    let file = file.display();
    match found {
        Foreign::Archive => say!(
            language,
            "{file}: is an archive: unpack it (only text in gzip or zstd is read directly)",
            "{file}: ist ein Archiv: entpacken (direkt gelesen wird nur Text in gzip oder zstd)"
        ),
        Foreign::OtherJson => say!(
            language,
            "{file}: is JSON but no GeoJSON feature collection: export it as GeoJSON, CSV or Parquet",
            "{file}: ist JSON, aber keine GeoJSON-FeatureCollection: als GeoJSON, CSV oder Parquet exportieren"
        ),
        Foreign::Binary => say!(
            language,
            "{file}: is no text and no known format: expected CSV, Parquet, GeoJSON, XLSX, ODS, GeoPackage, Shapefile (.shp) or FlatGeobuf",
            "{file}: ist weder Text noch ein bekanntes Format: erwartet wird CSV, Parquet, GeoJSON, XLSX, ODS, GeoPackage, Shapefile (.shp) oder FlatGeobuf"
        ),
    }
}

/// The most similar name, if any is similar at all; case does not matter.
fn nearest<'a>(wanted: &str, names: &'a [String]) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    names
        .iter()
        .map(|name| (strsim::jaro_winkler(&wanted, &name.to_lowercase()), name.as_str()))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
