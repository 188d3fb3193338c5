//! Area systems: named polygons that people report by (municipalities, school districts, own Sozialräume).
//!
//! In: boundary files in any reference system. Out: [`AreaSystem`], whose areas are found by point or by cell. Uses `geodesy` and `grid`;
//! used by `confidential` (to count by area) and by `layer` (to draw).

use geo::MultiPolygon;

/// One named area. Features of the boundary file with the same key are one area.
#[derive(Clone, Debug)]
pub struct Area {
    /// The key, as text with leading zeros (AGS, own code).
    pub key: String,
    /// The name for readers; the key where the file has none.
    pub label: String,
    /// Outline in EPSG:3035, metres, x = easting; edges split so that they follow the source's straight edges within 1 mm.
    pub outline_3035_m: MultiPolygon<f64>,
    /// Outline in WGS 84, degrees, x = longitude.
    pub outline_lon_lat_deg: MultiPolygon<f64>,
}

/// Named polygons, ascending by key.
#[derive(Clone, Debug)]
pub struct AreaSystem {
    /// Technical name: the level's name in every output.
    pub name: String,
    /// Name for readers.
    pub label: String,
    /// The areas, ascending by key, no key twice.
    pub areas: Vec<Area>,
}
