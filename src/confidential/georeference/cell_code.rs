//! Positions by cell code: `CRS3035RES100mN2690300E4341100`, `DE_…`, `100mN26903E43411`.

use crate::confidential::account::Reason;
use crate::confidential::georeference::Places;
use crate::confidential::records::TextValues;
use crate::confidential::sieve::Sieve;
use crate::grid::{CellId, GridSize};

/// Places records by the cell code in a column.
pub(in crate::confidential) struct CellCodes<'s> {
    column: &'s str,
    finest: GridSize,
}

impl<'s> CellCodes<'s> {
    /// Codes in `column`, counted in cells of `finest`.
    pub(in crate::confidential) fn new(column: &'s str, finest: GridSize) -> Self {
        Self { column, finest }
    }

    /// The cells of a batch. Rows in a cell's order cost one comparison of text, others about 50 ns.
    pub(in crate::confidential) fn place(&self, codes: &TextValues, sieve: &mut Sieve<'_>) -> Places {
        let nowhere = CellId::of_corner(self.finest, 0, 0).expect("the grid begins with a cell");
        let mut cells = vec![nowhere; sieve.rows()];
        let mut last: Option<(&str, CellId)> = None;
        for (row, slot) in cells.iter_mut().enumerate() {
            if !sieve.stands(row) {
                continue;
            }
            let Some(code) = codes.get(row) else {
                sieve.reject(row, Reason::MissingPosition, self.column);
                continue;
            };
            match last {
                Some((known, cell)) if known == code => *slot = cell,
                _ => match self.cell(code) {
                    Ok(cell) => {
                        *slot = cell;
                        last = Some((code, cell));
                    }
                    Err(reason) => sieve.reject(row, reason, self.column),
                },
            }
        }
        Places { cells, points_3035_m: None, exactly_projected: 0, areas: Vec::new() }
    }

    /// The cell of the finest size that a code lies in.
    fn cell(&self, code: &str) -> Result<CellId, Reason> {
        let cell: CellId = code.parse().map_err(|_| Reason::CellCode)?;
        let (given_m, finest_m) = (cell.size().metres(), self.finest.metres());
        if given_m > finest_m {
            Err(Reason::CellTooCoarse)
        } else if finest_m % given_m != 0 {
            Err(Reason::CellNotNested)
        } else {
            Ok(cell.parent(self.finest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(finest_m: u32, code: &str) -> Result<String, Reason> {
        CellCodes::new("cell", GridSize::new(finest_m).unwrap()).cell(code).map(CellId::code)
    }

    #[test]
    fn codes_of_the_finest_size_are_kept() {
        assert_eq!(cell(100, "100mN26903E43411"), Ok("CRS3035RES100mN2690300E4341100".into()));
    }

    #[test]
    fn finer_codes_become_their_parent() {
        assert_eq!(cell(1000, "DE_CRS3035RES250mN2690250E4341750"), Ok("CRS3035RES1000mN2690000E4341000".into()));
    }

    #[test]
    fn coarser_codes_are_refused() {
        assert_eq!(cell(100, "1kmN2690E4341"), Err(Reason::CellTooCoarse));
    }

    #[test]
    fn codes_that_do_not_nest_are_refused() {
        assert_eq!(cell(250, "100mN26903E43411"), Err(Reason::CellNotNested));
    }

    #[test]
    fn other_texts_are_refused() {
        assert_eq!(cell(100, "Hauptstraße 1"), Err(Reason::CellCode));
    }
}
