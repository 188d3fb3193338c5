//! GeoJSON feature collections and sequences (RFC 8142): a column for each property, `geometry.x`, `geometry.y` for the coordinates of points, and
//! `geometry` for what `position.geometry` reads.
//!
//! Read feature by feature, whatever order the members have. One thread reads and consumes.

use std::fmt;
use std::io::{BufReader, Cursor, Read};

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::batch::{Batch, NumberState, Values};
use super::failure::{Foreign, RecordsError};
use super::number::NumberForm;
use super::parquet::float_text;
use super::rows::Sampled;
use super::source::Source;
use super::{Consume, Errand, Kind, Wanted, positions};
use crate::error::Error;
use crate::progress::{Progress, Silent};

/// The coordinates as columns; `x` and `y` too, where no property has that name.
const COORDINATES: [&str; 2] = ["geometry.x", "geometry.y"];

/// The geometry as a column, where no property has that name; in no header, since few look for it.
const GEOMETRY: &str = "geometry";

/// How many features show the columns.
const FEATURES_SAMPLED: usize = 10_000;

/// Reads a file.
pub(super) fn read(errand: &Errand, consume: Consume) -> Result<u64, Error> {
    let columns = columns(&errand.source, errand.request.wanted)?;
    let form = match errand.request.dialect.decimal {
        Some(sign) => NumberForm { decimal: sign as u8, certain: true },
        None => NumberForm::PLAIN,
    };
    let kinds = || errand.request.wanted.iter().map(|wanted| wanted.kind);
    let mut batch = Batch::new(errand.position, 1, kinds());
    let (mut records, mut failed) = (0, None);
    let mut each = |feature: Feature| {
        for (column, values) in columns.iter().zip(&mut batch.columns) {
            push(values, &feature, column, form);
        }
        batch.rows += 1;
        records += 1;
        if batch.rows == Batch::MAX_ROWS {
            let full = std::mem::replace(&mut batch, Batch::new(errand.position, records + 1, kinds()));
            failed = consume(full).err();
        }
        failed.is_none()
    };
    walk(&errand.source, errand.progress, Walk::Features(&mut each))?;
    if let Some(error) = failed {
        return Err(error);
    }
    if batch.rows > 0 {
        consume(batch)?;
    }
    Ok(records)
}

/// Checks the columns.
pub(super) fn resolve(source: &Source, wanted: &[Wanted]) -> Result<(), RecordsError> {
    columns(source, wanted).map(drop)
}

/// The first features as text; where none is a point, without coordinates, but with the geometry.
pub(super) fn sample(source: &Source, rows: usize) -> Result<Sampled, RecordsError> {
    let mut header = header(source, rows)?;
    let columns: Vec<Column> = header.iter().map(|name| column(&header, name)).collect();
    let mut batch = Batch::new(0, 1, header.iter().map(|_| Kind::Text));
    let mut points = false;
    let mut each = |feature: Feature| {
        points |= feature.position().is_some();
        for (column, values) in columns.iter().zip(&mut batch.columns) {
            push(values, &feature, column, NumberForm::PLAIN);
        }
        batch.rows += 1;
        batch.rows < rows.min(Batch::MAX_ROWS)
    };
    walk(source, &Silent, Walk::Features(&mut each))?;
    let properties = header.len() - COORDINATES.len();
    let geometry = (!points && matches!(column(&header, GEOMETRY), Column::Geometry)).then(|| GEOMETRY.to_owned());
    if geometry.is_some() {
        header.truncate(properties);
        batch.columns.truncate(properties);
    }
    Ok(Sampled { header, batch, geometry })
}

/// The system in the `crs` member, or WGS 84.
pub(super) fn declared_system(source: &Source) -> Result<String, RecordsError> {
    let mut name = None;
    let mut each = |crs: &Value| name = crs.pointer("/properties/name").and_then(Value::as_str).map(system_of_urn);
    walk(source, &Silent, Walk::Crs(&mut each))?;
    Ok(name.unwrap_or_else(|| "EPSG:4326".to_owned()))
}

/// `urn:ogc:def:crs:EPSG::25833` is EPSG:25833; CRS84 is EPSG:4326 with longitude first, as all GeoJSON.
fn system_of_urn(urn: &str) -> String {
    let code = urn.rsplit([':', '/']).next().unwrap_or(urn);
    match code {
        "CRS84" | "CRS84h" => "EPSG:4326".to_owned(),
        code if urn.to_ascii_uppercase().contains("EPSG") => format!("EPSG:{code}"),
        _ => urn.to_owned(),
    }
}

enum Column {
    Property(String),
    Coordinate(usize),
    Geometry,
}

fn columns(source: &Source, wanted: &[Wanted]) -> Result<Vec<Column>, RecordsError> {
    let known = |header: &[String]| wanted.iter().map(|wanted| resolved(source, header, wanted)).collect();
    let first: Result<_, _> = known(&header(source, FEATURES_SAMPLED)?);
    // a property may occur for the first time late in the file
    first.or_else(|_: RecordsError| known(&header(source, usize::MAX)?))
}

fn resolved(source: &Source, header: &[String], wanted: &Wanted) -> Result<Column, RecordsError> {
    match column(header, wanted.name.trim()) {
        Column::Property(name) => {
            positions(&source.file, header, std::slice::from_ref(wanted))?;
            Ok(Column::Property(name))
        }
        coordinate => Ok(coordinate),
    }
}

fn column(header: &[String], name: &str) -> Column {
    let is_property = header[..header.len() - COORDINATES.len()].iter().any(|property| property == name);
    let axis = COORDINATES.iter().position(|coordinate| *coordinate == name || &coordinate[coordinate.len() - 1..] == name);
    match axis {
        Some(axis) if !is_property => Column::Coordinate(axis),
        None if !is_property && name == GEOMETRY => Column::Geometry,
        _ => Column::Property(name.to_owned()),
    }
}

/// Names of all properties in the order they occur, then the coordinates.
fn header(source: &Source, features: usize) -> Result<Vec<String>, RecordsError> {
    let mut names: Vec<String> = Vec::new();
    let mut seen = rustc_hash::FxHashSet::default();
    let mut count = 0;
    let mut each = |feature: Feature| {
        for name in feature.properties.iter().flat_map(Map::keys) {
            if seen.insert(name.clone()) {
                names.push(name.clone());
            }
        }
        count += 1;
        count < features
    };
    walk(source, &Silent, Walk::Features(&mut each))?;
    names.extend(COORDINATES.map(str::to_owned));
    Ok(names)
}

fn push(values: &mut Values, feature: &Feature, column: &Column, form: NumberForm) {
    let value = match column {
        Column::Property(name) => feature.properties.as_ref().and_then(|properties| properties.get(name)),
        Column::Coordinate(axis) => feature.position().and_then(|position| position.get(*axis)),
        Column::Geometry => None,
    };
    if let (Column::Geometry, Values::Text(texts)) = (column, &mut *values) {
        let text = feature
            .geometry
            .as_ref()
            .map(|geometry| serde_json::json!({"type": geometry.kind, "coordinates": geometry.coordinates}).to_string());
        return texts.push(&text.unwrap_or_default());
    }
    match (values, value) {
        (Values::Number(numbers), Some(Value::Number(number))) => {
            numbers.push(number.as_f64().unwrap_or(f64::NAN), NumberState::Number);
        }
        (Values::Number(numbers), Some(Value::String(text))) => {
            let (value, state) = form.parse(text.as_bytes());
            numbers.push(value, state);
        }
        (Values::Number(numbers), Some(value)) if !value.is_null() => numbers.push(f64::NAN, NumberState::NotANumber),
        (Values::Text(texts), Some(Value::String(text))) => texts.push(text),
        (Values::Text(texts), Some(Value::Number(number))) => match number.as_f64() {
            Some(value) if number.is_f64() => texts.push(&float_text(value)),
            _ => texts.push(&number.to_string()),
        },
        (Values::Text(texts), Some(value)) if !value.is_null() => texts.push(&value.to_string()),
        (values, _) => values.push_missing(),
    }
}

#[derive(serde::Deserialize)]
struct Feature {
    #[serde(default)]
    properties: Option<Map<String, Value>>,
    #[serde(default)]
    geometry: Option<Geometry>,
}

#[derive(serde::Deserialize)]
struct Geometry {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    coordinates: Value,
}

impl Feature {
    /// The position of a point, or of a multipoint with one point.
    fn position(&self) -> Option<&Vec<Value>> {
        let geometry = self.geometry.as_ref()?;
        let coordinates = geometry.coordinates.as_array()?;
        match geometry.kind.as_str() {
            "Point" => Some(coordinates),
            "MultiPoint" if coordinates.len() == 1 => coordinates[0].as_array(),
            _ => None,
        }
    }
}

/// What a walk through the file stops at. A function that returns `false` ends the walk.
enum Walk<'a> {
    Features(&'a mut dyn FnMut(Feature) -> bool),
    Crs(&'a mut dyn FnMut(&Value)),
}

fn walk(source: &Source, progress: &dyn Progress, walk: Walk) -> Result<(), RecordsError> {
    let mut stream = source.stream(progress)?;
    let mut mark = Vec::new();
    stream.by_ref().take(3).read_to_end(&mut mark).map_err(|cause| source.failure(cause))?;
    mark.retain(|byte| !b"\xEF\xBB\xBF".contains(byte));
    let reader = BufReader::with_capacity(1 << 16, Cursor::new(mark).chain(stream));
    if source.sequence {
        return walk_sequence(source, reader, walk);
    }
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let (mut ended, mut is_collection) = (false, false);
    let members = Members { walk, ended: &mut ended, is_collection: &mut is_collection };
    let result = (&mut deserializer).deserialize_map(members).and_then(|()| deserializer.end());
    let corrupt = |file| RecordsError::Corrupt { file, format: "GeoJSON" };
    match result {
        _ if ended => Ok(()),
        Ok(()) if !is_collection => Err(RecordsError::Unsupported { file: source.file.clone(), found: Foreign::OtherJson }),
        Ok(()) => Ok(()),
        Err(error) if error.is_eof() => Err(RecordsError::Truncated { file: source.file.clone(), format: "GeoJSON" }),
        Err(error) if error.is_io() => Err(source.failure(error.into())),
        Err(_) => Err(corrupt(source.file.clone())),
    }
}

/// Feature after feature; what separates them is blank to JSON.
fn walk_sequence(source: &Source, reader: impl Read, walk: Walk) -> Result<(), RecordsError> {
    let Walk::Features(each) = walk else { return Ok(()) };
    for feature in serde_json::Deserializer::from_reader(Separated { inner: reader }).into_iter::<Feature>() {
        match feature {
            Ok(feature) => {
                if !each(feature) {
                    return Ok(());
                }
            }
            Err(error) if error.is_eof() => {
                return Err(RecordsError::Truncated { file: source.file.clone(), format: "GeoJSON" });
            }
            Err(error) if error.is_io() => return Err(source.failure(error.into())),
            Err(_) => return Err(RecordsError::Corrupt { file: source.file.clone(), format: "GeoJSON" }),
        }
    }
    Ok(())
}

/// Record separators become blanks.
struct Separated<R> {
    inner: R,
}

impl<R: Read> Read for Separated<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(into)?;
        into[..read].iter_mut().filter(|byte| **byte == 0x1e).for_each(|byte| *byte = b' ');
        Ok(read)
    }
}

struct Members<'a, 'w> {
    walk: Walk<'w>,
    ended: &'a mut bool,
    is_collection: &'a mut bool,
}

impl<'de> Visitor<'de> for Members<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a GeoJSON feature collection")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            match (name.as_str(), &mut self.walk) {
                ("features", Walk::Features(each)) => {
                    *self.is_collection = true;
                    members.next_value_seed(Features { each: &mut **each, ended: self.ended })?;
                }
                ("features", Walk::Crs(_)) => {
                    *self.is_collection = true;
                    members.next_value::<IgnoredAny>()?;
                }
                ("crs", Walk::Crs(each)) => {
                    each(&members.next_value()?);
                    *self.ended = true;
                    return Err(A::Error::custom("enough"));
                }
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct Features<'a> {
    each: &'a mut dyn FnMut(Feature) -> bool,
    ended: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Features<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Features<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut features: A) -> Result<(), A::Error> {
        while let Some(feature) = features.next_element::<Feature>()? {
            if !(self.each)(feature) {
                *self.ended = true;
                return Err(A::Error::custom("enough"));
            }
        }
        Ok(())
    }
}
