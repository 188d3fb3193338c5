//! What became of the records: read, placed, rejected by reason. Says where a rejected row is, never what it holds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::confidential::grade::Grade;
use crate::error::Language;
use crate::geodesy::DatumShift;
use crate::say;

/// Why a record was not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A row with more or fewer fields than the header.
    FieldCount,
    /// Bytes that are not text in the source's encoding.
    Encoding,
    /// No coordinate, cell code or key.
    MissingPosition,
    /// A coordinate that is not a number.
    CoordinateNotNumeric,
    /// A coordinate that is NaN or infinite.
    CoordinateNotFinite,
    /// A coordinate outside the reference system's area of use.
    OutsideAreaOfUse,
    /// A text that is no cell code.
    CellCode,
    /// A cell code coarser than the finest size of the run.
    CellTooCoarse,
    /// A cell code finer than the finest size of the run that lies in no cell of it.
    CellNotNested,
    /// No value in a dimension.
    MissingCategory,
    /// A category that the plan does not list.
    UnknownCategory,
    /// A category text that no output can show: too long, with a control character, or with the `|` that joins group names.
    CategoryText,
    /// A number below the first band.
    OutsideBands,
    /// A text where a band needs a number.
    BandNotNumeric,
    /// A measure that is missing or not a number.
    MeasureNotNumeric,
    /// A date that is missing or not a date.
    Date,
    /// No id where units are told apart by id.
    MissingId,
    /// An id that occurs more than once for the same date.
    DuplicateId,
    /// No street, or a text that says that there is none.
    AddressMissing,
    /// Neither municipality nor postcode where the register has several municipalities.
    PlaceMissing,
    /// A municipality or postcode that the register does not have.
    PlaceUnknown,
    /// A street that the register does not have in this place.
    StreetUnknown,
    /// Several houses of the register fit equally well.
    AddressAmbiguous,
    /// A street that is only similar to one of the register, where the plan wants more.
    OnlySimilar,
    /// A house number that the register does not have, so that its place is too unsure for the finest cells.
    NumberUnknown,
    /// A street without a usable house number: too unsure for the finest cells.
    OnlyStreet,
    /// Only the town is known, which is no place in a grid.
    OnlyTown,
    /// No key of an area.
    AreaKeyMissing,
    /// A key that no area has.
    AreaKeyUnknown,
    /// A key of something larger than the areas.
    AreaKeyTooCoarse,
    /// A house number that the table of streets has no row for.
    NumberNotInTable,
    /// Rows of the table of streets that fit and lie in several areas.
    AreaUnclear,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 32] = [
        Self::FieldCount,
        Self::Encoding,
        Self::MissingPosition,
        Self::CoordinateNotNumeric,
        Self::CoordinateNotFinite,
        Self::OutsideAreaOfUse,
        Self::CellCode,
        Self::CellTooCoarse,
        Self::CellNotNested,
        Self::MissingCategory,
        Self::UnknownCategory,
        Self::CategoryText,
        Self::OutsideBands,
        Self::BandNotNumeric,
        Self::MeasureNotNumeric,
        Self::Date,
        Self::MissingId,
        Self::DuplicateId,
        Self::AddressMissing,
        Self::PlaceMissing,
        Self::PlaceUnknown,
        Self::StreetUnknown,
        Self::AddressAmbiguous,
        Self::OnlySimilar,
        Self::NumberUnknown,
        Self::OnlyStreet,
        Self::OnlyTown,
        Self::AreaKeyMissing,
        Self::AreaKeyUnknown,
        Self::AreaKeyTooCoarse,
        Self::NumberNotInTable,
        Self::AreaUnclear,
    ];

    /// The stable technical name, as in `run.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::FieldCount => "field_count",
            Self::Encoding => "encoding",
            Self::MissingPosition => "missing_position",
            Self::CoordinateNotNumeric => "coordinate_not_numeric",
            Self::CoordinateNotFinite => "coordinate_not_finite",
            Self::OutsideAreaOfUse => "outside_area_of_use",
            Self::CellCode => "cell_code",
            Self::CellTooCoarse => "cell_too_coarse",
            Self::CellNotNested => "cell_not_nested",
            Self::MissingCategory => "missing_category",
            Self::UnknownCategory => "unknown_category",
            Self::CategoryText => "category_text",
            Self::OutsideBands => "outside_bands",
            Self::BandNotNumeric => "band_not_numeric",
            Self::MeasureNotNumeric => "measure_not_numeric",
            Self::Date => "date",
            Self::MissingId => "missing_id",
            Self::DuplicateId => "duplicate_id",
            Self::AddressMissing => "address_missing",
            Self::PlaceMissing => "place_missing",
            Self::PlaceUnknown => "place_unknown",
            Self::StreetUnknown => "street_unknown",
            Self::AddressAmbiguous => "address_ambiguous",
            Self::OnlySimilar => "only_similar",
            Self::NumberUnknown => "number_unknown",
            Self::OnlyStreet => "only_street",
            Self::OnlyTown => "only_town",
            Self::AreaKeyMissing => "area_key_missing",
            Self::AreaKeyUnknown => "area_key_unknown",
            Self::AreaKeyTooCoarse => "area_key_too_coarse",
            Self::NumberNotInTable => "number_not_in_table",
            Self::AreaUnclear => "area_unclear",
        }
    }

    /// What is wrong and how to mend it.
    pub fn explain(self, language: Language) -> String {
        match self {
            Self::FieldCount => say!(
                language,
                "number of fields differs from the header: check separator and quotes",
                "Zahl der Felder weicht von der Kopfzeile ab: Trennzeichen und Anführungszeichen prüfen"
            ),
            Self::Encoding => say!(
                language,
                "text is not in the source's encoding: name it with --encoding",
                "Text hat eine andere Zeichenkodierung: mit --encoding angeben"
            ),
            Self::MissingPosition => say!(
                language,
                "no position: fill the coordinate or cell code",
                "keine Position: Koordinate oder Zellcode ergänzen"
            ),
            Self::CoordinateNotNumeric => say!(
                language,
                "coordinate is not a number: check decimal sign and column",
                "Koordinate ist keine Zahl: Dezimalzeichen und Spalte prüfen"
            ),
            Self::CoordinateNotFinite => say!(
                language,
                "coordinate is NaN or infinite: remove or fill it",
                "Koordinate ist NaN oder unendlich: entfernen oder ergänzen"
            ),
            Self::OutsideAreaOfUse => say!(
                language,
                "coordinate lies outside the reference system's area of use: check --crs and the axis order",
                "Koordinate liegt außerhalb des Geltungsbereichs des Bezugssystems: --crs und Achsenfolge prüfen"
            ),
            Self::CellCode => say!(
                language,
                "no cell code: expected a form like CRS3035RES100mN2690300E4341100",
                "kein Zellcode: erwartet wird eine Form wie CRS3035RES100mN2690300E4341100"
            ),
            Self::CellTooCoarse => say!(
                language,
                "cell code is coarser than the finest grid size: leave the finer sizes out",
                "Zellcode ist gröber als die feinste Gittergröße: feinere Größen weglassen"
            ),
            Self::CellNotNested => say!(
                language,
                "cell code's size does not divide the finest grid size: choose sizes that it nests in",
                "Größe des Zellcodes teilt die feinste Gittergröße nicht: passende Größen wählen"
            ),
            Self::MissingCategory => say!(
                language,
                "no value in a dimension: fill it, or set missing = \"category\" for the dimension",
                "kein Wert in einer Dimension: ergänzen oder für die Dimension missing = \"category\" setzen"
            ),
            Self::UnknownCategory => say!(
                language,
                "category is not in the plan's list: correct it or add it to categories",
                "Kategorie steht nicht in der Liste des Plans: berichtigen oder in categories aufnehmen"
            ),
            Self::CategoryText => say!(
                language,
                "category is longer than 200 bytes, or holds a control character or the sign |: correct it or check the column",
                "Kategorie ist länger als 200 Byte oder enthält ein Steuerzeichen oder das Zeichen |: berichtigen oder Spalte prüfen"
            ),
            Self::OutsideBands => say!(
                language,
                "number lies below the first band: add a lower band or correct the value",
                "Zahl liegt unter der ersten Klasse: eine untere Klasse ergänzen oder Wert berichtigen"
            ),
            Self::BandNotNumeric => say!(
                language,
                "a banded dimension needs a number: correct the value or drop the bands",
                "eine Dimension mit Klassen braucht eine Zahl: Wert berichtigen oder Klassen weglassen"
            ),
            Self::MeasureNotNumeric => say!(
                language,
                "measure is missing or not a number: fill or correct it",
                "Messwert fehlt oder ist keine Zahl: ergänzen oder berichtigen"
            ),
            Self::Date => say!(
                language,
                "date is missing or not a date: expected 2024-12-31 or 31.12.2024",
                "Datum fehlt oder ist kein Datum: erwartet wird 2024-12-31 oder 31.12.2024"
            ),
            Self::MissingId => say!(language, "no id: fill it, or leave --id out", "keine Kennung: ergänzen oder --id weglassen"),
            Self::DuplicateId => say!(
                language,
                "id occurs more than once: remove the repeated rows, or leave --id out if rows are not persons",
                "Kennung kommt mehrfach vor: doppelte Zeilen entfernen oder --id weglassen, wenn Zeilen keine Personen sind"
            ),
            Self::AddressMissing => {
                say!(language, "no address: fill street or street key", "keine Adresse: Straße oder Straßenschlüssel ergänzen")
            }
            Self::PlaceMissing => say!(
                language,
                "neither municipality nor postcode, and the register has several municipalities: fill one",
                "weder Gemeinde noch Postleitzahl, und das Verzeichnis hat mehrere Gemeinden: eines ergänzen"
            ),
            Self::PlaceUnknown => say!(
                language,
                "municipality or postcode is not in the register: correct it, or take a register that has it",
                "Gemeinde oder Postleitzahl steht nicht im Verzeichnis: berichtigen oder ein passendes Verzeichnis nehmen"
            ),
            Self::StreetUnknown => say!(
                language,
                "the register has no such street in this place, nor one that is surely meant: correct it",
                "das Verzeichnis hat hier keine solche Straße und keine, die sicher gemeint ist: berichtigen"
            ),
            Self::AddressAmbiguous => say!(
                language,
                "several houses fit: add postcode, municipality or street key",
                "mehrere Häuser passen: Postleitzahl, Gemeinde oder Straßenschlüssel ergänzen"
            ),
            Self::OnlySimilar => say!(
                language,
                "the street is only similar to one of the register, and the plan wants more: correct it",
                "die Straße ist einer des Verzeichnisses nur ähnlich, der Plan verlangt mehr: berichtigen"
            ),
            Self::NumberUnknown => say!(
                language,
                "the register does not have this house number; its neighbours' place is too unsure for the finest cells: correct it, or count in cells of 250 m",
                "Hausnummer steht nicht im Verzeichnis; die Lage nach den Nachbarn ist zu ungenau für die feinsten Zellen: berichtigen oder in 250-m-Zellen zählen"
            ),
            Self::OnlyStreet => say!(
                language,
                "only the street is known, which is too unsure for the finest cells: add the house number, or count in cells of 1 km",
                "nur die Straße ist bekannt, das ist zu ungenau für die feinsten Zellen: Hausnummer ergänzen oder in 1-km-Zellen zählen"
            ),
            Self::OnlyTown => say!(
                language,
                "only a long street or the town is known, which is no place in a grid: add the house number",
                "nur eine lange Straße oder der Ort ist bekannt, das ist kein Ort im Gitter: Hausnummer ergänzen"
            ),
            Self::AreaKeyMissing => say!(language, "no area key: fill it", "kein Gebietsschlüssel: ergänzen"),
            Self::AreaKeyUnknown => say!(
                language,
                "no area has this key: correct it, or take boundaries of the same year",
                "kein Gebiet hat diesen Schlüssel: berichtigen oder Grenzen desselben Jahres nehmen"
            ),
            Self::AreaKeyTooCoarse => say!(
                language,
                "the key is of something larger than the areas: take a longer key, or add an area system of its level",
                "der Schlüssel gehört zu etwas Größerem als den Gebieten: längeren Schlüssel nehmen oder eine Gebietsebene dafür ergänzen"
            ),
            Self::NumberNotInTable => say!(
                language,
                "the table of streets has no row for this house number: correct it, or add the row",
                "die Straßentabelle hat keine Zeile für diese Hausnummer: berichtigen oder die Zeile ergänzen"
            ),
            Self::AreaUnclear => say!(
                language,
                "rows of the table of streets that fit lie in several areas: add house number, postcode or municipality, or mend the table",
                "passende Zeilen der Straßentabelle liegen in mehreren Gebieten: Hausnummer, Postleitzahl oder Gemeinde ergänzen oder die Tabelle berichtigen"
            ),
        }
    }
}

/// Where a rejected row is: never what it holds. Orders by source, then row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Located {
    /// Position into the run's list of source files.
    pub source: u32,
    /// Row as a spreadsheet numbers it: the header is row 1, the first record row 2 (Parquet: the first record is row 1).
    pub row: u64,
    /// Name of the column at fault.
    pub column: String,
}

/// Rejected rows by reason: how many, and the first few places of each. Sums in any order to the same value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejects {
    by_reason: BTreeMap<Reason, (u64, Vec<Located>)>,
}

impl Rejects {
    /// How many places are kept for each reason.
    pub const KEPT_PLACES: usize = 5;

    /// Counts one row.
    pub fn add(&mut self, reason: Reason, place: Located) {
        let entry = self.by_reason.entry(reason).or_default();
        entry.0 += 1;
        Self::keep(&mut entry.1, place);
    }

    /// Counts one row; allocates only for a place that is kept.
    pub fn add_at(&mut self, reason: Reason, (source, row): (u32, u64), column: &str) {
        let entry = self.by_reason.entry(reason).or_default();
        entry.0 += 1;
        let kept = |last: &Located| (last.source, last.row, last.column.as_str()) > (source, row, column);
        if entry.1.len() < Self::KEPT_PLACES || entry.1.last().is_some_and(kept) {
            Self::keep(&mut entry.1, Located { source, row, column: column.to_owned() });
        }
    }

    /// Adds what another thread counted.
    pub fn merge(&mut self, other: Self) {
        for (reason, (count, places)) in other.by_reason {
            let entry = self.by_reason.entry(reason).or_default();
            entry.0 += count;
            for place in places {
                Self::keep(&mut entry.1, place);
            }
        }
    }

    fn keep(places: &mut Vec<Located>, place: Located) {
        let at = places.binary_search(&place).unwrap_or_else(|at| at);
        if at < Self::KEPT_PLACES {
            places.insert(at, place);
            places.truncate(Self::KEPT_PLACES);
        }
    }

    /// All rejected rows.
    pub fn total(&self) -> u64 {
        self.by_reason.values().map(|(count, _)| count).sum()
    }

    /// Reasons that occurred, with their count and first places.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, u64, &[Located])> {
        self.by_reason.iter().map(|(&reason, (count, places))| (reason, *count, places.as_slice()))
    }
}

/// What was read and what became of it.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The source files in the order of the plan.
    pub sources: Vec<PathBuf>,
    /// Rows read.
    pub records_read: u64,
    /// Rows counted in a cell or in areas, once for each reference date that they are valid on.
    pub records_placed: u64,
    /// How many reference dates there are.
    pub reference_dates: usize,
    /// Rows not counted.
    pub rejects: Rejects,
    /// Records that were found in a register of addresses, by grade in the order of [`Grade::ALL`], admitted to the finest cells or not; all 0 where
    /// positions are no addresses.
    pub grades: [u64; Grade::ALL.len()],
    /// Records that are valid on none of the reference dates: neither placed nor rejected.
    pub never_valid: u64,
    /// Houses in the register of addresses, and rows of it without street or position.
    pub register_rows: Option<(u64, u64)>,
    /// Rows of the table of streets, and rows of it that could not be used.
    pub street_table_rows: Option<(u64, u64)>,
    /// Records whose area keys had lost leading zeros, which were restored.
    pub keys_mended: u64,
    /// Combinations of areas that records can lie in, for each system the area's position: where keys name areas; empty where positions do.
    pub area_combinations: Vec<Vec<Option<u32>>>,
    /// For each area system: placed records in no area, and placed records in more than one area (counted in the first by key).
    pub outside_and_overlapping: Vec<(u64, u64)>,
    /// How coordinates of records or of their register get to ETRS89, where they are on an old datum.
    pub datum_shift: Option<DatumShift>,
    /// The largest verified deviation of the fitted projection from the exact one, metres; 0 where none was needed.
    pub projection_error_m: f64,
    /// Points computed by the exact projection because the fitted one could not decide their cell.
    pub exactly_projected: u64,
}
