//! Exchange: one request and its answer, from the head's end to the last byte that the client takes.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::sync::Notify;
use tokio::time::sleep_until;

use super::shared_wire::SharedWire;
use crate::budget::{Budget, Hold};

/// An answer up to this size is not worth counting: the kernel takes it.
const SMALL_BYTES: u64 = 4096;
/// Of an answer by HTTP/2, handed over when the client has room for it.
const PIECE_BYTES: usize = 64 * 1024;

/// One request, until it is dropped: that keeps its connection from being closed as idle.
pub(super) struct Exchange {
    wire: SharedWire,
    is_whole: AtomicBool,
}

impl Exchange {
    pub(super) fn new(wire: SharedWire) -> Arc<Self> {
        wire.lock().requests += 1;
        Arc::new(Self { wire, is_whole: AtomicBool::new(false) })
    }

    /// The request is there: from now on it is up to the server.
    fn is_whole(&self) {
        if !self.is_whole.swap(true, Ordering::Relaxed) {
            self.wire.lock().whole_requests += 1;
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut wire = self.wire.lock();
        wire.requests -= 1;
        wire.whole_requests -= usize::from(*self.is_whole.get_mut());
        wire.served();
    }
}

/// A request's body, which says when it is there whole.
pub(super) struct Arriving {
    body: Incoming,
    exchange: Arc<Exchange>,
}

impl Arriving {
    pub(super) fn new(body: Incoming, exchange: Arc<Exchange>) -> Self {
        if body.is_end_stream() {
            exchange.is_whole();
        }
        Self { body, exchange }
    }
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.exchange.is_whole();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream of HTTP/2: it ends where nobody takes its answer.
#[derive(Clone, Default)]
pub(super) struct Sending {
    pub(super) ending: Arc<Notify>,
    moved: Arc<Mutex<Option<Instant>>>,
}

tokio::task_local! {
    /// The stream whose task this is; none by HTTP/1.
    pub(super) static SENDING: Sending;
}

impl Sending {
    fn moves(&self) {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn moved(&self) -> Option<Instant> {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the stream's task to its end, or until it has to end.
    async fn run(self, stream: impl Future<Output = ()>, send_timeout: Option<Duration>) {
        let mut stream = std::pin::pin!(stream);
        let mut ended = std::pin::pin!(self.ending.notified());
        let mut stalled = None;
        std::future::poll_fn(|cx| {
            if stream.as_mut().poll(cx).is_ready() || ended.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let (Some(moved), Some(timeout)) = (self.moved(), send_timeout) else { return Poll::Pending };
            let end = (moved + timeout).into();
            let stalled = stalled.get_or_insert_with(|| Box::pin(sleep_until(end)));
            if stalled.deadline() != end {
                stalled.as_mut().reset(end);
            }
            stalled.as_mut().poll(cx)
        })
        .await;
    }
}

/// Runs the tasks of HTTP/2's streams.
#[derive(Clone, Copy)]
pub(super) struct Streams {
    pub(super) send_timeout: Option<Duration>,
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let sending = Sending::default();
        tokio::spawn(SENDING.scope(sending.clone(), sending.run(stream, self.send_timeout)));
    }
}

/// An answer's body, counted until the client has taken it.
pub(super) struct Leaving {
    body: Body,
    rest: Bytes,
    hold: Option<Hold>,
    /// None by HTTP/1.
    sending: Option<Sending>,
    has_ended: bool,
    wire: SharedWire,
}

impl Leaving {
    /// The body as it is where nothing need be counted of it.
    pub(super) fn body(body: Body, wire: &SharedWire, budget: &Budget, connection: &Arc<Notify>) -> Body {
        let bytes = body.size_hint().exact().unwrap_or_default();
        let sending = SENDING.try_with(Clone::clone).ok();
        if bytes == 0 || sending.is_none() && bytes <= SMALL_BYTES {
            return body;
        }
        let ending = sending.as_ref().map_or(connection, |sending| &sending.ending);
        let mut hold = budget.hold(Arc::clone(ending));
        // One that finds no room is sent nevertheless: it is made already.
        let is_held = bytes > SMALL_BYTES && hold.grow(usize::try_from(bytes).unwrap_or(usize::MAX)).is_ok();
        if let Some(sending) = &sending {
            sending.moves();
        }
        let hold = is_held.then_some(hold);
        Body::new(Self { body, rest: Bytes::new(), hold, sending, has_ended: false, wire: wire.clone() })
    }
}

impl HttpBody for Leaving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                end => {
                    self.has_ended = true;
                    return Poll::Ready(end);
                }
            };
            match frame.into_data() {
                Ok(data) => self.rest = data,
                Err(frame) => return Poll::Ready(Some(Ok(frame))),
            }
        }
        let Some(sending) = &self.sending else {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.rest)))));
        };
        sending.moves();
        let count = self.rest.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(count)))))
    }

    /// By HTTP/2 hyper asks on only when the client has room for more: so the end is asked for when all has been taken.
    fn is_end_stream(&self) -> bool {
        self.has_ended || self.sending.is_none() && self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.body.size_hint();
        let rest = self.rest.len() as u64;
        if let Some(exact) = hint.exact() {
            hint.set_exact(exact + rest);
        }
        hint
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if let Some(hold) = self.hold.take() {
            self.wire.lock().leaves(hold);
        }
    }
}
