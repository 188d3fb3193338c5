//! The corners of a layer's cells, projected once, and the ring of each cell in each tile.

use rayon::prelude::*;

use crate::confidential::{Level, Unit};
use crate::grid::{CellId, GridSize};
use crate::layer::{CellNodes, Corner, Corners, Layer, Splits};
use crate::tiling::TilingError;
use crate::tiling::clip::{TilePoint, WIDEST_WHOLE, clip, drop_repeats, twice_area, twice_area_of_quad};
use crate::tiling::world::{EXTENT, TileBlock, World, WorldPoint, at_zoom, unit};

/// A straight line between two corners may miss the true edge by this many tile units.
const CHORD_UNITS: f64 = 0.5;

/// The rings of all cells of one layer.
///
/// An edge is split into `1 << splits` parts at places of a sub-lattice that its two cells share; a zoom uses every part or every second, fourth, …
/// Where cells of several sizes meet, the coarse ring carries the finer corners, and all zooms use all places.
pub(super) struct CellRings {
    /// Places of the (sub-)lattice, each once.
    places: Vec<WorldPoint>,
    /// For each cell `4 << splits` positions into `places`: NW, … NE, … SE, … SW, ….
    rings: Vec<u32>,
    /// With cells of several sizes: where the ring of each ends in `rings`. Empty where all rings have as many places.
    ends: Vec<u32>,
    /// Binary logarithm of the parts of an edge.
    splits: u32,
    /// The largest distance of a chord over a whole edge from the true edge, world units.
    sagitta: f64,
    /// The longest side of a box around a cell, world units.
    widest: u32,
}

/// A place of the sub-lattice: parts of an edge counted north and east from the grid's origin. Orders row by row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Node {
    north: i32,
    east: i32,
}

impl CellRings {
    /// Projects the corners of the layer's cells; `last_zoom` is the last zoom that shows them. Costs one projection a corner.
    pub(super) fn new(layer: &Layer<'_>, world: &World, last_zoom: u8) -> Result<Self, TilingError> {
        let cells: Vec<CellId> =
            layer.block.units.iter().filter_map(|u| if let Unit::Cell(c) = u { Some(*c) } else { None }).collect();
        let Some(size) = cells.first().map(|cell| cell.size()) else {
            return Ok(Self { places: Vec::new(), rings: Vec::new(), ends: Vec::new(), splits: 0, sagitta: 0.0, widest: 0 });
        };
        if let (Level::Grid(size), true) = (layer.level, layer.adaptive()) {
            return Self::of_several_sizes(&cells, size, (world, &layer.name), last_zoom);
        }
        let sagitta = largest_sagitta(&cells, size, world, &layer.name)?;
        let splits = splits_for(sagitta, last_zoom);
        if splits == 0 {
            return Self::of_corners(&cells, size, (world, &layer.name));
        }
        let parts = 1_u32 << splits;
        let mut nodes: Vec<Node> = cells.par_iter().flat_map_iter(|&cell| outline(cell, parts)).collect();
        nodes.par_sort_unstable();
        nodes.dedup();
        let step_m = f64::from(size.metres()) / f64::from(parts);
        let place_m = |node: &Node| (f64::from(node.east) * step_m, f64::from(node.north) * step_m);
        let places = world.all_of_3035(&nodes.iter().map(place_m).collect::<Vec<_>>(), &layer.name)?;
        let rings: Vec<u32> = cells.par_iter().flat_map_iter(|&cell| positions(cell, parts, &nodes)).collect();
        let widest = rings.par_chunks_exact(4 << splits).map(|ring| width(ring, &places)).max().unwrap_or_default();
        Ok(Self { places, rings, ends: Vec::new(), splits, sagitta, widest })
    }

    /// The same for cells whose edges are not split.
    fn of_corners(cells: &[CellId], size: GridSize, (world, layer): (&World, &str)) -> Result<Self, TilingError> {
        let corners = Corners::new(cells.iter().copied());
        let side_m = f64::from(size.metres());
        let place_m = |&Corner { north, east }: &Corner| (f64::from(east) * side_m, f64::from(north) * side_m);
        let places_m: Vec<_> = corners.places.iter().map(place_m).collect();
        let places = world.all_of_3035(&places_m, layer)?;
        let ring = |&[south, north]: &[u32; 2]| [north, north + 1, south + 1, south];
        let rings: Vec<u32> = corners.west.iter().flat_map(ring).collect();
        let widest = rings.par_chunks_exact(4).map(|ring| width(ring, &places)).max().unwrap_or_default();
        Ok(Self { places, rings, ends: Vec::new(), splits: 0, sagitta: 0.0, widest })
    }

    /// The same for cells of `size` and coarser ones beside them.
    fn of_several_sizes(
        cells: &[CellId],
        size: GridSize,
        (world, layer): (&World, &str),
        last_zoom: u8,
    ) -> Result<Self, TilingError> {
        let largest = cells.iter().map(|cell| cell.size()).max().unwrap_or(size);
        let coarse: Vec<CellId> = cells.iter().copied().filter(|cell| cell.size() == largest).collect();
        let sagitta = largest_sagitta(&coarse, largest, world, layer)?;
        let piece_m = f64::from(largest.metres()) / f64::from(1_u32 << splits_for(sagitta, last_zoom));
        let nodes = CellNodes::new(cells, size, Splits::of(size, piece_m));
        let places = world.all_of_3035(&nodes.places_m().collect::<Vec<_>>(), layer)?;
        let (mut rings, mut ends, mut ring, mut widest) = (Vec::new(), Vec::with_capacity(cells.len()), Vec::new(), 0);
        for &cell in cells {
            nodes.ring(cell, &mut ring);
            widest = widest.max(width(&ring, &places));
            rings.extend(ring.iter().rev());
            ends.push(u32::try_from(rings.len()).expect("fewer than 2^32 corners in a layer"));
        }
        Ok(Self { places, rings, ends, splits: 0, sagitta: 0.0, widest })
    }

    /// How many cells there are.
    pub(super) fn len(&self) -> usize {
        if self.ends.is_empty() { self.rings.len() >> (2 + self.splits) } else { self.ends.len() }
    }

    /// The smallest box around all cells, world units: west, north, east, south.
    pub(super) fn bounds(&self) -> Option<[u32; 4]> {
        bounds(self.places.iter().copied())
    }

    /// How the cells are drawn at one zoom.
    pub(super) fn at(&self, zoom: u8) -> ZoomedRings<'_> {
        let step = 1 << (self.splits - splits_for(self.sagitta, zoom).min(self.splits));
        let mut zoomed = ZoomedRings { rings: self, zoom, step, clipped: false };
        // Rounding to the raster widens a box by no more than one unit: seldom must every box be looked at.
        if at_zoom(self.widest, zoom) + 1 > WIDEST_WHOLE {
            let widest = |cell| {
                let [west, north, east, south] = zoomed.raster_box(cell);
                (east - west).max(south - north)
            };
            zoomed.clipped = (0..self.len()).into_par_iter().map(widest).max().is_some_and(|widest| widest > WIDEST_WHOLE);
        }
        zoomed
    }

    fn ring(&self, cell: usize) -> &[u32] {
        if let Some(&end) = self.ends.get(cell) {
            let start = if cell == 0 { 0 } else { self.ends[cell - 1] };
            return &self.rings[start as usize..end as usize];
        }
        let points = 4 << self.splits;
        &self.rings[cell * points..(cell + 1) * points]
    }
}

/// The rings of a layer's cells at one zoom.
pub(super) struct ZoomedRings<'r> {
    rings: &'r CellRings,
    zoom: u8,
    step: usize,
    clipped: bool,
}

impl ZoomedRings<'_> {
    /// How many cells there are.
    pub(super) fn len(&self) -> usize {
        self.rings.len()
    }

    pub(super) fn zoom(&self) -> u8 {
        self.zoom
    }

    /// The tiles whose buffered square the cell's box touches.
    #[inline]
    pub(super) fn tiles(&self, cell: usize) -> TileBlock {
        TileBlock::around(self.raster_box(cell), self.zoom)
    }

    /// The cell's ring in a tile, clockwise on the screen from the north-west corner. Empty where a clipped cell does not reach the tile.
    pub(super) fn ring_in_tile(&self, cell: usize, tile: (u32, u32), ring: &mut Vec<TilePoint>) {
        let origin = [i64::from(tile.0) * EXTENT, i64::from(tile.1) * EXTENT];
        let local = |place: WorldPoint| {
            let [x, y] = place.map(|world| at_zoom(world, self.zoom));
            [(x - origin[0]) as i32, (y - origin[1]) as i32]
        };
        ring.clear();
        let point = |&place: &u32| local(self.rings.places[place as usize]);
        match self.rings.ring(cell) {
            // Most cells have their four corners only.
            [a, b, c, d] => {
                let quad = [a, b, c, d].map(point);
                ring.extend_from_slice(&quad);
                if !self.clipped && self.rings.ends.is_empty() && twice_area_of_quad(quad) > 0 {
                    return;
                }
            }
            places => ring.extend(places.iter().step_by(self.step).map(point)),
        }
        if self.step < self.rings.ring(cell).len() / 4 || !self.rings.ends.is_empty() {
            drop_repeats(ring);
        }
        if self.clipped {
            clip(ring);
            if twice_area(ring) <= 0 {
                ring.clear();
            }
        } else if twice_area(ring) <= 0 {
            // Two units a side keep four corners anywhere in Europe; should the plane be distorted so far away that they do not, the cell is
            // drawn as its box rather than lost.
            let [west, north, east, south] = self.raster_box(cell);
            let [w, n] = [west - origin[0], north - origin[1]].map(|v| v as i32);
            let [e, s] = [east.max(west + 1) - origin[0], south.max(north + 1) - origin[1]].map(|v| v as i32);
            *ring = vec![[w, n], [e, n], [e, s], [w, s]];
        }
    }

    /// The cell's box in the raster of this zoom: west, north, east, south.
    fn raster_box(&self, cell: usize) -> [i64; 4] {
        let place = |&place: &u32| self.rings.places[place as usize];
        let ring = self.rings.ring(cell);
        let world = match ring {
            // Most cells have their four corners only.
            [a, b, c, d] => around([a, b, c, d].map(place).into_iter()),
            _ => around(ring.iter().step_by(self.step).map(place)),
        };
        world.map(|world| at_zoom(world, self.zoom))
    }
}

/// The longer side of the box around a ring, world units.
#[inline]
fn width(ring: &[u32], places: &[WorldPoint]) -> u32 {
    let [west, north, east, south] = around(ring.iter().map(|&place| places[place as usize]));
    (east - west).max(south - north)
}

/// The box around at least one place: west, north, east, south.
#[inline]
fn around(places: impl Iterator<Item = WorldPoint>) -> [u32; 4] {
    places.fold([u32::MAX, u32::MAX, 0, 0], |[west, north, east, south], [x, y]| {
        [west.min(x), north.min(y), east.max(x), south.max(y)]
    })
}

pub(super) fn bounds(places: impl Iterator<Item = WorldPoint>) -> Option<[u32; 4]> {
    places.fold(None, |found, [x, y]| {
        let [west, north, east, south] = found.unwrap_or([x, y, x, y]);
        Some([west.min(x), north.min(y), east.max(x), south.max(y)])
    })
}

/// Binary logarithm of the parts an edge needs at a zoom: the sagitta falls with the square of the parts (METHODS B1).
fn splits_for(sagitta: f64, zoom: u8) -> u32 {
    let parts = (sagitta / (CHORD_UNITS * unit(zoom))).sqrt().ceil().max(1.0);
    (parts as u32).next_power_of_two().trailing_zeros()
}

/// The largest distance between an edge's true middle and the middle of its chord, world units, over the cells of the outer rows and columns and
/// every hundredth other; half as much again for those between.
fn largest_sagitta(cells: &[CellId], size: GridSize, world: &World, layer: &str) -> Result<f64, TilingError> {
    let rim = |of: fn(&CellId) -> i32| {
        let ends = cells.iter().map(of).fold((i32::MAX, i32::MIN), |(low, high), v| (low.min(v), high.max(v)));
        move |cell: &CellId| of(cell) == ends.0 || of(cell) == ends.1
    };
    let (rows, columns) = (rim(|c| c.northing_m()), rim(|c| c.easting_m()));
    let half_m = f64::from(size.metres()) / 2.0;
    let mut largest = 0.0_f64;
    for (_, cell) in cells.iter().enumerate().filter(|(i, cell)| i % 100 == 0 || rows(cell) || columns(cell)) {
        let corner = |east: f64, north: f64| {
            let (easting_m, northing_m) = (f64::from(cell.easting_m()), f64::from(cell.northing_m()));
            world.of_3035(easting_m + east * half_m, northing_m + north * half_m, layer).map(|p| p.map(f64::from))
        };
        let (sw, se, nw) = (corner(0.0, 0.0)?, corner(2.0, 0.0)?, corner(0.0, 2.0)?);
        for (end, middle) in [(se, corner(1.0, 0.0)?), (nw, corner(0.0, 1.0)?)] {
            largest = largest.max((middle[0] - (sw[0] + end[0]) / 2.0).hypot(middle[1] - (sw[1] + end[1]) / 2.0));
        }
    }
    // Rounding to world units alone gives up to 1.5 of them: no reason to split.
    Ok(if largest < 2.0 { 0.0 } else { 1.5 * largest })
}

/// The node at a cell's south-west corner: north, east.
fn south_west(cell: CellId, parts: u32) -> (i32, i32) {
    let (size_m, parts) = (cell.size().metres() as i32, parts as i32);
    (cell.northing_m() / size_m * parts, cell.easting_m() / size_m * parts)
}

/// The nodes of a cell's outline, clockwise on the map from the north-west corner.
fn outline(cell: CellId, parts: u32) -> impl Iterator<Item = Node> {
    let (south, west) = south_west(cell, parts);
    (0..4 * parts).map(move |i| {
        let along = i % parts;
        let (north, east) = match i / parts {
            0 => (parts, along),
            1 => (parts - along, parts),
            2 => (0, parts - along),
            _ => (along, 0),
        };
        Node { north: south + north as i32, east: west + east as i32 }
    })
}

/// Where the cell's outline lies in the sorted nodes. A row of nodes has no gap within a cell: its top and bottom row hold every part, a row
/// between holds the two ends only. So one search a row is enough.
fn positions(cell: CellId, parts: u32, nodes: &[Node]) -> impl Iterator<Item = u32> {
    let (south, west) = south_west(cell, parts);
    let row = |north: u32| {
        let node = Node { north: south + north as i32, east: west };
        nodes.binary_search(&node).expect("every node of the outline is listed") as u32
    };
    let rows: Vec<u32> = (0..=parts).map(row).collect();
    (0..4 * parts).map(move |i| {
        let along = i % parts;
        match i / parts {
            0 => rows[parts as usize] + along,
            1 if along == 0 => rows[parts as usize] + parts,
            1 => rows[(parts - along) as usize] + 1,
            2 => rows[0] + parts - along,
            _ => rows[along as usize],
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_search_a_row_finds_every_node() {
        let size = GridSize::new(10_000).unwrap();
        let cells = [(431, 320), (432, 320), (431, 321), (440, 330)]
            .map(|(e, n)| CellId::of_corner(size, e * 10_000, n * 10_000).unwrap());
        for parts in [1, 2, 8] {
            let mut nodes: Vec<Node> = cells.iter().flat_map(|&c| outline(c, parts)).collect();
            nodes.sort_unstable();
            nodes.dedup();
            for cell in cells {
                let found = positions(cell, parts, &nodes).map(|i| nodes[i as usize]);
                assert!(found.eq(outline(cell, parts)));
            }
        }
    }

    #[test]
    fn parts_grow_with_the_zoom() {
        // 10 km at Berlin: 4.17 m of Web Mercator are 447 world units; the table of METHODS B1 has half a unit reached at z 10.2.
        assert_eq!([9, 10, 11, 12, 14].map(|z| 1 << splits_for(447.0, z)), [1, 1, 2, 2, 4]);
    }
}
