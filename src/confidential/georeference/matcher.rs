//! An address in, a place in the register out, with its grade; or the reason why there is none.
//!
//! Street key first, then the street's name among those of the same town (or postcode, where the town is not said): letter for letter, in
//! normal form, by similarity. A postcode that does not fit its town is passed over; a town never is.

use crate::confidential::account::Reason;
use crate::confidential::georeference::address::{HouseNumber, StreetName, Suffix, fold, line, similarity};
use crate::confidential::georeference::register::{Index, NameMark, StretchId};
use crate::confidential::grade::Grade;

/// What a record says of its address. No `Debug`: it would show it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Address<'t> {
    pub(super) street: &'t str,
    pub(super) number: &'t str,
    pub(super) suffix: &'t str,
    pub(super) postcode: &'t str,
    /// A municipality's key (AGS, ARS) or name.
    pub(super) municipality: &'t str,
    pub(super) street_key: &'t str,
}

/// Where an address lies.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Found {
    pub(super) grade: Grade,
    /// Easting and northing in EPSG:3035, metres; none for a town.
    pub(super) position_3035_m: Option<[f64; 2]>,
}

/// Neighbours further apart tell nothing of a number between them.
const NEIGHBOURS_M: f64 = 250.0;
/// A number this far beyond the last one of its side is still taken for a neighbour of it.
const BEYOND: u32 = 4;
/// Numbers between neighbours on one side at most.
const NEIGHBOURS_APART: u32 = 40;
/// The middle of a street that is longer is not taken for all of it.
const LONGEST_STREET_M: f64 = 2000.0;
/// The same address at places no further apart is one.
const ONE_PLACE_M: f64 = 50.0;

/// Where streets are sought.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Scope {
    within: Within,
    postcode: Option<u32>,
    place: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Within {
    Towns(Vec<u32>),
    Postcode(u32),
}

/// A street's field understood: which street, and which number.
struct Street<'t> {
    name: u32,
    number: Option<HouseNumber>,
    /// As it was written, without the number.
    written: &'t str,
}

/// A place among the houses of a street.
enum Place {
    House(usize),
    Between([f64; 2]),
    Ambiguous,
}

impl Index {
    /// Looks an address up. 0.3 to 2 µs; a street that is not in the register costs 10 µs in a city of 3000 streets.
    pub(super) fn find(&self, address: &Address<'_>) -> Result<Found, Reason> {
        let number = HouseNumber::parse(address.number, address.suffix);
        let scope = self.scope(address);
        // A key counts in its town only: not where the record names a town that the register does not know.
        if scope != Err(Reason::PlaceUnknown)
            && let Some(found) = self.by_key(address, scope.as_ref().ok(), number)
        {
            return Ok(found);
        }
        let field = line::without_additions(address.street);
        let Some(_) = StreetName::of(field) else { return Err(Reason::AddressMissing) };
        let scope = scope?;
        if let Some(street) = self.known(field, number, &scope) {
            let stretches = self.stretches_of(street.name, &scope);
            let exact = |at: StretchId| if self.written(at) == street.written { Grade::Exact } else { Grade::Normalised };
            return match street.number {
                Some(number) => self.at_number(&stretches, &scope, number, exact),
                None => self.without_number(&stretches, &scope, exact),
            };
        }
        self.similar(field, number, &scope)
    }

    /// By street key, within the town if one is said; none if the key does not lead to exactly one street.
    fn by_key(&self, address: &Address<'_>, scope: Option<&Scope>, number: Option<HouseNumber>) -> Option<Found> {
        if address.street_key.is_empty() {
            return None;
        }
        let (town, key) = street_key(address.street_key);
        let inside = |at: &StretchId| match scope.map(|scope| &scope.within) {
            Some(Within::Towns(towns)) => towns.contains(&self.town_of(*at)),
            Some(Within::Postcode(postcode)) => self.postcode_of(*at) == *postcode,
            None => true,
        };
        let in_town = |at: &StretchId| town.is_none_or(|town| !self.has_towns() || self.town(town) == Some(self.town_of(*at)));
        let stretches: Vec<StretchId> = self.with_key(&key).iter().copied().filter(|at| inside(at) && in_town(at)).collect();
        let town = self.town_of(*stretches.first()?);
        if stretches.iter().any(|&at| self.town_of(at) != town) {
            return None;
        }
        let scope = scope.cloned().unwrap_or(Scope { within: Within::Towns(vec![town]), postcode: None, place: None });
        let number = number.or_else(|| line::splits(address.street).next().and_then(|(_, n)| HouseNumber::parse(n, "")));
        match number {
            Some(number) => self.at_number(&stretches, &scope, number, |_| Grade::Exact).ok(),
            None => self.without_number(&stretches, &scope, |_| Grade::Exact).ok(),
        }
    }

    fn scope(&self, address: &Address<'_>) -> Result<Scope, Reason> {
        let postcode = (!address.postcode.is_empty() && self.has_postcodes()).then(|| self.postcode(&postcode(address.postcode)));
        let told = postcode.flatten();
        let all = || Scope { within: Within::Towns(vec![0]), postcode: told, place: None };
        if !address.municipality.is_empty() && self.has_towns() {
            let key = municipality_key(address.municipality);
            if let Some(town) = key.as_deref().and_then(|key| self.town(key)) {
                return Ok(Scope { within: Within::Towns(vec![town]), postcode: told, place: None });
            }
            if key.is_none() {
                let name = place_name(address.municipality);
                if let Some(town) = self.town(&name) {
                    return Ok(Scope { within: Within::Towns(vec![town]), postcode: told, place: None });
                }
                if let Some((place, towns)) = self.towns_of_place(&name) {
                    return Ok(Scope { within: Within::Towns(towns.to_vec()), postcode: told, place: Some(place) });
                }
            }
            // A part of a town, say, that the register does not name; the postcode tells where it is.
            return match told {
                Some(postcode) if key.is_none() => Ok(Scope { within: Within::Postcode(postcode), postcode: None, place: None }),
                _ => Err(Reason::PlaceUnknown),
            };
        }
        match (told, postcode) {
            _ if self.one_town() => Ok(all()),
            (Some(postcode), _) => Ok(Scope { within: Within::Postcode(postcode), postcode: None, place: None }),
            (None, Some(None)) => Err(Reason::PlaceUnknown),
            _ => Err(Reason::PlaceMissing),
        }
    }

    fn stretches_of(&self, name: u32, scope: &Scope) -> Vec<StretchId> {
        match &scope.within {
            Within::Towns(towns) => towns.iter().flat_map(|&town| self.in_town(town, name)).collect(),
            Within::Postcode(postcode) => self.in_postcode(*postcode, name).to_vec(),
        }
    }

    fn exists(&self, name: u32, scope: &Scope) -> bool {
        match &scope.within {
            Within::Towns(towns) => towns.iter().any(|&town| !self.in_town(town, name).is_empty()),
            Within::Postcode(postcode) => !self.in_postcode(*postcode, name).is_empty(),
        }
    }

    /// The street whose normal form the field has: the whole field, or what stands before a number.
    fn known<'t>(&self, field: &'t str, number: Option<HouseNumber>, scope: &Scope) -> Option<Street<'t>> {
        let known = |text: &str| StreetName::of(text).and_then(|name| self.name(&name)).filter(|&name| self.exists(name, scope));
        if let Some(name) = known(field) {
            return Some(Street { name, number, written: field });
        }
        line::splits(field).find_map(|(street, glued)| {
            let number = number.or_else(|| HouseNumber::parse(glued, ""));
            Some(Street { name: known(street)?, number, written: street })
        })
    }

    /// A street with this number whose name is near, nearer than any other that comes into question.
    fn similar(&self, field: &str, number: Option<HouseNumber>, scope: &Scope) -> Result<Found, Reason> {
        let (text, number) = match (number, line::splits(field).next()) {
            (Some(number), None) => (field, Some(number)),
            (Some(number), Some((street, _))) => (street, Some(number)),
            (None, Some((street, glued))) => (street, HouseNumber::parse(glued, "")),
            (None, None) => (field, None),
        };
        let (Some(name), Some(number)) = (StreetName::of(text), number) else { return Err(Reason::StreetUnknown) };
        let name = name.as_str();
        let most = similarity::bearable(name);
        if most == 0 {
            return Err(Reason::StreetUnknown);
        }
        let letters = similarity::letters(name);
        // Each letter mistyped changes at most two bits and the length by one.
        let edits = most / similarity::LETTER;
        let near = |mark: &&NameMark| (mark.letters ^ letters).count_ones() <= 2 * edits;
        let cost = |mark: &NameMark| Some((similarity::cost(name, self.name_text(mark.name), most)?, mark.name));
        let marks: Vec<&[NameMark]> = match &scope.within {
            Within::Towns(towns) => towns.iter().map(|&town| self.names_in_town(town)).collect(),
            Within::Postcode(postcode) => vec![self.names_in_postcode(*postcode)],
        };
        let mut rivals: Vec<(u32, u32)> =
            marks.into_iter().flat_map(|marks| as_long(marks, name.len() as u32, edits)).filter(near).filter_map(cost).collect();
        let other_kinds = similarity::of_other_kinds(name).filter(|_| most >= similarity::KIND);
        let other_kinds = other_kinds.filter_map(|other| self.name_of(&other)).filter(|&other| self.exists(other, scope));
        rivals.extend(other_kinds.map(|other| (similarity::KIND, other)));
        rivals.sort_unstable();
        rivals.dedup_by_key(|(_, other)| *other);
        let Some(&(least, _)) = rivals.first() else { return Err(Reason::StreetUnknown) };
        // One as near that lacks the number is no rival; one that is a letter further and has it is.
        let house = |other: u32| self.house(&self.stretches_of(other, scope), scope, number);
        let mut found = None;
        for &(cost, other) in &rivals {
            if cost > least + 1 {
                break;
            }
            match house(other) {
                Some(Place::House(house)) if found.is_none() && cost == least => found = Some(house),
                None => {}
                Some(_) => return Err(Reason::AddressAmbiguous),
            }
        }
        match found {
            Some(house) => Ok(Found { grade: Grade::Similar, position_3035_m: Some(self.position_3035_m(house)) }),
            None => Err(Reason::StreetUnknown),
        }
    }

    /// Stretches of the postcode and place that the record names before the others of the street.
    fn preferred(&self, stretches: &[StretchId], scope: &Scope) -> Vec<Vec<StretchId>> {
        if scope.postcode.is_none() && scope.place.is_none() || stretches.len() < 2 {
            return vec![stretches.to_vec()];
        }
        let postcode = |at: &StretchId| scope.postcode.is_none_or(|postcode| self.postcode_of(*at) == postcode);
        let place = |at: &StretchId| scope.place.is_none_or(|place| self.place_of(*at) == place);
        let both = |at: &StretchId| postcode(at) && place(at);
        let some = |wanted: &dyn Fn(&StretchId) -> bool| stretches.iter().copied().filter(|at| wanted(at)).collect::<Vec<_>>();
        let mut steps = vec![some(&both), some(&postcode), some(&place), stretches.to_vec()];
        steps.retain(|step| !step.is_empty());
        steps.dedup();
        steps
    }

    /// The house with this number, letter for letter or with a range that it lies in.
    fn house(&self, stretches: &[StretchId], scope: &Scope, number: HouseNumber) -> Option<Place> {
        self.preferred(stretches, scope).iter().find_map(|stretches| {
            self.one(stretches, |at| self.with_number(at, number.number, number.suffix))
                .or_else(|| self.of_range(stretches, number))
        })
    }

    /// The one house that the stretches have; ambiguous where there are several apart.
    fn one(&self, stretches: &[StretchId], house: impl Fn(StretchId) -> Option<usize>) -> Option<Place> {
        let mut houses = stretches.iter().filter_map(|&at| house(at));
        let first = houses.next()?;
        let apart = |other: usize| distance_m(self.position_3035_m(first), self.position_3035_m(other)) > ONE_PLACE_M;
        Some(if houses.any(apart) { Place::Ambiguous } else { Place::House(first) })
    }

    fn with_number(&self, at: StretchId, number: u32, suffix: Suffix) -> Option<usize> {
        let end = self.houses_of(at).end;
        let mut houses = (self.first_from(at, number)..end).take_while(|&house| self.number(house) == number);
        houses.find(|&house| self.suffix(house) == suffix)
    }

    /// `12-14` where the register has 12 or 14, and 12 or 14 where it has `12-14`.
    fn of_range(&self, stretches: &[StretchId], number: HouseNumber) -> Option<Place> {
        if let Some(end) = number.range_end() {
            let ends = [number.number, end];
            return ends.iter().find_map(|&n| self.one(stretches, |at| self.with_number(at, n, Suffix::NONE)));
        }
        if number.suffix != Suffix::NONE {
            return None;
        }
        let n = number.number;
        self.one(stretches, |at| {
            let from = self.first_from(at, n.saturating_sub(NEIGHBOURS_APART));
            (from..self.first_from(at, n + 1)).find(|&house| {
                let begin = self.number(house);
                self.suffix(house).range_end().is_some_and(|end| end >= n && begin % 2 == n % 2)
            })
        })
    }

    fn at_number(
        &self,
        stretches: &[StretchId],
        scope: &Scope,
        number: HouseNumber,
        grade: impl Fn(StretchId) -> Grade,
    ) -> Result<Found, Reason> {
        match self.house(stretches, scope, number) {
            Some(Place::House(house)) => {
                let literal = self.number(house) == number.number && self.suffix(house) == number.suffix;
                let at = stretches.iter().copied().find(|&at| self.houses_of(at).contains(&house));
                let grade = at.filter(|_| literal).map_or(Grade::Normalised, grade);
                return Ok(Found { grade, position_3035_m: Some(self.position_3035_m(house)) });
            }
            Some(Place::Ambiguous) => return Err(Reason::AddressAmbiguous),
            Some(Place::Between(_)) | None => {}
        }
        for stretches in self.preferred(stretches, scope) {
            let place = self.of_same_number(&stretches, number.number).or_else(|| self.between(&stretches, number.number));
            let position = match place {
                Some(Place::House(house)) => self.position_3035_m(house),
                Some(Place::Between(position)) => position,
                Some(Place::Ambiguous) => return Err(Reason::AddressAmbiguous),
                None => continue,
            };
            return Ok(Found { grade: Grade::NeighbourNumber, position_3035_m: Some(position) });
        }
        self.middle(stretches, scope)
    }

    /// A house with this number and another suffix: without one if there is such, else the first.
    fn of_same_number(&self, stretches: &[StretchId], number: u32) -> Option<Place> {
        self.one(stretches, |at| {
            Some(self.first_from(at, number)).filter(|&h| self.houses_of(at).contains(&h) && self.number(h) == number)
        })
    }

    /// Between the next lower and the next higher number of the same side, in proportion to the numbers.
    fn between(&self, stretches: &[StretchId], number: u32) -> Option<Place> {
        if number == 0 {
            return None;
        }
        let same_side = |house: &usize| self.number(*house) % 2 == number % 2 && self.number(*house) > 0;
        let below = |at: StretchId| (self.houses_of(at).start..self.first_from(at, number)).rev().find(same_side);
        let above = |at: StretchId| (self.first_from(at, number)..self.houses_of(at).end).find(same_side);
        let below = stretches.iter().filter_map(|&at| below(at)).max_by_key(|&house| self.number(house));
        let above = stretches.iter().filter_map(|&at| above(at)).min_by_key(|&house| self.number(house));
        match (below, above) {
            (Some(below), Some(above)) => {
                let ([from, to], [low, high]) =
                    ([below, above].map(|h| self.position_3035_m(h)), [below, above].map(|h| self.number(h)));
                if distance_m(from, to) > NEIGHBOURS_M || high - low > NEIGHBOURS_APART {
                    return None;
                }
                let share = f64::from(number - low) / f64::from(high - low);
                // Whole millimetres, as the register's own positions.
                Some(Place::Between(
                    [0, 1].map(|axis| ((from[axis] + (to[axis] - from[axis]) * share) * 1000.0).floor() / 1000.0),
                ))
            }
            (Some(house), None) | (None, Some(house)) => {
                (self.number(house).abs_diff(number) <= BEYOND).then_some(Place::House(house))
            }
            (None, None) => None,
        }
    }

    /// A house with a name instead of a number, or else the street.
    fn without_number(
        &self,
        stretches: &[StretchId],
        scope: &Scope,
        grade: impl Fn(StretchId) -> Grade,
    ) -> Result<Found, Reason> {
        let named = HouseNumber { number: 0, suffix: Suffix::NONE };
        // Where a street has numbers, what has none is the street itself.
        let numbered = stretches.iter().any(|&at| self.houses_of(at).any(|house| self.number(house) > 0));
        match self.house(stretches, scope, named).filter(|_| !numbered) {
            Some(Place::House(house)) => {
                let at = stretches.iter().copied().find(|&at| self.houses_of(at).contains(&house));
                Ok(Found { grade: at.map_or(Grade::Normalised, grade), position_3035_m: Some(self.position_3035_m(house)) })
            }
            _ => self.middle(stretches, scope),
        }
    }

    /// The house in the middle of the street, by number; only the town where the street is long or there are several of that name.
    fn middle(&self, stretches: &[StretchId], scope: &Scope) -> Result<Found, Reason> {
        let stretches = self.preferred(stretches, scope).swap_remove(0);
        let mut houses: Vec<usize> = stretches.iter().flat_map(|&at| self.houses_of(at)).collect();
        if houses.iter().any(|&house| self.number(house) > 0) {
            houses.retain(|&house| self.number(house) > 0);
        }
        houses.sort_unstable_by_key(|&house| (self.number(house), self.suffix(house), house));
        let Some(&middle) = houses.get(houses.len() / 2) else { return Err(Reason::StreetUnknown) };
        let positions = houses.iter().map(|&house| self.position_3035_m(house));
        let extent = positions
            .fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |[w, s, e, n], [x, y]| [w.min(x), s.min(y), e.max(x), n.max(y)]);
        let long = distance_m([extent[0], extent[1]], [extent[2], extent[3]]) > LONGEST_STREET_M;
        Ok(match long {
            true => Found { grade: Grade::Area, position_3035_m: None },
            false => Found { grade: Grade::Street, position_3035_m: Some(self.position_3035_m(middle)) },
        })
    }
}

/// Names whose length is this one, give or take so many letters.
fn as_long(marks: &[NameMark], length: u32, edits: u32) -> &[NameMark] {
    let from = marks.partition_point(|mark| mark.length + edits < length);
    &marks[from..marks.partition_point(|mark| mark.length <= length + edits)]
}

fn distance_m([ax, ay]: [f64; 2], [bx, by]: [f64; 2]) -> f64 {
    (ax - bx).hypot(ay - by)
}

/// A street key without blanks and leading zeros, capital letters; with it the town, where the key begins with the town's (13 signs, or 17 with a
/// part of the town between).
fn street_key(text: &str) -> (Option<&str>, String) {
    let text = text.trim();
    let whole = matches!(text.len(), 13 | 17) && text.is_ascii() && text.as_bytes()[..8].iter().all(u8::is_ascii_digit);
    if whole { (Some(&text[..8]), short_street_key(&text[text.len() - 5..])) } else { (None, short_street_key(text)) }
}

/// A town's own key of a street, without blanks and leading zeros, capital letters.
pub(super) fn short_street_key(text: &str) -> String {
    let key: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    let short = key.trim_start_matches('0');
    if short.is_empty() && !key.is_empty() { "0".into() } else { short.into() }
}

/// A postcode of five digits: without `D-`, with the leading zero that spreadsheets drop.
pub(super) fn postcode(text: &str) -> String {
    let text = text.trim().trim_start_matches("D-").trim_start_matches("DE-");
    let text = text.strip_suffix(".0").unwrap_or(text);
    match text.len() {
        4 if text.bytes().all(|b| b.is_ascii_digit()) => format!("0{text}"),
        _ => text.to_owned(),
    }
}

/// The eight digits of a municipality's key (AGS) in what is written as AGS or ARS, the leading zero restored; `None` for a name.
pub(super) fn municipality_key(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() < 7 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(match digits.len() {
        7 => format!("0{digits}"),
        11 => format!("0{}{}", &digits[..4], &digits[8..]),
        12 => format!("{}{}", &digits[..5], &digits[9..]),
        _ => digits,
    })
}

/// A town's name in normal form, without what follows a comma (`Hamburg, Freie und Hansestadt`).
pub(super) fn place_name(text: &str) -> String {
    fold(text.split([',', '(']).next().unwrap_or(text))
}

#[cfg(test)]
mod tests;
