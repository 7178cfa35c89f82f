//! Scores: an output tensor -> the best classes with their labels.

use crate::error::{Error, Result};
use crate::image::half::from_half;
use crate::image::quote::quote_text;
use crate::signature::{Quantization, TensorSpec};
use crate::tensor::{DType, Tensor};

/// One class of a prediction, best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// Its place among the scores.
    pub class: usize,
    /// None where nobody names it.
    pub label: Option<String>,
    /// Rounded to six digits after the point; NaN and infinity as they are.
    pub score: f64,
}

/// How many classes are answered, at most, where a request does not say it.
const DEFAULT_TOP_K: usize = 5;
const TOP_K_DIGITS: usize = 9;

/// How many classes a query asks for.
///
/// # Errors
/// Invalid argument for what is no whole number above 0.
pub(super) fn read_top_k(text: &str) -> Result<usize> {
    let is_number = text.len() <= TOP_K_DIGITS && text.bytes().all(|octet| octet.is_ascii_digit());
    match text.parse() {
        Ok(top_k) if is_number && top_k > 0 => Ok(top_k),
        _ => Err(bad_top_k(text, "the number of classes")),
    }
}

fn bad_top_k(text: &str, most: &str) -> Error {
    Error::invalid_argument(format!("top_k is {}: expected a whole number from 1 to {most}", quote_text(text)))
}

/// Whether an output is numeric and of shape [N, classes], or of a rank that only a run tells.
pub(super) fn may_be_scores(spec: &TensorSpec) -> bool {
    !matches!(spec.dtype, DType::Bfloat16 | DType::Complex64 | DType::Complex128 | DType::String)
        && matches!(spec.shape.as_deref(), None | Some([-1 | 1, _]))
}

/// All elements as numbers; real = (stored - zero point) * scale where they are quantised.
#[expect(clippy::cast_precision_loss, reason = "scores need no more than a double has")]
pub(super) fn read_scores(tensor: &Tensor, quantization: Option<Quantization>) -> Vec<f64> {
    let data = &tensor.data;
    let mut scores = match tensor.dtype {
        DType::Bool | DType::Uint8 => read(data, |[octet]: [u8; 1]| octet.into()),
        DType::Int8 => read(data, |octets| i8::from_le_bytes(octets).into()),
        DType::Uint16 => read(data, |octets| u16::from_le_bytes(octets).into()),
        DType::Int16 => read(data, |octets| i16::from_le_bytes(octets).into()),
        DType::Float16 => read(data, |octets| from_half(u16::from_le_bytes(octets)).into()),
        DType::Uint32 => read(data, |octets| u32::from_le_bytes(octets).into()),
        DType::Int32 => read(data, |octets| i32::from_le_bytes(octets).into()),
        DType::Float32 => read(data, |octets| f32::from_le_bytes(octets).into()),
        DType::Uint64 => read(data, |octets| u64::from_le_bytes(octets) as f64),
        DType::Int64 => read(data, |octets| i64::from_le_bytes(octets) as f64),
        DType::Float64 => read(data, f64::from_le_bytes),
        DType::Bfloat16 | DType::Complex64 | DType::Complex128 | DType::String => Vec::new(),
    };
    if let Some(Quantization { scale, zero_point }) = quantization {
        for score in &mut scores {
            *score = (*score - zero_point as f64) * f64::from(scale);
        }
    }
    scores
}

fn read<const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    data.as_chunks().0.iter().map(|&octets| number(octets)).collect()
}

/// The `top_k` classes of the highest scores, equals in the order of their classes, NaN last; for None the best five, or
/// all where there are fewer.
///
/// # Errors
/// Invalid argument where there are fewer than are asked for.
pub(super) fn best_classes(scores: &[f64], labels: &[String], top_k: Option<usize>) -> Result<Vec<Class>> {
    let top_k = top_k.unwrap_or(DEFAULT_TOP_K.min(scores.len()));
    if top_k > scores.len() {
        return Err(bad_top_k(&top_k.to_string(), &scores.len().to_string()));
    }
    let labels = match labels {
        // Label lists with a background class in front are handed around with models that have none.
        [first, rest @ ..] if rest.len() == scores.len() && first.to_lowercase() == "background" => rest,
        _ => labels,
    };
    let key = |score: f64| if score.is_nan() { f64::NEG_INFINITY } else { score + 0.0 };
    let mut ranked: Vec<(usize, f64)> = scores.iter().copied().enumerate().collect();
    let order =
        |one: &(usize, f64), other: &(usize, f64)| key(other.1).total_cmp(&key(one.1)).then(one.0.cmp(&other.0));
    if top_k < ranked.len() {
        ranked.select_nth_unstable_by(top_k, order);
        ranked.truncate(top_k);
    }
    ranked.sort_unstable_by(order);
    let class =
        |(class, score): (usize, f64)| Class { class, label: labels.get(class).cloned(), score: rounded(score) };
    Ok(ranked.into_iter().map(class).collect())
}

/// To six digits, exactly; to even where a number lies in the middle.
fn rounded(score: f64) -> f64 {
    format!("{score:.6}").parse().unwrap_or(score)
}
