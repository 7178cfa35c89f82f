//! Tensors as TensorFlow Serving's JSON: a predict request -> input tensors; outputs -> an answer.
//!
//! body -> `parser` -> `document` -> `predict_request` -> (inference) -> `predict_answer` -> body
//!
//! Pure functions, without HTTP. Texts of errors and layouts of answers are TensorFlow Serving's.

mod base64_text;
mod decimal_text;
mod document;
mod layout;
mod nested_list;
mod number;
mod number_run;
mod parser;
mod predict_answer;
mod predict_request;
mod room;
mod string;
mod tensor_text;
mod value_text;

#[cfg(test)]
mod tests;

pub use predict_answer::{error_answer, predict_answer};
pub use predict_request::PredictRequest;

/// How inputs and outputs are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `instances` and `predictions`: one object or value a row.
    Row,
    /// `inputs` and `outputs`: one list a tensor.
    Column,
}
