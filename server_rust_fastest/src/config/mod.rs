//! Config: command line, environment and config files -> settings.

mod base_path;
mod command_line;
mod config_file;
mod flag;
mod flags;
mod kinds;
mod monitoring_file;
mod own_flags;
mod ports;
mod refusal;
mod server_settings;
mod tensorflow_serving_flags;
#[cfg(test)]
mod tests;
mod text_file;
mod usage;

use std::path::{Path, PathBuf};

pub use self::config_file::{model_configs, read_model_configs};

use self::command_line::{CommandLine, Environment, Program, read_command_line};
use self::flag::Effect;
use self::refusal::Refusal;
use self::server_settings::{make_settings, runtime};
use self::usage::help_of;
use crate::log;
use crate::settings::{RuntimeOptions, Settings};

/// The exit status of `tensorflow_model_server` where it does not start.
const LIKE_TENSORFLOW_SERVING: u8 = 255;
/// The exit status for a mistake in flags otherwise.
const BAD_FLAGS: u8 = 2;

/// What a command line asks for.
pub enum Command {
    /// To serve.
    Serve(Box<Settings>),
    /// To load one version folder, and to end with a status that says whether it can be served.
    Probe(PathBuf, RuntimeOptions),
    /// To print this and to end with this status.
    Print {
        /// On stdout; ends with a line break.
        out: String,
        /// On stderr.
        err: String,
        /// Of the process.
        status: u8,
    },
}

/// Reads the command line (the program's name first) and the environment.
///
/// - `PROGRAM [serve] [FLAG ...]` serves.
/// - `PROGRAM probe VERSION_FOLDER [FLAG ...]` tries to load a version, for a server that wants to know first.
/// - Where the program's file is named `tensorflow_model_server`, it is TensorFlow Serving's command of that name.
///
/// What is to be said about flags while the server starts all the same is printed.
pub fn read_command(arguments: &[String], environment: &dyn Fn(&str) -> Option<String>) -> Command {
    let (command, said) = read(arguments, environment);
    log::say_on_stdout(said.out);
    log::say(said.err);
    command
}

/// What is printed before anything else happens.
#[derive(Default)]
struct Said {
    out: String,
    err: String,
}

fn read(arguments: &[String], environment: Environment) -> (Command, Said) {
    let mut said = Said::default();
    let (file, rest) = arguments.split_first().map_or(("", arguments), |(file, rest)| (file.as_str(), rest));
    let is_model_server = Path::new(file).file_name().is_some_and(|name| name == Program::ModelServer.name());
    let command = match rest.split_first() {
        // A server starts itself so by whatever name it has.
        Some((word, rest)) if word == "probe" => probe(rest, environment),
        _ if is_model_server => serve(Program::ModelServer, rest, environment, &mut said),
        Some((word, rest)) if word == "serve" => serve(Program::Serve, rest, environment, &mut said),
        _ => serve(Program::Serve, rest, environment, &mut said),
    };
    (command, said)
}

fn serve(program: Program, arguments: &[String], environment: Environment, said: &mut Said) -> Command {
    let line = match read_command_line(program, arguments, environment) {
        Ok(line) => line,
        Err(fault) => return refuse(program, &fault),
    };
    match line.unknown.first().map(String::as_str) {
        Some("--help" | "-h") => return print(help_of(program), 0),
        Some(_) if program == Program::Serve => {
            return refuse(program, &format!("unrecognized arguments: {}", line.unknown.join(" ")));
        }
        Some(unknown) => said.out = format!("unknown argument: {unknown}\n{}", help_of(program)),
        None => {}
    }
    said.err = missed_lines(&line);
    if line.flags.version {
        return print(versions(), 0);
    }
    match make_settings(program, line.flags, environment) {
        (_, Ok(settings)) => Command::Serve(Box::new(settings)),
        (_, Err(Refusal::Flags(fault))) => refuse(program, &fault),
        (true, Err(Refusal::Start(error))) => {
            print(format!("Failed to start server. Error: {}\n", error.status()), LIKE_TENSORFLOW_SERVING)
        }
        (false, Err(Refusal::Start(error))) => refuse(program, &error.text),
    }
}

fn probe(arguments: &[String], environment: Environment) -> Command {
    let refuse = |fault: &str| Command::Print {
        out: String::new(),
        err: format!(
            "usage: firstserve probe VERSION_FOLDER [--litert_library=FILE]\nfirstserve probe: error: {fault}\n"
        ),
        status: BAD_FLAGS,
    };
    let line = match read_command_line(Program::Serve, arguments, environment) {
        Ok(line) => line,
        Err(fault) => return refuse(&fault),
    };
    match (line.unknown.as_slice(), runtime(&line.flags)) {
        (_, Err(error)) => refuse(&error.text),
        ([folder], Ok(runtime)) if !folder.starts_with('-') => Command::Probe(PathBuf::from(folder), runtime),
        _ => refuse("expected one version folder"),
    }
}

fn missed_lines(line: &CommandLine) -> String {
    let told = |flag: &&flag::Flag| match flag.effect {
        Effect::Missed(reason) if !reason.is_empty() => {
            format!("firstserve: --{} is accepted and has no effect here: {reason}\n", flag.name)
        }
        _ => format!("firstserve: --{} is accepted and has no effect here\n", flag.name),
    };
    let passed_over = line.passed_over.iter().map(|(variable, text)| {
        format!("firstserve: {variable}={text} is Kubernetes' link to a service and no port: it is passed over\n")
    });
    passed_over.chain(line.missed.iter().map(told)).collect()
}

/// In TensorFlow Serving's form.
fn versions() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!("TensorFlow ModelServer: {version}+firstserve\nTensorFlow Library: none\n")
}

fn print(out: String, status: u8) -> Command {
    Command::Print { out, err: String::new(), status }
}

/// Ends the process for a mistake in its flags, as `command_line` says.
fn refuse(program: Program, fault: &str) -> Command {
    let name = program.name();
    match program {
        Program::Serve => {
            let usage = format!("usage: {name} [--FLAG=VALUE ...]; {name} --help lists the flags");
            Command::Print { out: String::new(), err: format!("{usage}\n{name}: error: {fault}\n"), status: BAD_FLAGS }
        }
        Program::ModelServer => {
            Command::Print { out: help_of(program), err: format!("{name}: {fault}\n"), status: LIKE_TENSORFLOW_SERVING }
        }
    }
}
