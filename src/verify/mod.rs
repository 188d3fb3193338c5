//! A finished bundle against its specifications and against itself: archives, tiles, ids and values in every format.
//!
//! In: a bundle's folder, nothing else; it works where the records do not exist. Out: [`Verified`], what was checked and what is wrong.
//! `release.parquet` is the reference: every other file must show exactly its units, numbers and statuses. Nothing here shares code with the
//! writers. Uses `grid`, `geodesy` and `layer`'s names; used by `pipeline`.

mod adjacency;
mod archive;
mod csv;
mod description;
mod directory;
mod features;
mod finding;
mod flatgeobuf;
mod geojson;
mod geopackage;
mod geoparquet;
mod labels;
mod manifest;
mod mbtiles;
mod mvt;
mod pmtiles;
mod problem;
mod published;
mod styles;
mod tile_id;
mod tilejson;
mod tiles;
mod values;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use finding::{Check, Finding, Verified};
pub use problem::Problem;

use crate::error::{Error, Failure, Kind, Language};
use crate::progress::{Progress, Stage};
use crate::say;
use crate::verify::description::Description;
use crate::verify::finding::Findings;
use crate::verify::published::Published;

/// Checks everything there is in the bundle; formats that were not asked for are listed as skipped.
///
/// Costs about as much as writing the bundle; memory is bounded by the published numbers (8 bytes each) and the cells of one zoom.
///
/// # Errors
/// When the folder holds no `run.json` that can be read; everything else that is wrong is a finding.
pub fn verify(bundle: &Path, progress: &dyn Progress) -> Result<Verified, Error> {
    let description = Description::read(bundle)?;
    progress.begin(Stage::Verify, Some(10));
    let done = |part: Verified| {
        progress.advance(1);
        part
    };
    let (release, published) = published::read(bundle, &description);
    let release = done(release);
    let context = Context { bundle, description: &description, published: &published };
    let (tiles, (manifest, files)) = rayon::join(
        || done(archive::check(&context)),
        || {
            let manifest = || done(manifest::check(&context));
            let files = || {
                let ((geojson, csv), (geopackage, tilejson)) = rayon::join(
                    || rayon::join(|| done(geojson::check(&context)), || done(csv::check(&context))),
                    || rayon::join(|| done(geopackage::check(&context)), || done(tilejson::check(&context))),
                );
                let (lines, (geoparquet, flatgeobuf)) = rayon::join(
                    || done(geojson::check_lines(&context)),
                    || rayon::join(|| done(geoparquet::check(&context)), || done(flatgeobuf::check(&context))),
                );
                [geojson, lines, geopackage, geoparquet, flatgeobuf, csv, tilejson, done(styles::check(&context))]
            };
            rayon::join(manifest, files)
        },
    );
    let mut parts = vec![manifest, release, tiles];
    parts.extend(files);
    progress.end();
    Ok(Verified::of_parts(parts))
}

/// What every check looks at.
struct Context<'v> {
    bundle: &'v Path,
    description: &'v Description,
    published: &'v Published,
}

/// A folder that cannot be verified at all.
#[derive(Debug)]
pub enum VerifyError {
    /// The folder has no `run.json`.
    NoBundle {
        /// The folder.
        folder: PathBuf,
    },
    /// `run.json` cannot be opened.
    Unreadable {
        /// The file.
        file: PathBuf,
    },
    /// `run.json` is not what a run writes.
    RunJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
}

impl Failure for VerifyError {
    fn kind(&self) -> Kind {
        match self {
            Self::RunJson { .. } => Kind::Check,
            Self::NoBundle { .. } | Self::Unreadable { .. } => Kind::InputOutput,
        }
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::NoBundle { folder } => say!(
                language,
                "{}: no bundle, run.json is missing; name the folder that `kleinraum run` has written",
                "{}: kein Ergebnisordner, run.json fehlt; den Ordner nennen, den `kleinraum run` geschrieben hat",
                folder.display()
            ),
            Self::Unreadable { file } => say!(
                language,
                "{}: cannot be read; check its permissions",
                "{}: nicht lesbar; Zugriffsrechte prüfen",
                file.display()
            ),
            Self::RunJson { line, column } => say!(
                language,
                "run.json, line {line}, column {column}: not what a run writes (formats, fields and layers are expected); write the bundle anew",
                "run.json, Zeile {line}, Spalte {column}: nicht wie von einem Lauf geschrieben (erwartet werden formats, fields und layers); Ergebnis neu schreiben"
            ),
        }
    }
}
