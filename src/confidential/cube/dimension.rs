//! What the plan says about dimensions, measures and dates.

use crate::confidential::cube::cut_off::CutOff;
use crate::error::Language;
use crate::say;

/// A dimension: one column of the records in categories.
#[derive(Clone, Debug)]
pub struct DimensionSpec {
    /// Technical name, as tables name it.
    pub name: String,
    /// Name for readers.
    pub label: String,
    /// The column.
    pub column: String,
    /// How values become categories.
    pub kind: DimensionKind,
    /// What happens to records without a value.
    pub missing: Missing,
}

/// How values become categories.
#[derive(Clone, Debug, PartialEq)]
pub enum DimensionKind {
    /// Every text that occurs, at most 256, in natural order (`5-9` before `10-14`).
    Discovered,
    /// These texts in this order; others are rejected.
    Listed(Vec<String>),
    /// Edges of half-open bands, ascending: `[0, 3, 6]` makes "0 to under 3", "3 to under 6" and "6 and over"; numbers below the first
    /// edge are rejected.
    Bands(Vec<f64>),
    /// The same of the age in completed years at the reference date, or at the cut-off day that goes with it; the column holds the date of birth, its
    /// month or its year.
    AgeBands(Vec<f64>, Option<CutOff>),
}

/// What happens to records without a value in a dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// They are rejected.
    Reject,
    /// They are a category with this label, the last one unless the plan lists it elsewhere.
    Category(String),
}

/// A column that is summed.
#[derive(Clone, Debug)]
pub struct MeasureSpec {
    /// Technical name.
    pub name: String,
    /// The column; values are taken to the ten-thousandth of their unit, up to 10^12.
    pub column: String,
}

/// The reference date of the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DateSpec {
    /// The records have none.
    None,
    /// One for all: `2024-12-31` or `31.12.2024`.
    Fixed(String),
    /// A column of dates in either form.
    Column(String),
    /// Each of these days in either form, for all records that are valid on it.
    Each {
        /// The days.
        days: Vec<String>,
        /// The column of the first day that a record is valid; from ever where it or its value is absent.
        from: Option<String>,
        /// The column of the last day; for ever where it or its value is absent.
        to: Option<String>,
    },
}

/// Labels of the bands that begin at these edges.
pub(super) fn band_labels(edges: &[f64], language: Language) -> Vec<String> {
    let number = |edge: f64| match language {
        Language::English => edge.to_string(),
        Language::German => edge.to_string().replace('.', ","),
    };
    let closed = edges.windows(2).map(|edge| {
        let (from, to) = (number(edge[0]), number(edge[1]));
        say!(language, "{from} to under {to}", "{from} bis unter {to}")
    });
    let open = edges.last().map(|&edge| {
        let from = number(edge);
        say!(language, "{from} and over", "{from} und mehr")
    });
    closed.chain(open).collect()
}

/// The band that holds a number; `None` below the first edge.
pub(super) fn band(edges: &[f64], number: f64) -> Option<u32> {
    // Ages come in no order, so a search would guess wrong at every second step; a few comparisons without a branch cost less.
    let above = if edges.len() <= 32 {
        edges.iter().fold(0, |above, &edge| above + u32::from(edge <= number))
    } else {
        edges.partition_point(|&edge| edge <= number) as u32
    };
    above.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_half_open_and_the_last_one_open() {
        let band = |number| band(&[0.0, 3.0, 6.0], number);
        assert_eq!([band(0.0), band(2.999), band(3.0), band(6.0), band(99.0)], [Some(0), Some(0), Some(1), Some(2), Some(2)]);
        assert_eq!(band(-0.001), None);
    }

    #[test]
    fn german_labels() {
        assert_eq!(band_labels(&[0.0, 2.5, 80.0], Language::German), ["0 bis unter 2,5", "2,5 bis unter 80", "80 und mehr"]);
    }

    #[test]
    fn english_labels() {
        assert_eq!(band_labels(&[0.0, 2.5, 80.0], Language::English), ["0 to under 2.5", "2.5 to under 80", "80 and over"]);
    }
}
