//! Disclosure control: raw counts in, a [`Release`] out.
//!
//! The only place that reads a raw count or makes a [`ProtectedCount`].

mod release;

#[cfg(test)]
pub(crate) use release::for_tests;
pub use release::{Block, ProtectedCount, Release, Status};
