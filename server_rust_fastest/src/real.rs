//! Real: the library, models and data that tests work with, where they are there; a test that misses one says so and is
//! skipped.

use std::env;
use std::path::{Path, PathBuf};

/// Returns from a test that cannot run here; what is missing has been told.
macro_rules! or_skip {
    ($found:expr) => {
        match $found {
            Some(found) => found,
            None => return,
        }
    };
}
pub(crate) use or_skip;

/// The folder that this server is a part of.
pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the server is a folder of the project")
}

/// LiteRT's library, named by the variable that names it to the server as well.
pub(crate) fn library() -> Option<PathBuf> {
    let named = env::var_os("FIRSTSERVE_LITERT_LIBRARY");
    if named.is_none() {
        println!("skipped: FIRSTSERVE_LITERT_LIBRARY does not name LiteRT's library");
    }
    named.map(PathBuf::from)
}

/// The version folder of the project's MobileNet.
pub(crate) fn mobilenet() -> Option<PathBuf> {
    found(project().join("saved_model_tflite/1"))
}

/// A file or folder of the data that lies beside the project.
pub(crate) fn shared_data(name: &str) -> Option<PathBuf> {
    found(project().join("../shared/data").join(name))
}

fn found(path: PathBuf) -> Option<PathBuf> {
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}
