//! Natural order of category texts: numbers inside a text compare as numbers.

use std::cmp::Ordering;

/// Compares two texts; equal only if they are the same text.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        let order = match (left.first(), right.first()) {
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (x, y) = (take_number(&mut left), take_number(&mut right));
                x.len().cmp(&y.len()).then(x.cmp(y))
            }
            (Some(x), Some(y)) => {
                (left, right) = (&left[1..], &right[1..]);
                x.cmp(y)
            }
            (None, None) => return a.cmp(b),
            (x, y) => x.cmp(&y),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Takes the digits at the beginning of the text, leading zeros dropped.
fn take_number<'t>(text: &mut &'t [u8]) -> &'t [u8] {
    let (number, rest) = text.split_at(text.iter().take_while(|b| b.is_ascii_digit()).count());
    *text = rest;
    &number[number.iter().take_while(|&&b| b == b'0').count()..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted<const N: usize>(mut texts: [&str; N]) -> [&str; N] {
        texts.sort_by(|a, b| natural(a, b));
        texts
    }

    #[test]
    fn numbers_compare_as_numbers() {
        assert_eq!(sorted(["65+", "18-64", "0-17", "5-9", "100"]), ["0-17", "5-9", "18-64", "65+", "100"]);
    }

    #[test]
    fn leading_zeros_are_told_apart() {
        assert_eq!(sorted(["1", "01", "2", "001"]), ["001", "01", "1", "2"]);
    }

    #[test]
    fn a_beginning_comes_first() {
        assert_eq!(sorted(["SGB XII", "SGB II", "SGB"]), ["SGB", "SGB II", "SGB XII"]);
    }

    proptest! {
        #[test]
        fn is_an_order(a in "[a0-2 ]{0,5}", b in "[a0-2 ]{0,5}", c in "[a0-2 ]{0,5}") {
            prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            prop_assert_eq!(natural(&a, &b) == Ordering::Equal, a == b);
            if natural(&a, &b).is_lt() && natural(&b, &c).is_lt() {
                prop_assert!(natural(&a, &c).is_lt());
            }
        }
    }
}
