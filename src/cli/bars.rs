//! Progress as bars on a terminal, or as JSON lines.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{Log, words};
use crate::error::Language;
use crate::progress::{Progress, Stage};
use crate::say;

/// Tells progress on standard error.
pub(super) struct Telling {
    log: Log,
    language: Language,
    running: Mutex<Option<Running>>,
    done: AtomicU64,
}

struct Running {
    stage: Stage,
    bar: ProgressBar,
    begun: Instant,
}

impl Telling {
    pub(super) fn new(log: Log, language: Language) -> Self {
        Self { log, language, running: Mutex::new(None), done: AtomicU64::new(0) }
    }

    /// Takes the last bar away before the summary is told.
    pub(super) fn finish(&self) {
        self.end();
    }
}

impl Progress for Telling {
    fn begin(&self, stage: Stage, total: Option<u64>) {
        self.end();
        let bar = match (self.log, total) {
            (Log::Json, _) => ProgressBar::hidden(),
            (Log::Text, Some(total)) => ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()).with_style(
                ProgressStyle::with_template("{msg:22} {bar:40} {percent:>3} %  {elapsed}").expect("a valid template"),
            ),
            (Log::Text, None) => ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
                .with_style(ProgressStyle::with_template("{msg:22} {spinner} {elapsed}").expect("a valid template")),
        };
        bar.set_message(name(stage, self.language));
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        if self.log == Log::Json {
            words::tell_aside(&serde_json::json!({"event": "begin", "stage": stage.name(), "total": total}).to_string());
        }
        self.done.store(0, Ordering::Relaxed);
        *self.running.lock().expect("no holder panics") = Some(Running { stage, bar, begun: Instant::now() });
    }

    fn advance(&self, amount: u64) {
        self.done.fetch_add(amount, Ordering::Relaxed);
        if let Some(running) = &*self.running.lock().expect("no holder panics") {
            running.bar.inc(amount);
        }
    }

    fn end(&self) {
        let Some(running) = self.running.lock().expect("no holder panics").take() else { return };
        running.bar.finish_and_clear();
        let seconds = running.begun.elapsed().as_secs_f64();
        if self.log == Log::Json {
            let done = self.done.load(Ordering::Relaxed);
            words::tell_aside(
                &serde_json::json!({"event": "end", "stage": running.stage.name(), "done": done, "seconds": seconds}).to_string(),
            );
        }
    }
}

fn name(stage: Stage, language: Language) -> String {
    match stage {
        Stage::Areas => say!(language, "boundaries", "Gebietsgrenzen"),
        Stage::Read => say!(language, "reading and counting", "Lesen und Zählen"),
        Stage::Protect => say!(language, "protecting", "Schützen"),
        Stage::Tiles => say!(language, "tiles", "Kacheln"),
        Stage::Export => say!(language, "files", "Dateien"),
        Stage::Hash => say!(language, "hashes", "Prüfsummen"),
        Stage::Verify => say!(language, "checking", "Prüfen"),
        Stage::Audit => say!(language, "attacking", "Angreifen"),
    }
}
