use super::{as_bmp, as_webp, decoded, picture, refusal};

#[test]
fn a_bmp_is_as_it_was() {
    assert_eq!(decoded(&as_bmp(&picture())), Ok(picture()));
}

#[test]
fn a_bmp_of_too_many_pixels_is_too_large() {
    let mut file = as_bmp(&picture());
    file[18..22].copy_from_slice(&100_000_i32.to_le_bytes());
    file[22..26].copy_from_slice(&(-100_000_i32).to_le_bytes());
    let error = refusal(&file);
    assert_eq!(error.http, 413);
    assert!(error.text.contains("100000 x 100000 pixels"), "{}", error.text);
}

#[test]
fn a_webp_is_as_it_was() {
    assert_eq!(decoded(&as_webp(&picture())), Ok(picture()));
}

#[test]
fn a_webp_of_too_many_pixels_is_too_large() {
    for (name, data) in [
        (b"VP8 ", b"\x30\x01\0\x9d\x01\x2a\xff\x3f\xff\x3f".as_slice()),
        (b"VP8L", b"\x2f\xff\xff\xff\x0f"),
        (b"VP8X", b"\0\0\0\0\xff\xff\0\xff\xff\0"),
    ] {
        let file = [b"RIFF\x10\0\0\0WEBP".as_slice(), name, &[10, 0, 0, 0], data, &[0; 10]].concat();
        let error = refusal(&file);
        assert_eq!(error.http, 413, "{}", error.text);
    }
}

#[test]
fn a_webp_that_is_shorter_than_it_says_is_cut_off() {
    let file = as_webp(&picture());
    let error = refusal(&file[..file.len() - 1]);
    assert!(error.text.contains("bytes long in place of"), "{}", error.text);
}
