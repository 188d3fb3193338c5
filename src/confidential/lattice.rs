//! What is published, declared before the run: sizes × area systems × tables × dates. Holds no count.

use crate::area::AreaSystem;
use crate::grid::{CellId, GridSize, GridSizes};
use std::sync::Arc;

/// A dimension with its categories in the order they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Technical name, as tables name it.
    pub name: String,
    /// Name for readers.
    pub label: String,
    /// Category labels. A group names them by position.
    pub categories: Vec<String>,
}

/// Dimensions crossed: positions into [`Lattice::dimensions`], ascending. Empty for the total.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table(pub Vec<usize>);

/// One published column: a group of a table, counted or summed over a measure.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Column {
    /// Position into [`Lattice::tables`].
    pub table: usize,
    /// One category position for each dimension of the table, in the table's order.
    pub group: Vec<usize>,
    /// Position into [`Lattice::measures`]; `None` counts records.
    pub measure: Option<usize>,
}

/// A geographic level: one grid size or one area system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Squares of this size.
    Grid(GridSize),
    /// Areas of the system at this position in [`Lattice::systems`].
    Areas(usize),
}

/// One published place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// A grid square.
    Cell(CellId),
    /// The area at this position in its system's `areas`.
    Area(u32),
}

/// Everything that is published, and nothing more.
#[derive(Clone, Debug)]
pub struct Lattice {
    /// Grid sizes, finest first.
    pub sizes: GridSizes,
    /// The largest size that cells of finer levels may be joined to where few people live: such a level holds cells of its own size and
    /// of coarser ones, each place once. `None`: every cell has the size of its level.
    pub joined: Option<GridSize>,
    /// Area systems.
    pub systems: Vec<Arc<AreaSystem>>,
    /// Dimensions with their categories.
    pub dimensions: Vec<Dimension>,
    /// Tables, the total first, none twice.
    pub tables: Vec<Table>,
    /// Names of the summed measures.
    pub measures: Vec<String>,
    /// Reference dates as ISO 8601 text, ascending; one `None` where the records have no date.
    pub dates: Vec<Option<String>>,
}

impl Lattice {
    /// Tables as a lattice wants them: dimensions ascending, the total first, then the declared ones in their order, none twice.
    pub fn total_first(declared: impl IntoIterator<Item = Vec<usize>>) -> Vec<Table> {
        let mut tables = vec![Table(Vec::new())];
        for mut dimensions in declared {
            dimensions.sort_unstable();
            dimensions.dedup();
            if !tables.iter().any(|table| table.0 == dimensions) {
                tables.push(Table(dimensions));
            }
        }
        tables
    }

    /// All published columns: counts table by table with the last dimension running fastest, then the same for each measure.
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::new();
        for measure in std::iter::once(None).chain((0..self.measures.len()).map(Some)) {
            for (table, dimensions) in self.tables.iter().enumerate() {
                let sizes: Vec<usize> = dimensions.0.iter().map(|&d| self.dimensions[d].categories.len()).collect();
                let groups: usize = sizes.iter().product();
                for index in 0..groups {
                    let mut rest = index;
                    let mut group = vec![0; sizes.len()];
                    for (slot, &size) in group.iter_mut().zip(&sizes).rev() {
                        *slot = rest % size;
                        rest /= size;
                    }
                    columns.push(Column { table, group, measure });
                }
            }
        }
        columns
    }

    /// All geographic levels: sizes finest first, then area systems.
    pub fn levels(&self) -> Vec<Level> {
        let grids = self.sizes.as_slice().iter().map(|&s| Level::Grid(s));
        grids.chain((0..self.systems.len()).map(Level::Areas)).collect()
    }

    /// Whether the level may hold cells larger than its own size.
    pub fn adaptive(&self, level: Level) -> bool {
        matches!((level, self.joined), (Level::Grid(size), Some(largest)) if size < largest)
    }

    /// The name of a level in every output: `100m`, `1km`, or the area system's name.
    pub fn level_name(&self, level: Level) -> String {
        match level {
            Level::Grid(size) => size.level_name(),
            Level::Areas(system) => self.systems[system].name.clone(),
        }
    }

    /// The id of a unit in every output: the cell's code or the area's key.
    pub fn unit_id(&self, level: Level, unit: Unit) -> String {
        match (level, unit) {
            (_, Unit::Cell(cell)) => cell.code(),
            (Level::Areas(system), Unit::Area(area)) => self.systems[system].areas[area as usize].key.clone(),
            (Level::Grid(_), Unit::Area(_)) => unreachable!("a grid level holds cells"),
        }
    }

    /// The name of a column's table: `total`, `age`, `age,sex`; a sum has the measure behind a colon, `age:income`.
    pub fn table_name(&self, column: &Column) -> String {
        let dimensions = &self.tables[column.table].0;
        let mut name = match dimensions.as_slice() {
            [] => "total".to_owned(),
            some => some.iter().map(|&d| self.dimensions[d].name.as_str()).collect::<Vec<_>>().join(","),
        };
        if let Some(measure) = column.measure {
            name.push(':');
            name.push_str(&self.measures[measure]);
        }
        name
    }

    /// The group's category labels joined by `|`; empty for the total.
    pub fn group_name(&self, column: &Column) -> String {
        let dimensions = &self.tables[column.table].0;
        let labels = dimensions.iter().zip(&column.group).map(|(&d, &c)| self.dimensions[d].categories[c].as_str());
        labels.collect::<Vec<_>>().join("|")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_comes_first_and_no_table_twice() {
        let tables = Lattice::total_first([vec![1, 0], vec![], vec![1], vec![0, 1]]);
        assert_eq!(tables, [vec![], vec![0, 1], vec![1]].map(Table));
    }
}
