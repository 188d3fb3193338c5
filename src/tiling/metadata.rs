//! What the tiles say about themselves: TileJSON 3.0.0, and the metadata of each archive.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use crate::layer::{Field, ZoomPlan};
use crate::tiling::TileOptions;
use crate::tiling::encode::SIZE;
use crate::tiling::labels::LEVEL;

/// A layer of the tiles.
pub(super) struct DescribedLayer {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) zooms: RangeInclusive<u8>,
    /// Areas have `id` and `label` besides their fields.
    pub(super) areas: bool,
    /// Cells of several sizes have `size_m` besides their fields.
    pub(super) adaptive: bool,
    /// Points for names have `level`, `id` and `label`.
    pub(super) labels: bool,
    /// Empty for the extent and for names.
    pub(super) fields: Vec<Field>,
}

/// Facts about all tiles that every description repeats.
pub(super) struct Describes {
    pub(super) layers: Vec<DescribedLayer>,
    /// West, south, east, north.
    pub(super) bounds_deg: [f64; 4],
    /// Longitude, latitude, zoom.
    pub(super) center: (f64, f64, u8),
}

impl Describes {
    /// `vector_layers`; a field is described by its type alone (`Number`, `String`: all that MBTiles allows) or also by its table and group.
    fn vector_layers(&self, in_words: bool) -> Value {
        let layer = |layer: &DescribedLayer| {
            let mut fields = Map::new();
            let mut add = |name: &str, kind: &str, words: String| {
                let text = if in_words { format!("{kind}; {words}") } else { kind.to_owned() };
                fields.insert(name.to_owned(), text.into());
            };
            if layer.labels {
                add(LEVEL, "String", "layer of the area, without date".to_owned());
            }
            if layer.areas || layer.labels {
                add("id", "String", "key of the area".to_owned());
                add("label", "String", "name of the area".to_owned());
            }
            if layer.adaptive {
                add(SIZE, "Number", "side of the square in metres".to_owned());
            }
            for field in &layer.fields {
                let group = if field.group.is_empty() { String::new() } else { format!(", group {}", field.group) };
                add(
                    &field.name,
                    "Number",
                    format!("{}; table {}{group}; absent where nothing is published", field.label, field.table),
                );
                let words = format!("status of {} where it is not a plain number: suppressed, uncertain", field.name);
                add(&field.status_name, "String", words);
            }
            json!({
                "id": layer.name,
                "description": layer.title,
                "minzoom": layer.zooms.start(),
                "maxzoom": layer.zooms.end(),
                "fields": fields,
            })
        };
        self.layers.iter().map(layer).collect()
    }

    /// For programs: which attribute is which table and group of `release.parquet`.
    fn columns(&self) -> Value {
        let fields = self.layers.iter().map(|layer| &layer.fields).find(|fields| !fields.is_empty());
        let field = |f: &Field| json!({ "name": f.name, "status_name": f.status_name, "table": f.table, "group": f.group, "label": f.label });
        fields.into_iter().flatten().map(field).collect()
    }

    /// The metadata of the PMTiles archive.
    pub(super) fn pmtiles_metadata(&self, options: &TileOptions) -> Value {
        json!({
            "name": options.title,
            "description": options.description,
            "attribution": options.attribution,
            "type": "overlay",
            "version": "1",
            "generator": concat!("kleinraum ", env!("CARGO_PKG_VERSION")),
            "vector_layers": self.vector_layers(false),
            "columns": self.columns(),
        })
    }

    /// The rows of the MBTiles metadata table.
    pub(super) fn mbtiles_metadata(&self, options: &TileOptions) -> Vec<(&'static str, String)> {
        let ([west, south, east, north], (lon, lat, zoom)) = (self.bounds_deg, self.center);
        vec![
            ("name", options.title.clone()),
            ("format", "pbf".to_owned()),
            ("bounds", format!("{west:.6},{south:.6},{east:.6},{north:.6}")),
            ("center", format!("{lon:.6},{lat:.6},{zoom}")),
            ("minzoom", "0".to_owned()),
            ("maxzoom", ZoomPlan::MAX_ZOOM.to_string()),
            ("attribution", options.attribution.clone()),
            ("description", options.description.clone()),
            ("type", "overlay".to_owned()),
            ("version", "1".to_owned()),
            ("generator", concat!("kleinraum ", env!("CARGO_PKG_VERSION")).to_owned()),
            ("json", json!({ "vector_layers": self.vector_layers(false), "columns": self.columns() }).to_string()),
        ]
    }

    /// TileJSON 3.0.0; the address of the tiles is relative to the file.
    pub(super) fn tilejson(&self, options: &TileOptions, tiles: &str) -> Value {
        let ([west, south, east, north], (lon, lat, zoom)) = (self.bounds_deg, self.center);
        let round = |deg: f64| (deg * 1e6).round() / 1e6;
        json!({
            "tilejson": "3.0.0",
            "name": options.title,
            "description": options.description,
            "attribution": options.attribution,
            "version": "1.0.0",
            "scheme": "xyz",
            "tiles": [tiles],
            "minzoom": 0,
            "maxzoom": ZoomPlan::MAX_ZOOM,
            "bounds": [round(west), round(south), round(east), round(north)],
            "center": [round(lon), round(lat), f64::from(zoom)],
            "vector_layers": self.vector_layers(true),
            "columns": self.columns(),
        })
    }
}
