//! Which area holds a point: exact, in about the time of one look into memory.
//!
//! A frame of squares (the finest cells, or larger ones for large countries) lies over the system. A square that no border touches
//! belongs to one area, or to none, and that is resolved once, for all points in it. A square with borders keeps, for each area near,
//! whether its south-east corner is inside and which edges touch it. A point is then joined to that corner, first eastwards, then
//! southwards; each edge crossed on the way changes inside to outside. So a look-up costs the edges of one square, not of an outline.
//!
//! To whoever changes this next: a point on a border is decided as if everything were shifted by (δ, ε), 0 < ε ≪ δ ≪ 1. That is the only
//! rule: every comparison below follows from it, and that is why they fit together at corners, on horizontal edges and on the sides of
//! squares. It gives a point on a shared border to exactly one of its areas, like cells, which own their south and west edge. The
//! orientation test is exact (Shewchuk's adaptive predicate in `geo`), so rounding never decides.

use geo::algorithm::kernels::{Kernel, RobustKernel};
use geo::{BoundingRect, Coord, Orientation, Polygon};
use rayon::prelude::*;

use super::AreaSystem;
use crate::grid::{CellId, GridSize};

/// Squares in a frame: 16 MB at four bytes each. Germany gets squares of 400 m.
const MOST_SQUARES: u64 = 1 << 22;
/// Wanted side of a square, metres: finer costs memory, coarser costs edges for each look-up.
const WANTED_SIDE_M: std::ops::RangeInclusive<u32> = 50..=200;

const NOTHING: u32 = u32::MAX;
const BORDER: u32 = 1 << 31;

/// Where a point lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Position in [`AreaSystem::areas`]; `None` outside all of them.
    pub area: Option<u32>,
    /// Several areas hold the point; `area` is the first of them by key.
    pub overlapping: bool,
}

/// Finds the area of a point. Built once for a run (seconds for all municipalities of Germany); shared by all threads.
#[derive(Debug)]
pub struct AreaIndex {
    frame: Frame,
    /// Cells never lie across the sides of squares: the cell alone tells the square.
    holds_cells: bool,
    /// For each square `NOTHING`, the only area that covers it, or `BORDER` with a position in `borders`.
    squares: Vec<u32>,
    /// Where the candidates of each square with a border begin; one more at the end.
    borders: Vec<u32>,
    candidates: Vec<Candidate>,
    /// Edges that touch a square, for each candidate; edge `i` goes from corner `i` to `i + 1`.
    touching: Vec<u32>,
    corners: Vec<Coord<f64>>,
}

/// One part of an area in one square.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    square: u32,
    area: u32,
    /// Range in `touching`.
    first: u32,
    last: u32,
    /// The south-east corner of the square is inside the part.
    corner_inside: bool,
}

impl AreaIndex {
    /// Lays the frame over the system. `finest` is the size of the cells that points are looked up with.
    pub fn new(system: &AreaSystem, finest: GridSize) -> Self {
        let frame = Frame::over(system, finest);
        let mut corners = Vec::new();
        let mut parts = Vec::new();
        for (area, outline) in (0_u32..).zip(system.areas.iter().map(|a| &a.outline_3035_m)) {
            parts.extend(outline.iter().map(|polygon| Part::new(area, polygon, &mut corners)));
        }
        let traced: Vec<Traced> = parts.par_iter().map(|part| frame.trace(part, &corners)).collect();
        let holds_cells = frame.side.is_multiple_of(finest.metres());
        let mut index = Self {
            squares: vec![NOTHING; frame.count()],
            frame,
            holds_cells,
            borders: vec![],
            candidates: vec![],
            touching: vec![],
            corners,
        };
        for square in traced.iter().flat_map(|t| t.touches.iter().map(|touch| touch.square)) {
            index.squares[square as usize] = BORDER;
        }
        for (part, traced) in parts.iter().zip(&traced) {
            index.enter(part.area, traced);
        }
        index.link();
        index
    }

    /// Enters one part: squares inside without edges, then squares with edges.
    fn enter(&mut self, area: u32, traced: &Traced) {
        let mut groups = traced.touches.chunk_by(|a, b| a.square == b.square).peekable();
        let touched = |index: &mut Self, group: &[Touch], corner_inside| {
            let first = index.touching.len() as u32;
            index.touching.extend(group.iter().map(|touch| touch.edge));
            let last = index.touching.len() as u32;
            index.candidates.push(Candidate { square: group[0].square, area, first, last, corner_inside });
        };
        for square in traced.inside.iter().flat_map(|run| run.clone()) {
            while let Some(group) = groups.next_if(|group| group[0].square < square) {
                touched(self, group, false);
            }
            match groups.next_if(|group| group[0].square == square) {
                Some(group) => touched(self, group, true),
                None => self.cover(square, area),
            }
        }
        for group in groups {
            touched(self, group, false);
        }
    }

    fn cover(&mut self, square: u32, area: u32) {
        let covering = |area| Candidate { square, area, first: 0, last: 0, corner_inside: true };
        match self.squares[square as usize] {
            NOTHING => self.squares[square as usize] = area,
            BORDER => self.candidates.push(covering(area)),
            other if other == area => {}
            other => {
                self.squares[square as usize] = BORDER;
                self.candidates.extend([covering(other), covering(area)]);
            }
        }
    }

    /// Sorts candidates by square, then by area, and tells each square with a border where its candidates begin.
    fn link(&mut self) {
        // The edges' position makes the order complete; it is that of the parts.
        self.candidates.par_sort_unstable_by_key(|c| (c.square, c.area, c.first, c.last));
        for (at, candidate) in self.candidates.iter().enumerate() {
            if at == 0 || self.candidates[at - 1].square != candidate.square {
                self.squares[candidate.square as usize] = BORDER | self.borders.len() as u32;
                self.borders.push(at as u32);
            }
        }
        self.borders.push(self.candidates.len() as u32);
    }

    /// The area of a point in EPSG:3035 that lies in `cell`, a cell of the finest size.
    pub fn locate(&self, cell: CellId, easting_m: f64, northing_m: f64) -> Found {
        // A point within a projection's error of its cell's edge stays with its cell.
        let within = if self.holds_cells {
            self.frame.square_of(f64::from(cell.easting_m()), f64::from(cell.northing_m()))
        } else {
            self.frame.square_of(easting_m, northing_m)
        };
        let Some((column, row)) = within else { return Found { area: None, overlapping: false } };
        match self.squares[(row * self.frame.columns + column) as usize] {
            NOTHING => Found { area: None, overlapping: false },
            border if border & BORDER != 0 => {
                let way = Way::new(&self.frame, (column, row), Coord { x: easting_m, y: northing_m });
                self.decide((border & !BORDER) as usize, &way)
            }
            area => Found { area: Some(area), overlapping: false },
        }
    }

    /// For records known by cell only: the area that holds the whole cell, else the area of the cell's centre.
    pub fn locate_cell(&self, cell: CellId) -> Found {
        let half = f64::from(cell.size().metres()) / 2.0;
        self.locate(cell, f64::from(cell.easting_m()) + half, f64::from(cell.northing_m()) + half)
    }

    /// Stretches of borders inside a cell of the finest size, cut at its sides; none where it lies in one area, or in none, as a whole.
    pub fn borders_in(&self, cell: CellId) -> Vec<[Coord<f64>; 2]> {
        let [(west, south), _, (east, north), _] = cell.corners_m().map(|(e, n)| (f64::from(e), f64::from(n)));
        let columns = self.frame.span(west, east - 1e-6, self.frame.west, self.frame.columns);
        let rows = self.frame.span(south, north - 1e-6, self.frame.south, self.frame.rows);
        let mut edges: Vec<u32> = Vec::new();
        for square in rows.flat_map(|row| columns.clone().map(move |column| row * self.frame.columns + column)) {
            let state = self.squares[square as usize];
            if state != NOTHING && state & BORDER != 0 {
                let border = (state & !BORDER) as usize;
                let candidates = &self.candidates[self.borders[border] as usize..self.borders[border + 1] as usize];
                edges.extend(candidates.iter().flat_map(|c| &self.touching[c.first as usize..c.last as usize]));
            }
        }
        edges.sort_unstable();
        edges.dedup();
        let stretch = |edge: u32| {
            let (a, b) = (self.corners[edge as usize], self.corners[edge as usize + 1]);
            within(a, b, ([west, south], [east, north]))
        };
        edges.into_iter().filter_map(stretch).collect()
    }

    fn decide(&self, border: usize, way: &Way) -> Found {
        let mut found = Found { area: None, overlapping: false };
        for candidate in &self.candidates[self.borders[border] as usize..self.borders[border + 1] as usize] {
            if found.area == Some(candidate.area) {
                continue;
            }
            let mut inside = candidate.corner_inside;
            for &edge in &self.touching[candidate.first as usize..candidate.last as usize] {
                inside ^= way.crosses(self.corners[edge as usize], self.corners[edge as usize + 1]);
            }
            if inside && found.area.is_some() {
                return Found { overlapping: true, ..found };
            } else if inside {
                found.area = Some(candidate.area);
            }
        }
        found
    }
}

/// The stretch of a segment inside a rectangle (Liang and Barsky 1984); `None` where it runs outside or along a side.
fn within(a: Coord<f64>, b: Coord<f64>, (low, high): ([f64; 2], [f64; 2])) -> Option<[Coord<f64>; 2]> {
    let (mut from, mut to) = (0.0_f64, 1.0_f64);
    let along = [(a.x, b.x - a.x, low[0], high[0]), (a.y, b.y - a.y, low[1], high[1])];
    for (start, change, low, high) in along {
        if change == 0.0 {
            if start <= low || start >= high {
                return None;
            }
            continue;
        }
        let (enters, leaves) = ((low - start) / change, (high - start) / change);
        from = from.max(enters.min(leaves));
        to = to.min(enters.max(leaves));
    }
    let at = |t: f64| Coord { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) };
    (from < to).then(|| [at(from), at(to)])
}

/// The way from a point east to the side of its square, then south to the corner.
struct Way {
    point: Coord<f64>,
    turn: Coord<f64>,
    corner: Coord<f64>,
}

impl Way {
    fn new(frame: &Frame, (column, row): (u32, u32), point: Coord<f64>) -> Self {
        let (west, south, east, north) = (frame.x(column), frame.y(row), frame.x(column + 1), frame.y(row + 1));
        let point = Coord { x: point.x.clamp(west, east), y: point.y.clamp(south, north) };
        Self { point, turn: Coord { x: east, y: point.y }, corner: Coord { x: east, y: south } }
    }

    fn crosses(&self, a: Coord<f64>, b: Coord<f64>) -> bool {
        let eastwards = (a.y > self.point.y) != (b.y > self.point.y) && left_of(self.point, a, b) && !left_of(self.turn, a, b);
        let southwards = (a.x > self.turn.x) != (b.x > self.turn.x) && above(self.turn, a, b) && !above(self.corner, a, b);
        eastwards != southwards
    }
}

/// Whether the point lies west of an edge that passes its height. On the edge: no, for δ shifts it east.
fn left_of(point: Coord<f64>, a: Coord<f64>, b: Coord<f64>) -> bool {
    if point.x < a.x.min(b.x) {
        return true;
    }
    if point.x > a.x.max(b.x) {
        return false;
    }
    let (low, high) = if a.y < b.y { (a, b) } else { (b, a) };
    RobustKernel::orient2d(low, high, point) == Orientation::CounterClockwise
}

/// Whether the point lies north of an edge that passes its easting. On the edge: unless it climbs eastwards, for δ shifts the point
/// east under a climbing edge, and ε lifts it over a level one.
fn above(point: Coord<f64>, a: Coord<f64>, b: Coord<f64>) -> bool {
    let (west, east) = if a.x < b.x { (a, b) } else { (b, a) };
    match RobustKernel::orient2d(west, east, point) {
        Orientation::CounterClockwise => true,
        Orientation::Clockwise => false,
        Orientation::Collinear => west.y >= east.y,
    }
}

/// One polygon of an area: its rings in the list of corners.
struct Part {
    area: u32,
    rings: Vec<std::ops::Range<usize>>,
}

impl Part {
    fn new(area: u32, polygon: &Polygon<f64>, corners: &mut Vec<Coord<f64>>) -> Self {
        let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(|ring| {
            let first = corners.len();
            corners.extend_from_slice(&ring.0);
            first..corners.len()
        });
        Self { area, rings: rings.collect() }
    }

    /// First corners of all edges.
    fn edges(&self) -> impl Iterator<Item = usize> {
        self.rings.iter().flat_map(|ring| ring.start..ring.end.saturating_sub(1))
    }
}

/// An edge touches a square.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Touch {
    square: u32,
    edge: u32,
}

/// One part on the frame, ascending by square.
struct Traced {
    touches: Vec<Touch>,
    /// Squares whose south-east corner is inside.
    inside: Vec<std::ops::Range<u32>>,
}

/// Squares over the system's extent; their sides lie on multiples of the side.
#[derive(Clone, Copy, Debug)]
struct Frame {
    west: f64,
    south: f64,
    side: u32,
    columns: u32,
    rows: u32,
}

impl Frame {
    fn over(system: &AreaSystem, finest: GridSize) -> Self {
        let mut extent = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for rect in system.areas.iter().filter_map(|a| a.outline_3035_m.bounding_rect()) {
            let (min, max) = (rect.min(), rect.max());
            extent = [extent[0].min(min.x), extent[1].min(min.y), extent[2].max(max.x), extent[3].max(max.y)];
        }
        let [west, south, east, north] = extent.map(|v| v.clamp(0.0, 1e7));
        let mut side = start_side(finest.metres());
        loop {
            let first = |v: f64| (v / f64::from(side)).floor();
            let count = |low: f64, high: f64| if high < low { 0 } else { (first(high) - first(low)) as u64 + 1 };
            let (columns, rows) = (count(west, east), count(south, north));
            if columns * rows <= MOST_SQUARES {
                let origin = |v: f64| first(v) * f64::from(side);
                return Self { west: origin(west), south: origin(south), side, columns: columns as u32, rows: rows as u32 };
            }
            side *= 2;
        }
    }

    fn count(&self) -> usize {
        self.columns as usize * self.rows as usize
    }

    fn x(&self, column: u32) -> f64 {
        self.west + f64::from(column) * f64::from(self.side)
    }

    fn y(&self, row: u32) -> f64 {
        self.south + f64::from(row) * f64::from(self.side)
    }

    /// Column and row of the square that holds the point.
    fn square_of(&self, easting_m: f64, northing_m: f64) -> Option<(u32, u32)> {
        let (x, y) = ((easting_m - self.west) / f64::from(self.side), (northing_m - self.south) / f64::from(self.side));
        let inside = x >= 0.0 && y >= 0.0 && x < f64::from(self.columns) && y < f64::from(self.rows);
        inside.then_some((x as u32, y as u32))
    }

    /// Squares from `low` to `high` along one axis, with both ends, cut to the frame.
    fn span(&self, low: f64, high: f64, origin: f64, squares: u32) -> std::ops::Range<u32> {
        let index = |v: f64| ((v - origin) / f64::from(self.side)).floor();
        let first = index(low).max(0.0);
        let last = index(high).min(f64::from(squares) - 1.0);
        if first > last { 0..0 } else { first as u32..last as u32 + 1 }
    }

    fn trace(&self, part: &Part, corners: &[Coord<f64>]) -> Traced {
        let (mut touches, mut crossings) = (Vec::new(), Vec::new());
        for edge in part.edges() {
            let (a, b) = (corners[edge], corners[edge + 1]);
            self.touch(edge as u32, a, b, &mut touches);
            self.cross(a, b, &mut crossings);
        }
        touches.sort_unstable();
        crossings.sort_unstable();
        // Along the south side of a row, from the west: inside between the first and the second crossing, and so on.
        let row = |pair: &[(u32, u32)]| pair[0].0 * self.columns;
        let inside = crossings.chunks_exact(2).map(|pair| row(pair) + pair[0].1..row(pair) + pair[1].1).collect();
        Traced { touches, inside }
    }

    /// Squares that the edge touches: rather one too many than one too few, since edges that do not cross the way change nothing.
    fn touch(&self, edge: u32, a: Coord<f64>, b: Coord<f64>, touches: &mut Vec<Touch>) {
        const NEAR_M: f64 = 1e-6;
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let (west, east) = (a.x.min(b.x), a.x.max(b.x));
        let rows = self.span(a.y.min(b.y) - NEAR_M, a.y.max(b.y) + NEAR_M, self.south, self.rows);
        // Coordinates are good to 1e-9 m; the flatter the edge, the more that moves the place where it leaves a row.
        let margin = NEAR_M + 4e-9 * (dx / dy).abs();
        for row in rows {
            let at = |y: f64| a.x + dx * ((y - a.y) / dy).clamp(0.0, 1.0);
            let (x, other) = (at(self.y(row) - NEAR_M), at(self.y(row + 1) + NEAR_M));
            // A level edge divides by zero: all of it.
            let (low, high) = if margin < east - west { (x.min(other) - margin, x.max(other) + margin) } else { (west, east) };
            let columns = self.span(low.max(west) - NEAR_M, high.min(east) + NEAR_M, self.west, self.columns);
            touches.extend(columns.map(|column| Touch { square: row * self.columns + column, edge }));
        }
    }

    /// For each row whose south side the edge crosses: how many of the row's south-east corners lie west of the crossing.
    fn cross(&self, a: Coord<f64>, b: Coord<f64>, crossings: &mut Vec<(u32, u32)>) {
        let (low, high) = (a.y.min(b.y), a.y.max(b.y));
        for row in self.span(low - f64::from(self.side), high + f64::from(self.side), self.south, self.rows) {
            let y = self.y(row);
            if (a.y > y) == (b.y > y) {
                continue;
            }
            let x = a.x + (b.x - a.x) * ((y - a.y) / (b.y - a.y)).clamp(0.0, 1.0);
            let west_of = |corner: u32| left_of(Coord { x: self.x(corner), y }, a, b);
            let mut corners = ((x - self.west) / f64::from(self.side)).clamp(0.0, f64::from(self.columns)) as u32;
            while corners < self.columns && west_of(corners + 1) {
                corners += 1;
            }
            while corners > 0 && !west_of(corners) {
                corners -= 1;
            }
            crossings.push((row, corners));
        }
    }
}

/// The finest cell where its side is as wanted; else the nearest multiple or divisor.
fn start_side(finest_m: u32) -> u32 {
    if finest_m < *WANTED_SIDE_M.start() {
        finest_m * WANTED_SIDE_M.start().div_ceil(finest_m)
    } else {
        (1..)
            .map(|n| (finest_m / n, finest_m % n))
            .find(|&(m, rest)| rest == 0 && m <= *WANTED_SIDE_M.end())
            .map_or(finest_m, |(m, _)| m)
    }
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
