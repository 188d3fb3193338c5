//! The corners of cells of one size, each once, so that neighbours share them.

use crate::grid::CellId;

/// Corners in rows from the south, each row from the west; found in one walk along the cells, without a search or a sort.
#[derive(Debug, Default)]
pub(crate) struct Corners {
    /// North and east, in cells counted from the grid's origin. The corner to the east of a cell's own western one stands right behind it.
    pub(crate) places: Vec<Corner>,
    /// For each cell its south-west and its north-west corner, as positions into the places.
    pub(crate) west: Vec<[u32; 2]>,
}

/// A corner of the grid. Orders row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Corner {
    pub(crate) north: i32,
    pub(crate) east: i32,
}

impl Corners {
    /// The corners of cells of one size, which must ascend.
    pub(crate) fn new(cells: impl ExactSizeIterator<Item = CellId>) -> Self {
        let corner = |cell: CellId| {
            let side_m = cell.size().metres() as i32;
            Corner { north: cell.northing_m() / side_m, east: cell.easting_m() / side_m }
        };
        let cells: Vec<Corner> = cells.map(corner).collect();
        debug_assert!(cells.is_sorted(), "cells ascend");
        let mut found = Self { places: Vec::with_capacity(cells.len() * 5 / 4), west: vec![[0; 2]; cells.len()] };
        // A row of corners lies on the cells below it and under those above it.
        let (mut below, mut from) = (0..0, 0);
        while from < cells.len() || !below.is_empty() {
            let north = below.clone().next().map_or_else(|| cells[from].north, |first: usize| cells[first].north + 1);
            let above = from..from + cells[from..].iter().take_while(|cell| cell.north == north).count();
            found.row(&cells, north, (below, above.clone()));
            from = above.end;
            below = above;
        }
        found
    }

    /// One row of corners: western and eastern ones of the cells on both sides, merged.
    fn row(&mut self, cells: &[Corner], north: i32, (mut below, mut above): (std::ops::Range<usize>, std::ops::Range<usize>)) {
        let row = self.places.len();
        let next = |cells_beside: &std::ops::Range<usize>| cells_beside.clone().next().map(|cell| cells[cell].east);
        while let Some(east) = [next(&below), next(&above)].into_iter().flatten().min() {
            // It is there already as the eastern corner of the cell before.
            if self.places.len() == row || self.places[self.places.len() - 1].east != east {
                self.places.push(Corner { north, east });
            }
            let west = u32::try_from(self.places.len() - 1).expect("fewer than 2^32 corners in a layer");
            self.places.push(Corner { north, east: east + 1 });
            if next(&below) == Some(east) {
                self.west[below.start][1] = west;
                below.start += 1;
            }
            if next(&above) == Some(east) {
                self.west[above.start][0] = west;
                above.start += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::grid::GridSize;

    proptest::proptest! {
        #[test]
        fn every_corner_once_and_every_cell_finds_its_own(places in proptest::collection::btree_set((-6_i32..6, -6_i32..6), 0..60)) {
            let size = GridSize::new(100).unwrap();
            let cells: Vec<CellId> = places.iter().map(|(n, e)| CellId::of_corner(size, e * 100, n * 100).unwrap()).collect();
            let corners = Corners::new(cells.iter().copied());
            let expected: BTreeSet<Corner> = places.iter()
                .flat_map(|&(n, e)| [(n, e), (n, e + 1), (n + 1, e), (n + 1, e + 1)].map(|(north, east)| Corner { north, east }))
                .collect();
            proptest::prop_assert!(corners.places.iter().copied().eq(expected));
            for (&(north, east), &[south, north_west]) in places.iter().zip(&corners.west) {
                let at = |position: u32| corners.places[position as usize];
                proptest::prop_assert_eq!([at(south), at(south + 1)], [Corner { north, east }, Corner { north, east: east + 1 }]);
                let north = north + 1;
                proptest::prop_assert_eq!([at(north_west), at(north_west + 1)], [Corner { north, east }, Corner { north, east: east + 1 }]);
            }
        }
    }
}
