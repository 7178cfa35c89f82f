//! PredictionService: request messages -> tensors -> inference -> response messages.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use prost_types::Any;

use super::call::{Call, Method};
use super::{frame, model_spec, tensor_proto};
use crate::error::{Error, Result};
use crate::inference::{self, resolve};
use crate::metadata::signature_def_map;
use crate::protos::tensorflow::serving::{
    GetModelMetadataRequest, GetModelMetadataResponse, PredictRequest, PredictResponse,
};
use crate::work;

/// The one field of metadata there is.
const SIGNATURE_DEF: &str = "signature_def";

/// Tensors through a signature.
pub struct Predict;

impl Method for Predict {
    type Request = PredictRequest;
    const NAME: &'static str = "/tensorflow.serving.PredictionService/Predict";
    const REQUEST: &'static str = "tensorflow.serving.PredictRequest";

    async fn run(request: PredictRequest, call: &mut Call) -> Result<Bytes> {
        call.access.asks("Predict", model_spec::name(request.model_spec.as_ref()));
        let spec = model_spec::asked(request.model_spec.as_ref())?;
        let model = call.app.manager.handle(&spec, call.deadline).await?;
        // A place is for who can be answered: not for who still waits for a model.
        let place = (call.app.admission.admit()?, call.hold.take());
        call.access.found(&model);
        let deadline = call.deadline;
        let as_content = call.app.settings.tensor_content;
        let check_method_name = call.app.settings.check_method_names;
        let (answer, inference_ms) = work::run(deadline, move || {
            let _place = place;
            let signature_name = request.model_spec.map(|spec| spec.signature_name).unwrap_or_default();
            let mut inputs = Vec::with_capacity(request.inputs.len());
            for (name, proto) in request.inputs {
                let tensor = tensor_proto::decode(&name, &proto)?;
                inputs.push((name, tensor));
            }
            let began = Instant::now();
            let outputs = inference::predict(
                &model,
                &signature_name,
                inputs,
                &request.output_filter,
                deadline,
                check_method_name,
            )?;
            let inference_ms = began.elapsed().as_secs_f64() * 1e3;
            let outputs = outputs.into_iter().map(|(name, tensor)| (name, tensor_proto::encode(tensor, as_content)));
            let response = PredictResponse {
                outputs: outputs.collect(),
                model_spec: Some(model_spec::write(&model, resolve(&signature_name))),
            };
            Ok((frame::write(&response)?, inference_ms))
        })
        .await?;
        call.access.inference_ms = Some(inference_ms);
        Ok(answer)
    }
}

/// A model's signatures.
pub struct GetModelMetadata;

impl Method for GetModelMetadata {
    type Request = GetModelMetadataRequest;
    const NAME: &'static str = "/tensorflow.serving.PredictionService/GetModelMetadata";
    const REQUEST: &'static str = "tensorflow.serving.GetModelMetadataRequest";

    async fn run(request: GetModelMetadataRequest, call: &mut Call) -> Result<Bytes> {
        let spec = model_spec::asked(request.model_spec.as_ref())?;
        if request.metadata_field.is_empty() {
            return Err(Error::invalid_argument("GetModelMetadataRequest must specify at least one metadata_field"));
        }
        if let Some(field) = request.metadata_field.iter().find(|field| *field != SIGNATURE_DEF) {
            return Err(Error::invalid_argument(format!("Metadata field {field} is not supported")));
        }
        let model = call.app.manager.handle(&spec, call.deadline).await?;
        call.access.found(&model);
        let packed = Any {
            type_url: "type.googleapis.com/tensorflow.serving.SignatureDefMap".to_owned(),
            value: prost::Message::encode_to_vec(&signature_def_map(&model)),
        };
        frame::write(&GetModelMetadataResponse {
            model_spec: Some(model_spec::write(&model, "")),
            metadata: BTreeMap::from([(SIGNATURE_DEF.to_owned(), packed)]),
        })
    }
}
