//! Value text: a JSON value -> how error messages show it, pretty-printed as RapidJSON does and cut.
//!
//! Also the names that messages use for JSON's types.

use super::decimal_text;
use super::document::{Node, Value};
use super::layout::INDENT;
use super::number::Number;
use super::string;

/// Of a value's text.
const LIMIT_CHARACTERS: usize = 256;
/// A number that is shown alone is shown as a float where it is none beyond it.
const LARGEST_FLOAT: f64 = f32::MAX as f64;
/// Of what RapidJSON writes without an exponent: numbers below 1e21 and from 1e-6 on.
const MOST_DIGITS: i32 = 21;
const LEAST_POINT: i32 = -6;

/// RapidJSON's name for the type of a value.
pub(super) fn type_name(node: Node) -> &'static str {
    match node {
        Node::Null | Node::RepeatedName => "Null",
        Node::False => "False",
        Node::True => "True",
        Node::Int(_) | Node::Uint(_) | Node::Double(_) => "Number",
        Node::String(_) => "String",
        Node::List(_) | Node::Numbers(_) => "Array",
        Node::Object(_) => "Object",
    }
}

/// The value, at most 256 characters of it.
pub(super) fn value_text(value: Value<'_>) -> String {
    match value.node() {
        Node::Int(value) => number_text(Number::Int(value)),
        Node::Uint(value) => number_text(Number::Uint(value)),
        Node::Double(value) => number_text(Number::Double(value)),
        _ => {
            let mut printer = Printer { text: String::new(), left: LIMIT_CHARACTERS };
            printer.push_value(value, 0);
            printer.text
        }
    }
}

/// A number that is shown alone.
#[allow(clippy::cast_possible_truncation, reason = "it is shown as the float that it would be")]
pub(super) fn number_text(number: Number) -> String {
    match number {
        Number::Double(value) if value.abs() <= LARGEST_FLOAT => decimal_text::text(value as f32),
        Number::Double(value) => decimal_text::text(value),
        _ => inner_number_text(number),
    }
}

/// A number within a value.
fn inner_number_text(number: Number) -> String {
    match number {
        Number::Int(value) => value.to_string(),
        Number::Uint(value) => value.to_string(),
        Number::Double(value) => double_text(value),
    }
}

/// The fewest digits that read back, placed as RapidJSON does.
fn double_text(value: f64) -> String {
    if !value.is_finite() {
        return decimal_text::text(value);
    }
    let text = format!("{:e}", value.abs());
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.replace('.', "");
    let point = exponent.parse::<i32>().unwrap_or_default() + 1;
    let whole = usize::try_from(point).unwrap_or_default();
    if point <= LEAST_POINT || point > MOST_DIGITS {
        format!("{sign}{mantissa}e{exponent}")
    } else if point <= 0 {
        format!("{sign}0.{}{digits}", "0".repeat(point.unsigned_abs() as usize))
    } else if let Some((whole, fraction)) = digits.split_at_checked(whole)
        && !fraction.is_empty()
    {
        format!("{sign}{whole}.{fraction}")
    } else {
        format!("{sign}{digits:0<whole$}.0")
    }
}

/// Bytes as text, where those that are no UTF-8 show as one character each.
pub(super) fn lossy(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// A text that grows up to the limit. Indents alone reach it within a few levels, so that values may be nested.
struct Printer {
    text: String,
    left: usize,
}

impl Printer {
    fn push(&mut self, piece: &str) {
        let before = self.text.len();
        self.text.extend(piece.chars().take(self.left));
        self.left -= self.text.get(before..).unwrap_or_default().chars().count();
    }

    fn push_line(&mut self, level: usize) {
        self.push("\n");
        self.push(&INDENT.repeat(level));
    }

    fn push_string(&mut self, text: &[u8]) {
        let mut quoted = Vec::new();
        string::write(text, &mut quoted);
        self.push(&lossy(&quoted));
    }

    fn push_value(&mut self, value: Value<'_>, level: usize) {
        match value.node() {
            Node::List(_) => {
                self.push_items("[", "]", level, value.items(), |printer, item| printer.push_value(item, level + 1));
            }
            Node::Numbers(run) => {
                let numbers = run.numbers(value.document);
                self.push_items("[", "]", level, numbers, |printer, number| printer.push(&inner_number_text(number)));
            }
            Node::Object(_) => {
                self.push_items("{", "}", level, value.members(), |printer, (name, value)| {
                    printer.push_string(&name);
                    printer.push(": ");
                    printer.push_value(value, level + 1);
                });
            }
            Node::String(text) => self.push_string(&value.document.string(text)),
            Node::Int(value) => self.push(&inner_number_text(Number::Int(value))),
            Node::Uint(value) => self.push(&inner_number_text(Number::Uint(value))),
            Node::Double(value) => self.push(&inner_number_text(Number::Double(value))),
            Node::True => self.push("true"),
            Node::False => self.push("false"),
            Node::Null | Node::RepeatedName => self.push("null"),
        }
    }

    fn push_items<T>(
        &mut self,
        begin: &str,
        end: &str,
        level: usize,
        items: impl Iterator<Item = T>,
        mut push_item: impl FnMut(&mut Self, T),
    ) {
        self.push(begin);
        let mut is_empty = true;
        for item in items {
            if self.left == 0 {
                return;
            }
            if !is_empty {
                self.push(",");
            }
            is_empty = false;
            self.push_line(level + 1);
            push_item(self, item);
        }
        if !is_empty {
            self.push_line(level);
        }
        self.push(end);
    }
}

#[cfg(test)]
mod tests;
