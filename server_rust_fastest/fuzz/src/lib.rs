//! What targets of the JSON codec share: signatures, and answers that are read again as requests.

use server_rust_fastest::error::Result;
use server_rust_fastest::json::{Layout, PredictRequest};
use server_rust_fastest::signature::{Signature, TensorSpec};
use server_rust_fastest::tensor::{DType, Tensor};

/// A signature with inputs of these names and dtypes.
pub fn signature<'a>(inputs: impl IntoIterator<Item = (&'a str, DType)>) -> Signature {
    let spec = |(name, dtype): (&str, DType)| TensorSpec {
        name: name.to_owned(),
        dtype,
        shape: None,
        quantization: None,
        normalization: None,
        tensor_name: String::new(),
    };
    Signature { method_name: String::new(), inputs: inputs.into_iter().map(spec).collect(), outputs: Vec::new() }
}

/// What an answer says when it is read as the request that it looks like.
///
/// # Errors
/// Those of a request.
///
/// # Panics
/// For a body that is no answer.
pub fn read_again(answer: &[u8], layout: Layout, tensors: &[(String, Tensor)]) -> Result<Vec<(String, Tensor)>> {
    let (name, key) = match layout {
        Layout::Row => ("predictions", "instances"),
        Layout::Column => ("outputs", "inputs"),
    };
    let value = answer.strip_prefix(format!("{{\n    \"{name}\":").as_bytes()).expect("an answer begins with its key");
    let body = [format!("{{\"{key}\":").as_bytes(), value].concat();
    let signature = signature(tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.dtype)));
    Ok(PredictRequest::parse(body.into())?.inputs(&signature)?.0)
}

/// Panics where tensors differ, NaN being equal to NaN.
pub fn assert_same(written: &[(String, Tensor)], read: &[(String, Tensor)]) {
    assert_eq!(written.len(), read.len());
    for ((name, written), (name_read, read)) in written.iter().zip(read) {
        assert_eq!((name, &written.shape, written.dtype), (name_read, &read.shape, read.dtype));
        assert_eq!(written.strings, read.strings);
        let is_same = match written.dtype {
            DType::Float32 => numbers(written, f32::from_le_bytes).eq(numbers(read, f32::from_le_bytes)),
            DType::Float64 => numbers(written, f64::from_le_bytes).eq(numbers(read, f64::from_le_bytes)),
            _ => written.data == read.data,
        };
        assert!(is_same, "{written:?} was read as {read:?}");
    }
}

/// The elements of a tensor of floats: None for what is no number.
fn numbers<const SIZE: usize, T: PartialEq>(
    tensor: &Tensor,
    element: impl Fn([u8; SIZE]) -> T,
) -> impl Iterator<Item = Option<[u8; SIZE]>> {
    // NaN alone differs from itself.
    let is_number = move |bytes| element(bytes) == element(bytes);
    tensor.data.as_chunks().0.iter().map(move |&bytes| is_number(bytes).then_some(bytes))
}
