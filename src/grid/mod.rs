//! The statistical grid: nested squares in EPSG:3035 (ETRS89-LAEA Europe).
//!
//! In: easting and northing in metres. Out: [`CellId`], its code, parent, children and outline. [`GridSizes`] is the nested list
//! of sizes a run uses. Used by every later room; knows only `error`.

mod cell;
mod size;

pub use cell::{CellFinder, CellId, CodeError};
pub use size::{GridSize, GridSizes, SizeError};
