//! Paced: a request's body whose messages come one by one -> an end where none comes in time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

/// The request with a body that ends where the client says nothing for so long.
pub fn paced(request: Request, patience: Option<Duration>) -> Request {
    match patience {
        None => request,
        Some(patience) => request.map(|body| Body::new(Paced { body, patience, silence: Box::pin(sleep(patience)) })),
    }
}

struct Paced {
    body: Body,
    patience: Duration,
    silence: Pin<Box<Sleep>>,
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_ready() {
            let until = Instant::now() + self.patience;
            self.silence.as_mut().reset(until);
            return frame;
        }
        let silence = self.silence.as_mut().poll(cx);
        silence.map(|()| {
            let seconds = self.patience.as_secs_f64();
            let text = format!("no message has come within {seconds} s (--request_body_timeout_s)");
            Some(Err(axum::Error::new(std::io::Error::new(std::io::ErrorKind::TimedOut, text))))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, StreamBody};
    use tonic::codegen::tokio_stream::{self, StreamExt as _};

    use super::*;

    #[tokio::test]
    async fn who_says_nothing_more_is_not_waited_for() {
        let said = tokio_stream::iter([Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b"a")))]);
        let body = Body::new(StreamBody::new(said.chain(tokio_stream::pending())));
        let mut body = paced(Request::new(body), Some(Duration::ZERO)).into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
        let text = body.frame().await.unwrap().unwrap_err().to_string();
        assert!(text.starts_with("no message has come within 0 s"), "{text}");
    }
}
