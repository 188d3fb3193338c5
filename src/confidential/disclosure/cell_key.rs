//! The cell-key method: noise looked up by a count and the sum of its records' permanent keys.
//!
//! Source: Fraser & Wooton (2005); Gießing & Höhne; METHODS A1. Keys are whole numbers of 64 bits that are added with
//! wrapping, so that sums are exact in any order; a probability p is an interval of p · 2^64 keys.

use crate::confidential::cube::CellKey;
use crate::confidential::disclosure::perturbation::PerturbationTable;

/// Noises by count and cell key.
pub(super) struct Noise {
    /// For each count the noises, each with the first key behind its interval.
    rows: Vec<Vec<(i32, u64)>>,
}

impl Noise {
    /// The intervals of a table: noise v is taken if the key lies below the cumulated probability up to v, and not below that before.
    pub(super) fn of(table: &PerturbationTable) -> Self {
        let bound = |cumulated: &mut f64, &(v, p): &(i32, f64)| {
            *cumulated += p;
            // A bound of 2^64 saturates; the last interval takes what is left.
            Some((v, (*cumulated * 2.0_f64.powi(64)) as u64))
        };
        Self { rows: table.rows().iter().map(|row| row.iter().scan(0.0, bound).collect()).collect() }
    }

    /// The published number. Zero stays zero; nothing falls below zero.
    pub(super) fn perturb(&self, count: u64, key: CellKey) -> i64 {
        let row = &self.rows[usize::try_from(count).unwrap_or(usize::MAX).min(self.rows.len() - 1)];
        let (last, before) = row.split_last().expect("every row has a noise");
        let noise = before.iter().find(|(_, bound)| key.expose() < *bound).unwrap_or(last).0;
        count as i64 + i64::from(noise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidential::disclosure::perturbation::PerturbationParameters;

    fn key(share: f64) -> CellKey {
        CellKey::of((share * 2.0_f64.powi(64)) as u64)
    }

    #[test]
    fn the_toy_of_the_handbook() {
        // HB 5.4: record keys .9, .3, .6 have the cell key .8; row 3 is {-1: .3, 0: .4, 1: .3}, so 3 becomes 4.
        let row = |row: &[(i32, f64)]| row.to_vec();
        let zero = row(&[(0, 1.0)]);
        let third = row(&[(-1, 0.3), (0, 0.4), (1, 0.3)]);
        let noise = Noise::of(&PerturbationTable::of_rows(vec![zero.clone(), zero.clone(), zero, third]));
        let cell = key(0.9).with(key(0.3)).with(key(0.6));
        assert!((cell.expose() as f64 / 2.0_f64.powi(64) - 0.8).abs() < 1e-9);
        assert_eq!(noise.perturb(3, cell), 4);
        assert_eq!([0.29, 0.31, 0.69, 0.71].map(|share| noise.perturb(3, key(share))), [2, 3, 3, 4]);
    }

    #[test]
    fn zero_stays_zero_and_small_counts_do_not_appear() {
        let table = PerturbationTable::solve(PerturbationParameters::new(5, 3.0, 2).unwrap()).unwrap();
        let noise = Noise::of(&table);
        for step in 0..1000_u64 {
            let key = CellKey::of(step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            assert_eq!(noise.perturb(0, key), 0);
            for count in 1..40 {
                let published = noise.perturb(count, key);
                assert!(published == 0 || published > 2, "{count} became {published}");
                assert!((published - count as i64).abs() <= 5);
            }
        }
    }

    #[test]
    fn noise_is_as_frequent_as_the_table_says() {
        let table = PerturbationTable::solve(PerturbationParameters::new(5, 3.0, 2).unwrap()).unwrap();
        let noise = Noise::of(&table);
        let keys = 1_000_000_u64;
        for count in [1, 4, 20] {
            for &(v, p) in table.row(count) {
                let step = u64::MAX / keys;
                let hits =
                    (0..keys).filter(|k| noise.perturb(count, CellKey::of(k * step)) == count as i64 + i64::from(v)).count();
                assert!((hits as f64 / keys as f64 - p).abs() < 1e-5, "count {count}, noise {v}");
            }
        }
    }
}
