//! WebP: encoded bytes -> pixels of the first frame.

use image::codecs::webp::WebPDecoder;

use crate::error::Result;
use crate::image::decoder::{damaged, read_pixels};
use crate::image::memory::Room;
use crate::image::pixels::Pixels;
use crate::image::timed::Timed;

/// Decodes to RGB, with alpha where the file has it.
///
/// # Errors
/// As `decoder::decode`.
pub(super) fn decode(picture: &[u8], room: &mut Room<'_>) -> Result<Pixels> {
    let promised_bytes =
        picture.get(4..).and_then(|rest| rest.first_chunk()).map_or(0, |size| u32::from_le_bytes(*size));
    if picture.len() < promised_bytes as usize + 8 {
        return Err(damaged(&format_args!(
            "it is {} bytes long in place of {}",
            picture.len(),
            u64::from(promised_bytes) + 8
        )));
    }
    if let Some((width, height)) = size(picture) {
        room.check_size(width, height)?;
    }
    read_pixels(WebPDecoder::new(Timed::new(picture, room.deadline())), room, 20)
}

/// Width and height by the first chunk (RFC 9649, 2.5 to 2.7.1); the decoder reads large ones wrongly, or refuses them.
fn size(picture: &[u8]) -> Option<(u32, u32)> {
    let (name, chunk) = picture.get(12..)?.split_first_chunk::<4>()?;
    let data = chunk.get(4..)?;
    match name {
        b"VP8 " => {
            let [.., w0, w1, h0, h1] = *data.first_chunk::<10>()?;
            Some((u32::from(u16::from_le_bytes([w0, w1])) & 0x3fff, u32::from(u16::from_le_bytes([h0, h1])) & 0x3fff))
        }
        b"VP8L" => {
            let [_, bits @ ..] = *data.first_chunk::<5>()?;
            let bits = u32::from_le_bytes(bits);
            Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
        }
        b"VP8X" => {
            let [.., w0, w1, w2, h0, h1, h2] = *data.first_chunk::<10>()?;
            Some((u32::from_le_bytes([w0, w1, w2, 0]) + 1, u32::from_le_bytes([h0, h1, h2, 0]) + 1))
        }
        _ => None,
    }
}
