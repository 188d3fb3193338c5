//! Rows of a text file: rendered in pieces on all threads, written in order while the next pieces are rendered.

use std::io::{self, Write};
use std::ops::Range;

use rayon::prelude::*;

/// Rows rendered at a time: some hundred kilobytes of CSV, two megabytes of GeoJSON.
const PIECE_ROWS: usize = 4096;

/// Writes the rows `0..rows`, which `render` appends to a text. Holds four pieces a thread; the bytes do not depend on the threads.
pub(super) fn write_rows(
    out: &mut (impl Write + Send),
    rows: usize,
    render: impl Fn(Range<usize>, &mut Vec<u8>) + Sync,
) -> io::Result<()> {
    let pieces = rows.div_ceil(PIECE_ROWS);
    let wave = 2 * rayon::current_num_threads();
    let render_wave = |first: usize, texts: &mut Vec<Vec<u8>>| {
        texts.resize_with(wave.min(pieces - first.min(pieces)), Vec::new);
        texts.par_iter_mut().zip(first..pieces).for_each(|(text, piece)| {
            text.clear();
            render(piece * PIECE_ROWS..rows.min((piece + 1) * PIECE_ROWS), text);
        });
    };
    let (mut ready, mut next) = (Vec::new(), Vec::new());
    render_wave(0, &mut ready);
    let mut first = wave;
    while !ready.is_empty() {
        let write = || ready.iter().try_for_each(|text| out.write_all(text));
        let (written, ()) = rayon::join(write, || render_wave(first, &mut next));
        written?;
        std::mem::swap(&mut ready, &mut next);
        first += wave;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_all_written_in_order_on_any_number_of_threads() {
        for (rows, threads) in [(0, 1), (1, 2), (PIECE_ROWS, 1), (PIECE_ROWS + 1, 3), (23 * PIECE_ROWS - 1, 2)] {
            let mut out = Vec::new();
            let render = |rows: Range<usize>, text: &mut Vec<u8>| rows.for_each(|row| text.extend(format!("{row}\n").bytes()));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| write_rows(&mut out, rows, render)).unwrap();
            let expected: String = (0..rows).map(|row| format!("{row}\n")).collect();
            assert!(out == expected.as_bytes(), "{rows} rows on {threads} threads");
        }
    }
}
