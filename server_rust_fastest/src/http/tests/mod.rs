//! The routes by real sockets, with the MobileNet of the project where it is there.

mod pictures;
mod rest;
mod routes;

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};

use crate::access::AccessLog;
use crate::app::App;
use crate::budget::Budget;
use crate::config::{Command, read_command};
use crate::models::ModelManager;
use crate::real;
use crate::serve::running::{Answer, LIMIT, Running};
use crate::settings::Settings;
use crate::startup::{Phase, StartupClock};
use crate::work::Admission;

/// A server and what it is made of.
struct Server {
    running: Running,
    app: Arc<App>,
}

impl Server {
    /// Serves nothing: for all that needs no model.
    fn empty(flags: &[&str]) -> Self {
        Self::start(settings(&["--model_name=m", "--model_base_path=/nowhere"], flags), false)
    }

    /// Serves the project's MobileNet; None, with a line, where it or LiteRT's library is missing.
    fn mobilenet(flags: &[&str]) -> Option<Self> {
        let (library, version) = (real::library()?, real::mobilenet()?);
        let base_path = format!("--model_base_path={}", version.parent()?.display());
        let mut settings = settings(&["--model_name=mobilenet", &base_path], flags);
        settings.runtime.library = Some(library);
        Some(Self::start(settings, true))
    }

    fn start(settings: Settings, loads: bool) -> Self {
        let clock = Arc::new(StartupClock::new());
        let monitored = settings.http.as_ref().is_some_and(|http| http.monitoring_path.is_some());
        let manager = ModelManager::new(settings.models.clone(), settings.runtime.clone(), settings.image.clone());
        if loads {
            let (settled, settles) = mpsc::channel();
            manager.start(settings.models.configs.clone(), move |result| drop(settled.send(result))).unwrap();
            settles.recv_timeout(LIMIT).unwrap().unwrap();
            clock.mark(Phase::RuntimeLoaded);
        }
        let app = Arc::new(App {
            manager,
            admission: Admission::new(settings.requests_at_once),
            budget: Budget::new(settings.limits.bytes_at_once),
            access_log: AccessLog::new(settings.log_level, monitored, Arc::clone(&clock)),
            clock,
            settings,
        });
        Self { running: Running::new(super::router(Arc::clone(&app))), app }
    }

    fn connect(&self) -> Connection {
        Connection(self.running.connect())
    }

    /// One request on a connection of its own.
    fn ask(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        self.connect().ask(method, path, headers, body)
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    fn post(&self, path: &str, body: &[u8]) -> Answer {
        self.ask("POST", path, &[], body)
    }
}

struct Connection(TcpStream);

impl Connection {
    fn ask(&mut self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        let length = format!("content-length: {}", body.len());
        self.send(method, path, &[&[length.as_str()], headers].concat(), body);
        Answer::read(&mut self.0)
    }

    fn send(&mut self, method: &str, path: &str, headers: &[&str], body: &[u8]) {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: a\r\n{}\r\n\r\n", headers.join("\r\n"));
        self.0.write_all(&[head.as_bytes(), body].concat()).unwrap();
    }
}

fn settings(model: &[&str], flags: &[&str]) -> Settings {
    let arguments = [&["server", "--log_level=error"], model, flags].concat();
    let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
    match read_command(&arguments, &|name| (name == "PORT").then(|| "0".to_owned())) {
        Command::Serve(settings) => *settings,
        _ => panic!("{arguments:?} does not serve"),
    }
}

/// A picture of the project's.
fn picture(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/pictures").join(name)).unwrap()
}

fn error(answer: &Answer) -> String {
    let value: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(answer.header("content-type"), Some("application/json"));
    value["error"].as_str().unwrap().to_owned()
}
