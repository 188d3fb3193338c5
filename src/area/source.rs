//! From a name to features: which format it is, what lies beside it, what lies inside an archive.

use std::fs;
use std::io::{Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::error::AreaError;
use super::feature::Features;
use super::{geojson, geopackage, shapefile};

/// Reads `x.geojson`, `x.json`, both with `.gz`, `x.shp`, `x.zip` and `x.zip/layer`, `x.gpkg` and `x.gpkg/layer`.
pub(super) fn read(path: &Path) -> Result<Features, AreaError> {
    if let Some((archive, layer)) = container(path, "zip") {
        return read_archive(&archive, layer.as_deref());
    }
    if let Some((file, layer)) = container(path, "gpkg") {
        // SQLite says little about a file that is not there.
        fs::metadata(&file).map_err(|e| AreaError::Unreadable { file: file.clone(), reason: e.to_string() })?;
        return geopackage::read(&file, layer.as_deref());
    }
    let lower = path.to_string_lossy().to_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|e| lower.ends_with(e));
    if ends(&[".geojson.gz", ".json.gz"]) {
        let mut bytes = Vec::new();
        let unreadable = |e: std::io::Error| AreaError::Unreadable { file: path.to_owned(), reason: e.to_string() };
        let file = fs::File::open(path).map_err(unreadable)?;
        flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes).map_err(unreadable)?;
        geojson::read(path, &utf8(path, bytes)?)
    } else if ends(&[".geojson", ".json"]) {
        geojson::read(path, &utf8(path, load(path)?)?)
    } else if ends(&[".shp"]) {
        let beside = |extension: &str| load_beside(path, extension);
        let parts = shapefile::Parts { shp: load(path)?, dbf: beside("dbf")?, prj: beside("prj")?, cpg: beside("cpg")? };
        shapefile::read(path, parts)
    } else {
        // A name that does not exist is told as such, whatever it ends in.
        load(path)?;
        Err(AreaError::UnknownFormat { file: path.to_owned() })
    }
}

fn load(path: &Path) -> Result<Vec<u8>, AreaError> {
    fs::read(path).map_err(|e| AreaError::Unreadable { file: path.to_owned(), reason: e.to_string() })
}

/// A file of the same stem; upper-case extensions are usual on some systems.
fn load_beside(path: &Path, extension: &str) -> Result<Option<Vec<u8>>, AreaError> {
    for extension in [extension.to_owned(), extension.to_uppercase()] {
        let file = path.with_extension(extension);
        match fs::read(&file) {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(AreaError::Unreadable { file, reason: e.to_string() }),
        }
    }
    Ok(None)
}

fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String, AreaError> {
    String::from_utf8(bytes).map_err(|e| AreaError::Malformed {
        file: path.to_owned(),
        format: "GeoJSON",
        reason: format!("byte {} is not UTF-8", e.utf8_error().valid_up_to()),
    })
}

/// Splits `a/b.zip/layer` into the file with this ending and the layer.
fn container(path: &Path, ending: &str) -> Option<(PathBuf, Option<String>)> {
    let has_ending = |p: &Path| p.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending));
    let file = path.ancestors().find(|p| has_ending(p) && !p.is_dir())?;
    let layer = path.strip_prefix(file).ok()?.to_string_lossy().replace('\\', "/");
    Some((file.to_owned(), (!layer.is_empty()).then_some(layer)))
}

const LAYERS: [&str; 3] = [".shp", ".geojson", ".json"];

fn read_archive(path: &Path, layer: Option<&str>) -> Result<Features, AreaError> {
    let malformed = |reason: String| AreaError::Malformed { file: path.to_owned(), format: "zip archive", reason };
    let mut archive = ZipArchive::new(Cursor::new(load(path)?)).map_err(|e| malformed(e.to_string()))?;
    let mut names = Vec::new();
    for name in archive.file_names() {
        names.push(name.map_err(|e| malformed(e.to_string()))?.into_owned());
    }
    names.sort_unstable();
    let mut found: Vec<String> = names.iter().filter(|n| is_layer(n)).cloned().collect();
    if let Some(layer) = layer {
        let chosen: Vec<String> = found.iter().filter(|n| answers_to(n, layer)).cloned().collect();
        if !chosen.is_empty() {
            found = chosen;
        } else {
            return Err(AreaError::Layer { file: path.to_owned(), found });
        }
    }
    let [name] = found.as_slice() else { return Err(AreaError::Layer { file: path.to_owned(), found }) };
    let file = path.join(name);
    let mut extract = |name: &str| -> Result<Option<Vec<u8>>, AreaError> {
        let Some(name) = names.iter().find(|n| n.eq_ignore_ascii_case(name)) else { return Ok(None) };
        let mut bytes = Vec::new();
        let mut entry = archive.by_name(name).map_err(|e| malformed(e.to_string()))?;
        entry.read_to_end(&mut bytes).map_err(|e| malformed(e.to_string()))?;
        Ok(Some(bytes))
    };
    let main = extract(name)?.unwrap_or_default();
    let Some(stem) = strip_ending(name, ".shp") else { return geojson::read(&file, &utf8(&file, main)?) };
    let mut beside = |extension: &str| extract(&format!("{stem}.{extension}"));
    let parts = shapefile::Parts { shp: main, dbf: beside("dbf")?, prj: beside("prj")?, cpg: beside("cpg")? };
    shapefile::read(&file, parts)
}

fn is_layer(name: &str) -> bool {
    !name.starts_with("__MACOSX/") && LAYERS.iter().any(|ending| strip_ending(name, ending).is_some())
}

fn strip_ending<'a>(name: &'a str, ending: &str) -> Option<&'a str> {
    let at = name.len().checked_sub(ending.len())?;
    (name.is_char_boundary(at) && name[at..].eq_ignore_ascii_case(ending)).then(|| &name[..at])
}

/// A layer may be named with or without its folder and its ending.
fn answers_to(name: &str, layer: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    [name, base].iter().any(|full| {
        let stem = LAYERS.iter().find_map(|ending| strip_ending(full, ending)).unwrap_or(full);
        full.eq_ignore_ascii_case(layer) || stem.eq_ignore_ascii_case(layer)
    })
}
