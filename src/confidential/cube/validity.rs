//! From when and to when records are valid.

use crate::confidential::account::Reason;
use crate::confidential::cube::date::parse_date;
use crate::confidential::cube::dimension::DateSpec;
use crate::confidential::records::TextValues;
use crate::confidential::sieve::Sieve;

/// First and last day of each row of a batch, as yyyymmdd.
pub(in crate::confidential) struct Validity {
    days: Vec<[u32; 2]>,
}

impl Validity {
    /// Reads the columns of the first and the last day, where there are such; rows with a text that is no date fall.
    pub(in crate::confidential) fn of(columns: [Option<&TextValues>; 2], sieve: &mut Sieve<'_>, spec: &DateSpec) -> Self {
        let names = match spec {
            DateSpec::Each { from, to, .. } => [from.as_deref(), to.as_deref()],
            _ => [None, None],
        };
        let mut days = vec![[0, u32::MAX]; sieve.rows()];
        for ((column, name), end) in columns.into_iter().zip(names).zip(0..) {
            let (Some(column), Some(name)) = (column, name) else { continue };
            for (row, days) in days.iter_mut().enumerate() {
                let Some(text) = column.get(row).filter(|_| sieve.stands(row)) else { continue };
                match parse_date(text) {
                    Some(day) => days[end] = day,
                    None => sieve.reject(row, Reason::Date, name),
                }
            }
        }
        Self { days }
    }

    /// Whether a row is valid on a day.
    pub(in crate::confidential) fn covers(&self, row: usize, day: u32) -> bool {
        let [from, to] = self.days[row];
        (from..=to).contains(&day)
    }
}
