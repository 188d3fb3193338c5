//! GeoPackage binary geometry (OGC 12-128r17, 2.1.3): header with envelope, then WKB; everything little-endian.

use geo::{Coord, MultiPolygon};

use crate::export::wkb;

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

/// A polygon of one ring; `blob` is emptied first.
pub(super) fn polygon(blob: &mut Vec<u8>, srs_id: i32, ring: &[Coord<f64>]) -> Envelope {
    let envelope = Envelope::of(ring.iter().copied());
    header(blob, srs_id, envelope);
    wkb::polygon(blob, ring);
    envelope
}

/// A multipolygon; `blob` is emptied first.
pub(super) fn multi_polygon(blob: &mut Vec<u8>, srs_id: i32, area: &MultiPolygon<f64>) -> Envelope {
    let envelope = Envelope::of(area.iter().flat_map(|p| p.exterior().coords().copied()));
    header(blob, srs_id, envelope);
    wkb::multi_polygon(blob, area);
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
