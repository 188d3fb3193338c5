//! From a register to its tables: read and taken apart on all threads, sorted, so that the tables are the same for any number of threads.

use std::sync::Mutex;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::RegisterSpec;
use super::error::RegisterError;
use super::index::{Stretch, Tables, Texts};
use super::layout::Layout;
use crate::confidential::georeference::address::{HouseNumber, StreetName, Suffix};
use crate::confidential::georeference::matcher::{municipality_key, place_name, postcode, short_street_key};
use crate::confidential::records::{Batch, NumberState, NumberValues, Request, TextValues, Values, read};
use crate::error::Error;
use crate::geodesy::{Projection, ReferenceSystem, in_area_of_use_of};
use crate::progress::Silent;

/// A street in one town and postcode, as [`Stretch`] but with texts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Named {
    town: String,
    name: String,
    postcode: String,
    place: String,
    key: String,
    written: String,
}

/// What a row says of its street, to be told from the row before.
#[derive(Clone, Copy, PartialEq, Eq)]
struct RowTexts<'b> {
    street: &'b str,
    key: &'b str,
    postcode: &'b str,
    municipality: &'b str,
    place: &'b str,
    parts: [&'b str; 4],
}

/// A house: stretch, number, suffix, position in millimetres.
type House = (u32, u32, u32, [i64; 2]);

/// What one batch holds.
#[derive(Default)]
struct Part {
    stretches: Vec<Named>,
    houses: Vec<House>,
    unusable: u64,
}

/// Reads the whole register. About 1 µs a house and core.
pub(super) fn build(spec: &RegisterSpec, layout: &Layout) -> Result<Tables, Error> {
    let (wanted, places, municipality_parts) = layout.wanted();
    let files = [spec.file.clone()];
    let request = Request { files: &files, dialect: &layout.dialect, wanted: &wanted };
    let parts = Mutex::new(Vec::new());
    let projection = Projection::new(&layout.system, &ReferenceSystem::etrs89_laea())?;
    let reader = Reader { layout, projection, places, municipality_parts };
    read(&request, &Silent, &|batch| {
        let part = reader.part(&batch);
        parts.lock().expect("nobody panics with the lock").push(part);
        Ok(())
    })?;
    Ok(merge(parts.into_inner().expect("nobody panics with the lock"), spec)?)
}

struct Reader<'l> {
    layout: &'l Layout,
    projection: Projection,
    places: [Option<usize>; 9],
    municipality_parts: Vec<usize>,
}

impl Reader<'_> {
    fn part(&self, batch: &Batch) -> Part {
        let [street, number, suffix, x, y, key, postcode, municipality, place] = self.places;
        let text = |column: Option<usize>, row: usize| column.and_then(|at| text(batch, at).get(row)).unwrap_or("");
        let (x, y) = (numbers(batch, x.expect("checked")), numbers(batch, y.expect("checked")));
        let in_area = in_area_of_use_of(&self.layout.system);
        let mut part = Part::default();
        let mut known: FxHashMap<Named, u32> = FxHashMap::default();
        let mut last: Option<(RowTexts<'_>, u32)> = None;
        for row in 0..batch.rows {
            let numeric = x.states[row] == NumberState::Number && y.states[row] == NumberState::Number;
            let position =
                (numeric && in_area(x.values[row], y.values[row])).then(|| self.position_mm(x.values[row], y.values[row]));
            let mut parts = [""; 4];
            for (slot, &at) in parts.iter_mut().zip(&self.municipality_parts) {
                *slot = text(Some(at), row);
            }
            let texts = RowTexts {
                street: text(street, row),
                key: text(key, row),
                postcode: text(postcode, row),
                municipality: text(municipality, row),
                place: text(place, row),
                parts,
            };
            let Some(position) = position.flatten().filter(|_| !(texts.street.is_empty() && texts.key.is_empty())) else {
                part.unusable += 1;
                continue;
            };
            let stretch = match last {
                Some((same, stretch)) if same == texts => stretch,
                _ => {
                    let named = named(&texts);
                    let next = part.stretches.len() as u32;
                    let stretch = *known.entry(named).or_insert_with_key(|named| {
                        part.stretches.push(named.clone());
                        next
                    });
                    last = Some((texts, stretch));
                    stretch
                }
            };
            let house = HouseNumber::parse(text(number, row), text(suffix, row));
            let house = house.unwrap_or(HouseNumber { number: 0, suffix: Suffix::NONE });
            part.houses.push((stretch, house.number, house.suffix.packed(), position));
        }
        part
    }

    /// Whole millimetres of EPSG:3035, rounded down, after rounding to the micrometre as everywhere.
    fn position_mm(&self, x: f64, y: f64) -> Option<[i64; 2]> {
        let (easting_m, northing_m) = self.projection.exact(x, y)?;
        Some([easting_m, northing_m].map(|metres| ((metres * 1e6).round() as i64).div_euclid(1000)))
    }
}

fn named(texts: &RowTexts<'_>) -> Named {
    let key = texts.parts.concat();
    let town = match texts.municipality {
        "" => key,
        text => municipality_key(text).unwrap_or_else(|| place_name(text)),
    };
    Named {
        town,
        name: StreetName::of(texts.street).map_or_else(String::new, |name| name.as_str().to_owned()),
        postcode: if texts.postcode.is_empty() { String::new() } else { postcode(texts.postcode) },
        place: place_name(texts.place),
        key: short_street_key(texts.key),
        written: texts.street.to_owned(),
    }
}

fn merge(parts: Vec<Part>, spec: &RegisterSpec) -> Result<Tables, RegisterError> {
    let unusable = parts.iter().map(|part| part.unusable).sum();
    let mut all: Vec<&Named> = parts.iter().flat_map(|part| &part.stretches).collect();
    all.par_sort_unstable();
    all.dedup();
    let texts = |of: fn(&Named) -> &String| Texts::of(all.iter().map(|named| of(named).as_str()).collect());
    let mut tables = Tables {
        towns: texts(|n| &n.town),
        names: texts(|n| &n.name),
        postcodes: texts(|n| &n.postcode),
        places: texts(|n| &n.place),
        keys: texts(|n| &n.key),
        written: texts(|n| &n.written),
        unusable,
        ..Tables::default()
    };
    let found = |texts: &Texts, text: &str| texts.find(text).expect("all were collected");
    // In the order of their texts, and so of their numbers.
    tables.stretches = all
        .iter()
        .map(|n| Stretch {
            town: found(&tables.towns, &n.town),
            name: found(&tables.names, &n.name),
            postcode: found(&tables.postcodes, &n.postcode),
            place: found(&tables.places, &n.place),
            key: found(&tables.keys, &n.key),
            written: found(&tables.written, &n.written),
            first: 0,
        })
        .collect();
    let of_part = |part: &Part| {
        let global: Vec<u32> =
            part.stretches.iter().map(|named| all.binary_search(&named).expect("all were collected") as u32).collect();
        part.houses
            .iter()
            .map(|&(stretch, number, suffix, mm)| (global[stretch as usize], number, suffix, mm))
            .collect::<Vec<_>>()
    };
    let mut houses: Vec<House> = parts.par_iter().flat_map_iter(of_part).collect();
    houses.par_sort_unstable();
    houses.dedup();
    fill(&mut tables, &houses, spec)?;
    Ok(tables)
}

fn fill(tables: &mut Tables, houses: &[House], spec: &RegisterSpec) -> Result<(), RegisterError> {
    let mut first = 0;
    for (at, stretch) in tables.stretches.iter_mut().enumerate() {
        first += houses[first..].partition_point(|house| (house.0 as usize) < at);
        stretch.first = u32::try_from(first).expect("fewer than 4 thousand million houses");
    }
    let end = Stretch { first: houses.len() as u32, ..tables.stretches.last().copied().unwrap_or(Stretch::of_words([0; 7])) };
    tables.stretches.push(end);
    tables.numbers = houses.iter().map(|house| house.1).collect();
    tables.suffixes = houses.iter().map(|house| house.2).collect();
    let least = |axis: usize| houses.iter().map(|house| house.3[axis]).min().unwrap_or(0);
    let origin_mm = [least(0), least(1)];
    tables.origin_mm = origin_mm;
    let offsets =
        |axis: usize| houses.iter().map(|house| u32::try_from(house.3[axis] - origin_mm[axis])).collect::<Result<Vec<_>, _>>();
    let too_wide = |_| RegisterError::TooWide { file: spec.file.clone() };
    let (eastings_mm, northings_mm) = (offsets(0).map_err(too_wide)?, offsets(1).map_err(too_wide)?);
    (tables.eastings_mm, tables.northings_mm) = (eastings_mm, northings_mm);
    Ok(())
}

fn text(batch: &Batch, column: usize) -> &TextValues {
    match &batch.columns[column] {
        Values::Text(texts) => texts,
        Values::Number(_) => unreachable!("asked for as text"),
    }
}

fn numbers(batch: &Batch, column: usize) -> &NumberValues {
    match &batch.columns[column] {
        Values::Number(numbers) => numbers,
        Values::Text(_) => unreachable!("asked for as numbers"),
    }
}
