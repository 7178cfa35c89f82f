//! What all tests of requests use.

use crate::error::Result;
use crate::signature::{Signature, TensorSpec};
use crate::tensor::{DType, Tensor};

use super::{Layout, PredictRequest};

/// A signature with inputs of these names and dtypes.
pub(super) fn signature(inputs: &[(&str, DType)]) -> Signature {
    let spec = |&(name, dtype): &(&str, DType)| TensorSpec {
        name: name.into(),
        dtype,
        shape: None,
        quantization: None,
        normalization: None,
        tensor_name: String::new(),
    };
    Signature { method_name: String::new(), inputs: inputs.iter().map(spec).collect(), outputs: Vec::new() }
}

/// What a body says to a signature with these inputs.
pub(super) fn read(body: impl Into<Vec<u8>>, inputs: &[(&str, DType)]) -> Result<(Vec<(String, Tensor)>, Layout)> {
    PredictRequest::parse(body.into().into())?.inputs(&signature(inputs))
}

/// The tensor of the only input, `x`.
pub(super) fn read_one(body: &str, dtype: DType) -> Tensor {
    let (mut inputs, _) = read(body, &[("x", dtype)]).expect("the body is right");
    inputs.pop().expect("a tensor for each input").1
}

/// The status with which a body is refused, such as `INVALID_ARGUMENT: ...`.
pub(super) fn refusal(body: impl Into<Vec<u8>>, inputs: &[(&str, DType)]) -> String {
    read(body, inputs).expect_err("the body is wrong").status()
}
