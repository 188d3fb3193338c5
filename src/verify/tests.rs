//! A bundle of the real writers is sound; each fault planted in it is found, in the right file and by name.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use geo::{LineString, MultiPolygon, Polygon};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::area::{Area, AreaSystem};
use crate::confidential::for_tests::{self, Number};
use crate::confidential::{Dimension, Lattice, Level, Release, Table, Unit};
use crate::export::{self, ExportOptions};
use crate::geodesy::{Projection, ReferenceSystem};
use crate::grid::{CellId, GridSizes};
use crate::layer::{Symbology, ZoomPlan, layers};
use crate::progress::Silent;
use crate::tiling::{TileFormat, TileOptions, write_tiles};
use crate::verify::{Problem, Verified, verify};

const DATES: [Option<&str>; 2] = [Some("2023-12-31"), Some("2024-12-31")];
const SIZES_M: [u32; 3] = [100, 1000, 10_000];

fn areas() -> AreaSystem {
    let to_lon_lat = Projection::new(&ReferenceSystem::etrs89_laea(), &ReferenceSystem::wgs84()).unwrap();
    let area = |i: u32| {
        let (west, south) = (4_300_000.0 + 3000.0 * f64::from(i), 3_400_000.0);
        let square = [(0.0, 0.0), (3000.0, 0.0), (3000.0, 4000.0), (0.0, 4000.0), (0.0, 0.0)].map(|(x, y)| (west + x, south + y));
        let polygon = |points: Vec<(f64, f64)>| MultiPolygon::new(vec![Polygon::new(LineString::from(points), Vec::new())]);
        let degrees = square.iter().map(|&(x, y)| to_lon_lat.exact(x, y).unwrap()).collect();
        Area {
            key: format!("0105600{i}"),
            label: format!("=Ort, \"{i}\""),
            outline_3035_m: polygon(square.to_vec()),
            outline_lon_lat_deg: polygon(degrees),
        }
    };
    AreaSystem { name: "gemeinde".to_owned(), label: "Gemeinden".to_owned(), areas: (1..4).map(area).collect() }
}

/// Published numbers above zero are greater by `more`.
fn release(more: i64) -> Release {
    let categories = ["0 bis unter 18", "18+"].map(str::to_owned).to_vec();
    let lattice = Lattice {
        sizes: GridSizes::new(&SIZES_M).unwrap(),
        joined: None,
        systems: vec![Arc::new(areas())],
        dimensions: vec![Dimension { name: "age".to_owned(), label: "Alter".to_owned(), categories }],
        tables: vec![Table(vec![]), Table(vec![0])],
        measures: Vec::new(),
        dates: DATES.iter().map(|d| d.map(str::to_owned)).collect(),
    };
    let finest = lattice.sizes.finest();
    let cells: Vec<CellId> = (0..900_u32)
        .filter(|i| i % 11 != 3)
        .map(|i| CellId::of_corner(finest, (4_309_000 + i % 30 * 100) as i32, (3_398_500 + i / 30 * 100) as i32).unwrap())
        .collect();
    let mut blocks = Vec::new();
    for date in 0..DATES.len() {
        for level in lattice.levels() {
            let mut units: Vec<Unit> = match level {
                Level::Grid(size) => cells.iter().map(|c| Unit::Cell(c.parent(size))).collect(),
                Level::Areas(_) => (0..3).map(Unit::Area).collect(),
            };
            units.sort_unstable();
            units.dedup();
            let number = |i: usize| match (i + date) % 7 {
                0 => Number::Suppressed,
                1 => Number::Published(0),
                2 => Number::NoData,
                3 => Number::Uncertain(4),
                n => Number::Published((n * i) as i64 + 5 + more),
            };
            let numbers = (0..units.len() * lattice.columns().len()).map(number);
            blocks.push(for_tests::block(date, level, units, numbers));
        }
    }
    for_tests::release(lattice, blocks)
}

/// Writes everything a run writes that `verify` reads.
fn bundle(formats: &[&str]) -> tempfile::TempDir {
    bundle_of(&release(0), formats)
}

/// The cells of [`release`] with the western ones joined to 1 km, and a neighbour of 10 km in the north-east; with `overlap` one of the joined cells
/// is there once more by itself.
fn joined(overlap: bool) -> Release {
    let mut release = release(0);
    let sizes = GridSizes::new(&SIZES_M).unwrap();
    release.lattice.joined = Some(sizes.coarsest());
    let neighbour = CellId::of_corner(sizes.coarsest(), 4_310_000, 3_400_000).unwrap();
    let columns = release.lattice.columns().len();
    for block in &mut release.blocks {
        let Level::Grid(size) = block.level else { continue };
        let larger = |unit: &Unit| match unit {
            Unit::Cell(cell) if cell.easting_m() < 4_310_000 => Unit::Cell(cell.at_least(sizes.as_slice()[1])),
            other => *other,
        };
        let mut units: Vec<Unit> = block.units.iter().map(larger).collect();
        units.push(Unit::Cell(neighbour));
        units.extend(block.units.first().filter(|_| overlap));
        // The 10 km cell holds no other: those east of it are left out.
        units.retain(
            |unit| matches!(unit, Unit::Cell(cell) if *cell == neighbour || cell.at_least(sizes.coarsest()) != neighbour),
        );
        units.sort_unstable();
        units.dedup();
        let numbers =
            (0..units.len() * columns).map(|i| if i % 5 == 0 { Number::Suppressed } else { Number::Published(i as i64) });
        *block = for_tests::block(block.date, Level::Grid(size), units, numbers);
    }
    release
}

#[test]
fn cells_of_several_sizes_are_sound_side_by_side() {
    let release = joined(false);
    let folder = bundle_of(&release, &ALL);
    let verified = check(folder.path());
    assert!(verified.is_sound(), "{:#?}", verified.findings);
    let finest = release.blocks[0].units.iter().map(|unit| if let Unit::Cell(c) = unit { c.size().metres() } else { 0 });
    let sizes: std::collections::BTreeSet<u32> = finest.collect();
    assert_eq!(sizes, SIZES_M.into());
}

#[test]
fn a_cell_within_a_joined_one_is_a_fault() {
    let folder = bundle_of(&joined(true), &["csv"]);
    let found = check(folder.path()).findings;
    assert!(found.iter().any(|f| f.problem == Problem::CellsOverlap), "{found:#?}");
}

#[test]
fn cells_larger_than_their_level_are_a_fault_where_none_are_joined() {
    let folder = bundle_of(&joined(false), &["csv"]);
    change_json(folder.path().join("run.json"), |run| run["protection"] = json!({}));
    let found = check(folder.path()).findings;
    assert!(found.iter().any(|f| f.file == "release.parquet" && f.problem == Problem::ReleaseSchema), "{found:#?}");
}

fn bundle_of(release: &Release, formats: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let options = ExportOptions::new("Test", "nobody").unwrap();
    let has = |format: &str| formats.contains(&format);
    export::write_release_parquet(release, &path.join("release.parquet")).unwrap();
    if has("geojson") {
        export::write_geojson(release, &options, &path.join("geojson"), &Silent).unwrap();
    }
    if has("geojsonl") {
        export::write_geojson_lines(release, &options, &path.join("geojsonl"), &Silent).unwrap();
    }
    if has("geoparquet") {
        export::write_geoparquet(release, &options, &path.join("geoparquet"), &Silent).unwrap();
    }
    if has("flatgeobuf") {
        export::write_flatgeobuf(release, &options, &path.join("flatgeobuf"), &Silent).unwrap();
    }
    if has("csv") {
        export::write_csv(release, &options, &path.join("csv"), &Silent).unwrap();
    }
    if has("gpkg") {
        export::write_geopackage(release, &Symbology::of(release), &options, &path.join("test.gpkg"), &Silent).unwrap();
    }
    if !formats.is_empty() {
        export::write_styles(release, &Symbology::of(release), &options, path).unwrap();
    }
    let archives = [("pmtiles", TileFormat::PmTiles), ("mbtiles", TileFormat::MbTiles), ("tiles", TileFormat::Directory)];
    let tile_formats: Vec<TileFormat> = archives.iter().filter(|(name, _)| has(name)).map(|(_, format)| *format).collect();
    if !tile_formats.is_empty() {
        let (title, attribution, description) = ("Test".to_owned(), "nobody".to_owned(), "invented".to_owned());
        let options = TileOptions { title, attribution, description, formats: tile_formats, smallest: false, earlier: None };
        write_tiles(release, &Symbology::of(release), &options, path, &Silent).unwrap();
    }
    let plan = ZoomPlan::new(&release.lattice.sizes, 53.6, 53.8);
    let described = layers(release).into_iter().map(|layer| {
        let zooms = match layer.level {
            Level::Grid(size) => plan.zooms_of(size),
            Level::Areas(_) => Some(0..=ZoomPlan::MAX_ZOOM),
        };
        json!({
            "name": layer.name,
            "level": release.lattice.level_name(layer.level),
            "date": layer.date,
            "minzoom": zooms.clone().map(|z| *z.start()),
            "maxzoom": zooms.map(|z| *z.end()),
        })
    });
    let fields = layers(release)[0].fields.clone().into_iter();
    let fields = fields.map(|f| json!({"name": f.name, "status_name": f.status_name, "table": f.table, "group": f.group}));
    let largest = release.lattice.joined.map(|size| size.level_name());
    let protection = json!({"parameters": {"merge_largest": largest}});
    let run = json!({"formats": formats, "protection": protection, "layers": described.collect::<Vec<_>>(), "fields": fields.collect::<Vec<_>>()});
    fs::write(path.join("run.json"), run.to_string()).unwrap();
    folder
}

const ALL: [&str; 9] = ["pmtiles", "mbtiles", "tiles", "geojson", "gpkg", "csv", "geojsonl", "geoparquet", "flatgeobuf"];

fn check(folder: &Path) -> Verified {
    verify(folder, &Silent).map_err(|e| e.to_string()).unwrap()
}

fn skipped(verified: &Verified) -> Vec<&'static str> {
    verified.checks.iter().filter(|check| check.checked.is_none()).map(|check| check.name).collect()
}

/// Plants one fault in a sound bundle and asks for one finding of this kind in this file.
fn planted(formats: &[&str], file: &str, problem: Problem, fault: impl FnOnce(&Path)) {
    let folder = bundle(formats);
    fault(folder.path());
    let found = check(folder.path()).findings;
    assert!(found.iter().any(|f| f.file == file && f.problem == problem), "{problem:?} in {file} not among {found:#?}");
}

fn change_json(path: PathBuf, change: impl FnOnce(&mut Value)) {
    let mut document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut document);
    fs::write(path, document.to_string()).unwrap();
}

/// Changes a database; triggers, which call functions that only GeoPackage programs have, go first.
fn sql(path: PathBuf, statement: &str) {
    let database = Connection::open(path).unwrap();
    let mut query = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let triggers: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    triggers.iter().for_each(|name| database.execute_batch(&format!("DROP TRIGGER \"{name}\"")).unwrap());
    database.execute_batch(statement).unwrap();
}

fn tile_files(folder: &Path) -> Vec<PathBuf> {
    let inner = |path: PathBuf| fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect::<Vec<_>>();
    let mut files: Vec<PathBuf> =
        inner(folder.join("tiles")).into_iter().filter(|p| p.is_dir()).flat_map(inner).flat_map(inner).collect();
    files.sort();
    files
}

/// Changes bytes of the largest tile of the last zoom.
fn change_tile(folder: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let last = tile_files(folder).into_iter().filter(|p| p.starts_with(folder.join("tiles/14")));
    let path = last.max_by_key(|p| fs::metadata(p).unwrap().len()).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_bundle_of_the_writers_is_sound() {
    let folder = bundle(&ALL);
    let verified = check(folder.path());
    assert_eq!(verified.findings, []);
    assert_eq!(skipped(&verified), ["hashes"]);
    for check in &verified.checks {
        assert!(check.checked != Some(0), "{} looked at nothing", check.name);
    }
}

#[test]
fn formats_that_were_not_written_are_skipped() {
    let verified = check(bundle(&["csv"]).path());
    assert_eq!(verified.findings, []);
    assert_eq!(
        skipped(&verified),
        ["hashes", "pmtiles", "mbtiles", "tiles", "geojson", "geojsonl", "geopackage", "geoparquet", "flatgeobuf", "tilejson"]
    );
}

#[test]
fn faults_of_the_further_files() {
    let copy = |from: &Path, to: &Path| assert!(fs::copy(from, to).unwrap() > 0);
    for (format, ending, form) in [
        ("geojsonl", "geojsonl", Problem::GeoJsonForm),
        ("geoparquet", "parquet", Problem::GeoParquetForm),
        ("flatgeobuf", "fgb", Problem::FlatGeobufForm),
    ] {
        let file = format!("{format}/1km_2024-12-31.{ending}");
        planted(&[format], &file, Problem::FileMissing, |f| fs::remove_file(f.join(&file)).unwrap());
        planted(&[format], &file, form, |f| fs::write(f.join(&file), b"nothing\n").unwrap());
        // The files of another release: the same units with other numbers.
        let other = bundle_of(&release(1), &[format]);
        planted(&[format], &file, Problem::NumberDiffers, |f| copy(&other.path().join(&file), &f.join(&file)));
        // Those of another layer: other units.
        let wrong = format!("{format}/100m_2024-12-31.{ending}");
        planted(&[format], &file, Problem::UnitUnknown, |f| copy(&f.join(&wrong), &f.join(&file)));
        planted(&[format], &file, Problem::UnitMissing, |f| copy(&f.join(&wrong), &f.join(&file)));
    }
}

#[test]
fn faults_of_the_tiles() {
    let only = ["tiles"];
    planted(&only, "tiles", Problem::UnitMissing, |f| {
        for path in tile_files(f).iter().filter(|p| p.starts_with(f.join("tiles/12"))) {
            fs::remove_file(path).unwrap();
        }
    });
    planted(&only, "tiles", Problem::TileLayerTwice, |f| change_tile(f, |bytes| bytes.extend(bytes.clone())));
    planted(&only, "tiles", Problem::TileTruncated, |f| change_tile(f, |bytes| bytes.truncate(bytes.len() - 3)));
    planted(&only, "tiles", Problem::CellInTileMissing, |f| {
        let largest = tile_files(f)
            .into_iter()
            .filter(|p| p.starts_with(f.join("tiles/14")))
            .max_by_key(|p| fs::metadata(p).unwrap().len());
        fs::remove_file(largest.unwrap()).unwrap();
    });
    planted(&only, "tiles", Problem::TileCompressed, |f| change_tile(f, |bytes| bytes.splice(0..0, [0x1f, 0x8b]).for_each(drop)));
    planted(&only, "tiles", Problem::VectorLayers, |f| {
        change_json(f.join("tiles/metadata.json"), |m| _ = m["vector_layers"].as_array_mut().unwrap().remove(0));
    });
    planted(&only, "tiles.json", Problem::TileJsonZooms, |f| change_json(f.join("tiles.json"), |m| m["maxzoom"] = json!(13)));
    planted(&only, "tiles", Problem::TileLayerZoom, |f| {
        change_json(f.join("run.json"), |run| run["layers"][0]["maxzoom"] = json!(13));
    });
}

#[test]
fn faults_of_styles_and_names() {
    planted(&["tiles"], "style.json", Problem::StyleColor, |f| {
        change_json(f.join("style.json"), |style| {
            let layers = style["layers"].as_array_mut().unwrap();
            let class = layers.iter_mut().find(|l| l["id"].as_str().unwrap().ends_with("_class_1")).unwrap();
            class["paint"]["fill-color"] = json!("#123456");
        });
    });
    planted(&["tiles"], "style_dark.json", Problem::StyleLayer, |f| {
        change_json(f.join("style_dark.json"), |style| style["layers"][2]["source-layer"] = json!("elsewhere"));
    });
    planted(&["tiles"], "legend.json", Problem::StyleForm, |f| fs::write(f.join("legend.json"), "{").unwrap());
    // The layer of names is the last of a tile: its length is known from its name. Its name changed, it is no layer that is known.
    let named = |bytes: &[u8]| bytes.windows(8).position(|w| w == b"\x0a\x06labels");
    let change = |folder: &Path, to: &[u8; 6]| {
        for path in tile_files(folder) {
            let mut bytes = fs::read(&path).unwrap();
            if let Some(at) = named(&bytes) {
                bytes[at + 2..at + 8].copy_from_slice(to);
                fs::write(path, bytes).unwrap();
            }
        }
    };
    planted(&["tiles"], "tiles", Problem::LayerUnknown, |f| change(f, b"lapels"));
    planted(&["tiles"], "tiles", Problem::LabelMissing, |f| change(f, b"lapels"));
    // Without its area's outline a point lies in none.
    planted(&["tiles"], "tiles", Problem::LabelOutside, |f| {
        for path in tile_files(f).into_iter().filter(|p| p.starts_with(f.join("tiles/14"))) {
            let mut bytes = fs::read(&path).unwrap();
            // Of both dates.
            while let Some(at) = bytes.windows(9).position(|w| w == b"gemeinde_") {
                bytes[at] = b'h';
            }
            fs::write(path, bytes).unwrap();
        }
    });
    // A point of one tile moved: `9 x y` after geometry type point (18 01 22 03).
    planted(&["tiles"], "tiles", Problem::LabelMoves, |f| {
        for path in tile_files(f).into_iter().filter(|p| p.starts_with(f.join("tiles/14"))) {
            let mut bytes = fs::read(&path).unwrap();
            let geometry = bytes.windows(4).position(|w| w[..3] == [0x18, 1, 0x22] && matches!(w[3], 3..=5));
            if let Some(at) = geometry.map(|at| at + 4).filter(|&at| bytes[at] == 9) {
                let length = usize::from(bytes[at - 1]);
                // As many bytes, another place: 0, 0 with zeros that a varint may have behind it.
                let filler: &[u8] = match length - 1 {
                    2 => &[2, 2],
                    3 => &[0x82, 0, 2],
                    _ => &[0x82, 0, 0x82, 0],
                };
                bytes[at + 1..at + length].copy_from_slice(filler);
                fs::write(path, bytes).unwrap();
            }
        }
    });
}

/// Where the second corner of a cell begins: `9 x y 26 dx dy dx dy dx dy 15` (METHODS B1).
fn second_corner(bytes: &[u8]) -> usize {
    let after = |at: usize, varints: usize| (at..).filter(|&i| bytes[i] < 0x80).nth(varints - 1).unwrap() + 1;
    let quad = |&at: &usize| {
        let side = after(at + 1, 2);
        bytes[at] == 9 && bytes[side] == 26 && bytes[after(side + 1, 6)] == 15
    };
    after((0..bytes.len() - 40).find(quad).unwrap() + 1, 2) + 1
}

#[test]
fn a_moved_corner() {
    let folder = bundle(&["tiles"]);
    change_tile(folder.path(), |bytes| {
        let at = second_corner(bytes);
        bytes[at] ^= 2;
    });
    let moved = |problem| matches!(problem, Problem::CornersDiffer | Problem::CornerMisplaced);
    let findings = check(folder.path()).findings;
    assert!(findings.iter().any(|f| moved(f.problem)), "{findings:#?}");
    assert!(findings.iter().all(|f| moved(f.problem)), "{findings:#?}");
}

#[test]
fn faults_of_the_archives() {
    planted(&["pmtiles", "tiles"], "tiles", Problem::TileDiffers, |f| {
        change_tile(f, |bytes| *bytes.last_mut().unwrap() ^= 1);
    });
    planted(&["pmtiles", "mbtiles"], "tiles.mbtiles", Problem::TileMissing, |f| {
        sql(f.join("tiles.mbtiles"), "PRAGMA writable_schema = 1; DELETE FROM tiles WHERE rowid = 5;");
    });
    let header = |f: &Path, at: usize, to: u8| {
        let path = f.join("tiles.pmtiles");
        let mut bytes = fs::read(&path).unwrap();
        bytes[at] = to;
        fs::write(path, bytes).unwrap();
    };
    planted(&["pmtiles"], "tiles.pmtiles", Problem::PmZooms, |f| header(f, 101, 15));
    planted(&["pmtiles"], "tiles.pmtiles", Problem::PmCounts, |f| header(f, 72, 255));
    planted(&["pmtiles"], "tiles.pmtiles", Problem::PmClustered, |f| header(f, 96, 0));
    planted(&["pmtiles"], "tiles.pmtiles", Problem::PmHeader, |f| header(f, 7, 2));
    planted(&["pmtiles"], "tiles.pmtiles", Problem::PmBounds, |f| header(f, 105, 0x7f));
    planted(&["pmtiles"], "tiles.pmtiles", Problem::TileGzip, |f| {
        let path = f.join("tiles.pmtiles");
        let mut bytes = fs::read(&path).unwrap();
        let data = u64::from_le_bytes(bytes[56..64].try_into().unwrap()) as usize;
        bytes[data + 30] ^= 0xff;
        fs::write(path, bytes).unwrap();
    });
    let mbtiles = |problem, statement: &'static str| {
        planted(&["mbtiles"], "tiles.mbtiles", problem, |f| sql(f.join("tiles.mbtiles"), statement));
    };
    mbtiles(Problem::MbZooms, "UPDATE metadata SET value = '13' WHERE name = 'maxzoom'");
    mbtiles(Problem::MbFormat, "UPDATE metadata SET value = 'png' WHERE name = 'format'");
    mbtiles(Problem::MbBounds, "DELETE FROM metadata WHERE name = 'bounds'");
    mbtiles(Problem::VectorLayers, "UPDATE metadata SET value = '{}' WHERE name = 'json'");
}

#[test]
fn faults_of_values() {
    let replace = |path: PathBuf, from: &str, to: &str| {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    };
    let geojson = "geojson/100m_2024-12-31.geojson";
    planted(&["geojson"], geojson, Problem::NumberWithheld, |f| {
        replace(f.join(geojson), "\"total\":null,\"total_status\":\"suppressed\"", "\"total\":3,\"total_status\":\"suppressed\"")
    });
    planted(&["geojson"], geojson, Problem::StatusMissing, |f| replace(f.join(geojson), ",\"total_status\":\"suppressed\"", ""));
    planted(&["geojson"], geojson, Problem::NumberDiffers, |f| replace(f.join(geojson), "\"total\":0,", "\"total\":1,"));
    planted(&["geojson"], geojson, Problem::GeoJsonForm, |f| replace(f.join(geojson), "FeatureCollection", "Features"));
    let csv = "csv/gemeinde_2023-12-31.csv";
    planted(&["csv"], csv, Problem::UnitUnknown, |f| replace(f.join(csv), "01056001", "1056001"));
    planted(&["csv"], "csv/100m_2023-12-31_excel.csv", Problem::StatusDiffers, |f| {
        replace(f.join("csv/100m_2023-12-31_excel.csv"), "suppressed", "none");
    });
    let package =
        |problem, statement: &'static str| planted(&["gpkg"], "test.gpkg", problem, |f| sql(f.join("test.gpkg"), statement));
    package(Problem::NumberDiffers, "UPDATE \"1km_2023-12-31\" SET total = total + 1 WHERE total > 0");
    package(Problem::NumberWithheld, "UPDATE \"100m_2023-12-31\" SET total = -1 WHERE total_status = 'suppressed'");
    package(Problem::PackageGeometry, "UPDATE \"gemeinde_2023-12-31\" SET geom = NULL");
    package(Problem::UnitIds, "UPDATE \"gemeinde_2023-12-31\" SET id = 'x'");
    // The same number changed in the reference instead: every format disagrees with it.
    let shifted = |f: &Path| {
        fs::remove_file(f.join("release.parquet")).unwrap();
        export::write_release_parquet(&release(1), &f.join("release.parquet")).unwrap();
    };
    planted(&["csv"], csv, Problem::NumberDiffers, shifted);
    planted(&["tiles"], "tiles", Problem::NumberDiffers, shifted);
}

#[test]
fn faults_of_the_manifest() {
    let with_hash = |f: &Path| {
        let hash = blake3::hash(&fs::read(f.join("release.parquet")).unwrap()).to_hex().to_string();
        change_json(f.join("run.json"), |run| run["outputs"] = json!({"release.parquet": hash}));
    };
    let folder = bundle(&[]);
    with_hash(folder.path());
    assert_eq!(check(folder.path()).findings, []);
    planted(&[], "release.parquet", Problem::HashDiffers, |f| {
        change_json(f.join("run.json"), |run| run["outputs"] = json!({"release.parquet": "00"}));
    });
    planted(&[], "persons.csv", Problem::NotListed, |f| {
        with_hash(f);
        fs::write(f.join("persons.csv"), "").unwrap();
    });
    planted(&[], "release.parquet", Problem::ReleaseColumn, |f| {
        change_json(f.join("run.json"), |run| run["fields"][0]["table"] = json!("other"));
    });
    planted(&[], "release.parquet", Problem::ReleaseLayer, |f| {
        change_json(f.join("run.json"), |run| _ = run["layers"].as_array_mut().unwrap().pop());
    });
    let empty = tempfile::tempdir().unwrap();
    assert!(verify(empty.path(), &Silent).is_err());
}
