//! Numbers as people and programs write them: decimal point or comma, thousands separators where they cannot be mistaken.

use std::ops::Range;

use super::batch::NumberState;

/// How a column writes its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::confidential) struct NumberForm {
    /// `b'.'` or `b','`.
    pub(in crate::confidential) decimal: u8,
    /// Known for sure, so that the other sign can only separate thousands: `1.234` is 1234 where the decimal sign is a comma.
    pub(in crate::confidential) certain: bool,
}

/// Powers of ten, all exact in `f64`.
const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

const ONES: u128 = u128::MAX / 0xff;
const ZEROS: u128 = ONES * b'0' as u128;

/// The lowest bytes of a word: so many.
const BELOW: [u128; 17] = {
    let mut below = [u128::MAX; 17];
    let mut bytes = 0;
    while bytes < 16 {
        below[bytes] = (1 << (8 * bytes)) - 1;
        bytes += 1;
    }
    below
};

/// How a word with a decimal sign becomes one of digits only.
#[derive(Clone, Copy)]
struct Whole {
    /// What stays where it is: the digits behind the sign.
    kept: u128,
    /// What takes the sign's place: the digits before it.
    moved: u128,
    /// What comes in before those.
    zero: u128,
    /// The power of ten that the number then is too large by.
    decimals: f64,
}

/// By the byte that the sign is in; the last for a word without one.
const WHOLE: [Whole; 17] = {
    let mut whole = [Whole { kept: u128::MAX, moved: 0, zero: 0, decimals: 1.0 }; 17];
    let mut place = 0;
    while place < 16 {
        whole[place] = Whole { kept: !BELOW[place + 1], moved: BELOW[place], zero: b'0' as u128, decimals: POWERS[15 - place] };
        place += 1;
    }
    whole
};

impl NumberForm {
    /// What programs write.
    pub(in crate::confidential) const PLAIN: Self = Self { decimal: b'.', certain: false };

    /// Reads a field. Correctly rounded in every case.
    #[inline]
    pub(in crate::confidential) fn parse(self, field: &[u8]) -> (f64, NumberState) {
        let field = field.trim_ascii();
        if field.is_empty() {
            return (f64::NAN, NumberState::Missing);
        }
        match self.parse_plain(field).or_else(|| self.parse_carefully(field)) {
            Some(value) => (value, NumberState::Number),
            None => (f64::NAN, NumberState::NotANumber),
        }
    }

    /// Reads the field of a text at `from..to`: the same as [`Self::parse`], faster where the field ends 16 bytes or more behind the text's begin.
    #[inline]
    pub(super) fn parse_in(self, text: &[u8], field: Range<usize>) -> (f64, NumberState) {
        if let Some(word) = text.get(..field.end).and_then(<[u8]>::last_chunk::<16>)
            && let Some(value) = self.parse_word(u128::from_le_bytes(*word), field.len())
        {
            return (value, NumberState::Number);
        }
        self.parse(&text[field])
    }

    fn parse_plain(self, field: &[u8]) -> Option<f64> {
        let mut word = [0; 16];
        word.get_mut(16_usize.checked_sub(field.len())?..)?.copy_from_slice(field);
        self.parse_word(u128::from_le_bytes(word), field.len())
    }

    /// Digits with at most one decimal sign, up to 2^53 without it: the quotient of two exact numbers is correctly rounded (Clinger 1990).
    /// The number is the last `length` bytes of the word; none where it is not 1 to 16 long. All digits are looked at together (Langdale and Lemire
    /// 2019, "Parsing gigabytes of JSON per second"), since a loop over them would end at a place that no processor can foresee.
    #[inline]
    fn parse_word(self, word: u128, length: usize) -> Option<f64> {
        if length.wrapping_sub(1) >= 16 {
            return None;
        }
        let negative = word.to_le_bytes()[16 - length] == b'-';
        let length = length - usize::from(negative);
        // The last digit is the highest byte; before the first come zeros, one of them instead of a sign.
        let below = BELOW[16 - length];
        let mut digits = word & !below | ZEROS & below;
        let pattern = (u64::MAX / 0xff) * u64::from(self.decimal);
        let difference = digits ^ (u128::from(pattern) << 64 | u128::from(pattern));
        let signs = !(((difference & (ONES * 0x7f)) + ONES * 0x7f) | difference) & (ONES * 0x80);
        // Without a branch, since some numbers of a column have decimals and others have not.
        let Whole { kept, moved, zero, decimals } = WHOLE[signs.trailing_zeros() as usize / 8];
        digits = digits & kept | (digits & moved) << 8 | zero;
        // A second decimal sign is still there, and no digit.
        let values = digits ^ ZEROS;
        let no_digits = (((values & (ONES * 0x7f)) + ONES * 0x76) | values) & (ONES * 0x80);
        if no_digits != 0 || length == usize::from(signs != 0) {
            return None;
        }
        let mantissa = u64::from(eight_digits(values as u64)) * 100_000_000 + u64::from(eight_digits((values >> 64) as u64));
        if mantissa > 1 << 53 {
            return None;
        }
        let value = mantissa as f64 / decimals;
        Some(if negative { -value } else { value })
    }

    /// Everything else: many digits, exponents, thousands separators, the other decimal sign.
    #[cold]
    fn parse_carefully(self, field: &[u8]) -> Option<f64> {
        let text = std::str::from_utf8(field).ok()?.trim();
        let text = text.strip_prefix('+').filter(|rest| !rest.starts_with(['-', '+'])).unwrap_or(text);
        let decimal = char::from(self.decimal);
        let other = if decimal == ',' { '.' } else { ',' };
        // 5 944 672,09 and 5'944'672.09: a space or apostrophe can only separate thousands
        let spaced = text.contains([' ', '\'', '\u{a0}', '\u{202f}', '\u{2009}', '’']);
        let text = if spaced {
            let whole = text.split([decimal, other]).next()?;
            let groups: Vec<&str> = whole.split([' ', '\'', '\u{a0}', '\u{202f}', '\u{2009}', '’']).collect();
            well_grouped(&groups).then(|| groups.concat() + &text[whole.len()..])?
        } else {
            text.to_owned()
        };
        if !text.contains(other) {
            return if self.decimal == b'.' { exact(&text) } else { exact(&text.replacen(',', ".", 1)) };
        }
        let (whole, fraction) = text.split_once(decimal).map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
        let groups: Vec<&str> = whole.split(other).collect();
        if well_grouped(&groups) {
            // one group alone, such as 1.234, is a thousand only where the decimal sign is known
            if fraction.is_none() && groups.len() == 2 && !self.certain {
                return None;
            }
            let whole = groups.concat();
            return match fraction {
                Some(fraction) => exact(&format!("{whole}.{fraction}")),
                None => exact(&whole),
            };
        }
        // 12.5 among decimal commas: cannot be a thousands separator
        (!self.certain && groups.len() == 2 && fraction.is_none()).then(|| exact(&text.replace(other, ".")))?
    }
}

/// The number of eight digits from 0 to 9, the first in the lowest byte: pairs, then fours, then all.
#[inline]
fn eight_digits(values: u64) -> u32 {
    let pairs = values.wrapping_mul(10).wrapping_add(values >> 8);
    let even = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(100 + (1_000_000 << 32));
    let odd = (pairs >> 16 & 0x0000_00ff_0000_00ff).wrapping_mul(1 + (10_000 << 32));
    (even.wrapping_add(odd) >> 32) as u32
}

/// Whether the parts of `1.234.567` are one to three digits (with a sign), then three each; a leading zero is no thousand.
fn well_grouped(groups: &[&str]) -> bool {
    let Some((first, rest)) = groups.split_first() else { return false };
    let first = first.strip_prefix('-').unwrap_or(first);
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    !rest.is_empty()
        && (1..=3).contains(&first.len())
        && digits(first)
        && !first.starts_with('0')
        && rest.iter().all(|group| group.len() == 3 && digits(group))
}

fn exact(text: &str) -> Option<f64> {
    fast_float2::parse(text).ok()
}

/// What a column's values tell about its decimal sign.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence {
    points: usize,
    commas: usize,
}

impl Evidence {
    /// Looks at one value.
    pub(in crate::confidential) fn see(&mut self, value: &str) {
        let value = value.trim();
        let body = value.strip_prefix(['-', '+']).unwrap_or(value);
        if !body.starts_with(|c: char| c.is_ascii_digit()) || !body.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',')
        {
            return;
        }
        let Some(last) = body.chars().rev().find(|c| !c.is_ascii_digit()) else { return };
        let other = if last == ',' { '.' } else { ',' };
        let groups_of = |text: &str, sign: char| well_grouped(&text.split(sign).collect::<Vec<_>>());
        let (whole, _) = body.rsplit_once(last).unwrap_or((body, ""));
        let decimal = if whole.contains(last) {
            // 1.234.567: groups of the one sign
            if !groups_of(body, last) {
                return;
            }
            other
        } else if whole.contains(other) {
            // 1.234,5: ends with the decimal sign
            if !groups_of(whole, other) {
                return;
            }
            last
        } else if groups_of(body, last) {
            // 1.234 could be either
            return;
        } else {
            last
        };
        *(if decimal == ',' { &mut self.commas } else { &mut self.points }) += 1;
    }

    /// The decimal sign, if the values show one.
    pub(in crate::confidential) fn decimal(self) -> Option<u8> {
        (self.points + self.commas > 0).then_some(if self.commas > self.points { b',' } else { b'.' })
    }

    /// Adds what another column tells.
    pub(in crate::confidential) fn add(&mut self, other: Self) {
        self.points += other.points;
        self.commas += other.commas;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMA: NumberForm = NumberForm { decimal: b',', certain: true };
    const POINT: NumberForm = NumberForm { decimal: b'.', certain: true };
    const PROBABLY_COMMA: NumberForm = NumberForm { decimal: b',', certain: false };

    fn number(form: NumberForm, text: &str) -> Option<f64> {
        let (value, state) = form.parse(text.as_bytes());
        (state == NumberState::Number).then_some(value)
    }

    macro_rules! case {
        ($($name:ident: $form:expr, $text:expr => $value:expr;)*) => {
            $(#[test] fn $name() { assert_eq!(number($form, $text), $value); })*
        };
    }

    case! {
        integer: POINT, "559517" => Some(559517.0);
        negative: POINT, "-12.5" => Some(-12.5);
        plus: POINT, "+12.5" => Some(12.5);
        spaces_around: POINT, "  12.5 " => Some(12.5);
        comma_decimal: COMMA, "559517,16" => Some(559517.16);
        comma_with_point_groups: COMMA, "5.944.672,09" => Some(5944672.09);
        one_group_when_certain: COMMA, "1.234" => Some(1234.0);
        one_group_when_uncertain: PROBABLY_COMMA, "1.234" => None;
        groups_when_uncertain: PROBABLY_COMMA, "1.234.567" => Some(1234567.0);
        other_sign_when_uncertain: PROBABLY_COMMA, "559517.16" => Some(559517.16);
        other_sign_when_certain: COMMA, "559517.16" => None;
        leading_zero_is_no_group: PROBABLY_COMMA, "0.234" => Some(0.234);
        english_groups: POINT, "5,944,672.09" => Some(5944672.09);
        plain_with_one_comma_group: NumberForm::PLAIN, "1,234" => None;
        plain_with_comma_decimal: NumberForm::PLAIN, "12,5" => Some(12.5);
        bad_groups: COMMA, "12.34.567" => None;
        space_groups: COMMA, "5 944 672,09" => Some(5944672.09);
        swiss_groups: POINT, "5'944'672.09" => Some(5944672.09);
        space_without_groups: COMMA, "59 4467" => None;
        exponent: POINT, "5.5e6" => Some(5.5e6);
        many_digits: POINT, "388591.400000000023283" => Some(388_591.4);
        sixteen_digits: POINT, "9007199254740993" => Some(9007199254740992.0);
        sixteen_digits_with_sign: POINT, "-100000000000000" => Some(-1e14);
        two_decimals: POINT, "1.2.3" => None;
        infinite: POINT, "inf" => Some(f64::INFINITY);
        sign_alone: POINT, "-" => None;
        point_alone: POINT, "." => None;
        dash: POINT, "–" => None;
        two_signs: POINT, "+-5" => None;
        word: POINT, "zwölf" => None;
    }

    #[test]
    fn nan_is_a_number_that_is_not_finite() {
        let (value, state) = POINT.parse(b"NaN");
        assert!(value.is_nan() && state == NumberState::Number);
    }

    #[test]
    fn empty_is_missing() {
        assert_eq!(POINT.parse(b" ").1, NumberState::Missing);
    }

    fn evidence(values: &[&str]) -> Option<u8> {
        let mut evidence = Evidence::default();
        values.iter().for_each(|value| evidence.see(value));
        evidence.decimal()
    }

    #[test]
    fn evidence_of_decimal_signs() {
        assert_eq!(evidence(&["559517,16"]), Some(b','));
        assert_eq!(evidence(&["559517.16"]), Some(b'.'));
        assert_eq!(evidence(&["1.234"]), None);
        assert_eq!(evidence(&["1.234.567"]), Some(b','));
        assert_eq!(evidence(&["1,234,567"]), Some(b'.'));
        assert_eq!(evidence(&["1.234,5"]), Some(b','));
        assert_eq!(evidence(&["1,234.5"]), Some(b'.'));
        assert_eq!(evidence(&["01.02.1980", "12", "Haus 3,5"]), None);
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_the_standard_library(value in -1e9_f64..1e9, decimals in 0_usize..12) {
            let text = format!("{value:.decimals$}");
            proptest::prop_assert_eq!(number(POINT, &text), text.parse().ok());
            proptest::prop_assert_eq!(number(COMMA, &text.replace('.', ",")), text.parse().ok());
        }

        #[test]
        fn what_stands_around_a_field_does_not_matter(
            before in "[0-9,.x\n-]{0,20}", field in "[0-9,.; x-]{0,20}", after in "[0-9,.x\n-]{0,20}",
        ) {
            let text = format!("{before}{field}{after}");
            let (value, state) = COMMA.parse_in(text.as_bytes(), before.len()..before.len() + field.len());
            let (alone, state_alone) = COMMA.parse(field.as_bytes());
            proptest::prop_assert_eq!((value.to_bits(), state), (alone.to_bits(), state_alone));
        }

        #[test]
        fn short_numbers_agree_with_the_standard_library(text in "-?[0-9]{0,9}(\\.[0-9]{0,8})?") {
            proptest::prop_assert_eq!(number(POINT, &text), text.parse().ok());
        }
    }
}
