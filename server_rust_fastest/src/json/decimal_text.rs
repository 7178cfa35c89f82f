//! Decimal text: a float -> the text of it in an answer.
//!
//! Six digits where they read back as the same number, as C's `%g` writes them, else as many as every number needs to
//! read back. Whole numbers keep a `.0`, so that a reader takes them for what they are.

use std::fmt::LowerExp;
use std::io::Write as _;
use std::str::FromStr;

use super::number::scale;

const SHORT_DIGITS: usize = 6;
/// The smallest decimal exponent that `%g` writes without an `e`.
const LOWEST_FIXED: i32 = -4;

/// The text of one number.
pub(super) fn text(value: impl Float) -> String {
    let mut out = Vec::new();
    value.write(&mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// A number that has a text.
pub(super) trait Float: Copy + PartialEq + FromStr + LowerExp + Into<f64> {
    /// With these every number reads back.
    const LONG_DIGITS: usize;

    /// Appends its text; NaN and infinities are bare words.
    fn write(self, out: &mut Vec<u8>) {
        let value: f64 = self.into();
        if value.is_nan() {
            out.extend_from_slice(b"NaN");
            return;
        }
        if value.is_sign_negative() {
            out.push(b'-');
        }
        if value.is_infinite() {
            out.extend_from_slice(b"Infinity");
        } else if !self.write_quickly(out) {
            self.write_slowly(out);
        }
    }

    /// Whether the text of a finite number without its sign was found in an easier way; it is appended then.
    fn write_quickly(self, out: &mut Vec<u8>) -> bool;

    /// Appends the text of a finite number without its sign.
    fn write_slowly(self, out: &mut Vec<u8>) {
        let mut precision = SHORT_DIGITS;
        let mut text = format!("{self:.0$e}", precision - 1);
        if !text.parse().is_ok_and(|read_back: Self| read_back == self) {
            precision = Self::LONG_DIGITS;
            text = format!("{self:.0$e}", precision - 1);
        }
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
        write_digits(&digits, exponent.parse().unwrap_or_default(), precision, out);
    }
}

impl Float for f64 {
    const LONG_DIGITS: usize = 17;

    fn write_quickly(self, _: &mut Vec<u8>) -> bool {
        false
    }
}

impl Float for f32 {
    const LONG_DIGITS: usize = 9;

    /// By nine digits in double precision, off by less than 4e-7: only what is closer than that to the middle between
    /// two roundings, or to the end of what reads back, is left to the slow way. So are subnormal numbers.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of nine digits")]
    fn write_quickly(self, out: &mut Vec<u8>) -> bool {
        const ERROR: f64 = 1e-6;
        const TEN_DIGITS: u32 = 1_000_000_000;
        let magnitude = self.abs();
        if magnitude == 0.0 {
            out.extend_from_slice(b"0.0");
            return true;
        }
        if magnitude < Self::MIN_POSITIVE {
            return false;
        }
        let bits = magnitude.to_bits();
        let binary_exponent = (bits >> 23).cast_signed() - 127;
        // The logarithm of two to the base of ten as a fraction; the estimate is right or one too small.
        let mut exponent = (binary_exponent * 78_913) >> 18;
        let mut scaled = scale(f64::from(magnitude), 8 - exponent);
        if scaled >= f64::from(TEN_DIGITS) - 0.25 {
            exponent += 1;
            scaled = scale(f64::from(magnitude), 8 - exponent);
        }
        let long = scaled.round_ties_even();
        let short = (scaled / 1000.0).round_ties_even() * 1000.0;
        let half_step = scale(2_f64.powi(binary_exponent - 24), 8 - exponent);
        let is_power_of_two = bits.trailing_zeros() >= 23;
        let distance = (scaled - short).abs();
        let (digits, precision) = if distance < if is_power_of_two { half_step / 2.0 } else { half_step } - ERROR {
            (short, SHORT_DIGITS)
        } else if distance > half_step + ERROR && ((scaled - long).abs() - 0.5).abs() > ERROR {
            (long, Self::LONG_DIGITS)
        } else {
            return false;
        };
        let mut digits = digits as u32;
        if digits >= TEN_DIGITS {
            digits /= 10;
            exponent += 1;
        }
        let mut text = [b'0'; Self::LONG_DIGITS];
        for place in text.iter_mut().rev() {
            *place += (digits % 10) as u8;
            digits /= 10;
        }
        write_digits(&text, exponent, precision, out);
        true
    }
}

/// Appends digits, of which the first is in the place of an exponent, as `%g` of this precision does.
fn write_digits(digits: &[u8], exponent: i32, precision: usize, out: &mut Vec<u8>) {
    let zeros = digits.iter().rev().take_while(|digit| **digit == b'0').count();
    let digits = digits.get(..(digits.len() - zeros).max(1)).unwrap_or_default();
    let whole = usize::try_from(exponent).map(|exponent| exponent + 1);
    match whole {
        Ok(whole) if whole <= precision => {
            if let Some((whole, fraction)) = digits.split_at_checked(whole)
                && !fraction.is_empty()
            {
                write_fixed(whole, fraction, out);
            } else {
                out.extend_from_slice(digits);
                out.resize(out.len() + whole - digits.len(), b'0');
                out.extend_from_slice(b".0");
            }
        }
        Err(_) if exponent >= LOWEST_FIXED => {
            out.extend_from_slice(b"0.");
            out.resize(out.len() + exponent.unsigned_abs() as usize - 1, b'0');
            out.extend_from_slice(digits);
        }
        _ => {
            match digits.split_at_checked(1) {
                Some((whole, fraction)) if !fraction.is_empty() => write_fixed(whole, fraction, out),
                _ => out.extend_from_slice(digits),
            }
            // Writing to a vector cannot fail.
            let _ = write!(out, "e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs());
        }
    }
}

fn write_fixed(whole: &[u8], fraction: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(whole);
    out.push(b'.');
    out.extend_from_slice(fraction);
}

#[cfg(test)]
mod tests;
