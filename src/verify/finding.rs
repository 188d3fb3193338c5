//! What was checked and what was found.

use std::collections::BTreeMap;

use crate::error::Language;
use crate::verify::Problem;

/// Findings of the same kind in the same file that are told one by one; the rest is counted.
const TOLD_PER_PROBLEM: usize = 20;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Path inside the bundle.
    pub file: String,
    /// What is wrong.
    pub problem: Problem,
    /// Where in the file: tile `z/x/y`, layer, unit, row; never a value. Empty for the whole file.
    pub place: String,
}

impl Finding {
    /// The finding as one line.
    pub fn explain(&self, language: Language) -> String {
        let problem = self.problem.explain(language);
        if self.place.is_empty() {
            format!("{}: {problem}", self.file)
        } else {
            format!("{}: {}: {problem}", self.file, self.place)
        }
    }
}

/// One kind of check and how much it looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Technical name: `hashes` (files), `release` (rows), `pmtiles`, `mbtiles`, `tiles` (tiles), `tile values` (numbers), `completeness` (units at all zooms),
    /// `adjacency` (corners at all zooms), `names of areas` (points at all zooms), `geojson`, `geojsonl`, `geoparquet`, `flatgeobuf` (features), `csv`, `geopackage` (rows), `tilejson`, `styles` (files).
    pub name: &'static str,
    /// How many things were looked at; `None` where the bundle was written without this format.
    pub checked: Option<u64>,
}

/// The outcome of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// What was checked.
    pub checks: Vec<Check>,
    /// What is wrong, by file, problem and place; at most twenty of a kind in a file.
    pub findings: Vec<Finding>,
    /// How many more of the same kinds were found.
    pub untold: u64,
}

impl Verified {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    /// The parts one after the other.
    pub(super) fn joined(parts: Vec<Self>) -> Self {
        let mut whole = Self::default();
        for part in parts {
            whole.checks.extend(part.checks);
            whole.findings.extend(part.findings);
            whole.untold += part.untold;
        }
        whole
    }

    /// The parts in one, findings sorted and cut to what is told.
    pub(super) fn of_parts(parts: Vec<Self>) -> Self {
        let mut whole = Self::joined(parts);
        whole.findings.sort();
        let mut told: BTreeMap<(String, Problem), usize> = BTreeMap::new();
        let before = whole.findings.len();
        whole.findings.retain(|finding| {
            let count = told.entry((finding.file.clone(), finding.problem)).or_default();
            *count += 1;
            *count <= TOLD_PER_PROBLEM
        });
        whole.untold += (before - whole.findings.len()) as u64;
        whole
    }
}

/// Findings of one file while they are gathered.
#[derive(Debug)]
pub(super) struct Findings {
    file: String,
    found: Vec<Finding>,
    untold: u64,
}

impl Findings {
    /// More than this of one file are only counted: a bundle that is wrong throughout needs no longer list.
    const LIMIT: usize = 20_000;

    pub(super) fn of(file: impl Into<String>) -> Self {
        Self { file: file.into(), found: Vec::new(), untold: 0 }
    }

    pub(super) fn add(&mut self, place: impl Into<String>, problem: Problem) {
        if self.found.len() < Self::LIMIT {
            self.found.push(Finding { file: self.file.clone(), problem, place: place.into() });
        } else {
            self.untold += 1;
        }
    }

    pub(super) fn join(&mut self, other: Self) {
        self.found.extend(other.found);
        self.untold += other.untold;
    }

    pub(super) fn into_part(self, checks: Vec<(&'static str, u64)>) -> Verified {
        let checks = checks.into_iter().map(|(name, checked)| Check { name, checked: Some(checked) }).collect();
        Verified { checks, findings: self.found, untold: self.untold }
    }

    /// The outcome of a check that has nothing to look at.
    pub(super) fn skipped(self, name: &'static str) -> Verified {
        Verified { checks: vec![Check { name, checked: None }], ..self.into_part(Vec::new()) }
    }
}
