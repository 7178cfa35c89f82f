//! Models: configs -> versions in memory -> handles for requests.

use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, Result};
use crate::image::Classifier;
use crate::litert::Servable;
use crate::settings::{ImageOptions, ModelConfig, ModelsSettings, RuntimeOptions};

/// Which version of which model a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ModelSpec {
    pub name: String,
    pub version: Option<i64>,
    pub label: Option<String>,
}

/// One version that answers.
#[allow(missing_docs)]
pub struct ServedModel {
    pub name: String,
    pub version: i64,
    pub servable: Servable,
    /// Or why the model takes no picture.
    pub classifier: std::result::Result<Classifier, Error>,
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
    pub error: Option<Error>,
}

/// A use of a version, which stays in memory until it is dropped.
pub struct Handle {}

impl std::ops::Deref for Handle {
    type Target = ServedModel;

    fn deref(&self) -> &ServedModel {
        todo!()
    }
}

/// Holds everything that is served. Versions are looked for, loaded and unloaded by a thread of its own.
pub struct ModelManager {}

impl ModelManager {
    /// Serves nothing yet.
    #[must_use]
    pub fn new(settings: ModelsSettings, runtime: RuntimeOptions, image: ImageOptions) -> Arc<Self> {
        let _ = (settings, runtime, image);
        todo!()
    }

    /// Begins to serve `configs` in a thread of its own.
    ///
    /// `on_settled` is called once, from that thread: without an error when every model has a version that can answer.
    ///
    /// # Errors
    /// Invalid argument or failed precondition for configs that cannot be.
    pub fn start(
        self: &Arc<Self>,
        configs: Vec<ModelConfig>,
        on_settled: impl FnOnce(Result<()>) + Send + 'static,
    ) -> Result<()> {
        let _ = (configs, on_settled);
        todo!()
    }

    /// Ends the thread after what it does now, and whatever waits; what is loaded stays.
    pub fn stop(&self) {
        todo!()
    }

    /// Replaces all configs, and returns when the models that are new can answer.
    ///
    /// # Errors
    /// For configs that cannot be (the old ones stay), for new models that cannot be loaded, past the deadline.
    pub async fn reload(&self, configs: Vec<ModelConfig>, deadline: Option<Instant>) -> Result<()> {
        let _ = (configs, deadline);
        todo!()
    }

    /// The version that a request asks for; waits while the model is loaded for the first time.
    ///
    /// # Errors
    /// Not found for a model or version that cannot answer, invalid argument for an unknown label, unavailable where the
    /// load takes longer than the deadline.
    pub async fn handle(&self, spec: &ModelSpec, deadline: Option<Instant>) -> Result<Handle> {
        let _ = (spec, deadline);
        todo!()
    }

    /// The version that a label stands for.
    ///
    /// # Errors
    /// Invalid argument for an unknown label.
    pub fn version_of_label(&self, name: &str, label: &str) -> Result<i64> {
        let _ = (name, label);
        todo!()
    }

    /// What is known of a model's versions, or of one, highest first.
    ///
    /// # Errors
    /// Not found where that is nothing.
    pub fn statuses(&self, name: &str, version: Option<i64>) -> Result<Vec<VersionStatus>> {
        let _ = (name, version);
        todo!()
    }

    /// Of the models that are configured, in the order of their configs.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        todo!()
    }

    /// Whether every model that is configured has a version that can answer.
    #[must_use]
    pub fn all_available(&self) -> bool {
        todo!()
    }
}
