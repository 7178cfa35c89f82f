//! Layout: where lines break and how far they are indented, as RapidJSON's pretty writer has it.

use super::string;

pub(super) const INDENT: &str = "    ";

/// Ends a line and begins the next at a level.
pub(super) fn line(level: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    for _ in 0..level {
        out.extend_from_slice(INDENT.as_bytes());
    }
}

/// Begins a line with the name of a member.
pub(super) fn begin_member(name: &str, level: usize, out: &mut Vec<u8>) {
    line(level, out);
    string::write(name.as_bytes(), out);
    out.extend_from_slice(b": ");
}

/// The body of an answer: an object with one member, whose value is written by `write_value`.
pub(super) fn body(name: &str, write_value: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = vec![b'{'];
    begin_member(name, 1, &mut out);
    write_value(&mut out);
    line(0, &mut out);
    out.push(b'}');
    out
}
