//! Probe: a version folder is loaded in a process of its own first, because a damaged model can end the process.
//!
//! version folder -> this program, which loads it and does nothing else -> nothing, or why it cannot be served

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::litert::{self, Servable};
use crate::settings::RuntimeOptions;

/// The exit status of a probe whose model cannot be loaded; the reason is on its stdout.
const REFUSED: u8 = 3;

/// How versions are tried out.
pub struct Probe {
    /// What understands `probe VERSION_FOLDER`; None for this program.
    pub program: Option<PathBuf>,
    /// How long a load may take before it is given up.
    pub limit: Duration,
}

impl Default for Probe {
    fn default() -> Self {
        Self { program: None, limit: Duration::from_secs(300) }
    }
}

impl Probe {
    /// Returns if the version can be loaded.
    ///
    /// A load is enough: damaged .tflite files that end the process (or keep it for ever) do so while they are loaded
    /// and compiled, none in a run after that.
    ///
    /// # Errors
    /// Unavailable where it cannot be loaded, or would end the process.
    pub fn try_out(&self, version_folder: &Path, options: &RuntimeOptions) -> Result<()> {
        let folder = version_folder.display();
        let untried =
            |error| Error::unavailable(format!("{folder} cannot be tried out in a process of its own: {error}"));
        let program = self.program.clone().map_or_else(env::current_exe, Ok).map_err(untried)?;
        let mut command = Command::new(program);
        command.arg("probe").arg(version_folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(library) = &options.library {
            command.arg("--litert_library").arg(library);
        }
        let mut child = command.spawn().map_err(untried)?;
        let (reason, reports) = (until_end(child.stdout.take()), until_end(child.stderr.take()));
        let said = reason
            .recv_timeout(self.limit)
            .ok()
            .map(|reason| (reason, reports.recv_timeout(self.limit).unwrap_or_default()));
        if said.is_none() {
            // It may have ended by itself just now.
            let _ = child.kill();
        }
        let status = child.wait().map_err(untried)?;
        let Some((reason, reports)) = said else {
            return Err(Error::unavailable(format!(
                "loading {folder} had not ended after {} s: convert or export the model again",
                self.limit.as_secs_f64()
            )));
        };
        match fault(version_folder, status, &reason) {
            None => Ok(()),
            Some(text) => Err(Error::unavailable(explained(text, &reports))),
        }
    }
}

/// What comes from a pipe until it ends.
fn until_end(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut said = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before a fault is what there is to tell.
            let _ = pipe.read_to_end(&mut said);
        }
        let _ = sender.send(said);
    });
    receiver
}

/// With the errors that LiteRT has printed: what it says of something that it has not made, it says nowhere else.
fn explained(text: String, printed: &[u8]) -> String {
    let printed = String::from_utf8_lossy(printed);
    let errors = printed.lines().filter_map(|line| line.strip_prefix("ERROR: "));
    // Without the place in LiteRT's code, such as `[model_load.cc:316] `.
    let errors: Vec<&str> = errors.map(|line| line.split_once("] ").map_or(line, |(_, error)| error)).collect();
    if errors.is_empty() || !text.contains("(LiteRT status ") { text } else { format!("{text}: {}", errors.join("; ")) }
}

fn fault(version_folder: &Path, status: ExitStatus, said: &[u8]) -> Option<String> {
    let folder = version_folder.display();
    if status.success() {
        return None;
    }
    if status.code() == Some(i32::from(REFUSED)) {
        return Some(String::from_utf8_lossy(said).into_owned());
    }
    Some(match status.signal() {
        Some(libc::SIGKILL) => format!(
            "loading {folder} was ended by SIGKILL, as when memory runs out: how much the model needs to load is not \
             known; a container gets more by --memory, of docker run and of gcloud run deploy"
        ),
        Some(signal) => format!(
            "loading {folder} crashed the runtime (signal {}); the file is damaged or cut off: convert it again",
            signal_name(signal)
        ),
        None => format!("loading {folder} ended its process with exit status {}", status.code().unwrap_or_default()),
    })
}

/// Of the signals that a fault in a program raises, and that end one from outside.
fn signal_name(number: i32) -> String {
    let name = match number {
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGILL => "SIGILL",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGSYS => "SIGSYS",
        libc::SIGTERM => "SIGTERM",
        libc::SIGTRAP => "SIGTRAP",
        _ => return number.to_string(),
    };
    name.to_owned()
}

/// Ends this process when the server that wants to know has gone, whose end of the pipe on stdin is then closed.
fn end_with_server() {
    let is_pipe = |stdin: OwnedFd| File::from(stdin).metadata().is_ok_and(|stdin| stdin.file_type().is_fifo());
    if io::stdin().as_fd().try_clone_to_owned().is_ok_and(is_pipe) {
        let (begins, begun) = mpsc::channel();
        thread::spawn(move || {
            let mut stdin = io::stdin();
            let _ = begins.send(());
            // A fault is an end as well. Not io::copy, which may look up symbols.
            while matches!(stdin.read(&mut [0; 64]), Ok(1..)) {}
            litert::exit(1)
        });
        // A thread cannot begin while a library is being loaded, which may be for ever.
        let _ = begun.recv();
    }
}

/// What the command `probe` does: loads one version folder, and tells on stdout why it cannot be served.
#[must_use]
pub fn run_probe(version_folder: &Path, options: &RuntimeOptions) -> ExitCode {
    litert::print_reports();
    end_with_server();
    match Servable::load(version_folder, options) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody else is told where stdout is closed.
            let _ = write!(io::stdout(), "{error}");
            ExitCode::from(REFUSED)
        }
    }
}
