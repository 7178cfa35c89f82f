//! Models through LiteRT's own library; skipped where that, or the shared data, is not there.

mod batches;
mod faults;
mod instances;
mod models;
mod overwritten;

use std::fs;

use bytes::Bytes;
use tempfile::TempDir;

use super::Servable;
use crate::error::Error;
use crate::real::{self, library, shared_data};
use crate::settings::RuntimeOptions;
use crate::tensor::{DType, Tensor};

const DEFAULT: &str = "serving_default";
const HALF_PLUS_TWO: &str = "tfserving/saved_model_half_plus_two_tflite/00000123";
const PICTURE_BYTES: usize = 224 * 224 * 3;

fn options(instances: usize) -> Option<RuntimeOptions> {
    Some(RuntimeOptions { instances, threads: 1, library: Some(library()?) })
}

/// A version folder with one of the shared models.
fn folder_of(model: &str) -> Option<TempDir> {
    let file = shared_data(&format!("models/{model}.tflite"))?;
    Some(folder_with(&fs::read(file).expect("readable")))
}

/// A version folder with a model of this content.
fn folder_with(content: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("model.tflite"), content).expect("written");
    folder
}

fn mobilenet(instances: usize) -> Option<Servable> {
    Some(Servable::load(&real::mobilenet()?, &options(instances)?).expect("loaded"))
}

fn half_plus_two() -> Option<Servable> {
    Some(Servable::load(&shared_data(HALF_PLUS_TWO)?, &options(1)?).expect("loaded"))
}

fn floats(shape: &[usize], values: &[f32]) -> Tensor {
    let data: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
    Tensor { dtype: DType::Float32, shape: shape.to_vec(), data: data.into(), strings: Vec::new() }
}

fn values(tensor: &Tensor) -> Vec<f32> {
    let octets = tensor.data.chunks_exact(4).map(|octets| octets.try_into().expect("four"));
    octets.map(f32::from_ne_bytes).collect()
}

/// Pixels that look random, another picture for each seed.
fn picture(seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    (0..PICTURE_BYTES).map(|_| next()).collect()
}

fn pictures(seeds: &[u32]) -> Vec<(String, Tensor)> {
    let data: Vec<u8> = seeds.iter().flat_map(|&seed| picture(seed)).collect();
    let shape = vec![seeds.len(), 224, 224, 3];
    vec![("image".to_owned(), Tensor { dtype: DType::Uint8, shape, data: data.into(), strings: Vec::new() })]
}

/// The one output of a run of the default signature on one input.
fn run(servable: &Servable, tensor: Tensor) -> Result<Tensor, Error> {
    let name = servable.signatures()[DEFAULT].inputs[0].name.clone();
    let mut outputs = servable.run(DEFAULT, vec![(name, tensor)], &[], None)?;
    Ok(outputs.remove(0).1)
}

fn zeros(dtype: DType, shape: &[usize]) -> Tensor {
    let size_bytes = shape.iter().product::<usize>() * dtype.item_bytes();
    Tensor { dtype, shape: shape.to_vec(), data: Bytes::from(vec![0; size_bytes]), strings: Vec::new() }
}
