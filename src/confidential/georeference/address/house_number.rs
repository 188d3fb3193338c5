//! A house number with what follows it: `12`, `12a`, `12 A`, `12-14`, `12/14`, `12 1/2`.

/// What follows the digits, in normal form: nothing, letters, `-14` for a range up to 14, `1/2`, `/3`. At most four bytes are kept as they are, the first in
/// the highest byte, so that suffixes sort as texts; longer ones as a hash with the highest bit set.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(test, derive(Debug))]
pub(in crate::confidential::georeference) struct Suffix(u32);

impl Suffix {
    /// No suffix.
    pub(in crate::confidential::georeference) const NONE: Self = Self(0);
    const HASHED: u32 = 1 << 31;

    /// The packed form of a text in normal form.
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        if bytes.len() <= 4 && text.is_ascii() {
            let mut packed = [0; 4];
            packed[..bytes.len()].copy_from_slice(bytes);
            return Self(u32::from_be_bytes(packed));
        }
        // FNV-1a: stable, as it stands in files.
        let hash = bytes.iter().fold(0x811c_9dc5_u32, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        Self(hash | Self::HASHED)
    }

    /// As it stands in a file.
    pub(in crate::confidential::georeference) fn packed(self) -> u32 {
        self.0
    }

    /// From a file.
    pub(in crate::confidential::georeference) fn from_packed(packed: u32) -> Self {
        Self(packed)
    }

    /// The last number of a range.
    pub(in crate::confidential::georeference) fn range_end(self) -> Option<u32> {
        let bytes = self.0.to_be_bytes();
        let digits = bytes.strip_prefix(b"-").filter(|_| self.0 & Self::HASHED == 0)?;
        let digits = digits.split(|&b| b == 0).next().filter(|digits| !digits.is_empty())?;
        digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
    }
}

/// A house number. `Debug` in tests only: it would show a part of an address.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(in crate::confidential::georeference) struct HouseNumber {
    /// The digits; 0 where there are none (a house with a name).
    pub(in crate::confidential::georeference) number: u32,
    /// What follows.
    pub(in crate::confidential::georeference) suffix: Suffix,
}

/// Words after a number that tell a flat or a floor and no other house.
const INSIDE_A_HOUSE: [&str; 34] = [
    "whg",
    "wohnung",
    "wohn",
    "wg",
    "app",
    "apt",
    "appartement",
    "apartment",
    "eg",
    "og",
    "dg",
    "ug",
    "erdgeschoss",
    "obergeschoss",
    "dachgeschoss",
    "etage",
    "stock",
    "stw",
    "li",
    "re",
    "links",
    "rechts",
    "mitte",
    "zi",
    "zimmer",
    "bei",
    "co",
    "vh",
    "vorderhaus",
    "hh",
    "hinterhaus",
    "seitenfluegel",
    "postfach",
    "z",
];

/// Words that say that there is no number.
const NO_NUMBER: [&str; 6] = ["ohne", "onr", "keine", "unbekannt", "nichtbekannt", "na"];

/// A slash tells a range up to this many numbers further, else a part of the house.
const LONGEST_RANGE: u32 = 40;

impl HouseNumber {
    /// Takes the text of a number and of a suffix apart (either may be empty); `None` if there is neither digit nor suffix.
    pub(in crate::confidential::georeference) fn parse(number: &str, suffix: &str) -> Option<Self> {
        let plain = !number.is_empty() && number.len() < 6 && number.bytes().all(|b| b.is_ascii_digit());
        if plain {
            let digits = number.parse().expect("a few digits");
            match suffix.as_bytes() {
                [] => return Some(Self { number: digits, suffix: Suffix::NONE }),
                [letter] if letter.is_ascii_alphabetic() => {
                    return Some(Self { number: digits, suffix: Suffix(u32::from(letter.to_ascii_lowercase()) << 24) });
                }
                _ => {}
            }
        }
        let mut text = String::with_capacity(number.len() + suffix.len() + 1);
        for sign in number.chars().chain([' ']).chain(suffix.chars()) {
            match sign {
                '–' | '—' | '‐' | '‑' => text.push('-'),
                '½' => text.push_str(" 1/2"),
                '¼' => text.push_str(" 1/4"),
                '¾' => text.push_str(" 3/4"),
                'ä' | 'Ä' => text.push_str("ae"),
                'ü' | 'Ü' => text.push_str("ue"),
                'ö' | 'Ö' => text.push_str("oe"),
                _ => text.extend(sign.to_lowercase()),
            }
        }
        let text = text.trim();
        let text = ["hausnummer", "hausnr", "hnr", "nr", "no", "haus", "#"]
            .iter()
            .find_map(|word| text.strip_prefix(word))
            .map_or(text, |rest| rest.trim_start_matches(['.', ':', ' ']));
        let (digits, rest) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
        if digits.is_empty() {
            let text = text.split([',', ';', '(', '|']).next().unwrap_or("").split("//").next().unwrap_or("");
            let word: String = text.chars().take_while(|c| c.is_alphabetic()).collect();
            let named: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
            let none = INSIDE_A_HOUSE.contains(&word.as_str()) || NO_NUMBER.contains(&named.as_str()) || text.starts_with("c/o");
            return (!named.is_empty() && !none).then(|| Self { number: 0, suffix: Suffix::of(&named) });
        }
        let number = digits.parse().ok().filter(|&n: &u32| n < 100_000)?;
        Some(Self { number, suffix: Suffix::of(&suffix_of(number, rest)) })
    }

    /// The last number of a range.
    pub(in crate::confidential::georeference) fn range_end(self) -> Option<u32> {
        self.suffix.range_end()
    }
}

/// The normal form of what follows the digits.
fn suffix_of(number: u32, rest: &str) -> String {
    // What a spreadsheet makes of a number.
    if rest == ".0" || rest == ",0" {
        return String::new();
    }
    let rest = rest.split([',', ';', '(', '|']).next().unwrap_or("").trim_matches([' ', '.', '*']);
    let rest = rest.split("//").next().unwrap_or("").trim_end();
    let Some(first) = rest.chars().next() else { return String::new() };
    let (joined, body) = match first {
        '-' | '/' | '+' | '&' => (Some(first), rest[1..].trim_start()),
        _ => match rest.strip_prefix("bis ").or_else(|| rest.strip_prefix("und ")).or_else(|| rest.strip_prefix("u. ")) {
            Some(body) => (Some('-'), body.trim_start()),
            None => (None, rest),
        },
    };
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return letters_of(body);
    }
    let after = body[digits..].trim_start();
    let value: u32 = body[..digits].parse().unwrap_or(0);
    match joined {
        None if after.starts_with('/') => {
            let below: String = after[1..].trim_start().chars().take_while(char::is_ascii_digit).collect();
            if below.is_empty() { String::new() } else { format!("{value}/{below}") }
        }
        // `12 3. OG`: a floor.
        None => String::new(),
        Some('/') if value <= number || value > number + LONGEST_RANGE => format!("/{value}"),
        Some(_) if value > number => format!("-{value}"),
        Some(_) => format!("/{value}"),
    }
}

/// Letters after the digits, with a number right behind them (`12a1`); nothing for words that tell a flat, and nothing behind a range of letters.
fn letters_of(body: &str) -> String {
    let letters: String = body.chars().take_while(|c| c.is_alphabetic()).collect();
    let after = &body[letters.len()..];
    if letters.is_empty() || INSIDE_A_HOUSE.contains(&letters.as_str()) || letters == "c" && after.starts_with("/o") {
        return String::new();
    }
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    letters + &digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: &str, suffix: &str) -> (u32, String) {
        let house = HouseNumber::parse(number, suffix).expect("a number");
        let bytes = house.suffix.packed().to_be_bytes();
        (house.number, String::from_utf8(bytes.into_iter().filter(|&b| b != 0).collect()).unwrap_or("hash".into()))
    }

    macro_rules! case {
        ($($name:ident: $number:expr, $suffix:expr => $digits:expr, $rest:expr;)*) => {
            $(#[test] fn $name() { assert_eq!(number($number, $suffix), ($digits, $rest.to_owned())); })*
        };
    }

    case! {
        plain: "12", "" => 12, "";
        suffix_apart: "12", "A" => 12, "a";
        suffix_glued: "12a", "" => 12, "a";
        suffix_spaced: "12 A", "" => 12, "a";
        suffix_after_hyphen: "12-a", "" => 12, "a";
        suffix_after_slash: "12/A", "" => 12, "a";
        leading_zeros: "0012", "" => 12, "";
        from_a_spreadsheet: "12.0", "" => 12, "";
        range: "12-14", "" => 12, "-14";
        range_spaced: "12 – 14", "" => 12, "-14";
        range_with_slash: "12/14", "" => 12, "-14";
        range_in_words: "12 bis 14", "" => 12, "-14";
        range_in_the_suffix: "12", "-14" => 12, "-14";
        part_of_a_house: "12/1", "" => 12, "/1";
        half: "12 1/2", "" => 12, "1/2";
        half_as_a_sign: "12½", "" => 12, "1/2";
        half_in_the_suffix: "12", "1/2" => 12, "1/2";
        letters_range: "12a-c", "" => 12, "a";
        letter_and_digit: "12", "a1" => 12, "a1";
        flat: "12 Whg. 3", "" => 12, "";
        flat_after_comma: "12, Whg. 3", "" => 12, "";
        floor: "12 3. OG", "" => 12, "";
        care_of: "12 c/o Meier", "" => 12, "";
        suffix_c: "12 c", "" => 12, "c";
        letter_and_flat: "12a, 2. OG", "" => 12, "a";
        with_word: "Nr. 12", "" => 12, "";
        back_house: "12 HH", "" => 12, "";
        star: "12*", "" => 12, "";
    }

    #[test]
    fn nothing_is_no_number() {
        assert_eq!(HouseNumber::parse("", ""), None);
        for text in [
            " - ",
            ", Whg. 3",
            "c/o Meier",
            "(Hinterhaus)",
            "2. OG".trim_start_matches("2. "),
            "o. Nr.",
            "unbekannt",
            "// bei Schmidt",
        ] {
            assert_eq!(HouseNumber::parse(text, ""), None, "{text}");
        }
    }

    #[test]
    fn long_suffixes_differ() {
        let suffix = |text| HouseNumber::parse("12", text).unwrap().suffix;
        assert_ne!(suffix("Pavillon"), suffix("Torhaus"));
        assert_eq!(suffix("PAVILLON"), suffix("Pavillon"));
        assert_eq!(suffix("Pavillon").range_end(), None);
    }

    #[test]
    fn ranges_end() {
        assert_eq!(HouseNumber::parse("12-118", "").unwrap().range_end(), Some(118));
        assert_eq!(HouseNumber::parse("12a", "").unwrap().range_end(), None);
    }
}
