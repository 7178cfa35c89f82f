//! Reflection: what services and messages there are, for clients without .proto files.

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::post;
use tonic::Status;
use tonic::codegen::Service;
use tonic_reflection::pb;
use tonic_reflection::server::{Builder, Error};

use super::{MODEL_SERVICE, PREDICTION_SERVICE, health};
use crate::protos::DESCRIPTORS;

/// Its names: most clients ask for the first, and for the second where that is not there.
const SERVICES: [&str; 2] = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/// Adds the service in both versions to `router`. The descriptors are read when somebody asks for them.
pub fn add<S: Clone + Send + Sync + 'static>(router: Router<S>, with_health: bool) -> Router<S> {
    let v1 = move |request| async move { answer(describe(with_health).build_v1(), request).await };
    let v1alpha = move |request| async move { answer(describe(with_health).build_v1alpha(), request).await };
    let [path, alpha_path] = SERVICES.map(|service| format!("/{service}/{{method}}"));
    router.route(&path, post(v1)).route(&alpha_path, post(v1alpha))
}

fn describe(with_health: bool) -> Builder<'static> {
    let health = with_health.then_some(health::SERVICE);
    let names = [PREDICTION_SERVICE, MODEL_SERVICE].into_iter().chain(SERVICES).chain(health);
    let builder = Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(pb::v1::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(pb::v1alpha::FILE_DESCRIPTOR_SET);
    names.fold(builder, Builder::with_service_name)
}

async fn answer<S>(service: Result<S, Error>, request: Request) -> Response
where
    S: Service<Request, Response = axum::http::Response<tonic::body::Body>, Error = std::convert::Infallible>,
{
    match service {
        Ok(mut service) => match service.call(request).await {
            Ok(response) => response.map(axum::body::Body::new),
            Err(never) => match never {},
        },
        Err(_) => Status::internal("the descriptors of the messages cannot be read").into_http(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptors_can_be_read() {
        for with_health in [false, true] {
            assert!(describe(with_health).build_v1().is_ok());
            assert!(describe(with_health).build_v1alpha().is_ok());
        }
    }
}
