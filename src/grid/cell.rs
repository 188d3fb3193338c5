//! One grid square: its packed id, code, parent, children and corners.

use std::fmt;
use std::str::FromStr;

use crate::error::{Failure, Kind, Language};
use crate::grid::GridSize;
use crate::say;

// A packed id, below 2^53 so that JavaScript holds it exactly:
//
//   52        43 42     40 39                20 19                 0
//  +------------+---------+--------------------+--------------------+
//  | mantissa   | exponent|  northing / size   |  easting / size    |
//  +------------+---------+--------------------+--------------------+
//
// size = mantissa · 10^exponent metres, mantissa < 1000 and not divisible by 10.
// Indices are counted from 3 000 km south and west of the system's origin, so that they are never negative: data outside Europe (the
// Americas' east) has negative eastings.
const INDEX_BITS: u32 = 20;
const EXPONENT_BITS: u32 = 3;
const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;
const MIN_M: f64 = -3_000_000.0;
const MAX_M: f64 = 7_480_000.0;

/// By the exponent of a packed id.
const POWERS_OF_TEN: [u32; 8] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000];
/// `CRS3035RES100000mN-3000000E-3000000`
const LONGEST_CODE: usize = 35;

/// Cells of this side between the first index and the system's origin.
fn cells_before_origin(side_m: u32) -> i64 {
    i64::from(3_000_000_u32.div_ceil(side_m))
}

/// A grid square of EPSG:3035. Owns its south and west edge. Within one size it orders south to north, then west to east.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId(u64);

impl CellId {
    /// The lowest bits of a packed id, which say where the cell lies; those above say its size.
    pub const PLACE_BITS: u32 = 2 * INDEX_BITS;

    /// The cell of `size` that holds the point, or `None` outside −3 000 … 7 480 km in either direction or for a value that is not finite.
    /// For many points take [`CellFinder`].
    pub fn of_point(size: GridSize, easting_m: f64, northing_m: f64) -> Option<Self> {
        CellFinder::new(size).cell(easting_m, northing_m)
    }

    /// The cell of `size` whose south-west corner is given in whole metres; `None` if that is no corner of this grid.
    pub fn of_corner(size: GridSize, easting_m: i32, northing_m: i32) -> Option<Self> {
        let side = size.metres() as i32;
        let inside = |metres: i32| metres % side == 0 && (MIN_M..MAX_M).contains(&f64::from(metres));
        let index = |metres: i32| i64::from(metres / side);
        (inside(easting_m) && inside(northing_m)).then(|| Self::pack(size, index(northing_m), index(easting_m)))
    }

    /// From indices counted from the system's origin.
    fn pack(size: GridSize, north: i64, east: i64) -> Self {
        let first = cells_before_origin(size.metres());
        Self(head(size) | place(north + first, east + first))
    }

    /// Northing and easting indices, counted from the system's origin.
    fn indices(self) -> (i64, i64) {
        let first = cells_before_origin(self.size().metres());
        (((self.0 >> INDEX_BITS) & INDEX_MASK) as i64 - first, (self.0 & INDEX_MASK) as i64 - first)
    }

    /// The packed id: the feature id in every format, below 2^53, the same in every run.
    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// Takes a packed id apart again; `None` if it is none.
    pub fn from_u64(id: u64) -> Option<Self> {
        let head = id >> Self::PLACE_BITS;
        let (mantissa, exponent) = (head >> EXPONENT_BITS, (head & 7) as u32);
        let size = GridSize::new(u32::try_from(mantissa).ok()?.checked_mul(10_u32.checked_pow(exponent)?)?).ok()?;
        let (north, east) = Self(id).indices();
        let cell = Self::pack(size, north, east);
        let inside = |index: i64| (MIN_M..MAX_M).contains(&(index as f64 * f64::from(size.metres())));
        (cell.0 == id && inside(north) && inside(east)).then_some(cell)
    }

    /// The side.
    pub fn size(self) -> GridSize {
        let head = self.0 >> Self::PLACE_BITS;
        GridSize::of_packed((head >> EXPONENT_BITS) as u32 * POWERS_OF_TEN[(head & 7) as usize])
    }

    /// Easting of the south-west corner, metres.
    pub fn easting_m(self) -> i32 {
        self.corner_m().0
    }

    /// Northing of the south-west corner, metres.
    pub fn northing_m(self) -> i32 {
        self.corner_m().1
    }

    /// The south-west corner in metres: easting, northing.
    fn corner_m(self) -> (i32, i32) {
        let ((north, east), side_m) = (self.indices(), self.size().metres() as i32);
        (east as i32 * side_m, north as i32 * side_m)
    }

    /// The cell of a coarser (or the same) size that holds this one. `coarse` must be a multiple of this size.
    pub fn parent(self, coarse: GridSize) -> Self {
        debug_assert_eq!(coarse.metres() % self.size().metres(), 0);
        let ratio = i64::from(coarse.metres() / self.size().metres());
        let (north, east) = self.indices();
        Self::pack(coarse, north.div_euclid(ratio), east.div_euclid(ratio))
    }

    /// The cell of this size that holds this one; itself, where it is as large or larger. Among the cells of an adaptive grid, those that a
    /// level of this size shows.
    pub fn at_least(self, size: GridSize) -> Self {
        if self.size() >= size { self } else { self.parent(size) }
    }

    /// The cells of a finer (or the same) size inside this one, south to north, then west to east. `fine` must divide this size.
    pub fn children(self, fine: GridSize) -> impl Iterator<Item = Self> {
        let ratio = i64::from(self.size().metres() / fine.metres());
        let (north, east) = self.indices();
        let (head, first) = (head(fine), cells_before_origin(fine.metres()));
        let (south, west) = (north * ratio + first, east * ratio + first);
        (0..ratio * ratio).map(move |i| Self(head | place(south + i / ratio, west + i % ratio)))
    }

    /// The corners in metres (easting, northing), counter-clockwise from the south-west: SW, SE, NE, NW.
    pub fn corners_m(self) -> [(i32, i32); 4] {
        let ((e, n), s) = (self.corner_m(), self.size().metres() as i32);
        [(e, n), (e + s, n), (e + s, n + s), (e, n + s)]
    }

    /// The code of Regulation (EU) 2018/1799, art. 3: `CRS3035RES100mN2690300E4341100`.
    pub fn code(self) -> String {
        let mut code = String::with_capacity(LONGEST_CODE);
        self.spell(|part| code.push_str(part));
        code
    }

    /// Appends the code. A fifth of the time of [`CellId::code`], which needs a text of its own.
    pub fn write_code(self, out: &mut Vec<u8>) {
        self.spell(|part| out.extend_from_slice(part.as_bytes()));
    }

    fn spell(self, mut push: impl FnMut(&str)) {
        let (easting_m, northing_m) = self.corner_m();
        let mut digits = itoa::Buffer::new();
        push("CRS3035RES");
        push(digits.format(self.size().metres()));
        push("mN");
        push(digits.format(northing_m));
        push("E");
        push(digits.format(easting_m));
    }
}

/// Finds the cells of one size: what does not depend on the point is computed once.
#[derive(Clone, Copy, Debug)]
pub struct CellFinder {
    head: u64,
    side_m: f64,
    first: i64,
}

impl CellFinder {
    /// For cells of `size`.
    pub fn new(size: GridSize) -> Self {
        Self { head: head(size), side_m: f64::from(size.metres()), first: cells_before_origin(size.metres()) }
    }

    /// The cell that holds the point, as [`CellId::of_point`]. About 3 ns.
    #[inline]
    pub fn cell(&self, easting_m: f64, northing_m: f64) -> Option<CellId> {
        let inside = |metres: f64| (MIN_M..MAX_M).contains(&metres);
        // The floor; the same as `f64::floor`, which is a library call where the processor need not have an instruction for it.
        let index = |metres: f64| {
            let sides = metres / self.side_m;
            let towards_zero = sides as i64;
            towards_zero - i64::from(towards_zero as f64 > sides) + self.first
        };
        (inside(easting_m) && inside(northing_m)).then(|| CellId(self.head | place(index(northing_m), index(easting_m))))
    }
}

impl CellFinder {
    /// The cell that begins so many sides east and north of the system's origin, and whether it lies in the grid as a whole: where not, the cell means
    /// nothing. Without branches, for many points at once.
    #[inline(always)]
    pub(crate) fn cell_if_inside(&self, east: u32, north: u32) -> (CellId, bool) {
        let inside = (f64::from(east.max(north)) + 1.0) * self.side_m <= MAX_M;
        let (north, east) = (u64::from(north).wrapping_add(self.first as u64), u64::from(east).wrapping_add(self.first as u64));
        (CellId(self.head | north << INDEX_BITS | east), inside)
    }
}

/// The bits of a packed id that say the size.
fn head(size: GridSize) -> u64 {
    let (mut mantissa, mut exponent) = (u64::from(size.metres()), 0_u64);
    while mantissa.is_multiple_of(10) {
        mantissa /= 10;
        exponent += 1;
    }
    ((mantissa << EXPONENT_BITS) | exponent) << CellId::PLACE_BITS
}

/// The bits of a packed id that say the place, from indices that are not negative.
#[inline]
fn place(north: i64, east: i64) -> u64 {
    ((north as u64) << INDEX_BITS) | east as u64
}

impl fmt::Debug for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code())
    }
}

impl FromStr for CellId {
    type Err = CodeError;

    /// Reads `CRS3035RES100mN2690300E4341100`, the same with the reporting prefix `DE_`, and the short form of older German grids,
    /// `100mN26903E43411` and `1kmN2690E4341`, whose numbers are counted in cells' metres divided by the size's power of ten
    /// (METHODS C).
    fn from_str(code: &str) -> Result<Self, CodeError> {
        let text = code.trim();
        let text = match text.split_once('_') {
            Some((country, rest)) if country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase()) => rest,
            _ => text,
        };
        let (long, text) = match text.strip_prefix("CRS3035RES") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (size, rest) = text.split_once('N').ok_or(CodeError::Form)?;
        let (north, east) = rest.split_once('E').ok_or(CodeError::Form)?;
        let size_m = match size.strip_suffix("km") {
            Some(km) => number(km)?.checked_mul(1000).ok_or(CodeError::Form)?,
            None => number(size.strip_suffix('m').ok_or(CodeError::Form)?)?,
        };
        let size = GridSize::new(size_m).map_err(|_| CodeError::Size)?;
        let unit = if long { 1 } else { 10_u32.pow(size_m.trailing_tens()) };
        let metres = |text: &str| {
            let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
            let metres = number(digits)?.checked_mul(unit).and_then(|metres| i32::try_from(metres).ok());
            metres.map(|metres| sign * metres).ok_or(CodeError::Corner)
        };
        Self::of_corner(size, metres(east)?, metres(north)?).ok_or(CodeError::Corner)
    }
}

fn number(digits: &str) -> Result<u32, CodeError> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CodeError::Form);
    }
    digits.parse().map_err(|_| CodeError::Form)
}

trait TrailingTens {
    fn trailing_tens(self) -> u32;
}

impl TrailingTens for u32 {
    /// How often ten divides the number: the short form drops that many digits of a corner (100 m: two, 250 m: one, 1 km: three).
    fn trailing_tens(mut self) -> u32 {
        let mut tens = 0;
        while self >= 10 && self.is_multiple_of(10) {
            self /= 10;
            tens += 1;
        }
        tens
    }
}

/// Why a text is no cell code. Never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// Not of the form size, `N`, number, `E`, number.
    Form,
    /// The size is not possible.
    Size,
    /// The corner is no corner of the grid of that size.
    Corner,
}

impl Failure for CodeError {
    fn kind(&self) -> Kind {
        Kind::Check
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::Form => say!(
                language,
                "no cell code: expected a form like CRS3035RES100mN2690300E4341100 or 100mN26903E43411",
                "kein Zellcode: erwartet wird eine Form wie CRS3035RES100mN2690300E4341100 oder 100mN26903E43411"
            ),
            Self::Size => say!(language, "the cell code names an impossible size", "der Zellcode nennt eine unmögliche Größe"),
            Self::Corner => say!(
                language,
                "the cell code's corner is not on the grid of its size",
                "die Ecke des Zellcodes liegt nicht auf dem Gitter seiner Größe"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(m: u32) -> GridSize {
        GridSize::new(m).unwrap()
    }

    #[test]
    fn code_names_northing_first() {
        let cell = CellId::of_point(size(100), 4_341_133.0, 2_690_377.0).unwrap();
        assert_eq!(cell.code(), "CRS3035RES100mN2690300E4341100");
        assert_eq!(cell.code().parse(), Ok(cell));
    }

    #[test]
    fn short_and_prefixed_codes_are_read() {
        let cell = CellId::of_point(size(100), 4_341_133.0, 2_690_377.0).unwrap();
        assert_eq!("100mN26903E43411".parse(), Ok(cell));
        assert_eq!("DE_CRS3035RES100mN2690300E4341100".parse(), Ok(cell));
        assert_eq!("1kmN2690E4341".parse(), Ok(cell.parent(size(1000))));
        assert_eq!("250mN268975E434100".parse(), Ok(CellId::of_corner(size(250), 4_341_000, 2_689_750).unwrap()));
    }

    #[test]
    fn wrong_codes_are_refused() {
        assert_eq!("100mE26903N43411".parse::<CellId>(), Err(CodeError::Form));
        assert_eq!("CRS3035RES100mN2690350E4341100".parse::<CellId>(), Err(CodeError::Corner));
        assert_eq!("".parse::<CellId>(), Err(CodeError::Form));
    }

    #[test]
    fn south_and_west_edges_belong_to_the_cell() {
        let cell = |e, n| CellId::of_point(size(100), e, n).unwrap().code();
        assert_eq!(cell(4_300_000.0, 3_400_000.0), "CRS3035RES100mN3400000E4300000");
        assert_eq!(cell(4_299_999.999, 3_400_000.0), "CRS3035RES100mN3400000E4299900");
    }

    #[test]
    fn packed_ids_come_back_and_stay_below_two_to_the_53() {
        for m in [10, 100, 125, 250, 500, 1000, 5000, 10_000, 99_900, 100_000] {
            let cell = CellId::of_point(size(m), 7_345_678.0, 5_432_109.0).unwrap();
            assert!(cell.as_u64() < 1 << 53);
            assert_eq!(CellId::from_u64(cell.as_u64()), Some(cell));
            assert_eq!(cell.size().metres(), m);
        }
        assert_eq!(CellId::from_u64(0), None);
    }

    #[test]
    fn children_cover_the_parent() {
        let parent = CellId::of_point(size(1000), 4_341_133.0, 2_690_377.0).unwrap();
        let children: Vec<_> = parent.children(size(250)).collect();
        assert_eq!(children.len(), 16);
        assert!(children.iter().all(|c| c.parent(size(1000)) == parent));
        assert!(children.windows(2).all(|w| w[0] < w[1]));
    }

    #[test]
    fn nothing_outside_the_grid() {
        assert_eq!(CellId::of_point(size(100), -3_000_000.001, 5.0), None);
        assert_eq!(CellId::of_point(size(100), f64::NAN, 5.0), None);
        assert_eq!(CellId::of_point(size(100), 7_480_000.0, 5.0), None);
    }

    #[test]
    fn cells_west_of_the_origin_are_counted_by_floor_too() {
        let cell = CellId::of_point(size(100), -2_033_336.9, 5_728_460.2).unwrap();
        assert_eq!(cell.code(), "CRS3035RES100mN5728400E-2033400");
        assert_eq!(cell.code().parse(), Ok(cell));
        assert_eq!(CellId::from_u64(cell.as_u64()), Some(cell));
        assert_eq!(cell.parent(size(1000)).code(), "CRS3035RES1000mN5728000E-2034000");
        assert!(cell.parent(size(1000)).children(size(100)).any(|child| child == cell));
        assert!(cell < CellId::of_point(size(100), 0.0, 5_728_460.2).unwrap());
    }
}
