//! A tile's place in the pyramid, and the number PMTiles gives it.

use std::fmt;

/// A tile: zoom, column from the west, row from the north.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TileId {
    pub(super) zoom: u8,
    pub(super) x: u32,
    pub(super) y: u32,
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.zoom, self.x, self.y)
    }
}

impl TileId {
    /// Above this a tile has no number in PMTiles that fits 64 bits.
    pub(super) const MAX_ZOOM: u8 = 31;

    /// The tile with this number: all tiles of smaller zooms come first, then the Hilbert curve of the zoom (PMTiles v3, "Tile ID").
    pub(super) fn of_number(number: u64) -> Option<Self> {
        let mut rest = number;
        for zoom in 0..=Self::MAX_ZOOM {
            let tiles = 1_u64 << (2 * u32::from(zoom));
            if rest < tiles {
                let (x, y) = hilbert_place(zoom, rest);
                return Some(Self { zoom, x, y });
            }
            rest -= tiles;
        }
        None
    }

    /// West, south, east, north in degrees.
    pub(super) fn bounds_deg(self) -> [f64; 4] {
        let tiles = f64::from(2_u32.pow(u32::from(self.zoom).min(30)));
        let lon = |x: u32| f64::from(x) / tiles * 360.0 - 180.0;
        let lat = |y: u32| (std::f64::consts::PI * (1.0 - 2.0 * f64::from(y) / tiles)).sinh().atan().to_degrees();
        [lon(self.x), lat(self.y + 1), lon(self.x + 1), lat(self.y)]
    }
}

/// The place at `distance` along the Hilbert curve of 2^zoom × 2^zoom tiles, starting with the smallest square.
fn hilbert_place(zoom: u8, distance: u64) -> (u32, u32) {
    let (mut x, mut y, mut rest) = (0_u32, 0_u32, distance);
    for level in 0..zoom {
        let side = 1_u32 << level;
        let (east, south) = ((rest >> 1) as u32 & 1, (rest as u32 ^ (rest >> 1) as u32) & 1);
        if south == 0 {
            if east == 1 {
                (x, y) = (side - 1 - x, side - 1 - y);
            }
            (x, y) = (y, x);
        }
        (x, y) = (x + side * east, y + side * south);
        rest >>= 2;
    }
    (x, y)
}

#[cfg(test)]
mod tests {
    use super::TileId;

    #[test]
    fn numbers_of_the_specification() {
        let tile = |zoom, x, y| Some(TileId { zoom, x, y });
        assert_eq!(TileId::of_number(0), tile(0, 0, 0));
        assert_eq!(TileId::of_number(1), tile(1, 0, 0));
        assert_eq!(TileId::of_number(2), tile(1, 0, 1));
        assert_eq!(TileId::of_number(3), tile(1, 1, 1));
        assert_eq!(TileId::of_number(4), tile(1, 1, 0));
        assert_eq!(TileId::of_number(5), tile(2, 0, 0));
        assert_eq!(TileId::of_number(19_078_479), tile(12, 3423, 1763));
    }

    #[test]
    fn the_world_at_zoom_zero() {
        let [west, south, east, north] = TileId { zoom: 0, x: 0, y: 0 }.bounds_deg();
        assert!((west + 180.0).abs() < 1e-9 && (east - 180.0).abs() < 1e-9);
        assert!((north - 85.051_129).abs() < 1e-6 && (south + 85.051_129).abs() < 1e-6);
    }
}
