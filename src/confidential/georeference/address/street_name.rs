//! The normal form of a street's name: the same for every way to write it that keeps its words.

/// Names that say that there is none, in normal form.
const PLACEHOLDERS: [&str; 13] = [
    "na",
    "ka",
    "null",
    "nan",
    "none",
    "ofw",
    "ohnefestenwohnsitz",
    "obdachlos",
    "keineangabe",
    "ohneangabe",
    "ohne",
    "keine",
    "nichtbekannt",
];

/// Words and their shortest usual form. Inflections fall together, since nobody can tell what `Gr.` was short for.
const SHORT_FORMS: [(&str, &str); 40] = [
    ("strasse", "str"),
    ("strase", "str"),
    ("strasze", "str"),
    ("stras", "str"),
    ("platz", "pl"),
    ("gross", "gr"),
    ("grosse", "gr"),
    ("grosser", "gr"),
    ("grosses", "gr"),
    ("grossen", "gr"),
    ("grossem", "gr"),
    ("kleine", "kl"),
    ("kleiner", "kl"),
    ("kleines", "kl"),
    ("kleinen", "kl"),
    ("klein", "kl"),
    ("sankt", "st"),
    ("sanct", "st"),
    ("sank", "st"),
    ("doktor", "dr"),
    ("professor", "prof"),
    ("buergermeister", "bgm"),
    ("bgmstr", "bgm"),
    ("buergerm", "bgm"),
    ("brgm", "bgm"),
    ("oberbuergermeister", "oberbgm"),
    ("obgm", "oberbgm"),
    ("gebrueder", "gebr"),
    ("geschwister", "geschw"),
    ("general", "gen"),
    ("freiherr", "frhr"),
    ("heilige", "hl"),
    ("heiliger", "hl"),
    ("heiligen", "hl"),
    ("heiliges", "hl"),
    ("friedrich", "friedr"),
    ("wilhelm", "wilh"),
    ("johann", "joh"),
    ("hauptmann", "hptm"),
    ("direktor", "dir"),
];

/// Ends of words that have a short form too (`Saarpl.`).
const SHORT_ENDS: [(&str, &str); 4] = [("strasse", "str"), ("strase", "str"), ("strasze", "str"), ("platz", "pl")];

/// Beginnings of names that have a short form too, longer ones before those that they begin with.
const SHORT_BEGINNINGS: [(&str, &str); 12] = [
    ("grosser", "gr"),
    ("grosses", "gr"),
    ("grossen", "gr"),
    ("grosse", "gr"),
    ("kleiner", "kl"),
    ("kleines", "kl"),
    ("kleinen", "kl"),
    ("kleine", "kl"),
    ("sankt", "st"),
    ("doktor", "dr"),
    ("professor", "prof"),
    ("buergermeister", "bgm"),
];

/// A street's name in normal form: lower case, `ae oe ue ss`, no signs or spaces, usual words shortened.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(test, derive(Debug))]
pub(in crate::confidential::georeference) struct StreetName(String);

impl StreetName {
    /// The normal form; `None` for what is no name: empty, `### Straßenname unbekannt`, `o.f.W.`
    pub(in crate::confidential::georeference) fn of(text: &str) -> Option<Self> {
        let folded = fold(text);
        let mut name = String::with_capacity(folded.len());
        let mut words = folded.split(' ').filter(|word| !word.is_empty()).peekable();
        while let Some(word) = words.next() {
            let first = name.is_empty();
            match (word, words.peek().copied()) {
                ("a", Some("d")) => name.push_str("an"),
                ("i", Some("d")) => name.push_str("in"),
                ("v", Some("d")) => name.push_str("von"),
                ("d", Some(_)) if !first => name.push_str("der"),
                ("v", Some(_)) if !first => name.push_str("von"),
                _ => push_short(&mut name, word),
            }
        }
        // `KleineBuschstr.`: the same as with a space.
        if let Some((long, short)) = SHORT_BEGINNINGS.iter().find(|(long, _)| name.starts_with(long)) {
            name.replace_range(..long.len(), short);
        }
        let unknown = name.contains("unbekannt") || PLACEHOLDERS.contains(&name.as_str());
        (name.bytes().any(|b| b.is_ascii_alphanumeric()) && !unknown).then_some(Self(name))
    }

    /// The text.
    pub(in crate::confidential::georeference) fn as_str(&self) -> &str {
        &self.0
    }
}

fn push_short(name: &mut String, word: &str) {
    if let Some((_, short)) = SHORT_FORMS.iter().find(|(long, _)| *long == word) {
        return name.push_str(short);
    }
    match SHORT_ENDS.iter().find_map(|(long, short)| Some((word.strip_suffix(long)?, short))) {
        Some((stem, short)) => {
            name.push_str(stem);
            name.push_str(short);
        }
        None => name.push_str(word),
    }
}

/// Small letters without marks, `ä ö ü ß` as two letters, digits; everything else becomes one space. Also for names of places.
pub(in crate::confidential::georeference) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + 4);
    for sign in text.chars() {
        match sign {
            'a'..='z' | '0'..='9' => folded.push(sign),
            'A'..='Z' => folded.push(sign.to_ascii_lowercase()),
            'ä' | 'Ä' | 'æ' | 'Æ' => folded.push_str("ae"),
            'ö' | 'Ö' | 'œ' | 'Œ' => folded.push_str("oe"),
            'ü' | 'Ü' => folded.push_str("ue"),
            'ß' | 'ẞ' => folded.push_str("ss"),
            // A diaeresis of its own, as macOS writes names of files.
            '\u{308}' if folded.ends_with(['a', 'o', 'u']) => folded.push('e'),
            '\u{300}'..='\u{36f}' | '\'' | '’' | '`' | '´' | '\u{ad}' => {}
            'à'..='å' | 'À'..='Å' | 'ā' | 'ă' | 'ą' | 'Ą' => folded.push('a'),
            'è'..='ë' | 'È'..='Ë' | 'ē' | 'ę' | 'ě' | 'Ę' => folded.push('e'),
            'ì'..='ï' | 'Ì'..='Ï' | 'ı' | 'İ' => folded.push('i'),
            'ò'..='õ' | 'Ò'..='Õ' | 'ø' | 'Ø' | 'ő' | 'ō' => folded.push('o'),
            'ù'..='û' | 'Ù'..='Û' | 'ů' | 'Ů' | 'ű' => folded.push('u'),
            'ç' | 'Ç' | 'č' | 'Č' | 'ć' | 'Ć' => folded.push('c'),
            'ñ' | 'Ñ' | 'ń' | 'ň' => folded.push('n'),
            'š' | 'Š' | 'ś' | 'Ś' | 'ş' | 'Ş' => folded.push('s'),
            'ž' | 'Ž' | 'ź' | 'ż' | 'Ż' => folded.push('z'),
            'ý' | 'ÿ' | 'Ý' => folded.push('y'),
            'ł' | 'Ł' => folded.push('l'),
            'ř' | 'Ř' => folded.push('r'),
            'ğ' | 'Ğ' => folded.push('g'),
            _ if sign.is_alphanumeric() => folded.extend(sign.to_lowercase()),
            _ if folded.ends_with(' ') || folded.is_empty() => {}
            _ => folded.push(' '),
        }
    }
    if folded.ends_with(' ') {
        folded.pop();
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        let names = [a, b].map(|text| StreetName::of(text).expect("a name"));
        names[0] == names[1]
    }

    macro_rules! alike {
        ($($case:ident: $a:expr, $b:expr;)*) => { $(#[test] fn $case() { assert!(same($a, $b), "{:?} {:?}", StreetName::of($a), StreetName::of($b)); })* };
    }

    alike! {
        str_with_point: "Bahnhofstr.", "Bahnhofstraße";
        strasse_with_ss: "Bahnhofstrasse", "Bahnhofstraße";
        strasse_with_sz: "BAHNHOFSTRASZE", "Bahnhofstr";
        separate_strasse: "Stoppenberger Str.", "Stoppenberger Straße";
        case: "BAHNHOFSTRAẞE", "bahnhofstraße";
        umlauts_in_two_letters: "Muehlenstrasse", "Mühlenstraße";
        umlauts_decomposed: "Mu\u{308}hlenstr.", "Mühlenstr.";
        hyphens: "Karl-Marx-Str", "Karl Marx Straße";
        no_hyphens: "KarlMarxStr.", "Karl-Marx-Straße";
        spaces: "  Am   Hang ", "Am Hang";
        place: "Rüdesheimer Pl.", "Rüdesheimer Platz";
        place_joined: "Saarpl.", "Saarplatz";
        doctor: "Dr.-Külz-Str.", "Doktor-Külz-Straße";
        saint: "St. Annenstr.", "Sankt-Annen-Straße";
        large: "Gr. Bruchstr.", "Große Bruchstraße";
        large_joined: "GroßeBruchstraße", "Gr. Bruchstr.";
        saint_joined: "SanktAnnenStraße", "St.-Annen-Str.";
        large_inflected: "Gr. Sand", "Großer Sand";
        an_der: "A. d. Fliehburg", "An der Fliehburg";
        von: "Carl-v.-Ossietzky-Str.", "Carl-von-Ossietzky-Straße";
        accents: "Rue-de-l'Église", "rue de leglise";
        date_in_name: "Str. des 17. Juni", "Straße des 17. Juni";
    }

    #[test]
    fn other_streets_stay_other() {
        for (a, b) in [
            ("Nordstr.", "Nordring"),
            ("I. Schnieringstr.", "II. Schnieringstr."),
            ("Bergstr.", "Burgstr."),
            ("Saarplatz", "Saarstr."),
        ] {
            assert!(!same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn what_is_no_name() {
        for text in ["", " ", "### Straßenname unbekannt", "unbekannt", "o.f.W.", "n/a", "-", "ohne festen Wohnsitz", "k. A."] {
            assert_eq!(StreetName::of(text), None, "{text}");
        }
    }
}
