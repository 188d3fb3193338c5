//! The quick form of `run`: flags in place of a plan, or on top of one.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::address::{AddressFlags, DatumFlags, named_column};
use crate::config::{
    AreaPlan, DatePlan, DimensionPlan, DominancePlan, Format, MeasurePlan, MethodPlan, NumeratorPlan, Plan, PlanError,
    ProfilePlan, ThenPlan, ZerosPlan,
};

/// A plan, or files with flags; a flag beside a plan takes the place of what the plan says.
#[derive(Args)]
pub struct RunFlags {
    /// A plan (.toml), or the records: CSV (also gzip or zstd), Parquet, GeoJSON, XLSX, ODS, GeoPackage, SpatiaLite, Shapefile, FlatGeobuf, postgresql://…
    #[arg(required = true, value_name = "PLAN.toml | FILE")]
    files: Vec<PathBuf>,
    /// Reference system of the coordinates: EPSG code, PROJ string or WKT
    #[arg(long)]
    crs: Option<String>,
    /// Column of the easting or longitude
    #[arg(long, value_name = "COLUMN")]
    x: Option<String>,
    /// Column of the northing or latitude
    #[arg(long, value_name = "COLUMN")]
    y: Option<String>,
    /// Column of an INSPIRE cell code, in place of coordinates
    #[arg(long, value_name = "COLUMN")]
    cell: Option<String>,
    /// Column of geometries, in place of coordinates: WKT, WKB or GeoJSON; of a polygon a point inside
    #[arg(long, value_name = "COLUMN")]
    geometry: Option<String>,
    #[command(flatten)]
    datum: DatumFlags,
    #[command(flatten)]
    address: AddressFlags,
    /// Column of a key of areas (AGS, ARS, own code) in place of coordinates, for one --area or for all; areas only, no grid
    #[arg(long, value_name = "[NAME=]COLUMN")]
    area_key: Vec<String>,
    /// Table of streets and numbers with the keys of their areas, looked up by --street and --number; --area-key names its columns
    #[arg(long, value_name = "FILE")]
    street_table: Option<PathBuf>,
    /// Columns of that table: street, number, suffix, from, to, side, postcode, municipality, street_key
    #[arg(long, value_name = "street=A,from=B,to=C,…", value_delimiter = ',')]
    street_table_columns: Vec<String>,
    /// Publish areas only, no grid
    #[arg(long, conflicts_with = "sizes")]
    no_grid: bool,
    /// Sides of the grid squares in metres, each a divisor of the next
    #[arg(long, value_name = "M,M,…", value_delimiter = ',')]
    sizes: Option<Vec<u32>>,
    /// A dimension; with lower edges of bands for numbers
    #[arg(long, value_name = "NAME=COLUMN[:b0,b1,…]")]
    dimension: Vec<String>,
    /// A table to publish: dimensions joined by commas; repeat for more
    #[arg(long, value_name = "NAME[,NAME…]")]
    table: Vec<String>,
    /// An area system
    #[arg(long, value_name = "NAME=FILE:KEY[:LABEL]")]
    area: Vec<String>,
    /// A measure to sum
    #[arg(long, value_name = "NAME=COLUMN")]
    sum: Vec<String>,
    /// A named set of method and rules
    #[arg(long, value_enum)]
    profile: Option<ProfilePlan>,
    /// Method of disclosure control
    #[arg(long, value_enum)]
    method: Option<MethodFlag>,
    /// Smallest count that may be published
    #[arg(long, value_name = "K")]
    threshold: Option<u64>,
    /// Whether it may be seen that nobody is in a group
    #[arg(long, value_enum)]
    zeros: Option<ZerosFlag>,
    /// Fewest people of a cell that is not joined with its neighbours, with --method merge; the threshold if absent, else 10
    #[arg(long, value_name = "N")]
    merge_minimum: Option<u64>,
    /// Largest side of a joined cell in metres, with --method merge; the coarsest of --sizes if absent
    #[arg(long, value_name = "M")]
    merge_largest: Option<u32>,
    /// What protects the numbers that joined cells show, with --method merge; suppress if absent
    #[arg(long, value_enum)]
    then: Option<ThenPlan>,
    /// What small counts are rounded to, with --method round
    #[arg(long, value_name = "B")]
    base: Option<u32>,
    /// Largest noise D, with --method cell-key; 5 if absent
    #[arg(long, value_name = "D")]
    d: Option<u32>,
    /// Largest variance V of the noise, with --method cell-key; 3 if absent
    #[arg(long, value_name = "V")]
    v: Option<f64>,
    /// Counts of 1 to js never appear, with --method cell-key; 2 if absent
    #[arg(long, value_name = "JS")]
    js: Option<u32>,
    /// A category whose zeros are secret too; repeat for more
    #[arg(long, value_name = "DIMENSION=CATEGORY")]
    sensitive: Vec<String>,
    /// A dimension of which it is secret that all or all but one of a group are in a sensitive category
    #[arg(long, value_name = "DIMENSION")]
    group_disclosure: Vec<String>,
    /// A category that rates are published of; repeat for more
    #[arg(long, value_name = "DIMENSION=CATEGORY")]
    numerator: Vec<String>,
    /// Smallest number of people that a rate may be of
    #[arg(long, value_name = "N")]
    minimum_base: Option<u64>,
    /// Smallest number of distinct contributors of a published number
    #[arg(long, value_name = "K")]
    threshold_units: Option<u64>,
    /// Least width, in persons, of what can be known of a withheld number at risk
    #[arg(long, value_name = "PERSONS")]
    interval: Option<u32>,
    /// Withhold sums of which the N largest contributions are more than K per cent; repeat for more
    #[arg(long, value_name = "N:K")]
    dominance: Vec<String>,
    /// Withhold sums whose largest contribution the second largest could know to within P per cent
    #[arg(long, value_name = "P")]
    p_percent: Option<f64>,
    /// Column of the household, business or other contributor that a record belongs to
    #[arg(long, value_name = "COLUMN")]
    contributor: Option<String>,
    /// Why no protection is needed, with --method none
    #[arg(long)]
    reason: Option<String>,
    /// Column of an id that may occur once for each date
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// Key file, for methods that need one
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Reference date: a day, or the column that holds it
    #[arg(long, value_name = "COLUMN|YYYY-MM-DD")]
    date: Option<String>,
    /// One of several reference dates; a record counts on each that it is valid on
    #[arg(long, value_name = "YYYY-MM-DD")]
    day: Vec<String>,
    /// Column of the first day that a record is valid
    #[arg(long, value_name = "COLUMN")]
    valid_from: Option<String>,
    /// Column of the last day that a record is valid
    #[arg(long, value_name = "COLUMN")]
    valid_to: Option<String>,
    /// A dimension of ages at the reference date, from a column of births
    #[arg(long, value_name = "NAME=COLUMN:b0,b1,…")]
    age: Vec<String>,
    /// Take the ages of --age on this day of the year, the last one not after the reference date
    #[arg(long, value_name = "MM-DD", requires = "age")]
    cut_off: Option<String>,
    /// The Kita or school year begins on this day: --cut-off is the one in the calendar year in which that of the reference date began
    #[arg(long, value_name = "MM-DD", requires = "cut_off")]
    year_begins: Option<String>,
    /// Layer of a GeoPackage, sheet of a spreadsheet or table of a database
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// What a database is asked, in place of a table
    #[arg(long, value_name = "SELECT …", conflicts_with = "layer")]
    query: Option<String>,
    /// What to write besides release.parquet and run.json
    #[arg(long, value_enum, value_delimiter = ',')]
    formats: Option<Vec<Format>>,
    /// Reference system of the GeoPackage
    #[arg(long, value_name = "CRS")]
    output_crs: Option<String>,
    /// Share of rejected rows above which the run stops
    #[arg(long, value_name = "SHARE")]
    max_rejects: Option<f64>,
    /// How much memory counting may use, for example 2GiB; beyond it records with ids wait on disk
    #[arg(long, value_name = "AMOUNT")]
    memory: Option<String>,
    /// Character encoding of CSV files; recognised if absent
    #[arg(long)]
    encoding: Option<String>,
    /// Field separator of CSV files; recognised if absent
    #[arg(long, value_name = "CHAR")]
    separator: Option<char>,
    /// Decimal sign of CSV files; recognised if absent
    #[arg(long, value_name = "CHAR")]
    decimal: Option<char>,
    /// Title of the maps and files
    #[arg(long)]
    title: Option<String>,
    /// Source and licence line that every output carries
    #[arg(long)]
    attribution: Option<String>,
    /// What the numbers are for, told in the report
    #[arg(long)]
    purpose: Option<String>,
    /// What allows the processing, told in the report
    #[arg(long)]
    legal_basis: Option<String>,
    /// Who answers for the processing, told in the report
    #[arg(long)]
    controller: Option<String>,
    /// Do not attack the bundle before it is in its place
    #[arg(long, conflicts_with = "ledger")]
    no_audit: bool,
    /// Folder that keeps what was released: the bundle is attacked together with it, and put on record
    #[arg(long, value_name = "FOLDER")]
    ledger: Option<PathBuf>,
    /// Compress tiles as far as it goes: a sixth smaller, fifty times the time
    #[arg(long)]
    smallest: bool,
    /// Take over unchanged tiles from this earlier bundle (it may be the one that is replaced); the result is the same, sooner
    #[arg(long, value_name = "BUNDLE")]
    since: Option<PathBuf>,
    /// Output folder
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum MethodFlag {
    Suppress,
    Round,
    CellKey,
    Merge,
    None,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ZerosFlag {
    Public,
    Secret,
}

impl RunFlags {
    /// What `-o` names.
    pub(super) fn output(&self) -> Option<&PathBuf> {
        self.output.as_ref()
    }

    /// The plan that was typed: a file's, with the flags on top.
    pub fn into_plan(self) -> Result<Plan, PlanError> {
        let is_plan = |file: &Path| file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
        let mut plan = match self.files.as_slice() {
            [file] if is_plan(file) => Plan::read(file)?,
            files => {
                if let Some(file) = files.iter().find(|file| is_plan(file)) {
                    return Err(PlanError::Impossible {
                        key: "run".into(),
                        found: file.display().to_string(),
                        expected: "one plan alone, or data files alone",
                        expected_german: "ein Plan allein oder nur Datendateien",
                    });
                }
                Plan { source: crate::config::SourcePlan { files: self.files, ..Default::default() }, ..Default::default() }
            }
        };
        // A flag counts where it was given; what the plan says stays elsewhere.
        macro_rules! take {
            ($($flag:ident => $($slot:ident).+;)*) => { $( if self.$flag.is_some() { plan.$($slot).+ = self.$flag; } )* };
        }
        plan.audit.run &= !self.no_audit;
        plan.output.smallest |= self.smallest;
        plan.position.allow_coarse_datum |= self.datum.allow_coarse_datum;
        plan.position.datum_grid = self.datum.datum_grid.or(plan.position.datum_grid);
        plan.position.address = self.address.on_top_of(plan.position.address.take())?;
        take! {
            crs => position.crs;
            x => position.x;
            y => position.y;
            cell => position.cell;
            geometry => position.geometry;
            layer => source.layer;
            query => source.query;
            sizes => grid.sizes;
            profile => protection.profile;
            threshold => protection.threshold;
            minimum_base => protection.minimum_base;
            threshold_units => protection.threshold_units;
            interval => protection.interval;
            ledger => audit.ledger;
            p_percent => protection.p_percent;
            contributor => unit.contributor;
            reason => protection.reason;
            merge_minimum => protection.minimum;
            merge_largest => protection.largest_m;
            then => protection.then;
            base => protection.base;
            d => protection.d;
            v => protection.v;
            js => protection.js;
            id => unit.id;
            key => unit.key;
            formats => output.formats;
            output_crs => output.crs;
            max_rejects => max_rejects;
            memory => memory;
            encoding => source.encoding;
            separator => source.separator;
            decimal => source.decimal;
            title => title;
            purpose => report.purpose;
            legal_basis => report.legal_basis;
            controller => report.controller;
            attribution => attribution;
            since => output.since;
            output => output.folder;
        }
        if let Some(method) = self.method {
            plan.protection.method = Some(match method {
                MethodFlag::Suppress => MethodPlan::Suppress,
                MethodFlag::Round => MethodPlan::Round,
                MethodFlag::CellKey => MethodPlan::CellKey,
                MethodFlag::Merge => MethodPlan::Merge,
                MethodFlag::None => MethodPlan::None,
            });
        }
        if let Some(zeros) = self.zeros {
            plan.protection.zeros = Some(match zeros {
                ZerosFlag::Public => ZerosPlan::Public,
                ZerosFlag::Secret => ZerosPlan::Secret,
            });
        }
        if let Some(date) = self.date {
            let is_day = date.len() == 10 && date.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            plan.date = match is_day {
                true => DatePlan { value: Some(date), ..DatePlan::default() },
                false => DatePlan { column: Some(date), ..DatePlan::default() },
            };
        }
        if !self.day.is_empty() {
            plan.date.days = self.day;
        }
        take! {
            valid_from => date.valid_from;
            valid_to => date.valid_to;
        }
        if !self.dimension.is_empty() {
            plan.dimension = self.dimension.iter().map(|text| dimension(text)).collect::<Result<_, _>>()?;
        }
        for text in &self.age {
            let (cut_off, year_begins) = (self.cut_off.clone(), self.year_begins.clone());
            plan.dimension.push(DimensionPlan { birth: true, cut_off, year_begins, ..dimension(text)? });
        }
        for text in &self.sensitive {
            let (name, category) = split_name("--sensitive", text, "DIMENSION=CATEGORY")?;
            declared("--sensitive", &mut plan, name)?.sensitive.push(category.into());
        }
        for name in &self.group_disclosure {
            declared("--group-disclosure", &mut plan, name)?.group_disclosure = true;
        }
        if !self.numerator.is_empty() {
            plan.protection.numerator = Some(numerator(&self.numerator)?);
        }
        if !self.dominance.is_empty() {
            plan.protection.dominance = Some(self.dominance.iter().map(|text| dominance(text)).collect::<Result<_, _>>()?);
        }
        if !self.area.is_empty() {
            plan.area = self.area.iter().map(|text| area(text)).collect::<Result<_, _>>()?;
        }
        if self.no_grid {
            plan.grid.sizes = Some(Vec::new());
        }
        if !self.area_key.is_empty() {
            plan.position.area_keys = area_keys(&self.area_key, &plan.area);
        }
        if let Some(file) = self.street_table {
            plan.position.street_table.get_or_insert_default().file = file;
        }
        if !self.street_table_columns.is_empty() {
            let columns = self.street_table_columns.iter().map(|text| named_column("--street-table-columns", text));
            plan.position.street_table.get_or_insert_default().columns = columns.collect::<Result<_, _>>()?;
        }
        if !self.sum.is_empty() {
            plan.measure = self.sum.iter().map(|text| measure(text)).collect::<Result<_, _>>()?;
        }
        if !self.table.is_empty() {
            let names = |text: &String| text.split(',').map(|name| name.trim().to_owned()).collect();
            plan.tables = Some(self.table.iter().map(names).collect());
        }
        Ok(plan)
    }
}

fn split_name<'t>(flag: &str, text: &'t str, expected: &'static str) -> Result<(&'t str, &'t str), PlanError> {
    text.split_once('=').filter(|(name, rest)| !name.is_empty() && !rest.is_empty()).ok_or_else(|| PlanError::Impossible {
        key: flag.into(),
        found: text.into(),
        expected,
        expected_german: expected,
    })
}

/// The dimension of this name.
fn declared<'p>(flag: &'static str, plan: &'p mut Plan, name: &str) -> Result<&'p mut DimensionPlan, PlanError> {
    let known = plan.dimension.iter().map(|d| d.name.clone()).collect();
    let found = plan.dimension.iter_mut().find(|d| d.name == name);
    found.ok_or_else(|| PlanError::UnknownName { key: flag, name: name.into(), known })
}

/// `N:K`, for example `2:85`.
fn dominance(text: &str) -> Result<DominancePlan, PlanError> {
    let rule =
        text.split_once(':').and_then(|(n, k)| Some(DominancePlan { n: n.trim().parse().ok()?, k: k.trim().parse().ok()? }));
    rule.ok_or_else(|| PlanError::Impossible {
        key: "--dominance".into(),
        found: text.into(),
        expected: "N:K, for example 2:85",
        expected_german: "N:K, zum Beispiel 2:85",
    })
}

/// Categories of one dimension, `DIMENSION=CATEGORY` each.
fn numerator(texts: &[String]) -> Result<NumeratorPlan, PlanError> {
    const FORM: &str = "DIMENSION=CATEGORY";
    let named = texts.iter().map(|text| split_name("--numerator", text, FORM)).collect::<Result<Vec<_>, _>>()?;
    let dimension = named[0].0;
    match named.iter().find(|(name, _)| *name != dimension) {
        Some((other, _)) => Err(PlanError::Impossible {
            key: "--numerator".into(),
            found: format!("{dimension}, {other}"),
            expected: "categories of one dimension",
            expected_german: "Kategorien einer einzigen Dimension",
        }),
        None => Ok(NumeratorPlan {
            dimension: dimension.into(),
            categories: named.iter().map(|(_, category)| (*category).to_owned()).collect(),
        }),
    }
}

/// `NAME=COLUMN[:b0,b1,…]`; a colon that is not followed by numbers belongs to the column's name.
fn dimension(text: &str) -> Result<DimensionPlan, PlanError> {
    let (name, rest) = split_name("--dimension", text, "NAME=COLUMN[:b0,b1,…]")?;
    let edges = |text: &str| text.split(',').map(|edge| edge.trim().parse().ok()).collect::<Option<Vec<f64>>>();
    let (column, bands) = match rest.rsplit_once(':').and_then(|(column, tail)| Some((column, edges(tail)?))) {
        Some((column, bands)) => (column, Some(bands)),
        None => (rest, None),
    };
    Ok(DimensionPlan {
        name: name.into(),
        column: column.into(),
        label: None,
        bands,
        birth: false,
        cut_off: None,
        year_begins: None,
        categories: None,
        missing: None,
        sensitive: Vec::new(),
        group_disclosure: false,
        synonyms: std::collections::BTreeMap::new(),
    })
}

/// `NAME=FILE:KEY[:LABEL]`; a drive letter's colon belongs to the file.
fn area(text: &str) -> Result<AreaPlan, PlanError> {
    const FORM: &str = "NAME=FILE:KEY[:LABEL]";
    let (name, rest) = split_name("--area", text, FORM)?;
    let mut parts: Vec<String> = rest.split(':').map(str::to_owned).collect();
    if parts.len() > 1 && parts[0].len() == 1 && parts[1].starts_with(['\\', '/']) {
        let drive = parts.remove(0);
        parts[0] = format!("{drive}:{}", parts[0]);
    }
    let (file, key, label) = match parts.as_slice() {
        [file, key] => (file, key, None),
        [file, key, label] => (file, key, Some(label.clone())),
        _ => {
            return Err(PlanError::Impossible {
                key: "--area".into(),
                found: text.into(),
                expected: FORM,
                expected_german: FORM,
            });
        }
    };
    Ok(AreaPlan { name: name.into(), file: file.into(), key: key.clone(), label, crs: None, filter: Default::default() })
}

/// `NAME=COLUMN` for one area system, `COLUMN` for all that no other flag names.
fn area_keys(texts: &[String], areas: &[AreaPlan]) -> std::collections::BTreeMap<String, String> {
    let mut keys = std::collections::BTreeMap::new();
    for column in texts.iter().filter(|text| !text.contains('=')) {
        keys.extend(areas.iter().map(|area| (area.name.clone(), column.clone())));
    }
    keys.extend(texts.iter().filter_map(|text| text.split_once('=')).map(|(name, column)| (name.into(), column.into())));
    keys
}

fn measure(text: &str) -> Result<MeasurePlan, PlanError> {
    let (name, column) = split_name("--sum", text, "NAME=COLUMN")?;
    Ok(MeasurePlan { name: name.into(), column: column.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_follow_the_last_colon() {
        let d = dimension("age=alter:0,3,6.5").unwrap();
        assert_eq!((d.column.as_str(), d.bands), ("alter", Some(vec![0.0, 3.0, 6.5])));
    }

    #[test]
    fn a_colon_in_a_column_name_stays() {
        let d = dimension("age=osm:age").unwrap();
        assert_eq!((d.column.as_str(), d.bands), ("osm:age", None));
    }

    #[test]
    fn a_drive_letter_stays_with_the_file() {
        let a = area(r"gem=C:\daten\gem.shp:AGS:GEN").unwrap();
        assert_eq!((a.file.to_str().unwrap(), a.key.as_str(), a.label.as_deref()), (r"C:\daten\gem.shp", "AGS", Some("GEN")));
    }

    #[test]
    fn an_area_key_is_of_one_system_or_of_all() {
        let areas = [area("gem=g.geojson:AGS").unwrap(), area("kreis=k.geojson:AGS").unwrap(), area("sr=s.geojson:NR").unwrap()];
        let keys = area_keys(&["sr=raum".into(), "ags".into()], &areas);
        assert_eq!(
            keys.into_iter().collect::<Vec<_>>(),
            [("gem", "ags"), ("kreis", "ags"), ("sr", "raum")].map(|(a, b)| (a.into(), b.into()))
        );
    }

    #[test]
    fn an_area_needs_a_key() {
        assert!(area("gem=gem.geojson").is_err());
        assert!(area("gem.geojson").is_err());
    }
}
