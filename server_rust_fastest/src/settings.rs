//! Settings: what the server was told, by flags and by environment, checked and with defaults filled in.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread::available_parallelism;
use std::time::Duration;

use crate::image::ImageMemory;

/// How many CPUs this process may use; asked for once, since the answer takes several files.
pub fn cpus() -> usize {
    static CPUS: OnceLock<usize> = OnceLock::new();
    *CPUS.get_or_init(|| available_parallelism().map_or(1, usize::from))
}

/// Where and how HTTP is spoken.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Empty for all of the machine's addresses.
    pub bind_address: String,
    /// 0 is any that is free.
    pub port: u16,
    /// Of a picture's body.
    pub limit_bytes: usize,
    /// How long a request waits for the model to load, and for its run; None is without bound.
    pub timeout: Option<Duration>,
    /// Whether answers carry CORS headers.
    pub cors: bool,
    /// Where Prometheus reads; None for nowhere.
    pub monitoring_path: Option<String>,
    /// Whether gRPC is spoken on the same port: where PORT names the only one.
    pub with_grpc: bool,
    /// Of a REST body, also once it is inflated.
    pub rest_limit_bytes: usize,
}

/// What connections and requests may take of the server, by whatever protocol. A time of None is without bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Open at once; None is what the limit of open files allows.
    pub connections: Option<usize>,
    /// Of all bodies together that are being read or wait for a model.
    pub bytes_at_once: usize,
    /// For a request's head to arrive.
    pub head_timeout: Option<Duration>,
    /// For a whole request to arrive.
    pub body_timeout: Option<Duration>,
    /// For a client that takes nothing of its answer.
    pub send_timeout: Option<Duration>,
}

/// Where and how gRPC is spoken on a port or socket of its own.
#[derive(Clone, Debug)]
pub struct GrpcSettings {
    /// Empty for all of the machine's addresses.
    pub bind_address: String,
    /// 0 is none (then there is a socket path).
    pub port: u16,
    /// A Unix socket.
    pub socket_path: Option<PathBuf>,
}

/// Which versions of a model are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionPolicy {
    /// The highest ones, as many as this.
    Latest(usize),
    /// Every one.
    All,
    /// These.
    Specific(Vec<i64>),
}

/// The only platform of models that TensorFlow Serving knows; a .tflite is of it as well.
pub const PLATFORM: &str = "tensorflow";

/// One model that is to be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelConfig {
    /// As requests name it.
    pub name: String,
    /// The folder of its version folders.
    pub base_path: PathBuf,
    /// Which of them are served.
    pub policy: VersionPolicy,
    /// Label -> version.
    pub labels: std::collections::BTreeMap<String, i64>,
    /// As the config has it; the manager refuses any but `PLATFORM`.
    pub platform: String,
}

/// Which models are served, and how their versions come and go.
#[derive(Clone, Debug)]
pub struct ModelsSettings {
    /// From flags; empty where `config_file` says which.
    pub configs: Vec<ModelConfig>,
    /// What `/predict` takes where several are served and the request names none; empty for none.
    pub default_model: String,
    /// TensorFlow Serving's `ModelServerConfig` as text.
    pub config_file: Option<PathBuf>,
    /// None is never again.
    pub config_file_poll: Option<Duration>,
    /// Zero looks once, None never.
    pub version_poll: Option<Duration>,
    /// After the first failure.
    pub load_retries: u32,
    /// Zero is at once.
    pub load_retry_interval: Duration,
    /// Whether a new label may name a version that is not loaded.
    pub labels_for_unavailable: bool,
    /// Whether a base path that is missing or empty at the start is waited for, or ends it.
    pub waits_for_versions: bool,
    /// Whether the warmup file of a version is run before it answers.
    pub warmup: bool,
    /// How often each of its records is run.
    pub warmup_iterations: u32,
}

/// What the runtime may use.
#[derive(Clone, Debug)]
pub struct RuntimeOptions {
    /// Interpreters of one model that run in parallel.
    pub instances: usize,
    /// Threads for one run of one instance; 0 is one.
    pub threads: usize,
    /// The LiteRT library; None for the one beside the program, or else the system's.
    pub library: Option<PathBuf>,
}

/// How pictures become inputs.
#[derive(Clone, Debug)]
pub struct ImageOptions {
    /// A picture of more pixels is refused.
    pub max_pixels: u64,
    /// Of all pictures that are decoded at once.
    pub memory: Arc<ImageMemory>,
    /// Class names in place of what the model brings.
    pub labels: Option<Vec<String>>,
    /// The name of the output that holds the class scores; empty leaves it to the model's signature.
    pub scores_output: String,
    /// Width and height for a model that takes any.
    pub size: usize,
    /// In place of what the model says; one number for all channels or three.
    pub mean: Option<Vec<f32>>,
    /// See `mean`.
    pub std: Option<Vec<f32>>,
}

/// What is logged on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum LogLevel {
    Debug,
    Info,
    Warning,
    Error,
}

/// Everything the server needs to know to start.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Settings {
    pub models: ModelsSettings,
    pub runtime: RuntimeOptions,
    pub image: ImageOptions,
    pub http: Option<HttpSettings>,
    pub grpc: Option<GrpcSettings>,
    pub limits: Limits,
    /// `grpc.health.v1` is spoken.
    pub grpc_health: bool,
    /// Whether `HandleReloadConfigRequest` may replace all models; None: not on HTTP's port.
    pub reload_config: Option<bool>,
    /// Answers by gRPC carry tensors as bytes in place of typed fields.
    pub tensor_content: bool,
    /// More requests are turned away, by whatever protocol they come.
    pub requests_at_once: usize,
    /// Whether a signature's method name must fit what is asked of it.
    pub check_method_names: bool,
    pub log_level: LogLevel,
    /// Whether a failed start is told as TensorFlow Serving tells it, with exit status 255.
    pub like_tensorflow_serving: bool,
}
