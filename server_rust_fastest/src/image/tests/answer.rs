use super::super::{Class, answer_json};

fn class(class: usize, label: Option<&str>, score: f64) -> Class {
    Class { class, label: label.map(str::to_owned), score }
}

fn score_json(score: f64) -> String {
    let json = answer_json("m", 1, &[class(0, None, score)]);
    let (_, rest) = json.split_once("\"score\": ").expect("a score");
    rest.trim_end_matches("}]}\n").to_owned()
}

#[test]
fn the_answer_is_json_on_a_line() {
    let classes = [class(285, Some("Egyptian cat"), 0.66), class(281, Some("tabby"), 0.25)];
    assert_eq!(
        answer_json("mobilenet", 1, &classes),
        "{\"model\": \"mobilenet\", \"version\": \"1\", \"predictions\": [{\"class\": 285, \"label\": \"Egyptian cat\", \
         \"score\": 0.66}, {\"class\": 281, \"label\": \"tabby\", \"score\": 0.25}]}\n"
    );
}

#[test]
fn a_class_without_a_label_has_none() {
    assert_eq!(
        answer_json("m", 2, &[class(0, None, 1.0)]),
        "{\"model\": \"m\", \"version\": \"2\", \"predictions\": [{\"class\": 0, \"score\": 1.0}]}\n"
    );
}

#[test]
fn labels_are_utf8_with_only_what_must_be_escaped() {
    let json = answer_json("m", 1, &[class(0, Some("grå \"a\\b\"\n\u{1}\u{7f}"), 0.5)]);
    assert!(json.contains("\"grå \\\"a\\\\b\\\"\\n\\u0001\u{7f}\""), "{json}");
}

#[test]
fn scores_are_written_as_python_writes_them() {
    let written = [0.0, -0.0, 1.0, 0.123_457, 0.0001, 0.000_012, 1e-6, 12.5, 1e15, 1e16, -1.5e20].map(score_json);
    assert_eq!(
        written,
        [
            "0.0",
            "-0.0",
            "1.0",
            "0.123457",
            "0.0001",
            "1.2e-05",
            "1e-06",
            "12.5",
            "1000000000000000.0",
            "1e+16",
            "-1.5e+20"
        ]
    );
}

#[test]
fn what_json_does_not_have_is_null() {
    assert_eq!([f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(score_json), ["null"; 3]);
}
