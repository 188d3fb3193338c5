//! A drawn area: cells whose middle lies inside belong to it, whole; a line never cuts a cell.
//!
//! Longitude before latitude, in degrees of WGS 84 (ETRS89 here); sides are straight between their ends in degrees, as maps draw them. Inside is
//! what an odd number of sides lies west of, so holes and several parts need no further word.

use serde_json::Value;

use crate::ask::AskError;
use crate::ask::stock::Shelf;
use crate::geodesy::{FittedProjection, Projection, ReferenceSystem};

/// Corners that are taken; a drawing has dozens.
const CORNERS: usize = 20_000;

/// Fewer people than this in all cells of a drawn area: nothing is told about it.
pub const LEAST_PEOPLE: i64 = 100;

/// Closed rings of corners: longitude, latitude.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    rings: Vec<Vec<[f64; 2]>>,
}

impl Outline {
    /// Reads `POLYGON((9.6 53.7, 9.7 53.7, 9.7 53.8, 9.6 53.7))`, `MULTIPOLYGON(…)`, or corners as `9.6,53.7;9.7,53.7;9.7,53.8`.
    ///
    /// # Errors
    /// If it is neither, or no area.
    pub fn parse(text: &str) -> Result<Self, AskError> {
        let text = text.trim();
        let upper = text.to_ascii_uppercase();
        let pairs = |ring: &str, between: char, inside: char| -> Option<Vec<[f64; 2]>> {
            ring.split(between).map(str::trim).filter(|pair| !pair.is_empty()).map(|pair| corner(pair.split(inside))).collect()
        };
        let rings: Option<Vec<_>> = match upper.starts_with("POLYGON") || upper.starts_with("MULTIPOLYGON") {
            true => text[text.find('(').unwrap_or(text.len())..]
                .split(['(', ')'])
                .filter(|part| part.contains(|c: char| c.is_ascii_digit()))
                .map(|ring| pairs(ring, ',', ' '))
                .collect(),
            false => pairs(text, ';', ',').map(|ring| vec![ring]),
        };
        Self::of_rings(rings.ok_or(AskError::Outline)?)
    }

    /// Reads a polygon of GeoJSON: a geometry, a feature, or a collection, whose polygons are taken together.
    ///
    /// # Errors
    /// If there is no polygon in it, or coordinates that are none in degrees.
    pub fn of_geojson(value: &Value) -> Result<Self, AskError> {
        fn rings(value: &Value, found: &mut Vec<Value>) {
            let all = |key: &str| value[key].as_array().into_iter().flatten();
            match value["type"].as_str() {
                Some("Polygon") => found.extend(all("coordinates").cloned()),
                Some("MultiPolygon") => {
                    found.extend(all("coordinates").flat_map(|p| p.as_array().into_iter().flatten()).cloned())
                }
                Some("Feature") => rings(&value["geometry"], found),
                Some("FeatureCollection") => all("features").for_each(|feature| rings(feature, found)),
                Some("GeometryCollection") => all("geometries").for_each(|geometry| rings(geometry, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        rings(value, &mut found);
        let point = |point: &Value| Some([point.get(0)?.as_f64()?, point.get(1)?.as_f64()?]);
        let ring = |ring: &Value| ring.as_array()?.iter().map(point).collect::<Option<Vec<_>>>();
        let read: Option<Vec<_>> = found.iter().map(ring).collect();
        Self::of_rings(read.ok_or(AskError::Outline)?)
    }

    fn of_rings(rings: Vec<Vec<[f64; 2]>>) -> Result<Self, AskError> {
        let degrees = |[lon, lat]: &[f64; 2]| lon.abs() <= 180.0 && lat.abs() <= 90.0;
        let good = |ring: &Vec<[f64; 2]>| ring.len() >= 3 && ring.iter().all(degrees);
        let corners: usize = rings.iter().map(Vec::len).sum();
        match !rings.is_empty() && corners <= CORNERS && rings.iter().all(good) {
            true => Ok(Self { rings }),
            false => Err(AskError::Outline),
        }
    }

    /// Whether a point lies inside.
    pub fn holds(&self, lon_deg: f64, lat_deg: f64) -> bool {
        let mut inside = false;
        for ring in &self.rings {
            for (at, &[x, y]) in ring.iter().enumerate() {
                let [before_x, before_y] = ring[if at == 0 { ring.len() - 1 } else { at - 1 }];
                if (y > lat_deg) != (before_y > lat_deg) && lon_deg < (before_x - x) * (lat_deg - y) / (before_y - y) + x {
                    inside = !inside;
                }
            }
        }
        inside
    }

    /// The positions of the cells whose middle lies inside.
    ///
    /// # Errors
    /// If the shelf has areas: those are not cut by lines.
    pub(super) fn cells(&self, shelf: &Shelf) -> Result<Vec<usize>, AskError> {
        let size = shelf.size.ok_or(AskError::OutlineOfAreas)?;
        let half_m = f64::from(size.metres()) / 2.0;
        let corner_m = |at: usize| {
            shelf.cell(at).map_or((f64::NAN, f64::NAN), |cell| {
                let (easting_m, northing_m) = cell.corners_m()[0];
                (f64::from(easting_m), f64::from(northing_m))
            })
        };
        let (mut xs, mut ys): (Vec<f64>, Vec<f64>) = (0..shelf.ids.len()).map(corner_m).unzip();
        // Cells of several sizes in one level: each has its own middle.
        for (at, (x, y)) in xs.iter_mut().zip(&mut ys).enumerate() {
            let half_m = shelf.cell(at).map_or(half_m, |cell| f64::from(cell.size().metres()) / 2.0);
            (*x, *y) = (*x + half_m, *y + half_m);
        }
        let projection = Projection::new(&ReferenceSystem::etrs89_laea(), &ReferenceSystem::wgs84());
        FittedProjection::new(projection.map_err(|_| AskError::Outline)?).project(&mut xs, &mut ys);
        Ok((0..xs.len()).filter(|&at| self.holds(xs[at], ys[at])).collect())
    }

    /// As well-known text, to seven decimals: a centimetre.
    pub fn written(&self) -> String {
        let number = |degrees: f64| format!("{degrees:.7}").trim_end_matches('0').trim_end_matches('.').to_owned();
        let ring = |ring: &Vec<[f64; 2]>| {
            let mut corners: Vec<String> = ring.iter().map(|[x, y]| format!("{} {}", number(*x), number(*y))).collect();
            if corners.first() != corners.last() {
                corners.push(corners[0].clone());
            }
            format!("({})", corners.join(", "))
        };
        format!("POLYGON({})", self.rings.iter().map(ring).collect::<Vec<_>>().join(", "))
    }
}

/// Two finite numbers and nothing else.
fn corner<'t>(mut parts: impl Iterator<Item = &'t str>) -> Option<[f64; 2]> {
    let mut number = || parts.find(|part| !part.trim().is_empty())?.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    let corner = [number()?, number()?];
    parts.all(|part| part.trim().is_empty()).then_some(corner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_area_in_all_ways_of_writing() {
        let list = Outline::parse("9.6,53.7; 9.7,53.7;9.7,53.8").unwrap();
        assert_eq!(list.written(), "POLYGON((9.6 53.7, 9.7 53.7, 9.7 53.8, 9.6 53.7))");
        assert_eq!(Outline::parse(&list.written()).unwrap().written(), list.written());
        assert_eq!(Outline::parse("polygon ((9.6  53.7, 9.7 53.7 , 9.7 53.8, 9.6 53.7))").unwrap().written(), list.written());
        let json = serde_json::json!({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry":
            {"type": "Polygon", "coordinates": [[[9.6, 53.7], [9.7, 53.7], [9.7, 53.8], [9.6, 53.7]]]}}]});
        assert_eq!(Outline::of_geojson(&json).unwrap().written(), list.written());
    }

    #[test]
    fn what_is_no_area_is_refused() {
        for text in [
            "",
            "9,53",
            "9,53;10,54",
            "9,53;10,x;11,54",
            "9,53;10,99;11,54",
            "POLYGON",
            "POLYGON((1 2, 3 4))",
            "NaN,1;2,3;4,5",
            "1,2,3;4,5,6;7,8,9",
            "POLYGON((500000 5900000, 510000 5900000, 510000 5910000))",
        ] {
            assert_eq!(Outline::parse(text), Err(AskError::Outline), "{text}");
        }
        assert_eq!(
            Outline::of_geojson(&serde_json::json!({"type": "Point", "coordinates": [9.0, 53.0]})),
            Err(AskError::Outline)
        );
    }

    #[test]
    fn holes_and_parts() {
        let ring = Outline::parse("POLYGON((0 0, 9 0, 9 9, 0 9, 0 0), (3 3, 6 3, 6 6, 3 6, 3 3))").unwrap();
        assert!(ring.holds(1.0, 1.0) && !ring.holds(4.0, 4.0) && !ring.holds(10.0, 4.0));
        let parts = Outline::parse("MULTIPOLYGON(((0 0, 1 0, 1 1, 0 1)), ((5 5, 6 5, 6 6, 5 6)))").unwrap();
        assert!(parts.holds(0.5, 0.5) && parts.holds(5.5, 5.5) && !parts.holds(3.0, 3.0));
    }
}
