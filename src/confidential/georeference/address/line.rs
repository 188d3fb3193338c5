//! A street's field that holds more than the street: the number, a flat, who lives there.

use super::HouseNumber;

/// The field without what follows a comma, a bracket, `c/o` or `//`.
pub(in crate::confidential::georeference) fn without_additions(field: &str) -> &str {
    let care = || field.char_indices().filter(|(_, c)| matches!(c, 'c' | 'C')).map(|(at, _)| at);
    let care = care().find(|&at| field.get(at..at + 3).is_some_and(|word| word.eq_ignore_ascii_case("c/o")));
    let cut = field.find([';', '(', '|', '\n']).into_iter().chain(care).chain(field.find("//")).min();
    let kept = cut.filter(|&at| at > 0).map_or(field, |at| &field[..at]).trim();
    match kept.split_once(',') {
        // `Q 7, 24`: what stands before the comma is no street with a number yet.
        Some((street, rest))
            if splits(street).next().is_some_and(|(name, _)| letters(name) > 2) || !looks_like_number(rest.trim()) =>
        {
            street.trim()
        }
        _ => kept,
    }
}

/// Ways to take the field apart into street and number, the longest number first: `Bahnhofstr.12 a` into `Bahnhofstr.` and `12 a`. `Straße des 17.
/// Juni` has none, as what begins with its digits is no house number.
pub(in crate::confidential::georeference) fn splits(field: &str) -> impl Iterator<Item = (&str, &str)> {
    let bytes = field.as_bytes();
    let begins = move |at: usize| bytes[at].is_ascii_digit() && !bytes[at - 1].is_ascii_digit();
    (1..bytes.len()).filter(move |&at| begins(at)).map(|at| field.split_at(at)).filter_map(|(street, number)| {
        let street = street.trim_end_matches([' ', ',']);
        let street = street.strip_suffix("Nr.").or_else(|| street.strip_suffix("Hausnr.")).unwrap_or(street).trim_end();
        let is_number = letters(street) > 0 && looks_like_number(number) && HouseNumber::parse(number, "").is_some();
        is_number.then_some((street, number))
    })
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphabetic()).count()
}

/// Digits, then at most a letter or a number in the same way: a word is the rest of a street's name, except one that tells a flat.
fn looks_like_number(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > 5 {
        return false;
    }
    let mut rest = text[digits..].trim_start();
    // `17. Juni`
    if rest.starts_with('.') && letters(rest) > 0 {
        return false;
    }
    loop {
        let word = rest.chars().take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum::<usize>();
        if word > 1 {
            let word = rest[..word].to_lowercase();
            return ["whg", "wohnung", "app", "apt", "eg", "og", "dg", "ug", "hh", "vh", "bis", "etage"].contains(&word.as_str());
        }
        let Some(next) = rest[word..].find(|c: char| c.is_alphabetic()) else { return true };
        rest = &rest[word + next..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(field: &str) -> Option<(&str, &str)> {
        splits(without_additions(field)).next()
    }

    macro_rules! case {
        ($($name:ident: $field:expr => $parts:expr;)*) => { $(#[test] fn $name() { assert_eq!(first($field), $parts); })* };
    }

    case! {
        spaced: "Bahnhofstr. 12" => Some(("Bahnhofstr.", "12"));
        glued: "Bahnhofstr.12a" => Some(("Bahnhofstr.", "12a"));
        glued_to_a_letter: "Bahnhofstraße12" => Some(("Bahnhofstraße", "12"));
        spaced_suffix: "Am Hang 3 b" => Some(("Am Hang", "3 b"));
        range: "Am Hang 3-5" => Some(("Am Hang", "3-5"));
        half: "Am Hang 12 1/2" => Some(("Am Hang", "12 1/2"));
        flat: "Am Hang 3, Whg. 5" => Some(("Am Hang", "3"));
        flat_without_comma: "Am Hang 3 Whg. 5" => Some(("Am Hang", "3 Whg. 5"));
        care_of: "Am Hang 3 c/o Meier" => Some(("Am Hang", "3"));
        with_word: "Am Hang Nr. 3" => Some(("Am Hang", "3"));
        no_number: "Am Hang" => None;
        date_in_the_name: "Straße des 17. Juni" => None;
        date_and_number: "Straße des 17. Juni 135" => Some(("Straße des 17. Juni", "135"));
        square: "Q 7, 24" => Some(("Q", "7, 24"));
        only_digits: "12" => None;
        floor_after_comma: "Am Hang, 2. OG links" => None;
        floor_after_number: "Am Hang 3, 2. OG links" => Some(("Am Hang", "3"));
        bracket: "Am Hang 3 (Hinterhaus)" => Some(("Am Hang", "3"));
    }

    #[test]
    fn all_splits_of_a_square() {
        assert_eq!(splits("Q 7, 24").collect::<Vec<_>>(), [("Q", "7, 24"), ("Q 7", "24")]);
    }
}
