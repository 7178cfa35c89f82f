use bytes::Bytes;

use crate::json::{Layout, error_answer, predict_answer};
use crate::tensor::{DType, Tensor};

fn tensor(dtype: DType, shape: &[usize], data: Vec<u8>) -> Tensor {
    Tensor { dtype, shape: shape.to_vec(), data: data.into(), strings: Vec::new() }
}

fn floats(shape: &[usize], values: &[f32]) -> Tensor {
    tensor(DType::Float32, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

fn integers(shape: &[usize], values: &[i32]) -> Tensor {
    tensor(DType::Int32, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

fn strings(shape: &[usize], values: &[&'static [u8]]) -> Tensor {
    let strings = values.iter().copied().map(Bytes::from_static).collect();
    Tensor { dtype: DType::String, shape: shape.to_vec(), data: Bytes::new(), strings }
}

fn answer(layout: Layout, outputs: &[(&str, Tensor)]) -> Result<String, String> {
    let outputs: Vec<_> = outputs.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.clone())).collect();
    let body = predict_answer(&outputs, layout).map_err(|error| error.status())?;
    Ok(String::from_utf8(body).expect("it is text"))
}

fn rows(outputs: &[(&str, Tensor)]) -> String {
    answer(Layout::Row, outputs).expect("these are rows")
}

fn columns(outputs: &[(&str, Tensor)]) -> String {
    answer(Layout::Column, outputs).expect("these are columns")
}

#[test]
fn rows_of_one_output() {
    assert_eq!(rows(&[("y", floats(&[3], &[3.5, 4.0, 5.5]))]), "{\n    \"predictions\": [3.5, 4.0, 5.5\n    ]\n}");
    assert_eq!(
        rows(&[("y", floats(&[2, 2], &[3.5, 4.0, 5.5, 6.0]))]),
        "{\n    \"predictions\": [[3.5, 4.0], [5.5, 6.0]\n    ]\n}"
    );
}

#[test]
fn rows_of_several_outputs_are_objects() {
    assert_eq!(
        rows(&[("a", integers(&[2, 1], &[1, 2])), ("b", floats(&[2], &[0.5, 1.0]))]),
        "{\n    \"predictions\": [\n\
        \x20       {\n            \"a\": [1],\n            \"b\": 0.5\n        },\n\
        \x20       {\n            \"a\": [2],\n            \"b\": 1.0\n        }\n    ]\n}"
    );
}

/// The text without its line breaks and indents.
fn compact(text: &str) -> String {
    text.lines().map(str::trim_start).collect()
}

#[test]
fn columns_have_a_line_for_each_value() {
    assert_eq!(
        columns(&[("y", floats(&[1, 2], &[3.5, 4.0]))]),
        "{\n    \"outputs\": [\n        [\n            3.5,\n            4.0\n        ]\n    ]\n}"
    );
    assert_eq!(columns(&[("y", floats(&[], &[3.5]))]), "{\n    \"outputs\": 3.5\n}");
    assert_eq!(
        compact(&columns(&[("y", floats(&[2, 1, 2, 1], &[1.0, 2.0, 3.0, 4.0]))])),
        "{\"outputs\": [[[[1.0],[2.0]]],[[[3.0],[4.0]]]]}"
    );
}

#[test]
fn columns_of_several_outputs_are_members() {
    assert_eq!(
        columns(&[("a", integers(&[2], &[1, 2])), ("b", floats(&[], &[0.5]))]),
        "{\n    \"outputs\": {\n        \"a\": [\n            1,\n            2\n        ],\n        \"b\": 0.5\n    }\n}"
    );
}

#[test]
fn lists_without_values() {
    assert_eq!(rows(&[("y", floats(&[0, 3], &[]))]), "{\n    \"predictions\": []\n}");
    assert_eq!(rows(&[("y", floats(&[2, 0], &[]))]), "{\n    \"predictions\": [[], []\n    ]\n}");
    for (shape, shown) in [(&[0][..], "[]"), (&[2, 0], "[[],[]]"), (&[0, 3], "[]"), (&[1, 2, 0], "[[[],[]]]")] {
        assert_eq!(compact(&columns(&[("y", floats(shape, &[]))])), format!("{{\"outputs\": {shown}}}"));
    }
}

#[test]
fn integers_are_plain_numbers() {
    let cases = [
        (DType::Int8, i8::MIN.to_le_bytes().to_vec(), "-128"),
        (DType::Uint8, vec![255], "255"),
        (DType::Int16, i16::MIN.to_le_bytes().to_vec(), "-32768"),
        (DType::Int32, i32::MAX.to_le_bytes().to_vec(), "2147483647"),
        (DType::Uint32, u32::MAX.to_le_bytes().to_vec(), "4294967295"),
        (DType::Int64, i64::MIN.to_le_bytes().to_vec(), "-9223372036854775808"),
        (DType::Uint64, u64::MAX.to_le_bytes().to_vec(), "18446744073709551615"),
    ];
    for (dtype, data, shown) in cases {
        assert_eq!(columns(&[("y_bytes", tensor(dtype, &[], data))]), format!("{{\n    \"outputs\": {shown}\n}}"));
    }
}

#[test]
fn booleans_and_floats_that_are_no_numbers_are_bare_words() {
    let flags = columns(&[("y", tensor(DType::Bool, &[2], vec![1, 0]))]);
    assert_eq!(compact(&flags), "{\"outputs\": [true,false]}");
    let odd = columns(&[("y", floats(&[3], &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY]))]);
    assert_eq!(compact(&odd), "{\"outputs\": [NaN,Infinity,-Infinity]}");
}

#[test]
fn strings_are_raw() {
    let outputs = [("y".to_owned(), strings(&[3], &[b"a", b"\"\\\n", b"\xe2\x82\xac\xff"]))];
    assert_eq!(
        predict_answer(&outputs, Layout::Row).expect("these are rows"),
        b"{\n    \"predictions\": [\"a\", \"\\\"\\\\\\n\", \"\xe2\x82\xac\xff\"\n    ]\n}"
    );
}

#[test]
fn strings_of_outputs_named_bytes_are_base64() {
    assert_eq!(
        rows(&[("y_bytes", strings(&[2], &[b"hello", b"\xff"]))]),
        "{\n    \"predictions\": [{\n            \"b64\": \"aGVsbG8=\"\n        }, {\n            \"b64\": \"/w==\"\n\
        \x20       }\n    ]\n}"
    );
    assert_eq!(
        columns(&[("y_bytes", strings(&[], &[b"hello"]))]),
        "{\n    \"outputs\": {\n        \"b64\": \"aGVsbG8=\"\n    }\n}"
    );
    assert_eq!(
        rows(&[("y_bytes", strings(&[1], &[b"a"])), ("z", strings(&[1], &[b"c"]))]),
        "{\n    \"predictions\": [\n        {\n            \"y_bytes\": {\n                \"b64\": \"YQ==\"\n\
        \x20           },\n            \"z\": \"c\"\n        }\n    ]\n}"
    );
}

#[test]
fn outputs_that_are_no_rows_are_refused() {
    let cases = [
        (vec![("y", floats(&[], &[1.0]))], "Tensor name: y has no shape information "),
        (
            vec![("a", floats(&[2], &[1.0, 2.0])), ("b", floats(&[3], &[1.0, 2.0, 3.0]))],
            "Tensor name: b has inconsistent batch size: 3 expecting: 2",
        ),
        (vec![], "Cannot convert empty tensor map to JSON"),
    ];
    for (outputs, text) in cases {
        assert_eq!(answer(Layout::Row, &outputs), Err(format!("INVALID_ARGUMENT: {text}")));
    }
}

#[test]
fn dtypes_that_json_has_nothing_for_are_refused() {
    for dtype in [DType::Complex64, DType::Complex128, DType::Float16, DType::Bfloat16, DType::Uint16] {
        let output = tensor(dtype, &[1], vec![0; dtype.item_bytes()]);
        for layout in [Layout::Row, Layout::Column] {
            let text = format!("Failed to write JSON value for tensor type: {}", dtype.name());
            assert_eq!(answer(layout, &[("y", output.clone())]), Err(format!("INVALID_ARGUMENT: {text}")));
        }
    }
}

#[test]
fn a_buffer_that_does_not_fit_its_shape_is_a_fault_of_ours() {
    let refused = answer(Layout::Row, &[("y", floats(&[2], &[1.0]))]).expect_err("one number is missing");
    assert_eq!(refused, "INTERNAL: Tensor name: y has a buffer that does not fit its shape");
}

#[test]
fn an_error_is_one_member() {
    assert_eq!(
        error_answer("a\u{0}\u{1f}\u{7f}\u{e9}\"\\/\u{8}\u{c}"),
        "{\n    \"error\": \"a\\u0000\\u001f\u{7f}\u{e9}\\\"\\\\/\\b\\f\"\n}"
    );
}
