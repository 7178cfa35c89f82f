//! Wire: a socket -> what hyper reads of it, so that it is known where a connection stands.
//!
//! Of HTTP/1 no more is handed over than the head of one request and then its body: at the end of a server it must be
//! told apart whether a client waits for an answer, is in the middle of a request, or has sent nothing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use super::authority::Authority;
use super::reading::{FRESH, Framing, Reading};
use super::refusal;
use super::stream::Stream;
use crate::budget::Hold;
use crate::settings::Limits;

/// Longer than the proxies in front keep their connections, so that it is they who close them.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Of a head that is kept.
const HEAD_BYTES: usize = 16 * 1024;
const LOOK_AHEAD_BYTES: usize = 4096;
const LENGTH: &[u8] = b"content-length";

/// Where a connection stands.
pub(super) struct Wire {
    stream: Stream,
    /// Read from the socket and not handed over.
    ahead: Bytes,
    /// The last head, or as much of it as is looked at.
    head: Vec<u8>,
    reading: Reading,
    is_answering: bool,
    is_write_blocked: bool,
    /// The client sends no more.
    has_ended: bool,
    /// Ends as soon as it is idle.
    is_closing: bool,
    is_late: bool,
    /// When the last piece was read or written.
    moved: Instant,
    /// When the last request was answered, or the next one begun.
    since: Instant,
    /// What has a head and no answer yet.
    pub(super) requests: usize,
    /// Those of them that are there whole.
    pub(super) whole_requests: usize,
    /// Of answers that have been handed over, until they are written.
    leaving: Vec<Hold>,
    /// None but where gRPC's C library may name a Unix socket.
    authority: Option<Authority>,
    ending: Arc<Notify>,
    limits: Limits,
    /// Ours, in place of what hyper believes to have written.
    refusal: Bytes,
}

impl Wire {
    /// `ending` is told where the connection has to end, whatever it is about.
    pub(super) fn new(stream: Stream, limits: Limits, ending: Arc<Notify>) -> Self {
        Self {
            stream,
            ahead: Bytes::new(),
            head: Vec::new(),
            reading: FRESH,
            is_answering: false,
            is_write_blocked: false,
            has_ended: false,
            is_closing: false,
            is_late: false,
            moved: Instant::now(),
            since: Instant::now(),
            requests: 0,
            whole_requests: 0,
            leaving: Vec::new(),
            authority: None,
            ending,
            limits,
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
        self.reading = Reading::body(framing);
    }

    /// Whether a body in chunks also has a length: a proxy in front may have gone by that, and taken the rest for another
    /// request.
    pub(super) fn is_ambiguous(&self) -> bool {
        let names_length = |line: &[u8]| line.get(..LENGTH.len()).is_some_and(|name| name.eq_ignore_ascii_case(LENGTH));
        self.reading == Reading::Chunks && self.head.split(|&byte| byte == b'\n').any(names_length)
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

    /// A request has been answered, or has gone.
    pub(super) fn served(&mut self) {
        self.since = Instant::now();
    }

    /// Holds an answer on until what has been handed over is written.
    pub(super) fn leaves(&mut self, mut hold: Hold) {
        hold.tell(Arc::clone(&self.ending));
        self.leaving.push(hold);
    }

    /// How little it would lose by being closed: whether it is between two requests, and for how long it has had no
    /// answer. None where a request waits for the server.
    pub(super) fn idleness(&self, now: Instant) -> Option<(bool, Duration)> {
        let is_idle = if self.is_http2() { self.requests == 0 } else { self.is_idle() };
        (self.whole_requests == 0).then(|| (is_idle, now.saturating_duration_since(self.since)))
    }

    /// Ends the connection as soon as it is idle: whoever reads next gets an end.
    pub(super) fn close(&mut self) {
        self.is_closing = true;
    }

    /// Looks after the time: closes what is idle for too long, and fails what is too slow. Gives the next moment to look.
    pub(super) fn watch(&mut self, now: Instant) -> Instant {
        let limit = match self.reading {
            _ if self.is_write_blocked => self.limits.send_timeout,
            Reading::Head { .. } if self.is_answering => None,
            Reading::Head { begun: false, .. } => Some(KEEP_ALIVE),
            Reading::Head { begun: true, .. } => self.limits.head_timeout,
            // Who reads a body looks after its time.
            Reading::Body(_) | Reading::Chunks | Reading::Http2 => None,
        };
        let Some(limit) = limit else { return now + self.patience() };
        let end = self.moved + limit;
        if end > now {
            return end.min(now + self.patience());
        }
        if self.is_idle() {
            self.is_closing = true;
        } else {
            self.is_late = true;
            if !self.is_write_blocked {
                self.refusal = refusal::late(limit).into();
            }
        }
        now + KEEP_ALIVE
    }

    /// How long what begins next may go unseen.
    fn patience(&self) -> Duration {
        [self.limits.head_timeout, self.limits.send_timeout].into_iter().flatten().fold(KEEP_ALIVE, Duration::min)
    }

    fn is_idle(&self) -> bool {
        self.reading == FRESH && self.ahead.is_empty() && !self.is_answering && !self.is_write_blocked
    }

    /// Takes note of bytes that have come, and gives how many of them may be handed over.
    fn take(&mut self, bytes: &[u8]) -> usize {
        // A head has its time as a whole, and each piece of a body its own.
        if !matches!(self.reading, Reading::Head { begun: true, .. }) {
            self.moved = Instant::now();
        }
        if self.reading == FRESH {
            self.head.clear();
            self.since = Instant::now();
        }
        let was_head = matches!(self.reading, Reading::Head { .. });
        let (count, reading) = self.reading.take(bytes);
        self.reading = reading;
        if was_head && self.head.len() < HEAD_BYTES {
            self.head.extend_from_slice(bytes.get(..count).unwrap_or_default());
        }
        count
    }

    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.is_late {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client has paused for too long")));
        }
        if !self.ahead.is_empty() {
            let ahead = self.ahead.clone();
            let count = self.take(ahead.get(..buffer.remaining()).unwrap_or(&ahead));
            buffer.put_slice(ahead.get(..count).unwrap_or_default());
            self.ahead.advance(count);
            return Poll::Ready(Ok(()));
        }
        let start = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Pending if self.is_closing && self.is_idle() => return Poll::Ready(Ok(())),
            Poll::Pending => return Poll::Pending,
            Poll::Ready(read) => read?,
        }
        let come = buffer.filled().get(start..).unwrap_or_default();
        if come.is_empty() {
            self.has_ended = true;
            return Poll::Ready(Ok(()));
        }
        let count = self.take(come);
        if self.is_http2() && matches!(self.stream, Stream::Unix(_)) {
            let come = buffer.filled_mut().get_mut(start..).unwrap_or_default();
            self.authority.get_or_insert_with(Authority::new).rewrite(come);
            return Poll::Ready(Ok(()));
        }
        if let Some(behind) = come.get(count..).filter(|behind| !behind.is_empty()) {
            self.ahead = Bytes::copy_from_slice(behind);
            buffer.set_filled(start + count);
        }
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
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

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.refusal.is_empty() {
            let refusal = self.refusal.clone();
            let count = ready!(Pin::new(&mut self.stream).poll_write(cx, &refusal))?;
            self.refusal.advance(count);
        }
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.leaving.clear();
        Poll::Ready(Ok(()))
    }

    /// Says that no more is written.
    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flush(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    /// Reads what is for nobody: were it left unread, the client could lose its answer to a reset. Says whether more may
    /// come.
    pub(super) fn poll_discard(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<bool> {
        let mut discarded = ReadBuf::new(buffer);
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut discarded));
        Poll::Ready(read.is_ok() && !discarded.filled().is_empty())
    }
}
