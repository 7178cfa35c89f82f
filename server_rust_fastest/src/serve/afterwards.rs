//! Afterwards: what is put off until an answer is on its way.

use std::sync::{Arc, Mutex, PoisonError};

type Task = Box<dyn FnOnce() + Send>;

/// Comes with every request, among its extensions. What is put off there runs on the thread of the sockets, once the
/// answer has been handed to the kernel: it has to be short.
#[derive(Clone, Default)]
pub struct Afterwards(Arc<Mutex<Vec<Task>>>);

impl Afterwards {
    /// Puts this off.
    pub fn add(&self, task: impl FnOnce() + Send + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(task));
    }

    /// Runs what has been put off.
    pub(super) fn run(&self) {
        let tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            task();
        }
    }
}

impl std::fmt::Debug for Afterwards {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Afterwards")
    }
}
