//! One column: type, distinct values, what it is probably for.

use std::str::FromStr;

use rustc_hash::FxHashMap;

use super::words::any;
use crate::confidential::records::{NumberForm, NumberState, TextValues};
use crate::grid::{CellId, GridSize};

/// What is known of a column. Holds no value but labels that occur often.
#[derive(Clone, Debug)]
pub struct ColumnFinding {
    /// The name in the header.
    pub name: String,
    /// The type of its values.
    pub value_type: ValueType,
    /// How many distinct values, coarsely.
    pub distinct: Distinct,
    /// How many rows in a hundred have no value, rounded to fives (1 to 5 is 5).
    pub empty_percent: u8,
    /// What it is probably for.
    pub role: Option<Role>,
    /// The categories, if there are few and each occurs at least [`ColumnFinding::LABEL_ROWS`] times; else none.
    pub labels: Vec<String>,
    /// The size of the cells, if the values are cell codes.
    pub cell_size: Option<GridSize>,
}

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// No value at all.
    Empty,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Number,
    /// Digits with leading zeros: a key, kept as text.
    Key,
    /// `2024-12-31` or `31.12.2024`.
    Date,
    /// Yes or no.
    Boolean,
    /// INSPIRE cell codes.
    CellCode,
    /// Anything else.
    Text,
}

/// How many distinct values, told so coarsely that it says nothing about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distinct {
    /// The same in every row.
    One,
    /// At most 30, each for ten rows or more on average.
    Few,
    /// In between.
    Many,
    /// Another one in every row.
    Unique,
}

/// What a column is probably for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// First coordinate of the position: easting or longitude.
    X,
    /// Second coordinate of the position: northing or latitude.
    Y,
    /// Another coordinate.
    Coordinate,
    /// Code of the cell.
    Cell,
    /// Tells records apart: another one in every row looked at.
    Id,
    /// Names of persons.
    PersonName,
    /// Address, telephone, mail.
    Address,
    /// Date of birth.
    DateOfBirth,
    /// A category for tables.
    Dimension,
    /// Age in years: a dimension with bands.
    Age,
    /// A number that may be summed.
    Measure,
    /// Key of an area: municipality, postcode, district.
    AreaKey,
    /// The reference date.
    ReferenceDate,
}

impl Role {
    /// Whether the column may identify a person.
    pub fn is_personal(self) -> bool {
        matches!(self, Self::PersonName | Self::Address | Self::DateOfBirth)
    }
}

/// Distinct values are told apart up to this number.
const DISTINCT_COUNTED: usize = 50_000;

impl ColumnFinding {
    /// How often a label must occur among the rows looked at to be shown.
    pub const LABEL_ROWS: usize = 100;

    pub(super) fn of(name: String, texts: &TextValues, form: NumberForm) -> Self {
        let mut counts: FxHashMap<&str, usize> = FxHashMap::default();
        let mut tally = Tally::default();
        for value in (0..texts.len()).filter_map(|row| texts.get(row)) {
            tally.see(value, form);
            if counts.len() < DISTINCT_COUNTED || counts.contains_key(value) {
                *counts.entry(value).or_default() += 1;
            }
        }
        let value_type = tally.value_type();
        let distinct = match counts.len() {
            0 | 1 => Distinct::One,
            count if count == tally.filled && count >= 20 => Distinct::Unique,
            count if count <= 30 && tally.filled >= 10 * count => Distinct::Few,
            _ => Distinct::Many,
        };
        let empty_percent = (100 * (texts.len() - tally.filled)).div_ceil(texts.len().max(1)).div_ceil(5) as u8 * 5;
        let mut finding = Self { name, value_type, distinct, empty_percent, role: None, labels: Vec::new(), cell_size: None };
        finding.cell_size = tally.cell_size.filter(|_| value_type == ValueType::CellCode);
        finding.role = finding.likely_role(&tally);
        let often = counts.values().all(|&count| count >= Self::LABEL_ROWS);
        if distinct == Distinct::Few && often && finding.role == Some(Role::Dimension) {
            finding.labels = counts.into_keys().map(str::to_owned).collect();
            finding.labels.sort_unstable();
        }
        finding
    }

    /// Whether it holds numbers.
    pub fn is_numeric(&self) -> bool {
        matches!(self.value_type, ValueType::Integer | ValueType::Number)
    }

    /// The order matters: what identifies a person comes first.
    fn likely_role(&self, tally: &Tally) -> Option<Role> {
        let name = self.name.as_str();
        let text = matches!(self.value_type, ValueType::Text | ValueType::Key);
        let born = any(name, &["geburtsdat", "gebdat", "geburtstag", "birthda", "dateofbirth", "=dob", "=geb"]);
        let number_like = self.is_numeric() || self.value_type == ValueType::Key;
        match () {
            () if self.value_type == ValueType::CellCode => Some(Role::Cell),
            () if self.value_type == ValueType::Empty => None,
            () if born && !matches!(self.value_type, ValueType::Boolean) => Some(Role::DateOfBirth),
            () if text && any(name, &["nachname", "vorname", "familienname", "surname", "firstname", "lastname", "rufname"]) => {
                Some(Role::PersonName)
            }
            () if any(
                name,
                &["strasse", "=str", "strname", "street", "adress", "anschrift", "hausnr", "hausnummer", "hsnr", "=hnr"],
            ) =>
            {
                Some(Role::Address)
            }
            () if text && any(name, &["tel", "phone", "fax", "email", "mail", "handy", "mobil"]) => Some(Role::Address),
            () if number_like
                && any(name, &["=ags", "=ars", "=plz", "postleitzahl", "postcode", "=zip", "gemeindeschl", "gemeindekenn"]) =>
            {
                Some(Role::AreaKey)
            }
            () if self.is_numeric() && super::words::axis(name).is_some() => Some(Role::Coordinate),
            () if self.distinct == Distinct::Unique && !matches!(self.value_type, ValueType::Number | ValueType::Date) => {
                Some(Role::Id)
            }
            () if text && any(name, &["=name"]) && self.distinct == Distinct::Many => Some(Role::PersonName),
            () if self.value_type == ValueType::Date => {
                any(name, &["stichtag", "datum", "date", "referenz", "quartal"]).then_some(Role::ReferenceDate)
            }
            () if self.value_type == ValueType::Integer
                && any(name, &["=alter", "=age", "lebensalter", "alterinjahren"])
                && tally.is_age() =>
            {
                Some(Role::Age)
            }
            () if self.distinct == Distinct::One => None,
            () if text || self.value_type == ValueType::Boolean => (self.distinct == Distinct::Few).then_some(Role::Dimension),
            () if self.is_measure_by_name() => Some(Role::Measure),
            () if self.value_type == ValueType::Integer && self.distinct == Distinct::Few && self.is_category_by_name() => {
                Some(Role::Dimension)
            }
            () => None,
        }
    }

    fn is_measure_by_name(&self) -> bool {
        let stems = [
            "anzahl",
            "count",
            "einwohner",
            "bevoelkerung",
            "population",
            "=pop",
            "betrag",
            "summe",
            "preis",
            "price",
            "amount",
            "kosten",
            "einkommen",
            "income",
            "miete",
            "flaeche",
            "wohnfl",
            "umsatz",
            "stunden",
            "gewicht",
            "weight",
            "value",
            "wert",
            "freq",
        ];
        any(&self.name, &stems)
    }

    fn is_category_by_name(&self) -> bool {
        let stems = [
            "geschlecht",
            "=sex",
            "gender",
            "status",
            "typ",
            "gruppe",
            "group",
            "klasse",
            "class",
            "kategorie",
            "category",
            "code",
            "stufe",
            "familienstand",
            "staatsang",
            "nation",
            "leistung",
            "haushalt",
            "alters",
        ];
        any(&self.name, &stems)
    }
}

/// How many values have which form.
#[derive(Default)]
struct Tally {
    filled: usize,
    integers: usize,
    numbers: usize,
    leading_zeros: usize,
    dates: usize,
    booleans: usize,
    cells: usize,
    cell_size: Option<GridSize>,
    within_age: usize,
}

impl Tally {
    fn see(&mut self, value: &str, form: NumberForm) {
        self.filled += 1;
        let digits = value.bytes().all(|b| b.is_ascii_digit());
        self.leading_zeros += usize::from(digits && value.len() > 1 && value.starts_with('0'));
        let (number, state) = form.parse(value.as_bytes());
        if state == NumberState::Number && number.is_finite() {
            self.numbers += 1;
            self.integers += usize::from(number.fract() == 0.0);
            self.within_age += usize::from((0.0..=125.0).contains(&number));
        } else {
            self.dates += usize::from(is_date(value));
            let truths = ["ja", "nein", "j", "true", "false", "yes", "no", "wahr", "falsch"];
            self.booleans += usize::from(truths.iter().any(|truth| value.eq_ignore_ascii_case(truth)));
            if let Ok(cell) = CellId::from_str(value) {
                self.cells += 1;
                self.cell_size = Some(self.cell_size.map_or(cell.size(), |size| size.min_by_metres(cell.size())));
            }
        }
    }

    fn value_type(&self) -> ValueType {
        // one in fifty may be a sign such as "–" for withheld
        let most = |count: usize| self.filled > 0 && 50 * (self.filled - count) <= self.filled;
        match () {
            () if self.filled == 0 => ValueType::Empty,
            () if most(self.numbers) && self.leading_zeros > 0 && most(self.integers) => ValueType::Key,
            () if most(self.integers) => ValueType::Integer,
            () if most(self.numbers) => ValueType::Number,
            () if most(self.dates) => ValueType::Date,
            () if most(self.booleans) => ValueType::Boolean,
            () if most(self.cells) => ValueType::CellCode,
            () => ValueType::Text,
        }
    }

    fn is_age(&self) -> bool {
        50 * (self.filled - self.within_age) <= self.filled
    }
}

trait Finer {
    fn min_by_metres(self, other: Self) -> Self;
}

impl Finer for GridSize {
    fn min_by_metres(self, other: Self) -> Self {
        if other.metres() < self.metres() { other } else { self }
    }
}

/// `2024-12-31` (with or without a time) or `31.12.2024`.
fn is_date(value: &str) -> bool {
    let number = |part: &str, range: std::ops::RangeInclusive<u32>| part.parse().is_ok_and(|number: u32| range.contains(&number));
    let day = value.split(['T', ' ']).next().unwrap_or(value);
    let iso: Vec<&str> = day.split('-').collect();
    let german: Vec<&str> = day.split('.').collect();
    match (iso.as_slice(), german.as_slice()) {
        ([y, m, d], _) | (_, [d, m, y]) => number(y, 1800..=2200) && number(m, 1..=12) && number(d, 1..=31),
        _ => false,
    }
}
