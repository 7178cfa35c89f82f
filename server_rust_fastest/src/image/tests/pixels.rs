use super::super::Pixels;
use super::super::exif::Orientation;

fn grey(width: u32, height: u32, data: &[u8]) -> Pixels {
    Pixels { width, height, channels: 1, data: data.to_vec() }
}

/// A B C over D E F, turned.
fn turned(is_lying: bool, flips_x: bool, flips_y: bool) -> (u32, u32, String) {
    let upright = grey(3, 2, b"ABCDEF").upright(Orientation { is_lying, flips_x, flips_y });
    (upright.width, upright.height, String::from_utf8(upright.data).expect("letters"))
}

#[test]
fn every_orientation_is_turned_upright() {
    assert_eq!(turned(false, false, false), (3, 2, "ABCDEF".into()));
    assert_eq!(turned(false, true, false), (3, 2, "CBAFED".into()));
    assert_eq!(turned(false, true, true), (3, 2, "FEDCBA".into()));
    assert_eq!(turned(false, false, true), (3, 2, "DEFABC".into()));
    assert_eq!(turned(true, false, false), (2, 3, "ADBECF".into()));
    assert_eq!(turned(true, false, true), (2, 3, "DAEBFC".into()));
    assert_eq!(turned(true, true, true), (2, 3, "FCEBDA".into()));
    assert_eq!(turned(true, true, false), (2, 3, "CFBEAD".into()));
}

#[test]
fn alpha_is_dropped() {
    let picture = Pixels { width: 2, height: 1, channels: 4, data: vec![1, 2, 3, 4, 5, 6, 7, 8] };
    assert_eq!(picture.without_alpha(), Pixels { width: 2, height: 1, channels: 3, data: vec![1, 2, 3, 5, 6, 7] });
}

#[test]
fn colours_become_grey_by_their_luma() {
    let data = vec![255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
    let picture = Pixels { width: 4, height: 1, channels: 3, data };
    assert_eq!(picture.in_channels(1), grey(4, 1, &[76, 150, 29, 255]));
}

#[test]
fn grey_becomes_rgb() {
    assert_eq!(grey(2, 1, &[7, 9]).in_channels(3).data, [7, 7, 7, 9, 9, 9]);
}
