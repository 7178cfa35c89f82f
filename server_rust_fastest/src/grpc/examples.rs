//! Examples: Classify, Regress and MultiInference, which take `tf.Example`s and no tensors.
//!
//! Nothing here reads them. What is wrong with a request is still told, in TensorFlow Serving's order and words: only
//! who asks for what a model can do is sent to a server that does it.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::call::{Call, Method};
use super::model_spec;
use crate::error::{Error, Result};
use crate::inference::resolve;
use crate::metadata::signature_text;
use crate::models::{Handle, ServedModel};
use crate::protos::tensorflow::serving::{
    ClassificationRequest, Input, ModelSpec, MultiInferenceRequest, RegressionRequest, input,
};
use crate::signature::{CLASSIFY_METHOD, REGRESS_METHOD, Signature, TensorSpec};
use crate::tensor::DType;

/// The input that takes serialized tf.Examples.
const SERIALIZED_INPUT: &str = "inputs";

/// Examples to classes.
pub struct Classify;

impl Method for Classify {
    type Request = ClassificationRequest;
    const NAME: &'static str = "/tensorflow.serving.PredictionService/Classify";
    const REQUEST: &'static str = "tensorflow.serving.ClassificationRequest";

    async fn run(request: ClassificationRequest, call: &mut Call) -> Result<Bytes> {
        let model = find("Classify", request.model_spec.as_ref(), call).await?;
        classify(&model, &request, call.app.settings.check_method_names)
    }
}

/// Examples to numbers.
pub struct Regress;

impl Method for Regress {
    type Request = RegressionRequest;
    const NAME: &'static str = "/tensorflow.serving.PredictionService/Regress";
    const REQUEST: &'static str = "tensorflow.serving.RegressionRequest";

    async fn run(request: RegressionRequest, call: &mut Call) -> Result<Bytes> {
        let model = find("Regress", request.model_spec.as_ref(), call).await?;
        regress(&model, &request, call.app.settings.check_method_names)
    }
}

/// The same examples through several signatures of one model.
pub struct MultiInference;

impl Method for MultiInference {
    type Request = MultiInferenceRequest;
    const NAME: &'static str = "/tensorflow.serving.PredictionService/MultiInference";
    const REQUEST: &'static str = "tensorflow.serving.MultiInferenceRequest";

    async fn run(request: MultiInferenceRequest, call: &mut Call) -> Result<Bytes> {
        let specs: Vec<ModelSpec> =
            request.tasks.iter().map(|task| task.model_spec.clone().unwrap_or_default()).collect();
        let first = specs.first().cloned().unwrap_or_default();
        let model = find("MultiInference", Some(&first), call).await?;
        for spec in &specs {
            if spec.name.is_empty() {
                return Err(invalid("Found ModelSpec with an empty model name."));
            }
            if spec.name != first.name {
                return Err(invalid("All ModelSpecs in a MultiInferenceRequest must access the same model name."));
            }
        }
        multi_inference(&model, &request, call.app.settings.check_method_names)
    }
}

/// What there is to say of a request to classify.
///
/// # Errors
/// Always: for what is wrong with it, else unimplemented.
pub fn classify(model: &ServedModel, request: &ClassificationRequest, check_method_name: bool) -> Result<Bytes> {
    let spec = request.model_spec.as_ref();
    with_signature(model, spec, |name, signature| check_classifies(model, name, signature, check_method_name))?;
    refuse_examples("Classify", request.input.as_ref())
}

/// As `classify`, for regression.
///
/// # Errors
/// As `classify`.
pub fn regress(model: &ServedModel, request: &RegressionRequest, check_method_name: bool) -> Result<Bytes> {
    let spec = request.model_spec.as_ref();
    with_signature(model, spec, |name, signature| check_regresses(model, name, signature, check_method_name))?;
    refuse_examples("Regress", request.input.as_ref())
}

/// As `classify`, for both at once; whatever model the tasks name.
///
/// # Errors
/// As `classify`.
pub fn multi_inference(model: &ServedModel, request: &MultiInferenceRequest, check_method_name: bool) -> Result<Bytes> {
    let mut names = BTreeSet::new();
    for task in &request.tasks {
        let name = resolve(task.model_spec.as_ref().map_or("", |spec| &spec.signature_name));
        if !names.insert(name) {
            return Err(invalid(format!("Duplicate evaluation of signature: {name}")));
        }
        let Some(signature) = model.servable.signatures().get(name) else {
            return Err(invalid(format!("Requested signature not found in model graph: {name}")));
        };
        match task.method_name.as_str() {
            CLASSIFY_METHOD => check_classifies(model, name, signature, check_method_name)?,
            REGRESS_METHOD => check_regresses(model, name, signature, check_method_name)?,
            other => return Err(Error::unimplemented(format!("Unsupported signature method_name: {other}"))),
        }
    }
    refuse_examples("MultiInference", request.input.as_ref())
}

/// What there is to say of a request by REST to classify or to regress, whose examples nobody has looked at.
///
/// # Errors
/// Always: for a signature that does not do it, else unimplemented.
pub fn refuse(
    model: &ServedModel,
    signature_name: Option<&str>,
    classifies: bool,
    check_method_name: bool,
) -> Result<()> {
    let spec =
        Some(ModelSpec { signature_name: signature_name.unwrap_or_default().to_owned(), ..ModelSpec::default() });
    let (api, check) = if classifies {
        ("Classify", check_classifies as fn(&ServedModel, &str, &Signature, bool) -> Result<()>)
    } else {
        ("Regress", check_regresses as _)
    };
    with_signature(model, spec.as_ref(), |name, signature| check(model, name, signature, check_method_name))?;
    Err(not_read(api))
}

async fn find(api: &'static str, spec: Option<&ModelSpec>, call: &mut Call) -> Result<Handle> {
    call.access.asks(api, model_spec::name(spec));
    let model = call.app.manager.handle(&model_spec::asked(spec)?, call.deadline).await?;
    call.access.found(&model);
    Ok(model)
}

fn with_signature(
    model: &ServedModel,
    spec: Option<&ModelSpec>,
    check: impl FnOnce(&str, &Signature) -> Result<()>,
) -> Result<()> {
    let name = resolve(spec.map_or("", |spec| &spec.signature_name));
    let signature = model.servable.signatures().get(name);
    check(name, signature.ok_or_else(|| invalid(format!("No signature was found with the name: {name}")))?)
}

fn check_classifies(model: &ServedModel, name: &str, signature: &Signature, check_method_name: bool) -> Result<()> {
    check_method("classification", CLASSIFY_METHOD, signature, check_method_name)?;
    let outputs = signature.outputs.len();
    let by_features = check_inputs(signature)?;
    if ![1, 2].contains(&outputs) {
        return Err(invalid(format!("Expected one or two output Tensors, found {outputs}")));
    }
    if !by_features && !has(&signature.inputs, SERIALIZED_INPUT) {
        let text = signature_text(model, name);
        return Err(invalid(format!("No classification inputs found in SignatureDef: {text}")));
    }
    if !has(&signature.outputs, "classes") && !has(&signature.outputs, "scores") {
        return Err(invalid(format!(
            "Expected classification signature outputs to contain at least one of \"classes\" or \"scores\". \
             Signature was: {}",
            signature_text(model, name)
        )));
    }
    Ok(())
}

fn check_regresses(model: &ServedModel, name: &str, signature: &Signature, check_method_name: bool) -> Result<()> {
    check_method("regression", REGRESS_METHOD, signature, check_method_name)?;
    let by_features = check_inputs(signature)?;
    if signature.outputs.len() != 1 {
        return Err(invalid("Expected one output Tensor."));
    }
    if !by_features && !has(&signature.inputs, SERIALIZED_INPUT) {
        return Err(invalid(format!("No regression inputs found in SignatureDef: {}", signature_text(model, name))));
    }
    if !has(&signature.outputs, "outputs") {
        return Err(invalid(format!("No regression outputs found in SignatureDef: {}", signature_text(model, name))));
    }
    Ok(())
}

fn check_method(kind: &str, method: &str, signature: &Signature, check_method_name: bool) -> Result<()> {
    if check_method_name && signature.method_name != method {
        let was = &signature.method_name;
        return Err(invalid(format!("Expected {kind} signature method_name to be {method}. Was: {was}")));
    }
    Ok(())
}

/// Whether the inputs are filled from features, in place of one input that gets whole tf.Examples.
fn check_inputs(signature: &Signature) -> Result<bool> {
    let by_features = [CLASSIFY_METHOD, REGRESS_METHOD].contains(&signature.method_name.as_str())
        && signature.inputs.iter().all(|spec| spec.dtype != DType::String);
    if !by_features && signature.inputs.len() != 1 {
        return Err(invalid("Expected one input Tensor."));
    }
    Ok(by_features)
}

fn has(specs: &[TensorSpec], name: &str) -> bool {
    specs.iter().any(|spec| spec.name == name)
}

fn refuse_examples(api: &str, input: Option<&Input>) -> Result<Bytes> {
    let is_empty = match input.and_then(|input| input.kind.as_ref()) {
        None => true,
        Some(input::Kind::ExampleList(list)) => list.examples.is_empty(),
        Some(input::Kind::ExampleListWithContext(list)) => list.examples.is_empty(),
    };
    if is_empty {
        return Err(invalid("Input is empty."));
    }
    Err(not_read(api))
}

fn not_read(api: &str) -> Error {
    Error::unimplemented(format!(
        "{api} takes tf.Examples, which server_rust_fastest does not read: send tensors by Predict, \
         or serve the model with server_python_fast"
    ))
}

fn invalid(text: impl Into<String>) -> Error {
    Error::invalid_argument(text)
}
