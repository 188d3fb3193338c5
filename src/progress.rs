//! What a long stage tells while it runs; the command line draws bars or writes JSON lines from it.

/// A stage of the way from records to a bundle, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Boundaries are read and indexed.
    Areas,
    /// Records are read, georeferenced and counted (amount: bytes of input, or rows).
    Read,
    /// Counts are protected.
    Protect,
    /// Tiles are written.
    Tiles,
    /// Files are written.
    Export,
    /// Inputs and outputs get their hashes.
    Hash,
    /// The bundle is checked.
    Verify,
    /// The bundle is attacked.
    Audit,
}

impl Stage {
    /// The stable technical name, as in `run.json` and `--log json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Areas => "areas",
            Self::Read => "read",
            Self::Protect => "protect",
            Self::Tiles => "tiles",
            Self::Export => "export",
            Self::Hash => "hash",
            Self::Verify => "verify",
            Self::Audit => "audit",
        }
    }
}

/// Hears how far a stage is. Called from many threads.
pub trait Progress: Sync {
    /// A stage begins; `total` is the amount of work if it is known.
    fn begin(&self, stage: Stage, total: Option<u64>);
    /// `amount` more of the running stage's work is done.
    fn advance(&self, amount: u64);
    /// The running stage is over.
    fn end(&self);
}

/// Tells nobody.
#[derive(Debug)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Stage, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}
