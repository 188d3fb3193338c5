//! Keys numbered as they come, and a thread's memory of texts it has seen. The numbers differ between runs; they are replaced by ranks
//! before anything is compared or leaves the cube.

use std::borrow::Borrow;
use std::hash::Hash;

use rustc_hash::FxHashMap;

use crate::confidential::account::Reason;
use crate::confidential::cube::error::CubeError;

/// Keys and their numbers, in the order they came.
pub(super) struct Numbered<K> {
    numbers: FxHashMap<K, u32>,
    keys: Vec<K>,
}

impl<K> Default for Numbered<K> {
    fn default() -> Self {
        Self { numbers: FxHashMap::default(), keys: Vec::new() }
    }
}

impl<K: Hash + Eq + Clone> Numbered<K> {
    /// The key's number, a new one if it is new; `None` where that would be the number `limit`.
    pub(super) fn number<Q>(&mut self, key: &Q, limit: usize) -> Option<u32>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(&number) = self.numbers.get(key) {
            return Some(number);
        }
        let number = self.keys.len();
        if number >= limit {
            return None;
        }
        let key = key.to_owned();
        self.keys.push(key.clone());
        self.numbers.insert(key, number as u32);
        Some(number as u32)
    }

    /// All keys by number.
    pub(super) fn keys(&self) -> &[K] {
        &self.keys
    }
}

/// The rank of each number when its keys are ordered.
pub(super) fn ranks<K>(keys: &[K], mut order: impl FnMut(&K, &K) -> std::cmp::Ordering) -> Vec<u32> {
    let mut sorted: Vec<u32> = (0..keys.len() as u32).collect();
    sorted.sort_by(|&a, &b| order(&keys[a as usize], &keys[b as usize]));
    let mut ranks = vec![0; keys.len()];
    for (rank, &number) in sorted.iter().enumerate() {
        ranks[number as usize] = rank as u32;
    }
    ranks
}

/// Why a value has no code.
#[derive(Debug)]
pub(super) enum Fault {
    /// The row is rejected.
    Row(Reason),
    /// The run stops.
    Stop(CubeError),
}

const RECENT: usize = 64;
const KNOWN_AT_MOST: usize = 4096;

/// A thread's memory of the codes of texts. Repeated texts cost one comparison, about 3 ns.
pub(super) struct TextCoder {
    recent: Vec<(Box<str>, u32)>,
    known: FxHashMap<Box<str>, u32>,
}

impl TextCoder {
    pub(super) fn new() -> Self {
        Self { recent: vec![("".into(), 0); RECENT], known: FxHashMap::default() }
    }

    /// The code of a text that is not empty; asks `resolve` for one not seen before.
    pub(super) fn code(&mut self, text: &str, resolve: impl FnOnce(&str) -> Result<u32, Fault>) -> Result<u32, Fault> {
        let bytes = text.as_bytes();
        let mix = bytes.len() * 31
            + usize::from(bytes[0]) * 7
            + usize::from(bytes[bytes.len() - 1])
            + usize::from(bytes[bytes.len() / 2]) * 3;
        let slot = &mut self.recent[mix % RECENT];
        if &*slot.0 == text {
            return Ok(slot.1);
        }
        let code = match self.known.get(text) {
            Some(&code) => code,
            None => {
                let code = resolve(text)?;
                if self.known.len() >= KNOWN_AT_MOST {
                    self.known.clear();
                }
                self.known.insert(text.into(), code);
                code
            }
        };
        *slot = (text.into(), code);
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_number_and_stop_at_the_limit() {
        let mut numbered = Numbered::<String>::default();
        let numbers: Vec<_> = ["b", "a", "b", "c", "a"].map(|text| numbered.number(text, 2)).into();
        assert_eq!(numbers, [Some(0), Some(1), Some(0), None, Some(1)]);
        assert_eq!(ranks(numbered.keys(), Ord::cmp), [1, 0]);
    }

    #[test]
    fn texts_of_one_slot_are_told_apart() {
        let mut coder = TextCoder::new();
        let mut asked = 0;
        for _ in 0..3 {
            for (code, text) in ["axc", "ayc", "azzc", "c"].into_iter().enumerate() {
                let mut resolve = |_: &str| {
                    asked += 1;
                    Ok(code as u32)
                };
                assert_eq!(coder.code(text, &mut resolve).unwrap(), code as u32);
            }
        }
        assert_eq!(asked, 4);
    }
}
