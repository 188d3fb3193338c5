//! Places in the world of Web Mercator as 32-bit fixed point, and the tile raster of each zoom.
//!
//! The whole world is 2³² units wide, 9.3 mm of Web Mercator each; x grows to the east, y to the south. A place is rounded to this once. The
//! raster of a zoom follows by a shift, so whoever shares the place shares its raster point, in every tile and at every zoom (METHODS B1).

use rayon::prelude::*;

use crate::error::Error;
use crate::geodesy::{FittedProjection, Projection, ReferenceSystem};
use crate::tiling::TilingError;

/// Tile units of a tile's side: the extent of the vector tile specification.
pub(super) const EXTENT: i64 = 4096;
/// How far a tile looks beyond its border, tile units.
pub(super) const BUFFER: i64 = 64;
/// Half the width of the world, Web Mercator metres.
const HALF_M: f64 = 20_037_508.342_789_244;
/// The width of the world in fixed point.
const WORLD: f64 = 4_294_967_296.0;

/// Points projected in a row.
const PIECE: usize = 1 << 14;

/// A place: x to the east, y to the south.
pub(super) type WorldPoint = [u32; 2];

/// The raster coordinate of a place at a zoom of at most 19, counted from the world's north-west corner: round half up.
#[inline]
pub(super) fn at_zoom(world: u32, zoom: u8) -> i64 {
    let shift = 20 - u32::from(zoom);
    ((u64::from(world) + (1 << (shift - 1))) >> shift) as i64
}

/// World units of a tile's side at a zoom.
pub(super) fn tile_side(zoom: u8) -> f64 {
    WORLD / f64::from(1_u32 << zoom)
}

/// World units of one tile unit at a zoom.
pub(super) fn unit(zoom: u8) -> f64 {
    tile_side(zoom) / EXTENT as f64
}

/// The tiles of one axis whose buffered span touches the given raster span, both ends included: the first and the last.
#[inline]
pub(super) fn touched(min: i64, max: i64, zoom: u8) -> [u32; 2] {
    let last = (1_i64 << zoom) - 1;
    let tile = |raster: i64| raster.div_euclid(EXTENT).clamp(0, last) as u32;
    [tile(min - BUFFER), tile(max + BUFFER)]
}

/// A block of tiles: first and last column, first and last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TileBlock {
    pub(super) columns: [u32; 2],
    pub(super) rows: [u32; 2],
}

impl TileBlock {
    /// The tiles whose buffered square touches a box in the raster of the zoom: west, north, east, south.
    #[inline]
    pub(super) fn around([west, north, east, south]: [i64; 4], zoom: u8) -> Self {
        Self { columns: touched(west, east, zoom), rows: touched(north, south, zoom) }
    }

    /// Its tiles, as (x, y).
    pub(super) fn iter(self) -> impl Iterator<Item = (u32, u32)> {
        let Self { columns: [first, last], rows: [top, bottom] } = self;
        (first..=last).flat_map(move |x| (top..=bottom).map(move |y| (x, y)))
    }
}

/// From the systems of cells and outlines to the world, and back to degrees. ETRS89 is taken as WGS 84, as everywhere in web maps.
pub(super) struct World {
    from_3035: Projection,
    /// Within a millimetre, a ninth of the world's unit, at a twentieth of the time; the same for a point whatever other points there are.
    fitted_3035: FittedProjection,
    from_degrees: Projection,
    to_degrees: Projection,
}

impl World {
    pub(super) fn new() -> Result<Self, Error> {
        let (grid, degrees, mercator) =
            (ReferenceSystem::etrs89_laea(), ReferenceSystem::wgs84(), ReferenceSystem::web_mercator());
        Ok(Self {
            from_3035: Projection::new(&grid, &mercator)?,
            fitted_3035: FittedProjection::new(Projection::new(&grid, &mercator)?),
            from_degrees: Projection::new(&degrees, &mercator)?,
            to_degrees: Projection::new(&mercator, &degrees)?,
        })
    }

    /// The place of a point of the grid's plane.
    pub(super) fn of_3035(&self, easting_m: f64, northing_m: f64, layer: &str) -> Result<WorldPoint, TilingError> {
        fixed(self.from_3035.exact(easting_m, northing_m), layer)
    }

    /// The places of many points of the grid's plane, easting and northing.
    pub(super) fn all_of_3035(&self, points_m: &[(f64, f64)], layer: &str) -> Result<Vec<WorldPoint>, TilingError> {
        let piece = |points_m: &[(f64, f64)]| {
            let (mut xs, mut ys): (Vec<f64>, Vec<f64>) = points_m.iter().copied().unzip();
            self.fitted_3035.project(&mut xs, &mut ys);
            xs.into_iter().zip(ys).map(|place_m| fixed(Some(place_m), layer)).collect::<Result<Vec<_>, _>>()
        };
        let pieces = points_m.par_chunks(PIECE).map(piece).collect::<Result<Vec<_>, _>>()?;
        Ok(pieces.concat())
    }

    /// The place of a point in degrees.
    pub(super) fn of_degrees(&self, lon_deg: f64, lat_deg: f64, layer: &str) -> Result<WorldPoint, TilingError> {
        fixed(self.from_degrees.exact(lon_deg, lat_deg), layer)
    }

    /// Longitude and latitude of a place.
    pub(super) fn lon_lat_deg(&self, place: [f64; 2], layer: &str) -> Result<(f64, f64), TilingError> {
        let (x_m, y_m) = (place[0] / WORLD * 2.0 * HALF_M - HALF_M, HALF_M - place[1] / WORLD * 2.0 * HALF_M);
        self.to_degrees.exact(x_m, y_m).ok_or_else(|| TilingError::NotInWebMercator { layer: layer.to_owned() })
    }
}

fn fixed(mercator_m: Option<(f64, f64)>, layer: &str) -> Result<WorldPoint, TilingError> {
    let axis = |metres: f64| {
        let units = (metres / (2.0 * HALF_M) * WORLD + 0.5).floor();
        (0.0..WORLD).contains(&units).then_some(units as u32)
    };
    let place = mercator_m.and_then(|(x_m, y_m)| Some([axis(x_m + HALF_M)?, axis(HALF_M - y_m)?]));
    place.ok_or_else(|| TilingError::NotInWebMercator { layer: layer.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_half_up_at_every_zoom() {
        assert_eq!([0_u32, 31, 32, 95, 96].map(|w| at_zoom(w, 14)), [0, 0, 1, 1, 2]);
        assert_eq!(at_zoom(u32::MAX, 14), EXTENT << 14);
        assert_eq!(at_zoom(u32::MAX, 0), EXTENT);
    }

    #[test]
    fn a_span_touches_the_neighbour_within_the_buffer() {
        assert_eq!(touched(100, 200, 3), [0, 0]);
        assert_eq!(touched(4000, 4040, 3), [0, 1]);
        assert_eq!(touched(4150, 4200, 3), [0, 1]);
        assert_eq!(touched(4160, 4200, 3), [1, 1]);
        assert_eq!(touched(0, 4096 * 8, 3), [0, 7]);
    }

    #[test]
    fn known_places() {
        let world = World::new().unwrap();
        assert_eq!(world.of_degrees(0.0, 0.0, "").unwrap(), [1 << 31, 1 << 31]);
        // The false origin of EPSG:3035 is 52° N 10° E; Web Mercator there is x 1113194.91, y 6800125.45 m.
        let [x, y] = world.of_3035(4_321_000.0, 3_210_000.0, "").unwrap();
        assert_eq!((x, y), world.of_degrees(10.0, 52.0, "").map(|p| (p[0], p[1])).unwrap());
        let (lon, lat) = world.lon_lat_deg([f64::from(x), f64::from(y)], "").unwrap();
        assert!((lon - 10.0).abs() < 1e-7 && (lat - 52.0).abs() < 1e-7);
        assert!(world.of_degrees(0.0, 89.9, "").is_err());
    }

    #[test]
    fn many_places_at_once_are_those_of_each_to_a_unit() {
        let world = World::new().unwrap();
        let points_m: Vec<(f64, f64)> =
            (0..40_000).map(|i| (4_040_000.0 + f64::from(i % 200) * 3300.0, 2_690_000.0 + f64::from(i / 200) * 4200.0)).collect();
        let places = world.all_of_3035(&points_m, "").unwrap();
        let far = points_m.iter().zip(&places).filter(|&(&(easting_m, northing_m), place)| {
            let exact = world.of_3035(easting_m, northing_m, "").unwrap();
            assert!(exact[0].abs_diff(place[0]) <= 1 && exact[1].abs_diff(place[1]) <= 1);
            exact != *place
        });
        assert!(far.count() < 2000);
        assert_eq!(world.all_of_3035(&points_m[20_000..20_001], "").unwrap(), places[20_000..20_001]);
        assert!(world.all_of_3035(&[(f64::NAN, 0.0)], "").is_err());
    }
}
