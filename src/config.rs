//! The plan as it is typed: a TOML file, or flags for the quick case. What it means is decided in `pipeline`.
//!
//! Unknown keys are refused with the nearest known one. `kleinraum schema` prints the JSON Schema of [`Plan`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::confidential::{is_path, without_secrets};
use crate::error::{Failure, Kind, Language};
use crate::say;

/// A run, declared: what is read, how it is counted, what is published and how it is protected.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// Title of the maps and files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Source and licence line that every output carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
    /// Licence of what is published: `dl-de/by-2-0`, `dl-de/zero-2-0`, `cc-by-4.0` or an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Language of generated labels, `de` or `en`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Tables to publish beside the total: each a list of dimension names. Without it, one table for each dimension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tables: Option<Vec<Vec<String>>>,
    /// Share of rejected rows above which the run stops (0 to 1; 0.01 without it).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_rejects: Option<f64>,
    /// How much memory counting may use, for example `2GiB`: records with ids that do not fit wait on disk, encrypted, in the folder for temporary files. The
    /// result is the same. Counts of cells and groups are in memory all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// The records.
    pub source: SourcePlan,
    /// Where a record lies.
    pub position: PositionPlan,
    /// The statistical grid.
    pub grid: GridPlan,
    /// Area systems.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub area: Vec<AreaPlan>,
    /// Dimensions that tables cross.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dimension: Vec<DimensionPlan>,
    /// Columns that are summed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measure: Vec<MeasurePlan>,
    /// Disclosure control.
    pub protection: ProtectionPlan,
    /// The reference date.
    pub date: DatePlan,
    /// What a record stands for.
    pub unit: UnitPlan,
    /// The attack on the bundle before it is in its place.
    pub audit: AuditPlan,
    /// How numbers are divided into classes and coloured; of several that fit, the last decides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassesPlan>,
    /// Maps of two numbers in nine colours; entries that name the same two make one map.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bivariate: Vec<BivariatePlan>,
    /// The bundle.
    pub output: OutputPlan,
    /// What the report says beside what was computed.
    pub report: ReportPlan,
}

/// The records: CSV (also gzip or zstd), Parquet, GeoJSON, spreadsheets (XLSX, ODS), GeoPackage, SpatiaLite, Shapefile, FlatGeobuf or a database.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SourcePlan {
    /// Files, relative to the plan; `*` and `?` in a name stand for all that fit. Or URLs, `postgresql://user@host/database`; the password is better
    /// left to `PGPASSWORD`.
    #[serde(serialize_with = "without_passwords")]
    pub files: Vec<PathBuf>,
    /// What a database is asked, in place of a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Layer of a GeoPackage, sheet of a spreadsheet or table of a database; the only layer, or the first sheet with content, if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// Character encoding; recognised if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Field separator; recognised if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<char>,
    /// Decimal sign; recognised if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<char>,
}

impl std::fmt::Debug for SourcePlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let files: Vec<PathBuf> = self.files.iter().map(|file| without_secrets(file)).collect();
        f.debug_struct("SourcePlan").field("files", &files).finish_non_exhaustive()
    }
}

/// A plan that is written, or hashed, holds no password.
fn without_passwords<S: serde::Serializer>(files: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(files.iter().map(|file| without_secrets(file)))
}

/// Coordinates, a cell code, an address, or keys of areas.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PositionPlan {
    /// Reference system of the coordinates: `EPSG:25832`, a PROJ string or WKT. For geometries the file's own if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crs: Option<String>,
    /// Grid of datum shifts (NTv2, `.gsb`), relative to the plan, for systems on old datums of records, register and boundaries; `none` for parameters only.
    /// If absent, BETA2007 where PROJ keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datum_grid: Option<PathBuf>,
    /// Whether positions may enter cells finer than four times what their datum shift is accurate to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_coarse_datum: bool,
    /// Column of the easting or longitude.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Column of the northing or latitude.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// Column of geometries, in place of coordinates: WKT, WKB (also hexadecimal) or GeoJSON; of a polygon a point inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geometry: Option<String>,
    /// Column of an INSPIRE cell code, in place of coordinates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// Addresses and a register of houses, in place of coordinates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressPlan>,
    /// For each area system, by name, the column of its key (AGS, ARS, own codes): no coordinates and no grid. The same column may serve several
    /// systems: longer keys lie in the areas that they begin with. With `street_table` these are columns of that table.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub area_keys: BTreeMap<String, String>,
    /// A table of streets and numbers that says which areas they lie in, for records with an address (`position.address` without a register).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_table: Option<StreetTablePlan>,
}

/// A table of streets.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StreetTablePlan {
    /// The file, relative to the plan: CSV, spreadsheet, Parquet.
    pub file: PathBuf,
    /// Which column is what: `street`, `number`, `suffix`, `from`, `to`, `side` (odd, even, both), `postcode`, `municipality`, `street_key`.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
}

/// Columns of an address, and the register that says where houses are.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AddressPlan {
    /// The register, relative to the plan: official house coordinates or a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<PathBuf>,
    /// Its layout; recognised if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register_format: Option<RegisterFormatPlan>,
    /// Its reference system; recognised for official house coordinates if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register_crs: Option<String>,
    /// Which column of a table is what: `street`, `number`, `suffix`, `x`, `y`, `street_key`, `postcode`, `municipality`, `place`.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub register_columns: BTreeMap<String, String>,
    /// File that keeps the register's index, relative to the plan; beside the register if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register_index: Option<PathBuf>,
    /// Column of the street, with or without the number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street: Option<String>,
    /// Column of the house number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Column of what follows the number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// Column of the postcode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postcode: Option<String>,
    /// Column of the municipality's key or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub municipality: Option<String>,
    /// Column of the street's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_key: Option<String>,
    /// Smallest cells that a grade of match may enter, metres, or `never`; what counts is the finest size of the run.
    pub grades: GradesPlan,
    /// File, relative to the plan, that lists rows without a cell and the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unmatched: Option<PathBuf>,
    /// Whether that list holds addresses too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub with_addresses: bool,
}

/// Smallest cells by grade.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct GradesPlan {
    /// The street letter for letter, or its key; any size if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact: Option<SmallestPlan>,
    /// The same words, written otherwise; any size if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalised: Option<SmallestPlan>,
    /// A similar street that has the number; any size if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similar: Option<SmallestPlan>,
    /// Between neighbouring numbers; 250 m if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neighbour_number: Option<SmallestPlan>,
    /// The street alone; 1000 m if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street: Option<SmallestPlan>,
}

/// The smallest cell that a grade may enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum SmallestPlan {
    /// Cells of this side, metres, and larger ones.
    Metres(u32),
    /// No cell.
    Word(NeverPlan),
}

/// The word `never`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NeverPlan {
    /// No cell.
    Never,
}

/// Layouts of registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum RegisterFormatPlan {
    /// Hauskoordinaten Deutschland: 18 fields
    Hkde,
    /// Gebäudereferenzen Nordrhein-Westfalen
    Gebref,
    /// Any table with a header
    Csv,
}

/// The statistical grid.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GridPlan {
    /// Sides of the squares in metres, each a divisor of the next; 100, 500, 1000, 5000, 10000 if absent, none with area keys. Empty: areas only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sizes: Option<Vec<u32>>,
}

/// One area system.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AreaPlan {
    /// Technical name: the level's name in every output.
    pub name: String,
    /// Boundary file, relative to the plan.
    pub file: PathBuf,
    /// Attribute that holds the key.
    pub key: String,
    /// Attribute that holds the name of an area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Reference system, where the file does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crs: Option<String>,
    /// Attributes a feature must have, by name.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub filter: BTreeMap<String, String>,
}

/// One dimension.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DimensionPlan {
    /// Technical name, as tables name it.
    pub name: String,
    /// Column of the source.
    pub column: String,
    /// Name for readers; the technical name if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Lower edges of half-open bands, ascending; the last band is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bands: Option<Vec<f64>>,
    /// The column holds dates, months or years of birth, and the bands are of the age in completed years at the reference date.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub birth: bool,
    /// With `birth`: the age is that on this day of the year, `09-30`, the last one that is not after the reference date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_off: Option<String>,
    /// With `cut_off`: the Kita or school year begins on this day, `08-01`, and the cut-off day is the one in the calendar year in which the year of the
    /// reference date began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year_begins: Option<String>,
    /// The categories in the order they are shown; found in the data if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    /// What to do with a record that has no value here: `reject` (if absent) or `category`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingPlan>,
    /// Categories whose zeros are secret too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitive: Vec<String>,
    /// Whether it is secret too that all of a group, or all but one, are in one of the sensitive categories.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub group_disclosure: bool,
    /// Further words for categories, read in questions: `"Hartz IV" = ["SGB II"]`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub synonyms: BTreeMap<String, Vec<String>>,
}

/// What to do with a record that has no value in a dimension.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MissingPlan {
    /// The record is rejected and counted by reason.
    Reject,
    /// The record counts in a category of its own.
    Category,
}

/// One column that is summed.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasurePlan {
    /// Technical name.
    pub name: String,
    /// Column of the source.
    pub column: String,
}

/// The method and its rules.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProtectionPlan {
    /// A named set of method and rules; what it sets need not be said again, and nothing else may be said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfilePlan>,
    /// The method; `suppress` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<MethodPlan>,
    /// The smallest count that may be published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u64>,
    /// Whether it may be seen that nobody is in a group; `public` if absent, but secret for groups with a sensitive category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zeros: Option<ZerosPlan>,
    /// Method `merge`: the fewest people of a cell that is not joined with its neighbours; the threshold if absent, else 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<u64>,
    /// Method `merge`: the largest side of a joined cell in metres, one of the grid sizes; the coarsest if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_m: Option<u32>,
    /// Method `merge`: what protects the numbers that the joined cells show; `suppress` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<ThenPlan>,
    /// What small counts are rounded to, 0 or this: asked for by method `round`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<u32>,
    /// Method `cell-key`: the largest noise D; 5 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub d: Option<u32>,
    /// Method `cell-key`: the largest variance V of the noise; 3 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v: Option<f64>,
    /// Method `cell-key`: counts of 1 to js never appear; 2 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub js: Option<u32>,
    /// What rates are made of: the number of these is published only where there are enough people to be a rate of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numerator: Option<NumeratorPlan>,
    /// The smallest base of a rate: people of the same group in all categories of the numerator's dimension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_base: Option<u64>,
    /// The smallest number of distinct contributors (households, businesses; `unit.contributor`) of a published number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold_units: Option<u64>,
    /// How many persons lie at least between the most and the least that a withheld number at risk can be taken for; 1, if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<u32>,
    /// Sums are withheld where the n largest contributions are more than k per cent of all; several such rules may be given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dominance: Option<Vec<DominancePlan>>,
    /// Sums are withheld where the largest contribution can be known to within p per cent by the second largest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_percent: Option<f64>,
    /// Why no protection is needed: asked for by method `none` and carried by every output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Named sets of method and rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ProfilePlan {
    /// Method suppress, counts below 5 are withheld
    Standard,
    /// Method suppress, counts below 10 are withheld
    Strict,
    /// Rates of people on benefits: at least 100 in the base and 3 in the numerator, which has to be named
    DestatisSgb2,
    /// Method cell-key with D = 5, V = 3, js = 2, as for the German census
    Zensus,
    /// Method suppress, counts below 3 are withheld, and sums of which one contributes over 50 % or two over 85 % (percentages of our choice)
    Ba,
}

impl ProfilePlan {
    /// The technical name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Strict => "strict",
            Self::DestatisSgb2 => "destatis-sgb2",
            Self::Zensus => "zensus",
            Self::Ba => "ba",
        }
    }
}

/// One rule of dominance.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DominancePlan {
    /// How many of the largest contributions, 1 to 10.
    pub n: u32,
    /// How many per cent of all contributions they may be.
    pub k: f64,
}

/// Which categories are the numerator of rates.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NumeratorPlan {
    /// The dimension; all its categories together are the base.
    pub dimension: String,
    /// The categories whose share is of interest, each by itself.
    pub categories: Vec<String>,
}

/// Methods for what joined cells show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ThenPlan {
    /// Small counts are withheld, and as many others as it takes
    Suppress,
    /// Small atoms become 0 or the base
    Round,
    /// Noise by the permanent keys of the records
    CellKey,
}

impl ThenPlan {
    /// The method by itself.
    pub fn method(self) -> MethodPlan {
        match self {
            Self::Suppress => MethodPlan::Suppress,
            Self::Round => MethodPlan::Round,
            Self::CellKey => MethodPlan::CellKey,
        }
    }
}

/// Methods of disclosure control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MethodPlan {
    /// Small counts are withheld, and as many others as it takes that they cannot be computed.
    Suppress,
    /// Small atoms become 0 or the base, so that everything adds up and stays close.
    Round,
    /// Noise by the permanent keys of the records counted, as in the German census.
    CellKey,
    /// Cells where few people live are joined up the nesting of the sizes; then another method protects what they show.
    Merge,
    /// Nothing is protected: for open data about things.
    None,
}

/// How a count of zero is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ZerosPlan {
    /// Zero is published as zero.
    Public,
    /// Zero is withheld like a small count.
    Secret,
}

/// The reference date: a column, or one day for all records.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DatePlan {
    /// Column that holds the date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// One date for all records, `2024-12-31`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Several dates; each record counts on every one that it is valid on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<String>,
    /// Column of the first day that a record is valid, with `days`; empty is from ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// Column of the last day that a record is valid, with `days`; empty is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<String>,
}

/// What a record stands for.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UnitPlan {
    /// Column of an id that may occur once for each date; repeated rows are rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Column of the household, business or other contributor that a record belongs to; without it every record is one by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contributor: Option<String>,
    /// Key file, relative to the plan, for methods that need one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
}

/// The attack on the bundle before it is in its place. Where it finds out what was withheld, no bundle is written.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuditPlan {
    /// Whether the bundle is attacked; it is, unless this says `false`.
    pub run: bool,
    /// Folder, relative to the plan, that keeps what was released: the bundle is attacked together with it, and put on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<PathBuf>,
}

impl Default for AuditPlan {
    fn default() -> Self {
        Self { run: true, ledger: None }
    }
}

/// Classes and colours of maps and legends, of every number or of some.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClassesPlan {
    /// Level it is for, `100m` or an area system's name; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Attribute it is for, by technical name; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// How to divide; by quantiles if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<DivisionPlan>,
    /// How many classes, 2 to 6; 6 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// With `manual`: where the second and every further class begins, ascending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaks: Option<Vec<i64>>,
    /// Colours: `ylgnbu`, `ylorbr`, `greens`, `oranges`, `blues` or `brbg`; one for each dimension if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub palette: Option<String>,
}

/// A map of two numbers: three classes of each, nine colours.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BivariatePlan {
    /// The two attributes, by technical name.
    pub fields: [String; 2],
    /// Whether their shares in the total are shown, which must be groups of one dimension; the numbers themselves if absent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub share: bool,
    /// Level that `breaks` are for, `100m` or an area system's name; all if absent. The map is of all levels in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Where the second and third class begin, of the first and of the second attribute, `[[5, 20], [10, 50]]`; shares in thousandths. Quantiles if absent,
    /// or for the attribute whose list is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaks: Option<[Vec<i64>; 2]>,
}

/// How numbers are divided into classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DivisionPlan {
    /// About as many units in each class.
    Quantile,
    /// Natural breaks: least squared differences within classes.
    Jenks,
    /// Classes as wide as each other.
    Equal,
    /// Steps of one standard deviation around the mean.
    Deviation,
    /// Where `breaks` says.
    Manual,
}

/// The bundle.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OutputPlan {
    /// The folder, relative to the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// What to write besides `release.parquet` and `run.json`; `pmtiles`, `mbtiles`, `tiles`, `geojson`, `gpkg` and `csv` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formats: Option<Vec<Format>>,
    /// Reference system of the GeoPackage; EPSG:25832 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crs: Option<String>,
    /// Compress tiles as far as it goes: a sixth smaller, fifty times the time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub smallest: bool,
    /// An earlier bundle, relative to the plan: tiles that are the same are taken over compressed as they are. It may be the one that is replaced. The
    /// bundle is the same with and without it, only sooner there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<PathBuf>,
}

/// What only people can say of a release; a line to fill in by hand stands in the report for what is left out.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReportPlan {
    /// What the numbers are for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// What allows the processing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_basis: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<String>,
}

/// A format of the bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `release.parquet`, which every bundle has: named alone, nothing else of the maps is written
    Parquet,
    /// `tiles.pmtiles`
    Pmtiles,
    /// `tiles.mbtiles`
    Mbtiles,
    /// `tiles/{z}/{x}/{y}.pbf`
    Tiles,
    /// `geojson/<layer>.geojson`
    Geojson,
    /// One GeoPackage with all layers.
    Gpkg,
    /// `csv/<layer>.csv` and `csv/<layer>_excel.csv`
    Csv,
    /// `geoparquet/<layer>.parquet`; only if asked for
    Geoparquet,
    /// `flatgeobuf/<layer>.fgb`; only if asked for
    Flatgeobuf,
    /// `geojsonl/<layer>.geojsonl`, a feature a line; only if asked for
    Geojsonl,
}

impl Format {
    /// What is written if nothing is said.
    pub const DEFAULT: [Self; 6] = [Self::Pmtiles, Self::Mbtiles, Self::Tiles, Self::Geojson, Self::Gpkg, Self::Csv];

    /// The technical name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Pmtiles => "pmtiles",
            Self::Mbtiles => "mbtiles",
            Self::Tiles => "tiles",
            Self::Geojson => "geojson",
            Self::Gpkg => "gpkg",
            Self::Csv => "csv",
            Self::Geoparquet => "geoparquet",
            Self::Flatgeobuf => "flatgeobuf",
            Self::Geojsonl => "geojsonl",
        }
    }
}

impl Plan {
    /// Reads a plan file; paths in it become relative to the file's folder.
    pub fn read(file: &Path) -> Result<Self, PlanError> {
        let text = std::fs::read_to_string(file).map_err(|source| PlanError::Unreadable { file: file.into(), source })?;
        let mut plan = Self::parse(&text).map_err(|fault| PlanError::Toml { file: file.into(), fault })?;
        plan.relative_to(file.parent().unwrap_or(Path::new("")));
        Ok(plan)
    }

    /// Reads the text of a plan.
    pub fn parse(text: &str) -> Result<Self, TomlFault> {
        toml::from_str(text).map_err(|error| TomlFault::of(&error, text))
    }

    /// The plan as TOML, without what was left open.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a plan has a TOML form")
    }

    fn relative_to(&mut self, folder: &Path) {
        let files = self.source.files.iter_mut().chain(self.area.iter_mut().map(|area| &mut area.file));
        let address = self.position.address.iter_mut();
        let address = address.flat_map(|a| a.register.iter_mut().chain(&mut a.register_index).chain(&mut a.unmatched));
        let grid = self.position.datum_grid.iter_mut().filter(|grid| grid.as_os_str() != NO_GRID);
        let address = address.chain(grid).chain(self.position.street_table.iter_mut().map(|table| &mut table.file));
        let output = self.output.folder.iter_mut().chain(&mut self.output.since);
        for path in files.chain(&mut self.unit.key).chain(output).chain(&mut self.audit.ledger).chain(address) {
            if is_path(path) {
                *path = folder.join(&*path);
            }
        }
    }
}

/// In place of a grid of datum shifts: none, not even one that is found.
pub const NO_GRID: &str = "none";

/// What is wrong in the text of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TomlFault {
    line: usize,
    fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    UnknownKey { key: String, known: Vec<String> },
    Other { message: String },
}

impl TomlFault {
    fn of(error: &toml::de::Error, text: &str) -> Self {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let message = error.message();
        let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
        let fault = match unknown {
            Some((key, expected)) => {
                let known = expected.split('`').skip(1).step_by(2).map(str::to_owned).collect();
                Fault::UnknownKey { key: key.to_owned(), known }
            }
            // What was typed for another type is repeated in the message, and it may be a URL with a password.
            None if message.contains("://") || message.to_lowercase().contains("password") => {
                Fault::Other { message: message.split('"').next().unwrap_or_default().trim_end().to_owned() }
            }
            None => Fault::Other { message: message.lines().collect::<Vec<_>>().join(" ") },
        };
        Self { line, fault }
    }
}

/// The known word nearest to what was typed, if any is near.
pub fn nearest<'k>(typed: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let typed = typed.to_lowercase();
    let scored = known.into_iter().map(|word| (strsim::jaro_winkler(&typed, &word.to_lowercase()), word));
    scored.filter(|(score, _)| *score > 0.7).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, word)| word)
}

/// A plan that cannot be read or does not make sense.
#[derive(Debug)]
pub enum PlanError {
    /// The file cannot be read.
    Unreadable {
        /// The plan file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The text is no plan.
    Toml {
        /// The plan file.
        file: PathBuf,
        /// What and where.
        fault: TomlFault,
    },
    /// Something that must be said is not said.
    Missing {
        /// Key of the plan.
        key: &'static str,
        /// The same as a flag.
        flag: &'static str,
        /// An example.
        example: &'static str,
    },
    /// A value that is not possible.
    Impossible {
        /// Key of the plan, or flag.
        key: String,
        /// What was given.
        found: String,
        /// What is expected, English.
        expected: &'static str,
        /// What is expected, German.
        expected_german: &'static str,
    },
    /// A name that nothing has.
    UnknownName {
        /// Key of the plan.
        key: &'static str,
        /// The name.
        name: String,
        /// Names there are.
        known: Vec<String>,
    },
    /// A name given twice.
    Twice {
        /// Key of the plan.
        key: &'static str,
        /// The name.
        name: String,
    },
    /// A profile, and something else than it sets.
    AgainstProfile {
        /// The profile.
        profile: &'static str,
        /// Key of the plan.
        key: &'static str,
        /// What was given.
        found: String,
        /// What the profile sets.
        set: String,
    },
}

impl Failure for PlanError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unreadable { .. } => Kind::InputOutput,
            _ => Kind::Usage,
        }
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::Unreadable { file, source } => {
                let file = file.display();
                say!(language, "{file}: the plan cannot be read: {source}", "{file}: der Plan ist nicht lesbar: {source}")
            }
            Self::Toml { file, fault: TomlFault { line, fault } } => {
                let file = file.display();
                match fault {
                    Fault::UnknownKey { key, known } => {
                        let hint = hint(language, key, known);
                        say!(
                            language,
                            "{file}, line {line}: unknown key `{key}`{hint}",
                            "{file}, Zeile {line}: unbekannter Schlüssel `{key}`{hint}"
                        )
                    }
                    Fault::Other { message } => {
                        say!(language, "{file}, line {line}: {message}", "{file}, Zeile {line}: {message}")
                    }
                }
            }
            Self::Missing { key, flag, example } => say!(
                language,
                "the plan does not say `{key}`: add it, or give {flag}, for example {example}",
                "im Plan fehlt `{key}`: ergänzen oder {flag} angeben, zum Beispiel {example}"
            ),
            Self::Impossible { key, found, expected, expected_german } => say!(
                language,
                "`{key}` = {found} is not possible: expected {expected}",
                "`{key}` = {found} ist nicht möglich: erwartet wird {expected_german}"
            ),
            Self::UnknownName { key, name, known } => {
                let hint = hint(language, name, known);
                say!(
                    language,
                    "`{key}` names `{name}`, which is not declared{hint}",
                    "`{key}` nennt `{name}`, das nicht vereinbart ist{hint}"
                )
            }
            Self::Twice { key, name } => {
                say!(language, "`{key}` names `{name}` twice: leave one out", "`{key}` nennt `{name}` zweimal: eines weglassen")
            }
            Self::AgainstProfile { profile, key, found, set } => say!(
                language,
                "profile `{profile}` sets `{key}` = {set}, but {found} is asked for: leave out the profile or `{key}`",
                "Profil `{profile}` setzt `{key}` = {set}, verlangt ist aber {found}: das Profil oder `{key}` weglassen"
            ),
        }
    }
}

/// `; did you mean …? (possible: …)`
fn hint(language: Language, typed: &str, known: &[String]) -> String {
    let list = known.join(", ");
    match nearest(typed, known.iter().map(String::as_str)) {
        Some(near) => say!(language, "; did you mean `{near}`? (possible: {list})", "; ist `{near}` gemeint? (möglich: {list})"),
        None if list.is_empty() => String::new(),
        None => say!(language, " (possible: {list})", " (möglich: {list})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explain(text: &str) -> String {
        let fault = Plan::parse(text).unwrap_err();
        PlanError::Toml { file: "plan.toml".into(), fault }.explain(Language::English)
    }

    #[test]
    fn unknown_key_names_the_nearest_and_the_line() {
        let message = explain("title = \"x\"\n[protection]\nthresold = 5\n");
        assert!(message.starts_with("plan.toml, line 3: unknown key `thresold`; did you mean `threshold`?"), "{message}");
    }

    #[test]
    fn a_password_is_neither_told_nor_written() {
        let told = explain("[source]\nfiles = \"postgresql://anna:geheim@db/fach\"\n");
        assert!(!told.contains("geheim") && told.contains('2'), "{told}");
        let plan = Plan::parse("[source]\nfiles = [\"postgresql://anna:geheim@db/fach\"]\n").unwrap();
        assert!(!plan.to_toml().contains("geheim") && plan.to_toml().contains("anna@db/fach"), "{}", plan.to_toml());
    }

    #[test]
    fn wrong_type_names_the_line() {
        assert!(explain("[protection]\nthreshold = \"five\"\n").starts_with("plan.toml, line 2: "));
    }

    #[test]
    fn a_plan_survives_its_own_toml() {
        let text = "title = \"a\"\ntables = [[\"age\"]]\n[source]\nfiles = [\"a.csv\"]\n[[dimension]]\nname = \"age\"\ncolumn = \"alter\"\nbands = [0.0, 3.0]\n";
        let once = Plan::parse(text).unwrap().to_toml();
        assert_eq!(Plan::parse(&once).unwrap().to_toml(), once);
        assert!(once.contains("bands"));
    }
}
