//! A file in memory, page by page as it is read, until it is held.

use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Deref;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, Ordering};

use super::immutable::is_immutable;

/// The octets of a file, which may be written over: until they are held, `is_trusted` tells whether that has happened,
/// and reading what has been cut off ends the process.
pub struct MappedFile {
    address: NonNull<c_void>,
    size_bytes: usize,
    file: File,
    path: PathBuf,
    state: FileState,
    is_held: AtomicBool,
}

/// What changes when somebody writes to a file.
#[derive(Clone, PartialEq, Eq)]
pub struct FileState {
    size_bytes: u64,
    written: (i64, i64),
    changed: (i64, i64),
    links: u64,
}

impl FileState {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
        }
        Ok(Self {
            size_bytes: metadata.len(),
            written: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            links: metadata.nlink(),
        })
    }

    /// Whether the content is that of the other state. Where another file takes a name of this one, it stays.
    fn is_same_content(&self, other: &Self) -> bool {
        let is_changed = self.changed != other.changed && self.links == other.links;
        self.size_bytes == other.size_bytes && self.written == other.written && !is_changed
    }
}

// SAFETY: the mapping is read-only and belongs to the process, not to a thread.
unsafe impl Send for MappedFile {}
// SAFETY: as above.
unsafe impl Sync for MappedFile {}

impl MappedFile {
    /// Maps a file as a whole.
    ///
    /// # Errors
    /// What the system says; that it is none, for a pipe or a folder.
    pub fn open(path: &Path) -> io::Result<Self> {
        // Whoever opens a pipe without this waits for its writer.
        let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
        let state = FileState::of(&file)?;
        let size_bytes = usize::try_from(state.size_bytes).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let (path, is_held) = (path.to_owned(), AtomicBool::new(false));
        let mut mapped = Self { address: NonNull::dangling(), size_bytes, file, path, state, is_held };
        if size_bytes > 0 {
            // SAFETY: at an address of the system's choice.
            mapped.address = unsafe { map(ptr::null_mut(), size_bytes, 0, mapped.file.as_raw_fd()) }?;
        }
        Ok(mapped)
    }

    /// When it was opened.
    pub fn state(&self) -> &FileState {
        &self.state
    }

    /// Whether these are the octets that the file had when it was opened.
    pub fn is_trusted(&self) -> bool {
        self.is_held.load(Ordering::Acquire) || self.is_as_opened()
    }

    /// Whether nobody has written to the file since it was opened.
    pub fn is_as_opened(&self) -> bool {
        FileState::of(&self.file).is_ok_and(|state| state.is_same_content(&self.state))
    }

    /// Takes a copy in memory for the file, at the same address, and tells whether it is one of what was opened. Others
    /// may read meanwhile. Where nobody can write to the file, it stays.
    ///
    /// # Errors
    /// What the system says.
    pub fn hold(&self) -> io::Result<bool> {
        if self.size_bytes > 0 && !self.is_held.load(Ordering::Acquire) && !is_immutable(&self.file, &self.path) {
            let copy = self.copy()?;
            if !self.is_as_opened() {
                return Ok(false);
            }
            // SAFETY: the range is this mapping's own, and holds the same octets afterwards.
            unsafe { map(self.address.as_ptr(), self.size_bytes, libc::MAP_FIXED, copy.as_raw_fd()) }?;
        }
        self.is_held.store(true, Ordering::Release);
        Ok(true)
    }

    /// A file in memory with the same octets; fewer, where the file has been cut off.
    fn copy(&self) -> io::Result<OwnedFd> {
        // SAFETY: the name is a C string.
        let copy = unsafe { libc::memfd_create(c"model.tflite".as_ptr(), libc::MFD_CLOEXEC) };
        if copy < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new, and nobody else has it.
        let copy = unsafe { OwnedFd::from_raw_fd(copy) };
        let mut offset = 0;
        loop {
            // SAFETY: both descriptors are open, and the offset has a place to go.
            let sent =
                unsafe { libc::sendfile(copy.as_raw_fd(), self.file.as_raw_fd(), &raw mut offset, self.size_bytes) };
            match sent {
                0 => return Ok(copy),
                1.. => {}
                _ => return Err(io::Error::last_os_error()),
            }
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

/// # Safety
/// With `MAP_FIXED`, the range at the address must be the caller's own.
unsafe fn map(address: *mut c_void, size_bytes: usize, flags: i32, file: i32) -> io::Result<NonNull<c_void>> {
    // SAFETY: a new mapping touches no memory that exists, but for what the caller promises.
    let mapped = unsafe { libc::mmap(address, size_bytes, libc::PROT_READ, libc::MAP_PRIVATE | flags, file, 0) };
    match NonNull::new(mapped) {
        Some(mapped) if mapped.as_ptr() != libc::MAP_FAILED => Ok(mapped),
        _ => Err(io::Error::last_os_error()),
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the mapping is that long, readable, and lives as long as `self`; the type's documentation tells of
        // files that are cut off. An empty slice may begin anywhere.
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
