//! `legend.json`: classes and colours of every published number, for pages and reports. Classes of a level are the same at all dates.

use serde_json::{Map, Value, json};

use crate::confidential::{Level, Release};
use crate::error::{Error, Language};
use crate::export::style::rule::{axis_label, label};
use crate::export::{ExportOptions, about};
use crate::grid::GridSize;
use crate::layer::{Classes, Pair, Palette, Square, Symbology, Theme, ZoomPlan, layers};

pub(in crate::export) fn legend(release: &Release, symbology: &Symbology, options: &ExportOptions) -> Result<Value, Error> {
    let lattice = &release.lattice;
    let zooms = ZoomPlan::of(release)?;
    let language = options.language;
    let fields = layers(release).first().map(|layer| layer.fields.clone()).unwrap_or_default();
    let level = |level: Level| {
        let shown = match level {
            Level::Grid(size) => zooms.zooms_of(size),
            Level::Areas(_) => Some(0..=ZoomPlan::MAX_ZOOM),
        };
        let field = |(column, field): (usize, &crate::layer::Field)| {
            let theme = symbology.theme(level, column);
            let mut told = numbers(theme, language);
            told.insert("label".to_owned(), about::label(field, language).into());
            if let Some(shares) = &theme.shares {
                told.insert(
                    "shares".to_owned(),
                    json!({ "unit": "thousandths of the total", "method": "jenks", "classes": classes(shares, true, language) }),
                );
            }
            (field.name.clone(), Value::Object(told))
        };
        json!({
            "level": lattice.level_name(level),
            "minzoom": shown.as_ref().map(|zooms| *zooms.start()),
            "maxzoom": shown.as_ref().map(|zooms| *zooms.end()),
            "fields": fields.iter().enumerate().map(field).collect::<Map<_, _>>(),
        })
    };
    let palette = Palette::DEFAULT;
    let status = |color: Value, en: &str, de: &str| json!({ "color": color, "en": en, "de": de });
    let mut suppressed =
        status(palette.suppressed.into(), "withheld to protect persons", "zum Schutz von Personen geheim gehalten");
    suppressed["hatch"] = palette.hatch.into();
    let mut uncertain = status(palette.uncertain.into(), "uncertain", "unsicher");
    uncertain["opacity"] = Palette::UNCERTAIN_OPACITY.into();
    Ok(json!({
        "title": options.title,
        "attribution": options.attribution,
        "method": release.method,
        "parameters": about::parameters_json(release),
        "field": fields.get(Symbology::first_shown(lattice)).map(|field| &field.name),
        "dates": lattice.dates,
        "statuses": {
            "zero": status(palette.zero.into(), "zero", "null"),
            "suppressed": suppressed,
            "uncertain": uncertain,
            "none": status(Value::Null, "no data", "keine Daten"),
        },
        "levels": lattice.levels().into_iter().map(level).collect::<Vec<_>>(),
        "bivariate": symbology.pairs().iter().map(|pair| bivariate(release, pair, &fields, language)).collect::<Vec<_>>(),
    }))
}

/// A map of two numbers: `colors[i][j]` is that of class i of the first and class j of the second.
fn bivariate(release: &Release, pair: &Pair, fields: &[crate::layer::Field], language: Language) -> Value {
    let lattice = &release.lattice;
    let level = |level: Level| {
        let theme = pair.theme(level);
        let axis = |classes: &Classes| {
            let class = |(i, class): (usize, &crate::layer::Class)| json!({ "from": class.from, "to": class.to, "label": axis_label(&classes.0, i, pair.share, language) });
            classes.0.iter().enumerate().map(class).collect::<Value>()
        };
        json!({
            "level": lattice.level_name(level),
            "methods": theme.divisions.each_ref().map(|division| division.name()),
            "per_square_of_m": theme.per.map(GridSize::metres),
            "axes": theme.axes.each_ref().map(axis),
            "colors": Square::colors(theme.axes.each_ref().map(|classes| classes.0.len())),
        })
    };
    let of = pair.columns.map(|column| &fields[column]);
    json!({
        "name": pair.name,
        "fields": of.map(|field| &field.name),
        "labels": of.map(|field| about::label(field, language)),
        "unit": if pair.share { "thousandths of the total" } else { "number" },
        "levels": lattice.levels().into_iter().map(level).collect::<Vec<_>>(),
    })
}

fn numbers(theme: &Theme, language: Language) -> Map<String, Value> {
    let Value::Object(told) = json!({
        "method": theme.division.name(),
        "palette": theme.ramp.name,
        "per_square_of_m": theme.per.map(GridSize::metres),
        "classes": classes(&theme.classes, false, language),
    }) else {
        unreachable!("an object")
    };
    told
}

fn classes(classes: &Classes, share: bool, language: Language) -> Value {
    let class = |class: &crate::layer::Class| json!({ "from": class.from, "to": class.to, "color": class.color, "label": label(class, share, language) });
    classes.0.iter().map(class).collect()
}
