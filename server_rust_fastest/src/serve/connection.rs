//! Connection: a socket -> requests -> a router's answers, until the client or the server has had enough.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::http::header::{CONNECTION, SERVER};
use axum::http::{HeaderValue, Request, Response, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, sleep_until, timeout};
use tower::Service as _;

use super::exchange::{Arriving, Exchange, Leaving, Streams};
use super::reading::Framing;
use super::shared_wire::SharedWire;
use super::stream::Stream;
use super::wire::Wire;
use super::{Afterwards, SERVER as NAME, refusal};
use crate::budget::Budget;
use crate::settings::Limits;

/// How long a client that says nothing may still begin a request when the server stops: it may have sent it already.
const LAST_CALL: Duration = Duration::from_secs(1);
/// How long a client may say nothing before it closes a connection that has been closed here.
const PARTING: Duration = Duration::from_secs(2);
/// How long it may go on sending.
const LINGERING: Duration = Duration::from_secs(30);
/// Between two pings to a peer of HTTP/2 that says nothing.
const PING: Duration = Duration::from_secs(75);
/// For tensors: the default of 64 KiB makes a large one wait for its sender's window again and again.
const HTTP2_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
/// Of HTTP/1, for a head or a piece of a body. The default of 408 KiB is no faster, and 32 clients that send photographs
/// make it 35 MiB.
const READ_BYTES: usize = 128 * 1024;

pub(super) struct Connection {
    pub(super) wire: SharedWire,
    /// Told where it has to end, whatever it is about.
    pub(super) ending: Arc<Notify>,
    router: Router,
    budget: Budget,
    limits: Limits,
    stopped: watch::Receiver<bool>,
    afterwards: Afterwards,
}

impl Connection {
    pub(super) fn new(
        stream: Stream,
        router: Router,
        budget: Budget,
        limits: Limits,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        let ending = Arc::<Notify>::default();
        let wire = SharedWire::new(Wire::new(stream, limits, Arc::clone(&ending)));
        Self { wire, ending, router, budget, limits, stopped, afterwards: Afterwards::default() }
    }

    /// Answers until it ends.
    pub(super) async fn answer(mut self) {
        let ending = Arc::clone(&self.ending);
        tokio::select! {
            biased;
            () = ending.notified() => {}
            () = async {
                self.exchange().await;
                self.afterwards.run();
                self.part().await;
            } => {}
        }
    }

    /// Who is still sending could not read the answer if the connection were simply closed.
    async fn part(&mut self) {
        let parting = timeout(LINGERING, self.wire.part(PARTING));
        let stop = async {
            let _ = self.stopped.wait_for(|&stopped| stopped).await;
            sleep(PARTING).await;
        };
        tokio::select! {
            _ = parting => {}
            () = stop => {}
        }
    }

    async fn exchange(&mut self) {
        let (wire, router, stopped) = (self.wire.clone(), self.router.clone(), self.stopped.clone());
        let (afterwards, budget, ending) = (self.afterwards.clone(), self.budget.clone(), Arc::clone(&self.ending));
        let service = service_fn(move |request: Request<Incoming>| {
            // Not when the future is polled: by then hyper may have read on.
            wire.lock().begin(framing(request.body()));
            let (wire, budget, ending) = (wire.clone(), budget.clone(), Arc::clone(&ending));
            let answered = answer(request, router.clone(), wire.clone(), stopped.clone(), afterwards.clone());
            async move { answered.await.map(|answer| answer.map(|body| Leaving::body(body, &wire, &budget, &ending))) }
        });
        let mut builder = Builder::new(Streams { send_timeout: self.limits.send_timeout });
        // As TensorFlow Serving writes them, for clients that compare letter by letter.
        builder.http1().half_close(true).title_case_headers(true).max_buf_size(READ_BYTES);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .initial_stream_window_size(HTTP2_WINDOW_BYTES)
            .initial_connection_window_size(HTTP2_WINDOW_BYTES);
        let mut exchange = pin!(builder.serve_connection(TokioIo::new(self.wire.clone()), service));
        let mut look = pin!(sleep_until(self.wire.lock().watch(Instant::now()).into()));
        let mut is_stopping = false;
        loop {
            let step = poll_fn(|cx| {
                let step = exchange.as_mut().poll(cx);
                self.afterwards.run();
                step
            });
            tokio::select! {
                biased;
                // Whether it has failed is of no use to anyone: the client has gone, or has been told.
                _ = step => return,
                _ = self.stopped.wait_for(|&stopped| stopped), if !is_stopping => {
                    is_stopping = true;
                    look.as_mut().reset((Instant::now() + LAST_CALL).into());
                }
                () = look.as_mut() => {
                    let mut wire = self.wire.lock();
                    if is_stopping {
                        wire.close();
                    }
                    look.as_mut().reset(wire.watch(Instant::now()).into());
                }
            }
            if is_stopping && self.wire.lock().is_http2() {
                exchange.as_mut().graceful_shutdown();
            }
        }
    }
}

/// One request.
async fn answer(
    request: Request<Incoming>,
    mut router: Router,
    wire: SharedWire,
    stopped: watch::Receiver<bool>,
    afterwards: Afterwards,
) -> Result<Response<Body>, Infallible> {
    let is_http2 = request.version() == Version::HTTP_2;
    let is_ambiguous = !is_http2 && wire.lock().is_ambiguous();
    let exchange = Exchange::new(wire.clone());
    let mut request = request.map(|body| Arriving::new(body, Arc::clone(&exchange)));
    request.extensions_mut().insert(afterwards);
    let mut response = if is_ambiguous { refusal::ambiguous() } else { router.call(request).await? };
    if !is_http2 {
        let mut wire = wire.lock();
        wire.finish();
        let headers = response.headers_mut();
        headers.insert(SERVER, HeaderValue::from_static(NAME));
        if *stopped.borrow() && !wire.has_more() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
    drop(exchange);
    Ok(response)
}

fn framing(body: &Incoming) -> Framing {
    body.size_hint().exact().map_or(Framing::Chunks, Framing::Length)
}
