use super::super::half::to_half;
use super::super::scores::{Class, best_classes, read_scores, read_top_k};
use crate::signature::Quantization;
use crate::tensor::{DType, Tensor};

fn best(scores: &[f64], labels: &[&str], top_k: usize) -> Vec<Class> {
    let labels: Vec<String> = labels.iter().copied().map(str::to_owned).collect();
    best_classes(scores, &labels, Some(top_k)).expect("classes")
}

fn ranked(scores: &[f64], top_k: usize) -> Vec<usize> {
    best(scores, &[], top_k).iter().map(|class| class.class).collect()
}

fn labels_of(classes: &[Class]) -> Vec<Option<&str>> {
    classes.iter().map(|class| class.label.as_deref()).collect()
}

fn read(dtype: DType, data: &[u8], quantization: Option<Quantization>) -> Vec<f64> {
    let data = data.to_vec().into();
    read_scores(&Tensor { dtype, shape: vec![1, 2], data, strings: Vec::new() }, quantization)
}

#[test]
fn the_best_come_first_and_equals_in_the_order_of_their_classes() {
    assert_eq!(ranked(&[0.1, 0.5, 0.3, 0.5], 4), [1, 3, 2, 0]);
    assert_eq!(ranked(&[0.1, 0.5, 0.3, 0.5], 1), [1]);
    assert_eq!(ranked(&[-0.0, 0.0], 2), [0, 1]);
}

#[test]
fn scores_have_six_digits() {
    let scores: Vec<f64> = best(&[0.123_456_789, 1e-9, 0.5], &[], 3).iter().map(|class| class.score).collect();
    assert_eq!(scores, [0.5, 0.123_457, 0.0]);
}

#[test]
fn what_is_no_number_comes_last() {
    assert_eq!(ranked(&[f64::NAN, 0.5, f64::INFINITY], 3), [2, 1, 0]);
}

#[test]
fn a_class_without_a_label_has_none() {
    assert_eq!(labels_of(&best(&[0.2, 0.1], &["a"], 2)), [Some("a"), None]);
}

#[test]
fn a_background_label_too_many_is_left_out() {
    assert_eq!(labels_of(&best(&[0.2, 0.1], &["Background", "a", "b"], 1)), [Some("a")]);
    assert_eq!(labels_of(&best(&[0.2, 0.1], &["background", "a"], 1)), [Some("background")]);
}

#[test]
fn without_a_top_k_the_best_five_are_told_or_all_where_there_are_fewer() {
    for (count, expected) in [(1, 1), (4, 4), (5, 5), (6, 5)] {
        assert_eq!(best_classes(&vec![0.5; count], &[], None).expect("classes").len(), expected);
    }
}

#[test]
fn a_top_k_is_a_number() {
    assert_eq!(read_top_k("0012"), Ok(12));
}

#[test]
fn a_bad_top_k_is_named() {
    for text in ["0", "-1", "+1", "1.0", "", "x", "٣", "1234567890"] {
        let error = read_top_k(text).expect_err("refused");
        let expected = format!("top_k is '{text}': expected a whole number from 1 to the number of classes");
        assert_eq!((error.http, error.text), (400, expected));
    }
}

#[test]
fn more_classes_than_there_are_is_a_bad_top_k() {
    let error = best_classes(&[0.1, 0.2], &[], Some(3)).expect_err("refused");
    assert_eq!((error.http, error.text.as_str()), (400, "top_k is '3': expected a whole number from 1 to 2"));
}

#[test]
fn scores_of_every_width_are_read() {
    assert_eq!(read(DType::Uint8, &[0, 255], None), [0.0, 255.0]);
    assert_eq!(read(DType::Int8, &[0, 255], None), [0.0, -1.0]);
    assert_eq!(read(DType::Int64, &(-3_i64).to_le_bytes(), None), [-3.0]);
    assert_eq!(read(DType::Float32, &0.5_f32.to_le_bytes(), None), [0.5]);
    assert_eq!(read(DType::Float64, &0.1_f64.to_le_bytes(), None), [0.1]);
    assert_eq!(read(DType::Float16, &to_half(0.25).to_le_bytes(), None), [0.25]);
}

#[test]
fn quantised_scores_are_what_they_stand_for() {
    let quantization = Quantization { scale: 0.5, zero_point: 10 };
    assert_eq!(read(DType::Uint8, &[10, 14], Some(quantization)), [0.0, 2.0]);
}
