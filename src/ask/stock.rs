//! A bundle's published numbers in memory: dimensions, columns, and one shelf of places for each level and date.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::confidential::Status;
use crate::grid::{CellId, GridSize};

/// A published number with its status in eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(i64);

impl Count {
    pub(super) const SUPPRESSED: Self = Self(i64::MIN);
    pub(super) const NONE: Self = Self(i64::MIN + 1);
    const UNCERTAIN_OFFSET: i64 = 1 << 62;
    /// Published numbers lie below.
    const LIMIT: i64 = 1 << 61;

    /// `None` where number and status contradict each other.
    pub(crate) fn new(value: Option<i64>, status: &str) -> Option<Self> {
        match (value, status) {
            (None, "suppressed") => Some(Self::SUPPRESSED),
            (None, "none") => Some(Self::NONE),
            (Some(v), "value" | "zero") if v.abs() < Self::LIMIT => Some(Self(v)),
            (Some(v), "uncertain") if v.abs() < Self::LIMIT => Some(Self(v + Self::UNCERTAIN_OFFSET)),
            _ => None,
        }
    }

    /// The number, if one is published.
    pub fn value(self) -> Option<i64> {
        match self.status() {
            Status::Suppressed | Status::None => None,
            Status::Uncertain => Some(self.0 - Self::UNCERTAIN_OFFSET),
            Status::Value | Status::Zero => Some(self.0),
        }
    }

    /// Its status.
    pub fn status(self) -> Status {
        match self {
            Self::SUPPRESSED => Status::Suppressed,
            Self::NONE => Status::None,
            Self(0) => Status::Zero,
            Self(v) if v > Self::LIMIT => Status::Uncertain,
            Self(_) => Status::Value,
        }
    }

    /// The sum of published numbers of one place; withheld where one of them is, whatever the others say.
    pub fn sum(parts: impl Iterator<Item = Self>) -> Self {
        let (mut sum, mut uncertain, mut none) = (0_i64, false, false);
        for part in parts {
            match part.status() {
                Status::Suppressed => return Self::SUPPRESSED,
                Status::None => none = true,
                status => {
                    uncertain |= status == Status::Uncertain;
                    sum = sum.saturating_add(part.value().unwrap_or(0));
                }
            }
        }
        match (none, uncertain) {
            (true, _) => Self::NONE,
            (_, true) => Self(sum + Self::UNCERTAIN_OFFSET),
            _ => Self(sum),
        }
    }
}

/// A dimension with its categories as published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// As tables name it.
    pub name: String,
    /// For readers.
    pub label: String,
    /// Labels, in their order.
    pub categories: Vec<String>,
    /// Further words for categories, as the plan defines them: the word, and positions of the categories it means.
    pub synonyms: Vec<(String, Vec<usize>)>,
}

/// One published column of counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The attribute in tiles and files.
    pub field: String,
    /// The attribute that holds its status.
    pub status_field: String,
    /// Positions into [`Stock::dimensions`]; empty for the total.
    pub dimensions: Vec<usize>,
    /// One category position for each dimension.
    pub group: Vec<usize>,
}

/// All places of one level and date.
#[derive(Clone, Debug)]
pub struct Shelf {
    /// The layer's name in tiles and files.
    pub name: String,
    /// The level's name: `100m`, `gemeinde`.
    pub level: String,
    /// Reference date.
    pub date: Option<String>,
    /// Side of the cells; none for areas.
    pub size: Option<GridSize>,
    /// Zooms at which tiles show it.
    pub zooms: Option<(u8, u8)>,
    /// Cell codes or area keys.
    pub ids: Vec<String>,
    /// Areas' names, as far as the bundle tells them; empty for cells.
    pub labels: Vec<String>,
    pub(super) numbers: Vec<Count>,
    pub(super) width: usize,
}

impl Shelf {
    /// The numbers of a place, one for each of [`Stock::columns`].
    pub fn numbers(&self, place: usize) -> &[Count] {
        &self.numbers[place * self.width..(place + 1) * self.width]
    }

    /// The name for readers.
    pub fn label(&self, place: usize) -> &str {
        self.labels.get(place).filter(|label| !label.is_empty()).unwrap_or(&self.ids[place])
    }

    /// The place as a cell.
    pub fn cell(&self, place: usize) -> Option<CellId> {
        self.size.and_then(|_| self.ids[place].parse().ok())
    }
}

/// Everything that questions are answered from.
#[derive(Clone, Debug)]
pub struct Stock {
    /// The bundle's folder.
    pub folder: PathBuf,
    /// Title of the bundle.
    pub title: String,
    /// Whose data it is.
    pub attribution: String,
    /// `suppress`, `round`, `cell-key`, `none`.
    pub method: String,
    /// What may be told of its parameters.
    pub parameters: BTreeMap<String, String>,
    /// Dimensions that some published table crosses.
    pub dimensions: Vec<Dimension>,
    /// Columns of counts, the total first.
    pub columns: Vec<Column>,
    /// Reference dates, ascending; one `None` where there is none.
    pub dates: Vec<Option<String>>,
    /// Shelves: dates ascending, cells finest first, then areas.
    pub shelves: Vec<Shelf>,
    /// For each area system its name, and the finest cells that each area has a part of.
    pub(super) cells_of_areas: BTreeMap<String, BTreeMap<String, Vec<CellId>>>,
}

impl Stock {
    /// Names of the levels of a date, cells finest first, then areas.
    pub fn levels(&self) -> Vec<String> {
        let mut levels: Vec<String> = Vec::new();
        for shelf in &self.shelves {
            if !levels.contains(&shelf.level) {
                levels.push(shelf.level.clone());
            }
        }
        levels
    }

    /// The shelf of a level and date.
    pub fn shelf(&self, level: &str, date: Option<&str>) -> Option<&Shelf> {
        self.shelves.iter().find(|s| s.level == level && s.date.as_deref() == date)
    }

    /// Whether the numbers of the finest groups add up to all others, so that no sum is withheld.
    pub fn additive(&self) -> bool {
        matches!(self.method.as_str(), "round" | "none")
    }

    /// An area by key or, without regard to case, by name: system and key.
    pub fn area(&self, wanted: &str) -> Option<(String, String)> {
        let lower = wanted.trim().to_lowercase();
        let areas = self.shelves.iter().filter(|s| s.size.is_none());
        let mut found = areas.flat_map(|s| (0..s.ids.len()).map(move |at| (s, at)));
        found
            .find(|(s, at)| s.ids[*at] == wanted.trim() || s.label(*at).to_lowercase() == lower)
            .map(|(s, at)| (s.level.clone(), s.ids[at].clone()))
    }

    /// The positions of a shelf's places inside an area; cells that its border crosses are inside.
    pub fn inside(&self, shelf: &Shelf, (system, key): (&str, &str)) -> Vec<usize> {
        if shelf.level == system {
            return (0..shelf.ids.len()).filter(|&at| shelf.ids[at] == key).collect();
        }
        let Some(cells) = self.cells_of_areas.get(system).and_then(|areas| areas.get(key)) else { return Vec::new() };
        let within = |at: &usize| {
            let Some(cell) = shelf.cell(*at) else { return false };
            let of_size = |fine: &CellId| if fine.size() <= cell.size() { fine.parent(cell.size()) } else { *fine };
            cells.iter().any(|fine| of_size(fine) == cell)
        };
        match shelf.size {
            Some(_) => (0..shelf.ids.len()).filter(within).collect(),
            None => Vec::new(),
        }
    }
}
