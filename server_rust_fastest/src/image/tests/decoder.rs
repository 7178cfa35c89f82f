use super::gif::as_gif;
use super::{ImageMemory, Limits, MEMORY, as_bmp, as_jpeg, as_png, as_webp, decode, decoded, limits, picture, refusal};

#[test]
fn an_empty_body_is_named() {
    let error = refusal(b"");
    assert_eq!(error.http, 400);
    assert_eq!(error.text, "the body is empty: send a picture (JPEG, PNG, BMP, GIF or WebP), or a form with one");
}

#[test]
fn what_is_no_picture_is_named() {
    for (body, start) in [
        (b"hello".as_slice(), "b'hello'"),
        (b"II*\0\0\0\0\0\0\0", "b'II*\\x00\\x00\\x00\\x00\\x00'"),
        (b"RIFF\0\0\0\0WAVEfmt ", "b'RIFF\\x00\\x00\\x00\\x00'"),
    ] {
        let expected = format!("the body is not a picture: it starts with {start}; send JPEG, PNG, BMP, GIF or WebP");
        let error = refusal(body);
        assert_eq!((error.http, error.text), (400, expected));
    }
}

#[test]
fn the_start_of_a_format_alone_is_an_error() {
    for start in [b"\xff\xd8\xff".as_slice(), b"\x89PNG\r\n\x1a\n", b"BM", b"GIF89a", b"RIFF\0\0\0\0WEBP"] {
        for length in [0, 64] {
            let error = refusal(&[start, &vec![0; length]].concat());
            assert_eq!(error.http, 400, "{}", error.text);
            assert!(error.text.ends_with("; it may be cut off or damaged, send it again whole"), "{}", error.text);
        }
    }
}

#[test]
fn a_file_that_is_cut_off_is_an_error() {
    let picture = picture();
    for file in [as_jpeg(&picture), as_png(&picture), as_bmp(&picture), as_gif(), as_webp(&picture)] {
        for length in 0..file.len() * 3 / 4 {
            assert_eq!(refusal(&file[..length]).http, 400, "{length} bytes of {:?}", &file[..8]);
        }
    }
}

#[test]
fn a_file_with_wrong_bytes_is_a_picture_or_an_error() {
    let picture = picture();
    for file in [as_jpeg(&picture), as_png(&picture), as_bmp(&picture), as_gif(), as_webp(&picture)] {
        for place in 0..file.len() {
            for octet in [0, 1, 0x7f, 0xff] {
                let mut damaged = file.clone();
                damaged[place] = octet;
                if let Err(error) = decoded(&damaged) {
                    assert!([400, 413].contains(&error.http), "{}", error.text);
                }
            }
        }
    }
}

#[test]
fn the_limit_of_pixels_is_the_last_size_that_is_taken() {
    let (file, memory) = (as_png(&picture()), ImageMemory::new(MEMORY));
    assert!(decode(&file, 4, 4, &Limits { max_pixels: 96, ..limits(&memory) }).is_ok());
    let error = decode(&file, 4, 4, &Limits { max_pixels: 95, ..limits(&memory) }).expect_err("too large");
    let text = "the picture has 12 x 8 pixels, more than the limit of 95 (--max_image_pixels): send a smaller one";
    assert_eq!((error.http, error.text.as_str()), (413, text));
}

#[test]
fn every_format_is_resized_to_what_is_asked_for() {
    let picture = picture();
    for file in [as_jpeg(&picture), as_png(&picture), as_bmp(&picture), as_gif(), as_webp(&picture)] {
        let pixels = decode(&file, 5, 7, &limits(&ImageMemory::new(MEMORY))).expect("a picture");
        assert_eq!((pixels.width, pixels.height, pixels.channels, pixels.data.len()), (5, 7, 3, 105));
    }
}
