//! Reflection: what services and messages there are, for clients without .proto files.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::Request;
use axum::routing::post;
use tonic::Status;
use tonic::codegen::Service as _;
use tonic_reflection::pb;
use tonic_reflection::server::{Builder, Error};

use super::{MODEL_SERVICE, PREDICTION_SERVICE, health};
use crate::protos::DESCRIPTORS;

/// Its names: most clients ask for the first, and for the second where that is not there.
const SERVICES: [&str; 2] = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/// Adds the service in both versions to `router`. The descriptors are read when somebody asks for them first.
pub fn add<S: Clone + Send + Sync + 'static>(router: Router<S>, with_health: bool) -> Router<S> {
    let services = Arc::new(OnceLock::new());
    let answer = move |request: Request| {
        let services = Arc::clone(&services);
        async move {
            match services.get_or_init(|| build(with_health)) {
                Ok(services) => services.clone().call(request).await,
                Err(_) => Ok(Status::internal("the descriptors of the messages cannot be read").into_http()),
            }
        }
    };
    SERVICES
        .iter()
        .fold(router, |router, service| router.route(&format!("/{service}/{{method}}"), post(answer.clone())))
}

fn build(with_health: bool) -> Result<Router, Error> {
    let [path, alpha_path] = SERVICES.map(|service| format!("/{service}/{{method}}"));
    let router = Router::new().route_service(&path, describe(with_health).build_v1()?);
    Ok(router.route_service(&alpha_path, describe(with_health).build_v1alpha()?))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptors_can_be_read() {
        for with_health in [false, true] {
            assert!(build(with_health).is_ok());
        }
    }
}
