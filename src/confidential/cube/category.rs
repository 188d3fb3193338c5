//! Values of one dimension become categories.

use std::sync::Mutex;

use crate::confidential::account::Reason;
use crate::confidential::cube::dimension::{DimensionKind, DimensionSpec, Missing, band, band_labels};
use crate::confidential::cube::error::CubeError;
use crate::confidential::cube::natural::natural;
use crate::confidential::cube::numbered::{Fault, Numbered, TextCoder, ranks};
use crate::confidential::records::{NumberState, NumberValues, TextValues, Values};
use crate::confidential::sieve::Sieve;
use crate::error::Language;

/// How many different texts a dimension may have that the plan does not list.
pub(super) const MAX_CATEGORIES: usize = 256;
const MAX_TEXT_BYTES: usize = 200;
/// Up to so many edges are compared one by one.
const FEW_EDGES: usize = 32;

/// The categories of a dimension while records are counted: code by code as declared, or as texts come.
pub(super) struct Categories<'s> {
    pub(super) spec: &'s DimensionSpec,
    /// Labels that the plan knows: listed texts or bands, and the missing category behind them.
    declared: Vec<String>,
    missing: Option<u32>,
    found: Mutex<Numbered<String>>,
}

impl<'s> Categories<'s> {
    /// Checks what the plan says about the dimension.
    pub(super) fn new(spec: &'s DimensionSpec, language: Language) -> Result<Self, CubeError> {
        let mut declared = match &spec.kind {
            DimensionKind::Discovered => Vec::new(),
            DimensionKind::Listed(texts) => texts.iter().map(|text| text.trim().to_owned()).collect(),
            DimensionKind::Bands(edges) | DimensionKind::AgeBands(edges, _) => {
                if edges.is_empty() || !edges.iter().all(|edge| edge.is_finite()) || !edges.is_sorted_by(|a, b| a < b) {
                    return Err(CubeError::Bands { dimension: spec.name.clone() });
                }
                band_labels(edges, language)
            }
        };
        let missing = match (&spec.missing, &spec.kind) {
            (Missing::Reject, _) => None,
            (Missing::Category(_), DimensionKind::Discovered) => Some(MAX_CATEGORIES as u32),
            (Missing::Category(label), _) => {
                let at = declared.iter().position(|text| text == label.trim()).unwrap_or_else(|| {
                    declared.push(label.trim().to_owned());
                    declared.len() - 1
                });
                Some(at as u32)
            }
        };
        let usable = |text: &String| is_usable(text) && declared.iter().filter(|other| *other == text).count() == 1;
        let missing_label = [spec.missing_label().unwrap_or("-").to_owned()];
        let no_list = matches!(&spec.kind, DimensionKind::Listed(texts) if texts.is_empty());
        if no_list || !declared.iter().all(usable) || !missing_label.iter().all(|label| is_usable(label)) {
            return Err(CubeError::Categories { dimension: spec.name.clone() });
        }
        Ok(Self { spec, declared, missing, found: Mutex::default() })
    }

    /// How many codes there may be.
    pub(super) fn radix(&self) -> u64 {
        match self.spec.kind {
            DimensionKind::Discovered => MAX_CATEGORIES as u64 + 1,
            _ => self.declared.len() as u64,
        }
    }

    /// Appends the dimension's code to the group of every row that stands.
    pub(super) fn append(
        &self,
        values: &Values,
        coder: &mut TextCoder,
        groups: &mut [u64],
        sieve: &mut Sieve<'_>,
    ) -> Result<(), CubeError> {
        // Most rows are plain; what is left is looked at one by one.
        let left = match values {
            Values::Number(numbers) => self.append_bands(numbers, groups, sieve.standing()),
            Values::Text(texts) => match texts.keys() {
                Some(keys) => return self.append_shared((texts, keys), coder, groups, sieve),
                None => (0..groups.len() as u32).filter(|&row| sieve.stands(row as usize)).collect(),
            },
        };
        for row in left.into_iter().map(|row| row as usize) {
            let code = match values {
                Values::Text(texts) => self.text_code(texts, row, coder),
                Values::Number(numbers) => self.band_code(numbers, row),
            };
            self.append_one(code, (row, groups), sieve)?;
        }
        Ok(())
    }

    fn append_one(
        &self,
        code: Result<u32, Fault>,
        (row, groups): (usize, &mut [u64]),
        sieve: &mut Sieve<'_>,
    ) -> Result<(), CubeError> {
        match code {
            Ok(code) => groups[row] = groups[row] * self.radix() + u64::from(code),
            Err(Fault::Row(reason)) => sieve.reject(row, reason, &self.spec.column),
            Err(Fault::Stop(error)) => return Err(error),
        }
        Ok(())
    }

    /// The bands of rows with a number in one; gives the other rows that stand.
    fn append_bands(&self, numbers: &NumberValues, groups: &mut [u64], stands: &[bool]) -> Vec<u32> {
        let (DimensionKind::Bands(edges) | DimensionKind::AgeBands(edges, _)) = &self.spec.kind else {
            unreachable!("only bands are read as numbers")
        };
        if edges.len() > FEW_EDGES {
            return (0..groups.len() as u32).filter(|&row| stands[row as usize]).collect();
        }
        // How many edges are not above, edge by edge: without branches, several rows at once.
        let mut above = vec![0_u64; groups.len()];
        for &edge in edges {
            above
                .iter_mut()
                .zip(&numbers.values)
                .for_each(|(above, &value)| *above = above.wrapping_add(u64::from(edge <= value)));
        }
        let (radix, mut left) = (self.radix(), Vec::new());
        for (row, (group, above)) in groups.iter_mut().zip(above).enumerate().filter(|(row, _)| stands[*row]) {
            match above.checked_sub(1) {
                Some(band) if numbers.states[row] == NumberState::Number && numbers.values[row] < f64::INFINITY => {
                    *group = *group * radix + band;
                }
                _ => left.push(row as u32),
            }
        }
        left
    }

    /// The codes of texts that rows share: each is looked up once.
    fn append_shared(
        &self,
        (texts, keys): (&TextValues, &[u32]),
        coder: &mut TextCoder,
        groups: &mut [u64],
        sieve: &mut Sieve<'_>,
    ) -> Result<(), CubeError> {
        const UNKNOWN: u32 = u32::MAX;
        let (radix, mut known) = (self.radix(), vec![UNKNOWN; texts.different()]);
        for row in 0..groups.len() {
            if !sieve.stands(row) {
                continue;
            }
            let key = keys[row] as usize;
            match known.get(key) {
                Some(&code) if code != UNKNOWN => groups[row] = groups[row] * radix + u64::from(code),
                _ => {
                    let code = self.text_code(texts, row, coder);
                    if let (Some(slot), Ok(code)) = (known.get_mut(key), &code) {
                        *slot = *code;
                    }
                    self.append_one(code, (row, groups), sieve)?;
                }
            }
        }
        Ok(())
    }

    fn missing_code(&self) -> Result<u32, Fault> {
        self.missing.ok_or(Fault::Row(Reason::MissingCategory))
    }

    fn band_code(&self, numbers: &NumberValues, row: usize) -> Result<u32, Fault> {
        let (DimensionKind::Bands(edges) | DimensionKind::AgeBands(edges, _)) = &self.spec.kind else {
            unreachable!("only bands are read as numbers")
        };
        match numbers.states[row] {
            NumberState::Missing => self.missing_code(),
            NumberState::Number if numbers.values[row].is_finite() => {
                band(edges, numbers.values[row]).ok_or(Fault::Row(Reason::OutsideBands))
            }
            _ => Err(Fault::Row(Reason::BandNotNumeric)),
        }
    }

    fn text_code(&self, texts: &TextValues, row: usize, coder: &mut TextCoder) -> Result<u32, Fault> {
        match texts.get(row) {
            None => self.missing_code(),
            Some(text) => coder.code(text, |text| self.resolve(text)),
        }
    }

    fn resolve(&self, text: &str) -> Result<u32, Fault> {
        if let DimensionKind::Listed(_) = self.spec.kind {
            let code = self.declared.iter().position(|listed| listed == text);
            return code.map(|code| code as u32).ok_or(Fault::Row(Reason::UnknownCategory));
        }
        if let (Some(missing), Some(label)) = (self.missing, self.spec.missing_label())
            && label == text
        {
            return Ok(missing);
        }
        if !is_usable(text) {
            return Err(Fault::Row(Reason::CategoryText));
        }
        let mut found = self.found.lock().expect("no thread panicked");
        found.number(text, MAX_CATEGORIES).ok_or_else(|| {
            Fault::Stop(CubeError::TooManyCategories { dimension: self.spec.name.clone(), column: self.spec.column.clone() })
        })
    }

    /// All categories in the order they are shown.
    pub(super) fn ranked(&self) -> Ranked {
        let DimensionKind::Discovered = self.spec.kind else {
            let ranks = (0..self.declared.len() as u32).collect();
            return Ranked { labels: self.declared.clone(), kept: vec![true; self.declared.len()], radix: self.radix(), ranks };
        };
        let found = self.found.lock().expect("no thread panicked");
        let mut labels = found.keys().to_vec();
        let mut ranks = ranks(&labels, |a, b| natural(a, b));
        labels.sort_by(|a, b| natural(a, b));
        let mut kept = vec![false; labels.len()];
        if let Some(label) = self.spec.missing_label() {
            ranks.resize(MAX_CATEGORIES + 1, 0);
            ranks[MAX_CATEGORIES] = labels.len() as u32;
            labels.push(label.to_owned());
            kept.push(true);
        }
        Ranked { labels, kept, radix: self.radix(), ranks }
    }
}

/// Categories in their final order.
pub(super) struct Ranked {
    pub(super) labels: Vec<String>,
    /// Whether each is shown even if nobody is in it.
    pub(super) kept: Vec<bool>,
    /// The number of codes, the dimension's base in the groups of ranked keys.
    pub(super) radix: u64,
    /// By code.
    pub(super) ranks: Vec<u32>,
}

impl DimensionSpec {
    fn missing_label(&self) -> Option<&str> {
        match &self.missing {
            Missing::Reject => None,
            Missing::Category(label) => Some(label.trim()),
        }
    }
}

/// Group names join categories by `|`, so none may hold it.
fn is_usable(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TEXT_BYTES && !text.chars().any(|c| c.is_control() || c == '|')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(kind: DimensionKind, missing: Missing) -> DimensionSpec {
        DimensionSpec { name: "age".into(), label: "Alter".into(), column: "alter".into(), kind, missing }
    }

    fn refused(kind: DimensionKind) -> bool {
        Categories::new(&spec(kind, Missing::Reject), Language::German).is_err()
    }

    #[test]
    fn unusable_plans_are_refused() {
        let listed = |texts: &[&str]| DimensionKind::Listed(texts.iter().map(|&t| t.to_owned()).collect());
        assert!(refused(DimensionKind::Bands(vec![])));
        assert!(refused(DimensionKind::Bands(vec![0.0, 3.0, 3.0])));
        assert!(refused(DimensionKind::Bands(vec![0.0, f64::NAN])));
        assert!(refused(DimensionKind::Bands(vec![0.0, f64::INFINITY])));
        assert!(
            refused(listed(&[])) && refused(listed(&["m", ""])) && refused(listed(&["m", "m "])) && refused(listed(&["a|b"]))
        );
        assert!(!refused(listed(&["m", "w"])));
    }

    #[test]
    fn a_listed_missing_category_keeps_its_place() {
        let kind = DimensionKind::Listed(vec!["unbekannt".into(), "m".into(), "w".into()]);
        let spec = spec(kind, Missing::Category("unbekannt".into()));
        let categories = Categories::new(&spec, Language::German).unwrap();
        assert_eq!(categories.missing, Some(0));
        assert_eq!(categories.ranked().labels, ["unbekannt", "m", "w"]);
    }

    #[test]
    fn one_text_too_many_stops_the_run() {
        let spec = spec(DimensionKind::Discovered, Missing::Reject);
        let categories = Categories::new(&spec, Language::German).unwrap();
        for i in 0..MAX_CATEGORIES {
            assert_eq!(categories.resolve(&i.to_string()).unwrap(), i as u32);
        }
        assert!(matches!(categories.resolve("one more"), Err(Fault::Stop(CubeError::TooManyCategories { .. }))));
        assert_eq!(categories.resolve("0").unwrap(), 0);
    }

    #[test]
    fn texts_that_no_output_can_show_are_rejected() {
        let spec = spec(DimensionKind::Discovered, Missing::Reject);
        let categories = Categories::new(&spec, Language::German).unwrap();
        for text in ["a\0b", "a|b", &"x".repeat(201)] {
            assert!(matches!(categories.resolve(text), Err(Fault::Row(Reason::CategoryText))));
        }
    }
}
