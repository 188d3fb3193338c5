//! What column names mean in German and English exports.

/// The parts of a name: `e_25832` is `e`, `25832`; umlauts become `ae`, `oe`, `ue`, `ss`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut folded = String::with_capacity(name.len());
    let mut before = ' ';
    for letter in name.chars() {
        // GebDatum is geb datum
        if letter.is_uppercase() && before.is_lowercase() {
            folded.push('_');
        }
        before = letter;
        match letter {
            'ä' | 'Ä' => folded.push_str("ae"),
            'ö' | 'Ö' => folded.push_str("oe"),
            'ü' | 'Ü' => folded.push_str("ue"),
            'ß' => folded.push_str("ss"),
            letter => folded.extend(letter.to_lowercase()),
        }
    }
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The name as the plan and the outputs write it: `Altersgruppe (10)` is `altersgruppe_10`.
pub(super) fn slug(name: &str) -> String {
    let slug: String = words(name).join("_").chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    match slug.chars().next() {
        None => "column".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("c_{slug}"),
        Some(_) => slug,
    }
}

const X: [&str; 24] = [
    "e",
    "x",
    "east",
    "easting",
    "ost",
    "ostwert",
    "rechtswert",
    "rw",
    "rechts",
    "lon",
    "long",
    "lng",
    "longitude",
    "laenge",
    "laengengrad",
    "xcoord",
    "koordx",
    "xkoordinate",
    "xkoord",
    "xutm",
    "utmx",
    "utme",
    "geox",
    "eastwert",
];
const Y: [&str; 24] = [
    "n",
    "y",
    "north",
    "northing",
    "nord",
    "nordwert",
    "hochwert",
    "hw",
    "hoch",
    "lat",
    "latt",
    "lati",
    "latitude",
    "breite",
    "breitengrad",
    "ycoord",
    "koordy",
    "ykoordinate",
    "ykoord",
    "yutm",
    "utmy",
    "utmn",
    "geoy",
    "northwert",
];

/// Which axis a name means (0 first, 1 second), and which of the equal lists' entries; what else the name says.
pub(super) fn axis(name: &str) -> Option<(usize, usize, Vec<String>)> {
    let words = words(name);
    for (axis, list) in [X, Y].into_iter().enumerate() {
        for (place, word) in words.iter().enumerate() {
            // x25832 is x 25832
            let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
            if let Some(entry) = list.iter().position(|entry| *entry == letters) {
                let mut rest = words.clone();
                rest[place] = word[letters.len()..].to_owned();
                rest.retain(|word| !word.is_empty());
                return Some((axis, entry, rest));
            }
        }
    }
    None
}

/// Whether longitude or latitude is meant.
pub(super) fn means_degrees(name: &str) -> bool {
    let degrees =
        ["lon", "long", "lng", "longitude", "lat", "latitude", "laenge", "laengengrad", "breite", "breitengrad", "wgs84"];
    words(name).iter().any(|word| degrees.contains(&word.as_str()))
}

/// An EPSG code in a name: `e_25832`, `x_mp_1km` has none.
pub(super) fn system_code(name: &str) -> Option<u32> {
    let known = |code: &u32| matches!(code, 3034 | 3035 | 3857 | 4258 | 4326 | 4647 | 5650 | 25828..=25838 | 31466..=31469 | 32628..=32638 | 5676..=5679);
    words(name).iter().find_map(|word| {
        let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        digits.parse().ok().filter(known)
    })
}

/// Whether one of the name's parts, or all of them joined, begins with one of `stems` (with `=` in front: is it).
pub(super) fn any(name: &str, stems: &[&str]) -> bool {
    let mut parts = words(name);
    parts.push(parts.concat());
    parts.iter().any(|part| {
        stems.iter().any(|stem| match stem.strip_prefix('=') {
            Some(whole) => part == whole,
            None => part.starts_with(stem),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_into_words() {
        assert_eq!(words("Straßen-Schlüssel"), ["strassen", "schluessel"]);
        assert_eq!(words("GebDatum"), ["geb", "datum"]);
        assert_eq!(words("GITTER_ID_100m"), ["gitter", "id", "100m"]);
        assert_eq!(slug("Altersgruppe (10er)"), "altersgruppe_10er");
        assert_eq!(slug("2011"), "c_2011");
    }

    #[test]
    fn axes_and_codes() {
        assert_eq!(axis("e_25832"), Some((0, 0, vec!["25832".to_owned()])));
        assert_eq!(axis("y3035").map(|(axis, ..)| axis), Some(1));
        assert_eq!(axis("Hochwert").map(|(axis, ..)| axis), Some(1));
        assert_eq!(axis("Länge").map(|(axis, ..)| axis), Some(0));
        assert_eq!(axis("name"), None);
        assert_eq!(system_code("e_25832"), Some(25832));
        assert_eq!(system_code("UTM_25833_E"), Some(25833));
        assert_eq!(system_code("x_mp_1km"), None);
    }
}
