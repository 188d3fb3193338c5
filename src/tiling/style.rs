//! MapLibre styles for the tiles: one layer for each class, no sprite, so that QGIS reads them too. Counts have plain filters, as QGIS 3.22 wants them;
//! shares divide, which takes expressions (MapLibre, QGIS from 3.40).

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::confidential::{Level, Release};
use crate::grid::GridSize;
use crate::layer::{Class, Classes, Layer, Pair, PairClass, Palette, Square, Symbology, ZoomPlan, times};
use crate::tiling::encode::SIZE;
use crate::tiling::labels::LEVEL;
use crate::tiling::metadata::Describes;
use crate::tiling::{TileFormat, TileOptions, TilingError, write_json};

/// The source's name in the styles.
const SOURCE: &str = "kleinraum";

/// What all styles of a bundle are made from.
pub(super) struct Styles<'s> {
    pub(super) release: &'s Release,
    pub(super) symbology: &'s Symbology,
    pub(super) layers: &'s [Layer<'s>],
    pub(super) describes: &'s Describes,
    pub(super) options: &'s TileOptions,
}

/// One style: which number (or two), in which form, of which date, on cells or on the areas of a system, on which ground, and how the way from its file to the
/// bundle's folder begins.
#[derive(Clone, Copy)]
struct Shown<'s> {
    column: usize,
    share: bool,
    pair: Option<&'s Pair>,
    date: Option<&'s str>,
    areas: Option<usize>,
    palette: Palette,
    up: &'static str,
}

impl Styles<'_> {
    /// Writes `style.json`, `style_dark.json` and the styles of single numbers, areas and earlier dates.
    pub(super) fn write(&self, folder: &Path) -> Result<(), TilingError> {
        let lattice = &self.release.lattice;
        let column = Symbology::first_shown(lattice);
        let date = lattice.dates.last().and_then(|date| date.as_deref());
        let first = Shown { column, share: false, pair: None, date, areas: None, palette: Palette::DEFAULT, up: "" };
        write_json(&folder.join("style.json"), &self.style(&first))?;
        write_json(&folder.join("style_dark.json"), &self.style(&Shown { palette: Palette::DARK, ..first }))?;
        let folder = folder.join("styles");
        fs::create_dir_all(&folder).map_err(|e| TilingError::write(&folder)(&e))?;
        let write = |name: String, shown: Shown<'_>| write_json(&folder.join(format!("{name}.json")), &self.style(&shown));
        let first = Shown { up: "../", ..first };
        for (system, areas) in lattice.systems.iter().enumerate() {
            write(format!("areas_{}", areas.name), Shown { areas: Some(system), ..first })?;
        }
        for earlier in lattice.dates.iter().flatten().filter(|day| Some(day.as_str()) != date) {
            write(format!("date_{earlier}"), Shown { date: Some(earlier), ..first })?;
        }
        for pair in self.symbology.pairs() {
            let shown = Shown { column: pair.columns[0], share: pair.share, pair: Some(pair), ..first };
            write(pair.name.clone(), shown)?;
            write(format!("{}_dark", pair.name), Shown { palette: Palette::DARK, ..shown })?;
        }
        for column in Symbology::styled(lattice) {
            let Some((layer, field)) = self.layers.first().and_then(|layer| Some((layer, layer.fields.get(column)?))) else {
                continue;
            };
            if column != first.column {
                write(field.name.clone(), Shown { column, ..first })?;
            }
            if self.symbology.theme(layer.level, column).shares.is_some() {
                write(format!("{}_share", field.name), Shown { column, share: true, ..first })?;
            }
        }
        Ok(())
    }

    /// Shows one number, or two, and outlines and names of areas. Cells of several sizes are classed by density. What is not shown is not in the style: QGIS before
    /// 3.28 draws layers that are not visible.
    ///
    /// `fill-antialias` is off: it would draw a seam around every cell wherever the fill is not opaque (METHODS B1).
    fn style(&self, shown: &Shown<'_>) -> Value {
        let Self { release, describes, options, .. } = self;
        let palette = shown.palette;
        let (mut fills, mut lines, mut labels, mut legend) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let names = describes.layers.iter().find(|d| d.labels).map(|d| d.name.as_str());
        for layer in self.layers {
            let Some(described) = describes.layers.iter().find(|d| d.name == layer.name) else { continue };
            if layer.fields.len() <= shown.column {
                continue;
            }
            let place = Place { layer: &layer.name, first: *described.zooms.start(), last: *described.zooms.end() };
            let system = if let Level::Areas(system) = layer.level { Some(system) } else { None };
            let level = layer.lattice.level_name(layer.level);
            if layer.date == shown.date && system == shown.areas {
                fills.extend(self.fills(layer, shown, &place));
            }
            if system.is_some() && layer.date == shown.date {
                lines.push(place.outline(palette.outline));
                labels.extend(names.map(|names| place.names(&palette, names, &level)));
            }
            legend.push(self.legend(layer, shown, &place));
        }
        let ([west, south, east, north], (lon, lat, zoom)) = (describes.bounds_deg, describes.center);
        let url = match options.formats.contains(&TileFormat::PmTiles) {
            true => format!("pmtiles://{}tiles.pmtiles", shown.up),
            false => format!("{}tiles.json", shown.up),
        };
        let mut style_layers =
            vec![json!({ "id": "background", "type": "background", "paint": { "background-color": palette.background } })];
        if let Some(extent) = describes.layers.iter().find(|d| d.fields.is_empty() && !d.labels) {
            let place = Place { layer: &extent.name, first: *extent.zooms.start(), last: *extent.zooms.end() };
            style_layers.push(place.fill("extent", json!(["==", "$type", "Polygon"]), palette.zero));
        }
        style_layers.extend(fills);
        style_layers.extend(lines);
        style_layers.extend(labels);
        let sources = json!({
            SOURCE: { "type": "vector", "url": url, "attribution": options.attribution, "bounds": [west, south, east, north] },
        });
        let parameters: Map<String, Value> =
            release.parameters.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        json!({
            "version": 8,
            "name": options.title,
            "metadata": {
                "kleinraum:protection": { "method": release.method, "parameters": parameters },
                "kleinraum:legend": {
                    "levels": legend,
                    "zero": { "color": palette.zero, "en": "zero", "de": "null" },
                    "suppressed": { "color": palette.suppressed, "hatch": palette.hatch, "en": "withheld to protect persons", "de": "zum Schutz von Personen geheim gehalten" },
                    "uncertain": { "color": palette.uncertain, "opacity": Palette::UNCERTAIN_OPACITY, "en": "uncertain", "de": "unsicher" },
                    "none": { "color": Value::Null, "en": "no data", "de": "keine Daten" },
                },
            },
            "center": [lon, lat],
            "zoom": zoom,
            "sources": sources,
            "layers": style_layers,
        })
    }

    /// What a level's colours mean.
    fn legend(&self, layer: &Layer<'_>, shown: &Shown<'_>, place: &Place<'_>) -> Value {
        let unit = if shown.share { "thousandths of the total" } else { "number" };
        let mut legend = json!({ "level": layer.name, "minzoom": place.first, "maxzoom": place.last, "unit": unit });
        if let Some(pair) = shown.pair {
            let theme = pair.theme(layer.level);
            let axis = |classes: &Classes| classes.0.iter().map(|c| json!({ "from": c.from, "to": c.to })).collect::<Value>();
            legend["fields"] = pair.columns.iter().map(|&column| layer.fields[column].name.as_str()).collect();
            legend["labels"] = pair.columns.iter().map(|&column| layer.fields[column].label.as_str()).collect();
            legend["axes"] = theme.axes.iter().map(axis).collect();
            legend["colors"] = Square::colors(theme.axes.each_ref().map(|classes| classes.0.len())).into();
            legend["per_square_of_m"] = theme.per.map(GridSize::metres).into();
            return legend;
        }
        let (field, theme) = (&layer.fields[shown.column], self.symbology.theme(layer.level, shown.column));
        let classes = if shown.share { theme.shares.as_ref() } else { Some(&theme.classes) };
        legend["field"] = field.name.as_str().into();
        legend["label"] = field.label.as_str().into();
        legend["classes"] = classes.iter().flat_map(|classes| &classes.0).map(class_legend).collect();
        legend["per_square_of_m"] = theme.per.filter(|_| !shown.share).map(GridSize::metres).into();
        legend
    }

    /// Everything that colours a unit of a layer.
    fn fills(&self, layer: &Layer<'_>, shown: &Shown<'_>, place: &Place<'_>) -> Vec<Value> {
        let columns = shown.pair.map_or_else(|| vec![shown.column], |pair| pair.columns.to_vec());
        let numbers: Vec<&str> = columns.iter().map(|&column| layer.fields[column].name.as_str()).collect();
        let statuses: Vec<&str> = columns.iter().map(|&column| layer.fields[column].status_name.as_str()).collect();
        let either = |status: &str| joined("any", statuses.iter().map(|name| json!(["==", name, status])));
        let palette = shown.palette;
        let zero = joined("all", numbers.iter().map(|name| json!(["==", name, 0])));
        let mut fills =
            vec![place.fill("suppressed", either("suppressed"), palette.suppressed), place.fill("zero", zero, palette.zero)];
        match shown.pair {
            Some(pair) => {
                for class in pair.theme(layer.level).classes() {
                    fills.push(place.fill(&class.name(), self.pair_filter(layer, pair, &class), class.color));
                }
            }
            None => {
                let theme = self.symbology.theme(layer.level, shown.column);
                let none = Classes::default();
                let classes = if shown.share { theme.shares.as_ref().unwrap_or(&none) } else { &theme.classes };
                for (i, (class, from, below)) in classes.with_bounds().enumerate() {
                    let unequal = if shown.share { json!(["!=", ["get", numbers[0]], 0]) } else { json!(["!=", numbers[0], 0]) };
                    let mut filter = vec![json!("all"), json!(["has", numbers[0]]), unequal];
                    filter.extend(self.bounds(layer, (numbers[0], shown.share), theme.per, (from, below)));
                    fills.push(place.fill(&format!("class_{}", i + 1), filter.into(), class.color));
                }
            }
        }
        let mut uncertain = place.fill("uncertain", either("uncertain"), palette.uncertain);
        uncertain["paint"]["fill-opacity"] = json!(Palette::UNCERTAIN_OPACITY);
        fills.push(uncertain);
        fills
    }

    /// Both numbers are published, not both are zero, and each is in its class.
    fn pair_filter(&self, layer: &Layer<'_>, pair: &Pair, class: &PairClass) -> Value {
        let names = pair.columns.map(|column| layer.fields[column].name.as_str());
        let unequal = |name: &str| if pair.share { json!(["!=", ["get", name], 0]) } else { json!(["!=", name, 0]) };
        let mut filter = vec![json!("all"), json!(["has", names[0]]), json!(["has", names[1]])];
        filter.push(joined("any", names.into_iter().map(unequal)));
        for (name, bounds) in names.into_iter().zip(class.bounds) {
            filter.extend(self.bounds(layer, (name, pair.share), pair.theme(layer.level).per, bounds));
        }
        filter.into()
    }

    /// Conditions for a number, or its share, to be between two bounds; where cells have several sizes, of density.
    fn bounds(
        &self,
        layer: &Layer<'_>,
        (name, is_share): (&str, bool),
        per: Option<GridSize>,
        bounds: (Option<i64>, Option<i64>),
    ) -> Vec<Value> {
        match (is_share, per) {
            (true, _) => share(name, &layer.fields[Symbology::first_shown(layer.lattice)].name, bounds),
            (false, Some(largest)) => vec![dense(self.release, (layer, largest), name, bounds)],
            (false, None) => between(name, bounds).collect(),
        }
    }
}

/// One condition of several; of one alone itself.
fn joined(word: &str, mut conditions: impl ExactSizeIterator<Item = Value>) -> Value {
    match conditions.len() {
        1 => conditions.next().expect("there is one"),
        _ => std::iter::once(json!(word)).chain(conditions).collect(),
    }
}

/// Numbers from the first bound up to, not including, the second.
fn between(name: &str, (from, below): (Option<i64>, Option<i64>)) -> impl Iterator<Item = Value> {
    let (from, below) = (from.map(|from| json!([">=", name, from])), below.map(|below| json!(["<", name, below])));
    from.into_iter().chain(below)
}

/// Thousandths of the total between two bounds, where the total is published; without a division, so that nothing is rounded.
fn share(name: &str, total: &str, (from, below): (Option<i64>, Option<i64>)) -> Vec<Value> {
    let (part, times) = (json!(["*", 1000, ["get", name]]), |bound: i64| json!(["*", bound, ["get", total]]));
    let mut filter = vec![json!(["has", total]), json!([">", ["get", total], 0])];
    filter.extend(from.map(|from| json!([">=", part, times(from)])));
    filter.extend(below.map(|below| json!(["<", part, times(below)])));
    filter
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
    fn fill(&self, what: &str, filter: Value, color: &str) -> Value {
        let mut layer = self.part(what, "fill", json!({ "fill-color": color, "fill-antialias": false, "fill-opacity": 1 }));
        layer["filter"] = filter;
        layer
    }

    fn outline(&self, color: &str) -> Value {
        let width = json!(["interpolate", ["linear"], ["zoom"], 5, 0.3, 9, 0.8, 14, 2]);
        let mut layer = self.part("outline", "line", json!({ "line-color": color, "line-width": width, "line-opacity": 0.8 }));
        layer["layout"] = json!({ "line-join": "round" });
        layer
    }

    /// Names of areas, at the points that tiles have for them. The style names no glyphs: the browser's own sans-serif is drawn, and nothing is fetched.
    fn names(&self, palette: &Palette, labels: &str, level: &str) -> Value {
        let paint = json!({ "text-color": palette.label, "text-halo-color": palette.background, "text-halo-width": 1.5, "text-halo-blur": 0.5 });
        let mut layer = self.part("names", "symbol", paint);
        layer["source-layer"] = labels.into();
        layer["filter"] = json!(["==", LEVEL, level]);
        layer["layout"] = json!({
            "text-field": "{label}",
            "text-font": ["sans-serif"],
            "text-size": ["interpolate", ["linear"], ["zoom"], 8, 10, 14, 15],
            "text-max-width": 8,
            "text-padding": 6,
        });
        layer["minzoom"] = json!(self.first.max(9));
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
