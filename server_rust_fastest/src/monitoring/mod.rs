//! Monitoring: what was answered, how often and how fast -> the text that Prometheus reads.
//!
//! Names, labels and buckets are those of TensorFlow Serving, with `:` for `/`, which Prometheus would not take.

mod exposition;
mod family;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Code;
use family::{Counters, Histograms};

/// So many names that no model has are told apart at most.
const STRANGERS: usize = 100;
/// Of characters of such a name.
const NAME_LIMIT: usize = 256;
/// The name of all others.
const OTHER: &str = "(other)";

/// All metrics.
#[derive(Default)]
pub struct Metrics(Mutex<Figures>);

struct Figures {
    served: BTreeSet<String>,
    strangers: BTreeSet<String>,
    request_count: Counters,
    request_latency: Histograms,
    runtime_latency: Histograms,
    warmup_latency: Histograms,
    warmup_records_read: u64,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            served: BTreeSet::new(),
            strangers: BTreeSet::new(),
            request_count: Counters::new(&["model_name", "status"]),
            request_latency: Histograms::new(&["model_name", "API", "entrypoint"]),
            runtime_latency: Histograms::new(&["model_name", "API", "runtime"]),
            warmup_latency: Histograms::new(&["model_path", "status"]),
            warmup_records_read: 0,
        }
    }
}

impl Metrics {
    /// One request for a model. `entrypoint` is REST or GRPC, `api` is `predict`, ... or `Predict`, ....
    /// The latency counts where the code is OK.
    pub fn request(&self, model_name: &str, code: Code, api: &str, entrypoint: &str, latency_us: f64) {
        let figures = &mut *self.lock();
        if code == Code::Ok {
            if !figures.served.contains(model_name) {
                figures.served.insert(model_name.to_owned());
            }
            figures.request_latency.observe(&[model_name, api, entrypoint], latency_us);
        }
        let name = figures.bounded(model_name);
        figures.request_count.add(&[name, code.name()]);
    }

    /// One run of a model; `api` is `Predict`, ... for both protocols.
    pub fn runtime(&self, model_name: &str, api: &str, runtime: &str, latency_us: f64) {
        self.lock().runtime_latency.observe(&[model_name, api, runtime], latency_us);
    }

    /// One model's warmup: how long all its records took, and how many were read.
    pub fn warmup(&self, model_path: &str, code: Code, latency_us: f64, records: u64) {
        let mut figures = self.lock();
        figures.warmup_latency.observe(&[model_path, code.name()], latency_us);
        figures.warmup_records_read += records;
    }

    /// What Prometheus reads; `startup` is the time from process start to each phase.
    #[must_use]
    pub fn exposition(&self, startup: &[(&str, Duration)]) -> String {
        exposition::write(&self.lock(), startup)
    }

    fn lock(&self) -> MutexGuard<'_, Figures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Figures {
    /// The name, or one for all: clients that ask for ever new models must not fill the memory.
    fn bounded<'a>(&mut self, model_name: &'a str) -> &'a str {
        if self.served.contains(model_name) || self.strangers.contains(model_name) {
            return model_name;
        }
        if self.strangers.len() >= STRANGERS || model_name.chars().count() > NAME_LIMIT {
            return OTHER;
        }
        self.strangers.insert(model_name.to_owned());
        model_name
    }
}

#[cfg(test)]
mod tests;
