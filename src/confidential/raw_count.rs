//! A count before disclosure control. Stays in the closed room.

use std::fmt;
use std::ops::AddAssign;

/// Records counted, unprotected. No `Display`, no serialisation, no comparison with a number; `Debug` hides it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::confidential) struct RawCount(u64);

impl RawCount {
    /// One record.
    pub(in crate::confidential) const ONE: Self = Self(1);

    /// As many records as a test wants.
    #[cfg(test)]
    pub(in crate::confidential) fn of(records: u64) -> Self {
        Self(records)
    }

    /// Takes the number out. Called in `disclosure` only; a test over the sources keeps it so.
    pub(in crate::confidential) fn expose(self) -> u64 {
        self.0
    }
}

impl AddAssign for RawCount {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl fmt::Debug for RawCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawCount(hidden)")
    }
}
