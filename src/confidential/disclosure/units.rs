//! Units of one date from the cube: cells of every size, areas, and the pieces that area borders cut from cells.
//!
//! A cell lies in an area if all its records do; other cells are cut into pieces, one for each area, at every size. An area is the sum of the
//! coarsest cells that lie in it and of its pieces of the others, so differencing grid against area is one short equation.
//! Each coarsest cell is a block: nothing but areas and the whole ties it to another.
//! Where no grid is published, a "cell" is a combination of areas ([`Cube`] makes it so) and treated as the pieces of cells are, and so is the whole: neither is
//! published, but both may follow from what is.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use crate::confidential::cube::{AtomKey, Cube};
use crate::confidential::disclosure::entries::Entries;
use crate::confidential::disclosure::rules::RulesError;
use crate::confidential::disclosure::system::{Part, Sums, System};
use crate::confidential::lattice::Lattice;
use crate::grid::CellId;

/// A part of a cell that lies in one area of one or of every system.
pub(super) struct Piece {
    /// Its unit.
    pub unit: u32,
    /// The cell it is cut from.
    pub cell: u32,
    /// The areas that hold it: system and area.
    pub areas: Vec<(usize, u32)>,
}

/// The units of one date.
pub(super) struct Units {
    /// Their numbers and how they add up.
    pub system: System,
    /// For each size the cells with records, ascending, and their units; cells that were joined to larger ones among them.
    pub cells: Vec<Vec<(CellId, u32)>>,
    /// Whether cells are published.
    pub grid: bool,
    /// Pieces of cells.
    pub pieces: Vec<Piece>,
    /// For each area system the units of its areas.
    pub areas: Vec<Range<u32>>,
    /// For each area system the unit of the records outside all its areas.
    pub outside: Vec<u32>,
    /// The unit of all records.
    pub whole: u32,
}

/// What is known of the units of one coarsest cell; unit numbers begin at 0.
struct Block {
    counts: Vec<u32>,
    sums: Sums,
    cells: Vec<Vec<(CellId, u32)>>,
    pieces: Vec<Piece>,
    nested: Vec<Vec<Part>>,
    top: Node,
}

/// A cell and what each area system makes of it: the areas it has records in, with the unit of the piece (itself, if it is not cut).
struct Node {
    unit: u32,
    held: Vec<Vec<(Option<u32>, u32)>>,
}

/// A finest cell with its atoms.
struct Finest {
    parents: Vec<CellId>,
    atoms: Range<usize>,
}

/// Counts the units of one date.
pub(super) fn units(cube: &Cube, lattice: &Lattice, date: usize) -> Result<Units, RulesError> {
    let entries = Entries::of_lattice(lattice);
    let from = cube.keys.partition_point(|key| usize::from(key.date) < date);
    let to = cube.keys.partition_point(|key| usize::from(key.date) <= date);
    let records: u64 = cube.counts[from..to].iter().map(|count| count.expose()).sum();
    if u32::try_from(records).is_err() {
        return Err(RulesError::TooManyRecords);
    }
    let finest = finest_cells(cube, lattice, from..to);
    let coarsest = |cell: &Finest| cell.parents[0];
    let groups: Vec<&[Finest]> = finest.chunk_by(|a, b| coarsest(a) == coarsest(b)).collect();
    let blocks: Vec<Block> = groups.par_iter().map(|cells| block(cube, lattice, &entries, cells)).collect();

    let mut counts = Vec::with_capacity(blocks.iter().map(|b| b.counts.len()).sum());
    let mut sums = Sums::default();
    let mut cells = vec![Vec::new(); lattice.sizes.counted().len()];
    let mut nested = vec![Vec::new(); lattice.sizes.counted().len() - 1];
    let (mut pieces, mut parts, mut tops) = (Vec::new(), Vec::new(), Vec::new());
    for block in blocks {
        let offset = (counts.len() / entries.len) as u32;
        let first_sum = sums.len();
        counts.extend(block.counts);
        sums.append(&block.sums, offset);
        for (all, own) in cells.iter_mut().zip(block.cells) {
            all.extend(own.into_iter().map(|(cell, unit)| (cell, unit + offset)));
        }
        let moved = |piece: Piece| Piece { unit: piece.unit + offset, cell: piece.cell + offset, areas: piece.areas };
        pieces.extend(block.pieces.into_iter().map(moved));
        for (all, own) in nested.iter_mut().zip(block.nested) {
            all.extend(own.into_iter().map(|part: Part| part.moved(offset as usize, first_sum)));
        }
        parts.push(Part { units: offset as usize..counts.len() / entries.len, sums: first_sum..sums.len() });
        let mut top = block.top;
        top.unit += offset;
        top.held.iter_mut().flatten().for_each(|(_, unit)| *unit += offset);
        tops.push(top);
    }
    cells.par_iter_mut().for_each(|level| level.sort_unstable());

    let new_unit = |counts: &mut Vec<u32>, members: &[u32]| add_up(counts, entries.len, members);
    let (mut areas, mut outside, mut held) = (Vec::new(), Vec::new(), Vec::new());
    for (system, declared) in lattice.systems.iter().enumerate() {
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); declared.areas.len() + 1];
        for &(area, unit) in tops.iter().flat_map(|top| &top.held[system]) {
            members[area.map_or(declared.areas.len(), |a| a as usize)].push(unit);
        }
        let first = (counts.len() / entries.len) as u32;
        for members in &members {
            let unit = new_unit(&mut counts, members);
            if !members.is_empty() {
                sums.push(unit, members.iter().copied());
            }
        }
        areas.push(first..first + declared.areas.len() as u32);
        outside.push(first + declared.areas.len() as u32);
        // An area without records is in no sum: it cannot protect others, since the attacker may know the lake or the forest.
        held.push((first..).zip(&members).filter(|(_, members)| !members.is_empty()).map(|(unit, _)| unit).collect::<Vec<u32>>());
    }
    let members: Vec<u32> = tops.iter().map(|top| top.unit).collect();
    let whole = new_unit(&mut counts, &members);
    sums.push(whole, members);
    held.into_iter().for_each(|members| sums.push(whole, members));
    // The last are the blocks themselves.
    nested.pop();
    let grid = lattice.sizes.published();
    if !grid {
        let mut of_cell = vec![&[][..]; cells[0].len()];
        for keys in cube.keys[from..to].chunk_by(|a, b| a.cell == b.cell) {
            let at = cells[0].binary_search_by_key(&keys[0].cell, |cell| cell.0).expect("every cell with a record is a unit");
            of_cell[at] = &cube.area_tuples[keys[0].areas as usize];
        }
        let held = |tuple: &[Option<u32>]| tuple.iter().enumerate().filter_map(|(s, area)| area.map(|a| (s, a))).collect();
        pieces.extend(cells[0].iter().zip(of_cell).map(|(&(_, unit), tuple)| Piece { unit, cell: unit, areas: held(tuple) }));
        pieces.push(Piece { unit: whole, cell: whole, areas: Vec::new() });
    }
    let mut system = System::new(Arc::new(entries), counts, sums, parts);
    system.nested = nested;
    Ok(Units { system, cells, grid, pieces, areas, outside, whole })
}

/// Cells of the finest size in nested order: sorted by their coarsest parent, then the next, down to themselves.
fn finest_cells(cube: &Cube, lattice: &Lattice, atoms: Range<usize>) -> Vec<Finest> {
    let sizes = lattice.sizes.counted();
    let mut finest = Vec::new();
    let mut start = atoms.start;
    for run in cube.keys[atoms].chunk_by(|a, b| a.cell == b.cell) {
        let parents = sizes.iter().rev().map(|&size| run[0].cell.at_least(size)).collect();
        finest.push(Finest { parents, atoms: start..start + run.len() });
        start += run.len();
    }
    finest.par_sort_by(|a, b| a.parents.cmp(&b.parents));
    finest
}

/// A new unit at the end whose numbers are the sums of the members'.
fn add_up(counts: &mut Vec<u32>, len: usize, members: &[u32]) -> u32 {
    let unit = counts.len() / len;
    counts.resize(counts.len() + len, 0);
    let (before, own) = counts.split_at_mut(unit * len);
    for &member in members {
        let row = &before[member as usize * len..][..len];
        own.iter_mut().zip(row).for_each(|(sum, &count)| *sum += count);
    }
    unit as u32
}

/// A coarsest cell in the making. Units and sums of every cell of every size follow one another, so that each cell is a part by itself.
struct Making<'b> {
    cube: &'b Cube,
    lattice: &'b Lattice,
    entries: &'b Entries,
    counts: Vec<u32>,
    sums: Sums,
    cells: Vec<Vec<(CellId, u32)>>,
    pieces: Vec<Piece>,
    /// For each size but the finest the cells as parts.
    nested: Vec<Vec<Part>>,
    at: Vec<u32>,
}

fn block(cube: &Cube, lattice: &Lattice, entries: &Entries, finest: &[Finest]) -> Block {
    let sizes = lattice.sizes.counted().len();
    let (cells, nested) = (vec![Vec::new(); sizes], vec![Vec::new(); sizes - 1]);
    let (counts, sums, pieces, at) = (Vec::new(), Sums::default(), Vec::new(), Vec::new());
    let mut making = Making { cube, lattice, entries, counts, sums, cells, pieces, nested, at };
    let top = making.cell(finest, sizes - 1);
    let Making { counts, sums, cells, pieces, nested, .. } = making;
    Block { counts, sums, cells, pieces, nested, top }
}

impl Making<'_> {
    /// A cell of the size at this position, from its finest cells. A cell that was joined is one unit at all sizes up to its own.
    fn cell(&mut self, finest: &[Finest], level: usize) -> Node {
        let size = self.lattice.sizes.counted()[level];
        if finest[0].parents.last().is_some_and(|cell| cell.size() >= size) {
            return self.finest_cell(&finest[0]);
        }
        let (first_unit, first_sum) = (self.counts.len() / self.entries.len, self.sums.len());
        // Parents begin with the coarsest.
        let below = self.lattice.sizes.counted().len() - level;
        let runs = finest.chunk_by(|a, b| a.parents[below] == b.parents[below]);
        let children: Vec<Node> = runs.map(|run| self.cell(run, level - 1)).collect();
        let members: Vec<u32> = children.iter().map(|child| child.unit).collect();
        let unit = add_up(&mut self.counts, self.entries.len, &members);
        self.sums.push(unit, members);
        let cell = finest[0].parents[below - 1];
        self.cells[level].push((cell, unit));
        let systems = 0..self.lattice.systems.len();
        let held = systems.map(|s| self.by_area(s, unit, children.iter().flat_map(|child| child.held[s].iter().copied())));
        let node = Node { unit, held: held.collect() };
        let part = Part { units: first_unit..self.counts.len() / self.entries.len, sums: first_sum..self.sums.len() };
        self.nested[level - 1].push(part);
        node
    }

    fn finest_cell(&mut self, finest: &Finest) -> Node {
        let unit = self.count(finest.atoms.clone());
        let keys = &self.cube.keys[finest.atoms.clone()];
        let cell = keys[0].cell;
        for (cells, _) in self.cells.iter_mut().zip(self.lattice.sizes.counted()).filter(|(_, size)| **size <= cell.size()) {
            cells.push((cell, unit));
        }
        let runs: Vec<&[AtomKey]> = keys.chunk_by(|a, b| a.areas == b.areas).collect();
        let mut places = Vec::with_capacity(runs.len());
        let mut start = finest.atoms.start;
        for run in &runs {
            let tuple = &self.cube.area_tuples[run[0].areas as usize];
            let place = if runs.len() == 1 { unit } else { self.count(start..start + run.len()) };
            start += run.len();
            places.push((tuple, place));
        }
        if places.len() > 1 {
            self.sums.push(unit, places.iter().map(|p| p.1));
            for &(tuple, place) in &places {
                let areas = tuple.iter().enumerate().filter_map(|(s, &area)| area.map(|a| (s, a)));
                self.pieces.push(Piece { unit: place, cell: unit, areas: areas.collect() });
            }
        }
        let systems = 0..self.lattice.systems.len();
        let held = systems.map(|s| self.by_area(s, unit, places.iter().map(|&(tuple, place)| (tuple[s], place)))).collect();
        Node { unit, held }
    }

    /// A new unit of these atoms.
    fn count(&mut self, atoms: Range<usize>) -> u32 {
        let unit = add_up(&mut self.counts, self.entries.len, &[]);
        for (key, count) in self.cube.keys[atoms.clone()].iter().zip(&self.cube.counts[atoms]) {
            self.entries.of_group(key.group, &mut self.at);
            for &entry in &self.at {
                // The date's total fits in 32 bits, so every part of it does.
                self.counts[unit as usize * self.entries.len + entry as usize] += count.expose() as u32;
            }
        }
        unit
    }

    /// Gathers members by area. A cell in one area is not cut; a piece of one member is that member.
    fn by_area(
        &mut self,
        system: usize,
        cell: u32,
        members: impl Iterator<Item = (Option<u32>, u32)>,
    ) -> Vec<(Option<u32>, u32)> {
        let mut members: Vec<(Option<u32>, u32)> = members.collect();
        members.sort_by_key(|m| m.0);
        if members.first().map(|m| m.0) == members.last().map(|m| m.0) {
            return members.first().map(|m| (m.0, cell)).into_iter().collect();
        }
        let mut held = Vec::new();
        for run in members.chunk_by(|a, b| a.0 == b.0) {
            let area = run[0].0;
            if let [only] = run {
                held.push(*only);
                continue;
            }
            let parts: Vec<u32> = run.iter().map(|m| m.1).collect();
            let unit = add_up(&mut self.counts, self.entries.len, &parts);
            self.sums.push(unit, parts);
            self.pieces.push(Piece { unit, cell, areas: area.map(|a| (system, a)).into_iter().collect() });
            held.push((area, unit));
        }
        held
    }
}
