//! The directory of plain tiles, `tiles/z/x/y.pbf`, with `metadata.json` beside them.

use std::path::Path;

use crate::verify::archive::Archive;
use crate::verify::tile_id::TileId;
use crate::verify::{Context, Findings, Problem, tilejson};

pub(super) const FILE: &str = "tiles";

pub(super) fn open(context: &Context<'_>, findings: &mut Findings) -> Result<Archive, Problem> {
    let root = context.bundle.join(FILE);
    if !root.is_dir() {
        return Err(Problem::FileMissing);
    }
    let mut tiles = Vec::new();
    walk(&root, "", &mut |path| match tile_of_path(path) {
        Some(tile) => tiles.push((tile, (0, 0))),
        None if path == "metadata.json" => {}
        None => findings.add(path, Problem::DirName),
    });
    tiles.sort_unstable();
    match std::fs::read(root.join("metadata.json")).map(|text| serde_json::from_slice::<serde_json::Value>(&text)) {
        Ok(Ok(metadata)) => check_metadata(context, &metadata, findings),
        Ok(Err(_)) => findings.add("metadata.json", Problem::TileJsonForm),
        Err(_) => findings.add("metadata.json", Problem::FileMissing),
    }
    let read = move |tile: TileId, _| {
        let path = root.join(format!("{}/{}/{}.pbf", tile.zoom, tile.x, tile.y));
        let bytes = std::fs::read(path).map_err(|_| Problem::FileUnreadable)?;
        if bytes.starts_with(&[0x1f, 0x8b]) { Err(Problem::TileCompressed) } else { Ok(bytes) }
    };
    Ok(Archive { file: FILE, tiles, read: Box::new(read) })
}

/// Vector layers stand in the file itself or, as MBTiles has it, as text under `json`.
fn check_metadata(context: &Context<'_>, metadata: &serde_json::Value, findings: &mut Findings) {
    let inner =
        metadata.get("json").and_then(|j| j.as_str()).and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let layers = metadata.get("vector_layers").or_else(|| inner.as_ref()?.get("vector_layers"));
    tilejson::check_vector_layers(context.description, layers, findings);
}

fn tile_of_path(path: &str) -> Option<TileId> {
    let mut parts = path.strip_suffix(".pbf")?.split('/');
    let mut number = || parts.next().filter(|p| *p == "0" || !p.starts_with('0'))?.parse::<u32>().ok();
    let (zoom, x, y) = (number()?, number()?, number()?);
    let side = 1_u64 << zoom.min(32);
    let fits = zoom <= u32::from(TileId::MAX_ZOOM) && u64::from(x) < side && u64::from(y) < side;
    (fits && parts.next().is_none()).then_some(TileId { zoom: zoom as u8, x, y })
}

fn walk(folder: &Path, prefix: &str, found: &mut impl FnMut(&str)) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            walk(&entry.path(), &format!("{path}/"), &mut *found);
        } else {
            found(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TileId, tile_of_path};

    #[test]
    fn tile_paths() {
        assert_eq!(tile_of_path("4/8/5.pbf"), Some(TileId { zoom: 4, x: 8, y: 5 }));
        assert_eq!(tile_of_path("4/16/5.pbf"), None);
        assert_eq!(tile_of_path("4/08/5.pbf"), None);
        assert_eq!(tile_of_path("4/8/5.pbf.gz"), None);
        assert_eq!(tile_of_path("4/8/5/1.pbf"), None);
    }
}
