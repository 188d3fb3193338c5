//! The report and `run.json`: versions, hashes, what was declared, what became of the records, timings.
//!
//! Everything here leaves the closed room, so a number below the threshold is not told: it is `null` with `below` beside it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::{Map, Value, json};

use crate::confidential::{Account, Grade, Lattice, Level, Release, Unit, is_path};
use crate::config::{OutputPlan, Plan};
use crate::error::{Error, Failure, Kind, Language};
use crate::grid::GridSize;
use crate::layer::layers;
use crate::pipeline::audited::Audit;
use crate::pipeline::folder::{FolderError, MANIFEST};
use crate::pipeline::job::Job;
use crate::pipeline::stopwatch::StageTime;
use crate::report::{self, Losses, Report};
use crate::say;
use crate::tiling::TileReport;

/// What the manifest tells about.
pub(super) struct Facts<'f> {
    pub(super) job: &'f Job,
    pub(super) plan: &'f Plan,
    pub(super) release: &'f Release,
    pub(super) losses: &'f Losses,
    pub(super) account: &'f Account,
    pub(super) tiles: Option<&'f TileReport>,
    pub(super) stages: &'f [StageTime],
    /// What came of the attack; none until it is done.
    pub(super) audit: Option<&'f Audit>,
    /// Names of the files that were read, with their hashes.
    pub(super) inputs: &'f [(String, String)],
    /// Hashes of all outputs so far by path inside the bundle.
    pub(super) outputs: &'f [(String, String)],
}

impl Facts<'_> {
    /// Writes the report and then `run.json` into a folder that holds all other outputs.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Error> {
        let failed = |source| FolderError::Unwritable { folder: folder.into(), source };
        let mut outputs = self.outputs.to_vec();
        self.report(&outputs).write(folder)?;
        for name in report::FILES {
            outputs.push((name.to_owned(), file_hash(&folder.join(name)).map_err(failed)?));
        }
        outputs.sort();
        let release = self.release;
        let parameters: Map<String, Value> =
            release.parameters.iter().map(|(name, value)| ((*name).into(), json!(value))).collect();
        let inputs: Vec<Value> =
            self.inputs.iter().map(|(file, hash)| json!({"file": file, "blake3": (!hash.is_empty()).then_some(hash)})).collect();
        let outputs: Map<String, Value> = outputs.into_iter().map(|(name, hash)| (name, json!(hash))).collect();
        // An earlier bundle makes a run sooner, not different.
        let plan = Plan { output: OutputPlan { since: None, ..self.plan.output.clone() }, ..self.plan.clone() };
        let manifest = json!({
            "kleinraum": env!("CARGO_PKG_VERSION"),
            "title": self.job.title,
            "attribution": self.job.attribution,
            "plan_blake3": blake3::hash(plan.to_toml().as_bytes()).to_hex().as_str(),
            "inputs": inputs,
            "formats": self.job.formats.iter().map(|format| format.name()).collect::<Vec<_>>(),
            "protection": {"method": release.method, "parameters": parameters},
            "records": self.records(),
            "projection": {
                "datum_shift": self.account.datum_shift.as_ref().map(|shift| json!({
                    "system": shift.system, "grid": shift.grid, "accuracy_m": shift.accuracy_m,
                })),
                "verified_error_m": self.account.projection_error_m,
                "exactly_projected": self.tellable(self.account.exactly_projected),
            },
            "layers": self.layers(),
            "fields": layers(release).first().map_or_else(Vec::new, |layer| {
                let field = |f: &crate::layer::Field| json!({
                    "name": f.name, "status_name": f.status_name, "table": f.table, "group": f.group, "label": f.label,
                });
                layer.fields.iter().map(field).collect()
            }),
            "synonyms": self.plan.dimension.iter().filter(|d| !d.synonyms.is_empty()).map(|d| (d.name.clone(), json!(d.synonyms))).collect::<Map<_, _>>(),
            "audit": self.audit.map(Audit::to_json),
            "tiles": self.tiles,
            "hashes": "blake3",
            "outputs": outputs,
            "timings": self.stages.iter().map(|time| json!({
                "stage": time.stage.name(), "seconds": time.seconds, "cpu_seconds": time.cpu_seconds,
                "peak_memory_bytes": time.peak_memory_bytes,
            })).collect::<Vec<_>>(),
        });
        let text = serde_json::to_string_pretty(&manifest).expect("a manifest is JSON");
        std::fs::write(folder.join(MANIFEST), text + "\n").map_err(failed)?;
        Ok(())
    }

    fn report(&self, outputs: &[(String, String)]) -> Report<'_> {
        Report {
            title: &self.job.title,
            attribution: &self.job.attribution,
            language: self.job.language,
            declared: self.job.declared.clone(),
            profile: self.job.profile.as_deref(),
            release: self.release,
            losses: self.losses.clone(),
            fields: self.job.fields(),
            records: self.records(),
            inputs: self.inputs.to_vec(),
            outputs: outputs.to_vec(),
            audit: self.audit.and_then(|audit| audit.to_report(self.job.language)),
        }
    }

    fn records(&self) -> Value {
        let rejects: Map<String, Value> =
            self.account.rejects.iter().map(|(reason, count, _)| (reason.name().into(), self.tellable(count))).collect();
        let systems = self.release.lattice.systems.iter().zip(&self.account.outside_and_overlapping);
        let areas: Map<String, Value> = systems
            .map(|(system, &(outside, overlapping))| {
                let outside = match self.withheld(&format!("outside:{}", system.name)) {
                    true => self.rounded(Some(&system.name)),
                    false => self.tellable(outside),
                };
                (system.name.clone(), json!({"outside": outside, "overlapping": self.tellable(overlapping)}))
            })
            .collect();
        // Read less rejected is placed: where one must not be told, neither is the other.
        let placed = match self.withheld("placed") {
            true => self.rounded(None),
            false => self.tellable(self.account.records_placed),
        };
        // What is too small to be told must not follow from the difference either.
        let rest = self.account.rejects.iter().map(|(_, count, _)| count).chain([self.account.never_valid]);
        let read = match self.withheld("placed") || rest.into_iter().any(|count| self.is_small(count)) {
            true => json!({"count": null}),
            false => self.tellable(self.account.records_read),
        };
        let mut records = json!({
            "read": read,
            "placed": placed,
            "rejected": rejects,
            "areas": areas,
        });
        if self.release.lattice.dates.len() > 1 {
            records["record_dates"] = json!(true);
        }
        if let Some(shift) = &self.account.datum_shift {
            records["positions"] = json!(shift.explain(self.job.language));
        }
        if self.account.keys_mended > 0 {
            records["keys_mended"] = self.tellable(self.account.keys_mended);
        }
        if let Some(grades) = self.grades() {
            records["grades_percent"] = grades;
        }
        records
    }

    /// How addresses were found, as whole per cent of those found: counts beside the rejected ones would tell small numbers by their
    /// difference. Nothing where a per cent is less than what may be told.
    fn grades(&self) -> Option<Value> {
        let counts = self.account.grades;
        let found: u64 = counts.iter().sum();
        let floor = 100 * self.floor().unwrap_or(1);
        if found < floor.max(100) {
            return None;
        }
        let percent = |count: u64| (count * 200 + found) / (2 * found);
        let told = Grade::ALL.into_iter().zip(counts).map(|(grade, count)| (grade.name().to_owned(), json!(percent(count))));
        Some(Value::Object(told.collect()))
    }

    /// Whether disclosure control found that this number beside the release would give one in it away.
    fn withheld(&self, what: &str) -> bool {
        let named = self.release.parameters.iter().find(|(name, _)| *name == "withheld");
        named.is_some_and(|(_, names)| names.split(", ").any(|name| name == what))
    }

    /// In place of a number that must not be told: what the release itself says of all records, or of those outside a system's areas, where its
    /// numbers add up.
    fn rounded(&self, outside: Option<&str>) -> Value {
        if self.release.method != "round" || !self.release.lattice.sizes.published() {
            return json!({"count": null});
        }
        let lattice = &self.release.lattice;
        let sum = |level: Level| -> i64 {
            let blocks = self.release.blocks.iter().filter(|block| block.level == level);
            blocks.flat_map(|block| (0..block.units.len()).filter_map(|unit| block.numbers(unit)[0].value())).sum()
        };
        let inside = outside
            .and_then(|name| lattice.systems.iter().position(|system| system.name == name))
            .map_or(0, |s| sum(Level::Areas(s)));
        json!({"count": sum(Level::Grid(lattice.sizes.coarsest())) - inside, "rounded": true})
    }

    /// A number of records, unless it is small enough to speak of persons.
    fn tellable(&self, count: u64) -> Value {
        match self.is_small(count) {
            true => json!({"count": null, "below": self.floor()}),
            false => json!({"count": count}),
        }
    }

    fn is_small(&self, count: u64) -> bool {
        count > 0 && self.floor().is_some_and(|floor| count < floor)
    }

    /// The smallest number of records that may be told.
    fn floor(&self) -> Option<u64> {
        let told = |wanted: &str| {
            self.release.parameters.iter().find(|(name, _)| *name == wanted).and_then(|(_, value)| value.parse().ok())
        };
        match self.release.method {
            "round" => told("base"),
            "cell-key" => told("js").map(|js: u64| js.max(2) + 1),
            _ => told("threshold"),
        }
    }

    fn layers(&self) -> Vec<Value> {
        let layer = |layer: crate::layer::Layer<'_>| {
            let zooms = self.tiles.and_then(|tiles| zooms(tiles, layer.level, layer.lattice));
            json!({
                "name": layer.name,
                "level": layer.lattice.level_name(layer.level),
                "date": layer.date,
                "units": layer.block.units.len(),
                "units_by_size": layer.adaptive().then(|| units_by_size(&layer)),
                "minzoom": zooms.map(|(min, _)| min),
                "maxzoom": zooms.map(|(_, max)| max),
            })
        };
        layers(self.release).into_iter().map(layer).collect()
    }
}

/// How many cells of each size there are in a layer of several.
fn units_by_size(layer: &crate::layer::Layer<'_>) -> Map<String, Value> {
    let mut by_size: BTreeMap<GridSize, u64> = BTreeMap::new();
    for unit in &layer.block.units {
        if let Unit::Cell(cell) = unit {
            *by_size.entry(cell.size()).or_default() += 1;
        }
    }
    by_size.into_iter().map(|(size, units)| (size.level_name(), units.into())).collect()
}

/// First and last zoom that show a level: one size a zoom, areas at every zoom.
fn zooms(tiles: &TileReport, level: Level, lattice: &Lattice) -> Option<(u8, u8)> {
    let name = lattice.level_name(level);
    let shows = |cells: Option<&str>| matches!(level, Level::Areas(_)) || cells == Some(name.as_str());
    let mut shown = tiles.zooms.iter().filter(|report| shows(report.cells.as_deref())).map(|report| report.zoom);
    let first = shown.next()?;
    Some((first, shown.next_back().unwrap_or(first)))
}

/// The hash of an input file, or of all files in a folder; empty for a database, which has none.
pub(super) fn input_hash(file: &Path) -> Result<String, HashError> {
    if !is_path(file) {
        return Ok(String::new());
    }
    if file.is_dir() {
        return folder_hash(file).map_err(|source| HashError { file: file.into(), source });
    }
    // A boundary inside a zip archive is named behind the archive; the archive is what is hashed.
    let on_disk = file.ancestors().find(|path| path.is_file()).unwrap_or(file);
    file_hash(on_disk).map_err(|source| HashError { file: file.into(), source })
}

/// The hash of the files' hashes in the order of their names.
fn folder_hash(folder: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    for file in files_below(folder)? {
        hasher.update(file_hash(&file)?.as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// BLAKE3 as hexadecimal text, what the program `b3sum` tells. Chosen over SHA-256 because that takes ten times as long where the
/// processor has no instructions for it: 4 s a gigabyte, a quarter of a whole run.
pub(super) fn file_hash(path: &Path) -> io::Result<String> {
    Ok(blake3::Hasher::new().update_reader(File::open(path)?)?.finalize().to_hex().to_string())
}

/// Hashes of all files in a folder by path inside it, on all threads.
pub(super) fn output_hashes(folder: &Path) -> Result<Vec<(String, String)>, FolderError> {
    let failed = |source| FolderError::Unwritable { folder: folder.into(), source };
    let name = |path: &PathBuf| {
        let parts = path.strip_prefix(folder).expect("found below it").components();
        parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    };
    let mut files: Vec<_> = files_below(folder).map_err(failed)?.into_iter().map(|path| (name(&path), path)).collect();
    // Directory tiles are the archives' tiles once more; `verify` compares them one by one.
    files.retain(|(name, _)| !name.starts_with("tiles/"));
    // One file a thread, the largest first, so that none is left for the end.
    let bytes = |path: &PathBuf| path.metadata().map_or(0, |metadata| metadata.len());
    files.sort_by_cached_key(|(name, path)| (std::cmp::Reverse(bytes(path)), name.clone()));
    let hash = |(name, path): (String, PathBuf)| Ok((name, file_hash(&path).map_err(failed)?));
    let mut hashes = files.into_par_iter().with_max_len(1).map(hash).collect::<Result<Vec<_>, _>>()?;
    hashes.sort_unstable();
    Ok(hashes)
}

fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true => folders.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    files.sort();
    Ok(files)
}

/// An input that cannot be read for its hash.
#[derive(Debug)]
pub(super) struct HashError {
    file: PathBuf,
    source: io::Error,
}

impl Failure for HashError {
    fn kind(&self) -> Kind {
        Kind::InputOutput
    }

    fn explain(&self, language: Language) -> String {
        let (file, source) = (self.file.display(), &self.source);
        say!(language, "{file}: cannot be read: {source}", "{file}: ist nicht lesbar: {source}")
    }
}
