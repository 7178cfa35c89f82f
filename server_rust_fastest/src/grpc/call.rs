//! Call: a request of HTTP/2 -> request message -> a service's method -> response message -> an answer with a status.
//!
//! The one place where gRPC learns what went wrong. Messages are parsed here and not by tonic, which would answer
//! INTERNAL to bytes that are none, and would parse large ones in the thread that reads and writes sockets.

use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use prost::Message;
use tonic::Status;

use super::{CONTENT_TYPE, deadline, frame};
use crate::access::{Access, Trace};
use crate::app::App;
use crate::budget::Hold;
use crate::error::{Code, Error, Result};
use crate::serve::Afterwards;
use crate::work;

/// Characters of a status; TensorFlow Serving cuts there.
const TEXT_LIMIT: usize = 1024;
/// A shorter message is parsed faster than a thread for work is woken.
const SHORT_BYTES: usize = 64 * 1024;

/// A method of a service.
pub trait Method: 'static {
    /// What it is asked.
    type Request: Message + Default + 'static;
    /// Its full name, such as `/tensorflow.serving.ModelService/GetModelStatus`.
    const NAME: &'static str;
    /// The full name of the request message.
    const REQUEST: &'static str;

    /// Gives the framed response message.
    fn run(request: Self::Request, call: &mut Call) -> impl Future<Output = Result<Bytes>> + Send;
}

/// One call. It is written down when it is dropped, as cancelled where it has not been answered.
pub struct Call {
    /// What all protocols share.
    pub app: Arc<App>,
    /// What becomes known of it.
    pub access: Access,
    /// When nobody waits for its answer any more.
    pub deadline: Option<Instant>,
    /// What is held of its message, until its work is done.
    pub hold: Option<Hold>,
    name: &'static str,
    headers: HeaderMap,
    code: Code,
}

impl Drop for Call {
    fn drop(&mut self) {
        self.app.access_log.rpc(&self.access, self.name, self.code, Trace::of(&self.headers));
    }
}

/// Answers a call of a method.
pub async fn answer<M: Method>(app: Arc<App>, request: Request) -> Response {
    let (mut head, body) = request.into_parts();
    let afterwards = head.extensions.remove::<Afterwards>();
    let mut call = Call {
        app,
        access: Access::default(),
        deadline: deadline::read(&head.headers),
        hold: None,
        name: M::NAME,
        headers: head.headers,
        code: Code::Cancelled,
    };
    let answer = run::<M>(&mut call, body).await;
    call.access.answered();
    call.code = answer.as_ref().map_or_else(|error| error.code, |_| Code::Ok);
    let response = match answer {
        Ok(framed) => success(framed),
        Err(error) => {
            let response = status(&error).into_http();
            call.access.error = Some(error);
            response
        }
    };
    if let Some(afterwards) = afterwards {
        afterwards.add(move || drop(call));
    }
    response
}

async fn run<M: Method>(call: &mut Call, body: Body) -> Result<Bytes> {
    if call.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
        return Err(Error::deadline_exceeded("the call's deadline passed before it could begin"));
    }
    let patience = call.app.settings.limits.body_timeout;
    let (message, hold) = frame::read(&call.app.budget, patience, &call.headers, body, call.deadline).await?;
    call.hold = Some(hold);
    let parse = |message: Bytes| {
        M::Request::decode(message)
            .map_err(|_| Error::invalid_argument(format!("the message is no serialized {}", M::REQUEST)))
    };
    let request = if message.len() < SHORT_BYTES {
        parse(message)?
    } else {
        work::run(call.deadline, move || parse(message)).await?
    };
    M::run(request, call).await
}

fn success(framed: Bytes) -> Response {
    let trailers = HeaderMap::from_iter([(Status::GRPC_STATUS, HeaderValue::from_static("0"))]);
    let body = Full::new(framed).with_trailers(ready(Some(Ok(trailers))));
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    response.headers_mut().insert(frame::ACCEPT_ENCODING, frame::ENCODINGS);
    response
}

fn status(error: &Error) -> Status {
    let code = tonic::Code::from_i32(error.code.number());
    match error.text.char_indices().nth(TEXT_LIMIT) {
        Some((end, _)) => Status::new(code, format!("{}...TRUNCATED", &error.text[..end])),
        None => Status::new(code, &error.text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = status(&Error::not_found("ß".repeat(2000)));
        assert_eq!(long.message(), format!("{}...TRUNCATED", "ß".repeat(1024)));
        assert_eq!(status(&Error::not_found("ß".repeat(1024))).message(), "ß".repeat(1024));
    }
}
