//! What the page reads: what a bundle is about, and the published numbers of a layer in columns.

use serde_json::{Value, json};

use crate::ask::{Shelf, Stock};
use crate::confidential::Status;
use crate::serve::loaded::Bounds;

/// What a bundle is about.
pub(super) fn description(stock: &Stock, (name, version): (&str, &str), bounds: Bounds) -> Value {
    let columns = stock.columns.iter().map(|column| {
        json!({"field": column.field, "status": column.status_field, "dimensions": column.dimensions, "group": column.group})
    });
    let layers = stock.shelves.iter().map(|shelf| {
        json!({
            "name": shelf.name, "level": shelf.level, "date": shelf.date, "size_m": shelf.size.map(|s| s.metres()),
            "zooms": shelf.zooms, "places": shelf.ids.len(),
        })
    });
    let dimensions = stock.dimensions.iter().map(|d| {
        let synonyms: serde_json::Map<_, _> = d.synonyms.iter().map(|(word, meant)| (word.clone(), json!(meant))).collect();
        json!({"name": d.name, "label": d.label, "categories": d.categories, "synonyms": synonyms})
    });
    json!({
        "name": name,
        "version": version,
        "kleinraum": env!("CARGO_PKG_VERSION"),
        "title": stock.title,
        "attribution": stock.attribution,
        "method": stock.method,
        "parameters": stock.parameters,
        "dates": stock.dates,
        "dimensions": dimensions.collect::<Vec<_>>(),
        "columns": columns.collect::<Vec<_>>(),
        "layers": layers.collect::<Vec<_>>(),
        "bounds": bounds.map(six),
    })
}

/// The numbers of a layer by column: `null` where withheld; which ones are uncertain or not there is listed beside them. Areas tell their names and
/// bounds, cells are known by their codes.
pub(super) fn level(shelf: &Shelf, boxes: &[Option<Bounds>]) -> Value {
    let places = || 0..shelf.ids.len();
    let column = |column: usize| places().map(|at| shelf.numbers(at)[column].value()).collect::<Vec<_>>();
    let of_status = |status: Status| -> Vec<[usize; 2]> {
        let found = |at: usize| {
            let numbers = shelf.numbers(at).iter().enumerate();
            numbers.filter(move |(_, number)| number.status() == status).map(move |(column, _)| [at, column])
        };
        places().flat_map(found).collect()
    };
    let columns = if shelf.ids.is_empty() { 0 } else { shelf.numbers(0).len() };
    let areas = shelf.size.is_none();
    json!({
        "layer": shelf.name,
        "ids": shelf.ids,
        "labels": areas.then(|| places().map(|at| shelf.label(at)).collect::<Vec<_>>()),
        "bounds": areas.then(|| boxes.iter().map(|b| b.map(|b| b.map(six))).collect::<Vec<_>>()),
        "numbers": (0..columns).map(column).collect::<Vec<_>>(),
        "none": of_status(Status::None),
        "uncertain": of_status(Status::Uncertain),
    })
}

/// A tenth of a metre.
fn six(degrees: f64) -> f64 {
    (degrees * 1e6).round() / 1e6
}
