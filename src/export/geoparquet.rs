//! GeoParquet 1.1, one file a layer: WKB, longitude and latitude, a box for each feature (covering), zstd.

use std::fs::{self, File};
use std::io::BufWriter;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, BinaryArray, DictionaryArray, Float64Array, Int32Array, Int64Array, StringArray, StructArray};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use geo::Coord;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use serde_json::{Value, json};

use crate::confidential::{Release, Status};
use crate::error::Error;
use crate::export::row_groups::write_row_groups;
use crate::export::{ExportError, ExportOptions, about, wkb};
use crate::geodesy::ReferenceSystem;
use crate::layer::{Layer, LayerOutlines, Outlines, layers};
use crate::progress::Progress;

/// Rows in a row group: small enough that a reader of a window skips most of a large file by its boxes.
const ROW_GROUP_ROWS: usize = 1 << 15;

pub(super) fn write(
    release: &Release,
    options: &ExportOptions,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Vec<PathBuf>, Error> {
    fs::create_dir_all(folder).map_err(|e| ExportError::io(folder, &e))?;
    let outlines = Outlines::new(&ReferenceSystem::wgs84())?;
    let mut files = Vec::new();
    for layer in layers(release) {
        let path = folder.join(format!("{}.parquet", layer.name));
        let outlines = outlines.of_layer(&layer)?;
        let file = File::create(&path).map_err(|e| ExportError::io(&path, &e))?;
        let table = Table { layer: &layer, outlines: &outlines };
        table.write(file, table.properties(release, options)).map_err(|e| ExportError::parquet(&path, &e))?;
        progress.advance(layer.block.units.len() as u64);
        files.push(path);
    }
    Ok(files)
}

/// Longitude and latitude, in this order, as PROJJSON 0.7 says OGC:CRS84.
fn crs84() -> Value {
    json!({
        "$schema": "https://proj.org/schemas/v0.7/projjson.schema.json",
        "type": "GeographicCRS",
        "name": "WGS 84 (CRS84)",
        "datum_ensemble": {
            "name": "World Geodetic System 1984 ensemble",
            "members": [
                { "name": "World Geodetic System 1984 (Transit)" }, { "name": "World Geodetic System 1984 (G730)" },
                { "name": "World Geodetic System 1984 (G873)" }, { "name": "World Geodetic System 1984 (G1150)" },
                { "name": "World Geodetic System 1984 (G1674)" }, { "name": "World Geodetic System 1984 (G1762)" },
                { "name": "World Geodetic System 1984 (G2139)" }, { "name": "World Geodetic System 1984 (G2296)" },
            ],
            "ellipsoid": { "name": "WGS 84", "semi_major_axis": 6_378_137, "inverse_flattening": 298.257_223_563 },
            "accuracy": "2.0",
            "id": { "authority": "EPSG", "code": 6326 },
        },
        "coordinate_system": {
            "subtype": "ellipsoidal",
            "axis": [
                { "name": "Geodetic longitude", "abbreviation": "Lon", "direction": "east", "unit": "degree" },
                { "name": "Geodetic latitude", "abbreviation": "Lat", "direction": "north", "unit": "degree" },
            ],
        },
        "scope": "Not known.",
        "area": "World.",
        "bbox": { "south_latitude": -90, "west_longitude": -180, "north_latitude": 90, "east_longitude": 180 },
        "id": { "authority": "OGC", "code": "CRS84" },
    })
}

const SIDES: [&str; 4] = ["xmin", "ymin", "xmax", "ymax"];

/// A layer as a table.
struct Table<'t> {
    layer: &'t Layer<'t>,
    outlines: &'t LayerOutlines,
}

impl Table<'_> {
    fn properties(&self, release: &Release, options: &ExportOptions) -> WriterProperties {
        let covering: serde_json::Map<String, Value> =
            SIDES.iter().map(|&side| (side.to_owned(), json!(["bbox", side]))).collect();
        let kind = match self.outlines {
            LayerOutlines::Cells(_) => "Polygon",
            LayerOutlines::Areas(_) => "MultiPolygon",
        };
        let geo = json!({
            "version": "1.1.0",
            "primary_column": "geometry",
            "columns": { "geometry": {
                "encoding": "WKB",
                "geometry_types": [kind],
                "crs": crs84(),
                "orientation": "counterclockwise",
                "edges": "planar",
                "bbox": self.bounds(),
                "covering": { "bbox": covering },
            } },
        });
        let aliases: serde_json::Map<String, Value> =
            about::aliases(self.layer, options.language).into_iter().map(|(name, alias)| (name, alias.into())).collect();
        let entry = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
        let metadata = vec![
            entry("geo", geo.to_string()),
            entry("title", options.title.clone()),
            entry("attribution", options.attribution.clone()),
            entry("method", release.method.to_owned()),
            entry("parameters", about::parameters_json(release).to_string()),
            entry("aliases", Value::Object(aliases).to_string()),
        ];
        let properties = WriterProperties::builder()
            .set_created_by(concat!("kleinraum version ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_key_value_metadata(Some(metadata))
            // Readers skip row groups by boxes; statistics of other columns would only cost time.
            .set_statistics_enabled(EnabledStatistics::None);
        let boxed = |properties: parquet::file::properties::WriterPropertiesBuilder, side: &&str| {
            let path = ColumnPath::new(vec!["bbox".to_owned(), (*side).to_owned()]);
            properties.set_column_statistics_enabled(path, EnabledStatistics::Chunk)
        };
        SIDES.iter().fold(properties, boxed).build()
    }

    fn bounds(&self) -> [f64; 4] {
        let mut around = EMPTY;
        let mut ring = Vec::new();
        for position in 0..self.layer.block.units.len() {
            around = join(around, self.bbox(position, &mut ring));
        }
        if around[0] > around[2] { [0.0; 4] } else { around }
    }

    fn bbox(&self, position: usize, ring: &mut Vec<Coord<f64>>) -> [f64; 4] {
        let with = |around, point: &Coord<f64>| join(around, [point.x, point.y, point.x, point.y]);
        match self.outlines {
            LayerOutlines::Cells(lattice) => {
                lattice.ring(position, ring);
                ring.iter().fold(EMPTY, with)
            }
            LayerOutlines::Areas(areas) => areas[position].iter().flat_map(|p| p.exterior().coords()).fold(EMPTY, with),
        }
    }

    fn schema(&self) -> SchemaRef {
        let text = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let areas = matches!(self.outlines, LayerOutlines::Areas(_));
        let mut fields = vec![Field::new("fid", DataType::Int64, false), Field::new("id", DataType::Utf8, false)];
        fields.extend(areas.then(|| Field::new("label", DataType::Utf8, true)));
        fields.extend(self.layer.adaptive().then(|| Field::new("size_m", DataType::Int64, false)));
        fields.extend(self.layer.date.map(|_| Field::new("date", text(), false)));
        fields.extend(self.layer.fields.iter().map(|field| Field::new(&field.name, DataType::Int64, true)));
        fields.extend(self.layer.fields.iter().map(|field| Field::new(&field.status_name, text(), false)));
        fields.push(Field::new("bbox", DataType::Struct(sides()), false));
        fields.push(Field::new("geometry", DataType::Binary, false));
        Arc::new(Schema::new(fields))
    }

    fn write(&self, file: File, properties: WriterProperties) -> Result<(), ParquetError> {
        let rows = self.layer.block.units.len();
        let out = BufWriter::with_capacity(1 << 20, file);
        write_row_groups(out, (&self.schema(), properties), rows.div_ceil(ROW_GROUP_ROWS), |group| {
            let first = group * ROW_GROUP_ROWS;
            Ok(vec![self.arrays(first..rows.min(first + ROW_GROUP_ROWS))?])
        })
    }

    fn arrays(&self, rows: Range<usize>) -> Result<Vec<ArrayRef>, ParquetError> {
        let layer = self.layer;
        let units = &layer.block.units[rows.clone()];
        let ids: Int64Array = units.iter().map(|&unit| Some(layer.feature_id(unit) as i64)).collect();
        let codes: StringArray = units.iter().map(|&unit| Some(layer.unit_id(unit))).collect();
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(codes)];
        if matches!(self.outlines, LayerOutlines::Areas(_)) {
            arrays.push(Arc::new(units.iter().map(|&unit| layer.unit_label(unit)).collect::<StringArray>()));
        }
        if layer.adaptive() {
            let size_m = |&unit: &_| layer.size_m(unit).map(i64::from);
            arrays.push(Arc::new(units.iter().map(size_m).collect::<Int64Array>()));
        }
        let dictionary = |keys: Vec<i32>, values: Vec<&str>| -> Result<ArrayRef, ParquetError> {
            Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(Int32Array::from(keys), Arc::new(StringArray::from(values)))?))
        };
        if let Some(date) = layer.date {
            arrays.push(dictionary(vec![0; rows.len()], vec![date])?);
        }
        for column in 0..layer.fields.len() {
            let values = rows.clone().map(|row| layer.block.numbers(row)[column].value());
            arrays.push(Arc::new(values.collect::<Int64Array>()));
        }
        let statuses = Status::ALL.map(Status::name).to_vec();
        for column in 0..layer.fields.len() {
            let key = |status: Status| Status::ALL.iter().position(|&s| s == status).expect("all are listed") as i32;
            let keys = rows.clone().map(|row| key(layer.block.numbers(row)[column].status())).collect();
            arrays.push(dictionary(keys, statuses.clone())?);
        }
        let mut ring = Vec::new();
        let boxes: Vec<[f64; 4]> = rows.clone().map(|row| self.bbox(row, &mut ring)).collect();
        let side = |at: usize| -> ArrayRef { Arc::new(boxes.iter().map(|sides| Some(sides[at])).collect::<Float64Array>()) };
        arrays.push(Arc::new(StructArray::try_new(sides(), (0..4).map(side).collect(), None)?));
        let (mut bytes, mut shapes) = (Vec::new(), arrow_array::builder::BinaryBuilder::new());
        for row in rows {
            bytes.clear();
            match self.outlines {
                LayerOutlines::Cells(lattice) => {
                    lattice.ring(row, &mut ring);
                    wkb::polygon(&mut bytes, &ring);
                }
                LayerOutlines::Areas(areas) => wkb::multi_polygon(&mut bytes, &areas[row]),
            }
            shapes.append_value(&bytes);
        }
        let shapes: BinaryArray = shapes.finish();
        arrays.push(Arc::new(shapes));
        Ok(arrays)
    }
}

fn sides() -> Fields {
    SIDES.iter().map(|&side| Field::new(side, DataType::Float64, false)).collect()
}

/// West, south, east, north of nothing.
const EMPTY: [f64; 4] = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];

fn join(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}
