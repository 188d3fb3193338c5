//! Shared corners: cells that meet draw their common corner at the same point of the raster, in every tile, and their common edge by the
//! same points. Where cells of several sizes meet, the coarse ring carries the finer corners. And every corner lies where the grid has it.

use crate::error::Error;
use crate::geodesy::{Projection, ReferenceSystem};
use crate::grid::{CellId, GridSize};
use crate::verify::Problem;
use crate::verify::finding::Findings;
use crate::verify::tile_id::TileId;

/// Tile units of a tile's side.
pub(super) const EXTENT: i64 = 4096;
/// Writers may cut cells this far outside their tile (METHODS B1).
const CUT: f64 = 64.0;
/// Half the width of the world, Web Mercator metres.
const HALF_M: f64 = 20_037_508.342_789_244;
/// Up to this side a straight edge lies within half a unit of the true one at every zoom up to 16, so that no writer has reason to split it
/// (METHODS B1).
const STRAIGHT_M: u32 = 1000;

/// One corner of the grid as one cell in one tile draws it. World units wrap at 2^32, above the largest zoom that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Corner {
    northing_m: i32,
    easting_m: i32,
    x: u32,
    y: u32,
}

/// One edge of a cell, from its south-western end, and the points between its ends as a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    northing_m: i32,
    easting_m: i32,
    side_m: u32,
    northwards: bool,
    between: u64,
}

/// A cell that may have smaller neighbours, as one tile draws it.
#[derive(Debug)]
struct Coarse {
    cell: CellId,
    tile: TileId,
    /// The smallest side a neighbour may have.
    smallest_m: i32,
    ring: Vec<(u32, u32)>,
}

/// Corners and edges of one tile, later of one zoom.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    corners: Vec<Corner>,
    edges: Vec<Edge>,
    coarse: Vec<Coarse>,
}

/// The exact way from the grid to the raster of a zoom.
pub(super) struct Raster {
    projection: Projection,
}

impl Raster {
    pub(super) fn new() -> Result<Self, Error> {
        Ok(Self { projection: Projection::new(&ReferenceSystem::etrs89_laea(), &ReferenceSystem::web_mercator())? })
    }

    /// A corner in units of the tile.
    fn in_tile(&self, (easting_m, northing_m): (i32, i32), tile: TileId) -> Option<(f64, f64)> {
        let (x_m, y_m) = self.projection.exact(f64::from(easting_m), f64::from(northing_m))?;
        let units = f64::from(2_u32.pow(u32::from(tile.zoom))) * EXTENT as f64;
        let (x, y) = ((x_m + HALF_M) / (2.0 * HALF_M) * units, (HALF_M - y_m) / (2.0 * HALF_M) * units);
        Some((x - f64::from(tile.x) * EXTENT as f64, y - f64::from(tile.y) * EXTENT as f64))
    }
}

impl Drawn {
    /// Takes a cell's ring in a tile; `smallest` is the smallest size of cells in its layer, if there are several. Says what is wrong with its
    /// corners, if anything.
    pub(super) fn take(
        &mut self,
        raster: &Raster,
        (cell, smallest): (CellId, Option<GridSize>),
        tile: TileId,
        ring: &[(i32, i32)],
    ) -> Option<Problem> {
        if let Some(smallest) = smallest.filter(|&smallest| smallest < cell.size()) {
            let ring = ring.iter().map(|&(x, y)| (in_world(tile.x, x), in_world(tile.y, y))).collect();
            self.coarse.push(Coarse { cell, tile, smallest_m: smallest.metres() as i32, ring });
        }
        let corners_m = cell.corners_m();
        let mut positions = [None; 4];
        for (position, &corner_m) in positions.iter_mut().zip(&corners_m) {
            let Some((x, y)) = raster.in_tile(corner_m, tile) else { return Some(Problem::CornerMisplaced) };
            let distance = |&(px, py): &(i32, i32)| (f64::from(px) - x).abs().max((f64::from(py) - y).abs());
            let nearest = (0..ring.len()).min_by(|&a, &b| distance(&ring[a]).total_cmp(&distance(&ring[b])));
            *position = nearest.filter(|&i| distance(&ring[i]) <= 1.0);
            let kept = |v: f64| (-CUT..=EXTENT as f64 + CUT).contains(&v);
            match *position {
                Some(i) => self.corners.push(Corner {
                    northing_m: corner_m.1,
                    easting_m: corner_m.0,
                    x: in_world(tile.x, ring[i].0),
                    y: in_world(tile.y, ring[i].1),
                }),
                None if kept(x) && kept(y) => return Some(Problem::CornerMisplaced),
                None => {}
            }
        }
        if let (true, [Some(sw), Some(se), Some(ne), Some(nw)]) = (cell.size().metres() > STRAIGHT_M, positions) {
            // A ring runs clockwise as drawn, so that the west edge runs north, the north edge east, the others against that.
            let sides = [(sw, nw, 0, true, false), (nw, ne, 3, false, false), (ne, se, 1, true, true), (se, sw, 0, false, true)];
            for (from, to, corner, northwards, backwards) in sides {
                let (easting_m, northing_m) = corners_m[corner];
                let between = points_between(ring, (from, to), tile, backwards);
                self.edges.push(Edge { northing_m, easting_m, side_m: cell.size().metres(), northwards, between });
            }
        }
        None
    }

    pub(super) fn join(&mut self, other: Self) {
        self.corners.extend(other.corners);
        self.edges.extend(other.edges);
        self.coarse.extend(other.coarse);
    }

    /// Compares all cells of a zoom; returns how many corners there are.
    pub(super) fn compare(mut self, zoom: u8, findings: &mut Findings) -> u64 {
        use rayon::slice::ParallelSliceMut;
        self.corners.par_sort_unstable();
        self.corners.dedup();
        let mut count = self.corners.len() as u64;
        for pair in self.corners.windows(2) {
            if (pair[0].northing_m, pair[0].easting_m) == (pair[1].northing_m, pair[1].easting_m) {
                findings
                    .add(format!("zoom {zoom}, corner N{}E{}", pair[0].northing_m, pair[0].easting_m), Problem::CornersDiffer);
                count -= 1;
            }
        }
        for coarse in &self.coarse {
            if let Some((easting_m, northing_m)) = self.not_carried(coarse) {
                let place = format!("zoom {zoom}, {}, corner N{northing_m}E{easting_m}", coarse.cell.code());
                findings.add(place, Problem::CornerNotCarried);
            }
        }
        self.edges.par_sort_unstable();
        self.edges.dedup();
        for pair in self.edges.windows(2) {
            if pair[0] == (Edge { between: pair[0].between, ..pair[1] }) {
                findings
                    .add(format!("zoom {zoom}, edge from N{}E{}", pair[0].northing_m, pair[0].easting_m), Problem::EdgesDiffer);
            }
        }
        count
    }
}

impl Drawn {
    /// A corner of a smaller cell on the edge of a coarse one, within the part of the world that the tile shows, that the coarse ring passes by.
    /// Corners are sorted.
    fn not_carried(&self, coarse: &Coarse) -> Option<(i32, i32)> {
        let [(west, south), _, (east, north), _] = coarse.cell.corners_m();
        let along = |from: i32, to: i32| (from + coarse.smallest_m..to).step_by(coarse.smallest_m as usize);
        let level = along(west, east).flat_map(|easting_m| [(easting_m, south), (easting_m, north)]);
        let upright = along(south, north).flat_map(|northing_m| [(west, northing_m), (east, northing_m)]);
        let kept = |world: u32, tile: u32| {
            let local = (i64::from(world) - i64::from(tile) * EXTENT) as f64;
            (1.0 - CUT..=EXTENT as f64 + CUT - 1.0).contains(&local)
        };
        let missing = |&(easting_m, northing_m): &(i32, i32)| {
            let at = self.corners.partition_point(|c| (c.northing_m, c.easting_m) < (northing_m, easting_m));
            let corner = self.corners.get(at).filter(|c| (c.northing_m, c.easting_m) == (northing_m, easting_m));
            let shown = corner.filter(|c| kept(c.x, coarse.tile.x) && kept(c.y, coarse.tile.y));
            shown.is_some_and(|c| !coarse.ring.contains(&(c.x, c.y)))
        };
        level.chain(upright).find(missing)
    }
}

fn in_world(tile: u32, local: i32) -> u32 {
    (i64::from(tile) * EXTENT + i64::from(local)) as u32
}

/// A hash of the points between two corners of a ring, FNV-1a over their world units; `backwards` reads them in the other direction.
fn points_between(ring: &[(i32, i32)], (from, to): (usize, usize), tile: TileId, backwards: bool) -> u64 {
    let count = (to + ring.len() - from - 1) % ring.len();
    let point = |step: usize| ring[(from + 1 + if backwards { count - 1 - step } else { step }) % ring.len()];
    (0..count).fold(0xcbf2_9ce4_8422_2325_u64, |hash, step| {
        let (x, y) = point(step);
        let word = u64::from(in_world(tile.x, x)) << 32 | u64::from(in_world(tile.y, y));
        word.to_le_bytes().iter().fold(hash, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TILE: TileId = TileId { zoom: 10, x: 500, y: 300 };

    #[test]
    fn the_same_edge_from_both_sides() {
        let west = [(0, 10), (0, 0), (10, 0), (11, 5), (10, 10)];
        let east = [(10, 10), (11, 5), (10, 0), (20, 0), (20, 10)];
        assert_eq!(points_between(&west, (2, 4), TILE, true), points_between(&east, (0, 2), TILE, false));
        let crooked = [(10, 10), (12, 5), (10, 0), (20, 0), (20, 10)];
        assert_ne!(points_between(&west, (2, 4), TILE, true), points_between(&crooked, (0, 2), TILE, false));
    }

    #[test]
    fn a_coarse_ring_carries_the_corners_of_smaller_cells() {
        let cell = CellId::of_corner(GridSize::new(200).unwrap(), 4_000_000, 3_000_000).unwrap();
        let corner = Corner { northing_m: 3_000_100, easting_m: 4_000_200, x: in_world(TILE.x, 20), y: in_world(TILE.y, 11) };
        let found = |points: &[(i32, i32)]| {
            let ring = points.iter().map(|&(x, y)| (in_world(TILE.x, x), in_world(TILE.y, y))).collect();
            let coarse = vec![Coarse { cell, tile: TILE, smallest_m: 100, ring }];
            let mut findings = Findings::of("tiles");
            Drawn { corners: vec![corner], edges: Vec::new(), coarse }.compare(4, &mut findings);
            findings.into_part(Vec::new()).findings.first().map(|finding| finding.problem)
        };
        assert_eq!(found(&[(0, 0), (20, 0), (20, 11), (20, 20), (0, 20)]), None);
        assert_eq!(found(&[(0, 0), (20, 0), (20, 20), (0, 20)]), Some(Problem::CornerNotCarried));
        assert_eq!(found(&[(0, 0), (20, 0), (20, 10), (20, 20), (0, 20)]), Some(Problem::CornerNotCarried));
    }

    #[test]
    fn neighbours_that_disagree_are_told() {
        let corner = |x| Corner { northing_m: 100, easting_m: 200, x, y: 7 };
        let drawn = |corners| Drawn { corners, ..Drawn::default() };
        let mut findings = Findings::of("tiles");
        assert_eq!(drawn(vec![corner(3), corner(3)]).compare(4, &mut findings), 1);
        assert!(findings.into_part(Vec::new()).is_sound());
        let mut findings = Findings::of("tiles");
        drawn(vec![corner(3), corner(4)]).compare(4, &mut findings);
        assert_eq!(findings.into_part(Vec::new()).findings[0].problem, Problem::CornersDiffer);
    }
}
