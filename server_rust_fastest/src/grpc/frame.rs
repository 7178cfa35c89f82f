//! Frame: a message with what stands before it in a body: one byte for compression, four for its length.
//!
//! Format: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.

#[cfg(test)]
mod tests;

use std::io::Read;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::{BufMut, Bytes};
use flate2::read::{GzDecoder, ZlibDecoder};
use prost::Message;

use crate::arrival::{Arrival, Fault};
use crate::budget::{Budget, Hold};
use crate::error::{Error, Result};
use crate::work;

/// The header by which each side says how its messages may be compressed.
pub const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
/// How messages that come may be compressed; answers never are.
pub const ENCODINGS: HeaderValue = HeaderValue::from_static("identity,deflate,gzip");

const PREFIX_BYTES: usize = 5;
/// As TensorFlow Serving has it: gRPC's own 4 MiB are too few for a batch of pictures.
const LIMIT_BYTES: usize = i32::MAX as usize;
/// Of a compressed message: a few bytes must not fill the memory.
const INFLATED_LIMIT_BYTES: u64 = 100 * 1024 * 1024;
/// Inflated before it is counted.
const STEP_BYTES: u64 = 1024 * 1024;

/// The one message of a body, inflated where it is compressed; it has this time to come, or the call's deadline.
///
/// # Errors
/// Invalid argument for a body that is not one message, unimplemented for another compression, resource exhausted for
/// a message that is too long, deadline exceeded, cancelled for a body that does not come whole.
pub async fn read(
    budget: &Budget,
    patience: Option<Duration>,
    headers: &HeaderMap,
    body: Body,
    deadline: Option<Instant>,
) -> Result<(Bytes, Hold)> {
    let latest = patience.map(|time| Instant::now() + time);
    let until = [deadline, latest].into_iter().flatten().min();
    let mut arrival = Arrival::new(body, budget, until.map(Into::into));
    let read = arrival.read(PREFIX_BYTES + LIMIT_BYTES).await;
    let mut framed = read.map_err(|fault| match fault {
        Fault::TooLong => {
            Error::too_large(format!("the message is longer than {LIMIT_BYTES} bytes, the most that is read"))
        }
        Fault::Late if until == deadline => {
            Error::deadline_exceeded("the call's deadline passed before its message was there")
        }
        Fault::Late => Error::deadline_exceeded(format!(
            "the call's message has not come within {} s (--request_body_timeout_s)",
            patience.unwrap_or_default().as_secs_f64()
        )),
        Fault::Full => budget.full(),
        Fault::Broken(_) => Error::cancelled("the call's message has not come whole"),
    })?;
    let mut hold = arrival.take_hold();
    let Some(&[flag, a, b, c, d]) = framed.first_chunk() else {
        return Err(Error::invalid_argument("the call brings no message: expected one behind a prefix of 5 bytes"));
    };
    let message = framed.split_off(PREFIX_BYTES);
    let announced = u32::from_be_bytes([a, b, c, d]);
    if message.len() as u64 != u64::from(announced) {
        return Err(Error::invalid_argument(format!(
            "the call brings {} bytes behind the prefix of its message, which says {announced}: expected one message",
            message.len()
        )));
    }
    match flag {
        0 => Ok((message, hold)),
        1 => {
            let encoding = headers.get("grpc-encoding").map_or(&b"identity"[..], HeaderValue::as_bytes).to_vec();
            work::run(deadline, move || Ok((inflate(&encoding, &message, &mut hold)?, hold))).await
        }
        other => Err(Error::invalid_argument(format!(
            "the prefix of the message begins with {other}: expected 0, or 1 where it is compressed"
        ))),
    }
}

/// A message behind its prefix.
///
/// # Errors
/// Resource exhausted for one whose length the prefix cannot say.
pub fn write(message: &impl Message) -> Result<Bytes> {
    let length = message.encoded_len();
    let announced = u32::try_from(length).map_err(|_| {
        Error::too_large(format!("the answer would have {length} bytes, gRPC can send {}: ask for less", u32::MAX))
    })?;
    let mut framed = Vec::with_capacity(PREFIX_BYTES + length);
    framed.put_u8(0);
    framed.put_u32(announced);
    message.encode_raw(&mut framed);
    Ok(framed.into())
}

fn inflate(encoding: &[u8], message: &[u8], hold: &mut Hold) -> Result<Bytes> {
    match encoding {
        b"gzip" => read_inflated(GzDecoder::new(message), hold),
        b"deflate" => read_inflated(ZlibDecoder::new(message), hold),
        other => Err(Error::unimplemented(format!(
            "the message is compressed as {}, which is not known here: send it as gzip, deflate or uncompressed",
            String::from_utf8_lossy(other)
        ))),
    }
}

fn read_inflated(mut decoder: impl Read, hold: &mut Hold) -> Result<Bytes> {
    let mut inflated = Vec::new();
    loop {
        let count = decoder
            .by_ref()
            .take(STEP_BYTES)
            .read_to_end(&mut inflated)
            .map_err(|error| Error::invalid_argument(format!("the compressed message cannot be read: {error}")))?;
        if count == 0 {
            return Ok(inflated.into());
        }
        if inflated.len() as u64 > INFLATED_LIMIT_BYTES {
            return Err(Error::too_large(format!(
                "the message has more than {INFLATED_LIMIT_BYTES} bytes when it is inflated: send it uncompressed"
            )));
        }
        hold.grow(count).map_err(|_| hold.full())?;
    }
}
