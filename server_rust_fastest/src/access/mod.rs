//! Access: what becomes known of one request while it is answered -> a line in the log, and figures for monitoring.

mod trace;

use std::sync::Arc;
use std::time::Instant;

use axum::http::HeaderMap;

use crate::error::{Code, Error};
use crate::log::Line;
use crate::models::ServedModel;
use crate::monitoring::Metrics;
use crate::settings::LogLevel;
use crate::startup::StartupClock;

pub use trace::Trace;

/// Characters of a path in a line's message; the field has more.
const SHOWN: usize = 200;
/// As TensorFlow Serving names what runs a .tflite.
const RUNTIME: &str = "LiteRT";

/// One request. What stays empty or None is left out of the line.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Access {
    pub started: Instant,
    /// When the answer was ready to be sent; None is when it is written down.
    pub answered: Option<Instant>,
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
            answered: None,
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

    /// Notes that the answer is ready to be sent.
    pub fn answered(&mut self) {
        self.answered = Some(Instant::now());
    }

    fn latency_us(&self) -> f64 {
        self.answered.unwrap_or_else(Instant::now).saturating_duration_since(self.started).as_secs_f64() * 1e6
    }
}

impl<'a> Trace<'a> {
    /// Those of a request's headers; what is no text counts as absent.
    pub fn of(headers: &'a HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        Self { parent: text("traceparent"), cloud: text("x-cloud-trace-context") }
    }
}

/// Writes accesses down. To be called once the answer is on its way.
pub struct AccessLog {
    level: LogLevel,
    metrics: Option<Arc<Metrics>>,
    clock: Arc<StartupClock>,
}

impl AccessLog {
    /// Logs from this level on; counts for Prometheus where `monitored`.
    pub fn new(level: LogLevel, monitored: bool, clock: Arc<StartupClock>) -> Self {
        Self { level, metrics: monitored.then(Arc::default), clock }
    }

    /// Where figures go that do not come with a request; None where nobody reads them.
    pub fn metrics(&self) -> Option<Arc<Metrics>> {
        self.metrics.clone()
    }

    /// A request by HTTP. `path` is the path with its query; probes are for who debugs.
    pub fn http(&self, access: &Access, method: &str, path: &str, status: u16, trace: Trace<'_>, is_probe: bool) {
        let code = access.error.as_ref().map_or_else(|| code_of(status), |error| error.code);
        self.record(access, code, &access.api.to_ascii_lowercase(), "REST");
        let level = if is_probe { LogLevel::Debug } else { level_of(code) };
        if level < self.level {
            return;
        }
        let shown = path.char_indices().nth(SHOWN).map_or(path, |(end, _)| path.get(..end).unwrap_or(path));
        let line = Line::new(level, &format!("{method} {shown} {status}"))
            .text("protocol", "HTTP")
            .text("method", method)
            .text("path", path)
            .number("status", status);
        finish(line, access, trace).write();
    }

    /// A call by gRPC: `rpc` is its full name, such as `/tensorflow.serving.PredictionService/Predict`.
    pub fn rpc(&self, access: &Access, rpc: &str, code: Code, trace: Trace<'_>) {
        self.record(access, code, access.api, "GRPC");
        let level = level_of(code);
        if level < self.level {
            return;
        }
        let line = Line::new(level, &format!("{rpc} {}", code.name()))
            .text("protocol", "gRPC")
            .text("rpc", rpc)
            .text("status", code.name());
        finish(line, access, trace).write();
    }

    /// What Prometheus reads.
    pub fn exposition(&self) -> String {
        self.metrics.as_ref().map_or_else(String::new, |metrics| metrics.exposition(&self.clock.moments()))
    }

    fn record(&self, access: &Access, code: Code, api: &str, entrypoint: &str) {
        let Some(metrics) = self.metrics.as_ref().filter(|_| !access.api.is_empty()) else { return };
        if let Some(inference_ms) = access.inference_ms {
            metrics.runtime(&access.model, access.api, RUNTIME, inference_ms * 1e3);
        }
        metrics.request(&access.model, code, api, entrypoint, access.latency_us());
    }
}

/// Adds what all lines have.
fn finish(line: Line, access: &Access, trace: Trace<'_>) -> Line {
    let mut line = trace.write(line);
    if !access.model.is_empty() {
        line = line.text("model", &access.model);
    }
    if let Some(version) = access.version {
        line = line.number("version", version);
    }
    line = line.number("latency_ms", rounded(access.latency_us() / 1e3));
    if let Some(decode_ms) = access.decode_ms {
        line = line.number("decode_ms", rounded(decode_ms));
    }
    if let Some(inference_ms) = access.inference_ms {
        line = line.number("inference_ms", rounded(inference_ms));
    }
    match &access.error {
        Some(error) if !error.text.is_empty() => line.text("error", &error.text),
        _ => line,
    }
}

/// To three digits after the point, and at least one, as Python writes it.
fn rounded(number: f64) -> String {
    format!("{:?}", (number * 1e3).round() / 1e3)
}

fn code_of(status: u16) -> Code {
    match status {
        _ if status < 400 => Code::Ok,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::NotFound,
        409 => Code::Aborted,
        413 | 429 => Code::ResourceExhausted,
        499 => Code::Cancelled,
        405 | 501 => Code::Unimplemented,
        503 => Code::Unavailable,
        504 => Code::DeadlineExceeded,
        _ if status < 500 => Code::InvalidArgument,
        _ => Code::Internal,
    }
}

fn level_of(code: Code) -> LogLevel {
    match code {
        Code::Unknown | Code::Internal | Code::DataLoss | Code::Unavailable | Code::DeadlineExceeded => LogLevel::Error,
        _ => LogLevel::Info,
    }
}

#[cfg(test)]
mod tests;
