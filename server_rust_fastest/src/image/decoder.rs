//! Decoding: the bytes of a JPEG, PNG, BMP, GIF or WebP -> an upright picture of the size a model takes.

use image::{ImageDecoder, ImageResult};

use crate::error::{Error, Result};
use crate::image::exif::read_orientation;
use crate::image::formats::{self, Format};
use crate::image::memory::{Limits, Room};
use crate::image::pixels::{Pixels, buffer};
use crate::image::resize::resize;
use crate::image::{bmp, gif, jpeg, png, webp};
use crate::litert::checks::check_deadline;

/// Decodes a picture, turns it upright and resizes it to `width` x `height`, without keeping its proportions.
///
/// Gives grey or RGB. A JPEG is decoded at the smallest of libjpeg's scales (1/1, 1/2, 1/4, 1/8) that is not smaller
/// than the target. Alpha is dropped; 16-bit samples keep their high byte; the first frame of several is taken.
///
/// # Errors
/// Invalid argument where `picture` is none of these or is cut off, too large over the limits or over that of a JPEG's
/// scans, deadline exceeded past the deadline.
pub fn decode(picture: &[u8], width: u32, height: u32, limits: &Limits<'_>) -> Result<Pixels> {
    let format = formats::recognise(picture)?;
    let orientation = read_orientation(format, picture);
    let (width, height) = if orientation.is_lying { (height, width) } else { (width, height) };
    let mut room = Room::new(limits, width, height);
    let pixels = match format {
        Format::Jpeg => jpeg::decode(picture, width, height, &mut room),
        Format::Png => png::decode(picture, &mut room),
        Format::Bmp => bmp::decode(picture, &mut room),
        Format::Gif => gif::decode(picture, &mut room),
        Format::Webp => webp::decode(picture, &mut room),
    };
    // A decoder that has run out of time says that its file is damaged.
    check_deadline(limits.deadline)?;
    Ok(resize(pixels?, width, height)?.without_alpha().upright(orientation))
}

/// What a decoder says of a picture.
pub(super) fn damaged(reason: &dyn std::fmt::Display) -> Error {
    Error::invalid_argument(format!(
        "the picture cannot be read: {reason}; it may be cut off or damaged, send it again whole"
    ))
}

/// What a decoder of the image crate gives.
pub(super) fn read_pixels(
    decoder: ImageResult<impl ImageDecoder>,
    room: &mut Room<'_>,
    bytes_a_pixel: u64,
) -> Result<Pixels> {
    let fault = |error: image::ImageError| damaged(&error);
    let decoder = decoder.map_err(fault)?;
    let (width, height) = decoder.dimensions();
    room.check_size(width, height)?;
    room.take(width, height, bytes_a_pixel, 0)?;
    let channels = usize::from(decoder.color_type().channel_count());
    let mut data = buffer(width, height, channels)?;
    decoder.read_image(&mut data).map_err(fault)?;
    Ok(Pixels { width, height, channels, data })
}
