//! Serve: listeners and a stop signal -> connections of HTTP/1 and HTTP/2, each ended in order.

use std::future::Future;
use std::time::Duration;

use axum::Router;

/// A socket that takes connections.
#[allow(missing_docs)]
pub enum Listener {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener),
}

/// Answers on all listeners until `stop` is ready, then finishes what has arrived, within `grace`.
///
/// # Errors
/// Where a listener cannot be used.
pub async fn serve(
    listeners: Vec<(Listener, Router)>,
    stop: impl Future<Output = ()>,
    grace: Duration,
) -> std::io::Result<()> {
    let _ = (listeners, stop, grace);
    todo!()
}
