//! The C library's heap.

#[cfg(target_env = "gnu")]
const MEBI: i32 = 1024 * 1024;

/// Gives all threads one heap that grows and shrinks in large steps. Does nothing where the C library is not glibc.
///
/// By default every thread has a heap of its own, which grows by one mprotect(2) for every few pages: slow under gVisor.
/// And the first large block that is freed raises the size from which blocks are mapped, up to 32 MiB: from then on
/// bodies and pictures lie in those heaps, which do not shrink.
pub fn bound_heap() {
    #[cfg(target_env = "gnu")]
    for (parameter, value) in [
        (libc::M_ARENA_MAX, 1),
        (libc::M_TOP_PAD, 4 * MEBI),
        // Usual requests reuse memory that is mapped already; only the largest bodies and pictures come and go.
        (libc::M_MMAP_THRESHOLD, MEBI),
        (libc::M_TRIM_THRESHOLD, 16 * MEBI),
    ] {
        // SAFETY: sets a number of the allocator's, under its own lock.
        unsafe { libc::mallopt(parameter, value) };
    }
}

/// How many bytes are allocated; 0 where the C library is not glibc.
pub fn allocated_bytes() -> usize {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: mallinfo2(3) locks the heap while it counts, and touches nothing that is in use.
        let told = unsafe { libc::mallinfo2() };
        told.uordblks + told.hblkhd
    }
    #[cfg(not(target_env = "gnu"))]
    0
}

/// Returns what the heap holds free to the system, as far as it can; worth it after a model has gone. Does nothing where
/// the C library is not glibc.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim(3) locks the heap while it works, and touches nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}
