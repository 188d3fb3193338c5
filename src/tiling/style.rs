//! A MapLibre style for the tiles: one layer for each class, plain filters, no sprite and no font, so that QGIS reads it too.

use serde_json::{Value, json};

use crate::confidential::{Level, Release};
use crate::grid::GridSize;
use crate::layer::{Class, Classes, Layer, Palette, ZoomPlan, times};
use crate::tiling::TileOptions;
use crate::tiling::encode::SIZE;
use crate::tiling::metadata::Describes;

/// The source's name in the style.
const SOURCE: &str = "kleinraum";

/// The style. It shows the total count of the latest date's cells, and outlines of areas; the areas' own classes are there but not visible, to be
/// switched on. Cells of several sizes are classed by density.
///
/// `fill-antialias` is off: it would draw a seam around every cell wherever the fill is not opaque (METHODS B1).
pub(super) fn style(release: &Release, layers: &[Layer<'_>], describes: &Describes, options: &TileOptions) -> Value {
    let palette = Palette::DEFAULT;
    let column = Classes::shown_column(release);
    let latest = release.lattice.dates.last().and_then(|date| date.as_deref());
    let mut fills = Vec::new();
    let mut lines = Vec::new();
    let mut legend = Vec::new();
    for layer in layers {
        let Some(described) = describes.layers.iter().find(|d| d.name == layer.name) else { continue };
        let Some(field) = layer.fields.get(column) else { continue };
        let (first, last) = (*described.zooms.start(), *described.zooms.end());
        let place = Place { layer: &layer.name, first, last };
        let areas = matches!(layer.level, Level::Areas(_));
        let visible = layer.date == latest && !areas;
        let largest = release.lattice.joined.filter(|_| layer.adaptive());
        let classes = match largest {
            Some(largest) => Classes::densities(layer, column, largest).0,
            None => Classes::quantiles(layer, column).0,
        };
        let (name, status) = (field.name.as_str(), field.status_name.as_str());
        fills.push(place.fill("suppressed", json!(["==", status, "suppressed"]), palette.suppressed, visible));
        fills.push(place.fill("zero", json!(["==", name, 0]), palette.zero, visible));
        for (i, class) in classes.iter().enumerate() {
            let bounds = ((i > 0).then_some(class.from), classes.get(i + 1).map(|next| next.from));
            let mut filter = vec![json!("all"), json!(["has", name]), json!(["!=", name, 0])];
            match largest {
                Some(largest) => filter.push(dense(release, (layer, largest), name, bounds)),
                None => filter.extend(between(name, bounds)),
            }
            fills.push(place.fill(&format!("class_{}", i + 1), filter.into(), class.color, visible));
        }
        let mut uncertain = place.fill("uncertain", json!(["==", status, "uncertain"]), palette.uncertain, visible);
        uncertain["paint"]["fill-opacity"] = json!(0.45);
        fills.push(uncertain);
        if areas && layer.date == latest {
            lines.push(place.outline(palette.outline));
        }
        legend.push(json!({
            "level": layer.name,
            "minzoom": first,
            "maxzoom": last,
            "field": name,
            "label": field.label,
            "classes": classes.iter().map(class_legend).collect::<Value>(),
            "per_square_of_m": largest.map(|largest| largest.metres()),
        }));
    }
    let ([west, south, east, north], (lon, lat, zoom)) = (describes.bounds_deg, describes.center);
    let url = if options.formats.contains(&super::TileFormat::PmTiles) { "pmtiles://tiles.pmtiles" } else { "tiles.json" };
    let mut style_layers =
        vec![json!({ "id": "background", "type": "background", "paint": { "background-color": palette.background } })];
    if let Some(extent) = describes.layers.iter().find(|d| d.fields.is_empty()) {
        let place = Place { layer: &extent.name, first: *extent.zooms.start(), last: *extent.zooms.end() };
        style_layers.push(place.fill("extent", json!(["==", "$type", "Polygon"]), palette.classes[1], true));
    }
    style_layers.extend(fills);
    style_layers.extend(lines);
    json!({
        "version": 8,
        "name": options.title,
        "metadata": {
            "kleinraum:legend": {
                "levels": legend,
                "zero": { "color": palette.zero, "en": "zero", "de": "null" },
                "suppressed": { "color": palette.suppressed, "en": "withheld to protect persons", "de": "zum Schutz von Personen geheim gehalten" },
                "uncertain": { "color": palette.uncertain, "opacity": 0.45, "en": "uncertain", "de": "unsicher" },
                "none": { "color": Value::Null, "en": "no data", "de": "keine Daten" },
            },
        },
        "center": [lon, lat],
        "zoom": zoom,
        "sources": {
            SOURCE: { "type": "vector", "url": url, "attribution": options.attribution, "bounds": [west, south, east, north] },
        },
        "layers": style_layers,
    })
}

/// Numbers from the first bound up to, not including, the second.
fn between(name: &str, (from, below): (Option<i64>, Option<i64>)) -> impl Iterator<Item = Value> {
    let (from, below) = (from.map(|from| json!([">=", name, from])), below.map(|below| json!(["<", name, below])));
    from.into_iter().chain(below)
}

/// The same of densities, size by size, so that plain filters do: a number of persons in as much land as a cell of the largest size has.
fn dense(
    release: &Release,
    (layer, largest): (&Layer<'_>, GridSize),
    name: &str,
    (from, below): (Option<i64>, Option<i64>),
) -> Value {
    let sizes = release.lattice.sizes.as_slice().iter().filter(|&&size| size <= largest && Level::Grid(size) >= layer.level);
    let of_size = |&size: &GridSize| -> Value {
        let scaled = |bound: i64| bound.div_euclid(times(size, largest)) + i64::from(bound.rem_euclid(times(size, largest)) > 0);
        let mut filter = vec![json!("all"), json!(["==", SIZE, size.metres()])];
        filter.extend(between(name, (from.map(scaled), below.map(scaled))));
        filter.into()
    };
    std::iter::once(json!("any")).chain(sizes.map(of_size)).collect()
}

/// A layer of the tiles and the zooms that show it.
struct Place<'p> {
    layer: &'p str,
    first: u8,
    last: u8,
}

impl Place<'_> {
    fn fill(&self, what: &str, filter: Value, color: &str, visible: bool) -> Value {
        let mut layer = self.part(what, "fill", json!({ "fill-color": color, "fill-antialias": false, "fill-opacity": 1 }));
        layer["filter"] = filter;
        if !visible {
            layer["layout"] = json!({ "visibility": "none" });
        }
        layer
    }

    fn outline(&self, color: &str) -> Value {
        let width = json!(["interpolate", ["linear"], ["zoom"], 5, 0.3, 9, 0.8, 14, 2]);
        let mut layer = self.part("outline", "line", json!({ "line-color": color, "line-width": width, "line-opacity": 0.8 }));
        layer["layout"] = json!({ "line-join": "round" });
        layer
    }

    fn part(&self, what: &str, kind: &str, paint: Value) -> Value {
        let mut layer = json!({
            "id": format!("{}_{what}", self.layer),
            "type": kind,
            "source": SOURCE,
            "source-layer": self.layer,
        });
        // Without limits at the ends, the first and the last zoom go on below and above.
        if self.first > 0 {
            layer["minzoom"] = json!(self.first);
        }
        if self.last < ZoomPlan::MAX_ZOOM {
            layer["maxzoom"] = json!(self.last + 1);
        }
        layer["paint"] = paint;
        layer
    }
}

fn class_legend(class: &Class) -> Value {
    json!({ "from": class.from, "to": class.to, "color": class.color })
}
