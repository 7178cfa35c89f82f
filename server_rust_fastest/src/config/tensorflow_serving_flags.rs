//! `tensorflow_model_server`'s flags, with its names, types, defaults and meanings.

use super::flag::{DefaultValue, Flag, Kind};
use super::kinds::{boolean, channel_arguments, float, int32, int64, port, positive};

const NO_BATCHES: &str = "as in TensorFlow Serving, requests for a .tflite model are run as they come";

/// All of them, in the order of its usage.
#[rustfmt::skip] // one call a flag, whatever its length
pub static TENSORFLOW_SERVING_FLAGS: [Flag; 48] = [
    Flag::new(
        "port", Kind::Int32, "8500",
        "gRPC's port; 0 switches it off. Wins over PORT. Where it is HTTP's as well, both are spoken there",
        |flags, text| port(text).map(|value| flags.port = value),
    ),
    Flag::new(
        "grpc_socket_path", Kind::String, "",
        "a Unix socket where gRPC listens as well",
        |flags, text| { text.clone_into(&mut flags.grpc_socket_path); Ok(()) },
    ),
    Flag::new(
        "rest_api_port", Kind::Int32, "0",
        "HTTP's port; 0 switches it off. Wins over PORT",
        |flags, text| port(text).map(|value| flags.rest_api_port = value),
    ).with_serve_default("8501"),
    Flag::new(
        "rest_api_num_threads", Kind::Int32, "",
        "one thread reads and writes for all; --max_requests_at_once bounds what is worked on",
        |_, text| positive(text).map(drop),
    ).with_default(DefaultValue::Unset).without_effect(),
    Flag::new(
        "rest_api_timeout_in_ms", Kind::Int32, "30000",
        "how long an HTTP request waits for its model to load (then 503) and to run (then 504); 0 or less: no bound",
        |flags, text| int32(text).map(|value| flags.rest_api_timeout_in_ms = value),
    ),
    Flag::new(
        "rest_api_enable_cors_support", Kind::Bool, "false",
        "answers tell browsers that any origin may read them",
        |flags, text| boolean(text).map(|value| flags.rest_api_enable_cors_support = value),
    ),
    Flag::new(
        "model_name", Kind::String, "default",
        "the name of the one model. `firstserve serve` also reads MODEL_NAME",
        |flags, text| { text.clone_into(&mut flags.model_name); Ok(()) },
    ).with_serve_default("model"),
    Flag::new(
        "model_base_path", Kind::String, "",
        "the folder that holds its version folders. `firstserve serve` without it takes $MODEL_BASE_PATH/$MODEL_NAME, \
         as TensorFlow Serving's image does, with /models for an unset MODEL_BASE_PATH",
        |flags, text| { text.clone_into(&mut flags.model_base_path); Ok(()) },
    ),
    Flag::new(
        "model_config_file", Kind::String, "",
        "a ModelServerConfig as text: several models, version policies, labels. --model_name and --model_base_path are \
         then ignored",
        |flags, text| { text.clone_into(&mut flags.model_config_file); Ok(()) },
    ),
    Flag::new(
        "model_config_file_poll_wait_seconds", Kind::Int32, "0",
        "the time between two readings of that file; 0: it is read once",
        |flags, text| int32(text).map(|value| flags.model_config_file_poll_wait_seconds = value),
    ),
    Flag::new(
        "file_system_poll_wait_seconds", Kind::Int32, "1",
        "the time between two looks for versions; 0: one look at the start, below 0: none",
        |flags, text| int32(text).map(|value| flags.file_system_poll_wait_seconds = value),
    ),
    Flag::new(
        "allow_version_labels_for_unavailable_models", Kind::Bool, "false",
        "a new label may name a version that is not loaded yet; needed for labels in a config file at the start",
        |flags, text| boolean(text).map(|value| flags.allow_version_labels_for_unavailable_models = value),
    ),
    Flag::new(
        "max_num_load_retries", Kind::Int32, "5",
        "how often a version that cannot be loaded is tried again; where a server listens on PORT alone, one that \
         arrives after the start",
        |flags, text| int32(text).map(|value| flags.max_num_load_retries = value),
    ),
    Flag::new(
        "load_retry_interval_micros", Kind::Int64, "60000000",
        "the time between two tries; below 0: none",
        |flags, text| int64(text).map(|value| flags.load_retry_interval_micros = value),
    ),
    Flag::new(
        "num_load_threads", Kind::Int32, "0",
        "versions are loaded one after the other",
        |_, text| int32(text).map(drop),
    ).without_effect(),
    Flag::new(
        "num_unload_threads", Kind::Int32, "0",
        "versions are unloaded one after the other",
        |_, text| int32(text).map(drop),
    ).without_effect(),
    Flag::new(
        "flush_filesystem_caches", Kind::Bool, "true",
        "the kernel looks after its caches",
        |_, text| boolean(text).map(drop),
    ).without_effect(),
    Flag::new(
        "enable_model_warmup", Kind::Bool, "true",
        "a version answers the requests in its assets.extra/tf_serving_warmup_requests before it is available",
        |flags, text| boolean(text).map(|value| flags.enable_model_warmup = value),
    ),
    Flag::new(
        "num_request_iterations_for_warmup", Kind::Int32, "0",
        "how often it answers each of them, if above 0",
        |flags, text| int32(text).map(|value| flags.num_request_iterations_for_warmup = value),
    ),
    Flag::new(
        "enable_batching", Kind::Bool, "false",
        NO_BATCHES,
        |flags, text| boolean(text).map(|value| flags.enable_batching = value),
    ).missed(NO_BATCHES),
    Flag::new(
        "batching_parameters_file", Kind::String, "",
        "not read, as there are no batches. Needs --enable_batching",
        |flags, text| { text.clone_into(&mut flags.batching_parameters_file); Ok(()) },
    ).without_effect(),
    Flag::new(
        "enable_per_model_batching_parameters", Kind::Bool, "false",
        "batching_params.pbtxt in version folders is not read",
        |_, text| boolean(text).map(drop),
    ).missed(""),
    Flag::new(
        "monitoring_config_file", Kind::String, "",
        "MonitoringConfig as text: whether and where on HTTP's port Prometheus finds its figures",
        |flags, text| { text.clone_into(&mut flags.monitoring_config_file); Ok(()) },
    ),
    Flag::new(
        "prefer_tflite_model", Kind::Bool, "false",
        "model.tflite is what is served, whatever else a version folder holds",
        |_, text| boolean(text).map(drop),
    ).with_serve_default("true").without_effect(),
    Flag::new(
        "num_tflite_pools", Kind::Int32, "",
        "interpreters of a .tflite model that run in parallel",
        |flags, text| positive(text).map(|value| flags.num_tflite_pools = value),
    ).with_default(DefaultValue::Cpus(1)),
    Flag::new(
        "num_tflite_interpreters_per_pool", Kind::Int32, "1",
        "one request is run by one interpreter",
        |_, text| int32(text).map(drop),
    ).without_effect(),
    Flag::new(
        "saved_model_tags", Kind::String, "serve",
        "a .tflite has no tags",
        |_, _| Ok(()),
    ).without_effect(),
    Flag::new(
        "tensorflow_session_parallelism", Kind::Int64, "0",
        "threads for one run of one model, as --tensorflow_intra_op_parallelism. With none of the three: \
         --threads_per_run",
        |flags, text| int64(text).map(|value| flags.tensorflow_session_parallelism = value),
    ),
    Flag::new(
        "tensorflow_intra_op_parallelism", Kind::Int64, "0",
        "threads for one run of one model; 0 leaves it to the runtime",
        |flags, text| int64(text).map(|value| flags.tensorflow_intra_op_parallelism = value),
    ),
    Flag::new(
        "tensorflow_inter_op_parallelism", Kind::Int64, "0",
        "above 0 it takes --threads_per_run's place, as in TensorFlow; operations of a .tflite run one after the other",
        |flags, text| int64(text).map(|value| flags.tensorflow_inter_op_parallelism = value),
    ),
    Flag::new(
        "tensorflow_session_config_file", Kind::String, "",
        "ConfigProto as text",
        |_, _| Ok(()),
    ).missed(""),
    Flag::new(
        "platform_config_file", Kind::String, "",
        "other platforms",
        |_, _| Ok(()),
    ).missed(""),
    Flag::new(
        "per_process_gpu_memory_fraction", Kind::Float, "0.0",
        "for GPUs",
        |_, text| float(text).map(drop),
    ).missed(""),
    Flag::new(
        "enable_signature_method_name_check", Kind::Bool, "false",
        "classify and regress refuse a signature whose method_name is another one",
        |flags, text| boolean(text).map(|value| flags.enable_signature_method_name_check = value),
    ),
    Flag::new(
        "remove_unused_fields_from_bundle_metagraph", Kind::Bool, "true",
        "what is not needed of a MetaGraphDef is not kept",
        |_, text| boolean(text).map(drop),
    ).without_effect(),
    Flag::new(
        "enable_serialization_as_tensor_content", Kind::Bool, "false",
        "gRPC answers carry tensors as bytes, in tensor_content, in place of typed fields",
        |flags, text| boolean(text).map(|value| flags.enable_serialization_as_tensor_content = value),
    ),
    Flag::new(
        "grpc_channel_arguments", Kind::String, "",
        "key=value,key=value for gRPC's C++ library, which is not used here",
        |_, text| channel_arguments(text),
    ).missed(""),
    Flag::new(
        "grpc_max_threads", Kind::Int32, "",
        "one thread reads and writes for all; --max_requests_at_once bounds what is worked on",
        |_, text| positive(text).map(drop),
    ).with_default(DefaultValue::Cpus(4)).without_effect(),
    Flag::new(
        "enable_grpc_healthcheck_service", Kind::Bool, "false",
        "grpc.health.v1.Health for ModelService and PredictionService",
        |flags, text| boolean(text).map(|value| flags.enable_grpc_healthcheck_service = value),
    ).with_serve_default("true"),
    Flag::new(
        "ssl_config_file", Kind::String, "",
        "refused, as TLS is not spoken here: put a proxy in front that does, or take server_python_fast",
        |flags, text| { text.clone_into(&mut flags.ssl_config_file); Ok(()) },
    ),
    Flag::new(
        "use_alts_credentials", Kind::Bool, "false",
        "Google's ALTS",
        |_, text| boolean(text).map(drop),
    ).missed(""),
    Flag::new(
        "enable_profiler", Kind::Bool, "true",
        "there is no tensorflow.ProfilerService",
        |_, text| boolean(text).map(drop),
    ).missed(""),
    Flag::new("mixed_precision", Kind::String, "", "bfloat16", |_, _| Ok(())).missed(""),
    Flag::new(
        "xla_cpu_compilation_enabled", Kind::Bool, "false",
        "XLA's compiler",
        |_, text| boolean(text).map(drop),
    ).missed(""),
    Flag::new(
        "xla_gpu_compilation_enabled", Kind::Bool, "false",
        "XLA's compiler",
        |_, text| boolean(text).map(drop),
    ).missed(""),
    Flag::new("thread_pool_factory_config_file", Kind::String, "", "a C++ plug-in", |_, _| Ok(())).missed(""),
    Flag::new("skip_initialize_tpu", Kind::Bool, "false", "for TPUs", |_, text| boolean(text).map(drop)).missed(""),
    Flag::new(
        "version", Kind::Bool, "false",
        "prints versions and ends",
        |flags, text| boolean(text).map(|value| flags.version = value),
    ),
];
