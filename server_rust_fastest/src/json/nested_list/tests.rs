use crate::json::tests::{read, read_one, refusal};
use crate::tensor::{DType, Tensor};

const KINDS: [(&str, &str); 12] = [
    ("null", "Null"),
    ("false", "False"),
    ("true", "True"),
    ("{\n    \"a\": 1\n}", "Object"),
    ("\"a\"", "String"),
    ("1", "Number"),
    ("1.0", "Number"),
    ("0.1", "Number"),
    ("1e-07", "Number"),
    ("NaN", "Number"),
    ("-Infinity", "Number"),
    ("1e+300", "Number"),
];

fn column(value: &str, dtype: DType) -> Result<Tensor, String> {
    let body = format!(r#"{{"inputs": {{"x": {value}}}}}"#);
    read(body, &[("x", dtype)]).map(|(inputs, _)| inputs[0].1.clone()).map_err(|error| error.status())
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    tensor.data.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect()
}

#[test]
fn a_value_is_taken_or_refused_by_its_type() {
    use DType::{Bool, Float32, Float64, Int8, Int16, Int32, Int64, Uint8, Uint32, Uint64};
    for dtype in [Float32, Float64, Int32, Int16, Int8, Uint8, Int64, Uint32, Uint64, Bool] {
        for (value, kind) in KINDS {
            let is_taken = match dtype {
                Float32 | Float64 => kind == "Number",
                Bool => matches!(kind, "False" | "True"),
                _ => value == "1",
            };
            // In a list of nothing else, and beside another value.
            for list in [format!("[{value}]"), format!("[{value}, null]")] {
                match column(&list, dtype) {
                    Ok(tensor) => assert!(is_taken && tensor.shape == [1], "{list} {dtype:?}"),
                    Err(text) => {
                        let (value, kind) = if is_taken { ("null", "Null") } else { (value, kind) };
                        let name = dtype.name();
                        assert_eq!(
                            text,
                            format!(
                                "INVALID_ARGUMENT: JSON Value: {value} Type: {kind} is not of expected type: {name}"
                            )
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn integers_are_exact_and_their_range_is_held() {
    let cases = [
        (DType::Int32, "-2147483648", "2147483647", "-2147483649", "2147483648"),
        (DType::Int64, "-9223372036854775808", "9223372036854775807", "-9223372036854775809", "9223372036854775808"),
        (DType::Uint32, "0", "4294967295", "-1", "4294967296"),
        (DType::Uint64, "0", "18446744073709551615", "-1", "18446744073709551616"),
    ];
    for (dtype, low, high, below, above) in cases {
        let tensor = column(&format!("[{low}, {high}]"), dtype).expect("both are in range");
        let size = dtype.item_bytes();
        let (first, last) = (low.parse::<i128>().expect("a number"), high.parse::<i128>().expect("a number"));
        assert_eq!(tensor.data[..size], first.to_le_bytes()[..size]);
        assert_eq!(tensor.data[size..], last.to_le_bytes()[..size]);
        for beyond in [below, above] {
            let text = column(&format!("[0, {beyond}]"), dtype).expect_err("it is out of range");
            assert!(text.ends_with(&format!("Type: Number is not of expected type: {}", dtype.name())), "{text}");
        }
    }
}

#[test]
fn small_integers_take_what_int32_does_and_wrap_around() {
    let values = "[-1, 65536, 32768, -2147483648]";
    let data = |dtype| column(values, dtype).expect("all are of int32").data.to_vec();
    assert_eq!(data(DType::Int16), [-1_i16, 0, -32768, 0].map(i16::to_le_bytes).concat());
    assert_eq!(data(DType::Int8), [255, 0, 0, 0]);
    assert_eq!(data(DType::Uint8), [255, 0, 0, 0]);
    let text = column("2147483648", DType::Uint8).expect_err("it is beyond int32");
    assert!(text.ends_with("JSON Value: 2147483648 Type: Number is not of expected type: uint8"));
}

#[test]
fn float32_rounds_and_overflows_to_infinity() {
    let tensor = column("[1435774380, 1e39, -1e300, 1e-50, 18446744073709551616, -0, -0.0]", DType::Float32);
    let numbers = floats(&tensor.expect("all are numbers"));
    assert_eq!(numbers[..5], [1_435_774_336.0, f32::INFINITY, f32::NEG_INFINITY, 0.0, 18_446_744_073_709_551_616.0]);
    assert_eq!(numbers[5..].iter().map(|zero| zero.is_sign_negative()).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn float64_is_correctly_rounded() {
    let texts = [
        "0.10000000000000017",
        "123456789012345678",
        "5e-324",
        "1.7976931348623157e308",
        "-0.0",
        "0.000000000000000000000000000000000001",
        "9007199254740993.0",
        "3.14159265358979323846264338327950288",
        "2.2250738585072011e-308",
        "18446744073709551615",
    ];
    let tensor = column(&format!("[{}]", texts.join(",")), DType::Float64).expect("all are numbers");
    let expected = texts.map(|text| text.parse::<f64>().expect("a number").to_le_bytes());
    assert_eq!(tensor.data[..], *expected.concat());
}

#[test]
fn integers_beside_floats_are_taken_for_floats() {
    for (list, expected) in [
        ("[1, 18446744073709551615, -1, 0.5]", [1.0, 18_446_744_073_709_551_615.0, -1.0, 0.5]),
        ("[9223372036854775808, 2, 0.5, 3]", [9_223_372_036_854_775_808.0, 2.0, 0.5, 3.0]),
    ] {
        assert_eq!(floats(&column(list, DType::Float32).expect("all are numbers")), expected);
    }
    let text = column("[1, 0.5]", DType::Int32).expect_err("one is a float");
    assert!(text.ends_with("JSON Value: 0.5 Type: Number is not of expected type: int32"));
}

#[test]
fn bare_words_are_numbers() {
    let numbers = column("[NaN, -NaN, Inf, Infinity, -Inf, -Infinity]", DType::Float32).expect("all are numbers");
    let numbers = floats(&numbers);
    assert!(numbers[..2].iter().all(|number| number.is_nan()));
    assert_eq!(numbers[2..], [f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY]);
}

#[test]
fn base64_is_read_leniently() {
    for text in ["aGVsbG8=", "aGVsbG8", "aGVs bG8=", "\\naGVsbG8=\\t", "aGVsbG8.", "aGVsbG9="] {
        let tensor = read_one(&format!(r#"{{"inputs": {{"b64": "{text}"}}}}"#), DType::String);
        assert_eq!(tensor.strings, ["hello"], "{text}");
    }
}

#[test]
fn damaged_base64_is_refused() {
    for text in ["a", "aGVsbG8==", "aGVsb*8=", "aGVs=bG8", "-_==", "\\u00e9AAA"] {
        let body = format!(r#"{{"inputs": {{"b64": "{text}"}}}}"#);
        assert_eq!(refusal(body, &[("x", DType::String)]), "INVALID_ARGUMENT: Unable to base64 decode", "{text}");
    }
}

#[test]
fn an_object_that_is_no_base64_is_refused() {
    for value in
        ["{\n    \"b64\": 1\n}", "{\n    \"b64\": \"aGk=\",\n    \"c\": 1\n}", "{\n    \"B64\": \"aGk=\"\n}", "{}"]
    {
        assert_eq!(
            column(value, DType::String).expect_err("it is no string"),
            format!("INVALID_ARGUMENT: JSON Value: {value} not formatted correctly for base64 data")
        );
    }
}

#[test]
fn base64_is_for_strings_alone() {
    assert_eq!(
        refusal(r#"{"inputs": {"b64": "aGk="}}"#, &[("x", DType::Float32)]),
        "INVALID_ARGUMENT: JSON Value: {\n    \"b64\": \"aGk=\"\n} Type: Object is not of expected type: float"
    );
}

#[test]
fn a_string_keeps_its_bytes() {
    let body = b"{\"instances\": [\"\xff\xc3\xbf\", \"\\u20ac\\ud83d\\ude00\\u0000\\/\\n\"]}";
    let (inputs, _) = read(body, &[("x", DType::String)]).expect("the body is right");
    assert_eq!(inputs[0].1.strings, [&b"\xff\xc3\xbf"[..], "\u{20ac}\u{1f600}\0/\n".as_bytes()]);
}

#[test]
fn other_dtypes_are_not_converted() {
    for dtype in [DType::Float16, DType::Bfloat16, DType::Uint16, DType::Complex64, DType::Complex128] {
        for value in ["true", "1", "\"a\""] {
            assert_eq!(
                column(value, dtype).expect_err("the dtype is not converted"),
                format!("UNIMPLEMENTED: Conversion of JSON Value: {value} to type: {}", dtype.name())
            );
        }
        assert_eq!(column("[]", dtype).expect("there is nothing to convert").shape, [0]);
    }
}

#[test]
fn a_ragged_list_is_refused_with_the_first_part_that_does_not_fit() {
    let cases = [
        ("[[1, 2], [3, 4, 5]]", "Encountered list at unexpected size: 3 at level: 1 expected size: 2"),
        ("[[1], []]", "Encountered list at unexpected size: 0 at level: 1 expected size: 1"),
        ("[[], [1]]", "Encountered list at unexpected size: 1 at level: 1 expected size: 0"),
        ("[[1, 2], [3, [4]]]", "Encountered list at unexpected level: 2 expected < 2"),
        ("[1, [2]]", "Encountered list at unexpected level: 1 expected < 1"),
        ("[[1, 2], 3]", "JSON Value: 3 found at incorrect level: 2 in the JSON DOM. Expected at level: 2"),
        ("[[[1]], [2.5]]", "JSON Value: 2.5 found at incorrect level: 3 in the JSON DOM. Expected at level: 3"),
        (r#"[["a"], [1, 2]]"#, "JSON Value: \"a\" Type: String is not of expected type: float"),
    ];
    for (value, text) in cases {
        let refused = column(value, DType::Float32).expect_err("it is ragged");
        assert_eq!(refused, format!("INVALID_ARGUMENT: {text}"));
    }
}
