//! Answer: texts and errors -> responses. Errors are JSON with one key.

use axum::body::Body;
use axum::http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;

use super::error_of;
use crate::access::Access;
use crate::error::{Code, Error};

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(super) const TEXT: HeaderValue = HeaderValue::from_static("text/plain");

pub(super) fn with(status: StatusCode, content_type: HeaderValue, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// What is not under `/v1/` says in this form what went wrong.
pub(super) fn error(error: &Error) -> Response {
    let text = serde_json::Value::from(error.text.as_str());
    let status = StatusCode::from_u16(error.http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = with(status, JSON, format!("{{\"error\": {text}}}\n"));
    if let Some(seconds) = error.retry_after_s {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// To a request after which nobody knows where the next one would begin, or who sent it.
pub(super) fn refusal(status: StatusCode, text: &str) -> Response {
    let mut response = error(&error_of(status, Code::InvalidArgument, text.to_owned()));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Which methods a path takes, to who asks for them or has taken another.
pub(super) fn not_allowed(method: &Method, path: &str, allowed: &'static str, access: &mut Access) -> Response {
    let mut response = if method == Method::OPTIONS {
        Response::new(Body::empty())
    } else {
        let text = format!("{method} is not allowed here: {path} takes {allowed}");
        let refused = error_of(StatusCode::METHOD_NOT_ALLOWED, Code::Unimplemented, text);
        error(access.error.insert(refused))
    };
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}
