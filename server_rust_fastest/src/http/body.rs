//! Body: what a client sends behind a request's head -> bytes, within a limit, inflated where they are compressed.

use std::io::Read as _;

use axum::body::{Body, HttpBody as _};
use bytes::{Bytes, BytesMut};
use flate2::bufread::MultiGzDecoder;
use http_body_util::BodyExt as _;

use crate::error::{Error, Result};

/// Of a compressed body, inflated; one that is not compressed has no limit.
pub(super) const INFLATED_LIMIT_BYTES: usize = 100 * 1024 * 1024;

const DRAIN_LIMIT_BYTES: usize = 256 * 1024 * 1024;
/// Room is made at once for bodies up to this size, before they have come.
const TRUSTED_BYTES: u64 = 32 * 1024 * 1024;

/// A body that is still to be read, or part of it.
pub(super) struct RequestBody {
    body: Body,
    is_damaged: bool,
}

impl RequestBody {
    pub(super) fn new(body: Body) -> Self {
        Self { body, is_damaged: false }
    }

    /// The whole body.
    ///
    /// # Errors
    /// Too large over the limit; invalid argument for one that is cut off, damaged or too slow.
    pub(super) async fn read(&mut self, limit_bytes: Option<usize>) -> Result<Bytes> {
        let told_bytes = self.body.size_hint().lower();
        let too_large = |bytes: u64| limit_bytes.filter(|&limit| bytes > limit as u64).map(too_large);
        if let Some(error) = too_large(told_bytes) {
            return Err(error);
        }
        let Some(first) = self.next().await? else { return Ok(Bytes::new()) };
        if first.len() as u64 == told_bytes {
            return Ok(first);
        }
        let room = usize::try_from(told_bytes.min(TRUSTED_BYTES)).unwrap_or_default();
        let mut read = BytesMut::with_capacity(room.max(first.len()));
        read.extend_from_slice(&first);
        // So that the next piece is read to where it lies.
        drop(first);
        while let Some(piece) = self.next().await? {
            read.extend_from_slice(&piece);
            if let Some(error) = too_large(read.len() as u64) {
                return Err(error);
            }
        }
        match too_large(read.len() as u64) {
            Some(error) => Err(error),
            None => Ok(read.freeze()),
        }
    }

    /// Reads what nobody needs.
    pub(super) async fn drain(&mut self) {
        let mut drained_bytes = 0;
        while !self.is_damaged && drained_bytes < DRAIN_LIMIT_BYTES {
            match self.next().await {
                Ok(Some(piece)) => drained_bytes += piece.len(),
                Ok(None) | Err(_) => return,
            }
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|error| {
                self.is_damaged = true;
                damaged(&error)
            })?;
            if let Ok(piece) = frame.into_data() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }
}

fn too_large(limit_bytes: usize) -> Error {
    Error::too_large(format!("the body is longer than the limit of {limit_bytes} bytes (--max_body_bytes)"))
}

fn damaged(error: &axum::Error) -> Error {
    let mut cause: &dyn std::error::Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    Error::invalid_argument(format!(
        "the body cannot be read: {cause}; it may be cut off or damaged, send it again whole"
    ))
}

/// Inflates gzip, of any number of members; nothing where it is damaged, or more than the limit.
pub(super) fn inflate(compressed: &[u8]) -> Bytes {
    let mut inflated = Vec::new();
    let limit_bytes = INFLATED_LIMIT_BYTES as u64 + 1;
    match MultiGzDecoder::new(compressed).take(limit_bytes).read_to_end(&mut inflated) {
        Ok(count) if count <= INFLATED_LIMIT_BYTES => inflated.into(),
        _ => Bytes::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const TEXT: &[u8] = b"{\"instances\": [1.0]}";

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_is_inflated() {
        assert_eq!(inflate(&gzip(TEXT)), TEXT);
    }

    #[test]
    fn gzip_in_parts_is_inflated() {
        let (first, second) = TEXT.split_at(5);
        assert_eq!(inflate(&[gzip(first), gzip(second)].concat()), TEXT);
    }

    #[test]
    fn damaged_gzip_is_an_empty_body() {
        let whole = gzip(TEXT);
        let cut = &whole[..whole.len() - 1];
        for damaged in [TEXT, b"", cut, &whole[..5], &[&whole[..], b"x"].concat()] {
            assert_eq!(inflate(damaged), Bytes::new(), "{damaged:?}");
        }
    }

    #[test]
    fn gzip_is_inflated_up_to_the_limit() {
        let half = gzip(&vec![0; INFLATED_LIMIT_BYTES / 2]);
        let whole = [&half[..], &half].concat();
        assert_eq!(inflate(&whole).len(), INFLATED_LIMIT_BYTES);
        assert_eq!(inflate(&[whole, gzip(b"x")].concat()), Bytes::new());
    }
}
