//! Listener: a socket that takes connections.

use std::io;

use socket2::{SockFilter, SockRef};

use super::stream::Stream;

/// A classic BPF program, <linux/filter.h>, over the TCP header: keeps nothing of a packet that opens a connection.
const DROP_SYN: [SockFilter; 4] = [
    SockFilter::new(0x30, 0, 0, 13),     // load the byte with the flags
    SockFilter::new(0x45, 0, 1, 0x02),   // is SYN among them?
    SockFilter::new(0x06, 0, 0, 0),      // then keep nothing,
    SockFilter::new(0x06, 0, 0, 0xFFFF), // else all
];

/// A socket that takes connections.
#[allow(missing_docs)]
#[derive(Debug)]
pub enum Listener {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener),
}

/// A listener that the runtime waits for.
pub(super) enum Open {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

impl Open {
    /// # Errors
    /// Where the socket is none that can be waited for.
    pub(super) fn new(listener: Listener) -> io::Result<Self> {
        match listener {
            Listener::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                tokio::net::TcpListener::from_std(listener).map(Self::Tcp)
            }
            Listener::Unix(listener) => {
                listener.set_nonblocking(true)?;
                tokio::net::UnixListener::from_std(listener).map(Self::Unix)
            }
        }
    }

    /// The next connection.
    ///
    /// # Errors
    /// Where it has gone meanwhile, or the process has no more files.
    pub(super) async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // An answer must not wait for the client's acknowledgement of what was sent before it.
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
            Self::Unix(listener) => Ok(Stream::Unix(listener.accept().await?.0)),
        }
    }

    /// Has the kernel drop the first packet of every further connection (Linux), so that the queue can be emptied.
    ///
    /// Who tries to connect meanwhile sends again after a second, and finds the port closed. A sandbox may not know
    /// filters; then a connection of the last microseconds can be reset.
    pub(super) fn refuse_handshakes(&self) {
        if let Self::Tcp(listener) = self {
            let _ = SockRef::from(listener).attach_filter(&DROP_SYN);
        }
    }
}
