//! Server settings: what the flags say together -> `Settings`.
//!
//! The files that flags name are read here, except `--model_config_file`, which is read again and again.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::base_path::read_base_path;
use super::command_line::{Environment, Program};
use super::flags::Flags;
use super::monitoring_file::read_monitoring_path;
use super::ports::{Ports, choose_ports};
use super::refusal::Refusal;
use crate::error::{Error, Result};
use crate::image::ImageMemory;
use crate::settings::{
    GrpcSettings, HttpSettings, ImageOptions, Limits, LogLevel, ModelConfig, ModelsSettings, PLATFORM, RuntimeOptions,
    Settings, VersionPolicy,
};

/// Checks what flags say together, and reads the files that they name. Says as well whether a failed start is told as
/// TensorFlow Serving tells it: unless it is asked for nothing of TensorFlow Serving's own.
///
/// # Errors
/// For what TensorFlow Serving refuses when it starts, for files that are wrong, and for flags that do not go together.
pub fn make_settings(
    program: Program,
    flags: Flags,
    environment: Environment,
) -> (bool, std::result::Result<Settings, Refusal>) {
    let is_like_tensorflow_serving = program == Program::ModelServer || !flags.model_config_file.is_empty();
    match choose_ports(program, &flags, environment) {
        Err(refusal) => (is_like_tensorflow_serving, Err(refusal)),
        Ok(ports) => {
            let is_like_tensorflow_serving = is_like_tensorflow_serving || ports.is_grpc_asked_for;
            (is_like_tensorflow_serving, settings(program, flags, environment, ports, is_like_tensorflow_serving))
        }
    }
}

fn settings(
    program: Program,
    mut flags: Flags,
    environment: Environment,
    ports: Ports,
    like_tensorflow_serving: bool,
) -> std::result::Result<Settings, Refusal> {
    let models = models(program, &flags, environment, like_tensorflow_serving)?;
    let runtime = runtime(&flags)?;
    let image = image(&mut flags)?;
    let http = http(&flags, &ports)?;
    let limits = limits(&flags);
    if !flags.ssl_config_file.is_empty() {
        return Err(Refusal::Start(Error::unimplemented(
            "--ssl_config_file: TLS is not spoken here: put a proxy in front that does, or take server_python_fast",
        )));
    }
    if !flags.batching_parameters_file.is_empty() && !flags.enable_batching {
        return Err(Refusal::Start(Error::invalid_argument(
            "server_options.batching_parameters_file is set without setting server_options.enable_batching to true.",
        )));
    }
    let has_grpc_place = ports.grpc != 0 || ports.grpc_socket_path.is_some();
    Ok(Settings {
        models,
        runtime,
        image,
        http,
        grpc: has_grpc_place.then_some(GrpcSettings {
            bind_address: flags.bind_address,
            port: ports.grpc,
            socket_path: ports.grpc_socket_path,
        }),
        limits,
        grpc_health: flags.enable_grpc_healthcheck_service,
        reload_config: flags.enable_reload_config,
        tensor_content: flags.enable_serialization_as_tensor_content,
        requests_at_once: flags.max_requests_at_once,
        check_method_names: flags.enable_signature_method_name_check,
        log_level: flags.log_level.unwrap_or(LogLevel::Info),
        like_tensorflow_serving,
    })
}

fn models(
    program: Program,
    flags: &Flags,
    environment: Environment,
    waits_for_versions: bool,
) -> Result<ModelsSettings> {
    let seconds = |number: i32| u64::try_from(number).ok().map(Duration::from_secs);
    let config_file = Some(&flags.model_config_file).filter(|path| !path.is_empty()).map(PathBuf::from);
    let configs = if config_file.is_some() { Vec::new() } else { vec![model(program, flags, environment)?] };
    Ok(ModelsSettings {
        configs,
        default_model: String::new(),
        config_file,
        config_file_poll: seconds(flags.model_config_file_poll_wait_seconds).filter(|poll| !poll.is_zero()),
        version_poll: seconds(flags.file_system_poll_wait_seconds),
        load_retries: u32::try_from(flags.max_num_load_retries).unwrap_or(0),
        load_retry_interval: Duration::from_micros(u64::try_from(flags.load_retry_interval_micros).unwrap_or(0)),
        labels_for_unavailable: flags.allow_version_labels_for_unavailable_models,
        waits_for_versions,
        warmup: flags.enable_model_warmup,
        warmup_iterations: u32::try_from(flags.num_request_iterations_for_warmup).unwrap_or(0).max(1),
    })
}

fn model(program: Program, flags: &Flags, environment: Environment) -> Result<ModelConfig> {
    let written = match (program, flags.model_base_path.as_str()) {
        (Program::ModelServer, "") => {
            return Err(Error::invalid_argument(
                "Both server_options.model_base_path and server_options.model_config_file are empty!",
            ));
        }
        (Program::ModelServer, path) => path.to_owned(),
        (Program::Serve, "") => {
            let folder = environment("MODEL_BASE_PATH").filter(|folder| !folder.is_empty());
            absolute(&format!("{}/{}", folder.as_deref().unwrap_or("/models"), flags.model_name))
        }
        (Program::Serve, path) => absolute(path),
    };
    Ok(ModelConfig {
        name: flags.model_name.clone(),
        base_path: read_base_path(&flags.model_name, &written)?,
        policy: VersionPolicy::Latest(1),
        labels: std::collections::BTreeMap::new(),
        platform: PLATFORM.to_owned(),
    })
}

/// From the working directory on, without `.` and `..`; links stay as the user wrote them. A URI stays as it is.
fn absolute(path: &str) -> String {
    if path.contains("://") {
        return path.to_owned();
    }
    let mut folders = PathBuf::new();
    for component in std::path::absolute(path).as_deref().unwrap_or(Path::new(path)).components() {
        if component == Component::ParentDir {
            folders.pop();
        } else {
            folders.push(component);
        }
    }
    folders.to_string_lossy().into_owned()
}

/// What the runtime may use, as the flags say it.
///
/// # Errors
/// Where threads are given in two ways at once.
pub fn runtime(flags: &Flags) -> Result<RuntimeOptions> {
    let positive = |number: i64| usize::try_from(number).ok().filter(|&number| number > 0);
    let session = positive(flags.tensorflow_session_parallelism);
    let intra_op = positive(flags.tensorflow_intra_op_parallelism);
    let inter_op = positive(flags.tensorflow_inter_op_parallelism);
    let threads = match (session, intra_op, inter_op) {
        (Some(_), Some(_), Some(_)) => {
            return Err(Error::invalid_argument(
                "Either configure server_options.tensorflow_session_parallelism or \
                 (server_options.tensorflow_intra_op_parallelism, server_options.tensorflow_inter_op_parallelism) \
                 separately. You cannot configure all.",
            ));
        }
        (_, Some(threads), _) | (Some(threads), None, None) => threads,
        (_, None, Some(_)) => 0,
        (None, None, None) => flags.threads_per_run,
    };
    let library = Some(&flags.litert_library).filter(|path| !path.is_empty()).map(PathBuf::from);
    Ok(RuntimeOptions { instances: flags.num_tflite_pools, threads, library })
}

fn image(flags: &mut Flags) -> std::result::Result<ImageOptions, Refusal> {
    if flags.image_mean.is_some() != flags.image_std.is_some() {
        return Err(Refusal::Flags("--image_mean and --image_std go together: (pixel - mean) / std".to_owned()));
    }
    if flags.image_std.iter().flatten().any(|&std| std == 0.0) {
        return Err(Refusal::Flags("argument --image_std: pixels cannot be divided by 0".to_owned()));
    }
    Ok(ImageOptions {
        max_pixels: flags.max_image_pixels,
        memory: Arc::new(ImageMemory::new(flags.max_image_memory_bytes)),
        labels: flags.labels.take(),
        scores_output: std::mem::take(&mut flags.scores_output),
        size: flags.image_size,
        mean: flags.image_mean.take(),
        std: flags.image_std.take(),
    })
}

fn http(flags: &Flags, ports: &Ports) -> Result<Option<HttpSettings>> {
    let Some(port) = ports.http else { return Ok(None) };
    let monitoring_path = match flags.monitoring_config_file.as_str() {
        "" => None,
        file => read_monitoring_path(Path::new(file))?,
    };
    let timeout_ms = u64::try_from(flags.rest_api_timeout_in_ms).ok().filter(|&timeout_ms| timeout_ms > 0);
    Ok(Some(HttpSettings {
        bind_address: flags.bind_address.clone(),
        port,
        limit_bytes: bytes(flags.max_body_bytes),
        timeout: timeout_ms.map(Duration::from_millis),
        cors: flags.rest_api_enable_cors_support,
        monitoring_path,
        with_grpc: ports.http_with_grpc,
        rest_limit_bytes: bytes(flags.max_rest_body_bytes),
    }))
}

fn limits(flags: &Flags) -> Limits {
    let seconds = |seconds: f64| Some(Duration::from_secs_f64(seconds)).filter(|time| !time.is_zero());
    Limits {
        connections: Some(flags.max_connections).filter(|&connections| connections > 0),
        bytes_at_once: bytes(flags.max_body_bytes_at_once),
        head_timeout: seconds(flags.request_head_timeout_s),
        body_timeout: seconds(flags.request_body_timeout_s),
        send_timeout: seconds(flags.response_send_timeout_s),
    }
}

fn bytes(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
