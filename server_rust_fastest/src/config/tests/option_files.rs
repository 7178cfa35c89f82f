use std::fs;

use super::{http, parsed, refused_by_model_server};

fn monitoring_path(text: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("monitoring.txt");
    fs::write(&file, text).expect("a file");
    http(&parsed(&[&format!("--monitoring_config_file={}", file.display())])).monitoring_path.clone()
}

#[test]
fn monitoring_is_where_the_file_says() {
    let default = Some("/monitoring/prometheus/metrics".to_owned());
    assert_eq!(monitoring_path("prometheus_config { enable: true }"), default);
    assert_eq!(monitoring_path("prometheus_config: { enable: true, path: \"\" }"), default);
    assert_eq!(monitoring_path("prometheus_config { enable: true path: \"/metrics\" }"), Some("/metrics".to_owned()));
    assert_eq!(monitoring_path("prometheus_config { path: \"/metrics\" }"), None);
    assert_eq!(monitoring_path(""), None);
}

#[test]
fn a_monitoring_file_that_cannot_be_read_is_named() {
    assert_eq!(
        refused_by_model_server(&["--rest_api_port=1", "--monitoring_config_file=/no/file.txt"]),
        "NOT_FOUND: /no/file.txt; No such file or directory"
    );
}

#[test]
fn a_monitoring_file_that_says_something_else_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("monitoring.txt");
    fs::write(&file, "no such message").expect("a file");
    let flag = format!("--monitoring_config_file={}", file.display());
    assert_eq!(
        refused_by_model_server(&["--rest_api_port=1", &flag]),
        format!("INVALID_ARGUMENT: Invalid protobuf file: '{}'", file.display())
    );
}
