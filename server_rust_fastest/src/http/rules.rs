//! Rules: what a request's head must keep to, whatever it asks.

use axum::http::header::{EXPECT, HOST, HeaderValue, TRANSFER_ENCODING};
use axum::http::{HeaderMap, StatusCode, Version};
use axum::response::Response;

use super::{Head, answer};

const LINE_LIMIT_BYTES: usize = 4094;
const HEADER_LIMIT_BYTES: usize = 8190;

/// The answer to a request that does not keep to them.
pub(super) fn check(head: &Head) -> Option<Response> {
    let target_bytes = head.uri.path_and_query().map_or(0, |path| path.as_str().len());
    if target_bytes > LINE_LIMIT_BYTES {
        let text = format!("the request's path has {target_bytes} bytes: at most {LINE_LIMIT_BYTES} are taken");
        return Some(answer::refusal(StatusCode::URI_TOO_LONG, &text));
    }
    if let Some(name) = too_long(&head.headers) {
        let text = format!("the header {name} is too long: at most {HEADER_LIMIT_BYTES} bytes are taken");
        return Some(answer::refusal(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, &text));
    }
    let hosts = head.headers.get_all(HOST).iter().count();
    if hosts > 1 || hosts == 0 && head.version == Version::HTTP_11 {
        let text = format!("the request has {hosts} Host headers: send one");
        return Some(answer::refusal(StatusCode::BAD_REQUEST, &text));
    }
    let mut codings = head.headers.get_all(TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.find(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
        let text = format!("of transfer codings, only chunked is known: the request has {coding:?}");
        return Some(answer::refusal(StatusCode::NOT_IMPLEMENTED, &text));
    }
    let expected = head.headers.get(EXPECT).map(HeaderValue::as_bytes)?;
    if expected.eq_ignore_ascii_case(b"100-continue") {
        return None;
    }
    let text = "the header Expect asks for something that is not known here: only 100-continue is";
    Some(answer::refusal(StatusCode::EXPECTATION_FAILED, text))
}

fn too_long(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.iter();
    all.find(|(name, value)| name.as_str().len() + value.len() > HEADER_LIMIT_BYTES).map(|(name, _)| name.as_str())
}
