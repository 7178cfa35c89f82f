//! PNG: encoded bytes -> pixels, 8-bit samples of up to four channels.
//!
//! As in browsers, a checksum decides over IHDR, PLTE and eXIf alone, what the pixels do not need is not looked at, and a
//! file may end behind its pixels.

use crate::error::Result;
use crate::image::decoder::damaged;
use crate::image::memory::Room;
use crate::image::pixels::{Pixels, buffer};
use crate::image::quote::quote_bytes;
use crate::image::timed::Timed;

const SIGNATURE_BYTES: usize = 8;
const END: &[u8] = b"\0\0\0\0IEND\xae\x42\x60\x82";
/// Bit depth and colour type of the only pixels that take more memory than others.
const DEEP_GREY: &[u8] = &[16, 0];

/// Decodes any depth, palette or interlacing; the high byte of 16-bit samples.
///
/// # Errors
/// As `decoder::decode`.
pub(super) fn decode(picture: &[u8], room: &mut Room<'_>) -> Result<Pixels> {
    let fault = |error: png::DecodingError| damaged(&error);
    let needed = needed_chunks(picture)?;
    let mut decoder = png::Decoder::new(Timed::new(&needed, room.deadline()));
    decoder.ignore_checksums(true);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let (width, height) = decoder.read_header_info().map_err(fault)?.size();
    room.check_size(width, height)?;
    room.take(width, height, if picture.get(24..26) == Some(DEEP_GREY) { 12 } else { 5 }, 0)?;
    let mut reader = decoder.read_info().map_err(fault)?;
    let channels = reader.output_color_type().0.samples();
    let mut data = buffer(width, height, channels)?;
    reader.next_frame(&mut data).map_err(fault)?;
    Ok(Pixels { width, height, channels, data })
}

/// A chunk's name, its data as far as they have come, and whether its checksum is right (PNG specification, 5.3).
pub(super) struct Chunk<'a> {
    pub name: [u8; 4],
    pub data: &'a [u8],
    whole: &'a [u8],
    checksum: Option<&'a [u8]>,
}

impl Chunk<'_> {
    pub fn is_sound(&self) -> bool {
        let mut sum = flate2::Crc::new();
        sum.update(&self.whole[4..]);
        self.checksum == Some(&sum.sum().to_be_bytes())
    }
}

/// Up to IEND.
pub(super) fn chunks(picture: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut place = SIGNATURE_BYTES;
    std::iter::from_fn(move || {
        let (length, rest) = picture.get(place..)?.split_first_chunk::<4>()?;
        let name = *rest.first_chunk::<4>()?;
        let end = place + 8 + u32::from_be_bytes(*length) as usize;
        let whole = &picture[place..end.min(picture.len())];
        place = end + 4;
        Some(Chunk { name, data: &whole[8..], whole, checksum: picture.get(end..place) }).filter(|_| &name != b"IEND")
    })
}

/// What the pixels need, as a file of its own.
fn needed_chunks(picture: &[u8]) -> Result<Vec<u8>> {
    let mut file = picture[..SIGNATURE_BYTES].to_vec();
    let mut pixels = Vec::new();
    for chunk in chunks(picture) {
        match &chunk.name {
            b"IDAT" => pixels.extend_from_slice(chunk.data),
            b"IHDR" | b"PLTE" if chunk.is_sound() => {
                file.extend_from_slice(chunk.whole);
                file.extend_from_slice(chunk.checksum.unwrap_or_default());
            }
            [first, ..] if first & 0x20 == 0 => {
                return Err(damaged(&format_args!("its chunk {} is damaged or unknown", quote_bytes(&chunk.name))));
            }
            _ => {}
        }
    }
    // Without the last byte of its checksum, as the other servers take it: it decides nothing.
    pixels.pop();
    let length = u32::try_from(pixels.len()).map_err(|error| damaged(&error))?;
    file.extend_from_slice(&[&length.to_be_bytes(), b"IDAT".as_slice(), &pixels, &[0; 4], END].concat());
    Ok(file)
}
