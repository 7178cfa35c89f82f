//! TensorFlow Serving's REST API.

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

/// Status and text of an error, in TensorFlow Serving's form.
fn refusal(answer: &Answer) -> (u16, String) {
    let text = error(answer);
    assert_eq!(answer.body, format!("{{\n    \"error\": {}\n}}", serde_json::Value::from(text.as_str())));
    assert_eq!(answer.header("retry-after"), None);
    (answer.status, text)
}

#[test]
fn what_matches_nothing_is_malformed() {
    let server = Server::empty(&[]);
    for (method, path) in [
        ("GET", "/v1/"),
        ("GET", "/v1/models/m:predict"),
        ("POST", "/v1/models/m:PREDICT"),
        ("POST", "/v1/models/m:predict?x=1"),
        ("PUT", "/v1/models/m:predict"),
        ("DELETE", "/v1/models/m"),
    ] {
        let expected = (400, format!("Malformed request: {method} {path}"));
        assert_eq!(refusal(&server.ask(method, path, &[], b"{}")), expected);
    }
    assert_eq!(refusal(&server.ask("TRACE", "/v1/models/m", &[], b"")).0, 501);
    assert_eq!(refusal(&server.get("/v1/models")), (400, "Missing model name in request.".to_owned()));
}

#[test]
fn a_version_that_is_no_int64_is_answered_without_a_body() {
    let server = Server::empty(&[]);
    for (method, end) in [("GET", ""), ("GET", "/metadata"), ("POST", ":predict")] {
        let path = format!("/v1/models/m/versions/9223372036854775808{end}");
        let answer = server.ask(method, &path, &[], b"{}");
        assert_eq!((answer.status, answer.body.as_str()), (400, ""));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[test]
fn a_preflight_is_answered_by_its_origin() {
    let server = Server::empty(&[]);
    for (headers, status) in
        [(&["origin: http://a"][..], 200), (&["origin: https://b"], 200), (&["origin: null"], 400), (&[], 400)]
    {
        let answer = server.ask("OPTIONS", "/v1/models/m:predict", headers, b"");
        assert_eq!((answer.status, answer.body.as_str()), (status, ""));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[test]
fn cross_origin_requests_are_allowed_by_a_flag() {
    let server = Server::empty(&["--rest_api_enable_cors_support"]);
    for (method, path) in [("GET", "/v1/models/m"), ("OPTIONS", "/v1/models/m:predict"), ("DELETE", "/v1/models/m")] {
        let answer = server.ask(method, path, &[], b"");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-methods"), Some("POST, GET"));
        assert_eq!(answer.header("access-control-allow-headers"), Some("Content-Type"));
    }
}

#[test]
fn no_header_is_added_that_tensorflow_serving_does_not_send() {
    let answer = Server::empty(&[]).get("/v1/models/m");
    let mut names: Vec<&str> = answer.head.lines().skip(1).filter_map(|line| line.split(':').next()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Content-Length", "Content-Type", "Date", "Server"]);
}

#[test]
fn classify_and_regress_are_refused_in_tensorflow_servings_order() {
    let Some(server) = Server::mobilenet(&[]) else { return };
    let examples = b"{\"examples\": [{\"x\": 1.0}]}";
    for (verb, text) in [
        ("classify", "No classification inputs found in SignatureDef: inputs"),
        ("regress", "No regression inputs found in SignatureDef: inputs"),
    ] {
        let ask = |model: &str, body: &[u8]| refusal(&server.post(&format!("/v1/models/{model}:{verb}"), body));
        assert_eq!(ask("none", b"["), (400, "JSON Parse error: Invalid value. at offset: 1".to_owned()));
        assert_eq!(ask("none", examples), (404, "Servable not found for request: Latest(none)".to_owned()));
        let (status, said) = ask("mobilenet", examples);
        assert!(status == 400 && said.starts_with(text), "{said}");
    }
}

#[test]
fn tensors_go_through_a_signature() {
    let Some(server) = Server::mobilenet(&[]) else { return };
    let picture = format!("[{}]", vec![format!("[{}]", vec!["[7,7,7]"; 224].join(",")); 224].join(","));
    let body = format!("{{\"instances\": [{picture}]}}");
    let answer = server.post("/v1/models/mobilenet:predict", body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.starts_with("{\n    \"predictions\": [["));
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body.as_bytes()).unwrap();
    let gzip = encoder.finish().unwrap();
    let path = "/v1/models/mobilenet/versions/1:predict";
    assert_eq!(server.ask("POST", path, &["content-encoding: gzip"], &gzip).body, answer.body);
    let damaged = server.ask("POST", path, &["content-encoding: gzip"], body.as_bytes());
    assert_eq!(refusal(&damaged), (400, "JSON Parse error: The document is empty".to_owned()));
}

#[test]
fn what_is_wrong_with_a_predict_request_comes_in_tensorflow_servings_order() {
    let Some(server) = Server::mobilenet(&[]) else { return };
    for (model, body, status, text) in [
        ("none", "[", 400, "JSON Parse error: Invalid value. at offset: 1"),
        ("none", "{}", 404, "Servable not found for request: Latest(none)"),
        ("mobilenet/labels/none", "{}", 400, "Unrecognized servable version label: none"),
        ("mobilenet", "{\"signature_name\": \"s\"}", 400, "Serving signature name: \"s\" not found in signature def"),
        ("mobilenet", "{}", 400, "Missing 'inputs' or 'instances' key"),
    ] {
        let answer = server.post(&format!("/v1/models/{model}:predict"), body.as_bytes());
        assert_eq!(refusal(&answer), (status, text.to_owned()));
    }
}

#[test]
fn a_target_may_name_the_server() {
    let Some(server) = Server::mobilenet(&[]) else { return };
    assert_eq!(server.get("http://localhost/v1/models/mobilenet/versions/1").status, 200);
}

#[test]
fn status_tells_of_versions() {
    let Some(server) = Server::mobilenet(&[]) else { return };
    for path in ["", "/versions/1", "/labels/none"] {
        let answer = server.get(&format!("/v1/models/mobilenet{path}"));
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.body,
            "{\n \"model_version_status\": [\n  {\n   \"version\": \"1\",\n   \"state\": \"AVAILABLE\",\n   \
             \"status\": {\n    \"error_code\": \"OK\",\n    \"error_message\": \"\"\n   }\n  }\n ]\n}\n"
        );
    }
    for (path, text) in [
        ("none", "Could not find any versions of model none"),
        ("mobilenet?x=1", "Could not find any versions of model mobilenet?x=1"),
        ("mobilenet/versions/7", "Could not find version 7 of model mobilenet"),
    ] {
        assert_eq!(refusal(&server.get(&format!("/v1/models/{path}"))), (404, text.to_owned()));
    }
}

#[test]
fn metadata_tells_of_signatures() {
    let Some(server) = Server::mobilenet(&[]) else { return };
    let answer = server.get("/v1/models/mobilenet/metadata");
    assert_eq!(answer.status, 200);
    let value: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(value["model_spec"]["version"], "1");
    assert!(value["metadata"]["signature_def"]["signature_def"]["serving_default"].is_object());
    for (path, status, text) in [
        ("none", 404, "Servable not found for request: Latest(none)"),
        ("mobilenet/versions/7", 404, "Servable not found for request: Specific(mobilenet, 7)"),
        ("mobilenet/labels/none", 400, "Unrecognized servable version label: none"),
    ] {
        assert_eq!(refusal(&server.get(&format!("/v1/models/{path}/metadata"))), (status, text.to_owned()));
    }
}
