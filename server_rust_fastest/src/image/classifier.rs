//! Classifier: a picture's bytes -> a servable -> its best classes.

use std::time::Instant;

use crate::error::{Error, Result};
use crate::image::decoder::decode;
use crate::image::preprocess::Preprocessor;
use crate::image::scores::{Class, best_classes, is_numeric, read_scores, read_top_k};
use crate::litert::Servable;
use crate::settings::ImageOptions;
use crate::signature::{DEFAULT_SIGNATURE, Normalization, Quantization, Signature, Signatures, TensorSpec};
use crate::tensor::DType;

/// What `/predict` answers with.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Best first.
    pub classes: Vec<Class>,
    /// From the picture's bytes to the input tensor.
    pub decode_ms: f64,
    /// The model's run.
    pub inference_ms: f64,
}

/// Classifies pictures with a servable.
pub struct Classifier {
    signature_name: String,
    input_name: String,
    pub(super) output_name: String,
    quantization: Option<Quantization>,
    width: u32,
    height: u32,
    preprocessor: Preprocessor,
    /// In place of the model's own.
    labels: Option<Vec<String>>,
    max_pixels: u64,
}

impl Classifier {
    /// Finds out how pictures become this model's input, and its output classes.
    ///
    /// # Errors
    /// Unimplemented, with the reason, where the model takes no picture or gives no scores.
    pub fn new(servable: &Servable, options: &ImageOptions) -> Result<Self> {
        Self::for_signatures(servable.signatures(), options)
    }

    pub(super) fn for_signatures(signatures: &Signatures, options: &ImageOptions) -> Result<Self> {
        let (signature_name, signature, input, picture) = find_picture_input(signatures)?;
        let output = find_scores(signature)?;
        let normalization = match (&options.mean, &options.std) {
            (Some(mean), Some(std)) => Some(Normalization { mean: mean.clone(), std: std.clone() }),
            _ => None,
        };
        let side = |size: i64| if size < 0 { u32::try_from(options.size).ok() } else { u32::try_from(size).ok() };
        let (Some(height @ 1..), Some(width @ 1..)) = (side(picture.height), side(picture.width)) else {
            return Err(takes_no_picture(signatures));
        };
        Ok(Self {
            signature_name: signature_name.to_owned(),
            input_name: input.name.clone(),
            output_name: output.name.clone(),
            quantization: output.quantization,
            width,
            height,
            preprocessor: Preprocessor::new(input, picture.channels, normalization.as_ref()),
            labels: options.labels.clone().filter(|labels| !labels.is_empty()),
            max_pixels: options.max_pixels,
        })
    }

    /// Whether the model does not say how it wants pixels scaled, and gets 0 to 255.
    #[must_use]
    pub fn feeds_raw_pixels(&self) -> bool {
        self.preprocessor.feeds_raw_pixels
    }

    /// Decodes a picture, runs the model, and picks the best `top_k` classes (as the query has it; None is 5).
    ///
    /// # Errors
    /// Invalid argument for what is no picture, a damaged one, or a bad `top_k`; too large over the limit of pixels.
    pub fn predict(&self, servable: &Servable, picture: &[u8], top_k: Option<&str>) -> Result<Prediction> {
        let top_k = read_top_k(top_k)?;
        let start = Instant::now();
        let pixels = decode(picture, self.width, self.height, self.max_pixels)?;
        let inputs = vec![(self.input_name.clone(), self.preprocessor.tensor(pixels))];
        let decoded = Instant::now();
        let output_filter = std::slice::from_ref(&self.output_name);
        let outputs = servable.run(&self.signature_name, inputs, output_filter, None)?;
        let inferred = Instant::now();
        let (_, output) = outputs
            .iter()
            .find(|(name, _)| *name == self.output_name)
            .ok_or_else(|| Error::internal(format!("the model has given no {}", self.output_name)))?;
        let scores = read_scores(output, self.quantization);
        let labels = self.labels.as_deref().unwrap_or(servable.labels());
        Ok(Prediction {
            classes: best_classes(&scores, labels, top_k)?,
            decode_ms: (decoded - start).as_secs_f64() * 1e3,
            inference_ms: (inferred - decoded).as_secs_f64() * 1e3,
        })
    }
}

/// What an input takes; -1 is any size.
struct Picture {
    height: i64,
    width: i64,
    channels: usize,
}

fn picture_of(signature: &Signature) -> Option<(&TensorSpec, Picture)> {
    let [spec] = signature.inputs.as_slice() else { return None };
    if !matches!(spec.dtype, DType::Uint8 | DType::Int8 | DType::Float32 | DType::Float16) {
        return None;
    }
    match *spec.shape.as_deref()? {
        [-1 | 1, height, width, 1] => Some((spec, Picture { height, width, channels: 1 })),
        [-1 | 1, height, width, 3] => Some((spec, Picture { height, width, channels: 3 })),
        _ => None,
    }
}

/// The default signature if it takes a picture, else the first by name that does.
fn find_picture_input(signatures: &Signatures) -> Result<(&str, &Signature, &TensorSpec, Picture)> {
    signatures
        .get_key_value(DEFAULT_SIGNATURE)
        .into_iter()
        .chain(signatures)
        .find_map(|(name, signature)| {
            picture_of(signature).map(|(spec, picture)| (name.as_str(), signature, spec, picture))
        })
        .ok_or_else(|| takes_no_picture(signatures))
}

fn takes_no_picture(signatures: &Signatures) -> Error {
    let mut names: Vec<&str> = signatures.keys().map(String::as_str).collect();
    names.sort_by_key(|&name| name != DEFAULT_SIGNATURE);
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Error::unimplemented(format!(
        "this model takes no picture: /predict needs a signature with one input of shape [N, height, width, 3 or 1] and \
         dtype uint8, int8 or float; its signatures are {names}"
    ))
}

/// The output called `scores` or `probabilities`, else the first that is numeric.
fn find_scores(signature: &Signature) -> Result<&TensorSpec> {
    let numeric = || signature.outputs.iter().filter(|spec| is_numeric(spec.dtype));
    let named = |name: &str| numeric().find(|spec| spec.name == name);
    named("scores").or_else(|| named("probabilities")).or_else(|| numeric().next()).ok_or_else(|| {
        let outputs: Vec<&str> = signature.outputs.iter().map(|spec| spec.name.as_str()).collect();
        Error::unimplemented(format!("this model gives no scores: its outputs are {}", outputs.join(", ")))
    })
}
