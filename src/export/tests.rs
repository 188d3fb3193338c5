//! Releases made by hand, written in every format, and read again by foreign programs.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use geo::{Coord, LineString, MultiPolygon, Polygon};
use rusqlite::Connection;
use serde_json::Value;

use crate::area::{Area, AreaSystem};
use crate::confidential::for_tests::{Number, block, release};
use crate::confidential::{Dimension, Lattice, Level, Release, Table, Unit};
use crate::error::{Error, Kind, Language};
use crate::export::{self, ExportOptions};
use crate::geodesy::{Projection, ReferenceSystem};
use crate::grid::{CellId, GridSize, GridSizes};
use crate::layer::{LayerOutlines, Outlines, Symbology, layers};
use crate::progress::Silent;

/// Corner of a 10 km cell at Kreis Pinneberg, metres.
const EASTING_M: u32 = 4_300_000;
const NORTHING_M: u32 = 3_400_000;

fn lattice(sizes_m: &[u32], dates: Vec<Option<String>>) -> Lattice {
    let dimension = |name: &str, label: &str, categories: &[&str]| Dimension {
        name: name.to_owned(),
        label: label.to_owned(),
        categories: categories.iter().map(|c| (*c).to_owned()).collect(),
    };
    Lattice {
        sizes: GridSizes::new(sizes_m).unwrap(),
        joined: None,
        systems: vec![Arc::new(areas())],
        dimensions: vec![dimension("age", "Alter", &["0-17", "18-64", "65+"]), dimension("sex", "Geschlecht", &["m", "w"])],
        tables: vec![Table(vec![]), Table(vec![0]), Table(vec![0, 1])],
        measures: vec![],
        dates,
    }
}

/// Two squares side by side: one with a hole, one in two parts; labels with everything that needs care.
fn areas() -> AreaSystem {
    let to_lon_lat = Projection::new(&ReferenceSystem::etrs89_laea(), &ReferenceSystem::wgs84()).unwrap();
    let square = |e: f64, n: f64, side: f64| {
        let corners = [(e, n), (e + side, n), (e + side, n + side), (e, n + side), (e, n)];
        LineString::new(corners.iter().map(|&(x, y)| Coord { x, y }).collect())
    };
    let lon_lat = |ring: &LineString<f64>| {
        let point = |c: &Coord<f64>| to_lon_lat.exact(c.x, c.y).map(|(x, y)| Coord { x, y }).unwrap();
        LineString::new(ring.coords().map(point).collect())
    };
    let (e, n) = (f64::from(EASTING_M), f64::from(NORTHING_M));
    let area = |key: &str, label: &str, polygons: Vec<(LineString<f64>, Vec<LineString<f64>>)>| {
        let outline_3035_m = MultiPolygon::new(polygons.iter().map(|(o, h)| Polygon::new(o.clone(), h.clone())).collect());
        let degrees = polygons.iter().map(|(o, h)| Polygon::new(lon_lat(o), h.iter().map(lon_lat).collect()));
        let outline_lon_lat_deg = MultiPolygon::new(degrees.collect());
        Area { key: key.to_owned(), label: label.to_owned(), outline_3035_m, outline_lon_lat_deg }
    };
    AreaSystem {
        name: "gemeinde".to_owned(),
        label: "Gemeinde".to_owned(),
        areas: vec![
            area(
                "01056001",
                "Bönningstedt, \"Süd\"; Teil",
                vec![(square(e, n, 10_000.0), vec![square(e + 100.0, n + 100.0, 500.0)])],
            ),
            area(
                "01056002",
                "=1+1",
                vec![(square(e + 10_000.0, n, 10_000.0), vec![]), (square(e + 30_000.0, n, 1000.0), vec![])],
            ),
        ],
    }
}

/// All statuses in turn, by unit and column.
fn number(unit: usize, column: usize) -> Number {
    match (unit * 7 + column * 3) % 11 {
        0 => Number::Suppressed,
        1 => Number::Published(0),
        2 => Number::Uncertain(unit as i64 + 3),
        3 => Number::NoData,
        k => Number::Published((unit * 31 + column * 17 + k) as i64 % 5000 + 5),
    }
}

fn cells(size_m: u32, count: usize) -> Vec<Unit> {
    let size = GridSize::new(size_m).unwrap();
    let side = (count as f64).sqrt().ceil() as usize;
    let cell = |i: usize| {
        let (east, north) = ((i % side) as u32 * size_m, (i / side) as u32 * size_m);
        Unit::Cell(CellId::of_corner(size, (EASTING_M + east) as i32, (NORTHING_M + north) as i32).unwrap())
    };
    // Every fifth is missing, so that rows have gaps.
    (0..count * 5 / 4).map(cell).enumerate().filter(|(i, _)| i % 5 != 3).map(|(_, c)| c).take(count).collect()
}

fn sample(cells_per_size: &[(u32, usize)], dates: &[Option<&str>]) -> Release {
    let sizes: Vec<u32> = cells_per_size.iter().map(|(m, _)| *m).collect();
    let lattice = lattice(&sizes, dates.iter().map(|d| d.map(str::to_owned)).collect());
    let columns = lattice.columns().len();
    let numbers = |units: usize| (0..units * columns).map(move |i| number(i / columns, i % columns));
    let mut blocks = Vec::new();
    for date in 0..dates.len() {
        for &(size_m, count) in cells_per_size {
            let level = Level::Grid(GridSize::new(size_m).unwrap());
            let mut units = cells(size_m, count);
            units.sort();
            let count = units.len();
            blocks.push(block(date, level, units, numbers(count)));
        }
        blocks.push(block(date, Level::Areas(0), vec![Unit::Area(0), Unit::Area(1)], numbers(2)));
    }
    release(lattice, blocks)
}

fn small() -> Release {
    sample(&[(100, 40), (1000, 9), (10_000, 4)], &[None])
}

fn options() -> ExportOptions {
    ExportOptions::new("Kinder & \"Familien\"", "© Muster 2026").unwrap()
}

fn write_all(release: &Release, folder: &Path) {
    let options = options();
    export::write_release_parquet(release, &folder.join("release.parquet")).unwrap();
    export::write_geojson(release, &options, &folder.join("geojson"), &Silent).unwrap();
    export::write_geopackage(release, &Symbology::of(release), &options, &folder.join("kleinraum.gpkg"), &Silent).unwrap();
    export::write_csv(release, &options, &folder.join("csv"), &Silent).unwrap();
    export::write_geojson_lines(release, &options, &folder.join("geojsonl"), &Silent).unwrap();
    export::write_geoparquet(release, &options, &folder.join("geoparquet"), &Silent).unwrap();
    export::write_flatgeobuf(release, &options, &folder.join("flatgeobuf"), &Silent).unwrap();
    let symbology = Symbology::of(release);
    export::write_styles(release, &symbology, &options, folder).unwrap();
    export::write_catalog(release, &symbology, &options, (folder, &["geojson", "csv", "gpkg"])).unwrap();
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(self::files(&path)),
            false => files.push((path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())),
        }
    }
    files.sort();
    files
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let release = sample(&[(100, 4000), (1000, 60)], &[Some("2024-12-31"), Some("2025-12-31")]);
    let run = |threads| {
        let folder = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| write_all(&release, folder.path()));
        files(folder.path())
    };
    let once = run(1);
    assert!(once.iter().any(|(name, _)| name == "100m_2025-12-31.geojson"));
    for threads in [2, 7] {
        for (first, second) in once.iter().zip(run(threads)) {
            assert!(*first == second, "{} differs with {threads} threads", first.0);
        }
    }
}

#[test]
fn a_full_disk_is_named_with_the_file_in_both_languages() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let check = |result: Result<(), Error>, file: &str| {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), Kind::InputOutput);
        let (english, german) = (error.explain(Language::English), error.explain(Language::German));
        assert!(english.contains("disk is full") && german.contains("Datenträger ist voll"), "{english}");
        assert!(english.contains(file), "{english}");
    };
    let release = small();
    check(export::write_release_parquet(&release, full), "/dev/full");
    let folder = tempfile::tempdir().unwrap();
    for name in ["100m.geojson", "100m.csv"] {
        std::os::unix::fs::symlink(full, folder.path().join(name)).unwrap();
    }
    check(export::write_geojson(&release, &options(), folder.path(), &Silent).map(drop), "100m.geojson");
    check(export::write_csv(&release, &options(), folder.path(), &Silent).map(drop), "100m.csv");
}

#[test]
fn a_file_in_the_way_and_a_missing_folder_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    fs::write(&path, "mine").unwrap();
    let error = export::write_geopackage(&small(), &Symbology::of(&small()), &options(), &path, &Silent).unwrap_err();
    assert!(error.to_string().contains("a.gpkg: the file exists"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    let missing = folder.path().join("none/release.parquet");
    let error = export::write_release_parquet(&small(), &missing).unwrap_err();
    assert_eq!(error.kind(), Kind::InputOutput);
    let error =
        export::write_geopackage(&small(), &Symbology::of(&small()), &options(), &folder.path().join("none/a.gpkg"), &Silent)
            .unwrap_err();
    assert!(error.to_string().contains("a.gpkg"), "{error}");
}

fn read_geojson(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn geojson_says_null_and_a_status_where_nothing_is_published() {
    let (release, folder) = (small(), tempfile::tempdir().unwrap());
    let files = export::write_geojson(&release, &options(), folder.path(), &Silent).unwrap();
    assert_eq!(files.len(), 4);
    let collection = read_geojson(&files[0]);
    assert_eq!(collection["title"], "Kinder & \"Familien\"");
    assert_eq!((&collection["method"], &collection["parameters"]["reason"]), (&"none".into(), &"made by a test".into()));
    assert!(collection.get("crs").is_none());
    let first = &collection["features"][0];
    assert_eq!(first["properties"]["total"], Value::Null);
    assert_eq!(first["properties"]["total_status"], "suppressed");
    let layer = &layers(&release)[0];
    for (position, feature) in collection["features"].as_array().unwrap().iter().enumerate() {
        let unit = layer.block.units[position];
        assert_eq!(feature["id"].as_u64().unwrap(), layer.feature_id(unit));
        assert_eq!(feature["properties"]["id"], layer.unit_id(unit));
        for (field, number) in layer.fields.iter().zip(layer.block.numbers(position)) {
            assert_eq!(feature["properties"][&field.name].as_i64(), number.value());
            let status = feature["properties"].get(&field.status_name).map_or("value", |s| s.as_str().unwrap());
            assert_eq!(status, number.status().name());
        }
    }
}

#[test]
fn csv_quotes_text_and_disarms_formulas_for_spreadsheets_only() {
    let (release, folder) = (small(), tempfile::tempdir().unwrap());
    export::write_csv(&release, &options(), folder.path(), &Silent).unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let (plain, excel) = (read("gemeinde.csv"), read("gemeinde_excel.csv"));
    assert!(plain.starts_with("id,label,total,age_0_17,"), "{plain}");
    assert!(plain.contains("\n01056001,\"Bönningstedt, \"\"Süd\"\"; Teil\",,"), "{plain}");
    assert!(plain.contains("\n01056002,=1+1,"), "{plain}");
    assert!(excel.starts_with("\u{feff}id;label;total;"), "{excel}");
    assert!(excel.contains("\r\n01056002;'=1+1;"), "{excel}");
    assert_eq!(excel.matches('\n').count(), excel.matches("\r\n").count());
    assert!(plain.lines().nth(1).unwrap().contains(",suppressed,"));
    let read_me = read("README.txt");
    assert!(
        read_me.contains("protection: none; reason: made by a test") && read_me.contains("age_65_plus | age | 65+ | Alter: 65+")
    );
}

#[test]
fn neighbours_share_their_vertices_to_the_bit_and_edges_are_split_alike() {
    let release = small();
    for (system, pieces) in [("EPSG:4326", [1, 2, 20]), ("EPSG:25832", [1, 2, 20]), ("EPSG:3035", [1, 1, 1])] {
        let outlines = Outlines::new(&ReferenceSystem::parse(system).unwrap()).unwrap();
        for (layer, pieces) in layers(&release).iter().zip(pieces) {
            let LayerOutlines::Cells(lattice) = outlines.of_layer(layer).unwrap() else { panic!("cells") };
            let mut directed = std::collections::BTreeSet::new();
            let mut shared = 0;
            for position in 0..layer.block.units.len() {
                let mut ring = Vec::new();
                lattice.ring(position, &mut ring);
                assert_eq!(ring.len(), 4 * pieces + 1);
                let area: f64 = ring
                    .windows(2)
                    .map(|w| (w[0].x - ring[0].x) * (w[1].y - ring[0].y) - (w[1].x - ring[0].x) * (w[0].y - ring[0].y))
                    .sum();
                assert!(area > 0.0, "counter-clockwise");
                let bits = |c: Coord<f64>| (c.x.to_bits(), c.y.to_bits());
                for pair in ring.windows(2) {
                    assert!(directed.insert((bits(pair[0]), bits(pair[1]))), "no two cells have the same edge in the same sense");
                    shared += usize::from(directed.contains(&(bits(pair[1]), bits(pair[0]))));
                }
            }
            assert_eq!(shared, pieces * neighbours(&layer.block.units));
        }
    }
}

/// Pairs of cells with a common edge, counted from their corners.
fn neighbours(units: &[Unit]) -> usize {
    let corner = |unit: &Unit| match unit {
        Unit::Cell(cell) => (cell.easting_m(), cell.northing_m(), cell.size().metres()),
        Unit::Area(_) => unreachable!(),
    };
    let all: std::collections::BTreeSet<_> = units.iter().map(corner).collect();
    all.iter()
        .map(|&(e, n, s)| (e, n, s, s as i32))
        .map(|(e, n, s, side)| usize::from(all.contains(&(e + side, n, s))) + usize::from(all.contains(&(e, n + side, s))))
        .sum()
}

#[test]
fn split_edges_stay_within_a_centimetre_of_the_true_edge() {
    let release = small();
    for system in ["EPSG:25832", "EPSG:3857", "EPSG:4326"] {
        let system = ReferenceSystem::parse(system).unwrap();
        let outlines = Outlines::new(&system).unwrap();
        let back = Projection::new(&system, &ReferenceSystem::etrs89_laea()).unwrap();
        let layers = layers(&release);
        let layer = &layers[2];
        let LayerOutlines::Cells(lattice) = outlines.of_layer(layer).unwrap() else { panic!("cells") };
        let mut ring = Vec::new();
        lattice.ring(0, &mut ring);
        // The middle of each chord, taken back to EPSG:3035, lies on the square's border.
        for pair in ring.windows(2) {
            let (e, n) = back.exact((pair[0].x + pair[1].x) / 2.0, (pair[0].y + pair[1].y) / 2.0).unwrap();
            let off = |m: f64, corner: u32| (m - f64::from(corner)).abs().min((m - f64::from(corner) - 10_000.0).abs());
            assert!(off(e, EASTING_M).min(off(n, NORTHING_M)) < 0.01, "{system:?}");
        }
    }
}

#[test]
fn geopackage_says_what_it_is_and_finds_features_by_its_index() {
    let (release, folder) = (small(), tempfile::tempdir().unwrap());
    let path = folder.path().join("kleinraum.gpkg");
    export::write_geopackage(&release, &Symbology::of(&release), &options(), &path, &Silent).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no journal is left");
    let database = Connection::open(&path).unwrap();
    let number = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((number("PRAGMA application_id"), number("PRAGMA user_version")), (0x4750_4B47, 10_300));
    assert_eq!(number("SELECT count(*) FROM gpkg_contents"), 4 + 1);
    assert_eq!(number("SELECT count(*) FROM \"100m\""), 40);
    assert_eq!(number("SELECT count(*) FROM \"rtree_100m_geom\""), 40);
    let text = |sql: &str| database.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(text("PRAGMA integrity_check"), "ok");
    assert_eq!(text("SELECT rtreecheck('rtree_100m_geom')"), "ok");
    assert_eq!(text("PRAGMA journal_mode"), "delete");
    assert!(text("SELECT description FROM gpkg_contents WHERE table_name = '100m'").contains("reason: made by a test"));
    assert_eq!(text("SELECT title FROM gpkg_data_columns WHERE column_name = 'age_65_plus' LIMIT 1"), "Alter: 65+");
    assert_eq!(text("SELECT total_status FROM \"100m\" WHERE total IS NULL LIMIT 1"), "suppressed");
    let inside = "SELECT count(*) FROM \"rtree_100m_geom\" r, gpkg_contents c WHERE c.table_name = '100m' \
                  AND r.minx >= c.min_x - 1 AND r.maxx <= c.max_x + 1 AND r.miny >= c.min_y - 1 AND r.maxy <= c.max_y + 1";
    assert_eq!(number(inside), 40);
}

#[test]
fn the_index_holds_for_every_depth_and_takes_later_edits() {
    for count in [1, 51, 52, 2601, 2700, 140_000] {
        let mut lattice = lattice(&[100], vec![None]);
        lattice.tables.truncate(1);
        let level = Level::Grid(GridSize::new(100).unwrap());
        let release = release(lattice, vec![block(0, level, cells(100, count), (0..count).map(|_| Number::Published(5)))]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep.gpkg");
        export::write_geopackage(&release, &Symbology::of(&release), &options(), &path, &Silent).unwrap();
        let database = Connection::open(&path).unwrap();
        let check = || {
            let verdict = database.query_row("SELECT rtreecheck('rtree_100m_geom')", [], |row| row.get::<_, String>(0));
            assert_eq!(verdict.unwrap(), "ok", "{count}");
        };
        check();
        // A window finds what a scan finds: a plus sign keeps SQLite from using the index.
        let found = |plus: &str| {
            let window = format!("{plus}minx < 546000 AND {plus}maxx > 545500 AND {plus}miny < 5952500 AND {plus}maxy > 5952000");
            let sql = format!("SELECT count(*) FROM rtree_100m_geom WHERE {window}");
            database.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap()
        };
        let (by_index, by_scan) = (found(""), found("+"));
        assert_eq!(by_index, by_scan);
        assert!(count < 100_000 || by_index > 20);
        database.execute("DELETE FROM rtree_100m_geom WHERE id IN (SELECT fid FROM \"100m\" WHERE fid % 3 = 0)", []).unwrap();
        database.execute("INSERT INTO rtree_100m_geom VALUES (7, 545500, 545600, 5952000, 5952100)", []).unwrap();
        check();
    }
}

#[test]
fn more_fields_than_sqlite_has_columns_go_on_in_a_second_table() {
    let mut lattice = lattice(&[1000], vec![None]);
    lattice.dimensions[0].categories = (0..1200).map(|i| format!("k{i}")).collect();
    lattice.tables = vec![Table(vec![]), Table(vec![0])];
    let columns = lattice.columns().len();
    let units = cells(1000, 3);
    let level = Level::Grid(GridSize::new(1000).unwrap());
    let numbers = (0..3 * columns).map(|i| number(i / columns, i % columns));
    let release = release(lattice, vec![block(0, level, units, numbers)]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.gpkg");
    export::write_geopackage(&release, &Symbology::of(&release), &options(), &path, &Silent).unwrap();
    let database = Connection::open(&path).unwrap();
    let both =
        "SELECT count(*) FROM \"1km\" JOIN \"1km_2\" USING (fid) WHERE age_k0_status NOT NULL AND age_k1199_status NOT NULL";
    assert_eq!(database.query_row(both, [], |row| row.get::<_, i64>(0)).unwrap(), 3);
}

/// What the judge in Python says about a folder: whether all is well, and its words. `None`, and a line that says so, without Python.
fn judge(folder: &Path) -> Option<(bool, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".venv/bin/python");
    if !python.exists() {
        #[allow(clippy::print_stderr, reason = "a test that judges nothing says so")]
        {
            eprintln!("skipped: .venv is absent");
        }
        return None;
    }
    let verdict = Command::new(&python).arg(root.join("tests/judges/exports_python.py")).arg(folder).output().unwrap();
    let told = [verdict.stdout, verdict.stderr].concat();
    Some((verdict.status.success(), String::from_utf8_lossy(&told).into_owned()))
}

#[test]
fn foreign_programs_read_the_same_from_every_file() {
    let releases = [small(), sample(&[(100, 700), (500, 30)], &[Some("2024-12-31"), Some("2025-12-31")])];
    for release in releases {
        let folder = tempfile::tempdir().unwrap();
        write_all(&release, folder.path());
        let Some((well, told)) = judge(folder.path()) else { return };
        assert!(well, "{told}");
    }
}

#[test]
fn the_judge_finds_planted_faults() {
    type Fault = (&'static str, fn(&Path));
    fn replace_once(path: &Path, from: &str, to: &str) {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains(from));
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }
    let faults: [Fault; 6] = [
        ("100m.csv: 1 statuses differ", |f| replace_once(&f.join("csv/100m.csv"), ",suppressed", ",zero")),
        ("100m.geojson: 1 values differ", |f| replace_once(&f.join("geojson/100m.geojson"), "\"total\":null", "\"total\":0")),
        ("neighbours do not share", |f| {
            let path = f.join("geojson/1km.geojson");
            let text = fs::read_to_string(&path).unwrap();
            // The fifth vertex of the first cell, whose sides have two pieces, is its north-east corner.
            let corner = text.split("],[").nth(4).unwrap();
            fs::write(&path, text.replacen(corner, &corner.replacen("9.", "9.0", 1), 1)).unwrap();
        }),
        ("the index holds other features", |f| {
            let database = Connection::open(f.join("kleinraum.gpkg")).unwrap();
            database.execute("DELETE FROM rtree_1km_geom WHERE id = (SELECT min(fid) FROM \"1km\")", []).unwrap();
        }),
        ("kleinraum.gpkg/10km: 1 values differ", |f| {
            let database = Connection::open(f.join("kleinraum.gpkg")).unwrap();
            database.execute_batch("DROP TRIGGER rtree_10km_geom_update3; DROP TRIGGER rtree_10km_geom_update4").unwrap();
            let changed = "UPDATE \"10km\" SET total = 4711 WHERE fid = (SELECT max(fid) FROM \"10km\")";
            assert_eq!(database.execute(changed, []).unwrap(), 1);
        }),
        ("ids differ from release.parquet", |f| {
            let other = sample(&[(100, 39), (1000, 9), (10_000, 4)], &[None]);
            export::write_release_parquet(&other, &f.join("release.parquet")).unwrap();
        }),
    ];
    for (expected, plant) in faults {
        let folder = tempfile::tempdir().unwrap();
        write_all(&small(), folder.path());
        plant(folder.path());
        let Some((well, told)) = judge(folder.path()) else { return };
        assert!(!well && told.contains(expected), "expected {expected}: {told}");
    }
}

/// `cargo test --release -- --ignored --nocapture exports_of_a_town` prints the time of each writer; `KLEINRAUM_EXPORTS` keeps the files.
#[test]
#[ignore = "measures"]
#[allow(clippy::print_stderr, reason = "prints what it measures")]
fn exports_of_a_town() {
    let release = sample(&[(100, 100_000), (1000, 1500), (10_000, 20)], &[None]);
    let temporary = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("KLEINRAUM_EXPORTS").map_or(temporary.path().to_owned(), Into::into);
    let folder = folder.as_path();
    let time = |name: &str, work: &dyn Fn()| {
        let begin = std::time::Instant::now();
        work();
        eprintln!("{name}: {:?}", begin.elapsed());
    };
    let (options, release) = (&options(), &release);
    time("parquet", &|| export::write_release_parquet(release, &folder.join("release.parquet")).unwrap());
    time("geojson", &|| drop(export::write_geojson(release, options, &folder.join("geojson"), &Silent).unwrap()));
    time("geopackage", &|| {
        export::write_geopackage(release, &Symbology::of(release), options, &folder.join("kleinraum.gpkg"), &Silent).unwrap()
    });
    time("csv", &|| drop(export::write_csv(release, options, &folder.join("csv"), &Silent).unwrap()));
    time("geoparquet", &|| drop(export::write_geoparquet(release, options, &folder.join("geoparquet"), &Silent).unwrap()));
    time("flatgeobuf", &|| drop(export::write_flatgeobuf(release, options, &folder.join("flatgeobuf"), &Silent).unwrap()));
    time("classes", &|| drop(Symbology::of(release)));
    let symbology = Symbology::of(release);
    time("styles", &|| drop(export::write_styles(release, &symbology, options, folder).unwrap()));
}

/// `#rrggbb` of every class, by number of the class, as each kind of file has it.
#[test]
fn a_class_has_the_same_colour_in_every_file() {
    let release = sample(&[(100, 400), (1000, 40)], &[None]);
    let symbology = Symbology::of(&release);
    let folder = tempfile::tempdir().unwrap();
    export::write_styles(&release, &symbology, &options(), folder.path()).unwrap();
    export::write_catalog(&release, &symbology, &options(), (folder.path(), &["geojson", "csv", "gpkg"])).unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let (legend, portal): (Value, Value) =
        (serde_json::from_str(&read("legend.json")).unwrap(), serde_json::from_str(&read("masterportal.json")).unwrap());
    for (at, layer) in layers(&release).iter().enumerate() {
        let classes = &symbology.theme(layer.level, 0).classes.0;
        assert!(!classes.is_empty());
        let (qml, sld) = (read(&format!("styles/{}_total.qml", layer.name)), read(&format!("styles/{}_total.sld", layer.name)));
        let told = &legend["levels"][at]["fields"]["total"]["classes"];
        let rules = portal["style_v3.json"][at]["rules"].as_array().unwrap();
        for (i, class) in classes.iter().enumerate() {
            assert_eq!(told[i]["color"], class.color);
            let [r, g, b] = crate::layer::rgb(class.color);
            // The symbols stand in the order of the rules: withheld, zero, classes.
            let symbol = qml.split("<symbol type=\"fill\"").nth(i + 3).unwrap();
            assert!(symbol.contains(&format!("name=\"color\" value=\"{r},{g},{b},255\"")), "{symbol}");
            let rule = sld.split("<se:Rule>").nth(i + 3).unwrap();
            assert!(rule.contains(&format!("class_{}", i + 1)) && rule.contains(class.color), "{rule}");
            assert_eq!(rules[i + 2]["style"]["polygonFillColor"], serde_json::json!([r, g, b, 0.85]));
            assert_eq!(rules[i + 2]["conditions"]["properties"]["total"][0], class.from);
        }
        for (name, look) in [("withheld", "LinePatternFill"), ("no data", "style\" value=\"no")] {
            let number = qml.split("<rule ").position(|rule| rule.contains(&format!("label=\"{name}\""))).unwrap() - 1;
            assert!(qml.split("<symbol type=\"fill\"").nth(number + 1).unwrap().contains(look), "{name}");
        }
    }
}

/// Nine classes of two numbers in every file; withheld if one of the two is, zero if both are.
#[test]
fn a_class_of_two_numbers_has_the_same_colour_in_every_file() {
    let release = sample(&[(100, 400), (1000, 40)], &[None]);
    let names: Vec<String> = layers(&release)[0].fields.iter().skip(1).take(2).map(|field| field.name.clone()).collect();
    let rule = crate::layer::PairRule { fields: [names[0].clone(), names[1].clone()], ..Default::default() };
    let shares = crate::layer::PairRule { share: true, ..rule.clone() };
    let symbology = Symbology::of(&release).with_pairs(&release, &[rule, shares]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    export::write_styles(&release, &symbology, &options(), folder.path()).unwrap();
    let (title, attribution, description) = ("Test".to_owned(), "nobody".to_owned(), "invented".to_owned());
    let formats = vec![crate::tiling::TileFormat::PmTiles];
    let tile_options = crate::tiling::TileOptions { title, attribution, description, formats, smallest: false, earlier: None };
    crate::tiling::write_tiles(&release, &symbology, &tile_options, folder.path(), &Silent).unwrap();
    let package = folder.path().join("kleinraum.gpkg");
    export::write_geopackage(&release, &symbology, &options(), &package, &Silent).unwrap();
    let stored = Connection::open_with_flags(&package, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let json = |name: &str| -> Value { serde_json::from_str(&read(name)).unwrap() };
    let legend = json("legend.json");
    for (number, pair) in symbology.pairs().iter().enumerate() {
        let told = &legend["bivariate"][number];
        assert_eq!((told["name"].as_str(), &told["fields"]), (Some(pair.name.as_str()), &serde_json::json!(names)));
        for (at, layer) in layers(&release).iter().enumerate() {
            let classes = pair.theme(layer.level).classes();
            if classes.is_empty() {
                continue;
            }
            let stem = format!("styles/{}_{}", layer.name, pair.name);
            let (qml, sld) = (read(&format!("{stem}.qml")), read(&format!("{stem}.sld")));
            let in_package =
                |sql: &str, text: &str| -> i64 { stored.query_row(sql, [&layer.name, text], |row| row.get(0)).unwrap() };
            let sql = "SELECT count(*) FROM layer_styles WHERE f_table_name = ?1 AND NOT useAsDefault AND styleQML = ?2";
            assert_eq!(in_package(sql, &qml), 1);
            assert_eq!(in_package(&sql.replace("QML", "SLD"), &sld), 1);
            for (i, class) in classes.iter().enumerate() {
                let (name, [r, g, b]) = (class.name(), crate::layer::rgb(class.color));
                assert_eq!(told["levels"][at]["colors"][class.at[0]][class.at[1]], class.color);
                let symbol = qml.split("<symbol type=\"fill\"").nth(i + 3).unwrap();
                assert!(symbol.contains(&format!("name=\"color\" value=\"{r},{g},{b},255\"")), "{symbol}");
                let rule = sld.split("<se:Rule>").nth(i + 3).unwrap();
                assert!(rule.contains(&format!("<se:Name>{name}</se:Name>")) && rule.contains(class.color), "{rule}");
                for file in [format!("styles/{}.json", pair.name), format!("styles/{}_dark.json", pair.name)] {
                    let style = json(&file);
                    let drawn = style["layers"].as_array().unwrap().iter().find(|l| l["id"] == format!("{}_{name}", layer.name));
                    // A level that no zoom shows is in no tile.
                    if let Some(drawn) = drawn {
                        assert_eq!(drawn["paint"]["fill-color"], class.color, "{file}");
                    }
                }
            }
            assert!(sld.contains("<ogc:Or>") && qml.contains("_status&quot; = 'suppressed') OR ("), "{qml}");
        }
    }
    let style = json(&format!("styles/{}.json", symbology.pairs()[0].name));
    let fills = style["layers"].as_array().unwrap().iter().filter(|l| l["type"] == "fill").collect::<Vec<_>>();
    let named = |ending: &str| fills.iter().filter(|l| l["id"].as_str().unwrap().ends_with(ending)).count();
    assert!(named("_class_1_1") > 0 && named("_class_3_3") > 0 && named("_suppressed") > 0, "{fills:?}");
    let withheld = fills.iter().find(|l| l["id"].as_str().unwrap().ends_with("_suppressed")).unwrap();
    let either = |name: &String| serde_json::json!(["==", format!("{name}_status"), "suppressed"]);
    assert_eq!(withheld["filter"], serde_json::json!(["any", either(&names[0]), either(&names[1])]));
}

#[test]
fn the_geopackage_has_styles_metadata_and_a_project_that_names_its_layers() {
    let (release, folder) =
        (sample(&[(100, 40), (1000, 9)], &[Some("2024-12-31"), Some("2025-12-31")]), tempfile::tempdir().unwrap());
    let path = folder.path().join("kleinraum.gpkg");
    export::write_geopackage(&release, &Symbology::of(&release), &options(), &path, &Silent).unwrap();
    let database = Connection::open_with_flags(&path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let number = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let text = |sql: &str| database.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(text("SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'"), "attributes");
    // Each of six layers: total, three ages, and the shares of these.
    assert_eq!(number("SELECT count(*) FROM layer_styles"), 6 * 7);
    assert_eq!(number("SELECT count(*) FROM layer_styles WHERE useAsDefault"), 6);
    assert_eq!(
        number(
            "SELECT count(*) FROM layer_styles s JOIN gpkg_contents c ON c.table_name = s.f_table_name WHERE f_geometry_column = 'geom'"
        ),
        42
    );
    assert_eq!(number("SELECT count(*) FROM gpkg_metadata_reference WHERE md_parent_id = 1"), 6);
    assert_eq!(number("SELECT count(*) FROM gpkg_data_columns WHERE title ISNULL"), 0);
    let definition =
        text("SELECT description FROM gpkg_data_columns WHERE table_name = '100m_2025-12-31' AND column_name = 'total'");
    for part in ["number of records", "2025-12-31", "© Muster 2026", "protection: none", "table total"] {
        assert!(definition.contains(part), "{definition}");
    }
    assert_eq!(text("PRAGMA journal_mode"), "delete");
    let content = text("SELECT content FROM qgis_projects");
    let bytes: Vec<u8> = (0..content.len() / 2).map(|i| u8::from_str_radix(&content[2 * i..2 * i + 2], 16).unwrap()).collect();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let project = std::io::read_to_string(archive.by_index(0).unwrap()).unwrap();
    for layer in layers(&release) {
        assert!(project.contains(&format!("./kleinraum.gpkg|layername={}", layer.name)), "{}", layer.name);
    }
    assert!(project.contains("<title>Kinder &amp; &quot;Familien&quot;</title>"), "{}", &project[..400]);
    assert!(!project.contains("{{"));
}

#[test]
fn further_formats_say_what_the_release_says() {
    let (release, folder) = (small(), tempfile::tempdir().unwrap());
    let lines = export::write_geojson_lines(&release, &options(), &folder.path().join("lines"), &Silent).unwrap();
    let whole = export::write_geojson(&release, &options(), &folder.path().join("whole"), &Silent).unwrap();
    for (lines, whole) in lines.iter().zip(&whole) {
        let features: Vec<Value> =
            fs::read_to_string(lines).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(Value::Array(features), read_geojson(whole)["features"]);
    }
    for format in ["geoparquet", "flatgeobuf"] {
        let folder = folder.path().join(format);
        let files = match format {
            "geoparquet" => export::write_geoparquet(&release, &options(), &folder, &Silent),
            _ => export::write_flatgeobuf(&release, &options(), &folder, &Silent),
        };
        let names: Vec<String> = files.unwrap().iter().map(|f| f.file_stem().unwrap().to_string_lossy().into_owned()).collect();
        assert_eq!(names, ["100m", "1km", "10km", "gemeinde"]);
    }
}
