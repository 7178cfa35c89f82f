//! Refusal: the answer to bytes that are no request; hyper's own have no body.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderValue, Response, StatusCode};

use super::SERVER;

const OURS: &[u8] = b"\r\nserver: ";

/// What is said in place of an answer that hyper gives by itself; None for all others.
pub(super) fn in_place_of(answer: &[u8]) -> Option<Vec<u8>> {
    let status = answer.strip_prefix(b"HTTP/1.1 ").or_else(|| answer.strip_prefix(b"HTTP/1.0 "))?.get(..3)?;
    let (line, text) = match status {
        b"400" => ("400 Bad Request", "this is no request of HTTP/1.1 or HTTP/2 that can be read: it is damaged"),
        b"414" => ("414 URI Too Long", "the request's path is too long"),
        b"431" => (
            "431 Request Header Fields Too Large",
            "the request has too many or too long headers: send at most 100, of at most 8190 bytes each and 128 KiB \
             together",
        ),
        _ => return None,
    };
    if answer.windows(OURS.len()).any(|bytes| bytes.eq_ignore_ascii_case(OURS)) {
        return None;
    }
    Some(write(line, text))
}

/// What is said to a head that does not come.
pub(super) fn late(limit: Duration) -> Vec<u8> {
    let text = format!("the head has not come within {} s (--request_head_timeout_s)", limit.as_secs_f64());
    write("408 Request Timeout", &text)
}

fn write(line: &str, text: &str) -> Vec<u8> {
    let body = format!("{{\"error\": \"{text}\"}}\n");
    let head = format!(
        "HTTP/1.1 {line}\r\nserver: {SERVER}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

/// The answer to a request whose body has two ends.
pub(super) fn ambiguous() -> Response<Body> {
    let text = "{\"error\": \"the request has both Content-Length and Transfer-Encoding: send one of them\"}\n";
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
