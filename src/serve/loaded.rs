//! One bundle as it was when it was loaded: numbers, outlines, open files. Requests hold on to it, so that a newer one can take its place.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use axum::body::Bytes;
use pmtiles::{AsyncPmTilesReader, MmapBackend};
use serde_json::Value;

use crate::ask::{AskError, Shelf, Stock};
use crate::geodesy::{FittedProjection, Projection, ReferenceSystem};
use crate::grid::CellId;
use crate::serve::ServeError;
use crate::serve::held_file::HeldFile;
use crate::serve::page_data;

/// Files that are given out as they are: their names in the bundle, in the address, and their types.
const FILES: [(&str, &str); 5] = [
    ("tiles.pmtiles", "application/vnd.pmtiles"),
    ("release.parquet", "application/vnd.apache.parquet"),
    ("run.json", "application/json"),
    ("report.json", "application/json"),
    ("report.html", "text/html; charset=utf-8"),
];

/// West, south, east, north in degrees.
pub(super) type Bounds = [f64; 4];

pub(super) struct Loaded {
    /// Part of every address.
    pub(super) name: String,
    pub(super) stock: Stock,
    /// The same for the same bytes: from `run.json`, which holds the hashes of all files.
    pub(super) version: String,
    pub(super) bounds: Bounds,
    /// For each shelf the bounds of its places; `None` for areas without an outline.
    pub(super) boxes: Vec<Vec<Option<Bounds>>>,
    /// For each shelf of areas their outlines as GeoJSON, where the bundle has them.
    pub(super) outlines: Vec<BTreeMap<String, Value>>,
    pub(super) files: BTreeMap<&'static str, HeldFile>,
    pub(super) tiles: Option<AsyncPmTilesReader<MmapBackend>>,
    pub(super) tilejson: Option<Value>,
    pub(super) style: Option<Value>,
    to_degrees: FittedProjection,
    levels: Vec<OnceLock<Bytes>>,
}

impl Loaded {
    /// Reads a bundle. The archive of tiles is opened afterwards by [`Self::with_tiles`].
    pub(super) fn read(folder: &Path, name: String) -> Result<Self, ServeError> {
        let stock = Stock::read(folder)?;
        let file = folder.join("run.json");
        let run = std::fs::read(&file).map_err(|e| AskError::Bundle { file, reason: e.kind().to_string() })?;
        let version = blake3::hash(&run).to_hex()[..16].to_owned();
        let projection = Projection::new(&ReferenceSystem::etrs89_laea(), &ReferenceSystem::wgs84());
        let to_degrees = FittedProjection::new(projection.map_err(|e| {
            let reason = crate::error::Error::from(e).explain(crate::error::Language::English);
            AskError::Bundle { file: folder.into(), reason }
        })?);
        let outlines: Vec<BTreeMap<String, Value>> = stock
            .shelves
            .iter()
            .map(|shelf| match shelf.size {
                Some(_) => BTreeMap::new(),
                None => outlines(&folder.join(format!("geojson/{}.geojson", shelf.name))),
            })
            .collect();
        let boxes: Vec<Vec<Option<Bounds>>> = stock
            .shelves
            .iter()
            .zip(&outlines)
            .map(|(shelf, outlines)| match shelf.size {
                Some(_) => cell_boxes(shelf, &to_degrees),
                None => shelf.ids.iter().map(|id| outlines.get(id).map(bounds_of)).collect(),
            })
            .collect();
        let all = boxes.iter().flatten().flatten();
        let bounds = all.fold(NOWHERE, |a, b| union(a, *b));
        let open = |(name, content_type): &(&'static str, &'static str)| {
            HeldFile::open(&folder.join(name), content_type).ok().map(|file| (*name, file))
        };
        let json = |name: &str| std::fs::read(folder.join(name)).ok().and_then(|text| serde_json::from_slice(&text).ok());
        Ok(Self {
            version,
            bounds: if bounds == NOWHERE { [-180.0, -85.0, 180.0, 85.0] } else { bounds },
            boxes,
            outlines,
            files: FILES.iter().filter_map(open).collect(),
            tiles: None,
            tilejson: json("tiles.json"),
            style: json("style.json"),
            to_degrees,
            levels: stock.shelves.iter().map(|_| OnceLock::new()).collect(),
            stock,
            name,
        })
    }

    /// Opens the archive of tiles, if there is one.
    pub(super) async fn with_tiles(mut self) -> Result<Self, ServeError> {
        let file = self.stock.folder.join("tiles.pmtiles");
        if self.files.contains_key("tiles.pmtiles") {
            let reader = AsyncPmTilesReader::new_with_path(&file).await;
            self.tiles = Some(reader.map_err(|_| ServeError::Tiles { file })?);
        }
        Ok(self)
    }

    /// The numbers of a layer for the page; worked out once.
    pub(super) fn level(&self, layer: &str) -> Option<Bytes> {
        let at = self.stock.shelves.iter().position(|s| s.name == layer)?;
        let made = self.levels[at].get_or_init(|| page_data::level(&self.stock.shelves[at], &self.boxes[at]).to_string().into());
        Some(made.clone())
    }

    /// The outline of a place as GeoJSON; cells with their four corners and points between them on long sides.
    pub(super) fn outline(&self, shelf: usize, place: usize) -> Value {
        let of = &self.stock.shelves[shelf];
        match of.cell(place) {
            Some(cell) => {
                let (mut xs, mut ys) = ring_m(cell);
                self.to_degrees.project(&mut xs, &mut ys);
                let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
                let ring: Vec<[f64; 2]> = xs.into_iter().zip(ys).map(|(x, y)| [round(x), round(y)]).collect();
                serde_json::json!({"type": "Polygon", "coordinates": [ring]})
            }
            None => self.outlines[shelf].get(&of.ids[place]).cloned().unwrap_or(Value::Null),
        }
    }
}

const NOWHERE: Bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];

fn union(a: Bounds, b: Bounds) -> Bounds {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

/// A cell's closed ring in EPSG:3035, counter-clockwise; sides of more than 1 km are split, so that they stay straight on the ground.
fn ring_m(cell: CellId) -> (Vec<f64>, Vec<f64>) {
    let corners = cell.corners_m();
    let pieces = cell.size().metres().div_ceil(1000);
    let (mut xs, mut ys) = (Vec::new(), Vec::new());
    for (at, from) in corners.iter().enumerate() {
        let to = corners[(at + 1) % 4];
        for piece in 0..pieces {
            let part = f64::from(piece) / f64::from(pieces);
            xs.push(f64::from(from.0) + part * f64::from(to.0 - from.0));
            ys.push(f64::from(from.1) + part * f64::from(to.1 - from.1));
        }
    }
    xs.push(f64::from(corners[0].0));
    ys.push(f64::from(corners[0].1));
    (xs, ys)
}

fn cell_boxes(shelf: &Shelf, to_degrees: &FittedProjection) -> Vec<Option<Bounds>> {
    let corners = (0..shelf.ids.len()).flat_map(|at| shelf.cell(at).map_or([(0, 0); 4], CellId::corners_m));
    let (mut xs, mut ys): (Vec<f64>, Vec<f64>) = corners.map(|(x, y)| (f64::from(x), f64::from(y))).unzip();
    to_degrees.project(&mut xs, &mut ys);
    let of = |(xs, ys): (&[f64], &[f64])| {
        let bounds = xs.iter().zip(ys).fold(NOWHERE, |a, (&x, &y)| union(a, [x, y, x, y]));
        bounds.iter().all(|v| v.is_finite()).then_some(bounds)
    };
    xs.chunks(4).zip(ys.chunks(4)).map(of).collect()
}

/// Outlines by id from a layer's GeoJSON; empty where the bundle has none.
fn outlines(file: &Path) -> BTreeMap<String, Value> {
    let text = std::fs::read(file).unwrap_or_default();
    let mut collection: Value = serde_json::from_slice(&text).unwrap_or_default();
    let Some(features) = collection.get_mut("features").and_then(Value::as_array_mut) else { return BTreeMap::new() };
    let outline = |feature: &mut Value| {
        let id = feature["properties"]["id"].as_str()?.to_owned();
        Some((id, feature["geometry"].take()))
    };
    features.iter_mut().filter_map(outline).collect()
}

fn bounds_of(geometry: &Value) -> Bounds {
    fn walk(value: &Value, bounds: &mut Bounds) {
        let Some(list) = value.as_array() else { return };
        match (list.first().and_then(Value::as_f64), list.get(1).and_then(Value::as_f64)) {
            (Some(x), Some(y)) => *bounds = union(*bounds, [x, y, x, y]),
            _ => list.iter().for_each(|inner| walk(inner, bounds)),
        }
    }
    let mut bounds = NOWHERE;
    walk(&geometry["coordinates"], &mut bounds);
    bounds
}
