//! Ages in completed years at a reference date, from a date, month or year of birth.
//!
//! Who is born on 29 February is a year older on 1 March (§ 188 BGB). Of a month or year alone the first day is taken: at the end of a month, or of a year, the
//! age is then the same as by the day. With a [`CutOff`] the age is that on its day; who was born after it is -1.

use crate::confidential::cube::cut_off::CutOff;
use crate::confidential::cube::date::parse_date;
use crate::confidential::records::{NumberState, NumberValues, TextValues};

/// The ages of a batch, from births and each row's reference date as yyyymmdd. Missing where there is no birth; no number where a text is none, where
/// there is no date, and where the birth is after it.
pub(in crate::confidential) fn ages(
    births: &TextValues,
    rows: usize,
    cut_off: Option<CutOff>,
    day: impl Fn(usize) -> Option<u32>,
) -> NumberValues {
    let mut ages = NumberValues::default();
    for row in 0..rows {
        let (age, state) = match births.get(row) {
            None => (f64::NAN, NumberState::Missing),
            Some(text) => match parse_birth(text).zip(day(row)).filter(|(birth, day)| birth <= day) {
                Some((birth, day)) => (f64::from(age_at(birth, day, cut_off)), NumberState::Number),
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

/// Completed years at the cut-off day of a reference date, or at that date itself.
fn age_at(birth: u32, reference: u32, cut_off: Option<CutOff>) -> i32 {
    age(birth, cut_off.map_or(reference, |cut_off| cut_off.of(reference)))
}

/// Completed years between two days of the calendar, -1 before the birth.
fn age(birth: u32, day: u32) -> i32 {
    day.checked_sub(birth).map_or(-1, |apart| (apart / 10_000) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidential::cube::cut_off::MonthDay;

    macro_rules! case {
        ($($name:ident: $birth:expr, $day:expr => $age:expr;)*) => {
            $(#[test] fn $name() { assert_eq!(parse_birth($birth).map(|birth| age(birth, parse_date($day).unwrap())), $age); })*
        };
    }

    /// Who starts school, or is three in a Kita: by the day of birth, with the reference date and the cut-off day.
    #[test]
    fn cut_off_days_settle_who_is_how_old() {
        let at = |birth: &str, reference: &str, cut_off: &str, year_begins: Option<&str>| {
            let parse = |text| MonthDay::parse(text).unwrap();
            let cut_off = CutOff::new(parse(cut_off), year_begins.map(parse));
            age_at(parse_birth(birth).unwrap(), parse_date(reference).unwrap(), Some(cut_off))
        };
        // School entry on 1 August 2024, cut-off 30 September: a birthday on the day counts, one the day after does not.
        assert_eq!(at("2018-09-30", "2024-08-01", "09-30", Some("08-01")), 6);
        assert_eq!(at("2018-10-01", "2024-08-01", "09-30", Some("08-01")), 5);
        assert_eq!(at("2018-10-01", "2024-12-31", "09-30", Some("08-01")), 5);
        assert_eq!(at("2018-09-30", "2024-07-31", "09-30", Some("08-01")), 5);
        // 30 June in other Länder.
        assert_eq!(at("2018-06-30", "2024-08-01", "06-30", Some("08-01")), 6);
        assert_eq!(at("2018-07-01", "2024-08-01", "06-30", Some("08-01")), 5);
        // The last cut-off day before the reference date.
        assert_eq!(at("2021-10-31", "2024-12-31", "10-31", None), 3);
        assert_eq!(at("2021-11-01", "2024-12-31", "10-31", None), 2);
        assert_eq!(at("2021-10-31", "2024-10-30", "10-31", None), 2);
        // Born on 29 February: a year older on 1 March, also where the cut-off day is in February.
        assert_eq!(at("2020-02-29", "2023-12-31", "02-28", None), 2);
        assert_eq!(at("2020-02-29", "2023-12-31", "02-29", None), 2);
        assert_eq!(at("2020-02-29", "2023-12-31", "03-01", None), 3);
        assert_eq!(at("2020-02-29", "2024-12-31", "02-29", None), 4);
        // Born after the cut-off day.
        assert_eq!(at("2024-11-05", "2024-12-31", "09-30", None), -1);
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
        not_born_yet: "2025-01-01", "2024-12-31" => Some(-1);
        no_birth: "unbekannt", "2024-12-31" => None;
        no_month: "13.2000", "2024-12-31" => None;
        short_year: "87", "2024-12-31" => None;
    }
}
