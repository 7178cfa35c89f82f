//! Formats: what a file is by its first bytes; PNG, BMP, GIF and WebP -> pixels.

use std::io::Cursor;

use image::ImageDecoder;
use image::codecs::bmp::BmpDecoder;
use image::codecs::webp::WebPDecoder;

use crate::error::{Error, Result};
use crate::image::decoder::{check_size, damaged};
use crate::image::pixels::{Pixels, buffer};
use crate::image::quote::quote_bytes;

/// What a picture is encoded as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Jpeg,
    Png,
    Bmp,
    Gif,
    Webp,
}

const FORMATS: &str = "JPEG, PNG, BMP, GIF or WebP";
const SHOWN_BYTES: usize = 8;

/// The format by the file's first bytes.
///
/// # Errors
/// Invalid argument for any other.
pub(super) fn recognise(picture: &[u8]) -> Result<Format> {
    if picture.starts_with(b"\xff\xd8\xff") {
        return Ok(Format::Jpeg);
    }
    if picture.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(Format::Png);
    }
    if picture.starts_with(b"BM") {
        return Ok(Format::Bmp);
    }
    if picture.starts_with(b"GIF87a") || picture.starts_with(b"GIF89a") {
        return Ok(Format::Gif);
    }
    if picture.starts_with(b"RIFF") && picture.get(8..12) == Some(b"WEBP") {
        return Ok(Format::Webp);
    }
    if picture.is_empty() {
        return Err(Error::invalid_argument(format!(
            "the body is empty: send a picture ({FORMATS}), or a form with one"
        )));
    }
    let start = quote_bytes(&picture[..picture.len().min(SHOWN_BYTES)]);
    Err(Error::invalid_argument(format!("the body is not a picture: it starts with {start}; send {FORMATS}")))
}

/// Any depth, palette or interlacing; 8-bit samples of up to four channels.
pub(super) fn decode_png(picture: &[u8], max_pixels: u64) -> Result<Pixels> {
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

pub(super) fn decode_bmp(picture: &[u8], max_pixels: u64) -> Result<Pixels> {
    if let Some((width, height)) = bmp_size(picture) {
        check_size(width, height, max_pixels)?;
    }
    decode_by_image(BmpDecoder::new(Cursor::new(picture)), max_pixels)
}

/// Width and height (Microsoft's BITMAPCOREHEADER, of 12 bytes, and BITMAPINFOHEADER).
fn bmp_size(picture: &[u8]) -> Option<(u32, u32)> {
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

/// The first frame of several.
pub(super) fn decode_webp(picture: &[u8], max_pixels: u64) -> Result<Pixels> {
    decode_by_image(WebPDecoder::new(Cursor::new(picture)), max_pixels)
}

fn decode_by_image(decoder: image::ImageResult<impl ImageDecoder>, max_pixels: u64) -> Result<Pixels> {
    let fault = |error: image::ImageError| damaged(&error);
    let decoder = decoder.map_err(fault)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height, max_pixels)?;
    let channels = usize::from(decoder.color_type().channel_count());
    let mut data = buffer(width, height, channels)?;
    decoder.read_image(&mut data).map_err(fault)?;
    Ok(Pixels { width, height, channels, data })
}

/// The first frame, on a ground of its transparent colour where it covers only a part.
pub(super) fn decode_gif(picture: &[u8], max_pixels: u64) -> Result<Pixels> {
    let fault = |error: gif::DecodingError| damaged(&error);
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::Indexed);
    let mut decoder = options.read_info(picture).map_err(fault)?;
    let (width, height) = (u32::from(decoder.width()), u32::from(decoder.height()));
    check_size(width.max(1), height.max(1), max_pixels)?;
    let frame = decoder.next_frame_info().map_err(fault)?.ok_or_else(|| damaged(&"it holds no frame"))?;
    let (left, top) = (u32::from(frame.left), u32::from(frame.top));
    let (frame_width, frame_height) = (u32::from(frame.width), u32::from(frame.height));
    let ground = frame.transparent.unwrap_or(0);
    // A frame may exceed its picture, which then grows.
    let (width, height) = (width.max(left + frame_width), height.max(top + frame_height));
    check_size(width, height, max_pixels)?;
    check_size(frame_width, frame_height, max_pixels)?;
    let mut indices = buffer(frame_width, frame_height, 1)?;
    decoder.read_into_buffer(&mut indices).map_err(fault)?;
    let palette = decoder.palette().map_err(fault)?;
    let colour = |index: u8| palette.as_chunks::<3>().0.get(usize::from(index)).copied().unwrap_or_default();
    let colours: [[u8; 3]; 256] = std::array::from_fn(|index| colour(index.to_le_bytes()[0]));
    let mut data = buffer(width, height, 3)?;
    if (frame_width, frame_height) != (width, height) {
        data.as_chunks_mut().0.fill(colours[usize::from(ground)]);
    }
    let rows = data.chunks_exact_mut(width as usize * 3).skip(top as usize);
    for (row, indices) in rows.zip(indices.chunks_exact(frame_width as usize)) {
        let pixels = row.as_chunks_mut::<3>().0.iter_mut().skip(left as usize);
        for (pixel, &index) in pixels.zip(indices) {
            *pixel = colours[usize::from(index)];
        }
    }
    Ok(Pixels { width, height, channels: 3, data })
}
