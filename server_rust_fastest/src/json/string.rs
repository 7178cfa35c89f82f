//! String: what stands between quotes <-> bytes. Only what JSON has to escape is; bytes that are no UTF-8 pass through.

use super::parser::Fault;

/// Bytes that are looked at together.
const CHUNK: usize = 32;
const HEX_DIGITS: usize = 4;
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Where the string that begins behind a quote at `start - 1` ends, and whether anything in it is escaped.
pub(super) fn end(bytes: &[u8], start: usize) -> Result<(usize, bool), Fault> {
    let mut at = start;
    let mut is_escaped = false;
    loop {
        while let Some(chunk) = bytes.get(at..at + CHUNK)
            && !chunk.iter().fold(false, |any, &byte| any | is_special(byte))
        {
            at += CHUNK;
        }
        match bytes.get(at) {
            Some(b'"') => return Ok((at, is_escaped)),
            Some(b'\\') => {
                is_escaped = true;
                at = read_escape(bytes, at)?.1;
            }
            Some(0) | None => return Err(Fault::new("Missing a closing quotation mark in string.", at)),
            Some(0..0x20) => return Err(Fault::new("Invalid encoding in string.", at)),
            Some(_) => at += 1,
        }
    }
}

/// The bytes that a string without faults stands for.
pub(super) fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(rest) = raw.get(at..) {
        let plain = rest.iter().position(|&byte| byte == b'\\').unwrap_or(rest.len());
        text.extend_from_slice(rest.get(..plain).unwrap_or_default());
        at += plain;
        let Ok((character, end)) = read_escape(raw, at) else { break };
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        at = end;
    }
    text
}

/// Appends bytes as a string in quotes.
pub(super) fn write(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|&byte| is_special(byte)) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((&byte, behind)) = special.split_first() else { break };
        out.push(b'\\');
        match byte {
            b'"' | b'\\' => out.push(byte),
            0x08 => out.push(b'b'),
            0x0c => out.push(b'f'),
            b'\n' => out.push(b'n'),
            b'\r' => out.push(b'r'),
            b'\t' => out.push(b't'),
            _ => {
                out.extend_from_slice(b"u00");
                out.extend([byte >> 4, byte & 15].map(|digit| HEX[usize::from(digit)]));
            }
        }
        rest = behind;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The character that the escape at `start` stands for, and where it ends.
fn read_escape(bytes: &[u8], start: usize) -> Result<(char, usize), Fault> {
    let end = start + 2;
    let character = match bytes.get(start + 1) {
        Some(&byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return read_code_point(bytes, start, end),
        _ => return Err(Fault::new("Invalid escape character in string.", start)),
    };
    Ok((character, end))
}

/// A character by one code unit of UTF-16, or by a pair of them.
fn read_code_point(bytes: &[u8], start: usize, at: usize) -> Result<(char, usize), Fault> {
    let invalid = || Fault::new("The surrogate pair in string is invalid.", start);
    let unit = |at| code_unit(bytes, at).ok_or(Fault::new("Incorrect hex digit after \\u escape in string.", start));
    let mut end = at + HEX_DIGITS;
    let mut code_point = unit(at)?;
    if let 0xd800..0xdc00 = code_point {
        if bytes.get(end..end + 2) != Some(b"\\u") {
            return Err(invalid());
        }
        let low = unit(end + 2)?.checked_sub(0xdc00).filter(|low| *low < 0x400).ok_or_else(invalid)?;
        code_point = 0x1_0000 + ((code_point - 0xd800) << 10) + low;
        end += 2 + HEX_DIGITS;
    }
    char::from_u32(code_point).map(|character| (character, end)).ok_or_else(invalid)
}

fn code_unit(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + HEX_DIGITS)?.iter().try_fold(0, |unit, &digit| Some(unit * 16 + char::from(digit).to_digit(16)?))
}
