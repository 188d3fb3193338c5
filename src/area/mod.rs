//! Area systems: named polygons that people report by (municipalities, school districts, own Sozialräume).
//!
//! In: boundary files in any reference system. Out: [`AreaSystem`], whose areas are found by point or by cell ([`AreaIndex`]). Uses
//! `geodesy` and `grid`; used by `confidential` (to count by area) and by `layer` (to draw).

pub(crate) mod attribute_table;
mod error;
mod feature;
mod finding;
mod geojson;
mod geopackage;
mod index;
mod outline;
pub(crate) mod shapefile;
mod source;
pub(crate) mod wkb;

use std::collections::BTreeMap;
use std::path::PathBuf;

use geo::{BoundingRect, Intersects, MultiPolygon, Polygon, unary_union};
use rayon::prelude::*;

pub use self::error::AreaError;
use self::feature::{Feature, Features};
pub use self::finding::Finding;
pub use self::index::{AreaIndex, Found};
use self::outline::{Outliner, SHORT_DEG, SHORT_M, TOLERANCE_DEG, TOLERANCE_M};
use crate::error::Error;
use crate::geodesy::{DatumGrids, Projection, ReferenceSystem};

/// One named area. Features of the boundary file with the same key are one area.
#[derive(Clone, Debug)]
pub struct Area {
    /// The key, as text with leading zeros (AGS, own code).
    pub key: String,
    /// The name for readers; the key where the file has none.
    pub label: String,
    /// Outline in EPSG:3035, metres, x = easting; edges split so that they follow the source's straight edges within 1 mm.
    pub outline_3035_m: MultiPolygon<f64>,
    /// Outline in WGS 84, degrees, x = longitude.
    pub outline_lon_lat_deg: MultiPolygon<f64>,
}

/// Named polygons, ascending by key.
#[derive(Clone, Debug)]
pub struct AreaSystem {
    /// Technical name: the level's name in every output.
    pub name: String,
    /// Name for readers.
    pub label: String,
    /// The areas, ascending by key, no key twice.
    pub areas: Vec<Area>,
}

/// A boundary file as the plan names it.
#[derive(Clone, Debug, Default)]
pub struct AreaFile {
    /// Technical name of the area system.
    pub name: String,
    /// Name for readers; the technical one if there is none.
    pub label: Option<String>,
    /// `.geojson`, `.json`, both with `.gz`, `.shp`, `.gpkg` or `.zip` with one layer inside, `file.gpkg/layer` or `archive.zip/layer`.
    pub file: PathBuf,
    /// The attribute that holds the key.
    pub key: String,
    /// The attribute that holds the name for readers.
    pub label_attribute: Option<String>,
    /// The reference system, whatever the file says.
    pub crs: Option<String>,
    /// Attribute and value; features for which one does not hold are left out.
    pub filter: Vec<(String, String)>,
    /// Grids for boundaries on old datums.
    pub grids: DatumGrids,
}

impl AreaSystem {
    /// Reads a boundary file. Boundaries are held in memory twice (EPSG:3035 and degrees).
    ///
    /// Errors name the file and what would mend it: a wrong attribute (with the nearest), no reference system, no polygons, several
    /// layers in an archive, everything outside Europe.
    pub fn read(file: &AreaFile) -> Result<Self, Error> {
        Ok(Self::read_with_findings(file)?.0)
    }

    /// Reads a boundary file and tells what was left out of it: [`Finding::NotAnArea`], [`Finding::WithoutKey`],
    /// [`Finding::OutsideGrid`]. What is doubtful about the areas themselves is told by [`AreaSystem::findings`].
    pub fn read_with_findings(file: &AreaFile) -> Result<(Self, Vec<Finding>), Error> {
        build(file, source::read(&file.file)?)
    }

    /// Reads GeoJSON that is in memory already (WGS 84 unless it says otherwise).
    pub fn read_geojson_str(
        name: &str,
        label: Option<&str>,
        key: &str,
        label_attr: Option<&str>,
        text: &str,
    ) -> Result<Self, Error> {
        let file = AreaFile {
            name: name.to_owned(),
            label: label.map(str::to_owned),
            file: PathBuf::from(name),
            key: key.to_owned(),
            label_attribute: label_attr.map(str::to_owned),
            ..AreaFile::default()
        };
        let features = geojson::read(&file.file, text)?;
        Ok(build(&file, features)?.0)
    }
}

/// The features of one area, in the source's reference system.
struct Draft {
    label: Option<String>,
    polygons: Vec<Polygon<f64>>,
}

fn build(file: &AreaFile, features: Features) -> Result<(AreaSystem, Vec<Finding>), Error> {
    let asked = [Some(&file.key), file.label_attribute.as_ref()].into_iter().flatten().chain(file.filter.iter().map(|(n, _)| n));
    for attribute in asked {
        features.require(&file.file, attribute)?;
    }
    let system = reference_system(file, &features)?;
    if system.is_geographic() && !features.features.iter().all(is_degrees) {
        return Err(AreaError::NotDegrees { file: file.file.clone() }.into());
    }
    let mut findings: Vec<Finding> = system.datum_shift().map(Finding::OldDatum).into_iter().collect();
    let drafts = group(file, features.features, &mut findings)?;
    let mut areas = outlines(drafts, &system)?;
    let before = areas.len();
    areas.retain(|area| on_grid(&area.outline_3035_m));
    if areas.is_empty() {
        let reference_system = system.label().to_string();
        return Err(AreaError::OutsideGrid { file: file.file.clone(), reference_system }.into());
    }
    if areas.len() < before {
        findings.push(Finding::OutsideGrid { areas: (before - areas.len()) as u64 });
    }
    let label = file.label.clone().unwrap_or_else(|| file.name.clone());
    Ok((AreaSystem { name: file.name.clone(), label, areas }, findings))
}

/// The plan's word goes first, then the file's, then the format's default.
fn reference_system(file: &AreaFile, features: &Features) -> Result<ReferenceSystem, Error> {
    match file.crs.as_deref().or(features.reference_system.as_deref()) {
        // OGC's name for WGS 84 with longitude first has no EPSG code.
        Some(text) if text.ends_with(":CRS84") => Ok(ReferenceSystem::wgs84()),
        Some(text) => Ok(file.grids.apply(ReferenceSystem::parse(text)?)),
        None if features.degrees_by_default => Ok(ReferenceSystem::wgs84()),
        None => Err(AreaError::NoReferenceSystem { file: file.file.clone() }.into()),
    }
}

fn is_degrees(feature: &Feature) -> bool {
    feature.polygons.iter().all(|polygon| polygon.exterior().coords().all(|c| c.x.abs() <= 360.0 && c.y.abs() <= 90.0))
}

/// Features that pass the filter, joined by key.
fn group(file: &AreaFile, features: Vec<Feature>, findings: &mut Vec<Finding>) -> Result<BTreeMap<String, Draft>, AreaError> {
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    let (mut passed, mut shapeless, mut keyless) = (0_u64, 0, 0);
    for feature in features {
        if !file.filter.iter().all(|(name, value)| feature.attribute(name) == Some(value)) {
            continue;
        }
        passed += 1;
        let Some(key) = feature.attribute(&file.key).map(str::trim).filter(|key| !key.is_empty()) else {
            keyless += 1;
            continue;
        };
        if feature.polygons.is_empty() {
            shapeless += 1;
            continue;
        }
        let label = file.label_attribute.as_ref().and_then(|name| feature.attribute(name)).map(str::to_owned);
        let draft = drafts.entry(key.to_owned()).or_insert(Draft { label: None, polygons: Vec::new() });
        draft.label = draft.label.take().or(label);
        draft.polygons.extend(feature.polygons);
    }
    if passed == 0 && !file.filter.is_empty() {
        let filter = file.filter.iter().map(|(n, v)| format!("{n} = {v}")).collect::<Vec<_>>().join(", ");
        return Err(AreaError::NothingPasses { file: file.file.clone(), filter });
    }
    if drafts.is_empty() {
        return Err(AreaError::NoPolygons { file: file.file.clone(), others: shapeless + keyless });
    }
    findings.extend((shapeless > 0).then_some(Finding::NotAnArea { features: shapeless }));
    findings.extend((keyless > 0).then_some(Finding::WithoutKey { features: keyless }));
    Ok(drafts)
}

/// Projects every area, on all cores. An area that cannot be projected is empty.
fn outlines(drafts: BTreeMap<String, Draft>, system: &ReferenceSystem) -> Result<Vec<Area>, Error> {
    let to_grid = Projection::new(system, &ReferenceSystem::etrs89_laea())?;
    let to_degrees = Projection::new(system, &ReferenceSystem::wgs84())?;
    let grid = Outliner { projection: &to_grid, tolerance: TOLERANCE_M, short: SHORT_M };
    let degrees = Outliner { projection: &to_degrees, tolerance: TOLERANCE_DEG, short: SHORT_DEG };
    let drafts: Vec<(String, Draft)> = drafts.into_iter().collect();
    let areas = drafts.into_par_iter().map(|(key, draft)| {
        let polygons = dissolved(draft.polygons);
        Area {
            label: draft.label.unwrap_or_else(|| key.clone()),
            outline_3035_m: grid.project(&polygons).unwrap_or(MultiPolygon(vec![])),
            outline_lon_lat_deg: degrees.project(&polygons).unwrap_or(MultiPolygon(vec![])),
            key,
        }
    });
    Ok(areas.collect())
}

/// Parts that touch become one: a multipolygon whose parts share a border (land and water of one municipality) is not valid. Parts that do not
/// touch are left as they are, to the last bit.
fn dissolved(polygons: Vec<Polygon<f64>>) -> Vec<Polygon<f64>> {
    let boxes: Vec<_> = polygons.iter().map(BoundingRect::bounding_rect).collect();
    let touch = |a: usize, b: usize| {
        boxes[a].zip(boxes[b]).is_some_and(|(a, b)| a.intersects(&b)) && polygons[a].intersects(&polygons[b])
    };
    match (0..polygons.len()).any(|b| (0..b).any(|a| touch(a, b))) {
        true => unary_union(&polygons).0,
        false => polygons,
    }
}

/// Whether some of it lies on the European part of the grid, 0 to 10 000 km: elsewhere exchanged axes are the likelier reason.
fn on_grid(outline: &MultiPolygon<f64>) -> bool {
    outline.bounding_rect().is_some_and(|r| r.max().x >= 0.0 && r.max().y >= 0.0 && r.min().x < 1e7 && r.min().y < 1e7)
}

#[cfg(test)]
mod dissolving {
    use geo::{Area as _, Validation, polygon};

    use super::*;

    #[test]
    fn land_and_water_of_one_key_become_one_valid_polygon() {
        let land = polygon![(x: 0.0, y: 0.0), (x: 1.0, y: 0.0), (x: 1.0, y: 1.0), (x: 0.0, y: 1.0)];
        let water = polygon![(x: 1.0, y: 0.0), (x: 2.0, y: 0.0), (x: 2.0, y: 1.0), (x: 1.0, y: 1.0)];
        let whole = MultiPolygon(dissolved(vec![land, water]));
        assert_eq!(whole.0.len(), 1);
        assert!(whole.is_valid() && (whole.unsigned_area() - 2.0).abs() < 1e-6);
    }

    #[test]
    fn islands_are_left_as_they_are() {
        let island = |west: f64| polygon![(x: west, y: 0.1), (x: west + 0.3, y: 0.1), (x: west, y: 0.7)];
        let islands = vec![island(0.1), island(5.1)];
        assert_eq!(dissolved(islands.clone()), islands);
    }
}
