//! Positions by coordinate: projected batch by batch, and by the exact projection where a cell edge is too near to tell.

use std::path::Path;

use crate::confidential::account::Reason;
use crate::confidential::georeference::Places;
use crate::confidential::georeference::error::GeoreferenceError;
use crate::confidential::records::{NumberState, NumberValues};
use crate::confidential::sieve::Sieve;
use crate::error::Error;
use crate::geodesy::{DatumShift, FittedProjection, Projection, ReferenceSystem, diagnose, extent_of_use};
use crate::grid::{CellFinder, CellId, GridSize};
use crate::simd::{Simd, Work};

/// How many points of a file's first batch are looked at for a wrong reference system.
const SAMPLE: usize = 1000;

/// Places records by two columns of coordinates.
pub(in crate::confidential) struct Coordinates<'s> {
    system: &'s ReferenceSystem,
    columns: [&'s str; 2],
    finest: GridSize,
    projection: FittedProjection,
    /// The source already is EPSG:3035: nothing is fitted, so nothing is uncertain.
    identity: bool,
}

impl<'s> Coordinates<'s> {
    /// Coordinates of `system` in the columns x and y, counted in cells of `finest`.
    pub(in crate::confidential) fn new(
        system: &'s ReferenceSystem,
        columns: [&'s str; 2],
        finest: GridSize,
    ) -> Result<Self, Error> {
        let projection = FittedProjection::new(Projection::new(system, &ReferenceSystem::etrs89_laea())?);
        let probes = [(4_321_000.0, 3_210_000.0), (4_300_000.5, 3_400_000.25), (3_999_999.125, 2_700_000.75)];
        let identity = probes.iter().all(|&(x, y)| projection.exact(x, y) == Some((x, y)));
        Ok(Self { system, columns, finest, projection, identity })
    }

    /// How the coordinates get to ETRS89, if they are on an old datum.
    pub(in crate::confidential) fn datum_shift(&self) -> Option<DatumShift> {
        self.system.datum_shift()
    }

    /// The verified error of the fitted projection so far, metres.
    pub(in crate::confidential) fn error_m(&self) -> f64 {
        self.projection.error_m()
    }

    /// Refuses a file most of whose coordinates cannot belong to the reference system: no row is at fault then, but the plan.
    pub(in crate::confidential) fn check_system(&self, [x, y]: [&NumberValues; 2], file: &Path) -> Result<(), Error> {
        let number = |values: &NumberValues, row: usize| {
            let is_number = matches!(values.states[row], NumberState::Number);
            Some(values.values[row]).filter(|value| is_number && value.is_finite())
        };
        let step = (x.values.len() / SAMPLE).max(1);
        let points = (0..x.values.len()).step_by(step).filter_map(|row| number(x, row).zip(number(y, row)));
        let (xs, ys): (Vec<f64>, Vec<f64>) = points.unzip();
        if xs.is_empty() {
            return Ok(());
        }
        match diagnose(self.system, &xs, &ys) {
            None => Ok(()),
            Some(suspicion) => Err(GeoreferenceError::WrongSystem {
                file: file.to_owned(),
                columns: self.columns.map(str::to_owned),
                system: self.system.label().to_string(),
                suspicion,
            }
            .into()),
        }
    }

    /// The cells of a batch. About 15 ns a point beside the projection, with wide vectors less.
    pub(in crate::confidential) fn place(&self, [x, y]: [&NumberValues; 2], sieve: &mut Sieve<'_>) -> Places {
        // What a rejected row holds must not widen the extent that the projection is fitted on.
        let simd = Simd::used();
        let rows = sieve.rows();
        let (mut eastings_m, mut northings_m) = (vec![f64::NAN; rows], vec![f64::NAN; rows]);
        let (stands, extent) = (sieve.standing(), extent_of_use(self.system));
        let points = [&mut eastings_m[..], &mut northings_m];
        if simd.run(Usable { values: [x, y], stands, extent, points }) > 0 {
            let fallen: Vec<usize> = (0..rows).filter(|&row| stands[row] && eastings_m[row].is_nan()).collect();
            fallen.into_iter().for_each(|row| self.reject([x, y], row, sieve));
        }
        self.projection.project(&mut eastings_m, &mut northings_m);

        let nowhere = CellId::of_corner(self.finest, 0, 0).expect("the grid begins with a cell");
        let finder = CellFinder::new(self.finest);
        let mut cells = vec![nowhere; rows];
        let mut exactly_projected = 0;
        let near_m = if self.identity { 0.0 } else { FittedProjection::tolerance_m() };
        let mut sides = Sides::new(self.finest, near_m);
        for first in (0..rows).step_by(CHUNK) {
            let chunk = first..rows.min(first + CHUNK);
            let coordinates_m = [&mut eastings_m[chunk.clone()], &mut northings_m[chunk.clone()]];
            sides.find(simd, coordinates_m, &mut cells[chunk.clone()]);
            for row in chunk {
                if sides.are_plain(row - first) || !sieve.stands(row) {
                    continue;
                }
                let mut point = [to_micrometre(eastings_m[row]), to_micrometre(northings_m[row])];
                if !self.identity && near_edge(point[0], self.finest) | near_edge(point[1], self.finest) {
                    exactly_projected += 1;
                    let (exact_e, exact_n) = self.projection.exact(x.values[row], y.values[row]).unwrap_or((f64::NAN, f64::NAN));
                    point = [to_micrometre(exact_e), to_micrometre(exact_n)];
                }
                [eastings_m[row], northings_m[row]] = point;
                match finder.cell(point[0], point[1]) {
                    Some(cell) => cells[row] = cell,
                    None => sieve.reject(row, Reason::OutsideAreaOfUse, self.columns[0]),
                }
            }
        }
        Places { cells, points_3035_m: Some([eastings_m, northings_m]), exactly_projected, areas: Vec::new() }
    }

    /// Says why a row has no position.
    #[cold]
    fn reject(&self, [x, y]: [&NumberValues; 2], row: usize, sieve: &mut Sieve<'_>) {
        for (values, column) in [(x, self.columns[0]), (y, self.columns[1])] {
            let fault = match values.states[row] {
                NumberState::Number if values.values[row].is_finite() => continue,
                NumberState::Number => Reason::CoordinateNotFinite,
                NumberState::Missing => Reason::MissingPosition,
                NumberState::NotANumber => Reason::CoordinateNotNumeric,
            };
            sieve.reject(row, fault, column);
        }
        if sieve.stands(row) {
            sieve.reject(row, Reason::OutsideAreaOfUse, self.columns[0]);
        }
    }
}

/// Copies the coordinates of rows that stand, have both numbers and lie in the extent; gives how many rows stand and do not.
struct Usable<'a> {
    values: [&'a NumberValues; 2],
    stands: &'a [bool],
    /// West, south, east, north.
    extent: [f64; 4],
    /// Not a number where there is nothing to copy.
    points: [&'a mut [f64]; 2],
}

impl Work for Usable<'_> {
    type Output = u32;

    #[inline(always)]
    fn run(self) -> u32 {
        let ([x, y], [eastings_m, northings_m]) = (self.values, self.points);
        let [west, south, east, north] = self.extent;
        let numbers = |state: NumberState| state == NumberState::Number;
        let xs = x.values.iter().zip(&x.states).zip(eastings_m);
        let ys = y.values.iter().zip(&y.states).zip(northings_m);
        let mut fallen = 0_u32;
        for ((((&x, &x_state), easting_m), ((&y, &y_state), northing_m)), &stands) in xs.zip(ys).zip(self.stands) {
            // What is not finite is in no extent.
            let inside = (x >= west) & (x <= east) & (y >= south) & (y <= north);
            let usable = stands & numbers(x_state) & numbers(y_state) & inside;
            *easting_m = if usable { x } else { f64::NAN };
            *northing_m = if usable { y } else { f64::NAN };
            fallen = fallen.wrapping_add(u32::from(stands & !usable));
        }
        fallen
    }
}

/// Points whose sides are counted at a time.
const CHUNK: usize = 512;

/// In which column and row of cells points lie, for those where that needs no second thought: without branches, so that it compiles to vector code.
struct Sides {
    side_m: f64,
    /// Nearer than this to an edge it does.
    near_m: f64,
    finder: CellFinder,
    counted: [[u32; CHUNK]; 2],
    plain: [[bool; CHUNK]; 2],
}

impl Sides {
    fn new(size: GridSize, near_m: f64) -> Self {
        let (side_m, finder) = (f64::from(size.metres()), CellFinder::new(size));
        Self { side_m, near_m, finder, counted: [[0; CHUNK]; 2], plain: [[false; CHUNK]; 2] }
    }

    /// Finds the cells of points that are plain, and takes their coordinates to the nearest micrometre.
    fn find(&mut self, simd: Simd, coordinates_m: [&mut [f64]; 2], cells: &mut [CellId]) {
        simd.run(Find { sides: self, coordinates_m, cells });
    }

    /// Whether a point of the last chunk was plain.
    fn are_plain(&self, at: usize) -> bool {
        self.plain[0][at]
    }
}

/// The cells of a chunk.
struct Find<'a> {
    sides: &'a mut Sides,
    coordinates_m: [&'a mut [f64]; 2],
    cells: &'a mut [CellId],
}

impl Work for Find<'_> {
    type Output = ();

    /// Counts the sides between the system's origin and each point, and takes the points that are plain to the nearest micrometre as
    /// [`to_micrometre`] does, with the same operations in the same order.
    #[inline(always)]
    fn run(self) {
        let Sides { side_m, near_m, finder, counted, plain } = self.sides;
        let (side_m, near_m, per_side, finder) = (*side_m, *near_m, 1.0 / *side_m, *finder);
        for ((coordinates_m, counted), plain) in self.coordinates_m.into_iter().zip(&mut *counted).zip(&mut *plain) {
            for ((metres, counted), plain) in coordinates_m.iter_mut().zip(counted).zip(plain) {
                let micrometres = *metres * 1e6;
                let rounded_m = floor(micrometres + 0.5) / 1e6;
                // Next to a whole number the product may fall on the wrong side of it; the point then is not within the side, which is near.
                let sides = rounded_m * per_side;
                let whole = floor(sides);
                let inside_m = rounded_m - whole * side_m;
                let near = (inside_m < near_m) | (side_m - inside_m <= near_m);
                *plain = (1.0..1e15).contains(&micrometres) & (sides < f64::from(u32::MAX)) & !near;
                // A whole number below 2^32 stands in the lowest bits of its sum with 2^52.
                *counted = (whole + FRACTIONLESS).to_bits() as u32;
                *metres = if *plain { rounded_m } else { *metres };
            }
        }
        let ([east, north], [plain, plain_north]) = (counted, plain);
        let sides = east.iter().zip(&*north).zip(plain.iter_mut().zip(&*plain_north));
        for (((&east, &north), (plain, &plain_north)), cell) in sides.zip(self.cells) {
            let (found, inside) = finder.cell_if_inside(east, north);
            *plain &= plain_north & inside;
            *cell = if *plain { found } else { *cell };
        }
    }
}

/// From here on doubles have no fraction: 2^52.
const FRACTIONLESS: f64 = (1_u64 << 52) as f64;

/// The floor of a number from 0 to 2^51, as `f64::floor`, which is a library call where the processor need not have an instruction for it.
#[inline(always)]
fn floor(number: f64) -> f64 {
    let nearest = (number + FRACTIONLESS) - FRACTIONLESS;
    if nearest > number { nearest - 1.0 } else { nearest }
}

/// The nearest whole micrometre: different ways to the same point differ by less, and must fall into the same cell.
fn to_micrometre(metres: f64) -> f64 {
    let micrometres = metres * 1e6;
    // Within the grid; the same as `round`, which is a library call where the processor need not have an instruction for it.
    let whole = if (1.0..1e15).contains(&micrometres) { (micrometres + 0.5) as i64 as f64 } else { micrometres.round() };
    whole / 1e6
}

/// Whether the fitted projection cannot tell which side of a cell edge the coordinate is on.
fn near_edge(metres: f64, size: GridSize) -> bool {
    let (side, tolerance) = (f64::from(size.metres()), FittedProjection::tolerance_m());
    let sides = metres / side;
    let whole = if (0.0..1e15).contains(&sides) { sides as i64 as f64 } else { sides.floor() };
    let inside = metres - whole * side;
    inside < tolerance || side - inside < tolerance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_near_on_both_sides() {
        let size = GridSize::new(100).unwrap();
        let near = |metres| near_edge(metres, size);
        assert!(near(4_300_000.0) && near(4_300_000.000_9) && near(4_299_999.999_1));
        assert!(!near(4_300_000.001_1) && !near(4_299_999.998_9) && !near(4_300_050.0));
    }

    #[test]
    fn micrometres_are_rounded_as_by_the_library() {
        for metres in
            [0.0, 1e-7, 4.5e-7, 5e-7, 0.000_001_5, 0.007_812_5, 4_321_000.007_812_5, 9_999_999.999_999_9, -3.000_000_5, 1e12]
        {
            assert_eq!(to_micrometre(metres), (metres * 1e6).round() / 1e6, "{metres}");
        }
        assert!(to_micrometre(f64::NAN).is_nan());
    }

    /// What is counted for many points is what is computed for one.
    #[test]
    fn sides_are_those_of_single_points() {
        let size = GridSize::new(100).unwrap();
        let finder = CellFinder::new(size);
        let noise = |i: u32| f64::from(i.wrapping_mul(2_654_435_761) % 1_000_003) * 1e-7;
        let edges = (0..400_u32).map(|i| f64::from(i % 7) * 1_068_500.0 + noise(i) * f64::from(i % 3) - f64::from(i % 5) * 1e-7);
        let metres: Vec<f64> =
            edges.chain((0..100).map(|i| 2_600_000.0 + noise(i) * 1e6)).chain([f64::NAN, -3.5, 1e10]).collect();
        for simd in Simd::available() {
            let (mut eastings_m, mut northings_m) = (metres.clone(), metres.clone());
            let mut sides = Sides::new(size, FittedProjection::tolerance_m());
            let nowhere = CellId::of_corner(size, 0, 0).unwrap();
            let mut cells = vec![nowhere; metres.len()];
            sides.find(simd, [&mut eastings_m, &mut northings_m], &mut cells);
            let mut plain = 0;
            for (at, &metres) in metres.iter().enumerate() {
                let rounded = to_micrometre(metres);
                if !sides.are_plain(at) {
                    let odd = !(1e-6..7_479_900.0).contains(&metres);
                    assert!(odd || near_edge(rounded, size), "{metres}");
                    assert_eq!(cells[at], nowhere);
                    continue;
                }
                plain += 1;
                assert!(eastings_m[at] == rounded && northings_m[at] == rounded && !near_edge(rounded, size), "{metres}");
                assert_eq!(Some(cells[at]), finder.cell(rounded, rounded), "{metres}");
            }
            assert!(plain > 150);
        }
    }

    #[test]
    fn where_nothing_is_projected_edges_belong_to_the_cells_north_and_east() {
        let size = GridSize::new(100).unwrap();
        let metres: Vec<f64> = (0..500).map(|i| f64::from(i) * 14_900.0 + f64::from(i % 3) * 1e-6).collect();
        for simd in Simd::available() {
            let (mut eastings_m, mut northings_m) = (metres.clone(), metres.clone());
            let mut sides = Sides::new(size, 0.0);
            let mut cells = vec![CellId::of_corner(size, 0, 0).unwrap(); metres.len()];
            sides.find(simd, [&mut eastings_m, &mut northings_m], &mut cells);
            for (at, &metres) in metres.iter().enumerate().filter(|(at, _)| sides.are_plain(*at)) {
                assert_eq!(Some(cells[at]), CellId::of_point(size, metres, metres));
            }
        }
    }

    #[test]
    fn noise_below_a_micrometre_is_gone() {
        assert_eq!(to_micrometre(4_299_999.999_999_9), 4_300_000.0);
        assert_eq!(to_micrometre(4_299_999.999), 4_299_999.999);
    }
}
