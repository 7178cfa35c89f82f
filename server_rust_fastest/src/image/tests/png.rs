use png::{BitDepth, ColorType};

use super::{HEIGHT, WIDTH, as_png, as_png_of, chunk, decoded, picture, refusal};

const COUNT: usize = (WIDTH * HEIGHT) as usize;

#[test]
fn rgb_is_as_it_was() {
    assert_eq!(decoded(&as_png(&picture())), Ok(picture()));
}

#[test]
fn sixteen_bits_keep_the_high_byte() {
    let deep: Vec<u8> = picture().data.iter().flat_map(|&sample| [sample, 200]).collect();
    assert_eq!(decoded(&as_png_of(ColorType::Rgb, BitDepth::Sixteen, &deep, &[])), Ok(picture()));
}

#[test]
fn alpha_is_dropped() {
    let with_alpha: Vec<u8> = picture().data.chunks(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 0]).collect();
    assert_eq!(decoded(&as_png_of(ColorType::Rgba, BitDepth::Eight, &with_alpha, &[])), Ok(picture()));
}

#[test]
fn grey_with_alpha_is_grey() {
    let data: Vec<u8> = (0..COUNT).flat_map(|place| [place.to_le_bytes()[0], 128]).collect();
    let pixels = decoded(&as_png_of(ColorType::GrayscaleAlpha, BitDepth::Eight, &data, &[])).expect("a picture");
    assert_eq!((pixels.channels, pixels.data[1], pixels.data[95]), (1, 1, 95));
}

#[test]
fn one_bit_is_black_or_white() {
    let rows = [0b1010_0000, 0b0001_0000].repeat(HEIGHT as usize);
    let pixels = decoded(&as_png_of(ColorType::Grayscale, BitDepth::One, &rows, &[])).expect("a picture");
    assert_eq!(pixels.data[..12], [255, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 255]);
}

#[test]
fn palettes_become_their_colours() {
    let rows = [0x01, 0x20, 0, 0, 0, 0].repeat(HEIGHT as usize);
    let palette = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    let pixels = decoded(&as_png_of(ColorType::Indexed, BitDepth::Four, &rows, &palette)).expect("a picture");
    assert_eq!(pixels.data[..12], [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3]);
}

#[test]
fn a_header_of_too_many_pixels_is_too_large() {
    let side = i32::MAX.to_be_bytes();
    let header = chunk(*b"IHDR", &[side.as_slice(), &side, &[8, 2, 0, 0, 0]].concat());
    let error = refusal(&[b"\x89PNG\r\n\x1a\n".as_slice(), &header, &chunk(*b"IDAT", &[])].concat());
    assert_eq!(error.http, 413, "{}", error.text);
}

#[test]
fn what_the_pixels_do_not_need_is_not_looked_at() {
    let file = as_png(&picture());
    let damaged_text = [chunk(*b"zTXt", b"no text").as_slice(), &[0, 0, 0, 1], b"tEXta", &[0; 4]].concat();
    let [before, behind] = [&file[..33], &file[33..]];
    assert_eq!(decoded(&[before, &damaged_text, behind].concat()), Ok(picture()));
    assert_eq!(decoded(&file[..file.len() - 12]), Ok(picture()));
    let unknown = refusal(&[before, &chunk(*b"ABCD", b""), behind].concat());
    assert!(unknown.text.contains("its chunk b'ABCD' is damaged or unknown"), "{}", unknown.text);
}
