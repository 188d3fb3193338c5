//! The attack on a finished bundle, and what came of it.
//!
//! What is at risk is decided by all equations together. Only where something is, the attack is repeated with fewer kinds of them, so that
//! each number found out is told with the simplest attack that finds it.

use std::path::{Path, PathBuf};

use crate::audit::attack::{Found, Limits, Standing, attack};
use crate::audit::bundle::Bundle;
use crate::audit::bundle_error::BundleError;
use crate::audit::columns::Columns;
use crate::audit::perturbed;
use crate::audit::statement::{Place, Statement, Target};
use crate::error::{Error, Language};
use crate::progress::{Progress, Stage};
use crate::say;

/// A named way to find out what is withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// The numbers of one unit: total less groups, tables against each other.
    Tables,
    /// Cells of one size against those of another.
    Zooms,
    /// Cells against areas and areas of several systems against each other.
    Areas,
    /// Published sums that do not add up, or values that the method never gives (methods that change numbers).
    Consistency,
    /// Small counts shown as they are.
    SmallValues,
}

impl Named {
    /// The technical name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tables => "total-less-groups",
            Self::Zooms => "across-zooms",
            Self::Areas => "grid-against-areas",
            Self::Consistency => "consistency",
            Self::SmallValues => "small-values",
        }
    }

    /// For readers.
    pub fn explain(self, language: Language) -> String {
        match self {
            Self::Tables => say!(language, "total less groups", "Summe minus Gruppen"),
            Self::Zooms => say!(language, "across zooms", "über die Zoomstufen"),
            Self::Areas => say!(language, "grid against area borders", "Raster gegen Gebietsgrenzen"),
            Self::Consistency => say!(language, "sums and values the method gives", "Summen und Werte der Methode"),
            Self::SmallValues => say!(language, "small values", "kleine Werte"),
        }
    }
}

/// One attack and what it found that simpler ones had not.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// Which.
    pub named: Named,
    /// How many numbers, or parts of sums, were attacked.
    pub attacked: u64,
    /// How many of them it gives away.
    pub found: u64,
}

/// A place in the lattice. Holds no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtRisk {
    /// Reference date.
    pub date: Option<String>,
    /// Level name; with `piece` what borders cut from a cell.
    pub level: String,
    /// The unit's id.
    pub unit: String,
    /// Whether it is a piece of the unit.
    pub piece: bool,
    /// Table and group.
    pub table: String,
    /// Category labels.
    pub group: String,
    /// What finds it out.
    pub by: Named,
}

/// What an audit found.
#[derive(Clone, Debug)]
pub struct Audited {
    /// The bundle.
    pub folder: PathBuf,
    /// Its method.
    pub method: String,
    /// What was tried.
    pub attempts: Vec<Attempt>,
    /// Named attacks that do not apply, and why not.
    pub not_tried: Vec<(&'static str, NotTried)>,
    /// Withheld numbers, and pieces that borders cut from cells.
    pub targets: u64,
    /// Shown by two worlds that satisfy everything published.
    pub safe: u64,
    /// Exactly known and small, or small and shown.
    pub at_risk: u64,
    /// Exactly known, but large enough to be published, or zero where zeros are public.
    pub harmless: u64,
    /// Neither shown safe nor found out.
    pub not_proven: u64,
    /// How many of these are no linear function of what is published.
    pub not_linear: u64,
    /// The first ten at risk, simplest attack first.
    pub worst: Vec<AtRisk>,
    /// The tables go round in a circle, so that two worlds prove nothing.
    pub tables_in_a_circle: bool,
}

/// Why an attack was not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTried {
    /// The bundle has nothing it could use.
    NothingToUse,
    /// The method leaves no such way.
    NotThisMethod,
}

impl NotTried {
    /// For readers.
    pub fn explain(self, language: Language) -> String {
        match self {
            Self::NothingToUse => say!(language, "the bundle holds nothing it could use", "das Paket enthält nichts dafür"),
            Self::NotThisMethod => say!(language, "does not apply to this method", "bei dieser Methode nicht möglich"),
        }
    }
}

impl Audited {
    pub(super) fn new(folder: &Path, method: &str) -> Self {
        Self {
            folder: folder.into(),
            method: method.into(),
            attempts: Vec::new(),
            not_tried: Vec::new(),
            targets: 0,
            safe: 0,
            at_risk: 0,
            harmless: 0,
            not_proven: 0,
            not_linear: 0,
            worst: Vec::new(),
            tables_in_a_circle: false,
        }
    }

    pub(super) fn tried(&mut self, named: Named, attacked: u64, found: u64) {
        match self.attempts.iter_mut().find(|attempt| attempt.named == named) {
            Some(attempt) => {
                attempt.attacked += attacked;
                attempt.found += found;
            }
            None => self.attempts.push(Attempt { named, attacked, found }),
        }
    }
}

/// How many at risk are named.
const WORST: usize = 10;

/// Attacks a bundle, reading nothing else.
///
/// Cost: a few seconds for a million published numbers; memory about 200 bytes for each withheld one.
///
/// # Errors
/// If the bundle cannot be read, its numbers contradict each other, or its method is not known.
pub fn audit(folder: &Path, progress: &dyn Progress) -> Result<Audited, Error> {
    let bundle = Bundle::read(folder)?;
    let mut audited = Audited::new(folder, &bundle.method);
    progress.begin(Stage::Audit, Some(bundle.dates.len() as u64));
    match bundle.method.as_str() {
        "suppress" => attack_suppressed(&bundle, &mut audited, progress)?,
        "round" | "cell-key" => perturbed::check(&bundle, &mut audited)?,
        "none" => audited.not_tried.push(("all", NotTried::NotThisMethod)),
        _ => return Err(BundleError::Method { folder: folder.into() }.into()),
    }
    progress.end();
    Ok(audited)
}

fn attack_suppressed(bundle: &Bundle, audited: &mut Audited, progress: &dyn Progress) -> Result<(), Error> {
    let folder = audited.folder.clone();
    let unexpected = || BundleError::Unexpected { file: folder.join("run.json") };
    let columns = Columns::new(&bundle.columns).ok_or_else(unexpected)?;
    let threshold: i64 = bundle.parameters.get("threshold").and_then(|t| t.parse().ok()).ok_or_else(unexpected)?;
    audited.tables_in_a_circle = !columns.closed;
    for date in &bundle.dates {
        let contradiction = || BundleError::Contradiction { folder: folder.clone() };
        perturbed::shown(bundle, date, audited, 1..threshold);
        let statement = Statement::of(bundle, date, &columns);
        // There are many blocks, so only the small are solved exactly.
        let limits = Limits { exact_size: 10_000, steps: 20_000, branches: 200, operations: 1_000_000_000, intervals: false };
        let unknowns: Vec<u32> = statement.targets.iter().map(|target| target.unknown).collect();
        let found = attack(&statement.system, &unknowns, &limits).map_err(|_| contradiction())?;
        let small = |target: &Target, found: &Found| {
            let least = i64::from(!statement.zero_is_secret(target.column as usize) || target.place == Place::Piece);
            matches!(found.standing, Standing::Known | Standing::Linear) && (least..threshold).contains(&found.lo)
        };
        let mut left: Vec<Target> = Vec::new();
        for (target, found) in statement.targets.iter().zip(&found) {
            match found.standing {
                _ if small(target, found) => left.push(*target),
                Standing::Known | Standing::Linear => audited.harmless += 1,
                Standing::Safe if columns.closed => audited.safe += 1,
                Standing::Safe | Standing::NotLinear => {
                    audited.not_proven += 1;
                    audited.not_linear += 1;
                }
                Standing::NotProven => audited.not_proven += 1,
            }
        }
        audited.targets += statement.targets.len() as u64;
        audited.at_risk += left.len() as u64;
        let mut found_by: Vec<(Named, Target)> = Vec::new();
        let kinds = &statement.kinds[..if bundle.systems.is_empty() { 2 } else { 3 }];
        for (at, &(named, equations, targets)) in kinds.iter().enumerate() {
            let before = found_by.len();
            if at + 1 == kinds.len() {
                found_by.extend(left.drain(..).map(|target| (named, target)));
            } else if !left.is_empty() {
                let fewer = statement.system.first(equations);
                let unknowns: Vec<u32> = left.iter().map(|target| target.unknown).collect();
                let found = attack(&fewer, &unknowns, &Limits { exact_size: 0, ..limits }).map_err(|_| contradiction())?;
                let mut found =
                    left.iter().zip(&found).map(|(target, found)| small(target, found)).collect::<Vec<_>>().into_iter();
                left.retain(|target| {
                    let is_found = found.next().unwrap_or(false);
                    if is_found {
                        found_by.push((named, *target));
                    }
                    !is_found
                });
            }
            audited.tried(named, targets as u64, (found_by.len() - before) as u64);
        }
        found_by.truncate(WORST.saturating_sub(audited.worst.len()));
        audited.worst.extend(found_by.into_iter().map(|(by, target)| {
            let (level, unit, piece) = match target.place {
                Place::Grid(level) => {
                    let level = level as usize;
                    (bundle.sizes[level].0.clone(), date.grids[level].units[target.unit as usize].code(), false)
                }
                Place::Areas(system) => {
                    let system = system as usize;
                    (bundle.systems[system].clone(), date.areas[system].units[target.unit as usize].to_string(), false)
                }
                Place::Piece => (bundle.sizes[0].0.clone(), date.grids[0].units[target.unit as usize].code(), true),
            };
            let (table, group) = bundle.columns[target.column as usize].clone();
            AtRisk { date: date.name.clone(), level, unit, piece, table, group, by }
        }));
        progress.advance(1);
    }
    if bundle.systems.is_empty() {
        audited.not_tried.push((Named::Areas.name(), NotTried::NothingToUse));
    }
    audited.not_tried.push(("averaging", NotTried::NotThisMethod));
    audited.not_tried.push(("earlier-releases", NotTried::NothingToUse));
    Ok(())
}
