//! Pictures: encoded bytes -> RGB pixels -> input tensor -> scores -> best classes.

use crate::error::Result;
use crate::litert::Servable;
use crate::settings::ImageOptions;

/// What `/predict` answers with.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Prediction {
    pub classes: Vec<Class>,
    pub decode_ms: f64,
    pub inference_ms: f64,
}

/// One class of a prediction, best first.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Class {
    pub class: usize,
    pub label: Option<String>,
    /// Rounded to six digits after the point.
    pub score: f64,
}

/// Classifies pictures with a servable.
pub struct Classifier {}

impl Classifier {
    /// Finds out how pictures become this model's input, and its output classes.
    ///
    /// # Errors
    /// Unimplemented, with the reason, where the model takes no picture or gives no scores.
    pub fn new(servable: &Servable, options: &ImageOptions) -> Result<Self> {
        let _ = (servable, options);
        todo!()
    }

    /// Whether the model does not say how it wants pixels scaled, and gets 0 to 255.
    #[must_use]
    pub fn feeds_raw_pixels(&self) -> bool {
        todo!()
    }

    /// Decodes a picture, runs the model, and picks the best `top_k` classes (as the query has it; None is 5).
    ///
    /// # Errors
    /// Invalid argument for what is no picture, a damaged one, or a bad `top_k`; too large over the limit of pixels.
    pub fn predict(&self, servable: &Servable, picture: &[u8], top_k: Option<&str>) -> Result<Prediction> {
        let _ = (servable, picture, top_k);
        todo!()
    }
}

/// The body of the answer: `{"model": ..., "version": ..., "predictions": [...]}`, as Python's json writes it.
#[must_use]
pub fn answer_json(model: &str, version: i64, classes: &[Class]) -> String {
    let _ = (model, version, classes);
    todo!()
}
