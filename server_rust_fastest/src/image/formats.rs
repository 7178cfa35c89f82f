//! Formats: what a file is by its first bytes.

use crate::error::{Error, Result};
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

/// What a picture may be.
pub const FORMATS: &str = "JPEG, PNG, BMP, GIF or WebP";
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
