//! Health: liveness and readiness, by the names of KServe's Open Inference Protocol.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use axum::http::StatusCode;
use axum::response::Response;
use tokio::sync::Mutex;

use super::answer;
use crate::app::App;
use crate::error::Result;
use crate::models::ModelSpec;
use crate::work;

pub(super) fn live() -> Response {
    answer::with(StatusCode::OK, answer::JSON, "{\"live\": true}\n")
}

/// Which models have run once.
#[derive(Default)]
pub(super) struct Health {
    warmed_up: Mutex<BTreeSet<String>>,
}

impl Health {
    pub(super) async fn ready(&self, app: &Arc<App>) -> Response {
        // A version that has gone in between makes it not ready, and that is all there is to say.
        if self.is_ready(app).await.unwrap_or(false) {
            answer::with(StatusCode::OK, answer::JSON, "{\"ready\": true}\n")
        } else {
            answer::with(StatusCode::SERVICE_UNAVAILABLE, answer::JSON, "{\"ready\": false}\n")
        }
    }

    /// Whether models can answer and, where one takes images, it has run once; runs it if it has not.
    async fn is_ready(&self, app: &Arc<App>) -> Result<bool> {
        let names = app.manager.ready_models();
        let is_ready = !names.is_empty();
        let mut warmed_up = self.warmed_up.lock().await;
        for name in names {
            if warmed_up.contains(&name) {
                continue;
            }
            let spec = ModelSpec { name, version: None, label: None };
            let model = app.manager.handle(&spec, Some(Instant::now())).await?;
            work::run(None, move || match &model.classifier {
                Ok(classifier) => classifier.warm_up(&model.servable),
                Err(_) => Ok(()),
            })
            .await?;
            warmed_up.insert(spec.name);
        }
        Ok(is_ready)
    }
}
