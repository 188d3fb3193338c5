//! MBTiles 1.3: tables, metadata rows, zooms and gzip tiles with rows counted from the south.

use std::path::Path;
use std::sync::Mutex;

use rusqlite::{Connection, OpenFlags};

use crate::verify::archive::{Archive, gunzip};
use crate::verify::tile_id::TileId;
use crate::verify::{Context, Findings, Problem, tilejson};

pub(super) const FILE: &str = "tiles.mbtiles";

/// Opens a database that nobody changes, without making a journal beside it.
pub(super) fn open_unchanged(path: &Path) -> Result<Connection, Problem> {
    if !path.is_file() {
        return Err(Problem::FileMissing);
    }
    let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags).map_err(|_| Problem::FileUnreadable)?;
    let answer = connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    if answer.is_ok_and(|answer| answer == "ok") { Ok(connection) } else { Err(Problem::DatabaseDamaged) }
}

pub(super) fn open(context: &Context<'_>, findings: &mut Findings) -> Result<Archive, Problem> {
    let connection = open_unchanged(&context.bundle.join(FILE))?;
    let tiles = tile_ids(&connection, findings)?;
    if !has_unique_index(&connection) {
        findings.add("tiles", Problem::MbIndex);
    }
    check_metadata(context, &connection, &tiles, findings)?;
    let connection = Mutex::new(connection);
    let read = move |tile: TileId, _| {
        let packed: Vec<u8> = {
            let connection = connection.lock().map_err(|_| Problem::FileUnreadable)?;
            let sql = "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?";
            let mut query = connection.prepare_cached(sql).map_err(|_| Problem::MbTable)?;
            let row = (1_i64 << tile.zoom) - 1 - i64::from(tile.y);
            query.query_row((tile.zoom, tile.x, row), |row| row.get(0)).map_err(|_| Problem::FileUnreadable)?
        };
        gunzip(&packed).ok_or(Problem::TileGzip)
    };
    Ok(Archive { file: FILE, tiles, read: Box::new(read) })
}

fn tile_ids(connection: &Connection, findings: &mut Findings) -> Result<Vec<(TileId, (u64, u64))>, Problem> {
    let mut query = connection.prepare("SELECT zoom_level, tile_column, tile_row FROM tiles").map_err(|_| Problem::MbTable)?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(|_| Problem::MbTable)?;
    let mut tiles = Vec::new();
    for row in rows {
        let (zoom, column, row): (i64, i64, i64) = row.map_err(|_| Problem::MbTable)?;
        let side = if (0..=i64::from(TileId::MAX_ZOOM)).contains(&zoom) { 1_i64 << zoom } else { 0 };
        if !(0..side).contains(&column) || !(0..side).contains(&row) {
            findings.add(format!("tiles {zoom}/{column}/{row}"), Problem::MbRow);
            continue;
        }
        tiles.push((TileId { zoom: zoom as u8, x: column as u32, y: (side - 1 - row) as u32 }, (0, 0)));
    }
    tiles.sort_unstable();
    for pair in tiles.windows(2).filter(|pair| pair[0] == pair[1]) {
        findings.add(pair[0].0.to_string(), Problem::MbIndex);
    }
    tiles.dedup();
    Ok(tiles)
}

/// The table has a unique index on zoom, column and row; a view has one on the table it reads.
fn has_unique_index(connection: &Connection) -> bool {
    let sql = "SELECT count(*) FROM sqlite_schema s JOIN pragma_index_list(s.name) i WHERE s.type = 'table' AND i.\"unique\" = 1 AND \
               (SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) = 'zoom_level,tile_column,tile_row'";
    connection.query_row(sql, [], |row| row.get::<_, i64>(0)).is_ok_and(|count| count > 0)
}

fn check_metadata(
    context: &Context<'_>,
    connection: &Connection,
    tiles: &[(TileId, (u64, u64))],
    findings: &mut Findings,
) -> Result<(), Problem> {
    let value = |name: &str| {
        connection.query_row("SELECT value FROM metadata WHERE name = ?", [name], |row| row.get::<_, String>(0)).ok()
    };
    connection.prepare("SELECT name, value FROM metadata").map_err(|_| Problem::MbTable)?;
    if value("name").is_none_or(|name| name.is_empty()) {
        findings.add("metadata", Problem::MbName);
    }
    if value("format").as_deref() != Some("pbf") {
        findings.add("metadata", Problem::MbFormat);
    }
    let zoom = |name| value(name).and_then(|text| text.parse::<u8>().ok());
    let of_tiles = (tiles.first().map(|t| t.0.zoom), tiles.last().map(|t| t.0.zoom));
    if (zoom("minzoom"), zoom("maxzoom")) != of_tiles {
        findings.add("metadata", Problem::MbZooms);
    }
    let numbers = |name| -> Option<Vec<f64>> { value(name)?.split(',').map(|n| n.trim().parse().ok()).collect() };
    let bounds_hold = numbers("bounds").is_some_and(|b| b.len() == 4 && tilejson::are_bounds(&b));
    let centre_holds = numbers("center").is_some_and(|c| c.len() == 3 && c[0].abs() <= 180.0 && c[1].abs() <= 90.0);
    if !bounds_hold || !centre_holds {
        findings.add("metadata", Problem::MbBounds);
    }
    let json: Option<serde_json::Value> = value("json").and_then(|text| serde_json::from_str(&text).ok());
    tilejson::check_vector_layers(context.description, json.as_ref().and_then(|j| j.get("vector_layers")), findings);
    Ok(())
}
