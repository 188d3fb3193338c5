//! Geometries as SpatiaLite keeps them: the BLOB format of its developers' page "BLOB-Geometry", compressed rings and TinyPoint too.
//!
//! `00`, byte order, reference system (4), box (4 × 8), `7C`, then the class (4) and its body, `FE`. Members of collections begin with `69` and their class.
//! A TinyPoint is `00`, byte order with the high bit set, reference system, a byte for its dimensions, coordinates, `FE`.

use geo::{Coord, Geometry, LineString, MultiPolygon, Polygon};

const START: u8 = 0x00;
const END: u8 = 0xFE;
const BOX_END: u8 = 0x7C;
const MEMBER: u8 = 0x69;
/// Byte order, reference system and box.
const HEAD: usize = 38;
/// Added to the class of a polygon whose rings have differences of 32 bits between their first and last corner.
const COMPRESSED: u32 = 1_000_000;

/// Whether these bytes are a geometry of SpatiaLite, and none of OGC: well-known binary with the high byte first begins with `00` too.
pub(super) fn is_spatialite(bytes: &[u8]) -> bool {
    match bytes {
        [START, 0 | 1, .., END] => bytes.get(HEAD) == Some(&BOX_END),
        [START, 0x80 | 0x81, .., END] => bytes.len() >= 24,
        _ => false,
    }
}

/// The geometry, of kinds that have a position.
pub(super) fn from_spatialite(bytes: &[u8]) -> Option<Geometry> {
    let order = *bytes.get(1)?;
    let little = order & 1 == 1;
    if order & 0x80 != 0 {
        // Order, reference system, dimensions.
        let mut reader = Reader { rest: bytes.get(7..)?, little };
        return Some(Geometry::Point(reader.coordinate(Dimensions::default())?.into()));
    }
    let mut reader = Reader { rest: bytes.get(HEAD + 1..)?, little };
    let (kind, dimensions, compressed) = reader.class()?;
    match kind {
        1 => Some(Geometry::Point(reader.coordinate(dimensions)?.into())),
        3 => Some(Geometry::Polygon(reader.polygon(dimensions, compressed)?)),
        4 | 6 => {
            let count = reader.word()?;
            let mut polygons = Vec::new();
            for _ in 0..count {
                (reader.take::<1>()? == [MEMBER]).then_some(())?;
                match reader.class()? {
                    (1, dimensions, _) if kind == 4 && count == 1 => {
                        return Some(Geometry::Point(reader.coordinate(dimensions)?.into()));
                    }
                    (3, dimensions, compressed) if kind == 6 => polygons.push(reader.polygon(dimensions, compressed)?),
                    _ => return None,
                }
            }
            Some(Geometry::MultiPolygon(MultiPolygon(polygons)))
        }
        _ => None,
    }
}

/// What a corner has beside x and y.
#[derive(Clone, Copy, Default)]
struct Dimensions {
    height: bool,
    measure: bool,
}

struct Reader<'b> {
    rest: &'b [u8],
    little: bool,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        let mut taken = *taken;
        if !self.little {
            taken.reverse();
        }
        Some(taken)
    }

    fn word(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn number(&mut self) -> Option<f64> {
        self.take().map(f64::from_le_bytes)
    }

    fn difference(&mut self) -> Option<f64> {
        self.take().map(|bytes| f64::from(f32::from_le_bytes(bytes)))
    }

    /// Kind, what corners have, whether rings are compressed.
    fn class(&mut self) -> Option<(u32, Dimensions, bool)> {
        let class = self.word()?;
        let (compressed, class) = (class >= COMPRESSED, class % COMPRESSED);
        let (height, measure) = match class / 1000 {
            0 => (false, false),
            1 => (true, false),
            2 => (false, true),
            3 => (true, true),
            _ => return None,
        };
        Some((class % 1000, Dimensions { height, measure }, compressed))
    }

    fn coordinate(&mut self, dimensions: Dimensions) -> Option<Coord> {
        let at = Coord { x: self.number()?, y: self.number()? };
        for _ in 0..u8::from(dimensions.height) + u8::from(dimensions.measure) {
            self.number()?;
        }
        Some(at)
    }

    fn polygon(&mut self, dimensions: Dimensions, compressed: bool) -> Option<Polygon> {
        let rings = self.word()?;
        let outline = (rings > 0).then(|| self.ring(dimensions, compressed))??;
        let holes = (1..rings).map(|_| self.ring(dimensions, compressed)).collect::<Option<Vec<_>>>()?;
        Some(Polygon::new(outline, holes))
    }

    fn ring(&mut self, dimensions: Dimensions, compressed: bool) -> Option<LineString> {
        let count = self.word()?;
        let mut corners: Vec<Coord> = Vec::new();
        for at in 0..count {
            let corner = match corners.last() {
                Some(&last) if compressed && at + 1 < count => {
                    let corner = Coord { x: last.x + self.difference()?, y: last.y + self.difference()? };
                    // Heights are differences too, measures are not.
                    if dimensions.height {
                        self.difference()?;
                    }
                    if dimensions.measure {
                        self.number()?;
                    }
                    corner
                }
                _ => self.coordinate(dimensions)?,
            };
            corners.push(corner);
        }
        Some(LineString(corners))
    }
}

#[cfg(test)]
mod tests {
    use geo::InteriorPoint as _;

    use super::*;

    /// A point inside, of a geometry as GDAL 3.6 writes it with libspatialite 5.0.
    fn point_of(hexadecimal: &str) -> Option<[f64; 2]> {
        let digit = |at: usize| u8::from_str_radix(&hexadecimal[at..at + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..hexadecimal.len()).step_by(2).map(digit).collect();
        assert!(is_spatialite(&bytes));
        for cut in 0..bytes.len() - 1 {
            assert!(!is_spatialite(&bytes[..cut]) || from_spatialite(&bytes[..cut]).is_none(), "cut off at {cut}");
        }
        let point = from_spatialite(&bytes)?.interior_point()?;
        Some([point.x(), point.y()])
    }

    macro_rules! case {
        ($($name:ident: $hexadecimal:literal => $point:expr;)*) => { $(#[test] fn $name() {
            assert_eq!(point_of($hexadecimal), Some($point));
        })* };
    }

    case! {
        a_point: "0001E8640000000000000000F83F0000000000000040000000000000F83F00000000000000407C01000000000000000000F83F0000000000000040FE" => [1.5, 2.0];
        a_point_with_height: "0001E8640000000000000000F83F0000000000000040000000000000F83F00000000000000407CE9030000000000000000F83F00000000000000400000000000000840FE" => [1.5, 2.0];
        a_multipoint_of_one: "0001E8640000000000000000F83F0000000000000040000000000000F83F00000000000000407C04000000010000006901000000000000000000F83F0000000000000040FE" => [1.5, 2.0];
        a_polygon: "0001E864000000000000000000000000000000000000000000000000104000000000000000407C0300000001000000050000000000000000000000000000000000000000000000000010400000000000000000000000000000104000000000000000400000000000000000000000000000004000000000000000000000000000000000FE" => [2.0, 1.0];
        a_compressed_multipolygon: "0001E864000000000000000000000000000000000000000000000000104000000000000000407C06000000010000006943420F0001000000050000000000000000000000000000000000000000008040000000000000000000000040000080C00000000000000000000000000000000000000000FE" => [2.0, 1.0];
        a_compressed_polygon_with_height_and_measure: "0001E864000000000000000000000000000000000000000000000000104000000000000000407CFB4D0F00010000000500000000000000000000000000000000000000000000000000F03F000000000000004000008040000000000000000000000000000000400000000000000040000000000000000000000040000080C00000000000000000000000000000004000000000000000000000000000000000000000000000F03F0000000000000040FE" => [2.0, 1.0];
        a_tiny_point: "0081E864000001000000000000F83F0000000000000040FE" => [1.5, 2.0];
        a_tiny_point_with_the_high_byte_first: "0080000064E8013FF80000000000004000000000000000FE" => [1.5, 2.0];
    }

    #[test]
    fn points_of_ogc_with_the_high_byte_first_are_none() {
        let mut bytes = vec![0, 0, 0, 0, 1];
        bytes.extend(1.5_f64.to_be_bytes());
        bytes.extend([0; 7]);
        bytes.push(END);
        assert!(!is_spatialite(&bytes));
    }
}
