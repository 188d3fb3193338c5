//! A tile of the archive with one group's number in place of all attributes: `n` and `status`, and of everybody `base`.
//!
//! The archive's tiles hold every published column, so the group's number is a sum of attributes and the geometry stays as it is, byte for byte. A
//! tile without this is read in one pass over its bytes; 500 kB take a few milliseconds. Mapbox Vector Tile 2.1.

use crate::ask::{Count, Stock};
use crate::confidential::Status;

/// A protobuf field: number, and its value where it is a varint, or its bytes.
struct Part<'t> {
    number: u64,
    varint: u64,
    bytes: &'t [u8],
}

/// Walks over a message; ends where it is broken.
struct Message<'t>(&'t [u8]);

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

impl<'t> Iterator for Message<'t> {
    type Item = Part<'t>;

    fn next(&mut self) -> Option<Part<'t>> {
        let key = varint(&mut self.0)?;
        let length = match key & 7 {
            0 => return Some(Part { number: key >> 3, varint: varint(&mut self.0)?, bytes: &[] }),
            1 => 8,
            2 => usize::try_from(varint(&mut self.0)?).ok()?,
            5 => 4,
            _ => return None,
        };
        if length > self.0.len() {
            return None;
        }
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(Part { number: key >> 3, varint: 0, bytes })
    }
}

fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn write_bytes(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    write_varint(out, number << 3 | 2);
    write_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn write_number(out: &mut Vec<u8>, number: u64, value: u64) {
    write_varint(out, number << 3);
    write_varint(out, value);
}

/// A value of a layer, as far as numbers and statuses need it.
#[derive(Clone, Copy)]
enum Value<'t> {
    Whole(i64),
    Text(&'t [u8]),
    Other,
}

fn value(bytes: &[u8]) -> Value<'_> {
    match Message(bytes).next() {
        Some(Part { number: 1, bytes, .. }) => Value::Text(bytes),
        Some(Part { number: 4 | 5, varint, .. }) => Value::Whole(varint as i64),
        Some(Part { number: 6, varint, .. }) => Value::Whole((varint >> 1) as i64 ^ -((varint & 1) as i64)),
        _ => Value::Other,
    }
}

/// One layer of a tile and nothing else; `None` where it is not in the tile.
pub(super) fn only_layer(tile: &[u8], name: &str) -> Option<Vec<u8>> {
    let named = |layer: &Part<'_>| Message(layer.bytes).any(|part| part.number == 1 && part.bytes == name.as_bytes());
    let layer = Message(tile).filter(|part| part.number == 3).find(named)?;
    let mut out = Vec::with_capacity(layer.bytes.len() + 8);
    write_bytes(&mut out, 3, layer.bytes);
    Some(out)
}

/// The tile with `n`, `base` and `status` of the columns' sum; see [`Count::sum`] for what is withheld.
pub(super) fn of_group(tile: &[u8], stock: &Stock, columns: &[usize]) -> Vec<u8> {
    let mut out = Vec::with_capacity(tile.len() / 2);
    for part in Message(tile).filter(|part| part.number == 3) {
        write_bytes(&mut out, 3, &layer(part.bytes, stock, columns));
    }
    out
}

const KEYS: [&[u8]; 4] = [b"n", b"base", b"status", b"size_m"];

fn layer(bytes: &[u8], stock: &Stock, columns: &[usize]) -> Vec<u8> {
    let keys: Vec<&[u8]> = Message(bytes).filter(|part| part.number == 3).map(|part| part.bytes).collect();
    let values: Vec<Value<'_>> = Message(bytes).filter(|part| part.number == 4).map(|part| value(part.bytes)).collect();
    let key = |name: &str| keys.iter().position(|k| *k == name.as_bytes());
    // Of each column the keys of its number and of its status; the total first.
    let wanted: Vec<(Option<usize>, Option<usize>)> = std::iter::once(&0)
        .chain(columns)
        .map(|&c| (key(&stock.columns[c].field), key(&stock.columns[c].status_field)))
        .collect();
    let size_key = key("size_m");
    let mut out = Vec::with_capacity(bytes.len() / 2);
    let mut made = Values::default();
    // Of each key the place of its value; kept from feature to feature, as is all that a feature is written into.
    let mut held: Vec<Option<usize>> = vec![None; keys.len()];
    let (mut feature, mut tags, mut counts) = (Vec::new(), Vec::new(), Vec::with_capacity(wanted.len()));
    for part in Message(bytes) {
        match part.number {
            2 => {
                feature.clear();
                held.fill(None);
                for inner in Message(part.bytes) {
                    match inner.number {
                        1 | 3 => write_number(&mut feature, inner.number, inner.varint),
                        2 => hold_tags(inner.bytes, &mut held),
                        4 => write_bytes(&mut feature, 4, inner.bytes),
                        _ => {}
                    }
                }
                let find = |key: Option<usize>| values.get(held[key?]?).copied();
                let count = |(number, status): &(Option<usize>, Option<usize>)| {
                    let number = match find(*number) {
                        Some(Value::Whole(n)) => Some(n),
                        _ => None,
                    };
                    let status = match (find(*status), number) {
                        (Some(Value::Text(b"suppressed")), _) => "suppressed",
                        (Some(Value::Text(b"uncertain")), _) => "uncertain",
                        (_, Some(0)) => "zero",
                        (_, Some(_)) => "value",
                        _ => "none",
                    };
                    Count::new(number, status)
                };
                counts.clear();
                counts.extend(wanted.iter().map_while(count));
                if counts.len() < wanted.len() {
                    continue;
                }
                let sum = Count::sum(counts[1..].iter().copied());
                tags.clear();
                let mut tag = |key: u64, value: u64| {
                    write_varint(&mut tags, key);
                    write_varint(&mut tags, value);
                };
                for (key, number) in [(0, sum), (1, counts[0])] {
                    if let Some(n) = number.value() {
                        tag(key, made.number(n));
                    }
                }
                if sum.status() != Status::Value {
                    tag(2, made.text(sum.status().name()));
                }
                if let Some(Value::Whole(n)) = find(size_key) {
                    tag(3, made.number(n));
                }
                write_bytes(&mut feature, 2, &tags);
                write_bytes(&mut out, 2, &feature);
            }
            1 => write_bytes(&mut out, 1, part.bytes),
            5 | 15 => write_number(&mut out, part.number, part.varint),
            _ => {}
        }
    }
    for key in KEYS {
        write_bytes(&mut out, 3, key);
    }
    out.extend_from_slice(&made.written);
    out
}

/// Notes of each key of a feature its value; keys that the layer does not name are passed over.
fn hold_tags(mut packed: &[u8], held: &mut [Option<usize>]) {
    while let (Some(key), Some(value)) = (varint(&mut packed), varint(&mut packed)) {
        if let Some(place) = usize::try_from(key).ok().and_then(|key| held.get_mut(key)) {
            *place = usize::try_from(value).ok();
        }
    }
}

/// Values of the new layer, each once.
#[derive(Default)]
struct Values {
    numbers: rustc_hash::FxHashMap<i64, u64>,
    texts: Vec<(&'static str, u64)>,
    count: u64,
    written: Vec<u8>,
}

impl Values {
    fn number(&mut self, number: i64) -> u64 {
        if let Some(&at) = self.numbers.get(&number) {
            return at;
        }
        let mut value = Vec::new();
        // Zigzag: numbers with noise may be below zero.
        write_number(&mut value, 6, ((number << 1) ^ (number >> 63)) as u64);
        let at = self.add(&value);
        self.numbers.insert(number, at);
        at
    }

    fn text(&mut self, text: &'static str) -> u64 {
        if let Some(found) = self.texts.iter().find(|t| t.0 == text) {
            return found.1;
        }
        let mut value = Vec::new();
        write_bytes(&mut value, 1, text.as_bytes());
        let at = self.add(&value);
        self.texts.push((text, at));
        at
    }

    fn add(&mut self, value: &[u8]) -> u64 {
        write_bytes(&mut self.written, 4, value);
        self.count += 1;
        self.count - 1
    }
}
