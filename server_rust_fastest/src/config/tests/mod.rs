//! Command lines as settings, and what is said about those that are wrong.

mod command_line;
mod config_file;
mod option_files;
mod ports;
mod server_settings;
mod usage;

use std::path::PathBuf;

use super::{Command, Said, read};
use crate::settings::{GrpcSettings, HttpSettings, Settings};

/// How a process ends that starts no server.
struct Ended {
    out: String,
    err: String,
    status: u8,
}

fn read_as(program: &str, flags: &[&str], environment: &[(&str, &str)]) -> (Command, Said) {
    let arguments: Vec<String> = [program].iter().chain(flags).map(|&word| word.to_owned()).collect();
    read(&arguments, &|name| environment.iter().find(|(key, _)| *key == name).map(|(_, text)| (*text).to_owned()))
}

fn settings_of(command: Command) -> Settings {
    match command {
        Command::Serve(settings) => *settings,
        Command::Probe(folder, _) => panic!("a probe of {folder:?}"),
        Command::Print { out, err, .. } => panic!("refused: {out}{err}"),
    }
}

fn ended(command: Command) -> Ended {
    match command {
        Command::Print { out, err, status } => Ended { out, err, status },
        _ => panic!("not refused"),
    }
}

/// What `firstserve serve` makes of flags and environment.
fn parsed_in(environment: &[(&str, &str)], flags: &[&str]) -> Settings {
    settings_of(read_as("server_rust_fastest", flags, environment).0)
}

fn parsed(flags: &[&str]) -> Settings {
    parsed_in(&[], flags)
}

fn said(flags: &[&str]) -> Said {
    read_as("server_rust_fastest", flags, &[]).1
}

/// What `tensorflow_model_server` makes of them; a base path is given to it.
fn model_server(flags: &[&str]) -> (Command, Said) {
    let flags: Vec<&str> = ["--model_base_path=/models/m"].iter().chain(flags).copied().collect();
    read_as("/usr/bin/tensorflow_model_server", &flags, &[("PORT", "8080"), ("MODEL_NAME", "other")])
}

fn parsed_by_model_server(flags: &[&str]) -> Settings {
    settings_of(model_server(flags).0)
}

/// What `firstserve serve` says about flags that are wrong.
fn refused_in(environment: &[(&str, &str)], flags: &[&str]) -> String {
    let ended = ended(read_as("server_rust_fastest", flags, environment).0);
    assert_eq!((ended.status, ended.out.as_str()), (2, ""));
    ended.err
}

fn refused(flags: &[&str]) -> String {
    refused_in(&[], flags)
}

/// The status with which `tensorflow_model_server` does not start.
fn refused_by_model_server(flags: &[&str]) -> String {
    let ended = ended(model_server(flags).0);
    assert_eq!(ended.status, 255);
    let status = ended.out.strip_prefix("Failed to start server. Error: ").expect("a failed start");
    status.trim_end().to_owned()
}

/// Name and base path of the one model.
fn model(settings: &Settings) -> (&str, PathBuf) {
    let [config] = settings.models.configs.as_slice() else { panic!("not one model") };
    (&config.name, config.base_path.clone())
}

fn http(settings: &Settings) -> &HttpSettings {
    settings.http.as_ref().expect("HTTP is on")
}

fn grpc(settings: &Settings) -> &GrpcSettings {
    settings.grpc.as_ref().expect("gRPC has a place of its own")
}
