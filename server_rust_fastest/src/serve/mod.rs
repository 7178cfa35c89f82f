//! Serve: listeners and a stop signal -> connections of HTTP/1 and HTTP/2, each ended in order.

mod afterwards;
mod authority;
mod connection;
mod connections;
mod exchange;
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
use tokio::sync::watch;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep, timeout, timeout_at};

pub use afterwards::Afterwards;
use connection::Connection;
use connections::Connections;
pub use listener::Listener;
use listener::Open;
use stream::Stream;

use crate::budget::Budget;
use crate::settings::Limits;

/// The name that answers by HTTP/1 carry.
pub const SERVER: &str = "firstserve";

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
    limits: Limits,
    budget: &Budget,
    stop: impl Future<Output = ()>,
    grace: Duration,
) -> std::io::Result<()> {
    let (stopping, stopped) = watch::channel(false);
    let connections = Connections::new(limits.connections);
    let mut doors = JoinSet::new();
    for (listener, router) in listeners {
        let (stopped, connections, budget) = (stopped.clone(), connections.clone(), budget.clone());
        let door = Door { router, limits, budget, stopped, connections, open: JoinSet::new() };
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
    limits: Limits,
    budget: Budget,
    stopped: watch::Receiver<bool>,
    connections: Connections,
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
                self.connections.room().await;
                listener.accept().await
            };
            let accepted = tokio::select! {
                biased;
                _ = stopped.wait_for(|&stopped| stopped) => return,
                arrived = arrival => arrived,
            };
            if let Ok(stream) = accepted {
                self.welcome(stream);
                // What it has sent already shall be read before another one may have it closed as idle.
                yield_now().await;
            } else {
                // A client that has gone already, or no more files: what waits is taken later.
                self.connections.close_idlest();
                sleep(PAUSE).await;
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
                Ok(Ok(stream)) => self.welcome(stream),
                Ok(Err(_)) => sleep(PAUSE).await,
                Err(_) => return,
            }
        }
    }

    fn welcome(&mut self, stream: Stream) {
        let (router, budget, stopped) = (self.router.clone(), self.budget.clone(), self.stopped.clone());
        let connection = Connection::new(stream, router, budget, self.limits, stopped);
        let opened = self.connections.add(connection.wire.clone(), Arc::clone(&connection.ending));
        self.open.spawn(async move {
            connection.answer().await;
            drop(opened);
        });
    }
}
