//! Which columns say where a record lies, and in which reference system.

use super::GuessSystems;
use super::address::AddressFinding;
use super::column::{ColumnFinding, Distinct, Role, ValueType};
use super::words::{axis, means_degrees, system_code};
use crate::confidential::records::{NumberState, Sample, Values};

/// Where the records lie.
#[derive(Clone, Debug, PartialEq)]
pub enum PositionFinding {
    /// Two columns with coordinates.
    Coordinates {
        /// Column of the easting or longitude.
        x: String,
        /// Column of the northing or latitude.
        y: String,
        /// The reference system, such as `EPSG:25832`; `None` if nothing fits.
        system: Option<String>,
        /// How it is known.
        source: SystemSource,
        /// Other systems that fit the values, likelier first, where only the values tell.
        others: Vec<String>,
    },
    /// A column with geometries.
    Geometry {
        /// The column.
        column: String,
        /// The reference system that the source names.
        system: Option<String>,
    },
    /// A column with cell codes.
    Cell {
        /// The column.
        column: String,
    },
    /// Columns of an address.
    Address(AddressFinding),
    /// A column of municipalities' keys.
    AreaKey {
        /// The column.
        column: String,
    },
}

/// How the reference system is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemSource {
    /// The file says it.
    File,
    /// The columns' names say it.
    Names,
    /// The range of the values fits.
    Values,
    /// It is not known.
    Unknown,
}

/// Geometries are better than coordinates, these are better than cells, a named system is better than a guessed one, metres are better than degrees.
pub(super) fn find(
    columns: &[ColumnFinding],
    sample: &Sample,
    declared: Option<&str>,
    guess: GuessSystems,
) -> Option<PositionFinding> {
    if let Some(column) = &sample.geometry {
        return Some(PositionFinding::Geometry { column: column.clone(), system: declared.map(str::to_owned) });
    }
    let cell = columns.iter().find(|column| column.value_type == ValueType::CellCode);
    if let Some(column) = cell {
        return Some(PositionFinding::Cell { column: column.name.clone() });
    }
    let mut pairs = named_pairs(columns);
    if pairs.is_empty() {
        pairs = neighbours(columns);
        pairs.retain(|&(x, y)| best(guess, sample, x, y).first().is_some_and(|(_, confidence)| *confidence > 0.5));
    }
    let mut found: Vec<(f64, PositionFinding)> = Vec::new();
    for (x, y) in pairs {
        let code = system_code(&columns[x].name).or_else(|| system_code(&columns[y].name));
        let guesses = best(guess, sample, x, y);
        let name = |code: u32| format!("EPSG:{code}");
        let geometry = columns[x].name == "geometry.x";
        let degrees = means_degrees(&columns[x].name) || means_degrees(&columns[y].name);
        let (rank, system, source) = match (declared, code, guesses.first()) {
            (Some(declared), ..) if geometry => (4.0, Some(declared.to_owned()), SystemSource::File),
            (_, Some(code), _) => (3.0, Some(name(code)), SystemSource::Names),
            (_, None, Some(_)) if degrees && guesses.iter().any(|(code, _)| *code == 4326) => {
                (1.5, Some(name(4326)), SystemSource::Values)
            }
            (_, None, Some((code, confidence))) => (1.0 + confidence, Some(name(*code)), SystemSource::Values),
            (_, None, None) if degrees && in_degrees(sample, x, y) => (1.0, Some(name(4326)), SystemSource::Names),
            _ => (0.0, None, SystemSource::Unknown),
        };
        let doubtful = source == SystemSource::Values;
        let others =
            guesses.iter().filter(|_| doubtful).map(|(code, _)| name(*code)).filter(|other| Some(other) != system.as_ref());
        let others = others.collect();
        let (x, y) = (columns[x].name.clone(), columns[y].name.clone());
        found.push((rank, PositionFinding::Coordinates { x, y, system, source, others }));
    }
    // the first of equals
    found.into_iter().reduce(|a, b| if b.0 > a.0 { b } else { a }).map(|(_, position)| position)
}

/// Pairs such as `e_25832`, `n_25832`: the same kind of axis name and the same rest.
fn named_pairs(columns: &[ColumnFinding]) -> Vec<(usize, usize)> {
    let axes: Vec<_> = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.is_numeric() && column.role != Some(Role::AreaKey))
        .filter_map(|(at, column)| axis(&column.name).map(|(axis, entry, rest)| (at, axis, entry, rest)))
        .collect();
    let mut pairs = Vec::new();
    for (x, _, entry, rest) in axes.iter().filter(|(_, axis, ..)| *axis == 0) {
        let of_y = |same_entry: bool| {
            let mut ys = axes.iter().filter(|(_, axis, ..)| *axis == 1);
            ys.find(|(_, _, other, others)| others == rest && (!same_entry || other == entry)).map(|(y, ..)| *y)
        };
        if let Some(y) = of_y(true).or_else(|| of_y(false)) {
            pairs.push((*x, y));
        }
    }
    pairs
}

/// Numeric columns side by side.
fn neighbours(columns: &[ColumnFinding]) -> Vec<(usize, usize)> {
    let varied = |column: &ColumnFinding| column.is_numeric() && !matches!(column.distinct, Distinct::One | Distinct::Few);
    (1..columns.len()).filter(|&y| varied(&columns[y - 1]) && varied(&columns[y])).map(|y| (y - 1, y)).collect()
}

fn best(guess: GuessSystems, sample: &Sample, x: usize, y: usize) -> Vec<(u32, f64)> {
    let (xs, ys) = coordinates(sample, x, y);
    if xs.is_empty() {
        return Vec::new();
    }
    let mut guesses: Vec<(u32, f64)> = guess(&xs, &ys).into_iter().filter(|(_, confidence)| *confidence > 0.0).collect();
    guesses.sort_by(|a, b| b.1.total_cmp(&a.1));
    guesses
}

fn coordinates(sample: &Sample, x: usize, y: usize) -> (Vec<f64>, Vec<f64>) {
    let number = |column: usize, row: usize| {
        let Values::Text(texts) = &sample.batch.columns[column] else { return None };
        let (value, state) = sample.numbers[column].parse(texts.get(row)?.as_bytes());
        (state == NumberState::Number && value.is_finite()).then_some(value)
    };
    (0..sample.batch.rows).filter_map(|row| Some((number(x, row)?, number(y, row)?))).unzip()
}

fn in_degrees(sample: &Sample, x: usize, y: usize) -> bool {
    let (xs, ys) = coordinates(sample, x, y);
    !xs.is_empty() && xs.iter().all(|x| x.abs() <= 180.0) && ys.iter().all(|y| y.abs() <= 90.0)
}
