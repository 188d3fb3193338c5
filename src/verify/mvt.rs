//! A strict decoder of vector tiles, after the specification's version 2.1 (METHODS B1): it accepts nothing that a lenient reader would guess.
//!
//! Written apart from the writer, on bytes alone, so that a mistake in one is not repeated in the other.

use rustc_hash::FxHashSet;

use crate::verify::Problem;

/// One decoded layer. Tags, rings and points of all features lie one after the other; a feature holds the range of its own.
#[derive(Debug, Default)]
pub(super) struct TileLayer<'t> {
    pub(super) name: &'t str,
    pub(super) extent: u32,
    pub(super) keys: Vec<&'t str>,
    pub(super) values: Vec<TileValue<'t>>,
    pub(super) features: Vec<TileFeature>,
    tags: Vec<(u32, u32)>,
    rings: Vec<Ring>,
    points: Vec<(i32, i32)>,
    /// For each key one more than the number of the last feature that had it.
    stamps: Vec<usize>,
}

/// One feature: its id and where its tags and rings lie in the layer.
#[derive(Debug)]
pub(super) struct TileFeature {
    pub(super) id: Option<u64>,
    /// Whether it is a single point, which then is the only ring's only point.
    pub(super) is_point: bool,
    tags: (usize, usize),
    rings: (usize, usize),
}

/// A closed ring: where its points lie, and on which side it has its inside.
#[derive(Clone, Copy, Debug)]
struct Ring {
    start: usize,
    end: usize,
}

/// An attribute's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TileValue<'t> {
    Text(&'t str),
    Number(i128),
    Bool(bool),
    Real(f64),
}

impl TileLayer<'_> {
    /// Positions into keys and values.
    pub(super) fn tags(&self, feature: &TileFeature) -> &[(u32, u32)] {
        &self.tags[feature.tags.0..feature.tags.1]
    }

    /// The rings' points in units of the tile, x eastwards, y southwards, the first not repeated.
    pub(super) fn rings(&self, feature: &TileFeature) -> impl Iterator<Item = &[(i32, i32)]> {
        self.rings[feature.rings.0..feature.rings.1].iter().map(|ring| &self.points[ring.start..ring.end])
    }
}

/// Decodes a tile. Faults are told with the layer and the feature's number; a layer that cannot be read further is left where it is.
pub(super) fn decode<'t>(bytes: &'t [u8], mut fault: impl FnMut(String, Problem)) -> Vec<TileLayer<'t>> {
    let mut layers: Vec<TileLayer<'t>> = Vec::new();
    if bytes.is_empty() {
        fault(String::new(), Problem::TileEmpty);
    }
    let mut message = Message(bytes);
    loop {
        match message.next() {
            Ok(None) => break,
            Ok(Some((3, Wire::Bytes(body)))) => {
                let number = layers.len();
                let mut layer = TileLayer::default();
                let mut told = |feature: Option<usize>, name: &str, problem| {
                    let layer = if name.is_empty() { format!("layer {number}") } else { format!("layer {name}") };
                    fault(feature.map_or_else(|| layer.clone(), |f| format!("{layer}, feature {f}")), problem);
                };
                read_layer(body, &mut layer, &mut told);
                if layers.iter().any(|other| other.name == layer.name) {
                    told(None, layer.name, Problem::TileLayerTwice);
                }
                layers.push(layer);
            }
            Ok(Some(_)) => fault(String::new(), Problem::TileUnknownField),
            Err(problem) => {
                fault(String::new(), problem);
                break;
            }
        }
    }
    layers
}

type Told<'f> = dyn FnMut(Option<usize>, &str, Problem) + 'f;

fn read_layer<'t>(body: &'t [u8], layer: &mut TileLayer<'t>, told: &mut Told<'_>) {
    let (mut version, mut extent) = (None, None);
    let mut features: Vec<&'t [u8]> = Vec::new();
    let (mut key_set, mut value_set) = (FxHashSet::default(), FxHashSet::default());
    let mut message = Message(body);
    loop {
        let problem = match message.next() {
            Ok(None) => break,
            Ok(Some((15, Wire::Varint(number)))) if version.is_none() => {
                version = Some(number);
                (number != 2).then_some(Problem::TileVersion)
            }
            Ok(Some((1, Wire::Bytes(name)))) if layer.name.is_empty() => match std::str::from_utf8(name) {
                Ok(name) if !name.is_empty() => {
                    layer.name = name;
                    None
                }
                _ => Some(Problem::TileLayerName),
            },
            Ok(Some((2, Wire::Bytes(feature)))) => {
                features.push(feature);
                None
            }
            Ok(Some((3, Wire::Bytes(key)))) => {
                layer.keys.push(std::str::from_utf8(key).unwrap_or(""));
                if std::str::from_utf8(key).is_err() {
                    Some(Problem::TileText)
                } else {
                    (!key_set.insert(key)).then_some(Problem::TileKeyTwice)
                }
            }
            Ok(Some((4, Wire::Bytes(value)))) => {
                let read = read_value(value);
                layer.values.push(read.unwrap_or(TileValue::Bool(false)));
                match read {
                    Err(problem) => Some(problem),
                    Ok(_) => (!value_set.insert(value)).then_some(Problem::TileValueTwice),
                }
            }
            Ok(Some((5, Wire::Varint(number)))) if extent.is_none() => {
                extent = u32::try_from(number).ok().filter(|&e| e > 0);
                extent.is_none().then_some(Problem::TileExtent)
            }
            Ok(Some(_)) => Some(Problem::TileUnknownField),
            Err(problem) => {
                told(None, layer.name, problem);
                break;
            }
        };
        if let Some(problem) = problem {
            told(None, layer.name, problem);
        }
    }
    let required = [
        (version.is_none(), Problem::TileVersion),
        (layer.name.is_empty(), Problem::TileLayerName),
        (extent.is_none(), Problem::TileExtent),
        (features.is_empty(), Problem::TileLayerEmpty),
    ];
    for (missing, problem) in required {
        if missing {
            told(None, layer.name, problem);
        }
    }
    layer.extent = extent.unwrap_or(4096);
    layer.stamps = vec![0; layer.keys.len()];
    let mut ids = FxHashSet::default();
    for (number, feature) in features.into_iter().enumerate() {
        if let Err(problem) = read_feature(feature, layer, |problem| told(Some(number), "", problem)) {
            told(Some(number), layer.name, problem);
        }
        match layer.features.last().filter(|_| layer.features.len() > number).and_then(|f| f.id) {
            Some(id) if !ids.insert(id) => told(Some(number), layer.name, Problem::TileIdTwice),
            Some(id) if id >= 1 << 53 => told(Some(number), layer.name, Problem::TileIdTooLarge),
            _ => {}
        }
        if layer.features.len() == number {
            let (tags, rings) = (layer.tags.len(), layer.rings.len());
            layer.features.push(TileFeature { id: None, is_point: false, tags: (tags, tags), rings: (rings, rings) });
        }
    }
}

fn read_value(bytes: &[u8]) -> Result<TileValue<'_>, Problem> {
    let mut message = Message(bytes);
    let value = match message.next()?.ok_or(Problem::TileValue)? {
        (1, Wire::Bytes(text)) => TileValue::Text(std::str::from_utf8(text).map_err(|_| Problem::TileText)?),
        (2, Wire::Fixed32(bits)) => TileValue::Real(f64::from(f32::from_bits(bits))),
        (3, Wire::Fixed64(bits)) => TileValue::Real(f64::from_bits(bits)),
        (4, Wire::Varint(number)) => TileValue::Number(i128::from(number.cast_signed())),
        (5, Wire::Varint(number)) => TileValue::Number(i128::from(number)),
        (6, Wire::Varint(number)) => TileValue::Number(i128::from(unzigzag(number))),
        (7, Wire::Varint(number @ 0..=1)) => TileValue::Bool(number == 1),
        _ => return Err(Problem::TileValue),
    };
    if message.next()?.is_some() { Err(Problem::TileValue) } else { Ok(value) }
}

fn read_feature<'t>(body: &'t [u8], layer: &mut TileLayer<'t>, mut told: impl FnMut(Problem)) -> Result<(), Problem> {
    let (mut id, mut kind, mut tags, mut geometry) = (None, None, None, None);
    let mut message = Message(body);
    while let Some(field) = message.next()? {
        match field {
            (1, Wire::Varint(number)) if id.is_none() => id = Some(number),
            (2, Wire::Bytes(packed)) if tags.is_none() => tags = Some(packed),
            (3, Wire::Varint(number)) if kind.is_none() => kind = Some(number),
            (4, Wire::Bytes(packed)) if geometry.is_none() => geometry = Some(packed),
            _ => return Err(Problem::TileUnknownField),
        }
    }
    if id.is_none() {
        told(Problem::TileIdMissing);
    }
    let first_tag = layer.tags.len();
    let mut packed = Message(tags.unwrap_or_default());
    let stamp = layer.features.len() + 1;
    while !packed.0.is_empty() {
        let key = packed.varint()?;
        let value = if packed.0.is_empty() { return Err(Problem::TileTagsOdd) } else { packed.varint()? };
        if key >= layer.keys.len() as u64 || value >= layer.values.len() as u64 {
            return Err(Problem::TileTagRange);
        }
        if std::mem::replace(&mut layer.stamps[key as usize], stamp) == stamp {
            told(Problem::TileTagTwice);
        }
        layer.tags.push((key as u32, value as u32));
    }
    let first_ring = layer.rings.len();
    match kind {
        Some(1) => read_point(geometry.unwrap_or_default(), layer)?,
        Some(3) => read_polygon(geometry.unwrap_or_default(), layer, &mut told)?,
        _ => told(Problem::TileNoPolygon),
    }
    let is_point = kind == Some(1);
    layer.features.push(TileFeature {
        id,
        is_point,
        tags: (first_tag, layer.tags.len()),
        rings: (first_ring, layer.rings.len()),
    });
    Ok(())
}

/// One point: no more is ever written.
fn read_point(packed: &[u8], layer: &mut TileLayer<'_>) -> Result<(), Problem> {
    let mut stream = Message(packed);
    if stream.varint()? != 1 | 1 << 3 {
        return Err(Problem::TileCommand);
    }
    let mut axis = || i32::try_from(unzigzag(stream.varint()?)).map_err(|_| Problem::TileCoordinateRange);
    let point = (axis()?, axis()?);
    if !stream.0.is_empty() {
        return Err(Problem::TileCommand);
    }
    let start = layer.points.len();
    layer.points.push(point);
    layer.rings.push(Ring { start, end: start + 1 });
    Ok(())
}

fn read_polygon(packed: &[u8], layer: &mut TileLayer<'_>, told: &mut impl FnMut(Problem)) -> Result<(), Problem> {
    const MOVE_TO: u64 = 1;
    const LINE_TO: u64 = 2;
    const CLOSE_PATH: u64 = 7;
    let mut stream = Message(packed);
    let (mut x, mut y) = (0_i64, 0_i64);
    let (mut exterior, first) = (false, layer.rings.len());
    while !stream.0.is_empty() {
        let start = layer.points.len();
        let mut step = |stream: &mut Message<'_>, points: &mut Vec<(i32, i32)>| -> Result<bool, Problem> {
            let (dx, dy) = (unzigzag(stream.varint()?), unzigzag(stream.varint()?));
            (x, y) = (x.saturating_add(dx), y.saturating_add(dy));
            let narrow = |v: i64| i32::try_from(v).map_err(|_| Problem::TileCoordinateRange);
            points.push((narrow(x)?, narrow(y)?));
            Ok((dx, dy) != (0, 0))
        };
        if stream.varint()? != MOVE_TO | 1 << 3 {
            return Err(Problem::TileCommand);
        }
        step(&mut stream, &mut layer.points)?;
        let command = stream.varint()?;
        if command & 7 != LINE_TO || command >> 3 < 2 || command >> 3 > packed.len() as u64 {
            return Err(Problem::TileCommand);
        }
        for _ in 0..command >> 3 {
            if !step(&mut stream, &mut layer.points)? {
                told(Problem::TileLineZero);
            }
        }
        if stream.0.is_empty() || stream.varint()? != CLOSE_PATH | 1 << 3 {
            return Err(Problem::TileRingOpen);
        }
        let points = &layer.points[start..];
        if points.first() == points.last() {
            told(Problem::TileRingRepeatsStart);
        }
        match doubled_area(points) {
            0 => told(Problem::TileRingFlat),
            area if area > 0 => exterior = true,
            _ if !exterior => told(Problem::TileRingOrder),
            _ => {}
        }
        let end = layer.points.len();
        layer.rings.push(Ring { start, end });
    }
    if layer.rings.len() == first { Err(Problem::TileGeometryEmpty) } else { Ok(()) }
}

/// Twice the area by the shoelace formula; positive for an exterior ring (clockwise as drawn, y southwards).
pub(super) fn doubled_area(points: &[(i32, i32)]) -> i64 {
    let next = points.iter().cycle().skip(1);
    points.iter().zip(next).map(|(a, b)| i64::from(a.0) * i64::from(b.1) - i64::from(b.0) * i64::from(a.1)).sum()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// The rest of a protocol buffer message.
struct Message<'t>(&'t [u8]);

enum Wire<'t> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'t [u8]),
    Fixed32(u32),
}

impl<'t> Message<'t> {
    fn varint(&mut self) -> Result<u64, Problem> {
        let mut number = 0_u64;
        for (i, &byte) in self.0.iter().enumerate().take(10) {
            if i == 9 && byte > 1 {
                return Err(Problem::TileVarint);
            }
            number |= u64::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                self.0 = &self.0[i + 1..];
                return Ok(number);
            }
        }
        Err(Problem::TileVarint)
    }

    fn take(&mut self, length: u64) -> Result<&'t [u8], Problem> {
        let length = usize::try_from(length).ok().filter(|&l| l <= self.0.len()).ok_or(Problem::TileTruncated)?;
        let (head, rest) = self.0.split_at(length);
        self.0 = rest;
        Ok(head)
    }

    fn next(&mut self) -> Result<Option<(u64, Wire<'t>)>, Problem> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let wire = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().expect("eight bytes were taken"))),
            2 => {
                let length = self.varint()?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Fixed32(u32::from_le_bytes(self.take(4)?.try_into().expect("four bytes were taken"))),
            _ => return Err(Problem::TileUnknownField),
        };
        Ok(Some((tag >> 3, wire)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, body: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, body.len() as u8], body].concat()
    }

    struct Hand {
        version: u8,
        names: Vec<&'static str>,
        keys: Vec<&'static str>,
        values: Vec<Vec<u8>>,
        features: Vec<Vec<u8>>,
    }

    /// A square of ten units, counted once.
    const SQUARE: [u8; 11] = [9, 4, 4, 26, 20, 0, 0, 20, 19, 0, 15];

    fn feature(id: u8, tags: &[u8], geometry: &[u8]) -> Vec<u8> {
        [vec![1 << 3, id], field(2, tags), vec![3 << 3, 3], field(4, geometry)].concat()
    }

    fn hand() -> Hand {
        Hand {
            version: 2,
            names: vec!["100m"],
            keys: vec!["total"],
            values: vec![vec![5 << 3, 7]],
            features: vec![feature(1, &[0, 0], &SQUARE)],
        }
    }

    impl Hand {
        fn bytes(&self) -> Vec<u8> {
            let mut tile = Vec::new();
            for name in &self.names {
                let mut layer = vec![15 << 3, self.version];
                layer.extend(field(1, name.as_bytes()));
                self.features.iter().for_each(|f| layer.extend(field(2, f)));
                self.keys.iter().for_each(|k| layer.extend(field(3, k.as_bytes())));
                self.values.iter().for_each(|v| layer.extend(field(4, v)));
                layer.extend([5 << 3, 0x80, 0x20]);
                tile.extend(field(3, &layer));
            }
            tile
        }

        fn problems(&self) -> Vec<Problem> {
            let mut problems = Vec::new();
            decode(&self.bytes(), |_, problem| problems.push(problem));
            problems
        }
    }

    fn with(change: impl FnOnce(&mut Hand)) -> Vec<Problem> {
        let mut tile = hand();
        change(&mut tile);
        tile.problems()
    }

    #[test]
    fn a_good_tile_is_read() {
        let bytes = hand().bytes();
        let layers = decode(&bytes, |place, problem| panic!("{place}: {problem:?}"));
        let layer = &layers[0];
        assert_eq!((layer.name, layer.extent, layer.features[0].id), ("100m", 4096, Some(1)));
        assert_eq!((layer.keys[0], layer.values[0]), ("total", TileValue::Number(7)));
        assert_eq!(layer.tags(&layer.features[0]), [(0, 0)]);
        assert_eq!(layer.rings(&layer.features[0]).next().unwrap(), [(2, 2), (12, 2), (12, 12), (2, 12)]);
    }

    #[test]
    fn faults_of_the_layer() {
        assert_eq!(with(|t| t.version = 1), [Problem::TileVersion]);
        assert_eq!(with(|t| t.names.push("100m")), [Problem::TileLayerTwice]);
        assert_eq!(with(|t| t.names = vec![""]), [Problem::TileLayerName, Problem::TileLayerName]);
        assert_eq!(with(|t| t.keys.push("total")), [Problem::TileKeyTwice]);
        assert_eq!(with(|t| t.values.push(vec![5 << 3, 7])), [Problem::TileValueTwice]);
        assert_eq!(with(|t| t.values.push(vec![])), [Problem::TileValue]);
        assert_eq!(with(|t| t.values.push(vec![5 << 3, 1, 6 << 3, 2])), [Problem::TileValue]);
        assert_eq!(with(|t| t.features.clear()), [Problem::TileLayerEmpty]);
        assert_eq!(with(|t| t.features.push(feature(1, &[0, 0], &SQUARE))), [Problem::TileIdTwice]);
    }

    #[test]
    fn faults_of_a_feature() {
        let one = |tags: &[u8], geometry: &[u8]| with(|t| t.features = vec![feature(1, tags, geometry)]);
        assert_eq!(one(&[0], &SQUARE), [Problem::TileTagsOdd]);
        assert_eq!(one(&[0, 1], &SQUARE), [Problem::TileTagRange]);
        assert_eq!(one(&[0, 0, 0, 0], &SQUARE), [Problem::TileTagTwice]);
        assert_eq!(one(&[], &[]), [Problem::TileGeometryEmpty]);
        assert_eq!(one(&[], &SQUARE[..10]), [Problem::TileRingOpen]);
        assert_eq!(one(&[], &[9, 4, 4, 18, 20, 0, 20, 0, 15]), [Problem::TileRingFlat]);
        assert_eq!(one(&[], &[9, 4, 4, 34, 20, 0, 0, 20, 0, 0, 19, 0, 15]), [Problem::TileLineZero]);
        assert_eq!(one(&[], &[9, 4, 4, 26, 0, 20, 20, 0, 0, 19, 15]), [Problem::TileRingOrder]);
        assert_eq!(one(&[], &[9, 4, 4, 34, 20, 0, 0, 20, 19, 0, 0, 19, 15]), [Problem::TileRingRepeatsStart]);
        assert_eq!(one(&[], &[17, 4, 4, 26]), [Problem::TileCommand]);
        assert_eq!(one(&[], &[9, 0x80]), [Problem::TileVarint]);
    }

    #[test]
    fn a_cut_tile_is_told() {
        let bytes = hand().bytes();
        for cut in 1..bytes.len() {
            let mut faults = 0;
            decode(&bytes[..cut], |_, _| faults += 1);
            assert!(faults > 0, "{cut} bytes");
        }
    }
}
