//! A question in its written form, and the published columns whose sum answers it.

use serde::Serialize;

use crate::ask::AskError;
use crate::ask::band::{Band, NO_END};
use crate::ask::stock::{Dimension, Stock};

/// Longest question that is read, characters.
pub(crate) const LONGEST: usize = 500;

/// Dimensions with the categories that count, both as positions in the [`Stock`]. No dimension: everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Ascending by dimension, none twice; categories ascending, not empty, not all of the dimension's.
    pub conditions: Vec<(usize, Vec<usize>)>,
    /// An area that the places lie in: system and key.
    pub within: Option<(String, String)>,
}

/// How one part of a question was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chip {
    /// The words of the question; the condition itself in the written form.
    pub words: String,
    /// What they were taken for, as part of a query.
    pub condition: String,
    /// The same for readers.
    pub label: String,
}

/// A question, how it was read, and what is unsure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What is asked.
    pub query: Query,
    /// Its parts.
    pub chips: Vec<Chip>,
    /// Words that seemed to matter and were not understood.
    pub unread: Vec<String>,
    /// Words that ask for families or households, where records are counted.
    pub other_units: Vec<String>,
    /// Questions one of which may be meant, where that is unsure.
    pub unsure: Vec<String>,
    /// Level named in the question.
    pub level: Option<String>,
}

impl Query {
    /// Reads `alter=0-17 & leistung=SGB II, Wohngeld & in=Elmshorn`. Empty or `*`: everybody.
    ///
    /// # Errors
    /// If a part is unknown; what is known is told.
    pub fn parse(stock: &Stock, text: &str) -> Result<Self, AskError> {
        if text.chars().count() > LONGEST {
            return Err(AskError::TooLong);
        }
        let mut query = Self::default();
        for condition in text.split('&').map(str::trim).filter(|c| !c.is_empty() && *c != "*") {
            let (name, wanted) = condition.split_once('=').ok_or_else(|| AskError::Form { condition: condition.into() })?;
            let name = name.trim();
            if name.eq_ignore_ascii_case("in") {
                query.within = Some(stock.area(wanted).ok_or_else(|| AskError::Area { name: wanted.trim().into() })?);
                continue;
            }
            let same =
                |d: &Dimension| d.name.to_lowercase() == name.to_lowercase() || d.label.to_lowercase() == name.to_lowercase();
            let dimension = stock.dimensions.iter().position(same).ok_or_else(|| AskError::Dimension {
                name: name.into(),
                known: stock.dimensions.iter().map(|d| d.name.clone()).collect(),
            })?;
            query.restrict(stock, dimension, categories(&stock.dimensions[dimension], wanted)?);
        }
        Ok(query)
    }

    /// Adds a condition; a dimension that has one already keeps what both allow, or the new one where nothing is left.
    pub(super) fn restrict(&mut self, stock: &Stock, dimension: usize, mut categories: Vec<usize>) {
        if let Some(at) = self.conditions.iter().position(|c| c.0 == dimension) {
            let before = self.conditions.remove(at).1;
            let both: Vec<usize> = categories.iter().copied().filter(|c| before.contains(c)).collect();
            categories = if both.is_empty() { categories } else { both };
        }
        categories.sort_unstable();
        categories.dedup();
        // All categories together are everybody: what holds no condition needs no table.
        if categories.len() < stock.dimensions[dimension].categories.len() {
            self.conditions.push((dimension, categories));
            self.conditions.sort_unstable();
        }
    }

    /// The written form, always the same for the same question.
    pub fn written(&self, stock: &Stock) -> String {
        let mut parts: Vec<String> =
            self.conditions.iter().map(|(d, categories)| written(&stock.dimensions[*d], categories)).collect();
        parts.extend(self.within.iter().map(|(_, key)| format!("in={key}")));
        if parts.is_empty() { "*".into() } else { parts.join(" & ") }
    }

    /// One chip for each condition, as in the written form.
    pub fn chips(&self, stock: &Stock) -> Vec<Chip> {
        let chip = |(d, categories): &(usize, Vec<usize>)| {
            let condition = written(&stock.dimensions[*d], categories);
            Chip { words: condition.clone(), condition, label: label(&stock.dimensions[*d], categories) }
        };
        self.conditions.iter().map(chip).collect()
    }

    /// Positions of the columns whose sum answers the query: those of the published table with the fewest columns among the ones that cross all
    /// its dimensions.
    ///
    /// # Errors
    /// If there is no such table; the questions that can be answered are told.
    pub fn columns(&self, stock: &Stock) -> Result<Vec<usize>, AskError> {
        let mut tables: Vec<&[usize]> = stock.columns.iter().map(|c| c.dimensions.as_slice()).collect();
        tables.dedup();
        let crosses = |table: &&[usize]| self.conditions.iter().all(|(d, _)| table.contains(d));
        let width = |table: &&[usize]| stock.columns.iter().filter(|c| c.dimensions == *table).count();
        let Some(table) = tables.iter().copied().filter(crosses).min_by_key(width) else {
            return Err(AskError::NotPublished { query: self.written(stock), instead: self.instead(stock, &tables) });
        };
        let counts = |column: &crate::ask::Column| {
            column.dimensions == table
                && self.conditions.iter().all(|(d, categories)| {
                    let at = table.iter().position(|t| t == d).expect("the table crosses it");
                    categories.contains(&column.group[at])
                })
        };
        Ok((0..stock.columns.len()).filter(|&at| counts(&stock.columns[at])).collect())
    }

    /// The query without the conditions that are too many, once for each largest set of dimensions that some table crosses.
    fn instead(&self, stock: &Stock, tables: &[&[usize]]) -> Vec<String> {
        let kept = |table: &&[usize]| {
            let conditions: Vec<_> = self.conditions.iter().filter(|(d, _)| table.contains(d)).cloned().collect();
            Self { conditions, within: self.within.clone() }
        };
        let queries: Vec<Self> = tables.iter().map(kept).collect();
        let largest = queries.iter().map(|q| q.conditions.len()).max().unwrap_or(0);
        let mut written: Vec<String> =
            queries.iter().filter(|q| q.conditions.len() == largest).map(|q| q.written(stock)).collect();
        written.sort();
        written.dedup();
        written
    }
}

fn written(dimension: &Dimension, categories: &[usize]) -> String {
    let names: Vec<&str> = categories.iter().map(|&c| dimension.categories[c].as_str()).collect();
    format!("{}={}", dimension.name, names.join(","))
}

/// For readers: `Alter: 0 bis unter 6 oder 6 bis unter 18`.
pub(super) fn label(dimension: &Dimension, categories: &[usize]) -> String {
    let names: Vec<&str> = categories.iter().map(|&c| dimension.categories[c].as_str()).collect();
    format!("{}: {}", dimension.label, names.join(" / "))
}

/// The categories named in `0-17` or `SGB II, Wohngeld`.
fn categories(dimension: &Dimension, wanted: &str) -> Result<Vec<usize>, AskError> {
    // A label may hold a comma itself.
    if let Some(found) = by_name(dimension, wanted) {
        return Ok(found);
    }
    let mut found = Vec::new();
    for name in wanted.split(',') {
        let unknown = |instead| AskError::Category {
            dimension: dimension.label.clone(),
            name: name.trim().into(),
            known: dimension.categories.clone(),
            instead,
        };
        match by_name(dimension, name) {
            Some(positions) => found.extend(positions),
            None => match Band::of_label(name) {
                Some(band) => {
                    let near = band.touching(&bands(dimension));
                    return Err(unknown((!near.is_empty()).then(|| written(dimension, &near))));
                }
                None => return Err(unknown(None)),
            },
        }
    }
    Ok(found)
}

fn by_name(dimension: &Dimension, name: &str) -> Option<Vec<usize>> {
    let name = name.trim();
    let lower = name.to_lowercase();
    if let Some(at) = dimension.categories.iter().position(|c| c == name || c.to_lowercase() == lower) {
        return Some(vec![at]);
    }
    if let Some((_, meant)) = dimension.synonyms.iter().find(|(word, _)| word.to_lowercase() == lower) {
        return Some(meant.clone());
    }
    let bands = bands(dimension);
    let band = Band::of_label(name)?;
    // `0-6` is mostly meant with its end, sometimes without: whichever the bands make up.
    let without_end = (band.to != NO_END && band.to > band.from + 1).then(|| Band { from: band.from, to: band.to - 1 });
    band.made_of(&bands).or_else(|| without_end.filter(|_| !lower.contains("unter") && !lower.contains("under"))?.made_of(&bands))
}

/// The dimension's categories as spans.
pub(super) fn bands(dimension: &Dimension) -> Vec<Option<Band>> {
    dimension.categories.iter().map(|label| Band::of_label(label)).collect()
}
