//! The corners of cells of several sizes, so that neighbours agree: where sizes meet, the coarse ring carries the finer corners.
//!
//! Rings are made of nodes: all corners of all cells of the layer, and places between that split long edges. A side of a cell takes every node that
//! lies on it. Whether a node lies on a line has nothing to do with who asks, so two cells take the same nodes where they meet, and no
//! gap opens between them in any projection (METHODS B1: T-junctions).

use crate::grid::{CellId, GridSize};

/// A place of the sub-lattice: units counted north and east from the grid's origin. Orders row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Node {
    north: i32,
    east: i32,
}

/// How the edges of a layer's cells are split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Splits {
    /// A unit is the layer's size divided by this.
    parts: i32,
    /// Edges are split at multiples of so many units.
    every: i32,
}

impl Splits {
    /// Pieces of at most `longest_m`, and if possible no shorter than cells of `size`, so that no zoom that shows these is too coarse for the pieces.
    pub(crate) fn of(size: GridSize, longest_m: f64) -> Self {
        let side_m = f64::from(size.metres());
        match longest_m >= side_m {
            true => Self { parts: 1, every: (longest_m / side_m) as i32 },
            false => Self { parts: (side_m / longest_m).ceil() as i32, every: 1 },
        }
    }
}

/// The nodes of a layer, each once, in rows from the south.
#[derive(Debug)]
pub(crate) struct CellNodes {
    nodes: Vec<Node>,
    /// Positions of the nodes, by column from the west.
    columns: Vec<u32>,
    size: GridSize,
    parts: i32,
}

impl CellNodes {
    /// The nodes of cells that are as large as `size` or a multiple of it. Two sorts of the nodes.
    pub(crate) fn new(cells: &[CellId], size: GridSize, splits: Splits) -> Self {
        let Splits { parts, every } = splits;
        let mut found = Self { nodes: Vec::new(), columns: Vec::new(), size, parts };
        for &cell in cells {
            let (sw, ne) = found.corners(cell);
            found.nodes.extend([sw, ne, Node { north: sw.north, east: ne.east }, Node { north: ne.north, east: sw.east }]);
            let between = |from: i32, to: i32| ((from.div_euclid(every) + 1) * every..to).step_by(every as usize);
            for east in between(sw.east, ne.east) {
                found.nodes.extend([sw.north, ne.north].map(|north| Node { north, east }));
            }
            for north in between(sw.north, ne.north) {
                found.nodes.extend([sw.east, ne.east].map(|east| Node { north, east }));
            }
        }
        found.nodes.sort_unstable();
        found.nodes.dedup();
        found.columns = (0..u32::try_from(found.nodes.len()).expect("fewer than 2^32 corners in a layer")).collect();
        let nodes = &found.nodes;
        found.columns.sort_unstable_by_key(|&at| (nodes[at as usize].east, nodes[at as usize].north));
        found
    }

    /// The south-west and the north-east corner.
    fn corners(&self, cell: CellId) -> (Node, Node) {
        let size_m = self.size.metres() as i32;
        let units = |metres: i32| metres / size_m * self.parts;
        let sw = Node { north: units(cell.northing_m()), east: units(cell.easting_m()) };
        let side = units(cell.size().metres() as i32);
        (sw, Node { north: sw.north + side, east: sw.east + side })
    }

    /// Easting and northing of every node, metres.
    pub(crate) fn places_m(&self) -> impl Iterator<Item = (f64, f64)> {
        let unit_m = f64::from(self.size.metres()) / f64::from(self.parts);
        self.nodes.iter().map(move |node| (f64::from(node.east) * unit_m, f64::from(node.north) * unit_m))
    }

    /// Positions of the nodes of a cell's ring, counter-clockwise from the south-west corner, not closed; `ring` is emptied first.
    /// Four searches.
    pub(crate) fn ring(&self, cell: CellId, ring: &mut Vec<u32>) {
        ring.clear();
        let (sw, ne) = self.corners(cell);
        let row = |north: i32| {
            let from = self.nodes.partition_point(|node| *node < Node { north, east: sw.east }) as u32;
            let nodes = self.nodes[from as usize..].iter();
            from..from + nodes.take_while(|node| node.north == north && node.east < ne.east).count() as u32
        };
        let column = |east: i32| {
            let key = |&at: &u32| (self.nodes[at as usize].east, self.nodes[at as usize].north);
            let from = self.columns.partition_point(|at| key(at) < (east, sw.north));
            let nodes = self.columns[from..].iter();
            &self.columns[from..from + nodes.take_while(|at| key(at) < (east, ne.north)).count()]
        };
        // A side goes up to, not including, its end: south and east as they are found; north and west backwards, from the node behind.
        let (south, north, west, east) = (row(sw.north), row(ne.north), column(sw.east), column(ne.east));
        ring.extend(south);
        ring.extend_from_slice(east);
        ring.extend((north.start + 1..=north.end).rev());
        ring.push(north.start);
        ring.extend(west.iter().skip(1).rev());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(metres: u32, east: i32, north: i32) -> CellId {
        CellId::of_corner(GridSize::new(metres).unwrap(), 4_000_000 + east, 3_000_000 + north).unwrap()
    }

    fn rings(cells: &[CellId], splits: Splits) -> Vec<Vec<(i32, i32)>> {
        let nodes = CellNodes::new(cells, GridSize::new(100).unwrap(), splits);
        let places: Vec<(f64, f64)> = nodes.places_m().collect();
        let mut ring = Vec::new();
        let ring_of = |&cell: &CellId| {
            nodes.ring(cell, &mut ring);
            let place = |&at: &u32| (places[at as usize].0 as i32 - 4_000_000, places[at as usize].1 as i32 - 3_000_000);
            ring.iter().map(place).collect()
        };
        cells.iter().map(ring_of).collect()
    }

    const WHOLE: Splits = Splits { parts: 1, every: i32::MAX / 4 };

    #[test]
    fn a_cell_alone_has_its_corners() {
        assert_eq!(rings(&[cell(500, 0, 0)], WHOLE), [[(0, 0), (500, 0), (500, 500), (0, 500)]]);
    }

    #[test]
    fn the_coarse_ring_carries_finer_corners() {
        let cells = [cell(200, 0, 0), cell(100, 200, 0), cell(100, 100, 200), cell(100, -100, 100)];
        let corners = [(0, 0), (200, 0), (200, 100), (200, 200), (100, 200), (0, 200), (0, 100)];
        assert_eq!(rings(&cells, WHOLE)[0], corners);
        assert_eq!(rings(&cells, WHOLE)[1], [(200, 0), (300, 0), (300, 100), (200, 100)]);
    }

    #[test]
    fn long_edges_are_split_alike_on_both_sides() {
        let cells = [cell(1000, 0, 0), cell(500, 1000, 0)];
        let rings = rings(&cells, Splits::of(GridSize::new(100).unwrap(), 300.0));
        let east: Vec<_> = rings[0].iter().filter(|p| p.0 == 1000 && p.1 <= 500).collect();
        let west: Vec<_> = rings[1].iter().filter(|p| p.0 == 1000).rev().collect();
        assert_eq!(east, west[west.len() - 1..].iter().chain(&west[..west.len() - 1]).copied().collect::<Vec<_>>());
        assert!(east.len() > 2);
    }

    #[test]
    fn pieces_are_no_longer_than_asked_for() {
        let size = |metres| GridSize::new(metres).unwrap();
        assert_eq!(Splits::of(size(100), 500.0), Splits { parts: 1, every: 5 });
        assert_eq!(Splits::of(size(300), 500.0), Splits { parts: 1, every: 1 });
        assert_eq!(Splits::of(size(1000), 500.0), Splits { parts: 2, every: 1 });
    }
}
