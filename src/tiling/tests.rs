//! Whole releases in, tiles out, read back with a foreign decoder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use geo::{LineString, MultiPolygon, Polygon};

use crate::area::{Area, AreaSystem};
use crate::confidential::for_tests::{self, Number};
use crate::confidential::{Dimension, Lattice, Level, Release, Status, Table, Unit};
use crate::grid::{CellId, GridSizes};
use crate::layer::{Symbology, layers};
use crate::progress::Silent;
use crate::tiling::{EarlierTiles, TileFormat, TileOptions, TileReport, compressor, write_tiles};

/// Layer, zoom, feature id → attributes as text.
type Found = BTreeMap<(String, u8, u64), BTreeMap<String, String>>;

fn options() -> TileOptions {
    TileOptions {
        title: "Test".to_owned(),
        attribution: "© nobody".to_owned(),
        description: "synthetic".to_owned(),
        formats: vec![TileFormat::PmTiles, TileFormat::MbTiles, TileFormat::Directory],
        smallest: false,
        earlier: None,
    }
}

/// A repeatable number below `below` for every seed.
fn pick(seed: u64, below: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) % below
}

fn number(seed: u64) -> Number {
    match pick(seed, 12) {
        0 | 1 => Number::Suppressed,
        2 => Number::Published(0),
        3 => Number::NoData,
        4 => Number::Uncertain(3),
        _ => Number::Published(5 + (pick(seed ^ 77, 40) * pick(seed ^ 99, 40)) as i64),
    }
}

/// A square of `side` finest cells near the given corner, with all coarser cells over it, `groups` columns besides the total, and areas.
fn release(sizes_m: &[u32], corner_m: (u32, u32), side: u32, groups: usize, dates: &[Option<&str>]) -> Release {
    let sizes = GridSizes::new(sizes_m).unwrap();
    let categories = (0..groups).map(|i| format!("{} bis unter {}", i * 5, i * 5 + 5)).collect();
    let age = Dimension { name: "age".to_owned(), label: "Alter".to_owned(), categories };
    let areas = ["01001", "01002", "01003"].iter().enumerate().map(|(i, key)| {
        // Two neighbours and an island of a hundred metres.
        let (west, south) = (9.7 + 0.05 * i as f64, 53.6);
        let size = if i == 2 { 0.0012 } else { 0.05 };
        let ring =
            [(west, south), (west + size, south + 0.003), (west + size, south + size), (west, south + size), (west, south)];
        let outline = MultiPolygon::new(vec![Polygon::new(LineString::from(ring.to_vec()), Vec::new())]);
        Area { key: (*key).to_owned(), label: format!("Ort {i}"), outline_3035_m: outline.clone(), outline_lon_lat_deg: outline }
    });
    let system = AreaSystem { name: "gemeinde".to_owned(), label: "Gemeinden".to_owned(), areas: areas.collect() };
    let lattice = Lattice {
        sizes: sizes.clone(),
        joined: None,
        systems: vec![Arc::new(system)],
        dimensions: vec![age],
        tables: if groups == 0 { vec![Table(vec![])] } else { vec![Table(vec![]), Table(vec![0])] },
        measures: Vec::new(),
        dates: dates.iter().map(|d| d.map(str::to_owned)).collect(),
    };
    let finest = sizes.finest().metres();
    let mut cells: Vec<CellId> = (0..side * side)
        .filter(|i| pick(u64::from(*i), 10) < 9)
        .map(|i| {
            CellId::of_corner(sizes.finest(), (corner_m.0 + i % side * finest) as i32, (corner_m.1 + i / side * finest) as i32)
                .unwrap()
        })
        .collect();
    cells.sort_unstable();
    let columns = groups + 1;
    let mut blocks = Vec::new();
    for date in 0..dates.len() {
        for level in lattice.levels() {
            let units: Vec<Unit> = match level {
                Level::Grid(size) => {
                    cells.iter().map(|c| c.parent(size)).collect::<BTreeSet<_>>().into_iter().map(Unit::Cell).collect()
                }
                Level::Areas(_) => (0..3).map(Unit::Area).collect(),
            };
            let numbers = (0..units.len() * columns).map(|i| number(i as u64 + date as u64 * 1_000_003));
            blocks.push(for_tests::block(date, level, units, numbers));
        }
    }
    for_tests::release(lattice, blocks)
}

fn write(release: &Release, threads: usize) -> (tempfile::TempDir, TileReport) {
    let folder = tempfile::tempdir().unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let report = pool.install(|| write_tiles(release, &Symbology::of(release), &options(), folder.path(), &Silent)).unwrap();
    (folder, report)
}

/// All tiles of the database, decompressed, by zoom, column and row from the north.
fn mbtiles(folder: &Path) -> BTreeMap<(u8, u32, u32), Vec<u8>> {
    let database = rusqlite::Connection::open(folder.join("tiles.mbtiles")).unwrap();
    let mut all = database.prepare("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles").unwrap();
    let rows = all
        .query_map([], |row| Ok((row.get::<_, u8>(0)?, row.get::<_, u32>(1)?, row.get::<_, u32>(2)?, row.get::<_, Vec<u8>>(3)?)));
    let tile = |(z, x, row, gzip): (u8, u32, u32, Vec<u8>)| {
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(gzip.as_slice()).read_to_end(&mut bytes).unwrap();
        ((z, x, (1 << z) - 1 - row), bytes)
    };
    rows.unwrap().map(|row| tile(row.unwrap())).collect()
}

/// Rings in the world's raster of the zoom, from geometry commands.
fn rings(commands: &[u32], tile: (u32, u32)) -> Vec<Vec<[i64; 2]>> {
    let mut rings: Vec<Vec<[i64; 2]>> = Vec::new();
    let mut cursor = [i64::from(tile.0) * 4096, i64::from(tile.1) * 4096];
    let mut at = 0;
    while at < commands.len() {
        let (id, count) = (commands[at] & 7, commands[at] >> 3);
        at += 1;
        if id == 1 {
            rings.push(Vec::new());
        }
        for _ in 0..if id == 7 { 0 } else { count } {
            for axis in &mut cursor {
                *axis += i64::from(commands[at] >> 1) ^ -i64::from(commands[at] & 1);
                at += 1;
            }
            rings.last_mut().unwrap().push(cursor);
        }
    }
    rings
}

struct Feature {
    layer: String,
    tile: (u8, u32, u32),
    id: u64,
    attributes: BTreeMap<String, String>,
    rings: Vec<Vec<[i64; 2]>>,
}

fn features(folder: &Path) -> Vec<Feature> {
    let mut features = Vec::new();
    for (tile, bytes) in mbtiles(folder) {
        let reader = fast_mvt::MvtReaderRef::new(&bytes).unwrap();
        for layer in reader.layers() {
            for feature in layer.features() {
                let value = |v: fast_mvt::MvtValueRef<'_>| match v {
                    fast_mvt::MvtValueRef::UInt(n) => n.to_string(),
                    fast_mvt::MvtValueRef::String(s) => s.to_string(),
                    other => panic!("unexpected type {other:?}"),
                };
                let attributes = feature.properties().map(|p| p.unwrap()).map(|(key, v)| (key.to_owned(), value(v))).collect();
                let rings = rings(feature.geometry_commands(), (tile.1, tile.2));
                features.push(Feature { layer: layer.name().to_owned(), tile, id: feature.id().unwrap(), attributes, rings });
            }
        }
    }
    features
}

fn expected(release: &Release) -> BTreeMap<(String, u64), BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for layer in layers(release) {
        for (i, &unit) in layer.block.units.iter().enumerate() {
            let mut attributes = BTreeMap::new();
            for (field, number) in layer.fields.iter().zip(layer.block.numbers(i)) {
                match number.status() {
                    Status::Value | Status::Zero => {
                        attributes.insert(field.name.clone(), number.value().unwrap().to_string());
                    }
                    Status::Uncertain => {
                        attributes.insert(field.name.clone(), number.value().unwrap().to_string());
                        attributes.insert(field.status_name.clone(), "uncertain".to_owned());
                    }
                    Status::Suppressed => {
                        attributes.insert(field.status_name.clone(), "suppressed".to_owned());
                    }
                    Status::None => {}
                }
            }
            if let Unit::Area(_) = unit {
                attributes.insert("id".to_owned(), layer.unit_id(unit));
                attributes.insert("label".to_owned(), layer.unit_label(unit).unwrap().to_owned());
            }
            all.insert((layer.name.clone(), layer.feature_id(unit)), attributes);
        }
    }
    all
}

/// Every unit of every shown level is in every zoom of its layer, with exactly its attributes, in every tile alike.
fn assert_complete(release: &Release, folder: &Path) {
    let mut found = Found::new();
    for feature in features(folder) {
        let (zoom, ..) = feature.tile;
        let known = found.insert((feature.layer.clone(), zoom, feature.id), feature.attributes.clone());
        assert!(known.is_none_or(|known| known == feature.attributes));
        for ring in &feature.rings {
            assert!(
                feature.layer == "labels"
                    || ring.len() >= 3 && ring.windows(2).all(|pair| pair[0] != pair[1]) && ring[0] != ring[ring.len() - 1]
            );
        }
    }
    let tilejson: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("tiles.json")).unwrap()).unwrap();
    let expected = expected(release);
    let mut checked = 0;
    for described in tilejson["vector_layers"].as_array().unwrap() {
        let name = described["id"].as_str().unwrap();
        if name == "labels" {
            assert_eq!(described["fields"].as_object().unwrap().keys().collect::<Vec<_>>(), ["level", "id", "label"]);
        }
        for zoom in described["minzoom"].as_u64().unwrap() as u8..=described["maxzoom"].as_u64().unwrap() as u8 {
            for ((_, id), attributes) in expected.iter().filter(|((layer, _), _)| layer == name) {
                assert_eq!(found.remove(&(name.to_owned(), zoom, *id)).as_ref(), Some(attributes), "{name} zoom {zoom}");
                checked += 1;
            }
        }
    }
    assert!(checked > 0);
    assert!(found.keys().all(|(layer, ..)| layer == "extent" || layer == "labels"), "{:?}", found.keys().next());
}

/// Of two cells side by side, each has all corners of the common edge.
fn assert_shared_corners(folder: &Path, layer: &str) -> usize {
    let mut by_tile: BTreeMap<(u8, u32, u32), BTreeMap<u64, Vec<[i64; 2]>>> = BTreeMap::new();
    for feature in features(folder).into_iter().filter(|f| f.layer == layer) {
        by_tile.entry(feature.tile).or_default().insert(feature.id, feature.rings[0].clone());
    }
    let mut pairs = 0;
    for ((zoom, ..), cells) in &by_tile {
        for (&id, ring) in cells {
            let size = CellId::from_u64(id).unwrap().size();
            for step in [1_u64, 1 << 20] {
                let Some(beside) = cells.get(&(id + step)) else { continue };
                let common = ring.iter().filter(|point| beside.contains(point)).count();
                let parts = if *zoom >= 11 && size.metres() == 10_000 { ring.len() / 4 } else { 1 };
                assert!(common > parts.min(1), "zoom {zoom}: {common} common corners of {ring:?} and {beside:?}");
                pairs += 1;
            }
        }
    }
    pairs
}

#[test]
fn every_unit_with_its_values_at_every_zoom() {
    let release = release(&[100, 500, 1000, 5000, 10_000], (4_300_000, 3_390_000), 60, 3, &[None]);
    let (folder, report) = write(&release, 2);
    assert_complete(&release, folder.path());
    assert!(assert_shared_corners(folder.path(), "100m") > 10_000);
    assert!(report.zooms.iter().all(|zoom| zoom.tiles > 0 && zoom.features > 0));
    assert_eq!(report.zooms[11].cells.as_deref(), Some("100m"));
    assert!(report.warnings(Default::default()).is_empty());
}

#[test]
fn several_dates_have_layers_of_their_own() {
    let release = release(&[100, 1000], (4_300_000, 3_390_000), 12, 0, &[Some("2023-12-31"), Some("2024-12-31")]);
    let (folder, _) = write(&release, 1);
    assert_complete(&release, folder.path());
    let style: serde_json::Value = serde_json::from_slice(&fs::read(folder.path().join("style.json")).unwrap()).unwrap();
    let of_date = |style: &serde_json::Value, date: &str| {
        let layers: Vec<&str> = style["layers"].as_array().unwrap().iter().filter_map(|l| l["source-layer"].as_str()).collect();
        assert!(layers.len() > 5 && layers.iter().all(|l| *l == "extent" || *l == "labels" || l.ends_with(date)), "{layers:?}");
    };
    of_date(&style, "2024-12-31");
    let earlier = fs::read(folder.path().join("styles/date_2023-12-31.json")).unwrap();
    of_date(&serde_json::from_slice(&earlier).unwrap(), "2023-12-31");
}

#[test]
fn the_styles_name_every_area_once_and_ask_for_nothing_from_elsewhere() {
    let release = release(&[100, 1000], (4_300_000, 3_390_000), 12, 2, &[None]);
    let (folder, _) = write(&release, 1);
    let read =
        |name: &str| -> serde_json::Value { serde_json::from_slice(&fs::read(folder.path().join(name)).unwrap()).unwrap() };
    for (name, fill, source) in [
        ("style.json", "100m_class_1", "pmtiles://tiles.pmtiles"),
        ("style_dark.json", "100m_class_1", "pmtiles://tiles.pmtiles"),
        ("styles/age_0_bis_unter_5.json", "1km_class_1", "pmtiles://../tiles.pmtiles"),
        ("styles/age_0_bis_unter_5_share.json", "1km_class_1", "pmtiles://../tiles.pmtiles"),
        ("styles/areas_gemeinde.json", "gemeinde_class_1", "pmtiles://../tiles.pmtiles"),
    ] {
        let style = read(name);
        assert_eq!(style["sources"]["kleinraum"]["url"], source, "{name}");
        assert_eq!(style["sources"].as_object().unwrap().len(), 1, "{name}");
        let layers = style["layers"].as_array().unwrap();
        assert!(layers.iter().any(|l| l["id"] == fill), "{name} has no {fill}");
        let names: Vec<_> = layers.iter().filter(|l| l["type"] == "symbol").collect();
        assert_eq!(names.len(), 1, "{name}");
        assert_eq!(names[0]["source-layer"], "labels", "{name}");
        assert_eq!(names[0]["filter"], serde_json::json!(["==", "level", "gemeinde"]), "{name}");
        assert!(layers.iter().all(|l| l["layout"]["visibility"] != "none"), "{name} has layers that are not shown");
        assert!(style.get("sprite").is_none() && style.get("glyphs").is_none(), "{name}");
        assert_eq!(style["metadata"]["kleinraum:protection"]["parameters"]["reason"], "made by a test", "{name}");
    }
    let (light, dark) = (read("style.json"), read("style_dark.json"));
    let colour = |style: &serde_json::Value, id: &str| {
        style["layers"].as_array().unwrap().iter().find(|l| l["id"] == id).unwrap()["paint"].to_string()
    };
    assert_eq!(colour(&light, "100m_class_1"), colour(&dark, "100m_class_1"));
    assert_ne!(colour(&light, "background"), colour(&dark, "background"));
}

#[test]
fn each_area_has_one_point_for_its_name_at_every_zoom_within_it() {
    let release = release(&[100, 1000], (4_300_000, 3_390_000), 12, 2, &[Some("2023-12-31"), Some("2024-12-31")]);
    let (folder, _) = write(&release, 2);
    let features = features(folder.path());
    for zoom in 0..=14 {
        let points: Vec<&Feature> = features.iter().filter(|f| f.layer == "labels" && f.tile.0 == zoom).collect();
        let mut names: Vec<&str> = points.iter().map(|f| f.attributes["label"].as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["Ort 0", "Ort 1", "Ort 2"], "zoom {zoom}");
        for point in points {
            let &[[x, y]] = point.rings[0].as_slice() else { panic!("one point") };
            let [column, row] = [i64::from(point.tile.1), i64::from(point.tile.2)];
            assert_eq!([x.div_euclid(4096), y.div_euclid(4096)], [column, row], "zoom {zoom}: the point is in its tile");
            let area = features.iter().find(|f| f.tile == point.tile && f.layer == "gemeinde_2024-12-31" && f.id == point.id);
            let ring = &area.expect("the area has the same id, in the same tile").rings[0];
            // Rounding moves corners and point by half a unit each.
            let [(west, east), (north, south)] = [0, 1].map(|axis| {
                let along = || ring.iter().map(|p| p[axis]);
                (along().min().unwrap() - 2, along().max().unwrap() + 2)
            });
            assert!((west..=east).contains(&x) && (north..=south).contains(&y), "zoom {zoom}");
        }
    }
}

#[test]
fn large_cells_are_split_and_clipped_and_still_share_their_corners() {
    let release = release(&[10_000], (4_300_000, 3_390_000), 3, 0, &[None]);
    let (folder, _) = write(&release, 2);
    assert_complete(&release, folder.path());
    assert!(assert_shared_corners(folder.path(), "10km") > 100);
    for feature in features(folder.path()).iter().filter(|f| f.tile.0 == 14) {
        let origin = [i64::from(feature.tile.1) * 4096, i64::from(feature.tile.2) * 4096];
        let local = feature.rings.iter().flatten().flat_map(|p| [p[0] - origin[0], p[1] - origin[1]]);
        assert!(local.into_iter().all(|v| (-64..=4160).contains(&v)));
    }
}

#[test]
fn neighbouring_areas_share_their_corners() {
    let release = release(&[1000], (4_300_000, 3_390_000), 2, 0, &[None]);
    let (folder, _) = write(&release, 2);
    let features = features(folder.path());
    let at = |key: &str| features.iter().find(|f| f.tile.0 == 8 && f.attributes.get("id").is_some_and(|id| id == key)).unwrap();
    let common = at("01001").rings[0].iter().filter(|p| at("01002").rings[0].contains(p)).count();
    assert!(common >= 1);
}

#[test]
fn the_folder_and_the_database_hold_the_same_tiles() {
    let release = release(&[100, 1000], (4_300_000, 3_390_000), 20, 2, &[None]);
    let (folder, report) = write(&release, 2);
    let tiles = mbtiles(folder.path());
    assert_eq!(tiles.len() as u64, report.zooms.iter().map(|z| z.tiles).sum::<u64>());
    for ((z, x, y), bytes) in tiles {
        assert_eq!(fs::read(folder.path().join(format!("tiles/{z}/{x}/{y}.pbf"))).unwrap(), bytes);
    }
}

#[test]
fn the_bytes_do_not_depend_on_threads() {
    let release = release(&[100, 1000], (4_300_000, 3_390_000), 40, 2, &[None]);
    let (one, _) = write(&release, 1);
    for threads in [2, 7] {
        let (more, _) = write(&release, threads);
        for file in ["tiles.pmtiles", "tiles.mbtiles", "tiles.json", "style.json"] {
            assert!(
                fs::read(one.path().join(file)).unwrap() == fs::read(more.path().join(file)).unwrap(),
                "{file}, {threads} threads"
            );
        }
    }
}

#[test]
fn the_pmtiles_header_is_consistent() {
    let release = release(&[100, 1000], (4_300_000, 3_390_000), 20, 0, &[None]);
    let (folder, report) = write(&release, 2);
    let file = fs::read(folder.path().join("tiles.pmtiles")).unwrap();
    let number = |at: usize| u64::from_le_bytes(file[at..at + 8].try_into().unwrap());
    let (metadata, leaves, data) = ((number(24), number(32)), (number(40), number(48)), (number(56), number(64)));
    assert_eq!(&file[..8], b"PMTiles\x03");
    assert_eq!(metadata.0 + metadata.1, data.0);
    assert_eq!(data.0 + data.1, leaves.0);
    assert_eq!(leaves.0 + leaves.1, file.len() as u64);
    assert_eq!(number(72), report.zooms.iter().map(|z| z.tiles).sum::<u64>());
    assert_eq!(file[96..102], [1, 2, 2, 1, 0, 14]);
}

#[test]
fn a_release_without_units_is_refused() {
    let mut release = release(&[100], (4_300_000, 3_390_000), 0, 0, &[None]);
    release.lattice.systems.clear();
    release.blocks.retain(|block| matches!(block.level, Level::Grid(_)));
    let folder = tempfile::tempdir().unwrap();
    let error = write_tiles(&release, &Symbology::of(&release), &options(), folder.path(), &Silent).unwrap_err();
    assert!(error.to_string().contains("nothing to put in tiles"));
}

#[test]
fn a_missing_folder_is_named() {
    let release = release(&[100], (4_300_000, 3_390_000), 2, 0, &[None]);
    let error = write_tiles(&release, &Symbology::of(&release), &options(), Path::new("no/such/folder"), &Silent).unwrap_err();
    assert!(error.to_string().contains("no/such/folder"), "{error}");
}

/// `KLEINRAUM_TILES=folder cargo test --release -- --ignored synthetic_tiles --nocapture`: about 200 000 cells with 12 columns, timed.
#[test]
#[ignore = "a measurement; also makes input for the judges"]
fn synthetic_tiles() {
    let side = std::env::var("KLEINRAUM_SIDE").ok().and_then(|side| side.parse().ok()).unwrap_or(472);
    let release = release(&[100, 500, 1000, 5000, 10_000], (4_290_000, 3_370_000), side, 11, &[None]);
    let kept = std::env::var_os("KLEINRAUM_TILES");
    let temporary = tempfile::tempdir().unwrap();
    let folder = kept.as_ref().map_or(temporary.path(), Path::new);
    for formats in [vec![], vec![TileFormat::PmTiles], vec![TileFormat::MbTiles], vec![TileFormat::Directory], options().formats]
    {
        let begin = std::time::Instant::now();
        let report = write_tiles(
            &release,
            &Symbology::of(&release),
            &TileOptions { formats: formats.clone(), ..options() },
            folder,
            &Silent,
        )
        .unwrap();
        eprintln!("{formats:?}: {:?}", begin.elapsed());
        if formats.len() == 3 {
            for zoom in &report.zooms {
                eprintln!("{zoom:?}");
            }
            eprintln!("{:?}", report.warnings(Default::default()));
        }
    }
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(below).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => _ = found.insert(path.strip_prefix(folder).unwrap().display().to_string(), fs::read(&path).unwrap()),
            }
        }
    }
    found
}

/// The release with other numbers in place of every `every`-th, counted over all.
fn changed(release: &Release, every: u64) -> Release {
    let mut at = 0;
    let blocks = release.blocks.iter().map(|block| {
        let numbers: Vec<Number> = (0..block.units.len())
            .flat_map(|unit| block.numbers(unit))
            .map(|number| {
                at += 1;
                match (at % every == 0, number.status(), number.value()) {
                    (true, ..) => Number::Published(100_000 + at as i64),
                    (_, Status::Uncertain, Some(value)) => Number::Uncertain(value),
                    (_, _, Some(value)) => Number::Published(value),
                    (_, Status::Suppressed, _) => Number::Suppressed,
                    _ => Number::NoData,
                }
            })
            .collect();
        for_tests::block(block.date, block.level, block.units.clone(), numbers)
    });
    for_tests::release(release.lattice.clone(), blocks.collect())
}

/// Writes a release beside the tiles of an earlier one and asserts that all files are those of a full run; gives tiles taken over, and all.
fn assert_same_since(release: &Release, earlier: &Path, threads: usize) -> (u64, u64) {
    let (full, report) = write(release, threads);
    let folder = tempfile::tempdir().unwrap();
    let tiles = EarlierTiles::open(&earlier.join("tiles.pmtiles")).unwrap();
    let options = TileOptions { earlier: Some(Arc::new(tiles)), ..options() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let since = pool.install(|| write_tiles(release, &Symbology::of(release), &options, folder.path(), &Silent)).unwrap();
    assert!(files(full.path()) == files(folder.path()), "{threads} threads");
    assert_eq!(TileReport { taken_over: 0, ..since.clone() }, report);
    (since.taken_over, report.zooms.iter().map(|zoom| zoom.tiles).sum())
}

#[test]
fn with_earlier_tiles_the_files_are_those_of_a_full_run() {
    let sizes = [100, 1000];
    let first = release(&sizes, (4_300_000, 3_390_000), 60, 2, &[None]);
    let (folder, _) = write(&first, 2);
    for threads in [1, 2] {
        let (same, all) = assert_same_since(&first, folder.path(), threads);
        assert!(same == all && all > 50, "{same} of {all}");
        // A few numbers, and all.
        let (some, all) = assert_same_since(&changed(&first, 4001), folder.path(), threads);
        assert!(0 < some && some < all, "{some} of {all}");
        let (none, _) = assert_same_since(&changed(&first, 1), folder.path(), threads);
        assert_eq!(none, 0);
    }
}

#[test]
fn other_cells_tables_dates_and_places_take_over_what_is_the_same_and_no_more() {
    let corner = (4_300_000, 3_390_000);
    let first = release(&[100, 1000], corner, 30, 2, &[None]);
    let (folder, _) = write(&first, 2);
    let mut bordered = release(&[100, 1000], corner, 30, 2, &[None]);
    let mut system = (*bordered.lattice.systems[0]).clone();
    let far = |c: geo::Coord<f64>| geo::Coord { x: if c.x > 9.76 { c.x + 0.001 } else { c.x }, y: c.y };
    let moved = geo::MapCoords::map_coords(&system.areas[1].outline_lon_lat_deg, far);
    (system.areas[1].outline_lon_lat_deg, system.areas[1].outline_3035_m) = (moved.clone(), moved);
    bordered.lattice.systems[0] = Arc::new(system);
    let others = [
        (bordered, true),
        (release(&[100, 1000], corner, 31, 2, &[None]), true),
        (release(&[100, 1000], corner, 30, 3, &[None]), false),
        (release(&[100, 500], corner, 30, 2, &[None]), true),
        (release(&[100, 1000], corner, 30, 2, &[Some("2023-12-31"), Some("2024-12-31")]), false),
        (release(&[100, 1000], (4_100_000, 2_990_000), 30, 2, &[None]), true),
    ];
    for (at, (other, some)) in others.iter().enumerate() {
        let (same, all) = assert_same_since(other, folder.path(), 2);
        assert!(same < all && (same > 0) == *some, "case {at}: {same} of {all}");
    }
}

#[test]
fn an_archive_with_leaf_directories_is_taken_over_too() {
    // More entries than the root directory holds.
    let coarse = release(&[1000], (4_100_000, 3_000_000), 230, 0, &[None]);
    let (folder, _) = write(&coarse, 2);
    let (same, all) = assert_same_since(&coarse, folder.path(), 2);
    let file = fs::read(folder.path().join("tiles.pmtiles")).unwrap();
    assert!(u64::from_le_bytes(file[48..56].try_into().unwrap()) > 0, "no leaves");
    assert_eq!(same, all);
}

#[test]
fn a_damaged_archive_never_gives_a_wrong_tile() {
    let first = release(&[100, 1000], (4_300_000, 3_390_000), 12, 1, &[None]);
    let (folder, _) = write(&first, 2);
    let path = folder.path().join("tiles.pmtiles");
    let whole = fs::read(&path).unwrap();
    let unpacked = |folder: &Path| mbtiles(folder);
    let expected = unpacked(folder.path());
    for seed in 0..60 {
        let mut bytes = whole.clone();
        let at = if seed % 3 == 0 { pick(seed, 200) } else { pick(seed, bytes.len() as u64) } as usize;
        match seed % 4 {
            0 => bytes.truncate(at),
            _ => bytes[at] ^= 1 << (seed % 8),
        }
        fs::write(&path, bytes).unwrap();
        let Ok(tiles) = EarlierTiles::open(&path) else { continue };
        let options = TileOptions { earlier: Some(Arc::new(tiles)), formats: vec![TileFormat::MbTiles], ..options() };
        let out = tempfile::tempdir().unwrap();
        write_tiles(&first, &Symbology::of(&first), &options, out.path(), &Silent).unwrap();
        assert!(unpacked(out.path()) == expected, "seed {seed}");
    }
}

#[test]
fn the_smallest_tiles_say_the_same_in_fewer_bytes() {
    let first = release(&[100, 1000], (4_300_000, 3_390_000), 30, 2, &[None]);
    let (folder, report) = write(&first, 2);
    let out = tempfile::tempdir().unwrap();
    let options = TileOptions { smallest: true, ..options() };
    let smallest = write_tiles(&first, &Symbology::of(&first), &options, out.path(), &Silent).unwrap();
    assert!(mbtiles(folder.path()) == mbtiles(out.path()));
    let bytes = |report: &TileReport| report.zooms.iter().map(|zoom| zoom.bytes).sum::<u64>();
    assert!(bytes(&smallest) < bytes(&report));
    assert_ne!(smallest.compressor, report.compressor);
}

#[test]
fn the_compressor_is_named_with_the_version_in_use() {
    let lock = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"));
    let (_, behind) = lock.split_once("name = \"libdeflate-sys\"\nversion = \"").unwrap();
    let version = behind.split('"').next().unwrap();
    assert!(compressor(false).starts_with(&format!("libdeflate {version}, level ")), "{version}");
}
