//! Well-known binary as of OGC, ISO, PostGIS and GeoPackage (OGC 06-103r4; OGC 12-128r19, 2.1.3): points and polygons.

use geo::{Coord, Geometry, LineString, MultiPolygon, Polygon};

/// Reads one geometry, with or without a GeoPackage's header: a point (also of a multipoint of one), a polygon or several; heights and measures are left
/// out. `None` if it is another geometry, has curved edges, or is damaged.
pub(crate) fn read(bytes: &[u8]) -> Option<Geometry> {
    let mut reader = Wkb { rest: bytes, little: true };
    if let Some(rest) = bytes.strip_prefix(b"GP") {
        // Version, flags with the kind of envelope in bits 1 to 3, reference system, envelope.
        let envelope = match rest.get(1)? >> 1 & 7 {
            0 => 0,
            1 => 32,
            2 | 3 => 48,
            4 => 64,
            _ => return None,
        };
        reader.rest = rest.get(6 + envelope..)?;
    }
    reader.geometry()
}

struct Wkb<'b> {
    rest: &'b [u8],
    little: bool,
}

impl Wkb<'_> {
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

    /// Byte order and kind; gives the kind and how many numbers a coordinate has.
    fn head(&mut self) -> Option<(u32, usize)> {
        let (&order, rest) = self.rest.split_first()?;
        (self.rest, self.little) = (rest, order == 1);
        let kind = self.word()?;
        if kind & 0x2000_0000 != 0 {
            self.word()?;
        }
        // PostGIS has Z and M as bits, ISO as thousands.
        let of_bits = (kind >> 31) + (kind >> 30 & 1);
        let of_thousands = match (kind & 0xffff) / 1000 {
            0 => 0,
            1 | 2 => 1,
            3 => 2,
            _ => return None,
        };
        Some(((kind & 0xffff) % 1000, 2 + (of_bits + of_thousands) as usize))
    }

    fn geometry(&mut self) -> Option<Geometry> {
        let (kind, numbers) = self.head()?;
        Some(match kind {
            1 => Geometry::Point(self.coordinate(numbers)?.into()),
            3 => Geometry::Polygon(self.polygon(numbers)?),
            10 => Geometry::Polygon(self.surface()?),
            4 | 6 | 12 => {
                let count = self.word()?;
                let mut polygons = Vec::new();
                for _ in 0..count {
                    match self.geometry()? {
                        Geometry::Polygon(polygon) if kind != 4 => polygons.push(polygon),
                        point @ Geometry::Point(_) if kind == 4 && count == 1 => return Some(point),
                        _ => return None,
                    }
                }
                Geometry::MultiPolygon(MultiPolygon(polygons))
            }
            _ => return None,
        })
    }

    fn coordinate(&mut self, numbers: usize) -> Option<Coord> {
        let (x, y) = (f64::from_le_bytes(self.take()?), f64::from_le_bytes(self.take()?));
        for _ in 2..numbers {
            self.take::<8>()?;
        }
        Some(Coord { x, y })
    }

    fn polygon(&mut self, numbers: usize) -> Option<Polygon> {
        let rings = self.word()?;
        polygon((0..rings).map(|_| self.ring(numbers)))
    }

    /// A surface whose edges might be curves: each ring is a geometry of its own, here a line.
    fn surface(&mut self) -> Option<Polygon> {
        let rings = self.word()?;
        polygon((0..rings).map(|_| match self.head()? {
            (2, numbers) => self.ring(numbers),
            _ => None,
        }))
    }

    fn ring(&mut self, numbers: usize) -> Option<LineString> {
        let mut ring = Vec::new();
        for _ in 0..self.word()? {
            ring.push(self.coordinate(numbers)?);
        }
        Some(LineString(ring))
    }
}

/// The first ring is the outline, the others are holes.
fn polygon(rings: impl Iterator<Item = Option<LineString>>) -> Option<Polygon> {
    let mut rings = rings.collect::<Option<Vec<_>>>()?;
    let outline = (!rings.is_empty()).then(|| rings.remove(0))?;
    Some(Polygon::new(outline, rings))
}
