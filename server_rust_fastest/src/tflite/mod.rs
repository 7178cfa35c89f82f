//! TFLite metadata: the octets of a .tflite file -> the class names, picture normalization and SignatureDefs in it.
//!
//! Formats: the model is a FlatBuffer of tensorflow/lite/schema/schema.fbs whose list `metadata` names two buffers.
//! `TFLITE_METADATA` is a FlatBuffer of metadata_schema.fbs (identifier M001); the label files that it names lie in a ZIP
//! archive behind the model. `signature_defs_metadata`, which TensorFlow Serving reads, is a FlexBuffers map of
//! serialized `tensorflow.SignatureDef`s. Numbers below are the field numbers of the two schemas.
//!
//! A model without metadata, or with one that cannot be read, simply brings nothing.

mod associated_file;
mod flexbuffer;
mod graph;
mod table;
#[cfg(test)]
mod tests;
mod verify;

use std::collections::BTreeMap;

use bytes::Bytes;

pub use self::graph::{Graph, Graphs, Port};
pub use self::table::Damaged;
use self::table::Table;
pub use self::verify::verify;
use crate::signature::{Normalization, read_labels};

const METADATA: &str = "TFLITE_METADATA";
const SIGNATURE_DEFS: &str = "signature_defs_metadata";
/// `ProcessUnitOptions.NormalizationOptions`.
const NORMALIZATION_OPTIONS: u8 = 1;
/// `AssociatedFileType.TENSOR_AXIS_LABELS`.
const TENSOR_AXIS_LABELS: i8 = 2;

/// What a .tflite says about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// The names of the classes, in order.
    pub labels: Vec<String>,
    /// One entry for each input of the first subgraph.
    pub normalizations: Vec<Option<Normalization>>,
    /// Serialized, by name.
    pub signature_defs: BTreeMap<String, Bytes>,
}

/// Reads what a .tflite says about itself; nothing where it says nothing, or nothing that can be read.
#[must_use]
pub fn read_metadata(model: &[u8]) -> Metadata {
    let buffers = metadata_buffers(model).unwrap_or_default();
    let (normalizations, labels_file) =
        buffers.get(METADATA).and_then(|octets| read_subgraph(octets).ok()).unwrap_or_default();
    let labels = labels_file.and_then(|name| associated_file::read(model, &name).ok()).unwrap_or_default();
    let signature_defs = buffers.get(SIGNATURE_DEFS).and_then(|octets| flexbuffer::read_strings(octets).ok());
    Metadata {
        labels: read_labels(&labels).unwrap_or_default(),
        normalizations,
        signature_defs: signature_defs.unwrap_or_default(),
    }
}

/// The named buffers that are wanted here.
fn metadata_buffers(model: &[u8]) -> Result<BTreeMap<String, &[u8]>, Damaged> {
    let root = Table::root(model)?;
    let mut wanted = BTreeMap::new();
    for entry in root.tables(6)? {
        let entry = entry?;
        wanted.insert(u32::from_le_bytes(entry.number(1)?), text(entry.octets(0)?)?);
    }
    wanted.retain(|_, name| name == METADATA || name == SIGNATURE_DEFS);
    let mut found = BTreeMap::new();
    for (index, name) in wanted {
        if let Some(buffer) = root.tables(4)?.nth(index as usize) {
            found.insert(name, buffer?.octets(0)?);
        }
    }
    Ok(found)
}

/// Normalizations of the inputs and the name of the outputs' label file, of the first subgraph.
fn read_subgraph(octets: &[u8]) -> Result<(Vec<Option<Normalization>>, Option<String>), Damaged> {
    let Some(subgraph) = Table::root(octets)?.tables(3)?.next() else { return Ok((Vec::new(), None)) };
    let subgraph = subgraph?;
    let normalizations: Result<_, Damaged> = subgraph.tables(2)?.map(|tensor| normalization(tensor?)).collect();
    for tensor in subgraph.tables(3)? {
        for file in tensor?.tables(6)? {
            let file = file?;
            if i8::from_le_bytes(file.number(2)?) == TENSOR_AXIS_LABELS {
                return Ok((normalizations?, Some(text(file.octets(0)?)?)));
            }
        }
    }
    Ok((normalizations?, None))
}

fn normalization(tensor: Table<'_>) -> Result<Option<Normalization>, Damaged> {
    for unit in tensor.tables(4)? {
        let unit = unit?;
        if let (NORMALIZATION_OPTIONS, Some(options)) = (u8::from_le_bytes(unit.number(0)?), unit.table(1)?) {
            let (mean, std) = (options.floats(0)?, options.floats(1)?);
            let usable = !mean.is_empty() && !std.is_empty() && std.iter().all(|&std| std != 0.0);
            return Ok(usable.then_some(Normalization { mean, std }));
        }
    }
    Ok(None)
}

fn text(octets: &[u8]) -> Result<String, Damaged> {
    String::from_utf8(octets.to_vec()).map_err(|_| Damaged)
}
