//! A request against a signature, before the runtime sees it: names, dtypes, shapes and sizes.
//!
//! The texts about names are TensorFlow Serving's, which clients know.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::error::{Error, Result};
use crate::signature::{Signature, TensorSpec};
use crate::tensor::{DType, Tensor, element_count};

/// So many dimensions every operation takes; with many more, some of TFLite's end the process.
const LENIENT_RANK: usize = 4;

/// The signature of this name, or whatever else goes by it.
///
/// # Errors
/// Failed precondition.
pub fn find_signature<'a, T>(signatures: &'a BTreeMap<String, T>, name: &str) -> Result<&'a T> {
    let unknown = || Error::failed_precondition(format!("Serving signature key \"{name}\" not found."));
    signatures.get(name).ok_or_else(unknown)
}

/// # Errors
/// Deadline exceeded past it.
pub fn check_deadline(deadline: Option<Instant>) -> Result<()> {
    match deadline {
        Some(deadline) if Instant::now() >= deadline => {
            Err(Error::deadline_exceeded("the request's time limit has passed"))
        }
        _ => Ok(()),
    }
}

/// The places of the outputs to give: those of `output_filter`, or all.
///
/// # Errors
/// Invalid argument for one that the signature has not, or that is named twice.
pub fn select_outputs(signature: &Signature, output_filter: &[String]) -> Result<Vec<usize>> {
    let mut places = Vec::new();
    for name in output_filter {
        let Some(place) = signature.outputs.iter().position(|spec| spec.name == *name) else {
            return Err(Error::invalid_argument(format!(
                "output tensor alias not found in signature: {name} Outputs expected to be in the set {}.",
                braces(&names(&signature.outputs))
            )));
        };
        if places.contains(&place) {
            return Err(Error::invalid_argument(format!("duplicate output tensor alias: {name}")));
        }
        places.push(place);
    }
    Ok(if places.is_empty() { (0..signature.outputs.len()).collect() } else { places })
}

/// Refuses inputs that do not fit their specs, with what was sent and what is expected.
///
/// `lenient` is for a model that may be resized: the first dimension may then be of any size, and trailing dimensions of
/// size one may be left out, or added up to rank 4. TensorFlow Serving's clients rely on that when they send
/// `{"instances": [1.0, 2.0, 5.0]}` to an input of the shape [1] or [-1, 1] and get three numbers back.
///
/// # Errors
/// Invalid argument.
pub fn check_inputs(signature: &Signature, inputs: &[(String, Tensor)], lenient: bool) -> Result<()> {
    let sent: BTreeSet<&str> = inputs.iter().map(|(name, _)| name.as_str()).collect();
    let expected = names(&signature.inputs);
    if inputs.len() != signature.inputs.len() {
        return Err(Error::invalid_argument(format!(
            "input size does not match signature: {}!={} len({}) != len({}). \
             Sent extra: {}. Missing but required: {}.",
            inputs.len(),
            signature.inputs.len(),
            braces(&sent),
            braces(&expected),
            braces(&sent.difference(&expected).copied().collect()),
            braces(&expected.difference(&sent).copied().collect()),
        )));
    }
    if let Some(spec) = signature.inputs.iter().find(|spec| !sent.contains(spec.name.as_str())) {
        return Err(Error::invalid_argument(format!(
            "Signature input alias: {}(feed name: {}) not found in request and no default value provided. \
             Inputs expected to be in the request {}, or default input alias set: ",
            spec.name,
            spec.tensor_name,
            braces(&sent)
        )));
    }
    for (index, (name, tensor)) in inputs.iter().enumerate() {
        if let Some(spec) = signature.inputs.iter().find(|spec| spec.name == *name) {
            check_input(index, spec, tensor, lenient)?;
        }
    }
    Ok(())
}

fn check_input(index: usize, spec: &TensorSpec, tensor: &Tensor, lenient: bool) -> Result<()> {
    let name = &spec.name;
    if tensor.dtype != spec.dtype {
        // As TensorFlow's session says it.
        return Err(Error::invalid_argument(format!(
            "Expects arg[{index}] to be {} but {} is provided",
            spec.dtype.name(),
            tensor.dtype.name()
        )));
    }
    if !fits(&tensor.shape, spec.shape.as_deref(), lenient) {
        return Err(Error::invalid_argument(format!(
            "input \"{name}\" has shape {:?}, expected {:?} (-1 is any size)",
            tensor.shape,
            spec.shape.as_deref().unwrap_or_default()
        )));
    }
    let count = tensor.shape.iter().fold(1_u128, |count, &size| count.saturating_mul(size as u128));
    let (sent, expected, unit) = match tensor.dtype {
        DType::String => (tensor.strings.len(), count, "strings"),
        dtype => (tensor.data.len(), count.saturating_mul(dtype.item_bytes() as u128), "bytes"),
    };
    if sent as u128 == expected {
        return Ok(());
    }
    Err(Error::invalid_argument(format!(
        "input \"{name}\" holds {sent} {unit}, but its shape {:?} of {} is {expected}",
        tensor.shape,
        told(tensor.dtype)
    )))
}

/// Whether a .tflite may be run on other shapes than its signature's: on batches where it was made for one.
///
/// Some of TFLite's operations trust the length of an input that tells sizes or axes, and read and write past its end
/// where it is another or nothing. So leniency needs inputs that can only be data.
pub fn may_be_resized(signature: &Signature, inputs: &[(String, Tensor)]) -> bool {
    let is_data = |spec: &TensorSpec| match (spec.shape.as_deref(), spec.dtype) {
        (None, _) => false,
        (Some([size]), DType::Int32 | DType::Int64) => *size == -1,
        (Some(shape), _) => shape.first().is_none_or(|size| matches!(size, -1 | 1)),
    };
    signature.inputs.iter().all(is_data)
        && inputs.iter().all(|(_, tensor)| element_count(&tensor.shape).is_some_and(|count| count > 0))
}

fn fits(shape: &[usize], expected: Option<&[i64]>, lenient: bool) -> bool {
    let Some(expected) = expected else { return true };
    let is_size = |wanted: i64, size: usize| wanted == -1 || usize::try_from(wanted) == Ok(size);
    if lenient && shape.len() <= expected.len().max(LENIENT_RANK) {
        return (0..shape.len().max(expected.len())).all(|place| {
            let wanted = expected.get(place).copied().unwrap_or(1);
            let is_first = place == 0 && !expected.is_empty();
            is_first || is_size(wanted, shape.get(place).copied().unwrap_or(1))
        });
    }
    shape.len() == expected.len() && expected.iter().zip(shape).all(|(&wanted, &size)| is_size(wanted, size))
}

fn names(specs: &[TensorSpec]) -> BTreeSet<&str> {
    specs.iter().map(|spec| spec.name.as_str()).collect()
}

fn braces(names: &BTreeSet<&str>) -> String {
    format!("{{{}}}", names.iter().copied().collect::<Vec<_>>().join(","))
}

/// The name that says the size as well.
pub fn told(dtype: DType) -> &'static str {
    match dtype {
        DType::Float16 => "float16",
        DType::Float32 => "float32",
        DType::Float64 => "float64",
        _ => dtype.name(),
    }
}
