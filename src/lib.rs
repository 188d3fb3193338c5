//! Records about people in, maps that are safe to publish out.
//!
//! ```text
//! records ─▶ georeference ─▶ cube ─▶ disclosure control ─▶ release ─▶ layers ─▶ tiles · files
//! ```
//!
//! The types worth knowing: [`grid::CellId`] (a square of the statistical grid), [`area::AreaSystem`] (named polygons),
//! [`confidential::Lattice`] (what is published, declared before the run) and [`confidential::Release`] (the lattice after disclosure control:
//! the only thing writers see). Data flows one way; a room knows the rooms before it, never after.

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod area;
pub mod ask;
pub mod audit;
pub mod cli;
pub mod confidential;
pub mod config;
pub mod demo;
pub mod error;
pub mod export;
pub mod geodesy;
pub mod grid;
pub mod layer;
pub mod pipeline;
pub mod progress;
pub mod report;
pub mod serve;
pub mod simd;
pub mod tiling;
pub mod verify;
