//! What a plan means: names resolved, defaults filled in, contradictions refused.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::area::{AreaFile, AreaSystem};
use crate::confidential::{
    CountSpec, DateSpec, Dialect, DimensionKind, DimensionSpec, Key, MeasureSpec, Method, Missing, PerturbationParameters,
    PerturbationTable, PositionSource, Release, Request, Sensitive, Table, Zeros,
};
use crate::config::{DimensionPlan, Format, MethodPlan, MissingPlan, Plan, PlanError, ZerosPlan};
use crate::error::{Error, Language};
use crate::geodesy::ReferenceSystem;
use crate::grid::GridSizes;
use crate::pipeline::key::read_key;
use crate::progress::{Progress, Stage};
use crate::say;

/// Share of rejected rows above which a run stops, unless told otherwise.
const MAX_REJECTS: f64 = 0.01;

/// A plan that makes sense; boundaries are not read yet.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) title: String,
    pub(super) attribution: String,
    pub(super) language: Language,
    pub(super) folder: PathBuf,
    pub(super) stem: String,
    pub(super) formats: BTreeSet<Format>,
    pub(super) output_system: ReferenceSystem,
    pub(super) sizes: GridSizes,
    files: Vec<PathBuf>,
    dialect: Dialect,
    position: PositionSource,
    areas: Vec<AreaFile>,
    dimensions: Vec<DimensionSpec>,
    tables: Vec<Table>,
    measures: Vec<MeasureSpec>,
    date: DateSpec,
    id_column: Option<String>,
    max_rejects: f64,
    method: Method,
    key_note: Option<String>,
    zeros: Zeros,
    sensitive: Vec<Sensitive>,
    /// Why the bundle is not attacked.
    pub(super) no_audit: Option<String>,
}

impl Job {
    /// Reads the meaning of a plan.
    pub(super) fn of(plan: &Plan, language: Language) -> Result<Self, Error> {
        let language = plan.language.as_deref().map_or(language, Language::from_locale);
        if plan.source.files.is_empty() {
            return Err(missing("source.files", "a file", "persons.csv").into());
        }
        let folder = plan.output.folder.clone().ok_or(missing("output.folder", "-o", "-o out"))?;
        let stem = folder.file_name().map_or_else(|| "kleinraum".into(), |name| name.to_string_lossy().into_owned());
        let title = plan.title.clone().unwrap_or_else(|| stem.clone());
        let sizes = plan.grid.sizes.as_ref().map_or_else(|| Ok(GridSizes::default()), |sizes| GridSizes::new(sizes))?;
        let names = plan.dimension.iter().map(|d| d.name.as_str());
        each_once("dimension.name", names)?;
        let levels = sizes.as_slice().iter().map(|size| size.level_name());
        let levels: Vec<String> = levels.chain(plan.area.iter().map(|area| area.name.clone())).collect();
        each_once("area.name", levels.iter().map(String::as_str))?;
        each_once("measure.name", plan.measure.iter().map(|measure| measure.name.as_str()))?;
        for name in plan
            .dimension
            .iter()
            .map(|d| &d.name)
            .chain(plan.area.iter().map(|a| &a.name))
            .chain(plan.measure.iter().map(|m| &m.name))
        {
            check_name(name)?;
        }
        let max_rejects = plan.max_rejects.unwrap_or(MAX_REJECTS);
        if !(0.0..=1.0).contains(&max_rejects) {
            return Err(impossible(
                "max_rejects",
                max_rejects,
                "a share from 0 to 1, for example 0.05",
                "ein Anteil von 0 bis 1, zum Beispiel 0.05",
            )
            .into());
        }
        let (method, key_note) = method(plan, language)?;
        if plan.audit.skip.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
            return Err(missing("audit.skip", "--no-audit", "--no-audit \"audited by hand on 3 May\"").into());
        }
        Ok(Self {
            title,
            attribution: plan.attribution.clone().unwrap_or_default(),
            language,
            stem,
            formats: plan.output.formats.as_ref().map_or_else(|| Format::ALL.into(), |formats| formats.iter().copied().collect()),
            output_system: ReferenceSystem::parse(plan.output.crs.as_deref().unwrap_or("EPSG:25832"))?,
            files: plan.source.files.clone(),
            dialect: Dialect {
                encoding: plan.source.encoding.clone(),
                separator: plan.source.separator,
                decimal: plan.source.decimal,
                ..Dialect::default()
            },
            position: position(plan)?,
            areas: areas(plan),
            dimensions: plan.dimension.iter().map(|d| dimension(d, language)).collect::<Result<_, _>>()?,
            tables: tables(plan)?,
            measures: plan.measure.iter().map(|m| MeasureSpec { name: m.name.clone(), column: m.column.clone() }).collect(),
            date: date(plan)?,
            id_column: plan.unit.id.clone(),
            max_rejects,
            no_audit: plan.audit.skip.clone(),
            method,
            key_note,
            zeros: match plan.protection.zeros {
                Some(ZerosPlan::Secret) => Zeros::Secret,
                Some(ZerosPlan::Public) | None => Zeros::Public,
            },
            sensitive: sensitive(plan),
            folder,
            sizes,
        })
    }

    /// Reads the boundaries and says what the closed room has to do; with it, what is to be known about the boundaries.
    pub(super) fn request(&self, progress: &dyn Progress) -> Result<(Request, Vec<String>), Error> {
        let mut systems = Vec::new();
        let mut notes: Vec<String> = self.key_note.iter().cloned().collect();
        if !self.areas.is_empty() {
            progress.begin(Stage::Areas, Some(self.areas.len() as u64));
        }
        for file in &self.areas {
            let (system, findings) = AreaSystem::read_with_findings(file)?;
            notes.extend(findings.iter().map(|finding| format!("{}: {}", system.name, finding.explain(self.language))));
            systems.push(Arc::new(system));
            progress.advance(1);
        }
        let count = CountSpec {
            files: self.files.clone(),
            dialect: self.dialect.clone(),
            position: self.position.clone(),
            dimensions: self.dimensions.clone(),
            measures: self.measures.clone(),
            date: self.date.clone(),
            id_column: self.id_column.clone(),
            record_key: match &self.method {
                Method::CellKey { key, .. } => Some(key.clone()),
                _ => None,
            },
            max_rejects: self.max_rejects,
            sizes: self.sizes.clone(),
            systems,
            language: self.language,
        };
        Ok((
            Request {
                count,
                tables: self.tables.clone(),
                method: self.method.clone(),
                zeros: self.zeros,
                sensitive: self.sensitive.clone(),
            },
            notes,
        ))
    }

    /// What is doubtful about the areas themselves: overlaps, gaps, borders that cross.
    pub(super) fn doubts(&self, request: &Request) -> Vec<String> {
        let told = |system: &Arc<AreaSystem>| {
            let findings = system.findings();
            findings.iter().map(|finding| format!("{}: {}", system.name, finding.explain(self.language))).collect::<Vec<_>>()
        };
        request.count.systems.iter().flat_map(told).collect()
    }

    /// Whether records are placed by a cell code, and so lie in an area where their cell's centre does.
    pub(super) fn placed_by_cell(&self) -> bool {
        matches!(self.position, PositionSource::CellCode { .. })
    }

    /// All files a run reads.
    pub(super) fn input_files(&self) -> Vec<PathBuf> {
        self.files.iter().cloned().chain(self.areas.iter().map(|area| area.file.clone())).collect()
    }

    /// One line about the protection, carried by every output.
    pub(super) fn description(&self, release: &Release) -> String {
        let parameters: Vec<String> = release.parameters.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        say!(self.language, "disclosure control: {}; {}", "Geheimhaltung: {}; {}", release.method, parameters.join("; "))
    }
}

fn missing(key: &'static str, flag: &'static str, example: &'static str) -> PlanError {
    PlanError::Missing { key, flag, example }
}

fn impossible(key: &str, found: impl ToString, expected: &'static str, expected_german: &'static str) -> PlanError {
    PlanError::Impossible { key: key.into(), found: found.to_string(), expected, expected_german }
}

fn each_once<'n>(key: &'static str, names: impl Iterator<Item = &'n str>) -> Result<(), PlanError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(PlanError::Twice { key, name: name.into() });
        }
    }
    Ok(())
}

/// Names stand in table names, layer names and file names.
fn check_name(name: &str) -> Result<(), PlanError> {
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name == "total" || !name.chars().all(plain) {
        return Err(impossible(
            "name",
            name,
            "letters, digits, _ and -, and not `total`",
            "Buchstaben, Ziffern, _ und -, und nicht `total`",
        ));
    }
    Ok(())
}

fn position(plan: &Plan) -> Result<PositionSource, Error> {
    let p = &plan.position;
    match (&p.cell, &p.x, &p.y) {
        (Some(column), None, None) => Ok(PositionSource::CellCode { column: column.clone() }),
        (None, Some(x), Some(y)) => {
            let crs = p.crs.as_deref().ok_or(missing("position.crs", "--crs", "--crs EPSG:25832"))?;
            Ok(PositionSource::Coordinates { system: ReferenceSystem::parse(crs)?, x_column: x.clone(), y_column: y.clone() })
        }
        (Some(_), ..) => Err(impossible(
            "position.cell",
            "cell, x, y",
            "a cell code or coordinates, not both",
            "ein Zellcode oder Koordinaten, nicht beides",
        )
        .into()),
        (None, None, Some(_)) => Err(missing("position.x", "--x", "--x e_25832").into()),
        (None, Some(_), None) => Err(missing("position.y", "--y", "--y n_25832").into()),
        (None, None, None) => Err(missing("position", "--x and --y, or --cell", "--x e_25832 --y n_25832").into()),
    }
}

fn areas(plan: &Plan) -> Vec<AreaFile> {
    let file = |area: &crate::config::AreaPlan| AreaFile {
        name: area.name.clone(),
        label: None,
        file: area.file.clone(),
        key: area.key.clone(),
        label_attribute: area.label.clone(),
        crs: area.crs.clone(),
        filter: area.filter.clone().into_iter().collect(),
    };
    plan.area.iter().map(file).collect()
}

fn dimension(plan: &DimensionPlan, language: Language) -> Result<DimensionSpec, PlanError> {
    let kind = match (&plan.bands, &plan.categories) {
        (Some(_), Some(_)) => {
            return Err(impossible(
                &format!("dimension.{}", plan.name),
                "bands, categories",
                "bands or categories, not both",
                "bands oder categories, nicht beides",
            ));
        }
        (Some(bands), None) => {
            if bands.is_empty() || !bands.windows(2).all(|w| w[0] < w[1]) || !bands.iter().all(|edge| edge.is_finite()) {
                let found = bands.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
                let key = format!("dimension.{}.bands", plan.name);
                return Err(impossible(
                    &key,
                    found,
                    "ascending numbers, for example [0, 3, 6]",
                    "aufsteigende Zahlen, zum Beispiel [0, 3, 6]",
                ));
            }
            DimensionKind::Bands(bands.clone())
        }
        (None, Some(categories)) => {
            each_once("dimension.categories", categories.iter().map(String::as_str))?;
            DimensionKind::Listed(categories.clone())
        }
        (None, None) => DimensionKind::Discovered,
    };
    let missing = match plan.missing {
        None | Some(MissingPlan::Reject) => Missing::Reject,
        Some(MissingPlan::Category) => Missing::Category(say!(language, "not stated", "ohne Angabe")),
    };
    let label = plan.label.clone().unwrap_or_else(|| plan.name.clone());
    Ok(DimensionSpec { name: plan.name.clone(), label, column: plan.column.clone(), kind, missing })
}

/// The total first, then the tables as declared; without a declaration one table for each dimension.
fn tables(plan: &Plan) -> Result<Vec<Table>, PlanError> {
    let known: Vec<String> = plan.dimension.iter().map(|d| d.name.clone()).collect();
    let declared = plan.tables.clone().unwrap_or_else(|| known.iter().map(|name| vec![name.clone()]).collect());
    let mut tables = vec![Table(Vec::new())];
    for names in &declared {
        let mut dimensions = Vec::new();
        for name in names.iter().filter(|name| !(names.len() == 1 && *name == "total")) {
            let Some(at) = known.iter().position(|k| k == name) else {
                return Err(PlanError::UnknownName { key: "tables", name: name.clone(), known });
            };
            if dimensions.contains(&at) {
                return Err(PlanError::Twice { key: "tables", name: name.clone() });
            }
            dimensions.push(at);
        }
        dimensions.sort_unstable();
        let table = Table(dimensions);
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    Ok(tables)
}

fn date(plan: &Plan) -> Result<DateSpec, PlanError> {
    match (&plan.date.column, &plan.date.value) {
        (Some(_), Some(_)) => {
            Err(impossible("date", "column, value", "a column or one value, not both", "eine Spalte oder ein Wert, nicht beides"))
        }
        (Some(column), None) => Ok(DateSpec::Column(column.clone())),
        (None, Some(value)) => Ok(DateSpec::Fixed(value.clone())),
        (None, None) => Ok(DateSpec::None),
    }
}

fn sensitive(plan: &Plan) -> Vec<Sensitive> {
    let declared = plan.dimension.iter().filter(|d| !d.sensitive.is_empty());
    declared.map(|d| Sensitive { dimension: d.name.clone(), categories: d.sensitive.clone() }).collect()
}

/// The method; with it, what is to be known about the key file.
fn method(plan: &Plan, language: Language) -> Result<(Method, Option<String>), Error> {
    let p = &plan.protection;
    let method = p.method.unwrap_or(MethodPlan::Suppress);
    no_strangers(plan, method)?;
    let key = || -> Result<(Key, Option<String>), Error> {
        let file = plan.unit.key.as_deref();
        let file =
            file.ok_or(missing("unit.key", "--key", "--key kreis.key, a file that `kleinraum key new kreis.key` makes"))?;
        Ok(read_key(file, language)?)
    };
    match method {
        MethodPlan::Round => {
            let base = p.base.ok_or(missing("protection.base", "--base", "--base 5"))?;
            if !(3..=1000).contains(&base) {
                return Err(impossible("protection.base", base, "3 to 1000, for example 5", "3 bis 1000, zum Beispiel 5").into());
            }
            let (key, note) = key()?;
            Ok((Method::Round { base, key }, note))
        }
        MethodPlan::CellKey => {
            if plan.unit.id.is_none() {
                return Err(missing("unit.id", "--id", "--id person_id: the keys of records are made of it").into());
            }
            let parameters = PerturbationParameters::new(p.d.unwrap_or(5), p.v.unwrap_or(3.0), p.js.unwrap_or(2))?;
            // Before hours of reading rather than after.
            PerturbationTable::solve(parameters)?;
            let (key, note) = key()?;
            Ok((Method::CellKey { parameters, key }, note))
        }
        MethodPlan::Suppress => {
            let threshold = p.threshold.ok_or(missing("protection.threshold", "--threshold", "--threshold 5"))?;
            if threshold < 2 {
                return Err(impossible(
                    "protection.threshold",
                    threshold,
                    "2 or more; for open data about things take --method none with a --reason",
                    "2 oder mehr; für offene Daten über Dinge --method none mit --reason angeben",
                )
                .into());
            }
            Ok((Method::Suppress { threshold }, None))
        }
        MethodPlan::None => {
            let reason = p.reason.clone().filter(|reason| !reason.trim().is_empty());
            let reason = reason.ok_or(missing("protection.reason", "--reason", "--reason \"open data about schools\""))?;
            Ok((Method::None { reason }, None))
        }
    }
}

/// Refuses what another method would need: nothing is ignored silently.
fn no_strangers(plan: &Plan, method: MethodPlan) -> Result<(), PlanError> {
    use MethodPlan::{CellKey, None, Round, Suppress};
    let p = &plan.protection;
    let sensitive = plan.dimension.iter().any(|d| !d.sensitive.is_empty());
    let given: [(&str, bool, &[MethodPlan]); 9] = [
        ("protection.threshold", p.threshold.is_some(), &[Suppress]),
        ("protection.zeros", p.zeros.is_some(), &[Suppress, None]),
        ("dimension.sensitive", sensitive, &[Suppress, None]),
        ("measure", !plan.measure.is_empty(), &[Suppress, None]),
        ("protection.base", p.base.is_some(), &[Round]),
        ("protection.d", p.d.is_some(), &[CellKey]),
        ("protection.v", p.v.is_some(), &[CellKey]),
        ("protection.js", p.js.is_some(), &[CellKey]),
        ("protection.reason", p.reason.is_some(), &[Suppress, None]),
    ];
    match given.iter().find(|(_, given, methods)| *given && !methods.contains(&method)) {
        Some((key, ..)) => {
            let name = match method {
                Suppress => "suppress",
                Round => "round",
                CellKey => "cell-key",
                None => "none",
            };
            let found = format!("something, with method {name},");
            Err(impossible(
                key,
                found,
                "nothing: leave it out, or take a method that uses it",
                "nichts: weglassen oder eine Methode wählen, die es braucht",
            ))
        }
        Option::None => Ok(()),
    }
}
