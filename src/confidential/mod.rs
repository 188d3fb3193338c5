//! The closed room: records come in, a protected [`Release`] goes out, through one door ([`release`]). A second one, [`compare`], tells what several
//! methods would lose, in sums over whole levels that give nobody away. A third ([`georeference`](fn@georeference)) only gives records with addresses
//! their cells, where the rest is done elsewhere.
//!
//! Inside, data flows `records` → `georeference` → `cube` → `disclosure`. Nothing individual leaves: no coordinate, address or id, and no
//! count that did not go through disclosure control. Later rooms see only what is re-exported here: the lattice, the release
//! and the account of what was read.
//!
//! What may be done with a release compiles:
//!
//! ```
//! use kleinraum::confidential::{ProtectedCount, Release};
//!
//! fn first(release: &Release) -> Option<i64> {
//!     let number: ProtectedCount = *release.blocks.first()?.numbers(0).first()?;
//!     number.value()
//! }
//! ```
//!
//! What would open the room does not: naming a raw count,
//!
//! ```compile_fail,E0603
//! let one = kleinraum::confidential::raw_count::RawCount::ONE;
//! ```
//!
//! looking into the cube,
//!
//! ```compile_fail,E0603
//! fn atoms(cube: &kleinraum::confidential::cube::Cube) -> usize {
//!     cube.keys.len()
//! }
//! ```
//!
//! making a protected count out of any number,
//!
//! ```compile_fail,E0624
//! let three = kleinraum::confidential::ProtectedCount::published(3);
//! ```
//!
//! or filling a block with them.
//!
//! ```compile_fail,E0451
//! use kleinraum::confidential::{Block, Level, ProtectedCount};
//! use kleinraum::grid::GridSize;
//!
//! let level = Level::Grid(GridSize::new(100).unwrap());
//! let block = Block { date: 0, level, units: Vec::new(), numbers: Vec::<ProtectedCount>::new() };
//! ```

mod account;
mod count;
mod cube;
mod disclosure;
mod georeference;
mod grade;
mod inspect;
mod lattice;
mod raw_count;
mod records;
mod rejected;
mod secret;
mod sieve;
mod text_table;

use std::sync::Arc;

use crate::error::Error;
use crate::progress::{Progress, Stage};

pub use account::{Account, Located, Reason, Rejects};
pub use count::CountSpec;
pub use cube::{Contributor, CutOff, DateSpec, DimensionKind, DimensionSpec, MeasureSpec, Missing, MonthDay};
#[cfg(test)]
pub(crate) use disclosure::for_tests;
pub use disclosure::{
    Block, Comparison, Concentration, Earlier, Loss, Merge, Method, Outcome, PerturbationError, PerturbationParameters,
    PerturbationTable, ProtectedCount, RateRule, Release, Risks, Rules, RulesError, Status, Unprotected, Zeros,
};
pub use disclosure::{PlainMethod, PlainSpec, ProtectedTable, ShownTable, protect_table};
pub use georeference::{
    AddressColumns, AddressSource, GeoreferenceSpec, PositionSource, RegisterColumns, RegisterFormat, RegisterSpec,
    StreetTableColumns, StreetTableSource, StreetTableSpec, UnknownColumn, UnmatchedFile,
};
pub use grade::{Admission, Grade};
pub use inspect::{
    AddressFinding, ColumnFinding, Distinct, GuessSystems, Inspection, PositionFinding, Role, SystemSource, ValueType, inspect,
};
pub use lattice::{Column, Dimension, Lattice, Level, Table, Unit};
pub use records::{Dialect, Secrets, declared_system, files_of, is_path, without_secrets};
pub use secret::Key;
pub use text_table::{TextTable, TextTableError};

/// What the closed room has to do.
#[derive(Debug)]
pub struct Request {
    /// What is read and counted.
    pub count: CountSpec,
    /// Tables to publish, the total first, none twice.
    pub tables: Vec<Table>,
    /// The method.
    pub method: Method,
    /// Whether cells are joined before.
    pub merge: Option<Merge>,
    /// Zeros of groups without a sensitive category.
    pub zeros: Zeros,
    /// Categories whose zeros are secret too.
    pub sensitive: Vec<Sensitive>,
    /// Dimensions, by name, of which it is secret that all or all but one of a group are in a sensitive category.
    pub group_disclosure: Vec<String>,
    /// Categories that rates are published of, and the smallest base of a rate.
    pub rate: Option<(Sensitive, u64)>,
    /// The smallest number of distinct contributors of a published number.
    pub threshold_units: Option<u64>,
    /// The narrowest interval in which a withheld number at risk may be known to lie.
    pub interval: Option<u32>,
    /// Rules for sums that few contributors dominate.
    pub concentration: Vec<Concentration>,
    /// What was released before of the same records.
    pub earlier: Arc<Vec<Earlier>>,
}

/// Sensitive categories of a dimension, by name: which there are is known only when the records are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sensitive {
    /// The dimension.
    pub dimension: String,
    /// Its sensitive categories.
    pub categories: Vec<String>,
}

impl Sensitive {
    fn positions(&self, lattice: &Lattice) -> Result<(usize, Vec<usize>), RulesError> {
        let at = lattice.dimensions.iter().position(|d| d.name == self.dimension);
        let at = at.ok_or(RulesError::SensitiveUnknown)?;
        let known = &lattice.dimensions[at].categories;
        let position = |category: &String| known.iter().position(|c| c == category).ok_or(RulesError::SensitiveUnknown);
        Ok((at, self.categories.iter().map(position).collect::<Result<_, _>>()?))
    }
}

/// Rules beside the threshold, with positions for names.
fn risks(request: &Request, lattice: &Lattice) -> Result<Risks, RulesError> {
    let rate = request.rate.as_ref().map(|(numerator, minimum_base)| {
        let (dimension, categories) = numerator.positions(lattice).map_err(|_| RulesError::NumeratorUnknown)?;
        Ok(RateRule { dimension, numerator: categories, minimum_base: *minimum_base })
    });
    let position = |name: &String| lattice.dimensions.iter().position(|d| d.name == *name).ok_or(RulesError::NothingSensitive);
    let group_disclosure = request.group_disclosure.iter().map(position).collect::<Result<_, _>>()?;
    Ok(Risks {
        rate: rate.transpose()?,
        group_disclosure,
        threshold_units: request.threshold_units,
        interval: request.interval,
        concentration: request.concentration.clone(),
        earlier: Arc::clone(&request.earlier),
    })
}

/// The door: reads, counts and protects; only the release and the account of the rows come out.
///
/// # Errors
/// If the input cannot be read, too much of it is rejected, or the rules do not fit it.
pub fn release(request: &Request, progress: &dyn Progress) -> Result<(Release, Account), Error> {
    request.check_keys(&request.method)?;
    let (cube, account) = count::count(&request.count, progress)?;
    let lattice = request.lattice(&cube);
    progress.begin(Stage::Protect, None);
    let sensitive = request.sensitive_positions(&lattice)?;
    let risks = risks(request, &lattice)?;
    let rules = Rules { method: request.method.clone(), merge: request.merge, zeros: request.zeros, sensitive, risks };
    let release = disclosure::protect(&cube, lattice, &rules, progress)?;
    Ok((release, account))
}

/// The second door: reads and counts once, protects by each of `methods`, cells joined or not, in place of the request's; what comes out is what [`Comparison`]
/// says, and nothing of it is a count before disclosure control. For the eyes of those who may see the records: several
/// releases of the same people together protect less than each alone.
///
/// # Errors
/// As [`release`]; and for method `none`, whose numbers would be the truth.
pub fn compare(
    request: &Request,
    methods: &[(Option<Merge>, Method)],
    progress: &dyn Progress,
) -> Result<(Comparison, Account), Error> {
    methods.iter().try_for_each(|(_, method)| request.check_keys(method))?;
    let (cube, account) = count::count(&request.count, progress)?;
    let lattice = request.lattice(&cube);
    let sensitive = request.sensitive_positions(&lattice)?;
    let risks = risks(request, &lattice)?;
    let rules = Rules { method: request.method.clone(), merge: request.merge, zeros: request.zeros, sensitive, risks };
    let comparison = disclosure::compare(&cube, &lattice, (methods, &rules), progress)?;
    Ok((comparison, account))
}

/// The third door, for the room where addresses may be: records with addresses become a table of cells that may go to where they are counted. What
/// leaves is about single records, but neither an address nor a coordinate; it is no release.
///
/// # Errors
/// If the register or the records cannot be read, nothing could be placed, or the table cannot be written.
pub fn georeference(spec: &GeoreferenceSpec, progress: &dyn Progress) -> Result<Account, Error> {
    georeference::georeference(spec, progress)
}

impl Request {
    /// Refuses cell keys without anything to make them of.
    fn check_keys(&self, method: &Method) -> Result<(), RulesError> {
        let keys = self.count.id_column.is_some() && self.count.record_key.is_some();
        if keys || !matches!(method, Method::CellKey { .. }) { Ok(()) } else { Err(RulesError::IdMissing) }
    }

    fn lattice(&self, cube: &cube::Cube) -> Lattice {
        Lattice {
            sizes: self.count.sizes.clone(),
            joined: None,
            systems: self.count.systems.clone(),
            dimensions: cube.dimensions.clone(),
            tables: self.tables.clone(),
            measures: self.count.measures.iter().map(|measure| measure.name.clone()).collect(),
            dates: cube.dates.clone(),
        }
    }

    fn sensitive_positions(&self, lattice: &Lattice) -> Result<Vec<(usize, Vec<usize>)>, RulesError> {
        self.sensitive.iter().map(|sensitive| sensitive.positions(lattice)).collect()
    }
}
