//! What a release shows, number by number: for a later one that has to hold to it.

use std::path::Path;

use crate::audit::bundle::{Bundle, Date, Published};
use crate::audit::bundle_error::BundleError;
use crate::grid::CellId;

/// One date of a release.
pub struct Shown {
    /// Reference date.
    pub date: Option<String>,
    /// Table and group of each column, without sums of measures.
    pub columns: Vec<(String, String)>,
    /// Listed cells with their numbers column by column; `None` where withheld.
    pub cells: Vec<(CellId, Vec<Option<u32>>)>,
    /// Areas, by the names of area system and key.
    pub areas: Vec<((String, String), Vec<Option<u32>>)>,
    /// Numbers told beside other releases that this one withholds.
    pub withheld: Vec<String>,
    /// The smallest count that is shown; 0, if there is none.
    pub threshold: u64,
    /// Whether numbers are shown as they were counted.
    pub exact: bool,
}

/// Reads what the release in a folder shows. Cost: all its numbers in memory.
///
/// # Errors
/// If the folder holds no bundle.
pub fn shown(folder: &Path) -> Result<Vec<Shown>, BundleError> {
    let bundle = Bundle::read(folder)?;
    let width = bundle.columns.len();
    let withheld =
        bundle.parameters.get("withheld").map_or_else(Vec::new, |names| names.split(", ").map(str::to_owned).collect());
    let threshold = bundle.parameters.get("threshold").and_then(|threshold| threshold.parse().ok()).unwrap_or(0);
    let exact = matches!(bundle.method.as_str(), "suppress" | "none");
    let of_date = |date: &Date| Shown {
        date: date.name.clone(),
        columns: bundle.columns.clone(),
        cells: date.grids.iter().flat_map(|grid| rows(grid, width, |cell| *cell)).collect(),
        areas: (date.areas.iter().zip(&bundle.systems))
            .flat_map(|(areas, system)| rows(areas, width, |key| (system.clone(), key.to_string())))
            .collect(),
        withheld: withheld.clone(),
        threshold,
        exact,
    };
    Ok(bundle.dates.iter().map(of_date).collect())
}

fn rows<U, N>(published: &Published<U>, width: usize, name: impl Fn(&U) -> N) -> impl Iterator<Item = (N, Vec<Option<u32>>)> {
    // What is withheld, and no data, are below zero.
    let number = |&number: &i64| u32::try_from(number).ok();
    let rows = published.numbers.chunks(width).map(move |row| row.iter().map(number).collect());
    published.units.iter().map(name).zip(rows)
}
