//! Reference dates: `2024-12-31` or `31.12.2024`, also with a time of day behind it, which is dropped.

/// A day of the calendar as the number yyyymmdd; `None` if the text is none.
pub(in crate::confidential) fn parse_date(text: &str) -> Option<u32> {
    let text = text.trim();
    let day = match text.find(['T', ' ']) {
        Some(end) if text[end + 1..].starts_with(|c: char| c.is_ascii_digit()) && text[end..].contains(':') => &text[..end],
        _ => text,
    };
    let (year, month, day) = match day.split_once('-') {
        Some((year, rest)) => {
            let (month, day) = rest.split_once('-')?;
            (digits(year, 4..=4)?, digits(month, 2..=2)?, digits(day, 2..=2)?)
        }
        None => {
            let (day, rest) = day.split_once('.')?;
            let (month, year) = rest.split_once('.')?;
            (digits(year, 4..=4)?, digits(month, 1..=2)?, digits(day, 1..=2)?)
        }
    };
    (year >= 1 && (1..=12).contains(&month) && (1..=days(year, month)).contains(&day))
        .then_some(year * 10_000 + month * 100 + day)
}

/// The date in ISO 8601.
pub(super) fn iso(date: u32) -> String {
    format!("{:04}-{:02}-{:02}", date / 10_000, date / 100 % 100, date % 100)
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<u32> {
    (length.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        parse_date(text).map(iso)
    }

    #[test]
    fn both_forms_are_the_same_day() {
        for text in ["2024-12-31", "31.12.2024", " 31.12.2024 ", "2024-12-31T00:00:00", "2024-12-31 08:30:00.5"] {
            assert_eq!(read(text).as_deref(), Some("2024-12-31"), "{text}");
        }
        assert_eq!(read("1.2.2024").as_deref(), Some("2024-02-01"));
    }

    #[test]
    fn days_that_are_not_in_the_calendar_are_refused() {
        for text in ["2023-02-29", "1900-02-29", "31.04.2024", "2024-13-01", "00.01.2024", "0000-01-01"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(read("29.02.2000").is_some());
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "2024", "24-12-31", "31.12.24", "12/31/2024", "2024-1-1", "20241231", "2024-12-31 x", "heute"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
