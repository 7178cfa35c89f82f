//! Worker: the thread that looks for versions, loads and unloads them, one after the other.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::State;
use super::loader::Version;
use super::model_versions::ModelVersions;
use super::notices::Notices;
use super::registry::Registry;
use super::shared::Shared;
use super::source::{Versions, fingerprint, look};
use crate::error::{Error, Result};
use crate::litert::OnChanged;
use crate::log;
use crate::settings::{LogLevel, ModelConfig};

/// The pause after a fault of the server's, which may come again at once.
const AFTER_FAULT: Duration = Duration::from_secs(1);
const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Is told once how the start has ended.
pub type OnSettled = Box<dyn FnOnce(Result<()>) + Send>;

pub struct Worker<M> {
    shared: Arc<Shared<M>>,
    /// None once the server answers.
    on_settled: Option<OnSettled>,
    notices: Notices,
}

impl<M: Send + Sync + 'static> Worker<M> {
    pub fn new(shared: Arc<Shared<M>>, on_settled: OnSettled) -> Self {
        Self { shared, on_settled: Some(on_settled), notices: Notices::default() }
    }

    /// Works until it is told to stop.
    pub fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        loop {
            let stepped = catch_unwind(AssertUnwindSafe(|| {
                self.finish_start();
                self.step()
            }));
            let is_busy = stepped.unwrap_or_else(|panic| {
                log::error(&format!("looking after the models failed, and goes on: {}", text_of(panic.as_ref())));
                let stops = |registry: &mut Registry<M>| !registry.stopping;
                drop(shared.changed.wait_timeout_while(shared.lock(), AFTER_FAULT, stops));
                true
            });
            let mut registry = shared.lock();
            if !is_busy {
                registry = self.wait(registry);
            }
            if registry.stopping {
                return;
            }
        }
    }

    /// Does what is due first, and tells whether there was anything.
    pub fn step(&mut self) -> bool {
        let is_busy = self.read() || self.poll() || self.load() || self.unload() || self.close();
        if is_busy {
            self.shared.news.notify_waiters();
        }
        is_busy
    }

    fn wait<'a>(&self, mut registry: MutexGuard<'a, Registry<M>>) -> MutexGuard<'a, Registry<M>> {
        if registry.stopping || registry.harnesses().any(|(_, harness)| harness.can_close()) {
            return registry;
        }
        let awaits_return = registry.harnesses().any(|(_, harness)| harness.state == State::Unloading);
        registry.awaits_return = awaits_return;
        let changed = &self.shared.changed;
        match registry.next_due() {
            None => changed.wait(registry).unwrap_or_else(PoisonError::into_inner),
            Some(due) => {
                let idle = due.saturating_duration_since(Instant::now());
                changed.wait_timeout(registry, idle).unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    /// Tells how the start has ended, once it has.
    pub fn finish_start(&mut self) {
        let mut registry = self.shared.lock();
        if registry.unsettled.is_empty()
            && let Some(on_settled) = self.on_settled.take()
        {
            registry.started = true;
            let started = registry.check(registry.configs.names());
            drop(registry);
            on_settled(started);
        }
    }

    /// Reads the config file anew, if that is due.
    fn read(&self) -> bool {
        let settings = &self.shared.settings;
        let (Some(file), Some(interval)) = (&settings.config_file, settings.config_file_poll) else { return false };
        if !take_due(&mut self.shared.lock().next_read, Some(later(interval))) {
            return false;
        }
        let replaced = (self.shared.read_configs)(file).and_then(|configs| match configs {
            // A file that says nothing changes nothing.
            Some(configs) if configs != self.shared.lock().configs.all() => self.shared.replace(configs),
            _ => Ok(()),
        });
        if let Err(error) = replaced {
            log::error(&format!("Failed to read ModelServerConfig file: {error}"));
        }
        true
    }

    /// Looks for versions, if that is due. Where one base path cannot be seen, nothing changes for any model.
    fn poll(&mut self) -> bool {
        let interval = self.shared.settings.version_poll.filter(|interval| !interval.is_zero());
        let (configs, broken) = {
            let mut registry = self.shared.lock();
            if !take_due(&mut registry.next_poll, interval.map(later)) {
                return false;
            }
            let broken = registry.harnesses().filter(|(_, harness)| harness.aspired && harness.error.is_some());
            let broken = broken.map(|(name, harness)| {
                (name.to_owned(), harness.number, harness.path.clone(), harness.failed_fingerprint)
            });
            let broken: Vec<_> = broken.collect();
            (registry.configs.all().to_vec(), broken)
        };
        let Some(aspired) = self.look(&configs) else { return false };
        let mended: Vec<_> = broken.into_iter().filter(|(.., path, failed)| fingerprint(path) != *failed).collect();
        let mut registry = self.shared.lock();
        for (name, number, ..) in mended {
            if let Some(harness) = registry.harness_mut(&name, number).filter(|harness| harness.error.is_some()) {
                harness.retry();
            }
        }
        for (config, versions) in configs.iter().zip(&aspired) {
            // Others may have been configured meanwhile.
            if registry.configs.get(&config.name) == Some(config)
                && let Some(model) = registry.models.get_mut(&config.name)
            {
                model.aspire(versions, self.on_settled.is_none());
            }
        }
        true
    }

    /// The versions that are wanted of each model; None where not all can be told.
    fn look(&mut self, configs: &[ModelConfig]) -> Option<Vec<Versions>> {
        match configs.iter().map(look).collect::<Result<Vec<_>>>() {
            Ok(looks) => {
                let warnings = looks.iter().flat_map(|seen| seen.warnings.clone()).collect();
                self.notices.tell(LogLevel::Warning, warnings);
                Some(looks.into_iter().map(|seen| seen.versions).collect())
            }
            Err(error) => {
                self.notices.tell(LogLevel::Error, vec![error.text]);
                None
            }
        }
    }

    /// Loads one version, if one is due.
    fn load(&self) -> bool {
        let settings = &self.shared.settings;
        let (version, probe) = {
            let mut registry = self.shared.lock();
            let now = Instant::now();
            let due = |name: &str| Some((name.to_owned(), registry.models.get(name)?.next_to_load(now)?.number));
            let Some((name, number)) = registry.configs.names().find_map(due) else { return false };
            let Some(harness) = registry.harness_mut(&name, number) else { return false };
            harness.state = State::Loading;
            let probe = harness.arrived_late || harness.error.is_some();
            (Version { name, number, path: harness.path.clone() }, probe)
        };
        let may_retry = settings.waits_for_versions || probe;
        // Taken before the load: what is copied into the folder meanwhile counts as a change.
        let seen = if may_retry { fingerprint(&version.path) } else { 0 };
        let began = Instant::now();
        let loaded = catch_unwind(AssertUnwindSafe(|| self.shared.loader.load(&version, probe)));
        let loaded = loaded.unwrap_or_else(|panic| {
            let text = text_of(panic.as_ref());
            Err(Error::unavailable(format!("{} cannot be loaded: {text}", version.path.display())))
        });
        if let Err(error) = &loaded {
            log::error(&format!("{} version {} could not be loaded: {error}", version.name, version.number));
        }
        let loaded = loaded.map(Arc::new);
        let model = loaded.as_ref().ok().map(Arc::clone);
        let mut registry = self.shared.lock();
        if let Some(harness) = registry.harness_mut(&version.name, version.number) {
            match loaded {
                Ok(model) => harness.loaded(model),
                Err(error) => {
                    let retries = if may_retry { settings.load_retries } else { 0 };
                    harness.failed(error, seen, retries, later(settings.load_retry_interval));
                }
            }
        }
        registry.settle(&version.name);
        drop(registry);
        if let Some(model) = model {
            self.shared.loader.hold(&model, self.load_anew(&version, &model));
            tell("Successfully loaded", &version.name, version.number, began.elapsed());
        }
        true
    }

    /// Has a version loaded anew whose file was written to before it was held.
    fn load_anew(&self, version: &Version, model: &Arc<M>) -> OnChanged {
        let (shared, model) = (Arc::clone(&self.shared), Arc::downgrade(model));
        let (name, number) = (version.name.clone(), version.number);
        Box::new(move |error| {
            let text = format!("{error}; it is loaded anew");
            let mut registry = shared.lock();
            let harness = registry.harness_mut(&name, number);
            let outdated = harness.and_then(|harness| harness.outdated(&model, error));
            drop(registry);
            if let Some(outdated) = outdated {
                log::warning(&text);
                shared.loader.unload(outdated);
                shared.announce();
            }
        })
    }

    /// Takes one version that is not wanted any more out of service.
    fn unload(&self) -> bool {
        let mut registry = self.shared.lock();
        let harness = registry.models.values_mut().find_map(ModelVersions::next_to_unload);
        harness.is_some_and(|harness| {
            harness.state = State::Unloading;
            true
        })
    }

    /// Gives the memory of one version back that is out of service and out of use.
    fn close(&self) -> bool {
        let mut registry = self.shared.lock();
        let due = registry.harnesses().find(|(_, harness)| harness.can_close());
        let Some((name, number)) = due.map(|(name, harness)| (name.to_owned(), harness.number)) else { return false };
        let model = registry.harness_mut(&name, number).and_then(|harness| harness.model.take());
        drop(registry);
        let began = Instant::now();
        if let Some(model) = model {
            self.shared.loader.unload(model);
        }
        tell("Done unloading", &name, number, began.elapsed());
        if let Some(harness) = self.shared.lock().harness_mut(&name, number) {
            harness.unloaded();
        }
        true
    }
}

/// In the words of TensorFlow Serving's log, and how long it took.
fn tell(what: &str, name: &str, number: i64, took: Duration) {
    let took_ms = took.as_secs_f64() * 1e3;
    log::info(&format!("{what} servable version {{name: {name} version: {number}}} in {took_ms:.1} ms"));
}

/// That long from now; a time beyond any clock is cut.
pub fn later(interval: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(interval).unwrap_or_else(|| now + CENTURY)
}

/// Whether that moment has come; if so, the next one takes its place.
fn take_due(moment: &mut Option<Instant>, next: Option<Instant>) -> bool {
    let is_due = moment.is_some_and(|moment| moment <= Instant::now());
    if is_due {
        *moment = next;
    }
    is_due
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a fault of the server")
}
