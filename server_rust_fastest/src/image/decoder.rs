//! Decoding: the bytes of a JPEG, PNG, BMP, GIF or WebP -> an upright picture of the size a model takes.

use image::{ImageDecoder, ImageResult};

use crate::error::{Error, Result};
use crate::image::exif::read_orientation;
use crate::image::formats::{self, Format};
use crate::image::pixels::{Pixels, buffer};
use crate::image::resize::resize;
use crate::image::{bmp, gif, jpeg, png, webp};

/// Decodes a picture, turns it upright and resizes it to `width` x `height`, without keeping its proportions.
///
/// Gives grey or RGB. A JPEG is decoded at the smallest of libjpeg's scales (1/1, 1/2, 1/4, 1/8) that is not smaller
/// than the target. Alpha is dropped; 16-bit samples keep their high byte; the first frame of several is taken.
///
/// # Errors
/// Invalid argument where `picture` is none of these or is cut off, too large where it has more than `max_pixels`.
pub fn decode(picture: &[u8], width: u32, height: u32, max_pixels: u64) -> Result<Pixels> {
    let format = formats::recognise(picture)?;
    let orientation = read_orientation(format, picture);
    let (width, height) = if orientation.is_lying { (height, width) } else { (width, height) };
    let pixels = match format {
        Format::Jpeg => jpeg::decode(picture, width, height, max_pixels),
        Format::Png => png::decode(picture, max_pixels),
        Format::Bmp => bmp::decode(picture, max_pixels),
        Format::Gif => gif::decode(picture, max_pixels),
        Format::Webp => webp::decode(picture, max_pixels),
    }?;
    Ok(resize(pixels, width, height)?.without_alpha().upright(orientation))
}

/// # Errors
/// Too large where a header says that there are more pixels than that.
pub(super) fn check_size(width: u32, height: u32, max_pixels: u64) -> Result<()> {
    if u64::from(width) * u64::from(height) > max_pixels {
        return Err(Error::too_large(format!(
            "the picture has {width} x {height} pixels, more than the limit of {max_pixels} (--max_image_pixels): send \
             a smaller one"
        )));
    }
    if width == 0 || height == 0 {
        return Err(damaged(&format_args!("it has {width} x {height} pixels")));
    }
    Ok(())
}

/// What a decoder says of a picture.
pub(super) fn damaged(reason: &dyn std::fmt::Display) -> Error {
    Error::invalid_argument(format!(
        "the picture cannot be read: {reason}; it may be cut off or damaged, send it again whole"
    ))
}

/// What a decoder of the image crate gives.
pub(super) fn read_pixels(decoder: ImageResult<impl ImageDecoder>, max_pixels: u64) -> Result<Pixels> {
    let fault = |error: image::ImageError| damaged(&error);
    let decoder = decoder.map_err(fault)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height, max_pixels)?;
    let channels = usize::from(decoder.color_type().channel_count());
    let mut data = buffer(width, height, channels)?;
    decoder.read_image(&mut data).map_err(fault)?;
    Ok(Pixels { width, height, channels, data })
}
