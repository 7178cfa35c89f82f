//! Pictures: encoded bytes -> RGB pixels -> input tensor -> scores -> best classes.

mod answer;
mod bmp;
mod classifier;
mod decoder;
mod exif;
mod formats;
mod gif;
mod half;
mod jpeg;
mod memory;
mod pixels;
mod png;
mod preprocess;
mod quote;
mod resize;
mod scores;
mod timed;
mod webp;

#[cfg(test)]
mod tests;

pub use answer::answer_json;
pub use classifier::{Asked, Classifier, Prediction};
pub use decoder::decode;
pub use formats::FORMATS;
pub use memory::{ImageMemory, Limits};
pub use pixels::Pixels;
pub use scores::Class;
