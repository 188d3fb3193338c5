//! Answers, and a group in all places as a table or a map.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use crate::ask::{Answer, AskError, Count, Options, Outline, Query, Reading, Stock, answer, phrase, places};
use crate::error::Language;
use crate::export::selection::{Selected, Selection};
use crate::serve::limits::PLACES;
use crate::serve::loaded::Loaded;
use crate::serve::reply;

/// What a question's address says.
pub(super) struct Asked {
    pub(super) q: String,
    pub(super) by: Option<String>,
    pub(super) date: Option<String>,
    pub(super) top: Option<String>,
    pub(super) within: Option<String>,
    pub(super) excel: bool,
}

impl Asked {
    fn answer(&self, stock: &Stock, top: usize) -> Result<(Reading, Option<Outline>, Answer), AskError> {
        let reading = phrase::read(stock, &self.q)?;
        let within = self.within.as_deref().map(Outline::parse).transpose()?;
        let by = self.by.as_deref().or(reading.level.as_deref());
        let options = Options { by, date: self.date.as_deref(), top, within: within.as_ref(), ..Options::default() };
        let answer = answer(stock, &reading.query, &options)?;
        Ok((reading, within, answer))
    }
}

pub(super) fn ask(bundle: &Loaded, asked: &Asked, language: Language) -> Response {
    let top = match asked.top.as_deref().map_or(Ok(10), str::parse::<usize>) {
        Ok(top) => top.min(PLACES),
        Err(_) => return reply::problem(StatusCode::BAD_REQUEST, "top is a whole number"),
    };
    match asked.answer(&bundle.stock, top) {
        Err(error) => reply::unanswered(&error, language),
        Ok((reading, _, answer)) => {
            let mut value = answer.to_json(language);
            value["chips"] = json!(reading.chips);
            value["unread"] = json!(reading.unread);
            value["other_units"] = json!(reading.other_units);
            value["unsure"] = json!(reading.unsure);
            reply::json(&value)
        }
    }
}

/// The places of a level that were asked for, each with the group's number and everybody's.
struct Chosen<'b> {
    bundle: &'b Loaded,
    shelf: usize,
    places: Vec<usize>,
    columns: Vec<usize>,
    query: String,
}

impl<'b> Chosen<'b> {
    /// The answer checks level, date and people; its rows leave out what is withheld, which a table must show.
    fn new(bundle: &'b Loaded, asked: &Asked) -> Result<Self, AskError> {
        let stock = &bundle.stock;
        let (reading, within, answer) = asked.answer(stock, 0)?;
        let query: &Query = &reading.query;
        let shelf = stock.shelves.iter().position(|s| s.level == answer.level && s.date == answer.date).unwrap_or(0);
        Ok(Self {
            places: places(stock, &stock.shelves[shelf], (query, within.as_ref()))?,
            columns: query.columns(stock)?,
            query: answer.query,
            bundle,
            shelf,
        })
    }

    fn numbers(&self, place: usize) -> (Count, Count) {
        let numbers = self.bundle.stock.shelves[self.shelf].numbers(place);
        (Count::sum(self.columns.iter().map(|&c| numbers[c])), numbers[0])
    }

    fn geojson(&self) -> Value {
        let (stock, of) = (&self.bundle.stock, &self.bundle.stock.shelves[self.shelf]);
        let feature = |&place: &usize| {
            let (n, base) = self.numbers(place);
            json!({
                "type": "Feature", "id": of.ids[place], "geometry": self.bundle.outline(self.shelf, place),
                "properties": {"id": of.ids[place], "label": of.label(place), "date": of.date, "n": n.value(), "status": n.status().name(), "base": base.value()},
            })
        };
        json!({
            "type": "FeatureCollection", "query": self.query, "title": stock.title, "attribution": stock.attribution, "method": stock.method,
            "features": self.places.iter().map(feature).collect::<Vec<_>>(),
        })
    }

    /// With `;` and a byte order mark where a German Excel is to open it by a double click.
    fn csv(&self, excel: bool) -> String {
        let of = &self.bundle.stock.shelves[self.shelf];
        let separator = if excel { ';' } else { ',' };
        let mut text = if excel { "\u{feff}".to_owned() } else { String::new() };
        let line = |cells: [&str; 6]| cells.map(|cell| quoted(cell, separator)).join(&separator.to_string()) + "\r\n";
        text += &line(["id", "label", "date", "n", "status", "base"]);
        let date = of.date.as_deref().unwrap_or("");
        for &place in &self.places {
            let (n, base) = self.numbers(place);
            let number = |count: Count| count.value().map_or_else(String::new, |n| n.to_string());
            text += &line([&of.ids[place], of.label(place), date, &number(n), n.status().name(), &number(base)]);
        }
        text
    }

    /// A GeoPackage, made in a file that is gone afterwards.
    fn geopackage(&self) -> Result<Vec<u8>, crate::error::Error> {
        let (stock, of) = (&self.bundle.stock, &self.bundle.stock.shelves[self.shelf]);
        let place = |&place: &usize| {
            let (n, base) = self.numbers(place);
            Selected {
                id: &of.ids[place],
                label: of.label(place),
                n: (n.value(), n.status().name()),
                base: base.value(),
                outline: self.bundle.outline(self.shelf, place),
            }
        };
        Selection {
            table: &of.name,
            title: &format!("{}: {}", stock.title, self.query),
            description: &format!("{}; {}", stock.attribution, stock.method),
            date: of.date.as_deref(),
            places: self.places.iter().map(place).collect(),
        }
        .geopackage()
    }
}

/// All places of a level with the group's number, as CSV, GeoJSON or GeoPackage.
pub(super) fn select(bundle: &Loaded, asked: &Asked, (kind, language): (&str, Language)) -> Response {
    let chosen = match Chosen::new(bundle, asked) {
        Ok(chosen) => chosen,
        Err(error) => return reply::unanswered(&error, language),
    };
    let (mut response, name) = match kind {
        "select.geojson" => return reply::of_type("application/geo+json", chosen.geojson().to_string()),
        "select.gpkg" => match chosen.geopackage() {
            Ok(bytes) => (reply::of_type("application/geopackage+sqlite3", bytes), "attachment; filename=\"auswahl.gpkg\""),
            Err(_) => return reply::problem(StatusCode::INTERNAL_SERVER_ERROR, "the GeoPackage cannot be made"),
        },
        _ => (reply::of_type("text/csv; charset=utf-8", chosen.csv(asked.excel)), "attachment; filename=\"auswahl.csv\""),
    };
    response.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    response
}

/// A cell of a table; what a spreadsheet would take for a formula is quoted with an apostrophe.
fn quoted(cell: &str, separator: char) -> String {
    let formula = cell.starts_with(['=', '+', '@']) || (cell.starts_with('-') && cell.parse::<f64>().is_err());
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([separator, '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}
