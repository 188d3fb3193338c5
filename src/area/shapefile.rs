//! Shapefile: `.shp` with `.dbf`, and `.prj` and `.cpg` where they exist (ESRI Shapefile Technical Description, 1998).

use std::io::Cursor;
use std::path::Path;

use geo::algorithm::coordinate_position::{CoordPos, CoordinatePosition};
use geo::{Area as _, LineString, Polygon};
use shapefile::{PolygonRing, Shape, ShapeReader};

use super::attribute_table;
use super::error::AreaError;
use super::feature::{Feature, Features, ring};

/// The parts of one shapefile, in memory.
pub(super) struct Parts {
    pub(super) shp: Vec<u8>,
    pub(super) dbf: Option<Vec<u8>>,
    pub(super) prj: Option<Vec<u8>>,
    pub(super) cpg: Option<Vec<u8>>,
}

/// Reads shapes and attributes; `file` is the name that errors tell.
pub(super) fn read(file: &Path, parts: Parts) -> Result<Features, AreaError> {
    let malformed = |format, reason: String| AreaError::Malformed { file: file.to_owned(), format, reason };
    let dbf = parts.dbf.ok_or_else(|| AreaError::NoTable { file: file.to_owned() })?;
    let cpg = parts.cpg.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let rows = attribute_table::read(&dbf, cpg.as_deref()).map_err(|reason| malformed("dBase table (.dbf)", reason))?;
    let shapes = ShapeReader::new(Cursor::new(parts.shp))
        .and_then(ShapeReader::read)
        .map_err(|e| malformed("shapefile", e.to_string()))?;
    if shapes.len() != rows.len() {
        let reason = format!("{} shapes, but {} rows in the .dbf", shapes.len(), rows.len());
        return Err(malformed("shapefile", reason));
    }
    let with_row = shapes.into_iter().zip(rows).filter_map(|(shape, row)| Some((shape, row?)));
    let features = with_row.map(|(shape, attributes)| Feature { attributes, polygons: polygons(shape) }).collect();
    let reference_system =
        parts.prj.map(|bytes| String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').trim().to_owned());
    Ok(Features { features, reference_system, degrees_by_default: false })
}

/// The polygons of a shape; none where it has another kind.
pub(crate) fn polygons(shape: Shape) -> Vec<Polygon<f64>> {
    match shape {
        Shape::Polygon(p) => assemble(rings(p.into_inner(), |p| (p.x, p.y))),
        Shape::PolygonM(p) => assemble(rings(p.into_inner(), |p| (p.x, p.y))),
        Shape::PolygonZ(p) => assemble(rings(p.into_inner(), |p| (p.x, p.y))),
        _ => Vec::new(),
    }
}

fn rings<P>(rings: Vec<PolygonRing<P>>, xy: impl Fn(&P) -> (f64, f64)) -> Vec<LineString<f64>> {
    rings.iter().filter_map(|r| ring(r.points().iter().map(&xy).collect())).collect()
}

/// Clockwise rings are outlines, the others are holes of the smallest outline around them. A hole that lies in no outline is one
/// itself: some writers turn everything the wrong way.
fn assemble(rings: Vec<LineString<f64>>) -> Vec<Polygon<f64>> {
    let (mut outlines, mut holes) = (Vec::new(), Vec::new());
    for ring in rings {
        let polygon = Polygon::new(ring, vec![]);
        let area = polygon.signed_area();
        if area < 0.0 {
            outlines.push((-area, polygon));
        } else if area > 0.0 {
            holes.push((area, polygon));
        }
    }
    // Smallest first, so that the first outline found around a hole is its own.
    outlines.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut orphans = Vec::new();
    let mut polygons: Vec<(f64, Polygon<f64>)> = outlines;
    let bare: Vec<Polygon<f64>> = polygons.iter().map(|(_, p)| p.clone()).collect();
    for (area, hole) in holes {
        let around = (0..bare.len()).find(|&i| polygons[i].0 >= area && surrounds(&bare[i], &hole));
        match around {
            Some(i) => polygons[i].1.interiors_push(hole.into_inner().0),
            None => orphans.push(hole),
        }
    }
    polygons.into_iter().map(|(_, p)| p).chain(orphans).collect()
}

/// Decided by the first corner of the hole that is not on the outline: rings touch, but do not cross.
fn surrounds(outline: &Polygon<f64>, hole: &Polygon<f64>) -> bool {
    let positions = hole.exterior().coords().map(|corner| outline.coordinate_position(corner));
    positions.into_iter().find(|&p| p != CoordPos::OnBoundary).is_none_or(|p| p == CoordPos::Inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(west: f64, side: f64, clockwise: bool) -> LineString<f64> {
        let (w, e) = (west, west + side);
        let mut points = vec![(w, w), (w, e), (e, e), (e, w), (w, w)];
        if !clockwise {
            points.reverse();
        }
        LineString::from(points)
    }

    fn areas(rings: Vec<LineString<f64>>) -> Vec<f64> {
        assemble(rings).iter().map(geo::Area::unsigned_area).collect()
    }

    #[test]
    fn holes_go_to_the_smallest_outline_around_them() {
        let nested = vec![square(0.0, 10.0, true), square(1.0, 8.0, false), square(2.0, 6.0, true), square(3.0, 1.0, false)];
        assert_eq!(areas(nested), [35.0, 36.0]);
    }

    #[test]
    fn an_outline_the_wrong_way_round_is_an_outline() {
        assert_eq!(areas(vec![square(0.0, 2.0, false)]), [4.0]);
    }

    #[test]
    fn outlines_beside_each_other_are_two_parts() {
        assert_eq!(areas(vec![square(0.0, 1.0, true), square(5.0, 2.0, true)]), [1.0, 4.0]);
    }
}
