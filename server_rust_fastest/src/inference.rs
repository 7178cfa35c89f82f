//! Inference: named tensors -> a signature of a model -> named tensors; what all protocols that predict have in common.

use std::time::Instant;

use prost::Message as _;

use crate::error::{Error, Result};
use crate::grpc::tensor_proto;
use crate::models::ServedModel;
use crate::protos::tensorflow::SignatureDef;
use crate::signature::{CLASSIFY_METHOD, DEFAULT_SIGNATURE, PREDICT_METHOD, REGRESS_METHOD};
use crate::tensor::Tensor;

const METHODS: [&str; 3] = [PREDICT_METHOD, CLASSIFY_METHOD, REGRESS_METHOD];

/// Named inputs or outputs.
pub type Tensors = Vec<(String, Tensor)>;

/// The signature that a request means: `serving_default` where it names none.
#[must_use]
pub fn resolve(signature_name: &str) -> &str {
    if signature_name.is_empty() { DEFAULT_SIGNATURE } else { signature_name }
}

/// Runs a signature and gives its outputs (those of `output_filter`, where any are named).
///
/// An input that is left out has the default that the model's own SignatureDef gives for it, if any.
/// `check_method_name` refuses a signature whose method is none of TensorFlow Serving's three.
///
/// # Errors
/// Failed precondition for an unknown signature, invalid argument for inputs or outputs that do not fit it, deadline
/// exceeded, or what the runtime says.
pub fn predict(
    model: &ServedModel,
    signature_name: &str,
    mut inputs: Tensors,
    output_filter: &[String],
    deadline: Option<Instant>,
    check_method_name: bool,
) -> Result<Tensors> {
    let name = resolve(signature_name);
    if let Some(signature) = model.servable.signatures().get(name) {
        if check_method_name && !METHODS.contains(&signature.method_name.as_str()) {
            return Err(Error::internal(format!(
                "Expected prediction signature method_name to be one of {{{}}}. Was: {}",
                METHODS.join(", "),
                signature.method_name
            )));
        }
        if inputs.len() < signature.inputs.len() {
            add_defaults(model, name, &mut inputs)?;
        }
    }
    model.servable.run(name, inputs, output_filter, deadline)
}

fn add_defaults(model: &ServedModel, name: &str, inputs: &mut Tensors) -> Result<()> {
    let Some(octets) = model.servable.signature_defs().get(name) else { return Ok(()) };
    let defaults = SignatureDef::decode(octets.clone()).unwrap_or_default().defaults;
    for (key, proto) in defaults {
        if inputs.iter().all(|(sent, _)| *sent != key) {
            let tensor = tensor_proto::decode(&key, &proto)?;
            inputs.push((key, tensor));
        }
    }
    Ok(())
}
