//! The answer to a question: every place with its number, share and quotient; the whole; the fewest places that hold most of the group.

use serde::Serialize;
use serde_json::{Value, json};

use crate::ask::AskError;
use crate::ask::outline::{LEAST_PEOPLE, Outline};
use crate::ask::query::Query;
use crate::ask::stock::{Count, Shelf, Stock};
use crate::confidential::Status;
use crate::error::Language;
use crate::say;

/// How a question is answered.
#[derive(Clone, Debug)]
pub struct Options<'o> {
    /// Level of the places; the first area system if absent, else the coarsest cells.
    pub by: Option<&'o str>,
    /// Reference date; the last if absent.
    pub date: Option<&'o str>,
    /// At most so many places are listed.
    pub top: usize,
    /// The part of the group that the smallest set of places is to hold.
    pub hold: f64,
    /// A drawn area: only cells whose middle lies inside. Its cells are the finest, unless `by` names others.
    pub within: Option<&'o Outline>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { by: None, date: None, top: 10, hold: 0.6, within: None }
    }
}

/// One place.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Cell code or area key.
    pub id: String,
    /// Name for readers.
    pub label: String,
    /// How many of the group.
    pub count: Count,
    /// How many people there are.
    pub base: Count,
    /// Share of the group, 0 to 1, where both are published.
    pub share: Option<f64>,
    /// The share here divided by the share in the whole.
    pub quotient: Option<f64>,
}

/// A sum over places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    /// The sum of what is published.
    pub count: i64,
    /// Whether something was withheld, so that the true number is this or more.
    pub at_least: bool,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The question in its written form.
    pub query: String,
    /// Level of the places.
    pub level: String,
    /// Reference date.
    pub date: Option<String>,
    /// The disclosure control method.
    pub method: String,
    /// The group in all places, from the level that tells most of it.
    pub whole: Whole,
    /// Everybody, likewise.
    pub base: Whole,
    /// How many places of this level there are.
    pub places: usize,
    /// How many of them withhold the number.
    pub withheld: usize,
    /// Places with the highest numbers first; withheld ones are not listed.
    pub rows: Vec<Place>,
    /// The fewest places that hold the wanted part of the group: how many, and what they hold. None where the published ones do not.
    pub smallest: Option<(Vec<String>, i64)>,
    /// The part that was wanted.
    pub hold: f64,
    /// The area that the question names: its system and key.
    pub inside: Option<(String, String)>,
    /// The drawn area that was asked about, as well-known text.
    pub within: Option<String>,
    /// A published number of these is at most so far from the true one; none where no bound holds.
    pub error_at_most: Option<u64>,
}

/// Answers a question from what is published.
///
/// # Errors
/// If the bundle has no such level, date or table.
pub fn answer(stock: &Stock, query: &Query, options: &Options<'_>) -> Result<Answer, AskError> {
    let columns = query.columns(stock)?;
    let date = match options.date {
        None => stock.dates.last().cloned().flatten(),
        Some(date) => {
            let known = || stock.dates.iter().flatten().cloned().collect();
            Some(stock.dates.iter().flatten().find(|d| *d == date).ok_or_else(|| AskError::Date { known: known() })?.clone())
        }
    };
    let of_date = || stock.shelves.iter().filter(|s| s.date == date);
    let shelf = match (options.by, options.within) {
        (Some(level), _) => of_date().find(|s| s.level == level),
        (None, Some(_)) => of_date().find(|s| s.size.is_some()),
        (None, None) => of_date().find(|s| s.size.is_none()).or_else(|| of_date().next_back()),
    };
    let shelf = shelf.ok_or_else(|| AskError::Level { name: options.by.unwrap_or("").into(), known: stock.levels() })?;
    let places = places(stock, shelf, (query, options.within))?;
    let within = query.within.as_ref().map(|(system, key)| (system.as_str(), key.as_str()));
    let told = |columns: &[usize]| match options.within {
        // Cells of other sizes would be other cells than those that were drawn round.
        Some(_) => sum(shelf, &places, columns),
        None => most_told(stock, of_date(), (columns, within)),
    };
    let (whole, base) = (told(&columns), told(&[0]));
    if options.within.is_some() && base.count < LEAST_PEOPLE {
        return Err(AskError::FewPeople);
    }
    let overall = (base.count > 0 && !base.at_least && whole.count > 0).then(|| whole.count as f64 / base.count as f64);
    let mut rows = Vec::with_capacity(places.len());
    let mut withheld = 0;
    for &at in &places {
        let (count, everybody) = numbers(shelf, at, &columns);
        match count.value() {
            None => withheld += usize::from(count.status() == Status::Suppressed),
            Some(number) => {
                let share = everybody.value().filter(|&b| b > 0).map(|b| number as f64 / b as f64);
                rows.push(Place {
                    id: shelf.ids[at].clone(),
                    label: shelf.label(at).to_owned(),
                    count,
                    base: everybody,
                    share,
                    quotient: share.zip(overall).map(|(share, overall)| share / overall),
                });
            }
        }
    }
    // Highest first; by id where equal, so that the order never depends on the file's.
    rows.sort_by(|a, b| b.count.value().cmp(&a.count.value()).then_with(|| a.id.cmp(&b.id)));
    let smallest = smallest(&rows, whole, options.hold);
    rows.truncate(options.top);
    Ok(Answer {
        query: query.written(stock),
        level: shelf.level.clone(),
        date,
        method: stock.method.clone(),
        whole,
        base,
        places: places.len(),
        withheld,
        rows,
        smallest,
        hold: options.hold,
        inside: query.within.clone(),
        within: options.within.map(Outline::written),
        error_at_most: error_at_most(stock, shelf, columns.len()),
    })
}

/// The number of a group and of everybody in a place.
fn numbers(shelf: &Shelf, place: usize, columns: &[usize]) -> (Count, Count) {
    let numbers = shelf.numbers(place);
    (Count::sum(columns.iter().map(|&c| numbers[c])), numbers[0])
}

/// The positions of a shelf's places that a question is about.
///
/// # Errors
/// If a drawn area is to be counted in areas.
pub(crate) fn places(stock: &Stock, shelf: &Shelf, (query, drawn): (&Query, Option<&Outline>)) -> Result<Vec<usize>, AskError> {
    let inside = |(system, key): &(String, String)| stock.inside(shelf, (system, key));
    match (&query.within, drawn) {
        (None, None) => Ok((0..shelf.ids.len()).collect()),
        (Some(area), None) => Ok(inside(area)),
        (None, Some(outline)) => outline.cells(shelf),
        (Some(area), Some(outline)) => {
            let drawn = outline.cells(shelf)?;
            Ok(inside(area).into_iter().filter(|at| drawn.binary_search(at).is_ok()).collect())
        }
    }
}

/// What is published of some columns in some places, added up.
fn sum(shelf: &Shelf, places: &[usize], columns: &[usize]) -> Whole {
    let mut whole = Whole { count: 0, at_least: false };
    for &at in places {
        // What one place withholds of several groups is only the withheld ones.
        for number in columns.iter().map(|&c| shelf.numbers(at)[c]) {
            whole.count += number.value().unwrap_or(0);
            whole.at_least |= number.status() == Status::Suppressed;
        }
    }
    whole
}

/// Every level shows the same people: the one that withholds least tells most of them. With noise, where levels differ, the coarsest cells do,
/// which have the least of it.
fn most_told<'s>(
    stock: &Stock,
    shelves: impl Iterator<Item = &'s Shelf>,
    (columns, within): (&[usize], Option<(&str, &str)>),
) -> Whole {
    let sum = |shelf: &Shelf| match within {
        Some(area) => sum(shelf, &stock.inside(shelf, area), columns),
        None => sum(shelf, &(0..shelf.ids.len()).collect::<Vec<_>>(), columns),
    };
    // Cells that a border crosses count people outside the area too.
    let shelves = shelves.filter(|s| within.is_none_or(|(system, _)| s.level == system));
    let mut sums: Vec<(u8, Whole)> = shelves.map(|s| (u8::from(s.size.is_none()), sum(s))).collect();
    match stock.method.as_str() {
        "cell-key" => sums.into_iter().rfind(|s| within.is_some() || s.0 == 0).map(|s| s.1),
        _ => {
            sums.sort_by_key(|(areas, whole)| (std::cmp::Reverse(whole.count), whole.at_least, *areas));
            sums.first().map(|s| s.1)
        }
    }
    .unwrap_or(Whole { count: 0, at_least: false })
}

/// The first places, highest first, that hold the wanted part.
fn smallest(rows: &[Place], whole: Whole, hold: f64) -> Option<(Vec<String>, i64)> {
    let wanted = (whole.count as f64 * hold).ceil() as i64;
    let mut held = 0;
    let mut ids = Vec::new();
    for row in rows {
        if held >= wanted {
            break;
        }
        held += row.count.value().unwrap_or(0);
        ids.push(row.id.clone());
    }
    (held >= wanted && !ids.is_empty()).then_some((ids, held))
}

/// How far a published number is from the true one at most. Rounding keeps totals and groups of cells within the base, not those of areas.
fn error_at_most(stock: &Stock, shelf: &Shelf, terms: usize) -> Option<u64> {
    let parameter = |name: &str| stock.parameters.get(name).and_then(|v| v.parse::<u64>().ok());
    match stock.method.as_str() {
        "suppress" | "none" => Some(0),
        "round" => shelf.size.and(parameter("base")).map(|base| base.saturating_sub(1) * terms as u64),
        "cell-key" => parameter("d").map(|d| d * terms as u64),
        _ => None,
    }
}

/// Six decimals are more than any map shows, and the same on every machine.
fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    label: &'a str,
    count: Option<i64>,
    status: &'static str,
    base: Option<i64>,
    share: Option<f64>,
    quotient: Option<f64>,
}

impl Answer {
    /// The answer as JSON, with a sentence in the reader's language.
    pub fn to_json(&self, language: Language) -> Value {
        let rows: Vec<Row<'_>> = self
            .rows
            .iter()
            .map(|row| Row {
                id: &row.id,
                label: &row.label,
                count: row.count.value(),
                status: row.count.status().name(),
                base: row.base.value(),
                share: row.share.map(rounded),
                quotient: row.quotient.map(rounded),
            })
            .collect();
        let whole = |whole: Whole| json!({"count": whole.count, "status": if whole.at_least { "at least" } else { "value" }});
        json!({
            "query": self.query,
            "in": self.inside.as_ref().map(|(system, key)| json!({"level": system, "id": key})),
            "within": self.within,
            "level": self.level,
            "date": self.date,
            "method": self.method,
            "whole": whole(self.whole),
            "base": whole(self.base),
            "share": (self.base.count > 0 && !self.base.at_least).then(|| rounded(self.whole.count as f64 / self.base.count as f64)),
            "places": self.places,
            "withheld": self.withheld,
            "error_at_most": self.error_at_most,
            "smallest_set": self.smallest.as_ref().map(|(ids, held)| json!({"part": self.hold, "places": ids.len(), "count": held, "ids": ids})),
            "sentence": self.sentence(language),
            "rows": rows,
        })
    }

    /// The answer in a sentence or two.
    pub fn sentence(&self, language: Language) -> String {
        let at_least = match (self.whole.at_least, language) {
            (false, _) => "",
            (true, Language::English) => "at least ",
            (true, Language::German) => "mindestens ",
        };
        let number = |n: i64| grouped(n, language);
        let mut text = say!(language, "{at_least}{} persons", "{at_least}{} Personen", number(self.whole.count));
        if self.base.count > 0 && !self.base.at_least {
            let percent = decimal(100.0 * self.whole.count as f64 / self.base.count as f64, language);
            text += &say!(language, ", {percent} % of {}", ", {percent} % von {}", number(self.base.count));
        }
        if let Some(first) = self.rows.first() {
            text += &say!(
                language,
                "; most in {} ({})",
                "; die meisten in {} ({})",
                first.label,
                number(first.count.value().unwrap_or(0))
            );
        }
        if let Some((ids, _)) = &self.smallest {
            let percent = (self.hold * 100.0).round();
            text += &say!(
                language,
                "; {} of {} places hold {percent} %",
                "; {} von {} Orten haben {percent} %",
                number(ids.len() as i64),
                number(self.places as i64)
            );
        }
        if self.withheld > 0 {
            text += &say!(language, "; withheld in {} places", "; in {} Orten geheim gehalten", number(self.withheld as i64));
        }
        text
    }
}

/// Thousands apart as the language writes them.
pub(crate) fn grouped(number: i64, language: Language) -> String {
    let digits = number.unsigned_abs().to_string();
    let between = if language == Language::German { '.' } else { ',' };
    let mut text = if number < 0 { "-".to_owned() } else { String::new() };
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(between);
        }
        text.push(digit);
    }
    text
}

/// One decimal as the language writes it.
pub(crate) fn decimal(number: f64, language: Language) -> String {
    let text = format!("{number:.1}");
    if language == Language::German { text.replace('.', ",") } else { text }
}
