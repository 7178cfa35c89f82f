//! HTTP: requests -> `/predict`, TensorFlow Serving's REST, health, monitoring and the playground -> answers.

mod answer;
mod body;
mod form;
mod health;
mod playground;
mod predict;
mod query;
mod rest;
mod rest_route;
mod rules;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderValue, Method, StatusCode, Uri, Version, request};
use axum::response::Response;
use tokio::time::Instant;
use tower::Service as _;

use crate::access::{Access, Trace};
use crate::app::App;
use crate::arrival::Arrival;
use crate::error::{Code, Error, Result};
use crate::grpc::CONTENT_TYPE as CALL;
use crate::serve::Afterwards;
use crate::settings::HttpSettings;
use health::Health;

const HEALTH: &str = "/v2/health/";
/// What is read on of a body that nobody needs, so that its connection lives on.
const DRAINED_BYTES: usize = 4 * 1024 * 1024;
const DRAINING: Duration = Duration::from_secs(1);

/// All routes of HTTP, errors in the protocol's own form included; none where the settings say nothing of HTTP.
pub fn router(app: Arc<App>) -> Router {
    match app.settings.http.clone() {
        None => Router::new(),
        Some(settings) => {
            Router::new().fallback(answer).with_state(Arc::new(Http { app, settings, health: Health::default() }))
        }
    }
}

/// Both protocols on one port: a call by gRPC says so in its content type.
pub fn one_port(http: Router, grpc: Router) -> Router {
    Router::new().fallback(async move |request: Request| {
        let content_type = request.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
        let is_grpc = content_type.starts_with(CALL.as_bytes());
        let mut chosen = if is_grpc { grpc.clone() } else { http.clone() };
        chosen.call(request).await
    })
}

/// What all requests are answered with.
struct Http {
    app: Arc<App>,
    settings: HttpSettings,
    health: Health,
}

/// A request without its body.
type Head = request::Parts;

async fn answer(State(http): State<Arc<Http>>, request: Request) -> Response {
    let mut access = Access::default();
    let (head, body) = request.into_parts();
    let until = http.app.settings.limits.body_timeout.map(|time| Instant::now() + time);
    let mut body = Arrival::new(body, &http.app.budget, until);
    let mut response = match http.respond(&head, &mut body, &mut access).await {
        Ok(response) => response,
        Err(error) => {
            let response = answer::error(&error);
            access.error = Some(error);
            response
        }
    };
    // Who has been promised that it may go on sending would do so after the answer.
    let is_expected = head.headers.contains_key(EXPECT);
    if head.version != Version::HTTP_2 && !body.is_over() && (is_expected || !body.drain(DRAINED_BYTES, DRAINING).await)
    {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    access.answered();
    write_down(http, head, response.status(), access);
    response
}

impl Http {
    async fn respond(&self, head: &Head, body: &mut Arrival, access: &mut Access) -> Result<Response> {
        if let Some(refusal) = rules::check(head) {
            return Ok(refusal);
        }
        let raw_path = head.uri.path_and_query().map_or("", |path| path.as_str());
        if rest_route::is_routed(raw_path) {
            return Ok(rest::respond(self, head, raw_path, body, access).await);
        }
        let path = query::decode(head.uri.path(), false);
        if self.settings.monitoring_path.as_deref() == Some(&path) {
            return Ok(self.figures(&path, &head.uri));
        }
        match (path.as_ref(), &head.method) {
            ("/predict", &Method::POST) => predict::predict(self, head, body, access).await,
            ("/v2/health/live", &Method::GET | &Method::HEAD) => Ok(health::live()),
            ("/v2/health/ready", &Method::GET | &Method::HEAD) => Ok(self.health.ready(&self.app).await),
            ("/", &Method::GET | &Method::HEAD) => Ok(playground::page()),
            ("/predict", method) => Ok(answer::not_allowed(method, &path, "POST, OPTIONS", access)),
            ("/" | "/v2/health/live" | "/v2/health/ready", method) => {
                Ok(answer::not_allowed(method, &path, "GET, HEAD, OPTIONS", access))
            }
            _ => Err(Error::not_found(format!("no such path: {path}; pictures go to POST /predict"))),
        }
    }

    /// Prometheus's page; like TensorFlow Serving, it has no query and takes every method.
    fn figures(&self, path: &str, uri: &Uri) -> Response {
        match uri.query() {
            Some(query) => {
                let text = format!("Unexpected path: {path}?{query}. Should be {path}");
                answer::with(StatusCode::BAD_REQUEST, answer::TEXT, text)
            }
            None => answer::with(StatusCode::OK, answer::TEXT, self.app.access_log.exposition()),
        }
    }
}

/// Has the request logged and counted once its answer is on its way.
fn write_down(http: Arc<Http>, mut head: Head, status: StatusCode, access: Access) {
    let afterwards = head.extensions.remove::<Afterwards>();
    let write = move || {
        let path = match head.uri.path_and_query() {
            // HTTP/1 says so where its target names the server; HTTP/2 always does.
            Some(path) if head.version == Version::HTTP_2 || head.uri.scheme().is_none() => path.to_string(),
            _ => head.uri.to_string(),
        };
        let trace = Trace::of(&head.headers);
        let is_probe = path.starts_with(HEALTH);
        http.app.access_log.http(&access, head.method.as_str(), &path, status.as_u16(), trace, is_probe);
    };
    match afterwards {
        Some(afterwards) => afterwards.add(write),
        None => write(),
    }
}

/// An error with a status that no gRPC code has.
fn error_of(http: StatusCode, code: Code, text: String) -> Error {
    Error { code, http: http.as_u16(), ..Error::invalid_argument(text) }
}

#[cfg(test)]
mod tests;
