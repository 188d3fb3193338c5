//! What a plan's addresses mean, and the step that only gives them cells.

use std::path::{Path, PathBuf};

use crate::confidential::{
    self, Account, AddressColumns, AddressSource, Admission, Dialect, GeoreferenceSpec, Grade, RegisterColumns, RegisterFormat,
    RegisterSpec, Secrets, UnmatchedFile,
};
use crate::config::{AddressPlan, NO_GRID, PlanError, RegisterFormatPlan, SmallestPlan};
use crate::error::Error;
use crate::geodesy::DatumGrids;
use crate::grid::GridSize;
use crate::progress::Progress;

/// The register, the columns and the grades that a plan names.
pub(super) fn address_source(
    plan: &AddressPlan,
    grids: DatumGrids,
    allow_coarse_datum: bool,
) -> Result<AddressSource, PlanError> {
    let missing = |key, flag, example| PlanError::Missing { key, flag, example };
    let register = plan.register.clone();
    let file = register.ok_or(missing("position.address.register", "--register", "--register hauskoordinaten.txt"))?;
    if plan.street.is_none() && plan.street_key.is_none() {
        return Err(missing("position.address.street", "--street or --street-key", "--street strasse --number hausnr"));
    }
    Ok(AddressSource {
        register: RegisterSpec {
            file,
            format: plan.register_format.map(|format| match format {
                RegisterFormatPlan::Hkde => RegisterFormat::HkDe,
                RegisterFormatPlan::Gebref => RegisterFormat::Gebref,
                RegisterFormatPlan::Csv => RegisterFormat::Csv,
            }),
            crs: plan.register_crs.clone(),
            columns: register_columns(plan)?,
            dialect: Dialect::default(),
            index: plan.register_index.clone(),
            grids,
            allow_coarse_datum,
        },
        columns: address_columns(plan),
        admission: admission(plan),
        unmatched: unmatched(plan)?,
    })
}

/// The records' columns.
pub(super) fn address_columns(plan: &AddressPlan) -> AddressColumns {
    AddressColumns {
        street: plan.street.clone(),
        number: plan.number.clone(),
        suffix: plan.suffix.clone(),
        postcode: plan.postcode.clone(),
        municipality: plan.municipality.clone(),
        street_key: plan.street_key.clone(),
    }
}

/// The list of rows that were not found, if one is asked for.
pub(super) fn unmatched(plan: &AddressPlan) -> Result<Option<UnmatchedFile>, PlanError> {
    if plan.with_addresses && plan.unmatched.is_none() {
        return Err(PlanError::Missing {
            key: "position.address.unmatched",
            flag: "--unmatched",
            example: "--unmatched rows.csv: with_addresses speaks of that file",
        });
    }
    Ok(plan.unmatched.clone().map(|file| UnmatchedFile { file, with_addresses: plan.with_addresses }))
}

/// Grids of datum shifts: the named one, or what PROJ has.
pub(super) fn datum_grids(file: Option<&Path>) -> Result<DatumGrids, Error> {
    Ok(match file {
        None => DatumGrids::usual(),
        Some(file) if file.as_os_str() == NO_GRID => DatumGrids::none(),
        Some(file) => DatumGrids::of_file(file)?,
    })
}

fn register_columns(plan: &AddressPlan) -> Result<RegisterColumns, PlanError> {
    let mut columns = RegisterColumns::default();
    for (name, column) in &plan.register_columns {
        columns.set(name, column).map_err(|_| PlanError::UnknownName {
            key: "position.address.register_columns",
            name: name.clone(),
            known: RegisterColumns::NAMES.map(str::to_owned).to_vec(),
        })?;
    }
    Ok(columns)
}

fn admission(plan: &AddressPlan) -> Admission {
    let grades = &plan.grades;
    let said = [
        (Grade::Exact, grades.exact),
        (Grade::Normalised, grades.normalised),
        (Grade::Similar, grades.similar),
        (Grade::NeighbourNumber, grades.neighbour_number),
        (Grade::Street, grades.street),
    ];
    said.into_iter().fold(Admission::default(), |admission, (grade, smallest)| match smallest {
        None => admission,
        Some(SmallestPlan::Metres(metres)) => admission.with(grade, Some(metres)),
        Some(SmallestPlan::Word(_)) => admission.with(grade, None),
    })
}

/// What is georeferenced without being counted.
#[derive(Clone)]
pub struct GeoreferenceOptions {
    /// The records.
    pub file: PathBuf,
    /// How text files are written.
    pub dialect: Dialect,
    /// Addresses and the register.
    pub address: AddressPlan,
    /// Grid of datum shifts for a register on an old datum, or `none`.
    pub datum_grid: Option<PathBuf>,
    /// Whether houses may be found in cells finer than four times what their datum shift is accurate to.
    pub allow_coarse_datum: bool,
    /// The side of the cells, metres.
    pub size_m: u32,
    /// Columns that go along.
    pub keep: Vec<String>,
    /// The Parquet file to write.
    pub output: PathBuf,
}

/// Gives records with addresses their cells and writes rows, cells, grades and kept columns.
///
/// # Errors
/// If a column to keep holds the address, and everything that can be wrong with register, records and output.
pub fn georeference(options: &GeoreferenceOptions, progress: &dyn Progress) -> Result<Account, Error> {
    let source = address_source(&options.address, datum_grids(options.datum_grid.as_deref())?, options.allow_coarse_datum)?;
    let AddressColumns { street, number, suffix, postcode, street_key, municipality: _ } = &source.columns;
    let address = [street, number, suffix, postcode, street_key];
    for column in &options.keep {
        let own = ["row", "cell", "grade"].contains(&column.as_str());
        if own || address.contains(&&Some(column.clone())) {
            return Err(PlanError::Impossible {
                key: "--keep".into(),
                found: column.clone(),
                expected: "columns that are no part of the address, and not called row, cell or grade",
                expected_german: "Spalten, die nicht zur Adresse gehören und nicht row, cell oder grade heißen",
            }
            .into());
        }
    }
    let (shown, secrets) = Secrets::hide(std::slice::from_ref(&options.file));
    let spec = GeoreferenceSpec {
        file: shown[0].clone(),
        dialect: Dialect { secrets, ..options.dialect.clone() },
        source,
        size: GridSize::new(options.size_m)?,
        keep: options.keep.clone(),
        output: options.output.clone(),
    };
    confidential::georeference(&spec, progress)
}
