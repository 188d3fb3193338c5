//! MapLibre styles for the tiles: one layer for each class, no sprite, so that QGIS reads them too. Counts have plain filters, as QGIS 3.22 wants them;
//! shares divide, which takes expressions (MapLibre, QGIS from 3.40).

use std::fs;
use std::path::Path;

use geo::InteriorPoint;
use serde_json::{Map, Value, json};

use crate::confidential::{Level, Release};
use crate::grid::GridSize;
use crate::layer::{Class, Classes, Layer, Palette, Symbology, ZoomPlan, times};
use crate::tiling::encode::SIZE;
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

/// One style: which number, in which form, of which date, on cells or on the areas of a system, on which ground, and how the way from its file to the
/// bundle's folder begins.
#[derive(Clone, Copy)]
struct Shown<'s> {
    column: usize,
    share: bool,
    date: Option<&'s str>,
    areas: Option<usize>,
    palette: Palette,
    up: &'static str,
}

/// More names than this would make every style heavy: then tiles give them, and a large area has its name in each of its tiles.
const MOST_NAMES: usize = 400;
/// The source of names.
const NAMES: &str = "names";

impl Styles<'_> {
    /// Writes `style.json`, `style_dark.json` and the styles of single numbers, areas and earlier dates.
    pub(super) fn write(&self, folder: &Path) -> Result<(), TilingError> {
        let lattice = &self.release.lattice;
        let column = Symbology::first_shown(lattice);
        let date = lattice.dates.last().and_then(|date| date.as_deref());
        let first = Shown { column, share: false, date, areas: None, palette: Palette::DEFAULT, up: "" };
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

    /// Shows one number, and outlines and names of areas. Cells of several sizes are classed by density. What is not shown is not in the style: QGIS before
    /// 3.28 draws layers that are not visible.
    ///
    /// `fill-antialias` is off: it would draw a seam around every cell wherever the fill is not opaque (METHODS B1).
    fn style(&self, shown: &Shown<'_>) -> Value {
        let Self { release, describes, options, .. } = self;
        let palette = shown.palette;
        let (mut fills, mut lines, mut labels, mut legend) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let names = self.names(shown.date);
        for layer in self.layers {
            let Some(described) = describes.layers.iter().find(|d| d.name == layer.name) else { continue };
            let Some(field) = layer.fields.get(shown.column) else { continue };
            let place = Place { layer: &layer.name, first: *described.zooms.start(), last: *described.zooms.end() };
            let system = if let Level::Areas(system) = layer.level { Some(system) } else { None };
            if layer.date == shown.date && system == shown.areas {
                fills.extend(self.fills(layer, shown, &place));
            }
            if system.is_some() && layer.date == shown.date {
                lines.push(place.outline(palette.outline));
                labels.push(place.names(&palette, names.is_some()));
            }
            let theme = self.symbology.theme(layer.level, shown.column);
            let classes = if shown.share { theme.shares.as_ref() } else { Some(&theme.classes) };
            legend.push(json!({
                "level": layer.name,
                "minzoom": place.first,
                "maxzoom": place.last,
                "field": field.name,
                "label": field.label,
                "unit": if shown.share { "thousandths of the total" } else { "number" },
                "classes": classes.iter().flat_map(|classes| &classes.0).map(class_legend).collect::<Value>(),
                "per_square_of_m": theme.per.filter(|_| !shown.share).map(GridSize::metres),
            }));
        }
        let ([west, south, east, north], (lon, lat, zoom)) = (describes.bounds_deg, describes.center);
        let url = match options.formats.contains(&TileFormat::PmTiles) {
            true => format!("pmtiles://{}tiles.pmtiles", shown.up),
            false => format!("{}tiles.json", shown.up),
        };
        let mut style_layers =
            vec![json!({ "id": "background", "type": "background", "paint": { "background-color": palette.background } })];
        if let Some(extent) = describes.layers.iter().find(|d| d.fields.is_empty()) {
            let place = Place { layer: &extent.name, first: *extent.zooms.start(), last: *extent.zooms.end() };
            style_layers.push(place.fill("extent", json!(["==", "$type", "Polygon"]), palette.zero));
        }
        style_layers.extend(fills);
        style_layers.extend(lines);
        style_layers.extend(labels);
        let mut sources = json!({
            SOURCE: { "type": "vector", "url": url, "attribution": options.attribution, "bounds": [west, south, east, north] },
        });
        if let Some(names) = names {
            sources[NAMES] = json!({ "type": "geojson", "data": names });
        }
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
                    "suppressed": { "color": palette.suppressed, "en": "withheld to protect persons", "de": "zum Schutz von Personen geheim gehalten" },
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

    /// A point inside each area, with its name and the layer it is of; nothing where there are very many areas, or none.
    fn names(&self, date: Option<&str>) -> Option<Value> {
        let mut points = Vec::new();
        for layer in self.layers.iter().filter(|layer| layer.date == date) {
            let Level::Areas(system) = layer.level else { continue };
            for area in &layer.lattice.systems[system].areas {
                let Some(point) = area.outline_lon_lat_deg.interior_point() else { continue };
                let degrees = |deg: f64| (deg * 1e5).round() / 1e5;
                points.push(json!({
                    "type": "Feature",
                    "properties": { "layer": layer.name, "id": area.key, "label": area.label },
                    "geometry": { "type": "Point", "coordinates": [degrees(point.x()), degrees(point.y())] },
                }));
            }
        }
        let few = (1..=MOST_NAMES).contains(&points.len());
        few.then(|| json!({ "type": "FeatureCollection", "features": points }))
    }

    /// Everything that colours a unit of a layer.
    fn fills(&self, layer: &Layer<'_>, shown: &Shown<'_>, place: &Place<'_>) -> Vec<Value> {
        let (field, theme) = (&layer.fields[shown.column], self.symbology.theme(layer.level, shown.column));
        let (name, status, palette) = (field.name.as_str(), field.status_name.as_str(), shown.palette);
        let mut fills = vec![
            place.fill("suppressed", json!(["==", status, "suppressed"]), palette.suppressed),
            place.fill("zero", json!(["==", name, 0]), palette.zero),
        ];
        let total = &layer.fields[Symbology::first_shown(layer.lattice)].name;
        let none = Classes::default();
        let classes = if shown.share { theme.shares.as_ref().unwrap_or(&none) } else { &theme.classes };
        for (i, (class, from, below)) in classes.with_bounds().enumerate() {
            let filter = match (shown.share, theme.per) {
                (true, _) => share(name, total, (from, below)),
                (false, per) => {
                    let mut filter = vec![json!("all"), json!(["has", name]), json!(["!=", name, 0])];
                    match per {
                        Some(largest) => filter.push(dense(self.release, (layer, largest), name, (from, below))),
                        None => filter.extend(between(name, (from, below))),
                    }
                    filter.into()
                }
            };
            fills.push(place.fill(&format!("class_{}", i + 1), filter, class.color));
        }
        let mut uncertain = place.fill("uncertain", json!(["==", status, "uncertain"]), palette.uncertain);
        uncertain["paint"]["fill-opacity"] = json!(Palette::UNCERTAIN_OPACITY);
        fills.push(uncertain);
        fills
    }
}

/// Numbers from the first bound up to, not including, the second.
fn between(name: &str, (from, below): (Option<i64>, Option<i64>)) -> impl Iterator<Item = Value> {
    let (from, below) = (from.map(|from| json!([">=", name, from])), below.map(|below| json!(["<", name, below])));
    from.into_iter().chain(below)
}

/// Thousandths of the total between two bounds, where both numbers are published; without a division, so that nothing is rounded.
fn share(name: &str, total: &str, (from, below): (Option<i64>, Option<i64>)) -> Value {
    let (part, times) = (json!(["*", 1000, ["get", name]]), |bound: i64| json!(["*", bound, ["get", total]]));
    let mut filter = vec![
        json!("all"),
        json!(["has", name]),
        json!(["has", total]),
        json!(["!=", ["get", name], 0]),
        json!([">", ["get", total], 0]),
    ];
    filter.extend(from.map(|from| json!([">=", part, times(from)])));
    filter.extend(below.map(|below| json!(["<", part, times(below)])));
    filter.into()
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

    /// Names of areas. The style names no glyphs: the browser's own sans-serif is drawn, and nothing is fetched.
    fn names(&self, palette: &Palette, as_points: bool) -> Value {
        let paint = json!({ "text-color": palette.label, "text-halo-color": palette.background, "text-halo-width": 1.5, "text-halo-blur": 0.5 });
        let mut layer = self.part("names", "symbol", paint);
        layer["layout"] = json!({
            "text-field": "{label}",
            "text-font": ["sans-serif"],
            "text-size": ["interpolate", ["linear"], ["zoom"], 8, 10, 14, 15],
            "text-max-width": 8,
            "text-padding": 6,
        });
        layer["minzoom"] = json!(self.first.max(9));
        if as_points {
            layer["source"] = NAMES.into();
            layer["filter"] = json!(["==", "layer", self.layer]);
            layer.as_object_mut().expect("a layer").remove("source-layer");
        }
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
