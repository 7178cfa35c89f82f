use super::{HEIGHT, WIDTH, decoded, refusal};

const PALETTE: [u8; 12] = [0, 0, 0, 250, 0, 0, 0, 250, 0, 0, 0, 250];

fn written(width: u16, height: u16, frames: &[gif::Frame<'_>]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = gif::Encoder::new(&mut file, width, height, &PALETTE).expect("a header");
    for frame in frames {
        encoder.write_frame(frame).expect("a frame");
    }
    drop(encoder);
    file
}

fn frame(width: u32, height: u32, index: u8) -> gif::Frame<'static> {
    let (width, height) = (u16::try_from(width).expect("small"), u16::try_from(height).expect("small"));
    let buffer = vec![index; usize::from(width) * usize::from(height)].into();
    gif::Frame { width, height, buffer, ..gif::Frame::default() }
}

/// 12 x 8 pixels of changing colours.
pub(super) fn as_gif() -> Vec<u8> {
    let buffer: Vec<u8> = (0..96_u8).map(|place| (place / 3 + place) % 4).collect();
    written(12, 8, &[gif::Frame { buffer: buffer.into(), ..frame(WIDTH, HEIGHT, 0) }])
}

#[test]
fn the_first_frame_is_taken() {
    let pixels = decoded(&written(12, 8, &[frame(WIDTH, HEIGHT, 1), frame(WIDTH, HEIGHT, 2)])).expect("a picture");
    assert_eq!(pixels.data, [250, 0, 0].repeat(96));
}

#[test]
fn a_palette_of_the_frame_comes_before_that_of_the_file() {
    let own = gif::Frame { palette: Some(vec![9, 9, 9, 7, 8, 9]), ..frame(WIDTH, HEIGHT, 1) };
    assert_eq!(decoded(&written(12, 8, &[own])).expect("a picture").data, [7, 8, 9].repeat(96));
}

#[test]
fn a_frame_of_a_part_stands_on_the_transparent_colour() {
    let part = gif::Frame { left: 2, top: 1, transparent: Some(3), ..frame(4, 2, 1) };
    let pixels = decoded(&written(12, 8, &[part])).expect("a picture");
    assert_eq!(pixels.data[..3], [0, 0, 250]);
    assert_eq!(pixels.data[(12 + 2) * 3..(12 + 7) * 3], [[250, 0, 0].repeat(4), vec![0, 0, 250]].concat());
}

#[test]
fn a_frame_that_exceeds_its_picture_makes_it_larger() {
    let pixels = decoded(&written(6, 4, &[frame(WIDTH, HEIGHT, 2)])).expect("a picture");
    assert_eq!(pixels.data, [0, 250, 0].repeat(96));
}

#[test]
fn a_frame_of_too_many_pixels_is_too_large() {
    let mut file = as_gif();
    let place = file.iter().position(|&octet| octet == b',').expect("a frame");
    file[place + 5..place + 9].fill(0xff);
    let error = refusal(&file);
    assert_eq!(error.http, 413);
    assert!(error.text.contains("65535 x 65535 pixels, more than the limit of 10000"), "{}", error.text);
}
