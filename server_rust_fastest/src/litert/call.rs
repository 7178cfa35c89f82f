//! A request's inputs as the model takes them.

use super::model::Entry;
use super::served::Served;
use crate::error::{Error, Result};
use crate::signature::TensorSpec;
use crate::tensor::Tensor;

/// A request's inputs in the order of the entry that runs them.
pub struct Call<'a> {
    pub entry: &'a Entry,
    pub tensors: Vec<&'a Tensor>,
    pub shapes: Vec<Vec<usize>>,
}

impl<'a> Call<'a> {
    /// # Errors
    /// Internal where the signature and the model do not belong together.
    pub fn new(entries: &'a [Entry], served: &Served, inputs: &'a [(String, Tensor)]) -> Result<Self> {
        let mismatch = || Error::internal("a signature does not fit its model");
        let entry = entries.get(served.entry).ok_or_else(mismatch)?;
        let (mut tensors, mut shapes) = (Vec::new(), Vec::new());
        for (place, spec) in entry.inputs.iter().enumerate() {
            let named = served.inputs.iter().position(|&own| own == place);
            let name = named.and_then(|place| served.signature.inputs.get(place)).map(|spec| &spec.name);
            let tensor = inputs.iter().find(|(sent, _)| Some(sent) == name).map(|(_, tensor)| tensor);
            let tensor = tensor.ok_or_else(mismatch)?;
            tensors.push(tensor);
            shapes.push(shape_to_run(&tensor.shape, spec));
        }
        Ok(Self { entry, tensors, shapes })
    }
}

/// LiteRT resizes no input to a scalar.
fn shape_to_run(shape: &[usize], spec: &TensorSpec) -> Vec<usize> {
    if shape.is_empty() { vec![1; spec.shape.as_ref().map_or(0, Vec::len)] } else { shape.to_vec() }
}
