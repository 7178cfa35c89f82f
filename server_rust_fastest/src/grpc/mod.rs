//! gRPC: calls -> `PredictionService`, `ModelService`, health and reflection.

mod call;
pub mod data_type;
mod deadline;
pub(crate) mod examples;
mod frame;
mod health;
mod model_service;
mod model_spec;
mod paced;
mod prediction_service;
mod reflection;
pub mod tensor_message;
pub mod tensor_proto;

#[cfg(test)]
mod tests;

use std::future::ready;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tonic::Status;

use self::call::{Method, answer};
pub use self::health::Health;
use self::model_service::{GetModelStatus, HandleReloadConfigRequest, RefusedReload};
use self::paced::paced;
use self::prediction_service::{GetModelMetadata, Predict};
use crate::app::App;

/// The content type of all calls, perhaps with `+proto` behind it.
pub const CONTENT_TYPE: &str = "application/grpc";
/// gRPC's name of the service that predicts.
const PREDICTION_SERVICE: &str = "tensorflow.serving.PredictionService";
/// gRPC's name of the service that tells of models and changes them.
const MODEL_SERVICE: &str = "tensorflow.serving.ModelService";

/// All services, as routes of HTTP/2; any other path is UNIMPLEMENTED.
///
/// `health` is what `grpc.health.v1` tells, where the settings have it spoken; `is_beside_http`: on HTTP's port, which
/// more people reach than gRPC's own.
pub fn router(app: Arc<App>, health: &Health, is_beside_http: bool) -> Router {
    let with_health = app.settings.grpc_health;
    let router = reflection::add(Router::new(), with_health);
    let router = if with_health { health::add(router, health) } else { router };
    let patience = app.settings.limits.body_timeout;
    // What tonic answers looks after no time of its own.
    let router = router.layer(middleware::map_request(move |request| ready(paced(request, patience))));
    let reloads = app.settings.reload_config.unwrap_or(!is_beside_http);
    router.merge(methods(reloads)).fallback(unknown).layer(middleware::from_fn(refuse_other_protocols)).with_state(app)
}

fn methods(reloads: bool) -> Router<Arc<App>> {
    let router = method::<Predict>(Router::new());
    let router = method::<GetModelMetadata>(router);
    let router = method::<examples::Classify>(router);
    let router = method::<examples::Regress>(router);
    let router = method::<examples::MultiInference>(router);
    let router = method::<GetModelStatus>(router);
    if reloads { method::<HandleReloadConfigRequest>(router) } else { method::<RefusedReload>(router) }
}

fn method<M: Method>(router: Router<Arc<App>>) -> Router<Arc<App>> {
    let handle = |State(app): State<Arc<App>>, request: Request| answer::<M>(app, request);
    router.route(M::NAME, post(handle))
}

async fn unknown(request: Request) -> Response {
    Status::unimplemented(format!("there is no method {}", request.uri().path())).into_http()
}

/// What gRPC's protocol asks for: 415 for who speaks another one.
async fn refuse_other_protocols(request: Request, next: Next) -> Response {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    if content_type.is_some_and(|value| value.as_bytes().starts_with(CONTENT_TYPE.as_bytes())) {
        return next.run(request).await;
    }
    let text = format!("this is gRPC: expected a POST with the content type {CONTENT_TYPE}\n");
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response()
}
