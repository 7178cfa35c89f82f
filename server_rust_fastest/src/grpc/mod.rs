//! gRPC: `PredictionService`, `ModelService`, health and reflection.

pub mod data_type;
pub mod tensor_message;
pub mod tensor_proto;

use std::sync::Arc;

use axum::Router;

use crate::app::App;

/// All services, as routes of HTTP/2; any other path is UNIMPLEMENTED.
pub fn router(app: Arc<App>) -> Router {
    let _ = app;
    todo!()
}
