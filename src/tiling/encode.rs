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
/// Places of the two statuses in the array, behind the numbers.
const SUPPRESSED_SLOT: usize = SMALL;
const UNCERTAIN_SLOT: usize = SMALL + 1;

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
    /// Of small numbers and statuses.
    small: Vec<Slot>,
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
            small: vec![Slot::default(); SMALL + 2],
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
            if !self.known_tag(field, schema.signed[field], *number) {
                self.any_tag(field, schema, *number);
            }
        }
        if let Some(size_m) = feature.size_m {
            let key = self.key(2 * schema.fields.len(), SIZE);
            let value = self.number(false, i64::from(size_m));
            self.tag(key, value);
        }
        if self.features.len() == tags {
            self.features.truncate(tags - 2);
        } else {
            close(&mut self.features, tags);
        }
        self.features.extend_from_slice(&[0x18, 0x03]);
        let geometry = open(&mut self.features, 0x22);
        let mut cursor = [0, 0];
        for (i, &point) in feature.ring.iter().enumerate() {
            match i {
                0 => self.features.push((1 << 3) | 1),
                1 => varint(&mut self.features, ((feature.ring.len() as u64 - 1) << 3) | 2),
                _ => {}
            }
            for axis in [0, 1] {
                varint(&mut self.features, u64::from(zigzag(point[axis].wrapping_sub(cursor[axis]))));
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

    /// Appends the tag of a number that is small or withheld, if its key and its value were met in this layer before: nearly always. Which of the
    /// two it is cannot be foreseen, so nothing branches on it.
    #[inline]
    fn known_tag(&mut self, field: usize, signed: bool, number: ProtectedCount) -> bool {
        let withheld = number.status() == Status::Suppressed;
        let value = number.value().unwrap_or(-1);
        let small = (0..SMALL as i64).contains(&value) && number.status() != Status::Uncertain;
        if signed || !(small | withheld) {
            return false;
        }
        let slot = if withheld { SUPPRESSED_SLOT } else { value as usize };
        let (key, value) = (self.key_slots[2 * field + usize::from(withheld)], self.small[slot]);
        if (key.layer, value.layer) != (self.layer, self.layer) {
            return false;
        }
        self.tag(key.index, value.index);
        true
    }

    /// Appends the tags of a number: none, one or two.
    #[cold]
    fn any_tag(&mut self, field: usize, schema: &LayerSchema, number: ProtectedCount) {
        if let Some(value) = number.value() {
            let key = self.key(2 * field, &schema.fields[field].0);
            let value = self.number(schema.signed[field], value);
            self.tag(key, value);
        }
        if let Some(name) = status_text(number.status()) {
            let key = self.key(2 * field + 1, &schema.fields[field].1);
            let value = self.status(number.status() == Status::Uncertain, name);
            self.tag(key, value);
        }
    }

    /// Appends the numbers of a key and a value to the tags of a feature.
    #[inline]
    fn tag(&mut self, key: u32, value: u32) {
        match (u8::try_from(key), u8::try_from(value)) {
            (Ok(key @ ..0x80), Ok(value @ ..0x80)) => self.features.extend_from_slice(&[key, value]),
            _ => {
                varint(&mut self.features, u64::from(key));
                varint(&mut self.features, u64::from(value));
            }
        }
    }

    #[inline]
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
        let slot = &mut self.small[if uncertain { UNCERTAIN_SLOT } else { SUPPRESSED_SLOT }];
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

/// Seven bits a byte, the lowest first; all bytes but the last have the highest bit set.
#[inline]
fn varint(out: &mut Vec<u8>, mut v: u64) {
    if v < 0x80 {
        return out.push(v as u8);
    }
    if v >> 56 == 0 {
        // Bits spread over eight bytes in three steps, without a branch for every byte: 28 of 32, then 14 of 16, then 7 of 8.
        let bits = (v & 0x0fff_ffff) | (v & 0x00ff_ffff_f000_0000) << 4;
        let bits = (bits & 0x0000_3fff_0000_3fff) | (bits & 0x0fff_c000_0fff_c000) << 2;
        let bits = (bits & 0x007f_007f_007f_007f) | (bits & 0x3f80_3f80_3f80_3f80) << 1;
        let more = (v.ilog2() / 7) as usize;
        let marks = 0x8080_8080_8080_8080 & ((1 << (8 * more)) - 1);
        let end = out.len() + more + 1;
        out.extend_from_slice(&(bits | marks).to_le_bytes());
        return out.truncate(end);
    }
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// Begins a message with a length of one byte; returns where its content begins.
fn open(out: &mut Vec<u8>, tag: u8) -> usize {
    out.extend_from_slice(&[tag, 0]);
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

    proptest::proptest! {
        #[test]
        fn numbers_of_any_length_are_what_protobuf_says(v in 0..u64::MAX, shift in 0..64) {
            let v: u64 = v >> shift;
            let (mut out, mut expected, mut rest) = (vec![1], vec![1], v);
            varint(&mut out, v);
            while rest >= 0x80 {
                expected.push((rest & 0x7f) as u8 | 0x80);
                rest >>= 7;
            }
            expected.push(rest as u8);
            proptest::prop_assert_eq!(out, expected);
        }
    }

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
    fn a_number_as_large_as_the_array_is_no_status() {
        use crate::confidential::for_tests::{self, Number};
        let numbers = [Number::Suppressed, Number::Published(SMALL as i64), Number::Published(SMALL as i64), Number::Suppressed];
        let block = for_tests::block(0, crate::confidential::Level::Areas(0), vec![crate::confidential::Unit::Area(0)], numbers);
        let schema = LayerSchema {
            name: "a".to_owned(),
            fields: vec![("n".to_owned(), "n_status".to_owned()); 4],
            signed: vec![false; 4],
        };
        let ring: &[TilePoint] = &[[1, 1], [3, 1], [3, 3], [1, 3]];
        let (mut encoder, mut tile) = (CellEncoder::new(), Vec::new());
        encoder.begin(&schema);
        for id in [5, 6] {
            encoder.add(&schema, &CellFeature { id, ring, numbers: block.numbers(0), size_m: None });
        }
        encoder.end(&schema, &mut tile);
        let reader = fast_mvt::MvtReaderRef::new(&tile).unwrap();
        for feature in reader.layers().next().unwrap().features() {
            let told: Vec<String> = feature.properties().map(|p| format!("{:?}", p.unwrap().1)).collect();
            assert!(told.len() == 4 && told[1].contains("32768") && told[1] == told[2], "{told:?}");
            assert!(told[0].contains("suppressed") && told[0] == told[3], "{told:?}");
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
