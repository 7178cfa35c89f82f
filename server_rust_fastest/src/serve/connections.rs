//! Connections: those that are open -> which of them are closed where there are too many.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustix::process::{Resource, getrlimit};
use tokio::sync::Notify;

use super::shared_wire::SharedWire;

/// Of the limit of open files: for models, for the log and for what has just been accepted.
const RESERVE: usize = 128;
/// Where there may be more files than that, memory is what is short.
const MOST: usize = 10_000;
/// How many of all are closed at once, so that they are not looked through for each that comes.
const SHARE: usize = 100;

/// All connections of all listeners.
#[derive(Clone)]
pub(super) struct Connections(Arc<Inner>);

struct Inner {
    most: usize,
    open: Mutex<State>,
    ended: Notify,
}

#[derive(Default)]
struct State {
    next: u64,
    open: BTreeMap<u64, Entry>,
}

struct Entry {
    wire: SharedWire,
    ending: Arc<Notify>,
}

/// One that is open, until it is dropped.
pub(super) struct Opened {
    connections: Connections,
    key: u64,
}

impl Connections {
    /// At most so many; None is what the limit of open files allows.
    pub(super) fn new(most: Option<usize>) -> Self {
        let inner = Inner { most: most.unwrap_or_else(allowed), open: Mutex::default(), ended: Notify::new() };
        Self(Arc::new(inner))
    }

    /// Counts one that has come; where there are too many, the idlest are told by their `ending` to close.
    pub(super) fn add(&self, wire: SharedWire, ending: Arc<Notify>) -> Opened {
        let mut state = self.lock();
        if state.open.len() >= self.0.most {
            state.close_idlest();
        }
        state.next += 1;
        let key = state.next;
        state.open.insert(key, Entry { wire, ending });
        Opened { connections: self.clone(), key }
    }

    /// Waits while there are too many.
    pub(super) async fn room(&self) {
        while self.lock().open.len() > self.0.most {
            self.0.ended.notified().await;
        }
    }

    pub(super) fn close_idlest(&self) {
        self.lock().close_idlest();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn close_idlest(&mut self) {
        let now = Instant::now();
        let idleness = |entry: &Entry| entry.wire.lock().idleness(now);
        let mut idle: Vec<_> = self.open.values().filter_map(|entry| Some((idleness(entry)?, entry))).collect();
        idle.sort_unstable_by_key(|&(idleness, _)| std::cmp::Reverse(idleness));
        for (_, entry) in idle.into_iter().take(1 + self.open.len() / SHARE) {
            entry.ending.notify_one();
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.connections.lock().open.remove(&self.key);
        self.connections.0.ended.notify_one();
    }
}

fn allowed() -> usize {
    let files = getrlimit(Resource::Nofile).current.map_or(MOST, |files| usize::try_from(files).unwrap_or(MOST));
    files.saturating_sub(RESERVE.min(files / 2)).clamp(1, MOST)
}
