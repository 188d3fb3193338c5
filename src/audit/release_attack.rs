//! The attack on a finished bundle, and what came of it.
//!
//! What is at risk is decided by all equations together. Only where something is, the attack is repeated with fewer kinds of them, so that
//! each number found out is told with the simplest attack that finds it.

use std::path::{Path, PathBuf};

use crate::audit::answers::{self, Session};
use crate::audit::attack::{Found, Limits, Standing, attack};
use crate::audit::bundle::{Bundle, Date};
use crate::audit::bundle_error::BundleError;
use crate::audit::columns::Columns;
use crate::audit::findings::{AtRisk, Audited, Named, NotTried, WORST};
use crate::audit::groups::Sensitive;
use crate::audit::statement::{Place, Statement, Target};
use crate::audit::together::{self, Joined};
use crate::audit::{averaging, perturbed, sums};
use crate::error::Error;
use crate::progress::{Progress, Stage};

/// Attacks a bundle, reading nothing else.
///
/// Cost: a few seconds for a million published numbers; memory about 200 bytes for each withheld one.
///
/// # Errors
/// If the bundle cannot be read, its numbers contradict each other, or its method is not known.
pub fn audit(folder: &Path, progress: &dyn Progress) -> Result<Audited, Error> {
    attack_bundle(folder, None, progress)
}

/// Attacks a bundle together with what its server told: a file with one answer a line, as `/ask` gives them.
///
/// A number told is looked at as a sum over places and groups. What is no sum of published ones is named, and stands beside them in the equations:
/// what can be found out by both is at risk.
///
/// # Errors
/// As [`audit`]; if a line is no answer of this bundle.
pub fn audit_with_answers(folder: &Path, answers: &Path, progress: &dyn Progress) -> Result<Audited, Error> {
    attack_bundle(folder, Some(answers), progress)
}

fn attack_bundle(folder: &Path, answers: Option<&Path>, progress: &dyn Progress) -> Result<Audited, Error> {
    // Reading the bundle back is part of it, and after `round` most of it.
    progress.begin(Stage::Audit, None);
    let bundle = Bundle::read(folder)?;
    let mut audited = Audited::new(folder, &bundle.method);
    let session = answers.map(|file| told((&bundle, folder), file, &mut audited)).transpose()?;
    match bundle.method.as_str() {
        "suppress" => {
            attack_suppressed((&bundle, session.as_ref()), &mut audited, &small_below(&bundle, folder)?, progress)?;
            sums::check(&bundle, &mut audited);
            audited.not_tried.push((Named::Averaging, NotTried::NotThisMethod));
        }
        "round" | "cell-key" => {
            perturbed::check(&bundle, &mut audited)?;
            averaging::within(&bundle, &mut audited)?;
            audited.not_tried.push((Named::Groups, NotTried::NotPromised));
        }
        "none" => {
            let all = [Named::Tables, Named::Zooms, Named::Areas, Named::Groups, Named::Dominance, Named::Averaging];
            audited.not_tried.extend(all.map(|named| (named, NotTried::NotThisMethod)));
        }
        _ => return Err(BundleError::Method { folder: folder.into() }.into()),
    }
    audited.not_tried.push((Named::EarlierReleases, NotTried::OneBundle));
    progress.end();
    Ok(audited)
}

/// Attacks several bundles at once: the same number of the same date is one unknown, whichever bundle withholds it, and a number that one
/// of them shows is known. What each gives away by itself is told by [`audit`].
///
/// Of bundles whose methods change numbers the noise is compared: the same number twice under different noise could be averaged. Beside
/// bundles that withhold, what their methods promise bounds the unknowns.
///
/// # Errors
/// As [`audit`].
pub fn audit_together(folders: &[PathBuf], progress: &dyn Progress) -> Result<Audited, Error> {
    progress.begin(Stage::Audit, None);
    let bundles = folders.iter().map(|folder| Bundle::read(folder)).collect::<Result<Vec<_>, _>>()?;
    let name: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    let mut methods: Vec<&str> = bundles.iter().map(|bundle| bundle.method.as_str()).collect();
    methods.dedup();
    let mut audited = Audited::new(Path::new(&name.join(" + ")), &methods.join(" + "));
    averaging::between(&bundles, &mut audited);
    match together::join(&bundles) {
        Joined::Nothing => audited.not_tried.push((Named::EarlierReleases, NotTried::NothingToUse)),
        Joined::NotTheSame => audited.not_tried.push((Named::EarlierReleases, NotTried::NotTheSame)),
        Joined::One(joint) => {
            let joint = *joint;
            let compared: u64 = joint.compared;
            audited.tried(Named::EarlierReleases, compared, joint.undone.len() as u64);
            let places = joint.undone.iter().map(|&(date, place, at)| {
                AtRisk::of((&joint.bundle, &joint.bundle.dates[date]), place, at, Named::EarlierReleases)
            });
            audited.name(places);
            attack_suppressed(
                (&joint.bundle, None),
                &mut audited,
                &|date, place, at| joint.small_below(date, place, at),
                progress,
            )?;
        }
    }
    progress.end();
    Ok(audited)
}

/// Reads a session, and names what it tells beyond the release.
fn told((bundle, folder): (&Bundle, &Path), file: &Path, audited: &mut Audited) -> Result<Session, BundleError> {
    let columns = Columns::new(&bundle.columns).ok_or_else(|| BundleError::Unexpected { file: folder.join("run.json") })?;
    let session = answers::read(bundle, &columns, file)?;
    audited.tried(Named::NotPublished, session.numbers, session.beyond.len() as u64);
    let places = session.beyond.iter().map(|told| {
        let (place, unit) = told.places.first().copied().unwrap_or((Place::Grid(0), 0));
        AtRisk::of(
            (bundle, &bundle.dates[told.date]),
            place,
            (unit, told.columns.first().copied().unwrap_or(0)),
            Named::NotPublished,
        )
    });
    audited.name(places);
    Ok(session)
}

/// Below what a number must not be known: by date, place, unit and column.
type SmallBelow<'t> = dyn Fn(usize, Place, (usize, usize)) -> i64 + 't;

/// The threshold of a bundle, everywhere the same.
fn small_below(bundle: &Bundle, folder: &Path) -> Result<impl Fn(usize, Place, (usize, usize)) -> i64 + use<>, BundleError> {
    let threshold = bundle.threshold().ok_or_else(|| BundleError::Unexpected { file: folder.join("run.json") })?;
    Ok(move |_, _, _| threshold)
}

fn attack_suppressed(
    (bundle, session): (&Bundle, Option<&Session>),
    audited: &mut Audited,
    small_below: &SmallBelow<'_>,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let folder = audited.folder.clone();
    let unexpected = || BundleError::Unexpected { file: folder.join("run.json") };
    let columns = Columns::new(&bundle.columns).ok_or_else(unexpected)?;
    let threshold = bundle.threshold().ok_or_else(unexpected)?;
    let sensitive = Sensitive::of(bundle, &columns);
    audited.tables_in_a_circle = !columns.closed;
    // Of a number kept for what makes it up, the bundle does not tell whether it is one of these.
    let other_rules = ["dominance", "p_percent", "threshold_units", "minimum_base"];
    let other_rules = other_rules.iter().any(|rule| bundle.parameters.contains_key(*rule));
    for (number, date) in bundle.dates.iter().enumerate() {
        let contradiction = || BundleError::Contradiction { folder: folder.clone() };
        perturbed::shown(bundle, date, audited, 1..threshold);
        let mut statement = Statement::of(bundle, date, &columns);
        let published = (statement.system.equations(), statement.kinds.len());
        if let Some(session) = session {
            statement.state_answers(session.beyond.iter().filter(|told| told.date == number));
        }
        // There are many blocks, so only the small are solved exactly.
        let limits = Limits { exact_size: 10_000, steps: 20_000, branches: 200, operations: 1_000_000_000, intervals: false };
        let unknowns: Vec<u32> = statement.targets.iter().map(|target| target.unknown).collect();
        let mut found = attack(&statement.system, &unknowns, &limits);
        // Answers that are not true say nothing of what is.
        if found.is_err() && statement.system.equations() > published.0 {
            statement.system = statement.system.first(published.0);
            statement.kinds.truncate(published.1);
            found = attack(&statement.system, &unknowns, &limits);
        }
        let found = found.map_err(|_| contradiction())?;
        let secret_zero: Vec<bool> = (0..bundle.columns.len()).map(|column| statement.zero_is_secret(column)).collect();
        let small = |target: &Target, found: &Found| {
            let least = i64::from(!secret_zero[target.column as usize] || target.place == Place::Piece);
            let below = small_below(number, target.place, (target.unit as usize, target.column as usize));
            matches!(found.standing, Standing::Known | Standing::Linear) && (least..below).contains(&found.lo)
        };
        let mut left: Vec<Target> = Vec::new();
        for (target, found) in statement.targets.iter().zip(&found) {
            match found.standing {
                _ if small(target, found) => left.push(*target),
                Standing::Known | Standing::Linear if other_rules && found.lo > 0 => audited.not_proven += 1,
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
        let kinds: Vec<_> = statement.kinds.iter().filter(|kind| kind.0 != Named::Areas || !bundle.systems.is_empty()).collect();
        for (at, &&(named, equations, targets)) in kinds.iter().enumerate() {
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
        let place = |(by, target): (Named, Target)| {
            AtRisk::of((bundle, date), target.place, (target.unit as usize, target.column as usize), by)
        };
        audited.worst.extend(found_by.into_iter().map(place));
        if let Some(sensitive) = &sensitive {
            attack_groups((bundle, date), &mut statement, sensitive, audited).map_err(|_| contradiction())?;
        }
        progress.advance(1);
    }
    if bundle.systems.is_empty() {
        audited.not_tried.push((Named::Areas, NotTried::NothingToUse));
    }
    if sensitive.is_none() {
        audited.not_tried.push((Named::Groups, NotTried::NothingSensitive));
    }
    Ok(())
}

/// All, all but one, or none of a group in a sensitive category: by intervals too, not only where numbers are exactly known.
fn attack_groups(
    (bundle, date): (&Bundle, &Date),
    statement: &mut Statement<'_>,
    sensitive: &Sensitive,
    audited: &mut Audited,
) -> Result<(), crate::audit::attack::Contradiction> {
    let asked = statement.state_groups(sensitive);
    let unknowns: Vec<u32> = asked.iter().flat_map(|group| group.unknowns()).collect();
    let limits = Limits { exact_size: 10_000, steps: 20_000, branches: 200, operations: 1_000_000_000, intervals: true };
    let found = attack(&statement.system, &unknowns, &limits)?;
    let mut found = found.into_iter();
    let told: Vec<AtRisk> = asked
        .iter()
        .filter(|group| group.is_told(&mut found))
        .map(|group| AtRisk::of((bundle, date), group.place, (group.unit, group.column), Named::Groups))
        .collect();
    audited.tried(Named::Groups, asked.len() as u64, told.len() as u64);
    audited.name(told.into_iter());
    Ok(())
}
