//! Manager: model configs -> versions in memory -> handles for requests.
//!
//! One thread of its own looks for versions, loads and unloads them one after the other, as TensorFlow Serving does by
//! default. A version is closed only when the last handle on it has been given back.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use super::loader::{Load, Loader};
use super::model_versions::ModelVersions;
use super::probe::Probe;
use super::registry::Registry;
use super::shared::{ReadConfigs, Shared};
use super::worker::{Worker, later};
use super::{Handle, ModelSpec, ServedModel, VersionStatus};
use crate::config::read_model_configs;
use crate::error::{Error, Result};
use crate::monitoring::Metrics;
use crate::settings::{ImageOptions, ModelConfig, ModelsSettings, RuntimeOptions};

/// Holds everything that is served.
pub struct ModelManager<M = ServedModel> {
    pub(super) shared: Arc<Shared<M>>,
}

impl ModelManager {
    /// Serves nothing yet.
    #[must_use]
    pub fn new(settings: ModelsSettings, runtime: RuntimeOptions, image: ImageOptions) -> Arc<Self> {
        Self::with_metrics(settings, runtime, image, None)
    }

    /// As `new`; `metrics` is where figures of warmups go.
    #[must_use]
    pub fn with_metrics(
        settings: ModelsSettings,
        runtime: RuntimeOptions,
        image: ImageOptions,
        metrics: Option<Arc<Metrics>>,
    ) -> Arc<Self> {
        let warmup_iterations = settings.warmup.then_some(settings.warmup_iterations);
        let loader = Loader { runtime, image, probe: Probe::default(), warmup_iterations, metrics };
        Self::with(settings, Box::new(loader), Box::new(read_model_configs))
    }
}

impl<M: Send + Sync + 'static> ModelManager<M> {
    pub(super) fn with(settings: ModelsSettings, loader: Box<dyn Load<M>>, read_configs: ReadConfigs) -> Arc<Self> {
        Arc::new(Self { shared: Arc::new(Shared::new(settings, loader, read_configs)) })
    }

    /// Begins to serve `configs` in a thread of its own; where the settings ask for it, the config file gives them anew.
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
        self.shared.replace(configs)?;
        self.shared.lock().count_all();
        self.shared.lock().next_read = self.shared.settings.config_file_poll.map(later);
        let worker = Worker::new(Arc::clone(&self.shared), Box::new(on_settled));
        let thread = thread::Builder::new().name("model-manager".to_owned()).spawn(|| worker.run());
        thread.map(drop).map_err(|error| Error::internal(format!("no thread for the models: {error}")))
    }

    /// Ends the thread after what it does now, and whatever waits; what is loaded stays.
    pub fn stop(&self) {
        self.shared.lock().stopping = true;
        self.shared.announce();
    }

    /// Replaces all configs, and returns when the models that are new can answer.
    ///
    /// # Errors
    /// Invalid argument or failed precondition for configs that cannot be (the old ones stay), unknown where a new model
    /// cannot be loaded, unavailable past the deadline (the load goes on).
    pub async fn reload(&self, configs: Vec<ModelConfig>, deadline: Option<Instant>) -> Result<()> {
        let names: HashSet<String> = configs.iter().map(|config| config.name.clone()).collect();
        self.shared.replace(configs)?;
        let settled = |registry: &Registry<M>| {
            let is_settled = registry.unsettled.is_disjoint(&names);
            is_settled.then(|| registry.check(names.iter().map(String::as_str)))
        };
        let loading = || Err(Error::unavailable("the new models are still loading: ask for their status"));
        self.shared.wait_for(deadline, settled).await.unwrap_or_else(loading)
    }

    /// The version that a request asks for; waits while what was there at the start is loaded for the first time.
    ///
    /// # Errors
    /// Not found for a model or version that cannot answer, invalid argument for an unknown label, unavailable where the
    /// load takes longer than the deadline or, until the start is over, has failed.
    pub async fn handle(&self, spec: &ModelSpec, deadline: Option<Instant>) -> Result<Handle<M>> {
        let found = self.shared.wait_for(deadline, |registry| self.find(registry, spec)).await;
        let name = &spec.name;
        found.unwrap_or_else(|| Err(Error::unavailable(format!("model \"{name}\" is still loading: ask again"))))
    }

    /// None while it is too early to tell.
    fn find(&self, registry: &Registry<M>, spec: &ModelSpec) -> Option<Result<Handle<M>>> {
        let name = &spec.name;
        let version = match &spec.label {
            None => spec.version,
            Some(label) => match registry.configs.version_of(name, label) {
                Ok(version) => Some(version),
                Err(error) => return Some(Err(error)),
            },
        };
        if let Some(model) = registry.available(name, version) {
            return Some(Ok(Handle::new(Arc::clone(model), Arc::clone(&self.shared))));
        }
        registry.is_decided(name, version).then(|| Err(registry.refusal(name, version)))
    }

    /// The version that a label stands for.
    ///
    /// # Errors
    /// Invalid argument for an unknown label.
    pub fn version_of_label(&self, name: &str, label: &str) -> Result<i64> {
        self.shared.lock().configs.version_of(name, label)
    }

    /// What is known of a model's versions, or of one, highest first.
    ///
    /// # Errors
    /// Not found where that is nothing.
    pub fn statuses(&self, name: &str, version: Option<i64>) -> Result<Vec<VersionStatus>> {
        let mut statuses = self.shared.lock().models.get(name).map(ModelVersions::statuses).unwrap_or_default();
        if statuses.is_empty() {
            return Err(Error::not_found(format!("Could not find any versions of model {name}")));
        }
        if let Some(version) = version {
            statuses.retain(|status| status.version == version);
            if statuses.is_empty() {
                return Err(Error::not_found(format!("Could not find version {version} of model {name}")));
            }
        }
        Ok(statuses)
    }

    /// Of the models that are configured, in the order of their configs.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.shared.lock().configs.names().map(str::to_owned).collect()
    }

    /// The models by which the server is ready, where each of them can answer; none where it is not ready.
    ///
    /// Those that it has started with count, and each new one from the first time on that it could answer.
    #[must_use]
    pub fn ready_models(&self) -> Vec<String> {
        self.shared.lock().ready_models()
    }
}
