//! Measures as whole ten-thousandths, whose sums do not depend on the order of records.

use crate::confidential::account::Reason;
use crate::confidential::records::{NumberState, NumberValues};
use crate::confidential::sieve::Sieve;

const LARGEST: f64 = 1e12;

/// The number in ten-thousandths, rounded half away from zero; `None` if it is not finite or above 10^12.
fn ten_thousandths(number: f64) -> Option<i64> {
    (number.abs() <= LARGEST).then(|| (number * 1e4).round() as i64)
}

/// Writes the measure into every `stride`th place of `amounts`, beginning at `at`, for the rows that stand.
pub(super) fn fill(
    values: &NumberValues,
    column: &str,
    (at, stride): (usize, usize),
    amounts: &mut [i64],
    sieve: &mut Sieve<'_>,
) {
    for row in 0..sieve.rows() {
        if !sieve.stands(row) {
            continue;
        }
        let amount = match values.states[row] {
            NumberState::Number => ten_thousandths(values.values[row]),
            _ => None,
        };
        match amount {
            Some(amount) => amounts[row * stride + at] = amount,
            None => sieve.reject(row, Reason::MeasureNotNumeric, column),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ten_thousandths;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(ten_thousandths(0.1), Some(1000));
        assert_eq!(ten_thousandths(-1234.5678), Some(-12_345_678));
        assert_eq!(ten_thousandths(1e12), Some(10_000_000_000_000_000));
    }

    #[test]
    fn what_cannot_be_summed_is_refused() {
        assert_eq!([f64::NAN, f64::INFINITY, 1.1e12].map(ten_thousandths), [None; 3]);
    }
}
