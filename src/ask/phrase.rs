//! Questions in words, German or English, to queries: "Wo wohnen Frauen ab 65?" is `alter=65 bis unter 80,80 und mehr & geschlecht=w`.
//!
//! No grammar and no model: names of categories, levels and areas come from the bundle, a short list of everyday words is built in, ages are
//! read as numbers. Each part tells how it was read; what does not fit the published categories exactly is taken to the next wider ones, and said.

use crate::ask::AskError;
use crate::ask::band::{Band, NO_END};
use crate::ask::query::{Chip, LONGEST, Query, Reading, bands, label};
use crate::ask::stock::Stock;

/// What an everyday word means, before looking at the bundle.
#[derive(Clone, Copy)]
enum Meaning {
    /// An age from the first to below the second number.
    Ages(u32, u32),
    /// A category whose name, folded, is or begins like one of these.
    Category(&'static [&'static str]),
    /// All categories of the dimension but these.
    AllBut(&'static [&'static str]),
    /// Both.
    AgesAnd(u32, u32, &'static [&'static str]),
}

use Meaning::{Ages, AgesAnd, AllBut, Category};

const FEMALE: &[&str] = &["w", "f", "weiblich", "female", "frau", "women"];
const MALE: &[&str] = &["m", "maennlich", "male", "mann", "men"];
const GERMAN: &[&str] = &["deutsch", "german"];
const JOBSEEKER: &[&str] = &["sgb ii", "sgb 2", "sgb2", "buergergeld", "grundsicherung fuer arbeitsuchende", "alg ii"];
const SINGLE_PARENT: &[&str] = &["alleinerziehend", "single parent", "lone parent"];

/// Everyday words, folded and without endings (see [`stem`]).
const WORDS: &[(&str, Meaning)] = &[
    ("kind", Ages(0, 18)),
    ("minderjaehrig", Ages(0, 18)),
    ("child", Ages(0, 18)),
    ("childr", Ages(0, 18)),
    ("kleinkind", Ages(0, 3)),
    ("baby", Ages(0, 3)),
    ("toddler", Ages(0, 3)),
    ("krippenkind", Ages(0, 3)),
    ("kindergartenkind", Ages(3, 6)),
    ("vorschulkind", Ages(0, 6)),
    ("schulkind", Ages(6, 18)),
    ("jugendlich", Ages(12, 18)),
    ("teenag", Ages(12, 18)),
    ("erwachsen", Ages(18, NO_END)),
    ("adult", Ages(18, NO_END)),
    ("senior", Ages(65, NO_END)),
    ("seniorinn", Ages(65, NO_END)),
    ("rentn", Ages(65, NO_END)),
    ("rentnerinn", Ages(65, NO_END)),
    ("pensioner", Ages(65, NO_END)),
    ("elderly", Ages(65, NO_END)),
    ("aelter", Ages(65, NO_END)),
    ("hochbetagt", Ages(80, NO_END)),
    ("frau", Category(FEMALE)),
    ("weiblich", Category(FEMALE)),
    ("women", Category(FEMALE)),
    ("woman", Category(FEMALE)),
    ("female", Category(FEMALE)),
    ("maedch", AgesAnd(0, 18, FEMALE)),
    ("girl", AgesAnd(0, 18, FEMALE)),
    ("mann", Category(MALE)),
    ("maenn", Category(MALE)),
    ("maennlich", Category(MALE)),
    ("men", Category(MALE)),
    ("man", Category(MALE)),
    ("male", Category(MALE)),
    ("jung", AgesAnd(0, 18, MALE)),
    ("boy", AgesAnd(0, 18, MALE)),
    ("deutsch", Category(GERMAN)),
    ("german", Category(GERMAN)),
    ("auslaend", AllBut(GERMAN)),
    ("auslaenderinn", AllBut(GERMAN)),
    ("foreign", AllBut(GERMAN)),
    ("buergergeld", Category(JOBSEEKER)),
    ("hartz", Category(JOBSEEKER)),
    ("benefit", Category(JOBSEEKER)),
    ("welfare", Category(JOBSEEKER)),
    ("alleinerziehend", Category(SINGLE_PARENT)),
    ("gefluechtet", Category(&["asylblg"])),
    ("asylbewerb", Category(&["asylblg"])),
    ("refuge", Category(&["asylblg"])),
];

/// Words of two parts.
const PAIRS: &[(&str, &str, Meaning)] = &[
    ("sgb", "ii", Category(JOBSEEKER)),
    ("sgb", "2", Category(JOBSEEKER)),
    ("hartz", "iv", Category(JOBSEEKER)),
    ("hartz", "4", Category(JOBSEEKER)),
    ("single", "parent", Category(SINGLE_PARENT)),
    ("lone", "parent", Category(SINGLE_PARENT)),
];

/// Words that say nothing a query could hold, folded.
const SILENT: &str = " wo wohnen wohnt leben lebt gibt es wie viele wieviele viel sind ist der die das den dem des ein eine einer einem einen mit von in im aus zu \
    und oder auf fuer bei nach je pro am meisten meiste besonders hoch hohe hoher niedrig anteil anteile menschen mensch leute personen person \
    einwohner einwohnerinnen bevoelkerung alle insgesamt zahl anzahl haben hat bekommen beziehen erhalten bezieher empfaenger jahre jahren jahr \
    alt alte alter zeige zeig karte mir bitte welche welchen welcher orte orten ort hier dort leistungen unserem unser kreis where do does live \
    lives living how many much are is there the a an of with and or in on for per by most share high low people persons person residents \
    inhabitants population number total all receiving receive receives on get getting years year old age aged show map me please which what \
    places place who have has to from between than zwischen als sowie auch beim vom zum zur ";

/// How words begin, folded, that ask for another unit than the records that are counted.
const OTHER_UNITS: &[&str] = &["famili", "family", "haushalt", "household", "bedarfsgemeinschaft"];

/// Reads a question. A written query is read as one.
///
/// # Errors
/// If nothing in it is known, or it is too long.
pub fn read(stock: &Stock, text: &str) -> Result<Reading, AskError> {
    if text.chars().count() > LONGEST {
        return Err(AskError::TooLong);
    }
    if text.contains('=') || text.trim().is_empty() || text.trim() == "*" {
        let query = Query::parse(stock, text)?;
        let chips = query.chips(stock);
        return Ok(Reading { query, chips, ..Reading::default() });
    }
    let words: Vec<(&str, String)> = split(text).map(|word| (word, fold(word))).collect();
    let mut reader = Reader { stock, words, reading: Reading::default() };
    let mut at = 0;
    let mut silent = 0;
    while at < reader.words.len() {
        let length = reader.step(at);
        if length == 0 {
            let (word, folded) = &reader.words[at];
            let number = folded.chars().all(|c| c.is_ascii_digit());
            if OTHER_UNITS.iter().any(|unit| folded.starts_with(unit)) {
                reader.reading.other_units.push((*word).to_owned());
            } else if SILENT.contains(&format!(" {folded} ")) || (folded.chars().count() < 3 && !number) {
                silent += 1;
            } else {
                reader.reading.unread.push((*word).to_owned());
            }
        }
        at += length.max(1);
    }
    let reading = reader.reading;
    let everybody = reading.unread.is_empty() && silent > 0;
    if reading.chips.is_empty() && reading.level.is_none() && !everybody {
        return Err(AskError::Nothing);
    }
    Ok(reading)
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '+').filter(|word| !word.is_empty())
}

/// Lower case, umlauts in two letters.
fn fold(text: &str) -> String {
    let mut folded = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'ä' => folded.push_str("ae"),
            'ö' => folded.push_str("oe"),
            'ü' => folded.push_str("ue"),
            'ß' => folded.push_str("ss"),
            c => folded.push(c),
        }
    }
    folded
}

/// Without the endings of cases and plurals.
fn stem(folded: &str) -> &str {
    for end in ["ern", "en", "er", "es", "em", "e", "n", "s"] {
        if let Some(stem) = folded.strip_suffix(end).filter(|stem| stem.len() >= 4) {
            return stem;
        }
    }
    folded
}

/// `12`, `zwölf`, `twelve`.
fn number(folded: &str) -> Option<u32> {
    const GERMAN: [&str; 19] = [
        "null",
        "ein",
        "zwei",
        "drei",
        "vier",
        "fuenf",
        "sechs",
        "sieben",
        "acht",
        "neun",
        "zehn",
        "elf",
        "zwoelf",
        "dreizehn",
        "vierzehn",
        "fuenfzehn",
        "sechzehn",
        "siebzehn",
        "achtzehn",
    ];
    const ENGLISH: [&str; 19] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
    ];
    let spelled = |names: &[&str]| names.iter().position(|name| *name == folded).and_then(|at| u32::try_from(at).ok());
    folded.parse().ok().filter(|&n: &u32| n < 130).or_else(|| spelled(&GERMAN)).or_else(|| spelled(&ENGLISH))
}

struct Reader<'r> {
    stock: &'r Stock,
    /// As written, and folded.
    words: Vec<(&'r str, String)>,
    reading: Reading,
}

impl Reader<'_> {
    fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |w| w.1.as_str())
    }

    /// Reads what begins at a word; gives how many words that was.
    fn step(&mut self, at: usize) -> usize {
        if let Some((length, band)) = self.ages(at) {
            self.take_ages(at, length, band);
            return length;
        }
        if let Some(length) = self.category_named(at) {
            return length;
        }
        if let Some(length) = self.area_named(at) {
            return length;
        }
        if let Some(length) = self.level_named(at) {
            return length;
        }
        let (first, second) = (stem(self.word(at)).to_owned(), stem(self.word(at + 1)).to_owned());
        if let Some(pair) = PAIRS.iter().find(|p| p.0 == first && p.1 == second) {
            return if self.take(at, 2, pair.2) { 2 } else { 0 };
        }
        match WORDS.iter().find(|w| w.0 == first || w.0 == self.word(at)) {
            Some(word) => usize::from(self.take(at, 1, word.1)),
            None => 0,
        }
    }

    /// `unter drei`, `ab 65`, `von 18 bis 24`, `3-6`, `80+`.
    fn ages(&self, at: usize) -> Option<(usize, Band)> {
        let n = |offset: usize| number(self.word(at + offset));
        let band = |from: u32, to: u32| (from < to).then_some(Band { from, to });
        match self.word(at) {
            "unter" | "under" | "below" | "bis" => Some((2, band(0, n(1)?)?)),
            "juenger" | "younger" if matches!(self.word(at + 1), "als" | "than") => Some((3, band(0, n(2)?)?)),
            "ab" | "from" if !matches!(self.word(at + 2), "bis" | "to") => Some((2, band(n(1)?, NO_END)?)),
            "ueber" | "over" | "above" => Some((2, band(n(1)?, NO_END)?)),
            "aelter" | "older" if matches!(self.word(at + 1), "als" | "than") => Some((3, band(n(2)?, NO_END)?)),
            "von" | "zwischen" | "between" | "from" | "ab" if matches!(self.word(at + 2), "bis" | "und" | "to" | "and") => {
                match self.word(at + 3) {
                    "unter" | "under" => Some((5, band(n(1)?, n(4)?)?)),
                    _ => Some((4, band(n(1)?, n(3)? + 1)?)),
                }
            }
            word => {
                if let Some(from) = word.strip_suffix('+').and_then(number) {
                    return Some((1, band(from, NO_END)?));
                }
                let from = word.parse().ok().filter(|n: &u32| *n < 130)?;
                match (self.word(at + 1), self.word(at + 2)) {
                    ("bis" | "to", "unter" | "under") => Some((4, band(from, n(3)?)?)),
                    ("bis" | "to", _) => Some((3, band(from, n(2)? + 1)?)),
                    ("und", "mehr" | "aelter") | ("and", "more" | "over" | "older") => Some((3, band(from, NO_END)?)),
                    // The hyphen of `3-6` is no word.
                    _ => Some((2, band(from, number(self.word(at + 1))? + 1)?)),
                }
            }
        }
    }

    fn take_ages(&mut self, at: usize, length: usize, band: Band) -> bool {
        let banded = self
            .stock
            .dimensions
            .iter()
            .map(bands)
            .enumerate()
            .max_by_key(|(at, b)| (b.iter().flatten().count(), usize::MAX - at));
        let Some((dimension, bands)) = banded.filter(|(_, bands)| bands.iter().flatten().count() >= 2) else {
            self.reading.unread.push(self.said(at, length));
            return false;
        };
        // Words and numbers tell of one age: `Kinder unter sechs` is below six.
        match band.made_of(&bands) {
            Some(categories) => self.add(at, length, (dimension, categories)),
            None => {
                let near = band.touching(&bands);
                if near.is_empty() {
                    return false;
                }
                let query = Query { conditions: vec![(dimension, near.clone())], within: None };
                self.reading.unsure.push(query.written(self.stock));
                self.add(at, length, (dimension, near));
            }
        }
        true
    }

    fn said(&self, at: usize, length: usize) -> String {
        self.words[at..(at + length).min(self.words.len())].iter().map(|w| w.0).collect::<Vec<_>>().join(" ")
    }

    fn add(&mut self, at: usize, length: usize, (dimension, categories): (usize, Vec<usize>)) {
        let alone = Query { conditions: vec![(dimension, categories.clone())], within: None };
        let words = self.said(at, length);
        let chip =
            Chip { words, condition: alone.written(self.stock), label: label(&self.stock.dimensions[dimension], &categories) };
        self.reading.query.restrict(self.stock, dimension, categories);
        self.reading.chips.push(chip);
    }

    fn take(&mut self, at: usize, length: usize, meaning: Meaning) -> bool {
        match meaning {
            Ages(from, to) => self.take_ages(at, length, Band { from, to }),
            AgesAnd(from, to, names) => self.take(at, length, Category(names)) | self.take_ages(at, length, Band { from, to }),
            Category(names) => self.take_categories(at, length, (names, false)),
            AllBut(names) => self.take_categories(at, length, (names, true)),
        }
    }

    fn take_categories(&mut self, at: usize, length: usize, (names, all_but): (&[&str], bool)) -> bool {
        let named = |category: &String| {
            let folded = fold(category);
            names.iter().any(|name| folded == *name || (name.len() > 3 && folded.starts_with(name)))
        };
        let positions = |categories: &[String]| (0..categories.len()).filter(|&c| named(&categories[c])).collect::<Vec<_>>();
        let found = self.stock.dimensions.iter().enumerate().map(|(d, dimension)| (d, positions(&dimension.categories)));
        let mut found: Vec<(usize, Vec<usize>)> = found.filter(|(_, c)| !c.is_empty()).collect();
        if found.is_empty() {
            return false;
        }
        if all_but {
            for (dimension, categories) in &mut found {
                let all = 0..self.stock.dimensions[*dimension].categories.len();
                *categories = all.filter(|c| !categories.contains(c)).collect();
            }
        }
        self.add_first(at, length, found);
        true
    }

    /// Adds the first of several readings; the others may be meant.
    fn add_first(&mut self, at: usize, length: usize, found: Vec<(usize, Vec<usize>)>) {
        if found.len() > 1 {
            let written = found.iter().map(|f| Query { conditions: vec![f.clone()], within: None }.written(self.stock));
            self.reading.unsure.extend(written);
        }
        self.add(at, length, found.into_iter().next().expect("not empty"));
    }

    /// Names of categories as published, the longest first. One letter is no name in a sentence.
    fn category_named(&mut self, at: usize) -> Option<usize> {
        let mut found: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut longest = 0;
        for (d, dimension) in self.stock.dimensions.iter().enumerate() {
            let categories = dimension.categories.iter().enumerate().map(|(c, category)| (category, vec![c]));
            // The plan's own words come before published names of the same length.
            for (word, meant) in dimension.synonyms.iter().map(|(word, meant)| (word, meant.clone())).chain(categories) {
                let folded = fold(word);
                let name: Vec<&str> = split(&folded).collect();
                if folded.chars().count() < 2 || name.is_empty() || SILENT.contains(&format!(" {folded} ")) {
                    continue;
                }
                // `keine` is somebody's category, and everybody's word.
                if matches!(folded.as_str(), "keine" | "none" | "no" | "nein" | "ja" | "yes") {
                    continue;
                }
                let same = name.iter().enumerate().all(|(i, part)| {
                    let word = self.word(at + i);
                    !word.is_empty() && (word == *part || (part.len() >= 4 && stem(word) == stem(part)))
                });
                if !same || name.len() < longest {
                    continue;
                }
                if name.len() > longest {
                    (longest, found) = (name.len(), Vec::new());
                }
                if !found.contains(&(d, meant.clone())) {
                    found.push((d, meant));
                }
            }
        }
        if found.is_empty() {
            return None;
        }
        self.add_first(at, longest, found);
        Some(longest)
    }

    /// Names of areas, the longest first.
    fn area_named(&mut self, at: usize) -> Option<usize> {
        let mut best: Option<(usize, (String, String))> = None;
        for shelf in self.stock.shelves.iter().filter(|s| s.size.is_none()) {
            for place in 0..shelf.ids.len() {
                let folded = fold(shelf.label(place));
                let name: Vec<&str> = split(&folded).collect();
                let same =
                    !name.is_empty() && folded.len() >= 4 && name.iter().enumerate().all(|(i, part)| self.word(at + i) == *part);
                if same && best.as_ref().is_none_or(|(length, _)| name.len() > *length) {
                    best = Some((name.len(), (shelf.level.clone(), shelf.ids[place].clone())));
                }
            }
        }
        let (length, area) = best?;
        let label = self.said(at, length);
        self.reading.chips.push(Chip { words: label.clone(), condition: format!("in={}", area.1), label });
        self.reading.query.within = Some(area);
        Some(length)
    }

    /// `Gemeinde`, `Gemeinden`, `100m`, `Zellen`.
    fn level_named(&mut self, at: usize) -> Option<usize> {
        let word = self.word(at);
        let named = |level: &String| {
            let folded = fold(level);
            folded == word || (word.len() >= 5 && stem(&folded) == stem(word))
        };
        let (levels, last) = (self.stock.levels(), self.stock.dates.last().cloned().flatten());
        let cells = || levels.iter().find(|l| self.stock.shelf(l, last.as_deref()).is_some_and(|s| s.size.is_some()));
        let level = match word {
            "zelle" | "zellen" | "cell" | "cells" | "gitterzelle" | "gitterzellen" | "raster" | "grid" => cells(),
            "municipality" | "municipalities" => levels.iter().find(|l| l.starts_with("gemeinde")),
            _ => levels.iter().find(|l| named(l)),
        }?;
        self.reading.level = Some(level.clone());
        Some(1)
    }
}
