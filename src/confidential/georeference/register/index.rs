//! A register in memory: names of streets, and for each the houses in order of their numbers.
//!
//! A *stretch* is what a register says of one street in one town and postcode. Stretches are in order of town and name, so that all of a street lie together;
//! the houses of a stretch are in order of number and suffix. Positions are whole millimetres of EPSG:3035, rounded down:
//! edges of cells lie on whole metres, so a house stays in its cell.

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::confidential::georeference::address::{StreetName, Suffix, similarity};

/// Texts one after the other, each different, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Texts {
    pub(super) text: String,
    pub(super) ends: Vec<u32>,
}

impl Texts {
    /// The different ones of some texts, in order.
    pub(super) fn of(mut texts: Vec<&str>) -> Self {
        texts.sort_unstable();
        texts.dedup();
        let mut all = Self::default();
        for text in texts {
            all.text.push_str(text);
            all.ends.push(u32::try_from(all.text.len()).expect("names of a register are far less than 4 GiB"));
        }
        all
    }

    pub(super) fn get(&self, at: u32) -> &str {
        let start = if at == 0 { 0 } else { self.ends[at as usize - 1] };
        &self.text[start as usize..self.ends[at as usize] as usize]
    }

    pub(super) fn len(&self) -> u32 {
        self.ends.len() as u32
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|at| self.get(at))
    }

    pub(super) fn find(&self, wanted: &str) -> Option<u32> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = (low + high) / 2;
            match self.get(middle).cmp(wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }
}

/// A street in one town and postcode. Fields but the last are positions of texts; text 0 is empty where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stretch {
    /// The town's key, or its name where the register has no keys.
    pub(super) town: u32,
    /// The street's name in normal form.
    pub(super) name: u32,
    pub(super) postcode: u32,
    /// The town's or postal place's name in normal form.
    pub(super) place: u32,
    /// The street's key in normal form.
    pub(super) key: u32,
    /// The street's name as it is written.
    pub(super) written: u32,
    /// Where its houses begin.
    pub(super) first: u32,
}

impl Stretch {
    pub(super) const WORDS: usize = 7;

    pub(super) fn to_words(self) -> [u32; Self::WORDS] {
        [self.town, self.name, self.postcode, self.place, self.key, self.written, self.first]
    }

    pub(super) fn of_words([town, name, postcode, place, key, written, first]: [u32; Self::WORDS]) -> Self {
        Self { town, name, postcode, place, key, written, first }
    }
}

/// What is kept in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tables {
    pub(super) towns: Texts,
    pub(super) names: Texts,
    pub(super) postcodes: Texts,
    pub(super) places: Texts,
    pub(super) keys: Texts,
    pub(super) written: Texts,
    /// In order, with one behind the last whose `first` is the number of houses.
    pub(super) stretches: Vec<Stretch>,
    pub(super) numbers: Vec<u32>,
    pub(super) suffixes: Vec<u32>,
    /// What eastings and northings are counted from, millimetres of EPSG:3035.
    pub(super) origin_mm: [i64; 2],
    pub(super) eastings_mm: Vec<u32>,
    pub(super) northings_mm: Vec<u32>,
    /// Rows of the register without number or position.
    pub(super) unusable: u64,
}

/// A register that addresses are looked up in.
#[derive(Debug)]
pub(in crate::confidential::georeference) struct Index {
    pub(super) tables: Tables,
    by_town_and_name: FxHashMap<(u32, u32), Range<u32>>,
    /// Stretches in order of postcode and name.
    of_postcodes: Vec<u32>,
    by_postcode_and_name: FxHashMap<(u32, u32), Range<u32>>,
    by_name: FxHashMap<String, u32>,
    by_key: FxHashMap<u32, Vec<u32>>,
    towns_of_places: FxHashMap<u32, Vec<u32>>,
    /// The different names of each town's streets.
    of_towns: Marks,
    /// The same of each postcode's.
    in_postcodes: Marks,
}

/// What is seen of a name before its letters are compared.
#[derive(Clone, Copy, Debug)]
pub(in crate::confidential::georeference) struct NameMark {
    /// The name.
    pub(in crate::confidential::georeference) name: u32,
    /// Its letters ([`similarity::letters`]).
    pub(in crate::confidential::georeference) letters: u64,
    /// Its length in bytes.
    pub(in crate::confidential::georeference) length: u32,
}

/// Names by town or postcode, side by side and by length for a quick search.
#[derive(Debug, Default)]
struct Marks {
    marks: Vec<NameMark>,
    ranges: FxHashMap<u32, Range<u32>>,
}

impl Marks {
    /// From towns or postcodes with names, in order.
    fn of(pairs: impl Iterator<Item = (u32, u32)>, names: &Texts) -> Self {
        let mut all = Self::default();
        let mut last = None;
        for (of, name) in pairs {
            if last.replace((of, name)) == Some((of, name)) {
                continue;
            }
            let (text, at) = (names.get(name), all.marks.len() as u32);
            all.marks.push(NameMark { name, letters: similarity::letters(text), length: text.len() as u32 });
            all.ranges.entry(of).or_insert(at..at).end = at + 1;
        }
        for range in all.ranges.values() {
            all.marks[range.start as usize..range.end as usize].sort_unstable_by_key(|mark| (mark.length, mark.name));
        }
        all
    }

    fn get(&self, of: u32) -> &[NameMark] {
        self.ranges.get(&of).map_or(&[], |range| &self.marks[range.start as usize..range.end as usize])
    }
}

/// One stretch of an [`Index`], by position.
pub(in crate::confidential::georeference) type StretchId = u32;

impl Index {
    /// Makes what lookups need beside the tables: about 100 ns a stretch.
    pub(super) fn of(tables: Tables) -> Self {
        let count = tables.stretches.len().saturating_sub(1) as u32;
        let stretch = |at: u32| &tables.stretches[at as usize];
        let mut by_town_and_name: FxHashMap<(u32, u32), Range<u32>> = FxHashMap::default();
        let mut by_key: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        let mut towns_of_places: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for at in 0..count {
            let s = stretch(at);
            by_town_and_name.entry((s.town, s.name)).or_insert(at..at).end = at + 1;
            if !tables.keys.get(s.key).is_empty() {
                by_key.entry(s.key).or_default().push(at);
            }
            let towns = towns_of_places.entry(s.place).or_default();
            if towns.last() != Some(&s.town) {
                towns.push(s.town);
            }
        }
        let mut of_postcodes: Vec<u32> = (0..count).collect();
        of_postcodes.sort_unstable_by_key(|&at| (stretch(at).postcode, stretch(at).name, at));
        let mut by_postcode_and_name: FxHashMap<(u32, u32), Range<u32>> = FxHashMap::default();
        for (place, &at) in of_postcodes.iter().enumerate() {
            let place = place as u32;
            by_postcode_and_name.entry((stretch(at).postcode, stretch(at).name)).or_insert(place..place).end = place + 1;
        }
        let by_name = tables.names.iter().enumerate().map(|(at, name)| (name.to_owned(), at as u32)).collect();
        let of_towns = Marks::of((0..count).map(|at| (stretch(at).town, stretch(at).name)), &tables.names);
        let in_postcodes = Marks::of(of_postcodes.iter().map(|&at| (stretch(at).postcode, stretch(at).name)), &tables.names);
        Self {
            by_town_and_name,
            of_postcodes,
            by_postcode_and_name,
            by_name,
            by_key,
            towns_of_places,
            of_towns,
            in_postcodes,
            tables,
        }
    }

    /// How many houses there are.
    pub(in crate::confidential::georeference) fn houses(&self) -> usize {
        self.tables.numbers.len()
    }

    /// Rows of the register without number or position.
    pub(in crate::confidential::georeference) fn unusable(&self) -> u64 {
        self.tables.unusable
    }

    /// Whether the register tells towns apart.
    pub(in crate::confidential::georeference) fn has_towns(&self) -> bool {
        self.tables.towns.len() > 1 || self.tables.towns.iter().any(|town| !town.is_empty())
    }

    /// Whether all houses are of one town, or none is told.
    pub(in crate::confidential::georeference) fn one_town(&self) -> bool {
        self.tables.towns.len() <= 1
    }

    /// Whether the register has postcodes.
    pub(in crate::confidential::georeference) fn has_postcodes(&self) -> bool {
        self.tables.postcodes.iter().any(|postcode| !postcode.is_empty())
    }

    pub(in crate::confidential::georeference) fn town(&self, key: &str) -> Option<u32> {
        self.tables.towns.find(key).filter(|_| !key.is_empty())
    }

    /// Towns with a place of this name (in normal form).
    pub(in crate::confidential::georeference) fn towns_of_place(&self, place: &str) -> Option<(u32, &[u32])> {
        let place = self.tables.places.find(place).filter(|_| !place.is_empty())?;
        Some((place, self.towns_of_places.get(&place)?))
    }

    pub(in crate::confidential::georeference) fn postcode(&self, postcode: &str) -> Option<u32> {
        self.tables.postcodes.find(postcode).filter(|_| !postcode.is_empty())
    }

    pub(in crate::confidential::georeference) fn name(&self, name: &StreetName) -> Option<u32> {
        self.name_of(name.as_str())
    }

    /// A name that is in normal form.
    pub(in crate::confidential::georeference) fn name_of(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// A street's name in normal form.
    pub(in crate::confidential::georeference) fn name_text(&self, name: u32) -> &str {
        self.tables.names.get(name)
    }

    /// The street's name as the register writes it.
    pub(in crate::confidential::georeference) fn written(&self, at: StretchId) -> &str {
        self.tables.written.get(self.stretch(at).written)
    }

    pub(in crate::confidential::georeference) fn with_key(&self, key: &str) -> &[StretchId] {
        self.tables.keys.find(key).and_then(|key| self.by_key.get(&key)).map_or(&[], Vec::as_slice)
    }

    /// The stretches of a street in a town.
    pub(in crate::confidential::georeference) fn in_town(&self, town: u32, name: u32) -> Range<StretchId> {
        self.by_town_and_name.get(&(town, name)).cloned().unwrap_or_default()
    }

    /// The stretches of a street in a postcode.
    pub(in crate::confidential::georeference) fn in_postcode(&self, postcode: u32, name: u32) -> &[StretchId] {
        let range = self.by_postcode_and_name.get(&(postcode, name)).cloned().unwrap_or_default();
        &self.of_postcodes[range.start as usize..range.end as usize]
    }

    /// All names of streets in a town, each once, by length.
    pub(in crate::confidential::georeference) fn names_in_town(&self, town: u32) -> &[NameMark] {
        self.of_towns.get(town)
    }

    /// All names of streets in a postcode, each once, by length.
    pub(in crate::confidential::georeference) fn names_in_postcode(&self, postcode: u32) -> &[NameMark] {
        self.in_postcodes.get(postcode)
    }

    fn stretch(&self, at: StretchId) -> &Stretch {
        &self.tables.stretches[at as usize]
    }

    pub(in crate::confidential::georeference) fn town_of(&self, at: StretchId) -> u32 {
        self.stretch(at).town
    }

    pub(in crate::confidential::georeference) fn postcode_of(&self, at: StretchId) -> u32 {
        self.stretch(at).postcode
    }

    pub(in crate::confidential::georeference) fn place_of(&self, at: StretchId) -> u32 {
        self.stretch(at).place
    }

    /// The houses of a stretch.
    pub(in crate::confidential::georeference) fn houses_of(&self, at: StretchId) -> Range<usize> {
        self.stretch(at).first as usize..self.tables.stretches[at as usize + 1].first as usize
    }

    pub(in crate::confidential::georeference) fn number(&self, house: usize) -> u32 {
        self.tables.numbers[house]
    }

    pub(in crate::confidential::georeference) fn suffix(&self, house: usize) -> Suffix {
        Suffix::from_packed(self.tables.suffixes[house])
    }

    /// The first house of a stretch with this number or a higher one.
    pub(in crate::confidential::georeference) fn first_from(&self, at: StretchId, number: u32) -> usize {
        let houses = self.houses_of(at);
        houses.start + self.tables.numbers[houses].partition_point(|&n| n < number)
    }

    /// Easting and northing in EPSG:3035, metres: whole millimetres, rounded down.
    pub(in crate::confidential::georeference) fn position_3035_m(&self, house: usize) -> [f64; 2] {
        let mm = [self.tables.eastings_mm[house], self.tables.northings_mm[house]];
        [0, 1].map(|axis| (self.tables.origin_mm[axis] + i64::from(mm[axis])) as f64 / 1000.0)
    }
}
