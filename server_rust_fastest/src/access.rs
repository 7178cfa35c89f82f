//! Access: what becomes known of one request while it is answered -> a line in the log, and figures for monitoring.

use std::sync::Arc;
use std::time::Instant;

use crate::error::{Code, Error};
use crate::models::ServedModel;
use crate::settings::LogLevel;
use crate::startup::StartupClock;

/// One request. What stays empty or None is left out of the line.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Access {
    pub started: Instant,
    /// Predict, `GetModelMetadata`, ... or Image; empty for what runs no model, which has no figures.
    pub api: &'static str,
    pub model: String,
    pub version: Option<i64>,
    pub decode_ms: Option<f64>,
    pub inference_ms: Option<f64>,
    /// Why there is no answer.
    pub error: Option<Error>,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            api: "",
            model: String::new(),
            version: None,
            decode_ms: None,
            inference_ms: None,
            error: None,
        }
    }
}

impl Access {
    /// Notes what is asked of which model, before anyone knows whether there is such a model.
    pub fn asks(&mut self, api: &'static str, model: &str) {
        self.api = api;
        model.clone_into(&mut self.model);
    }

    /// Notes which version answers.
    pub fn found(&mut self, model: &ServedModel) {
        model.name.clone_into(&mut self.model);
        self.version = Some(model.version);
    }
}

/// The headers `traceparent` and `X-Cloud-Trace-Context` of a request.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct Trace<'a> {
    pub parent: Option<&'a str>,
    pub cloud: Option<&'a str>,
}

/// Writes accesses down. To be called once the answer is on its way.
pub struct AccessLog {}

impl AccessLog {
    /// Logs from this level on; counts for Prometheus where `monitored`.
    pub fn new(level: LogLevel, monitored: bool, clock: Arc<StartupClock>) -> Self {
        let _ = (level, monitored, clock);
        todo!()
    }

    /// A request by HTTP. `path` is the path with its query; probes are for who debugs.
    pub fn http(&self, access: &Access, method: &str, path: &str, status: u16, trace: Trace<'_>, is_probe: bool) {
        let _ = (access, method, path, status, trace, is_probe);
        todo!()
    }

    /// A call by gRPC: `rpc` is its full name, such as `/tensorflow.serving.PredictionService/Predict`.
    pub fn rpc(&self, access: &Access, rpc: &str, code: Code, trace: Trace<'_>) {
        let _ = (access, rpc, code, trace);
        todo!()
    }

    /// What Prometheus reads.
    pub fn exposition(&self) -> String {
        todo!()
    }
}
