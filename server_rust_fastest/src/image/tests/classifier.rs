//! Which models take pictures; and the project's own model on the project's own picture, where both are there.

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use super::super::{Asked, Classifier, ImageMemory};
use super::MAX_PIXELS;
use crate::litert::Servable;
use crate::real::{self, or_skip};
use crate::settings::{ImageOptions, RuntimeOptions};
use crate::signature::{PREDICT_METHOD, Signature, Signatures, TensorSpec};
use crate::tensor::DType;

fn options() -> ImageOptions {
    ImageOptions {
        max_pixels: MAX_PIXELS,
        memory: Arc::new(ImageMemory::new(1 << 30)),
        labels: None,
        scores_output: String::new(),
        size: 24,
        mean: None,
        std: None,
    }
}

fn spec(name: &str, dtype: DType, shape: Option<&[i64]>) -> TensorSpec {
    TensorSpec {
        name: name.into(),
        dtype,
        shape: shape.map(<[i64]>::to_vec),
        quantization: None,
        normalization: None,
        tensor_name: String::new(),
    }
}

fn signature(inputs: &[TensorSpec], outputs: &[TensorSpec]) -> Signature {
    Signature { method_name: PREDICT_METHOD.into(), inputs: inputs.to_vec(), outputs: outputs.to_vec() }
}

fn picture_input() -> TensorSpec {
    spec("image", DType::Uint8, Some(&[-1, 8, 8, 3]))
}

fn scores(name: &str) -> TensorSpec {
    spec(name, DType::Float32, Some(&[-1, 10]))
}

fn refusal(signatures: &Signatures) -> String {
    let Err(error) = Classifier::for_signatures(signatures, &options()) else {
        panic!("a model that takes no picture")
    };
    assert_eq!(error.http, 501);
    error.text
}

fn scores_of(signatures: &Signatures) -> String {
    let classifier = Classifier::for_signatures(signatures, &options()).expect("a classifier");
    classifier.scores("").expect("an output").name.clone()
}

#[test]
fn a_model_that_takes_no_picture_is_named() {
    let float = DType::Float32;
    for inputs in [
        vec![spec("x", float, Some(&[-1, 4]))],
        vec![spec("x", DType::Int64, Some(&[-1, 8, 8, 3]))],
        vec![spec("x", DType::Uint8, Some(&[-1, 8, 8, 4]))],
        vec![spec("x", DType::Uint8, Some(&[2, 8, 8, 3]))],
        vec![spec("x", DType::Uint8, None)],
        vec![picture_input(), picture_input()],
        vec![],
    ] {
        let names = ["train", "serving_default", "infer"];
        let signatures = names.map(|name| (name.to_owned(), signature(&inputs, &[scores("scores")]))).into();
        assert_eq!(
            refusal(&signatures),
            "this model takes no picture: /predict needs a signature with one input of shape [N, height, width, 3 or \
             1] and dtype uint8, int8 or float; its signatures are serving_default, infer, train"
        );
    }
}

#[test]
fn a_model_without_signatures_is_named() {
    assert!(refusal(&Signatures::new()).ends_with("its signatures are none"));
}

#[test]
fn a_model_without_class_scores_is_named_with_its_shapes() {
    let float = DType::Float32;
    for (output, described) in [
        (spec("mask", float, Some(&[1, 8, 8, 2])), "mask: float32 [1, 8, 8, 2]"),
        (spec("boxes", float, Some(&[1, 84, 10])), "boxes: float32 [1, 84, 10]"),
        (spec("argmax", DType::Int64, Some(&[1])), "argmax: int64 [1]"),
        (spec("batch", float, Some(&[2, 10])), "batch: float32 [2, 10]"),
        (spec("text", DType::String, Some(&[1, 10])), "text: string [1, 10]"),
        (spec("complex", DType::Complex64, None), "complex: complex64 of any shape"),
    ] {
        let signatures = [("serve".to_owned(), signature(&[picture_input()], &[output]))].into();
        let expected = format!(
            "/predict answers one numeric output of shape [N, classes], and none is that: the model's outputs are \
             {described}; choose one by scores_output in the query, or by --scores_output"
        );
        assert_eq!(refusal(&signatures), expected);
    }
}

#[test]
fn the_default_signature_is_taken_before_others() {
    let of = |name: &str, input: TensorSpec| (name.to_owned(), signature(&[input], &[scores(name)]));
    let both = [of("a", picture_input()), of("serving_default", picture_input())].into();
    assert_eq!(scores_of(&both), "serving_default");
    let other = [of("a", picture_input()), of("serving_default", spec("x", DType::Float32, None))].into();
    assert_eq!(scores_of(&other), "a");
}

#[test]
fn the_output_of_class_scores_is_found_by_its_name_or_its_shape() {
    let mask = |name: &str| spec(name, DType::Float32, Some(&[-1, 8, 8, 2]));
    for (outputs, expected) in [
        ([scores("probabilities"), scores("scores")], "scores"),
        ([scores("logits"), scores("probabilities")], "probabilities"),
        ([mask("scores"), scores("logits")], "logits"),
        ([mask("a"), spec("b", DType::Uint8, None)], "b"),
    ] {
        let signatures = [("serve".to_owned(), signature(&[picture_input()], &outputs))].into();
        assert_eq!(scores_of(&signatures), expected);
    }
}

#[test]
fn of_several_outputs_that_may_be_class_scores_the_one_chosen_is_taken_or_none() {
    let outputs = [scores("box"), scores("cls"), spec("mask", DType::Float32, Some(&[1, 8, 8, 2]))];
    let signatures = [("serve".to_owned(), signature(&[picture_input()], &outputs))].into();
    let classifier = Classifier::for_signatures(&signatures, &options()).expect("taken");
    assert_eq!(classifier.scores("cls").expect("an output").name, "cls");
    for (chosen, fault) in [("", "box and cls are that"), ("mask", "mask is not that"), ("x", "x is not that")] {
        let error = classifier.scores(chosen).expect_err("refused");
        let expected = format!(
            "/predict answers one numeric output of shape [N, classes], and {fault}: the model's outputs are box: \
             float32 [-1, 10]; cls: float32 [-1, 10]; mask: float32 [1, 8, 8, 2]; choose one by scores_output in the \
             query, or by --scores_output"
        );
        assert_eq!((error.http, error.text), (501, expected));
    }
}

fn mobilenet() -> Option<(Servable, Vec<u8>)> {
    let (library, folder) = (real::library()?, real::mobilenet()?);
    let picture = fs::read(real::project().join("examples/pictures/cat.jpg")).expect("in the project");
    let runtime = RuntimeOptions { instances: 1, threads: 1, library: Some(library) };
    Some((Servable::load(&folder, &runtime).expect("loaded"), picture))
}

#[test]
fn the_cat_is_an_egyptian_cat() {
    let (servable, picture) = or_skip!(mobilenet());
    let options = ImageOptions { max_pixels: 100_000_000, ..options() };
    let classifier = Classifier::new(&servable, &options).expect("a classifier");
    assert!(!classifier.feeds_raw_pixels());
    let prediction =
        classifier.predict(&servable, &picture, &Asked { top_k: Some("3"), ..Asked::default() }).expect("a prediction");
    let [best, _, _] = prediction.classes.as_slice() else { panic!("three classes") };
    assert_eq!((best.class, best.label.as_deref()), (285, Some("Egyptian cat")));
    assert!(prediction.decode_ms > 0.0 && prediction.inference_ms > 0.0);
}

#[test]
fn labels_that_are_set_stand_in_for_the_models() {
    let (servable, picture) = or_skip!(mobilenet());
    let labels = (0..1000).map(|class| format!("class {class}")).collect();
    let options = ImageOptions { max_pixels: 100_000_000, labels: Some(labels), ..options() };
    let classifier = Classifier::new(&servable, &options).expect("a classifier");
    let prediction = classifier.predict(&servable, &picture, &Asked::default()).expect("a prediction");
    assert_eq!(prediction.classes.len(), 5);
    assert_eq!(prediction.classes[0].label.as_deref(), Some("class 285"));
}

#[test]
fn a_picture_whose_time_is_over_is_not_decoded() {
    let (servable, _) = or_skip!(mobilenet());
    let classifier = Classifier::new(&servable, &options()).expect("a classifier");
    let late = Asked { deadline: Some(Instant::now()), ..Asked::default() };
    assert_eq!(classifier.predict(&servable, b"no picture", &late).expect_err("late").http, 504);
}
