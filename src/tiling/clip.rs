//! Clipping of large cells to a tile's buffered square.
//!
//! Where a zoom shows cells so large that one might overhang its tile beyond what programs keep, all cells of that layer are clipped, so that two
//! neighbours never disagree. They cut their common edge at the same raster point, because the cut is computed from the edge's ends in an order
//! that does not depend on who asks.

use crate::tiling::world::{BUFFER, EXTENT};

/// A point in tile units.
pub(super) type TilePoint = [i32; 2];

/// The widest cell, in tile units, that is written whole. MapLibre doubles coordinates to its own extent of 8192 and clamps them to 16 bits,
/// so that only -8192 to 8191 tile units survive; a whole cell may begin at the end of the buffer.
pub(super) const WIDEST_WHOLE: i64 = 8191 - EXTENT - BUFFER;

/// Clips the ring to the buffered square. The result may be empty.
pub(super) fn clip(ring: &mut Vec<TilePoint>) {
    let (low, high) = (-BUFFER as i32, (EXTENT + BUFFER) as i32);
    for axis in [0, 1] {
        *ring = half_plane(ring, axis, low, |v| v >= low);
        *ring = half_plane(ring, axis, high, |v| v <= high);
    }
    drop_repeats(ring);
}

/// Drops points equal to the one before them, around the ring.
pub(super) fn drop_repeats(ring: &mut Vec<TilePoint>) {
    ring.dedup();
    while ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
}

/// One step of Sutherland and Hodgman (1974): what of the ring lies on the kept side of `border`.
fn half_plane(ring: &[TilePoint], axis: usize, border: i32, keeps: impl Fn(i32) -> bool) -> Vec<TilePoint> {
    let mut kept = Vec::with_capacity(ring.len() + 4);
    for (i, &point) in ring.iter().enumerate() {
        let before = ring[(i + ring.len() - 1) % ring.len()];
        if keeps(before[axis]) != keeps(point[axis]) {
            kept.push(cut(before, point, axis, border));
        }
        if keeps(point[axis]) {
            kept.push(point);
        }
    }
    kept
}

/// Where the edge meets the border, the other coordinate rounded half up; the same for both directions of the edge.
fn cut(a: TilePoint, b: TilePoint, axis: usize, border: i32) -> TilePoint {
    let [from, to] = if a <= b { [a, b] } else { [b, a] };
    let other = 1 - axis;
    let (rise, run) = (i64::from(to[other]) - i64::from(from[other]), i64::from(to[axis]) - i64::from(from[axis]));
    let share = i64::from(border) - i64::from(from[axis]);
    let (top, bottom) = if run < 0 { (-2 * rise * share - run, -2 * run) } else { (2 * rise * share + run, 2 * run) };
    let mut point = [border; 2];
    point[other] = from[other] + top.div_euclid(bottom) as i32;
    point
}

/// Twice the area of a ring by the shoelace formula; positive where it runs clockwise on the screen (y to the south), as the specification wants
/// exteriors to run.
pub(super) fn twice_area(ring: &[TilePoint]) -> i64 {
    let wide = |p: TilePoint| (i64::from(p[0]), i64::from(p[1]));
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(&a, &b)| wide(a).0 * wide(b).1 - wide(b).0 * wide(a).1).sum()
}

/// The same for four corners: half the product of the diagonals.
#[inline]
pub(super) fn twice_area_of_quad([a, b, c, d]: [TilePoint; 4]) -> i64 {
    let along = |from: TilePoint, to: TilePoint, axis: usize| i64::from(to[axis]) - i64::from(from[axis]);
    along(a, c, 0) * along(b, d, 1) - along(b, d, 0) * along(a, c, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_over_the_whole_tile_becomes_the_buffered_square() {
        let mut ring = vec![[-9000, -9000], [9000, -9000], [9000, 9000], [-9000, 9000]];
        clip(&mut ring);
        assert_eq!(twice_area(&ring), 2 * (4096 + 128) * (4096 + 128));
        assert_eq!(ring.len(), 4);
    }

    #[test]
    fn a_far_ring_vanishes() {
        let mut ring = vec![[-9000, 0], [-8000, 0], [-8000, 9], [-9000, 9]];
        clip(&mut ring);
        assert_eq!(ring, Vec::<TilePoint>::new());
    }

    proptest::proptest! {
        #[test]
        fn four_corners_have_the_area_of_any_ring(quad: [[i16; 2]; 4]) {
            let quad = quad.map(|point| point.map(i32::from));
            proptest::prop_assert_eq!(twice_area_of_quad(quad), twice_area(&quad));
        }

        #[test]
        fn both_directions_cut_alike(ax in -20000..-64, bx in -63..20000, ay in -20000..20000, by in -20000..20000) {
            let (a, b) = ([ax, ay], [bx, by]);
            let point = cut(a, b, 0, -64);
            proptest::prop_assert_eq!(point, cut(b, a, 0, -64));
            let exact = f64::from(ay) + f64::from(by - ay) * f64::from(-64 - ax) / f64::from(bx - ax);
            proptest::prop_assert!((f64::from(point[1]) - exact).abs() <= 0.5 + 1e-9);
        }
    }
}
