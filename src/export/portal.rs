//! `masterportal.json`: what goes into a Masterportal's `services.json`, `style_v3.json` and `config.json`. Addresses are relative to where the
//! bundle is published; the editor puts its address in front.

use serde_json::{Map, Value, json};

use crate::confidential::{Level, Release};
use crate::export::style::{Look, Rule, Subject, rules};
use crate::export::{ExportOptions, about};
use crate::layer::{Layer, Palette, Symbology, ZoomPlan, layers, rgb};

pub(super) fn masterportal(release: &Release, symbology: &Symbology, options: &ExportOptions, formats: &[&str]) -> Value {
    let latest = release.lattice.dates.last().and_then(|date| date.as_deref());
    let layers: Vec<Layer<'_>> = layers(release).into_iter().filter(|layer| layer.date == latest).collect();
    let (mut services, mut styles, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    let id = |name: &str| format!("{}-{name}", options.stem);
    let dataset =
        json!([{ "md_name": options.title, "rs_id": options.stem, "bbox": Value::Null, "kategorie_opendata": ["Bevölkerung"] }]);
    if formats.contains(&"tiles") {
        services.push(json!({
            "id": id("tiles"),
            "name": options.title,
            "typ": "VectorTile",
            "url": "tiles/{z}/{x}/{y}.pbf",
            "epsg": "EPSG:3857",
            // No `minZoom`: a Masterportal would take it as a wish for a tile grid of its own, that of Hamburg.
            "maxZoom": ZoomPlan::MAX_ZOOM,
            "vtStyles": [
                { "id": "light", "name": "hell", "url": "style.json", "defaultStyle": true },
                { "id": "dark", "name": "dunkel", "url": "style_dark.json" },
            ],
            "gfiAttributes": "showAll",
            "layerAttribution": options.attribution,
            "datasets": dataset,
        }));
        shown.push(json!({ "id": id("tiles"), "visibility": true }));
    }
    if formats.contains(&"geojson") {
        for layer in &layers {
            let subject =
                Subject { layer, symbology, options, column: Symbology::first_shown(layer.lattice), share: false, pair: None };
            let attributes: Map<String, Value> =
                about::aliases(layer, options.language).into_iter().map(|(name, alias)| (name, alias.into())).collect();
            services.push(json!({
                "id": id(&layer.name),
                "name": format!("{}: {}", options.title, layer.name),
                "typ": "GeoJSON",
                "version": "1.0",
                "url": format!("geojson/{}.geojson", layer.name),
                "crs": "EPSG:4326",
                "styleId": id(&layer.name),
                "legend": true,
                "gfiAttributes": attributes,
                "gfiTheme": "default",
                "layerAttribution": options.attribution,
                "datasets": dataset,
            }));
            styles.push(json!({ "styleId": id(&layer.name), "rules": style_rules(&subject) }));
            // Areas are few; cells of fine sizes would be a burden to a browser, and are in the tiles.
            if !formats.contains(&"tiles") || matches!(layer.level, Level::Areas(_)) {
                shown.push(json!({ "id": id(&layer.name), "visibility": false }));
            }
        }
    }
    json!({ "services.json": services, "style_v3.json": styles, "config.json": { "subjectlayer": { "elements": shown } } })
}

/// Rules as a Masterportal wants them: a range is from its first number to before its second.
fn style_rules(subject: &Subject<'_>) -> Vec<Value> {
    let field = &subject.layer.fields[subject.column];
    let theme = subject.symbology.theme(subject.layer.level, subject.column);
    let outline = if matches!(subject.layer.level, Level::Areas(_)) { Palette::DEFAULT.outline } else { "#ffffff" };
    let [red, green, blue] = rgb(outline);
    let mut classes = theme.classes.with_bounds();
    let rule = |Rule { name, label, look, .. }: Rule| {
        let condition = match name.as_str() {
            "zero" => json!({ field.name.as_str(): 0 }),
            "suppressed" | "uncertain" => json!({ field.status_name.as_str(): name }),
            // No data has no rule, and is not drawn.
            "none" => return None,
            _ => {
                let (class, _, below) = classes.next()?;
                json!({ field.name.as_str(): [class.from, below.unwrap_or(class.to + 1)] })
            }
        };
        let (color, opacity) = match look {
            Look::Fill(color) | Look::Hatched(color, _) => (color, 0.85),
            Look::Veil(color, opacity) => (color, opacity),
            Look::Blank => return None,
        };
        let [r, g, b] = rgb(color);
        let mut style = json!({
            "polygonFillColor": [r, g, b, opacity],
            "polygonStrokeColor": [red, green, blue, 0.6],
            "polygonStrokeWidth": 0.5,
            "legendValue": label,
        });
        if let Look::Hatched(_, lines) = look {
            let [r, g, b] = rgb(lines);
            style["polygonFillHatch"] = json!({ "pattern": "diagonal", "size": 8, "lineWidth": 2, "backgroundColor": style["polygonFillColor"], "patternColor": [r, g, b, 1] });
        }
        Some(json!({ "conditions": { "properties": condition }, "style": style }))
    };
    rules(subject).into_iter().filter_map(rule).collect()
}
