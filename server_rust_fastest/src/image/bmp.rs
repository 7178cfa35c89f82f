//! BMP: encoded bytes -> pixels.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;

use crate::error::Result;
use crate::image::decoder::{check_size, read_pixels};
use crate::image::pixels::Pixels;

/// Decodes to RGB, with alpha where the file has it.
///
/// # Errors
/// As `decoder::decode`.
pub(super) fn decode(picture: &[u8], max_pixels: u64) -> Result<Pixels> {
    if let Some((width, height)) = size(picture) {
        check_size(width, height, max_pixels)?;
    }
    read_pixels(BmpDecoder::new(Cursor::new(picture)), max_pixels)
}

/// Width and height (Microsoft's BITMAPCOREHEADER, of 12 bytes, and BITMAPINFOHEADER).
fn size(picture: &[u8]) -> Option<(u32, u32)> {
    let (header_bytes, header) = picture.get(14..)?.split_first_chunk()?;
    if u32::from_le_bytes(*header_bytes) == 12 {
        let (width, height) = header.split_first_chunk()?;
        return Some((u16::from_le_bytes(*width).into(), u16::from_le_bytes(*height.first_chunk()?).into()));
    }
    let (width, height) = header.split_first_chunk()?;
    Some((
        i32::from_le_bytes(*width).unsigned_abs(),
        // Rows from the top down have a height below zero.
        i32::from_le_bytes(*height.first_chunk()?).unsigned_abs(),
    ))
}
