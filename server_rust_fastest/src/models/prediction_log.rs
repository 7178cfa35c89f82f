//! Prediction logs: the records of a warmup file -> inference.

use prost::Message as _;

use super::ServedModel;
use crate::error::{Error, Result};
use crate::grpc::{examples, tensor_proto};
use crate::inference;
use crate::protos::tensorflow::serving::PredictionLog;
use crate::protos::tensorflow::serving::prediction_log::LogType;

/// Reads a record; None where it is no PredictionLog.
pub fn read(record: Vec<u8>) -> Option<PredictionLog> {
    PredictionLog::decode(bytes::Bytes::from(record)).ok()
}

/// Runs what was asked, whatever model was asked for it; a record without a request is done.
///
/// # Errors
/// Unimplemented for what this server cannot do, and what the request ends with.
pub fn run(model: &ServedModel, log: &PredictionLog) -> Result<()> {
    let unsupported = |number: u32| Err(Error::unimplemented(format!("Unsupported log_type for warmup: {number}")));
    match &log.log_type {
        None => Ok(()),
        Some(LogType::PredictLog(log)) => {
            let request = log.request.clone().unwrap_or_default();
            let signature_name = request.model_spec.unwrap_or_default().signature_name;
            let mut inputs = Vec::with_capacity(request.inputs.len());
            for (name, proto) in request.inputs {
                let tensor = tensor_proto::decode(&name, &proto)?;
                inputs.push((name, tensor));
            }
            inference::predict(model, &signature_name, inputs, &request.output_filter, None, false).map(drop)
        }
        Some(LogType::ClassifyLog(log)) => {
            examples::classify(model, &log.request.clone().unwrap_or_default(), false).map(drop)
        }
        Some(LogType::RegressLog(log)) => {
            examples::regress(model, &log.request.clone().unwrap_or_default(), false).map(drop)
        }
        Some(LogType::MultiInferenceLog(log)) => {
            examples::multi_inference(model, &log.request.clone().unwrap_or_default(), false).map(drop)
        }
        // The numbers of their fields in prediction_log.proto.
        Some(LogType::SessionRunLog(_)) => unsupported(5),
        Some(LogType::PredictStreamedLog(_)) => unsupported(7),
    }
}
