//! Time and memory of each stage, taken where progress is told.

use std::sync::Mutex;
use std::time::Instant;

use crate::progress::{Progress, Stage};

/// Time and memory of a stage.
#[derive(Clone, Copy, Debug)]
pub struct StageTime {
    /// The stage.
    pub stage: Stage,
    /// Wall time, seconds; a stage that begins twice adds up.
    pub seconds: f64,
    /// Peak memory of the process up to the stage's end, bytes, where the system tells it.
    pub peak_memory_bytes: Option<u64>,
}

/// Passes progress on and keeps the time.
pub(super) struct Stopwatch<'p> {
    progress: &'p dyn Progress,
    taken: Mutex<(Vec<StageTime>, Option<(Stage, Instant)>)>,
}

impl<'p> Stopwatch<'p> {
    pub(super) fn new(progress: &'p dyn Progress) -> Self {
        Self { progress, taken: Mutex::new((Vec::new(), None)) }
    }

    pub(super) fn stages(&self) -> Vec<StageTime> {
        self.taken.lock().expect("no holder panics").0.clone()
    }

    fn stop(&self) {
        let mut taken = self.taken.lock().expect("no holder panics");
        let Some((stage, begun)) = taken.1.take() else { return };
        let seconds = begun.elapsed().as_secs_f64();
        let peak_memory_bytes = peak_memory_bytes();
        match taken.0.iter_mut().find(|time| time.stage == stage) {
            Some(time) => {
                time.seconds += seconds;
                time.peak_memory_bytes = peak_memory_bytes;
            }
            None => taken.0.push(StageTime { stage, seconds, peak_memory_bytes }),
        }
    }
}

impl Progress for Stopwatch<'_> {
    fn begin(&self, stage: Stage, total: Option<u64>) {
        self.stop();
        self.progress.begin(stage, total);
        self.taken.lock().expect("no holder panics").1 = Some((stage, Instant::now()));
    }

    fn advance(&self, amount: u64) {
        self.progress.advance(amount);
    }

    fn end(&self) {
        self.stop();
        self.progress.end();
    }
}

/// `VmHWM` of the running process; Linux only.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
