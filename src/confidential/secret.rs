//! The user's secret key, and keyed hashes under it.

use std::fmt;

use sha2::{Digest, Sha256};

/// 256 secret random bits, the same for every run of a series. No `Display`, no serialisation; `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// How many hexadecimal digits a key is written with.
    pub const DIGITS: usize = 64;

    /// Reads 64 hexadecimal digits; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let digits = text.bytes().map(digit).collect::<Option<Vec<u8>>>()?;
        let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        let bytes = bytes.try_into().ok()?;
        (digits.len() == Self::DIGITS).then_some(Self(bytes))
    }

    /// A keyed hash for one purpose; those of different purposes have nothing to do with each other.
    pub(in crate::confidential) fn hash_for(&self, purpose: Purpose) -> KeyedHash {
        // Both lengths are fixed, so the hash of one after the other is a key derivation; nothing of it leaves the closed room.
        let label: &[u8; 32] = match purpose {
            Purpose::RecordKeys => b"kleinraum 1: permanent record ke",
            Purpose::Rounding => b"kleinraum 1: draws of a rounding",
            Purpose::TableCells => b"kleinraum 1: keys of table cells",
        };
        let derived = Sha256::new().chain_update(label).chain_update(self.0).finalize();
        let word = |at: usize| u64::from_le_bytes(derived[at..at + 8].try_into().expect("eight bytes"));
        KeyedHash { words: [word(0), word(8)] }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

/// What a keyed hash is for.
#[derive(Clone, Copy)]
pub(in crate::confidential) enum Purpose {
    /// The permanent keys of records (cell-key method).
    RecordKeys,
    /// The draws of controlled rounding.
    Rounding,
    /// The keys of cells of plain tables, which have no records.
    TableCells,
}

/// SipHash-2-4 (Aumasson, Bernstein 2012): without the key its values cannot be told from independent uniform draws. About 20 ns.
#[derive(Clone, Copy)]
pub(in crate::confidential) struct KeyedHash {
    words: [u64; 2],
}

impl KeyedHash {
    /// The hash of bytes.
    pub(in crate::confidential) fn of_bytes(&self, bytes: &[u8]) -> u64 {
        let chunks = bytes.chunks_exact(8);
        let mut last = [0; 8];
        last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
        last[7] = bytes.len() as u8;
        let word = |chunk: &[u8]| u64::from_le_bytes(chunk.try_into().expect("eight bytes"));
        let mut state = State::new(self.words);
        chunks.map(word).for_each(|word| state.absorb(word));
        state.absorb(u64::from_le_bytes(last));
        state.finish()
    }

    /// The hash of words.
    pub(in crate::confidential) fn of_words<const N: usize>(&self, words: [u64; N]) -> u64 {
        let mut state = State::new(self.words);
        words.into_iter().for_each(|word| state.absorb(word));
        state.absorb((N as u64 * 8) << 56);
        state.finish()
    }
}

struct State([u64; 4]);

impl State {
    fn new([k0, k1]: [u64; 2]) -> Self {
        Self([k0 ^ 0x736f_6d65_7073_6575, k1 ^ 0x646f_7261_6e64_6f6d, k0 ^ 0x6c79_6765_6e65_7261, k1 ^ 0x7465_6462_7974_6573])
    }

    #[inline]
    fn round(&mut self) {
        let [v0, v1, v2, v3] = &mut self.0;
        *v0 = v0.wrapping_add(*v1);
        *v1 = v1.rotate_left(13) ^ *v0;
        *v0 = v0.rotate_left(32);
        *v2 = v2.wrapping_add(*v3);
        *v3 = v3.rotate_left(16) ^ *v2;
        *v0 = v0.wrapping_add(*v3);
        *v3 = v3.rotate_left(21) ^ *v0;
        *v2 = v2.wrapping_add(*v1);
        *v1 = v1.rotate_left(17) ^ *v2;
        *v2 = v2.rotate_left(32);
    }

    #[inline]
    fn absorb(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.round();
        self.0[0] ^= word;
    }

    fn finish(mut self) -> u64 {
        self.0[2] ^= 0xff;
        (0..4).for_each(|_| self.round());
        self.0[0] ^ self.0[1] ^ self.0[2] ^ self.0[3]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Key 00 01 … 0f, as in the authors' test vectors.
    const REFERENCE: KeyedHash = KeyedHash { words: [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908] };

    #[test]
    fn the_authors_test_vectors() {
        let bytes: Vec<u8> = (0..15).collect();
        assert_eq!(REFERENCE.of_bytes(&bytes[..0]), 0x726f_db47_dd0e_0e31);
        assert_eq!(REFERENCE.of_bytes(&bytes[..8]), 0x93f5_f579_9a93_2462);
        assert_eq!(REFERENCE.of_bytes(&bytes), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn words_hash_like_their_bytes() {
        assert_eq!(REFERENCE.of_words([0x0706_0504_0302_0100]), 0x93f5_f579_9a93_2462);
    }

    #[test]
    fn a_key_is_64_hexadecimal_digits_and_hides_itself() {
        let key = Key::from_hex(&"0aF1".repeat(16)).unwrap();
        assert_eq!(format!("{key:?}"), "Key(hidden)");
        for text in ["", "0a", &"0a".repeat(33), &"0g".repeat(32), &"0ä".repeat(21), &"a".repeat(63)] {
            assert!(Key::from_hex(text).is_none());
        }
    }

    #[test]
    fn purposes_and_keys_hash_differently() {
        let keys = ["00", "01"].map(|byte| Key::from_hex(&byte.repeat(32)).unwrap());
        let hashes: Vec<u64> = keys
            .iter()
            .flat_map(|key| [Purpose::RecordKeys, Purpose::Rounding, Purpose::TableCells].map(|p| key.hash_for(p).of_words([7])))
            .collect();
        assert!((0..6).all(|a| (0..a).all(|b| hashes[a] != hashes[b])));
    }
}
