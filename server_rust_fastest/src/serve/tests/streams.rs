//! Streams of HTTP/2 whose clients take nothing of their answers.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::Request;
use axum::routing::any;
use h2::RecvStream;
use h2::client::{Builder, SendRequest};

use super::super::running::{LIMITS, Running};
use crate::settings::Limits;

const ANSWER_BYTES: u32 = 1_000_000;

fn large() -> Router {
    Router::new().fallback(any(async || vec![b'a'; ANSWER_BYTES as usize]))
}

/// A client that has room for so many bytes of each answer.
async fn connect(address: SocketAddr, window_bytes: u32) -> SendRequest<Bytes> {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let mut builder = Builder::new();
    builder.initial_window_size(window_bytes).initial_connection_window_size(16 * ANSWER_BYTES);
    let (client, connection) = builder.handshake(stream).await.unwrap();
    tokio::spawn(connection);
    client.ready().await.unwrap()
}

/// The answer, of which its head has come.
async fn ask(client: &mut SendRequest<Bytes>) -> RecvStream {
    let request = Request::get("http://a/").body(()).unwrap();
    client.send_request(request, true).unwrap().0.await.unwrap().into_body()
}

async fn read(mut answer: RecvStream) -> Result<usize, h2::Error> {
    let mut count = 0;
    while let Some(piece) = answer.data().await {
        count += piece?.len();
    }
    Ok(count)
}

#[tokio::test]
async fn an_answer_that_nobody_takes_ends_its_stream_and_no_other() {
    let server = Running::with(large(), Limits { send_timeout: Some(Duration::from_millis(50)), ..LIMITS });
    let stuck = ask(&mut connect(server.address, 0).await).await;
    assert!(read(stuck).await.unwrap_err().is_reset());
    let taken = ask(&mut connect(server.address, 2 * ANSWER_BYTES).await).await;
    assert_eq!(read(taken).await.unwrap(), ANSWER_BYTES as usize);
}

#[tokio::test]
async fn answers_that_nobody_takes_are_held_within_the_bytes_at_once() {
    let server = Running::with(large(), Limits { bytes_at_once: 5 * ANSWER_BYTES as usize / 2, ..LIMITS });
    let mut client = connect(server.address, 0).await;
    let mut stuck = Vec::new();
    for _ in 0..5 {
        stuck.push(ask(&mut client).await);
    }
    for answer in stuck.drain(..3) {
        assert!(read(answer).await.unwrap_err().is_reset());
    }
    let taken = ask(&mut connect(server.address, 2 * ANSWER_BYTES).await).await;
    assert_eq!(read(taken).await.unwrap(), ANSWER_BYTES as usize);
}
