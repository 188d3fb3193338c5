//! The municipalities: totals by sex from `data/`, and their polygons in EPSG:25832 as whole centimetres.

use geojson::{FeatureCollection, GeometryValue};

use crate::error::Error;
use crate::geodesy::{Projection, ReferenceSystem};

pub(super) const BOUNDARIES: &str = include_str!("../../data/kreis_pinneberg_gemeinden.geojson");
const TOTALS: &str = include_str!("../../data/kreis_pinneberg_gemeinden.csv");

/// A point in EPSG:25832, whole centimetres.
pub(super) type Point = (i64, i64);

/// One municipality.
pub(super) struct Municipality {
    pub(super) males: u64,
    pub(super) females: u64,
    /// Where its main place lies, if that is inside the polygon.
    pub(super) centre: Point,
    /// Rings of all its polygons; a point is inside where an odd number of them surrounds it.
    rings: Vec<Vec<Point>>,
}

impl Municipality {
    /// South-west and north-east corner of the polygon.
    pub(super) fn bounds(&self) -> (Point, Point) {
        let points = || self.rings.iter().flatten();
        let (x, y) = (|p: &Point| p.0, |p: &Point| p.1);
        let low = (points().map(x).min().unwrap_or(0), points().map(y).min().unwrap_or(0));
        (low, (points().map(x).max().unwrap_or(0), points().map(y).max().unwrap_or(0)))
    }

    /// Whether the point lies inside and at least `margin_cm` from every border.
    pub(super) fn holds(&self, point: Point, margin_cm: i64) -> bool {
        let mut inside = false;
        for ring in &self.rings {
            for (&a, &b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                if (a.1 > point.1) != (b.1 > point.1) {
                    let left =
                        i128::from(b.0 - a.0) * i128::from(point.1 - a.1) - i128::from(point.0 - a.0) * i128::from(b.1 - a.1);
                    inside ^= (left > 0) == (b.1 > a.1);
                }
                if is_near(point, (a, b), margin_cm) {
                    return false;
                }
            }
        }
        inside
    }
}

/// Whether a point lies within `margin` of the line from `a` to `b`.
fn is_near(point: Point, (a, b): (Point, Point), margin: i64) -> bool {
    let beside = |p: i64, a: i64, b: i64| p < a.min(b) - margin || p > a.max(b) + margin;
    if beside(point.0, a.0, b.0) || beside(point.1, a.1, b.1) {
        return false;
    }
    let (dx, dy, px, py) = (b.0 - a.0, b.1 - a.1, point.0 - a.0, point.1 - a.1);
    let wide = i128::from;
    let (length2, along) = (wide(dx) * wide(dx) + wide(dy) * wide(dy), wide(px) * wide(dx) + wide(py) * wide(dy));
    let margin2 = wide(margin) * wide(margin);
    if along <= 0 || length2 == 0 {
        return wide(px) * wide(px) + wide(py) * wide(py) < margin2;
    }
    if along >= length2 {
        let (qx, qy) = (point.0 - b.0, point.1 - b.1);
        return wide(qx) * wide(qx) + wide(qy) * wide(qy) < margin2;
    }
    let across = wide(px) * wide(dy) - wide(py) * wide(dx);
    across * across < margin2 * length2
}

/// All municipalities, ascending by key.
pub(super) fn municipalities() -> Result<Vec<Municipality>, Error> {
    let projection = Projection::new(&ReferenceSystem::wgs84(), &ReferenceSystem::parse("EPSG:25832")?)?;
    // Centimetres: far coarser than the last digit in which machines may differ.
    let point = |lon: f64, lat: f64| {
        let (easting_m, northing_m) = projection.exact(lon, lat).expect("the district lies in zone 32");
        ((easting_m * 100.0).round() as i64, (northing_m * 100.0).round() as i64)
    };
    let collection: FeatureCollection = BOUNDARIES.parse().expect("the demo's boundaries are GeoJSON");
    let ring = |ring: &Vec<_>| {
        let mut points: Vec<Point> = ring.iter().map(|p: &geojson::Position| point(p[0], p[1])).collect();
        points.pop();
        points
    };
    let rings_of = |ags: &str| -> Vec<Vec<Point>> {
        let feature = collection.features.iter().find(|f| f.property("AGS").and_then(|v| v.as_str()) == Some(ags));
        match feature.and_then(|f| f.geometry.as_ref()).map(|g| &g.value) {
            Some(GeometryValue::Polygon { coordinates }) => coordinates.iter().map(ring).collect(),
            Some(GeometryValue::MultiPolygon { coordinates }) => coordinates.iter().flatten().map(ring).collect(),
            _ => unreachable!("every municipality of the demo has a boundary"),
        }
    };
    let municipality = |line: &str| {
        let columns: Vec<&str> = line.split(',').collect();
        let number = |i: usize| columns[i].parse::<f64>().expect("the demo's totals are numbers");
        let (lon_deg, lat_deg) = (number(6), number(7));
        Municipality {
            males: number(3) as u64,
            females: number(4) as u64,
            centre: point(lon_deg, lat_deg),
            rings: rings_of(columns[0]),
        }
    };
    Ok(TOTALS.lines().skip(1).filter(|line| !line.is_empty()).map(municipality).collect())
}
