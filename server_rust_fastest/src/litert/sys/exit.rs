//! The end of the process.

/// Ends the process at once, with the C++ destructors of the library left out: a load or a run that nobody waits for any
/// more may still be using what they would destroy.
pub fn exit(status: u8) -> ! {
    // SAFETY: _exit(2) ends all threads as they are; nothing of this process is left to be wrong.
    unsafe { libc::_exit(status.into()) }
}
