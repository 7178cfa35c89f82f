//! LiteRT's C library, the one place of unsafe code: pointers and handles in here, values and errors outside.
//!
//! Handles never leave this module. Each is owned by one value, which holds on to everything that the handle refers to
//! and destroys it when it is dropped.
#![allow(unsafe_code, reason = "a C library, mapped files and address space; every block says why it is sound")]
#![deny(clippy::undocumented_unsafe_blocks, clippy::multiple_unsafe_ops_per_block)]

mod abi;
mod compiled_model;
mod exit;
mod heap;
mod immutable;
mod instance;
mod library;
mod mapped_file;
mod model;
mod report;
mod reserve;
mod tensor_buffer;

pub use self::exit::exit;
pub use self::heap::{allocated_bytes, bound_heap, give_back};
pub use self::instance::{Buffering, Compilation, Instance, Plan, refuse_strings};
pub use self::library::Library;
pub use self::mapped_file::{FileState, MappedFile};
pub use self::model::{Model, SignatureRef, TensorRef};
pub use self::report::print_reports;

use std::fmt;

use crate::error::Error;

/// The release of LiteRT whose binary interface is declared here.
pub const VERSION: &str = "2.3.0";
/// `LITERT_TENSOR_MAX_RANK`, the most dimensions that a layout can have.
pub const MAX_RANK: usize = 8;

/// A function of LiteRT's answered with a status other than OK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusError {
    function: &'static str,
    status: i32,
    /// What LiteRT has reported beside it.
    said: String,
}

impl StatusError {
    /// Whether LiteRT has no place for an output, because it knows its size only after a run.
    fn is_of_unknown_size(&self) -> bool {
        self.said.contains("allocation_type == kTfLiteArenaRw")
    }
}

impl fmt::Display for StatusError {
    /// The library has no function that names a `LiteRtStatus`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.status {
            1 => "invalid argument",
            2 => "out of memory",
            3 => "runtime failure",
            4 => "missing input tensor",
            5 => "unsupported",
            6 => "not found",
            8 => "wrong version",
            500 => "file cannot be read",
            501 => "invalid flatbuffer",
            502 => "library cannot be loaded",
            504 => "compilation failed",
            _ => "failed",
        };
        write!(f, "{}: {name} (LiteRT status {})", self.function, self.status)?;
        if self.said.is_empty() { Ok(()) } else { write!(f, ": {}", self.said) }
    }
}

/// Why something cannot be made or run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// LiteRT says so.
    Status(StatusError),
    /// We know better than to ask it.
    Refused(Error),
}

impl Fault {
    /// What to answer where nobody knows better.
    pub fn into_error(self) -> Error {
        match self {
            Self::Status(error) => Error::internal(error.to_string()),
            Self::Refused(error) => error,
        }
    }
}

impl From<StatusError> for Fault {
    fn from(error: StatusError) -> Self {
        Self::Status(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Refused(Error::internal(format!("no address space is left for outputs: {error}")))
    }
}
