//! EXIF: the bytes of a JPEG, PNG or WebP -> which way up it is to be seen.

use crate::image::formats::Format;
use crate::image::png;

/// How a stored picture becomes an upright one: first exchange x and y, then mirror.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Orientation {
    /// Rows of the stored picture are columns of the upright one.
    pub is_lying: bool,
    /// The stored picture is read from its right side.
    pub flips_x: bool,
    /// The stored picture is read from its bottom.
    pub flips_y: bool,
}

const EXIF_START: &[u8] = b"Exif\0\0";
/// Exif 2.32, 4.6.4.
const ORIENTATION_TAG: u16 = 0x0112;
const SHORT: u16 = 3;
const ENTRY_BYTES: usize = 12;

/// As the file's EXIF says; upright where it has none, or a broken one.
pub(super) fn read_orientation(format: Format, picture: &[u8]) -> Orientation {
    let exif = match format {
        Format::Jpeg => find_in_jpeg(picture),
        Format::Png => find_in_png(picture),
        Format::Webp => find_in_webp(picture),
        Format::Bmp | Format::Gif => None,
    };
    let value = exif.and_then(|exif| read_tag(exif.strip_prefix(EXIF_START).unwrap_or(exif)));
    let (is_lying, flips_x, flips_y) = match value {
        Some(2) => (false, true, false),
        Some(3) => (false, true, true),
        Some(4) => (false, false, true),
        Some(5) => (true, false, false),
        Some(6) => (true, false, true),
        Some(7) => (true, true, true),
        Some(8) => (true, true, false),
        _ => (false, false, false),
    };
    Orientation { is_lying, flips_x, flips_y }
}

/// The APP1 segment before the first scan (ITU-T T.81, B.1.1; Exif 2.32, 4.7.2).
fn find_in_jpeg(picture: &[u8]) -> Option<&[u8]> {
    let mut rest = picture.get(2..)?;
    loop {
        match rest {
            [0xff, 0xff, ..] => rest = &rest[1..],
            [0xff, 0xda | 0xd9, ..] => return None,
            [0xff, 0x01 | 0xd0..=0xd8, ..] => rest = &rest[2..],
            [0xff, marker, high, low, ..] => {
                let end = 2 + usize::from(u16::from_be_bytes([*high, *low]));
                let segment = rest.get(4..end)?;
                if *marker == 0xe1 && segment.starts_with(EXIF_START) {
                    return Some(segment);
                }
                rest = &rest[end..];
            }
            [_, _, ..] => rest = &rest[1..],
            _ => return None,
        }
    }
}

/// The eXIf chunk, which may stand behind the pixels (PNG specification, 11.3.4.5).
fn find_in_png(picture: &[u8]) -> Option<&[u8]> {
    png::chunks(picture).find(|chunk| &chunk.name == b"eXIf" && chunk.is_sound()).map(|chunk| chunk.data)
}

/// The EXIF chunk (RFC 9649, 2.7.1.5).
fn find_in_webp(picture: &[u8]) -> Option<&[u8]> {
    let mut rest = picture.get(12..)?;
    loop {
        let (name, chunk) = rest.split_first_chunk::<4>()?;
        let (length, chunk) = chunk.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        if name == b"EXIF" {
            return chunk.get(..length);
        }
        rest = chunk.get(length.checked_next_multiple_of(2)?..)?;
    }
}

/// The orientation in the first directory of a TIFF file (TIFF 6.0, section 2). As in browsers, only a single SHORT of 1
/// to 8 is one, and the first such counts.
fn read_tag(tiff: &[u8]) -> Option<u16> {
    let is_little = match tiff.first_chunk()? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let u16_at = |place: usize| {
        let octets = *tiff.get(place..)?.first_chunk()?;
        Some(if is_little { u16::from_le_bytes(octets) } else { u16::from_be_bytes(octets) })
    };
    let u32_at = |place: usize| {
        let octets = *tiff.get(place..)?.first_chunk()?;
        Some(if is_little { u32::from_le_bytes(octets) } else { u32::from_be_bytes(octets) })
    };
    let start = usize::try_from(u32_at(4)?).ok()?;
    let count = usize::from(u16_at(start)?);
    let entries = tiff.get(start.checked_add(2)?..)?.as_chunks::<ENTRY_BYTES>().0;
    entries.iter().take(count).find_map(|entry| {
        let read = |place: usize| {
            let octets = [entry[place], entry[place + 1]];
            if is_little { u16::from_le_bytes(octets) } else { u16::from_be_bytes(octets) }
        };
        let single = if is_little { [1, 0, 0, 0] } else { [0, 0, 0, 1] };
        let is_orientation = read(0) == ORIENTATION_TAG && read(2) == SHORT && entry[4..8] == single;
        Some(read(8)).filter(|value| is_orientation && (1..=8).contains(value))
    })
}
