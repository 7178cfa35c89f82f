use crate::json::parser;

fn shown(body: &str) -> String {
    let document = parser::parse(body.as_bytes().to_vec().into(), &mut |_| true).expect("it is JSON");
    super::value_text(document.root())
}

#[test]
fn values_are_pretty_printed() {
    for (body, text) in [
        ("null", "null"),
        ("true", "true"),
        ("-5", "-5"),
        ("18446744073709551615", "18446744073709551615"),
        ("1.0", "1.0"),
        ("0.1", "0.1"),
        ("0.33333333333333333", "0.333333343"),
        ("1e300", "1e+300"),
        ("\"a\\u000a\\u001f\u{20ac}\"", "\"a\\n\\u001f\u{20ac}\""),
        ("[]", "[]"),
        ("{}", "{}"),
        ("[1,[2.5],{}]", "[\n    1,\n    [\n        2.5\n    ],\n    {}\n]"),
        (r#"{"a":{"b":null},"c":1,"a":2}"#, "{\n    \"a\": {\n        \"b\": null\n    },\n    \"c\": 1\n}"),
    ] {
        assert_eq!(shown(body), text);
    }
}

#[test]
fn floats_within_a_value_are_placed_as_rapidjson_does() {
    for (number, text) in [
        ("0.33333333333333333", "0.3333333333333333"),
        ("1e20", "100000000000000000000.0"),
        ("1.5e16", "15000000000000000.0"),
        ("1e21", "1e21"),
        ("-1.25e30", "-1.25e30"),
        ("1e-5", "0.00001"),
        ("-1.5e-6", "-0.0000015"),
        ("1e-7", "1e-7"),
        ("1.5e-300", "1.5e-300"),
        ("-0.0", "-0.0"),
        ("123.25", "123.25"),
        ("NaN", "NaN"),
        ("-Inf", "-Infinity"),
    ] {
        assert_eq!(shown(&format!("[{number}]")), format!("[\n    {text}\n]"));
        assert_eq!(shown(&format!("[{number}, null]")), format!("[\n    {text},\n    null\n]"));
    }
}

#[test]
fn long_and_deep_values_are_cut() {
    let values = [
        format!("[{}1]", "0.5,".repeat(1_000_000)),
        format!("\"{}\"", "\u{e9}".repeat(1_000_000)),
        format!("{{\"{}\": 1}}", "k".repeat(1000)),
        format!("{}{}", "[".repeat(500_000), "]".repeat(500_000)),
    ];
    for value in values {
        assert_eq!(shown(&value).chars().count(), 256);
    }
}

#[test]
fn a_byte_that_is_no_utf8_is_one_character() {
    assert_eq!(super::lossy(b"a\xff\xe2\x82b"), "a\u{fffd}\u{fffd}\u{fffd}b");
}
