//! Cells to vector tile bytes in one pass (Mapbox Vector Tile 2.1).
//!
//! Messages are written once, straight into a reused buffer. A length is one byte that is filled in afterwards; where the message grew beyond 127 bytes
//! it is moved on by the bytes the length needs more. Values of a layer are numbered by an array for small numbers and a map for the rest; entries
//! carry the number of the layer that made them, so nothing is cleared between layers.

use rustc_hash::FxHashMap;

use crate::confidential::{ProtectedCount, Status};
use crate::tiling::clip::TilePoint;

/// Numbers below this are numbered by array.
const SMALL: usize = 1 << 15;

/// The attribute that holds the side of a cell in metres.
pub(super) const SIZE: &str = "size_m";

/// One feature, ready to be written.
pub(super) struct CellFeature<'f> {
    pub(super) id: u64,
    /// At least three points, no two alike in a row, clockwise on the screen.
    pub(super) ring: &'f [TilePoint],
    /// One for each field of the layer.
    pub(super) numbers: &'f [ProtectedCount],
    /// The side in metres, in layers with cells of several sizes.
    pub(super) size_m: Option<u32>,
}

/// How one layer is written: names, and which fields may be negative. A key has one type in the whole archive.
pub(super) struct LayerSchema {
    pub(super) name: String,
    /// Field names with the names of their status.
    pub(super) fields: Vec<(String, String)>,
    /// Fields with a negative number somewhere are written as `sint`, others as `uint`.
    pub(super) signed: Vec<bool>,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    layer: u32,
    index: u32,
}

/// Writes layers of cells. Keep it: its buffers and tables are reused.
pub(super) struct CellEncoder {
    layer: u32,
    features: Vec<u8>,
    keys: Vec<u8>,
    key_count: u32,
    key_slots: Vec<Slot>,
    values: Vec<u8>,
    value_count: u32,
    small: Vec<Slot>,
    statuses: [Slot; 2],
    others: FxHashMap<(bool, i64), u32>,
}

impl CellEncoder {
    pub(super) fn new() -> Self {
        Self {
            layer: 0,
            features: Vec::new(),
            keys: Vec::new(),
            key_count: 0,
            key_slots: Vec::new(),
            values: Vec::new(),
            value_count: 0,
            small: vec![Slot::default(); SMALL],
            statuses: [Slot::default(); 2],
            others: FxHashMap::default(),
        }
    }

    /// Begins a layer.
    pub(super) fn begin(&mut self, schema: &LayerSchema) {
        self.layer += 1;
        for buffer in [&mut self.features, &mut self.keys, &mut self.values] {
            buffer.clear();
        }
        (self.key_count, self.value_count) = (0, 0);
        self.others.clear();
        // One more for the side.
        if self.key_slots.len() < 2 * schema.fields.len() + 1 {
            self.key_slots.resize(2 * schema.fields.len() + 1, Slot::default());
        }
    }

    /// Adds a feature to the layer that was begun.
    pub(super) fn add(&mut self, schema: &LayerSchema, feature: &CellFeature<'_>) {
        let message = open(&mut self.features, 0x12);
        self.features.push(0x08);
        varint(&mut self.features, feature.id);
        let tags = open(&mut self.features, 0x12);
        for (field, number) in feature.numbers.iter().enumerate() {
            if let Some(value) = number.value() {
                let key = self.key(2 * field, &schema.fields[field].0);
                let value = self.number(schema.signed[field], value);
                varint(&mut self.features, u64::from(key));
                varint(&mut self.features, u64::from(value));
            }
            if let Some(name) = status_text(number.status()) {
                let key = self.key(2 * field + 1, &schema.fields[field].1);
                let value = self.status(number.status() == Status::Uncertain, name);
                varint(&mut self.features, u64::from(key));
                varint(&mut self.features, u64::from(value));
            }
        }
        if let Some(size_m) = feature.size_m {
            let key = self.key(2 * schema.fields.len(), SIZE);
            let value = self.number(false, i64::from(size_m));
            varint(&mut self.features, u64::from(key));
            varint(&mut self.features, u64::from(value));
        }
        if self.features.len() == tags {
            self.features.truncate(tags - 2);
        } else {
            close(&mut self.features, tags);
        }
        self.features.extend([0x18, 0x03]);
        let geometry = open(&mut self.features, 0x22);
        let mut cursor = [0, 0];
        for (i, &point) in feature.ring.iter().enumerate() {
            match i {
                0 => self.features.push((1 << 3) | 1),
                1 => varint(&mut self.features, ((feature.ring.len() as u64 - 1) << 3) | 2),
                _ => {}
            }
            for axis in [0, 1] {
                varint(&mut self.features, u64::from(zigzag(point[axis] - cursor[axis])));
            }
            cursor = point;
        }
        self.features.push((1 << 3) | 7);
        close(&mut self.features, geometry);
        close(&mut self.features, message);
    }

    /// Ends the layer and appends it to the tile; a layer without features is left out.
    pub(super) fn end(&mut self, schema: &LayerSchema, tile: &mut Vec<u8>) {
        if self.features.is_empty() {
            return;
        }
        let layer = open(tile, 0x1a);
        tile.extend([0x78, 0x02]);
        text(tile, 0x0a, &schema.name);
        tile.extend_from_slice(&self.features);
        tile.extend_from_slice(&self.keys);
        tile.extend_from_slice(&self.values);
        tile.extend([0x28, 0x80, 0x20]);
        close(tile, layer);
    }

    fn key(&mut self, slot: usize, name: &str) -> u32 {
        let slot = &mut self.key_slots[slot];
        if slot.layer != self.layer {
            *slot = Slot { layer: self.layer, index: self.key_count };
            self.key_count += 1;
            text(&mut self.keys, 0x1a, name);
        }
        slot.index
    }

    #[inline]
    fn number(&mut self, signed: bool, value: i64) -> u32 {
        let small = usize::try_from(value).ok().filter(|&v| v < SMALL && !signed);
        if let Some(slot) = small.map(|v| self.small[v]).filter(|slot| slot.layer == self.layer) {
            return slot.index;
        }
        let index = self.value_count;
        match small {
            Some(v) => self.small[v] = Slot { layer: self.layer, index },
            None => {
                if let Some(&known) = self.others.get(&(signed, value)) {
                    return known;
                }
                self.others.insert((signed, value), index);
            }
        }
        self.value_count += 1;
        let message = open(&mut self.values, 0x22);
        if signed {
            self.values.push(0x30);
            varint(&mut self.values, ((value << 1) ^ (value >> 63)) as u64);
        } else {
            self.values.push(0x28);
            varint(&mut self.values, value as u64);
        }
        close(&mut self.values, message);
        index
    }

    fn status(&mut self, uncertain: bool, name: &str) -> u32 {
        let slot = &mut self.statuses[usize::from(uncertain)];
        if slot.layer != self.layer {
            *slot = Slot { layer: self.layer, index: self.value_count };
            self.value_count += 1;
            let message = open(&mut self.values, 0x22);
            text(&mut self.values, 0x0a, name);
            close(&mut self.values, message);
        }
        slot.index
    }
}

/// What stands in the status attribute; nothing for a number, for zero and for no data, which the number's own attribute tells apart.
pub(super) fn status_text(status: Status) -> Option<&'static str> {
    matches!(status, Status::Suppressed | Status::Uncertain).then(|| status.name())
}

fn zigzag(v: i32) -> u32 {
    ((v << 1) ^ (v >> 31)) as u32
}

#[inline]
fn varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// Begins a message with a length of one byte; returns where its content begins.
fn open(out: &mut Vec<u8>, tag: u8) -> usize {
    out.extend([tag, 0]);
    out.len()
}

/// Ends a message: fills in its length, moving the content where one byte is too few.
fn close(out: &mut Vec<u8>, start: usize) {
    let length = out.len() - start;
    if length < 0x80 {
        out[start - 1] = length as u8;
        return;
    }
    let more = (length.ilog2() / 7) as usize;
    out.resize(out.len() + more, 0);
    out.copy_within(start..start + length, start + more);
    for (i, byte) in out[start - 1..start + more].iter_mut().enumerate() {
        *byte = (length >> (7 * i)) as u8 & 0x7f | if i < more { 0x80 } else { 0 };
    }
}

fn text(out: &mut Vec<u8>, tag: u8, text: &str) {
    out.push(tag);
    varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_one_two_and_three_bytes() {
        for length in [0_usize, 127, 128, 16_383, 16_384] {
            let mut out = vec![7];
            let start = open(&mut out, 0x12);
            out.extend((0..length).map(|i| i as u8));
            close(&mut out, start);
            let mut expected = vec![7, 0x12];
            varint(&mut expected, length as u64);
            expected.extend((0..length).map(|i| i as u8));
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn the_quad_of_methods_b1() {
        let schema = LayerSchema { name: "a".to_owned(), fields: Vec::new(), signed: Vec::new() };
        let mut encoder = CellEncoder::new();
        encoder.begin(&schema);
        encoder.add(&schema, &CellFeature { id: 5, ring: &[[1, 1], [3, 1], [3, 3], [1, 3]], numbers: &[], size_m: None });
        let mut tile = Vec::new();
        encoder.end(&schema, &mut tile);
        let geometry = [9, 2, 2, 26, 4, 0, 0, 4, 3, 0, 15];
        let mut expected = vec![0x1a, 27, 0x78, 2, 0x0a, 1, b'a', 0x12, 17, 0x08, 5, 0x18, 3, 0x22, 11];
        expected.extend(geometry);
        expected.extend([0x28, 0x80, 0x20]);
        assert_eq!(tile, expected);
    }
}
