//! Registry: which models are configured and what is known of their versions; the manager's lock guards it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use super::ModelSpec;
use super::configs::Configs;
use super::harness::Harness;
use super::model_versions::ModelVersions;
use super::source::Versions;
use crate::error::{Error, Result};
use crate::settings::ModelConfig;

pub struct Registry<M> {
    pub configs: Configs,
    /// By name; a model stays here when it is not configured any more.
    pub models: HashMap<String, ModelVersions<M>>,
    /// Models whose first load is still to be waited for.
    pub unsettled: HashSet<String>,
    /// Whether the start is over: everything that it began with can answer, or has failed for good.
    pub started: bool,
    /// Models by which the server is ready: those that it has started with, and each new one from the first time on that
    /// it could answer.
    counted: HashSet<String>,
    /// None for never.
    pub next_poll: Option<Instant>,
    /// Of the config file; None for never.
    pub next_read: Option<Instant>,
    /// Whether the worker waits until a version is out of use.
    pub awaits_return: bool,
    pub stopping: bool,
}

impl<M> Registry<M> {
    pub fn new(labels_for_unavailable: bool) -> Self {
        Self {
            configs: Configs::new(labels_for_unavailable),
            models: HashMap::new(),
            unsettled: HashSet::new(),
            started: false,
            counted: HashSet::new(),
            next_poll: None,
            next_read: None,
            awaits_return: false,
            stopping: false,
        }
    }

    /// Takes new configs for the old ones; those stay where it fails.
    ///
    /// # Errors
    /// Invalid argument or failed precondition for configs that cannot be.
    pub fn replace(&mut self, configs: Vec<ModelConfig>) -> Result<()> {
        let settled = |name: &&str| !self.unsettled.contains(*name);
        let known: HashSet<String> = self.configs.names().filter(settled).map(str::to_owned).collect();
        let models = &self.models;
        self.configs.replace(configs, |name, version| available(models, name, Some(version)).is_some())?;
        for name in self.configs.names() {
            if !self.models.contains_key(name) {
                self.models.insert(name.to_owned(), ModelVersions::default());
            }
        }
        for (name, versions) in &mut self.models {
            if self.configs.get(name).is_none() {
                versions.aspire(&Versions::new(), true);
            }
        }
        let is_settled = |name: &str| self.models.get(name).is_some_and(ModelVersions::settled);
        let new = self.configs.names().filter(|name| !known.contains(*name) && !is_settled(name));
        self.unsettled = new.map(str::to_owned).collect();
        let configs = &self.configs;
        self.counted.retain(|name| configs.get(name).is_some());
        Ok(())
    }

    /// Has each model that is configured count for readiness, though it could not answer yet.
    pub fn count_all(&mut self) {
        self.counted.extend(self.configs.names().map(str::to_owned));
    }

    /// The models by which the server is ready, where each of them can answer; none where it is not ready.
    pub fn ready_models(&self) -> Vec<String> {
        let counted = self.configs.names().filter(|name| self.counted.contains(*name));
        let available = counted.map(|name| self.available(name, None).is_some().then(|| name.to_owned()));
        available.collect::<Option<_>>().unwrap_or_default()
    }

    pub fn available(&self, name: &str, version: Option<i64>) -> Option<&Arc<M>> {
        available(&self.models, name, version)
    }

    /// Whether there is no use in waiting for a version that cannot answer now.
    pub fn is_decided(&self, name: &str, version: Option<i64>) -> bool {
        if !self.started && self.unsettled.contains(name) {
            return self.failure(name, version).is_some();
        }
        // A version that was there at the start may still be loading while another one answers already, or again, because
        // its file was written to.
        let versions = self.models.get(name).into_iter().flat_map(ModelVersions::iter);
        !versions.filter(|harness| version.is_none_or(|number| number == harness.number)).any(Harness::is_starting)
    }

    fn failure(&self, name: &str, version: Option<i64>) -> Option<&Error> {
        self.models.get(name)?.failure(version)
    }

    /// Why what is decided cannot answer; once the server has started, with TensorFlow Serving's status.
    pub fn refusal(&self, name: &str, version: Option<i64>) -> Error {
        let failure = self.failure(name, version);
        if let Some(failure) = failure.filter(|_| !self.started) {
            return Error::unavailable(format!("model \"{name}\" cannot be loaded, and is tried again: {failure}"));
        }
        let spec = ModelSpec { name: name.to_owned(), version, label: None };
        let reason = failure.map(|failure| format!("; it could not be loaded: {failure}")).unwrap_or_default();
        Error::not_found(format!("Servable not found for request: {spec}{reason}"))
    }

    /// Notes where a model stands after a load.
    pub fn settle(&mut self, name: &str) {
        if self.available(name, None).is_some() {
            self.counted.insert(name.to_owned());
        }
        if self.models.get(name).is_some_and(ModelVersions::settled) {
            self.unsettled.remove(name);
        }
    }

    pub fn harness_mut(&mut self, name: &str, number: i64) -> Option<&mut Harness<M>> {
        self.models.get_mut(name)?.get_mut(number)
    }

    /// With their models' names.
    pub fn harnesses(&self) -> impl Iterator<Item = (&str, &Harness<M>)> {
        self.models.iter().flat_map(|(name, versions)| versions.iter().map(move |harness| (name.as_str(), harness)))
    }

    /// Whether models of these names can answer.
    ///
    /// # Errors
    /// With all reasons, where some cannot.
    pub fn check<'a>(&self, names: impl Iterator<Item = &'a str>) -> Result<()> {
        let known = names.filter_map(|name| Some((name, self.models.get(name)?)));
        let faults = known.flat_map(|(name, versions)| {
            versions.faults().into_iter().map(|(version, error)| (name.to_owned(), version, error.clone()))
        });
        let reasons: Vec<_> = faults.collect();
        if reasons.is_empty() { Ok(()) } else { Err(Error::models_unavailable(&reasons)) }
    }

    /// When there is something to do next; None where somebody has to say so.
    pub fn next_due(&self) -> Option<Instant> {
        let attempts = self.harnesses().filter(|(_, harness)| harness.awaits_load());
        let attempts = attempts.filter_map(|(_, harness)| harness.next_attempt);
        attempts.chain(self.next_poll).chain(self.next_read).min()
    }
}

fn available<'a, M>(
    models: &'a HashMap<String, ModelVersions<M>>,
    name: &str,
    version: Option<i64>,
) -> Option<&'a Arc<M>> {
    models.get(name)?.available(version)
}
