//! Any bytes as a picture: no panic, memory within the limit of pixels, and what is decoded has the size asked for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use server_rust_fastest::image::decode;

const WIDTH: u32 = 24;
const HEIGHT: u32 = 16;
const MAX_PIXELS: u64 = 1_000_000;

fuzz_target!(|picture: &[u8]| {
    if let Ok(pixels) = decode(picture, WIDTH, HEIGHT, MAX_PIXELS) {
        assert_eq!((pixels.width, pixels.height), (WIDTH, HEIGHT));
        assert!(pixels.channels == 1 || pixels.channels == 3);
        assert_eq!(pixels.data.len(), (WIDTH * HEIGHT) as usize * pixels.channels);
    }
});
