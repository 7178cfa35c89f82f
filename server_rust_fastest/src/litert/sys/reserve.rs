//! Reserve: memory for an output whose size nobody knows before it is written.
//!
//! Where a graph computes shapes (Keras's Reshape does) and XNNPACK runs what follows, LiteRT writes the output without
//! a look at the size of its buffer, and a request's values can make it as large as they like. So the buffer is address
//! space for as much as the machine has memory: it takes memory page by page as it is written to, and a request that
//! wrote past its end would have used up the memory before.

use std::ffi::c_void;
use std::io;
use std::ptr::{self, NonNull};

const LEAST_BYTES: usize = 64 * 1024 * 1024;
/// Written pages up to here are kept for the next run.
const KEPT_BYTES: usize = 1024 * 1024;

/// Zeroed memory, aligned to pages.
pub(super) struct Reserve {
    address: NonNull<c_void>,
    size_bytes: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread.
unsafe impl Send for Reserve {}

impl Reserve {
    /// As large as the memory of the machine, or less where address space is limited (`ulimit -v`).
    ///
    /// # Errors
    /// What the system says where not even 64 MiB of address space are free.
    pub(super) fn new() -> io::Result<Self> {
        let mut size_bytes = memory_bytes().max(LEAST_BYTES);
        loop {
            // SAFETY: a new mapping at an address of the system's choice touches no memory that exists.
            let address = unsafe {
                libc::mmap(
                    ptr::null_mut(),
                    size_bytes,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                    -1,
                    0,
                )
            };
            match NonNull::new(address) {
                Some(address) if address.as_ptr() != libc::MAP_FAILED => return Ok(Self { address, size_bytes }),
                _ if size_bytes / 2 < LEAST_BYTES => return Err(io::Error::last_os_error()),
                _ => size_bytes /= 2,
            }
        }
    }

    pub(super) fn address(&self) -> *mut c_void {
        self.address.as_ptr()
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// What was written at the beginning.
    pub(super) fn octets(&self, size_bytes: usize) -> &[u8] {
        // SAFETY: the mapping is at least that long and readable. LiteRT writes to it only during a run, which takes
        // the instance that owns this reserve exclusively.
        unsafe { std::slice::from_raw_parts(self.address.as_ptr().cast(), size_bytes.min(self.size_bytes)) }
    }

    /// Writes at the beginning.
    pub(super) fn write(&mut self, octets: &[u8]) {
        let size_bytes = octets.len().min(self.size_bytes);
        // SAFETY: the mapping is at least that long, writable, and no part of `octets`.
        unsafe { ptr::copy_nonoverlapping(octets.as_ptr(), self.address.as_ptr().cast(), size_bytes) };
    }

    /// Gives the memory back that a large output took.
    pub(super) fn give_back(&mut self, size_bytes: usize) {
        let size_bytes = size_bytes.min(self.size_bytes);
        if size_bytes > KEPT_BYTES {
            // SAFETY: the range is this mapping's own, and nothing borrows from it.
            unsafe { libc::madvise(self.address.as_ptr(), size_bytes, libc::MADV_DONTNEED) };
        }
    }
}

impl Drop for Reserve {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own; whoever was given its address is dropped before (see `Instance`).
        unsafe { libc::munmap(self.address.as_ptr(), self.size_bytes) };
    }
}

fn memory_bytes() -> usize {
    // SAFETY: asks for a number.
    let pages = unsafe { libc::sysconf(libc::_SC_PHYS_PAGES) };
    // SAFETY: asks for a number.
    let page_bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(pages).unwrap_or(0).saturating_mul(usize::try_from(page_bytes).unwrap_or(0))
}
