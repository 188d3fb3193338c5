//! Reads a bundle: `run.json`, `release.parquet`, `incidence.parquet`, and the names of areas from its GeoJSON or CSV.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::ask::AskError;
use crate::ask::stock::{Column, Count, Dimension, Shelf, Stock};
use crate::grid::{CellId, GridSize};

#[derive(Deserialize)]
struct RunJson {
    #[serde(default)]
    title: String,
    #[serde(default)]
    attribution: String,
    protection: Protection,
    fields: Vec<DescribedField>,
    /// Of each dimension further words, and the categories that they mean.
    #[serde(default)]
    synonyms: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    layers: Vec<DescribedLayer>,
}

#[derive(Deserialize)]
struct Protection {
    method: String,
    parameters: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct DescribedField {
    name: String,
    status_name: String,
    table: String,
    group: String,
    label: String,
}

#[derive(Deserialize)]
struct DescribedLayer {
    name: String,
    level: String,
    #[serde(default)]
    date: Option<String>,
    minzoom: Option<u8>,
    maxzoom: Option<u8>,
}

fn wrong(file: &Path, reason: impl ToString) -> AskError {
    AskError::Bundle { file: file.into(), reason: reason.to_string() }
}

impl Stock {
    /// Reads a bundle. Costs about a second for ten million numbers; eight bytes of memory for each.
    ///
    /// # Errors
    /// If the folder is no bundle, or its files do not belong together.
    pub fn read(folder: &Path) -> Result<Self, AskError> {
        let file = folder.join("run.json");
        let text = std::fs::read(&file).map_err(|e| wrong(&file, e.kind()))?;
        let run: RunJson = serde_json::from_slice(&text).map_err(|e| wrong(&file, format_args!("line {}", e.line())))?;
        let (mut dimensions, columns) = dimensions(&run.fields);
        for dimension in &mut dimensions {
            let position = |name: &String| dimension.categories.iter().position(|c| c == name);
            let words = run.synonyms.get(&dimension.name).into_iter().flatten();
            let known = words.map(|(word, names)| {
                let mut categories: Vec<usize> = names.iter().filter_map(position).collect();
                categories.sort_unstable();
                categories.dedup();
                (word.clone(), categories)
            });
            // A category that nobody is in is not published, and its words mean nothing here.
            dimension.synonyms = known.filter(|(_, categories)| !categories.is_empty()).collect();
        }
        if columns.first().is_none_or(|c| !c.dimensions.is_empty()) {
            return Err(wrong(&file, "no total"));
        }
        let width = columns.len();
        let shelf = |layer: DescribedLayer| Shelf {
            size: grid_size(&layer.level),
            name: layer.name,
            level: layer.level,
            date: layer.date,
            zooms: layer.minzoom.zip(layer.maxzoom),
            ids: Vec::new(),
            labels: Vec::new(),
            numbers: Vec::new(),
            width,
        };
        let shelves: Vec<Shelf> = run.layers.into_iter().map(shelf).collect();
        let mut dates: Vec<Option<String>> = shelves.iter().map(|s| s.date.clone()).collect();
        dates.sort();
        dates.dedup();
        let joined = run.protection.parameters.contains_key("merge_largest");
        let mut stock = Self {
            folder: folder.into(),
            title: run.title,
            attribution: run.attribution,
            method: run.protection.method,
            parameters: run.protection.parameters,
            dimensions,
            columns,
            dates,
            shelves,
            cells_of_areas: BTreeMap::new(),
        };
        stock.read_release(&folder.join("release.parquet"), joined, &run.fields)?;
        for at in 0..stock.shelves.len() {
            if stock.shelves[at].size.is_none() {
                stock.name_areas(at);
            }
        }
        stock.read_incidence(&folder.join("incidence.parquet"))?;
        Ok(stock)
    }

    fn read_release(&mut self, file: &Path, joined: bool, fields: &[DescribedField]) -> Result<(), AskError> {
        let text = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let names = ["date", "level", "id", "table", "group"];
        let mut schema: Vec<Field> = names.iter().map(|name| Field::new(*name, text(), *name == "date")).collect();
        schema.push(Field::new("value", DataType::Int64, true));
        schema.push(Field::new("status", text(), false));
        schema.extend(joined.then(|| Field::new("size_m", DataType::Int64, true)));
        let mut columns: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for field in fields {
            if let Some(at) = self.columns.iter().position(|c| c.field == field.name) {
                columns.insert((&field.table, &field.group), at);
            }
        }
        let mut filling = Filling { columns, shelves: &mut self.shelves, at: None };
        for batch in reader(file, Some(Schema::new(schema)))? {
            let batch = batch.map_err(|e| wrong(file, e))?;
            filling.take(&batch).ok_or_else(|| wrong(file, "not as run.json describes it"))?;
        }
        Ok(())
    }

    /// Which of the finest cells have a part in which area. A bundle without areas has no such file.
    fn read_incidence(&mut self, file: &Path) -> Result<(), AskError> {
        if !file.is_file() {
            return Ok(());
        }
        for batch in reader(file, None)? {
            let batch = batch.map_err(|e| wrong(file, e))?;
            let cells = batch.column_by_name("cell").and_then(|c| c.as_primitive_opt::<Int64Type>().cloned());
            let cells = cells.ok_or_else(|| wrong(file, "no column cell"))?;
            for field in batch.schema().fields().iter().filter(|f| f.name() != "cell") {
                let keys = batch.column_by_name(field.name()).and_then(|c| c.as_string_opt::<i32>());
                let keys = keys.ok_or_else(|| wrong(file, "an area system that is no text"))?;
                let areas = self.cells_of_areas.entry(field.name().clone()).or_default();
                for row in (0..batch.num_rows()).filter(|&row| keys.is_valid(row)) {
                    let cell = u64::try_from(cells.value(row)).ok().and_then(CellId::from_u64);
                    let cell = cell.ok_or_else(|| wrong(file, "no cell id"))?;
                    match areas.get_mut(keys.value(row)) {
                        Some(cells) => cells.push(cell),
                        None => drop(areas.insert(keys.value(row).to_owned(), vec![cell])),
                    }
                }
            }
        }
        Ok(())
    }

    /// Names of areas, from whichever format of the bundle tells them.
    fn name_areas(&mut self, at: usize) {
        let shelf = &self.shelves[at];
        let text = |path: String| std::fs::read_to_string(self.folder.join(path)).ok();
        let named = text(format!("geojson/{}.geojson", shelf.name))
            .map(|text| names_in_geojson(&text))
            .or_else(|| text(format!("csv/{}.csv", shelf.name)).map(|text| names_in_csv(&text)))
            .unwrap_or_default();
        let labels = shelf.ids.iter().map(|id| named.get(id).cloned().unwrap_or_default()).collect();
        self.shelves[at].labels = labels;
    }
}

/// Dimensions in the order in which the fields name them, and the columns that count.
fn dimensions(fields: &[DescribedField]) -> (Vec<Dimension>, Vec<Column>) {
    let mut dimensions: Vec<Dimension> = Vec::new();
    let mut columns = Vec::new();
    for field in fields.iter().filter(|f| !f.table.contains(':')) {
        let (names, categories): (Vec<&str>, Vec<&str>) = match field.table.as_str() {
            "total" if field.group.is_empty() => (Vec::new(), Vec::new()),
            table => (table.split(',').collect(), field.group.split('|').collect()),
        };
        if names.len() != categories.len() {
            continue;
        }
        let mut rest = field.label.as_str();
        let mut column = Column {
            field: field.name.clone(),
            status_field: field.status_name.clone(),
            dimensions: Vec::new(),
            group: Vec::new(),
        };
        for (name, category) in names.into_iter().zip(categories) {
            let (label, after) = rest.split_once(&format!(": {category}")).unwrap_or((name, rest));
            rest = after.strip_prefix(", ").unwrap_or(after);
            let dimension = dimensions.iter().position(|d| d.name == name).unwrap_or_else(|| {
                dimensions.push(Dimension {
                    name: name.into(),
                    label: label.into(),
                    categories: Vec::new(),
                    synonyms: Vec::new(),
                });
                dimensions.len() - 1
            });
            let known = &mut dimensions[dimension].categories;
            let position = known.iter().position(|c| c == category).unwrap_or_else(|| {
                known.push(category.into());
                known.len() - 1
            });
            column.dimensions.push(dimension);
            column.group.push(position);
        }
        columns.push(column);
    }
    (dimensions, columns)
}

fn names_in_geojson(text: &str) -> BTreeMap<String, String> {
    #[derive(Deserialize)]
    struct Collection {
        features: Vec<Feature>,
    }
    #[derive(Deserialize)]
    struct Feature {
        properties: Named,
    }
    #[derive(Deserialize)]
    struct Named {
        id: String,
        #[serde(default)]
        label: String,
    }
    let features = serde_json::from_str::<Collection>(text).map_or_else(|_| Vec::new(), |c| c.features);
    features.into_iter().map(|f| (f.properties.id, f.properties.label)).collect()
}

fn names_in_csv(text: &str) -> BTreeMap<String, String> {
    let mut lines = text.lines().map(csv_line);
    let Some(head) = lines.next() else { return BTreeMap::new() };
    let column = |name: &str| head.iter().position(|h| h == name);
    let (Some(id), Some(label)) = (column("id"), column("label")) else { return BTreeMap::new() };
    lines.filter_map(|line| Some((line.get(id)?.clone(), line.get(label)?.clone()))).collect()
}

/// The fields of a line as `export` writes them: commas, doubled quotes, no line breaks.
fn csv_line(line: &str) -> Vec<String> {
    let (mut fields, mut quoted) = (vec![String::new()], false);
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        let field = fields.last_mut().expect("never empty");
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                field.push('"');
                characters.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => field.push(c),
        }
    }
    fields
}

fn reader(file: &Path, schema: Option<Schema>) -> Result<ParquetRecordBatchReader, AskError> {
    let opened = File::open(file).map_err(|e| wrong(file, e.kind()))?;
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let options = match schema {
        Some(schema) => options.with_schema(Arc::new(schema)),
        None => options,
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(opened, options);
    builder.and_then(|builder| builder.with_batch_size(1 << 16).build()).map_err(|e| wrong(file, e))
}

/// `100m`, `1km`; `None` for the name of an area system.
fn grid_size(level: &str) -> Option<GridSize> {
    let metres = match level.strip_suffix("km") {
        Some(km) => km.parse::<u32>().ok()?.checked_mul(1000)?,
        None => level.strip_suffix('m')?.parse().ok()?,
    };
    GridSize::new(metres).ok().filter(|size| size.level_name() == level)
}

/// Rows of the long form on their way to their shelves.
struct Filling<'f> {
    columns: BTreeMap<(&'f str, &'f str), usize>,
    shelves: &'f mut Vec<Shelf>,
    /// Shelf and id of the row before.
    at: Option<(usize, String)>,
}

impl Filling<'_> {
    /// Takes in a batch; `None` where it is not what `run.json` describes.
    fn take(&mut self, batch: &RecordBatch) -> Option<()> {
        let dictionary = |at: usize| -> Option<(&[i32], Vec<&str>)> {
            let column = batch.column(at).as_dictionary_opt::<Int32Type>()?;
            let values = column.values().as_string_opt::<i32>()?;
            Some((column.keys().values().as_ref(), values.iter().map(|v| v.unwrap_or("")).collect()))
        };
        let (dates, date_names) = dictionary(0)?;
        let (levels, level_names) = dictionary(1)?;
        let (ids, id_names) = dictionary(2)?;
        let (tables, table_names) = dictionary(3)?;
        let (groups, group_names) = dictionary(4)?;
        let values = batch.column(5).as_primitive_opt::<Int64Type>()?;
        let (statuses, status_names) = dictionary(6)?;
        let mut known: FxHashMap<(i32, i32), Option<usize>> = FxHashMap::default();
        let mut last = None;
        for row in 0..batch.num_rows() {
            let date = batch.column(0).is_valid(row).then(|| dates[row]);
            let place = (date, levels[row], ids[row]);
            if last != Some(place) {
                let date = date.map(|key| date_names[key as usize]);
                self.begin(date, level_names[place.1 as usize], id_names[place.2 as usize])?;
                last = Some(place);
            }
            let column = *known.entry((tables[row], groups[row])).or_insert_with(|| {
                self.columns.get(&(table_names[tables[row] as usize], group_names[groups[row] as usize])).copied()
            });
            // Sums of measures are not asked about.
            let Some(column) = column else { continue };
            let value = values.is_valid(row).then(|| values.value(row));
            let number = Count::new(value, status_names[statuses[row] as usize])?;
            let shelf = &mut self.shelves[self.at.as_ref()?.0];
            let first = shelf.numbers.len() - shelf.width;
            shelf.numbers[first + column] = number;
        }
        Some(())
    }

    /// Begins a place, unless the last batch ended within it.
    fn begin(&mut self, date: Option<&str>, level: &str, id: &str) -> Option<()> {
        let shelf = self.shelves.iter().position(|s| s.level == level && s.date.as_deref() == date)?;
        if self.at.as_ref().is_some_and(|(before, before_id)| *before == shelf && before_id == id) {
            return Some(());
        }
        let into = &mut self.shelves[shelf];
        if into.size.is_some() {
            id.parse::<CellId>().ok()?;
        }
        into.ids.push(id.to_owned());
        into.numbers.resize(into.numbers.len() + into.width, Count::NONE);
        self.at = Some((shelf, id.to_owned()));
        Some(())
    }
}
