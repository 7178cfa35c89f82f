//! The server's command: command line and environment -> what they ask for -> exit status.

use std::io::Write as _;
use std::process::ExitCode;

use server_rust_fastest::config::{Command, read_command};
use server_rust_fastest::startup::StartupClock;
use server_rust_fastest::{models, server};

fn main() -> ExitCode {
    let clock = StartupClock::new();
    let arguments: Vec<String> = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    match read_command(&arguments, &|name| std::env::var(name).ok()) {
        Command::Serve(settings) => server::run(*settings, clock),
        Command::Probe(path, options) => models::probe::run_probe(&path, &options),
        Command::Print { out, err, status } => {
            // There is nobody to tell that nobody reads it.
            let _ = std::io::stdout().write_all(out.as_bytes());
            let _ = std::io::stderr().write_all(err.as_bytes());
            ExitCode::from(status)
        }
    }
}
