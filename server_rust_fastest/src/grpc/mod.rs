//! gRPC: `PredictionService`, `ModelService`, health and reflection.

use std::sync::Arc;

use axum::Router;

use crate::app::App;

/// All services, as routes of HTTP/2; any other path is UNIMPLEMENTED.
pub fn router(app: Arc<App>) -> Router {
    let _ = app;
    todo!()
}
