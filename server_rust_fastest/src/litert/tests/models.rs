//! Answers, names and what a model says about itself.

use std::fs;

use super::{
    DEFAULT, HALF_PLUS_TWO, floats, folder_of, half_plus_two, mobilenet, options, pictures, run, values, zeros,
};
use crate::litert::Servable;
use crate::real::{or_skip, shared_data};
use crate::signature::{Normalization, PREDICT_METHOD, Quantization, TensorSpec};
use crate::tensor::DType;

#[test]
fn mobilenet_gives_a_probability_for_each_class() {
    let servable = or_skip!(mobilenet(1));
    let outputs = servable.run(DEFAULT, pictures(&[1]), &[], None).expect("run");
    let [(name, scores)] = outputs.as_slice() else { panic!("one output") };
    assert_eq!(
        (name.as_str(), scores.dtype, scores.shape.as_slice()),
        ("scores", DType::Float32, [1, 1000].as_slice())
    );
    let scores = values(scores);
    assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)));
    assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-3);
}

#[test]
fn mobilenet_brings_its_labels_and_normalization() {
    let servable = or_skip!(mobilenet(1));
    assert_eq!((servable.labels().len(), servable.labels()[285].as_str()), (1000, "Egyptian cat"));
    let signature = &servable.signatures()[DEFAULT];
    assert_eq!(signature.method_name, PREDICT_METHOD);
    assert_eq!(signature.inputs[0].shape.as_deref(), Some([-1, 224, 224, 3].as_slice()));
    assert_eq!(signature.inputs[0].normalization, Some(Normalization { mean: vec![0.0], std: vec![1.0] }));
}

#[test]
fn half_plus_two_halves_and_adds_two() {
    for (model, tensor_name) in
        [(HALF_PLUS_TWO, "x"), ("tfserving/saved_model_half_plus_two_tflite_with_sigdef/00000123", "tflite_input")]
    {
        let servable = Servable::load(&or_skip!(shared_data(model)), &or_skip!(options(1))).expect("loaded");
        let expected = TensorSpec {
            name: "x".to_owned(),
            dtype: DType::Float32,
            shape: Some(vec![1, 1]),
            quantization: None,
            normalization: None,
            tensor_name: tensor_name.to_owned(),
        };
        assert_eq!(servable.signatures()[DEFAULT].inputs, [expected]);
        let outputs = servable.run(DEFAULT, vec![("x".to_owned(), floats(&[1, 1], &[5.0]))], &[], None);
        assert_eq!(outputs, Ok(vec![("y".to_owned(), floats(&[1, 1], &[4.5]))]));
    }
}

#[test]
fn signature_defs_that_tell_all_are_kept() {
    let folder = or_skip!(shared_data("tfserving/saved_model_half_plus_two_tflite_with_sigdef/00000123"));
    let servable = Servable::load(&folder, &or_skip!(options(1))).expect("loaded");
    assert_eq!(servable.signature_defs().keys().collect::<Vec<_>>(), [DEFAULT]);
    let octets = &servable.signature_defs()[DEFAULT];
    assert!(octets.windows(14).any(|window| window == b"tflite_input:0"));
    assert!(half_plus_two().is_none_or(|servable| servable.signature_defs().is_empty()));
}

#[test]
fn a_quantized_model_tells_quantization_normalization_and_labels() {
    let folder = or_skip!(folder_of("mobilenet_v1_0.25_128_quant"));
    let servable = Servable::load(folder.path(), &or_skip!(options(1))).expect("loaded");
    let expected = TensorSpec {
        name: "input".to_owned(),
        dtype: DType::Uint8,
        shape: Some(vec![1, 128, 128, 3]),
        quantization: Some(Quantization { scale: 0.007_812_5, zero_point: 128 }),
        normalization: Some(Normalization { mean: vec![127.5], std: vec![127.5] }),
        tensor_name: "input".to_owned(),
    };
    assert_eq!(servable.signatures()[DEFAULT].inputs, [expected]);
    assert_eq!((servable.labels().len(), servable.labels()[286].as_str()), (1001, "Egyptian cat"));
}

#[test]
fn every_model_of_the_shared_data_runs_or_is_refused_with_its_name() {
    let options = or_skip!(options(1));
    for entry in fs::read_dir(or_skip!(shared_data("models"))).expect("listed") {
        let path = entry.expect("listed").path();
        if path.extension().is_none_or(|extension| extension != "tflite") {
            continue;
        }
        let folder = folder_of(&path.file_stem().expect("named").to_string_lossy()).expect("there");
        match Servable::load(folder.path(), &options) {
            Ok(servable) => {
                let spec = &servable.signatures()[DEFAULT].inputs[0];
                let shape: Vec<usize> =
                    spec.shape.iter().flatten().map(|&size| usize::try_from(size).unwrap_or(1)).collect();
                let output = run(&servable, zeros(spec.dtype, &shape)).expect("run");
                assert!(!output.data.is_empty(), "{}", path.display());
            }
            Err(error) => assert!(error.text.contains("model.tflite"), "{error}"),
        }
    }
}
