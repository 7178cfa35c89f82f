//! Work: what takes a CPU's time runs in threads of its own, beside the thread that reads and writes sockets.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};

/// Admission: how many requests may wait or run at once, by whatever protocol they come.
///
/// A request asks for its place when it is there whole: who only begins to send one keeps nobody out.
#[derive(Clone)]
pub struct Admission {
    permits: Arc<Semaphore>,
    limit: usize,
}

/// A place of one request, until it is dropped.
pub type Place = OwnedSemaphorePermit;

impl Admission {
    /// Takes in this many requests at once.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)), limit }
    }

    /// A place for one request that is there whole.
    ///
    /// # Errors
    /// Queue full where all places are taken.
    pub fn admit(&self) -> Result<Place> {
        Arc::clone(&self.permits).try_acquire_owned().map_err(|_| {
            Error::queue_full(format!(
                "the server has its limit of requests at once, {} (--max_requests_at_once): ask again later",
                self.limit
            ))
        })
    }
}

/// Runs `work` in a thread for work and gives what it gives.
///
/// # Errors
/// What `work` says; deadline exceeded where it has not ended by then (it goes on, or is never begun); internal where it
/// panics.
pub async fn run<T: Send + 'static>(
    deadline: Option<Instant>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let is_late = move || deadline.is_some_and(|deadline| Instant::now() >= deadline);
    let late = || Error::deadline_exceeded("the time limit of the request has passed");
    let task = tokio::task::spawn_blocking(move || if is_late() { Err(late()) } else { work() });
    let ended = match deadline {
        None => task.await,
        Some(deadline) => match tokio::time::timeout_at(deadline.into(), task).await {
            Ok(ended) => ended,
            Err(_) => return Err(late()),
        },
    };
    ended.unwrap_or_else(|_| Err(Error::internal("the server has failed to answer this request: see its log")))
}
