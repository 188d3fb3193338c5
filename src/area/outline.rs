//! Outlines out of the file's reference system: straight edges stay where they were, within a tolerance.
//!
//! An edge that is straight in the source is a curve after projection. It is split at midpoints, taken in the source, until the chord is
//! close enough. The midpoint of a shared edge is the same from both sides, so neighbours stay neighbours to the last bit.

use geo::{Coord, LineString, MultiPolygon, Orient, Polygon, orient::Direction};

use super::feature::ring;
use crate::geodesy::Projection;

/// How far a chord in EPSG:3035 may be from the source's straight edge.
pub(super) const TOLERANCE_M: f64 = 0.001;
/// The same for outlines in degrees, which are for drawing: about 0.1 m.
pub(super) const TOLERANCE_DEG: f64 = 1e-6;

/// Edges from 50 m on are tested. Below, the sagitta of a parallel is L² · tan φ / 8 R, less than 1 mm up to 72° of latitude.
pub(super) const SHORT_M: f64 = 50.0;
/// The same in degrees.
pub(super) const SHORT_DEG: f64 = 5e-4;
/// Edges longer than 10 km are always split: a curve may cross its chord in the middle.
const LONG_PER_SHORT: f64 = 200.0;

/// One way to draw outlines: a projection and how closely to follow edges.
pub(super) struct Outliner<'a> {
    pub(super) projection: &'a Projection,
    pub(super) tolerance: f64,
    /// Edges shorter than this are never split.
    pub(super) short: f64,
}

impl Outliner<'_> {
    /// Outer rings counter-clockwise, holes clockwise. `None` if a corner cannot be projected.
    pub(super) fn project(&self, polygons: &[Polygon<f64>]) -> Option<MultiPolygon<f64>> {
        let mut parts = Vec::with_capacity(polygons.len());
        for polygon in polygons {
            let Some(outer) = self.ring(polygon.exterior())? else { continue };
            let mut holes = Vec::with_capacity(polygon.interiors().len());
            for hole in polygon.interiors() {
                holes.extend(self.ring(hole)?);
            }
            parts.push(Polygon::new(outer, holes).orient(Direction::Default));
        }
        Some(MultiPolygon(parts))
    }

    fn ring(&self, source: &LineString<f64>) -> Option<Option<LineString<f64>>> {
        let mut points = Vec::with_capacity(source.0.len());
        let mut last: Option<(Coord<f64>, (f64, f64))> = None;
        for &corner in source.coords() {
            let point = self.at(corner)?;
            if let Some((from, from_point)) = last {
                self.split((from, from_point), (corner, point), 0, &mut points)?;
            }
            points.push(point);
            last = Some((corner, point));
        }
        Some(ring(points))
    }

    fn at(&self, corner: Coord<f64>) -> Option<(f64, f64)> {
        self.projection.exact(corner.x, corner.y).filter(|(x, y)| x.is_finite() && y.is_finite())
    }

    /// Adds the points between two corners, without them.
    fn split(
        &self,
        a: (Coord<f64>, (f64, f64)),
        b: (Coord<f64>, (f64, f64)),
        depth: u32,
        points: &mut Vec<(f64, f64)>,
    ) -> Option<()> {
        let length = (a.1.0 - b.1.0).hypot(a.1.1 - b.1.1);
        if length < self.short || depth > 20 {
            return Some(());
        }
        let middle = Coord { x: (a.0.x + b.0.x) / 2.0, y: (a.0.y + b.0.y) / 2.0 };
        let point = self.at(middle)?;
        let chord = ((a.1.0 + b.1.0) / 2.0, (a.1.1 + b.1.1) / 2.0);
        let away = (point.0 - chord.0).hypot(point.1 - chord.1);
        if length > self.short * LONG_PER_SHORT || away > self.tolerance {
            self.split(a, (middle, point), depth + 1, points)?;
            points.push(point);
            self.split((middle, point), b, depth + 1, points)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geodesy::ReferenceSystem;

    #[test]
    fn a_long_parallel_is_followed_within_a_millimetre() {
        let projection = Projection::new(&ReferenceSystem::wgs84(), &ReferenceSystem::etrs89_laea()).unwrap();
        let outliner = Outliner { projection: &projection, tolerance: TOLERANCE_M, short: SHORT_M };
        let ring = vec![(9.0, 54.0), (9.5, 54.0), (9.5, 54.01), (9.0, 54.0)];
        let outline = outliner.project(&[Polygon::new(LineString::from(ring), vec![])]).unwrap();
        let exterior = outline.0[0].exterior();
        for step in 0..=1000 {
            let (x, y) = projection.exact(9.0 + 0.5 * f64::from(step) / 1000.0, 54.0).unwrap();
            let nearest = exterior.lines().map(|l| distance(l.start, l.end, Coord { x, y })).fold(f64::INFINITY, f64::min);
            assert!(nearest < 0.001, "{nearest}");
        }
    }

    fn distance(a: Coord<f64>, b: Coord<f64>, p: Coord<f64>) -> f64 {
        let d = b - a;
        let t = (((p.x - a.x) * d.x + (p.y - a.y) * d.y) / (d.x * d.x + d.y * d.y)).clamp(0.0, 1.0);
        (p.x - a.x - t * d.x).hypot(p.y - a.y - t * d.y)
    }

    #[test]
    fn both_sides_of_an_edge_get_the_same_points() {
        let projection = Projection::new(&ReferenceSystem::wgs84(), &ReferenceSystem::etrs89_laea()).unwrap();
        let outliner = Outliner { projection: &projection, tolerance: TOLERANCE_M, short: SHORT_M };
        let (a, b) = (Coord { x: 9.01, y: 53.97 }, Coord { x: 9.73, y: 53.61 });
        let points = |from, to| {
            let mut points = Vec::new();
            outliner.split((from, outliner.at(from).unwrap()), (to, outliner.at(to).unwrap()), 0, &mut points).unwrap();
            points
        };
        let (there, mut back) = (points(a, b), points(b, a));
        back.reverse();
        assert!(there.len() > 100);
        assert_eq!(there, back);
    }
}
