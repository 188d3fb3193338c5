//! What every boundary format is read into: attributes as text, and polygons in the file's own reference system.

use std::path::Path;

use geo::{LineString, Polygon};

use super::error::AreaError;

/// Attributes as text, in the file's order; `None` where the file has a null.
pub(super) type Attributes = Vec<(String, Option<String>)>;

/// One feature of a boundary file.
pub(super) struct Feature {
    pub(super) attributes: Attributes,
    /// Empty for points, lines and features without a geometry.
    pub(super) polygons: Vec<Polygon<f64>>,
}

impl Feature {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name)?.1.as_deref()
    }
}

/// All features of a boundary file, in the file's order.
pub(super) struct Features {
    pub(super) features: Vec<Feature>,
    /// What the file says its reference system is: a name, or the text of a `.prj`.
    pub(super) reference_system: Option<String>,
    /// `true` where the format has a default (GeoJSON: WGS 84), so that silence is an answer.
    pub(super) degrees_by_default: bool,
}

impl Features {
    /// Names of all attributes, in the order in which they are met.
    fn attribute_names(&self) -> Vec<String> {
        let mut seen = rustc_hash::FxHashSet::default();
        let names = self.features.iter().flat_map(|f| f.attributes.iter().map(|(n, _)| n));
        names.filter(|n| seen.insert(n.as_str())).cloned().collect()
    }

    /// Refuses an attribute that no feature has.
    pub(super) fn require(&self, file: &Path, attribute: &str) -> Result<(), AreaError> {
        let found = self.attribute_names();
        if found.iter().any(|n| n == attribute) {
            return Ok(());
        }
        let likeness = |n: &String| strsim::jaro_winkler(&n.to_lowercase(), &attribute.to_lowercase());
        let nearest = found.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|n| likeness(n) > 0.7).cloned();
        Err(AreaError::NoAttribute { file: file.to_owned(), attribute: attribute.to_owned(), nearest, found })
    }
}

/// Closes the ring; `None` if fewer than three different points are left or it encloses nothing.
pub(super) fn ring(mut points: Vec<(f64, f64)>) -> Option<LineString<f64>> {
    points.dedup();
    if points.first() != points.last() {
        points.push(*points.first()?);
    }
    (points.len() >= 4).then(|| LineString::from(points))
}
