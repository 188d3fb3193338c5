//! One number as a format shows it against the same number in `release.parquet`. The rule is the same for all formats: suppressed is
//! neither zero nor any other number.

use crate::confidential::Status;
use crate::verify::Problem;
use crate::verify::published::Number;

/// What stands in a format's number attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shown {
    /// Nothing: no attribute, or an empty one.
    Nothing,
    /// A whole number.
    Number(i64),
    /// Something that is no whole number.
    Other,
}

/// What is wrong with a number and its status, if anything. Formats may leave the status out where a number or nothing at all says the
/// same (`value`, `zero`, `none`).
pub(super) fn compare(told: Number, shown: Shown, status: Option<&str>) -> Option<Problem> {
    let problem = match (told.value(), shown) {
        (_, Shown::Other) => Some(Problem::NumberType),
        (Some(_), Shown::Nothing) => Some(Problem::NumberMissing),
        (None, Shown::Number(_)) => Some(Problem::NumberWithheld),
        (Some(a), Shown::Number(b)) if a != b => Some(Problem::NumberDiffers),
        _ => None,
    };
    problem.or_else(|| match (told.status()?, status) {
        (Status::Suppressed | Status::Uncertain, None) => Some(Problem::StatusMissing),
        (told, Some(status)) if told.name() != status => Some(Problem::StatusDiffers),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: Option<i64>, status: Status) -> Number {
        Number::new(value, status).unwrap()
    }

    #[test]
    fn what_is_told_is_shown() {
        assert_eq!(compare(number(Some(7), Status::Value), Shown::Number(7), None), None);
        assert_eq!(compare(number(Some(0), Status::Zero), Shown::Number(0), Some("zero")), None);
        assert_eq!(compare(number(None, Status::Suppressed), Shown::Nothing, Some("suppressed")), None);
        assert_eq!(compare(number(None, Status::None), Shown::Nothing, None), None);
        assert_eq!(compare(number(Some(7), Status::Uncertain), Shown::Number(7), Some("uncertain")), None);
    }

    #[test]
    fn what_is_not_told_is_not_shown() {
        assert_eq!(
            compare(number(None, Status::Suppressed), Shown::Number(0), Some("suppressed")),
            Some(Problem::NumberWithheld)
        );
        assert_eq!(compare(number(None, Status::Suppressed), Shown::Nothing, None), Some(Problem::StatusMissing));
        assert_eq!(compare(number(Some(7), Status::Value), Shown::Number(8), None), Some(Problem::NumberDiffers));
        assert_eq!(compare(number(Some(7), Status::Value), Shown::Nothing, None), Some(Problem::NumberMissing));
        assert_eq!(compare(number(Some(7), Status::Value), Shown::Other, None), Some(Problem::NumberType));
        assert_eq!(compare(number(Some(7), Status::Value), Shown::Number(7), Some("zero")), Some(Problem::StatusDiffers));
    }
}
