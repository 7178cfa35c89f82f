//! Flags: the value of every flag that does something here.

use crate::settings::LogLevel;

/// By flag name, each with its unit. A text is empty, and a number its default, where nobody has set it.
#[derive(Default)]
pub struct Flags {
    /// The names of those that were set, by whatever means.
    pub given: Vec<&'static str>,
    pub port: u16,
    pub grpc_socket_path: String,
    pub rest_api_port: u16,
    pub rest_api_timeout_in_ms: i32,
    pub rest_api_enable_cors_support: bool,
    pub model_name: String,
    pub model_base_path: String,
    pub model_config_file: String,
    pub model_config_file_poll_wait_seconds: i32,
    pub file_system_poll_wait_seconds: i32,
    pub allow_version_labels_for_unavailable_models: bool,
    pub max_num_load_retries: i32,
    pub load_retry_interval_micros: i64,
    pub enable_model_warmup: bool,
    pub num_request_iterations_for_warmup: i32,
    pub enable_batching: bool,
    pub batching_parameters_file: String,
    pub monitoring_config_file: String,
    pub num_tflite_pools: usize,
    pub tensorflow_session_parallelism: i64,
    pub tensorflow_intra_op_parallelism: i64,
    pub tensorflow_inter_op_parallelism: i64,
    pub enable_signature_method_name_check: bool,
    pub enable_serialization_as_tensor_content: bool,
    pub enable_grpc_healthcheck_service: bool,
    pub ssl_config_file: String,
    pub version: bool,
    pub bind_address: String,
    /// None where it is not given.
    pub enable_reload_config: Option<bool>,
    pub max_requests_at_once: usize,
    pub max_body_bytes: u64,
    pub max_rest_body_bytes: u64,
    pub max_body_bytes_at_once: u64,
    pub max_connections: usize,
    pub request_head_timeout_s: f64,
    pub request_body_timeout_s: f64,
    pub response_send_timeout_s: f64,
    pub max_image_pixels: u64,
    pub max_image_memory_bytes: u64,
    pub threads_per_run: usize,
    pub labels: Option<Vec<String>>,
    pub scores_output: String,
    pub image_size: usize,
    pub image_mean: Option<Vec<f32>>,
    pub image_std: Option<Vec<f32>>,
    /// Never None once defaults are filled in.
    pub log_level: Option<LogLevel>,
    pub litert_library: String,
}

impl Flags {
    pub fn is_given(&self, name: &str) -> bool {
        self.given.contains(&name)
    }
}
