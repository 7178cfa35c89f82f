//! libLiteRt.so: a path -> its functions, of the one release that is declared here.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

use super::abi::Functions;
use super::{StatusError, VERSION};
use crate::error::{Error, Result};

const NAME: &str = "libLiteRt.so";

/// The library, loaded. It is never unloaded: C++ destructors and threads of its own may still need it.
#[derive(Clone)]
pub struct Library {
    pub(super) functions: Arc<Functions>,
}

impl Library {
    /// Loads the library at `path`, or else the one beside this program, or else the one that the loader finds.
    ///
    /// # Errors
    /// Unavailable where it is missing, cannot be loaded, or is of another release.
    pub fn open(path: Option<&Path>) -> Result<Self> {
        let path = path.map_or_else(default_path, Path::to_path_buf);
        if let Some(found) = version_of_wheel(&path).filter(|found| found != VERSION) {
            return Err(Error::unavailable(format!(
                "{} is of ai-edge-litert {found}, but this server reaches the C library of {VERSION}: \
                 take the library of ai-edge-litert {VERSION}",
                path.display()
            )));
        }
        // SAFETY: the operator names the library, or its name says that it is LiteRT; what its initializers do is as
        // trusted as this program's own code.
        let library = unsafe { libloading::Library::new(&path) }.map_err(|error| {
            Error::unavailable(format!(
                "{} cannot be loaded: {}; take the {NAME} of ai-edge-litert {VERSION}, and put it beside the program \
                 or where FIRSTSERVE_LITERT_LIBRARY says",
                path.display(),
                reason(&error)
            ))
        })?;
        let library = std::mem::ManuallyDrop::new(library);
        // SAFETY: a library that has functions of these names is LiteRT, and it is never unloaded.
        let functions = unsafe { Functions::find(&library) }.map_err(|missing| {
            Error::unavailable(format!(
                "{} has no function {missing}, so it is not LiteRT {VERSION}, whose C library this server reaches: \
                 take the {NAME} of ai-edge-litert {VERSION}",
                path.display()
            ))
        })?;
        Ok(Self { functions: Arc::new(functions) })
    }
}

/// What a status of LiteRT's means for the call that gave it.
pub(super) fn check(function: &'static str, status: i32) -> std::result::Result<(), StatusError> {
    if status == 0 { Ok(()) } else { Err(StatusError { function, status, said: String::new() }) }
}

/// Calls a function that answers with a status.
macro_rules! call {
    ($library:expr, $function:ident($($argument:expr),* $(,)?)) => {
        $crate::litert::sys::library::check(stringify!($function), ($library.functions.$function)($($argument),*))
    };
}
pub(super) use call;

fn default_path() -> PathBuf {
    let program = env::current_exe().ok();
    let beside = program.as_deref().and_then(Path::parent).map(|folder| folder.join(NAME));
    beside.filter(|path| path.exists()).unwrap_or_else(|| NAME.into())
}

/// The library cannot be asked for its version; in a Python environment the folder beside its own tells it.
fn version_of_wheel(library: &Path) -> Option<String> {
    let folder = library.parent().filter(|folder| folder.ends_with("ai_edge_litert"))?;
    let mut versions = fs::read_dir(folder.parent()?).ok()?.filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        Some(name.strip_prefix("ai_edge_litert-")?.strip_suffix(".dist-info")?.to_owned())
    });
    versions.next()
}

/// What the loader says, without the kind of call that it was.
fn reason(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}
