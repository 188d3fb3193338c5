//! GeoPackage binary geometry (OGC 12-128r17, 2.1.3): header with envelope, then WKB; everything little-endian.

use geo::{Coord, MultiPolygon};

/// A rectangle that grows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope {
    pub(super) min_x: f64,
    pub(super) max_x: f64,
    pub(super) min_y: f64,
    pub(super) max_y: f64,
}

impl Envelope {
    pub(super) const EMPTY: Self =
        Self { min_x: f64::INFINITY, max_x: f64::NEG_INFINITY, min_y: f64::INFINITY, max_y: f64::NEG_INFINITY };

    pub(super) fn of(points: impl IntoIterator<Item = Coord<f64>>) -> Self {
        points.into_iter().fold(Self::EMPTY, |e, p| e.with(Self { min_x: p.x, max_x: p.x, min_y: p.y, max_y: p.y }))
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self {
            min_x: self.min_x.min(other.min_x),
            max_x: self.max_x.max(other.max_x),
            min_y: self.min_y.min(other.min_y),
            max_y: self.max_y.max(other.max_y),
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.min_x > self.max_x
    }
}

const POLYGON: u32 = 3;
const MULTI_POLYGON: u32 = 6;

/// A polygon of one ring; `blob` is emptied first.
pub(super) fn polygon(blob: &mut Vec<u8>, srs_id: i32, ring: &[Coord<f64>]) -> Envelope {
    let envelope = Envelope::of(ring.iter().copied());
    header(blob, srs_id, envelope);
    geometry(blob, POLYGON, 1);
    points(blob, ring);
    envelope
}

/// A multipolygon; `blob` is emptied first.
pub(super) fn multi_polygon(blob: &mut Vec<u8>, srs_id: i32, area: &MultiPolygon<f64>) -> Envelope {
    let envelope = Envelope::of(area.iter().flat_map(|p| p.exterior().coords().copied()));
    header(blob, srs_id, envelope);
    geometry(blob, MULTI_POLYGON, area.0.len());
    for polygon in area {
        geometry(blob, POLYGON, 1 + polygon.interiors().len());
        for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
            points(blob, &ring.0);
        }
    }
    envelope
}

fn header(blob: &mut Vec<u8>, srs_id: i32, envelope: Envelope) {
    // Flags: little-endian (bit 0); envelope of x and y (bits 1–3 = 1) or none; empty (bit 4).
    let flags = if envelope.is_empty() { 0b1_0001 } else { 0b0_0011 };
    blob.clear();
    blob.extend_from_slice(&[b'G', b'P', 0, flags]);
    blob.extend_from_slice(&srs_id.to_le_bytes());
    if !envelope.is_empty() {
        let Envelope { min_x, max_x, min_y, max_y } = envelope;
        blob.extend([min_x, max_x, min_y, max_y].iter().flat_map(|n| n.to_le_bytes()));
    }
}

fn geometry(blob: &mut Vec<u8>, kind: u32, parts: usize) {
    blob.push(1);
    blob.extend_from_slice(&kind.to_le_bytes());
    count(blob, parts);
}

fn points(blob: &mut Vec<u8>, ring: &[Coord<f64>]) {
    count(blob, ring.len());
    for point in ring {
        blob.extend_from_slice(&point.x.to_le_bytes());
        blob.extend_from_slice(&point.y.to_le_bytes());
    }
}

fn count(blob: &mut Vec<u8>, count: usize) {
    blob.extend_from_slice(&u32::try_from(count).expect("fewer than 2^32 parts").to_le_bytes());
}
