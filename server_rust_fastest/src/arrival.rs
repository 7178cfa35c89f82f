//! Arrival: the body behind a request's head -> all its bytes, within a length, a time and the budget of all bodies.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout_at};

use crate::budget::{Budget, Hold};

/// Room is made at once for bodies up to this size, before they have come.
const TRUSTED_BYTES: u64 = 1024 * 1024;

/// A body that is still to be read, or part of it.
pub struct Arrival {
    body: Body,
    hold: Hold,
    until: Option<Instant>,
    is_damaged: bool,
}

/// Why a body has not come whole.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is longer than it may be.
    TooLong,
    /// Its time has passed.
    Late,
    /// There are too many bytes of others.
    Full,
    /// The client has ended it, or it is damaged; in the words of who reads it.
    Broken(String),
}

impl Arrival {
    /// A body that has until then to come.
    pub fn new(body: Body, budget: &Budget, until: Option<Instant>) -> Self {
        Self { body, hold: budget.hold(Arc::default()), until, is_damaged: false }
    }

    /// The whole body.
    ///
    /// # Errors
    /// Where it does not come.
    pub async fn read(&mut self, limit_bytes: usize) -> Result<Bytes, Fault> {
        let told_bytes = self.body.size_hint().lower();
        if told_bytes > limit_bytes as u64 {
            return Err(Fault::TooLong);
        }
        let Some(first) = self.next().await? else { return Ok(Bytes::new()) };
        if first.len() as u64 == told_bytes {
            self.hold.grow(first.len()).map_err(|_| Fault::Full)?;
            return Ok(first);
        }
        let room = usize::try_from(told_bytes.min(TRUSTED_BYTES)).unwrap_or_default();
        let mut read = BytesMut::with_capacity(room.max(first.len()));
        self.take(&mut read, &first, limit_bytes)?;
        // So that the next piece is read to where it lies.
        drop(first);
        while let Some(piece) = self.next().await? {
            self.take(&mut read, &piece, limit_bytes)?;
        }
        Ok(read.freeze())
    }

    fn take(&mut self, read: &mut BytesMut, piece: &Bytes, limit_bytes: usize) -> Result<(), Fault> {
        if read.len() + piece.len() > limit_bytes {
            return Err(Fault::TooLong);
        }
        self.hold.grow(piece.len()).map_err(|_| Fault::Full)?;
        read.extend_from_slice(piece);
        Ok(())
    }

    /// Reads what nobody needs, up to so many bytes and for so long. Says whether that was all.
    pub async fn drain(&mut self, limit_bytes: usize, time: Duration) -> bool {
        let until = Instant::now() + time;
        self.until = Some(self.until.map_or(until, |other| other.min(until)));
        let mut drained_bytes = 0;
        while !self.body.is_end_stream() {
            match self.next().await {
                Ok(Some(piece)) if drained_bytes < limit_bytes => drained_bytes += piece.len(),
                Ok(None) => return true,
                Ok(Some(_)) | Err(_) => return false,
            }
        }
        !self.is_damaged
    }

    /// Whether all of it has come.
    pub fn is_over(&self) -> bool {
        self.body.is_end_stream() && !self.is_damaged
    }

    /// What has been read, to be held on for as long as it is worked on.
    pub fn take_hold(&mut self) -> Hold {
        self.hold.split()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            let arriving = async {
                tokio::select! {
                    biased;
                    frame = self.body.frame() => Some(frame),
                    () = self.hold.ended() => None,
                }
            };
            let arrived = match self.until {
                None => arriving.await,
                Some(until) => timeout_at(until, arriving).await.map_err(|_| Fault::Late)?,
            };
            match arrived.ok_or(Fault::Full)? {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
                Some(Err(error)) => {
                    self.is_damaged = true;
                    return Err(Fault::Broken(cause(&error)));
                }
            }
        }
    }
}

fn cause(error: &axum::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}
