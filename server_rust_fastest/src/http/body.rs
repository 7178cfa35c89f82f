//! Body: what a client sends behind a request's head -> bytes, within a limit, inflated where they are compressed.

use std::io::{ErrorKind, Read as _};
use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;

use super::{Http, error_of};
use crate::arrival::{Arrival, Fault};
use crate::budget::Hold;
use crate::error::{Code, Error, Result};

/// Inflated before it is counted.
const STEP_BYTES: u64 = 1024 * 1024;

/// How long a body may be, and the flag that says so.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    pub(super) bytes: usize,
    pub(super) flag: &'static str,
}

impl Limit {
    fn exceeded(self) -> Error {
        Error::too_large(format!("the body is longer than the limit of {} bytes ({})", self.bytes, self.flag))
    }
}

impl Http {
    /// The whole body.
    ///
    /// # Errors
    /// Too large over the limit; 408 where it is too slow; queue full where too much is read for others; invalid argument
    /// for one that is cut off or damaged.
    pub(super) async fn read(&self, body: &mut Arrival, limit: Limit) -> Result<Bytes> {
        body.read(limit.bytes).await.map_err(|fault| match fault {
            Fault::TooLong => limit.exceeded(),
            Fault::Late => late(self.app.settings.limits.body_timeout),
            Fault::Full => self.app.budget.full(),
            Fault::Broken(cause) => Error::invalid_argument(format!(
                "the body cannot be read: {cause}; it may be cut off or damaged, send it again whole"
            )),
        })
    }
}

fn late(timeout: Option<Duration>) -> Error {
    let seconds = timeout.unwrap_or_default().as_secs_f64();
    let text = format!("the body has not come within {seconds} s (--request_body_timeout_s)");
    error_of(StatusCode::REQUEST_TIMEOUT, Code::DeadlineExceeded, text)
}

/// Inflates gzip, of any number of members; nothing where it is damaged.
///
/// # Errors
/// Too large over the limit; queue full where too much is held for others.
pub(super) fn inflate(compressed: &[u8], limit: Limit, hold: &mut Hold) -> Result<Bytes> {
    let mut inflated = Vec::new();
    let mut decoder = MultiGzDecoder::new(compressed);
    loop {
        match decoder.by_ref().take(STEP_BYTES).read_to_end(&mut inflated) {
            Ok(0) => return Ok(inflated.into()),
            Ok(count) => {
                if inflated.len() > limit.bytes {
                    let text = format!("the body inflates to more than {} bytes ({})", limit.bytes, limit.flag);
                    return Err(Error::too_large(text));
                }
                hold.grow(count).map_err(|_| hold.full())?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Ok(Bytes::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::budget::Budget;

    const TEXT: &[u8] = b"{\"instances\": [1.0]}";
    const LIMIT: Limit = Limit { bytes: 10 * 1024 * 1024, flag: "--max_rest_body_bytes" };

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn inflated(compressed: &[u8]) -> Result<Bytes> {
        inflate(compressed, LIMIT, &mut Budget::new(usize::MAX).hold(Arc::default()))
    }

    #[test]
    fn gzip_is_inflated() {
        assert_eq!(inflated(&gzip(TEXT)).unwrap(), TEXT);
    }

    #[test]
    fn gzip_in_parts_is_inflated() {
        let (first, second) = TEXT.split_at(5);
        assert_eq!(inflated(&[gzip(first), gzip(second)].concat()).unwrap(), TEXT);
    }

    #[test]
    fn damaged_gzip_is_an_empty_body() {
        let whole = gzip(TEXT);
        let cut = &whole[..whole.len() - 1];
        for damaged in [TEXT, b"", cut, &whole[..5], &[&whole[..], b"x"].concat()] {
            assert_eq!(inflated(damaged).unwrap(), Bytes::new(), "{damaged:?}");
        }
    }

    #[test]
    fn gzip_is_inflated_up_to_the_limit() {
        let half = gzip(&vec![0; LIMIT.bytes / 2]);
        let whole = [&half[..], &half].concat();
        assert_eq!(inflated(&whole).unwrap().len(), LIMIT.bytes);
        let error = inflated(&[whole, gzip(b"x")].concat()).unwrap_err();
        assert_eq!((error.http, error.text.contains("10485760 bytes (--max_rest_body_bytes)")), (413, true));
    }

    #[test]
    fn what_gzip_inflates_to_counts_among_the_bytes_at_once() {
        let budget = Budget::new(8 * 1024 * 1024);
        let mut other = budget.hold(Arc::default());
        other.settle();
        other.grow(1).unwrap();
        let mut hold = budget.hold(Arc::default());
        hold.settle();
        let error = inflate(&gzip(&vec![0; LIMIT.bytes]), LIMIT, &mut hold).unwrap_err();
        assert_eq!((error.http, error.text.contains("8388608 (--max_body_bytes_at_once)")), (429, true));
        drop(hold);
        assert_eq!(budget.used(), 1);
    }
}
