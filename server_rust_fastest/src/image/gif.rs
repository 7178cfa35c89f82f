//! GIF: encoded bytes -> pixels of the first frame.

use crate::error::Result;
use crate::image::decoder::damaged;
use crate::image::memory::Room;
use crate::image::pixels::{Pixels, buffer};
use crate::image::timed::Timed;

/// Decodes to RGB; where the first frame covers only a part, it stands on a ground of its transparent colour.
///
/// # Errors
/// As `decoder::decode`.
pub(super) fn decode(picture: &[u8], room: &mut Room<'_>) -> Result<Pixels> {
    let fault = |error: gif::DecodingError| damaged(&error);
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::Indexed);
    let mut decoder = options.read_info(Timed::new(picture, room.deadline())).map_err(fault)?;
    let (width, height) = (u32::from(decoder.width()), u32::from(decoder.height()));
    room.check_size(width.max(1), height.max(1))?;
    let frame = decoder.next_frame_info().map_err(fault)?.ok_or_else(|| damaged(&"it holds no frame"))?;
    let (left, top) = (u32::from(frame.left), u32::from(frame.top));
    let (frame_width, frame_height) = (u32::from(frame.width), u32::from(frame.height));
    let ground = frame.transparent.unwrap_or(0);
    // A frame may exceed its picture, which then grows.
    let (width, height) = (width.max(left + frame_width), height.max(top + frame_height));
    room.check_size(width, height)?;
    room.check_size(frame_width, frame_height)?;
    room.take(width, height, 6, 0)?;
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
