//! Geometries of binary formats as well-known binary in hexadecimal digits, which `position.geometry` reads.

use geo::{LineString, Polygon};

use super::geopackage::hexadecimal;

const POINT: u32 = 1;
const LINE: u32 = 2;
const POLYGON: u32 = 3;
const MULTIPOINT: u32 = 4;
const MULTIPOLYGON: u32 = 6;

/// A point.
pub(super) fn point(x: f64, y: f64) -> String {
    let mut bytes = head(POINT);
    coordinate(&mut bytes, x, y);
    hexadecimal(&bytes)
}

/// Several points.
pub(super) fn points(points: &[(f64, f64)]) -> String {
    let mut bytes = head(MULTIPOINT);
    count(&mut bytes, points.len());
    for &(x, y) in points {
        bytes.extend(head(POINT));
        coordinate(&mut bytes, x, y);
    }
    hexadecimal(&bytes)
}

/// Polygons.
pub(super) fn polygons(polygons: &[Polygon]) -> String {
    let mut bytes = head(MULTIPOLYGON);
    count(&mut bytes, polygons.len());
    for polygon in polygons {
        bytes.extend(head(POLYGON));
        count(&mut bytes, 1 + polygon.interiors().len());
        ring(&mut bytes, polygon.exterior());
        polygon.interiors().iter().for_each(|hole| ring(&mut bytes, hole));
    }
    hexadecimal(&bytes)
}

/// A geometry that is no position, such as a line: an empty line, so that the row is told as one without a position that can be used.
pub(super) fn no_position() -> String {
    let mut bytes = head(LINE);
    count(&mut bytes, 0);
    hexadecimal(&bytes)
}

fn head(kind: u32) -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend(kind.to_le_bytes());
    bytes
}

fn count(bytes: &mut Vec<u8>, of: usize) {
    bytes.extend(u32::try_from(of).expect("a geometry has fewer than four thousand million parts").to_le_bytes());
}

fn coordinate(bytes: &mut Vec<u8>, x: f64, y: f64) {
    bytes.extend(x.to_le_bytes());
    bytes.extend(y.to_le_bytes());
}

fn ring(bytes: &mut Vec<u8>, ring: &LineString) {
    count(bytes, ring.0.len());
    ring.0.iter().for_each(|corner| coordinate(bytes, corner.x, corner.y));
}
