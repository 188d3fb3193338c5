//! Ages in completed years at a reference date, from a date, month or year of birth.
//!
//! Who is born on 29 February is a year older on 1 March (§ 188 BGB). Of a month or year alone the first day is taken: at the end of a month, or of a year, the
//! age is then the same as by the day.

use crate::confidential::cube::date::parse_date;
use crate::confidential::records::{NumberState, NumberValues, TextValues};

/// The ages of a batch, from births and each row's reference date as yyyymmdd. Missing where there is no birth; no number where a text is none, where
/// there is no date, and where the birth is after it.
pub(in crate::confidential) fn ages(births: &TextValues, rows: usize, day: impl Fn(usize) -> Option<u32>) -> NumberValues {
    let mut ages = NumberValues::default();
    for row in 0..rows {
        let (age, state) = match births.get(row) {
            None => (f64::NAN, NumberState::Missing),
            Some(text) => match parse_birth(text).zip(day(row)).filter(|(birth, day)| birth <= day) {
                Some((birth, day)) => (f64::from(age(birth, day)), NumberState::Number),
                None => (f64::NAN, NumberState::NotANumber),
            },
        };
        ages.values.push(age);
        ages.states.push(state);
    }
    ages
}

/// A day of birth as yyyymmdd: of `1987-03-12`, `12.03.1987`; of `1987-03`, `03.1987`, `3/1987` the first of the month; of `1987` the first of January.
pub(in crate::confidential) fn parse_birth(text: &str) -> Option<u32> {
    let text = text.trim();
    let number = |text: &str, most: usize| {
        (1..=most).contains(&text.len()).then_some(())?;
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u32>().ok())?
    };
    let year = |text: &str| number(text, 4).filter(|_| text.len() == 4);
    let parts: Vec<&str> = text.split(['-', '.', '/']).collect();
    let (year, month) = match parts[..] {
        [only] => (year(only)?, 1),
        [first, second] if first.len() == 4 => (year(first)?, number(second, 2)?),
        [first, second] => (year(second)?, number(first, 2)?),
        _ => return parse_date(text),
    };
    (year >= 1 && (1..=12).contains(&month)).then_some(year * 10_000 + month * 100 + 1)
}

/// Completed years between two days of the calendar.
fn age(birth: u32, day: u32) -> u32 {
    (day - birth) / 10_000
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! case {
        ($($name:ident: $birth:expr, $day:expr => $age:expr;)*) => {
            $(#[test] fn $name() { assert_eq!(parse_birth($birth).map(|birth| age(birth, parse_date($day).unwrap())), $age); })*
        };
    }

    case! {
        day_before_the_birthday: "2000-06-15", "2024-06-14" => Some(23);
        birthday: "15.06.2000", "2024-06-15" => Some(24);
        leap_day_in_a_common_year: "2000-02-29", "2023-02-28" => Some(22);
        day_after_it: "2000-02-29", "2023-03-01" => Some(23);
        month: "2000-06", "2024-06-30" => Some(24);
        german_month: "06.2000", "2024-05-31" => Some(23);
        month_with_slash: "6/2000", "2024-06-30" => Some(24);
        year: "2000", "2024-12-31" => Some(24);
        newborn: "2024-12-31", "2024-12-31" => Some(0);
        no_birth: "unbekannt", "2024-12-31" => None;
        no_month: "13.2000", "2024-12-31" => None;
        short_year: "87", "2024-12-31" => None;
    }
}
