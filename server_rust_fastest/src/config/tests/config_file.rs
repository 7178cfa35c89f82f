use std::fs;
use std::path::{Path, PathBuf};

use crate::config::text_file::parse;
use crate::config::{model_configs, read_model_configs};
use crate::error::{Code, Result};
use crate::protos::tensorflow::serving::ModelServerConfig;
use crate::real::shared_data;
use crate::settings::{ModelConfig, VersionPolicy};

fn read(text: &str) -> Result<Option<Vec<ModelConfig>>> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("models.config");
    fs::write(&file, text).expect("a file");
    read_model_configs(&file)
}

fn read_model(fields: &str) -> ModelConfig {
    let list = format!(r#"model_config_list {{ config {{ name: "m" base_path: "/models/m" {fields} }} }}"#);
    let mut configs = read(&list).expect("a config").expect("a list");
    configs.remove(0)
}

fn refusal(model: &str) -> String {
    let refused = read(&format!("model_config_list {{ config {{ {model} }} }}")).expect_err("a refusal");
    assert_eq!(refused.code, Code::InvalidArgument);
    refused.text
}

fn fault(text: &[u8]) -> String {
    parse::<ModelServerConfig>(text, "tensorflow.serving.ModelServerConfig").expect_err("a fault")
}

fn shared(name: &str) -> Option<PathBuf> {
    shared_data(&format!("tfserving/{name}"))
}

#[test]
fn models_of_tensorflow_servings_own_file() {
    let Some(file) = shared("good_model_config.txt") else { return };
    let text = fs::read_to_string(file).expect("a text");
    let text = text.replace("${TEST_HALF_PLUS_TWO_DIR}", "/two").replace("${TEST_HALF_PLUS_THREE_DIR}", "/three");
    let configs = read(&text).expect("a config").expect("a list");
    let models: Vec<_> = configs.iter().map(|config| (config.name.as_str(), config.base_path.as_path())).collect();
    assert_eq!(models, [("half_plus_two", Path::new("/two")), ("half_plus_three", Path::new("/three"))]);
}

#[test]
fn tensorflow_servings_own_bad_file() {
    let Some(file) = shared("bad_model_config.txt") else { return };
    let refused = read_model_configs(&file).expect_err("a refusal");
    assert_eq!(refused.status(), format!("INVALID_ARGUMENT: Invalid protobuf file: '{}'", file.display()));
}

#[test]
fn a_fault_is_told_with_its_place() {
    let list = "model_config_list {\n  config { nam: \"m\" } }";
    assert_eq!(fault(list.as_bytes()), "2:12: field 'nam' not found for message 'tensorflow.serving.ModelConfig'");
    assert!(fault(b"improperly formatted").starts_with("1:12: "));
    assert!(fault(b"model_config_list {").starts_with("1:20: "));
    assert!(fault(b"model_config_list {} model_config_list {}").starts_with("1:40: "));
    assert_eq!(fault(b"# gr\xe5\n"), "1:5: the text is not UTF-8");
    assert_eq!(fault(b"# 1\n# gr\xe5"), "2:5: the text is not UTF-8");
    assert!(!fault(b"model_config_list: \"a\n\"").contains('\n'));
}

#[test]
fn version_policies() {
    for (policy, expected) in [
        ("", VersionPolicy::Latest(1)),
        ("model_version_policy {}", VersionPolicy::Latest(1)),
        ("model_version_policy { latest {} }", VersionPolicy::Latest(1)),
        ("model_version_policy { latest { num_versions: 0 } }", VersionPolicy::Latest(1)),
        ("model_version_policy { latest { num_versions: 3 } }", VersionPolicy::Latest(3)),
        ("model_version_policy { all {} }", VersionPolicy::All),
        ("model_version_policy { specific { versions: 7 versions: 9 } }", VersionPolicy::Specific(vec![7, 9])),
        ("model_version_policy { specific { versions: [7, 9] } }", VersionPolicy::Specific(vec![7, 9])),
    ] {
        assert_eq!(read_model(&format!(r#"model_platform: "tensorflow" {policy}"#)).policy, expected);
    }
}

#[test]
fn version_labels() {
    let labels = r#"version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 2 }"#;
    let labels = read_model(&format!(r#"model_platform: "tensorflow" {labels}"#)).labels;
    assert_eq!(labels, [("stable".to_owned(), 1), ("canary".to_owned(), 2)].into());
}

#[test]
fn the_deprecated_model_type_is_a_platform() {
    assert_eq!(read_model("model_type: TENSORFLOW").platform, "tensorflow");
}

#[test]
fn a_platform_that_is_not_served_is_for_the_manager_to_refuse() {
    assert_eq!(read_model(r#"model_platform: "pytorch""#).platform, "pytorch");
}

#[test]
fn models_that_no_server_could_serve_are_refused() {
    for (model, text) in [
        (
            r#"name: "m" base_path: "/m""#,
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor \
             ModelServerConfig::model_platform, model name is m",
        ),
        (
            r#"name: "m" base_path: "/m" model_platform: "tensorflow" model_type: TENSORFLOW"#,
            "Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform.",
        ),
        (r#"name: "m" base_path: "/m" model_type: OTHER"#, "ModelServerConfig::model_type choice 2 not supported."),
        (
            r#"name: "m" base_path: "models/m" model_platform: "tensorflow""#,
            "Expected model m to have an absolute path or URI; got base_path()=models/m",
        ),
        (r#"name: "m""#, "Expected model m to have an absolute path or URI; got base_path()="),
    ] {
        assert_eq!(refusal(model), text);
    }
}

#[test]
fn a_file_that_says_nothing_is_no_list() {
    assert_eq!(read(""), Ok(None));
    assert_eq!(read("# no model yet\n"), Ok(None));
}

#[test]
fn a_list_may_be_empty() {
    assert_eq!(read("model_config_list {}"), Ok(Some(vec![])));
}

#[test]
fn a_missing_file_is_named() {
    let refused = read_model_configs(Path::new("/no/models.config")).expect_err("a refusal");
    assert_eq!(refused.status(), "NOT_FOUND: /no/models.config; No such file or directory");
}

#[test]
fn a_folder_is_no_file() {
    let refused = read_model_configs(Path::new("/")).expect_err("a refusal");
    assert_eq!(refused.status(), "FAILED_PRECONDITION: /; Is a directory");
}

#[test]
fn a_custom_config_is_refused_in_a_file_and_no_list_in_a_request() {
    let refused = read("custom_model_config {}").expect_err("a refusal");
    assert_eq!(refused.status(), "UNIMPLEMENTED: ModelServer does not yet support custom model config.");
    let config: ModelServerConfig =
        parse(b"custom_model_config {}", "tensorflow.serving.ModelServerConfig").expect("a config");
    assert_eq!(model_configs(&config), Ok(None));
}
