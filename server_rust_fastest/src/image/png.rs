//! PNG: encoded bytes -> pixels, 8-bit samples of up to four channels.

use std::io::Cursor;

use crate::error::Result;
use crate::image::decoder::{check_size, damaged};
use crate::image::pixels::{Pixels, buffer};

/// Decodes any depth, palette or interlacing; the high byte of 16-bit samples.
///
/// # Errors
/// As `decoder::decode`.
pub(super) fn decode(picture: &[u8], max_pixels: u64) -> Result<Pixels> {
    let fault = |error: png::DecodingError| damaged(&error);
    let mut decoder = png::Decoder::new(Cursor::new(picture));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let (width, height) = decoder.read_header_info().map_err(fault)?.size();
    check_size(width, height, max_pixels)?;
    let mut reader = decoder.read_info().map_err(fault)?;
    let channels = reader.output_color_type().0.samples();
    let mut data = buffer(width, height, channels)?;
    reader.next_frame(&mut data).map_err(fault)?;
    Ok(Pixels { width, height, channels, data })
}
