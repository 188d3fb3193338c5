//! Why a reference system or a projection cannot be had.

use std::fmt;

use crate::error::{Failure, Kind, Language};
use crate::say;

/// A reference system that cannot be used, and how to mend it. Holds what was written in the plan, never a coordinate.
#[derive(Clone, Debug, PartialEq)]
pub enum GeodesyError {
    /// The EPSG code is not in the table of definitions.
    UnknownEpsg {
        /// The code.
        code: u32,
    },
    /// The text is none of the forms that name a reference system.
    Unreadable {
        /// The text, shortened.
        text: String,
    },
    /// The text is WKT, but something in it is missing or broken.
    BrokenWkt {
        /// The keyword that is missing or broken.
        keyword: String,
    },
    /// The projection method is not available.
    UnsupportedProjection {
        /// The system's label.
        system: String,
        /// The name of the method as the definition has it.
        method: String,
    },
    /// The datum is unknown and the definition gives no shift to WGS 84.
    UnknownDatum {
        /// The system's label.
        system: String,
        /// The name of the datum as the definition has it.
        datum: String,
    },
    /// A parameter of the definition has an impossible value.
    BadParameters {
        /// The system's label.
        system: String,
        /// What is wrong, in the words of the projection library.
        reason: String,
    },
    /// A file of datum shifts cannot be used.
    BadGrid {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A datum shift is too coarse for the cells.
    CoarseDatum {
        /// The system's label.
        system: String,
        /// How accurate it is, metres.
        accuracy_m: f64,
        /// The finest cells of the run, metres.
        finest_m: u32,
        /// The smallest that would do, metres.
        smallest_m: u32,
    },
    /// The projection can be computed in the other direction only.
    OneWay {
        /// The system's label.
        system: String,
    },
}

impl Failure for GeodesyError {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::UnknownEpsg { code } => say!(
                language,
                "reference system EPSG:{code} is not known: check the code, or give the system as a PROJ string or WKT",
                "Koordinatensystem EPSG:{code} ist nicht bekannt: den Code prüfen oder das System als PROJ-Zeichenkette oder WKT angeben"
            ),
            Self::Unreadable { text } => say!(
                language,
                "\"{text}\" names no reference system: expected a form like EPSG:25832, a PROJ string (+proj=…) or WKT",
                "„{text}“ benennt kein Koordinatensystem: erwartet wird eine Form wie EPSG:25832, eine PROJ-Zeichenkette (+proj=…) oder WKT"
            ),
            Self::BrokenWkt { keyword } => say!(
                language,
                "the WKT of the reference system cannot be read at {keyword}: give the EPSG code instead, for example EPSG:25832",
                "das WKT des Koordinatensystems ist bei {keyword} nicht lesbar: stattdessen den EPSG-Code angeben, zum Beispiel EPSG:25832"
            ),
            Self::UnsupportedProjection { system, method } => say!(
                language,
                "the projection {method} of {system} is not supported: convert the data to EPSG:25832 or EPSG:4326 first",
                "die Projektion {method} von {system} wird nicht unterstützt: die Daten vorher nach EPSG:25832 oder EPSG:4326 umrechnen"
            ),
            Self::UnknownDatum { system, datum } => say!(
                language,
                "the datum {datum} of {system} is not known: give the EPSG code, or a PROJ string with +towgs84=…",
                "das Datum {datum} von {system} ist nicht bekannt: den EPSG-Code angeben oder eine PROJ-Zeichenkette mit +towgs84=…"
            ),
            Self::BadParameters { system, reason } => say!(
                language,
                "the definition of {system} cannot be used ({reason}): check its parameters or give the EPSG code",
                "die Definition von {system} ist nicht verwendbar ({reason}): die Parameter prüfen oder den EPSG-Code angeben"
            ),
            Self::BadGrid { file, reason } => say!(
                language,
                "{file}: the grid of datum shifts cannot be used: {reason}",
                "{file}: das Gitter der Datumsübergänge ist nicht verwendbar: {reason}"
            ),
            Self::CoarseDatum { system, accuracy_m, finest_m, smallest_m } => say!(
                language,
                "{system} is on an old datum; its shift to ETRS89 is accurate to {accuracy_m} m, too coarse for cells of {finest_m} m: name a grid with                  --datum-grid (for the Gauss-Krüger zones BETA2007.gsb of the BKG; it is also found in PROJ_DATA), count in cells from {smallest_m} m, or                  accept it with --allow-coarse-datum",
                "{system} hat ein altes Datum; der Übergang nach ETRS89 ist auf {accuracy_m} m genau, zu grob für Zellen von {finest_m} m: mit                  --datum-grid ein Gitter angeben (für Gauß-Krüger BETA2007.gsb vom BKG; wird auch in PROJ_DATA gefunden), in Zellen ab {smallest_m} m zählen                  oder mit --allow-coarse-datum in Kauf nehmen"
            ),
            Self::OneWay { system } => say!(
                language,
                "{system} can be computed in one direction only: convert the data to EPSG:25832 or EPSG:4326 first",
                "{system} lässt sich nur in einer Richtung berechnen: die Daten vorher nach EPSG:25832 oder EPSG:4326 umrechnen"
            ),
        }
    }
}

impl fmt::Display for GeodesyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain(Language::English))
    }
}

impl GeodesyError {
    /// An unreadable text, shortened to what fits in a message.
    pub(super) fn unreadable(text: &str) -> Self {
        let short: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
        Self::Unreadable { text: if short.len() < text.len() { format!("{short}…") } else { short } }
    }
}
