//! Serve: listeners and a stop signal -> connections of HTTP/1 and HTTP/2, each ended in order.

mod afterwards;
mod connection;
mod listener;
mod reading;
mod refusal;
#[cfg(test)]
pub(crate) mod running;
mod shared_wire;
mod stream;
#[cfg(test)]
mod tests;
mod wire;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

pub use afterwards::Afterwards;
use connection::Connection;
pub use listener::Listener;
use listener::Open;
use stream::Stream;

/// The name that answers by HTTP/1 carry.
pub const SERVER: &str = "firstserve";

const CONNECTIONS: usize = 1000;
/// How long the rest of a handshake takes between a platform's proxy and its containers, and more.
const HANDSHAKE: Duration = Duration::from_millis(50);
/// How long a queue may be emptied that fills up again.
const EMPTYING: Duration = Duration::from_secs(1);
/// Between two attempts where the process has no more files.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers on all listeners until `stop` is ready, then finishes what has arrived, within `grace`.
///
/// # Errors
/// Where a listener cannot be used.
pub async fn serve(
    listeners: Vec<(Listener, Router)>,
    stop: impl Future<Output = ()>,
    grace: Duration,
) -> std::io::Result<()> {
    let (stopping, stopped) = watch::channel(false);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut doors = JoinSet::new();
    for (listener, router) in listeners {
        let door = Door { router, stopped: stopped.clone(), places: Arc::clone(&places), open: JoinSet::new() };
        doors.spawn(door.answer(Open::new(listener)?, grace));
    }
    stop.await;
    stopping.send_replace(true);
    while doors.join_next().await.is_some() {}
    Ok(())
}

/// One listener and the connections that have come by it.
struct Door {
    router: Router,
    stopped: watch::Receiver<bool>,
    places: Arc<Semaphore>,
    open: JoinSet<()>,
}

impl Door {
    async fn answer(mut self, listener: Open, grace: Duration) {
        self.accept(&listener).await;
        let ends = Instant::now() + grace;
        self.empty(listener).await;
        // Whatever has not ended by then is dropped with the set.
        let _ = timeout_at(ends, async { while self.open.join_next().await.is_some() {} }).await;
    }

    /// Takes connections until it is time to stop.
    async fn accept(&mut self, listener: &Open) {
        let mut stopped = self.stopped.clone();
        loop {
            let arrival = async {
                let place = Arc::clone(&self.places).acquire_owned().await;
                (listener.accept().await, place)
            };
            let (accepted, place) = tokio::select! {
                biased;
                _ = stopped.wait_for(|&stopped| stopped) => return,
                arrived = arrival => arrived,
            };
            match accepted {
                Ok(stream) => self.welcome(stream, place.ok()),
                // A client that has gone already, or no more files: what waits is taken later.
                Err(_) => sleep(PAUSE).await,
            }
            while self.open.try_join_next().is_some() {}
        }
    }

    /// Takes in the connections that the kernel has already answered for us, then closes the port: left in the queue,
    /// they would be reset.
    async fn empty(&mut self, listener: Open) {
        listener.refuse_handshakes();
        // Where handshakes go on, the queue may never be empty.
        let until = Instant::now() + EMPTYING;
        while Instant::now() < until {
            match timeout(HANDSHAKE, listener.accept()).await {
                Ok(Ok(stream)) => self.welcome(stream, None),
                Ok(Err(_)) => sleep(PAUSE).await,
                Err(_) => return,
            }
        }
    }

    fn welcome(&mut self, stream: Stream, place: Option<tokio::sync::OwnedSemaphorePermit>) {
        let connection = Connection::new(stream, self.router.clone(), self.stopped.clone());
        self.open.spawn(async move {
            connection.answer().await;
            drop(place);
        });
    }
}
