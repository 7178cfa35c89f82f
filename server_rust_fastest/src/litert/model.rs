//! The signatures that a .tflite has itself, with their tensors.

use std::path::Path;

use super::element_type;
use super::sys::{Buffering, Fault, Model, Plan, TensorRef};
use crate::error::Error;
use crate::signature::{Normalization, TensorSpec};

/// The key that LiteRT gives to the graph of a model without signatures.
const UNNAMED_SIGNATURE: &str = "<placeholder signature>";

/// A signature with its place in the model.
pub struct Entry {
    /// Empty for the graph of a model without a list of signatures.
    pub name: String,
    /// In the model's list.
    pub place: usize,
    /// In the model's order.
    pub inputs: Vec<TensorSpec>,
    /// In the model's order.
    pub outputs: Vec<TensorSpec>,
    /// One for each output.
    pub buffering: Vec<Buffering>,
}

impl Entry {
    /// What an instance is made from.
    pub fn plan(&self) -> Plan<'_> {
        Plan { signature: self.place, inputs: &self.inputs, outputs: &self.outputs, buffering: &self.buffering }
    }

    /// The inputs' shapes at batch size 1 where they take any; None where LiteRT cannot know or feed them.
    pub fn first_shapes(&self) -> Option<Vec<Vec<usize>>> {
        use crate::tensor::DType::String;
        if self.inputs.iter().chain(&self.outputs).any(|spec| spec.dtype == String) {
            return None;
        }
        let sizes =
            |shape: &Vec<i64>| shape.iter().map(|size| usize::try_from(size.unsigned_abs()).unwrap_or(0)).collect();
        self.inputs.iter().map(|spec| spec.shape.as_ref().map(sizes)).collect()
    }
}

/// All signatures of a model's own list. `normalizations` are those of the inputs by their places.
///
/// # Errors
/// Unavailable for a model without a graph, or with tensors that cannot be fed or read; what LiteRT says.
pub fn read_entries(model: &Model, path: &Path, normalizations: &[Option<Normalization>]) -> Result<Vec<Entry>, Fault> {
    let mut entries = Vec::new();
    for (place, signature) in model.signatures()?.into_iter().enumerate() {
        let name = Some(signature.key()?).filter(|name| name != UNNAMED_SIGNATURE).unwrap_or_default();
        let (inputs, outputs) = (signature.inputs()?, signature.outputs()?);
        refuse_repeated(&inputs)?;
        refuse_repeated(&outputs)?;
        let buffering = outputs.iter().map(|(_, tensor)| {
            Ok(match inputs.iter().rposition(|(_, input)| input == tensor) {
                Some(index) => Buffering::Input(index),
                None if tensor.has_values()? => Buffering::Constant,
                None => Buffering::Computed,
            })
        });
        entries.push(Entry {
            name,
            place,
            buffering: buffering.collect::<Result<_, Fault>>()?,
            inputs: read_specs(&inputs, normalizations)?,
            outputs: read_specs(&outputs, &[])?,
        });
    }
    if entries.is_empty() {
        return Err(Error::unavailable(format!("{} holds no graph: convert the model again", path.display())).into());
    }
    Ok(entries)
}

fn refuse_repeated(tensors: &[(String, TensorRef<'_>)]) -> Result<(), Error> {
    let mut names: Vec<&String> = tensors.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()).and_then(<[_]>::first) {
        None => Ok(()),
        Some(name) => Err(Error::unavailable(format!(
            "two outputs of a signature are one tensor, of which LiteRT's C library knows one name, {name}: convert the \
             model again with tf.identity for one of them, or serve it with a server that has another runtime, such as \
             server_python_fast with --runtime=interpreter"
        ))),
    }
}

fn read_specs(
    tensors: &[(String, TensorRef<'_>)],
    normalizations: &[Option<Normalization>],
) -> Result<Vec<TensorSpec>, Fault> {
    let specs = tensors.iter().enumerate().map(|(index, (name, tensor))| {
        let (element_type, shape) = tensor.element_type_and_shape()?;
        let dtype = element_type::dtype(element_type).ok_or_else(|| {
            Error::unavailable(format!(
                "tensor \"{name}\" has elements of LiteRT's type {element_type}, which cannot be fed or read: convert \
                 the model with inputs and outputs of a plain type, such as float32 or uint8"
            ))
        })?;
        Ok(TensorSpec {
            name: name.clone(),
            dtype,
            shape,
            quantization: tensor.quantization()?,
            normalization: normalizations.get(index).cloned().flatten(),
            tensor_name: tensor.name()?,
        })
    });
    specs.collect()
}
