//! Which grid size is shown at which zoom.
//!
//! The finest size whose side is at least 4 screen pixels. Finer cells would not be seen, and a full tile would hold more than 128 × 128 of them
//! (METHODS B1). At low zooms even the coarsest size is smaller than that; it stays while a cell keeps at least two tile units, below
//! which rounding to the tile's raster would make cells vanish.

use std::ops::RangeInclusive;

use rustc_hash::FxHashMap;

use crate::confidential::{Level, Release, Unit};
use crate::error::Error;
use crate::geodesy::{Projection, ReferenceSystem};
use crate::grid::{GridSize, GridSizes};

/// Length of the equator in Web Mercator, metres.
const EQUATOR_M: f64 = 40_075_016.685_578_49;
/// Screen pixels of a tile's side.
const TILE_PX: f64 = 512.0;
/// Tile units of a tile's side.
const TILE_UNITS: f64 = 4096.0;
/// 4 pixels, less 4 %: the scale of Web Mercator grows by a sixth from the south to the north of Germany, and 100 m are to be shown from zoom 11 in all
/// of it (3.86 pixels at 47.3° north).
const MIN_SIDE_PX: f64 = 3.85;
/// A square of two units still has four distinct corners at any rotation; of one unit, up to a tenth of them lose one (METHODS B1).
const MIN_SIDE_UNITS: f64 = 2.0;

/// The grid size of every zoom from 0 to [`ZoomPlan::MAX_ZOOM`].
///
/// A size that no zoom shows (250 m beside 500 m is shown, 200 m beside 100 m is not) is missing in tiles only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoomPlan([Option<GridSize>; Self::MAX_ZOOM as usize + 1]);

impl ZoomPlan {
    /// The last zoom that has tiles; programs enlarge its tiles for closer views.
    pub const MAX_ZOOM: u8 = 14;

    /// The plan for a release, by where the corners of its coarsest cells lie.
    ///
    /// # Errors
    /// None in practice: EPSG:3035 and WGS 84 are known.
    pub fn of(release: &Release) -> Result<Self, Error> {
        let to_lon_lat = Projection::new(&ReferenceSystem::etrs89_laea(), &ReferenceSystem::wgs84())?;
        let sizes = &release.lattice.sizes;
        // Of the corners above each other the lowest and the highest: in between latitude grows with the northing.
        let mut columns: FxHashMap<i32, (i32, i32)> = FxHashMap::default();
        for unit in release.blocks.iter().filter(|b| b.level == Level::Grid(sizes.coarsest())).flat_map(|b| &b.units) {
            let Unit::Cell(cell) = unit else { continue };
            for (easting_m, northing_m) in cell.corners_m() {
                let (low, high) = columns.entry(easting_m).or_insert((northing_m, northing_m));
                (*low, *high) = ((*low).min(northing_m), (*high).max(northing_m));
            }
        }
        let ends = columns.iter().flat_map(|(&easting_m, &(low_m, high_m))| [(easting_m, low_m), (easting_m, high_m)]);
        let place = |(easting_m, northing_m): (i32, i32)| to_lon_lat.exact(f64::from(easting_m), f64::from(northing_m));
        let mut found: Option<(f64, f64)> = None;
        for (_, lat_deg) in ends.filter_map(place) {
            let (south, north) = found.unwrap_or((lat_deg, lat_deg));
            found = Some((south.min(lat_deg), north.max(lat_deg)));
        }
        let (south_deg, north_deg) = found.unwrap_or((0.0, 0.0));
        Ok(Self::new(sizes, south_deg, north_deg))
    }

    /// The plan for data whose latitudes go from `south_deg` to `north_deg`.
    pub fn new(sizes: &GridSizes, south_deg: f64, north_deg: f64) -> Self {
        let scale = |lat_deg: f64| 1.0 / lat_deg.to_radians().cos();
        let middle = scale((south_deg + north_deg) / 2.0);
        let smallest = if south_deg <= 0.0 && north_deg >= 0.0 { 1.0 } else { scale(south_deg).min(scale(north_deg)) };
        let side = |size: GridSize, zoom: usize| f64::from(size.metres()) / EQUATOR_M * f64::from(1_u32 << zoom);
        let at = |zoom: usize| {
            if !sizes.published() {
                return None;
            }
            if zoom == usize::from(Self::MAX_ZOOM) {
                return Some(sizes.finest());
            }
            let seen = |size: &&GridSize| side(**size, zoom) * TILE_PX * middle >= MIN_SIDE_PX;
            let kept = |size: &GridSize| side(*size, zoom) * TILE_UNITS * smallest >= MIN_SIDE_UNITS;
            sizes.as_slice().iter().find(seen).copied().or(Some(sizes.coarsest())).filter(kept)
        };
        Self(std::array::from_fn(at))
    }

    /// The size shown at this zoom; `None` where even the coarsest cell is too small to draw.
    pub fn size_at(&self, zoom: u8) -> Option<GridSize> {
        self.0[usize::from(zoom.min(Self::MAX_ZOOM))]
    }

    /// The zooms that show this size; `None` if none does.
    pub fn zooms_of(&self, size: GridSize) -> Option<RangeInclusive<u8>> {
        let shows = |zoom: &u8| self.size_at(*zoom) == Some(size);
        let first = (0..=Self::MAX_ZOOM).find(shows)?;
        let last = (0..=Self::MAX_ZOOM).rfind(shows)?;
        Some(first..=last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(sizes_m: &[u32], lat_deg: f64) -> Vec<u32> {
        let plan = ZoomPlan::new(&GridSizes::new(sizes_m).unwrap(), lat_deg, lat_deg);
        (0..=ZoomPlan::MAX_ZOOM).map(|z| plan.size_at(z).map_or(0, GridSize::metres)).collect()
    }

    #[test]
    fn default_sizes_from_the_south_to_the_north_of_germany() {
        let expected = [0, 10000, 10000, 10000, 10000, 10000, 5000, 5000, 1000, 500, 500, 100, 100, 100, 100];
        for lat_deg in [47.3, 48.1, 50.9, 52.5, 53.7, 55.0] {
            assert_eq!(plan(&[100, 500, 1000, 5000, 10_000], lat_deg), expected, "at {lat_deg}°");
        }
    }

    #[test]
    fn three_sizes_as_in_methods_b1() {
        let expected = [0, 10000, 10000, 10000, 10000, 10000, 10000, 10000, 1000, 1000, 1000, 100, 100, 100, 100];
        assert_eq!(plan(&[100, 1000, 10_000], 52.5), expected);
    }

    #[test]
    fn the_coarsest_size_stays_down_to_two_units() {
        assert_eq!(plan(&[100], 52.5), [0, 0, 0, 0, 0, 0, 0, 100, 100, 100, 100, 100, 100, 100, 100]);
    }

    #[test]
    fn the_finest_size_is_always_shown_at_the_last_zoom() {
        assert_eq!(plan(&[10, 100], 52.5)[13..], [100, 10]);
    }

    #[test]
    fn zooms_of_a_size() {
        let plan = ZoomPlan::new(&GridSizes::default(), 52.0, 54.0);
        let zooms = |m| plan.zooms_of(GridSize::new(m).unwrap());
        assert_eq!([zooms(100), zooms(5000), zooms(250)], [Some(11..=14), Some(6..=7), None]);
    }
}
