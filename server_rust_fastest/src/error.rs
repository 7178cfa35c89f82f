//! Every error that the server can answer with: fault -> HTTP status, gRPC code, text.

use std::fmt;

/// A gRPC status code, and by it the HTTP status of a REST answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are gRPC's own
pub enum Code {
    Ok,
    Cancelled,
    Unknown,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
}

impl Code {
    /// Its name as TensorFlow Serving writes it: `NOT_FOUND`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Cancelled => "CANCELLED",
            Self::Unknown => "UNKNOWN",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Aborted => "ABORTED",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::DataLoss => "DATA_LOSS",
            Self::Unauthenticated => "UNAUTHENTICATED",
        }
    }

    /// Its number in gRPC's protocol.
    #[must_use]
    pub fn number(self) -> i32 {
        match self {
            Self::Ok => 0,
            Self::Cancelled => 1,
            Self::Unknown => 2,
            Self::InvalidArgument => 3,
            Self::DeadlineExceeded => 4,
            Self::NotFound => 5,
            Self::AlreadyExists => 6,
            Self::PermissionDenied => 7,
            Self::ResourceExhausted => 8,
            Self::FailedPrecondition => 9,
            Self::Aborted => 10,
            Self::OutOfRange => 11,
            Self::Unimplemented => 12,
            Self::Internal => 13,
            Self::Unavailable => 14,
            Self::DataLoss => 15,
            Self::Unauthenticated => 16,
        }
    }

    /// The HTTP status that TensorFlow Serving gives it.
    #[must_use]
    pub fn http(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::Cancelled => 499,
            Self::InvalidArgument | Self::FailedPrecondition | Self::OutOfRange => 400,
            Self::DeadlineExceeded => 504,
            Self::NotFound => 404,
            Self::AlreadyExists | Self::Aborted => 409,
            Self::PermissionDenied => 403,
            Self::ResourceExhausted => 429,
            Self::Unimplemented => 501,
            Self::Unavailable => 503,
            Self::Unauthenticated => 401,
            Self::Unknown | Self::Internal | Self::DataLoss => 500,
        }
    }
}

/// An answer that is not a success. Its text names what was wrong and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The gRPC status code.
    pub code: Code,
    /// The HTTP status.
    pub http: u16,
    /// What the client reads.
    pub text: String,
    /// Seconds after which the same request may succeed.
    pub retry_after_s: Option<u32>,
    /// What it says where nobody expects TensorFlow Serving's words, if that is something else.
    pub plain_text: Option<String>,
}

/// What a fallible step gives.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, http: code.http(), text: text.into(), retry_after_s: None, plain_text: None }
    }

    /// The request itself is wrong and stays wrong when it is repeated.
    pub fn invalid_argument(text: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, text)
    }

    /// The request is right in itself, but not for what is served now.
    pub fn failed_precondition(text: impl Into<String>) -> Self {
        Self::new(Code::FailedPrecondition, text)
    }

    /// No such model, version, label or path.
    pub fn not_found(text: impl Into<String>) -> Self {
        Self::new(Code::NotFound, text)
    }

    /// The body or the picture exceeds a limit; the text names the limit and its setting.
    pub fn too_large(text: impl Into<String>) -> Self {
        Self { http: 413, ..Self::new(Code::ResourceExhausted, text) }
    }

    /// More requests are waiting than the server accepts; the same request may succeed later.
    pub fn queue_full(text: impl Into<String>) -> Self {
        Self { retry_after_s: Some(1), ..Self::new(Code::ResourceExhausted, text) }
    }

    /// The request's time limit has passed before it was answered.
    pub fn deadline_exceeded(text: impl Into<String>) -> Self {
        Self::new(Code::DeadlineExceeded, text)
    }

    /// The client has gone before it was answered.
    pub fn cancelled(text: impl Into<String>) -> Self {
        Self::new(Code::Cancelled, text)
    }

    /// The operator has switched this off; the text names the setting.
    pub fn permission_denied(text: impl Into<String>) -> Self {
        Self::new(Code::PermissionDenied, text)
    }

    /// This runtime cannot do what is asked; another one may.
    pub fn unimplemented(text: impl Into<String>) -> Self {
        Self::new(Code::Unimplemented, text)
    }

    /// No servable can answer now: the model is not loaded, or the server is stopping.
    pub fn unavailable(text: impl Into<String>) -> Self {
        Self { retry_after_s: Some(5), ..Self::new(Code::Unavailable, text) }
    }

    /// A file is damaged, or of another format than its name says.
    pub fn data_loss(text: impl Into<String>) -> Self {
        Self::new(Code::DataLoss, text)
    }

    /// Models could not be loaded, each of these versions for a reason of its own; the text is TensorFlow Serving's.
    #[must_use]
    pub fn models_unavailable(reasons: &[(String, i64, Self)]) -> Self {
        let listed: Vec<String> = reasons
            .iter()
            .map(|(name, version, reason)| {
                format!("{{name: {name} version: {version}}} due to error: {}}}, ", reason.status())
            })
            .collect();
        let text = format!("{} servable(s) did not become available: {{{}}}", reasons.len(), listed.concat());
        let plain: Vec<&str> = reasons.iter().map(|(_, _, reason)| reason.text.as_str()).collect();
        Self { plain_text: Some(plain.join("; ")), ..Self::new(Code::Unknown, text) }
    }

    /// A fault of ours.
    pub fn internal(text: impl Into<String>) -> Self {
        Self::new(Code::Internal, text)
    }

    /// Code and text, as TensorFlow Serving writes a status within another text: `NOT_FOUND: ...`.
    #[must_use]
    pub fn status(&self) -> String {
        format!("{}: {}", self.code.name(), self.text)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}
