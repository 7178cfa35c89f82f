//! The server's command: command line and environment -> what they ask for -> exit status.

use std::io::Write as _;
use std::process::ExitCode;

use server_rust_fastest::config::{Command, read_command};
use server_rust_fastest::startup::StartupClock;
use server_rust_fastest::{log, models, server};

fn main() -> ExitCode {
    let clock = StartupClock::new();
    let arguments: Vec<String> = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    match read_command(&arguments, &|name| std::env::var(name).ok()) {
        Command::Serve(settings) => server::run(*settings, clock),
        Command::Probe(path, options) => models::probe::run_probe(&path, &options),
        Command::Print { out, err, status } => {
            if status == 0 {
                // Whoever has asked for it reads it, or does not want to know.
                let _ = std::io::stdout().write_all(out.as_bytes());
            } else {
                log::say_on_stdout(out);
                log::say(err);
                log::drain();
            }
            ExitCode::from(status)
        }
    }
}
