//! The `kleinraum` program.

fn main() {}
