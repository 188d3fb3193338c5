//! What a plan means: names resolved, defaults filled in, contradictions refused.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::area::{AreaFile, AreaSystem};
use crate::confidential::{
    Account, AddressColumns, Concentration, Contributor, CountSpec, CutOff, DateSpec, Dialect, DimensionKind, DimensionSpec, Key,
    MeasureSpec, Merge, Method, Missing, MonthDay, PerturbationParameters, PerturbationTable, PositionSource, Release, Request,
    Secrets, Sensitive, Table, Zeros, declared_system, files_of,
};
use crate::config::{DimensionPlan, Format, MethodPlan, MissingPlan, Plan, PlanError, ZerosPlan};
use crate::error::{Error, Language};
use crate::export::Placing;
use crate::geodesy::{DatumGrids, ReferenceSystem};
use crate::grid::GridSizes;
use crate::layer::{ClassRule, PairRule};
use crate::pipeline::address::{address_source, datum_grids};
use crate::pipeline::classes::{class_rules, pair_rules};
use crate::pipeline::key::read_key;
use crate::pipeline::memory::memory_bytes;
use crate::pipeline::merge::then;
use crate::pipeline::profile::{explain, with_profile};
use crate::pipeline::{area_keys, files};
use crate::progress::{Progress, Stage};
use crate::report::{Declared, Fate, InputField};
use crate::say;

/// Share of rejected rows above which a run stops, unless told otherwise.
const MAX_REJECTS: f64 = 0.01;

/// A plan that makes sense; boundaries are not read yet.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) title: String,
    pub(super) attribution: String,
    pub(super) licence: Option<String>,
    pub(super) language: Language,
    pub(super) folder: PathBuf,
    pub(super) stem: String,
    pub(super) formats: BTreeSet<Format>,
    pub(super) output_system: ReferenceSystem,
    /// Whether tiles are compressed as far as it goes.
    pub(super) smallest: bool,
    /// The bundle whose tiles are taken over where they are the same.
    pub(super) since: Option<PathBuf>,
    /// Wishes for classes and colours.
    pub(super) classes: Vec<ClassRule>,
    /// Wishes for maps of two numbers.
    pub(super) pairs: Vec<PairRule>,
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
    pub(super) memory_bytes: Option<u64>,
    method: Method,
    merge: Option<Merge>,
    key_note: Option<String>,
    zeros: Zeros,
    sensitive: Vec<Sensitive>,
    group_disclosure: Vec<String>,
    rate: Option<(Sensitive, u64)>,
    threshold_units: Option<u64>,
    interval: Option<u32>,
    concentration: Vec<Concentration>,
    contributor: Contributor,
    pub(super) declared: Declared,
    /// The profile's name and what it means.
    pub(super) profile: Option<String>,
    /// Whether the bundle is attacked before it is in its place.
    pub(super) audit: bool,
    /// What was released before.
    pub(super) ledger: Option<PathBuf>,
}

impl Job {
    /// Reads the meaning of a plan.
    pub(super) fn of(plan: &Plan, language: Language) -> Result<Self, Error> {
        let language = plan.language.as_deref().map_or(language, Language::from_locale);
        let plan = &with_profile(plan)?;
        if plan.source.query.is_some() && plan.source.layer.is_some() {
            let (expected, german) = ("a query or a layer, not both", "eine Abfrage oder eine Ebene, nicht beides");
            return Err(impossible("source.query", "query, layer", expected, german).into());
        }
        if plan.source.files.is_empty() {
            return Err(missing("source.files", "a file", "persons.csv").into());
        }
        let folder = plan.output.folder.clone().ok_or(missing("output.folder", "-o", "-o out"))?;
        let stem = folder.file_name().map_or_else(|| "kleinraum".into(), |name| name.to_string_lossy().into_owned());
        let title = plan.title.clone().unwrap_or_else(|| stem.clone());
        let sizes = area_keys::sizes(plan)?;
        let (plan, merge) = &then(plan, &sizes)?;
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
        let grids = datum_grids(plan.position.datum_grid.as_deref())?;
        let (files, secrets) = Secrets::hide(&files::expanded(&plan.source.files)?);
        Ok(Self {
            title,
            attribution: plan.attribution.clone().unwrap_or_default(),
            licence: plan.licence.clone(),
            language,
            stem,
            formats: plan
                .output
                .formats
                .as_ref()
                .map_or_else(|| Format::DEFAULT.into(), |formats| formats.iter().copied().collect()),
            output_system: grids.apply(ReferenceSystem::parse(plan.output.crs.as_deref().unwrap_or("EPSG:25832"))?),
            smallest: plan.output.smallest,
            since: plan.output.since.clone(),
            classes: class_rules(&plan.classes)?,
            pairs: pair_rules(&plan.bivariate)?,
            files,
            dialect: Dialect {
                encoding: plan.source.encoding.clone(),
                separator: plan.source.separator,
                decimal: plan.source.decimal,
                layer: plan.source.layer.clone(),
                query: plan.source.query.clone(),
                secrets,
                ..Dialect::default()
            },
            position: position(plan, &sizes, &grids)?,
            areas: areas(plan, &grids),
            dimensions: plan.dimension.iter().map(|d| dimension(d, language)).collect::<Result<_, _>>()?,
            tables: tables(plan)?,
            measures: plan.measure.iter().map(|m| MeasureSpec { name: m.name.clone(), column: m.column.clone() }).collect(),
            date: date(plan)?,
            id_column: plan.unit.id.clone(),
            max_rejects,
            memory_bytes: plan.memory.as_deref().map(memory_bytes).transpose()?,
            audit: plan.audit.run,
            ledger: ledger(plan)?,
            method,
            merge: *merge,
            key_note,
            zeros: match plan.protection.zeros {
                Some(ZerosPlan::Secret) => Zeros::Secret,
                Some(ZerosPlan::Public) | None => Zeros::Public,
            },
            sensitive: sensitive(plan),
            group_disclosure: group_disclosure(plan)?,
            declared: Declared {
                purpose: plan.report.purpose.clone(),
                legal_basis: plan.report.legal_basis.clone(),
                controller: plan.report.controller.clone(),
            },
            rate: rate(plan)?,
            threshold_units: plan.protection.threshold_units,
            interval: plan.protection.interval,
            concentration: concentration(plan)?,
            contributor: contributor(plan)?,
            profile: plan.protection.profile.map(|profile| format!("{}: {}", profile.name(), explain(profile, language))),
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
            contributor: self.contributor.clone(),
            max_rejects: self.max_rejects,
            sizes: self.sizes.clone(),
            systems,
            language: self.language,
            memory_bytes: self.memory_bytes,
        };
        Ok((
            Request {
                count,
                tables: self.tables.clone(),
                method: self.method.clone(),
                merge: self.merge,
                zeros: self.zeros,
                sensitive: self.sensitive.clone(),
                group_disclosure: self.group_disclosure.clone(),
                rate: self.rate.clone(),
                threshold_units: self.threshold_units,
                interval: self.interval,
                concentration: self.concentration.clone(),
                earlier: Arc::default(),
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

    /// What says where records lie.
    pub(super) fn placing<'a>(&self, account: &'a Account) -> Placing<'a> {
        match self.position {
            PositionSource::CellCode { .. } => Placing::Cells,
            PositionSource::AreaKeys { .. } | PositionSource::StreetTable(_) => Placing::Keys(&account.area_combinations),
            _ => Placing::Points,
        }
    }

    /// The columns that are read, and what becomes of each, in the order records go through them.
    pub(super) fn fields(&self) -> Vec<InputField> {
        let field = |column: &str, fate| InputField { column: column.to_owned(), fate };
        let mut fields = match &self.position {
            PositionSource::Coordinates { x_column, y_column, .. } => {
                vec![field(x_column, Fate::Coordinate), field(y_column, Fate::Coordinate)]
            }
            PositionSource::Geometry { column, .. } => vec![field(column, Fate::Coordinate)],
            PositionSource::CellCode { column } => vec![field(column, Fate::CellCode)],
            PositionSource::Address(source) => address_fields(&source.columns, &field),
            PositionSource::StreetTable(source) => address_fields(&source.columns, &field),
            PositionSource::AreaKeys { columns } => {
                let mut different: Vec<&String> = columns.iter().collect();
                different.dedup();
                different.into_iter().map(|column| field(column, Fate::AreaKey)).collect()
            }
        };
        for (position, d) in self.dimensions.iter().enumerate() {
            let published = self.tables.iter().any(|table| table.0.contains(&position));
            let fate = if published { Fate::Category } else { Fate::Unpublished };
            fields.push(field(&d.column, fate(d.name.clone())));
        }
        fields.extend(self.measures.iter().map(|m| field(&m.column, Fate::Summed(m.name.clone()))));
        match &self.date {
            DateSpec::Column(column) => fields.push(field(column, Fate::Date)),
            DateSpec::Each { from, to, .. } => {
                fields.extend([from, to].into_iter().flatten().map(|column| field(column, Fate::Date)))
            }
            DateSpec::None | DateSpec::Fixed(_) => {}
        }
        fields.extend(self.id_column.iter().map(|column| field(column, Fate::Id)));
        if let Contributor::Column(column) = &self.contributor {
            fields.push(field(column, Fate::Contributor));
        }
        fields
    }

    /// All files a run reads.
    pub(super) fn input_files(&self) -> Vec<PathBuf> {
        let register = match &self.position {
            PositionSource::Address(source) => Some(source.register.file.clone()),
            PositionSource::StreetTable(source) => Some(source.table.file.clone()),
            _ => None,
        };
        self.files
            .iter()
            .flat_map(|file| files_of(file))
            .chain(self.areas.iter().map(|area| area.file.clone()))
            .chain(register)
            .collect()
    }

    /// One line about the protection, carried by every output.
    pub(super) fn description(&self, release: &Release) -> String {
        let parameters: Vec<String> = release.parameters.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        say!(self.language, "disclosure control: {}; {}", "Geheimhaltung: {}; {}", release.method, parameters.join("; "))
    }
}

fn address_fields(columns: &AddressColumns, field: &dyn Fn(&str, Fate) -> InputField) -> Vec<InputField> {
    let AddressColumns { street, number, suffix, postcode, municipality, street_key } = columns;
    let columns = [street_key, street, number, suffix, postcode, municipality];
    columns.into_iter().flatten().map(|column| field(column, Fate::Address)).collect()
}

fn missing(key: &'static str, flag: &'static str, example: &'static str) -> PlanError {
    PlanError::Missing { key, flag, example }
}

pub(super) fn impossible(key: &str, found: impl ToString, expected: &'static str, expected_german: &'static str) -> PlanError {
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

fn position(plan: &Plan, sizes: &GridSizes, grids: &DatumGrids) -> Result<PositionSource, Error> {
    let p = &plan.position;
    // Positions of a datum too coarse for the cells are refused; without a grid there are no cells.
    let allowed = p.allow_coarse_datum || !sizes.published();
    let system = |crs: &str| -> Result<ReferenceSystem, Error> {
        let system = grids.apply(ReferenceSystem::parse(crs)?);
        match system.datum_shift().filter(|_| !allowed).and_then(|shift| shift.too_coarse(sizes.finest().metres())) {
            Some(coarse) => Err(coarse.into()),
            None => Ok(system),
        }
    };
    if let Some(keyed) = area_keys::position(plan)? {
        return Ok(keyed);
    }
    if let Some(address) = &p.address {
        return match (&p.cell, &p.x, &p.y, &p.geometry) {
            (None, None, None, None) => Ok(PositionSource::Address(Box::new(address_source(address, grids.clone(), allowed)?))),
            _ => Err(impossible(
                "position.address",
                "address, cell, x, y, geometry",
                "an address, a cell code, coordinates or geometries, only one of them",
                "eine Adresse, ein Zellcode, Koordinaten oder Geometrien, nur eines davon",
            )
            .into()),
        };
    }
    if let Some(column) = &p.geometry {
        if p.cell.is_some() || p.x.is_some() || p.y.is_some() {
            return Err(impossible(
                "position.geometry",
                "geometry, cell, x, y",
                "a cell code, coordinates or geometries, only one of them",
                "ein Zellcode, Koordinaten oder Geometrien, nur eines davon",
            )
            .into());
        }
        let declared = || -> Result<Option<String>, Error> {
            let (files, secrets) = Secrets::hide(&files::expanded(&plan.source.files)?);
            let (layer, query) = (plan.source.layer.clone(), plan.source.query.clone());
            let dialect = Dialect { layer, query, secrets, ..Dialect::default() };
            let mut systems = Vec::new();
            for file in &files {
                systems.push(declared_system(file, &dialect, Some(column))?);
            }
            if let Some(other) = systems.iter().position(|system| *system != systems[0]) {
                let found = format!("{}, {}", files[0].display(), files[other].display());
                let (expected, german) = (
                    "files of one and the same reference system: count the others in a run of their own, or transform them",
                    "Dateien in ein und demselben Bezugssystem: die anderen in einem eigenen Lauf auszählen oder umrechnen",
                );
                return Err(impossible("position.geometry", found, expected, german).into());
            }
            Ok(systems.into_iter().next().flatten())
        };
        let crs = p.crs.clone().map_or_else(declared, |crs| Ok(Some(crs)))?;
        let crs = crs.ok_or(missing("position.crs", "--crs", "--crs EPSG:25832"))?;
        return Ok(PositionSource::Geometry { system: system(&crs)?, column: column.clone() });
    }
    match (&p.cell, &p.x, &p.y) {
        (Some(column), None, None) => Ok(PositionSource::CellCode { column: column.clone() }),
        (None, Some(x), Some(y)) => {
            let crs = p.crs.as_deref().ok_or(missing("position.crs", "--crs", "--crs EPSG:25832"))?;
            Ok(PositionSource::Coordinates { system: system(crs)?, x_column: x.clone(), y_column: y.clone() })
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
        (None, None, None) => {
            Err(missing("position", "--x and --y, --cell, --register with --street, or --area-key", "--x e_25832 --y n_25832")
                .into())
        }
    }
}

fn areas(plan: &Plan, grids: &DatumGrids) -> Vec<AreaFile> {
    let file = |area: &crate::config::AreaPlan| AreaFile {
        name: area.name.clone(),
        label: None,
        file: area.file.clone(),
        key: area.key.clone(),
        label_attribute: area.label.clone(),
        crs: area.crs.clone(),
        filter: area.filter.clone().into_iter().collect(),
        grids: grids.clone(),
    };
    plan.area.iter().map(file).collect()
}

fn dimension(plan: &DimensionPlan, language: Language) -> Result<DimensionSpec, PlanError> {
    let cut_off = cut_off(plan)?;
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
            if plan.birth { DimensionKind::AgeBands(bands.clone(), cut_off) } else { DimensionKind::Bands(bands.clone()) }
        }
        _ if plan.birth => {
            return Err(missing("dimension.bands", "bands", "bands = [0, 3, 6, 18, 65] of the age, with birth = true"));
        }
        (None, Some(categories)) => {
            each_once("dimension.categories", categories.iter().map(String::as_str))?;
            DimensionKind::Listed(categories.clone())
        }
        (None, None) => DimensionKind::Discovered,
    };
    synonyms(plan)?;
    let missing = match plan.missing {
        None | Some(MissingPlan::Reject) => Missing::Reject,
        Some(MissingPlan::Category) => Missing::Category(say!(language, "not stated", "ohne Angabe")),
    };
    let label = plan.label.clone().unwrap_or_else(|| plan.name.clone());
    Ok(DimensionSpec { name: plan.name.clone(), label, column: plan.column.clone(), kind, missing })
}

/// Further words mean categories that there are; where those are found in the data, only that they mean any.
fn synonyms(plan: &DimensionPlan) -> Result<(), PlanError> {
    for (word, meant) in &plan.synonyms {
        let unknown = |name: &&String| plan.categories.as_ref().is_some_and(|known| !known.contains(name));
        if word.trim().is_empty() || meant.is_empty() || meant.iter().any(|name| unknown(&name)) {
            let key = format!("dimension.{}.synonyms", plan.name);
            return Err(impossible(
                &key,
                word,
                "a word with the categories it means, as published: \"Hartz IV\" = [\"SGB II\"]",
                "ein Wort mit den Ausprägungen, die es meint, wie veröffentlicht: \"Hartz IV\" = [\"SGB II\"]",
            ));
        }
    }
    Ok(())
}

/// The day of the year that ages are taken at.
fn cut_off(plan: &DimensionPlan) -> Result<Option<CutOff>, PlanError> {
    let day = |key: &str, text: &Option<String>| -> Result<Option<MonthDay>, PlanError> {
        let Some(text) = text else { return Ok(None) };
        let key = format!("dimension.{}.{key}", plan.name);
        let day = MonthDay::parse(text);
        day.map(Some).ok_or_else(|| {
            impossible(&key, text, "a day of the year, for example 09-30", "ein Tag des Jahres, zum Beispiel 09-30 oder 30.09.")
        })
    };
    let (cut_off, year_begins) = (day("cut_off", &plan.cut_off)?, day("year_begins", &plan.year_begins)?);
    if cut_off.is_some() && !plan.birth {
        return Err(missing(
            "dimension.birth",
            "--age",
            "--age alter=geburtsdatum:0,3,6 --cut-off 09-30: cut-off days are of ages",
        ));
    }
    match (cut_off, year_begins) {
        (None, Some(_)) => Err(missing("dimension.cut_off", "--cut-off", "--cut-off 09-30 --year-begins 08-01")),
        (cut_off, year_begins) => Ok(cut_off.map(|day| CutOff::new(day, year_begins))),
    }
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
    let date = &plan.date;
    let validity = date.valid_from.is_some() || date.valid_to.is_some();
    if validity && date.days.is_empty() {
        return Err(missing("date.days", "--day", "--day 2023-12-31 --day 2024-12-31: valid_from and valid_to speak of these"));
    }
    let spec = match (&date.column, &date.value, &date.days[..]) {
        (None, None, days @ [_, ..]) => {
            DateSpec::Each { days: days.to_vec(), from: date.valid_from.clone(), to: date.valid_to.clone() }
        }
        (Some(column), None, []) => DateSpec::Column(column.clone()),
        (None, Some(value), []) => DateSpec::Fixed(value.clone()),
        (None, None, []) => DateSpec::None,
        _ => {
            return Err(impossible(
                "date",
                "column, value, days",
                "a column, one value or several days, only one of them",
                "eine Spalte, ein Wert oder mehrere Tage, nur eines davon",
            ));
        }
    };
    if spec == DateSpec::None && plan.dimension.iter().any(|d| d.birth) {
        return Err(missing("date", "--date", "--date 2024-12-31: ages are of a day"));
    }
    Ok(spec)
}

fn sensitive(plan: &Plan) -> Vec<Sensitive> {
    let declared = plan.dimension.iter().filter(|d| !d.sensitive.is_empty());
    declared.map(|d| Sensitive { dimension: d.name.clone(), categories: d.sensitive.clone() }).collect()
}

/// Dimensions with sensitive categories that no group as a whole may be seen in.
fn group_disclosure(plan: &Plan) -> Result<Vec<String>, PlanError> {
    let asked: Vec<&DimensionPlan> = plan.dimension.iter().filter(|d| d.group_disclosure).collect();
    if let Some(d) = asked.iter().find(|d| d.sensitive.is_empty()) {
        return Err(impossible(
            &format!("dimension.{}.group_disclosure", d.name),
            true,
            "sensitive categories beside it: sensitive = [\"…\"], or --sensitive DIMENSION=CATEGORY",
            "sensible Kategorien daneben: sensitive = [\"…\"] oder --sensitive DIMENSION=KATEGORIE",
        ));
    }
    Ok(asked.iter().map(|d| d.name.clone()).collect())
}

/// The numerator of rates and the smallest base: neither without the other.
fn rate(plan: &Plan) -> Result<Option<(Sensitive, u64)>, PlanError> {
    let p = &plan.protection;
    let (numerator, minimum_base) = match (&p.numerator, p.minimum_base) {
        (None, None) => return Ok(None),
        (Some(_), None) => return Err(missing("protection.minimum_base", "--minimum-base", "--minimum-base 100")),
        (None, Some(_)) => {
            const EXAMPLE: &str = "--numerator \"benefit=SGB II\"; all categories of that dimension together, with \"none\" among them, are the base";
            return Err(missing("protection.numerator", "--numerator", EXAMPLE));
        }
        (Some(numerator), Some(minimum_base)) => (numerator, minimum_base),
    };
    if minimum_base < 2 {
        return Err(impossible(
            "protection.minimum_base",
            minimum_base,
            "2 or more, for example 100",
            "2 oder mehr, zum Beispiel 100",
        ));
    }
    let known: Vec<String> = plan.dimension.iter().map(|d| d.name.clone()).collect();
    if !known.contains(&numerator.dimension) {
        return Err(PlanError::UnknownName { key: "protection.numerator", name: numerator.dimension.clone(), known });
    }
    let published = plan.tables.as_ref().is_none_or(|tables| tables.iter().any(|table| table.contains(&numerator.dimension)));
    if numerator.categories.is_empty() || !published {
        return Err(impossible(
            "protection.numerator",
            &numerator.dimension,
            "at least one category, and a table with that dimension",
            "mindestens eine Kategorie und eine Tabelle mit dieser Dimension",
        ));
    }
    let numerator = Sensitive { dimension: numerator.dimension.clone(), categories: numerator.categories.clone() };
    Ok(Some((numerator, minimum_base)))
}

/// Rules for sums that few contribute most of.
fn concentration(plan: &Plan) -> Result<Vec<Concentration>, PlanError> {
    let p = &plan.protection;
    let dominance = p.dominance.iter().flatten().map(|rule| Concentration::Dominance { n: rule.n, k: rule.k });
    let rules: Vec<Concentration> = dominance.chain(p.p_percent.map(|p| Concentration::Percent { p })).collect();
    if let Some(rule) = rules.iter().find(|rule| !rule.possible()) {
        let found = match rule {
            Concentration::Dominance { n, k } => format!("{n}:{k}"),
            Concentration::Percent { p } => p.to_string(),
        };
        return Err(impossible(
            "protection.dominance, protection.p_percent",
            found,
            "n from 1 to 10, k below 100 per cent, p up to 100 per cent",
            "n von 1 bis 10, k unter 100 Prozent, p bis 100 Prozent",
        ));
    }
    if !rules.is_empty() && plan.measure.is_empty() {
        return Err(missing("measure", "--sum", "--sum income=column: rules of dominance speak of sums"));
    }
    Ok(rules)
}

/// Who contributes, if a rule asks for it.
fn contributor(plan: &Plan) -> Result<Contributor, PlanError> {
    let p = &plan.protection;
    let asked = p.threshold_units.is_some() || p.dominance.is_some() || p.p_percent.is_some();
    if let Some(few @ (0 | 1)) = p.threshold_units {
        return Err(impossible("protection.threshold_units", few, "2 or more", "2 oder mehr"));
    }
    match &plan.unit.contributor {
        None if p.threshold_units.is_some() => {
            Err(missing("unit.contributor", "--contributor", "--contributor household_id: threshold_units counts these"))
        }
        None if asked => Ok(Contributor::EachRecord),
        None => Ok(Contributor::Unasked),
        Some(column) if asked => Ok(Contributor::Column(column.clone())),
        Some(column) => Err(impossible(
            "unit.contributor",
            column,
            "a rule that speaks of contributors beside it: threshold_units, dominance or p_percent",
            "daneben eine Regel, die von Beitragenden spricht: threshold_units, dominance oder p_percent",
        )),
    }
}

/// The method; with it, what is to be known about the key file.
pub(super) fn method(plan: &Plan, language: Language) -> Result<(Method, Option<String>), Error> {
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
            if let Some(wide @ (0 | 1001..)) = p.interval {
                return Err(impossible("protection.interval", wide, "1 to 1000 persons", "1 bis 1000 Personen").into());
            }
            Ok((Method::Suppress { threshold }, None))
        }
        MethodPlan::Merge => unreachable!("the plan has been turned into that of the method behind it"),
        MethodPlan::None => {
            let reason = p.reason.clone().filter(|reason| !reason.trim().is_empty());
            let reason = reason.ok_or(missing("protection.reason", "--reason", "--reason \"open data about schools\""))?;
            Ok((Method::None { reason }, None))
        }
    }
}

/// Where releases are kept, if anything is attacked.
fn ledger(plan: &Plan) -> Result<Option<PathBuf>, PlanError> {
    if plan.audit.ledger.is_some() && !plan.audit.run {
        let expected = "nothing without the audit: what is not attacked is not put on record";
        let german = "nichts ohne Audit: was nicht angegriffen wird, wird nicht verzeichnet";
        return Err(impossible("audit.ledger", "a folder, with audit.run = false,", expected, german));
    }
    Ok(plan.audit.ledger.clone())
}

/// Refuses what another method would need: nothing is ignored silently.
fn no_strangers(plan: &Plan, method: MethodPlan) -> Result<(), PlanError> {
    use MethodPlan::{CellKey, Merge, None, Round, Suppress};
    let p = &plan.protection;
    let sensitive = plan.dimension.iter().any(|d| !d.sensitive.is_empty());
    let given: [(&str, bool, &[MethodPlan]); 15] = [
        ("protection.threshold", p.threshold.is_some(), &[Suppress]),
        ("protection.zeros", p.zeros.is_some(), &[Suppress, None]),
        ("dimension.sensitive", sensitive, &[Suppress, None]),
        ("protection.numerator", p.numerator.is_some(), &[Suppress]),
        ("protection.minimum_base", p.minimum_base.is_some(), &[Suppress]),
        ("protection.threshold_units", p.threshold_units.is_some(), &[Suppress]),
        ("protection.interval", p.interval.is_some(), &[Suppress]),
        ("protection.dominance", p.dominance.is_some(), &[Suppress]),
        ("protection.p_percent", p.p_percent.is_some(), &[Suppress]),
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
                Merge => "merge",
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
