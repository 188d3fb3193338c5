//! What goes into which tile: layers, their zooms and, for each zoom, tiles in order with the cells and areas they hold.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use pmtiles::{TileCoord, TileId};
use rayon::prelude::*;

use crate::confidential::{Level, Release};
use crate::error::Error;
use crate::layer::{Layer, ZoomPlan, layers};
use crate::tiling::TilingError;
use crate::tiling::areas::{self, AreaRings, Piece};
use crate::tiling::cells::{CellRings, ZoomedRings, bounds};
use crate::tiling::encode::{CellEncoder, CellFeature, LayerSchema};
use crate::tiling::labels::Labels;
use crate::tiling::metadata::{DescribedLayer, Describes};
use crate::tiling::runs::{self, Run};
use crate::tiling::world::{EXTENT, TileBlock, World, at_zoom};

/// Everything that is the same for all zooms.
pub(super) struct Plan<'r> {
    pub(super) layers: Vec<Layer<'r>>,
    pub(super) describes: Describes,
    pub(super) not_in_tiles: Vec<String>,
    zooms: ZoomPlan,
    schemas: Vec<LayerSchema>,
    /// Rings of the layers that are in tiles, by position of the layer.
    rings: BTreeMap<usize, CellRings>,
    extent: Option<Extent>,
    labels: Option<Labels>,
}

/// One polygon around all cells, at the zooms where they are too small to be drawn.
struct Extent {
    schema: LayerSchema,
    zooms: RangeInclusive<u8>,
    /// World units: west, north, east, south.
    bounds: [u32; 4],
}

/// What one zoom holds.
pub(super) struct ZoomContent<'p> {
    pub(super) zoom: u8,
    /// The level of cells, by name.
    pub(super) level: Option<String>,
    /// Share in [`Plan::work`].
    pub(super) work: u64,
    /// Tiles in the order of their ids.
    pub(super) tiles: Vec<TileContent>,
    /// Pieces of areas by tile, system and area.
    pub(super) pieces: Vec<Piece>,
    /// Tiles and positions of names of areas.
    labels: Vec<(u64, u32)>,
    runs: Vec<Run>,
    /// Rings of the layers shown, by position of the layer.
    rings: BTreeMap<usize, ZoomedRings<'p>>,
}

/// What one tile holds: ranges of the zoom's runs of cells, pieces and names.
pub(super) struct TileContent {
    pub(super) id: u64,
    runs: Range<usize>,
    pieces: Range<usize>,
    labels: Range<usize>,
}

pub(super) fn tile_id(zoom: u8, x: u32, y: u32) -> u64 {
    TileId::from(TileCoord::new(zoom, x, y).expect("tiles are within their zoom")).value()
}

impl<'r> Plan<'r> {
    /// Projects corners and describes the layers; with all areas, for zoom 0.
    pub(super) fn new(release: &'r Release) -> Result<(Self, Vec<Piece>), Error> {
        let world = World::new()?;
        let layers = layers(release);
        let zooms = ZoomPlan::of(release)?;
        let schemas = layers.iter().map(schema).collect();
        let mut rings = BTreeMap::new();
        let mut described = Vec::new();
        let mut not_in_tiles = Vec::new();
        let mut around: Option<[u32; 4]> = None;
        let mut around_cells = None;
        let mut smallest_zoom = ZoomPlan::MAX_ZOOM + 1;
        for (i, layer) in layers.iter().enumerate() {
            let shown = match layer.level {
                Level::Areas(_) => Some(0..=ZoomPlan::MAX_ZOOM),
                Level::Grid(size) => zooms.zooms_of(size),
            };
            let Some(shown) = shown else {
                not_in_tiles.push(layer.name.clone());
                continue;
            };
            if matches!(layer.level, Level::Grid(_)) {
                let cells = CellRings::new(layer, &world, *shown.end())?;
                around_cells = join(around_cells, cells.bounds());
                smallest_zoom = smallest_zoom.min(*shown.start());
                rings.insert(i, cells);
            }
            let areas = matches!(layer.level, Level::Areas(_));
            let title = title(layer);
            let (name, adaptive, fields) = (layer.name.clone(), layer.adaptive(), layer.fields.clone());
            described.push(DescribedLayer { name, title, zooms: shown, areas, labels: false, adaptive, fields });
        }
        let labels = Labels::new(&release.lattice, &layers, &world, &|name| described.iter().any(|d| d.name == *name))?;
        if let Some(labels) = &labels {
            described.push(DescribedLayer {
                name: labels.name.clone(),
                title: "a point inside each area, for its name".to_owned(),
                zooms: 0..=ZoomPlan::MAX_ZOOM,
                areas: false,
                labels: true,
                adaptive: false,
                fields: Vec::new(),
            });
        }
        let mut pieces = Vec::new();
        for (system, areas) in release.lattice.systems.iter().enumerate() {
            let whole = areas::whole(system, areas, &world)?;
            around = whole.iter().fold(around, |around, piece| join(around, Some(piece.bounds())));
            pieces.extend(whole);
        }
        let around = join(around, around_cells).ok_or(TilingError::NothingToDraw)?;
        let extent = around_cells.filter(|_| smallest_zoom > 0).map(|bounds| {
            let taken = |name: &String| described.iter().any(|d| d.name == *name);
            let names = (1..).map(|n| if n == 1 { "extent".to_owned() } else { format!("extent_{n}") });
            let name = names.into_iter().find(|name| !taken(name)).expect("numbers do not end");
            let schema = LayerSchema { name, fields: Vec::new(), signed: Vec::new() };
            Extent { schema, zooms: 0..=smallest_zoom - 1, bounds }
        });
        if let Some(Extent { schema, zooms, .. }) = &extent {
            let title = "box around all cells, where they are too small to be drawn".to_owned();
            described.push(DescribedLayer {
                name: schema.name.clone(),
                title,
                zooms: zooms.clone(),
                areas: false,
                labels: false,
                adaptive: false,
                fields: Vec::new(),
            });
        }
        let describes = describe(described, around, &world)?;
        Ok((Self { layers, describes, not_in_tiles, zooms, schemas, rings, extent, labels }, pieces))
    }

    /// All work: cells and areas, counted once in each zoom that shows them.
    pub(super) fn work(&self) -> u64 {
        (0..=ZoomPlan::MAX_ZOOM).map(|zoom| self.work_at(zoom)).sum()
    }

    fn work_at(&self, zoom: u8) -> u64 {
        let shown = |layer: &&Layer<'_>| match layer.level {
            Level::Areas(_) => true,
            Level::Grid(size) => self.zooms.size_at(zoom) == Some(size),
        };
        self.layers.iter().filter(shown).map(|layer| layer.block.units.len() as u64).sum()
    }

    /// The tiles of one zoom and what is in them.
    pub(super) fn zoom(&self, zoom: u8, mut pieces: Vec<Piece>) -> ZoomContent<'_> {
        let size = self.zooms.size_at(zoom);
        let shown = |(i, rings): (&usize, &'_ CellRings)| {
            (size.map(Level::Grid) == Some(self.layers[*i].level) && rings.len() > 0).then_some(*i)
        };
        let rings: BTreeMap<usize, ZoomedRings<'_>> =
            self.rings.iter().filter_map(shown).map(|i| (i, self.rings[&i].at(zoom))).collect();
        let mut runs: Vec<Run> = rings.iter().flat_map(|(&layer, zoomed)| runs::of_layer(layer, zoomed)).collect();
        runs.par_sort_unstable();
        let piece_tile = |piece: &Piece| tile_id(zoom, piece.tile.0, piece.tile.1);
        pieces.par_sort_by_cached_key(|piece| (piece_tile(piece), piece.system, piece.area));
        let extent = self.extent_tiles(zoom);
        let labels = self.labels.as_ref().map(|labels| labels.tiles(zoom)).unwrap_or_default();
        let mut tiles: Vec<TileContent> = Vec::new();
        let (mut next_run, mut next_piece, mut next_extent, mut next_label) = (0, 0, 0, 0);
        loop {
            let heads = [
                runs.get(next_run).map(|run| run.tile),
                pieces.get(next_piece).map(piece_tile),
                extent.get(next_extent).copied(),
                labels.get(next_label).map(|label| label.0),
            ];
            let Some(id) = heads.into_iter().flatten().min() else { break };
            let run_end = next_run + runs[next_run..].iter().take_while(|run| run.tile == id).count();
            let piece_end = next_piece + pieces[next_piece..].iter().take_while(|piece| piece_tile(piece) == id).count();
            let label_end = next_label + labels[next_label..].iter().take_while(|label| label.0 == id).count();
            tiles.push(TileContent { id, runs: next_run..run_end, pieces: next_piece..piece_end, labels: next_label..label_end });
            next_extent += usize::from(extent.get(next_extent) == Some(&id));
            (next_run, next_piece, next_label) = (run_end, piece_end, label_end);
        }
        let level = size.filter(|_| !rings.is_empty()).map(|size| size.level_name());
        ZoomContent { zoom, level, work: self.work_at(zoom), tiles, pieces, labels, runs, rings }
    }

    fn extent_tiles(&self, zoom: u8) -> Vec<u64> {
        let Some(extent) = self.extent.as_ref().filter(|extent| extent.zooms.contains(&zoom)) else { return Vec::new() };
        let [west, north, east, south] = extent.bounds.map(|world| at_zoom(world, zoom));
        let tiles = TileBlock::around([west, north, east, south], zoom);
        let mut ids: Vec<u64> = tiles.iter().map(|(x, y)| tile_id(zoom, x, y)).collect();
        ids.sort_unstable();
        ids
    }

    /// Writes one tile; returns the number of its features.
    pub(super) fn encode(
        &self,
        content: &ZoomContent<'_>,
        tile: &TileContent,
        encoder: &mut CellEncoder,
        out: &mut Vec<u8>,
    ) -> u64 {
        let coord = TileCoord::from(TileId::new(tile.id).expect("ids come from tiles"));
        let xy = (coord.x(), coord.y());
        let mut features = 0;
        let mut ring = Vec::new();
        for runs in content.runs[tile.runs.clone()].chunk_by(|a, b| a.layer == b.layer) {
            let position = runs[0].layer as usize;
            let (layer, schema, rings) = (&self.layers[position], &self.schemas[position], &content.rings[&position]);
            let adaptive = layer.adaptive();
            encoder.begin(schema);
            for cell in runs.iter().flat_map(|run| run.first as usize..run.end as usize) {
                rings.ring_in_tile(cell, xy, &mut ring);
                if !ring.is_empty() {
                    let id = layer.feature_id(layer.block.units[cell]);
                    let size_m = if adaptive { layer.size_m(layer.block.units[cell]) } else { None };
                    encoder.add(schema, &CellFeature { id, ring: &ring, numbers: layer.block.numbers(cell), size_m });
                    features += 1;
                }
            }
            encoder.end(schema, out);
        }
        for pieces in content.pieces[tile.pieces.clone()].chunk_by(|a, b| a.system == b.system) {
            let rings: Vec<AreaRings> = pieces.iter().map(|piece| (piece.area, piece.rings(content.zoom))).collect();
            for (layer, schema) in
                self.layers.iter().zip(&self.schemas).filter(|(l, _)| l.level == Level::Areas(pieces[0].system))
            {
                let (bytes, count) = areas::encode(layer, schema, &rings);
                out.extend(bytes);
                features += count;
            }
        }
        if let Some(labels) = &self.labels {
            let (bytes, count) = labels.encode(content.zoom, xy, &content.labels[tile.labels.clone()]);
            out.extend(bytes);
            features += count;
        }
        features + self.encode_extent(content.zoom, xy, encoder, out)
    }

    fn encode_extent(&self, zoom: u8, tile: (u32, u32), encoder: &mut CellEncoder, out: &mut Vec<u8>) -> u64 {
        let Some(extent) = self.extent.as_ref().filter(|extent| extent.zooms.contains(&zoom)) else { return 0 };
        let [west, north, east, south] = extent.bounds.map(|world| at_zoom(world, zoom));
        let cut = |raster: i64, tile: u32| (raster - i64::from(tile) * EXTENT).clamp(-64, EXTENT + 64) as i32;
        let (w, n, e, s) =
            (cut(west, tile.0), cut(north, tile.1), cut(east.max(west + 2), tile.0), cut(south.max(north + 2), tile.1));
        if w >= e || n >= s {
            return 0;
        }
        encoder.begin(&extent.schema);
        encoder.add(&extent.schema, &CellFeature { id: 1, ring: &[[w, n], [e, n], [e, s], [w, s]], numbers: &[], size_m: None });
        encoder.end(&extent.schema, out);
        1
    }
}

fn schema(layer: &Layer<'_>) -> LayerSchema {
    let fields: Vec<_> = layer.fields.iter().map(|f| (f.name.clone(), f.status_name.clone())).collect();
    let negative = |mut signed: Vec<bool>, unit: usize| {
        let numbers = layer.block.numbers(unit).iter().zip(&mut signed);
        numbers.for_each(|(number, signed)| *signed |= number.value().is_some_and(|value| value < 0));
        signed
    };
    let none = || vec![false; fields.len()];
    let either = |a: Vec<bool>, b: Vec<bool>| a.into_iter().zip(b).map(|(a, b)| a | b).collect();
    let signed = (0..layer.block.units.len()).into_par_iter().fold(none, negative).reduce(none, either);
    LayerSchema { name: layer.name.clone(), fields, signed }
}

fn title(layer: &Layer<'_>) -> String {
    let level = match layer.level {
        Level::Grid(size) => match layer.lattice.joined.filter(|_| layer.adaptive()) {
            Some(largest) => format!("grid cells of {} to {} m, joined where few live", size.metres(), largest.metres()),
            None => format!("grid cells of {} m", size.metres()),
        },
        Level::Areas(system) => layer.lattice.systems[system].label.clone(),
    };
    layer.date.map_or(level.clone(), |date| format!("{level}, {date}"))
}

fn join(a: Option<[u32; 4]>, b: Option<[u32; 4]>) -> Option<[u32; 4]> {
    let corners = a.into_iter().chain(b).flat_map(|[west, north, east, south]| [[west, north], [east, south]]);
    bounds(corners)
}

/// Bounds and centre in degrees; the centre's zoom shows the whole on about one screen of 1024 pixels.
fn describe(layers: Vec<DescribedLayer>, around: [u32; 4], world: &World) -> Result<Describes, TilingError> {
    let [west, north, east, south] = around.map(f64::from);
    // A single place would have no surface, which archives do not allow.
    let (east, south) = (east.max(west + 1.0), south.max(north + 1.0));
    let (west_deg, north_deg) = world.lon_lat_deg([west, north], "bounds")?;
    let (east_deg, south_deg) = world.lon_lat_deg([east, south], "bounds")?;
    let (lon_deg, lat_deg) = world.lon_lat_deg([(west + east) / 2.0, (north + south) / 2.0], "center")?;
    let screen = 4_294_967_296.0 / (east - west).max(south - north) * 2.0;
    let zoom = (screen.log2().floor() as u8).min(ZoomPlan::MAX_ZOOM);
    Ok(Describes { layers, bounds_deg: [west_deg, south_deg, east_deg, north_deg], center: (lon_deg, lat_deg, zoom) })
}
