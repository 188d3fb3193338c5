//! Styles and legends of a bundle: every MapLibre style names known layers, and its classes have the bounds and colours of `legend.json`.

use std::path::PathBuf;

use serde_json::Value;

use crate::verify::{Context, Findings, Problem, Verified, labels, tiles};

const FILE: &str = "legend.json";

pub(super) fn check(context: &Context<'_>) -> Verified {
    let mut findings = Findings::of(FILE);
    let legend = match std::fs::read(context.bundle.join(FILE)).map(|text| serde_json::from_slice::<Value>(&text)) {
        // Where it should be there, its hash is missed.
        Err(_) => return findings.skipped("styles"),
        Ok(Err(_)) => {
            findings.add("", Problem::StyleForm);
            return findings.into_part(vec![("styles", 1)]);
        }
        Ok(Ok(legend)) => legend,
    };
    let mut told = 1;
    for path in styles(context) {
        told += 1;
        let name = path.strip_prefix(context.bundle).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        let mut of_file = Findings::of(name);
        match std::fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok()) {
            Some(style) => check_style(context, &legend, &style, &mut of_file),
            None => of_file.add("", Problem::StyleForm),
        }
        findings.join(of_file);
    }
    findings.into_part(vec![("styles", told)])
}

/// Every MapLibre style there is.
fn styles(context: &Context<'_>) -> Vec<PathBuf> {
    let own = ["style.json", "style_dark.json"].map(|name| context.bundle.join(name)).into_iter().filter(|path| path.exists());
    let further = std::fs::read_dir(context.bundle.join("styles")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = own.chain(further.filter(|path| path.extension().is_some_and(|e| e == "json"))).collect();
    paths.sort();
    paths
}

fn check_style(context: &Context<'_>, legend: &Value, style: &Value, findings: &mut Findings) {
    let levels = &style["metadata"]["kleinraum:legend"]["levels"];
    let (Some(levels), Some(layers)) = (levels.as_array(), style["layers"].as_array()) else {
        findings.add("", Problem::StyleForm);
        return;
    };
    let described = &context.description.layers;
    for layer in layers {
        let Some(source) = layer["source-layer"].as_str() else { continue };
        let place = layer["id"].as_str().unwrap_or_default().to_owned();
        let known = described.iter().any(|l| l.name == source && l.minzoom.is_some());
        if !known && !tiles::is_extent_layer(source) && !labels::is_layer(source) {
            findings.add(place.clone(), Problem::StyleLayer);
        }
        let Some(class) = place.strip_prefix(source).and_then(|rest| rest.strip_prefix("_class_")) else { continue };
        let told = levels.iter().find(|level| level["level"] == source).and_then(|level| color(level, class));
        if told.is_none_or(|color| *color != layer["paint"]["fill-color"]) {
            findings.add(place, Problem::StyleColor);
        }
    }
    for level in levels {
        let name = level["level"].as_str().unwrap_or_default();
        let same = described.iter().find(|l| l.name == name).is_some_and(|l| same_as_legend(legend, &l.level, level));
        if !same {
            findings.add(name.to_owned(), Problem::StyleColor);
        }
    }
}

/// The colour a style's own legend gives class `3`, or `1_3` of two numbers.
fn color<'s>(level: &'s Value, class: &str) -> Option<&'s Value> {
    let at = |number: &str| number.parse::<usize>().ok()?.checked_sub(1);
    match class.split_once('_') {
        Some((a, b)) => level["colors"].get(at(a)?)?.get(at(b)?),
        None => level["classes"].get(at(class)?)?.get("color"),
    }
}

/// Whether a style's legend of a level says what `legend.json` says.
fn same_as_legend(legend: &Value, level: &str, told: &Value) -> bool {
    let of_level = |levels: &'_ Value| -> Option<Value> { levels.as_array()?.iter().find(|l| l["level"] == level).cloned() };
    let bounds = |a: &Value, b: &Value| ["from", "to", "color"].iter().all(|key| a.get(key) == b.get(key));
    let same = |a: &Value, b: &Value| match (a.as_array(), b.as_array()) {
        (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| bounds(a, b)),
        (a, b) => a.is_none_or(Vec::is_empty) && b.is_none_or(Vec::is_empty),
    };
    if told.get("fields").is_some() {
        let pairs = legend["bivariate"].as_array().into_iter().flatten();
        let pair = pairs.into_iter().find(|pair| pair["fields"] == told["fields"] && pair["unit"] == told["unit"]);
        let known = pair.and_then(|pair| of_level(&pair["levels"]));
        return known.is_some_and(|known| {
            known["colors"] == told["colors"]
                && [0, 1].iter().all(|&axis: &usize| same(&known["axes"][axis], &told["axes"][axis]))
        });
    }
    let Some(known) = of_level(&legend["levels"]) else { return false };
    let field = &known["fields"][told["field"].as_str().unwrap_or_default()];
    let classes = if told["unit"] == "number" { &field["classes"] } else { &field["shares"]["classes"] };
    same(classes, &told["classes"])
}
