//! HTTP: connections -> requests -> `/predict`, TensorFlow Serving's REST, health and monitoring.

use std::sync::Arc;

use axum::Router;

use crate::app::App;

/// All routes of HTTP, errors in the protocol's own form included.
pub fn router(app: Arc<App>) -> Router {
    let _ = app;
    todo!()
}
