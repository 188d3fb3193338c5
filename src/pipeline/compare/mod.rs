//! Methods side by side on the user's records, before anything is released: which loses what, and which one to take.

mod choice;
mod page;
mod table;

use std::path::Path;

use crate::confidential::{self, Comparison, Merge, Method, PerturbationParameters, PerturbationTable};
use crate::config::{MethodPlan, Plan, PlanError, ProtectionPlan, ZerosPlan};
use crate::error::{Error, Language};
use crate::grid::GridSize;
use crate::pipeline::folder::FolderError;
use crate::pipeline::job::Job;
use crate::pipeline::key::{fresh_key, read_key};
use crate::progress::Progress;
use crate::say;

pub use choice::Choice;
pub use table::{Table, risks, table, warning};

/// Thresholds and bases that are compared unless told otherwise.
const STRENGTHS: [u64; 3] = [3, 5, 10];

/// Which methods are compared.
#[derive(Clone, Debug, Default)]
pub struct CompareOptions {
    /// Methods; all that fit the plan if empty, `merge` only where the plan takes it.
    pub methods: Vec<MethodPlan>,
    /// Thresholds of `suppress` and bases of `round`; 3, 5 and 10, and what the plan names, if empty.
    pub thresholds: Vec<u64>,
}

/// Methods compared, and the one to take.
#[derive(Debug)]
pub struct Compared {
    /// Losses and risks.
    pub comparison: Comparison,
    /// What to take, if any method passes.
    pub choice: Option<Choice>,
    /// The language of the text and the page.
    pub language: Language,
    /// Things to know: what was left out and why.
    pub notes: Vec<String>,
}

/// Counts the plan's records once and protects them by every method. Writes nothing but, if asked for, one page.
///
/// Of the plan's protection only zeros, sensitive categories, threshold, base and the parameters of cell keys count; measures are left out.
///
/// # Errors
/// Everything that can be wrong with the plan, the input or the page.
pub fn compare(
    plan: &Plan,
    options: &CompareOptions,
    page: Option<&Path>,
    language: Language,
    progress: &dyn Progress,
) -> Result<Compared, Error> {
    let language = plan.language.as_deref().map_or(language, Language::from_locale);
    let mut notes = Vec::new();
    if let Some(file) = page.filter(|file| !file.extension().is_some_and(|e| e.eq_ignore_ascii_case("html"))) {
        // A page takes the place of an older one, so it must not be named like the records.
        return Err(
            impossible("-o", &file.display().to_string(), "a file ending in .html", "eine Datei mit der Endung .html").into()
        );
    }
    let job = Job::of(&counting_plan(plan), language)?;
    if !job.sizes.published() {
        return Err(impossible(
            "grid.sizes",
            "none",
            "at least one size, or compare with: kleinraum run, method by method",
            "mindestens eine Größe, oder zum Vergleich: kleinraum run, Methode für Methode",
        )
        .into());
    }
    let joined = joined(plan, options, job.sizes.as_slice())?;
    let methods: Vec<(Option<Merge>, Method)> = match joined.is_empty() || options.methods.iter().any(|m| *m != MethodPlan::Merge)
    {
        true => methods(plan, options, (language, &mut notes))?.into_iter().map(|method| (None, method)).chain(joined).collect(),
        false => joined,
    };
    let (mut request, more) = job.request(progress)?;
    notes.extend(more);
    if !plan.measure.is_empty() {
        notes.push(say!(
            language,
            "sums are not compared: suppress withholds them where it withholds the count, the other methods do not take them",
            "Summen werden nicht verglichen: suppress sperrt sie, wo es die Anzahl sperrt, die anderen Methoden nehmen sie nicht"
        ));
    }
    request.count.record_key = methods.iter().find_map(|(_, method)| match method {
        Method::CellKey { key, .. } => Some(key.clone()),
        _ => None,
    });
    let (comparison, _) = confidential::compare(&request, &methods, progress)?;
    let choice = Choice::of(&comparison, plan.protection.threshold);
    let compared = Compared { comparison, choice, language, notes };
    if let Some(file) = page {
        let title = plan.title.clone().unwrap_or_else(|| "kleinraum compare".to_owned());
        std::fs::write(file, page::page(&compared, &title))
            .map_err(|source| FolderError::Unwritable { folder: file.into(), source })?;
    }
    Ok(compared)
}

/// The plan for counting: what is read and published, without sums and without a method of its own.
fn counting_plan(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    plan.measure.clear();
    plan.protection = ProtectionPlan {
        method: Some(MethodPlan::Suppress),
        threshold: Some(STRENGTHS[0]),
        zeros: plan.protection.zeros,
        ..Default::default()
    };
    plan.output = crate::config::OutputPlan { folder: Some("compare".into()), ..Default::default() };
    plan
}

/// Joining cells and then `suppress`, where it is asked for: once for each threshold.
fn joined(plan: &Plan, options: &CompareOptions, sizes: &[GridSize]) -> Result<Vec<(Option<Merge>, Method)>, PlanError> {
    let p = &plan.protection;
    let by_plan = options.methods.is_empty() && p.method == Some(MethodPlan::Merge);
    if !by_plan && !options.methods.contains(&MethodPlan::Merge) {
        return Ok(Vec::new());
    }
    let largest = match p.largest_m {
        None => sizes.last().copied(),
        Some(metres) => sizes.iter().copied().find(|size| size.metres() == metres),
    };
    let largest = largest.ok_or_else(|| {
        let found = p.largest_m.unwrap_or_default().to_string();
        impossible("protection.largest_m", &found, "one of the grid sizes (grid.sizes)", "eine der Gittergrößen (grid.sizes)")
    })?;
    let merge = |minimum| Some(Merge { minimum, largest });
    let pair = |threshold: u64| (merge(p.minimum.unwrap_or(threshold)), Method::Suppress { threshold });
    Ok(strengths(plan, options)?.into_iter().map(pair).collect())
}

/// Thresholds and bases to compare, ascending.
fn strengths(plan: &Plan, options: &CompareOptions) -> Result<Vec<u64>, PlanError> {
    let p = &plan.protection;
    let mut strengths = options.thresholds.clone();
    if strengths.is_empty() {
        strengths = STRENGTHS.to_vec();
        strengths.extend(p.threshold.into_iter().chain(p.base.map(u64::from)));
    }
    strengths.sort_unstable();
    strengths.dedup();
    match strengths.iter().find(|k| !(2..=1000).contains(*k)) {
        Some(wrong) => {
            let found = wrong.to_string();
            Err(impossible("--thresholds", &found, "2 to 1000, for example 3,5,10", "2 bis 1000, zum Beispiel 3,5,10"))
        }
        None => Ok(strengths),
    }
}

/// The methods to compare, weakest first within each; with notes on those that do not fit.
fn methods(plan: &Plan, options: &CompareOptions, (language, notes): (Language, &mut Vec<String>)) -> Result<Vec<Method>, Error> {
    let p = &plan.protection;
    let asked = |method: MethodPlan| options.methods.contains(&method);
    let all = options.methods.is_empty();
    if asked(MethodPlan::None) {
        return Err(impossible("--methods", "none", "suppress, round, cell-key", "suppress, round, cell-key").into());
    }
    let strengths = strengths(plan, options)?;
    let mut methods = Vec::new();
    if all || asked(MethodPlan::Suppress) {
        methods.extend(strengths.iter().map(|&threshold| Method::Suppress { threshold }));
    }
    // What these methods do not do is no reason to compare nothing, but one to say so.
    let secret = p.zeros == Some(ZerosPlan::Secret) || plan.dimension.iter().any(|d| !d.sensitive.is_empty());
    if secret {
        if asked(MethodPlan::Round) || asked(MethodPlan::CellKey) || all {
            notes.push(say!(
                language,
                "round and cell-key are left out: they keep neither zeros nor sensitive categories secret",
                "round und cell-key entfallen: sie halten weder Nullen noch sensible Kategorien geheim"
            ));
        }
        return match methods.is_empty() {
            true => Err(impossible(
                "--methods",
                "round, cell-key",
                "suppress, since zeros or categories are secret",
                "suppress, da Nullen oder Kategorien geheim sind",
            )
            .into()),
            false => Ok(methods),
        };
    }
    let rounds = all || asked(MethodPlan::Round);
    let cell_keys = match (all, asked(MethodPlan::CellKey), &plan.unit.id) {
        (_, true, _) | (true, _, Some(_)) => true,
        (true, _, None) => {
            notes.push(say!(
                language,
                "cell-key is left out: it needs an id for each record, --id",
                "cell-key entfällt: es braucht eine Kennung je Datensatz, --id"
            ));
            false
        }
        (false, false, _) => false,
    };
    if !rounds && !cell_keys {
        return Ok(methods);
    }
    let key = match &plan.unit.key {
        Some(file) => {
            let (key, note) = read_key(file, language)?;
            notes.extend(note);
            key
        }
        None => {
            notes.push(say!(
                language,
                "round and cell-key use a key made for this comparison and kept nowhere: a release needs one of its own (kleinraum key new)",
                "round und cell-key nutzen einen Schlüssel nur für diesen Vergleich, der nirgends bleibt: eine Veröffentlichung braucht einen eigenen (kleinraum key new)"
            ));
            fresh_key()?
        }
    };
    if rounds {
        let bases = strengths.iter().filter(|&&base| base >= 3);
        methods.extend(bases.map(|&base| Method::Round { base: base as u32, key: key.clone() }));
    }
    if cell_keys {
        let parameters = PerturbationParameters::new(p.d.unwrap_or(5), p.v.unwrap_or(3.0), p.js.unwrap_or(2))?;
        // Before the reading rather than after.
        PerturbationTable::solve(parameters)?;
        methods.push(Method::CellKey { parameters, key });
    }
    Ok(methods)
}

fn impossible(key: &str, found: &str, expected: &'static str, expected_german: &'static str) -> PlanError {
    PlanError::Impossible { key: key.into(), found: found.into(), expected, expected_german }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(plan: &Plan, options: &CompareOptions) -> (Vec<String>, usize) {
        let mut notes = Vec::new();
        let methods = methods(plan, options, (Language::English, &mut notes)).unwrap();
        let name = |method: &Method| match method {
            Method::Suppress { threshold } => format!("suppress {threshold}"),
            Method::Round { base, .. } => format!("round {base}"),
            other => other.name().to_owned(),
        };
        (methods.iter().map(name).collect(), notes.len())
    }

    #[test]
    fn all_methods_that_fit_are_compared() {
        let mut plan = Plan::default();
        let without_id = ["suppress 3", "suppress 5", "suppress 10", "round 3", "round 5", "round 10"];
        assert_eq!(chosen(&plan, &CompareOptions::default()), (without_id.map(str::to_owned).to_vec(), 2));
        plan.unit.id = Some("id".into());
        assert_eq!(chosen(&plan, &CompareOptions::default()).0.last().unwrap(), "cell-key");
        plan.protection.zeros = Some(ZerosPlan::Secret);
        assert_eq!(chosen(&plan, &CompareOptions::default()), (without_id[..3].iter().map(|&s| s.to_owned()).collect(), 1));
    }

    #[test]
    fn asked_for_is_what_is_compared() {
        let options = CompareOptions { methods: vec![MethodPlan::Round], thresholds: vec![7, 2, 7] };
        assert_eq!(chosen(&Plan::default(), &options).0, ["round 7"]);
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let refused = |methods: &[MethodPlan], thresholds: &[u64]| {
            let options = CompareOptions { methods: methods.to_vec(), thresholds: thresholds.to_vec() };
            super::methods(&Plan::default(), &options, (Language::English, &mut Vec::new())).is_err()
        };
        assert!(refused(&[MethodPlan::None], &[]));
        assert!(refused(&[], &[1]) && refused(&[], &[1001]));
    }
}
