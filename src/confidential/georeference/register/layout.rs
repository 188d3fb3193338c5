//! Which column of a register is what: the layouts of official house coordinates, and tables by the names of their columns.
//!
//! HK-DE: Datenformatbeschreibung Hauskoordinaten Deutschland (ZSHH), 18 fields: NBA, OI, QUA, LAN, RBZ, KRS, GMD, OTT, SSS, HNR, ADZ, East, North,
//! STN, PLZ, ONM, ZON, POT; eastings begin with the zone. Gebäudereferenzen NRW: 21 fields with each key followed by its name; before 2020 the first
//! fourteen fields of HK-DE and a date.

use std::path::Path;

use super::RegisterSpec;
use super::error::RegisterError;
use crate::confidential::records::{Dialect, Format, Kind, NumberForm, NumberState, Sample, Values, Wanted, sample};
use crate::error::Error;
use crate::geodesy::{ReferenceSystem, diagnose};

/// Layouts of registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterFormat {
    /// Hauskoordinaten Deutschland.
    HkDe,
    /// Gebäudereferenzen Nordrhein-Westfalen.
    Gebref,
    /// Any table with a header.
    Csv,
}

/// The names of a table's columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisterColumns {
    /// The street's name.
    pub street: Option<String>,
    /// The house number.
    pub number: Option<String>,
    /// What follows it.
    pub suffix: Option<String>,
    /// The easting or longitude.
    pub x: Option<String>,
    /// The northing or latitude.
    pub y: Option<String>,
    /// The street's key.
    pub street_key: Option<String>,
    /// The postcode.
    pub postcode: Option<String>,
    /// The municipality's key (AGS or ARS), or its name where there is no key.
    pub municipality: Option<String>,
    /// The name of the town or postal place.
    pub place: Option<String>,
}

/// A name that is none of [`RegisterColumns::NAMES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownColumn(pub String);

impl RegisterColumns {
    /// What can be said, in the order of the fields.
    pub const NAMES: [&'static str; 9] =
        ["street", "number", "suffix", "x", "y", "street_key", "postcode", "municipality", "place"];

    /// Says which column has a name of [`RegisterColumns::NAMES`].
    ///
    /// # Errors
    /// If there is no such name.
    pub fn set(&mut self, name: &str, column: &str) -> Result<(), UnknownColumn> {
        let slot = self.slot(name).ok_or_else(|| UnknownColumn(name.to_owned()))?;
        *slot = Some(column.trim().to_owned()).filter(|column| !column.is_empty());
        Ok(())
    }

    fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "street" => &mut self.street,
            "number" => &mut self.number,
            "suffix" => &mut self.suffix,
            "x" => &mut self.x,
            "y" => &mut self.y,
            "street_key" => &mut self.street_key,
            "postcode" => &mut self.postcode,
            "municipality" => &mut self.municipality,
            "place" => &mut self.place,
            _ => return None,
        })
    }

    /// Fields of official layouts by number, from 1; 0 is none.
    fn of_fields(fields: [usize; 9]) -> Self {
        let mut columns = Self::default();
        for (name, field) in Self::NAMES.into_iter().zip(fields).filter(|(_, field)| *field > 0) {
            *columns.slot(name).expect("a known name") = Some(field.to_string());
        }
        columns
    }
}

/// A register's layout, recognised.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) dialect: Dialect,
    pub(super) columns: RegisterColumns,
    /// Columns of the parts of the municipality's key, where it has parts.
    pub(super) municipality_parts: Vec<String>,
    pub(super) system: ReferenceSystem,
    name: &'static str,
}

impl Layout {
    /// All that decides what an index of the register is.
    pub(super) fn description(&self) -> String {
        let shift = self.system.datum_shift().and_then(|shift| shift.grid).unwrap_or_default();
        let system = self.system.label();
        format!("{} {:?} {:?} {:?} {system}{shift}", self.name, self.columns, self.municipality_parts, self.dialect)
    }

    /// Columns to read, with their places for each name of [`RegisterColumns::NAMES`], then the parts of the municipality's key.
    pub(super) fn wanted(&self) -> (Vec<Wanted>, [Option<usize>; 9], Vec<usize>) {
        let mut wanted = Vec::new();
        let mut want = |name: &str, kind| {
            wanted.push(Wanted { name: name.to_owned(), kind });
            wanted.len() - 1
        };
        let mut columns = self.columns.clone();
        let places = RegisterColumns::NAMES.map(|name| {
            let kind = if matches!(name, "x" | "y") { Kind::Number } else { Kind::Text };
            columns.slot(name).expect("a known name").take().map(|column| want(&column, kind))
        });
        let parts = self.municipality_parts.iter().map(|column| want(column, Kind::Text)).collect();
        (wanted, places, parts)
    }
}

/// The fields of HK-DE in the order of [`RegisterColumns::NAMES`], and of the municipality's key.
const HK_DE: ([usize; 9], [usize; 4]) = ([14, 10, 11, 12, 13, 9, 15, 0, 16], [4, 5, 6, 7]);
/// The same for gebref with names.
const GEBREF: ([usize; 9], [usize; 4]) = ([15, 16, 17, 19, 20, 14, 0, 0, 11], [4, 6, 8, 10]);
/// The same for gebref without names.
const OLD_GEBREF: ([usize; 9], [usize; 4]) = ([14, 10, 11, 12, 13, 9, 0, 0, 0], [4, 5, 6, 7]);

/// Looks at the beginning of a register.
pub(super) fn recognise(spec: &RegisterSpec) -> Result<Layout, Error> {
    let official = Dialect { separator: Some(';'), header_absent: true, ..spec.dialect.clone() };
    let format = match spec.format {
        Some(format) => format,
        None if spec.columns != RegisterColumns::default() => RegisterFormat::Csv,
        None => guess(&sample(&spec.file, &official)?).unwrap_or(RegisterFormat::Csv),
    };
    let (fields, parts, name) = match format {
        RegisterFormat::Csv => return of_table(spec),
        RegisterFormat::HkDe => (HK_DE.0, HK_DE.1, "HK-DE"),
        RegisterFormat::Gebref => {
            let of_names = sample(&spec.file, &official)?.header.len() > 15;
            let (fields, parts) = if of_names { GEBREF } else { OLD_GEBREF };
            (fields, parts, "gebref")
        }
    };
    let sample = sample(&spec.file, &official)?;
    let found = sample.header.len();
    let (expected, fits) = match format {
        RegisterFormat::HkDe => ("18", found == 18),
        _ => ("21 (or 14, 15)", matches!(found, 14 | 15 | 21)),
    };
    if !fits || sample.format != Format::Csv {
        return Err(RegisterError::Fields { file: spec.file.clone(), format: name, expected, found }.into());
    }
    let columns = RegisterColumns::of_fields(fields);
    let system = system(spec, &sample, &columns, true)?;
    let municipality_parts = parts.map(|field| field.to_string()).to_vec();
    Ok(Layout { dialect: official, columns, municipality_parts, system, name })
}

fn of_table(spec: &RegisterSpec) -> Result<Layout, Error> {
    let columns = spec.columns.clone();
    let needed = [("street", &columns.street), ("number", &columns.number), ("x", &columns.x), ("y", &columns.y)];
    if let Some((missing, _)) = needed.into_iter().find(|(_, column)| column.is_none()) {
        return Err(RegisterError::ColumnsUnsaid { file: spec.file.clone(), missing }.into());
    }
    let system = system(spec, &sample(&spec.file, &spec.dialect)?, &columns, false)?;
    Ok(Layout { dialect: spec.dialect.clone(), columns, municipality_parts: Vec::new(), system, name: "table" })
}

/// The layout that a file without header has: by the number of fields and the kind of record in the first.
fn guess(sample: &Sample) -> Option<RegisterFormat> {
    let first = text(sample, "1", 0)?;
    if sample.format != Format::Csv || first.len() != 1 {
        return None;
    }
    match sample.header.len() {
        18 => Some(RegisterFormat::HkDe),
        14 | 15 | 21 => Some(RegisterFormat::Gebref),
        _ => None,
    }
}

fn text<'s>(sample: &'s Sample, column: &str, row: usize) -> Option<&'s str> {
    let at = sample.header.iter().position(|name| name == column)?;
    match &sample.batch.columns[at] {
        Values::Text(texts) => texts.get(row),
        Values::Number(_) => None,
    }
}

/// The reference system as said, or as the zone in official eastings tells; refused where the coordinates cannot belong to it.
fn system(spec: &RegisterSpec, sample: &Sample, columns: &RegisterColumns, official: bool) -> Result<ReferenceSystem, Error> {
    let number = |column: &Option<String>, row| {
        let column = column.as_deref()?;
        let at = sample.header.iter().position(|name| name == column)?;
        let form: NumberForm = sample.numbers[at];
        let (value, state) = form.parse(text(sample, column, row)?.as_bytes());
        (state == NumberState::Number && value.is_finite()).then_some(value)
    };
    let points = (0..sample.batch.rows.min(1000)).filter_map(|row| Some((number(&columns.x, row)?, number(&columns.y, row)?)));
    let (xs, ys): (Vec<f64>, Vec<f64>) = points.unzip();
    let said = spec.crs.clone().or_else(|| official.then(|| zone(&xs)).flatten().map(str::to_owned));
    let said = match said {
        Some(said) => said,
        None => match crate::confidential::records::declared_system(&spec.file, &spec.dialect, None)? {
            Some(said) => said,
            None => return Err(RegisterError::SystemUnsaid { file: spec.file.clone() }.into()),
        },
    };
    let system = spec.grids.apply(ReferenceSystem::parse(&said)?);
    match diagnose(&system, &xs, &ys) {
        Some(suspicion) => Err(wrong(&spec.file, &system, suspicion).into()),
        None => Ok(system),
    }
}

fn wrong(file: &Path, system: &ReferenceSystem, suspicion: crate::geodesy::Suspicion) -> RegisterError {
    RegisterError::WrongSystem { file: file.to_owned(), system: system.label().to_owned(), suspicion }
}

/// ETRS89/UTM with the zone before the easting; without a zone there are two that it may be.
fn zone(eastings_m: &[f64]) -> Option<&'static str> {
    match (eastings_m.first()? / 1e6).floor() as u32 {
        31 => Some("EPSG:5649"),
        32 => Some("EPSG:4647"),
        33 => Some("EPSG:5650"),
        _ => None,
    }
}
