//! What was released before of the same records: it stays told, and it stays withheld.
//!
//! A number that an earlier release shows cannot be withheld any more, so it protects nothing; one that an earlier release withholds must be
//! withheld again, and must not follow from what is new. With both, whoever has all releases has no more than one release that publishes
//! what any of them does.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::confidential::disclosure::rules::RulesError;
use crate::confidential::disclosure::system::State;
use crate::confidential::disclosure::units::Units;
use crate::confidential::lattice::Lattice;
use crate::grid::CellId;

/// One date of an earlier release. All of it is public.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Earlier {
    /// Reference date, as in [`Lattice::dates`].
    pub date: Option<String>,
    /// Table and group of each column, by name, without sums of measures.
    pub columns: Vec<(String, String)>,
    /// For each listed cell, its numbers column by column; `None` where withheld.
    pub cells: FxHashMap<CellId, Vec<Option<u32>>>,
    /// The same for areas, by the names of area system and the area's key.
    pub areas: FxHashMap<(String, String), Vec<Option<u32>>>,
    /// What it withholds below this must not follow from anything new either.
    pub threshold: u64,
    /// Numbers usually told beside a release that were withheld: `placed`, or `outside:` and the system's name.
    pub withheld: Vec<String>,
}

/// Keeps withheld what earlier releases withhold, and fixes what they show. Gives the known zeros that have to be withheld again.
///
/// # Errors
/// If an earlier release shows what must not be known.
pub(super) fn hold(
    units: &mut Units,
    lattice: &Lattice,
    (date, earlier): (usize, &[Earlier]),
) -> Result<FxHashSet<usize>, RulesError> {
    let mut zeros = FxHashSet::default();
    let len = units.system.entries.len;
    let columns = lattice.columns().into_iter().take_while(|column| column.measure.is_none());
    let names: Vec<(String, String)> = columns.map(|c| (lattice.table_name(&c), lattice.group_name(&c))).collect();
    for earlier in earlier.iter().filter(|earlier| earlier.date == lattice.dates[date]) {
        let column = |name| earlier.columns.iter().position(|own| own == name);
        let columns: Vec<Option<usize>> = names.iter().map(column).collect();
        let cells = units.cells.iter().flatten().filter_map(|(cell, unit)| Some((*unit, earlier.cells.get(cell)?)));
        let areas = lattice.systems.iter().zip(&units.areas).flat_map(|(system, units)| {
            let key = |area: &crate::area::Area| (system.name.clone(), area.key.clone());
            units.clone().zip(&system.areas).filter_map(move |(unit, area)| Some((unit, earlier.areas.get(&key(area))?)))
        });
        let rows: Vec<(u32, &Vec<Option<u32>>)> = cells.chain(areas).collect();
        for (unit, row) in rows {
            for (entry, column) in columns.iter().enumerate() {
                let Some(told) = column.and_then(|column| row.get(column)) else { continue };
                let at = unit as usize * len + entry;
                let (state, count) = (&mut units.system.states[at], units.system.counts[at]);
                match (*state, told) {
                    (State::Primary, Some(value)) if *value == count => return Err(RulesError::ToldBefore),
                    // Told once is told, whatever another release withholds.
                    (State::Published | State::Secondary, Some(value)) if *value == count && count > 0 => *state = State::Settled,
                    (State::Published | State::Secondary, None) => {
                        *state = if u64::from(count) < earlier.threshold { State::Primary } else { State::Secondary };
                    }
                    (State::Zero, None) => {
                        zeros.insert(at);
                    }
                    _ => {}
                }
            }
        }
        let outside =
            units.outside.iter().zip(&lattice.systems).map(|(&unit, system)| (unit, format!("outside:{}", system.name)));
        for (unit, name) in outside.chain([(units.whole, "placed".to_owned())]) {
            let state = &mut units.system.states[unit as usize * len + units.system.entries.total];
            if *state == State::Told {
                *state = if earlier.withheld.contains(&name) { State::Hidden } else { State::Settled };
            }
        }
    }
    Ok(zeros)
}
