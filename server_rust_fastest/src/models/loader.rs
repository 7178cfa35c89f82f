//! Loader: a version folder -> a model that is warm, with its classifier of pictures.

use std::path::PathBuf;

use super::ServedModel;
use super::probe::Probe;
use crate::error::Result;
use crate::image::Classifier;
use crate::litert::Servable;
use crate::settings::{ImageOptions, RuntimeOptions};

/// A version of a model that is to be loaded.
pub struct Version {
    pub name: String,
    pub number: i64,
    /// Its folder.
    pub path: PathBuf,
}

/// Knows how versions are loaded. One thread at a time loads.
pub trait Load<M>: Send + Sync {
    /// Loads a version; `probe` first tries it where it can do no harm.
    ///
    /// # Errors
    /// With the reason; nothing of a version that fails stays in memory.
    fn load(&self, version: &Version, probe: bool) -> Result<M>;
}

/// Loads versions for this server.
pub struct Loader {
    pub runtime: RuntimeOptions,
    pub image: ImageOptions,
    pub probe: Probe,
}

impl Load<ServedModel> for Loader {
    fn load(&self, version: &Version, probe: bool) -> Result<ServedModel> {
        if probe {
            // A good version serves meanwhile, and must outlive a file that crashes the runtime.
            self.probe.try_out(&version.path, &self.runtime)?;
        }
        let servable = Servable::load(&version.path, &self.runtime)?;
        let classifier = Classifier::new(&servable, &self.image);
        Ok(ServedModel { name: version.name.clone(), version: version.number, servable, classifier })
    }
}
