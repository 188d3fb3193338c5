//! Time of each stage of a run, one by one; sizes stand in the names. `cargo bench --bench stages [NAME]`.
//!
//! Whole commands beside their peers: `benches/peers.py`. Stages that use all cores are named `_all_cores`.

#![allow(missing_docs)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

use kleinraum::audit;
use kleinraum::confidential::{
    self, Contributor, CountSpec, DateSpec, Dialect, DimensionKind, DimensionSpec, Key, Method, Missing, PositionSource, Release,
    Request, Table, Zeros,
};
use kleinraum::config::Plan;
use kleinraum::error::Language;
use kleinraum::export::{self, ExportOptions};
use kleinraum::geodesy::{FittedProjection, Projection, ReferenceSystem};
use kleinraum::grid::GridSizes;
use kleinraum::layer::Symbology;
use kleinraum::pipeline;
use kleinraum::progress::Silent;
use kleinraum::simd::Simd;
use kleinraum::tiling::{self, TileFormat, TileOptions};
use kleinraum::verify;

/// Draws for the same records on every machine: splitmix64.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Around 0, within 3: a sum of uniform draws.
    fn bell(&mut self) -> f64 {
        (0..6).map(|_| self.unit() - 0.5).sum()
    }
}

/// Points in 300 towns over 100 × 100 km in UTM zone 32, as the records of `reference.py` lie.
fn points(count: usize) -> (Vec<f64>, Vec<f64>) {
    let mut draws = Draws(1);
    let towns: Vec<[f64; 2]> = (0..300).map(|_| [500_000.0 + draws.unit() * 1e5, 5_900_000.0 + draws.unit() * 1e5]).collect();
    (0..count)
        .map(|_| {
            let [x, y] = towns[(draws.next() % 300) as usize];
            ((x + draws.bell() * 900.0).round(), (y + draws.bell() * 900.0).round())
        })
        .unzip()
}

const BENEFITS: [&str; 5] = ["none", "SGB II", "SGB XII", "housing", "asylum"];

fn write_records(folder: &Path, count: usize) -> PathBuf {
    let (mut draws, mut text) = (Draws(2), "id,x,y,age,benefit\n".to_owned());
    let (xs, ys) = points(count);
    for (id, (x, y)) in xs.iter().zip(&ys).enumerate() {
        let benefit = BENEFITS[[0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4][(draws.next() % 11) as usize]];
        let _ = writeln!(text, "{id},{x}.25,{y}.75,{},{benefit}", draws.next() % 95);
    }
    let file = folder.join("records.csv");
    std::fs::write(&file, text).expect("the folder can be written");
    file
}

fn request(file: PathBuf, method: Method) -> Request {
    let dimension = |name: &str, kind| DimensionSpec {
        name: name.into(),
        label: name.into(),
        column: name.into(),
        kind,
        missing: Missing::Reject,
    };
    let count = CountSpec {
        files: vec![file],
        dialect: Dialect::default(),
        position: PositionSource::Coordinates {
            system: ReferenceSystem::from_epsg(25832).expect("the system is known"),
            x_column: "x".into(),
            y_column: "y".into(),
        },
        dimensions: vec![
            dimension("age", DimensionKind::Bands(vec![0.0, 6.0, 18.0, 30.0, 50.0, 65.0])),
            dimension("benefit", DimensionKind::Discovered),
        ],
        measures: Vec::new(),
        date: DateSpec::None,
        id_column: None,
        record_key: None,
        contributor: Contributor::Unasked,
        max_rejects: CountSpec::MAX_REJECTS,
        sizes: GridSizes::new(&[100, 1000, 10_000]).expect("the sizes nest"),
        systems: Vec::new(),
        language: Language::English,
        memory_bytes: None,
    };
    Request {
        count,
        tables: vec![Table(vec![]), Table(vec![0]), Table(vec![1]), Table(vec![0, 1])],
        method,
        merge: None,
        zeros: Zeros::Public,
        sensitive: Vec::new(),
        group_disclosure: Vec::new(),
        rate: None,
        threshold_units: None,
        interval: None,
        concentration: Vec::new(),
        earlier: Arc::default(),
    }
}

fn suppress() -> Method {
    Method::Suppress { threshold: 5 }
}

fn round() -> Method {
    Method::Round { base: 5, key: Key::from_hex(&"5e".repeat(32)).expect("64 digits") }
}

fn released(request: &Request) -> Release {
    confidential::release(request, &Silent).expect("the records can be read").0
}

/// Points of a batch of records.
const BATCH: usize = 8192;

/// Points a second on one core, by level of vector instructions; shuffled, in two squares of the lattice.
fn projection(c: &mut Criterion) {
    let system = |code| ReferenceSystem::from_epsg(code).expect("the system is known");
    let (xs, ys) = points(122 * BATCH);
    let mut group = c.benchmark_group("projection");
    group.throughput(Throughput::Elements(xs.len() as u64)).sample_size(20);
    for (name, from) in [("utm_to_laea_1M", 25832), ("degrees_to_laea_1M", 4326)] {
        let there = Projection::new(&system(25832), &system(from)).expect("both are on Earth");
        let (mut from_x, mut from_y) = (xs.clone(), ys.clone());
        if from != 25832 {
            FittedProjection::new(there).project(&mut from_x, &mut from_y);
        }
        let fitted =
            FittedProjection::new(Projection::new(&system(from), &ReferenceSystem::etrs89_laea()).expect("both are on Earth"));
        for simd in Simd::available() {
            // In slices of a batch, as records are read.
            let (mut xs, mut ys) = (vec![0.0; BATCH], vec![0.0; BATCH]);
            group.bench_function(format!("{name}/{}", simd.name()), |b| {
                b.iter(|| {
                    for (from_x, from_y) in from_x.chunks_exact(BATCH).zip(from_y.chunks_exact(BATCH)) {
                        xs.copy_from_slice(from_x);
                        ys.copy_from_slice(from_y);
                        fitted.project_with(simd, black_box(&mut xs), black_box(&mut ys));
                    }
                });
            });
        }
    }
    group.finish();
    let exact = Projection::new(&system(25832), &ReferenceSystem::etrs89_laea()).expect("both are on Earth");
    let mut group = c.benchmark_group("projection_exact");
    group.throughput(Throughput::Elements(10_000)).sample_size(20);
    group.bench_function("utm_to_laea_10k", |b| {
        b.iter(|| xs[..10_000].iter().zip(&ys).filter_map(|(&x, &y)| exact.exact(x, y)).map(|p| p.0).sum::<f64>());
    });
    group.finish();
}

/// Reading, placing, counting and protecting 300 000 records.
fn release(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write_records(folder.path(), 300_000);
    let mut group = c.benchmark_group("release_300k_csv_all_cores");
    group.throughput(Throughput::Elements(300_000)).sample_size(10);
    for (name, method) in [("none", Method::None { reason: "bench".into() }), ("round", round()), ("suppress", suppress())] {
        let request = request(file.clone(), method);
        group.bench_function(name, |b| b.iter(|| released(&request)));
    }
    group.finish();
}

/// Writing what was protected: 42 columns, three sizes.
fn write(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path();
    let release = released(&request(write_records(out, 300_000), round()));
    let symbology = Symbology::new(&release, &[]).expect("there are numbers");
    let options = ExportOptions::new("bench", "nobody").expect("the default system is known");
    let mut group = c.benchmark_group("write_300k_all_cores");
    group.throughput(Throughput::Elements(export::features(&release))).sample_size(10);
    for (name, format) in [("pmtiles", TileFormat::PmTiles), ("mbtiles", TileFormat::MbTiles), ("tiles", TileFormat::Directory)] {
        let tiles = TileOptions {
            title: "bench".into(),
            attribution: String::new(),
            description: String::new(),
            formats: vec![format],
            smallest: false,
            earlier: None,
        };
        group.bench_function(name, |b| {
            b.iter_batched(
                || tempfile::tempdir().expect("a folder"),
                |folder| {
                    tiling::write_tiles(&release, &symbology, &tiles, folder.path(), &Silent).map(|_| folder).expect("a disk")
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.bench_function("parquet", |b| b.iter(|| export::write_release_parquet(&release, &out.join("r")).expect("a disk")));
    group.bench_function("geojson", |b| {
        b.iter(|| export::write_geojson(&release, &options, &out.join("g"), &Silent).expect("a disk"))
    });
    group.bench_function("csv", |b| b.iter(|| export::write_csv(&release, &options, &out.join("c"), &Silent).expect("a disk")));
    group.bench_function("gpkg", |b| {
        b.iter_batched(
            || tempfile::tempdir().expect("a folder"),
            |folder| {
                let file = folder.path().join("g.gpkg");
                export::write_geopackage(&release, &symbology, &options, &file, &Silent).map(|()| folder).expect("a disk")
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Attacking and verifying a bundle of 100 000 records.
fn bundle(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let records = write_records(folder.path(), 100_000);
    let bundle = folder.path().join("bundle");
    let plan = format!(
        "[source]\nfiles = [{records:?}]\n[position]\ncrs = \"EPSG:25832\"\nx = \"x\"\ny = \"y\"\n[grid]\nsizes = [100, 1000]\n\
         [[dimension]]\nname = \"benefit\"\ncolumn = \"benefit\"\n\
         [protection]\nmethod = \"suppress\"\nthreshold = 5\n[audit]\nrun = false\n[output]\nfolder = {bundle:?}\n"
    );
    let plan = Plan::parse(&plan).expect("the plan is right");
    pipeline::run(&plan, Language::English, &Silent).expect("a disk");
    let mut group = c.benchmark_group("bundle_100k_all_cores");
    group.sample_size(10);
    group.bench_function("audit", |b| b.iter(|| audit::audit(&bundle, &Silent).expect("the bundle can be read")));
    group.bench_function("verify", |b| b.iter(|| verify::verify(&bundle, &Silent).expect("the bundle can be read")));
    group.finish();
}

criterion_group! {
    name = stages;
    // About three minutes in all on two cores.
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = projection, release, write, bundle
}
criterion_main!(stages);
