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
    let (width, height) = size(picture).ok_or_else(|| damaged(&"it does not begin with its header"))?;
    room.check_size(width, height)?;
    let bytes_a_pixel = if picture.get(24..26) == Some(DEEP_GREY) { 12 } else { 5 };
    room.take(width, height, bytes_a_pixel, picture.len() as u64)?;
    let needed = needed_chunks(picture)?;
    let mut decoder = png::Decoder::new(Timed::new(&needed, room.deadline()));
    decoder.ignore_checksums(true);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
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

/// Width and height by the first chunk.
fn size(picture: &[u8]) -> Option<(u32, u32)> {
    let header = chunks(picture).next().filter(|chunk| &chunk.name == b"IHDR")?;
    let (width, rest) = header.data.split_first_chunk()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*rest.first_chunk()?)))
}

/// What the pixels need, as a file of its own.
fn needed_chunks(picture: &[u8]) -> Result<Vec<u8>> {
    let mut file = Vec::with_capacity(picture.len() + END.len());
    file.extend_from_slice(&picture[..SIGNATURE_BYTES]);
    let mut pixels = Vec::new();
    for chunk in chunks(picture) {
        match &chunk.name {
            b"IDAT" => pixels.push(chunk.data),
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
    let length = pixels.iter().map(|data| data.len()).sum::<usize>().saturating_sub(1);
    let named = u32::try_from(length).map_err(|error| damaged(&error))?;
    file.extend_from_slice(&named.to_be_bytes());
    file.extend_from_slice(b"IDAT");
    let end = file.len() + length;
    for data in pixels {
        file.extend_from_slice(data);
    }
    file.truncate(end);
    file.extend_from_slice(&[0; 4]);
    file.extend_from_slice(END);
    Ok(file)
}
