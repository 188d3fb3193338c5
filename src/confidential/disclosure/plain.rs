//! Plain tables, without geography: cells in, a protected table with all margins out.
//!
//! A dimension's codes are its values, the groups of its hierarchy and [`TOTAL_CODE`]; the table is the product of all codes. A number with a
//! group in one dimension is the sum of those with the group's values, everything else alike: these sums are all the relations there are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::confidential::cube::CellKey;
use crate::confidential::disclosure::cell_key::Noise;
use crate::confidential::disclosure::entries::Entries;
use crate::confidential::disclosure::perturbation::{PerturbationParameters, PerturbationTable};
use crate::confidential::disclosure::plain_rounding::{Nest, Rounding};
use crate::confidential::disclosure::release::ProtectedCount;
use crate::confidential::disclosure::rules::{BASES, RulesError, Zeros};
use crate::confidential::disclosure::suppress::{complement, complement_found};
use crate::confidential::disclosure::system::{State, Sums, System};
use crate::confidential::records::Dialect;
use crate::confidential::secret::{Key, Purpose};
use crate::confidential::text_table::TextTable;
use crate::error::{Error, Failure, Kind, Language};
use crate::say;

/// The code for all values of a dimension.
const TOTAL_CODE: &str = "Total";

/// More numbers than anyone reads, and than fit in memory with their sums.
const MOST_NUMBERS: usize = 20_000_000;

/// How a plain table is protected.
#[derive(Clone, Debug, PartialEq)]
pub enum PlainMethod {
    /// Every count from 1 to `threshold` − 1 (with secret zeros from 0) is withheld, and more until none of these can be found out.
    ///
    /// Guarantee: as of [`crate::confidential::Method::Suppress`], over all sums of the table.
    Suppress {
        /// The smallest count that may be published.
        threshold: u64,
        /// Whether zeros are published.
        zeros: Zeros,
    },
    /// Unbiased controlled rounding: every cell of 1 to `base` − 1 becomes 0 or `base`, larger ones stay, and everything is a sum of cells.
    ///
    /// Guarantee: all margins add up, and no number is published as 1 to `base` − 1. In a table of one or two dimensions of which at most one has
    /// groups, and these nested, every number is less than `base` away from the truth. In others this holds for the values and groups of the first
    /// dimension; for each of its values with the groups of the next, the next two, and so on; for these without the first; and for groups of the first with
    /// the finest groups of all others. Over keys, every number is right on average. The same key and table give the same numbers.
    Round {
        /// What small cells become, or 0; 3 to 1000.
        base: u32,
        /// The secret.
        key: Key,
    },
    /// Noise looked up by the count and the cell key, as in the German census.
    ///
    /// A table has no records, so a cell's key is a keyed hash of its codes and its count; the key of a margin is the sum of those of its cells.
    /// Guarantee: the same cells with the same counts have the same noise in every margin and in every table with these dimensions, in any order of
    /// columns. Otherwise as of [`crate::confidential::Method::CellKey`].
    CellKey {
        /// D, V and js.
        parameters: PerturbationParameters,
        /// The secret.
        key: Key,
    },
}

/// A plain table to protect.
#[derive(Clone, Debug)]
pub struct PlainSpec {
    /// The file: one row a cell, or several that are added up. Combinations without a row are zero.
    pub file: PathBuf,
    /// How the files are written.
    pub dialect: Dialect,
    /// Columns that tell the cells apart.
    pub dims: Vec<String>,
    /// Files that give the groups of a dimension's values: its name first, then one column a level.
    pub hierarchies: Vec<PathBuf>,
    /// The column of the counts.
    pub count: String,
    /// The method.
    pub method: PlainMethod,
}

/// All numbers of a protected table.
#[derive(Clone, Debug)]
pub struct ProtectedTable {
    /// Names of the dimensions.
    pub dims: Vec<String>,
    /// For each dimension its codes: values and groups in the order of the alphabet, then `Total`.
    pub codes: Vec<Vec<String>>,
    /// One number for each combination of codes, the last dimension running fastest.
    pub numbers: Vec<ProtectedCount>,
}

/// A table protected by `suppress` as an attacker has it.
#[derive(Clone, Copy, Debug)]
pub struct ShownTable<'t> {
    /// All numbers; withheld ones have no value.
    pub numbers: &'t [ProtectedCount],
    /// Positions of numbers that are the sum of others, and of these.
    pub sums: &'t [(u32, Vec<u32>)],
    /// Whether every withheld number is known to be at least one.
    pub no_zero_withheld: bool,
}

/// A dimension's codes, and the values that each of them holds.
struct Codes {
    names: Vec<String>,
    /// Position of each value among the codes.
    at: BTreeMap<String, usize>,
    /// For groups and the total, in the order in which they are summed: the position and those of the values.
    sums: Vec<(usize, Vec<usize>)>,
}

/// Protects a plain table.
///
/// `attack` gives the positions of withheld numbers that are exactly known; as long as one of them is protected, more is withheld.
///
/// Cost: a second for ten thousand numbers, about, where a third of them is withheld.
///
/// # Errors
/// If a file does not hold what is asked for, or the rules cannot be followed.
pub fn protect_table(spec: &PlainSpec, attack: impl Fn(ShownTable<'_>) -> Vec<usize>) -> Result<ProtectedTable, Error> {
    let table = TextTable::read(&spec.file, &spec.dialect)?;
    let columns = spec.dims.iter().map(|d| table.column(d)).collect::<Result<Vec<_>, _>>()?;
    let mut codes: Vec<Codes> = columns.iter().map(|&c| Codes::of_values(table.rows.iter().map(|row| &row[c]))).collect();
    for file in &spec.hierarchies {
        let hierarchy = TextTable::read(file, &spec.dialect)?;
        let dim = spec.dims.iter().position(|d| *d == hierarchy.columns[0]);
        let dim = dim.ok_or_else(|| PlainError::NoDimension { file: file.clone(), column: hierarchy.columns[0].clone() })?;
        codes[dim].add_groups(&hierarchy)?;
    }
    for (codes, &column) in codes.iter_mut().zip(&columns) {
        codes
            .add_total()
            .map_err(|()| PlainError::TotalAmongValues { file: spec.file.clone(), column: table.columns[column].clone() })?;
    }
    let sizes: Vec<usize> = codes.iter().map(|c| c.names.len()).collect();
    let numbers = sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    let len = numbers.filter(|&len| len <= MOST_NUMBERS).ok_or(PlainError::TooLarge { file: spec.file.clone() })?;

    let count = table.column(&spec.count)?;
    let mut counts = vec![0_u64; len];
    for row in 0..table.rows.len() {
        let value = table.count(row, count)?;
        let value = value.ok_or_else(|| PlainError::Empty { file: spec.file.clone(), row: table.row_number(row) })?;
        let at = columns.iter().zip(&codes).fold(0, |at, (&c, codes)| at * codes.names.len() + codes.at[&table.rows[row][c]]);
        counts[at] += value.unsigned_abs();
    }
    let sums = sums(&codes, &sizes);
    for (whole, parts) in &sums {
        counts[*whole as usize] = parts.iter().map(|&part| counts[part as usize]).sum();
    }
    let layout = Layout { dims: &spec.dims, codes: &codes, sizes: &sizes };
    let numbers = match &spec.method {
        PlainMethod::Suppress { threshold, zeros } => {
            let counts = counts.iter().map(|&c| u32::try_from(c)).collect::<Result<Vec<u32>, _>>();
            suppressed(&counts.map_err(|_| RulesError::TooManyRecords)?, &sums, (*threshold, *zeros), attack)?
        }
        PlainMethod::Round { base, key } => layout.rounded(counts, &sums, *base, key)?,
        PlainMethod::CellKey { parameters, key } => layout.noisy(&counts, &sums, *parameters, key)?,
    };
    Ok(ProtectedTable { dims: spec.dims.clone(), codes: codes.into_iter().map(|c| c.names).collect(), numbers })
}

/// Positions of sums and of their parts; a number is summed before it is a part.
fn sums(codes: &[Codes], sizes: &[usize]) -> Vec<(u32, Vec<u32>)> {
    let len: usize = sizes.iter().product();
    let groups: Vec<FxHashMap<usize, &Vec<usize>>> =
        codes.iter().map(|c| c.sums.iter().map(|(at, parts)| (*at, parts)).collect()).collect();
    let mut sums = Vec::new();
    for number in 0..len {
        let (mut rest, mut stride) = (number, 1);
        let mut positions = Vec::with_capacity(sizes.len());
        for &size in sizes.iter().rev() {
            positions.push((rest % size, stride));
            rest /= size;
            stride *= size;
        }
        positions.reverse();
        let summed = positions.iter().zip(&groups).filter(|((at, _), groups)| groups.contains_key(at)).count();
        for (&(at, stride), groups) in positions.iter().zip(&groups) {
            if let Some(values) = groups.get(&at) {
                let parts = values.iter().map(|&value| (number - at * stride + value * stride) as u32).collect();
                sums.push((summed, number as u32, parts));
            }
        }
    }
    // Parts are sums in one dimension fewer.
    sums.sort_by_key(|sum| sum.0);
    sums.into_iter().map(|(_, whole, parts)| (whole, parts)).collect()
}

/// How the numbers of a table are laid out.
struct Layout<'t> {
    dims: &'t [String],
    codes: &'t [Codes],
    sizes: &'t [usize],
}

impl Layout<'_> {
    /// How far apart numbers lie that differ by one code in a dimension.
    fn stride(&self, dim: usize) -> usize {
        self.sizes[dim + 1..].iter().product()
    }

    /// What a number is called in draws and cell keys: the same in every table with these dimensions, whatever its other codes and order.
    fn name(&self, number: usize) -> Vec<u8> {
        let code = |dim: usize| &self.codes[dim].names[number / self.stride(dim) % self.sizes[dim]];
        let mut parts: Vec<(&String, &String)> = self.dims.iter().enumerate().map(|(dim, name)| (name, code(dim))).collect();
        parts.sort_unstable();
        // Lengths keep texts with any signs in them apart.
        let text = |text: &String| [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat();
        parts.into_iter().flat_map(|(dim, code)| [text(dim), text(code)].concat()).collect()
    }

    fn rounded(
        &self,
        mut counts: Vec<u64>,
        sums: &[(u32, Vec<u32>)],
        base: u32,
        key: &Key,
    ) -> Result<Vec<ProtectedCount>, RulesError> {
        if !BASES.contains(&base) {
            return Err(RulesError::Base);
        }
        let nest = |codes: &Codes| Nest::new(codes.at.len(), codes.names.len() - 1, &codes.sums);
        let others = (1..self.codes.len()).map(|dim| (nest(&self.codes[dim]), self.stride(dim)));
        let rest = others.fold(None, |before: Option<Nest>, (nest, stride)| {
            Some(before.map_or_else(|| Nest::single().then(0, &nest, stride), |before| before.then(1, &nest, stride)))
        });
        let (spine, hash) = (nest(&self.codes[0]), key.hash_for(Purpose::Rounding));
        let rest = rest.unwrap_or_else(Nest::single);
        let rounding = Rounding { counts: &counts, spine: (&spine, self.stride(0)), rest: &rest, base, hash };
        for (at, up) in rounding.raised(|number| hash.of_bytes(&self.name(number))) {
            counts[at] = if up { u64::from(base) } else { 0 };
        }
        for (whole, parts) in sums {
            counts[*whole as usize] = parts.iter().map(|&part| counts[part as usize]).sum();
        }
        Ok(counts.into_iter().map(|count| ProtectedCount::published(count as i64)).collect())
    }

    fn noisy(
        &self,
        counts: &[u64],
        sums: &[(u32, Vec<u32>)],
        parameters: PerturbationParameters,
        key: &Key,
    ) -> Result<Vec<ProtectedCount>, RulesError> {
        let noise = Noise::of(&PerturbationTable::solve(parameters).map_err(RulesError::Perturbation)?);
        let hash = key.hash_for(Purpose::TableCells);
        let is_cell = |number: usize| {
            self.codes.iter().enumerate().all(|(dim, codes)| number / self.stride(dim) % self.sizes[dim] < codes.at.len())
        };
        let key_of = |number: usize| match counts[number] {
            count if count > 0 && is_cell(number) => {
                CellKey::of(hash.of_bytes(&[&self.name(number)[..], &count.to_le_bytes()].concat()))
            }
            _ => CellKey::default(),
        };
        let mut keys: Vec<CellKey> = (0..counts.len()).map(key_of).collect();
        for (whole, parts) in sums {
            keys[*whole as usize] = parts.iter().fold(CellKey::default(), |sum, &part| sum.with(keys[part as usize]));
        }
        Ok(counts.iter().zip(keys).map(|(&count, key)| ProtectedCount::published(noise.perturb(count, key))).collect())
    }
}

fn suppressed(
    counts: &[u32],
    sums: &[(u32, Vec<u32>)],
    (threshold, zeros): (u64, Zeros),
    attack: impl Fn(ShownTable<'_>) -> Vec<usize>,
) -> Result<Vec<ProtectedCount>, RulesError> {
    if threshold == 0 {
        return Err(RulesError::ThresholdZero);
    }
    let mut relations = Sums::default();
    sums.iter().for_each(|(whole, parts)| relations.push(*whole, parts.iter().copied()));
    let mut system = System::new(Arc::new(Entries::single()), counts.to_vec(), relations, Vec::new());
    // Each number is a unit by itself, and what is not zero is known not to be.
    system.listed = zeros == Zeros::Public;
    for (state, &count) in system.states.iter_mut().zip(counts) {
        *state = match (count, zeros) {
            (0, Zeros::Public) => State::Zero,
            _ if u64::from(count) < threshold => State::Primary,
            _ => State::Published,
        };
    }
    complement(&mut system)?;
    let protected = |(&count, state): (&u32, &State)| {
        if state.known() { ProtectedCount::published(i64::from(count)) } else { ProtectedCount::SUPPRESSED }
    };
    let shown = |system: &System| -> Vec<ProtectedCount> { counts.iter().zip(&system.states).map(protected).collect() };
    complement_found(&mut system, |system| {
        let no_zero_withheld = counts.iter().zip(&system.states).all(|(&count, state)| count > 0 || state.known());
        attack(ShownTable { numbers: &shown(system), sums, no_zero_withheld })
    })?;
    Ok(shown(&system))
}

impl Codes {
    fn of_values<'v>(values: impl Iterator<Item = &'v String>) -> Self {
        let values: BTreeSet<&String> = values.collect();
        let names: Vec<String> = values.into_iter().cloned().collect();
        let at = names.iter().enumerate().map(|(at, name)| (name.clone(), at)).collect();
        Self { names, at, sums: Vec::new() }
    }

    /// Groups of all levels; a level whose name is that of a value stands for something else, and is refused.
    fn add_groups(&mut self, hierarchy: &TextTable) -> Result<(), PlainError> {
        let mut groups: BTreeMap<String, (usize, Vec<usize>)> = BTreeMap::new();
        let listed: FxHashMap<&String, &Vec<String>> = hierarchy.rows.iter().map(|row| (&row[0], row)).collect();
        for (value, &at) in &self.at {
            let row = listed.get(value).ok_or_else(|| PlainError::NotInHierarchy { hierarchy: hierarchy.file.clone() })?;
            for (level, group) in row.iter().enumerate().skip(1).filter(|(_, group)| !group.is_empty()) {
                let (first_level, values) = groups.entry(group.clone()).or_insert((level, Vec::new()));
                if *first_level != level || self.at.contains_key(group) || group == TOTAL_CODE {
                    return Err(PlainError::SameName { hierarchy: hierarchy.file.clone() });
                }
                values.push(at);
            }
        }
        for (group, (_, values)) in groups {
            if self.names.contains(&group) {
                return Err(PlainError::SameName { hierarchy: hierarchy.file.clone() });
            }
            self.sums.push((self.names.len(), values));
            self.names.push(group);
        }
        Ok(())
    }

    fn add_total(&mut self) -> Result<(), ()> {
        if self.at.contains_key(TOTAL_CODE) {
            return Err(());
        }
        self.sums.push((self.names.len(), self.at.values().copied().collect()));
        self.names.push(TOTAL_CODE.to_owned());
        Ok(())
    }
}

/// Why a plain table cannot be protected.
#[derive(Debug)]
pub(super) enum PlainError {
    /// A hierarchy's first column is no dimension.
    NoDimension {
        /// The hierarchy's file.
        file: PathBuf,
        /// Its first column.
        column: String,
    },
    /// The table has margins already.
    TotalAmongValues {
        /// The file.
        file: PathBuf,
        /// The column.
        column: String,
    },
    /// The product of all codes is too large.
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// A count is missing.
    Empty {
        /// The file.
        file: PathBuf,
        /// Row as a spreadsheet counts.
        row: u64,
    },
    /// A value has no row in the hierarchy.
    NotInHierarchy {
        /// The hierarchy's file.
        hierarchy: PathBuf,
    },
    /// A group is named like a value or like a group of another level.
    SameName {
        /// The hierarchy's file.
        hierarchy: PathBuf,
    },
}

impl Failure for PlainError {
    fn kind(&self) -> Kind {
        match self {
            Self::NoDimension { .. } => Kind::Usage,
            _ => Kind::Check,
        }
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::NoDimension { file, column } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: its first column {column} is none of --dims; name it like the dimension whose groups it gives",
                    "{file}: die erste Spalte {column} ist keine von --dims; sie muss wie die Dimension heißen, deren Gruppen sie nennt"
                )
            }
            Self::TotalAmongValues { file, column } => {
                let file = file.display();
                say!(
                    language,
                    "{file}, column {column}: has rows with Total; give the cells only, the margins are added up here",
                    "{file}, Spalte {column}: enthält Zeilen mit Total; nur die Zellen angeben, die Randsummen werden hier gebildet"
                )
            }
            Self::TooLarge { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: more than 20 million numbers with all margins; name fewer --dims or group their values first",
                    "{file}: mehr als 20 Millionen Zahlen mit allen Randsummen; weniger --dims angeben oder Werte vorher zusammenfassen"
                )
            }
            Self::Empty { file, row } => {
                let file = file.display();
                say!(
                    language,
                    "{file}, row {row}: the count is missing; to protect a table all its counts are needed",
                    "{file}, Zeile {row}: die Anzahl fehlt; zum Schützen einer Tabelle werden alle Anzahlen gebraucht"
                )
            }
            Self::NotInHierarchy { hierarchy } => {
                let hierarchy = hierarchy.display();
                say!(
                    language,
                    "{hierarchy}: a value of the table is not in its first column; add a row for it",
                    "{hierarchy}: ein Wert der Tabelle steht nicht in der ersten Spalte; eine Zeile dafür ergänzen"
                )
            }
            Self::SameName { hierarchy } => {
                let hierarchy = hierarchy.display();
                say!(
                    language,
                    "{hierarchy}: a group is named like a value, like Total, or like a group of another level; give it a name of its own",
                    "{hierarchy}: eine Gruppe heißt wie ein Wert, wie Total oder wie eine Gruppe einer anderen Ebene; einen eigenen Namen geben"
                )
            }
        }
    }
}
