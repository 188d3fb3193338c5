//! How far two names in normal form are apart, as people mistype and misremember them.

/// What one mistyped letter (wrong, missing, added, or two exchanged) costs.
pub(in crate::confidential::georeference) const LETTER: u32 = 2;
/// What another kind of street (`Nordweg` for `Nordstr.`) costs: less sure than one letter, surer than two.
pub(in crate::confidential::georeference) const KIND: u32 = 3;

/// Ends that tell the kind of a street, in normal form; longer ones before those that they end in.
const KINDS: [&str; 20] = [
    "strasse", "str", "allee", "gasse", "chaussee", "damm", "ufer", "ring", "pfad", "steig", "stieg", "steg", "weg", "pl",
    "markt", "hof", "berg", "kamp", "feld", "tal",
];

/// Letters that a name has, one bit each, and in the upper half those that it has twice or more: names within `n` letters of each other differ in at
/// most `2 n` bits, since a letter more or less changes one of its two bits at most.
pub(in crate::confidential::georeference) fn letters(name: &str) -> u64 {
    name.bytes().fold(0, |bits: u64, byte| {
        let place = match byte {
            b'a'..=b'z' => byte - b'a',
            b'0'..=b'9' => 26 + byte % 4,
            _ => 31,
        };
        let once = 1 << place;
        bits | once | (bits & once) << 32
    })
}

/// How much a name of this length may cost: short names differ by a letter from others that exist.
pub(in crate::confidential::georeference) fn bearable(name: &str) -> u32 {
    // The kind of street is in every name and tells nothing.
    match stem(name).map_or(name.len(), |(stem, _)| stem.len()) {
        0..=3 => 0,
        4..=9 => KIND,
        _ => 2 * LETTER,
    }
}

/// The costs from one name to another by its letters if they are not above `most`; digits must agree.
pub(in crate::confidential::georeference) fn cost(a: &str, b: &str, most: u32) -> Option<u32> {
    fn digits(name: &str) -> impl Iterator<Item = u8> {
        name.bytes().filter(u8::is_ascii_digit)
    }
    let cost = edits(a.as_bytes(), b.as_bytes(), most / LETTER)? * LETTER;
    digits(a).eq(digits(b)).then_some(cost)
}

/// The name with other kinds of street, each at the cost of [`KIND`]; none of a name without a kind or with a short stem.
pub(in crate::confidential::georeference) fn of_other_kinds(name: &str) -> impl Iterator<Item = String> {
    let stem = stem(name).filter(|(stem, _)| stem.len() >= 4);
    stem.into_iter()
        .flat_map(|(stem, own)| KINDS.iter().filter(move |kind| **kind != own).map(move |kind| format!("{stem}{kind}")))
}

/// Name and kind of a street, if its name ends with a kind.
fn stem(name: &str) -> Option<(&str, &str)> {
    KINDS.iter().find_map(|kind| Some((name.strip_suffix(kind)?, *kind)))
}

/// The longest name that is compared.
const LONGEST: usize = 63;

/// Edits between two texts, exchanges of neighbours being one (optimal string alignment), if at most `most`.
fn edits(a: &[u8], b: &[u8], most: u32) -> Option<u32> {
    if a.len().abs_diff(b.len()) > most as usize || a.len() > LONGEST || b.len() > LONGEST {
        return None;
    }
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    let mut before = [0_u32; LONGEST + 1];
    let mut last = [0_u32; LONGEST + 1];
    let mut now = [0_u32; LONGEST + 1];
    for (at, cost) in last.iter_mut().enumerate().take(b.len() + 1) {
        *cost = at as u32;
    }
    for (i, &of_a) in a.iter().enumerate() {
        now[0] = i as u32 + 1;
        let mut least = now[0];
        for (j, &of_b) in b.iter().enumerate() {
            let mut cost = (last[j] + u32::from(of_a != of_b)).min(last[j + 1] + 1).min(now[j] + 1);
            if i > 0 && j > 0 && of_a == b[j - 1] && a[i - 1] == of_b {
                cost = cost.min(before[j - 1] + 1);
            }
            now[j + 1] = cost;
            least = least.min(cost);
        }
        if least > most {
            return None;
        }
        (before, last, now) = (last, now, before);
    }
    Some(last[b.len()]).filter(|&cost| cost <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! case {
        ($($name:ident: $a:expr, $b:expr => $cost:expr;)*) => { $(#[test] fn $name() { assert_eq!(cost($a, $b, 4), $cost); })* };
    }

    case! {
        same: "bahnhofstr", "bahnhofstr" => Some(0);
        wrong_letter: "bahnhofstr", "bahnkofstr" => Some(2);
        missing_letter: "bahnhofstr", "bahnofstr" => Some(2);
        added_letter: "bahnhofstr", "bahnnhofstr" => Some(2);
        exchanged_letters: "bahnhofstr", "bahnhfostr" => Some(2);
        two_letters: "bahnhofstr", "bhnhfostr" => Some(4);
        three_letters: "bahnhofstr", "bhnhfotr" => None;
        other_kind: "nordstr", "nordweg" => None;
        digits: "strdes17juni", "strdes18juni" => None;
        other_street: "bahnhofstr", "hauptstr" => None;
    }

    #[test]
    fn other_kinds_of_a_name() {
        let kinds: Vec<String> = of_other_kinds("nordstr").collect();
        assert!(kinds.contains(&"nordweg".to_owned()) && !kinds.contains(&"nordstr".to_owned()));
        assert_eq!(of_other_kinds("amstr").count() + of_other_kinds("freiheit").count(), 0);
    }

    #[test]
    fn letters_bound_the_distance() {
        assert!((letters("bahnhofstr") ^ letters("bahnkofstr")).count_ones() <= 2);
    }

    #[test]
    fn every_edit_changes_two_bits_at_most() {
        let name = "bahnhofsallee17";
        for at in 0..name.len() {
            for letter in ["", "a", "l", "x", "7", "ll"] {
                let edited = format!("{}{letter}{}", &name[..at], &name[at + 1..]);
                let edits = edits(name.as_bytes(), edited.as_bytes(), 3).unwrap();
                assert!((letters(name) ^ letters(&edited)).count_ones() <= 2 * edits, "{edited}");
            }
        }
        assert_ne!(letters("aal"), letters("al"));
    }

    #[test]
    fn short_names_bear_nothing() {
        assert_eq!([bearable("amstr"), bearable("nordstr"), bearable("bahnhofstr"), bearable("stoppenbergerstr")], [0, 3, 3, 4]);
    }
}
