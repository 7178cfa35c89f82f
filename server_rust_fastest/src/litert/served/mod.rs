//! Signatures of a .tflite: its own list and the SignatureDefs of its metadata -> what is served under which names.
//!
//! TFLite's list says which tensors go by which names, and knows no methods. The metadata `signature_defs_metadata`, the
//! only thing that TensorFlow Serving reads, says the method as well, and refers to the tensors of the graph by name,
//! with or without `:0`. A model with neither is served as `serving_default` under the names of its tensors.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use prost::Message as _;

use super::model::Entry;
use crate::protos::tensorflow::{SignatureDef, TensorInfo, tensor_info::Encoding};
use crate::signature::{DEFAULT_SIGNATURE, PREDICT_METHOD, Signature, TensorSpec};

/// A signature as it is served, and the one of the model that runs it.
pub struct Served {
    /// Under the names of requests.
    pub signature: Signature,
    /// The place of the one that runs among the entries.
    pub entry: usize,
    /// For each input the place in the one that runs.
    pub inputs: Vec<usize>,
    /// For each output the place in the one that runs.
    pub outputs: Vec<usize>,
}

/// What is served of a model's own entries and of its metadata, by name.
///
/// A SignatureDef that fits no tensors, or that cannot be read, brings nothing.
pub fn served_signatures(entries: &[Entry], signature_defs: &BTreeMap<String, Bytes>) -> BTreeMap<String, Served> {
    let mut served = BTreeMap::new();
    for (name, octets) in signature_defs {
        let Ok(wanted) = SignatureDef::decode(octets.clone()) else { continue };
        let found = match entries.iter().rposition(|entry| entry.name == *name) {
            Some(place) => itself(entries, place, &wanted.method_name),
            None => (0..entries.len()).find_map(|place| over(entries, place, &wanted)),
        };
        served.extend(found.map(|found| (name.clone(), found)));
    }
    let has_list = entries.iter().all(|entry| !entry.name.is_empty());
    if served.is_empty() || has_list {
        for (place, entry) in entries.iter().enumerate() {
            let name = if entry.name.is_empty() { DEFAULT_SIGNATURE } else { &entry.name };
            if !served.contains_key(name) {
                served.extend(itself(entries, place, PREDICT_METHOD).map(|found| (name.to_owned(), found)));
            }
        }
    }
    served
}

/// The model's own SignatureDefs where they tell all that is served; nothing otherwise.
pub fn defs_of(served: &BTreeMap<String, Served>, signature_defs: BTreeMap<String, Bytes>) -> BTreeMap<String, Bytes> {
    if served.keys().eq(signature_defs.keys()) { signature_defs } else { BTreeMap::new() }
}

/// A signature under its own names; those of a graph without a list are its tensors'.
fn itself(entries: &[Entry], place: usize, method_name: &str) -> Option<Served> {
    let entry = entries.get(place)?;
    let named = |specs: &[TensorSpec]| {
        let name = |spec: &TensorSpec| if entry.name.is_empty() { plain(&spec.name) } else { &spec.name }.to_owned();
        specs.iter().map(name).enumerate().map(|(place, name)| (name, place)).collect::<Vec<_>>()
    };
    renamed(entry, place, method_name, named(&entry.inputs), named(&entry.outputs))
}

/// A SignatureDef over the tensors of a signature: it must feed all inputs, and may leave outputs out.
fn over(entries: &[Entry], place: usize, wanted: &SignatureDef) -> Option<Served> {
    let entry = entries.get(place)?;
    let inputs = matched(&entry.inputs, &wanted.inputs)?;
    let outputs = matched(&entry.outputs, &wanted.outputs)?;
    let fed: BTreeSet<usize> = inputs.iter().map(|&(_, place)| place).collect();
    if fed.len() != inputs.len() || fed.len() != entry.inputs.len() {
        return None;
    }
    renamed(entry, place, &wanted.method_name, inputs, outputs)
}

fn renamed(
    entry: &Entry,
    place: usize,
    method_name: &str,
    inputs: Vec<(String, usize)>,
    outputs: Vec<(String, usize)>,
) -> Option<Served> {
    fn specs(own: &[TensorSpec], names: &[(String, usize)]) -> Option<Vec<TensorSpec>> {
        names.iter().map(|(name, place)| Some(TensorSpec { name: name.clone(), ..own.get(*place)?.clone() })).collect()
    }
    let signature = Signature {
        method_name: method_name.to_owned(),
        inputs: specs(&entry.inputs, &inputs)?,
        outputs: specs(&entry.outputs, &outputs)?,
    };
    let places = |names: Vec<(String, usize)>| names.into_iter().map(|(_, place)| place).collect();
    Some(Served { signature, entry: place, inputs: places(inputs), outputs: places(outputs) })
}

/// Names as wanted with the places of the model's own for the same tensors; None where one is missing.
fn matched(own: &[TensorSpec], wanted: &BTreeMap<String, TensorInfo>) -> Option<Vec<(String, usize)>> {
    let places: BTreeMap<&str, usize> =
        own.iter().enumerate().map(|(place, spec)| (plain(&spec.tensor_name), place)).collect();
    wanted.iter().map(|(name, info)| Some((name.clone(), *places.get(plain(tensor_name(info)))?))).collect()
}

fn tensor_name(info: &TensorInfo) -> &str {
    match &info.encoding {
        Some(Encoding::Name(name)) => name,
        _ => "",
    }
}

fn plain(tensor_name: &str) -> &str {
    tensor_name.strip_suffix(":0").unwrap_or(tensor_name)
}
