//! Number: a JSON literal -> an integer that keeps its exactness, or a double, as RapidJSON tells them apart.

use super::parser::Fault;

/// A number as it was written. `Uint` is for what `Int` cannot hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Int(i64),
    Uint(u64),
    Double(f64),
}

impl Number {
    /// The nearest double.
    #[allow(clippy::cast_precision_loss, reason = "a float takes integers that it cannot hold exactly")]
    pub(super) fn as_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Uint(value) => value as f64,
            Self::Double(value) => value,
        }
    }
}

/// Digits that always fit a u64.
const MAX_EXACT_DIGITS: usize = 19;
/// Doubles hold every integer up to this one.
const MAX_EXACT_DOUBLE: u64 = 1 << 53;
/// The powers of ten that doubles hold exactly.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
const LARGEST_EXPONENT: usize = 308;
const TOO_BIG: &str = "Number too big to be stored in double.";
const INVALID: &str = "Invalid value.";

/// Whether a number begins with this byte, if anything does.
pub(super) fn begins_with(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'N' | b'I')
}

/// The number that begins at `start`, and where it ends. Doubles are correctly rounded.
pub(super) fn read(bytes: &[u8], start: usize) -> Result<(Number, usize), Fault> {
    let negative = bytes.get(start) == Some(&b'-');
    let whole_start = start + usize::from(negative);
    let mut significand = 0;
    let whole_end = match bytes.get(whole_start) {
        Some(b'0') => whole_start + 1,
        Some(b'1'..=b'9') => read_digits(bytes, whole_start, &mut significand),
        _ => return read_word(bytes, whole_start, negative),
    };
    let mut end = whole_end;
    let mut fraction_digits = 0;
    if bytes.get(end) == Some(&b'.') {
        end = read_digits(bytes, whole_end + 1, &mut significand);
        fraction_digits = end - (whole_end + 1);
        if fraction_digits == 0 {
            return Err(Fault::new("Miss fraction part in number.", end));
        }
    }
    let digits = whole_end - whole_start + fraction_digits;
    let mut exponent = 0;
    if let Some(b'e' | b'E') = bytes.get(end) {
        (exponent, end) = read_exponent(bytes, end + 1)?;
        if exponent > 0 && exponent.unsigned_abs() > LARGEST_EXPONENT + fraction_digits {
            return Err(Fault::new(TOO_BIG, start));
        }
    } else if fraction_digits == 0
        && let Some(integer) = integer(bytes, whole_start..whole_end, significand, negative)
    {
        return Ok((integer, end));
    }
    let magnitude = if digits <= MAX_EXACT_DIGITS { exact(significand, exponent, fraction_digits) } else { None };
    let magnitude = match magnitude {
        Some(magnitude) => magnitude,
        None => nearest(bytes.get(whole_start..end).unwrap_or_default()),
    };
    if magnitude.is_infinite() {
        return Err(Fault::new(TOO_BIG, start));
    }
    Ok((Number::Double(if negative { -magnitude } else { magnitude }), end))
}

/// Appends the digits from `at` on to a significand, which wraps around where they are too many; gives their end.
fn read_digits(bytes: &[u8], mut at: usize, significand: &mut u64) -> usize {
    while let Some(eight) = eight_digits(bytes, at) {
        *significand = significand.wrapping_mul(100_000_000).wrapping_add(eight);
        at += 8;
    }
    while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
        *significand = significand.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        at += 1;
    }
    at
}

/// The value of eight digits, found pairwise: of digits, of pairs, of pairs of pairs.
fn eight_digits(bytes: &[u8], at: usize) -> Option<u64> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const ABOVE_NINE: u64 = 0x4646_4646_4646_4646;
    const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
    let text = u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
    let value = text.wrapping_sub(ZEROS);
    if (text.wrapping_add(ABOVE_NINE) | value) & HIGH_BITS != 0 {
        return None;
    }
    let pairs = (value & 0x000F_000F_000F_000F) * 10 + ((value >> 8) & 0x000F_000F_000F_000F);
    let fours = (pairs & 0x0000_00FF_0000_00FF) * 100 + ((pairs >> 16) & 0x0000_00FF_0000_00FF);
    Some((fours & 0xFFFF) * 10_000 + (fours >> 32))
}

/// What stands behind the `e`; it is held where it leaves any double.
fn read_exponent(bytes: &[u8], mut at: usize) -> Result<(isize, usize), Fault> {
    let negative = bytes.get(at) == Some(&b'-');
    if let Some(b'+' | b'-') = bytes.get(at) {
        at += 1;
    }
    let start = at;
    let mut exponent = 0_isize;
    while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
        exponent = exponent.saturating_mul(10).saturating_add(isize::from(digit - b'0'));
        at += 1;
    }
    if at == start {
        return Err(Fault::new("Miss exponent in number.", at));
    }
    Ok((if negative { -exponent } else { exponent }, at))
}

/// The literal as an integer; None where it is beyond 64 bits, and thus a double.
fn integer(bytes: &[u8], at: std::ops::Range<usize>, significand: u64, negative: bool) -> Option<Number> {
    let magnitude = if at.len() <= MAX_EXACT_DIGITS {
        significand
    } else {
        std::str::from_utf8(bytes.get(at)?).ok()?.parse().ok()?
    };
    if negative {
        0_i64.checked_sub_unsigned(magnitude).map(Number::Int)
    } else {
        Some(i64::try_from(magnitude).map_or(Number::Uint(magnitude), Number::Int))
    }
}

/// The double of few digits and a small power of ten: one operation on exact operands rounds correctly.
#[allow(clippy::cast_precision_loss, reason = "only what a double holds is converted")]
fn exact(significand: u64, exponent: isize, fraction_digits: usize) -> Option<f64> {
    if significand > MAX_EXACT_DOUBLE {
        return None;
    }
    let power = exponent.checked_sub_unsigned(fraction_digits)?;
    let factor = POWERS_OF_TEN.get(power.unsigned_abs())?;
    let significand = significand as f64;
    Some(if power < 0 { significand / factor } else { significand * factor })
}

/// A double times a power of ten, rounded once for every 22 of it.
pub(super) fn scale(mut value: f64, power: i32) -> f64 {
    let mut left = power.unsigned_abs() as usize;
    while left > 0 {
        let step = left.min(POWERS_OF_TEN.len() - 1);
        let factor = POWERS_OF_TEN[step];
        value = if power < 0 { value / factor } else { value * factor };
        left -= step;
    }
    value
}

/// The nearest double to an unsigned literal, which JSON writes as Rust does.
fn nearest(literal: &[u8]) -> f64 {
    std::str::from_utf8(literal).ok().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

fn read_word(bytes: &[u8], start: usize, negative: bool) -> Result<(Number, usize), Fault> {
    let (word, value) = match bytes.get(start) {
        Some(b'N') => ("NaN", f64::NAN),
        Some(b'I') => ("Inf", f64::INFINITY),
        _ => return Err(Fault::new(INVALID, start)),
    };
    let mut end = expect(bytes, start, word)?;
    if word == "Inf" && bytes.get(end) == Some(&b'i') {
        end = expect(bytes, end, "inity")?;
    }
    // NaN has no sign.
    Ok((Number::Double(if negative && !value.is_nan() { -value } else { value }), end))
}

/// The end of a word that has to stand at `start`; the fault is where it goes wrong.
pub(super) fn expect(bytes: &[u8], start: usize, word: &str) -> Result<usize, Fault> {
    let here = bytes.get(start..).unwrap_or_default();
    let equal = word.bytes().zip(here).take_while(|(expected, byte)| expected == *byte).count();
    if equal == word.len() { Ok(start + equal) } else { Err(Fault::new(INVALID, start + equal)) }
}
