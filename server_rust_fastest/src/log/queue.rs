//! Line queue: lines -> a thread that writes them, so that nobody waits for who reads them.
//!
//! What does not fit, and what is not taken, is dropped, counted, and told once there is room. A line is written whole,
//! or not at all.

use std::collections::VecDeque;
use std::io::{ErrorKind, Write};
use std::mem::take;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How much may wait.
pub(super) const LIMIT_BYTES: usize = 1024 * 1024;
const BATCH_BYTES: usize = 64 * 1024;
/// Between two tries, where somebody who shares the descriptor has set it not to block.
const PAUSE: Duration = Duration::from_millis(10);

/// The thread starts with the first line.
pub(super) struct LineQueue {
    open: fn() -> Box<dyn Write>,
    tell_dropped: fn(usize) -> String,
    limit_bytes: usize,
    state: Mutex<State>,
    /// Notified of lines that come and of lines that are done with.
    changed: Condvar,
}

struct State {
    lines: VecDeque<String>,
    /// Of the lines that wait, and of those that are being written.
    held_bytes: usize,
    dropped: usize,
    has_thread: bool,
}

impl LineQueue {
    /// For what `open` gives; `tell_dropped` makes the line that tells how many are missing.
    pub(super) const fn new(
        open: fn() -> Box<dyn Write>,
        tell_dropped: fn(usize) -> String,
        limit_bytes: usize,
    ) -> Self {
        let state = State { lines: VecDeque::new(), held_bytes: 0, dropped: 0, has_thread: false };
        Self { open, tell_dropped, limit_bytes, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Has a line written, with its end; does not wait.
    pub(super) fn push(&'static self, line: String) {
        let mut state = self.lock();
        if state.held_bytes + line.len() > self.limit_bytes {
            state.dropped += 1;
            return;
        }
        state.push(line);
        if !state.has_thread {
            // Without a thread, the lines wait for one that another line may get.
            state.has_thread = thread::Builder::new().name("log".to_owned()).spawn(|| self.work()).is_ok();
        }
        self.changed.notify_all();
    }

    /// Returns when everything is written, or when the time is over.
    pub(super) fn drain(&self, limit: Duration) {
        let is_held = |state: &mut State| state.held_bytes > 0;
        drop(self.changed.wait_timeout_while(self.lock(), limit, is_held));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut out = (self.open)();
        let mut rest = Vec::new();
        loop {
            let waiting = self.changed.wait_while(self.lock(), |state| state.lines.is_empty());
            let batch = waiting.unwrap_or_else(PoisonError::into_inner).take_batch();
            let size_bytes = batch.len();
            let lost = put(&mut *out, &mut rest, batch);
            let mut state = self.lock();
            state.held_bytes -= size_bytes;
            if lost == 0 && state.dropped > 0 {
                let dropped = take(&mut state.dropped);
                state.push((self.tell_dropped)(dropped));
            }
            state.dropped += lost;
            self.changed.notify_all();
        }
    }
}

impl State {
    fn push(&mut self, line: String) {
        self.held_bytes += line.len();
        self.lines.push_back(line);
    }

    fn take_batch(&mut self) -> String {
        let mut batch = self.lines.pop_front().unwrap_or_default();
        while batch.len() < BATCH_BYTES {
            let Some(line) = self.lines.pop_front() else { break };
            batch.push_str(&line);
        }
        batch
    }
}

/// Writes lines, behind the rest of one that was begun before. Gives how many are lost.
fn put(out: &mut dyn Write, rest: &mut Vec<u8>, lines: String) -> usize {
    let data = if rest.is_empty() { lines.into_bytes() } else { [take(rest), lines.into_bytes()].concat() };
    let mut left = data.as_slice();
    while !left.is_empty() {
        match out.write(left) {
            Ok(written) if written > 0 => left = left.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
            _ => {
                let (written, _) = data.split_at(data.len() - left.len());
                if written.last().is_some_and(|&last| last != b'\n') {
                    let end = left.iter().position(|&byte| byte == b'\n').map_or(left.len(), |end| end + 1);
                    let (begun, others) = left.split_at(end);
                    *rest = begun.to_vec();
                    left = others;
                }
                return left.split_inclusive(|&byte| byte == b'\n').count();
            }
        }
    }
    // What is buffered behind `write` fails as a write does, and is lost with it.
    let _ = out.flush();
    0
}

#[cfg(test)]
mod tests;
