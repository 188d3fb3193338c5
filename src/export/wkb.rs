//! Well-known binary geometry, little-endian.

use geo::{Coord, MultiPolygon};

const POLYGON: u32 = 3;
const MULTI_POLYGON: u32 = 6;

/// Appends a polygon of one ring.
pub(super) fn polygon(out: &mut Vec<u8>, ring: &[Coord<f64>]) {
    geometry(out, POLYGON, 1);
    points(out, ring);
}

/// Appends a multipolygon.
pub(super) fn multi_polygon(out: &mut Vec<u8>, area: &MultiPolygon<f64>) {
    geometry(out, MULTI_POLYGON, area.0.len());
    for polygon in area {
        geometry(out, POLYGON, 1 + polygon.interiors().len());
        for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
            points(out, &ring.0);
        }
    }
}

fn geometry(out: &mut Vec<u8>, kind: u32, parts: usize) {
    out.push(1);
    out.extend_from_slice(&kind.to_le_bytes());
    count(out, parts);
}

fn points(out: &mut Vec<u8>, ring: &[Coord<f64>]) {
    count(out, ring.len());
    for point in ring {
        out.extend_from_slice(&point.x.to_le_bytes());
        out.extend_from_slice(&point.y.to_le_bytes());
    }
}

fn count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&u32::try_from(count).expect("fewer than 2^32 parts").to_le_bytes());
}
