//! Arithmetic modulo the Mersenne prime 2^61 − 1.
//!
//! A linear dependence with coefficients 0 and ±1 that holds over the rationals holds modulo the prime; the reverse fails only where a
//! minor of the system is a multiple of the prime. A random residue is zero by chance once in 2^61.

/// 2^61 − 1.
pub(super) const PRIME: u64 = (1 << 61) - 1;

/// Minus one.
pub(super) const MINUS_ONE: u64 = PRIME - 1;

/// The sum of two residues.
#[inline]
pub(super) fn add(a: u64, b: u64) -> u64 {
    let sum = a + b;
    if sum >= PRIME { sum - PRIME } else { sum }
}

/// The difference of two residues.
#[cfg(test)]
pub(super) fn sub(a: u64, b: u64) -> u64 {
    if a >= b { a - b } else { a + PRIME - b }
}

/// Zero minus a residue.
#[inline]
pub(super) fn neg(a: u64) -> u64 {
    if a == 0 { 0 } else { PRIME - a }
}

/// The product of two residues.
#[inline]
pub(super) fn mul(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let folded = (product as u64 & PRIME) + (product >> 61) as u64;
    if folded >= PRIME { folded - PRIME } else { folded }
}

/// The inverse of a residue that is not zero (Fermat).
pub(super) fn inverse(a: u64) -> u64 {
    match a {
        1 | MINUS_ONE => a,
        _ => {
            let (mut power, mut base, mut exponent) = (1, a, PRIME - 2);
            while exponent > 0 {
                if exponent & 1 == 1 {
                    power = mul(power, base);
                }
                base = mul(base, base);
                exponent >>= 1;
            }
            power
        }
    }
}

/// A residue that is not zero, the same for the same index in every run (SplitMix64, Steele et al. 2014).
#[inline]
pub(super) fn scatter(index: u64) -> u64 {
    let mut z = index.wrapping_add(0x6b6c_6569_6e72_6175).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) % (PRIME - 1) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverses_multiply_to_one() {
        for a in [1, 2, 3, MINUS_ONE, 123_456_789_012_345, scatter(7)] {
            assert_eq!(mul(a, inverse(a)), 1);
        }
    }

    #[test]
    fn minus_one_squared_is_one() {
        assert_eq!(mul(MINUS_ONE, MINUS_ONE), 1);
        assert_eq!((add(MINUS_ONE, 1), sub(0, 1), neg(1), neg(0)), (0, MINUS_ONE, MINUS_ONE, 0));
    }
}
