//! The signatures that a .tflite has itself, with their tensors.

use std::path::Path;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::element_type;
use super::sys::{Buffering, Fault, Model, Plan, SignatureRef, TensorRef, VERSION};
use crate::error::Error;
use crate::signature::{DEFAULT_SIGNATURE, Normalization, TensorSpec};
use crate::tflite::{Graph, Graphs, Port};

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
    /// TensorFlow's own operations in it, which LiteRT has not.
    pub tensorflow_operations: Vec<String>,
    /// Whether it can be run at all, once that has been found out.
    pub verdict: OnceLock<Result<(), Error>>,
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
        self.inputs
            .iter()
            .map(|spec| spec.shape.as_ref().map_or_else(|| Some(Vec::new()), |it| Some(sizes(it))))
            .collect()
    }

    /// What the signature is called where nothing else names it.
    fn told_name(&self) -> &str {
        told_name(&self.name)
    }

    /// Has it be refused from now on, for this reason.
    pub fn refuse(&self, fault: Fault) -> Error {
        let refusal = self.refusal(fault);
        self.verdict.get_or_init(|| Err(refusal.clone()));
        refusal
    }

    fn refusal(&self, fault: Fault) -> Error {
        let name = self.told_name();
        match (fault, self.tensorflow_operations.as_slice()) {
            (Fault::Refused(error), _) => error,
            (Fault::Status(error), []) => {
                Error::unimplemented(format!("signature \"{name}\" is none that LiteRT {VERSION} can run: {error}"))
            }
            (Fault::Status(_), operations) => Error::unimplemented(format!(
                "signature \"{name}\" needs TensorFlow's own {}, which LiteRT does not have: convert the model without \
                 Select TF ops, or serve its SavedModel with server_python_slow",
                operations.join(", ")
            )),
        }
    }
}

/// What is known of the signatures of a model's own list.
#[derive(Default)]
pub struct Entries {
    /// Those that can be told of.
    pub known: Vec<Entry>,
    /// Why others cannot, by name.
    pub refused: BTreeMap<String, Error>,
}

/// All signatures of a model's own list. `normalizations` are those of the inputs by their places.
///
/// # Errors
/// Unavailable for a model without a graph; what LiteRT says.
pub fn read_entries(
    model: &Model,
    graphs: Graphs,
    path: &Path,
    normalizations: &[Option<Normalization>],
) -> Result<Entries, Fault> {
    let mut entries = Entries::default();
    let mut graphs = graphs.signatures.into_iter();
    for (place, signature) in model.signatures()?.into_iter().enumerate() {
        let name = Some(signature.key()?).filter(|name| name != UNNAMED_SIGNATURE).unwrap_or_default();
        match read_entry(signature, graphs.next(), normalizations) {
            Ok(entry) => entries.known.push(Entry { name, place, ..entry }),
            Err(Fault::Refused(error)) => {
                let text = format!("signature \"{}\" cannot be served: {error}", told_name(&name));
                entries.refused.insert(told_name(&name).to_owned(), Error::unimplemented(text));
            }
            Err(fault @ Fault::Status(_)) => return Err(fault),
        }
    }
    if !entries.known.is_empty() {
        return Ok(entries);
    }
    Err(Fault::Refused(
        entries.refused.into_values().next().unwrap_or_else(|| {
            Error::unavailable(format!("{} holds no graph: convert the model again", path.display()))
        }),
    ))
}

fn told_name(name: &str) -> &str {
    if name.is_empty() { DEFAULT_SIGNATURE } else { name }
}

fn read_entry(
    signature: SignatureRef<'_>,
    graph: Option<Graph>,
    normalizations: &[Option<Normalization>],
) -> Result<Entry, Fault> {
    let graph = graph.unwrap_or_default();
    let (inputs, outputs) = (signature.inputs()?, signature.outputs()?);
    let buffering = outputs.iter().enumerate().map(|(place, (_, tensor))| {
        let before = outputs.iter().take(place).position(|(_, output)| output == tensor);
        Ok(match inputs.iter().rposition(|(_, input)| input == tensor) {
            Some(index) => Buffering::Input(index),
            None if let Some(index) = before => Buffering::Output(index),
            None if tensor.has_values()? => Buffering::Constant,
            None => Buffering::Computed,
        })
    });
    Ok(Entry {
        name: String::new(),
        place: 0,
        buffering: buffering.collect::<Result<_, Fault>>()?,
        inputs: read_specs(&inputs, &graph.inputs, normalizations)?,
        outputs: read_specs(&outputs, &graph.outputs, &[])?,
        tensorflow_operations: graph.tensorflow_operations,
        verdict: OnceLock::new(),
    })
}

/// `ports` are the same tensors as the file tells of them.
fn read_specs(
    tensors: &[(String, TensorRef<'_>)],
    ports: &[Port],
    normalizations: &[Option<Normalization>],
) -> Result<Vec<TensorSpec>, Fault> {
    let specs = tensors.iter().enumerate().map(|(index, (name, tensor))| {
        let port = ports.get(index).filter(|_| ports.len() == tensors.len());
        let name = port.map(|port| &port.name).filter(|name| !name.is_empty()).unwrap_or(name);
        let (element_type, shape) = tensor.element_type_and_shape()?;
        let shape = shape.filter(|shape| !shape.is_empty() || port.is_none_or(|port| port.has_rank));
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
