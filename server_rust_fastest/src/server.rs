//! Server: settings -> open ports -> answers -> exit status.
//!
//! The models load in the manager's thread, from the first moment on; what arrives meanwhile waits for them.

use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::access::AccessLog;
use crate::app::App;
use crate::budget::Budget;
use crate::config::read_model_configs;
use crate::error::{Error, Result};
use crate::grpc::Health;
use crate::litert::{bound_heap, exit};
use crate::models::{ModelManager, ModelSpec, check_base_path};
use crate::serve::{Listener, serve};
use crate::settings::{GrpcSettings, HttpSettings, ModelConfig, ModelsSettings, RuntimeOptions, Settings, cpus};
use crate::startup::{Phase, StartupClock};
use crate::work::Admission;
use crate::{grpc, http, log};

/// What is in flight is answered within this time after SIGTERM; platforms kill after 10 s.
const GRACE: Duration = Duration::from_secs(9);
/// What TensorFlow Serving says that its gRPC listens on.
const ALL: &str = "0.0.0.0";
/// The exit status where no model can be served.
const CANNOT_START: u8 = 3;
/// The exit status of `tensorflow_model_server`.
const LIKE_TENSORFLOW_SERVING: u8 = 255;

/// Serves until a signal ends it, and then ends the process.
pub fn run(settings: Settings, clock: StartupClock) -> ! {
    bound_heap();
    let like_tensorflow_serving = settings.like_tensorflow_serving;
    log::take_panics();
    let status = match start(settings, Arc::new(clock)) {
        Ok(()) => 0,
        Err(error) => refuse(&error, like_tensorflow_serving),
    };
    log::drain();
    exit(status)
}

/// The models first: their load takes longest, and everything else can be made ready beside it.
fn start(settings: Settings, clock: Arc<StartupClock>) -> Result<()> {
    log::set_level(settings.log_level);
    let configs = read_configs(&settings.models)?;
    let monitored = settings.http.as_ref().is_some_and(|http| http.monitoring_path.is_some());
    let access_log = AccessLog::new(settings.log_level, monitored, Arc::clone(&clock));
    let (models, runtime, image) = (settings.models.clone(), settings.runtime.clone(), settings.image.clone());
    let manager = ModelManager::with_metrics(models, runtime, image, access_log.metrics());
    let (tell_settled, settled) = oneshot::channel();
    let health = Health::default();
    let (settled_clock, settled_health) = (Arc::clone(&clock), health.clone());
    manager.start(configs, move |result| {
        settled_clock.mark(Phase::RuntimeLoaded);
        settled_clock.mark(Phase::Ready);
        if result.is_ok() {
            settled_health.serving();
        }
        // Nobody listens any more where the server has been told to stop.
        let _ = tell_settled.send(result);
    })?;
    let admission = Admission::new(settings.requests_at_once);
    let budget = Budget::new(settings.limits.bytes_at_once);
    let app = Arc::new(App { settings, manager, admission, budget, access_log, clock });
    runtime_of(&app.settings.runtime).map_err(internal)?.block_on(answer(app, health, settled))
}

/// One thread for sockets, and for work as many as the machine can keep busy, and one that waits: more would only hold
/// more pictures in memory.
fn runtime_of(options: &RuntimeOptions) -> io::Result<Runtime> {
    let threads = options.instances.max(cpus()) + 1;
    Builder::new_current_thread().enable_all().max_blocking_threads(threads).build()
}

/// Says why there is no server, and gives the exit status for it.
pub fn refuse(error: &Error, like_tensorflow_serving: bool) -> u8 {
    if like_tensorflow_serving {
        log::say_on_stdout(format!("Failed to start server. Error: {}\n", error.status()));
        return LIKE_TENSORFLOW_SERVING;
    }
    log::say(format!("firstserve cannot start: {}\n", error.plain_text.as_deref().unwrap_or(&error.text)));
    CANNOT_START
}

async fn answer(app: Arc<App>, health: Health, settled: oneshot::Receiver<Result<()>>) -> Result<()> {
    // Before the port opens: from then on, a platform may end the server in order.
    let mut terminate = signal(SignalKind::terminate()).map_err(internal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(internal)?;
    let mut quit = signal(SignalKind::quit()).map_err(internal)?;
    let http_listener = app.settings.http.as_ref().map(listen).transpose()?;
    let grpc_listeners = app.settings.grpc.as_ref().map(listen_for_grpc).transpose()?.unwrap_or_default();
    app.clock.mark(Phase::PortOpen);
    // While the models load there is time for that; the first answer tells it.
    app.clock.began();

    let address = http_listener.as_ref().and_then(|listener| listener.local_addr().ok());
    let listeners = listeners(&app, &health, http_listener, grpc_listeners);
    let stop = async {
        terminate.recv().await;
        health.end();
    };
    let failed = async {
        match settled.await {
            Ok(Ok(())) => say_ready(&app, address).await,
            Ok(Err(error)) => return error,
            Err(_) => {}
        }
        pending().await
    };
    let ended = tokio::select! {
        served = serve(listeners, app.settings.limits, &app.budget, stop, GRACE) => served.map_err(internal),
        error = failed => Err(error),
        _ = interrupt.recv() => Ok(()),
        _ = quit.recv() => Ok(()),
    };
    app.manager.stop();
    ended
}

fn listeners(
    app: &Arc<App>,
    health: &Health,
    http_listener: Option<TcpListener>,
    grpc_listeners: Vec<Listener>,
) -> Vec<(Listener, Router)> {
    let with_grpc = app.settings.http.as_ref().is_some_and(|http| http.with_grpc);
    let mut listeners = Vec::new();
    if let Some(listener) = http_listener {
        let router = http::router(Arc::clone(app));
        let router =
            if with_grpc { http::one_port(router, grpc::router(Arc::clone(app), health, true)) } else { router };
        listeners.push((Listener::Tcp(listener), router));
    }
    listeners
        .extend(grpc_listeners.into_iter().map(|listener| (listener, grpc::router(Arc::clone(app), health, false))));
    listeners
}

fn read_configs(models: &ModelsSettings) -> Result<Vec<ModelConfig>> {
    let configs = match &models.config_file {
        Some(file) => read_model_configs(file)?.unwrap_or_default(),
        None => models.configs.clone(),
    };
    if !models.waits_for_versions {
        configs.iter().try_for_each(|config| check_base_path(&config.base_path))?;
    }
    Ok(configs)
}

fn listen(http: &HttpSettings) -> Result<TcpListener> {
    let host = &http.bind_address;
    let bound = if host.is_empty() { bind_all(http.port) } else { TcpListener::bind((host.as_str(), http.port)) };
    bound.map_err(|error| {
        let place = if host.is_empty() { format!("port {}", http.port) } else { place(host, http.port) };
        let is_about_port = matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied);
        let remedy = if host.is_empty() || is_about_port {
            "another port is given by PORT or --rest_api_port"
        } else {
            "--bind_address takes an address of this machine, such as 127.0.0.1 or [::]"
        };
        Error::internal(format!("cannot listen on {place}: {}; {remedy}", describe(&error)))
    })
}

/// IPv6's wildcard takes IPv4 as well, where the machine knows IPv6.
fn bind_all(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv6Addr::UNSPECIFIED, port))
        .or_else(|error| if is_taken(&error) { Err(error) } else { TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)) })
}

/// As URLs have it: an IPv6 address is in brackets.
fn place(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn listen_for_grpc(grpc: &GrpcSettings) -> Result<Vec<Listener>> {
    let refused = |place: &str, error: &io::Error| {
        Error::internal(format!(
            "gRPC cannot listen on {place}: {}; --port and --grpc_socket_path give another",
            describe(error)
        ))
    };
    let mut listeners = Vec::new();
    if grpc.port != 0 {
        let host = grpc_host(grpc);
        // It is both IPv4's and IPv6's wildcard for gRPC's own library, and so for TensorFlow Serving.
        let bound = if host == ALL { bind_all(grpc.port) } else { TcpListener::bind((host, grpc.port)) };
        listeners.push(Listener::Tcp(bound.map_err(|error| refused(&place(host, grpc.port), &error))?));
    }
    if let Some(path) = &grpc.socket_path {
        let bound = bind_unix(path).map_err(|error| refused(&path.display().to_string(), &error))?;
        listeners.push(Listener::Unix(bound));
    }
    Ok(listeners)
}

fn grpc_host(grpc: &GrpcSettings) -> &str {
    if grpc.bind_address.is_empty() { ALL } else { &grpc.bind_address }
}

/// A socket file that an ended server has left behind is in nobody's way.
fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    UnixListener::bind(path).or_else(|error| {
        if error.kind() != io::ErrorKind::AddrInUse || std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(error);
        }
        std::fs::remove_file(path)?;
        UnixListener::bind(path)
    })
}

fn is_taken(error: &io::Error) -> bool {
    !matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        && error.raw_os_error() != Some(libc::EAFNOSUPPORT)
}

/// The system's words without Rust's ` (os error 98)` behind them.
fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// Says where it can be asked: in TensorFlow Serving's words, which people wait for in logs, and in ours.
async fn say_ready(app: &App, http_address: Option<SocketAddr>) {
    let mut lines = Vec::new();
    if let Some(grpc) = &app.settings.grpc {
        if grpc.port != 0 {
            lines.push(format!("Running gRPC ModelServer at {} ...", place(grpc_host(grpc), grpc.port)));
        }
        if let Some(path) = &grpc.socket_path {
            lines.push(format!("Running gRPC ModelServer at UNIX socket {} ...", path.display()));
        }
    }
    if let Some(address) = http_address {
        if app.settings.grpc.is_some() {
            lines.push(format!("Exporting HTTP/REST API at:localhost:{} ...", address.port()));
        }
        say_models(app, address, &mut lines).await;
    }
    lines.push(String::new());
    log::say(lines.join("\n"));
}

async fn say_models(app: &App, address: SocketAddr, lines: &mut Vec<String>) {
    let host = if address.ip().is_unspecified() { "localhost".to_owned() } else { address.ip().to_string() };
    for name in app.manager.names() {
        let spec = ModelSpec { name: name.clone(), version: None, label: None };
        let Ok(model) = app.manager.handle(&spec, Some(Instant::now())).await else { continue };
        let place = format!("http://{host}:{}", address.port());
        let text = format!("firstserve: model {name}, version {}, is served on {place}", model.version);
        lines.push(match &model.classifier {
            Ok(_) => format!("{text}/predict"),
            Err(_) => format!("{text}/v1/models/{name}"),
        });
        if model.classifier.as_ref().is_ok_and(crate::image::Classifier::feeds_raw_pixels) {
            lines.push(
                "firstserve: the model does not say how it wants pixels scaled and gets 0 to 255; \
                 if that is wrong, set --image_mean and --image_std"
                    .to_owned(),
            );
        }
    }
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::internal(error.to_string())
}
