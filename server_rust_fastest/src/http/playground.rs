//! Playground: `GET /`, a page where people try `/predict`; the same file as the servers in Python have.

use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::answer;

const PAGE: &str = include_str!("../../../firstserve/web/playground/page.html");
/// What `build.rs` has made of the page.
const POLICY: HeaderValue = HeaderValue::from_static(env!("PLAYGROUND_POLICY"));
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const SERVED_BY: HeaderName = HeaderName::from_static("x-served-by");
const NAME: HeaderValue =
    HeaderValue::from_static(concat!("firstserve ", env!("CARGO_PKG_VERSION"), " (Rust, LiteRT)"));

pub(super) fn page() -> Response {
    let mut response = answer::with(StatusCode::OK, HTML, PAGE);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(SERVED_BY, NAME);
    response
}
