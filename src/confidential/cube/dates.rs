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
    /// Days that the plan names, ascending.
    days: Vec<u32>,
    found: Mutex<Numbered<u32>>,
}

impl<'s> Dates<'s> {
    /// Checks the plan's date.
    pub(super) fn new(spec: &'s DateSpec) -> Result<Self, CubeError> {
        let day = |date: &String| parse_date(date).ok_or(CubeError::FixedDate);
        let (column, mut days) = match spec {
            DateSpec::None => (None, Vec::new()),
            DateSpec::Fixed(date) => (None, vec![day(date)?]),
            DateSpec::Column(column) => (Some(column.as_str()), Vec::new()),
            DateSpec::Each { days, .. } if days.is_empty() || days.len() > MAX_DATES => return Err(CubeError::FixedDate),
            DateSpec::Each { days, .. } => (None, days.iter().map(day).collect::<Result<_, _>>()?),
        };
        days.sort_unstable();
        days.dedup();
        Ok(Self { column, days, found: Mutex::default() })
    }

    /// The days that the plan names, ascending.
    pub(super) fn days(&self) -> &[u32] {
        &self.days
    }

    /// How many there can be.
    pub(super) fn most(&self) -> usize {
        if self.column.is_some() { MAX_DATES } else { self.days.len().max(1) }
    }

    /// The date's number for every row that stands: the one of the day that is counted, or of the row's own.
    pub(super) fn codes(
        &self,
        (values, day): (Option<&TextValues>, Option<u32>),
        coder: &mut TextCoder,
        sieve: &mut Sieve<'_>,
    ) -> Result<Vec<u32>, CubeError> {
        let mut codes = vec![day.unwrap_or(0); sieve.rows()];
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
            return match self.days.len() {
                0 => (vec![None], vec![0]),
                days => (self.days.iter().map(|&day| Some(iso(day))).collect(), (0..days as u32).collect()),
            };
        }
        let found = self.found.lock().expect("no thread panicked");
        let mut dates = found.keys().to_vec();
        let ranks = ranks(&dates, Ord::cmp);
        dates.sort_unstable();
        (dates.into_iter().map(|date| Some(iso(date))).collect(), ranks)
    }
}
