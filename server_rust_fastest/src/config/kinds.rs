//! Kinds of values that flags have: text -> value, or the fault.

use std::fs;
use std::num::IntErrorKind;

use crate::signature::read_labels;

const LONGEST_S: f64 = 1e9;

/// A value, or what is wrong with its text.
pub type Value<T> = Result<T, String>;

/// An IPv6 address also as URLs have it, in brackets.
pub fn address(text: &str) -> &str {
    text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text)
}

pub fn boolean(text: &str) -> Value<bool> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("'{}' is neither true nor false", text.escape_debug())),
    }
}

pub fn int32(text: &str) -> Value<i32> {
    let fits = |number| i32::try_from(number).ok();
    integer(text)?.and_then(fits).ok_or_else(|| format!("{text} does not fit into 32 bits"))
}

pub fn int64(text: &str) -> Value<i64> {
    integer(text)?.ok_or_else(|| format!("{text} does not fit into 64 bits"))
}

/// None for a whole number that is too large.
fn integer(text: &str) -> Value<Option<i64>> {
    match text.parse::<i64>() {
        Ok(number) => Ok(Some(number)),
        Err(error) if matches!(error.kind(), IntErrorKind::PosOverflow | IntErrorKind::NegOverflow) => Ok(None),
        Err(_) => Err(format!("'{}' is no whole number", text.escape_debug())),
    }
}

pub fn count(text: &str) -> Value<usize> {
    usize::try_from(int32(text)?).map_err(|_| format!("{text} is below 0"))
}

pub fn positive(text: &str) -> Value<usize> {
    match count(text) {
        Ok(0) => Err(format!("{text} is below 1")),
        Err(_) if int32(text).is_ok() => Err(format!("{text} is below 1")),
        read => read,
    }
}

pub fn positive_int64(text: &str) -> Value<u64> {
    let number = int64(text)?;
    u64::try_from(number).ok().filter(|&number| number > 0).ok_or_else(|| format!("{text} is below 1"))
}

/// A port's number, 0 included.
pub fn port(text: &str) -> Value<u16> {
    u16::try_from(count(text)?).map_err(|_| format!("{text} is no port: expected 0 to 65535"))
}

pub fn float(text: &str) -> Value<f32> {
    text.parse().map_err(|_| format!("'{}' is no number", text.escape_debug()))
}

/// A time.
pub fn seconds(text: &str) -> Value<f64> {
    let seconds: f64 = text.parse().map_err(|_| format!("'{}' is no number", text.escape_debug()))?;
    if !(0.0..=LONGEST_S).contains(&seconds) {
        return Err(format!("{text} is no time in seconds: expected 0 to {LONGEST_S}"));
    }
    Ok(seconds)
}

pub fn numbers(text: &str) -> Value<Vec<f32>> {
    let numbers = text.split(',').map(float).collect::<Value<Vec<_>>>()?;
    match numbers.len() {
        1 | 3 => Ok(numbers),
        _ => Err(format!("'{}' is neither one number nor three with commas between", text.escape_debug())),
    }
}

/// None for no path, and for a file without a line.
pub fn labels(path: &str) -> Value<Option<Vec<String>>> {
    if path.is_empty() {
        return Ok(None);
    }
    let fault = |error: &dyn std::fmt::Display| format!("the label file {path} cannot be read: {error}");
    let octets = fs::read(path).map_err(|error| fault(&error))?;
    let lines = read_labels(&octets).map_err(|error| fault(&error))?;
    Ok(Some(lines).filter(|lines| !lines.is_empty()))
}

/// Checks the form of `key=value,key=value`.
pub fn channel_arguments(text: &str) -> Value<()> {
    let mut arguments = text.split(',').filter(|_| !text.is_empty());
    let is_wrong = |argument: &&str| argument.split_once('=').is_none_or(|(key, _)| key.is_empty());
    match arguments.find(is_wrong) {
        Some(argument) => Err(format!("'{}' is no key=value", argument.escape_debug())),
        None => Ok(()),
    }
}

/// What stands beside the text among the choices.
pub fn one_of<T: Copy>(text: &str, choices: &[(&str, T)]) -> Value<T> {
    if let Some((_, value)) = choices.iter().find(|(choice, _)| *choice == text) {
        return Ok(*value);
    }
    let choices: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
    Err(format!("'{}' is not one of {}", text.escape_debug(), choices.join(", ")))
}
