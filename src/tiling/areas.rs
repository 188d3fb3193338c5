//! Areas in tiles: cut tile by tile down the zooms, rounded to the raster, written with the crate `mvt`.
//!
//! A tile's piece is cut from the piece of the tile above it, so a zoom costs about the length of the outlines once, not once for every tile. Outlines
//! are not simplified, only rounded; what shares a place shares its raster point. An area that rounding would reduce to nothing is drawn
//! as a square of two units at one of its own corners: no area is missing at any zoom.

use geo::{BooleanOps, BoundingRect, Coord, LineString, MultiPolygon, Polygon, Rect};
use mvt::{GeomEncoder, GeomType};
use rayon::prelude::*;

use crate::area::AreaSystem;
use crate::confidential::Unit;
use crate::layer::Layer;
use crate::tiling::TilingError;
use crate::tiling::clip::{TilePoint, drop_repeats, twice_area};
use crate::tiling::encode::{LayerSchema, status_text};
use crate::tiling::world::{BUFFER, EXTENT, World, WorldPoint, at_zoom, tile_side, unit};

/// What of an area lies in one tile and its buffer.
pub(super) struct Piece {
    /// Tile, x and y.
    pub(super) tile: (u32, u32),
    /// Position into the lattice's systems.
    pub(super) system: usize,
    /// Position into the system's areas.
    pub(super) area: u32,
    /// In world units; may be empty in the tile that holds the anchor.
    shape: MultiPolygon<f64>,
    /// A corner of the area, where it is drawn if nothing else is left of it.
    anchor: WorldPoint,
}

/// The pieces of zoom 0: every area whole.
pub(super) fn whole(system: usize, areas: &AreaSystem, world: &World) -> Result<Vec<Piece>, TilingError> {
    let ring = |ring: &LineString<f64>| {
        let place = |c: &Coord<f64>| world.of_degrees(c.x, c.y, &areas.name).map(|[x, y]| Coord { x: x.into(), y: y.into() });
        ring.coords().map(place).collect::<Result<LineString<f64>, _>>()
    };
    let polygon = |polygon: &Polygon<f64>| {
        Ok(Polygon::new(ring(polygon.exterior())?, polygon.interiors().iter().map(ring).collect::<Result<_, _>>()?))
    };
    let whole = |(area, outline): (usize, &MultiPolygon<f64>)| {
        let shape = MultiPolygon::new(outline.iter().map(polygon).collect::<Result<_, TilingError>>()?);
        let longest = shape.0.iter().map(Polygon::exterior).rev().max_by_key(|ring| ring.0.len());
        let anchor = longest.and_then(|ring| ring.0.first()).map(|c| [c.x as u32, c.y as u32]);
        Ok(anchor.map(|anchor| Piece { tile: (0, 0), system, area: area as u32, shape, anchor }))
    };
    let outlines: Vec<_> = areas.areas.iter().map(|area| &area.outline_lon_lat_deg).enumerate().collect();
    let pieces: Result<Vec<_>, TilingError> = outlines.into_par_iter().map(whole).collect();
    Ok(pieces?.into_iter().flatten().collect())
}

/// The pieces of the next zoom, given those of `zoom`.
pub(super) fn quarter(pieces: &[Piece], zoom: u8) -> Vec<Piece> {
    pieces.par_iter().flat_map_iter(|piece| (0..4).filter_map(|quarter| piece.child(quarter, zoom + 1))).collect()
}

impl Piece {
    /// The piece's box, world units: west, north, east, south.
    pub(super) fn bounds(&self) -> [u32; 4] {
        let anchor = self.anchor.map(f64::from);
        let rect = self.shape.bounding_rect().unwrap_or(Rect::new(anchor, anchor));
        [rect.min().x, rect.min().y, rect.max().x, rect.max().y].map(|v| v as u32)
    }

    fn child(&self, quarter: u32, zoom: u8) -> Option<Self> {
        let tile = (2 * self.tile.0 + (quarter & 1), 2 * self.tile.1 + (quarter >> 1));
        let (side, buffer) = (tile_side(zoom), BUFFER as f64 * unit(zoom));
        let corner = (f64::from(tile.0) * side, f64::from(tile.1) * side);
        let kept = Rect::new((corner.0 - buffer, corner.1 - buffer), (corner.0 + side + buffer, corner.1 + side + buffer));
        let shape = match self.shape.bounding_rect() {
            Some(rect) if inside(&rect, &kept) => self.shape.clone(),
            Some(rect) if meet(&rect, &kept) => self.shape.intersection(&kept.to_polygon()),
            _ => MultiPolygon::new(Vec::new()),
        };
        let piece = Self { tile, shape, ..*self };
        (!piece.shape.0.is_empty() || piece.holds_anchor(zoom)).then_some(piece)
    }

    fn holds_anchor(&self, zoom: u8) -> bool {
        let tile = self.anchor.map(|v| (u64::from(v) >> (32 - u32::from(zoom))) as u32);
        tile == [self.tile.0, self.tile.1]
    }

    /// The rings of the piece in its tile: each exterior clockwise on the screen, followed by its holes the other way round.
    pub(super) fn rings(&self, zoom: u8) -> Vec<Vec<TilePoint>> {
        let origin = [i64::from(self.tile.0) * EXTENT, i64::from(self.tile.1) * EXTENT];
        let axis = |world: f64, axis: usize| {
            // A clipped corner may lie beyond the world's edge by the buffer.
            let raster = match world {
                w if (0.0..4_294_967_295.5).contains(&w) => at_zoom(w.round() as u32, zoom),
                w => (w / unit(zoom) + 0.5).floor() as i64,
            };
            (raster - origin[axis]) as i32
        };
        let mut rings = Vec::new();
        for polygon in &self.shape {
            let snapped = |ring: &LineString<f64>, sign: i64| {
                let points = ring.coords().map(|c| [axis(c.x, 0), axis(c.y, 1)]).collect();
                let mut points = without_spikes(points);
                let area = twice_area(&points);
                if area.signum() == -sign {
                    points.reverse();
                }
                (area != 0).then_some(points)
            };
            if let Some(exterior) = snapped(polygon.exterior(), 1) {
                rings.push(exterior);
                rings.extend(polygon.interiors().iter().filter_map(|hole| snapped(hole, -1)));
            }
        }
        if rings.is_empty() && self.holds_anchor(zoom) {
            let [x, y] = [axis(self.anchor[0].into(), 0), axis(self.anchor[1].into(), 1)];
            rings.push(vec![[x - 1, y - 1], [x + 1, y - 1], [x + 1, y + 1], [x - 1, y + 1]]);
        }
        rings
    }
}

fn inside(rect: &Rect<f64>, kept: &Rect<f64>) -> bool {
    let (low, high) = (kept.min(), kept.max());
    rect.min().x >= low.x && rect.min().y >= low.y && rect.max().x <= high.x && rect.max().y <= high.y
}

fn meet(a: &Rect<f64>, b: &Rect<f64>) -> bool {
    a.min().x <= b.max().x && b.min().x <= a.max().x && a.min().y <= b.max().y && b.min().y <= a.max().y
}

/// Drops repeated points and the way out and back that rounding leaves of something narrow.
fn without_spikes(points: Vec<TilePoint>) -> Vec<TilePoint> {
    let mut kept: Vec<TilePoint> = Vec::with_capacity(points.len());
    for point in points {
        if kept.last() == Some(&point) {
            continue;
        }
        if kept.len() >= 2 && kept[kept.len() - 2] == point {
            kept.pop();
            continue;
        }
        kept.push(point);
    }
    drop_repeats(&mut kept);
    while kept.len() >= 3 && (kept[1] == kept[kept.len() - 1] || kept[0] == kept[kept.len() - 2]) {
        let spike = if kept[1] == kept[kept.len() - 1] { 0 } else { kept.len() - 1 };
        kept.remove(spike);
        drop_repeats(&mut kept);
    }
    kept
}

/// A piece's rings with the area it belongs to.
pub(super) type AreaRings = (u32, Vec<Vec<TilePoint>>);

/// The bytes of one layer of areas in one tile (a tile of one layer, which may be appended to others), with the number of features.
pub(super) fn encode(layer: &Layer<'_>, schema: &LayerSchema, areas: &[AreaRings]) -> (Vec<u8>, u64) {
    let mut tile = mvt::Tile::new(EXTENT as u32);
    let mut written = tile.create_layer(&schema.name);
    for (area, rings) in areas {
        let Ok(unit) = layer.block.units.binary_search(&Unit::Area(*area)) else { continue };
        let Some(geometry) = geometry(rings) else { continue };
        let mut feature = written.into_feature(geometry);
        feature.set_id(layer.feature_id(Unit::Area(*area)));
        feature.add_tag_string("id", &layer.unit_id(Unit::Area(*area)));
        feature.add_tag_string("label", layer.unit_label(Unit::Area(*area)).unwrap_or_default());
        for ((number, (name, status_name)), &signed) in layer.block.numbers(unit).iter().zip(&schema.fields).zip(&schema.signed) {
            match number.value() {
                Some(value) if signed => feature.add_tag_sint(name, value),
                Some(value) => feature.add_tag_uint(name, value.unsigned_abs()),
                None => {}
            }
            if let Some(status) = status_text(number.status()) {
                feature.add_tag_string(status_name, status);
            }
        }
        written = feature.into_layer();
    }
    let features = written.num_features() as u64;
    if features == 0 {
        return (Vec::new(), 0);
    }
    tile.add_layer(written).expect("a new tile has no layer of this name and the same extent");
    (tile.to_bytes().expect("writing to memory cannot fail"), features)
}

/// The geometry of the rings; `None` if there are none.
///
/// The crate joins a ring to the one before where it begins at that one's last point, which would corrupt both; such a ring begins elsewhere. It also
/// drops middle points of level and upright lines, which changes no surface.
pub(super) fn geometry(rings: &[Vec<TilePoint>]) -> Option<mvt::GeomData> {
    let mut encoder = GeomEncoder::<i32>::new(GeomType::Polygon);
    let mut last = None;
    for ring in rings {
        let start = usize::from(ring.first().copied() == last);
        for i in 0..ring.len() {
            let [x, y] = ring[(start + i) % ring.len()];
            encoder.add_point(x, y).ok()?;
            last = Some([x, y]);
        }
        encoder.complete_geom().ok()?;
    }
    if rings.is_empty() { None } else { encoder.encode().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spikes_and_repeats_vanish() {
        let square = vec![[0, 0], [4, 0], [4, 4], [0, 4]];
        assert_eq!(without_spikes(vec![[0, 0], [4, 0], [4, 0], [9, 0], [4, 0], [4, 4], [0, 4], [0, 0]]), square);
        assert_eq!(without_spikes(vec![[0, 0], [5, 5], [0, 0]]).len(), 1);
        assert_eq!(twice_area(&without_spikes(vec![[9, 9], [0, 0], [4, 0], [4, 4], [0, 4], [0, 0], [9, 9]])), 32);
    }

    #[test]
    fn an_area_smaller_than_the_raster_is_drawn_at_every_zoom() {
        let tiny = Rect::new((2_200_000_000.0, 1_400_000_000.0), (2_200_000_300.0, 1_400_000_300.0)).to_polygon();
        let anchor = [2_200_000_000, 1_400_000_000];
        let mut pieces = vec![Piece { tile: (0, 0), system: 0, area: 0, shape: MultiPolygon::new(vec![tiny]), anchor }];
        for zoom in 0..=14 {
            let areas: Vec<i64> = pieces.iter().flat_map(|p| p.rings(zoom)).map(|ring| twice_area(&ring)).collect();
            assert!(!areas.is_empty() && areas.iter().all(|&a| a > 0), "zoom {zoom}");
            pieces = quarter(&pieces, zoom);
        }
    }

    #[test]
    fn pieces_of_all_tiles_add_up_to_the_area() {
        let shape = Polygon::new(
            LineString::from(vec![(2e9, 1.3e9), (2.1e9, 1.31e9), (2.05e9, 1.42e9), (2e9, 1.3e9)]),
            vec![LineString::from(vec![(2.04e9, 1.33e9), (2.06e9, 1.34e9), (2.05e9, 1.36e9), (2.04e9, 1.33e9)])],
        );
        let mut pieces = vec![Piece {
            tile: (0, 0),
            system: 0,
            area: 0,
            shape: MultiPolygon::new(vec![shape]),
            anchor: [2_000_000_000, 1_300_000_000],
        }];
        for zoom in 0..8 {
            if zoom == 3 {
                let holes = pieces.iter().flat_map(|p| p.rings(zoom)).filter(|ring| twice_area(ring) < 0).count();
                assert_eq!(holes, pieces.len());
            }
            pieces = quarter(&pieces, zoom);
        }
        // Without the buffer the pieces would tile the area: count units of the tile proper by clipping again.
        let total: f64 = pieces
            .iter()
            .map(|p| {
                let corner = (f64::from(p.tile.0) * tile_side(8), f64::from(p.tile.1) * tile_side(8));
                let tile = Rect::new(corner, (corner.0 + tile_side(8), corner.1 + tile_side(8))).to_polygon();
                geo::Area::unsigned_area(&p.shape.intersection(&tile))
            })
            .sum();
        let expected = 0.5 * (1e8 * 1.2e8 - 0.5e8 * 0.1e8) - 0.5 * (0.2e8 * 0.3e8 - 0.1e8 * 0.1e8);
        assert!((total / expected - 1.0).abs() < 1e-6, "{total} {expected}");
    }

    #[test]
    fn a_hole_that_begins_where_the_exterior_ends_keeps_its_own_ring() {
        let rings = vec![vec![[0, 0], [10, 0], [10, 10], [0, 10]], vec![[0, 10], [3, 9], [3, 3]]];
        let mut tile = mvt::Tile::new(4096);
        let feature = tile.create_layer("a").into_feature(geometry(&rings).unwrap());
        tile.add_layer(feature.into_layer()).unwrap();
        let bytes = tile.to_bytes().unwrap();
        let reader = fast_mvt::MvtReaderRef::new(&bytes).unwrap();
        let layer = reader.layers().next().unwrap();
        let commands = layer.features().next().unwrap().geometry_commands().to_vec();
        assert_eq!(commands.iter().filter(|&&c| c == 15).count(), 2);
    }
}
