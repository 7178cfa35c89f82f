//! Configs: the models that are configured now, and which changes to them are allowed. The texts are TensorFlow
//! Serving's.

use crate::error::{Error, Result};
use crate::settings::{ModelConfig, PLATFORM};

/// In the order in which they were given.
pub struct Configs {
    configs: Vec<ModelConfig>,
    /// Whether a new label may name a version that is not available.
    allow_unavailable: bool,
}

impl Configs {
    pub fn new(allow_unavailable: bool) -> Self {
        Self { configs: Vec::new(), allow_unavailable }
    }

    pub fn all(&self) -> &[ModelConfig] {
        &self.configs
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.configs.iter().map(|config| config.name.as_str())
    }

    pub fn get(&self, name: &str) -> Option<&ModelConfig> {
        self.configs.iter().find(|config| config.name == name)
    }

    /// Takes new configs for the old ones; those stay where it fails.
    ///
    /// # Errors
    /// Invalid argument or failed precondition, for the first config that cannot be.
    pub fn replace(&mut self, configs: Vec<ModelConfig>, is_available: impl Fn(&str, i64) -> bool) -> Result<()> {
        for (index, config) in configs.iter().enumerate() {
            self.check(config, &is_available)?;
            if configs.iter().take(index).any(|earlier| earlier.name == config.name) {
                return Err(Error::invalid_argument(format!(
                    "Illegal to list model {} multiple times in config list",
                    config.name
                )));
            }
        }
        self.configs = configs;
        Ok(())
    }

    /// The version that a label of a model stands for.
    ///
    /// # Errors
    /// Invalid argument for an unknown label.
    pub fn version_of(&self, name: &str, label: &str) -> Result<i64> {
        let version = self.get(name).and_then(|config| config.labels.get(label)).copied();
        version.ok_or_else(|| Error::invalid_argument(format!("Unrecognized servable version label: {label}")))
    }

    fn check(&self, config: &ModelConfig, is_available: impl Fn(&str, i64) -> bool) -> Result<()> {
        let ModelConfig { name, platform, .. } = config;
        let old = self.get(name);
        if let Some(old) = old.filter(|old| old.platform != *platform) {
            return Err(Error::invalid_argument(format!(
                "Illegal to change a model's platform. For model {name} platform was {} and new platform requested is \
                 {platform}",
                old.platform
            )));
        }
        if platform != PLATFORM {
            return Err(Error::invalid_argument(format!("Model {name} requests unsupported platform {platform}")));
        }
        for (label, &version) in &config.labels {
            let is_unmoved = old.and_then(|old| old.labels.get(label)).is_none_or(|&old| old == version);
            let may_be_unavailable = self.allow_unavailable && is_unmoved;
            if !may_be_unavailable && !is_available(name, version) {
                return Err(Error::failed_precondition(format!(
                    "Request to assign label to version {version} of model {name}, which is not currently available \
                     for inference"
                )));
            }
        }
        Ok(())
    }
}
