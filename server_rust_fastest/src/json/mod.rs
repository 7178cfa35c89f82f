//! Tensors as TensorFlow Serving's JSON: a predict request -> input tensors; outputs -> an answer.

use bytes::Bytes;

use crate::error::Result;
use crate::signature::Signature;
use crate::tensor::Tensor;

/// How inputs and outputs are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `instances` and `predictions`: one object or value a row.
    Row,
    /// `inputs` and `outputs`: one list a tensor.
    Column,
}

/// A predict request whose JSON is right, before anyone has looked for its model.
pub struct PredictRequest {}

impl PredictRequest {
    /// Parses the body, as RapidJSON does.
    ///
    /// # Errors
    /// Invalid argument with RapidJSON's text and offset, or for a `signature_name` that is no string.
    pub fn parse(body: Bytes) -> Result<Self> {
        let _ = body;
        todo!()
    }

    /// The signature's name; None where it is absent or empty.
    #[must_use]
    pub fn signature_name(&self) -> Option<&str> {
        todo!()
    }

    /// The tensors for a signature's inputs, and the layout that the answer has to have.
    ///
    /// # Errors
    /// With TensorFlow Serving's texts.
    pub fn inputs(&self, signature: &Signature) -> Result<(Vec<(String, Tensor)>, Layout)> {
        let _ = signature;
        todo!()
    }
}

/// The answer's body.
///
/// # Errors
/// With TensorFlow Serving's texts, for outputs that the layout cannot hold.
pub fn predict_answer(outputs: &[(String, Tensor)], layout: Layout) -> Result<Vec<u8>> {
    let _ = (outputs, layout);
    todo!()
}

/// `{"error": "..."}` over three lines, as TensorFlow Serving writes it.
#[must_use]
pub fn error_answer(text: &str) -> String {
    let _ = text;
    todo!()
}
