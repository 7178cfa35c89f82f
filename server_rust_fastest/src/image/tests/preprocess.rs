use super::super::Pixels;
use super::super::half::to_half;
use super::super::preprocess::Preprocessor;
use crate::signature::{Normalization, Quantization, TensorSpec};
use crate::tensor::DType;

fn spec(dtype: DType, quantization: Option<(f32, i64)>) -> TensorSpec {
    TensorSpec {
        name: "image".into(),
        dtype,
        shape: None,
        quantization: quantization.map(|(scale, zero_point)| Quantization { scale, zero_point }),
        normalization: None,
        tensor_name: String::new(),
    }
}

fn normalization(mean: &[f32], std: &[f32]) -> Normalization {
    Normalization { mean: mean.to_vec(), std: std.to_vec() }
}

/// What three pixels become: black, one of 10, 20, 30, and white.
fn stored(spec: &TensorSpec, normalization: Option<&Normalization>) -> Vec<u8> {
    let pixels = Pixels { width: 3, height: 1, channels: 3, data: vec![0, 0, 0, 10, 20, 30, 255, 255, 255] };
    let tensor = Preprocessor::new(spec, 3, normalization).tensor(pixels);
    assert_eq!((tensor.dtype, tensor.shape), (spec.dtype, vec![1, 1, 3, 3]));
    tensor.data.to_vec()
}

fn floats(data: &[u8]) -> Vec<f32> {
    data.as_chunks().0.iter().map(|&octets| f32::from_le_bytes(octets)).collect()
}

#[test]
fn uint8_takes_pixels_as_they_are() {
    for quantization in [None, Some((1.0 / 128.0, 128)), Some((1.0 / 255.0, 0))] {
        for (mean, std) in [(0.0, 1.0), (127.5, 127.5)] {
            let octets = stored(&spec(DType::Uint8, quantization), Some(&normalization(&[mean], &[std])));
            assert_eq!(octets, [0, 0, 0, 10, 20, 30, 255, 255, 255]);
        }
    }
}

#[test]
fn int8_takes_pixels_less_128_where_nothing_says_how_to_scale() {
    for said in [None, Some(&normalization(&[0.0], &[1.0]))] {
        let octets = stored(&spec(DType::Int8, Some((1.0 / 255.0, -128))), said);
        assert_eq!(octets, [-128_i8, -128, -128, -118, -108, -98, 127, 127, 127].map(i8::cast_unsigned));
    }
}

#[test]
fn int8_takes_what_the_model_means_by_a_pixel() {
    let halves = normalization(&[127.5], &[127.5]);
    let octets = stored(&spec(DType::Int8, Some((1.0 / 64.0, -28))), Some(&halves));
    assert_eq!(octets, [-92_i8, -92, -92, -87, -82, -77, 36, 36, 36].map(i8::cast_unsigned));
}

#[test]
fn int8_is_kept_within_its_range() {
    let octets = stored(&spec(DType::Int8, Some((0.001, 0))), Some(&normalization(&[127.5], &[127.5])));
    assert_eq!((octets[0].cast_signed(), octets[8].cast_signed()), (-128, 127));
}

#[test]
fn a_normalisation_by_channel_says_nothing_of_a_quantised_input() {
    let by_channel = normalization(&[1.0, 2.0, 3.0], &[1.0, 1.0, 1.0]);
    let octets = stored(&spec(DType::Int8, Some((1.0, 0))), Some(&by_channel));
    assert_eq!(octets[3..6], [-118_i8, -108, -98].map(i8::cast_unsigned));
}

#[test]
fn floats_are_pixels_less_mean_over_std() {
    let values = floats(&stored(&spec(DType::Float32, None), Some(&normalization(&[127.5], &[127.5]))));
    assert_eq!((values[0], values[8]), (-1.0, 1.0));
}

#[test]
fn floats_have_a_mean_and_std_for_each_channel() {
    let by_channel = normalization(&[10.0, 10.0, 10.0], &[1.0, 2.0, 4.0]);
    assert_eq!(floats(&stored(&spec(DType::Float32, None), Some(&by_channel)))[3..6], [0.0, 5.0, 5.0]);
}

#[test]
fn the_normalisation_that_is_set_stands_in_for_the_models() {
    let own = TensorSpec { normalization: Some(normalization(&[0.0], &[255.0])), ..spec(DType::Float32, None) };
    assert_eq!(floats(&stored(&own, None))[8..], [1.0]);
    assert_eq!(floats(&stored(&own, Some(&normalization(&[0.0], &[1.0]))))[8..], [255.0]);
}

#[test]
fn halves_are_as_floats() {
    let octets = stored(&spec(DType::Float16, None), None);
    assert_eq!(octets[10..12], to_half(30.0).to_le_bytes());
    assert_eq!(octets.len(), 18);
}

#[test]
fn a_model_of_one_channel_gets_grey() {
    let pixels = Pixels { width: 1, height: 1, channels: 3, data: vec![255, 0, 0] };
    let tensor = Preprocessor::new(&spec(DType::Uint8, None), 1, None).tensor(pixels);
    assert_eq!((tensor.shape, tensor.data.to_vec()), (vec![1, 1, 1, 1], vec![76]));
}

fn feeds_raw_pixels(dtype: DType, normalization: Option<&Normalization>) -> bool {
    Preprocessor::new(&spec(dtype, None), 3, normalization).feeds_raw_pixels
}

#[test]
fn raw_pixels_are_told() {
    assert!(feeds_raw_pixels(DType::Float32, None));
    assert!(!feeds_raw_pixels(DType::Float32, Some(&normalization(&[0.0], &[1.0]))));
    assert!(!feeds_raw_pixels(DType::Uint8, None));
}
