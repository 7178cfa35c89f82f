//! Preprocessing: pixels -> the input tensor of a model, by what its `TensorSpec` says.

use bytes::Bytes;

use crate::image::half::to_half;
use crate::image::pixels::Pixels;
use crate::signature::{Normalization, TensorSpec};
use crate::tensor::{DType, Tensor};

/// Turns pictures into a batch of one: shape [1, height, width, channels].
pub(super) struct Preprocessor {
    dtype: DType,
    channels: usize,
    stored: Stored,
    /// Whether a float input gets values 0 to 255 because nothing says what it expects.
    pub feeds_raw_pixels: bool,
}

/// What every sample, 0 to 255, becomes in the tensor; floats by channel.
enum Stored {
    Unchanged,
    Bytes(Box<[u8; 256]>),
    Halves(Vec<[[u8; 2]; 256]>),
    Floats(Vec<[[u8; 4]; 256]>),
}

impl Preprocessor {
    /// For an input of 1 or 3 channels and dtype uint8, int8, float or half. `normalization` stands in for the spec's.
    pub fn new(spec: &TensorSpec, channels: usize, normalization: Option<&Normalization>) -> Self {
        let normalization = normalization.or(spec.normalization.as_ref());
        let floats = || (0..channels).map(|channel| float_table(normalization, channel));
        let stored = match spec.dtype {
            DType::Float32 => Stored::Floats(floats().map(|table| table.map(f32::to_le_bytes)).collect()),
            DType::Float16 => {
                Stored::Halves(floats().map(|table| table.map(|value| to_half(value).to_le_bytes())).collect())
            }
            _ => byte_table(spec, normalization),
        };
        let is_float = matches!(stored, Stored::Floats(_) | Stored::Halves(_));
        Self { dtype: spec.dtype, channels, stored, feeds_raw_pixels: is_float && normalization.is_none() }
    }

    /// A tensor of the spec's dtype for a grey or RGB picture.
    pub fn tensor(&self, pixels: Pixels) -> Tensor {
        let pixels = pixels.in_channels(self.channels);
        let shape = vec![1, pixels.height as usize, pixels.width as usize, self.channels];
        let mut data = pixels.data;
        match &self.stored {
            Stored::Unchanged => {}
            Stored::Bytes(table) => {
                for octet in &mut data {
                    *octet = table[usize::from(*octet)];
                }
            }
            Stored::Halves(tables) => data = spread(&data, tables),
            Stored::Floats(tables) => data = spread(&data, tables),
        }
        Tensor { dtype: self.dtype, shape, data: Bytes::from(data), strings: Vec::new() }
    }
}

/// `tables` has one for each channel.
fn spread<const N: usize>(samples: &[u8], tables: &[[[u8; N]; 256]]) -> Vec<u8> {
    let mut spread = vec![0; samples.len() * N];
    let values = spread.as_chunks_mut::<N>().0;
    for (channel, table) in tables.iter().enumerate() {
        let places = values.iter_mut().skip(channel).step_by(tables.len());
        for (value, &sample) in places.zip(samples.iter().skip(channel).step_by(tables.len())) {
            *value = table[usize::from(sample)];
        }
    }
    spread
}

/// (sample - mean) / std; samples as they are without a normalisation: for a model that does its own scaling.
#[expect(clippy::cast_possible_truncation, reason = "rounding to what the model takes is what is meant")]
fn float_table(normalization: Option<&Normalization>, channel: usize) -> [f32; 256] {
    let of_channel = |values: &[f32], otherwise| {
        let value = values.get(channel % values.len().max(1)).copied().unwrap_or(otherwise);
        f64::from(value)
    };
    let (mean, std) = normalization.map_or((0.0, 1.0), |normalization| {
        (of_channel(&normalization.mean, 0.0), of_channel(&normalization.std, 1.0))
    });
    let (scale, offset) = (1.0 / std, -mean / std);
    every_sample(|sample| (f64::from(sample) * scale + offset) as f32)
}

/// The stored byte for every sample.
///
/// uint8 takes samples as they are: TFLite's Task Library and `MediaPipe` normalise float inputs alone, and metadata is
/// written for them. int8 takes what the model means by a value, where its normalisation (the same for all channels) and
/// quantisation say it; mean 0 and std 1 say nothing. Else it takes samples less 128, as TFLite's own converter lays
/// them.
#[expect(clippy::cast_possible_truncation, reason = "the values are within the limits of the dtype")]
#[expect(clippy::cast_precision_loss, reason = "zero points are small")]
fn byte_table(spec: &TensorSpec, normalization: Option<&Normalization>) -> Stored {
    if spec.dtype == DType::Uint8 {
        return Stored::Unchanged;
    }
    let says_something = |pair: &(f64, f64)| *pair != (0.0, 1.0);
    let table = match (normalization.and_then(same_for_all).filter(says_something), spec.quantization) {
        (Some((mean, std)), Some(quantization)) => {
            let (scale, zero_point) = (f64::from(quantization.scale), quantization.zero_point as f64);
            every_sample(|sample| {
                let stored = ((f64::from(sample) - mean) / std / scale).round_ties_even() + zero_point;
                (stored.clamp(-128.0, 127.0) as i8).to_le_bytes()[0]
            })
        }
        _ => every_sample(|sample| sample ^ 0x80),
    };
    Stored::Bytes(Box::new(table))
}

fn every_sample<T>(stored: impl Fn(u8) -> T) -> [T; 256] {
    std::array::from_fn(|sample| stored(sample.to_le_bytes()[0]))
}

fn same_for_all(normalization: &Normalization) -> Option<(f64, f64)> {
    let mut pairs = normalization.mean.iter().zip(&normalization.std);
    let (mean, std) = pairs.next()?;
    pairs.all(|pair| pair == (mean, std)).then_some((f64::from(*mean), f64::from(*std)))
}
