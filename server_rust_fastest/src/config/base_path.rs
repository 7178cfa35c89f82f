//! Base path: a model's `base_path` as it was written -> a folder of this machine.

use std::path::PathBuf;

use crate::error::{Error, Result};

/// Takes an absolute path or a `file://` URI.
///
/// # Errors
/// Invalid argument, with TensorFlow Serving's text, for a relative path; unimplemented for remote storage.
pub fn read_base_path(model: &str, text: &str) -> Result<PathBuf> {
    let path = match text.split_once("://") {
        None => text,
        Some(("file", path)) => path,
        Some(_) => {
            return Err(Error::unimplemented(format!(
                "model {model}: base_path {text} is remote, and models are read from this machine's folders: mount it"
            )));
        }
    };
    if path.starts_with('/') {
        return Ok(PathBuf::from(path));
    }
    Err(Error::invalid_argument(format!(
        "Expected model {model} to have an absolute path or URI; got base_path()={text}"
    )))
}
