//! Model file: the `model.tflite` of a version folder, which may be written over while it is served.
//!
//! Right after a load it is the file itself, so that the first answer waits for no copy: each run is followed by a look
//! whether the file is as it was. Behind the first answer a copy takes its place, and nobody looks any more.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::sys::{FileState, MappedFile, Model};
use crate::error::{Error, Result};
use crate::log;

/// How long a first run is waited for, whose time a copy would take: who waits for the load is there at once.
const FIRST_RUN: Duration = Duration::from_millis(20);
/// How long the first answer may take from the run to the client.
const FIRST_ANSWER: Duration = Duration::from_millis(10);

/// See the module.
pub struct ModelFile {
    /// Its octets.
    pub file: MappedFile,
    /// For who reads an error.
    pub path: PathBuf,
}

impl ModelFile {
    /// Opens the file of a version folder.
    ///
    /// # Errors
    /// Unavailable where it is not there or cannot be read.
    pub fn open(version_path: &Path) -> Result<Self> {
        let path = version_path.join("model.tflite");
        let file = MappedFile::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Error::unavailable(format!(
                "no model.tflite in {}: put the converted model there under that name",
                version_path.display()
            )),
            _ => Error::unavailable(format!("{} cannot be read: {error}", path.display())),
        })?;
        Ok(Self { file, path })
    }

    /// Takes a copy for the file now.
    ///
    /// # Errors
    /// Unavailable where it was written to meanwhile, or where there is no memory for it.
    pub fn hold(&self) -> Result<()> {
        match self.file.hold() {
            Ok(true) => Ok(()),
            Ok(false) => Err(written(&self.path)),
            Err(error) => {
                Err(Error::unavailable(format!("no copy of {} can be made in memory: {error}", self.path.display())))
            }
        }
    }

    /// What the file was like when it was opened.
    pub fn state(&self) -> FileState {
        self.file.state().clone()
    }

    /// # Errors
    /// Unavailable where somebody has written to the file since it was opened.
    pub fn check_as_opened(&self) -> Result<()> {
        if self.file.is_as_opened() { Ok(()) } else { Err(written(&self.path)) }
    }
}

/// What is said of a file that was written over too early.
pub fn written(path: &Path) -> Error {
    Error::unavailable(format!(
        "{} was written to while it was loaded: write the new model under another name and rename it, or better, put it \
         into a version folder of its own",
        path.display()
    ))
}

/// Is told why a file could not be held, where somebody has written to it: what was loaded of it is of no use.
pub type OnChanged = Box<dyn FnOnce(Error) + Send>;

/// Has a copy taken for a model's file once the first answer is there, or soon where nobody asks.
pub struct Holder {
    first_run: Sender<()>,
    awaited: Mutex<Option<Receiver<()>>>,
}

impl Holder {
    /// Does nothing yet.
    pub fn new() -> Self {
        let (first_run, awaited) = mpsc::channel();
        Self { first_run, awaited: Mutex::new(Some(awaited)) }
    }

    /// Begins to wait; once is enough.
    pub fn begin(&self, model: &Arc<Model>, path: &Path, on_changed: OnChanged) {
        let Some(first_run) = self.awaited.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let (model, path) = (Arc::clone(model), path.to_owned());
        thread::spawn(move || {
            match first_run.recv_timeout(FIRST_RUN) {
                Ok(()) => thread::sleep(FIRST_ANSWER),
                Err(RecvTimeoutError::Timeout) => {}
                // The model is not served any more.
                Err(RecvTimeoutError::Disconnected) => return,
            }
            match model.file().hold() {
                Ok(true) => model.file().forget(),
                Ok(false) => on_changed(written(&path)),
                Err(error) => log::warning(&format!(
                    "{} is served from the file itself, which must not be written to: {error}",
                    path.display()
                )),
            }
        });
    }

    /// Tells that a run has ended.
    pub fn has_run(&self) {
        // Nobody waits any more after the first.
        let _ = self.first_run.send(());
    }
}
