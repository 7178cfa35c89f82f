//! Refusal: why a command line starts no server.

use crate::error::Error;

/// What the start of a server fails of, before there is one.
#[derive(Debug)]
pub enum Refusal {
    /// A mistake in flags that TensorFlow Serving does not have.
    Flags(String),
    /// What TensorFlow Serving refuses as well when it starts, or a file that is wrong.
    Start(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Start(error)
    }
}
