//! Why a register cannot be used.

use std::path::PathBuf;

use crate::error::{Failure, Kind, Language};
use crate::geodesy::Suspicion;
use crate::say;

/// A register that cannot be used.
#[derive(Debug)]
pub(in crate::confidential::georeference) enum RegisterError {
    /// The file cannot be read.
    Unreadable { file: PathBuf, source: std::io::Error },
    /// It is neither HK-DE nor gebref, and nothing says which column is what.
    ColumnsUnsaid { file: PathBuf, missing: &'static str },
    /// A row has another number of fields than the layout.
    Fields { file: PathBuf, format: &'static str, expected: &'static str, found: usize },
    /// The reference system is not said and cannot be told from the layout.
    SystemUnsaid { file: PathBuf },
    /// Most coordinates cannot belong to the reference system.
    WrongSystem { file: PathBuf, system: String, suspicion: Suspicion },
    /// No row has a street, a number and a position.
    NoHouses { file: PathBuf },
    /// More than 4294 km from one end to the other.
    TooWide { file: PathBuf },
    /// The index cannot be kept where it was asked for.
    IndexUnwritable { file: PathBuf, source: std::io::Error },
}

impl Failure for RegisterError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unreadable { .. } | Self::IndexUnwritable { .. } => Kind::InputOutput,
            Self::ColumnsUnsaid { .. } | Self::SystemUnsaid { .. } => Kind::Usage,
            Self::Fields { .. } | Self::WrongSystem { .. } | Self::NoHouses { .. } | Self::TooWide { .. } => Kind::Check,
        }
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::Unreadable { file, source } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: the register cannot be read: {source}",
                    "{file}: das Verzeichnis ist nicht lesbar: {source}"
                )
            }
            Self::ColumnsUnsaid { file, missing } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: the register's column of `{missing}` is not said: give --register-columns street=…,number=…,x=…,y=… \
                     (also suffix, postcode, municipality, place, street_key), or --register-format hkde or gebref",
                    "{file}: die Spalte für `{missing}` im Verzeichnis ist nicht angegeben: --register-columns street=…,number=…,x=…,y=… \
                     angeben (auch suffix, postcode, municipality, place, street_key) oder --register-format hkde oder gebref"
                )
            }
            Self::Fields { file, format, expected, found } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: rows have {found} fields, but {format} has {expected}, separated by semicolons: choose another --register-format",
                    "{file}: Zeilen haben {found} Felder, {format} aber {expected}, getrennt durch Semikolon: anderes --register-format wählen"
                )
            }
            Self::SystemUnsaid { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: the reference system of the register is not said: give --register-crs, for example EPSG:25832",
                    "{file}: das Bezugssystem des Verzeichnisses ist nicht angegeben: --register-crs angeben, zum Beispiel EPSG:25832"
                )
            }
            Self::WrongSystem { file, system, suspicion } => {
                let (file, why) = (file.display(), suspicion.explain(language));
                say!(
                    language,
                    "{file}: the register's coordinates cannot be in {system}: {why}",
                    "{file}: die Koordinaten des Verzeichnisses können nicht in {system} vorliegen: {why}"
                )
            }
            Self::NoHouses { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: no row has a street and a position: check columns and separator",
                    "{file}: keine Zeile hat Straße und Position: Spalten und Trennzeichen prüfen"
                )
            }
            Self::TooWide { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: the register is wider than 4294 km: check for positions far away, or divide it",
                    "{file}: das Verzeichnis ist breiter als 4294 km: weit entfernte Positionen prüfen oder es teilen"
                )
            }
            Self::IndexUnwritable { file, source } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: the register's index cannot be written: {source}: choose another place with --register-index",
                    "{file}: der Index des Verzeichnisses ist nicht schreibbar: {source}: mit --register-index anderen Ort wählen"
                )
            }
        }
    }
}
