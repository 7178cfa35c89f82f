//! Command line: arguments and environment -> the value of every flag.
//!
//! Both commands take `--name=value`, and `--name` alone for a boolean. They differ in their defaults, and in what they
//! do about a mistake:
//!
//! - `firstserve serve` also takes `--name value`. It ends with status 2 and says why on stderr.
//! - `tensorflow_model_server` does as the program of that name: for a value that cannot be read it prints its usage on
//!   stdout and ends with status 255; an argument that it does not know is told, with the usage, and then ignored.

use super::flag::{Effect, Flag, Kind};
use super::flags::Flags;
use super::own_flags::OWN_FLAGS;
use super::tensorflow_serving_flags::TENSORFLOW_SERVING_FLAGS;

/// Variable -> its text.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// `FIRSTSERVE_PORT` begins so in every container of a Kubernetes namespace that has a service named firstserve, and
/// `FIRSTSERVE_REST_API_PORT` where one is named firstserve-rest-api.
const KUBERNETES_ADDRESS: [&str; 3] = ["tcp://", "udp://", "sctp://"];

/// The command that the program is run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Serve,
    /// TensorFlow Serving's.
    ModelServer,
}

impl Program {
    pub fn name(self) -> &'static str {
        match self {
            Self::Serve => "firstserve serve",
            Self::ModelServer => "tensorflow_model_server",
        }
    }
}

/// Every flag, in the order of the help texts.
pub fn all_flags() -> impl Iterator<Item = &'static Flag> {
    TENSORFLOW_SERVING_FLAGS.iter().chain(&OWN_FLAGS)
}

/// The name of a flag's variable.
pub fn twin(flag: &Flag) -> String {
    format!("FIRSTSERVE_{}", flag.name.to_ascii_uppercase())
}

/// What a command line says.
pub struct CommandLine {
    pub flags: Flags,
    /// The arguments that are no flags, in order.
    pub unknown: Vec<String>,
    /// The flags that ask for something that is not done here.
    pub missed: Vec<&'static Flag>,
    /// The variables that Kubernetes has set, for itself, with their texts.
    pub passed_over: Vec<(String, String)>,
}

/// Reads arguments, then the environment, then defaults.
///
/// # Errors
/// What is wrong with which argument or variable.
pub fn read_command_line(
    program: Program,
    arguments: &[String],
    environment: Environment,
) -> Result<CommandLine, String> {
    let mut line =
        CommandLine { flags: Flags::default(), unknown: Vec::new(), missed: Vec::new(), passed_over: Vec::new() };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let (name, text) = match word.split_once('=') {
            Some((name, text)) => (name, Some(text)),
            None => (word.as_str(), None),
        };
        let flag = name.strip_prefix("--").and_then(|name| all_flags().find(|flag| flag.name == name));
        let found = match (flag, text) {
            (Some(flag), Some(text)) => Some((flag, text)),
            (Some(flag), None) if flag.kind == Kind::Bool => Some((flag, "true")),
            (Some(flag), None) if program == Program::Serve => {
                let apart = words.next().filter(|word| !word.starts_with("--"));
                let text = apart.ok_or_else(|| format!("argument {name}: expected a value"))?;
                Some((flag, text.as_str()))
            }
            _ => None,
        };
        match found {
            Some((flag, text)) => line.set(flag, text).map_err(|fault| format!("argument {name}: {fault}"))?,
            None => line.unknown.push(word.clone()),
        }
    }
    for flag in all_flags() {
        if line.flags.is_given(flag.name) {
            continue;
        }
        match variable_of(flag, program, environment) {
            Some(found) if is_link_to_service(flag, &found.1) => {
                line.passed_over.push(found);
                line.set_default(flag, program)?;
            }
            Some((variable, text)) => line.set(flag, &text).map_err(|fault| format!("{variable}: {fault}"))?,
            None if flag.effect == Effect::Full => line.set_default(flag, program)?,
            None => {}
        }
    }
    Ok(line)
}

/// The variable that sets a flag, and its text; one that is set and empty counts as none.
fn variable_of(flag: &Flag, program: Program, environment: Environment) -> Option<(String, String)> {
    let read = |variable: String| {
        let text = environment(&variable).filter(|text| !text.is_empty())?;
        Some((variable, text))
    };
    match flag.name {
        "model_name" if program == Program::Serve => read(twin(flag)).or_else(|| read("MODEL_NAME".to_owned())),
        _ => read(twin(flag)),
    }
}

fn is_link_to_service(flag: &Flag, text: &str) -> bool {
    ["port", "rest_api_port"].contains(&flag.name) && KUBERNETES_ADDRESS.iter().any(|start| text.starts_with(start))
}

impl CommandLine {
    fn set(&mut self, flag: &'static Flag, text: &str) -> Result<(), String> {
        (flag.read)(&mut self.flags, text)?;
        self.flags.given.push(flag.name);
        self.missed.retain(|missed| missed.name != flag.name);
        if matches!(flag.effect, Effect::Missed(_)) && flag.is_changed_by(text) {
            self.missed.push(flag);
        }
        Ok(())
    }

    fn set_default(&mut self, flag: &Flag, program: Program) -> Result<(), String> {
        let serve_default = flag.serve_default.filter(|_| program == Program::Serve);
        match serve_default.map(Into::into).or_else(|| flag.default.text()) {
            Some(text) => (flag.read)(&mut self.flags, &text),
            None => Ok(()),
        }
    }
}
