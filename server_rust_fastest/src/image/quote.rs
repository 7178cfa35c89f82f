//! Quotes: bytes and text as Python writes them in an error, so that all servers give the same text.

use std::fmt::Write as _;

/// `b'GIF87a\x00'`.
pub(super) fn quote_bytes(octets: &[u8]) -> String {
    let quote = quote_for(octets.contains(&b'\''), octets.contains(&b'"'));
    let mut quoted = format!("b{quote}");
    for &octet in octets {
        if octet.is_ascii_graphic() || octet == b' ' || matches!(octet, b'\t' | b'\n' | b'\r') {
            push_ascii(&mut quoted, char::from(octet), quote);
        } else {
            push(&mut quoted, format_args!("\\x{octet:02x}"));
        }
    }
    quoted.push(quote);
    quoted
}

/// `'five'`.
pub(super) fn quote_text(text: &str) -> String {
    let quote = quote_for(text.contains('\''), text.contains('"'));
    let mut quoted = String::from(quote);
    for character in text.chars() {
        let code = u32::from(character);
        match character {
            ' '..='~' | '\t' | '\n' | '\r' => push_ascii(&mut quoted, character, quote),
            _ if is_printable(character) => quoted.push(character),
            _ if code <= 0xff => push(&mut quoted, format_args!("\\x{code:02x}")),
            _ if code <= 0xffff => push(&mut quoted, format_args!("\\u{code:04x}")),
            _ => push(&mut quoted, format_args!("\\U{code:08x}")),
        }
    }
    quoted.push(quote);
    quoted
}

fn quote_for(has_single: bool, has_double: bool) -> char {
    if has_single && !has_double { '"' } else { '\'' }
}

fn push_ascii(quoted: &mut String, character: char, quote: char) {
    match character {
        '\t' => quoted.push_str("\\t"),
        '\n' => quoted.push_str("\\n"),
        '\r' => quoted.push_str("\\r"),
        _ => {
            if character == '\\' || character == quote {
                quoted.push('\\');
            }
            quoted.push(character);
        }
    }
}

/// Rust's own quotes leave out the same characters; but those that join the one before them only behind another.
fn is_printable(character: char) -> bool {
    format!("a{character}").escape_debug().count() == 2
}

fn push(quoted: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = quoted.write_fmt(text);
}
