//! TileJSON 3.0.0, and the list `vector_layers` that all archives carry.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::verify::description::Description;
use crate::verify::{Context, Findings, Problem, Verified, labels, tiles};

const FILE: &str = "tiles.json";

pub(super) fn check(context: &Context<'_>) -> Verified {
    let mut findings = Findings::of(FILE);
    let tiled = ["pmtiles", "mbtiles", "tiles"].into_iter().any(|format| context.description.has(format));
    if !tiled {
        return findings.skipped("tilejson");
    }
    match std::fs::read(context.bundle.join(FILE)).map(|text| serde_json::from_slice::<Value>(&text)) {
        Err(_) => findings.add("", Problem::FileMissing),
        Ok(Err(_)) => findings.add("", Problem::TileJsonForm),
        Ok(Ok(document)) => check_document(context.description, &document, &mut findings),
    }
    findings.into_part(vec![("tilejson", 1)])
}

fn check_document(description: &Description, document: &Value, findings: &mut Findings) {
    let version = document.get("tilejson").and_then(Value::as_str);
    let addresses = document.get("tiles").and_then(Value::as_array);
    if version != Some("3.0.0") || addresses.is_none_or(|t| t.is_empty() || !t.iter().all(Value::is_string)) {
        findings.add("", Problem::TileJsonForm);
    }
    check_vector_layers(description, document.get("vector_layers"), findings);
    let zoom = |name| document.get(name).and_then(Value::as_u64);
    let layers = || document.get("vector_layers").and_then(Value::as_array).into_iter().flatten();
    let of = |name: &'static str| layers().filter_map(move |layer| layer.get(name).and_then(Value::as_u64));
    let of_layers = (of("minzoom").min(), of("maxzoom").max());
    if (zoom("minzoom"), zoom("maxzoom")) != of_layers {
        findings.add("", Problem::TileJsonZooms);
    }
    if let Some(bounds) = document.get("bounds") {
        let bounds: Option<Vec<f64>> = bounds.as_array().and_then(|b| b.iter().map(Value::as_f64).collect());
        if bounds.is_none_or(|b| b.len() != 4 || !are_bounds(&b)) {
            findings.add("", Problem::TileJsonBounds);
        }
    }
}

/// West, south, east, north in degrees, with an area.
pub(super) fn are_bounds(bounds: &[f64]) -> bool {
    matches!(*bounds, [w, s, e, n] if w >= -180.0 && e <= 180.0 && s >= -90.0 && n <= 90.0 && w < e && s < n)
}

/// Every layer that tiles show is named once, with every attribute of a number and its status and none that `run.json` does not know.
pub(super) fn check_vector_layers(description: &Description, layers: Option<&Value>, findings: &mut Findings) {
    let Some(layers) = layers.and_then(Value::as_array) else {
        findings.add("vector_layers", Problem::VectorLayers);
        return;
    };
    let mut named = BTreeSet::new();
    let numbers: BTreeSet<&str> = description.fields.iter().flat_map(|f| [f.name.as_str(), f.status_name.as_str()]).collect();
    for layer in layers {
        let id = layer.get("id").and_then(Value::as_str).unwrap_or_default();
        if tiles::is_extent_layer(id) && layer.get("fields").and_then(Value::as_object).is_some_and(|f| f.is_empty()) {
            continue;
        }
        let names_only = |fields: &serde_json::Map<String, Value>| {
            fields.len() == labels::ATTRIBUTES.len() && labels::ATTRIBUTES.iter().all(|name| fields.contains_key(*name))
        };
        let unnamed = description.layers.iter().all(|l| l.name != id);
        if unnamed && labels::is_layer(id) && layer.get("fields").and_then(Value::as_object).is_some_and(names_only) {
            continue;
        }
        let described = description.layers.iter().find(|l| l.name == id && l.minzoom.is_some());
        let fields = layer.get("fields").and_then(Value::as_object);
        let (Some(described), Some(fields), true) = (described, fields, named.insert(id)) else {
            findings.add(format!("vector_layers, {id}"), Problem::VectorLayers);
            continue;
        };
        let complete = numbers.iter().all(|name| fields.contains_key(*name));
        let known = fields.keys().all(|name| numbers.contains(name.as_str()) || tiles::is_unit_attribute(name));
        if !complete || !known {
            findings.add(format!("vector_layers, {id}"), Problem::VectorLayers);
        }
        for (name, zoom) in [("minzoom", described.minzoom), ("maxzoom", described.maxzoom)] {
            if layer.get(name).is_some_and(|z| z.as_u64() != zoom.map(u64::from)) {
                findings.add(format!("vector_layers, {id}"), Problem::VectorLayerZooms);
            }
        }
    }
    for layer in description.layers.iter().filter(|l| l.minzoom.is_some() && !named.contains(l.name.as_str())) {
        findings.add(format!("vector_layers, {}", layer.name), Problem::VectorLayers);
    }
}
