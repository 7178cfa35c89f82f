//! Registry: which models are configured and what is known of their versions; the manager's lock guards it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

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
        Ok(())
    }

    pub fn available(&self, name: &str, version: Option<i64>) -> Option<&Arc<M>> {
        available(&self.models, name, version)
    }

    /// Whether there is no use in waiting for a version that cannot answer now.
    pub fn is_decided(&self, name: &str, version: Option<i64>) -> bool {
        if self.unsettled.contains(name) {
            return false;
        }
        // A version that was there at the start may still be loading while another one answers already.
        let harness = version.and_then(|version| self.models.get(name)?.get(version));
        !harness.is_some_and(Harness::is_starting)
    }

    /// Notes where a model stands after a load.
    pub fn settle(&mut self, name: &str) {
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
