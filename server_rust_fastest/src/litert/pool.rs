//! Pool: instances of a model for requests, as many at once as the operator allows; idle ones are kept by their shapes,
//! for a while and within a budget of memory.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::sys::{Instance, allocated_bytes, give_back};
use crate::error::{Error, Result};

/// Idle instances kept for each one that may be at work, of whatever shapes: each has packed weights of its own.
const KEPT_PER_INSTANCE: usize = 4;
/// What idle instances may take together, unless it is a single one that was used just now.
const KEPT_BYTES: usize = 128 * 1024 * 1024;
/// How long an instance is kept that nobody uses.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// What an instance was made for: an entry of the model, and one shape per input.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Key {
    pub entry: usize,
    pub shapes: Vec<Vec<usize>>,
}

/// An instance that was taken out, or made.
pub struct Taken {
    /// It.
    pub instance: Instance,
    size: Size,
}

impl Taken {
    /// The one that the model was loaded with.
    pub fn first(instance: Instance) -> Self {
        Self { instance, size: Size::Known(0) }
    }
}

/// The memory that an instance takes beyond that of the first.
enum Size {
    Known(usize),
    /// What has been allocated since so much was: known once it has run.
    Since(usize),
}

/// See the module.
pub struct Pool {
    limit: usize,
    state: Arc<Mutex<State>>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    at_work: usize,
    /// Most recently used last.
    idle: Vec<Idle>,
    /// Ends the thread that looks for what is unused, when it is dropped.
    watch: Option<Sender<()>>,
}

struct Idle {
    key: Key,
    instance: Instance,
    size_bytes: usize,
    since: Instant,
}

impl State {
    fn size_bytes(&self) -> usize {
        self.idle.iter().map(|idle| idle.size_bytes).sum()
    }

    /// Takes out what was unused for longest, until the rest is within the budget; of all but the last so many.
    fn shrink(&mut self, spared: usize) -> Vec<Idle> {
        let mut gone = Vec::new();
        while self.size_bytes() > KEPT_BYTES {
            let others = self.idle.len().saturating_sub(spared);
            let Some(place) = self.idle.iter().take(others).position(|idle| idle.size_bytes > 0) else { break };
            gone.push(self.idle.remove(place));
        }
        gone
    }

    /// Takes out what was last used before, but for the smallest, with which single requests are answered.
    fn expire(&mut self, before: Instant) -> Vec<Idle> {
        let smallest = (0..self.idle.len()).min_by_key(|&place| self.idle.get(place).map(|idle| idle.size_bytes));
        let (gone, kept) = std::mem::take(&mut self.idle)
            .into_iter()
            .enumerate()
            .partition::<Vec<_>, _>(|(place, idle)| Some(*place) != smallest && idle.since < before);
        self.idle = kept.into_iter().map(|(_, idle)| idle).collect();
        gone.into_iter().map(|(_, idle)| idle).collect()
    }
}

impl Pool {
    /// Lets so many instances work at once.
    pub fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), state: Arc::default(), freed: Condvar::new() }
    }

    /// A place for one instance at work; waits until one is free.
    ///
    /// # Errors
    /// Deadline exceeded where none is free until then.
    pub fn enter(&self, deadline: Option<Instant>) -> Result<Place<'_>> {
        let mut state = lock(&self.state);
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

    /// Keeps an instance that has run for later. What was unused for longest goes where there are too many, or where they
    /// take too much.
    pub fn keep(&self, key: Key, taken: Taken) {
        let Taken { instance, size } = taken;
        let size_bytes = match size {
            Size::Known(size_bytes) => size_bytes,
            // Others allocate as well; what comes out is near enough to choose by.
            Size::Since(before) => allocated_bytes().saturating_sub(before),
        };
        let mut state = lock(&self.state);
        state.idle.push(Idle { key, instance, size_bytes, since: Instant::now() });
        let oldest = (state.idle.len() > KEPT_PER_INSTANCE * self.limit).then(|| state.idle.remove(0));
        let largest = state.shrink(1);
        if state.idle.len() > 1 && state.watch.is_none() {
            state.watch = Some(watch(&self.state));
        }
        drop(state);
        // Freeing their memory takes a while, and others need the lock.
        drop((oldest, largest));
    }

    /// What the idle instances were made for, most recently used last.
    #[cfg(test)]
    pub fn idle(&self) -> Vec<Key> {
        lock(&self.state).idle.iter().map(|idle| idle.key.clone()).collect()
    }

    /// What the idle instances take.
    #[cfg(test)]
    pub fn idle_bytes(&self) -> usize {
        lock(&self.state).size_bytes()
    }

    /// Gives all memory back but that of the smallest instance.
    #[cfg(test)]
    pub fn expire(&self) {
        lock(&self.state).expire(Instant::now() + KEPT_FOR);
    }
}

/// Gives back, from time to time, what nobody uses, while there is anything.
fn watch(state: &Arc<Mutex<State>>) -> Sender<()> {
    let (sender, ended) = mpsc::channel();
    let state: Weak<Mutex<State>> = Arc::downgrade(state);
    thread::spawn(move || {
        while ended.recv_timeout(KEPT_FOR) == Err(RecvTimeoutError::Timeout) {
            let Some(state) = state.upgrade() else { return };
            let mut held = lock(&state);
            let gone = Instant::now().checked_sub(KEPT_FOR).map(|before| held.expire(before)).unwrap_or_default();
            if held.idle.len() < 2 {
                held.watch = None;
            }
            drop(held);
            if !gone.is_empty() {
                drop(gone);
                give_back();
            }
        }
    });
    sender
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The right to have one instance at work, until it is dropped.
pub struct Place<'a> {
    pool: &'a Pool,
}

impl Place<'_> {
    /// An idle instance that was made for this, or a new one, for which room is made.
    ///
    /// # Errors
    /// Those of who makes it.
    pub fn take(&self, key: &Key, make: impl FnOnce() -> Result<Instance>) -> Result<Taken> {
        let mut state = lock(&self.pool.state);
        if let Some(place) = state.idle.iter().rposition(|idle| idle.key == *key) {
            let idle = state.idle.remove(place);
            return Ok(Taken { instance: idle.instance, size: Size::Known(idle.size_bytes) });
        }
        let gone = state.shrink(0);
        drop(state);
        drop(gone);
        let size = Size::Since(allocated_bytes());
        Ok(Taken { instance: make()?, size })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        lock(&self.pool.state).at_work -= 1;
        self.pool.freed.notify_one();
    }
}
