use std::env::current_dir;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use std::time::Duration;

use super::{
    ended, grpc, http, model, model_server, parsed, parsed_by_model_server, parsed_in, refused,
    refused_by_model_server, refused_in,
};
use crate::settings::{LogLevel, RuntimeOptions};

fn runtime(flags: &[&str]) -> RuntimeOptions {
    parsed(flags).runtime
}

#[test]
fn defaults_of_serve() {
    let settings = parsed(&[]);
    assert_eq!(model(&settings), ("model", PathBuf::from("/models/model")));
    assert_eq!(http(&settings).bind_address, "");
    assert_eq!(http(&settings).timeout, Some(Duration::from_secs(30)));
    assert_eq!(http(&settings).limit_bytes, 32 * 1024 * 1024);
    assert_eq!((settings.runtime.threads, settings.runtime.library), (1, None));
    assert_eq!(settings.runtime.instances, available_parallelism().expect("CPUs").get());
    assert!(settings.grpc_health && !settings.tensor_content);
    assert_eq!((settings.image.max_pixels, settings.image.size), (100_000_000, 224));
    assert_eq!((settings.image.labels, settings.image.mean, settings.image.std), (None, None, None));
    assert_eq!((settings.log_level, settings.requests_at_once), (LogLevel::Info, 64));
}

#[test]
fn defaults_of_tensorflow_model_server_are_tensorflow_servings() {
    let settings = parsed_by_model_server(&[]);
    assert_eq!(model(&settings), ("default", PathBuf::from("/models/m")));
    assert!(settings.http.is_none() && !settings.grpc_health && !settings.check_method_names);
    let models = settings.models;
    assert_eq!((models.version_poll, models.config_file_poll), (Some(Duration::from_secs(1)), None));
    assert_eq!((models.load_retries, models.load_retry_interval), (5, Duration::from_secs(60)));
    assert_eq!((models.warmup, models.warmup_iterations, models.labels_for_unavailable), (true, 1, false));
}

#[test]
fn every_flag_of_the_models_does_what_it_says() {
    let models = parsed(&[
        "--model_config_file=models.config",
        "--model_config_file_poll_wait_seconds=7",
        "--file_system_poll_wait_seconds=-1",
        "--allow_version_labels_for_unavailable_models",
        "--max_num_load_retries=2",
        "--load_retry_interval_micros=1500000",
        "--enable_model_warmup=false",
        "--num_request_iterations_for_warmup=3",
    ])
    .models;
    assert_eq!(models.config_file.as_deref(), Some(Path::new("models.config")));
    assert!(models.configs.is_empty());
    assert_eq!((models.config_file_poll, models.version_poll), (Some(Duration::from_secs(7)), None));
    assert_eq!((models.load_retries, models.load_retry_interval), (2, Duration::from_millis(1500)));
    assert_eq!((models.warmup, models.warmup_iterations, models.labels_for_unavailable), (false, 3, true));
}

#[test]
fn numbers_below_zero_are_none() {
    let models = parsed(&[
        "--file_system_poll_wait_seconds=0",
        "--model_config_file_poll_wait_seconds=-1",
        "--max_num_load_retries=-1",
        "--load_retry_interval_micros=-1",
        "--num_request_iterations_for_warmup=-1",
    ])
    .models;
    assert_eq!((models.version_poll, models.config_file_poll), (Some(Duration::ZERO), None));
    assert_eq!((models.load_retries, models.load_retry_interval), (0, Duration::ZERO));
    assert_eq!(models.warmup_iterations, 1);
}

#[test]
fn every_flag_of_the_protocols_does_what_it_says() {
    let settings = parsed(&[
        "--bind_address=127.0.0.1",
        "--rest_api_timeout_in_ms=1500",
        "--rest_api_enable_cors_support",
        "--max_body_bytes=1000",
        "--enable_grpc_healthcheck_service=false",
        "--enable_serialization_as_tensor_content",
    ]);
    assert_eq!((http(&settings).timeout, http(&settings).cors), (Some(Duration::from_millis(1500)), true));
    assert_eq!((http(&settings).limit_bytes, http(&settings).bind_address.as_str()), (1000, "127.0.0.1"));
    assert_eq!(grpc(&settings).bind_address, "127.0.0.1");
    assert!(!settings.grpc_health && settings.tensor_content);
}

#[test]
fn every_limit_does_what_it_says() {
    let settings = parsed(&[
        "--max_rest_body_bytes=1",
        "--max_body_bytes_at_once=2",
        "--max_connections=3",
        "--request_head_timeout_s=0.5",
        "--request_body_timeout_s=5",
        "--response_send_timeout_s=6",
    ]);
    assert_eq!((http(&settings).rest_limit_bytes, settings.limits.bytes_at_once), (1, 2));
    assert_eq!(
        (settings.limits.connections, settings.limits.head_timeout),
        (Some(3), Some(Duration::from_millis(500)))
    );
    assert_eq!(settings.limits.body_timeout, Some(Duration::from_secs(5)));
    assert_eq!(settings.limits.send_timeout, Some(Duration::from_secs(6)));
    let unset = parsed(&[]);
    assert_eq!((http(&unset).rest_limit_bytes, unset.limits.bytes_at_once), (100 << 20, 256 << 20));
    assert_eq!((unset.limits.connections, unset.limits.head_timeout), (None, Some(Duration::from_secs(10))));
    assert_eq!(unset.limits.body_timeout, Some(Duration::from_secs(60)));
    assert_eq!(unset.limits.send_timeout, Some(Duration::from_secs(30)));
}

#[test]
fn a_time_of_0_is_without_bound() {
    let flags = ["--request_head_timeout_s=0", "--request_body_timeout_s=0", "--response_send_timeout_s=0"];
    let limits = parsed(&flags).limits;
    assert_eq!((limits.head_timeout, limits.body_timeout, limits.send_timeout), (None, None, None));
}

#[test]
fn without_a_positive_timeout_there_is_no_bound() {
    for flag in ["--rest_api_timeout_in_ms=0", "--rest_api_timeout_in_ms=-1"] {
        assert_eq!(http(&parsed(&[flag])).timeout, None);
    }
}

#[test]
fn every_flag_of_the_runtime_does_what_it_says() {
    let options = runtime(&["--num_tflite_pools=3", "--threads_per_run=2", "--litert_library=/l.so"]);
    assert_eq!((options.instances, options.threads, options.library), (3, 2, Some("/l.so".into())));
    assert_eq!(runtime(&["--tensorflow_session_parallelism=3"]).threads, 3);
    assert_eq!(runtime(&["--tensorflow_intra_op_parallelism=2", "--tensorflow_inter_op_parallelism=4"]).threads, 2);
    assert_eq!(runtime(&["--tensorflow_inter_op_parallelism=4"]).threads, 0);
    assert_eq!(runtime(&["--tensorflow_session_parallelism=-1"]).threads, 1);
}

#[test]
fn session_and_both_op_parallelisms_exclude_each_other() {
    let said = refused_by_model_server(&[
        "--tensorflow_session_parallelism=1",
        "--tensorflow_intra_op_parallelism=1",
        "--tensorflow_inter_op_parallelism=1",
    ]);
    assert!(said.ends_with("separately. You cannot configure all."));
}

#[test]
fn a_batching_file_without_batching_is_refused() {
    let text = "server_options.batching_parameters_file is set without setting server_options.enable_batching to true.";
    let flag = "--batching_parameters_file=/b.txt";
    assert_eq!(refused_by_model_server(&[flag]), format!("INVALID_ARGUMENT: {text}"));
    let by_http_alone = refused_in(&[("PORT", "8080")], &[flag]);
    assert!(by_http_alone.ends_with(&format!("firstserve serve: error: {text}\n")));
}

#[test]
fn tls_is_refused_with_the_remedy() {
    let said = refused_by_model_server(&["--ssl_config_file=/ssl.txt"]);
    assert!(said.starts_with("UNIMPLEMENTED: --ssl_config_file: TLS is not spoken here: put a proxy in front"));
}

#[test]
fn method_names_log_level_and_requests_at_once_are_settings() {
    let settings = parsed(&["--enable_signature_method_name_check", "--log_level=debug", "--max_requests_at_once=3"]);
    assert_eq!(
        (settings.check_method_names, settings.log_level, settings.requests_at_once),
        (true, LogLevel::Debug, 3)
    );
}

#[test]
fn the_base_path_of_a_container_holds_models_by_their_names() {
    let base_path = |environment: &[(&str, &str)], flags: &[&str]| model(&parsed_in(environment, flags)).1;
    assert_eq!(base_path(&[("MODEL_NAME", "half_plus_two")], &[]), Path::new("/models/half_plus_two"));
    let environment = [("MODEL_NAME", "a"), ("MODEL_BASE_PATH", "/data")];
    assert_eq!(base_path(&environment, &[]), Path::new("/data/a"));
    assert_eq!(base_path(&environment, &["--model_base_path=/x"]), Path::new("/x"));
}

#[test]
fn a_relative_base_path_is_under_the_working_directory() {
    let here = current_dir().expect("a working directory");
    assert_eq!(model(&parsed(&["--model_base_path=x/../flowers/./"])).1, here.join("flowers"));
}

#[test]
fn tensorflow_model_server_refuses_a_relative_base_path() {
    assert_eq!(
        refused_by_model_server(&["--model_name=m", "--model_base_path=flowers"]),
        "INVALID_ARGUMENT: Expected model m to have an absolute path or URI; got base_path()=flowers"
    );
}

#[test]
fn tensorflow_model_server_refuses_to_have_no_base_path() {
    assert_eq!(
        refused_by_model_server(&["--model_base_path="]),
        "INVALID_ARGUMENT: Both server_options.model_base_path and server_options.model_config_file are empty!"
    );
}

#[test]
fn a_base_path_may_be_a_file_uri_and_not_remote() {
    assert_eq!(model(&parsed_by_model_server(&["--model_base_path=file:///models/m"])).1, Path::new("/models/m"));
    let said = refused_by_model_server(&["--model_base_path=gs://bucket/m"]);
    assert!(said.contains("gs://bucket/m is remote"));
}

#[test]
fn tensorflow_model_server_does_not_read_the_usual_names() {
    let settings = parsed_by_model_server(&[]); // where PORT and MODEL_NAME are set
    assert_eq!((model(&settings).0, grpc(&settings).port, settings.http.is_none()), ("default", 8500, true));
}

#[test]
fn labels_are_the_lines_of_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("labels.txt");
    std::fs::write(&file, "tench\r\ngrå\n").expect("a file");
    let settings = parsed(&[&format!("--labels={}", file.display())]);
    assert_eq!(settings.image.labels, Some(vec!["tench".to_owned(), "grå".to_owned()]));
}

#[test]
fn a_label_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("labels.txt");
    let flag = format!("--labels={}", file.display());
    let fault = format!("the label file {} cannot be read", file.display());
    assert!(refused(&[&flag]).contains(&fault));
    std::fs::write(&file, b"\xff\xfe\0").expect("a file");
    assert!(refused(&[&flag]).contains(&fault));
}

#[test]
fn pixels_are_normalized_by_one_number_or_one_a_channel() {
    let image = parsed(&["--image_mean=1,2,3", "--image_std=4"]).image;
    assert_eq!((image.mean, image.std), (Some(vec![1.0, 2.0, 3.0]), Some(vec![4.0])));
}

#[test]
fn mean_and_std_go_together() {
    for flag in ["--image_mean=127.5", "--image_std=1"] {
        assert!(refused(&[flag]).contains("--image_mean and --image_std go together"));
        assert_eq!(ended(model_server(&[flag]).0).status, 255);
    }
}

#[test]
fn a_std_of_zero_is_refused() {
    assert!(refused(&["--image_mean=0", "--image_std=0"]).contains("--image_std: pixels cannot be divided by 0"));
}
