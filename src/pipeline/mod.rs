//! The whole way: plan → closed room → release → layers → bundle and report. The only place that knows all rooms.

mod address;
mod area_keys;
mod audited;
mod classes;
mod compare;
mod files;
mod folder;
mod job;
mod key;
mod ledger;
mod manifest;
mod memory;
mod merge;
mod plain;
mod profile;
mod since;
mod stopwatch;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::confidential::{self, Account, Dialect, Release, Request, Secrets};
use crate::config::{Format, Plan};
use crate::demo::{self, Protection};
use crate::error::{Error, Language};
use crate::export::{self, ExportOptions};
use crate::geodesy;
use crate::layer::Symbology;
use crate::progress::{Progress, Stage};
use crate::report::Losses;
use crate::tiling::{self, TileFormat, TileOptions, TileReport};

pub use address::{GeoreferenceOptions, georeference};
pub use audited::Audit;
pub use compare::{Choice, CompareOptions, Compared, compare};
pub use compare::{Table as ComparedTable, risks as comparison_risks, table as comparison_table, warning as comparison_warning};
pub use folder::{BundleFolder, FolderError};
pub use key::write_key;
pub use plain::{plain_method, protect_plain};
pub use stopwatch::StageTime;

use audited::with_earlier;
use job::Job;
use ledger::Ledger;
use since::Since;
use stopwatch::Stopwatch;

/// What a run did, for the summary.
#[derive(Debug)]
pub struct Done {
    /// The finished bundle.
    pub folder: PathBuf,
    /// What was read.
    pub account: Account,
    /// One line about the protection: the method and what may be told of its parameters.
    pub protection: String,
    /// What was published at each level, as in [`Release::blocks`].
    pub published: Vec<Published>,
    /// Zooms and sizes of tiles, if tiles were written.
    pub tiles: Option<TileReport>,
    /// What came of the attack on the bundle.
    pub audit: Audit,
    /// Time and memory of each stage.
    pub stages: Vec<StageTime>,
    /// Overlaps and gaps of boundaries, and other things to know that did not stop the run.
    pub notes: Vec<String>,
}

/// Numbers of one level and date by status.
#[derive(Clone, Debug)]
pub struct Published {
    /// Reference date.
    pub date: Option<String>,
    /// Level name.
    pub level: String,
    /// Listed units.
    pub units: u64,
    /// Units whose total is published.
    pub units_with_total: u64,
    /// Numbers by status, as in [`confidential::Status::ALL`].
    pub by_status: [u64; 5],
}

/// Runs a plan: reads, counts, protects and writes the bundle in one go.
///
/// # Errors
/// Everything that can be wrong with the plan, the input or the output; an older bundle in the same place stays whole.
pub fn run(plan: &Plan, language: Language, progress: &dyn Progress) -> Result<Done, Error> {
    let job = Job::of(plan, language)?;
    let folder = BundleFolder::create(&job.folder)?;
    let stopwatch = Stopwatch::new(progress);
    let ledger = job.ledger.as_deref().map(Ledger::open).transpose()?;
    let (request, mut notes) = job.request(&stopwatch)?;
    let earlier = ledger.as_ref().map_or_else(|| Ok(Vec::new()), Ledger::shown)?;
    let request = Request { earlier: earlier.into(), ..request };
    let inputs = job.input_files();
    std::thread::scope(|scope| {
        // Hashing reads the input once more beside the counting; it is usually still in the page cache.
        let hashed = |file: PathBuf| manifest::input_hash(&file).map(|hash| (file, hash));
        let hashes = scope.spawn(move || inputs.into_iter().map(hashed).collect::<Result<Vec<_>, _>>());
        // Overlaps and gaps take seconds on a whole country's boundaries and stop nothing: they are sought beside the counting.
        let doubts = scope.spawn(|| job.doubts(&request));
        let (mut release, account) = confidential::release(&request, &stopwatch)?;
        release.parameters.splice(0..0, job.profile.iter().map(|profile| ("profile", profile.clone())));
        let since = job.since.as_deref().map(|bundle| Since::open(bundle, job.smallest));
        let tiles = write(&job, (&release, &account), (folder.path(), since.as_ref()), &stopwatch)?;
        notes.extend(since.map(|since| since.told(tiles.as_ref(), job.language)));
        stopwatch.begin(Stage::Hash, None);
        let inputs = hashes.join().expect("hashing does not panic")?;
        let outputs = manifest::output_hashes(folder.path())?;
        notes.extend(doubts.join().expect("seeking overlaps does not panic"));
        stopwatch.end();
        let losses = Losses::of(&release);
        let published = published(&release, &losses);
        let stages = stopwatch.stages();
        // Without the folder, and of a database without the server: where these are is nobody's business.
        let name = |file: &PathBuf| file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let inputs: Vec<(String, String)> = inputs.iter().map(|(file, hash)| (name(file), hash.clone())).collect();
        let facts = manifest::Facts {
            job: &job,
            plan,
            release: &release,
            losses: &losses,
            account: &account,
            tiles: tiles.as_ref(),
            stages: &stages,
            audit: None,
            inputs: &inputs,
            outputs: &outputs,
        };
        // The attack reads what an attacker would: the bundle as it will stand there. What it finds goes into `run.json` afterwards.
        facts.write(folder.path())?;
        release.forget_finer_cells();
        let audit = Audit::of(folder.path(), job.audit, &stopwatch)?;
        if let Some(ledger) = &ledger {
            notes.push(with_earlier(ledger, (folder.path(), language), &stopwatch)?);
        }
        let stages = stopwatch.stages();
        notes.extend(job.memory_bytes.and_then(|allowed| memory::exceeded(allowed, &stages, language)));
        let facts = manifest::Facts {
            job: &job,
            plan,
            release: &release,
            losses: &losses,
            account: &account,
            tiles: tiles.as_ref(),
            stages: &stages,
            audit: Some(&audit),
            inputs: &inputs,
            outputs: &outputs,
        };
        facts.write(folder.path())?;
        let folder = folder.finish()?;
        ledger.map_or(Ok(()), |ledger| ledger.record(&folder))?;
        let protection = job.description(&release);
        Ok(Done { folder, account, protection, published, tiles, audit, stages, notes })
    })
}

/// Writes every format the job asks for into `folder`, with what tiles of an earlier bundle are the same.
fn write(
    job: &Job,
    (release, account): (&Release, &Account),
    (folder, since): (&Path, Option<&Since>),
    progress: &dyn Progress,
) -> Result<Option<TileReport>, Error> {
    let wants = |format| job.formats.contains(&format);
    let symbology = Symbology::new(release, &job.classes)?.with_pairs(release, &job.pairs)?;
    let tile_formats: Vec<TileFormat> =
        [(Format::Pmtiles, TileFormat::PmTiles), (Format::Mbtiles, TileFormat::MbTiles), (Format::Tiles, TileFormat::Directory)]
            .into_iter()
            .filter_map(|(format, tile_format)| wants(format).then_some(tile_format))
            .collect();
    let tiles = match tile_formats.is_empty() {
        true => None,
        false => {
            let options = TileOptions {
                title: job.title.clone(),
                attribution: job.attribution.clone(),
                description: job.description(release),
                formats: tile_formats,
                smallest: job.smallest,
                earlier: since.and_then(Since::tiles),
            };
            progress.begin(Stage::Tiles, None);
            Some(tiling::write_tiles(release, &symbology, &options, folder, progress)?)
        }
    };
    progress.begin(Stage::Export, None);
    let options = ExportOptions {
        title: job.title.clone(),
        attribution: job.attribution.clone(),
        crs: job.output_system.clone(),
        stem: job.stem.clone(),
        language: job.language,
        licence: job.licence.clone(),
    };
    let formats: Vec<&str> = job.formats.iter().map(|format| format.name()).collect();
    export::write_catalog(release, &symbology, &options, (folder, &formats))?;
    export::write_styles(release, &symbology, &options, folder)?;
    // SQLite writes on one thread; the other formats are written beside it on what threads there are.
    let geopackage = || match wants(Format::Gpkg) {
        true => export::write_geopackage(release, &symbology, &options, &folder.join(format!("{}.gpkg", job.stem)), progress),
        false => Ok(()),
    };
    let others = || {
        if wants(Format::Geojson) {
            export::write_geojson(release, &options, &folder.join("geojson"), progress)?;
        }
        if wants(Format::Geojsonl) {
            export::write_geojson_lines(release, &options, &folder.join("geojsonl"), progress)?;
        }
        if wants(Format::Geoparquet) {
            export::write_geoparquet(release, &options, &folder.join("geoparquet"), progress)?;
        }
        if wants(Format::Flatgeobuf) {
            export::write_flatgeobuf(release, &options, &folder.join("flatgeobuf"), progress)?;
        }
        if wants(Format::Csv) {
            export::write_csv(release, &options, &folder.join("csv"), progress)?;
        }
        if !release.lattice.systems.is_empty() {
            export::write_incidence(release, &job.placing(account), &folder.join("incidence.parquet"))?;
        }
        export::write_release_parquet(release, &folder.join("release.parquet"))
    };
    let (geopackage, others) = rayon::join(geopackage, others);
    geopackage.and(others)?;
    Ok(tiles)
}

fn published(release: &Release, losses: &Losses) -> Vec<Published> {
    let lattice = &release.lattice;
    let count = |block: &confidential::Block| {
        let (date, level) = (lattice.dates[block.date].clone(), lattice.level_name(block.level));
        let (by_status, units_with_total) = losses.of_level(date.as_deref(), &level);
        Published { date, level, units: block.units.len() as u64, units_with_total, by_status }
    };
    release.blocks.iter().map(count).collect()
}

/// Recognises a source: what was found, in words, and a plan ready to run, which holds no password. `dialect` names a layer, a table or a query.
///
/// # Errors
/// If the file cannot be read as any known format.
pub fn inspect(file: &Path, dialect: &Dialect, language: Language) -> Result<(String, String), Error> {
    let guess = |xs: &[f64], ys: &[f64]| geodesy::guess_systems(xs, ys);
    let (shown, secrets) = Secrets::hide(&[file.to_owned()]);
    let inspection = confidential::inspect(&shown[0], &Dialect { secrets, ..dialect.clone() }, &guess)?;
    Ok((inspection.explain(language), inspection.plan_toml()))
}

/// Writes the demo's records, boundaries and plan below `folder`, and where it is rounded and there is none yet, a key; gives the plan's path.
///
/// # Errors
/// If the folder cannot be written, or the system has no randomness.
pub fn write_demo_input(folder: &Path, seed: u64, protection: Protection) -> Result<PathBuf, Error> {
    let folder = folder.join("input");
    let plan = demo::write_input(&folder, seed, protection)?;
    let key = folder.join(demo::KEY_FILE);
    if protection == Protection::Round && !key.exists() {
        write_key(&key)?;
    }
    Ok(plan)
}

/// Writes a file that must not exist yet; a secret one so that only its owner can read it.
///
/// # Errors
/// If the file exists or cannot be written.
pub fn write_new_file(path: &Path, bytes: &[u8], secret: bool) -> Result<(), FolderError> {
    let failed = |source| FolderError::Unwritable { folder: path.into(), source };
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = secret;
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)
}
