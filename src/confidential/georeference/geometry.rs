//! Positions by geometry: WKT, WKB (also of PostGIS, GeoPackage and SpatiaLite, as hexadecimal text) or GeoJSON in a column. A polygon lies where a point inside it does.

use geo::{Coord, Geometry, InteriorPoint, LineString, MultiPolygon, Point, Polygon};

use super::spatialite::{from_spatialite, is_spatialite};
use crate::area::wkb;
use crate::confidential::records::{NumberState, NumberValues, TextValues};

/// The coordinates of a batch's geometries: missing where there is none, no number where a text is none of these or has no point inside.
pub(in crate::confidential) fn points(texts: &TextValues, rows: usize) -> [NumberValues; 2] {
    let mut axes = [NumberValues::default(), NumberValues::default()];
    for row in 0..rows {
        let (point, state) = match texts.get(row) {
            None => ([f64::NAN; 2], NumberState::Missing),
            Some(text) => match point_of(text) {
                Some(point) => (point, NumberState::Number),
                None => ([f64::NAN; 2], NumberState::NotANumber),
            },
        };
        for (axis, value) in axes.iter_mut().zip(point) {
            axis.values.push(value);
            axis.states.push(state);
        }
    }
    axes
}

/// The point of a text, or one inside its polygon; the first axis first, as the text has them.
fn point_of(text: &str) -> Option<[f64; 2]> {
    let geometry = match text.trim_start().as_bytes().first()? {
        b'{' => from_geojson(text)?,
        b'0'..=b'9' => from_wkb(&bytes_of_hex(text.trim())?)?,
        // `GP`, the mark of a GeoPackage's geometry, as hexadecimal digits begins with a digit too.
        _ => Wkt { rest: text }.geometry()?,
    };
    let point: Point = match geometry {
        Geometry::Point(point) => point,
        Geometry::Polygon(polygon) => polygon.interior_point()?,
        Geometry::MultiPolygon(polygons) => polygons.interior_point()?,
        _ => return None,
    };
    Some([point.x(), point.y()])
}

fn from_geojson(text: &str) -> Option<Geometry> {
    let geometry: geojson::Geometry = serde_json::from_str(text).ok()?;
    match Geometry::try_from(geometry).ok()? {
        Geometry::MultiPoint(points) if points.0.len() == 1 => points.0.into_iter().next().map(Geometry::Point),
        geometry => Some(geometry),
    }
}

/// Well-known text: `POINT (…)`, `MULTIPOINT` of one, `POLYGON`, `MULTIPOLYGON`, with Z and M and a leading `SRID=…;`.
struct Wkt<'t> {
    rest: &'t str,
}

impl Wkt<'_> {
    fn geometry(mut self) -> Option<Geometry> {
        if let Some((srid, rest)) = self.rest.split_once(';') {
            srid.trim().to_ascii_uppercase().starts_with("SRID=").then_some(())?;
            self.rest = rest;
        }
        let (kind, _) = self.rest.split_once('(')?;
        let length = kind.len();
        let kind = kind.trim().to_ascii_uppercase();
        self.rest = &self.rest[length..];
        let kind = kind.trim_end_matches(" ZM").trim_end_matches(" Z").trim_end_matches(" M").trim();
        let geometry = match kind {
            "POINT" => Geometry::Point(self.ring()?.0.first().copied()?.into()),
            "MULTIPOINT" => {
                let points =
                    if self.rest[1..].trim_start().starts_with('(') { self.list(Self::ring)? } else { vec![self.ring()?] };
                let [one] = &points[..] else { return None };
                Geometry::Point(one.0.first().copied().filter(|_| one.0.len() == 1)?.into())
            }
            "POLYGON" => Geometry::Polygon(self.polygon()?),
            "MULTIPOLYGON" => Geometry::MultiPolygon(MultiPolygon(self.list(Self::polygon)?)),
            _ => return None,
        };
        self.rest.trim().is_empty().then_some(geometry)
    }

    fn sign(&mut self, sign: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(sign)?;
        Some(())
    }

    fn list<T>(&mut self, one: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.sign('(')?;
        let mut all = vec![one(self)?];
        while self.sign(',').is_some() {
            all.push(one(self)?);
        }
        self.sign(')')?;
        Some(all)
    }

    fn polygon(&mut self) -> Option<Polygon> {
        let mut rings = self.list(Self::ring)?;
        let outer = rings.remove(0);
        Some(Polygon::new(outer, rings))
    }

    fn ring(&mut self) -> Option<LineString> {
        self.list(Self::coordinate).map(LineString)
    }

    /// The first two of the numbers up to a comma or bracket.
    fn coordinate(&mut self) -> Option<Coord> {
        let end = self.rest.find([',', ')'])?;
        let (numbers, rest) = self.rest.split_at(end);
        self.rest = rest;
        let mut numbers = numbers.split_whitespace().map(|number| number.parse().ok());
        Some(Coord { x: numbers.next()??, y: numbers.next()?? })
    }
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

/// Well-known binary as of OGC, PostGIS and GeoPackage, and what SpatiaLite has in its place.
fn from_wkb(bytes: &[u8]) -> Option<Geometry> {
    if is_spatialite(bytes) {
        return from_spatialite(bytes);
    }
    wkb::read(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! case {
        ($($name:ident: $text:expr => $point:expr;)*) => { $(#[test] fn $name() { assert_eq!(point_of($text), $point); })* };
    }

    case! {
        wkt_point: "POINT (1.5 2)" => Some([1.5, 2.0]);
        wkt_point_z: "Point Z(1 2 3)" => Some([1.0, 2.0]);
        wkt_with_srid: "SRID=25832;POINT(1 2)" => Some([1.0, 2.0]);
        wkt_multipoint_of_one: "MULTIPOINT((1 2))" => Some([1.0, 2.0]);
        wkt_old_multipoint_of_one: "MULTIPOINT(1 2)" => Some([1.0, 2.0]);
        wkt_two_points: "MULTIPOINT(1 2, 3 4)" => None;
        wkt_square: "POLYGON((0 0, 4 0, 4 2, 0 2, 0 0))" => Some([2.0, 1.0]);
        wkt_empty: "POINT EMPTY" => None;
        wkt_cut_off: "POINT(1 2" => None;
        wkt_line: "LINESTRING(0 0, 1 1)" => None;
        geojson_point: r#"{"type":"Point","coordinates":[1,2]}"# => Some([1.0, 2.0]);
        geojson_line: r#"{"type":"LineString","coordinates":[[1,2],[3,4]]}"# => None;
        wkb_little: "0101000000000000000000F03F0000000000000040" => Some([1.0, 2.0]);
        wkb_big: "00000000013FF00000000000004000000000000000" => Some([1.0, 2.0]);
        ewkb_with_srid: "0101000020E8640000000000000000F03F0000000000000040" => Some([1.0, 2.0]);
        wkb_point_z_of_iso: "01E9030000000000000000F03F00000000000000400000000000000840" => Some([1.0, 2.0]);
        geopackage: "47500001E86400000101000000000000000000F03F0000000000000040" => Some([1.0, 2.0]);
        wkb_cut_off: "0101000000000000000000F03F00000000000000" => None;
        wkb_of_endless_rings: "0103000000FFFFFFFFFFFFFFFF" => None;
        other_text: "Bahnhofstr. 12" => None;
        number: "12" => None;
    }

    #[test]
    fn a_point_inside_a_ring_is_not_in_its_hole() {
        let text = "MULTIPOLYGON(((0 0, 9 0, 9 9, 0 9, 0 0),(1 1, 8 1, 8 8, 1 8, 1 1)))";
        let [x, y] = point_of(text).unwrap();
        let inside = |from: f64, to: f64| (from..to).contains(&x) && (from..to).contains(&y);
        assert!(inside(0.0, 9.0) && !inside(1.0, 8.0), "{x} {y}");
    }
}
