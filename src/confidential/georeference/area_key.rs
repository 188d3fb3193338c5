//! Keys of areas as records hold them: AGS, ARS, own codes; a longer key lies in the areas whose keys it begins with.
//!
//! The municipality's key (AGS) is Land 2, Regierungsbezirk 1, Kreis 2, Gemeinde 3 digits; the regional key (ARS) has four digits for the
//! Gemeindeverband before the last three. So the AGS of an ARS is its first five and its last three digits; all other official keys are
//! beginnings of it. Spreadsheets drop leading zeros: these are restored where that makes a key of an area.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::area::AreaSystem;
use crate::confidential::account::Reason;

const KREIS: usize = 5;
const AGS: usize = 8;
const ARS: usize = 12;

/// The keys of one area system.
struct Keys {
    areas: FxHashMap<String, u32>,
    /// The number of digits, where all keys are digits and as many.
    digits: Option<usize>,
    /// Where keys are ARS, by the AGS in them.
    by_ags: FxHashMap<String, (u32, String)>,
}

impl Keys {
    fn of(system: &AreaSystem) -> Self {
        let areas: FxHashMap<String, u32> = system.areas.iter().zip(0..).map(|(area, at)| (area.key.clone(), at)).collect();
        let length = system.areas.first().map_or(0, |area| area.key.len());
        let alike = |key: &str| key.len() == length && key.bytes().all(|b| b.is_ascii_digit());
        let digits = system.areas.iter().all(|area| alike(&area.key)).then_some(length);
        let mut by_ags = FxHashMap::default();
        if digits == Some(ARS) {
            by_ags.extend(areas.iter().map(|(key, &at)| (ags(key), (at, key.clone()))));
        }
        Self { areas, digits, by_ags }
    }

    /// The area that a key lies in.
    fn area(&self, key: &str, digits: bool) -> Option<u32> {
        match self.digits {
            Some(AGS) if digits && key.len() == ARS => self.areas.get(&ags(key)),
            Some(length) if digits && key.len() > length => self.areas.get(&key[..length]),
            _ => self.areas.get(key),
        }
        .copied()
    }
}

/// The AGS in an ARS.
fn ags(ars: &str) -> String {
    format!("{}{}", &ars[..KREIS], &ars[ARS - 3..])
}

/// All area systems that the same column speaks of.
pub(super) struct KeyColumn {
    keys: Vec<Keys>,
}

/// What a key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resolved {
    /// The area of each system of the column.
    pub(super) areas: Vec<Option<u32>>,
    /// Leading zeros were restored.
    pub(super) mended: bool,
}

impl KeyColumn {
    /// A column that says where a record lies in these systems.
    pub(super) fn new<'s>(systems: impl IntoIterator<Item = &'s Arc<AreaSystem>>) -> Self {
        Self { keys: systems.into_iter().map(|system| Keys::of(system)).collect() }
    }

    /// The areas that a key lies in: at least one.
    pub(super) fn resolve(&self, text: &str) -> Result<Resolved, Reason> {
        let text = text.trim();
        // What a spreadsheet makes of a number.
        let text = text.strip_suffix(".0").unwrap_or(text);
        let packed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if packed.is_empty() || !packed.bytes().all(|b| b.is_ascii_digit()) {
            let areas = self.areas(text, false);
            let known = areas.iter().any(Option::is_some);
            return if known { Ok(Resolved { areas, mended: false }) } else { Err(Reason::AreaKeyUnknown) };
        }
        for (key, mended) in self.candidates(&packed) {
            let areas = self.areas(&key, true);
            if areas.iter().any(Option::is_some) {
                return Ok(Resolved { areas, mended });
            }
        }
        let begins =
            |keys: &Keys| keys.digits.is_some_and(|l| l > packed.len()) && keys.areas.keys().any(|k| k.starts_with(&packed));
        Err(if self.keys.iter().any(begins) { Reason::AreaKeyTooCoarse } else { Reason::AreaKeyUnknown })
    }

    /// The key as it is, and with leading zeros; these first where no key has so few digits, but an official one has one more.
    fn candidates(&self, digits: &str) -> Vec<(String, bool)> {
        let padded = |length: usize| (format!("{digits:0>length$}"), true);
        let own = |length: usize| self.keys.iter().any(|keys| keys.digits == Some(length));
        let official = [KREIS, AGS, ARS].into_iter().find(|&length| length == digits.len() + 1 && !own(digits.len()));
        let mut candidates: Vec<(String, bool)> = official.map(padded).into_iter().collect();
        candidates.push((digits.to_owned(), false));
        let lengths = self.keys.iter().filter_map(|keys| keys.digits).filter(|&length| length > digits.len());
        candidates.extend(lengths.map(padded));
        candidates
    }

    fn areas(&self, key: &str, digits: bool) -> Vec<Option<u32>> {
        // An AGS is made an ARS where one of the systems knows it, so that what lies between is found as well.
        let ars = self.keys.iter().filter(|_| digits && key.len() == AGS).find_map(|keys| keys.by_ags.get(key));
        let key = ars.map_or(key, |(_, ars)| ars);
        self.keys.iter().map(|keys| keys.area(key, digits)).collect()
    }

    /// All combinations of areas that a key can say, each once.
    pub(super) fn combinations(&self) -> Vec<Vec<Option<u32>>> {
        let lengths: Vec<usize> = self.keys.iter().filter_map(|keys| keys.digits).collect();
        let mut found: Vec<Vec<Option<u32>>> = Vec::new();
        for keys in &self.keys {
            let digits = keys.digits.is_some();
            found.extend(keys.areas.keys().map(|key| self.areas(key, digits)));
        }
        // Of an ARS that no system has, neither the AGS nor a beginning of more than five digits says the other.
        if lengths.contains(&AGS) && !lengths.contains(&ARS) && lengths.iter().any(|l| (KREIS + 1..ARS).contains(l) && *l != AGS)
        {
            let by_ags = |at: usize| self.keys[at].digits == Some(AGS);
            let crossed = found.iter().flat_map(|a| found.iter().map(move |b| (a, b)));
            let merged = crossed.map(|(a, b)| (0..a.len()).map(|at| if by_ags(at) { a[at] } else { b[at] }).collect());
            found = merged.filter(|tuple: &Vec<Option<u32>>| tuple.iter().any(Option::is_some)).collect();
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::area::Area;

    /// Areas with these keys and no outlines.
    pub(in crate::confidential::georeference) fn system(name: &str, keys: &[&str]) -> Arc<AreaSystem> {
        let empty = || geo::MultiPolygon(Vec::new());
        let area = |key: &&str| Area {
            key: (*key).to_owned(),
            label: (*key).to_owned(),
            outline_3035_m: empty(),
            outline_lon_lat_deg: empty(),
        };
        Arc::new(AreaSystem { name: name.into(), label: name.into(), areas: keys.iter().map(area).collect() })
    }

    fn found(column: &KeyColumn, text: &str) -> Result<(Vec<Option<u32>>, bool), Reason> {
        column.resolve(text).map(|resolved| (resolved.areas, resolved.mended))
    }

    fn towns() -> KeyColumn {
        KeyColumn::new([&system("gemeinde", &["01056001", "01056049", "05113000"]), &system("kreis", &["01056", "05113"])])
    }

    #[test]
    fn an_ars_lies_in_its_town_and_district() {
        assert_eq!(found(&towns(), "010560049049"), Ok((vec![Some(1), Some(0)], false)));
        assert_eq!(found(&towns(), "01 0 56 0049 049"), Ok((vec![Some(1), Some(0)], false)));
        assert_eq!(found(&towns(), "05113000"), Ok((vec![Some(2), Some(1)], false)));
    }

    #[test]
    fn zeros_that_a_spreadsheet_dropped_come_back() {
        assert_eq!(found(&towns(), "1056049"), Ok((vec![Some(1), Some(0)], true)));
        assert_eq!(found(&towns(), "1056049.0"), Ok((vec![Some(1), Some(0)], true)));
        assert_eq!(found(&towns(), "10560049049"), Ok((vec![Some(1), Some(0)], true)));
        assert_eq!(found(&towns(), "1056"), Ok((vec![None, Some(0)], true)));
        let own = KeyColumn::new([&system("raum", &["007", "108"])]);
        assert_eq!((found(&own, "7"), found(&own, "007")), (Ok((vec![Some(0)], true)), Ok((vec![Some(0)], false))));
    }

    #[test]
    fn what_is_in_the_district_alone_is_outside_the_towns() {
        assert_eq!(found(&towns(), "01056999"), Ok((vec![None, Some(0)], false)));
    }

    #[test]
    fn unknown_and_too_short_keys_are_told_apart() {
        let town = KeyColumn::new([&system("gemeinde", &["01056001"])]);
        assert_eq!(found(&town, "01056"), Err(Reason::AreaKeyTooCoarse));
        assert_eq!(found(&town, "02000000"), Err(Reason::AreaKeyUnknown));
        assert_eq!(found(&town, "Pinneberg"), Err(Reason::AreaKeyUnknown));
        assert_eq!(found(&town, ""), Err(Reason::AreaKeyUnknown));
    }

    #[test]
    fn an_ags_is_found_where_the_system_has_ars() {
        let column = KeyColumn::new([&system("gemeinde", &["010560049049"]), &system("verband", &["010560049"])]);
        assert_eq!(found(&column, "01056049"), Ok((vec![Some(0), Some(0)], false)));
        assert_eq!(column.combinations(), [vec![None, Some(0)], vec![Some(0), Some(0)]]);
    }

    #[test]
    fn own_codes_of_letters_are_taken_as_they_are() {
        let own = KeyColumn::new([&system("raum", &["A-1", "B-2"])]);
        assert_eq!(found(&own, " B-2 "), Ok((vec![Some(1)], false)));
        assert_eq!(found(&own, "b-2"), Err(Reason::AreaKeyUnknown));
    }

    #[test]
    fn codes_of_parts_of_a_town_nest() {
        let lor = KeyColumn::new([&system("planungsraum", &["01011101", "11011102"]), &system("bezirk", &["01", "11"])]);
        assert_eq!(found(&lor, "1011101"), Ok((vec![Some(0), Some(0)], true)));
        assert_eq!(
            lor.combinations(),
            [vec![None, Some(0)], vec![None, Some(1)], vec![Some(0), Some(0)], vec![Some(1), Some(1)]]
        );
    }

    #[test]
    fn combinations_are_those_that_keys_can_say() {
        assert_eq!(
            towns().combinations(),
            [vec![None, Some(0)], vec![None, Some(1)], vec![Some(0), Some(0)], vec![Some(1), Some(0)], vec![Some(2), Some(1)]]
        );
        let apart = KeyColumn::new([&system("gemeinde", &["01056049"]), &system("verband", &["010560049"])]);
        assert_eq!(apart.combinations(), [vec![None, Some(0)], vec![Some(0), None], vec![Some(0), Some(0)]]);
    }
}
