//! Shared: what the manager, its thread and its handles have in common.

use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use super::loader::Load;
use super::registry::Registry;
use crate::error::Result;
use crate::settings::{ModelConfig, ModelsSettings};

/// Reads a config file; None where it says nothing.
pub type ReadConfigs = Box<dyn Fn(&Path) -> Result<Option<Vec<ModelConfig>>> + Send + Sync>;

pub struct Shared<M> {
    pub settings: ModelsSettings,
    pub loader: Box<dyn Load<M>>,
    pub read_configs: ReadConfigs,
    /// Tells the worker that there is something to do.
    pub changed: Condvar,
    /// Tells requests that what they wait for may be there.
    pub news: Notify,
    registry: Mutex<Registry<M>>,
}

impl<M> Shared<M> {
    pub fn new(settings: ModelsSettings, loader: Box<dyn Load<M>>, read_configs: ReadConfigs) -> Self {
        let registry = Mutex::new(Registry::new(settings.labels_for_unavailable));
        Self { settings, loader, read_configs, changed: Condvar::new(), news: Notify::new(), registry }
    }

    /// To be held shortly, and never while somebody is waited for.
    pub fn lock(&self) -> MutexGuard<'_, Registry<M>> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes new configs for the old ones, and has their versions looked for.
    ///
    /// # Errors
    /// Invalid argument or failed precondition for configs that cannot be; the old ones stay.
    pub fn replace(&self, configs: Vec<ModelConfig>) -> Result<()> {
        let mut registry = self.lock();
        registry.replace(configs)?;
        if self.settings.version_poll.is_some() {
            registry.next_poll = Some(Instant::now());
        }
        drop(registry);
        self.announce();
        Ok(())
    }

    /// Wakes up everybody.
    pub fn announce(&self) {
        self.changed.notify_all();
        self.news.notify_waiters();
    }

    /// Waits until `decide` gives something; None past the deadline, and where the manager stops.
    pub async fn wait_for<T>(
        &self,
        deadline: Option<Instant>,
        decide: impl Fn(&Registry<M>) -> Option<T>,
    ) -> Option<T> {
        loop {
            // Made before the look: what changes after it is not missed.
            let news = self.news.notified();
            {
                let registry = self.lock();
                let decided = decide(&registry);
                if decided.is_some() || registry.stopping {
                    return decided;
                }
            }
            match deadline {
                None => news.await,
                Some(deadline) => tokio::time::timeout_at(deadline.into(), news).await.ok()?,
            }
        }
    }
}
