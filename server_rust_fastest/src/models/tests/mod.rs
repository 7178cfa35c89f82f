//! Managers whose versions are small files, and a worker that steps when a test says so.

mod failures;
mod held;
mod probes;
mod reload;
mod start;
mod versions;
mod warmups;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::loader::{Load, Version};
use super::worker::Worker;
use super::{Handle, ModelManager, ModelSpec, State};
use crate::error::{Error, Result};
use crate::litert::OnChanged;
use crate::settings::{ModelConfig, ModelsSettings, PLATFORM, VersionPolicy};

/// Longer than any test.
const LONG: Duration = Duration::from_secs(1000);
/// What should be there by now has failed.
const WAIT: Duration = Duration::from_secs(60);

#[allow(clippy::unnecessary_wraps, reason = "as a deadline is given")]
fn within() -> Option<Instant> {
    Some(Instant::now() + WAIT)
}

fn settings() -> ModelsSettings {
    ModelsSettings {
        configs: Vec::new(),
        default_model: String::new(),
        config_file: None,
        config_file_poll: None,
        version_poll: Some(LONG),
        load_retries: 0,
        load_retry_interval: LONG,
        labels_for_unavailable: false,
        waits_for_versions: true,
        warmup: true,
        warmup_iterations: 1,
    }
}

/// A folder of base paths; a version is a folder with a file, whose text is what the loaded model holds.
struct Models {
    folder: TempDir,
}

impl Models {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str, version: i64) -> PathBuf {
        self.folder.path().join(name).join(version.to_string())
    }

    fn add(&self, name: &str, version: i64) {
        self.add_with(name, version, "good");
    }

    fn add_with(&self, name: &str, version: i64, text: &str) {
        let path = self.path(name, version);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("model"), text).unwrap();
    }

    fn rename(&self, name: &str, new: &str) {
        fs::rename(self.folder.path().join(name), self.folder.path().join(new)).unwrap();
    }

    fn remove(&self, name: &str, version: i64) {
        fs::remove_dir_all(self.path(name, version)).unwrap();
    }

    fn config(&self, name: &str) -> ModelConfig {
        ModelConfig {
            name: name.to_owned(),
            base_path: self.folder.path().join(name),
            policy: VersionPolicy::Latest(1),
            labels: BTreeMap::new(),
            platform: PLATFORM.to_owned(),
        }
    }

    fn all_of(&self, name: &str) -> ModelConfig {
        ModelConfig { policy: VersionPolicy::All, ..self.config(name) }
    }

    fn labeled(&self, name: &str, labels: &[(&str, i64)]) -> ModelConfig {
        let labels = labels.iter().map(|&(label, version)| (label.to_owned(), version)).collect();
        ModelConfig { labels, ..self.all_of(name) }
    }
}

struct Model {
    number: i64,
    in_memory: Arc<AtomicUsize>,
}

impl Drop for Model {
    fn drop(&mut self) {
        self.in_memory.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What loaders have done.
#[derive(Clone, Default)]
struct Record {
    in_memory: Arc<AtomicUsize>,
    /// Name, version, whether it was tried out first.
    loads: Arc<Mutex<Vec<(String, i64, bool)>>>,
    /// Of each version that could answer: what is told once its files have changed.
    holds: Arc<Mutex<Vec<OnChanged>>>,
}

impl Record {
    fn in_memory(&self) -> usize {
        self.in_memory.load(Ordering::SeqCst)
    }

    /// As if the files of all that was loaded had been written to before they were held.
    fn change_files(&self) {
        let holds = std::mem::take(&mut *self.holds.lock().unwrap());
        for on_changed in holds {
            on_changed(Error::unavailable("written to"));
        }
    }

    fn loads(&self) -> Vec<(String, i64, bool)> {
        self.loads.lock().unwrap().clone()
    }
}

struct FileLoader(Record);

impl Load<Model> for FileLoader {
    fn load(&self, version: &Version, probe: bool) -> Result<Model> {
        self.0.loads.lock().unwrap().push((version.name.clone(), version.number, probe));
        match fs::read_to_string(version.path.join("model")).unwrap_or_default().as_str() {
            "good" => {
                self.0.in_memory.fetch_add(1, Ordering::SeqCst);
                Ok(Model { number: version.number, in_memory: Arc::clone(&self.0.in_memory) })
            }
            "panics" => panic!("a bad load"),
            _ => Err(Error::unavailable(format!("no model in {}", version.path.display()))),
        }
    }

    fn hold(&self, _: &Model, on_changed: OnChanged) {
        self.0.holds.lock().unwrap().push(on_changed);
    }
}

/// A manager with a worker that has no thread.
struct Managed {
    manager: Arc<ModelManager<Model>>,
    worker: Worker<Model>,
    record: Record,
    settled: Arc<Mutex<Option<Result<()>>>>,
}

#[allow(clippy::unnecessary_wraps, reason = "as a config file is read")]
fn no_configs(_: &Path) -> Result<Option<Vec<ModelConfig>>> {
    Ok(None)
}

fn manager(settings: ModelsSettings) -> (Arc<ModelManager<Model>>, Record) {
    let record = Record::default();
    (ModelManager::with(settings, Box::new(FileLoader(record.clone())), Box::new(no_configs)), record)
}

impl Managed {
    /// After a start that did all there was to do.
    fn start(configs: Vec<ModelConfig>) -> Self {
        Self::start_with(settings(), configs)
    }

    fn start_with(settings: ModelsSettings, configs: Vec<ModelConfig>) -> Self {
        let (manager, record) = manager(settings);
        manager.shared.replace(configs).unwrap();
        let settled = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&settled);
        let worker = Worker::new(Arc::clone(&manager.shared), Box::new(move |end| *kept.lock().unwrap() = Some(end)));
        let mut started = Self { manager, worker, record, settled };
        started.work();
        started
    }

    fn work(&mut self) {
        while self.worker.step() {}
        self.worker.finish_start();
    }

    /// Looks for versions, and does what comes of it.
    fn poll(&mut self) {
        self.manager.shared.lock().next_poll = Some(Instant::now());
        self.work();
    }

    /// Tries again what has failed, as if its time had come.
    fn pass_retry_interval(&mut self) {
        for model in self.manager.shared.lock().models.values_mut() {
            for harness in model.iter_mut() {
                harness.next_attempt = None;
            }
        }
        self.worker.step();
    }

    fn state(&self, name: &str, version: i64) -> Option<State> {
        self.manager.statuses(name, Some(version)).ok().map(|statuses| statuses[0].state)
    }

    fn versions(&self, name: &str) -> Vec<(i64, State)> {
        self.manager.statuses(name, None).unwrap().iter().map(|status| (status.version, status.state)).collect()
    }

    fn settled(&self) -> Option<Result<()>> {
        self.settled.lock().unwrap().clone()
    }

    /// The version that answers now.
    async fn ask(&self, spec: &ModelSpec) -> Result<i64> {
        self.handle(spec).await.map(|handle| handle.number)
    }

    async fn handle(&self, spec: &ModelSpec) -> Result<Handle<Model>> {
        self.manager.handle(spec, Some(Instant::now())).await
    }
}

fn latest(name: &str) -> ModelSpec {
    ModelSpec { name: name.to_owned(), version: None, label: None }
}

fn version(name: &str, number: i64) -> ModelSpec {
    ModelSpec { version: Some(number), ..latest(name) }
}

fn label(name: &str, label: &str) -> ModelSpec {
    ModelSpec { label: Some(label.to_owned()), ..latest(name) }
}
