//! Pictures written for a test, and what becomes of them.

mod answer;
mod bmp_webp;
mod classifier;
mod decoder;
mod exif;
mod gif;
mod half;
mod jpeg;
mod memory;
mod pixels;
mod png;
mod preprocess;
mod quote;
mod resize;
mod scores;

use image::codecs::bmp::BmpEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::decoder::decode;
use super::{ImageMemory, Limits, Pixels};
use crate::error::{Error, Result};

const WIDTH: u32 = 12;
const HEIGHT: u32 = 8;
const MAX_PIXELS: u64 = 10_000;
const MEMORY: u64 = 1 << 20;

fn limits(memory: &ImageMemory) -> Limits<'_> {
    Limits { max_pixels: MAX_PIXELS, memory, deadline: None }
}

/// 12 x 8 pixels of RGB, none like its neighbours.
fn picture() -> Pixels {
    let samples = |y: u32, x: u32| [x * 20, y * 30, (x + y) * 12].map(|sample| sample.to_le_bytes()[0]);
    let data = (0..HEIGHT).flat_map(|y| (0..WIDTH).flat_map(move |x| samples(y, x))).collect();
    Pixels { width: WIDTH, height: HEIGHT, channels: 3, data }
}

/// In its own size.
fn decoded(file: &[u8]) -> Result<Pixels> {
    decode(file, WIDTH, HEIGHT, &limits(&ImageMemory::new(MEMORY)))
}

fn refusal(file: &[u8]) -> Error {
    decoded(file).expect_err("refused")
}

fn as_png_of(color: ::png::ColorType, depth: ::png::BitDepth, data: &[u8], palette: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut file, WIDTH, HEIGHT);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if !palette.is_empty() {
        encoder.set_palette(palette);
    }
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(data).expect("pixels");
    writer.finish().expect("an end");
    file
}

fn as_png(picture: &Pixels) -> Vec<u8> {
    as_png_of(::png::ColorType::Rgb, ::png::BitDepth::Eight, &picture.data, &[])
}

fn as_bmp(picture: &Pixels) -> Vec<u8> {
    let mut file = Vec::new();
    let encoder = BmpEncoder::new(&mut file);
    encoder.write_image(&picture.data, picture.width, picture.height, ExtendedColorType::Rgb8).expect("encoded");
    file
}

fn as_webp(picture: &Pixels) -> Vec<u8> {
    let mut file = Vec::new();
    let encoder = WebPEncoder::new_lossless(&mut file);
    encoder.write_image(&picture.data, picture.width, picture.height, ExtendedColorType::Rgb8).expect("encoded");
    file
}

fn as_jpeg_of(picture: &Pixels, format: turbojpeg::PixelFormat) -> Vec<u8> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let pixels = picture.data.as_slice();
    let image = turbojpeg::Image { pixels, width, pitch: width * picture.channels, height, format };
    let is_grey = format == turbojpeg::PixelFormat::GRAY;
    let subsampling = if is_grey { turbojpeg::Subsamp::Gray } else { turbojpeg::Subsamp::None };
    turbojpeg::compress(image, 95, subsampling).expect("encoded").to_vec()
}

fn as_jpeg(picture: &Pixels) -> Vec<u8> {
    as_jpeg_of(picture, turbojpeg::PixelFormat::RGB)
}

/// The largest difference of two pictures' samples.
fn difference(one: &Pixels, other: &Pixels) -> u8 {
    assert_eq!((one.width, one.height, one.channels), (other.width, other.height, other.channels));
    one.data.iter().zip(&other.data).map(|(one, other)| one.abs_diff(*other)).max().unwrap_or_default()
}

/// A PNG's chunk with its length and its checksum.
fn chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let named = [name.as_slice(), data].concat();
    let mut checksum = flate2::Crc::new();
    checksum.update(&named);
    let length = u32::try_from(data.len()).expect("short");
    [length.to_be_bytes().as_slice(), &named, &checksum.sum().to_be_bytes()].concat()
}
