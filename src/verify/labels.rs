//! Points for names of areas: at every zoom one for each area, in the tile that holds it, within the area, with no other attributes than level, id and label.
//!
//! `run.json` does not name their layer, since it shows no number.

use std::collections::BTreeSet;

use crate::verify::adjacency::EXTENT;
use crate::verify::finding::Findings;
use crate::verify::mvt::{TileLayer, TileValue, doubled_area};
use crate::verify::tile_id::TileId;
use crate::verify::{Context, Problem};

/// The attributes a point has.
pub(super) const ATTRIBUTES: [&str; 3] = ["level", "id", "label"];
/// How far rounding may move a point out of its area, in units of the tile.
const ROUNDING: f64 = 2.0;
/// A point of a zoom: the area's feature id, and the place in the raster of the whole world.
pub(super) type Named = (u64, [i64; 2]);
/// An area that rounding would reduce to nothing is drawn as a square of two units at one of its corners, wherever its point is.
const SMALLEST: i64 = 8;

/// Whether a layer that `run.json` does not name may be this one.
pub(super) fn is_layer(name: &str) -> bool {
    name == "labels" || name.strip_prefix("labels_").is_some_and(|n| n.parse::<u32>().is_ok())
}

/// The points of one tile and what they are judged by.
pub(super) struct Labels<'t> {
    pub(super) context: &'t Context<'t>,
    /// All layers of the tile.
    pub(super) layers: &'t [TileLayer<'t>],
    pub(super) tile: TileId,
}

impl Labels<'_> {
    /// Looks at every point of the layer.
    pub(super) fn check(&self, points: &TileLayer<'_>, findings: &mut Findings) -> Vec<Named> {
        let place = format!("{}, layer {}", self.tile, points.name);
        if points.keys.iter().any(|key| !ATTRIBUTES.contains(key)) {
            findings.add(place.clone(), Problem::AttributeUnknown);
        }
        if i64::from(points.extent) != EXTENT {
            findings.add(place.clone(), Problem::TileExtent);
        }
        let mut named = Vec::new();
        for (number, feature) in points.features.iter().enumerate() {
            let place = format!("{place}, feature {number}");
            let text = |name: &str| {
                let tags = points.tags(feature).iter();
                tags.filter(|(key, _)| points.keys[*key as usize] == name).find_map(|&(_, value)| {
                    match points.values[value as usize] {
                        TileValue::Text(text) => Some(text),
                        _ => None,
                    }
                })
            };
            let point = points.rings(feature).next().filter(|_| feature.is_point).map(|ring| ring[0]);
            let inside = |v: i32| (0..EXTENT).contains(&i64::from(v));
            let (Some(point), Some(level), Some(key), Some(label), Some(id)) =
                (point.filter(|p| inside(p.0) && inside(p.1)), text("level"), text("id"), text("label"), feature.id)
            else {
                findings.add(place, Problem::LabelForm);
                continue;
            };
            let layers = self.context.description.layers.iter().zip(&self.context.published.layers);
            let of_level = layers.filter(|(described, published)| described.level == level && published.size.is_none());
            let of_level: Vec<_> = of_level.collect();
            let known = of_level.iter().find_map(|(_, published)| Some(published.unit_id(published.row(id)?)));
            if known.as_deref() != Some(key) {
                findings.add(place, Problem::UnitUnknown);
                continue;
            }
            let origin = [i64::from(self.tile.x) * EXTENT, i64::from(self.tile.y) * EXTENT];
            named.push((id, [origin[0] + i64::from(point.0), origin[1] + i64::from(point.1)]));
            let place = format!("{place}, {key}");
            let drawn: Vec<Area<'_>> = of_level.iter().filter_map(|(described, _)| self.drawn(&described.name, id)).collect();
            if drawn.iter().any(|area| area.label != Some(label)) {
                findings.add(place.clone(), Problem::LabelForm);
            }
            // Elsewhere rounding may have left of the area something else than where its point is.
            let judged = of_level.iter().any(|(described, _)| described.maxzoom == Some(self.tile.zoom));
            if judged && (drawn.is_empty() || !drawn.iter().all(|area| holds(&area.rings, point))) {
                findings.add(place, Problem::LabelOutside);
            }
        }
        named
    }

    /// The area of this id as a layer of the same tile draws it.
    fn drawn(&self, layer: &str, id: u64) -> Option<Area<'_>> {
        let layer = self.layers.iter().find(|other| other.name == layer)?;
        let feature = layer.features.iter().find(|feature| feature.id == Some(id) && !feature.is_point)?;
        let mut label = None;
        for &(key, value) in layer.tags(feature) {
            if let ("label", TileValue::Text(text)) = (layer.keys[key as usize], layer.values[value as usize]) {
                label = Some(text);
            }
        }
        Some(Area { label, rings: layer.rings(feature).collect() })
    }
}

struct Area<'t> {
    label: Option<&'t str>,
    rings: Vec<&'t [(i32, i32)]>,
}

/// Whether a point lies within rings, holes left out, or so near to one that rounding may have moved it.
fn holds(rings: &[&[(i32, i32)]], (x, y): (i32, i32)) -> bool {
    if rings.len() == 1 && doubled_area(rings[0]) <= SMALLEST {
        return true;
    }
    let (x, y) = (f64::from(x), f64::from(y));
    let mut inside = false;
    for ring in rings {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let [(ax, ay), (bx, by)] = [a, b].map(|p| (f64::from(p.0), f64::from(p.1)));
            let (dx, dy) = (bx - ax, by - ay);
            let along = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
            if (ax + along * dx - x).hypot(ay + along * dy - y) <= ROUNDING {
                return true;
            }
            inside ^= (ay > y) != (by > y) && x < ax + (y - ay) / dy * dx;
        }
    }
    inside
}

/// Every area of every layer meant for this zoom has its point, and only one; `named` gets sorted. Returns how many areas those are.
pub(super) fn check_complete(context: &Context<'_>, zoom: u8, named: &mut [Named], findings: &mut Findings) -> u64 {
    named.sort_unstable();
    for twice in named.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        findings.add(format!("zoom {zoom}, names of areas, feature {}", twice[0].0), Problem::UnitTwice);
    }
    let mut areas = BTreeSet::new();
    for (described, published) in context.description.layers.iter().zip(&context.published.layers) {
        if published.size.is_some() || !described.shown_at(zoom) {
            continue;
        }
        for (row, id) in published.feature_ids.iter().enumerate() {
            if areas.insert(*id) && named.binary_search_by_key(id, |named| named.0).is_err() {
                let key = published.unit_id(row);
                findings.add(format!("zoom {zoom}, layer {}, {key}", described.name), Problem::LabelMissing);
            }
        }
    }
    areas.len() as u64
}

/// At every zoom a point is where it is at the last, where it was found to lie in its area. Zooms with their points, sorted, the last zoom last.
pub(super) fn check_places(zooms: &[(u8, Vec<Named>)], findings: &mut Findings) {
    let Some((last, finest)) = zooms.last() else { return };
    for (zoom, named) in zooms {
        for (id, place) in named {
            let Ok(at) = finest.binary_search_by_key(id, |named| named.0) else { continue };
            let scale = f64::from(1_u32 << (last - zoom));
            let apart = |axis: usize| (place[axis] as f64 - finest[at].1[axis] as f64 / scale).abs();
            if apart(0).max(apart(1)) > ROUNDING {
                findings.add(format!("zoom {zoom}, names of areas, feature {id}"), Problem::LabelMoves);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_areas_with_holes() {
        let outer: &[(i32, i32)] = &[(0, 0), (100, 0), (100, 100), (0, 100)];
        let hole: &[(i32, i32)] = &[(20, 20), (20, 80), (80, 80), (80, 20)];
        for (point, within) in [((10, 10), true), ((50, 50), false), ((102, 50), true), ((103, 50), false), ((22, 50), true)] {
            assert_eq!(holds(&[outer, hole], point), within, "{point:?}");
        }
        assert!(holds(&[&[(9, 9), (11, 9), (11, 11), (9, 11)]], (50, 50)), "a square in place of a very small area");
    }
}
