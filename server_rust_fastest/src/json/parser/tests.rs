use crate::error::Error;
use crate::json::PredictRequest;
use crate::json::tests::{read_one, refusal};
use crate::tensor::DType;

fn fault(body: &[u8]) -> String {
    let error = PredictRequest::parse(body.to_vec().into()).err().expect("the body is wrong");
    error.text.strip_prefix("JSON Parse error: ").expect("a parse error").to_owned()
}

#[test]
fn a_body_that_is_no_json_is_refused_with_place_and_reason() {
    let too_long = format!(r#"{{"a": {}}}"#, "9".repeat(400));
    let cases: &[(&[u8], &str)] = &[
        (b"", "The document is empty"),
        (b" \n", "The document is empty. at offset: 2"),
        (b"\x00", "The document is empty. at offset: 0"),
        (b"\xef\xbb\xbf", "The document is empty. at offset: 3"),
        (b"tru", "Invalid value. at offset: 3"),
        (b"x", "Invalid value. at offset: 0"),
        (b"{", "Missing a name for object member. at offset: 1"),
        (b"{1:2}", "Missing a name for object member. at offset: 1"),
        (b"{\"a\":1,}", "Missing a name for object member. at offset: 7"),
        (b"{\"a\" 1}", "Missing a colon after a name of object member. at offset: 5"),
        (b"{\"a\":1 \"b\"}", "Missing a comma or '}' after an object member. at offset: 7"),
        (b"{\"a\":[1 2]}", "Missing a comma or ']' after an array element. at offset: 8"),
        (b"{\"a\":[1,]}", "Invalid value. at offset: 8"),
        (b"{\"a\":[1", "Missing a comma or ']' after an array element. at offset: 7"),
        (b"{\"a\": tru}", "Invalid value. at offset: 9"),
        (b"{\"a\": nan}", "Invalid value. at offset: 7"),
        (b"{\"a\":In}", "Invalid value. at offset: 7"),
        (b"{\"a\":Infinitx}", "Invalid value. at offset: 12"),
        (b"{\"a\":Infx}", "Missing a comma or '}' after an object member. at offset: 8"),
        (b"{\"a\": --1}", "Invalid value. at offset: 7"),
        (b"{\"a\": +1}", "Invalid value. at offset: 6"),
        (b"{\"a\": .5}", "Invalid value. at offset: 6"),
        (b"{\"a\": 01}", "Missing a comma or '}' after an object member. at offset: 7"),
        (b"{\"a\": 1.}", "Miss fraction part in number. at offset: 8"),
        (b"{\"a\": 1e}", "Miss exponent in number. at offset: 8"),
        (b"{\"a\": 1e400}", "Number too big to be stored in double. at offset: 6"),
        (b"{\"a\": 0e400}", "Number too big to be stored in double. at offset: 6"),
        (too_long.as_bytes(), "Number too big to be stored in double. at offset: 6"),
        (b"{\"a\": \"\\x\"}", "Invalid escape character in string. at offset: 7"),
        (b"{\"a\": \"\\u12\"}", "Incorrect hex digit after \\u escape in string. at offset: 7"),
        (b"{\"a\": \"\\ud800\"}", "The surrogate pair in string is invalid. at offset: 7"),
        (b"{\"a\": \"\\ud800\\u0041\"}", "The surrogate pair in string is invalid. at offset: 7"),
        (b"{\"a\": \"\\udc00\"}", "The surrogate pair in string is invalid. at offset: 7"),
        (b"{\"a\": \"\n\"}", "Invalid encoding in string. at offset: 7"),
        (b"{\"a\": \"b", "Missing a closing quotation mark in string. at offset: 8"),
        (b"{\"a\": \"b\x00\"}", "Missing a closing quotation mark in string. at offset: 8"),
        (b"\xff{\"a\": 1}", "Invalid value. at offset: 0"),
        (b"{\"\xe9\": \"\xe9\" x}", "Missing a comma or '}' after an object member. at offset: 10"),
        (b"\xef\xbb\xbf{\"a\" 1}", "Missing a colon after a name of object member. at offset: 8"),
    ];
    for (body, expected) in cases {
        assert_eq!(fault(body), *expected, "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn a_fault_in_a_long_list_of_numbers_is_told_with_its_place() {
    let before = "0.5, ".repeat(20_000);
    let cases = [
        ("1 2", "Missing a comma or ']' after an array element.", 2),
        ("--1", "Invalid value.", 1),
        ("1.", "Miss fraction part in number.", 2),
        ("01", "Missing a comma or ']' after an array element.", 1),
        ("1,", "Invalid value.", 2),
        ("1e999", "Number too big to be stored in double.", 0),
    ];
    for (damage, reason, place) in cases {
        let body = format!(r#"{{"instances": [{before}{damage}]}}"#);
        let place = body.len() - damage.len() - 2 + place;
        assert_eq!(fault(body.as_bytes()), format!("{reason} at offset: {place}"));
    }
}

#[test]
fn a_body_that_is_no_object_is_refused() {
    for (body, shown) in [("[1]", "[\n    1\n]"), ("1", "1"), ("1.5", "1.5"), ("null", "null"), ("\"a\"", "\"a\"")] {
        assert_eq!(refusal(body, &[]), format!("INVALID_ARGUMENT: JSON Value: {shown} Is not object"));
    }
}

#[test]
fn what_follows_the_first_value_is_ignored() {
    for behind in [&b"x"[..], b"}", b"{\"a\": 2}", b" \n\t garbage", b"\x00", b"\xff"] {
        let body = [b"{\"a\": 1}", behind].concat();
        assert!(PredictRequest::parse(body.into()).is_ok());
    }
}

#[test]
fn of_repeated_names_the_first_counts() {
    let many = (0..20).map(|number| format!(r#""k{number}": 0, "inputs": 3, "#)).collect::<Vec<_>>().concat();
    for between in ["", many.as_str()] {
        let body = format!(r#"{{"a": 0, "inputs": 1, {between}"\u0069nputs": 2}}"#);
        assert_eq!(read_one(&body, DType::Uint8).data[..], [1]);
    }
}

#[test]
fn lists_and_objects_may_be_nested_deeply() {
    for (begin, end) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}0{}", begin.repeat(500_000), end.repeat(500_000));
        assert!(PredictRequest::parse(format!(r#"{{"a": {deep}}}"#).into()).is_ok());
    }
    assert!(fault(&b"[".repeat(2_000_000)).contains("nested deeper than 1000000 levels. at offset: 1000000"));
}

#[test]
fn the_signature_name_may_be_left_out() {
    let name = |body: &'static str| {
        let request = PredictRequest::parse(body.into()).expect("the body is right");
        request.signature_name().map(str::to_owned)
    };
    assert_eq!(name("{}"), None);
    assert_eq!(name(r#"{"signature_name": ""}"#), None);
    assert_eq!(name(r#"{"signature_name": "\u0073"}"#).as_deref(), Some("s"));
}

#[test]
fn a_signature_name_that_is_no_string_is_refused() {
    for name in ["5", "null", "[]", "{}", "true"] {
        assert_eq!(
            refusal(format!(r#"{{"signature_name": {name}}}"#), &[]),
            format!(
                "INVALID_ARGUMENT: JSON Value: {{\n    \"signature_name\": {name}\n}} not formatted correctly. \
                 'signature_name' key must be a string value."
            )
        );
    }
}

#[test]
fn memory_is_asked_for_before_it_is_taken() {
    let few = "0,".repeat(100_000);
    for body in [format!("[{few}0]"), format!("[{few}\"\"]"), "[".repeat(100_000), r#"{"a":"#.repeat(100_000)] {
        let mut left = 500_000;
        let refused = PredictRequest::parse_within(body.clone().into(), &mut |bytes| {
            left = usize::checked_sub(left, bytes).ok_or_else(|| Error::too_large("too much"))?;
            Ok(())
        });
        let error = refused.err().expect("it takes more");
        assert_eq!(error, Error::too_large("too much"), "{}", &body[..9]);
    }
}
