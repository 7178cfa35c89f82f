//! Startup: when this process began, and the moments from there to the first answer.

use std::fmt::Write as _;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// The moments of a start, in the order in which they usually come.
pub const PHASES: [&str; 7] =
    ["port_open", "runtime_loaded", "request_read", "decoded", "first_run", "answered", "ready"];

/// A moment of a start, by its place in `PHASES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Phase {
    PortOpen,
    RuntimeLoaded,
    RequestRead,
    Decoded,
    FirstRun,
    Answered,
    Ready,
}

const TOLD: usize = Phase::Answered as usize;
const LONGEST_BOOT: Duration = Duration::from_secs(1);

/// When a start was how far.
pub struct StartupClock {
    made: Instant,
    began: OnceLock<Instant>,
    moments: Mutex<[Option<Instant>; PHASES.len()]>,
    first: AtomicBool,
}

impl Default for StartupClock {
    fn default() -> Self {
        Self::new()
    }
}

impl StartupClock {
    /// Counts from the moment when this process began, to 10 ms; from now where the system does not tell.
    #[must_use]
    pub fn new() -> Self {
        let (began, moments) = (OnceLock::new(), Mutex::default());
        Self { made: Instant::now(), began, moments, first: AtomicBool::new(true) }
    }

    /// When this process began. The first call asks the system, which takes a while in a sandbox.
    pub fn began(&self) -> Instant {
        *self.began.get_or_init(|| {
            let began = process_age().and_then(|age| Instant::now().checked_sub(age)).unwrap_or(self.made);
            // A process older than that runs in a sandbox that counts from a moment of its own.
            let is_likely = self.made.saturating_duration_since(began) < LONGEST_BOOT;
            if is_likely { began.min(self.made) } else { self.made }
        })
    }

    /// Notes that a phase is reached now; what is noted already stays.
    pub fn mark(&self, phase: Phase) {
        self.mark_at(phase, Instant::now());
    }

    fn mark_at(&self, phase: Phase, at: Instant) {
        self.lock()[phase as usize].get_or_insert(at);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, [Option<Instant>; PHASES.len()]> {
        self.moments.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Every phase that was reached, with the time from process start.
    #[must_use]
    pub fn moments(&self) -> Vec<(&'static str, Duration)> {
        let began = self.began();
        let moments = self.lock();
        PHASES
            .iter()
            .zip(moments.iter())
            .filter_map(|(&phase, at)| at.map(|at| (phase, at.saturating_duration_since(began))))
            .collect()
    }

    /// The value of `Server-Timing` for the answer to a picture; the process's first one tells the start as well.
    ///
    /// `read` is the moment when the request was there; the run ends now.
    #[must_use]
    pub fn server_timing(&self, decode_ms: f64, inference_ms: f64, read: Instant) -> String {
        let mut timing = format!("decode;dur={decode_ms:.1}, inference;dur={inference_ms:.1}");
        if !self.first.swap(false, Ordering::Relaxed) {
            return timing;
        }
        let now = Instant::now();
        self.mark_at(Phase::RequestRead, read);
        self.mark_at(Phase::Decoded, now.checked_sub(Duration::from_secs_f64(inference_ms / 1e3)).unwrap_or(now));
        self.mark_at(Phase::FirstRun, now);
        let moments = self.moments();
        let started =
            ["ready", "runtime_loaded"].iter().find_map(|name| moments.iter().find(|(phase, _)| phase == name));
        let told = started.map(|&(_, at)| ("startup", at));
        let phases = moments.iter().copied().filter(|(phase, _)| PHASES[..TOLD].contains(phase));
        for (phase, at) in told.into_iter().chain(phases) {
            let _ = write!(timing, ", {phase};dur={:.1}", at.as_secs_f64() * 1e3);
        }
        timing
    }
}

/// How long this process has been there: /proc/self/stat, field 22, in clock ticks of 10 ms since boot (proc(5)), and
/// /proc/uptime.
fn process_age() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let began_ticks: u64 = stat.rsplit(')').next()?.split_ascii_whitespace().nth(19)?.parse().ok()?;
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let up_s: f64 = uptime.split_ascii_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(up_s).ok()?.checked_sub(Duration::from_millis(began_ticks * 10))
}
