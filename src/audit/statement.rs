//! A bundle's numbers of one date as equations.
//!
//! What the attacker is taken to know, besides the numbers: everything that geometry says of cells and areas, that with public zeros a cell that is not
//! listed is empty and one that is listed is not, and what is told beside the release (records placed, records outside areas). A withheld group
//! may be nobody: zeros are withheld too.
//! A cell that a border cuts has a piece for each combination of areas that it meets, of which only their sum is known; a cell that no border
//! cuts lies in its areas as a whole. Where people live within a cut cell is not taken as known: that needs more than a map of
//! borders. (Disclosure control is stricter there: it treats a cell as lying in the area that holds all its records.)
//! Where cells were joined, it is also known how: a cell smaller than the largest size has at least the minimum, since else it would have been joined.
//! With secret zeros, cells that are not listed may hold anyone, so each sum of cells has an unknown rest.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::audit::answers::Told;
use crate::audit::bundle::{Bundle, Date, WITHHELD};
use crate::audit::columns::Columns;
use crate::audit::findings::Named;
use crate::audit::groups::{Number, secret_zeros};
use crate::audit::system::System;
use crate::grid::CellId;

/// No unknown: the number is known.
const NONE: u32 = u32::MAX;

/// Where a target stands in the lattice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) unknown: u32,
    pub(super) place: Place,
    pub(super) unit: u32,
    pub(super) column: u32,
}

/// What kind of unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A cell of the size at this position.
    Grid(u32),
    /// An area of the system at this position.
    Areas(u32),
    /// A piece that borders cut from the finest cell `unit`.
    Piece,
}

/// Equations of one date, stated kind by kind.
pub(super) struct Statement<'b> {
    bundle: &'b Bundle,
    date: &'b Date,
    columns: &'b Columns,
    public_zeros: bool,
    /// Columns whose zeros are secret all the same.
    secret_zeros: Vec<bool>,
    pub(super) system: System,
    pub(super) targets: Vec<Target>,
    /// Kinds in the order they were stated, with how many equations and targets there were then.
    pub(super) kinds: Vec<(Named, usize, usize)>,
    /// For each grid level, unit and column the unknown.
    grids: Vec<Vec<u32>>,
    areas: Vec<Vec<u32>>,
}

/// An equation in the making: everything on one side.
#[derive(Default)]
struct Row {
    terms: Vec<(u32, i32)>,
    constant: i64,
}

impl Row {
    fn add(&mut self, sign: i32, (value, x): (i64, u32)) {
        if x == NONE {
            self.constant -= i64::from(sign) * value;
        } else {
            self.terms.push((x, sign));
        }
    }
}

impl<'b> Statement<'b> {
    /// Everything that is published.
    pub(super) fn of(bundle: &'b Bundle, date: &'b Date, columns: &'b Columns) -> Self {
        let mut statement = Self::new(bundle, date, columns);
        let state: [(Named, fn(&mut Self)); 3] =
            [(Named::Tables, Self::state_tables), (Named::Zooms, Self::state_zooms), (Named::Areas, Self::state_areas)];
        for (named, state) in state {
            state(&mut statement);
            statement.kinds.push((named, statement.system.equations(), statement.targets.len()));
        }
        statement
    }

    /// Unknowns for all withheld numbers; no equation yet.
    fn new(bundle: &'b Bundle, date: &'b Date, columns: &'b Columns) -> Self {
        let public_zeros = bundle.parameters.get("zeros").is_none_or(|zeros| zeros == "public");
        let secret_zeros = secret_zeros(bundle, columns);
        let (grids, areas) = (Vec::new(), Vec::new());
        let system = System::default();
        let finest: FxHashSet<CellId> = date.grids.first().map_or_else(FxHashSet::default, |p| p.units.iter().copied().collect());
        let mut statement = Self {
            bundle,
            date,
            columns,
            public_zeros,
            secret_zeros,
            system,
            targets: Vec::new(),
            kinds: Vec::new(),
            grids,
            areas,
        };
        for (level, published) in date.grids.iter().enumerate() {
            let least: Vec<i64> = published.units.iter().map(|&cell| statement.enough(cell, &finest)).collect();
            let unknowns = statement.unknowns(&published.numbers, Place::Grid(level as u32), &least);
            statement.grids.push(unknowns);
        }
        for (system, published) in date.areas.iter().enumerate() {
            let unknowns = statement.unknowns(&published.numbers, Place::Areas(system as u32), &[]);
            statement.areas.push(unknowns);
        }
        for bound in &date.bounds {
            if let Number::Unknown(x) = statement.number(bound.place, bound.at.0, bound.at.1) {
                statement.system.bound(x, bound.least, bound.most);
            }
        }
        statement
    }

    /// Levels with how many units each has.
    pub(super) fn places(&self) -> Vec<(Place, usize)> {
        let width = self.bundle.columns.len();
        self.date.levels().map(|(place, numbers)| (place, numbers.len() / width)).collect()
    }

    /// A published number, or its unknown.
    pub(super) fn number(&self, place: Place, unit: usize, column: usize) -> Number {
        let at = unit * self.bundle.columns.len() + column;
        let (numbers, unknowns) = match place {
            Place::Grid(level) => (&self.date.grids[level as usize].numbers, &self.grids[level as usize]),
            Place::Areas(system) => (&self.date.areas[system as usize].numbers, &self.areas[system as usize]),
            Place::Piece => unreachable!("pieces are not published"),
        };
        if unknowns[at] == NONE { Number::Known(numbers[at]) } else { Number::Unknown(unknowns[at]) }
    }

    /// What a number has above another that is a part of it.
    pub(super) fn difference(&mut self, whole: Number, part: Number) -> Number {
        let mut row = Row::default();
        for (sign, number) in [(1, whole), (-1, part)] {
            row.add(
                sign,
                match number {
                    Number::Known(value) => (value, NONE),
                    Number::Unknown(x) => (0, x),
                },
            );
        }
        if row.terms.is_empty() {
            return Number::Known(-row.constant);
        }
        let rest = self.system.unknown(0);
        row.add(-1, (0, rest));
        self.system.push(&row.terms, row.constant);
        Number::Unknown(rest)
    }

    /// Whether the zero of a column may be withheld.
    pub(super) fn zero_is_secret(&self, column: usize) -> bool {
        !self.public_zeros || self.secret_zeros[column]
    }

    /// How many people a cell has at least, by the rule that joins cells: one of the largest size if it is not itself among the finest.
    fn enough(&self, cell: CellId, finest: &FxHashSet<CellId>) -> i64 {
        let told = |name: &str| self.bundle.parameters.get(name);
        let minimum = told("merge_minimum").and_then(|minimum| minimum.parse().ok());
        let largest = told("merge_largest").and_then(|level| self.bundle.sizes.iter().find(|size| size.0 == *level));
        match (minimum, largest) {
            (Some(minimum), Some((_, largest))) if cell.size() < *largest => minimum,
            (Some(minimum), Some((_, largest))) if cell.size() == *largest && !finest.contains(&cell) => minimum,
            _ => 0,
        }
    }

    /// `least` tells of each unit what its total is at least; nothing where it is empty.
    fn unknowns(&mut self, numbers: &[i64], place: Place, least: &[i64]) -> Vec<u32> {
        let width = self.bundle.columns.len();
        let floors: Vec<i64> =
            (0..width).map(|column| i64::from(self.public_zeros && self.columns.groups[column].is_empty())).collect();
        let mut unknowns = vec![NONE; numbers.len()];
        for (at, &number) in numbers.iter().enumerate().filter(|(_, number)| **number < 0) {
            let of_unit = least.get(at / width).copied().unwrap_or(0);
            let total = self.columns.groups[at % width].is_empty();
            let floor = if number == WITHHELD { floors[at % width].max(if total { of_unit } else { 0 }) } else { 0 };
            let unknown = self.system.unknown(floor);
            unknowns[at] = unknown;
            self.targets.push(Target { unknown, place, unit: (at / width) as u32, column: (at % width) as u32 });
        }
        unknowns
    }

    /// The sums within each unit.
    fn state_tables(&mut self) {
        let width = self.bundle.columns.len();
        let levels = self.date.grids.iter().map(|p| &p.numbers).zip(&self.grids);
        let areas = self.date.areas.iter().map(|p| &p.numbers).zip(&self.areas);
        for (numbers, unknowns) in levels.chain(areas) {
            for (numbers, unknowns) in numbers.chunks_exact(width).zip(unknowns.chunks_exact(width)) {
                relate(&mut self.system, self.columns, |column| (numbers[column], unknowns[column]));
            }
        }
    }

    /// The sums of cells to coarser cells, and of the coarsest to all records.
    fn state_zooms(&mut self) {
        let width = self.bundle.columns.len();
        for level in 1..self.date.grids.len() {
            let size = self.bundle.sizes[level].1;
            let finer = self.bundle.nested_in(level);
            let (parents, children) = (&self.date.grids[level], &self.date.grids[finer]);
            let at: FxHashMap<CellId, usize> = parents.units.iter().enumerate().map(|(at, &cell)| (cell, at)).collect();
            let mut held: Vec<Vec<u32>> = vec![Vec::new(); parents.units.len()];
            for (child, cell) in children.units.iter().enumerate() {
                if let Some(&parent) = at.get(&cell.at_least(size)) {
                    held[parent].push(child as u32);
                }
            }
            for (parent, held) in held.iter().enumerate() {
                for column in 0..width {
                    let mut row = Row::default();
                    let whole = parent * width + column;
                    row.add(-1, (parents.numbers[whole], self.grids[level][whole]));
                    for &child in held {
                        let part = child as usize * width + column;
                        row.add(1, (children.numbers[part], self.grids[finer][part]));
                    }
                    // A joined cell is the same at both levels, whoever is not listed.
                    let same = matches!(held[..], [child] if children.units[child as usize] == parents.units[parent]);
                    if !self.public_zeros && !same && parents.numbers[whole] != 0 {
                        let rest = self.system.unknown(0);
                        row.add(1, (0, rest));
                    }
                    self.system.push(&row.terms, row.constant);
                }
            }
        }
        let (Some(placed), Some(total), true) = (self.bundle.placed, self.bundle.total(), self.public_zeros) else { return };
        let coarsest = self.date.grids.len() - 1;
        let mut row = Row { terms: Vec::new(), constant: placed };
        for unit in 0..self.date.grids[coarsest].units.len() {
            let at = unit * width + total;
            row.add(1, (self.date.grids[coarsest].numbers[at], self.grids[coarsest][at]));
        }
        self.system.push(&row.terms, row.constant);
    }

    /// Areas as sums of the coarsest cells within them and of pieces of others; systems of areas as all records.
    fn state_areas(&mut self) {
        if self.bundle.systems.is_empty() {
            return;
        }
        let width = self.bundle.columns.len();
        let pieces = self.pieces();
        let unknown_pieces = self.cut(&pieces);
        for system in 0..self.bundle.systems.len() {
            let held = self.members(system, &pieces);
            let position: FxHashMap<&Arc<str>, usize> =
                self.date.areas[system].units.iter().enumerate().map(|(at, key)| (key, at)).collect();
            let mut rows: Vec<Row> = Vec::new();
            rows.resize_with((position.len() + 1) * width, Row::default);
            let outside = position.len();
            let row_of = |key: &Option<Arc<str>>| key.as_ref().map_or(Some(outside), |key| position.get(key).copied());
            for (level, unit, key) in held {
                let Some(area) = row_of(&key) else { continue };
                for column in 0..width {
                    let at = unit as usize * width + column;
                    rows[area * width + column].add(1, (self.date.grids[level].numbers[at], self.grids[level][at]));
                }
            }
            for (cell, of_cell) in &unknown_pieces {
                // A cell that is cut, but not by this system, is held as a whole.
                let keys: Vec<&Option<Arc<str>>> =
                    of_cell.iter().map(|(piece, _)| &pieces[*cell as usize][*piece][system]).collect();
                if keys.iter().all(|key| *key == keys[0]) {
                    continue;
                }
                for ((_, unknowns), key) in of_cell.iter().zip(keys) {
                    let Some(area) = row_of(key) else { continue };
                    for column in (0..width).filter(|&column| unknowns[column] != NONE) {
                        rows[area * width + column].add(1, (0, unknowns[column]));
                    }
                }
            }
            for (at, mut row) in rows.into_iter().enumerate() {
                let (area, column) = (at / width, at % width);
                if area < outside {
                    row.add(-1, (self.date.areas[system].numbers[at], self.areas[system][at]));
                } else {
                    let told = self.bundle.outside.get(&self.bundle.systems[system]).copied().flatten();
                    let of_date = told.filter(|&told| told == 0 || self.bundle.dates.len() == 1);
                    match of_date {
                        Some(told) if told == 0 || Some(column) == self.bundle.total() => row.constant += told,
                        _ => continue,
                    }
                }
                if !self.public_zeros {
                    let rest = self.system.unknown(0);
                    row.add(1, (0, rest));
                }
                self.system.push(&row.terms, row.constant);
            }
        }
    }

    /// What somebody was told beside the release, number by number.
    pub(super) fn state_answers<'t>(&mut self, told: impl Iterator<Item = &'t Told>) {
        for told in told.filter(|told| !told.at_least) {
            let mut row = Row { terms: Vec::new(), constant: told.number };
            for &(place, unit) in &told.places {
                for &column in &told.columns {
                    match self.number(place, unit, column) {
                        Number::Known(value) => row.add(1, (value, NONE)),
                        Number::Unknown(x) => row.add(1, (0, x)),
                    }
                }
            }
            if !self.public_zeros && told.places.len() > 1 {
                let rest = self.system.unknown(0);
                row.add(1, (0, rest));
            }
            self.system.push(&row.terms, row.constant);
        }
        self.kinds.push((Named::Answers, self.system.equations(), self.targets.len()));
    }

    /// The areas of the pieces of each finest cell. Pieces outside a system of which nobody is outside are nobody's.
    fn pieces(&self) -> Vec<Vec<Vec<Option<Arc<str>>>>> {
        let nobody: Vec<bool> = self.bundle.systems.iter().map(|s| self.bundle.outside.get(s) == Some(&Some(0))).collect();
        let of_cell = |cell: &CellId| {
            let all = self.bundle.incidence.get(cell).cloned().unwrap_or_default();
            let somebody =
                |piece: &Vec<Option<Arc<str>>>| !piece.iter().zip(&nobody).any(|(key, &nobody)| key.is_none() && nobody);
            let inhabited: Vec<_> = all.iter().filter(|piece| somebody(piece)).cloned().collect();
            if inhabited.is_empty() { all } else { inhabited }
        };
        self.date.grids[0].units.iter().map(of_cell).collect()
    }

    /// Unknowns for the pieces of cells with several, and their sums. Gives cell, and for each piece its position and unknowns by column.
    fn cut(&mut self, pieces: &[Vec<Vec<Option<Arc<str>>>>]) -> Vec<(u32, Vec<(usize, Vec<u32>)>)> {
        let width = self.bundle.columns.len();
        let mut cut = Vec::new();
        for (cell, of_cell) in pieces.iter().enumerate().filter(|(_, of_cell)| of_cell.len() > 1) {
            let mut unknowns: Vec<(usize, Vec<u32>)> = (0..of_cell.len()).map(|piece| (piece, vec![NONE; width])).collect();
            for column in 0..width {
                let at = cell * width + column;
                let number = (self.date.grids[0].numbers[at], self.grids[0][at]);
                if number == (0, NONE) {
                    continue;
                }
                let mut row = Row::default();
                row.add(-1, number);
                for (_, unknowns) in &mut unknowns {
                    let unknown = self.system.unknown(0);
                    unknowns[column] = unknown;
                    row.add(1, (0, unknown));
                    self.targets.push(Target { unknown, place: Place::Piece, unit: cell as u32, column: column as u32 });
                }
                self.system.push(&row.terms, row.constant);
            }
            for (_, unknowns) in &unknowns {
                relate(&mut self.system, self.columns, |column| (0, unknowns[column]));
            }
            cut.push((cell as u32, unknowns));
        }
        cut
    }

    /// For one system the coarsest cells that lie in one area, or outside all, as a whole: level, unit and area.
    fn members(&self, system: usize, pieces: &[Vec<Vec<Option<Arc<str>>>>]) -> Vec<(usize, u32, Option<Arc<str>>)> {
        #[derive(Clone, PartialEq)]
        enum Held {
            Nobody,
            By(Option<Arc<str>>),
            Several,
        }
        let one = |of_cell: &Vec<Vec<Option<Arc<str>>>>| match of_cell.split_first() {
            None => Held::By(None),
            Some((first, rest)) if rest.iter().all(|piece| piece[system] == first[system]) => Held::By(first[system].clone()),
            Some(_) => Held::Several,
        };
        // With secret zeros a coarser cell may hold cells that are not listed, and sizes of several bundles may not nest in a row: then only the
        // finest are taken.
        let in_a_row = (1..self.date.grids.len()).all(|level| self.bundle.nested_in(level) + 1 == level);
        let levels = if self.public_zeros && in_a_row { self.date.grids.len() } else { 1 };
        let mut held: Vec<Vec<Held>> = vec![pieces.iter().map(one).collect()];
        let mut parents: Vec<Vec<usize>> = Vec::new();
        for level in 1..levels {
            let size = self.bundle.sizes[level].1;
            let units = &self.date.grids[level].units;
            let at: FxHashMap<CellId, usize> = units.iter().enumerate().map(|(at, &cell)| (cell, at)).collect();
            let parent = |cell: &CellId| at.get(&cell.at_least(size)).copied().unwrap_or(usize::MAX);
            let of_children: Vec<usize> = self.date.grids[level - 1].units.iter().map(parent).collect();
            let mut own = vec![Held::Nobody; units.len()];
            for (child, &parent) in of_children.iter().enumerate().filter(|(_, parent)| **parent != usize::MAX) {
                let joined = match (&own[parent], &held[level - 1][child]) {
                    (Held::Nobody, other) => other.clone(),
                    (own, other) if own == other => other.clone(),
                    _ => Held::Several,
                };
                own[parent] = joined;
            }
            held.push(own);
            parents.push(of_children);
        }
        let mut members = Vec::new();
        for level in 0..levels {
            for (unit, held_by) in held[level].iter().enumerate() {
                let Held::By(key) = held_by else { continue };
                let parent = parents.get(level).map(|of| of[unit]).filter(|&parent| parent != usize::MAX);
                if !parent.is_some_and(|parent| matches!(held[level + 1][parent], Held::By(_))) {
                    members.push((level, unit as u32, key.clone()));
                }
            }
        }
        members
    }
}

/// States the relations of one unit.
fn relate(system: &mut System, columns: &Columns, number: impl Fn(usize) -> (i64, u32)) {
    let mut row = Row::default();
    for relation in &columns.relations {
        row.terms.clear();
        row.constant = 0;
        for &(column, sign) in relation {
            row.add(sign as i32, number(column));
        }
        system.push(&row.terms, row.constant);
    }
}
