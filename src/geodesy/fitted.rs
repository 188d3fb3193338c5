//! The fast form of a projection: polynomials on a fixed lattice of squares of the source coordinates.
//!
//! The lattice is fixed, so a point's result depends on the point alone: not on the data around it, its order or the number of
//! threads. A square is fitted when the first point in it comes, verified on a grid with its edges, quartered where the fit is not
//! good enough, and computed point by point where even small squares are not (domain borders, the antimeridian).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::geodesy::block::{Block, Form, Polynomial, Snap, Square};
use crate::geodesy::projection::Projection;
use crate::geodesy::squares::{CHUNK, Squares};
use crate::simd::Simd;

/// Longest side of a square, metres (or the source's unit): with degree five the fit stays within micrometres over it.
const LONGEST_SIDE: f64 = 262_144.0;
/// Longest side of a square in degrees.
const LONGEST_SIDE_DEG: f64 = 2.0;
/// Level of the smallest squares: 1/32 of the longest side.
const SMALLEST_LEVEL: u8 = 5;

/// A projection for many points. Shared between threads; each square is fitted once.
pub struct FittedProjection {
    projection: Projection,
    longest: f64,
    snap: Snap,
    blocks: RwLock<FxHashMap<Square, Arc<Block>>>,
    error_bits: AtomicU64,
}

impl FittedProjection {
    /// Wraps the exact projection. Fits nothing yet.
    pub fn new(projection: Projection) -> Self {
        let longest = if projection.from().is_geographic() { LONGEST_SIDE_DEG } else { LONGEST_SIDE };
        let snap = if projection.to().is_geographic() { Snap::degrees() } else { Snap::metres() };
        Self { projection, longest, snap, blocks: RwLock::default(), error_bits: AtomicU64::new(0) }
    }

    /// Projects all points in place; both become NaN where a point has no image. A point's result is the same bits in any
    /// slice. Between systems that are the same, coordinates pass unchanged.
    ///
    /// Costs about 6 ns a point of one square with AVX-512, 16 without wide vectors, and twice as much for shuffled points of many squares; a square's first
    /// point about 0.2 ms more.
    ///
    /// # Panics
    ///
    /// If the slices differ in length.
    pub fn project(&self, xs: &mut [f64], ys: &mut [f64]) {
        self.project_with(Simd::used(), xs, ys);
    }

    /// The same with vector instructions of this level: the same bits with each.
    ///
    /// # Panics
    ///
    /// If the slices differ in length.
    pub fn project_with(&self, simd: Simd, xs: &mut [f64], ys: &mut [f64]) {
        assert_eq!(xs.len(), ys.len(), "as many x as y");
        if self.projection.is_identity() {
            for (x, y) in xs.iter_mut().zip(ys) {
                if !(x.is_finite() && y.is_finite()) {
                    (*x, *y) = (f64::NAN, f64::NAN);
                }
            }
            return;
        }
        let mut pass = Pass::new(self, simd);
        for (xs, ys) in xs.chunks_mut(CHUNK).zip(ys.chunks_mut(CHUNK)) {
            pass.project(xs, ys);
        }
    }

    /// The largest deviation from the exact transformation found so far when squares were verified, metres (for targets in degrees:
    /// with the length of a degree at the equator). Grows while new squares are met: take it for reports, and
    /// [`Self::tolerance_m`] to decide whether a point is too close to an edge.
    pub fn error_m(&self) -> f64 {
        f64::from_bits(self.error_bits.load(Ordering::Relaxed))
    }

    /// The exact image, rounded by the same rule (to 2^-20 m) as [`Self::project`].
    pub fn exact(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let (x, y) = self.projection.exact(x, y)?;
        if self.projection.is_identity() {
            return Some((x, y));
        }
        Some((self.snap.snap(x), self.snap.snap(y)))
    }

    /// What [`Self::project`] promises: one millimetre, in metres.
    pub fn tolerance_m() -> f64 {
        0.001
    }

    fn block(&self, square: Square) -> Arc<Block> {
        let known = self.blocks.read().unwrap_or_else(PoisonError::into_inner).get(&square).map(Arc::clone);
        known.unwrap_or_else(|| {
            // Two threads may fit the same square: both get the same numbers, and the first to arrive keeps its own.
            let block = Arc::new(Block::new(&self.projection, square, self.longest, SMALLEST_LEVEL));
            if let Form::Fitted(polynomial) = &block.form {
                // Bits of positive doubles order as the doubles do.
                self.error_bits.fetch_max(polynomial.error_m.to_bits(), Ordering::Relaxed);
            }
            let mut blocks = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(blocks.entry(square).or_insert(block))
        })
    }
}

/// No point, as an end of a list.
const NONE: u16 = u16::MAX;

/// One call: the squares it has met, and room to gather the points of one square.
struct Pass<'a> {
    fitted: &'a FittedProjection,
    simd: Simd,
    squares: FxHashMap<Square, Option<u32>>,
    leaves: Vec<Arc<Block>>,
    heads: Vec<u16>,
    /// The last leaf of level 0 met in each place of an eight by eight pattern: shuffled data of one country finds its squares here.
    near: [(i64, i64, usize); 64],
    by_square: Box<Squares>,
}

impl<'a> Pass<'a> {
    fn new(fitted: &'a FittedProjection, simd: Simd) -> Self {
        Self {
            fitted,
            simd,
            squares: FxHashMap::default(),
            leaves: Vec::new(),
            heads: Vec::new(),
            near: [(i64::MAX, 0, 0); 64],
            by_square: Box::new(Squares::new()),
        }
    }

    fn project(&mut self, xs: &mut [f64], ys: &mut [f64]) {
        if self.project_fitted(xs, ys).is_none() {
            self.project_scattered(xs, ys);
        }
    }

    /// Projects a chunk whose squares of level 0 are all fitted and not too far apart: nearly every chunk is one.
    fn project_fitted(&mut self, xs: &mut [f64], ys: &mut [f64]) -> Option<()> {
        let extent = self.by_square.find(self.simd, [xs, ys], 1.0 / self.fitted.longest)?;
        // Data is often sorted or small: a chunk that lies in one square needs no gathering.
        if let Some(square) = extent.only() {
            let simd = self.simd;
            self.fitted_leaf(square)?.project(simd, xs, ys);
            return Some(());
        }
        for (_, square) in extent.squares() {
            self.fitted_leaf(square)?;
        }
        self.by_square.sort([xs, ys]);
        for (place, square) in extent.squares() {
            let Self { by_square, near, leaves, .. } = self;
            let (_, _, leaf) = near[near_place(square)];
            let Form::Fitted(polynomial) = &leaves[leaf].form else { unreachable!("looked at above") };
            let [xs, ys] = by_square.of(place);
            polynomial.project(self.simd, xs, ys);
        }
        self.by_square.put_back([xs, ys]);
        Some(())
    }

    /// The polynomial of a square of level 0, if it is fitted as a whole. Afterwards the square is in its place of `near`.
    fn fitted_leaf(&mut self, (column, row): (i64, i64)) -> Option<&Polynomial> {
        let place = near_place((column, row));
        let (known_column, known_row, leaf) = self.near[place];
        let leaf = if (known_column, known_row) == (column, row) {
            leaf
        } else {
            let square = Square { level: 0, column, row };
            let leaf = match self.squares.get(&square) {
                Some(&leaf) => leaf,
                None => self.meet(square),
            };
            let leaf = leaf? as usize;
            self.near[place] = (column, row, leaf);
            leaf
        };
        match &self.leaves[leaf].form {
            Form::Fitted(polynomial) => Some(polynomial),
            Form::Quartered | Form::Exact => None,
        }
    }

    /// Lists the points of each square, then projects square by square.
    fn project_scattered(&mut self, xs: &mut [f64], ys: &mut [f64]) {
        let mut next = [NONE; CHUNK];
        let mut touched: Vec<usize> = Vec::new();
        for (point, (x, y)) in xs.iter_mut().zip(ys.iter_mut()).enumerate() {
            let Some(leaf) = self.leaf_of_square(*x, *y) else {
                (*x, *y) = (f64::NAN, f64::NAN);
                continue;
            };
            if self.heads[leaf] == NONE {
                touched.push(leaf);
            }
            next[point] = std::mem::replace(&mut self.heads[leaf], point as u16);
        }
        let (mut gathered_x, mut gathered_y) = ([0.0; CHUNK], [0.0; CHUNK]);
        for leaf in touched {
            let head = std::mem::replace(&mut self.heads[leaf], NONE);
            let points = || std::iter::successors(Some(head), |&p| Some(next[usize::from(p)]).filter(|&p| p != NONE));
            let Form::Fitted(polynomial) = &self.leaves[leaf].form else {
                for point in points().map(usize::from) {
                    (xs[point], ys[point]) = self.fitted.exact(xs[point], ys[point]).unwrap_or((f64::NAN, f64::NAN));
                }
                continue;
            };
            let mut count = 0;
            for point in points().map(usize::from) {
                (gathered_x[count], gathered_y[count]) = (xs[point], ys[point]);
                count += 1;
            }
            polynomial.project(self.simd, &mut gathered_x[..count], &mut gathered_y[..count]);
            for (at, point) in points().map(usize::from).enumerate() {
                (xs[point], ys[point]) = (gathered_x[at], gathered_y[at]);
            }
        }
    }

    /// The place in `leaves` of the square that computes the point; `None` for points that are nowhere.
    #[inline(always)]
    fn leaf_of_square(&mut self, x: f64, y: f64) -> Option<usize> {
        let longest = self.fitted.longest;
        // The side is a power of two, so multiplying by its inverse is exact.
        let per_side = 1.0 / longest;
        let (column, row) = (index(x * per_side)?, index(y * per_side)?);
        let place = near_place((column, row));
        let (known_column, known_row, leaf) = self.near[place];
        if (known_column == column) & (known_row == row) {
            return Some(leaf);
        }
        let mut square = Square { level: 0, column, row };
        loop {
            let leaf = match self.squares.get(&square) {
                Some(&leaf) => leaf,
                None => self.meet(square),
            };
            match leaf {
                Some(leaf) => {
                    if square.level == 0 {
                        self.near[place] = (column, row, leaf as usize);
                    }
                    return Some(leaf as usize);
                }
                None => square = square.quarter(longest, x, y),
            }
        }
    }

    #[cold]
    fn meet(&mut self, square: Square) -> Option<u32> {
        let block = self.fitted.block(square);
        let leaf = if matches!(block.form, Form::Quartered) {
            None
        } else {
            self.leaves.push(block);
            self.heads.push(NONE);
            Some((self.leaves.len() - 1) as u32)
        };
        self.squares.insert(square, leaf);
        leaf
    }
}

/// Where a square of level 0 is remembered.
#[inline(always)]
fn near_place((column, row): (i64, i64)) -> usize {
    ((row & 7) << 3 | (column & 7)) as usize
}

/// The floor as an index; `None` where there is nothing on Earth (and for NaN).
#[inline(always)]
fn index(quotient: f64) -> Option<i64> {
    if quotient.abs() < 1e6 {
        let towards_zero = quotient as i64;
        Some(if (towards_zero as f64) > quotient { towards_zero - 1 } else { towards_zero })
    } else {
        None
    }
}
