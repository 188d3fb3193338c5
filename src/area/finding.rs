//! What is doubtful about an area system: told as warnings, with the keys of areas, which are public.

use geo::algorithm::kernels::{Kernel, RobustKernel};
use geo::{
    Area as _, BooleanOps, BoundingRect, Coord, Euclidean, Length, Line, LineString, MultiPolygon, Orientation, Polygon,
    unary_union,
};
use rayon::prelude::*;
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::{Area, AreaSystem};
use crate::error::Language;
use crate::geodesy::DatumShift;
use crate::say;

/// Overlaps and gaps below this area are no finding.
const LEAST_AREA_M2: f64 = 1.0;
/// Nor are slivers of less than this mean width: two files' roundings of one border, or splitting one side of an edge only.
const LEAST_WIDTH_M: f64 = 0.01;
/// How near an area's border must be to a gap's corner to be its neighbour.
const NEAR_M: f64 = 0.05;

/// Something doubtful, that does not keep a run from going on.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// Two areas share ground; points there go to the first by key.
    Overlap {
        /// Key of the first area.
        first: String,
        /// Key of the second area.
        second: String,
        /// The shared ground, square metres.
        area_m2: f64,
    },
    /// Ground that is enclosed by areas and belongs to none; points there are outside.
    Gap {
        /// Keys of the areas around it, ascending.
        neighbours: Vec<String>,
        /// Its size, square metres.
        area_m2: f64,
    },
    /// An outline that crosses itself; what is enclosed twice counts as outside.
    SelfCrossing {
        /// Key of the area.
        key: String,
    },
    /// The boundaries are on an old datum.
    OldDatum(DatumShift),
    /// Features without polygons were left out.
    NotAnArea {
        /// How many.
        features: u64,
    },
    /// Features with an empty key were left out.
    WithoutKey {
        /// How many.
        features: u64,
    },
    /// Areas that lie outside the European grid were left out.
    OutsideGrid {
        /// How many.
        areas: u64,
    },
}

impl Finding {
    /// The warning in the reader's language; lower case, no full stop.
    pub fn explain(&self, language: Language) -> String {
        match self {
            Self::Overlap { first, second, area_m2 } => say!(
                language,
                "areas {first} and {second} overlap by {area_m2:.0} m²: points there count for {first}",
                "die Gebiete {first} und {second} überlappen sich um {area_m2:.0} m²: Punkte darin zählen zu {first}"
            ),
            Self::Gap { neighbours, area_m2 } => {
                let neighbours = neighbours.join(", ");
                say!(
                    language,
                    "a gap of {area_m2:.0} m² lies between areas {neighbours}: points there count for none",
                    "zwischen den Gebieten {neighbours} liegt eine Lücke von {area_m2:.0} m²: Punkte darin zählen zu keinem"
                )
            }
            Self::SelfCrossing { key } => say!(
                language,
                "the outline of area {key} crosses itself: repair it",
                "der Umriss des Gebiets {key} schneidet sich selbst: reparieren"
            ),
            Self::OldDatum(shift) => shift.explain(language),
            Self::NotAnArea { features } => say!(
                language,
                "features that are no polygons were left out: {features}",
                "ausgelassene Objekte, die keine Flächen sind: {features}"
            ),
            Self::WithoutKey { features } => say!(
                language,
                "features with an empty key were left out: {features}",
                "ausgelassene Objekte mit leerem Schlüssel: {features}"
            ),
            Self::OutsideGrid { areas } => say!(
                language,
                "areas outside the European grid were left out: {areas}",
                "ausgelassene Gebiete außerhalb des europäischen Gitters: {areas}"
            ),
        }
    }
}

type Box = GeomWithData<Rectangle<[f64; 2]>, usize>;

impl AreaSystem {
    /// Looks for overlaps, gaps and outlines that cross themselves. Costs far more than reading (polygons are intersected with their
    /// neighbours and united with all): seconds for thousands of areas. The order is fixed: crossings, overlaps, gaps.
    pub fn findings(&self) -> Vec<Finding> {
        let boxes = self.areas.iter().enumerate().filter_map(|(i, area)| Some(Box::new(rectangle(&area.outline_3035_m)?, i)));
        let tree = RTree::bulk_load(boxes.collect());
        let crossing = |area: &Area| area.outline_3035_m.iter().any(crosses_itself);
        let crossing =
            self.areas.par_iter().filter(|area| crossing(area)).map(|area| Finding::SelfCrossing { key: area.key.clone() });
        let mut findings: Vec<Finding> = crossing.collect();
        findings.extend(self.overlaps(&tree));
        findings.extend(self.gaps(&tree));
        findings
    }

    fn overlaps(&self, tree: &RTree<Box>) -> Vec<Finding> {
        let pairs = |i: usize| {
            let outline = &self.areas[i].outline_3035_m;
            let near = rectangle(outline)
                .map(|r| tree.locate_in_envelope_intersecting(r.envelope_of()).map(|b| b.data).collect::<Vec<_>>());
            let mut near: Vec<usize> = near.unwrap_or_default().into_iter().filter(|&other| other > i).collect();
            near.sort_unstable();
            near.into_iter().map(move |other| (i, other))
        };
        let overlaps = (0..self.areas.len()).into_par_iter().flat_map_iter(pairs).filter_map(|(i, other)| {
            let (first, second) = (&self.areas[i], &self.areas[other]);
            let shared = first.outline_3035_m.intersection(&second.outline_3035_m);
            let area_m2: f64 = shared.iter().filter(|p| !is_sliver(p)).map(geo::Area::unsigned_area).sum();
            (area_m2 > 0.0).then(|| Finding::Overlap { first: first.key.clone(), second: second.key.clone(), area_m2 })
        });
        overlaps.collect()
    }

    /// Holes of the union of all areas.
    fn gaps(&self, tree: &RTree<Box>) -> Vec<Finding> {
        let union = unary_union(self.areas.iter().map(|area| &area.outline_3035_m));
        let holes = union.iter().flat_map(|polygon| polygon.interiors());
        let gaps = holes
            .map(|hole| Polygon::new(hole.clone(), vec![]))
            .filter(|gap| !is_sliver(gap))
            .map(|gap| Finding::Gap { neighbours: self.neighbours(tree, gap.exterior()), area_m2: gap.unsigned_area() });
        let mut gaps: Vec<Finding> = gaps.collect();
        let size = |f: &Finding| if let Finding::Gap { area_m2, .. } = f { *area_m2 } else { 0.0 };
        gaps.sort_by(|a, b| size(b).total_cmp(&size(a)));
        gaps
    }

    fn neighbours(&self, tree: &RTree<Box>, hole: &LineString<f64>) -> Vec<String> {
        let Some(rect) = hole.bounding_rect() else { return Vec::new() };
        let grown = |c: Coord<f64>, by: f64| [c.x + by, c.y + by];
        let around = AABB::from_corners(grown(rect.min(), -NEAR_M), grown(rect.max(), NEAR_M));
        let near = tree.locate_in_envelope_intersecting(around).map(|b| &self.areas[b.data]);
        let touching = near.filter(|area| {
            let lines = || {
                area.outline_3035_m
                    .iter()
                    .flat_map(|p| p.exterior().lines().chain(p.interiors().iter().flat_map(LineString::lines)))
            };
            hole.coords().any(|&corner| lines().any(|line| distance_m(line, corner) <= NEAR_M))
        });
        let mut keys: Vec<String> = touching.map(|area| area.key.clone()).collect();
        keys.sort_unstable();
        keys
    }
}

trait EnvelopeOf {
    fn envelope_of(&self) -> AABB<[f64; 2]>;
}

impl EnvelopeOf for Rectangle<[f64; 2]> {
    fn envelope_of(&self) -> AABB<[f64; 2]> {
        AABB::from_corners(self.lower(), self.upper())
    }
}

fn rectangle(outline: &MultiPolygon<f64>) -> Option<Rectangle<[f64; 2]>> {
    outline.bounding_rect().map(|r| Rectangle::from_corners([r.min().x, r.min().y], [r.max().x, r.max().y]))
}

fn is_sliver(polygon: &Polygon<f64>) -> bool {
    let area = polygon.unsigned_area();
    area < LEAST_AREA_M2 || area < LEAST_WIDTH_M * Euclidean.length(polygon.exterior()) / 2.0
}

fn distance_m(line: Line<f64>, point: Coord<f64>) -> f64 {
    let (along, to) = (line.end - line.start, point - line.start);
    let squared = along.x * along.x + along.y * along.y;
    let t = if squared > 0.0 { ((to.x * along.x + to.y * along.y) / squared).clamp(0.0, 1.0) } else { 0.0 };
    (to.x - t * along.x).hypot(to.y - t * along.y)
}

/// Two edges cross inside both of them. Touching is allowed.
fn crosses_itself(polygon: &Polygon<f64>) -> bool {
    let lines: Vec<Line<f64>> =
        polygon.exterior().lines().chain(polygon.interiors().iter().flat_map(LineString::lines)).collect();
    let rect = |l: &Line<f64>| Rectangle::from_corners([l.start.x, l.start.y], [l.end.x, l.end.y]);
    let tree = RTree::bulk_load(lines.iter().enumerate().map(|(i, line)| Box::new(rect(line), i)).collect());
    lines.iter().enumerate().any(|(i, line)| {
        let near = tree.locate_in_envelope_intersecting(rect(line).envelope_of());
        near.filter(|other| other.data > i).any(|other| cross(*line, lines[other.data]))
    })
}

fn cross(a: Line<f64>, b: Line<f64>) -> bool {
    let apart = |line: Line<f64>, one: Coord<f64>, two: Coord<f64>| {
        let side = |p| RobustKernel::orient2d(line.start, line.end, p);
        let (one, two) = (side(one), side(two));
        one != Orientation::Collinear && two != Orientation::Collinear && one != two
    };
    apart(a, b.start, b.end) && apart(b, a.start, a.end)
}
