use super::{Float, text};

const TEXTS: [(f32, &str); 20] = [
    (0.0, "0.0"),
    (-0.0, "-0.0"),
    (3.0, "3.0"),
    (-1.5, "-1.5"),
    (0.25, "0.25"),
    (9e6, "9e+06"),
    (999_999.0, "999999.0"),
    (1e6, "1e+06"),
    (0.0001, "0.0001"),
    (555_557.5, "555557.5"),
    (16_777_216.0, "16777216.0"),
    (1e10, "1e+10"),
    (f32::NAN, "NaN"),
    (-f32::NAN, "NaN"),
    (f32::INFINITY, "Infinity"),
    (f32::NEG_INFINITY, "-Infinity"),
    (f32::MAX, "3.40282347e+38"),
    (f32::MIN_POSITIVE, "1.17549435e-38"),
    (1e-45, "1.4013e-45"),
    (123_456_792.0, "123456792.0"),
];

#[test]
fn numbers_as_tensorflow_serving_writes_them() {
    for (value, expected) in TEXTS {
        assert_eq!(text(value), expected);
    }
    let doubles: [(f64, &str); 5] =
        [(3e-05, "3e-05"), (0.2, "0.2"), (9e6, "9e+06"), (1e300, "1e+300"), (5e-324, "4.94066e-324")];
    for (value, expected) in doubles {
        assert_eq!(text(value), expected);
    }
}

#[test]
fn a_third_has_as_many_digits_as_its_dtype_needs() {
    assert_eq!(text(1.0_f32 / 3.0), "0.333333343");
    assert_eq!(text(1.0_f64 / 3.0), "0.33333333333333331");
}

/// Bits that have nothing to do with each other, always the same.
fn scattered_bits() -> impl Iterator<Item = u64> {
    let mut state = 1_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state ^ (state >> 29)
    })
}

#[test]
fn every_float_reads_back() {
    for bits in scattered_bits().take(20_000) {
        let value = f32::from_bits((bits >> 32) as u32);
        if value.is_finite() {
            assert_eq!(text(value).parse(), Ok(value));
        }
        let value = f64::from_bits(bits);
        if value.is_finite() {
            assert_eq!(text(value).parse(), Ok(value));
        }
    }
}

#[test]
fn the_quick_way_writes_what_the_slow_one_does() {
    let around_powers_of_two =
        (1..255).flat_map(|exponent: u32| (-2..3).map(move |step| (exponent << 23).wrapping_add_signed(step)));
    let few_digits = (0..60_000_u16).map(|number| (f32::from(number) / 1000.0).to_bits());
    let scattered = scattered_bits().take(100_000).map(|bits| (bits >> 33) as u32);
    for bits in around_powers_of_two.chain(few_digits).chain(scattered) {
        let value = f32::from_bits(bits);
        let (mut quick, mut slow) = (Vec::new(), Vec::new());
        if value.is_finite() && value.write_quickly(&mut quick) {
            value.write_slowly(&mut slow);
            assert_eq!(quick, slow, "{value:e}");
        }
    }
}
