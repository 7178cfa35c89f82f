//! Budget: the bytes of all bodies that are held at once -> which of them has to go where they are too many.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::error::Error;

#[cfg(test)]
mod tests;

/// How many bytes of requests and answers are held at once.
///
/// Whoever is still arriving, or being sent, and has held the most for the longest makes room: slow clients cannot keep
/// quick ones out, nor large bodies small ones.
#[derive(Clone)]
pub struct Budget(Arc<Mutex<State>>);

struct State {
    limit: usize,
    used: usize,
    next: u64,
    moving: BTreeMap<u64, Moving>,
}

/// What is still arriving, or being sent.
struct Moving {
    bytes: usize,
    since: Instant,
    ending: Arc<Notify>,
}

impl Moving {
    fn burden(&self, now: Instant) -> f64 {
        #[allow(clippy::cast_precision_loss)] // it is compared, never counted
        let bytes = self.bytes as f64;
        bytes * now.saturating_duration_since(self.since).as_secs_f64()
    }
}

/// There is no room, and nothing else that would have to go first.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

impl Budget {
    /// Holds this many bytes at once.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Mutex::new(State { limit, used: 0, next: 0, moving: BTreeMap::new() })))
    }

    /// A body of which nothing is held yet; `ending` is told where it has to go.
    #[must_use]
    pub fn hold(&self, ending: Arc<Notify>) -> Hold {
        Hold { budget: self.clone(), bytes: 0, key: None, ending, is_settled: false }
    }

    /// What is told where there is no room.
    #[must_use]
    pub fn full(&self) -> Error {
        Error::queue_full(format!(
            "the server holds its limit of bytes at once, {} (--max_body_bytes_at_once): ask again later",
            self.lock().limit
        ))
    }

    /// How much is held.
    #[must_use]
    pub fn used(&self) -> usize {
        self.lock().used
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes of one body, until it is dropped.
pub struct Hold {
    budget: Budget,
    bytes: usize,
    key: Option<u64>,
    ending: Arc<Notify>,
    is_settled: bool,
}

impl Hold {
    /// Holds so many bytes more. One body alone may be larger than the whole budget.
    ///
    /// # Errors
    /// Where it has been told to go, or is the first that has to.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        self.grow_at(bytes, Instant::now())
    }

    fn grow_at(&mut self, bytes: usize, now: Instant) -> Result<(), Full> {
        let budget = self.budget.clone();
        let mut state = budget.lock();
        if self.key.is_some_and(|key| !state.moving.contains_key(&key)) {
            return Err(Full);
        }
        // What has come already takes no more than there is, be it alone.
        while state.used + bytes > state.limit && (self.is_settled || state.used > self.bytes) {
            let burden = |moving: &Moving| moving.burden(now);
            let first = state.moving.iter().max_by(|one, other| burden(one.1).total_cmp(&burden(other.1)));
            match first.map(|(&key, _)| key) {
                Some(key) if Some(key) != self.key => state.end(key),
                _ => return Err(Full),
            }
        }
        state.used += bytes;
        self.bytes += bytes;
        if self.is_settled {
            return Ok(());
        }
        let key = *self.key.get_or_insert_with(|| {
            state.next += 1;
            state.next
        });
        let fresh = || Moving { bytes: 0, since: now, ending: Arc::clone(&self.ending) };
        state.moving.entry(key).or_insert_with(fresh).bytes = self.bytes;
        Ok(())
    }

    /// It is there whole, and stays until it is dropped.
    pub fn settle(&mut self) {
        self.is_settled = true;
        if let Some(key) = self.key.take() {
            let mut state = self.budget.lock();
            if state.moving.remove(&key).is_none() {
                // Told to go, and there nevertheless.
                state.used += self.bytes;
            }
        }
    }

    /// All that is held so far, as another hold that is there whole.
    #[must_use]
    pub fn split(&mut self) -> Self {
        let empty = self.budget.hold(Arc::default());
        let mut whole = std::mem::replace(self, empty);
        whole.settle();
        whole
    }

    /// Has another one told where it has to go.
    pub fn tell(&mut self, ending: Arc<Notify>) {
        let mut state = self.budget.lock();
        if let Some(moving) = self.key.and_then(|key| state.moving.get_mut(&key)) {
            moving.ending = Arc::clone(&ending);
        }
        drop(state);
        self.ending = ending;
    }

    /// What is told where there is no room for it.
    #[must_use]
    pub fn full(&self) -> Error {
        let state = self.budget.lock();
        if state.used > self.bytes {
            drop(state);
            return self.budget.full();
        }
        Error::too_large(format!(
            "the request takes more than the limit of bytes at once, {} (--max_body_bytes_at_once): send less at once",
            state.limit
        ))
    }

    /// Waits until it has to go.
    pub async fn ended(&self) {
        self.ending.notified().await;
    }
}

impl State {
    /// Its bytes count no more: whoever holds them lets go as soon as it runs.
    fn end(&mut self, key: u64) {
        if let Some(moving) = self.moving.remove(&key) {
            self.used -= moving.bytes;
            moving.ending.notify_one();
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        let counts = self.key.is_none_or(|key| state.moving.remove(&key).is_some());
        if counts {
            state.used -= self.bytes;
        }
    }
}
