//! Examples: Classify, Regress and MultiInference, which take `tf.Example`s and no tensors.
//!
//! Nothing here reads them. What is wrong with a request is still told in TensorFlow Serving's words, for clients tell
//! by them whether the model is there.

use bytes::Bytes;

use super::call::{Call, Method};
use super::model_spec;
use crate::error::{Error, Result};
use crate::inference::resolve;
use crate::models::Handle;
use crate::protos::tensorflow::serving::{ClassificationRequest, ModelSpec, MultiInferenceRequest, RegressionRequest};
use crate::signature::{CLASSIFY_METHOD, REGRESS_METHOD};

/// Examples to classes.
pub struct Classify;

impl Method for Classify {
    type Request = ClassificationRequest;
    const NAME: &'static str = "/tensorflow.serving.PredictionService/Classify";
    const REQUEST: &'static str = "tensorflow.serving.ClassificationRequest";
    const ADMITTED: bool = true;

    async fn run(request: ClassificationRequest, call: &mut Call) -> Result<Bytes> {
        refuse("Classify", request.model_spec.as_ref(), call).await
    }
}

/// Examples to numbers.
pub struct Regress;

impl Method for Regress {
    type Request = RegressionRequest;
    const NAME: &'static str = "/tensorflow.serving.PredictionService/Regress";
    const REQUEST: &'static str = "tensorflow.serving.RegressionRequest";
    const ADMITTED: bool = true;

    async fn run(request: RegressionRequest, call: &mut Call) -> Result<Bytes> {
        refuse("Regress", request.model_spec.as_ref(), call).await
    }
}

/// The same examples through several signatures of one model.
pub struct MultiInference;

impl Method for MultiInference {
    type Request = MultiInferenceRequest;
    const NAME: &'static str = "/tensorflow.serving.PredictionService/MultiInference";
    const REQUEST: &'static str = "tensorflow.serving.MultiInferenceRequest";
    const ADMITTED: bool = true;

    async fn run(request: MultiInferenceRequest, call: &mut Call) -> Result<Bytes> {
        let specs: Vec<ModelSpec> =
            request.tasks.iter().map(|task| task.model_spec.clone().unwrap_or_default()).collect();
        let first = specs.first().cloned().unwrap_or_default();
        let model = find("MultiInference", Some(&first), call).await?;
        for spec in &specs {
            if spec.name.is_empty() {
                return Err(Error::invalid_argument("Found ModelSpec with an empty model name."));
            }
            if spec.name != first.name {
                return Err(Error::invalid_argument(
                    "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
                ));
            }
        }
        for (spec, task) in specs.iter().zip(&request.tasks) {
            let name = resolve(&spec.signature_name);
            if !model.servable.signatures().contains_key(name) {
                return Err(Error::invalid_argument(format!("Requested signature not found in model graph: {name}")));
            }
            if ![CLASSIFY_METHOD, REGRESS_METHOD].contains(&task.method_name.as_str()) {
                let text = format!("Unsupported signature method_name: {}", task.method_name);
                return Err(Error::unimplemented(text));
            }
        }
        Err(not_here("MultiInference"))
    }
}

async fn refuse(api: &'static str, spec: Option<&ModelSpec>, call: &mut Call) -> Result<Bytes> {
    let model = find(api, spec, call).await?;
    let name = resolve(spec.map_or("", |spec| &spec.signature_name));
    if !model.servable.signatures().contains_key(name) {
        return Err(Error::invalid_argument(format!("No signature was found with the name: {name}")));
    }
    Err(not_here(api))
}

async fn find(api: &'static str, spec: Option<&ModelSpec>, call: &mut Call) -> Result<Handle> {
    call.access.asks(api, model_spec::name(spec));
    let model = call.app.manager.handle(&model_spec::asked(spec)?, call.deadline).await?;
    call.access.found(&model);
    Ok(model)
}

fn not_here(api: &str) -> Error {
    Error::unimplemented(format!(
        "{api} takes tf.Examples, which server_rust_fastest does not read: send tensors by Predict, \
         or serve the model with server_python_fast"
    ))
}
