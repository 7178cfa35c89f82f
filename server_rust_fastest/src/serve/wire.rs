//! Wire: a socket -> what hyper reads of it, so that it is known where a connection stands.
//!
//! Of HTTP/1 no more is handed over than the head of one request and then its body: at the end of a server it must be
//! told apart whether a client waits for an answer, is in the middle of a request, or has sent nothing.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::refusal;
use super::stream::Stream;

/// Longer than the proxies in front keep their connections, so that it is they who close them.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// For a whole head, from its first byte.
const HEAD: Duration = Duration::from_secs(30);
/// Between two pieces of a body, or of an answer that the client is slow to read.
const PIECE: Duration = Duration::from_secs(60);
const HTTP2: &[u8] = b"PRI ";
const LOOK_AHEAD_BYTES: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// Between two requests, or within a head.
    Head { begun: bool, line_is_empty: bool },
    /// Within a body of which this many bytes are still to come.
    Body(u64),
    /// Within a body in chunks.
    Chunks,
    /// All that comes.
    Http2,
}

const FRESH: Reading = Reading::Head { begun: false, line_is_empty: false };

/// How a request's body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes.
    Length(u64),
    Chunks,
}

/// Where a connection stands.
pub(super) struct Wire {
    stream: Stream,
    /// Read from the socket and not handed over.
    ahead: Bytes,
    reading: Reading,
    /// Somebody waits for the next bytes.
    is_awaited: bool,
    is_answering: bool,
    is_write_blocked: bool,
    /// The client sends no more.
    has_ended: bool,
    /// Ends as soon as it is idle.
    is_closing: bool,
    is_late: bool,
    /// When the last piece was read or written.
    moved: Instant,
    /// Ours, in place of what hyper believes to have written.
    refusal: Bytes,
}

impl Wire {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            ahead: Bytes::new(),
            reading: FRESH,
            is_awaited: false,
            is_answering: false,
            is_write_blocked: false,
            has_ended: false,
            is_closing: false,
            is_late: false,
            moved: Instant::now(),
            refusal: Bytes::new(),
        }
    }

    pub(super) fn is_http2(&self) -> bool {
        self.reading == Reading::Http2
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// A head has been read; behind it comes a body.
    pub(super) fn begin(&mut self, framing: Framing) {
        if self.is_http2() {
            return;
        }
        self.is_answering = true;
        self.reading = match framing {
            Framing::Length(0) => FRESH,
            Framing::Length(bytes) => Reading::Body(bytes),
            Framing::Chunks => Reading::Chunks,
        };
    }

    /// The answer is known, and will be written at once.
    pub(super) fn finish(&mut self) {
        self.is_answering = false;
        self.moved = Instant::now();
        if self.reading == Reading::Chunks {
            self.reading = FRESH;
        }
    }

    /// Whether the client has already sent something behind the request that is being answered.
    pub(super) fn has_more(&mut self) -> bool {
        let mut bytes = [0; LOOK_AHEAD_BYTES];
        if self.ahead.is_empty()
            && self.reading == FRESH
            && let Ok(count) = self.stream.try_read(&mut bytes)
        {
            self.has_ended |= count == 0;
            self.ahead = Bytes::copy_from_slice(bytes.get(..count).unwrap_or_default());
        }
        !self.ahead.is_empty() || self.reading != FRESH
    }

    /// Ends the connection as soon as it is idle: whoever reads next gets an end.
    pub(super) fn close(&mut self) {
        self.is_closing = true;
    }

    /// Looks after the time: closes what is idle for too long, and fails what is too slow. Gives the next moment to look.
    pub(super) fn watch(&mut self, now: Instant) -> Instant {
        let limit = match self.reading {
            _ if self.is_write_blocked => PIECE,
            Reading::Http2 => return now + KEEP_ALIVE,
            Reading::Head { .. } if self.is_answering => return now + KEEP_ALIVE,
            Reading::Head { begun: false, .. } => KEEP_ALIVE,
            Reading::Head { begun: true, .. } => HEAD,
            Reading::Body(_) | Reading::Chunks if !self.is_awaited => return now + PIECE,
            Reading::Body(_) | Reading::Chunks => PIECE,
        };
        let end = self.moved + limit;
        if end > now {
            return end;
        }
        if self.is_idle() {
            self.is_closing = true;
        } else {
            self.is_late = true;
        }
        now + PIECE
    }

    fn is_idle(&self) -> bool {
        self.reading == FRESH && self.ahead.is_empty() && !self.is_answering && !self.is_write_blocked
    }

    /// Takes note of bytes that have come, and gives how many of them may be handed over.
    fn take(&mut self, bytes: &[u8]) -> usize {
        match self.reading {
            Reading::Head { begun, line_is_empty } => {
                if !begun {
                    self.moved = Instant::now();
                    if bytes.starts_with(HTTP2) {
                        self.reading = Reading::Http2;
                        return bytes.len();
                    }
                }
                let (count, line_is_empty) = head_bytes(bytes, line_is_empty);
                self.reading = Reading::Head { begun: true, line_is_empty };
                count
            }
            Reading::Body(left) => {
                self.moved = Instant::now();
                let count = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                let left = left.saturating_sub(count as u64);
                self.reading = if left == 0 { FRESH } else { Reading::Body(left) };
                count
            }
            Reading::Chunks => {
                self.moved = Instant::now();
                bytes.len()
            }
            Reading::Http2 => bytes.len(),
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.is_awaited = true;
        if self.is_late {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client has paused for too long")));
        }
        if !self.ahead.is_empty() {
            let ahead = self.ahead.clone();
            let count = self.take(ahead.get(..buffer.remaining()).unwrap_or(&ahead));
            buffer.put_slice(ahead.get(..count).unwrap_or_default());
            self.ahead.advance(count);
            self.is_awaited = false;
            return Poll::Ready(Ok(()));
        }
        let start = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Pending if self.is_closing && self.is_idle() => return Poll::Ready(Ok(())),
            Poll::Pending => return Poll::Pending,
            Poll::Ready(read) => read?,
        }
        self.is_awaited = false;
        let come = buffer.filled().get(start..).unwrap_or_default();
        if come.is_empty() {
            self.has_ended = true;
            return Poll::Ready(Ok(()));
        }
        let count = self.take(come);
        if let Some(behind) = come.get(count..).filter(|behind| !behind.is_empty()) {
            self.ahead = Bytes::copy_from_slice(behind);
            buffer.set_filled(start + count);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !self.is_http2()
            && let Some(refusal) = refusal::in_place_of(bytes)
        {
            self.refusal = refusal.into();
            return Poll::Ready(Ok(bytes.len()));
        }
        if self.is_late {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.is_write_blocked = written.is_pending();
        if written.is_ready() {
            self.moved = Instant::now();
        }
        written
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.refusal.is_empty() {
            let refusal = self.refusal.clone();
            let count = ready!(Pin::new(&mut self.stream).poll_write(cx, &refusal))?;
            self.refusal.advance(count);
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Says that no more is written.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flush(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    /// Reads what is for nobody: were it left unread, the client could lose its answer to a reset.
    fn poll_discard(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<()> {
        loop {
            let mut discarded = ReadBuf::new(buffer);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut discarded)) {
                Ok(()) if !discarded.filled().is_empty() => {}
                _ => return Poll::Ready(()),
            }
        }
    }
}

/// How many of these bytes belong to a head that ends with an empty line, and whether the line is empty so far with
/// which they end.
fn head_bytes(bytes: &[u8], mut line_is_empty: bool) -> (usize, bool) {
    for (place, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' if line_is_empty => return (place + 1, false),
            b'\n' => line_is_empty = true,
            b'\r' => {}
            _ => line_is_empty = false,
        }
    }
    (bytes.len(), line_is_empty)
}

/// A wire that hyper reads and writes while others look at it.
#[derive(Clone)]
pub(super) struct SharedWire(Arc<Mutex<Wire>>);

impl SharedWire {
    pub(super) fn new(stream: Stream) -> Self {
        Self(Arc::new(Mutex::new(Wire::new(stream))))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Wire> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connection: says so, then reads until the client has gone.
    pub(super) async fn part(&self) {
        let mut buffer = vec![0; 65_536];
        let _ = std::future::poll_fn(|cx| self.lock().poll_shutdown(cx)).await;
        if !self.lock().has_ended() {
            std::future::poll_fn(|cx| self.lock().poll_discard(cx, &mut buffer)).await;
        }
    }
}

impl AsyncRead for SharedWire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.lock().poll_read(cx, buffer)
    }
}

impl AsyncWrite for SharedWire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.lock().poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lock().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lock().poll_flush(cx)
    }
}
