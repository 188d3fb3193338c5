//! Whatever GDAL reads, by the name that GDAL has for it: `PG:…`, a FileGDB folder, `/vsizip/…`. Only with the feature of that name; what this program
//! reads by itself does not come here.
//!
//! One thread reads and consumes. GDAL's own messages may hold values and passwords: they are kept silent, and that there was one is remembered, since a
//! layer whose reading fails otherwise only ends early.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use gdal::config::set_error_handler;
use gdal::errors::CplErrType;
use gdal::vector::{Feature, FieldValue, LayerAccess as _, OGRFieldType, OwnedLayer};
use gdal::{Dataset, DatasetOptions, GdalOpenFlags};

use super::failure::RecordsError;
use super::geopackage::hexadecimal;
use super::rows::{Cell, Gather, Sampled, geometry_column};
use super::source::Source;
use super::{Batch, Consume, Dialect, Errand, Wanted, positions};
use crate::error::Error;

/// Reads a layer in the order of its features.
pub(super) fn read(errand: &Errand, consume: Consume) -> Result<u64, Error> {
    let mut opened = Opened::new(&errand.source, errand.request.dialect)?;
    let columns = opened.resolve(errand.request.wanted)?;
    let mut gather = Gather::new(errand, 1);
    opened.rows(&columns, &mut |cells| gather.push(cells.iter(), consume).map(|()| true))?;
    errand.progress.advance(errand.source.bytes);
    gather.finish(consume)
}

/// Checks the columns.
pub(super) fn resolve(source: &Source, dialect: &Dialect, wanted: &[Wanted]) -> Result<(), RecordsError> {
    Opened::new(source, dialect)?.resolve(wanted).map(drop)
}

/// The first features as text, without geometries.
pub(super) fn sample(source: &Source, dialect: &Dialect) -> Result<Sampled, Error> {
    let mut opened = Opened::new(source, dialect)?;
    let columns: Vec<usize> = (0..opened.fields.len()).collect();
    let mut rows = Vec::new();
    opened.rows(&columns, &mut |cells| {
        rows.push(cells);
        Ok(rows.len() < Batch::MAX_ROWS)
    })?;
    let geometry = opened.has_geometry.then(|| opened.header.last().cloned()).flatten();
    Ok(Sampled::new(opened.header[..columns.len()].to_vec(), rows, geometry))
}

/// The layer's reference system.
pub(super) fn declared_system(source: &Source, dialect: &Dialect) -> Result<Option<String>, RecordsError> {
    let opened = Opened::new(source, dialect)?;
    let Some(system) = opened.layer.spatial_ref() else { return Ok(None) };
    Ok(match (system.auth_name().as_deref(), system.auth_code()) {
        (Some("EPSG"), Ok(code)) => Some(format!("EPSG:{code}")),
        _ => system.to_wkt().ok(),
    })
}

/// How many failures GDAL has told.
static FAILURES: AtomicU64 = AtomicU64::new(0);

struct Opened<'s> {
    source: &'s Source,
    layer: OwnedLayer,
    fields: Vec<OGRFieldType::Type>,
    has_geometry: bool,
    /// The layer's fields, then the geometry.
    header: Vec<String>,
}

impl<'s> Opened<'s> {
    fn new(source: &'s Source, dialect: &Dialect) -> Result<Self, RecordsError> {
        set_error_handler(|kind, _, _| {
            if matches!(kind, CplErrType::Failure | CplErrType::Fatal) {
                FAILURES.fetch_add(1, Ordering::Relaxed);
            }
        });
        let refused = |_| RecordsError::Gdal { file: source.file.clone() };
        let open_flags = GdalOpenFlags::GDAL_OF_VECTOR | GdalOpenFlags::GDAL_OF_READONLY;
        let options = DatasetOptions { open_flags, ..DatasetOptions::default() };
        let typed = dialect.secrets.typed(&source.file);
        let dataset = Dataset::open_ex(Path::new(&typed), options).map_err(refused)?;
        let layers: Vec<String> = dataset.layers().map(|layer| layer.name()).collect();
        let at = match (&dialect.layer, &layers[..]) {
            (Some(wanted), _) => layers.iter().position(|layer| layer == wanted),
            (None, [_]) => Some(0),
            (None, _) => None,
        };
        let Some(at) = at else {
            let layer = dialect.layer.clone().unwrap_or_default();
            return Err(RecordsError::NoLayer { file: source.file.clone(), layer, layers });
        };
        let layer = dataset.into_layer(at).map_err(refused)?;
        let (fields, mut header): (Vec<_>, Vec<_>) =
            layer.defn().fields().map(|field| (field.field_type(), field.name().trim().to_owned())).unzip();
        let geometry = layer.defn().geom_fields().next().map(|field| field.name());
        let has_geometry = geometry.is_some();
        let named = geometry.filter(|name| !name.is_empty() && !header.contains(name));
        header.push(named.unwrap_or_else(|| geometry_column(&header)));
        Ok(Self { source, layer, fields, has_geometry, header })
    }

    fn resolve(&self, wanted: &[Wanted]) -> Result<Vec<usize>, RecordsError> {
        let header = if self.has_geometry { &self.header[..] } else { &self.header[..self.fields.len()] };
        positions(&self.source.file.join(self.layer.name()), header, wanted)
    }

    /// Calls `each` with the cells of every feature until it says no.
    fn rows(&mut self, columns: &[usize], each: &mut dyn FnMut(Vec<Cell>) -> Result<bool, Error>) -> Result<(), Error> {
        let refused = || RecordsError::Gdal { file: self.source.file.clone() };
        let failures = FAILURES.load(Ordering::Relaxed);
        let fields = &self.fields;
        for feature in self.layer.features() {
            let cell = |&column: &usize| match fields.get(column) {
                Some(&kind) => field(&feature, column, kind),
                // `geometry()` gives something where there is none.
                None => Some(match feature.geometry_by_index(0) {
                    Ok(geometry) if !geometry.is_empty() => Cell::Text(hexadecimal(&geometry.wkb().ok()?)),
                    _ => Cell::Missing,
                }),
            };
            let cells = columns.iter().map(cell).collect::<Option<_>>().ok_or_else(refused)?;
            if !each(cells)? {
                return Ok(());
            }
        }
        if FAILURES.load(Ordering::Relaxed) > failures { Err(refused().into()) } else { Ok(()) }
    }
}

/// A field's value; `None` if GDAL does not give it.
fn field(feature: &Feature<'_>, at: usize, kind: OGRFieldType::Type) -> Option<Cell> {
    // A field that was never set is 0 as a number and only as a text what it is: nothing.
    let text = feature.field_as_string(at).ok()?.filter(|text| !text.is_empty());
    let Some(text) = text else { return Some(Cell::Missing) };
    Some(match kind {
        OGRFieldType::OFTReal => match feature.field(at).ok()?? {
            FieldValue::RealValue(number) => Cell::Number(number),
            _ => return None,
        },
        // `2024/01/31 00:00:00+00`; as a time it would not be given without a zone.
        OGRFieldType::OFTDate | OGRFieldType::OFTDateTime => Cell::Text(match text.replace('/', "-").split_once(' ') {
            Some((day, time)) if time.starts_with("00:00:00") => day.to_owned(),
            Some((day, time)) => format!("{day}T{time}"),
            None => text.replace('/', "-"),
        }),
        _ => Cell::Text(text),
    })
}
