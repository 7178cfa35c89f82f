//! Classifier: a picture's bytes -> a servable -> its best classes.

use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, Result};
use crate::image::decoder::decode;
use crate::image::memory::{ImageMemory, Limits};
use crate::image::pixels::{Pixels, buffer};
use crate::image::preprocess::Preprocessor;
use crate::image::scores::{Class, best_classes, may_be_scores, read_scores, read_top_k};
use crate::litert::Servable;
use crate::litert::checks::{check_deadline, told};
use crate::settings::ImageOptions;
use crate::signature::{DEFAULT_SIGNATURE, Normalization, Signature, Signatures, TensorSpec};
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

/// What a request asks for beside its picture.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// As the query has it; None takes the best five, or all where there are fewer.
    pub top_k: Option<&'a str>,
    /// In place of the option of that name.
    pub scores_output: Option<&'a str>,
    /// When nobody waits for the answer any more.
    pub deadline: Option<Instant>,
}

/// Classifies pictures with a servable.
pub struct Classifier {
    signature_name: String,
    input_name: String,
    outputs: Vec<TensorSpec>,
    /// The option of that name.
    scores_output: String,
    width: u32,
    height: u32,
    preprocessor: Preprocessor,
    /// In place of the model's own.
    labels: Option<Vec<String>>,
    max_pixels: u64,
    memory: Arc<ImageMemory>,
}

impl Classifier {
    /// Finds out how pictures become this model's input, and its output classes.
    ///
    /// # Errors
    /// Unimplemented, with the reason, where no signature takes a picture, or no output of the one that does can be
    /// class scores.
    pub fn new(servable: &Servable, options: &ImageOptions) -> Result<Self> {
        Self::for_signatures(servable.signatures(), options)
    }

    pub(super) fn for_signatures(signatures: &Signatures, options: &ImageOptions) -> Result<Self> {
        let (signature_name, signature, input, picture) = find_picture_input(signatures)?;
        let normalization = match (&options.mean, &options.std) {
            (Some(mean), Some(std)) => Some(Normalization { mean: mean.clone(), std: std.clone() }),
            _ => None,
        };
        let side = |size: i64| if size < 0 { u32::try_from(options.size).ok() } else { u32::try_from(size).ok() };
        let (Some(height @ 1..), Some(width @ 1..)) = (side(picture.height), side(picture.width)) else {
            return Err(takes_no_picture(signatures));
        };
        let mut outputs = signature.outputs.clone();
        outputs.sort_by(|one, other| one.name.cmp(&other.name));
        if !outputs.iter().any(may_be_scores) {
            return Err(no_scores(&outputs, "none is that"));
        }
        Ok(Self {
            signature_name: signature_name.to_owned(),
            input_name: input.name.clone(),
            outputs,
            scores_output: options.scores_output.clone(),
            width,
            height,
            preprocessor: Preprocessor::new(input, picture.channels, normalization.as_ref()),
            labels: options.labels.clone().filter(|labels| !labels.is_empty()),
            max_pixels: options.max_pixels,
            memory: Arc::clone(&options.memory),
        })
    }

    /// Whether the model does not say how it wants pixels scaled, and gets 0 to 255.
    #[must_use]
    pub fn feeds_raw_pixels(&self) -> bool {
        self.preprocessor.feeds_raw_pixels
    }

    /// Decodes a picture, runs the model, and picks the best classes.
    ///
    /// # Errors
    /// Invalid argument for what is no picture, a damaged one, or a bad `top_k`; too large over the limit of pixels;
    /// unimplemented where no output is known to be class scores; deadline exceeded past the deadline.
    pub fn predict(&self, servable: &Servable, picture: &[u8], asked: &Asked<'_>) -> Result<Prediction> {
        let top_k = asked.top_k.map(read_top_k).transpose()?;
        let output = self.scores(asked.scores_output.filter(|name| !name.is_empty()).unwrap_or(&self.scores_output))?;
        check_deadline(asked.deadline)?;
        let start = Instant::now();
        let limits = Limits { max_pixels: self.max_pixels, memory: &self.memory, deadline: asked.deadline };
        let pixels = decode(picture, self.width, self.height, &limits)?;
        let inputs = vec![(self.input_name.clone(), self.preprocessor.tensor(pixels))];
        let decoded = Instant::now();
        let output_filter = std::slice::from_ref(&output.name);
        let outputs = servable.run(&self.signature_name, inputs, output_filter, asked.deadline)?;
        let inferred = Instant::now();
        let [(_, tensor)] = outputs.as_slice() else {
            return Err(Error::internal(format!("the model has given no {}", output.name)));
        };
        if !matches!(tensor.shape[..], [1, _]) {
            return Err(no_scores(&self.outputs, &format!("{} has come as {:?}", output.name, tensor.shape)));
        }
        let scores = read_scores(tensor, output.quantization);
        let labels = self.labels.as_deref().unwrap_or(servable.labels());
        Ok(Prediction {
            classes: best_classes(&scores, labels, top_k)?,
            decode_ms: (decoded - start).as_secs_f64() * 1e3,
            inference_ms: (inferred - decoded).as_secs_f64() * 1e3,
        })
    }

    /// Runs the model once on a black picture.
    ///
    /// # Errors
    /// What the runtime says.
    pub fn warm_up(&self, servable: &Servable) -> Result<()> {
        let pixels =
            Pixels { width: self.width, height: self.height, channels: 3, data: buffer(self.width, self.height, 3)? };
        let inputs = vec![(self.input_name.clone(), self.preprocessor.tensor(pixels))];
        let fitting: Vec<String> =
            self.outputs.iter().filter(|spec| may_be_scores(spec)).map(|spec| spec.name.clone()).collect();
        servable.run(&self.signature_name, inputs, &fitting, None).map(drop)
    }

    /// The output of class scores: the one chosen, `scores`, `probabilities`, or the only one of that shape.
    pub(super) fn scores(&self, chosen: &str) -> Result<&TensorSpec> {
        let fitting: Vec<&TensorSpec> = self.outputs.iter().filter(|spec| may_be_scores(spec)).collect();
        let named = |name: &str| fitting.iter().copied().find(|spec| spec.name == name);
        if !chosen.is_empty() {
            return named(chosen).ok_or_else(|| no_scores(&self.outputs, &format!("{chosen} is not that")));
        }
        match (named("scores").or_else(|| named("probabilities")), fitting.as_slice()) {
            (Some(output), _) | (None, &[output]) => Ok(output),
            _ => {
                let listed: Vec<&str> = fitting.iter().map(|spec| spec.name.as_str()).collect();
                Err(no_scores(&self.outputs, &format!("{} are that", listed.join(" and "))))
            }
        }
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

fn no_scores(outputs: &[TensorSpec], fault: &str) -> Error {
    let described = |spec: &TensorSpec| {
        let shape = spec.shape.as_ref().map_or("of any shape".to_owned(), |shape| format!("{shape:?}"));
        format!("{}: {} {shape}", spec.name, told(spec.dtype))
    };
    let listed: Vec<String> = outputs.iter().map(described).collect();
    Error::unimplemented(format!(
        "/predict answers one numeric output of shape [N, classes], and {fault}: the model's outputs are {}; choose one \
         by scores_output in the query, or by --scores_output",
        listed.join("; ")
    ))
}
