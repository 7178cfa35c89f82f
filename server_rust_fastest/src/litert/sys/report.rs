//! What LiteRT reports beside its statuses: kept for the error that follows, or printed where somebody reads it.

use std::sync::atomic::{AtomicBool, Ordering};

/// `LiteRtLogSeverity`: errors.
const ERRORS: i64 = 3;
/// See `ERRORS`.
const SILENT: i64 = 4;

static PRINTED: AtomicBool = AtomicBool::new(false);

/// Has everything printed on stderr: also what LiteRT keeps nowhere, because what it was to make has not been made.
pub fn print_reports() {
    PRINTED.store(true, Ordering::Relaxed);
}

/// The least severity that is printed.
pub(super) fn least_severity() -> i64 {
    if PRINTED.load(Ordering::Relaxed) { ERRORS } else { SILENT }
}

/// Settings of a compiled model, lines of `name = value`: `LiteRtErrorReporterMode` 1 prints, 2 keeps.
pub(super) fn settings() -> &'static std::ffi::CStr {
    if PRINTED.load(Ordering::Relaxed) { c"error_reporter_mode = 1\n" } else { c"error_reporter_mode = 2\n" }
}
