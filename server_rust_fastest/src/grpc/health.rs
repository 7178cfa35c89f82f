//! Health: grpc.health.v1, by which platforms and clients learn whether the server takes calls.

use std::sync::Arc;

use axum::Router;
use tokio::sync::{mpsc, watch};
use tonic::codegen::tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, async_trait};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{self, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::{MODEL_SERVICE, PREDICTION_SERVICE};

/// Its name in reflection.
pub const SERVICE: &str = "grpc.health.v1.Health";

/// What is told of: TensorFlow Serving's short names, and those that gRPC's convention has for the same.
const NAMES: [&str; 5] = ["", "ModelService", "PredictionService", MODEL_SERVICE, PREDICTION_SERVICE];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Starting,
    Serving,
    Ended,
}

/// What is told: NOT_SERVING until the models are loaded, then SERVING, until the server ends.
#[derive(Clone)]
pub struct Health {
    phase: watch::Sender<Phase>,
}

impl Default for Health {
    fn default() -> Self {
        Self { phase: watch::Sender::new(Phase::Starting) }
    }
}

impl Health {
    /// To be called when every model can answer, from any thread.
    pub fn serving(&self) {
        self.phase.send_if_modified(|phase| {
            let begins = *phase == Phase::Starting;
            if begins {
                *phase = Phase::Serving;
            }
            begins
        });
    }

    /// To be called when the server begins to stop, from any thread: whoever watches is told and let go, for a server
    /// that stops waits for its calls to end.
    pub fn end(&self) {
        self.phase.send_replace(Phase::Ended);
    }
}

/// Adds the service to `router`.
pub fn add<S: Clone + Send + Sync + 'static>(router: Router<S>, health: &Health) -> Router<S> {
    let service = HealthServer::from_arc(Arc::new(health.clone()));
    router.route_service("/grpc.health.v1.Health/{method}", service)
}

#[async_trait]
impl health_server::Health for Health {
    type WatchStream = ReceiverStream<Result<HealthCheckResponse, Status>>;

    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        let name = &request.get_ref().service;
        if !NAMES.contains(&name.as_str()) {
            return Err(Status::not_found(format!("there is no service {name}: its health is told of {NAMES:?}")));
        }
        Ok(Response::new(describe(*self.phase.borrow(), true)))
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let is_known = NAMES.contains(&request.get_ref().service.as_str());
        let mut phases = self.phase.subscribe();
        let (tell, told) = mpsc::channel(1);
        tokio::spawn(async move {
            loop {
                let phase = *phases.borrow_and_update();
                if tell.send(Ok(describe(phase, is_known))).await.is_err() || phase == Phase::Ended {
                    return;
                }
                tokio::select! {
                    changed = phases.changed() => if changed.is_err() { return },
                    () = tell.closed() => return,
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(told)))
    }
}

fn describe(phase: Phase, is_known: bool) -> HealthCheckResponse {
    let status = match phase {
        _ if !is_known => ServingStatus::ServiceUnknown,
        Phase::Serving => ServingStatus::Serving,
        Phase::Starting | Phase::Ended => ServingStatus::NotServing,
    };
    HealthCheckResponse { status: status.into() }
}

#[cfg(test)]
mod tests {
    use tonic::codegen::tokio_stream::StreamExt as _;

    use super::*;

    fn asking(service: &str) -> Request<HealthCheckRequest> {
        Request::new(HealthCheckRequest { service: service.to_owned() })
    }

    async fn check(health: &Health, service: &str) -> Result<ServingStatus, Status> {
        let answer = health_server::Health::check(health, asking(service)).await?;
        Ok(answer.get_ref().status())
    }

    #[tokio::test]
    async fn every_name_is_serving_once_the_models_are_loaded() {
        let health = Health::default();
        for name in NAMES {
            assert_eq!(check(&health, name).await.unwrap(), ServingStatus::NotServing);
        }
        health.serving();
        for name in NAMES {
            assert_eq!(check(&health, name).await.unwrap(), ServingStatus::Serving);
        }
    }

    #[tokio::test]
    async fn another_name_is_not_found() {
        let refused = check(&Health::default(), "Nobody").await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::NotFound);
    }

    #[tokio::test]
    async fn what_has_ended_does_not_serve_again() {
        let health = Health::default();
        health.end();
        health.serving();
        assert_eq!(check(&health, "").await.unwrap(), ServingStatus::NotServing);
    }

    #[tokio::test]
    async fn who_watches_is_told_of_every_change_and_let_go_at_the_end() {
        let health = Health::default();
        let mut told = health_server::Health::watch(&health, asking("")).await.unwrap().into_inner();
        assert_eq!(told.next().await.unwrap().unwrap().status(), ServingStatus::NotServing);
        health.serving();
        assert_eq!(told.next().await.unwrap().unwrap().status(), ServingStatus::Serving);
        health.end();
        assert_eq!(told.next().await.unwrap().unwrap().status(), ServingStatus::NotServing);
        assert!(told.next().await.is_none());
    }

    #[tokio::test]
    async fn who_watches_what_is_not_there_is_told_so() {
        let mut told = health_server::Health::watch(&Health::default(), asking("Nobody")).await.unwrap().into_inner();
        assert_eq!(told.next().await.unwrap().unwrap().status(), ServingStatus::ServiceUnknown);
    }
}
