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
    /// Processor time of all threads, user and system, seconds, where the system tells it.
    pub cpu_seconds: Option<f64>,
    /// Peak memory of the process up to the stage's end, bytes, where the system tells it.
    pub peak_memory_bytes: Option<u64>,
}

/// The stage that runs, and what the clocks said when it began.
struct Running {
    stage: Stage,
    begun: Instant,
    cpu_seconds: Option<f64>,
}

/// Passes progress on and keeps the time.
pub(super) struct Stopwatch<'p> {
    progress: &'p dyn Progress,
    taken: Mutex<(Vec<StageTime>, Option<Running>)>,
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
        let Some(Running { stage, begun, cpu_seconds }) = taken.1.take() else { return };
        let seconds = begun.elapsed().as_secs_f64();
        let cpu_seconds = cpu_seconds.zip(self::cpu_seconds()).map(|(begin, end)| end - begin);
        let peak_memory_bytes = peak_memory_bytes();
        match taken.0.iter_mut().find(|time| time.stage == stage) {
            Some(time) => {
                time.seconds += seconds;
                time.cpu_seconds = time.cpu_seconds.zip(cpu_seconds).map(|(sum, more)| sum + more);
                time.peak_memory_bytes = peak_memory_bytes;
            }
            None => taken.0.push(StageTime { stage, seconds, cpu_seconds, peak_memory_bytes }),
        }
    }
}

impl Progress for Stopwatch<'_> {
    fn begin(&self, stage: Stage, total: Option<u64>) {
        self.stop();
        self.progress.begin(stage, total);
        self.taken.lock().expect("no holder panics").1 =
            Some(Running { stage, begun: Instant::now(), cpu_seconds: cpu_seconds() });
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

/// Processor time of the running process so far; Linux only, which counts it in hundredths of a second.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the program's name, which may hold anything: proc(5), fields 14 (user) and 15 (system).
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_ascii_whitespace().skip(11).map_while(|field| field.parse::<u64>().ok());
    Some((times.next()? + times.next()?) as f64 / 100.0)
}
