//! ModelService: the state of models, and another list of models for a running server.

use bytes::Bytes;

use super::call::{Call, Method};
use super::{frame, model_spec};
use crate::config::model_configs;
use crate::error::{Code, Error, Result};
use crate::models::{State, VersionStatus};
use crate::protos::tensorflow::serving::model_version_status::State as StateMessage;
use crate::protos::tensorflow::serving::{
    GetModelStatusRequest, GetModelStatusResponse, ModelVersionStatus, ReloadConfigRequest, ReloadConfigResponse,
    StatusProto,
};

/// The state of all versions, or of one. As in TensorFlow Serving, a label is not looked at.
pub struct GetModelStatus;

impl Method for GetModelStatus {
    type Request = GetModelStatusRequest;
    const NAME: &'static str = "/tensorflow.serving.ModelService/GetModelStatus";
    const REQUEST: &'static str = "tensorflow.serving.GetModelStatusRequest";

    async fn run(request: GetModelStatusRequest, call: &mut Call) -> Result<Bytes> {
        let spec = model_spec::asked(request.model_spec.as_ref())?;
        spec.name.clone_into(&mut call.access.model);
        call.access.version = spec.version;
        let statuses = call.app.manager.statuses(&spec.name, spec.version)?;
        frame::write(&GetModelStatusResponse { model_version_status: statuses.iter().map(describe).collect() })
    }
}

/// Replaces all model configs; answers when the models that are new can answer.
///
/// `metric` stays empty: counters are for Prometheus alone here.
pub struct HandleReloadConfigRequest;

impl Method for HandleReloadConfigRequest {
    type Request = ReloadConfigRequest;
    const NAME: &'static str = "/tensorflow.serving.ModelService/HandleReloadConfigRequest";
    const REQUEST: &'static str = "tensorflow.serving.ReloadConfigRequest";

    async fn run(request: ReloadConfigRequest, call: &mut Call) -> Result<Bytes> {
        let configs = model_configs(&request.config.unwrap_or_default())?.ok_or_else(|| {
            Error::invalid_argument(
                "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently \
                 supported",
            )
        })?;
        call.app.manager.reload(configs, call.deadline).await?;
        frame::write(&ReloadConfigResponse { status: Some(status(None)), ..ReloadConfigResponse::default() })
    }
}

/// `HandleReloadConfigRequest` where it is switched off.
pub struct RefusedReload;

impl Method for RefusedReload {
    type Request = ReloadConfigRequest;
    const NAME: &'static str = HandleReloadConfigRequest::NAME;
    const REQUEST: &'static str = HandleReloadConfigRequest::REQUEST;

    async fn run(_: ReloadConfigRequest, _: &mut Call) -> Result<Bytes> {
        Err(Error::permission_denied(
            "HandleReloadConfigRequest is switched off here: --enable_reload_config=true allows it",
        ))
    }
}

fn describe(known: &VersionStatus) -> ModelVersionStatus {
    let state = match known.state {
        State::Start => StateMessage::Start,
        State::Loading => StateMessage::Loading,
        State::Available => StateMessage::Available,
        State::Unloading => StateMessage::Unloading,
        State::End => StateMessage::End,
    };
    ModelVersionStatus { version: known.version, state: state.into(), status: Some(status(known.error.as_ref())) }
}

/// The codes of the message are gRPC's.
fn status(error: Option<&Error>) -> StatusProto {
    StatusProto {
        error_code: error.map_or(Code::Ok, |error| error.code).number(),
        error_message: error.map(|error| error.text.clone()).unwrap_or_default(),
    }
}
