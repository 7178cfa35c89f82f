//! Loader: a version folder -> a model that is warm, with its classifier of pictures.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::ServedModel;
use super::probe::Probe;
use super::source::check_regular;
use super::warmup::{warm_up, warmup_file};
use crate::error::{Code, Result};
use crate::image::Classifier;
use crate::litert::{self, ModelFile, OnChanged, Servable};
use crate::log;
use crate::monitoring::Metrics;
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

    /// Begins to make a version that can answer independent of its files; where they are found to have changed,
    /// `on_changed` is told, and the version is to be loaded anew.
    fn hold(&self, model: &M, on_changed: OnChanged);

    /// Gives the memory of a version back, that nobody uses any more.
    fn unload(&self, model: Arc<M>) {
        drop(model);
    }
}

/// Loads versions for this server.
pub struct Loader {
    pub runtime: RuntimeOptions,
    pub image: ImageOptions,
    pub probe: Probe,
    /// How often each record of a warmup file is run; None for never.
    pub warmup_iterations: Option<u32>,
    pub metrics: Option<Arc<Metrics>>,
}

impl Load<ServedModel> for Loader {
    fn load(&self, version: &Version, probe: bool) -> Result<ServedModel> {
        check_regular(&version.path.join("model.tflite"))?;
        let file = ModelFile::open(&version.path)?;
        if probe {
            // A good version serves meanwhile, and must outlive a file that crashes the runtime, or that is cut off while
            // it is loaded.
            file.hold()?;
            self.probe.try_out(&version.path, &self.runtime)?;
            file.check_as_opened()?;
        }
        let opened = file.state();
        match self.load_file(version, file, probe) {
            Err(error) if !probe && ModelFile::open(&version.path).is_ok_and(|file| file.state() != opened) => {
                log::warning(&format!("{error}; the file has changed meanwhile, and is loaded anew"));
                self.load(version, true)
            }
            loaded => loaded,
        }
    }

    fn hold(&self, model: &ServedModel, on_changed: OnChanged) {
        model.servable.hold(on_changed);
    }

    fn unload(&self, model: Arc<ServedModel>) {
        drop(model);
        litert::give_back();
    }
}

impl Loader {
    fn load_file(&self, version: &Version, file: ModelFile, probe: bool) -> Result<ServedModel> {
        let servable = Servable::of(file, &self.runtime).map_err(|error| {
            // Tried out, it tells as well what LiteRT prints.
            let retold = if probe { None } else { self.probe.try_out(&version.path, &self.runtime).err() };
            retold.unwrap_or(error)
        })?;
        let classifier = Classifier::new(&servable, &self.image);
        let model = ServedModel { name: version.name.clone(), version: version.number, servable, classifier };
        if let Some(iterations) = self.warmup_iterations {
            self.warm_up(&model, version, iterations)?;
        }
        Ok(model)
    }

    fn warm_up(&self, model: &ServedModel, version: &Version, iterations: u32) -> Result<()> {
        let began = Instant::now();
        let file = warmup_file(&version.path);
        let warmup = warm_up(model, &file, iterations);
        let (code, records) = match &warmup {
            Ok(None) => {
                log::debug(&format!("No warmup data file found at {}", file.display()));
                return Ok(());
            }
            Ok(Some(warmup)) => {
                log::info(&warmup.to_string());
                (Code::Ok, warmup.records)
            }
            Err(error) => (error.code, 0),
        };
        if let Some(metrics) = &self.metrics {
            let latency_us = began.elapsed().as_secs_f64() * 1e6;
            metrics.warmup(&version.path.to_string_lossy(), code, latency_us, records);
        }
        warmup.map(drop)
    }
}
