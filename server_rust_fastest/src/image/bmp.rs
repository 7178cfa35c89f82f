//! BMP: encoded bytes -> pixels.

use std::borrow::Cow;

use image::codecs::bmp::BmpDecoder;

use crate::error::Result;
use crate::image::decoder::{damaged, read_pixels};
use crate::image::memory::Room;
use crate::image::pixels::Pixels;
use crate::image::timed::Timed;

const FILE_HEADER_BYTES: usize = 14;
/// Where the pixels begin.
const OFFSET: usize = 10;
const COMPRESSION: usize = 30;
const CORE_BYTES: u32 = 12;
const INFO_BYTES: u32 = 40;
const BIT_FIELDS: u32 = 3;
const ALPHA_BIT_FIELDS: u32 = 6;

/// Decodes to RGB, with alpha where the file has it.
///
/// # Errors
/// As `decoder::decode`.
pub(super) fn decode(picture: &[u8], room: &mut Room<'_>) -> Result<Pixels> {
    if let Some((width, height)) = size(picture) {
        room.check_size(width, height)?;
    }
    let picture = with_known_header(picture)?;
    let has_bit_fields = number_at(&picture, COMPRESSION) == Some(BIT_FIELDS);
    let bytes_a_pixel = if has_bit_fields && header_bytes(&picture) != Some(CORE_BYTES) { 24 } else { 6 };
    read_pixels(BmpDecoder::new(Timed::new(&picture, room.deadline())), room, bytes_a_pixel)
}

/// The file with a header that the decoder knows: OS/2's, of 16 to 64 bytes, of which what is left out counts as 0, become
/// Windows' own, and masks with one for alpha become those without.
///
/// # Errors
/// Invalid argument where the pixels begin within the header, or are compressed as OS/2 alone does it.
fn with_known_header(picture: &[u8]) -> Result<Cow<'_, [u8]>> {
    if let (Some(size), Some(offset)) = (header_bytes(picture), number_at(picture, OFFSET))
        && u64::from(offset) < FILE_HEADER_BYTES as u64 + u64::from(size)
    {
        return Err(damaged(&"its pixels begin within its header"));
    }
    let os2_bytes = header_bytes(picture).filter(|size| (16..=64).contains(size) && ![40, 52, 56].contains(size));
    if let (Some(size), Some(offset)) = (os2_bytes, number_at(picture, OFFSET)) {
        let header_end = FILE_HEADER_BYTES + size as usize;
        let (Some(header), Some(rest)) = (picture.get(18..header_end), picture.get(header_end..)) else {
            return Err(damaged(&"its header is cut off"));
        };
        let mut fields = [0; 36];
        let known = header.len().min(fields.len());
        fields[..known].copy_from_slice(&header[..known]);
        if number_at(&fields, 12) >= Some(BIT_FIELDS) {
            return Err(damaged(&"its compression is OS/2's own"));
        }
        let moved = offset.wrapping_sub(size).wrapping_add(INFO_BYTES);
        let head = [&picture[..OFFSET], &moved.to_le_bytes(), &INFO_BYTES.to_le_bytes(), &fields].concat();
        return Ok([&head, rest].concat().into());
    }
    if number_at(picture, COMPRESSION) == Some(ALPHA_BIT_FIELDS) {
        let mut changed = picture.to_vec();
        changed[COMPRESSION..COMPRESSION + 4].copy_from_slice(&BIT_FIELDS.to_le_bytes());
        return Ok(changed.into());
    }
    Ok(picture.into())
}

fn header_bytes(picture: &[u8]) -> Option<u32> {
    number_at(picture, FILE_HEADER_BYTES)
}

fn number_at(bytes: &[u8], place: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(place..)?.first_chunk()?))
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
