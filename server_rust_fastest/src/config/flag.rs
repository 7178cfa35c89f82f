//! Flag: what is known of one flag.

use std::borrow::Cow;

use super::flags::Flags;
use crate::settings::cpus;

/// Reads the text of a value into its place, or says what is wrong with it.
pub type Read = fn(&mut Flags, &str) -> Result<(), String>;

/// The type that a flag's values have, as people are told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Int32,
    Int64,
    Float,
    /// One number or three, with commas between.
    Numbers,
    String,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Float => "float",
            Self::Numbers => "numbers",
            Self::String => "string",
        }
    }
}

/// The value of a flag that is not set.
#[derive(Clone, Copy, Debug)]
pub enum DefaultValue {
    Text(&'static str),
    /// So many times the number of CPUs that this process may use.
    Cpus(usize),
    /// Its absence means something that no value does.
    Unset,
}

impl DefaultValue {
    /// As the flag itself would have it; None where it has none.
    pub fn text(self) -> Option<Cow<'static, str>> {
        match self {
            Self::Text(text) => Some(text.into()),
            Self::Cpus(times) => Some((times * cpus()).to_string().into()),
            Self::Unset => None,
        }
    }

    /// For people; empty where there is none.
    pub fn told(self) -> Cow<'static, str> {
        match self {
            Self::Text(text) => text.into(),
            Self::Cpus(1) => "the number of CPUs".into(),
            Self::Cpus(times) => format!("{times} x the number of CPUs").into(),
            Self::Unset => "".into(),
        }
    }
}

/// What a flag does here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Full,
    /// Nothing, and nobody misses it: it is accepted, so that existing command lines work.
    None,
    /// Nothing, though it asks for something: that is said where it is set, with the reason where there is one.
    Missed(&'static str),
}

/// `--name=value`, or `FIRSTSERVE_NAME` in the environment.
#[derive(Clone, Copy)]
pub struct Flag {
    pub name: &'static str,
    pub kind: Kind,
    /// TensorFlow Serving's.
    pub default: DefaultValue,
    /// Of `firstserve serve`, where that is another one.
    pub serve_default: Option<&'static str>,
    pub effect: Effect,
    pub help: &'static str,
    pub read: Read,
}

impl Flag {
    pub const fn new(name: &'static str, kind: Kind, default: &'static str, help: &'static str, read: Read) -> Self {
        Self { name, kind, default: DefaultValue::Text(default), serve_default: None, effect: Effect::Full, help, read }
    }

    /// With another default for `firstserve serve`.
    pub const fn with_serve_default(self, default: &'static str) -> Self {
        Self { serve_default: Some(default), ..self }
    }

    pub const fn with_default(self, default: DefaultValue) -> Self {
        Self { default, ..self }
    }

    pub const fn without_effect(self) -> Self {
        Self { effect: Effect::None, ..self }
    }

    pub const fn missed(self, reason: &'static str) -> Self {
        Self { effect: Effect::Missed(reason), ..self }
    }

    /// Whether the text is another value than the default.
    pub fn is_changed_by(&self, text: &str) -> bool {
        let DefaultValue::Text(default) = self.default else { return true };
        let is_same_number = || default.parse::<f64>().is_ok_and(|number| text.parse() == Ok(number));
        text != default && (self.kind == Kind::String || !is_same_number())
    }
}
