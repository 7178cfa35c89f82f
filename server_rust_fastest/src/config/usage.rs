//! Usage: the table of flags -> the help texts of both commands.

use std::fmt::Write as _;

use super::command_line::{Program, all_flags, twin};
use super::flag::{Effect, Flag, Kind};

const WIDTH: usize = 100;
const INDENT: &str = "      ";

const SERVE_HELP: &str = "\
usage: firstserve serve [--FLAG=VALUE ...]

Serves .tflite models over HTTP and gRPC. A boolean flag needs no value. Every flag is also read from the environment, by
the name that stands after its default; the command line wins.

With PORT in the environment and no flag for a port, HTTP and gRPC share PORT, as serverless platforms want it; without,
gRPC listens on 8500 and HTTP on 8501.
";

/// What the command prints for --help.
pub fn help_of(program: Program) -> String {
    match program {
        Program::Serve => serve_help(),
        Program::ModelServer => model_server_usage(),
    }
}

fn serve_help() -> String {
    let mut help = format!("{SERVE_HELP}\n");
    for flag in all_flags() {
        let default = flag.serve_default.map_or_else(|| flag.default.told(), Into::into);
        let default = if default.is_empty() { String::new() } else { format!("default: {default}; ") };
        let usual = if flag.name == "model_name" { " or MODEL_NAME" } else { "" };
        let value = if flag.kind == Kind::Bool { "" } else { "=VALUE" };
        let _ = writeln!(help, "  --{}{value}", flag.name);
        wrap(&mut help, &format!("{} ({default}{}{usual})", meaning(flag), twin(flag)));
    }
    help
}

fn model_server_usage() -> String {
    let mut usage = format!("usage: {}\nFlags:\n", Program::ModelServer.name());
    for flag in all_flags() {
        let default = flag.default.text().unwrap_or_default();
        let quote = if flag.kind == Kind::String { "\"" } else { "" };
        let shown = format!("--{}={quote}{default}{quote}", flag.name);
        let _ = writeln!(usage, "\t{shown:<33}\t{}\t{}", flag.kind.name(), meaning(flag));
    }
    usage
}

/// What the flag does, or that it does nothing.
pub fn meaning(flag: &Flag) -> String {
    let effect = if flag.effect == Effect::Full { "" } else { "accepted, without effect: " };
    format!("{effect}{}", flag.help)
}

/// Adds the text in indented lines of at most `WIDTH` characters.
fn wrap(help: &mut String, text: &str) {
    let mut line = INDENT.to_owned();
    for word in text.split(' ') {
        if line.len() > INDENT.len() && line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(help, "{line}");
            line.truncate(INDENT.len());
        }
        if line.len() > INDENT.len() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(help, "{line}");
}
