use turbojpeg::PixelFormat;

use super::super::jpeg;
use super::super::memory::Room;
use super::{ImageMemory, MEMORY, Pixels, as_jpeg, as_jpeg_of, decoded, difference, limits, picture, refusal};

#[test]
fn rgb_is_nearly_as_it_was() {
    assert!(difference(&decoded(&as_jpeg(&picture())).expect("a picture"), &picture()) < 12);
}

#[test]
fn grey_stays_grey() {
    let grey = Pixels { channels: 1, data: (0..96).collect(), ..picture() };
    assert!(difference(&decoded(&as_jpeg_of(&grey, PixelFormat::GRAY)).expect("a picture"), &grey) < 6);
}

#[test]
fn cmyk_of_inverted_inks_becomes_rgb() {
    // 255 is no ink: half of all light, then a third of the red that is left.
    let inks = Pixels { channels: 4, data: [85, 255, 255, 128].repeat(96), ..picture() };
    let expected = Pixels { data: [43, 128, 128].repeat(96), ..picture() };
    assert!(difference(&decoded(&as_jpeg_of(&inks, PixelFormat::CMYK)).expect("a picture"), &expected) < 4);
}

#[test]
fn a_large_one_is_decoded_at_a_fraction_of_its_size() {
    let large = Pixels { width: 96, height: 81, channels: 1, data: vec![7; 96 * 81] };
    let file = as_jpeg_of(&large, PixelFormat::GRAY);
    let size = |width, height| {
        let pixels =
            jpeg::decode(&file, width, height, &mut Room::new(&limits(&ImageMemory::new(MEMORY)), width, height))
                .expect("a picture");
        (pixels.width, pixels.height)
    };
    assert_eq!(size(97, 81), (96, 81));
    assert_eq!(size(48, 41), (96, 81));
    assert_eq!(size(48, 40), (48, 41));
    assert_eq!(size(25, 20), (48, 41));
    assert_eq!(size(24, 20), (24, 21));
    assert_eq!(size(1, 1), (12, 11));
}

#[test]
fn one_that_ends_early_is_an_error() {
    let file = as_jpeg(&picture());
    let error = refusal(&file[..file.len() - 40]);
    let text =
        "the picture cannot be read: Premature end of JPEG file; it may be cut off or damaged, send it again whole";
    assert_eq!((error.http, error.text.as_str()), (400, text));
}

#[test]
fn a_wrong_part_of_a_whole_one_is_no_error() {
    let mut file = as_jpeg(&picture());
    let end = file.len() - 2;
    file.splice(end - 40..end, [0x5a; 20]);
    assert!(decoded(&file).is_ok());
}

#[test]
fn what_stands_behind_it_is_no_error() {
    let file = [as_jpeg(&picture()).as_slice(), &[0x5a; 100]].concat();
    assert_eq!(decoded(&file), decoded(&as_jpeg(&picture())));
}

#[test]
fn a_header_of_too_many_pixels_is_too_large() {
    let mut file = as_jpeg(&picture());
    let frame = file.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("a frame");
    file[frame + 5..frame + 9].fill(0xfe);
    let error = refusal(&file);
    assert_eq!(error.http, 413);
    assert!(error.text.starts_with("the picture has 65278 x 65278 pixels"), "{}", error.text);
}

#[test]
fn scans_are_taken_up_to_their_limit() {
    let file = as_jpeg(&picture());
    let start = file.windows(2).rposition(|pair| pair == [0xff, 0xda]).expect("a scan");
    let scan = &file[start..file.len() - 2];
    let with = |more: usize| [&file[..file.len() - 2], &scan.repeat(more), &file[file.len() - 2..]].concat();
    assert_eq!(refusal(&with(50)).http, 413);
    let text = "the JPEG has more scans than the limit of 50: send it with fewer, or as a baseline JPEG";
    assert_eq!(refusal(&with(3000)).text, text);
    assert_ne!(decoded(&with(49)).err().map(|error| error.http), Some(413));
}
