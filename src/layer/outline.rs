//! Outlines of units in any reference system, for the formats that carry coordinates.
//!
//! Cells of one size: every corner of the lattice is projected once and shared by the cells around it, so neighbours have the same vertices to the
//! bit. A straight edge of EPSG:3035 is a curve elsewhere: edges are split into pieces of at most [`PIECE_M`], the same number for
//! every cell of a size, which keeps the chord within 1 cm of the true edge (sagitta `s²·tan φ / 8R` where parallels are straight, the worst case;
//! 0.7 cm at 55° N, 1 cm at 64° N). Cells of several sizes: the same, with finer corners on the rings of coarser cells ([`CellNodes`]). Areas: their outline as the boundary file has it, already split by `area`.

use geo::{Coord, LineString, MultiPolygon, Orient, orient::Direction};

use crate::confidential::{Level, Unit};
use crate::error::{Error, Failure, Kind, Language};
use crate::geodesy::{FittedProjection, Projection, ReferenceSystem};
use crate::grid::{CellId, GridSize};
use crate::layer::{CellNodes, Corners, Layer, Splits};
use crate::say;

/// The longest piece of a cell's edge, metres.
pub const PIECE_M: u32 = 500;

/// Projects outlines into one reference system.
pub struct Outlines {
    system: String,
    form: Form,
}

enum Form {
    /// EPSG:3035 itself: nothing to project or split.
    Grid,
    /// WGS 84: areas keep the coordinates they came with.
    LonLat(FittedProjection),
    /// Any other system.
    Other(FittedProjection),
}

impl Outlines {
    /// Outlines in `target`; for a geographic system in degrees, longitude first.
    ///
    /// # Errors
    /// If `geodesy` has no way from EPSG:3035 to `target`.
    pub fn new(target: &ReferenceSystem) -> Result<Self, Error> {
        let fitted = || Ok::<_, Error>(FittedProjection::new(Projection::new(&ReferenceSystem::etrs89_laea(), target)?));
        let form = match target.epsg() {
            Some(3035) => Form::Grid,
            Some(4326) => Form::LonLat(fitted()?),
            _ => Form::Other(fitted()?),
        };
        Ok(Self { system: target.label().to_owned(), form })
    }

    /// The outlines of all units of a layer. Cost: one projected point for each corner of the lattice and each split of an edge;
    /// memory about 50 bytes a cell (300 for cells of 1 km).
    ///
    /// # Errors
    /// If a unit lies where the reference system is not defined.
    pub fn of_layer(&self, layer: &Layer<'_>) -> Result<LayerOutlines, Error> {
        let outlines = match layer.level {
            Level::Grid(size) if layer.adaptive() => LayerOutlines::Cells(CellLattice(Sides::Several(self.nodes(size, layer)))),
            Level::Grid(size) => LayerOutlines::Cells(CellLattice(Sides::One(self.lattice(size, layer)))),
            Level::Areas(system) => {
                let areas = &layer.lattice.systems[system].areas;
                let area = |unit: &Unit| match unit {
                    Unit::Area(position) => &areas[*position as usize],
                    Unit::Cell(_) => unreachable!("an area level holds areas"),
                };
                let outline = |unit: &Unit| match &self.form {
                    Form::Grid => area(unit).outline_3035_m.orient(Direction::Default),
                    Form::LonLat(_) => area(unit).outline_lon_lat_deg.orient(Direction::Default),
                    Form::Other(fitted) => projected(&area(unit).outline_3035_m, fitted).orient(Direction::Default),
                };
                LayerOutlines::Areas(layer.block.units.iter().map(outline).collect())
            }
        };
        if outlines.all_finite() {
            Ok(outlines)
        } else {
            Err(OutlineError { layer: layer.name.clone(), system: self.system.clone() }.into())
        }
    }

    fn lattice(&self, size: GridSize, layer: &Layer<'_>) -> EvenLattice {
        let pieces = match self.form {
            Form::Grid => 1,
            _ => size.metres().div_ceil(PIECE_M),
        };
        let mut lattice = EvenLattice::new(size, pieces, &layer.block.units);
        match &self.form {
            Form::Grid => {}
            Form::LonLat(fitted) | Form::Other(fitted) => fitted.project(&mut lattice.xs, &mut lattice.ys),
        }
        lattice
    }

    fn nodes(&self, size: GridSize, layer: &Layer<'_>) -> JoinedLattice {
        let cell = |unit: &Unit| match unit {
            Unit::Cell(cell) => *cell,
            Unit::Area(_) => unreachable!("a grid level holds cells"),
        };
        let cells: Vec<CellId> = layer.block.units.iter().map(cell).collect();
        let longest_m = match self.form {
            Form::Grid => f64::from(GridSize::MAX_M),
            _ => f64::from(PIECE_M),
        };
        let nodes = CellNodes::new(&cells, size, Splits::of(size, longest_m));
        let (mut xs, mut ys): (Vec<f64>, Vec<f64>) = nodes.places_m().unzip();
        match &self.form {
            Form::Grid => {}
            Form::LonLat(fitted) | Form::Other(fitted) => fitted.project(&mut xs, &mut ys),
        }
        JoinedLattice { cells, nodes, xs, ys }
    }
}

fn projected(outline: &MultiPolygon<f64>, fitted: &FittedProjection) -> MultiPolygon<f64> {
    let ring = |ring: &LineString<f64>| {
        let (mut xs, mut ys): (Vec<f64>, Vec<f64>) = ring.coords().map(|c| (c.x, c.y)).unzip();
        fitted.project(&mut xs, &mut ys);
        LineString::new(xs.into_iter().zip(ys).map(|(x, y)| Coord { x, y }).collect())
    };
    let polygon = |p: &geo::Polygon<f64>| geo::Polygon::new(ring(p.exterior()), p.interiors().iter().map(ring).collect());
    MultiPolygon::new(outline.iter().map(polygon).collect())
}

/// The outlines of one layer's units, by position in [`crate::confidential::Block::units`].
#[derive(Debug)]
pub enum LayerOutlines {
    /// Squares: one ring each.
    Cells(CellLattice),
    /// Areas; exterior rings counter-clockwise, holes clockwise.
    Areas(Vec<MultiPolygon<f64>>),
}

impl LayerOutlines {
    fn all_finite(&self) -> bool {
        match self {
            Self::Cells(lattice) => {
                let (xs, ys) = match &lattice.0 {
                    Sides::One(lattice) => (&lattice.xs, &lattice.ys),
                    Sides::Several(lattice) => (&lattice.xs, &lattice.ys),
                };
                xs.iter().chain(ys).all(|n| n.is_finite())
            }
            Self::Areas(areas) => {
                let rings = areas.iter().flatten().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
                rings.flat_map(|ring| ring.coords()).all(|c| c.x.is_finite() && c.y.is_finite())
            }
        }
    }
}

/// The corners of a layer's cells and the splits of their edges, each projected once.
#[derive(Debug)]
pub struct CellLattice(Sides);

#[derive(Debug)]
enum Sides {
    One(EvenLattice),
    Several(JoinedLattice),
}

impl CellLattice {
    /// The ring of the cell at this position, counter-clockwise from the south-west corner, closed; `ring` is emptied first.
    pub fn ring(&self, position: usize, ring: &mut Vec<Coord<f64>>) {
        match &self.0 {
            Sides::One(lattice) => lattice.ring(position, ring),
            Sides::Several(lattice) => lattice.ring(position, ring),
        }
    }
}

/// Cells of several sizes.
#[derive(Debug)]
struct JoinedLattice {
    cells: Vec<CellId>,
    nodes: CellNodes,
    xs: Vec<f64>,
    ys: Vec<f64>,
}

impl JoinedLattice {
    fn ring(&self, position: usize, ring: &mut Vec<Coord<f64>>) {
        let mut nodes = Vec::new();
        self.nodes.ring(self.cells[position], &mut nodes);
        ring.clear();
        ring.extend(nodes.iter().chain(&nodes[..1]).map(|&at| Coord { x: self.xs[at as usize], y: self.ys[at as usize] }));
    }
}

/// Cells of one size.
#[derive(Debug)]
struct EvenLattice {
    /// Corners in the order of their northing, then easting, so that an existing neighbour to the east stands right behind; after them the
    /// inner points of the edges.
    xs: Vec<f64>,
    ys: Vec<f64>,
    /// For each cell its south-west and north-west corner, as positions into `xs`.
    west_corners: Vec<[u32; 2]>,
    /// Inner points an edge has: one less than its pieces.
    inner: usize,
    /// For each corner where the inner points of the edges to the east and to the north of it begin; `NO_EDGE` if no cell has that edge. Empty where edges
    /// are not split.
    edges: Vec<[u32; 2]>,
}

const NO_EDGE: u32 = u32::MAX;

impl EvenLattice {
    fn new(size: GridSize, pieces: u32, units: &[Unit]) -> Self {
        let cell = |unit: &Unit| match unit {
            Unit::Cell(cell) => *cell,
            Unit::Area(_) => unreachable!("a grid level holds cells"),
        };
        let Corners { places, west: west_corners } = Corners::new(units.iter().map(cell));
        let side_m = f64::from(size.metres());
        let (xs, ys) = places.iter().map(|corner| (f64::from(corner.east) * side_m, f64::from(corner.north) * side_m)).unzip();
        let mut lattice = Self { xs, ys, west_corners, inner: pieces as usize - 1, edges: Vec::new() };
        if lattice.inner > 0 {
            lattice.split(f64::from(size.metres()) / f64::from(pieces));
        }
        lattice
    }

    /// Adds the inner points of every edge that some cell has, once.
    fn split(&mut self, piece_m: f64) {
        self.edges = vec![[NO_EDGE; 2]; self.xs.len()];
        for &[south, north] in &self.west_corners {
            for (corner, direction) in [(south, 0), (north, 0), (south, 1), (south + 1, 1)] {
                let edge = &mut self.edges[corner as usize][direction];
                if *edge != NO_EDGE {
                    continue;
                }
                *edge = u32::try_from(self.xs.len()).expect("fewer than 2^32 vertices in a layer");
                let (x, y) = (self.xs[corner as usize], self.ys[corner as usize]);
                for step in 1..=self.inner {
                    let along_m = step as f64 * piece_m;
                    self.xs.push(if direction == 0 { x + along_m } else { x });
                    self.ys.push(if direction == 0 { y } else { y + along_m });
                }
            }
        }
    }

    fn ring(&self, position: usize, ring: &mut Vec<Coord<f64>>) {
        ring.clear();
        let [south, north] = self.west_corners[position];
        let mut side = |from: u32, edge: (u32, usize), backwards: bool| {
            ring.push(self.point(from as usize));
            if self.inner > 0 {
                let first = self.edges[edge.0 as usize][edge.1] as usize;
                match backwards {
                    false => ring.extend((first..first + self.inner).map(|i| self.point(i))),
                    true => ring.extend((first..first + self.inner).rev().map(|i| self.point(i))),
                }
            }
        };
        side(south, (south, 0), false);
        side(south + 1, (south + 1, 1), false);
        side(north + 1, (north, 0), true);
        side(north, (south, 1), true);
        ring.push(self.point(south as usize));
    }

    fn point(&self, position: usize) -> Coord<f64> {
        Coord { x: self.xs[position], y: self.ys[position] }
    }
}

/// A layer does not fit into the reference system.
#[derive(Debug)]
struct OutlineError {
    layer: String,
    system: String,
}

impl Failure for OutlineError {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn explain(&self, language: Language) -> String {
        let Self { layer, system } = self;
        say!(
            language,
            "layer {layer} reaches beyond where {system} is defined: choose a reference system that covers all data, for example EPSG:3035 or EPSG:4326",
            "Layer {layer} reicht über das Gebiet hinaus, für das {system} gilt: ein Bezugssystem wählen, das alle Daten abdeckt, zum Beispiel EPSG:3035 oder EPSG:4326"
        )
    }
}
