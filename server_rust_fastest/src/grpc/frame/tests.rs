use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use tonic::codegen::tokio_stream;

use super::*;
use crate::error::Code;
use crate::protos::tensorflow::serving::ModelSpec;

fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    [&[flag][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

async fn read_as(encoding: &'static str, body: Vec<u8>) -> Result<Bytes> {
    let headers =
        HeaderMap::from_iter([(HeaderName::from_static("grpc-encoding"), HeaderValue::from_static(encoding))]);
    let (message, _) = read(&Budget::new(usize::MAX), None, &headers, Body::from(body), None).await?;
    Ok(message)
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_message_is_what_stands_behind_its_prefix() {
    assert_eq!(read_as("identity", framed(0, b"abc")).await.unwrap(), "abc");
    assert_eq!(read_as("gzip", framed(0, b"")).await.unwrap(), "");
}

#[tokio::test]
async fn a_compressed_message_is_inflated() {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(b"abc").unwrap();
    assert_eq!(read_as("gzip", framed(1, &gzip(b"abc"))).await.unwrap(), "abc");
    assert_eq!(read_as("deflate", framed(1, &zlib.finish().unwrap())).await.unwrap(), "abc");
}

#[tokio::test]
async fn another_compression_is_unimplemented() {
    let error = read_as("snappy", framed(1, b"abc")).await.unwrap_err();
    assert_eq!(error.code, Code::Unimplemented);
    assert!(error.text.contains("snappy") && error.text.contains("gzip"));
}

#[tokio::test]
async fn what_inflates_beyond_the_limit_is_too_large() {
    let bomb = gzip(&vec![0; usize::try_from(INFLATED_LIMIT_BYTES).unwrap() + 1]);
    let error = read_as("gzip", framed(1, &bomb)).await.unwrap_err();
    assert_eq!(error.code, Code::ResourceExhausted);
}

#[tokio::test]
async fn a_body_that_is_not_one_message_is_told_why() {
    for (body, text) in [
        (Vec::new(), "the call brings no message"),
        (vec![0, 0, 0], "the call brings no message"),
        (framed(0, b"abc")[..7].to_vec(), "the call brings 2 bytes behind the prefix of its message, which says 3"),
        ([framed(0, b"abc"), framed(0, b"")].concat(), "the call brings 8 bytes behind the prefix"),
        (framed(7, b"abc"), "the prefix of the message begins with 7"),
        (framed(1, b"abc"), "the compressed message cannot be read"),
    ] {
        let error = read_as("gzip", body).await.unwrap_err();
        assert_eq!(error.code, Code::InvalidArgument);
        assert!(error.text.starts_with(text), "{error}");
    }
}

#[tokio::test]
async fn a_message_that_does_not_come_in_time_is_not_waited_for() {
    let budget = Budget::new(usize::MAX);
    for (patience, deadline, text) in [
        (None, Instant::now().checked_sub(Duration::from_secs(1)), "the call's deadline passed"),
        (Some(Duration::ZERO), None, "the call's message has not come within 0 s (--request_body_timeout_s)"),
    ] {
        let nothing = tokio_stream::pending::<std::io::Result<hyper::body::Frame<Bytes>>>();
        let body = Body::new(http_body_util::StreamBody::new(nothing));
        let refused = read(&budget, patience, &HeaderMap::new(), body, deadline).await;
        let Err(error) = refused else { panic!("a message has come") };
        assert_eq!(error.code, Code::DeadlineExceeded);
        assert!(error.text.starts_with(text), "{error}");
    }
}

#[test]
fn a_written_message_can_be_read() {
    let message = ModelSpec { name: "m".to_owned(), ..ModelSpec::default() };
    assert_eq!(write(&message).unwrap(), framed(0, &message.encode_to_vec()));
}
