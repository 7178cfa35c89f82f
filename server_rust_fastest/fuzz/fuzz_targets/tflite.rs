//! Any octets as a .tflite: no panic, and an end in time.

#![no_main]

use libfuzzer_sys::fuzz_target;
use server_rust_fastest::tflite::{read_metadata, verify};

fuzz_target!(|octets: &[u8]| {
    let _ = verify(octets);
    let _ = read_metadata(octets);
});
