//! A file in memory, page by page as it is read.

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::ptr::{self, NonNull};

/// The octets of a file, which must not be cut shorter while it is mapped: reading what is gone ends the process.
///
/// A model is replaced by another version folder, or by another file of its name, which leaves this one as it is.
pub struct MappedFile {
    address: NonNull<c_void>,
    size_bytes: usize,
}

// SAFETY: the mapping is read-only and belongs to the process, not to a thread.
unsafe impl Send for MappedFile {}
// SAFETY: as above.
unsafe impl Sync for MappedFile {}

impl MappedFile {
    /// Maps a file as a whole.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let size_bytes = usize::try_from(metadata.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        if size_bytes == 0 {
            return Ok(Self { address: NonNull::dangling(), size_bytes });
        }
        // SAFETY: a new mapping at an address of the system's choice touches no memory that exists.
        let address =
            unsafe { libc::mmap(ptr::null_mut(), size_bytes, libc::PROT_READ, libc::MAP_PRIVATE, file.as_raw_fd(), 0) };
        match NonNull::new(address) {
            Some(address) if address.as_ptr() != libc::MAP_FAILED => Ok(Self { address, size_bytes }),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Gives the pages back; what is used again comes back from the page cache by itself.
    pub fn forget(&self) {
        if self.size_bytes > 0 {
            // SAFETY: the range is this mapping's own; its pages are read-only, so nothing is lost with them.
            unsafe { libc::madvise(self.address.as_ptr(), self.size_bytes, libc::MADV_DONTNEED) };
        }
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the mapping is that long, readable, and lives as long as `self`; the type's documentation tells what
        // the file's owner promises. An empty slice may begin anywhere.
        unsafe { std::slice::from_raw_parts(self.address.as_ptr().cast(), self.size_bytes) }
    }
}

impl Drop for MappedFile {
    fn drop(&mut self) {
        if self.size_bytes > 0 {
            // SAFETY: the mapping is this value's own, and nothing borrows from it any more.
            unsafe { libc::munmap(self.address.as_ptr(), self.size_bytes) };
        }
    }
}
