//! Signature: the inputs and outputs of one entry of a model, by their names.

use std::collections::BTreeMap;
use std::str::Utf8Error;

use crate::tensor::DType;

/// The signature that is asked for where a request names none.
pub const DEFAULT_SIGNATURE: &str = "serving_default";
/// The method name of a signature without one of its own.
pub const PREDICT_METHOD: &str = "tensorflow/serving/predict";
/// The method name of a signature that gives classes with their scores.
pub const CLASSIFY_METHOD: &str = "tensorflow/serving/classify";
/// The method name of a signature that gives a number for each example.
pub const REGRESS_METHOD: &str = "tensorflow/serving/regress";

/// real = (stored - `zero_point`) * scale, for the whole tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Quantization {
    pub scale: f32,
    pub zero_point: i64,
}

/// What the model expects of a picture: (pixel - mean) / std, one value for all channels or one for each.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Normalization {
    pub mean: Vec<f32>,
    pub std: Vec<f32>,
}

/// An input or output of a signature.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorSpec {
    /// Its name in the signature.
    pub name: String,
    /// Of its elements.
    pub dtype: DType,
    /// -1 where any size goes; None where even the rank is open.
    pub shape: Option<Vec<i64>>,
    /// Where the whole tensor has one.
    pub quantization: Option<Quantization>,
    /// From the .tflite's metadata.
    pub normalization: Option<Normalization>,
    /// The tensor in the graph; empty where nobody knows it.
    pub tensor_name: String,
}

/// One entry of a model. Inputs and outputs are in the model's own order.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Signature {
    pub method_name: String,
    pub inputs: Vec<TensorSpec>,
    pub outputs: Vec<TensorSpec>,
}

/// All signatures of a model by name.
pub type Signatures = BTreeMap<String, Signature>;

/// The lines of a label file: UTF-8 with or without a byte order mark, ended by LF or CRLF and nothing else.
///
/// # Errors
/// For what is no UTF-8.
pub fn read_labels(octets: &[u8]) -> Result<Vec<String>, Utf8Error> {
    let text = str::from_utf8(octets)?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text).lines().map(str::to_owned).collect())
}
