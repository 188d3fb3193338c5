use kleinraum::confidential::{Block, Level, ProtectedCount};
use kleinraum::grid::GridSize;

fn main() {
    let level = Level::Grid(GridSize::new(100).unwrap());
    let _ = Block { date: 0, level, units: Vec::new(), numbers: Vec::<ProtectedCount>::new() };
}
