//! Releases of methods that change numbers rather than withhold them: `round` and `cell-key`.
//!
//! Exact numbers of records beside the release would undo part of what was changed, so all of them are named as `withheld`. With `round` the
//! rounded ones can be had from the release itself: the sum of the coarsest cells, and that less the areas of a system.

use std::ops::Range;

use crate::confidential::cube::{CellKey, Cube};
use crate::confidential::disclosure::cell_key::Noise;
use crate::confidential::disclosure::perturbation::PerturbationTable;
use crate::confidential::disclosure::release::{Block, Release, ZEROS_MAY_BE_SMALL_COUNTS};
use crate::confidential::disclosure::rounding::rounded;
use crate::confidential::disclosure::rules::{Method, Rules, RulesError};
use crate::confidential::disclosure::tabulate::Tabulation;
use crate::confidential::lattice::Lattice;
use crate::confidential::secret::Purpose;
use crate::progress::Progress;

/// Changes and publishes; the rules are checked.
pub(super) fn perturbed(cube: &Cube, lattice: Lattice, rules: &Rules, progress: &dyn Progress) -> Result<Release, RulesError> {
    let mut blocks = Vec::new();
    for date in 0..lattice.dates.len() {
        let tabulation = Tabulation::new(cube, &lattice, date);
        blocks.extend(match &rules.method {
            Method::Round { base, key } => {
                let atoms = tabulation.atoms.clone();
                let counts = rounded(cube, &lattice, atoms.clone(), *base, key.hash_for(Purpose::Rounding));
                tabulation.blocks(|sum: &mut u64, atom| *sum += counts[atom - atoms.start], |&sum| sum as i64)
            }
            Method::CellKey { parameters, .. } => {
                let noise = Noise::of(&PerturbationTable::solve(*parameters).map_err(RulesError::Perturbation)?);
                noisy(cube, &tabulation, &noise)?
            }
            Method::Suppress { .. } | Method::None { .. } => unreachable!("these do not change numbers"),
        });
        progress.advance(1);
    }
    let outside = lattice.systems.iter().map(|system| format!("outside:{}", system.name));
    let withheld: Vec<String> = std::iter::once("placed".to_owned()).chain(outside).collect();
    let mut parameters = Vec::new();
    match &rules.method {
        Method::Round { base, .. } => parameters.push(("base", base.to_string())),
        Method::CellKey { parameters: table, .. } => parameters.extend(table.told()),
        Method::Suppress { .. } | Method::None { .. } => {}
    }
    parameters.push(("zeros", ZEROS_MAY_BE_SMALL_COUNTS.to_owned()));
    parameters.push(("withheld", withheld.join(", ")));
    Ok(Release { lattice, blocks, method: rules.method.name(), parameters })
}

fn noisy(cube: &Cube, tabulation: &Tabulation<'_>, noise: &Noise) -> Result<Vec<Block>, RulesError> {
    let Range { start, end } = tabulation.atoms;
    let keys = cube.record_keys.get(start..end).ok_or(RulesError::IdMissing)?;
    let add = |sum: &mut (u64, CellKey), atom: usize| {
        sum.0 += cube.counts[atom].expose();
        sum.1 = sum.1.with(keys[atom - start]);
    };
    Ok(tabulation.blocks(add, |&(count, key)| noise.perturb(count, key)))
}

#[cfg(test)]
mod tests;
