//! A count before disclosure control. Stays in the closed room.

use std::fmt;
use std::ops::AddAssign;

/// Records counted, unprotected. No `Display`, no serialisation, no comparison with a number; `Debug` hides it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::confidential) struct RawCount(u64);

impl RawCount {
    /// One record.
    pub(in crate::confidential) const ONE: Self = Self(1);

    /// One more than a [`SmallCount`] holds.
    pub(in crate::confidential) const SMALL_LIMIT: Self = Self(1 << u8::BITS);

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

/// Records counted, unprotected, in a byte: what goes beyond is counted elsewhere. As closed as [`RawCount`].
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::confidential) struct SmallCount(u8);

impl SmallCount {
    /// Counts a record. True if the count was full: it is none again, and [`RawCount::SMALL_LIMIT`] are to be counted elsewhere.
    #[inline]
    pub(in crate::confidential) fn count_one(&mut self) -> bool {
        self.0 = self.0.wrapping_add(1);
        self.0 == 0
    }

    /// Whether there are no records, or a full count of them.
    #[inline]
    pub(in crate::confidential) fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl From<SmallCount> for RawCount {
    fn from(small: SmallCount) -> Self {
        Self(u64::from(small.0))
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
