use super::*;

fn spec(name: &str, version: Option<i64>, label: Option<&str>) -> ModelSpec {
    ModelSpec { name: name.to_owned(), version, label: label.map(str::to_owned) }
}

#[test]
fn a_post_asks_for_a_run() {
    let routes = [
        ("/v1/models/m:predict", Verb::Predict, spec("m", None, None)),
        ("/v1/models/m/versions/7:predict", Verb::Predict, spec("m", Some(7), None)),
        ("/v1/models/m/versions/00000123:classify", Verb::Classify, spec("m", Some(123), None)),
        ("/v1/models/m/labels/stable:regress", Verb::Regress, spec("m", None, Some("stable"))),
        ("/V1/MODELS/M/Versions/1:predict", Verb::Predict, spec("M", Some(1), None)),
        ("/v1/models/a%2Fb%3Ac%20d:predict", Verb::Predict, spec("a/b:c d", None, None)),
        ("/v1/models/%e2%82%ac:predict", Verb::Predict, spec("€", None, None)),
        ("/v1/models/%zz%:predict", Verb::Predict, spec("%zz%", None, None)),
        ("/v1/models/m/labels/a%2fb:predict", Verb::Predict, spec("m", None, Some("a/b"))),
        ("/v1/models/m?x=1:predict", Verb::Predict, spec("m?x=1", None, None)),
        ("/v1/models/m/versions/9223372036854775807:predict", Verb::Predict, spec("m", Some(i64::MAX), None)),
    ];
    for (path, verb, spec) in routes {
        assert_eq!(read(&Method::POST, path), Ok((verb, spec)), "{path}");
    }
}

#[test]
fn a_get_asks_for_status_or_metadata() {
    let routes = [
        ("/v1/models/m", Verb::Status, spec("m", None, None)),
        ("/v1/models/m/versions/7", Verb::Status, spec("m", Some(7), None)),
        ("/v1/models/m/labels/stable", Verb::Status, spec("m", None, Some("stable"))),
        ("/v1/models/m/metadata", Verb::Metadata, spec("m", None, None)),
        ("/v1/models/m/versions/7/metadata", Verb::Metadata, spec("m", Some(7), None)),
        ("/v1/models/m/labels/stable/metadata", Verb::Metadata, spec("m", None, Some("stable"))),
        ("/v1/models/m/METADATA", Verb::Status, spec("m", None, None)),
        ("/v1/models/m?x=1", Verb::Status, spec("m?x=1", None, None)),
        ("/v1/models/metadata", Verb::Status, spec("metadata", None, None)),
        ("/v1/models/m/labels/metadata", Verb::Status, spec("m", None, Some("metadata"))),
    ];
    for (path, verb, spec) in routes {
        assert_eq!(read(&Method::GET, path), Ok((verb, spec)), "{path}");
    }
}

#[test]
fn anything_else_is_malformed() {
    let posts = [
        "/v1/models/m",
        "/v1/models/m:PREDICT",
        "/v1/models/m:Classify",
        "/v1/models/m:train",
        "/v1/models/m:predict/",
        "/v1/models/m:predict?x=1",
        "/v1/models/:predict",
        "/v1/models//m:predict",
        "/v1//models/m:predict",
        "/v1/modelsm:predict",
        "/v1/models/m/versions/:predict",
        "/v1/models/m/versions/x:predict",
        "/v1/models/m/versions/-1:predict",
        "/v1/models/m/versions/1/labels/a:predict",
        "/v1/models/m/labels/a/versions/1:predict",
        "/v1/models/m/labels/:predict",
        "/v1/models/a:b:predict",
        "/v1/",
        "/v1/mödels",
    ];
    let gets = [
        "/v1/",
        "/v1/models/",
        "/v1/models/m/",
        "/v1/models/m:predict",
        "/v1/models/m/metadata/",
        "/v1/models/m/metadata?x=1",
        "/v1/models/m/versions/1?x",
        "/v1/modelsx",
        "/v1/other",
    ];
    let others = [(Method::PUT, "/v1/models/m"), (Method::DELETE, "/v1/models/m"), (Method::HEAD, "/v1/models/m")];
    let all = posts.map(|path| (Method::POST, path)).into_iter().chain(gets.map(|path| (Method::GET, path)));
    for (method, path) in all.chain(others) {
        assert_eq!(read(&method, path), Err(Fault::Malformed), "{method} {path}");
    }
}

#[test]
fn a_model_without_a_name_is_missing() {
    for path in ["/v1/models", "/V1/Models", "/v1/models/versions/1", "/v1/models/labels/a/metadata"] {
        assert_eq!(read(&Method::GET, path), Err(Fault::NoName), "{path}");
    }
}

#[test]
fn a_version_with_too_many_digits_has_a_fault_of_its_own() {
    for version in ["9223372036854775808".to_owned(), "9".repeat(1000)] {
        for (method, end) in [(Method::GET, ""), (Method::GET, "/metadata"), (Method::POST, ":predict")] {
            let path = format!("/v1/models/m/versions/{version}{end}");
            assert_eq!(read(&method, &path), Err(Fault::UnreadableVersion(version.clone())));
        }
    }
}

#[test]
fn only_what_is_under_v1_is_routed() {
    assert!(["/v1/", "/V1/x", "/v1/models"].into_iter().all(is_routed));
    assert!(!["/v1", "/v2/models", "/", "", "/predict", "/v10/models", "//v1/models"].into_iter().any(is_routed));
}
