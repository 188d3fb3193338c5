//! What the tiles say against `release.parquet`: layers, attributes, completeness at every zoom, and the cells' corners.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::verify::adjacency::{Drawn, EXTENT, Raster};
use crate::verify::archive::{Archive, ContentHash, content_hash};
use crate::verify::finding::{Findings, Verified};
use crate::verify::labels::{self, Labels, Named};
use crate::verify::mvt::{self, TileFeature, TileLayer, TileValue};
use crate::verify::published::{PublishedLayer, SIZE};
use crate::verify::tile_id::TileId;
use crate::verify::values::{Shown, compare};
use crate::verify::{Context, Problem};

/// Attributes that say which unit a feature is; all others must be fields of `run.json`.
pub(super) fn is_unit_attribute(name: &str) -> bool {
    ["id", "label", "date", SIZE].contains(&name)
}

/// The box around all cells, drawn where cells would be too small: one feature without attributes. `run.json` does not name it, since it shows
/// no number.
pub(super) fn is_extent_layer(name: &str) -> bool {
    name == "extent" || name.strip_prefix("extent_").is_some_and(|n| n.parse::<u32>().is_ok())
}

/// Looks into every tile of the archive; returns the hash of every tile's content too.
pub(super) fn check(context: &Context<'_>, archive: &Archive) -> (Verified, Vec<(TileId, ContentHash)>) {
    let mut findings = Findings::of(archive.file);
    let Ok(raster) = Raster::new() else { unreachable!("the grid and Web Mercator are known systems") };
    let roles = Roles::of(context);
    let mut by_zoom: BTreeMap<u8, &[_]> = BTreeMap::new();
    for tiles in archive.tiles.chunk_by(|a, b| a.0.zoom == b.0.zoom) {
        by_zoom.insert(tiles[0].0.zoom, tiles);
    }
    // A zoom that a layer is meant for and that has no tile at all is looked at too: everything is missing there.
    let meant = (0..=TileId::MAX_ZOOM).filter(|&zoom| context.description.layers.iter().any(|l| l.shown_at(zoom)));
    meant.for_each(|zoom| _ = by_zoom.entry(zoom).or_insert(&[]));
    let mut digests = Vec::with_capacity(archive.tiles.len());
    let (mut corners, mut numbers, mut units, mut names) = (0, 0, 0, 0);
    let mut points: Vec<(u8, Vec<Named>)> = Vec::new();
    for (zoom, tiles) in by_zoom {
        let zoomed = Zoomed { context, roles: &roles, raster: &raster, seen: Seen::of(context), zoom };
        let read: Vec<TileOutcome> = tiles.par_iter().map(|&(tile, place)| zoomed.tile(archive, tile, place)).collect();
        let (mut drawn, mut instances, mut demands) = (Drawn::default(), Vec::new(), Vec::new());
        let mut named = Vec::new();
        for (outcome, &(tile, _)) in read.into_iter().zip(tiles) {
            findings.join(outcome.findings);
            drawn.join(outcome.drawn);
            numbers += outcome.numbers;
            instances.extend(outcome.crossing.iter().map(|&unit| (unit, tile)));
            demands.extend(outcome.demands);
            named.extend(outcome.named);
            digests.extend(outcome.digest.map(|digest| (tile, digest)));
        }
        corners += drawn.compare(zoom, &mut findings);
        zoomed.check_demands(instances, demands, &mut findings);
        units += zoomed.check_complete(&mut findings);
        names += labels::check_complete(context, zoom, &mut named, &mut findings);
        points.push((zoom, named));
    }
    labels::check_places(&points, &mut findings);
    let mut checks = vec![("tile values", numbers), ("completeness", units), ("adjacency", corners)];
    if names > 0 {
        checks.push(("names of areas", names));
    }
    (findings.into_part(checks), digests)
}

/// What an attribute name means.
#[derive(Clone, Copy)]
enum Role {
    Number(usize),
    Status(usize),
    Id,
    Size,
    Other,
    Unknown,
}

struct Roles<'c>(FxHashMap<&'c str, Role>);

impl<'c> Roles<'c> {
    fn of(context: &Context<'c>) -> Self {
        let mut roles = FxHashMap::default();
        for (position, field) in context.description.fields.iter().enumerate() {
            roles.insert(field.name.as_str(), Role::Number(position));
            roles.insert(field.status_name.as_str(), Role::Status(position));
        }
        Self(roles)
    }

    fn of_key(&self, key: &str) -> Role {
        match self.0.get(key) {
            Some(&role) => role,
            None if key == "id" => Role::Id,
            None if key == SIZE => Role::Size,
            None if is_unit_attribute(key) => Role::Other,
            None => Role::Unknown,
        }
    }
}

/// One bit for each unit of each layer: whether it was seen at this zoom.
struct Seen(Vec<Vec<AtomicU64>>);

impl Seen {
    fn of(context: &Context<'_>) -> Self {
        let words = |layer: &PublishedLayer| (0..layer.len().div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Self(context.published.layers.iter().map(words).collect())
    }

    fn mark(&self, layer: usize, row: usize) {
        self.0[layer][row / 64].fetch_or(1 << (row % 64), Ordering::Relaxed);
    }

    fn has(&self, layer: usize, row: usize) -> bool {
        self.0[layer][row / 64].load(Ordering::Relaxed) >> (row % 64) & 1 == 1
    }
}

/// A unit: layer and row.
type UnitAt = (usize, usize);

struct TileOutcome {
    findings: Findings,
    digest: Option<ContentHash>,
    drawn: Drawn,
    numbers: u64,
    /// Cells that reach beyond the tile.
    crossing: Vec<UnitAt>,
    /// Tiles that such a cell must be in too.
    demands: Vec<(UnitAt, TileId)>,
    /// Areas that have their point for the name here.
    named: Vec<Named>,
}

struct Zoomed<'z> {
    context: &'z Context<'z>,
    roles: &'z Roles<'z>,
    raster: &'z Raster,
    seen: Seen,
    zoom: u8,
}

impl Zoomed<'_> {
    fn tile(&self, archive: &Archive, tile: TileId, place: (u64, u64)) -> TileOutcome {
        let mut outcome = TileOutcome {
            findings: Findings::of(archive.file),
            digest: None,
            drawn: Drawn::default(),
            numbers: 0,
            crossing: Vec::new(),
            demands: Vec::new(),
            named: Vec::new(),
        };
        let bytes = match (archive.read)(tile, place) {
            Ok(bytes) => bytes,
            Err(problem) => {
                outcome.findings.add(tile.to_string(), problem);
                return outcome;
            }
        };
        outcome.digest = Some(content_hash(&bytes));
        let layers = mvt::decode(&bytes, |within, problem| {
            let place = if within.is_empty() { tile.to_string() } else { format!("{tile}, {within}") };
            outcome.findings.add(place, problem);
        });
        for layer in &layers {
            let described = self.context.description.layers.iter().any(|l| l.name == layer.name);
            if !described && labels::is_layer(layer.name) {
                let labels = Labels { context: self.context, layers: &layers, tile };
                outcome.named.extend(labels.check(layer, &mut outcome.findings));
            } else {
                self.layer(layer, tile, &mut outcome);
            }
        }
        outcome
    }

    fn layer(&self, drawn: &TileLayer<'_>, tile: TileId, outcome: &mut TileOutcome) {
        let place = format!("{tile}, layer {}", drawn.name);
        let Some(position) = self.context.description.layers.iter().position(|l| l.name == drawn.name) else {
            let only_a_box =
                is_extent_layer(drawn.name) && drawn.features.len() == 1 && !drawn.features[0].is_point && drawn.keys.is_empty();
            if !only_a_box {
                outcome.findings.add(place, Problem::LayerUnknown);
            }
            return;
        };
        if !self.context.description.layers[position].shown_at(self.zoom) {
            outcome.findings.add(place.clone(), Problem::TileLayerZoom);
        }
        if i64::from(drawn.extent) != EXTENT {
            outcome.findings.add(place.clone(), Problem::TileExtent);
        }
        let roles: Vec<Role> = drawn.keys.iter().map(|key| self.roles.of_key(key)).collect();
        if roles.iter().any(|role| matches!(role, Role::Unknown)) {
            outcome.findings.add(place.clone(), Problem::AttributeUnknown);
        }
        let published = &self.context.published.layers[position];
        let mut attributes = Attributes::of(self.context.description.fields.len());
        for (number, feature) in drawn.features.iter().enumerate() {
            let Some(row) = feature.id.and_then(|id| published.row(id)) else {
                outcome.findings.add(format!("{place}, feature {number}"), Problem::UnitUnknown);
                continue;
            };
            if feature.is_point {
                outcome.findings.add(format!("{place}, feature {number}"), Problem::TileNoPolygon);
                continue;
            }
            self.seen.mark(position, row);
            let unit_place = || format!("{place}, {}", published.unit_id(row));
            attributes.read(drawn, feature, &roles);
            let id = attributes.id.as_deref();
            if id.map_or(published.size.is_none(), |id| id != published.unit_id(row)) {
                outcome.findings.add(unit_place(), Problem::UnitIds);
            }
            if attributes.size_m != published.size_m(row) {
                outcome.findings.add(unit_place(), Problem::SizeWrong);
            }
            for (column, &told) in published.numbers(row).iter().enumerate() {
                let status = attributes.statuses[column].map(|value| match drawn.values[value as usize] {
                    TileValue::Text(text) => text,
                    _ => "",
                });
                if let Some(problem) = compare(told, attributes.shown[column], status) {
                    let field = &self.context.description.fields[column].name;
                    outcome.findings.add(format!("{}, {field}", unit_place()), problem);
                }
            }
            outcome.numbers += published.numbers(row).len() as u64;
            if let Some(cell) = published.cell(row) {
                let mut rings = drawn.rings(feature);
                let Some(ring) = rings.next() else { continue };
                if rings.next().is_some() {
                    outcome.findings.add(unit_place(), Problem::CellRings);
                }
                let smallest = published.size.filter(|_| published.largest.is_some());
                if let Some(problem) = outcome.drawn.take(self.raster, (cell, smallest), tile, ring) {
                    outcome.findings.add(unit_place(), problem);
                }
                demand_neighbours((position, row), tile, ring, outcome);
            }
        }
    }

    /// A cell that reaches into a tile is in it.
    fn check_demands(&self, mut instances: Vec<(UnitAt, TileId)>, demands: Vec<(UnitAt, TileId)>, findings: &mut Findings) {
        instances.sort_unstable();
        for (unit, tile) in demands {
            if instances.binary_search(&(unit, tile)).is_err() {
                let layer = &self.context.published.layers[unit.0];
                findings.add(format!("{tile}, {}", layer.unit_id(unit.1)), Problem::CellInTileMissing);
            }
        }
    }

    /// Every unit of every layer meant for this zoom was seen in some tile. Returns how many units that are.
    fn check_complete(&self, findings: &mut Findings) -> u64 {
        let mut units = 0;
        for (position, described) in self.context.description.layers.iter().enumerate().filter(|(_, l)| l.shown_at(self.zoom)) {
            let layer = &self.context.published.layers[position];
            units += layer.len() as u64;
            for row in (0..layer.len()).filter(|&row| !self.seen.has(position, row)) {
                findings
                    .add(format!("zoom {}, layer {}, {}", self.zoom, described.name, layer.unit_id(row)), Problem::UnitMissing);
            }
        }
        units
    }
}

/// Points of the ring that lie inside another tile: the cell must be there too. A point on a border belongs to neither side.
fn demand_neighbours(unit: UnitAt, tile: TileId, ring: &[(i32, i32)], outcome: &mut TileOutcome) {
    let mut crosses = false;
    for &(x, y) in ring {
        let (x, y) = (i64::from(x), i64::from(y));
        if (0..=EXTENT).contains(&x) && (0..=EXTENT).contains(&y) {
            continue;
        }
        crosses = true;
        if x % EXTENT == 0 || y % EXTENT == 0 {
            continue;
        }
        let side = 1_i64 << tile.zoom;
        let (column, row) = (i64::from(tile.x) + x.div_euclid(EXTENT), i64::from(tile.y) + y.div_euclid(EXTENT));
        if (0..side).contains(&column) && (0..side).contains(&row) {
            let other = TileId { zoom: tile.zoom, x: column as u32, y: row as u32 };
            if outcome.demands.last() != Some(&(unit, other)) {
                outcome.demands.push((unit, other));
            }
        }
    }
    // Whoever is demanded overlaps its own tile's border from the other side, or lies wholly beside this tile in its buffer.
    let wholly_inside = ring.iter().all(|&(x, y)| (1..EXTENT).contains(&i64::from(x)) && (1..EXTENT).contains(&i64::from(y)));
    if crosses || !wholly_inside || near_border(ring) {
        outcome.crossing.push(unit);
    }
}

/// A cell in another tile's buffer is demanded by that tile though it crosses no border.
fn near_border(ring: &[(i32, i32)]) -> bool {
    const BUFFER: i64 = 256;
    let near = |v: i32| i64::from(v) < BUFFER || i64::from(v) > EXTENT - BUFFER;
    ring.iter().any(|&(x, y)| near(x) || near(y))
}

/// The attributes of one feature by field.
struct Attributes {
    shown: Vec<Shown>,
    statuses: Vec<Option<u32>>,
    id: Option<String>,
    size_m: Option<i64>,
}

impl Attributes {
    fn of(columns: usize) -> Self {
        Self { shown: vec![Shown::Nothing; columns], statuses: vec![None; columns], id: None, size_m: None }
    }

    fn read(&mut self, layer: &TileLayer<'_>, feature: &TileFeature, roles: &[Role]) {
        self.shown.fill(Shown::Nothing);
        self.statuses.fill(None);
        (self.id, self.size_m) = (None, None);
        for &(key, value) in layer.tags(feature) {
            match roles[key as usize] {
                Role::Number(column) => {
                    self.shown[column] = match layer.values[value as usize] {
                        TileValue::Number(number) => i64::try_from(number).map_or(Shown::Other, Shown::Number),
                        _ => Shown::Other,
                    }
                }
                Role::Status(column) => self.statuses[column] = Some(value),
                Role::Id => {
                    if let TileValue::Text(text) = layer.values[value as usize] {
                        self.id = Some(text.to_owned());
                    }
                }
                Role::Size => {
                    if let TileValue::Number(number) = layer.values[value as usize] {
                        self.size_m = i64::try_from(number).ok();
                    }
                }
                Role::Other | Role::Unknown => {}
            }
        }
    }
}
