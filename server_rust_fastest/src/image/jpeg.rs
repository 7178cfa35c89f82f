//! JPEG by libjpeg-turbo: encoded bytes -> pixels at a fraction of their size.

use turbojpeg::{Colorspace, Decompressor, PixelFormat, ScalingFactor};

use crate::error::{Error, Result};
use crate::image::decoder::damaged;
use crate::image::memory::Room;
use crate::image::pixels::{Pixels, buffer};

/// Each costs a pass over all pixels; encoders write about ten.
const MAX_SCANS: usize = 50;
/// How the messages begin after which libjpeg goes on: part of the picture is wrong, the rest can be seen (jerror.h).
const WARNINGS: [&str; 5] = [
    "Corrupt JPEG data",
    "Inconsistent progression sequence",
    "Invalid SOS parameters",
    "Unknown Adobe color transform",
    "Warning:",
];

/// Decodes at the smallest scale that is not smaller than `width` x `height`; grey or RGB.
///
/// # Errors
/// As `decoder::decode`.
pub(super) fn decode(picture: &[u8], width: u32, height: u32, room: &mut Room<'_>) -> Result<Pixels> {
    let fault = |error: turbojpeg::Error| damaged(&message(&error));
    let mut decompressor = Decompressor::new().map_err(fault)?;
    let header = decompressor.read_header(picture).map_err(fault)?;
    let (full_width, full_height) = (side(header.width)?, side(header.height)?);
    room.check_size(full_width, full_height)?;
    let scans = read_scans(picture);
    if scans.count > MAX_SCANS {
        return Err(Error::too_large(format!(
            "the JPEG has more scans than the limit of {MAX_SCANS}: send it with fewer, or as a baseline JPEG"
        )));
    }
    let scale =
        if header.is_lossless { ScalingFactor::ONE } else { scale_for(full_width / width, full_height / height) };
    decompressor.set_scaling_factor(scale).map_err(fault)?;
    let (format, channels) = match header.colorspace {
        Colorspace::Gray => (PixelFormat::GRAY, 1),
        Colorspace::CMYK | Colorspace::YCCK => (PixelFormat::CMYK, 4),
        _ => (PixelFormat::RGB, 3),
    };
    let header = header.scaled(scale);
    let (width, height) = (side(header.width)?, side(header.height)?);
    // What comes in several scans is kept as coefficients, for all of its size.
    let coefficients = if scans.are_several { 2 * u64::from(scans.components) } else { 0 };
    room.take(width, height, 4, coefficients * u64::from(full_width) * u64::from(full_height))?;
    let mut image = turbojpeg::Image {
        pixels: buffer(width, height, channels)?,
        width: header.width,
        pitch: header.width * channels,
        height: header.height,
        format,
    };
    if let Err(error) = decompressor.decompress(picture, image.as_deref_mut())
        && !(is_warning(&error) && has_end(picture))
    {
        return Err(fault(error));
    }
    let mut pixels = Pixels { width, height, channels, data: image.pixels };
    if format == PixelFormat::CMYK {
        pixels.replace_pixels(3, cmyk_to_rgb);
    }
    Ok(pixels)
}

/// What a file's markers say of its scans.
#[derive(Default)]
struct Scans {
    components: u8,
    are_several: bool,
    /// At most one more than `MAX_SCANS`.
    count: usize,
}

/// By the markers (ITU-T T.81, B.1.1).
fn read_scans(picture: &[u8]) -> Scans {
    let mut scans = Scans::default();
    let mut place = 2;
    while scans.count <= MAX_SCANS {
        let Some(found) = picture.get(place..).and_then(|rest| rest.iter().position(|&octet| octet == 0xff)) else {
            break;
        };
        place += found;
        let Some([marker, segment @ ..]) = picture.get(place + 1..) else { break };
        match *marker {
            0xff => {
                place += 1;
                continue;
            }
            // In a scan's data, 0xff stands before 0 or a restart marker.
            0x00 | 0x01 | 0xd0..=0xd8 => {
                place += 2;
                continue;
            }
            0xd9 => break,
            0xda => {
                scans.are_several |= segment.get(2).is_some_and(|&components| components < scans.components);
                scans.count += 1;
            }
            0xc0..=0xcf if ![0xc4, 0xc8, 0xcc].contains(marker) => {
                scans.components = segment.get(7).copied().unwrap_or_default();
                scans.are_several = [0xc2, 0xc6, 0xca, 0xce].contains(marker);
            }
            _ => {}
        }
        place += 2 + segment.first_chunk().map_or(2, |&length| usize::from(u16::from_be_bytes(length)));
    }
    scans
}

fn side(size: usize) -> Result<u32> {
    u32::try_from(size).map_err(|error| damaged(&error))
}

/// The scale for a picture that is so many times wider and higher than the target.
fn scale_for(times_wider: u32, times_higher: u32) -> ScalingFactor {
    match times_wider.min(times_higher) {
        8.. => ScalingFactor::ONE_EIGHTH,
        4.. => ScalingFactor::ONE_QUARTER,
        2.. => ScalingFactor::ONE_HALF,
        _ => ScalingFactor::ONE,
    }
}

/// Files hold these inverted, as Adobe's programs write them: 255 is no ink.
fn cmyk_to_rgb(cmyk: &[u8], rgb: &mut [u8]) {
    let black = u32::from(cmyk[3]);
    for (&ink, sample) in cmyk.iter().zip(rgb) {
        let product = u32::from(255 - ink) * black + 128;
        *sample = (black.saturating_sub((product + (product >> 8)) >> 8)).to_le_bytes()[0];
    }
}

fn message(error: &turbojpeg::Error) -> String {
    match error {
        turbojpeg::Error::TurboJpegError(text) => text.clone(),
        // Of a size that libjpeg has not found.
        turbojpeg::Error::IntegerOverflow(_) => "it holds no picture".to_owned(),
        other => other.to_string(),
    }
}

fn is_warning(error: &turbojpeg::Error) -> bool {
    let text = message(error);
    WARNINGS.iter().any(|start| text.starts_with(start))
}

/// Whether the end marker comes after the last scan's start; a picture that is cut off has none there.
fn has_end(picture: &[u8]) -> bool {
    let last = |marker: [u8; 2]| picture.windows(2).rposition(|pair| pair == marker);
    last([0xff, 0xd9]) > last([0xff, 0xda])
}
