//! The three places tiles go to: a PMTiles archive, an MBTiles database and a folder.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use pmtiles::{Compression, PmTilesStreamWriter, PmTilesWriter, TileCoord, TileType};
use rusqlite::{Connection, params};

use crate::layer::ZoomPlan;
use crate::tiling::metadata::Describes;
use crate::tiling::{TileOptions, TilingError};

/// A finished tile.
pub(super) struct TileBytes {
    pub(super) coord: TileCoord,
    pub(super) gzip: Vec<u8>,
}

/// An archive that takes tiles in the order of their ids.
pub(super) trait Archive {
    fn add(&mut self, tile: &TileBytes) -> Result<(), TilingError>;
    fn finish(self: Box<Self>) -> Result<(), TilingError>;
}

/// PMTiles v3: tiles of equal content are stored once, in the order of their ids.
pub(super) struct PmTiles {
    path: PathBuf,
    writer: PmTilesStreamWriter<File>,
}

impl PmTiles {
    pub(super) fn create(path: &Path, options: &TileOptions, tiles: &Describes) -> Result<Self, TilingError> {
        let failed = TilingError::write(path);
        let file = File::create(path).map_err(|e| failed(&e))?;
        let ([west, south, east, north], (lon, lat, zoom)) = (tiles.bounds_deg, tiles.center);
        let writer = PmTilesWriter::new(TileType::Mvt)
            .precompressed(Compression::Gzip)
            .min_zoom(0)
            .max_zoom(ZoomPlan::MAX_ZOOM)
            .bounds(west, south, east, north)
            .center(lon, lat)
            .center_zoom(zoom)
            .metadata(tiles.pmtiles_metadata(options).to_string())
            .create(file)
            .map_err(|e| failed(&e))?;
        Ok(Self { path: path.to_owned(), writer })
    }
}

impl Archive for PmTiles {
    fn add(&mut self, tile: &TileBytes) -> Result<(), TilingError> {
        self.writer.add_tile(tile.coord, &tile.gzip).map_err(|e| TilingError::write(&self.path)(&e))
    }

    fn finish(self: Box<Self>) -> Result<(), TilingError> {
        let failed = TilingError::write(&self.path);
        self.writer.finalize().map_err(|e| failed(&e))?;
        place_empty_leaves(&self.path).map_err(|e| failed(&e))
    }
}

/// The crate leaves the leaf directories' offset at 0 where there are none; `pmtiles verify` (go-pmtiles) wants it behind the header, so
/// it is set to the end of the tiles.
fn place_empty_leaves(path: &Path) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().read(true).write(true).open(path)?;
    let mut header = [0; 72];
    file.read_exact(&mut header)?;
    let number = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().expect("eight bytes"));
    let (leaves, data, length) = (number(40), number(56), number(64));
    if leaves == 0 {
        file.seek(SeekFrom::Start(40))?;
        file.write_all(&(data + length).to_le_bytes())?;
    }
    Ok(())
}

/// MBTiles 1.3: one plain table, rows in the order of tile ids, index last.
pub(super) struct MbTiles {
    path: PathBuf,
    database: Connection,
}

impl MbTiles {
    pub(super) fn create(path: &Path, options: &TileOptions, tiles: &Describes) -> Result<Self, TilingError> {
        let failed = TilingError::write(path);
        if path.exists() {
            fs::remove_file(path).map_err(|e| failed(&e))?;
        }
        let database = Connection::open(path).map_err(|e| failed(&e))?;
        // Nobody reads the file before it is complete, and the folder it is in is thrown away if the run breaks off: no journal is needed.
        let set_up =
            "PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
            PRAGMA application_id = 0x4d504258;
            BEGIN;
            CREATE TABLE metadata (name text, value text);
            CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob);";
        database.execute_batch(set_up).map_err(|e| failed(&e))?;
        for (name, value) in tiles.mbtiles_metadata(options) {
            database.execute("INSERT INTO metadata VALUES (?1, ?2)", [name, value.as_str()]).map_err(|e| failed(&e))?;
        }
        Ok(Self { path: path.to_owned(), database })
    }
}

impl Archive for MbTiles {
    fn add(&mut self, tile: &TileBytes) -> Result<(), TilingError> {
        let failed = TilingError::write(&self.path);
        let (z, x, y) = (tile.coord.z(), tile.coord.x(), tile.coord.y());
        // Rows are counted from the south in MBTiles.
        let row = (1_u32 << z) - 1 - y;
        let mut insert = self.database.prepare_cached("INSERT INTO tiles VALUES (?1, ?2, ?3, ?4)").map_err(|e| failed(&e))?;
        insert.execute(params![z, x, row, tile.gzip]).map_err(|e| failed(&e))?;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), TilingError> {
        let failed = TilingError::write(&self.path);
        let finish = "CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row);
            CREATE UNIQUE INDEX metadata_index ON metadata (name);
            COMMIT;";
        self.database.execute_batch(finish).map_err(|e| failed(&e))?;
        let Self { database, .. } = *self;
        database.close().map_err(|(_, e)| failed(&e))
    }
}

/// Writes one uncompressed tile to `folder/z/x/y.pbf`: QGIS before 3.44 cannot read compressed ones from a folder. May be called from many threads.
pub(super) fn write_tile_file(folder: &Path, coord: TileCoord, bytes: &[u8]) -> Result<(), TilingError> {
    let path = folder.join(format!("{}/{}/{}.pbf", coord.z(), coord.x(), coord.y()));
    let failed = TilingError::write(&path);
    let written = fs::write(&path, bytes).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            let parent = path.parent().expect("a tile is in a folder");
            fs::create_dir_all(parent).and_then(|()| fs::write(&path, bytes))
        }
        _ => Err(error),
    });
    written.map_err(|e| failed(&e))
}
