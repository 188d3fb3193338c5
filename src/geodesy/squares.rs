//! Which square of level 0 each point of a chunk lies in, and the points of each square side by side.

use crate::simd::{Simd, Work};

/// Points handled at a time: their coordinates stay in the first-level cache.
pub(super) const CHUNK: usize = 1024;

/// Squares side by side in a chunk, and rows of them, at most: enough for all of Germany.
const COLUMNS: i32 = 8;
const ROWS: i32 = 7;
/// The place of points that are nowhere, behind all squares.
const NOWHERE: u8 = (COLUMNS * ROWS) as u8;
const PLACES: usize = NOWHERE as usize + 1;
/// In place of a column or row, where there is none.
const NONE: i32 = i32::MAX;

/// The points of a chunk by square.
pub(super) struct Squares {
    columns: [i32; CHUNK],
    rows: [i32; CHUNK],
    places: [u8; CHUNK],
    /// Coordinates square by square, once they are sorted, where each point's are, and where those of each place end.
    sorted: [[f64; CHUNK]; 2],
    positions: [u16; CHUNK],
    ends: [u16; PLACES],
}

/// The squares that a chunk touches.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    column: i32,
    row: i32,
    /// Which of the places are taken, the one of [`NOWHERE`] among them.
    taken: u64,
}

impl Extent {
    /// The squares, by place: column and row.
    pub(super) fn squares(self) -> impl Iterator<Item = (u8, (i64, i64))> {
        let square = move |place: u8| {
            let (north, east) = (i32::from(place) / COLUMNS, i32::from(place) % COLUMNS);
            (i64::from(self.column + east), i64::from(self.row + north))
        };
        (0..NOWHERE).filter(move |&place| self.taken >> place & 1 != 0).map(move |place| (place, square(place)))
    }

    /// The square, if all points lie in it.
    pub(super) fn only(self) -> Option<(i64, i64)> {
        if self.taken.count_ones() == 1 { self.squares().next().map(|(_, square)| square) } else { None }
    }
}

impl Squares {
    pub(super) fn new() -> Self {
        Self {
            columns: [0; CHUNK],
            rows: [0; CHUNK],
            places: [0; CHUNK],
            sorted: [[0.0; CHUNK]; 2],
            positions: [0; CHUNK],
            ends: [0; PLACES],
        }
    }

    /// Finds the squares of up to [`CHUNK`] points; `None` where they are too far apart. A side is a power of two, so multiplying by its inverse is exact.
    pub(super) fn find(&mut self, simd: Simd, [xs, ys]: [&[f64]; 2], per_side: f64) -> Option<Extent> {
        let count = xs.len();
        let (columns, rows) = (&mut self.columns[..count], &mut self.rows[..count]);
        let nowhere = simd.run(Whole { xs, ys, per_side, columns, rows });
        let of_columns = simd.run(Range(&self.columns[..count]));
        let of_rows = simd.run(Range(&self.rows[..count]));
        let ([west, east], [south, north]) = (of_columns, of_rows);
        if west > east {
            self.places[..count].fill(NOWHERE);
            return Some(Extent { column: 0, row: 0, taken: 1 << NOWHERE });
        }
        if east - west >= COLUMNS || north - south >= ROWS {
            return None;
        }
        if (west, south) == (east, north) && nowhere == 0 {
            return Some(Extent { column: west, row: south, taken: 1 });
        }
        let places = &mut self.places[..count];
        simd.run(Places { columns: &self.columns[..count], rows: &self.rows[..count], from: [west, south], places });
        let taken = places.iter().fold(0_u64, |taken, &place| taken | 1 << (place & 63));
        Some(Extent { column: west, row: south, taken })
    }

    /// Brings the coordinates of the points of each place together. They must be those that [`Squares::find`] was given.
    pub(super) fn sort(&mut self, [xs, ys]: [&[f64]; 2]) {
        let places = &self.places[..xs.len()];
        let mut ends = [0_u16; PLACES];
        places.iter().for_each(|&place| ends[usize::from(place)] += 1);
        let mut begin = 0;
        for end in &mut ends {
            begin += std::mem::replace(end, begin);
        }
        let [sorted_x, sorted_y] = &mut self.sorted;
        for ((&place, position), (&x, &y)) in places.iter().zip(&mut self.positions).zip(xs.iter().zip(ys)) {
            let end = &mut ends[usize::from(place)];
            let at = usize::from(*end) % CHUNK;
            (sorted_x[at], sorted_y[at], *position) = (x, y, *end);
            *end += 1;
        }
        self.ends = ends;
        self.of(NOWHERE).into_iter().for_each(|coordinates| coordinates.fill(f64::NAN));
    }

    /// The sorted coordinates of the points of a place.
    pub(super) fn of(&mut self, place: u8) -> [&mut [f64]; 2] {
        let end = |place: u8| usize::from(self.ends[usize::from(place)]);
        let points = place.checked_sub(1).map_or(0, end)..end(place);
        self.sorted.each_mut().map(|sorted| &mut sorted[points.clone()])
    }

    /// Puts the sorted coordinates back where they came from; not a number for points that are nowhere.
    pub(super) fn put_back(&self, [xs, ys]: [&mut [f64]; 2]) {
        let [sorted_x, sorted_y] = &self.sorted;
        for (&position, (x, y)) in self.positions.iter().zip(xs.iter_mut().zip(ys)) {
            let at = usize::from(position) % CHUNK;
            (*x, *y) = (sorted_x[at], sorted_y[at]);
        }
    }
}

/// Columns and rows of points; gives how many are nowhere.
struct Whole<'a> {
    xs: &'a [f64],
    ys: &'a [f64],
    per_side: f64,
    columns: &'a mut [i32],
    rows: &'a mut [i32],
}

impl Work for Whole<'_> {
    type Output = u32;

    #[inline(always)]
    fn run(self) -> u32 {
        let mut nowhere = 0_u32;
        let points = self.xs.iter().zip(self.ys);
        for ((&x, &y), (column, row)) in points.zip(self.columns.iter_mut().zip(self.rows)) {
            let (east, north) = (x * self.per_side, y * self.per_side);
            // Beyond that there is nothing on Earth; nor is what is not a number.
            let somewhere = (east.abs() < 1e6) & (north.abs() < 1e6);
            *column = if somewhere { floor(east) } else { NONE };
            *row = if somewhere { floor(north) } else { NONE };
            nowhere = nowhere.wrapping_add(u32::from(!somewhere));
        }
        nowhere
    }
}

/// The floor of a number between -2^31 and 2^31: a whole number stands in the lowest bits of its sum with 1.5 · 2^52.
#[inline(always)]
fn floor(number: f64) -> i32 {
    const WHOLE: f64 = 1.5 * (1_u64 << 52) as f64;
    let sum = number + WHOLE;
    (sum.to_bits() as i32).wrapping_sub(i32::from(sum - WHOLE > number))
}

/// The least and the greatest, leaving out [`NONE`].
struct Range<'a>(&'a [i32]);

impl Work for Range<'_> {
    type Output = [i32; 2];

    #[inline(always)]
    fn run(self) -> [i32; 2] {
        let (mut least, mut greatest) = (NONE, i32::MIN);
        for &number in self.0 {
            least = least.min(number);
            greatest = greatest.max(if number == NONE { i32::MIN } else { number });
        }
        [least, greatest]
    }
}

/// Places from columns and rows that are near the first.
struct Places<'a> {
    columns: &'a [i32],
    rows: &'a [i32],
    from: [i32; 2],
    places: &'a mut [u8],
}

impl Work for Places<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let [west, south] = self.from;
        for ((&column, &row), place) in self.columns.iter().zip(self.rows).zip(self.places) {
            let near = row.wrapping_sub(south).wrapping_mul(COLUMNS).wrapping_add(column.wrapping_sub(west)) as u8;
            *place = if column == NONE { NOWHERE } else { near };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_sorted_to_its_square() {
        let noise = |i: u64| ((i * 2_654_435_761) % 1_000_003) as f64 / 1_000_003.0;
        let odd = [f64::NAN, f64::INFINITY, 1e300, -0.0, 1.0, 0.999_999_999_999_999_9, -1e-300];
        let xs: Vec<f64> = (0..700).map(|i| noise(i) * 7.9 - 3.0).chain(odd).collect();
        let ys: Vec<f64> = (0..700).map(|i| noise(i + 999) * 6.9 + 40.0).chain([42.5; 7]).collect();
        for simd in Simd::available() {
            let mut squares = Squares::new();
            let extent = squares.find(simd, [&xs, &ys], 1.0).unwrap();
            squares.sort([&xs, &ys]);
            let mut seen = 0;
            for (place, (column, row)) in extent.squares() {
                let [xs, ys] = squares.of(place);
                assert!(xs.iter().all(|x| x.floor() as i64 == column) && ys.iter().all(|y| y.floor() as i64 == row));
                xs.iter_mut().for_each(|x| *x += 100.0);
                seen += xs.len();
            }
            assert_eq!(seen, xs.len() - 3);
            let (mut moved_x, mut moved_y) = (xs.clone(), ys.clone());
            squares.put_back([&mut moved_x, &mut moved_y]);
            for (at, &x) in xs.iter().enumerate() {
                match (700..703).contains(&at) {
                    true => assert!(moved_x[at].is_nan() && moved_y[at].is_nan()),
                    false => assert!(moved_x[at] == x + 100.0 && moved_y[at] == ys[at]),
                }
            }
        }
    }

    #[test]
    fn points_that_are_all_nowhere_become_no_numbers() {
        let (mut xs, mut ys) = ([f64::NAN, 1e300], [1.0, 2.0]);
        let mut squares = Squares::new();
        assert_eq!(squares.find(Simd::used(), [&xs, &ys], 1.0).unwrap().squares().count(), 0);
        squares.sort([&xs, &ys]);
        squares.put_back([&mut xs, &mut ys]);
        assert!(xs.iter().chain(&ys).all(|coordinate| coordinate.is_nan()));
    }

    #[test]
    fn chunks_of_one_square_and_chunks_too_wide_are_told() {
        let mut squares = Squares::new();
        let mut find = |xs: &[f64], ys: &[f64]| {
            let found = Simd::available().into_iter().map(|simd| squares.find(simd, [xs, ys], 0.5).map(Extent::only));
            let found: Vec<_> = found.collect();
            assert!(found.windows(2).all(|pair| pair[0] == pair[1]));
            found[0]
        };
        assert_eq!(find(&[-0.1, -2.0], &[7.9, 6.0]), Some(Some((-1, 3))));
        assert_eq!(find(&[-0.1, f64::NAN], &[7.9, 6.0]), Some(None));
        assert_eq!(find(&[f64::NAN], &[6.0]), Some(None));
        assert_eq!(find(&[0.0, 15.9], &[0.0, 13.9]), Some(None));
        assert_eq!(find(&[0.0, 16.0], &[0.0, 0.0]), None);
        assert_eq!(find(&[0.0, 0.0], &[0.0, 14.0]), None);
    }
}
