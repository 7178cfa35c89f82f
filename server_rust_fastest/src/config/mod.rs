//! Config: command line, environment and config files -> settings.

use std::path::Path;

use crate::error::Result;
use crate::settings::{ModelConfig, Settings};

/// What a command line asks for.
pub enum Command {
    /// To serve.
    Serve(Box<Settings>),
    /// To load one version folder, and to end with a status that says whether it can be served.
    Probe(std::path::PathBuf, crate::settings::RuntimeOptions),
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
pub fn read_command(arguments: &[String], environment: &dyn Fn(&str) -> Option<String>) -> Command {
    let _ = (arguments, environment);
    todo!()
}

/// The models of a `ModelServerConfig` text file; None where it says nothing.
///
/// # Errors
/// Where the file cannot be read or is not of that form, with place and fault.
pub fn read_model_configs(file: &Path) -> Result<Option<Vec<ModelConfig>>> {
    let _ = file;
    todo!()
}
