//! Cut-off days: ages for Kita and school years, which are not those of the reference date.
//!
//! Who is of school age, or belongs to which group of a Kita, is settled by the age on one day of the year: 30 September in most Länder, 30 June in others
//! (cut-off days of the school laws), 31 October or 1 November for Kitas in North Rhine-Westphalia. A birthday on the day itself counts.

/// The day of a year that ages are taken at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutOff {
    day: MonthDay,
    year_begins: Option<MonthDay>,
}

/// A day of any year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MonthDay(u32);

impl MonthDay {
    /// Reads `09-30`, `30.09.` or `30.9.`; 29 February is 28 February where there is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (month, day) = match text.split_once('-') {
            Some((month, day)) => (month, day),
            None => {
                let (day, month) = text.split_once('.')?;
                (month.strip_suffix('.').unwrap_or(month), day)
            }
        };
        let number = |text: &str| -> Option<u32> {
            let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| text.parse().ok())?
        };
        let (month, day) = (number(month)?, number(day)?);
        let last = match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        (1..=last).contains(&day).then_some(Self(month * 100 + day))
    }

    /// The day in a year, as yyyymmdd.
    fn of_year(self, year: u32) -> u32 {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        year * 10_000 + if self.0 == 229 && !leap { 228 } else { self.0 }
    }
}

impl CutOff {
    /// The last such day that is not after the reference date. With `year_begins` the one in the calendar year in which the Kita or school year of the
    /// reference date began; it may lie after the reference date.
    pub fn new(day: MonthDay, year_begins: Option<MonthDay>) -> Self {
        Self { day, year_begins }
    }

    /// The day that ages are taken at, for a reference date, both as yyyymmdd.
    pub(in crate::confidential) fn of(self, reference: u32) -> u32 {
        let year = reference / 10_000;
        let begun = |day: MonthDay| if day.of_year(year) <= reference { year } else { year.saturating_sub(1) };
        self.day.of_year(begun(self.year_begins.unwrap_or(self.day)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(cut_off: &str, year_begins: Option<&str>, reference: u32) -> u32 {
        let parse = |text| MonthDay::parse(text).unwrap();
        CutOff::new(parse(cut_off), year_begins.map(parse)).of(reference)
    }

    #[test]
    fn without_a_year_it_is_the_last_one() {
        assert_eq!(day("09-30", None, 20_241_231), 20_240_930);
        assert_eq!(day("09-30", None, 20_240_930), 20_240_930);
        assert_eq!(day("09-30", None, 20_240_929), 20_230_930);
        assert_eq!(day("30.6.", None, 20_240_101), 20_230_630);
    }

    #[test]
    fn with_a_year_it_is_that_of_its_beginning() {
        for (reference, expected) in
            [(20_240_731, 20_230_930), (20_240_801, 20_240_930), (20_241_231, 20_240_930), (20_250_731, 20_240_930)]
        {
            assert_eq!(day("09-30", Some("08-01"), reference), expected);
            assert_eq!(day("30.06.", Some("01.08."), reference), expected - 300);
        }
    }

    #[test]
    fn a_leap_day_is_the_last_of_february() {
        assert_eq!(day("02-29", None, 20_230_228), 20_230_228);
        assert_eq!(day("02-29", None, 20_240_228), 20_230_228);
        assert_eq!(day("02-29", None, 20_240_229), 20_240_229);
        assert_eq!(day("02-29", None, 21_000_301), 21_000_228);
    }

    #[test]
    fn other_texts_are_no_day() {
        for text in ["", "9", "13-01", "02-30", "00-10", "31.4.", "2024-09-30", "a-b", "+9-30"] {
            assert_eq!(MonthDay::parse(text), None, "{text}");
        }
    }
}
