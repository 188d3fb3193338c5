//! Disclosure control: raw counts in, a [`Release`] out.
//!
//! The only place that reads a raw count or makes a [`ProtectedCount`].

mod release;

pub use release::{Block, ProtectedCount, Release, Status};
