//! Pool: instances of a model for requests, as many at once as the operator allows; idle ones are kept by their shapes.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::sys::Instance;
use crate::error::{Error, Result};

/// Idle instances kept for each one that may be at work, of whatever shapes: each has packed weights of its own.
const KEPT_PER_INSTANCE: usize = 4;

/// What an instance was made for: an entry of the model, and one shape per input.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Key {
    pub entry: usize,
    pub shapes: Vec<Vec<usize>>,
}

/// See the module.
pub struct Pool {
    limit: usize,
    state: Mutex<State>,
    freed: Condvar,
}

struct State {
    at_work: usize,
    /// Most recently used last.
    idle: Vec<(Key, Instance)>,
}

impl Pool {
    /// Lets so many instances work at once.
    pub fn new(limit: usize) -> Self {
        let state = Mutex::new(State { at_work: 0, idle: Vec::new() });
        Self { limit: limit.max(1), state, freed: Condvar::new() }
    }

    /// A place for one instance at work; waits until one is free.
    ///
    /// # Errors
    /// Deadline exceeded where none is free until then.
    pub fn enter(&self, deadline: Option<Instant>) -> Result<Place<'_>> {
        let mut state = self.lock();
        while state.at_work >= self.limit {
            state = match deadline {
                None => self.freed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(Error::deadline_exceeded(format!(
                            "no instance of the model was free in time: {} are at work",
                            self.limit
                        )));
                    }
                    self.freed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        state.at_work += 1;
        Ok(Place { pool: self })
    }

    /// Keeps an instance for later; the one that was unused for longest goes where there are too many.
    pub fn keep(&self, key: Key, instance: Instance) {
        let mut state = self.lock();
        state.idle.push((key, instance));
        let oldest = (state.idle.len() > KEPT_PER_INSTANCE * self.limit).then(|| state.idle.remove(0));
        drop(state);
        // Freeing its memory takes a while, and others need the lock.
        drop(oldest);
    }

    /// What the idle instances were made for, most recently used last.
    #[cfg(test)]
    pub fn idle(&self) -> Vec<Key> {
        self.lock().idle.iter().map(|(key, _)| key.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to have one instance at work, until it is dropped.
pub struct Place<'a> {
    pool: &'a Pool,
}

impl Place<'_> {
    /// An idle instance that was made for this.
    pub fn take(&self, key: &Key) -> Option<Instance> {
        let mut state = self.pool.lock();
        let place = state.idle.iter().rposition(|(made_for, _)| made_for == key)?;
        Some(state.idle.remove(place).1)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pool.lock().at_work -= 1;
        self.pool.freed.notify_one();
    }
}
