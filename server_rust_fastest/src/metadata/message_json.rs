//! JSON of messages as protobuf's printer for Python lays it out: a space for each level, fields under their names in
//! the .proto files, default values printed wherever a field cannot be absent.
//!
//! Format: <https://protobuf.dev/programming-guides/json/>. Fields that are set come first, by their numbers, then the
//! others in the order of the .proto file; maps are sorted by key.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage as _, Value};

use crate::protos::DESCRIPTORS;

static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS).expect("the build has made them"));

/// JSON that is being written.
#[derive(Default)]
pub struct Text {
    written: String,
    depth: usize,
    /// Whether the innermost object or list has something in it.
    filled: bool,
}

impl Text {
    /// All of it, and the end of its line.
    pub fn finish(&mut self) -> String {
        self.written.push('\n');
        std::mem::take(&mut self.written)
    }

    /// Everything that `fill` writes, each behind its key.
    pub fn object(&mut self, fill: impl FnOnce(&mut Self)) -> &mut Self {
        self.nest('{', '}', fill)
    }

    /// The key of what comes next.
    pub fn key(&mut self, key: &str) -> &mut Self {
        self.item().string(key).raw(": ")
    }

    /// A text in quotes.
    pub fn string(&mut self, text: &str) -> &mut Self {
        self.raw(&serde_json::Value::from(text).to_string())
    }

    /// A serialized message of this full name.
    pub fn message(&mut self, name: &str, octets: &[u8]) -> &mut Self {
        match read(name, octets) {
            Some(message) => self.fields(&message),
            None => self.object(|_| {}),
        }
    }

    fn fields(&mut self, message: &DynamicMessage) -> &mut Self {
        let descriptor = message.descriptor();
        self.object(|text| {
            for (field, value) in message.fields() {
                text.key(field.name()).field(&field, value);
            }
            let declared =
                descriptor.descriptor_proto().field.iter().filter_map(|field| {
                    field.number.and_then(|number| descriptor.get_field(u32::try_from(number).ok()?))
                });
            for field in declared.filter(|field| !field.supports_presence() && !message.has_field(field)) {
                text.key(field.name()).field(&field, &message.get_field(&field));
            }
        })
    }

    fn field(&mut self, field: &FieldDescriptor, value: &Value) -> &mut Self {
        match value {
            Value::List(values) => self.nest('[', ']', |text| {
                for value in values {
                    text.item().value(&field.kind(), value);
                }
            }),
            Value::Map(entries) => {
                let Kind::Message(entry) = field.kind() else { return self.object(|_| {}) };
                let kind = entry.map_entry_value_field().kind();
                let mut entries: Vec<(&MapKey, &Value)> = entries.iter().collect();
                entries.sort_unstable_by_key(|&(key, _)| key);
                self.object(|text| {
                    for (key, value) in entries {
                        text.key(&key_text(key)).value(&kind, value);
                    }
                })
            }
            value => self.value(&field.kind(), value),
        }
    }

    fn value(&mut self, kind: &Kind, value: &Value) -> &mut Self {
        match (value, kind) {
            (Value::Message(message), _) => self.fields(message),
            (Value::String(text), _) => self.string(text),
            (Value::Bytes(octets), _) => self.string(&STANDARD.encode(octets)),
            (Value::Bool(value), _) => self.raw(&value.to_string()),
            (Value::I32(value), _) => self.raw(&value.to_string()),
            (Value::U32(value), _) => self.raw(&value.to_string()),
            // As text: JavaScript's numbers end at 53 bits.
            (Value::I64(value), _) => self.string(&value.to_string()),
            (Value::U64(value), _) => self.string(&value.to_string()),
            (Value::F32(value), _) => self.float((*value).into(), &format!("{value:?}")),
            (Value::F64(value), _) => self.float(*value, &format!("{value:?}")),
            (&Value::EnumNumber(number), Kind::Enum(descriptor)) => match descriptor.get_value(number) {
                Some(member) => self.string(member.name()),
                None => self.raw(&number.to_string()),
            },
            _ => self.raw("null"),
        }
    }

    fn float(&mut self, value: f64, finite: &str) -> &mut Self {
        match value {
            f64::INFINITY => self.string("Infinity"),
            f64::NEG_INFINITY => self.string("-Infinity"),
            value if value.is_nan() => self.string("NaN"),
            _ => self.raw(finite),
        }
    }

    fn nest(&mut self, open: char, close: char, fill: impl FnOnce(&mut Self)) -> &mut Self {
        self.written.push(open);
        self.depth += 1;
        self.filled = false;
        fill(self);
        self.depth -= 1;
        if self.filled {
            self.line();
        }
        self.filled = true;
        self.written.push(close);
        self
    }

    fn item(&mut self) -> &mut Self {
        if self.filled {
            self.written.push(',');
        }
        self.filled = true;
        self.line();
        self
    }

    fn line(&mut self) {
        self.written.push('\n');
        self.written.extend(std::iter::repeat_n(' ', self.depth));
    }

    fn raw(&mut self, text: &str) -> &mut Self {
        self.written.push_str(text);
        self
    }
}

/// A serialized message of this full name; None where it is none.
pub(super) fn read(name: &str, octets: &[u8]) -> Option<DynamicMessage> {
    DynamicMessage::decode(POOL.get_message_by_name(name)?, octets).ok()
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::String(text) => text.clone(),
        MapKey::Bool(value) => value.to_string(),
        MapKey::I32(value) => value.to_string(),
        MapKey::I64(value) => value.to_string(),
        MapKey::U32(value) => value.to_string(),
        MapKey::U64(value) => value.to_string(),
    }
}
