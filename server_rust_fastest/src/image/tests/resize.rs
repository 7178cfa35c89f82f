use super::super::Pixels;
use super::super::resize::resize;

fn line(samples: &[u8], width: u32) -> Vec<u8> {
    let source = u32::try_from(samples.len()).expect("short");
    let row = Pixels { width: source, height: 1, channels: 1, data: samples.to_vec() };
    let column = Pixels { width: 1, height: source, ..row.clone() };
    let row = resize(row, width, 1).expect("resized").data;
    assert_eq!(resize(column, 1, width).expect("resized").data, row);
    row
}

#[test]
fn fewer_samples_are_weighted_means() {
    // Four samples have the weights 1, 3, 3, 1; at the edges the first or the last is missing.
    assert_eq!(line(&[0, 80, 160, 240], 2), [57, 183]);
    assert_eq!(line(&[10, 20, 60], 1), [29]);
}

#[test]
fn more_samples_lie_between_their_neighbours() {
    assert_eq!(line(&[0, 100], 4), [0, 25, 75, 100]);
}

#[test]
fn a_picture_of_the_right_size_is_left_alone() {
    let picture = Pixels { width: 2, height: 2, channels: 1, data: vec![1, 2, 3, 4] };
    assert_eq!(resize(picture.clone(), 2, 2), Ok(picture));
}

#[test]
fn transparent_pixels_count_like_others() {
    let picture = Pixels { width: 2, height: 1, channels: 2, data: vec![0, 0, 200, 255] };
    assert_eq!(resize(picture, 1, 1).expect("resized").data[0], 100);
}

#[test]
fn channels_are_apart() {
    let picture =
        Pixels { width: 2, height: 2, channels: 3, data: vec![0, 10, 250, 4, 20, 250, 8, 30, 250, 4, 20, 250] };
    assert_eq!(resize(picture, 1, 1).expect("resized").data, [4, 20, 250]);
}

#[test]
fn a_narrow_picture_is_made_lower_before_it_is_made_wider() {
    let narrow = Pixels { width: 1, height: 1000, channels: 1, data: (0..250).cycle().take(1000).collect() };
    let low = resize(narrow.clone(), 1, 8).expect("resized");
    assert_eq!(resize(narrow, 24, 8), resize(low, 24, 8));
}
