//! Harness: what is kept of one version of one model, from the moment it is wanted until it has ended.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Instant;

use super::{State, VersionStatus};
use crate::error::Error;

/// A version in its life.
pub struct Harness<M> {
    pub number: i64,
    pub path: PathBuf,
    /// Whether the server was already answering when it came.
    pub arrived_late: bool,
    pub state: State,
    /// Why the last attempt to load it failed.
    pub error: Option<Error>,
    /// While it is available, and while it is unloading until nobody uses it.
    pub model: Option<Arc<M>>,
    pub aspired: bool,
    /// Since the folder last changed.
    pub failures: u32,
    /// Of a load; None for at once.
    pub next_attempt: Option<Instant>,
    /// What the folder was like when it could not be loaded.
    pub failed_fingerprint: u64,
}

impl<M> Harness<M> {
    pub fn new(number: i64, path: PathBuf, arrived_late: bool) -> Self {
        Self {
            number,
            path,
            arrived_late,
            state: State::Start,
            error: None,
            model: None,
            aspired: true,
            failures: 0,
            next_attempt: None,
            failed_fingerprint: 0,
        }
    }

    /// As `GetModelStatus` tells it; the error only once there is no further attempt.
    pub fn status(&self) -> VersionStatus {
        let error = self.error.clone().filter(|_| self.state == State::End);
        VersionStatus { version: self.number, state: self.state, error }
    }

    /// Whether a load, the first or another, is still to come.
    pub fn awaits_load(&self) -> bool {
        self.aspired && matches!(self.state, State::Start | State::Loading)
    }

    /// Whether it was there at the start of the server and has not been loaded for the first time yet.
    pub fn is_starting(&self) -> bool {
        self.awaits_load() && !self.arrived_late && self.failures == 0
    }

    /// Whether it could not be loaded and is not tried again by itself.
    pub fn given_up(&self) -> bool {
        self.state == State::End && self.error.is_some()
    }

    /// Whether it is out of service and nobody uses it any more.
    pub fn can_close(&self) -> bool {
        // Handles are made only of what is available: a count of one stays one.
        self.state == State::Unloading && self.model.as_ref().is_some_and(|model| Arc::strong_count(model) == 1)
    }

    /// Takes the model that a load has given.
    pub fn loaded(&mut self, model: Arc<M>) {
        self.model = Some(model);
        self.error = None;
        self.failures = 0;
        self.state = State::Available;
    }

    /// Notes that a load has failed, and when the next attempt is, if one is left.
    pub fn failed(&mut self, error: Error, fingerprint: u64, retries: u32, retry_at: Instant) {
        self.error = Some(error);
        self.failed_fingerprint = fingerprint;
        self.failures = self.failures.saturating_add(1);
        self.next_attempt = Some(retry_at);
        self.state = if self.aspired && self.failures <= retries { State::Loading } else { State::End };
    }

    /// Gives up a model whose file was written to before it was held, to be loaded anew; None where it is not served.
    pub fn outdated(&mut self, model: &Weak<M>, error: Error) -> Option<Arc<M>> {
        let is_served = |served: &mut Arc<M>| Arc::as_ptr(served) == model.as_ptr();
        if !self.aspired || self.state != State::Available {
            return None;
        }
        let outdated = self.model.take_if(is_served)?;
        self.error = Some(error);
        self.next_attempt = None;
        self.state = State::Loading;
        Some(outdated)
    }

    /// Begins anew, because the folder is not what it was.
    pub fn retry(&mut self) {
        self.failures = 0;
        self.next_attempt = None;
        self.state = State::Start;
    }

    /// Notes that nothing of it is in memory any more; one that is wanted again by now begins anew.
    pub fn unloaded(&mut self) {
        self.state = if self.aspired { State::Start } else { State::End };
    }
}
