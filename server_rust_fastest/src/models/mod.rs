//! Models: configs -> versions in memory -> handles for requests.

mod configs;
mod crc32c;
mod handle;
mod harness;
mod loader;
mod manager;
mod model_versions;
mod notices;
mod prediction_log;
pub mod probe;
mod registry;
mod shared;
mod source;
#[cfg(test)]
mod tests;
mod tfrecord;
mod warmup;
mod worker;

use std::fmt;

pub use handle::Handle;
pub use manager::ModelManager;
pub use source::check_base_path;

use crate::error::{Error, Result};
use crate::image::Classifier;
use crate::litert::Servable;

/// Which version of which model a request asks for: by number or by label; without either, the highest that can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ModelSpec {
    pub name: String,
    pub version: Option<i64>,
    pub label: Option<String>,
}

impl fmt::Display for ModelSpec {
    /// As TensorFlow Serving's messages write it: `Latest(m)`, `Specific(m, 1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            None => write!(f, "Latest({})", self.name),
            Some(version) => write!(f, "Specific({}, {version})", self.name),
        }
    }
}

/// One version that answers.
#[allow(missing_docs)]
pub struct ServedModel {
    pub name: String,
    pub version: i64,
    pub servable: Servable,
    /// Or why the model takes no picture.
    pub classifier: Result<Classifier>,
}

/// Where a version stands. The names are TensorFlow Serving's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum State {
    Start,
    Loading,
    Available,
    Unloading,
    End,
}

/// What is known of one version.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct VersionStatus {
    pub version: i64,
    pub state: State,
    /// Why it ended, where that was an error.
    pub error: Option<Error>,
}
