//! A release as vector tiles: PMTiles v3, MBTiles 1.3 and a folder, with TileJSON 3 and a MapLibre style.
//!
//! In: [`Release`]. Out: the files named at [`write_tiles`]. Cells are whole squares that share their corners (METHODS B1), one grid size a zoom
//! ([`crate::layer::ZoomPlan`]); areas are in every zoom. Uses `geodesy`, `grid`, `area`, `confidential::Release` and `layer`.
//!
//! ```text
//! corners, projected once ─▶ per zoom: cells and areas by tile, in tile order ─▶ workers: encode, compress, write file ─▶ one writer, in order
//! ```
//!
//! A feature has the id of `Layer::feature_id`; a cell carries no code, since the id holds it: bits 0–19 the easting, 20–39 the northing, each divided by
//! the size and counted from ⌈3 000 km / size⌉ cells before the origin, 40–42 and 43–52 the size ([`crate::grid::CellId`]). A published number is an attribute of
//! the field's name; where none is published the attribute is absent and the status attribute says `suppressed`; beside an uncertain number it says
//! `uncertain`; neither of the two means no data.

mod archive;
mod areas;
mod cells;
mod clip;
mod earlier;
mod encode;
mod error;
mod labels;
mod metadata;
mod plan;
mod runs;
mod style;
#[cfg(test)]
mod tests;
mod world;

pub use earlier::EarlierTiles;
pub use error::TilingError;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use libdeflater::{CompressionLvl, Compressor};
use pmtiles::{TileCoord, TileId};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::Value;

use crate::confidential::Release;
use crate::error::{Error, Language};
use crate::layer::{Symbology, ZoomPlan};
use crate::progress::{Progress, Stage};
use crate::say;
use crate::tiling::archive::{Archive, MbTiles, PmTiles, TileBytes, write_tile_file};
use crate::tiling::encode::CellEncoder;
use crate::tiling::plan::{Plan, TileContent, ZoomContent};

/// Where tiles are written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TileFormat {
    /// `tiles.pmtiles`, gzip.
    PmTiles,
    /// `tiles.mbtiles`, gzip.
    MbTiles,
    /// `tiles/{z}/{x}/{y}.pbf`, not compressed, and `tiles/metadata.json`.
    Directory,
}

/// What the tiles are called, and which formats are written.
#[derive(Clone, Debug)]
pub struct TileOptions {
    /// Name for readers.
    pub title: String,
    /// Whose data it is, as HTML or text.
    pub attribution: String,
    /// What it is.
    pub description: String,
    /// Formats to write.
    pub formats: Vec<TileFormat>,
    /// Compress as far as it goes: a sixth smaller, fifty times the time.
    pub smallest: bool,
    /// Tiles that are taken over where they are the same. They must be compressed as [`compressor`] says, or the bytes of the archives differ from those
    /// of a run without them.
    pub earlier: Option<Arc<EarlierTiles>>,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TileReport {
    /// Zooms from 0.
    pub zooms: Vec<ZoomReport>,
    /// Names of layers that no zoom shows; other formats have them.
    pub not_in_tiles: Vec<String>,
    /// What compressed the tiles: [`compressor`].
    pub compressor: String,
    /// Tiles that were taken over from [`TileOptions::earlier`]. Not told in `run.json`, which says what came out, not how.
    #[serde(skip)]
    pub taken_over: u64,
}

/// What was written of one zoom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ZoomReport {
    /// The zoom.
    pub zoom: u8,
    /// The level of cells shown, by name.
    pub cells: Option<String>,
    /// Tiles that are not empty.
    pub tiles: u64,
    /// Features, counted in every tile they are in.
    pub features: u64,
    /// Bytes of all tiles, gzip.
    pub bytes: u64,
    /// The largest tile.
    pub largest: Option<LargestTile>,
}

/// The largest tile of a zoom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LargestTile {
    /// Column from the west.
    pub x: u32,
    /// Row from the north.
    pub y: u32,
    /// Bytes, gzip.
    pub bytes: u64,
}

impl TileReport {
    /// Tiles above this many bytes (gzip) are slow to load.
    pub const LARGE_BYTES: u64 = 500_000;

    /// What the user should know: zooms with tiles that are too large. No cell was dropped from them.
    pub fn warnings(&self, language: Language) -> Vec<String> {
        let warning = |report: &ZoomReport| {
            let LargestTile { x, y, bytes } = report.largest.filter(|tile| tile.bytes > Self::LARGE_BYTES)?;
            let (zoom, kilobytes, limit) = (report.zoom, bytes / 1000, Self::LARGE_BYTES / 1000);
            Some(say!(
                language,
                "tile {zoom}/{x}/{y} has {kilobytes} kB, more than {limit} kB: publish fewer tables or add a coarser grid size",
                "Kachel {zoom}/{x}/{y} hat {kilobytes} kB, mehr als {limit} kB: weniger Tabellen veröffentlichen oder eine gröbere Gittergröße ergänzen"
            ))
        };
        self.zooms.iter().filter_map(warning).collect()
    }
}

/// libdeflate's level. Of 186 MB of tiles (932 172 cells, six numbers each) level 1 makes 4 per cent more bytes than 4 in half its time, and 10 per cent
/// more than 6 in two fifths.
const GZIP_LEVEL: i32 = 1;
/// The level that gives the fewest bytes.
const SMALLEST_LEVEL: i32 = 12;

fn level(smallest: bool) -> i32 {
    if smallest { SMALLEST_LEVEL } else { GZIP_LEVEL }
}

/// What compresses tiles: library, version and level. Where two archives name the same, equal tiles have equal bytes.
pub fn compressor(smallest: bool) -> String {
    format!("libdeflate {LIBDEFLATE}, level {}", level(smallest))
}

/// The version in `Cargo.lock`; a test compares.
const LIBDEFLATE: &str = "1.26.1";

/// Tiles that are encoded before any of them is written, while as many are; bounds the memory.
const BATCH: usize = 256;

/// Writes the tiles of a release into `folder`, which must exist: the chosen ones of `tiles.pmtiles`, `tiles.mbtiles` and `tiles/`, and always `tiles.json`,
/// `style.json` (on light ground), `style_dark.json`, and `styles/<field>.json` for every other number that [`Symbology::styled`] lists, with
/// `styles/<field>_share.json` where it is a part of the total, `styles/areas_<system>.json` and `styles/date_<date>.json`. The bytes do not depend on the number of threads. About 1 µs a cell, zoom and core, most of it compression.
pub fn write_tiles(
    release: &Release,
    symbology: &Symbology,
    options: &TileOptions,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<TileReport, Error> {
    let (plan, mut pieces) = Plan::new(release)?;
    progress.begin(Stage::Tiles, Some(plan.work()));
    let describes = &plan.describes;
    let tile_folder = options.formats.contains(&TileFormat::Directory).then(|| folder.join("tiles"));
    let tilejson = describes.tilejson(options, "tiles/{z}/{x}/{y}.pbf");
    write_json(&folder.join("tiles.json"), &tilejson)?;
    style::Styles { release, symbology, layers: &plan.layers, describes, options }.write(folder)?;
    if let Some(tiles) = &tile_folder {
        fs::create_dir_all(tiles).map_err(|e| TilingError::write(tiles)(&e))?;
        write_json(&tiles.join("metadata.json"), &describes.tilejson(options, "{z}/{x}/{y}.pbf"))?;
    }
    let mut archives: Vec<Box<dyn Archive + Send>> = Vec::new();
    if options.formats.contains(&TileFormat::PmTiles) {
        archives.push(Box::new(PmTiles::create(&folder.join("tiles.pmtiles"), options, describes)?));
    }
    if options.formats.contains(&TileFormat::MbTiles) {
        archives.push(Box::new(MbTiles::create(&folder.join("tiles.mbtiles"), options, describes)?));
    }
    let encoding = Encoding { plan: &plan, options, tile_folder };
    let mut writer = Writer { encoding, archives, progress, taken_over: 0 };
    let mut report = TileReport {
        zooms: Vec::new(),
        not_in_tiles: plan.not_in_tiles.clone(),
        compressor: compressor(options.smallest),
        taken_over: 0,
    };
    for zoom in 0..=ZoomPlan::MAX_ZOOM {
        let content = plan.zoom(zoom, pieces);
        report.zooms.push(writer.zoom(&content)?);
        pieces = if zoom < ZoomPlan::MAX_ZOOM { areas::quarter(&content.pieces, zoom) } else { Vec::new() };
    }
    report.taken_over = writer.taken_over;
    for archive in writer.archives {
        archive.finish()?;
    }
    progress.end();
    Ok(report)
}

struct Writer<'w> {
    encoding: Encoding<'w>,
    archives: Vec<Box<dyn Archive + Send>>,
    progress: &'w dyn Progress,
    taken_over: u64,
}

impl Writer<'_> {
    /// Writes the tiles of one zoom in the order of their ids.
    fn zoom(&mut self, content: &ZoomContent<'_>) -> Result<ZoomReport, TilingError> {
        let mut report =
            ZoomReport { zoom: content.zoom, cells: content.level.clone(), tiles: 0, features: 0, bytes: 0, largest: None };
        let Self { encoding, archives, progress, taken_over } = self;
        let (mut told, mut written, all) = (0, 0, content.tiles.len());
        let mut batches = content.tiles.chunks(BATCH).map(|tiles| encoding.encode(content, tiles));
        let mut ready = batches.next();
        while let Some(batch) = ready {
            let batch = batch?;
            // The next batch is encoded while this one is written.
            let (added, next) = rayon::join(|| add(archives, &batch, &mut report), || batches.next());
            added?;
            ready = next;
            *taken_over += batch.iter().flatten().map(|encoded| u64::from(encoded.taken_over)).sum::<u64>();
            written += batch.len();
            let done = content.work * written as u64 / all as u64;
            progress.advance(done - told);
            told = done;
        }
        Ok(report)
    }
}

/// Writes encoded tiles into the archives.
fn add(archives: &mut [Box<dyn Archive + Send>], batch: &[Option<Encoded>], report: &mut ZoomReport) -> Result<(), TilingError> {
    for encoded in batch.iter().flatten() {
        for archive in archives.iter_mut() {
            archive.add(&encoded.tile)?;
        }
        let bytes = encoded.tile.gzip.len() as u64;
        report.tiles += 1;
        report.features += encoded.features;
        report.bytes += bytes;
        if report.largest.is_none_or(|largest| bytes > largest.bytes) {
            report.largest = Some(LargestTile { x: encoded.tile.coord.x(), y: encoded.tile.coord.y(), bytes });
        }
    }
    Ok(())
}

/// What workers need to make tiles.
struct Encoding<'w> {
    plan: &'w Plan<'w>,
    options: &'w TileOptions,
    tile_folder: Option<PathBuf>,
}

/// A tile as a worker hands it over.
struct Encoded {
    tile: TileBytes,
    features: u64,
    taken_over: bool,
}

/// What one worker uses again for every tile.
struct Worker {
    encoder: CellEncoder,
    compressor: Compressor,
    reader: earlier::Reader,
    raw: Vec<u8>,
    gzip: Vec<u8>,
}

impl Encoding<'_> {
    /// Encodes and compresses tiles on all threads, and writes their files. Empty tiles give `None`.
    fn encode(&self, content: &ZoomContent<'_>, tiles: &[TileContent]) -> Result<Vec<Option<Encoded>>, TilingError> {
        let level = CompressionLvl::new(level(self.options.smallest)).expect("levels go to 12");
        let worker = || Worker {
            encoder: CellEncoder::new(),
            compressor: Compressor::new(level),
            reader: earlier::Reader::new(),
            raw: Vec::new(),
            gzip: Vec::new(),
        };
        let tiles = tiles.par_iter().with_min_len(4);
        tiles.map_init(worker, |worker, tile| self.encode_tile(content, tile, worker)).collect()
    }

    fn encode_tile(
        &self,
        content: &ZoomContent<'_>,
        tile: &TileContent,
        worker: &mut Worker,
    ) -> Result<Option<Encoded>, TilingError> {
        let Worker { encoder, compressor, reader, raw, gzip } = worker;
        raw.clear();
        let features = self.plan.encode(content, tile, encoder, raw);
        if raw.is_empty() {
            return Ok(None);
        }
        let coord = TileCoord::from(TileId::new(tile.id).expect("ids come from tiles"));
        if let Some(folder) = &self.tile_folder {
            write_tile_file(folder, coord, raw)?;
        }
        let earlier = self.options.earlier.as_ref().and_then(|earlier| earlier.same(tile.id, raw, reader));
        let taken_over = earlier.is_some();
        let gzip = earlier.unwrap_or_else(|| {
            let bound = compressor.gzip_compress_bound(raw.len());
            gzip.resize(gzip.len().max(bound), 0);
            let length = compressor.gzip_compress(raw, gzip).expect("the buffer is as large as the library asks for");
            gzip[..length].to_vec()
        });
        Ok(Some(Encoded { tile: TileBytes { coord, gzip }, features, taken_over }))
    }
}

fn write_json(path: &Path, value: &Value) -> Result<(), TilingError> {
    let text = format!("{value:#}\n");
    fs::write(path, text).map_err(|e| TilingError::write(path)(&e))
}
