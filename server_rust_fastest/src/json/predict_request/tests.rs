use crate::json::Layout;
use crate::json::tests::{read, read_one, refusal};
use crate::tensor::DType::{self, Bfloat16, Float16, Float32, Int32, Int64, String as Text};

const X: [(&str, DType); 1] = [("x", Float32)];
const A_AND_B: [(&str, DType); 2] = [("a", Float32), ("b", Float32)];

fn shape(body: &str) -> Vec<usize> {
    read_one(body, Float32).shape
}

#[test]
fn rows_are_stacked() {
    let (inputs, layout) = read(r#"{"instances": [[1, 2], [3, 4], [5, 6]]}"#, &[("x", Int32)]).expect("it is right");
    assert_eq!(layout, Layout::Row);
    assert_eq!(inputs[0].0, "x");
    assert_eq!(inputs[0].1.shape, [3, 2]);
    assert_eq!(inputs[0].1.data[..], (1..=6_i32).flat_map(i32::to_le_bytes).collect::<Vec<_>>());
}

#[test]
fn scalars_as_rows_make_a_list() {
    assert_eq!(shape(r#"{"instances": [1, 2.5, 3e0]}"#), [3]);
}

#[test]
fn rows_may_name_the_only_input() {
    assert_eq!(shape(r#"{"instances": [{"x": [1.0]}, {"x": [2.0]}]}"#), [2, 1]);
}

#[test]
fn rows_of_several_inputs_are_objects() {
    let body = r#"{"instances": [{"a": 1, "b": ["p"]}, {"b": ["q"], "a": 2}]}"#;
    let (inputs, _) = read(body, &[("a", Int64), ("b", Text)]).expect("it is right");
    assert_eq!(inputs[0].1.data[..], [1_i64.to_le_bytes(), 2_i64.to_le_bytes()].concat());
    assert_eq!(inputs[1].1.shape, [2, 1]);
    assert_eq!(inputs[1].1.strings, ["p", "q"]);
}

#[test]
fn empty_rows_have_a_shape() {
    assert_eq!(shape(r#"{"instances": [[], []]}"#), [2, 0]);
}

#[test]
fn a_column_of_the_only_input_may_go_without_its_name() {
    for body in [r#"{"inputs": [[1, 2]]}"#, r#"{"inputs": {"x": [[1, 2]]}}"#] {
        let (inputs, layout) = read(body, &X).expect("it is right");
        assert_eq!((layout, &inputs[0].1.shape[..]), (Layout::Column, &[1, 2][..]));
    }
}

#[test]
fn a_bare_scalar_has_rank_0() {
    assert_eq!(shape(r#"{"inputs": 1.5}"#), [0_usize; 0]);
}

#[test]
fn columns_may_differ_in_shape_and_extra_ones_are_ignored() {
    let (inputs, _) = read(r#"{"inputs": {"a": [[1, 2]], "c": "", "b": 3}}"#, &A_AND_B).expect("it is right");
    assert_eq!(inputs.iter().map(|(_, tensor)| tensor.shape.clone()).collect::<Vec<_>>(), [vec![1, 2], vec![]]);
}

#[test]
fn white_space_and_unknown_keys_do_not_matter() {
    let list = "[ [\n1,\t2e0 ] ,\r\n[ 3.0 , 4E+0]]";
    assert_eq!(shape(&format!(r#" {{ "p" : {{"x": []}} , "instances" : [ {list} , {list} ] }}"#)), [2, 2, 2]);
}

#[test]
fn base64_objects_are_values() {
    for (body, shape, strings) in [
        (r#"{"instances": [{"b64": "aGVsbG8="}, "raw"]}"#, vec![2], vec!["hello", "raw"]),
        (r#"{"instances": [{"x": {"b64": "aGk="}}]}"#, vec![1], vec!["hi"]),
        (r#"{"inputs": {"b64": "aGk="}}"#, vec![], vec!["hi"]),
        (r#"{"inputs": {"x": [[{"b64": "aGk="}]]}}"#, vec![1, 1], vec!["hi"]),
    ] {
        let tensor = read_one(body, Text);
        assert_eq!((tensor.shape, tensor.strings), (shape, strings.into_iter().map(Into::into).collect()));
    }
}

#[test]
fn requests_of_the_wrong_form_are_refused() {
    let cases = [
        (r#"{"x": 1}"#, "Missing 'inputs' or 'instances' key"),
        (
            r#"{"instances": [1], "inputs": 1}"#,
            "JSON Value: {\n    \"instances\": [\n        1\n    ],\n    \"inputs\": 1\n} \
             Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
        ),
        (r#"{"instances": []}"#, "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array"),
        (r#"{"instances": {}}"#, "JSON Value: {\n    \"instances\": {}\n} Expecting 'instances' to be an list/array"),
        (r#"{"instances": 1}"#, "JSON Value: {\n    \"instances\": 1\n} Expecting 'instances' to be an list/array"),
        (r#"{"instances": [{"x": 1}, 2]}"#, "Expecting object but got list at item 1 of input list"),
        (r#"{"instances": [{"x": 1}, {"b64": ""}]}"#, "Expecting object but got list at item 1 of input list"),
        (r#"{"instances": [1, 2, {"x": 1}]}"#, "Expecting value/list but got object at item 2 of input list"),
        (
            r#"{"instances": [{"x": 1, "k": 1}]}"#,
            "Failed to process element: 0 key: k of 'instances' list. \
             Error: INVALID_ARGUMENT: JSON object: does not have named input: k",
        ),
        (
            r#"{"instances": [[1, 2], [3, 4, 5]]}"#,
            "Failed to process element: 1 of 'instances' list. \
             Error: INVALID_ARGUMENT: Expecting tensor size: 2 but got: 3",
        ),
        (
            r#"{"instances": [{"x": [1, 2]}, {"x": [[3, 4]]}]}"#,
            "Failed to process element: 1 key: x of 'instances' list. \
             Error: INVALID_ARGUMENT: Expecting shape [2] but got: [1,2]",
        ),
        (
            r#"{"instances": [1, "a"]}"#,
            "Failed to process element: 1 of 'instances' list. \
             Error: INVALID_ARGUMENT: JSON Value: \"a\" Type: String is not of expected type: float",
        ),
        (
            r#"{"instances": [[1], [1], [[1]], ["a"], [1, 2]]}"#,
            "Failed to process element: 2 of 'instances' list. \
             Error: INVALID_ARGUMENT: Expecting shape [1] but got: [1,1]",
        ),
    ];
    for (body, text) in cases {
        assert_eq!(refusal(body, &X), format!("INVALID_ARGUMENT: {text}"));
    }
}

#[test]
fn an_integer_row_that_does_not_fit_is_told_with_its_place() {
    assert_eq!(
        refusal(r#"{"instances": [1, 2, 2.5, 3]}"#, &[("x", Int32)]),
        "INVALID_ARGUMENT: Failed to process element: 2 of 'instances' list. \
         Error: INVALID_ARGUMENT: JSON Value: 2.5 Type: Number is not of expected type: int32"
    );
}

#[test]
fn a_signature_without_inputs_takes_nothing() {
    for (name, shown) in [("", "DEFAULT"), ("s", "s")] {
        assert_eq!(
            refusal(format!(r#"{{"signature_name": "{name}", "instances": [1]}}"#), &[]),
            format!("INVALID_ARGUMENT: Failed to get input map for signature: {shown}")
        );
    }
}

#[test]
fn several_inputs_are_named() {
    assert_eq!(
        refusal(r#"{"instances": [1]}"#, &A_AND_B),
        "INVALID_ARGUMENT: instances is a plain list, but expecting list of objects as multiple input tensors \
         required as per tensorinfo_map"
    );
    for value in ["1", "[1]", r#"{"b64": "aGk="}"#] {
        assert_eq!(
            refusal(format!(r#"{{"inputs": {value}}}"#), &A_AND_B),
            "INVALID_ARGUMENT: inputs is a plain value/list, but expecting an object as multiple input tensors \
             required as per tensorinfo_map"
        );
    }
}

#[test]
fn no_input_may_be_missing() {
    assert_eq!(
        refusal(r#"{"instances": [{"b": 1, "a": 1}, {"b": 1}]}"#, &[("b", Float32), ("a", Float32)]),
        "INVALID_ARGUMENT: Failed to process element: 1 of 'instances' list. JSON object: {\n    \"b\": 1\n} \
         keys must be equal to: a,b"
    );
    assert_eq!(
        refusal(r#"{"inputs": {"a": 1}}"#, &A_AND_B),
        "INVALID_ARGUMENT: Missing named input: b in 'inputs' object."
    );
}

#[test]
fn a_row_of_a_dtype_that_json_does_not_have_is_an_invalid_argument() {
    assert_eq!(
        refusal(r#"{"instances": [1]}"#, &[("x", Float16)]),
        "INVALID_ARGUMENT: Failed to process element: 0 of 'instances' list. \
         Error: UNIMPLEMENTED: Conversion of JSON Value: 1 to type: half"
    );
    assert_eq!(
        refusal(r#"{"inputs": 1.5}"#, &[("x", Bfloat16)]),
        "UNIMPLEMENTED: Conversion of JSON Value: 1.5 to type: bfloat16"
    );
}

#[test]
fn lists_nested_deeper_than_a_tensor_can_be_are_refused() {
    let rows = |rank: usize| format!(r#"{{"instances": {}1{}}}"#, "[".repeat(rank), "]".repeat(rank));
    assert_eq!(shape(&rows(254)).len(), 254);
    assert_eq!(refusal(rows(255), &X), "INVALID_ARGUMENT: tensor parsing error: x");
}
