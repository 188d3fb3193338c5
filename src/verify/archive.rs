//! The three archives of tiles: each by its own rules, all with the same tiles, and the tiles' content.

use std::io::Read;

use flate2::bufread::GzDecoder;
use rayon::prelude::*;

use crate::verify::finding::Findings;
use crate::verify::tile_id::TileId;
use crate::verify::{Check, Context, Problem, Verified, directory, mbtiles, pmtiles, tiles};

/// An archive that could be opened: its tiles ascending by zoom, column and row.
pub(super) struct Archive {
    /// Path inside the bundle.
    pub(super) file: &'static str,
    /// Tiles and where the archive keeps them.
    pub(super) tiles: Vec<(TileId, Place)>,
    /// Gives a tile's bytes, decompressed. Called from many threads.
    pub(super) read: Box<dyn Fn(TileId, Place) -> Result<Vec<u8>, Problem> + Send + Sync>,
}

/// Offset and length in the file where the archive has such; nothing otherwise.
pub(super) type Place = (u64, u64);

type Opener = fn(&Context<'_>, &mut Findings) -> Result<Archive, Problem>;

const FORMATS: [(&str, &str, Opener); 3] = [
    ("pmtiles", pmtiles::FILE, pmtiles::open),
    ("mbtiles", mbtiles::FILE, mbtiles::open),
    ("tiles", directory::FILE, directory::open),
];

/// Opens and compares the archives that were written, and looks into the tiles of the first.
pub(super) fn check(context: &Context<'_>) -> Verified {
    let (mut checks, mut parts, mut archives) = (Vec::new(), Vec::new(), Vec::new());
    for (name, file, open) in FORMATS {
        if !context.description.has(name) {
            checks.push(Check { name, checked: None });
            continue;
        }
        let mut findings = Findings::of(file);
        match open(context, &mut findings) {
            Ok(archive) => {
                checks.push(Check { name, checked: Some(archive.tiles.len() as u64) });
                archives.push(archive);
            }
            Err(problem) => {
                checks.push(Check { name, checked: Some(0) });
                findings.add("", problem);
            }
        }
        parts.push(findings.into_part(Vec::new()));
    }
    let mut archives = archives.into_iter();
    if let Some(first) = archives.next() {
        let (part, digests) = tiles::check(context, &first);
        parts.push(part);
        for other in archives {
            parts.push(compare(&digests, &other).into_part(Vec::new()));
        }
    }
    parts.insert(0, Verified { checks, ..Verified::default() });
    Verified::joined(parts)
}

/// A tile's content as a hash.
pub(super) type ContentHash = [u8; 32];

pub(super) fn content_hash(bytes: &[u8]) -> ContentHash {
    blake3::hash(bytes).into()
}

fn compare(expected: &[(TileId, ContentHash)], archive: &Archive) -> Findings {
    let mut findings = Findings::of(archive.file);
    let has = |tile: TileId| archive.tiles.binary_search_by_key(&tile, |t| t.0);
    let wrong: Vec<(TileId, Problem)> = expected
        .par_iter()
        .filter_map(|&(tile, hash)| {
            let Ok(position) = has(tile) else { return Some((tile, Problem::TileMissing)) };
            match (archive.read)(tile, archive.tiles[position].1) {
                Ok(bytes) if content_hash(&bytes) == hash => None,
                Ok(_) => Some((tile, Problem::TileDiffers)),
                Err(problem) => Some((tile, problem)),
            }
        })
        .collect();
    wrong.into_iter().for_each(|(tile, problem)| findings.add(tile.to_string(), problem));
    for (tile, _) in &archive.tiles {
        if expected.binary_search_by_key(tile, |t| t.0).is_err() {
            findings.add(tile.to_string(), Problem::TileExtra);
        }
    }
    findings
}

/// Decompresses one whole gzip member; anything behind it is wrong.
pub(super) fn gunzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = GzDecoder::new(bytes);
    let mut plain = Vec::new();
    decoder.read_to_end(&mut plain).ok()?;
    decoder.into_inner().is_empty().then_some(plain)
}
