//! Reads a bundle: `release.parquet`, what `run.json` tells beside it, and `incidence.parquet` (which cells lie in which areas).

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, Int64Array};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::audit::bundle::{Bundle, Date, NO_DATA, Published, Sums, WHOLE};
use crate::audit::bundle_error::BundleError;
use crate::audit::release_rows;
use crate::grid::{CellId, GridSize};

#[derive(Deserialize)]
struct RunJson {
    protection: Protection,
    records: Records,
    fields: Vec<DescribedField>,
    layers: Vec<DescribedLayer>,
}

#[derive(Deserialize)]
struct Protection {
    method: String,
    parameters: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Records {
    placed: Told,
    #[serde(default)]
    areas: BTreeMap<String, AreaRecords>,
}

#[derive(Deserialize)]
struct AreaRecords {
    outside: Told,
}

#[derive(Deserialize)]
struct Told {
    count: Option<i64>,
}

#[derive(Deserialize)]
struct DescribedField {
    table: String,
    group: String,
}

#[derive(Deserialize)]
struct DescribedLayer {
    level: String,
    #[serde(default)]
    date: Option<String>,
}

impl Bundle {
    /// Reads `run.json`, `release.parquet` and, where there are areas, `incidence.parquet`.
    pub(super) fn read(folder: &Path) -> Result<Self, BundleError> {
        let file = folder.join("run.json");
        let text = std::fs::read(&file).map_err(|e| BundleError::unreadable(&file, &e))?;
        let run: RunJson = serde_json::from_slice(&text).map_err(|e| BundleError::unreadable(&file, &e))?;
        let mut sizes: Vec<(String, GridSize)> = Vec::new();
        let mut systems: Vec<String> = Vec::new();
        let mut dates: Vec<Option<String>> = Vec::new();
        for layer in run.layers {
            match grid_size(&layer.level) {
                Some(size) if !sizes.iter().any(|s| s.1 == size) => sizes.push((layer.level, size)),
                None if !systems.contains(&layer.level) => systems.push(layer.level),
                _ => {}
            }
            if !dates.contains(&layer.date) {
                dates.push(layer.date);
            }
        }
        sizes.sort_by_key(|s| s.1);
        if sizes.is_empty() {
            sizes.push((WHOLE.to_owned(), whole().size()));
        }
        // Sums of measures are withheld where their counts are, which is looked at as they are read; what is attacked is the counts.
        let counts = run.fields.into_iter().filter(|field| !field.table.contains(':'));
        let date = |name| Date {
            name,
            grids: sizes.iter().map(|_| Published::default()).collect(),
            areas: systems.iter().map(|_| Published::default()).collect(),
            bounds: Vec::new(),
        };
        let mut bundle = Self {
            method: run.protection.method,
            parameters: run.protection.parameters,
            // A number of several dates together tells of none of them.
            placed: run.records.placed.count.filter(|_| dates.len() == 1),
            outside: run.records.areas.into_iter().map(|(name, told)| (name, told.outside.count)).collect(),
            columns: counts.map(|field| (field.table, field.group)).collect(),
            dates: dates.into_iter().map(date).collect(),
            sizes,
            systems,
            incidence: FxHashMap::default(),
            sums: Sums::default(),
        };
        if bundle.gridless() {
            // Bundles with changed numbers say nothing of it either, and are checked by what they show alone.
            let width = if ["suppress", "none"].contains(&bundle.method.as_str()) { bundle.columns.len() } else { 0 };
            for grid in bundle.dates.iter_mut().filter(|_| width > 0).map(|date| &mut date.grids[0]) {
                grid.units.push(whole());
                grid.numbers.resize(width, NO_DATA);
            }
        }
        release_rows::read(&mut bundle, &folder.join("release.parquet"))?;
        if !bundle.systems.is_empty() {
            bundle.read_incidence(&folder.join("incidence.parquet"))?;
        }
        Ok(bundle)
    }

    fn read_incidence(&mut self, file: &Path) -> Result<(), BundleError> {
        let mut known: FxHashMap<String, Arc<str>> = FxHashMap::default();
        for batch in reader(file)? {
            let batch = batch.map_err(|e| BundleError::unreadable(file, &e))?;
            let unexpected = || BundleError::Unexpected { file: file.into() };
            let cells = batch.column_by_name("cell").and_then(|c| c.as_primitive_opt::<Int64Type>());
            if cells.is_none() && !self.gridless() {
                return Err(unexpected());
            }
            let keys = self.systems.iter().map(|system| batch.column_by_name(system).and_then(|c| c.as_string_opt::<i32>()));
            let keys = keys.collect::<Option<Vec<_>>>().ok_or_else(unexpected)?;
            for row in 0..batch.num_rows() {
                let told = |cells: &Int64Array| u64::try_from(cells.value(row)).ok().and_then(CellId::from_u64);
                let cell = cells.map_or(Some(whole()), told).ok_or_else(unexpected)?;
                let mut key = |column: &&arrow_array::StringArray| {
                    (!column.is_null(row)).then(|| {
                        let text = column.value(row);
                        Arc::clone(known.entry(text.to_owned()).or_insert_with(|| text.into()))
                    })
                };
                self.incidence.entry(cell).or_default().push(keys.iter().map(&mut key).collect());
            }
        }
        Ok(())
    }
}

fn reader(file: &Path) -> Result<ParquetRecordBatchReader, BundleError> {
    let opened = File::open(file).map_err(|e| BundleError::unreadable(file, &e))?;
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(opened, options);
    let reader = builder.and_then(|builder| builder.with_batch_size(1 << 16).build());
    reader.map_err(|e| BundleError::unreadable(file, &e))
}

/// Stands for all records where there is no grid.
fn whole() -> CellId {
    let size = GridSize::new(GridSize::MAX_M).expect("the largest size is one");
    CellId::of_corner(size, 0, 0).expect("the grid begins with a cell")
}

/// `100m`, `1km`; `None` for the name of an area system.
fn grid_size(level: &str) -> Option<GridSize> {
    let metres = match level.strip_suffix("km") {
        Some(km) => km.parse::<u32>().ok()?.checked_mul(1000)?,
        None => level.strip_suffix('m')?.parse().ok()?,
    };
    GridSize::new(metres).ok().filter(|size| size.level_name() == level)
}
