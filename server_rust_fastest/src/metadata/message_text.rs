//! Messages in protobuf's text format, a line for each field, as its printers lay it out.
//!
//! Format: <https://protobuf.dev/reference/protobuf/textformat-spec/>. Maps are sorted by key.

use prost_reflect::{DynamicMessage, Kind, MapKey, Value};

use super::message_json::read;

/// A serialized message of this full name; empty where it is none.
pub fn message_text(name: &str, octets: &[u8]) -> String {
    let mut text = String::new();
    if let Some(message) = read(name, octets) {
        write_fields(&mut text, 0, &message);
    }
    text
}

fn write_fields(text: &mut String, depth: usize, message: &DynamicMessage) {
    for (field, value) in message.fields() {
        match value {
            Value::List(values) => {
                for value in values {
                    write_field(text, depth, field.name(), &field.kind(), value);
                }
            }
            Value::Map(entries) => {
                let Kind::Message(entry) = field.kind() else { continue };
                let mut entries: Vec<(&MapKey, &Value)> = entries.iter().collect();
                entries.sort_unstable_by_key(|&(key, _)| key);
                for (key, value) in entries {
                    write_nested(text, depth, field.name(), |text, depth| {
                        let key = Value::from(key.clone());
                        write_field(text, depth, "key", &entry.map_entry_key_field().kind(), &key);
                        write_field(text, depth, "value", &entry.map_entry_value_field().kind(), value);
                    });
                }
            }
            value => write_field(text, depth, field.name(), &field.kind(), value),
        }
    }
}

fn write_field(text: &mut String, depth: usize, name: &str, kind: &Kind, value: &Value) {
    match (value, kind) {
        (Value::Message(message), _) => {
            write_nested(text, depth, name, |text, depth| write_fields(text, depth, message));
        }
        (&Value::EnumNumber(number), Kind::Enum(descriptor)) => {
            let member = descriptor.get_value(number);
            let shown = member.map_or_else(|| number.to_string(), |member| member.name().to_owned());
            write_line(text, depth, &format!("{name}: {shown}"));
        }
        (value, _) => write_line(text, depth, &format!("{name}: {value}")),
    }
}

fn write_nested(text: &mut String, depth: usize, name: &str, fill: impl FnOnce(&mut String, usize)) {
    write_line(text, depth, &format!("{name} {{"));
    fill(text, depth + 1);
    write_line(text, depth, "}");
}

fn write_line(text: &mut String, depth: usize, line: &str) {
    text.extend(std::iter::repeat_n("  ", depth));
    text.push_str(line);
    text.push('\n');
}
