//! A release as map layers: one for each level and date, with readable attributes and stable feature ids.
//!
//! In: [`Release`]. Out: [`Layer`], which every format writes from, so that a feature has the same id, attributes and values
//! everywhere. Used by `tiling`, `export` and `report`.

mod bivariate;
mod classes;
mod corners;
mod field;
mod nodes;
mod outline;
mod palette;
mod symbology;
mod zoom;

pub use bivariate::{Pair, PairClass, PairRule, PairTheme};
pub use classes::{Class, Classes, Division, Histogram};
pub(crate) use corners::{Corner, Corners};
pub use field::Field;
pub(crate) use nodes::{CellNodes, Splits};
pub use outline::{CellLattice, LayerOutlines, Outlines, PIECE_M};
pub(crate) use palette::rgb;
pub use palette::{Palette, Ramp, Square};
pub(crate) use symbology::times;
pub use symbology::{ClassRule, Symbology, SymbologyError, Theme};
pub use zoom::ZoomPlan;

use crate::confidential::{Block, Lattice, Level, Release, Unit};

/// One level of one date, ready to be written.
#[derive(Clone, Debug)]
pub struct Layer<'r> {
    /// The layer's name in every format: the level's name, with `_` and the date behind it where the release has several dates.
    pub name: String,
    /// The geographic level.
    pub level: Level,
    /// The reference date, if the records have one.
    pub date: Option<&'r str>,
    /// What is published.
    pub lattice: &'r Lattice,
    /// Units and their numbers.
    pub block: &'r Block,
    /// Attributes, one for each of [`Lattice::columns`], in the same order.
    pub fields: Vec<Field>,
}

/// All layers of a release, dates ascending, grid sizes finest first, then area systems.
pub fn layers(release: &Release) -> Vec<Layer<'_>> {
    let lattice = &release.lattice;
    let fields = field::fields(lattice);
    let several_dates = lattice.dates.len() > 1;
    let layers = release.blocks.iter().map(|block| {
        let Block { date, level, .. } = *block;
        let date = lattice.dates[date].as_deref();
        let mut name = lattice.level_name(level);
        if let (true, Some(date)) = (several_dates, date) {
            name = format!("{name}_{date}");
        }
        Layer { name, level, date, lattice, block, fields: fields.clone() }
    });
    layers.collect()
}

impl Layer<'_> {
    /// The feature id, the same in every format and run: the packed cell id, or a 53-bit hash of the area system's name and the key.
    pub fn feature_id(&self, unit: Unit) -> u64 {
        match unit {
            Unit::Cell(cell) => cell.as_u64(),
            Unit::Area(_) => area_feature_id(&self.lattice.level_name(self.level), &self.unit_id(unit)),
        }
    }

    /// Whether cells of several sizes may stand beside each other: features then carry their side in metres as `size_m`.
    pub fn adaptive(&self) -> bool {
        self.lattice.adaptive(self.level)
    }

    /// What a feature carries as `size_m`; nothing in layers whose cells all have one size, and for areas.
    pub fn size_m(&self, unit: Unit) -> Option<u32> {
        match unit {
            Unit::Cell(cell) if self.adaptive() => Some(cell.size().metres()),
            _ => None,
        }
    }

    /// The cell code or area key.
    pub fn unit_id(&self, unit: Unit) -> String {
        self.lattice.unit_id(self.level, unit)
    }

    /// Appends [`Layer::unit_id`].
    pub fn write_unit_id(&self, unit: Unit, out: &mut Vec<u8>) {
        match unit {
            Unit::Cell(cell) => cell.write_code(out),
            Unit::Area(_) => out.extend_from_slice(self.unit_id(unit).as_bytes()),
        }
    }

    /// The area's name; cells have none.
    pub fn unit_label(&self, unit: Unit) -> Option<&str> {
        match (self.level, unit) {
            (Level::Areas(system), Unit::Area(area)) => Some(&self.lattice.systems[system].areas[area as usize].label),
            _ => None,
        }
    }
}

/// The feature id of an area: FNV-1a over `system`, a zero byte and `key`, folded to 53 bits.
pub(crate) fn area_feature_id(system: &str, key: &str) -> u64 {
    let bytes = system.bytes().chain([0]).chain(key.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    (hash >> 53) ^ (hash & ((1 << 53) - 1))
}

#[cfg(test)]
mod tests {
    use super::area_feature_id;

    #[test]
    fn area_ids_tell_leading_zeros_apart_and_fit_javascript() {
        assert_ne!(area_feature_id("gemeinde", "01056001"), area_feature_id("gemeinde", "1056001"));
        assert!(area_feature_id("gemeinde", "01056001") < 1 << 53);
    }
}
