//! Half: IEEE 754's binary16, which stable Rust has no type for.

/// The nearest half of a number, to even where two are as near; infinity beyond the largest.
pub(super) fn to_half(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = u16::from(value.is_sign_negative()) << 15;
    let magnitude = value.abs();
    if value.is_nan() {
        return sign | 0x7e00;
    }
    // Halfway between the largest half, 65504, and what would be the next.
    if magnitude >= 65520.0 {
        return sign | 0x7c00;
    }
    let rounded = if magnitude < f32::from_bits(0x3880_0000) {
        // Below 2^-14 all halves are multiples of 2^-24; the sum with 0.5 has those of a float at its end.
        (magnitude + 0.5).to_bits() - 0.5_f32.to_bits()
    } else {
        let magnitude_bits = bits & 0x7fff_ffff;
        (magnitude_bits - 0x3800_0000 + 0x0fff + ((magnitude_bits >> 13) & 1)) >> 13
    };
    let [low, high, ..] = rounded.to_le_bytes();
    sign | u16::from_le_bytes([low, high])
}

/// A half as a number.
pub(super) fn from_half(half: u16) -> f32 {
    let (sign, exponent, fraction) = (half >> 15, (half >> 10) & 0x1f, half & 0x3ff);
    let magnitude = match exponent {
        0 => f32::from(fraction) / 16_777_216.0,
        0x1f if fraction == 0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => f32::from_bits((u32::from(half & 0x7fff) << 13) + 0x3800_0000),
    };
    if sign == 1 { -magnitude } else { magnitude }
}
