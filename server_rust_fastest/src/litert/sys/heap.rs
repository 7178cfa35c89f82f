//! The C library's heap.

/// Returns what the heap holds free to the system, as far as it can; worth it after a model has gone. Does nothing where
/// the C library is not glibc.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim(3) locks the heap while it works, and touches nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}
