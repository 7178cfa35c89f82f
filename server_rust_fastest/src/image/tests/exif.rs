use super::super::exif::{Orientation, read_orientation};
use super::super::formats::Format;
use super::{
    HEIGHT, ImageMemory, MEMORY, WIDTH, as_jpeg, as_png, as_webp, chunk, decode, decoded, difference, limits, picture,
};

/// A directory of one entry: a short, unless told otherwise.
fn tiff(orientation: u16) -> Vec<u8> {
    let value = orientation.to_le_bytes();
    [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &value, &[0; 6]].concat()
}

fn big_endian_tiff(orientation: u16) -> Vec<u8> {
    let value = orientation.to_be_bytes();
    [b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".as_slice(), &value, &[0; 6]].concat()
}

fn jpeg_with(exif: &[u8]) -> Vec<u8> {
    let file = as_jpeg(&picture());
    let segment = |marker: u8, data: &[u8]| {
        let length = u16::try_from(data.len() + 2).expect("short").to_be_bytes();
        [&[0xff, marker], length.as_slice(), data].concat()
    };
    let exif = segment(0xe1, &[b"Exif\0\0", exif].concat());
    [&file[..2], &segment(0xfe, b"a comment, \xff\xda"), &exif, &file[2..]].concat()
}

fn webp_with(exif: &[u8]) -> Vec<u8> {
    let file = as_webp(&picture());
    let length = u32::try_from(exif.len()).expect("short").to_le_bytes();
    [&file, b"EXIF".as_slice(), &length, exif].concat()
}

fn in_jpeg(exif: &[u8]) -> Orientation {
    read_orientation(Format::Jpeg, &jpeg_with(exif))
}

fn orientation(is_lying: bool, flips_x: bool, flips_y: bool) -> Orientation {
    Orientation { is_lying, flips_x, flips_y }
}

#[test]
fn every_orientation_has_its_turn() {
    let turns = [1, 2, 3, 4, 5, 6, 7, 8].map(|value| in_jpeg(&tiff(value)));
    let expected = [
        orientation(false, false, false),
        orientation(false, true, false),
        orientation(false, true, true),
        orientation(false, false, true),
        orientation(true, false, false),
        orientation(true, false, true),
        orientation(true, true, true),
        orientation(true, true, false),
    ];
    assert_eq!(turns, expected);
}

#[test]
fn both_byte_orders_are_read() {
    assert_eq!(in_jpeg(&big_endian_tiff(6)), in_jpeg(&tiff(6)));
}

#[test]
fn an_orientation_that_does_not_exist_leaves_the_picture_as_it_is() {
    for value in [0, 9, u16::MAX] {
        assert_eq!(in_jpeg(&tiff(value)), Orientation::default());
    }
}

#[test]
fn broken_exif_is_no_fault_of_the_picture() {
    let text = b"II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let places =
        [b"garbage".as_slice(), b"", b"II*\0\x08\0\0\0\xff\xff", b"MM\0*\xff\xff\xff\xff", text, &tiff(6)[..17]];
    for exif in places {
        assert_eq!(decoded(&jpeg_with(exif)), decoded(&as_jpeg(&picture())), "{exif:?}");
    }
}

#[test]
fn exif_of_a_png_may_stand_behind_the_pixels() {
    let file = as_png(&picture());
    let exif = chunk(*b"eXIf", &tiff(3));
    let end = file.len() - 12;
    for place in [33, end] {
        let turned = [&file[..place], &exif, &file[place..]].concat();
        assert_eq!(read_orientation(Format::Png, &turned), orientation(false, true, true));
    }
}

#[test]
fn exif_of_a_webp_is_found_with_and_without_its_name() {
    for exif in [tiff(8), [b"Exif\0\0".as_slice(), &tiff(8)].concat()] {
        assert_eq!(read_orientation(Format::Webp, &webp_with(&exif)), orientation(true, true, false));
    }
}

#[test]
fn a_lying_picture_is_resized_as_it_is_to_be_seen() {
    let turned = decode(&jpeg_with(&tiff(6)), HEIGHT, WIDTH, &limits(&ImageMemory::new(MEMORY))).expect("a picture");
    let lying = decoded(&as_jpeg(&picture())).expect("a picture");
    assert_eq!(difference(&turned, &lying.upright(orientation(true, false, true))), 0);
}

#[test]
fn only_a_single_short_is_an_orientation() {
    let entry = |kind: u16, count: u32, value: [u8; 4]| {
        [[0x12, 1].as_slice(), &kind.to_le_bytes(), &count.to_le_bytes(), &value].concat()
    };
    let directory = |entries: &[Vec<u8>]| {
        let count = u16::try_from(entries.len()).expect("few").to_le_bytes();
        [b"II*\0\x08\0\0\0".as_slice(), &count, &entries.concat(), &[0; 4]].concat()
    };
    for (kind, count) in [(1, 1), (3, 0), (3, 2), (4, 1), (8, 1)] {
        assert_eq!(in_jpeg(&directory(&[entry(kind, count, [6, 0, 0, 0])])), Orientation::default(), "{kind} {count}");
    }
    let lying = in_jpeg(&tiff(6));
    for first in [entry(1, 1, [8, 0, 0, 0]), entry(3, 1, [9, 0, 0, 0]), entry(3, 1, [6, 0, 0, 0])] {
        assert_eq!(in_jpeg(&directory(&[first, entry(3, 1, [6, 0, 0, 0])])), lying);
    }
}
