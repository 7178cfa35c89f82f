//! Handle: a version that cannot go while somebody uses it.

use std::ops::Deref;
use std::sync::Arc;

use super::ServedModel;
use super::shared::Shared;

/// A use of a version, which stays in memory until it is dropped.
pub struct Handle<M = ServedModel> {
    // Fields are dropped in this order: who is told that a use has ended must find that it has.
    model: Arc<M>,
    _use: Use<M>,
}

impl<M> Handle<M> {
    pub(super) fn new(model: Arc<M>, shared: Arc<Shared<M>>) -> Self {
        Self { model, _use: Use(shared) }
    }
}

impl<M> Deref for Handle<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.model
    }
}

/// Tells the manager's thread, which keeps the last reference and gives the memory back, that a use has ended.
struct Use<M>(Arc<Shared<M>>);

impl<M> Drop for Use<M> {
    fn drop(&mut self) {
        if self.0.lock().awaits_return {
            self.0.changed.notify_one();
        }
    }
}
