//! Whether a file lies where nobody can write to it: on a read-only file system, or in a layer of this container's image.
//!
//! That a mount is read-only says nothing: a volume is, and is written to from outside.

use std::fs::{self, File};
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Of linux/magic.h: squashfs, EROFS, ISO 9660 and cramfs.
const READ_ONLY: [u64; 4] = [0x7371_7368, 0xE0F5_E1E2, 0x9660, 0x28CD_3D45];
/// Of linux/magic.h.
const OVERLAY: u64 = 0x794C_7630;

/// See the module. `path` is where the file was opened.
pub(super) fn is_immutable(file: &File, path: &Path) -> bool {
    let mut told = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the descriptor is open, and the structure is as large as the system's.
    if unsafe { libc::fstatfs(file.as_raw_fd(), told.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: the system has written it.
    let told = unsafe { told.assume_init() };
    match u64::try_from(told.f_type) {
        Ok(OVERLAY) => is_of_image(file, path).unwrap_or(false),
        Ok(kind) => READ_ONLY.contains(&kind),
        Err(_) => false,
    }
}

/// Whatever a container writes into its own layer changes after that layer was made, with the folder that it begins at.
fn is_of_image(file: &File, path: &Path) -> Option<bool> {
    let path = fs::canonicalize(path).ok()?;
    let device = fs::metadata(path.parent()?).ok()?.dev();
    let is_on_it = |folder: &&Path| fs::metadata(folder).is_ok_and(|metadata| metadata.dev() == device);
    let root = path.ancestors().skip(1).take_while(is_on_it).last()?;
    let layer_made = fs::metadata(root).ok()?.created().ok()?;
    Some(changed(file)? < layer_made)
}

fn changed(file: &File) -> Option<SystemTime> {
    let metadata = file.metadata().ok()?;
    let (seconds, nanos) = (u64::try_from(metadata.ctime()).ok()?, u32::try_from(metadata.ctime_nsec()).ok()?);
    Some(UNIX_EPOCH + Duration::new(seconds, nanos))
}
