use super::super::half::{from_half, to_half};

#[test]
fn every_half_is_the_number_it_becomes() {
    for half in 0..=u16::MAX {
        let number = from_half(half);
        assert!(number.is_nan() || to_half(number) == half, "{half:#x}");
    }
}

#[test]
fn numbers_become_the_nearest_half() {
    assert_eq!(to_half(1.0), 0x3c00);
    assert_eq!(to_half(1.0 / 3.0), 0x3555);
    assert_eq!(to_half(-127.5), 0xd7f8);
    assert_eq!(to_half(3.0e-8), 0x0001);
}

#[test]
fn between_two_halves_the_even_one_is_taken() {
    assert_eq!(to_half(2049.0), to_half(2048.0));
    assert_eq!(to_half(2051.0), to_half(2052.0));
}

#[test]
fn numbers_too_large_for_a_half_are_infinite() {
    assert_eq!(to_half(65519.0), 0x7bff);
    assert_eq!(to_half(65520.0), 0x7c00);
    assert_eq!(to_half(f32::NEG_INFINITY), 0xfc00);
}

#[test]
fn what_is_no_number_stays_so() {
    assert!(from_half(to_half(f32::NAN)).is_nan());
}
