//! The reference date of every record.

use std::sync::Mutex;

use crate::confidential::account::Reason;
use crate::confidential::cube::date::{iso, parse_date};
use crate::confidential::cube::dimension::DateSpec;
use crate::confidential::cube::error::CubeError;
use crate::confidential::cube::numbered::{Fault, Numbered, TextCoder, ranks};
use crate::confidential::records::TextValues;
use crate::confidential::sieve::Sieve;

/// How many different dates the records may have.
pub(super) const MAX_DATES: usize = 10_000;

/// Dates while records are counted: numbered as they come.
pub(super) struct Dates<'s> {
    column: Option<&'s str>,
    fixed: Option<String>,
    found: Mutex<Numbered<u32>>,
}

impl<'s> Dates<'s> {
    /// Checks the plan's date.
    pub(super) fn new(spec: &'s DateSpec) -> Result<Self, CubeError> {
        let (column, fixed) = match spec {
            DateSpec::None => (None, None),
            DateSpec::Fixed(date) => (None, Some(iso(parse_date(date).ok_or(CubeError::FixedDate)?))),
            DateSpec::Column(column) => (Some(column.as_str()), None),
        };
        Ok(Self { column, fixed, found: Mutex::default() })
    }

    /// The date's number for every row that stands.
    pub(super) fn codes(
        &self,
        values: Option<&TextValues>,
        coder: &mut TextCoder,
        sieve: &mut Sieve<'_>,
    ) -> Result<Vec<u32>, CubeError> {
        let mut codes = vec![0; sieve.rows()];
        let (Some(values), Some(column)) = (values, self.column) else { return Ok(codes) };
        for (row, slot) in codes.iter_mut().enumerate() {
            if !sieve.stands(row) {
                continue;
            }
            let text = values.get(row);
            let code = text.ok_or(Fault::Row(Reason::Date)).and_then(|text| coder.code(text, |text| self.resolve(text)));
            match code {
                Ok(code) => *slot = code,
                Err(Fault::Row(reason)) => sieve.reject(row, reason, column),
                Err(Fault::Stop(error)) => return Err(error),
            }
        }
        Ok(codes)
    }

    fn resolve(&self, text: &str) -> Result<u32, Fault> {
        let date = parse_date(text).ok_or(Fault::Row(Reason::Date))?;
        let mut found = self.found.lock().expect("no thread panicked");
        let too_many = || Fault::Stop(CubeError::TooManyDates { column: self.column.unwrap_or_default().to_owned() });
        found.number(&date, MAX_DATES).ok_or_else(too_many)
    }

    /// All dates, ascending, and the rank of each number.
    pub(super) fn ranked(&self) -> (Vec<Option<String>>, Vec<u32>) {
        if self.column.is_none() {
            return (vec![self.fixed.clone()], vec![0]);
        }
        let found = self.found.lock().expect("no thread panicked");
        let mut dates = found.keys().to_vec();
        let ranks = ranks(&dates, Ord::cmp);
        dates.sort_unstable();
        (dates.into_iter().map(|date| Some(iso(date))).collect(), ranks)
    }
}
