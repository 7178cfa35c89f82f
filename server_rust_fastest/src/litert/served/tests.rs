//! Which names and methods a .tflite is served under: its own list, its metadata, both or neither.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::Bytes;
use prost::Message as _;

use super::{Served, defs_of, served_signatures};
use crate::litert::model::Entry;
use crate::litert::sys::Buffering;
use crate::protos::tensorflow::{SignatureDef, TensorInfo, tensor_info::Encoding};
use crate::signature::{PREDICT_METHOD, TensorSpec};
use crate::tensor::DType;

const CLASSIFY_METHOD: &str = "tensorflow/serving/classify";

/// Over tensors named `<name>_<tensor>:0`; those of the graph without a list are named as the tensors.
fn own(names: &[&str]) -> Vec<Entry> {
    let specs = |name: &str, keys: [&str; 2]| {
        let spec = |key: &str| {
            let tensor_name = format!("{name}_{key}:0");
            TensorSpec {
                name: if name.is_empty() { tensor_name.clone() } else { key.to_owned() },
                dtype: DType::Float32,
                shape: Some(vec![1]),
                quantization: None,
                normalization: None,
                tensor_name,
            }
        };
        keys.into_iter().map(spec).collect()
    };
    let entry = |(place, name): (usize, &&str)| Entry {
        name: (*name).to_owned(),
        place,
        inputs: specs(name, ["x", "offset"]),
        outputs: specs(name, ["y", "z"]),
        buffering: vec![Buffering::Computed; 2],
        tensorflow_operations: Vec::new(),
        verdict: OnceLock::new(),
    };
    names.iter().enumerate().map(entry).collect()
}

/// A SignatureDef of tensors by their names in the graph.
fn over(inputs: &[(&str, &str)], outputs: &[(&str, &str)]) -> Bytes {
    let infos = |tensors: &[(&str, &str)]| {
        let info = |name: &str| TensorInfo { encoding: Some(Encoding::Name(name.to_owned())), ..TensorInfo::default() };
        tensors.iter().map(|(key, name)| ((*key).to_owned(), info(name))).collect()
    };
    let method_name = CLASSIFY_METHOD.to_owned();
    let definition = SignatureDef { inputs: infos(inputs), outputs: infos(outputs), method_name, ..Default::default() };
    definition.encode_to_vec().into()
}

fn named(name: &str, octets: Bytes) -> BTreeMap<String, Bytes> {
    BTreeMap::from([(name.to_owned(), octets)])
}

/// Names as served, with the places in the signature that runs.
type Places<'a> = Vec<(&'a str, usize)>;

/// Method, inputs and outputs.
fn described(served: &Served) -> (&str, Places<'_>, Places<'_>) {
    let inputs = served.signature.inputs.iter().map(|spec| spec.name.as_str()).zip(served.inputs.iter().copied());
    let outputs = served.signature.outputs.iter().map(|spec| spec.name.as_str()).zip(served.outputs.iter().copied());
    (&served.signature.method_name, inputs.collect(), outputs.collect())
}

#[test]
fn a_graph_without_a_list_is_served_under_the_plain_names_of_its_tensors() {
    let served = served_signatures(&own(&[""]), &BTreeMap::new());
    assert_eq!(served.keys().collect::<Vec<_>>(), ["serving_default"]);
    assert_eq!(
        described(&served["serving_default"]),
        (PREDICT_METHOD, vec![("_x", 0), ("_offset", 1)], vec![("_y", 0), ("_z", 1)])
    );
}

#[test]
fn a_list_is_served_as_it_is() {
    let served = served_signatures(&own(&["a", "b"]), &BTreeMap::new());
    assert_eq!(served.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(described(&served["b"]), (PREDICT_METHOD, vec![("x", 0), ("offset", 1)], vec![("y", 0), ("z", 1)]));
    assert_eq!(served["b"].entry, 1);
}

#[test]
fn metadata_names_the_tensors_of_a_graph_without_a_list_and_nothing_is_made_up_beside_it() {
    for [x, offset, y] in [["_x", "_offset", "_y"], ["_x:0", "_offset:0", "_y:0"]] {
        let definition = over(&[("number", x), ("extra", offset)], &[("sum", y)]);
        let served = served_signatures(&own(&[""]), &named("regress", definition));
        assert_eq!(served.keys().collect::<Vec<_>>(), ["regress"]);
        let expected = (CLASSIFY_METHOD, vec![("extra", 1), ("number", 0)], vec![("sum", 0)]);
        assert_eq!(described(&served["regress"]), expected);
    }
}

#[test]
fn a_name_of_both_keeps_its_tensors_and_takes_the_method() {
    let definition = over(&[("other", "nowhere")], &[("scores", "nowhere")]);
    let served = served_signatures(&own(&["a", "b"]), &named("a", definition));
    assert_eq!(described(&served["a"]), (CLASSIFY_METHOD, vec![("x", 0), ("offset", 1)], vec![("y", 0), ("z", 1)]));
    assert_eq!(served["b"].signature.method_name, PREDICT_METHOD);
}

#[test]
fn a_name_of_the_metadata_alone_runs_the_signature_with_its_tensors() {
    let definition = over(&[("left", "b_x"), ("right", "b_offset")], &[("outputs", "b_z")]);
    let served = served_signatures(&own(&["a", "b"]), &named("c", definition));
    assert_eq!(served.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(described(&served["c"]), (CLASSIFY_METHOD, vec![("left", 0), ("right", 1)], vec![("outputs", 1)]));
    assert_eq!(served["c"].entry, 1);
}

#[test]
fn metadata_that_does_not_fit_brings_nothing() {
    for definition in [
        over(&[("x", "_x")], &[("y", "_y")]),
        over(&[("x", "_x"), ("offset", "_other")], &[("y", "_y")]),
        over(&[("x", "_x"), ("offset", "_x")], &[("y", "_y")]),
        over(&[("x", "_x"), ("offset", "_offset")], &[("y", "_other")]),
        Bytes::from_static(b"\xff"),
    ] {
        let served = served_signatures(&own(&[""]), &named("a", definition));
        assert_eq!(served.keys().collect::<Vec<_>>(), ["serving_default"]);
    }
}

#[test]
fn signature_defs_are_kept_where_they_tell_all_that_is_served() {
    let defs = named("regress", over(&[("x", "_x"), ("offset", "_offset")], &[("y", "_y")]));
    assert_eq!(defs_of(&served_signatures(&own(&[""]), &defs), defs.clone()), defs);
    let defs = named("a", over(&[], &[]));
    assert!(defs_of(&served_signatures(&own(&["a", "b"]), &defs), defs).is_empty());
}
